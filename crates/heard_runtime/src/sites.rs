//! Places in the program, as a few frames each, kept once however often they are met.

use std::hash::Hasher;

use hashbrown::HashTable;
use pyo3::prelude::*;
use rustc_hash::{FxHashMap, FxHasher};

use crate::frames::Frame;

/// The number of a site. 0 is no site.
pub(crate) type Site = u32;

/// Programs that make code as they run could have any number of places; those beyond this are not told apart.
const MOST_SITES: usize = 1 << 16;
/// How many frames of asyncio may stand before the first frame of the program.
const MOST_SKIPPED: usize = 24;
/// More frames than this say nothing more.
pub(crate) const MOST_FRAMES: usize = 8;

/// Whose code runs.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Program,
    /// asyncio, or this package.
    Skipped,
    /// asyncio's, where it begins a step: what is beyond it runs the loop, and has made nothing.
    Step,
}

/// Code that runs, and the offset of the instruction.
type Place = (usize, i32);

#[derive(Default)]
pub(crate) struct Sites {
    /// How many frames a site has at most.
    depth: usize,
    /// The folders whose code is not the program's: asyncio's, and the package's own.
    skipped: Vec<String>,
    /// Whose code it is, by the address of a code object that `codes` keeps.
    known: FxHashMap<usize, Owner>,
    /// Every code object that is named by its address here, so that no address is used anew.
    codes: Vec<Py<PyAny>>,
    all: Vec<Box<[Place]>>,
    numbers: HashTable<Site>,
}

impl Sites {
    pub(crate) fn new(depth: usize, skipped: Vec<String>) -> Self {
        Self { depth: depth.min(MOST_FRAMES), skipped, ..Self::default() }
    }

    /// The site of what runs now: the program's frames up to the step of the event loop that called them, without the
    /// first `above`.
    pub(crate) fn here(&mut self, py: Python<'_>, mut above: usize) -> Site {
        if self.depth == 0 {
            return 0;
        }
        let mut places = [(0, 0); MOST_FRAMES];
        let mut found = 0;
        let mut frame = Frame::running(py);
        for _ in 0..MOST_SKIPPED + MOST_FRAMES {
            let Some(current) = frame else { break };
            let code = current.code();
            match self.owner(&code) {
                None => return 0,
                Some(Owner::Step) => break,
                // asyncio below the program's frames is the loop: what is beyond it is not where this was born.
                Some(Owner::Skipped) if found > 0 => break,
                Some(Owner::Skipped) => {}
                Some(Owner::Program) if above > 0 => above -= 1,
                Some(Owner::Program) => {
                    places[found] = (code.as_ptr() as usize, current.last_instruction());
                    found += 1;
                    if found == self.depth {
                        break;
                    }
                }
            }
            frame = current.back();
        }
        if found == 0 { 0 } else { self.number(&places[..found]) }
    }

    /// The code objects and instruction offsets of a site.
    pub(crate) fn places(&self, py: Python<'_>, site: Site) -> Vec<(Py<PyAny>, i32)> {
        let Some(places) = (site as usize).checked_sub(1).and_then(|index| self.all.get(index)) else { return Vec::new() };
        let code = |address: usize| self.codes.iter().find(|code| code.as_ptr() as usize == address);
        places.iter().filter_map(|(address, last)| Some((code(*address)?.clone_ref(py), *last))).collect()
    }

    /// Whose code it is; `None` for new code when there is no room left.
    fn owner(&mut self, code: &Bound<'_, PyAny>) -> Option<Owner> {
        let address = code.as_ptr() as usize;
        if let Some(owner) = self.known.get(&address) {
            return Some(*owner);
        }
        if self.codes.len() >= MOST_SITES {
            return None;
        }
        let text = |name| code.getattr(name).and_then(|text| text.extract::<String>()).unwrap_or_default();
        let file = text("co_filename");
        let owner = if !self.skipped.iter().any(|folder| file.starts_with(folder.as_str())) {
            Owner::Program
        } else if text("co_qualname") == "Handle._run" {
            Owner::Step
        } else {
            Owner::Skipped
        };
        self.known.insert(address, owner);
        self.codes.push(code.clone().unbind());
        Some(owner)
    }

    fn number(&mut self, places: &[Place]) -> Site {
        let Self { all, numbers, .. } = self;
        let at = |site: &Site| &*all[*site as usize - 1];
        let hash = hash(places);
        if let Some(site) = numbers.find(hash, |site| at(site) == places) {
            return *site;
        }
        if all.len() >= MOST_SITES {
            return 0;
        }
        let site = Site::try_from(all.len() + 1).unwrap_or_default();
        all.push(places.into());
        numbers.insert_unique(hash, site, |site| self::hash(&all[*site as usize - 1]));
        site
    }
}

fn hash(places: &[Place]) -> u64 {
    let mut hasher = FxHasher::default();
    for (code, last) in places {
        hasher.write_usize(*code);
        hasher.write_i32(*last);
    }
    hasher.finish()
}
