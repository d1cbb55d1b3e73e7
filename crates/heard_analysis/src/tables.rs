//! What texts tell by themselves, and who keeps it between the runs of one process, and of several.
//!
//! There is one question, "what does this text tell?", and its answer depends on the text, the form that
//! it is written in and the version of Python alone. So it can be kept for as long as anybody likes.

mod stored;

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use ruff_python_ast::{PySourceType, Stmt};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::facts::Names;
use crate::resolve::{FileTable, Shelved, Written};
use crate::system::Stamp;

/// What one pass over a text tells.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) names: Arc<Names>,
    pub(crate) table: Arc<Shelved>,
}

impl Told {
    pub(crate) fn of(text: &str, body: &[Stmt], version: (u8, u8)) -> Self {
        Told { names: Arc::new(Names::of(body)), table: Arc::new(FileTable::of(text, body, version).into()) }
    }

    /// What [`Told::write`] wrote; the table is not looked at yet.
    fn read(written: &Written) -> Option<Self> {
        let (names, rest) = postcard::take_from_bytes::<Names>(written.bytes()).ok()?;
        let length = written.bytes().len();
        let table = written.part(length - rest.len()..length)?;
        Some(Told { names: Arc::new(names), table: Arc::new(Shelved::of(table)) })
    }

    fn write(&self) -> Option<Written> {
        let names = postcard::to_allocvec(&*self.names).ok()?;
        postcard::to_extend(&**self.table, names).ok().map(Written::new)
    }
}

/// A text, its form and the version of Python that it is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct TextId(u128);

impl TextId {
    pub(crate) fn of(text: &str, form: PySourceType, version: (u8, u8)) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&[version.0, version.1, form as u8]);
        hash.update(text.as_bytes());
        TextId(hash.digest128())
    }
}

/// The tables of texts, for a process that checks the same project again and again: give the same one to
/// each [`crate::Program`], by [`crate::Settings::tables`]. They can be written down for the next process.
///
/// What two checks in a row have not asked for is let go.
#[derive(Debug, Default)]
pub struct Tables(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What texts tell, and which check asked last.
    known: FxHashMap<TextId, (Written, u64)>,
    /// Which text stands in a file, as long as its stamp is the same.
    files: FxHashMap<Arc<Utf8Path>, Stamped>,
    /// How many checks have begun.
    checks: u64,
    /// How many texts had to be read, and of how many the tables had to be made.
    reads: usize,
    made: usize,
}

/// The text of a file that had this stamp, for a version of Python.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Stamped {
    stamp: Stamp,
    version: (u8, u8),
    text: TextId,
}

impl Tables {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the file at `path` tells, whose stamp is `stamp`, where that is known without its text, and which text that is.
    pub(crate) fn of_file(&self, path: &Utf8Path, stamp: Stamp, version: (u8, u8)) -> Option<(TextId, Told)> {
        let (text, written) = self.with(|state| {
            let known = state.files.get(path).filter(|known| known.stamp == stamp && known.version == version)?;
            let text = known.text;
            Some((text, state.get(text)?))
        })?;
        Some((text, Told::read(&written)?))
    }

    /// What the text called `id` tells, as it is known or as `make` finds it. The error is that of `make`.
    pub(crate) fn of_text(&self, id: TextId, make: impl FnOnce() -> Result<Told, String>) -> Result<Told, String> {
        if let Some(told) = self.with(|state| state.get(id)).and_then(|written| Told::read(&written)) {
            return Ok(told);
        }
        let told = make()?;
        let written = told.write();
        self.with(|state| {
            state.made += 1;
            state.known.extend(written.map(|written| (id, (written, state.checks))));
        });
        Ok(told)
    }

    /// A text was read from the file at `path`, which had a stamp before.
    pub(crate) fn note(&self, path: &Arc<Utf8Path>, stamp: Option<Stamp>, version: (u8, u8), text: TextId) {
        self.with(|state| {
            state.reads += 1;
            match stamp {
                Some(stamp) => drop(state.files.insert(Arc::clone(path), Stamped { stamp, version, text })),
                None => drop(state.files.remove(path)),
            }
        });
    }

    /// Takes what another process has kept in place of what is known.
    pub fn fill(&self, kept: Tables) {
        let Tables(kept) = kept;
        self.with(|state| *state = kept.into_inner().unwrap_or_else(PoisonError::into_inner));
    }

    /// A check begins.
    pub(crate) fn begin(&self) {
        self.with(|state| {
            state.checks += 1;
            let checks = state.checks;
            state.known.retain(|_, (_, last)| *last + 2 >= checks);
        });
    }
}

impl State {
    fn get(&mut self, text: TextId) -> Option<Written> {
        let (written, last) = self.known.get_mut(&text)?;
        *last = self.checks;
        Some(written.clone())
    }
}
