//! What texts tell by themselves, and who keeps it between the runs of one process.
//!
//! There is one question, "what does this text tell?", and its answer depends on the text, the form that
//! it is written in and the version of Python alone. So it can be kept for as long as anybody likes.

use std::sync::{Arc, Mutex, PoisonError};

use ruff_python_ast::{PySourceType, Stmt};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3;

use crate::facts::Names;
use crate::resolve::FileTable;

/// What one pass over a text tells.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) names: Arc<Names>,
    pub(crate) table: Arc<FileTable>,
}

impl Told {
    pub(crate) fn of(text: &str, body: &[Stmt], version: (u8, u8)) -> Self {
        Told { names: Arc::new(Names::of(body)), table: Arc::new(FileTable::of(text, body, version)) }
    }
}

/// A text, its form and the version of Python that it is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
/// each [`crate::Program`], by [`crate::Settings::tables`].
///
/// What two checks in a row have not asked for is let go.
#[derive(Debug, Default)]
pub struct Tables(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: FxHashMap<TextId, (Told, u64)>,
    /// How many checks have begun.
    checks: u64,
}

impl Tables {
    /// What the text called `id` tells, as it is known or as `make` finds it.
    pub(crate) fn get(&self, id: TextId, make: impl FnOnce() -> Told) -> Told {
        {
            let state = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((told, last)) = state.known.get_mut(&id) {
                *last = state.checks;
                return told.clone();
            }
        }
        let told = make();
        let state = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.known.insert(id, (told.clone(), state.checks));
        told
    }

    /// A check begins.
    pub(crate) fn begin(&self) {
        let state = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.checks += 1;
        let checks = state.checks;
        state.known.retain(|_, (_, last)| *last + 2 >= checks);
    }
}
