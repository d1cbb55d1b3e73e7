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

/// Code that runs, and the offset of the instruction.
type Place = (usize, i32);

/// Functions of asyncio that call a task factory, and nothing else of the program's but the first step of an eager task.
const MAKERS: [&str; 3] = ["create_task", "ensure_future", "_ensure_future"];
/// The flags of code that runs in steps: of a generator, a coroutine, a generator used as one, or an async generator.
const STEPWISE: u32 = 0x20 | 0x80 | 0x100 | 0x200;

/// Whose code it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The program's.
    Plain,
    /// The program's, and it runs in steps.
    Stepwise,
    /// asyncio's, a tool's or our own.
    Skipped,
    /// One of asyncio's functions that make tasks.
    Maker,
    /// The step of an event loop: what is below has called the loop, and not what runs now.
    Step,
}

#[derive(Default)]
pub(crate) struct Sites {
    /// How many frames a site has at most.
    depth: usize,
    /// Parts of paths whose code is not the program's: asyncio's, the package's own, and that of tools.
    skipped: Vec<String>,
    /// What code is, by the address of a code object that `codes` keeps.
    known: FxHashMap<usize, Kind>,
    /// Every code object that is named by its address here, so that no address is used anew.
    codes: Vec<Py<PyAny>>,
    all: Vec<Box<[Place]>>,
    numbers: HashTable<Site>,
}

impl Sites {
    pub(crate) fn new(depth: usize, skipped: Vec<String>) -> Self {
        Self { depth: depth.min(MOST_FRAMES), skipped, ..Self::default() }
    }

    /// The site of what runs now: the program's frames up to the step of the event loop that called them.
    pub(crate) fn here(&mut self, py: Python<'_>) -> Site {
        self.at(Frame::running(py))
    }

    /// The site of a frame that runs now.
    pub(crate) fn at(&mut self, mut frame: Option<Frame<'_>>) -> Site {
        if self.depth == 0 {
            return 0;
        }
        let mut places = [(0, 0); MOST_FRAMES];
        let mut found = 0;
        let mut is_stepwise = false;
        for _ in 0..MOST_SKIPPED + MOST_FRAMES {
            let Some(current) = frame else { break };
            let code = current.code();
            match self.kind(&code) {
                None => return 0,
                Some(Kind::Step) => break,
                // asyncio below the program's frames is the loop: what is beyond it is not where this was born.
                Some(Kind::Skipped) if found > 0 => break,
                Some(Kind::Maker) if is_stepwise => break,
                // What has been found is a task factory, or a loop's own `create_task`: the program's call is below.
                Some(Kind::Maker) => found = 0,
                Some(Kind::Skipped) => {}
                Some(kind) => {
                    if found < self.depth {
                        places[found] = (code.as_ptr() as usize, current.last_instruction());
                        found += 1;
                    }
                    is_stepwise |= kind == Kind::Stepwise;
                    if found == self.depth && is_stepwise {
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
    fn kind(&mut self, code: &Bound<'_, PyAny>) -> Option<Kind> {
        let address = code.as_ptr() as usize;
        if let Some(kind) = self.known.get(&address) {
            return Some(*kind);
        }
        if self.codes.len() >= MOST_SITES {
            return None;
        }
        let py = code.py();
        let text = |name| code.getattr(name).and_then(|text| text.extract::<String>()).unwrap_or_default();
        let file = text(pyo3::intern!(py, "co_filename"));
        let flags: u32 = code.getattr(pyo3::intern!(py, "co_flags")).and_then(|flags| flags.extract()).unwrap_or_default();
        let kind = if !self.skipped.iter().any(|part| file.contains(part.as_str())) {
            if flags & STEPWISE == 0 { Kind::Plain } else { Kind::Stepwise }
        } else if text(pyo3::intern!(py, "co_qualname")) == "Handle._run" {
            Kind::Step
        } else if MAKERS.contains(&text(pyo3::intern!(py, "co_name")).as_str()) {
            Kind::Maker
        } else {
            Kind::Skipped
        };
        self.known.insert(address, kind);
        self.codes.push(code.clone().unbind());
        Some(kind)
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
