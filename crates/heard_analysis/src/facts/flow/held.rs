//! Names: from what is put in one to the places that take it out again.

use ruff_python_ast::ExprCall;
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use super::super::body::{Container, Edge, Load, Local, Step, Store, Use, Variable};
use super::super::{Fate, Loss, Operation, Reason};
use super::value::{Layer, Value};
use super::{Flow, MOST_HOPS, Verdict};

/// How far a value is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To what runs behind it.
    Running,
    /// Also to what does not run, since something before it does not end.
    Blocked,
}

impl<'a> Flow<'_, '_, 'a> {
    pub(super) fn can_holder_lose(&self, value: Value, how: &Use<'a>) -> bool {
        let (local, store) = match how {
            Use::Bound(local, store) => (local, Some(*store)),
            Use::Held(local) => (local, None),
            _ => return true,
        };
        if value.hops > MOST_HOPS {
            return true;
        }
        let Some(variable) = self.body.variables.get(local) else { return true };
        let value = value.held();
        let Some(steps) =
            self.reached(variable, store, &mut |edge| matches!(edge, Edge::Normal | Edge::Fail | Edge::AwaitFail(_) | Edge::Pass))
        else {
            return true;
        };
        let loads = || variable.loads.iter().filter(|load| reads(load, steps.as_ref()));
        let skips = |load: &Load| matches!(&load.how, Use::Argument { result, .. } if matches!(**result, Use::Operand(Operation::Skip, _)));
        loads().any(skips) || loads().all(|load| self.can_value_be_lost(value, &load.how))
    }

    /// What becomes of a value that is bound to a name, by that of its stores.
    pub(super) fn bound(&self, value: Value, local: &Local, store: usize) -> Verdict {
        let Some(variable) = self.body.variables.get(local) else { return value.unknown(Reason::Use) };
        let running = self.bound_within(value, local, variable, Some(store), Reach::Running);
        if !matches!(running.fate, Fate::Lost(_)) {
            return running;
        }
        // Perhaps it would be read, if the program ever came there.
        let blocked = self.bound_within(value, local, variable, Some(store), Reach::Blocked);
        match blocked.fate {
            Fate::Lost(_) => running,
            Fate::Consumed(_) => match self.obstacle(variable, store) {
                Some(at) => value.ends(Fate::Lost(Loss::Late { name: local.name.to_string(), at })),
                None => running,
            },
            Fate::Transferred(_) | Fate::Unknown(_) => blocked,
        }
    }

    /// What becomes of a value that is put in the container that a name holds. It must hold nothing
    /// but containers made on the spot, or the container may be somebody else's.
    pub(super) fn held(&self, value: Value, local: &Local) -> Verdict {
        let Some(variable) = self.body.variables.get(local) else { return value.unknown(Reason::Use) };
        if variable.stores.iter().any(|store| store.new_container.is_none()) {
            return self.follow(value, &Use::Stored);
        }
        let is_mapping = variable.stores.iter().all(|store| store.new_container == Some(Container::Mapping));
        // What is put in by a subscript goes to a list as well as to a mapping.
        let value = match value.layer() {
            Some(Layer::Mapping) if !is_mapping => value.taken_out().put_in(Layer::Sequence).unwrap_or(value),
            _ => value,
        };
        self.bound_within(value, local, variable, None, Reach::Running)
    }

    fn bound_within(&self, value: Value, local: &Local, variable: &Variable<'a>, store: Option<usize>, reach: Reach) -> Verdict {
        let unknown = value.unknown(Reason::Use);
        if variable.is_shared || value.hops >= MOST_HOPS || self.body.dynamic_frames.contains(&local.frame) {
            return unknown;
        }
        let value = value.held();
        let mut takes = |edge: &Edge<'a>| self.takes(edge, reach);
        let Some(steps) = self.reached(variable, store, &mut takes) else { return unknown };
        let mut verdict: Option<Verdict> = None;
        for load in variable.loads.iter().filter(|load| reads(load, steps.as_ref())) {
            let next = self.follow(value, &load.how);
            let is_skipped = value.is_bare() && matches!(next.fate, Fate::Lost(Loss::Skipped { .. }));
            verdict = Some(match verdict {
                Some(verdict) => verdict.or(next),
                None => next,
            });
            // Behind such a test there are only values.
            if is_skipped {
                break;
            }
        }
        let loss = match verdict {
            Some(Verdict { kind, fate: Fate::Lost(Loss::NeverRead { holder: None, at }) }) => {
                return Verdict { kind, fate: Fate::Lost(Loss::NeverRead { holder: Some(local.name.to_string()), at }) };
            }
            Some(verdict) => return verdict,
            None => match overwriting(variable, store, steps.as_ref()) {
                Some(by) => Loss::Overwritten { name: local.name.to_string(), by: by.statement },
                None => Loss::UnusedName(local.name.to_string()),
            },
        };
        value.ends(Fate::Lost(loss))
    }

    /// The steps that a store of `variable` reaches before the name is bound anew; of what lies in a
    /// container, every step counts, whenever the container was filled. `None` where that is too much.
    fn reached(
        &self,
        variable: &Variable<'a>,
        store: Option<usize>,
        takes: &mut dyn FnMut(&Edge<'a>) -> bool,
    ) -> Option<Option<FxHashSet<Step>>> {
        let Some(store) = store.and_then(|index| variable.stores.get(index)) else { return Some(None) };
        if variable.loads.is_empty() && variable.stores.len() == 1 {
            return Some(Some(FxHashSet::default()));
        }
        let ends = |step| variable.stores.iter().any(|store| store.step == step);
        self.body.graph.reached([store.step], takes, &ends, &self.steps).map(Some)
    }

    fn takes(&self, edge: &Edge<'a>, reach: Reach) -> bool {
        match edge {
            Edge::Never(_) => reach == Reach::Blocked,
            Edge::Behind(call) => reach == Reach::Blocked || !self.never_ends(call),
            Edge::Normal | Edge::Fail | Edge::AwaitFail(_) | Edge::Pass => true,
        }
    }

    /// Whether nothing comes behind a call.
    fn never_ends(&self, call: &ExprCall) -> bool {
        self.model(call).is_some_and(|model| model.endless)
    }

    /// The first thing behind a store that does not end.
    fn obstacle(&self, variable: &Variable<'a>, store: usize) -> Option<TextRange> {
        let store = variable.stores.get(store)?;
        let ends = |step| variable.stores.iter().any(|store| store.step == step);
        let mut first: Option<TextRange> = None;
        let mut takes = |edge: &Edge<'a>| {
            let obstacle = match edge {
                Edge::Never(at) => Some(*at).filter(|at| !at.is_empty()),
                Edge::Behind(call) if self.never_ends(call) => Some(call.range()),
                _ => None,
            };
            if let Some(at) = obstacle
                && first.is_none_or(|first| at.start() < first.start())
            {
                first = Some(at);
            }
            self.takes(edge, Reach::Running)
        };
        self.body.graph.reached([store.step], &mut takes, &ends, &self.steps)?;
        first
    }
}

/// Whether `load` reads what reaches `steps`; a function inside may read at any time.
fn reads(load: &Load, steps: Option<&FxHashSet<Step>>) -> bool {
    load.is_nested || steps.is_none_or(|steps| steps.contains(&load.step))
}

/// The store that takes the place of another one.
fn overwriting<'v>(variable: &'v Variable, store: Option<usize>, steps: Option<&FxHashSet<Step>>) -> Option<&'v Store> {
    let is_other = |index: usize| Some(index) != store;
    let others = variable.stores.iter().enumerate().filter(|(index, _)| is_other(*index));
    others.map(|(_, store)| store).find(|store| steps.is_some_and(|steps| steps.contains(&store.step)))
}
