//! Summaries: what the program does with a value behind the border of one body.
//!
//! A question names a place where values come in (an attribute, a global, a parameter) and what comes.
//! Its answer depends on the program alone, never on who asked first: each is computed afresh, with
//! budgets of its own, and through so many borders as the question says.

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

use super::classes::ClassId;
use super::fate::Station;
use super::flow::{Value, Verdict};
use crate::finding::Span;

/// A value is followed through this many borders of bodies.
pub(super) const MOST_BORDERS: usize = 4;

/// A place where values come in, and what comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub(super) entrance: Entrance,
    pub(super) value: Value,
    /// How many more borders may be crossed.
    pub(super) borders: usize,
}

/// Where a value comes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entrance {
    /// An attribute of the objects of a class.
    Attribute { class: ClassId, name: Name },
    /// A name of a module, by its file.
    Global { file: usize, name: Name },
    /// A parameter of the function that stands at this place of a file. Where the call may go to what derived
    /// classes define in its place, `is_open`, those get the same argument, under names of their own.
    Parameter { path: Arc<Utf8Path>, function: TextRange, argument: Argument, is_open: bool },
}

/// An argument of a function, by its place or its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Argument {
    /// The place among all that the function gets, its receiver included.
    At(usize),
    Named(Name),
}

impl Argument {
    /// The same argument behind so many that the function has already.
    pub(super) fn behind(self, bound: usize) -> Self {
        match self {
            Argument::At(place) => Argument::At(place + bound),
            named @ Argument::Named(_) => named,
        }
    }
}

/// What becomes of it there.
#[derive(Clone, Debug)]
pub(super) struct Treatment {
    pub(super) verdict: Verdict,
    /// The file that the places in the verdict are of.
    pub(super) path: Arc<Utf8Path>,
    /// Where it is read, if it is.
    pub(super) read_at: Option<Span>,
    /// Whether a function returns what it was given, too.
    pub(super) is_returned: bool,
    /// Where the value was looked at without being read, a few of the places.
    pub(super) stations: Arc<[Station]>,
}

/// A treatment shows so many places that look at the value.
pub(super) const MOST_STATIONS: usize = 3;

impl Treatment {
    /// Of two bodies that may get the value, the treatment that says more about its outcome. Its places stay those of
    /// its own file.
    pub(super) fn or(self, other: Self) -> Self {
        let is_returned = self.is_returned || other.is_returned;
        let stations = self.stations.iter().chain(&*other.stations).take(MOST_STATIONS).cloned().collect();
        let (verdict, is_others) = self.verdict.joined(other.verdict);
        let (path, read_at) = if is_others { (other.path, other.read_at) } else { (self.path, self.read_at) };
        Treatment { verdict, path, read_at, is_returned, stations }
    }
}

/// What is known already.
#[derive(Debug, Default)]
pub(super) struct Summaries {
    known: Mutex<FxHashMap<Question, Treatment>>,
}

impl Summaries {
    /// The answer to `question`, as it is known or as `compute` finds it. Two threads may compute the
    /// same; they find the same.
    pub(super) fn answer(&self, question: Question, compute: impl FnOnce() -> Treatment) -> Treatment {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(treatment) = known().get(&question) {
            return treatment.clone();
        }
        let treatment = compute();
        known().insert(question, treatment.clone());
        treatment
    }
}
