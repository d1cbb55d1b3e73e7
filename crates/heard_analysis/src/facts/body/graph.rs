//! The control flow of a module: which step may follow which.
//!
//! A step is a moment at which something happens that matters to a value: a name is read or bound,
//! a call is made, something is awaited. Each function has steps of its own; nothing leads from one
//! function into another.

use std::cell::Cell;

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;

/// A moment in the run of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Step(u32);

/// When one step follows another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edge<'a> {
    /// Whenever nothing fails.
    Normal,
    /// When this call returns, or this iterable ends, which some never do.
    Behind(&'a ExprCall),
    /// Never: the loop before it does not end.
    Never(TextRange),
    /// Never: the statement before it leads elsewhere.
    Leave(TextRange),
    /// When what a context manager or a fixture is for has been done by whoever uses it.
    Handover(TextRange),
    /// When whoever iterates an async generator leaves at this `yield`.
    Left(TextRange),
    /// When the step, or the call that it is, fails.
    Fail(Option<&'a ExprCall>),
    /// When awaiting this fails or is cancelled, perhaps by something around it, like a timeout.
    AwaitFail { awaited: &'a Expr, is_limited: bool },
    /// When a failure goes on: at a `raise`, or behind a `with` or `finally` block.
    Pass,
    /// When no handler there takes the failure, which most often one does.
    Uncaught,
}

/// All steps of a module.
#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    /// For each step its last edge.
    last: Vec<u32>,
    /// The edges: where each leads, when, and the one before it of the same step.
    edges: Vec<(Step, Edge<'a>, u32)>,
    /// Where failures leave functions.
    raised: FxHashSet<Step>,
}

/// No edge.
const NONE: u32 = u32::MAX;

impl<'a> Graph<'a> {
    /// A step that nothing leads to yet.
    pub(super) fn step(&mut self) -> Step {
        self.last.push(NONE);
        Step(u32::try_from(self.last.len() - 1).unwrap_or(NONE))
    }

    /// The step at which failures leave a function.
    pub(super) fn failure(&mut self) -> Step {
        let step = self.step();
        self.raised.insert(step);
        step
    }

    /// Whether failures leave the function here.
    pub(crate) fn is_failure(&self, step: Step) -> bool {
        self.raised.contains(&step)
    }

    /// Lets `to` follow `from`.
    pub(super) fn connect(&mut self, from: Step, to: Step, edge: Edge<'a>) {
        let Some(last) = self.last.get_mut(from.0 as usize) else { return };
        self.edges.push((to, edge, *last));
        *last = u32::try_from(self.edges.len() - 1).unwrap_or(NONE);
    }

    fn edges(&self, from: Step) -> impl Iterator<Item = (Step, Edge<'a>)> + '_ {
        let mut next = self.last.get(from.0 as usize).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let (to, edge, previous) = *self.edges.get(next as usize)?;
            next = previous;
            Some((to, edge))
        })
    }

    /// The steps that may come after `starts`, as far as `takes` lets the edges be taken, and not
    /// beyond one at which `ends` is true (it is itself among them). Each costs one of `patience`, and
    /// `None` comes where that is used up.
    pub(crate) fn reached(
        &self,
        starts: impl IntoIterator<Item = Step>,
        takes: &mut dyn FnMut(&Edge<'a>) -> bool,
        ends: &dyn Fn(Step) -> bool,
        patience: &Cell<usize>,
    ) -> Option<FxHashSet<Step>> {
        let mut reached = FxHashSet::default();
        let mut open: Vec<Step> = starts.into_iter().collect();
        while let Some(step) = open.pop() {
            patience.set(patience.get().checked_sub(1)?);
            for (next, edge) in self.edges(step) {
                if takes(&edge) && reached.insert(next) && !ends(next) {
                    open.push(next);
                }
            }
        }
        Some(reached)
    }

    /// The edges that leave `steps`.
    pub(crate) fn leaving<'g>(&'g self, steps: &'g FxHashSet<Step>) -> impl Iterator<Item = (Step, Edge<'a>)> + 'g {
        steps.iter().flat_map(|step| self.edges(*step))
    }
}
