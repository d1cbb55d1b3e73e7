//! Names: from what is put in one to the places that take it out again.

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, ExprName};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use super::super::body::{Container, Edge, Load, Local, Step, Store, Use, Variable, last_name};
use super::super::models::Effect;
use super::super::{Fate, How, Kind, Loss, Operation, Reason};
use super::value::{Layer, Value};
use super::{Flow, MOST_HOPS, Verdict, as_value};

/// The frame of the module's own names.
pub(super) const MODULE_FRAME: usize = 0;

/// How far a value is followed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// To what runs behind it.
    Running,
    /// Also to what runs when the function is cancelled.
    Cancelled,
    /// Also to what runs when a context manager or a fixture is done with.
    Closing,
    /// Also to what does not run, since something before it does not end.
    Blocked,
}

/// What a value met on its way.
#[derive(Default)]
pub(super) struct Obstacles {
    /// The first name that holds it.
    pub(super) holder: Option<Name>,
    /// Whether there is any way that was not taken.
    pub(super) refused: bool,
    /// The first thing that does not end, that hands over, and that leads elsewhere.
    pub(super) endless: Option<TextRange>,
    pub(super) handover: Option<TextRange>,
    pub(super) leaves: Option<TextRange>,
}

impl Obstacles {
    fn note(&mut self, edge: &Edge) {
        self.refused = true;
        let (place, at) = match edge {
            Edge::Never(at) => (&mut self.endless, *at),
            Edge::Behind(call) => (&mut self.endless, call.range()),
            Edge::Handover(at) => (&mut self.handover, *at),
            Edge::Leave(at) => (&mut self.leaves, *at),
            _ => return,
        };
        if !at.is_empty() && place.is_none_or(|first| at.start() < first.start()) {
            *place = Some(at);
        }
    }
}

/// Where a value in a name may be read.
enum Reached {
    /// Anywhere.
    All,
    /// At these steps.
    Steps(FxHashSet<Step>),
}

impl Reached {
    /// Whether `load` may read the value; a function inside may do so at any time.
    fn has(&self, load: &Load) -> bool {
        match self {
            Reached::All => true,
            Reached::Steps(steps) => load.is_nested || steps.contains(&load.step),
        }
    }
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
        if variable.annotation.is_some() && value.is_bare() && value.kind == Kind::Coroutine {
            return true;
        }
        let value = value.held();
        let Some(reached) = self.reached(local, variable, store, &mut |edge| self.takes_surely(edge)) else { return true };
        let loads = || variable.loads.iter().filter(|load| reached.has(load));
        let skips = |load: &Load| matches!(&load.how, Use::Argument { result, .. } if matches!(**result, Use::Operand(Operation::Skip, _)));
        // What a callback hears may be held by nobody, whoever gets it then.
        let is_called_back =
            |load: &Load| matches!(&load.how, Use::Receiver { attribute, .. } if attribute.attr.as_str() == "add_done_callback");
        loads().any(|load| skips(load) || is_called_back(load)) || loads().all(|load| self.can_value_be_lost(value, &load.how))
    }

    /// What becomes of a value that is bound to a name, by that of its stores.
    pub(super) fn bound(&self, value: Value, local: &Local, store: usize) -> Verdict {
        if value.hops == 0 {
            self.obstacles.borrow_mut().holder = Some(local.name.clone());
        }
        let Some(variable) = self.body.variables.get(local) else { return value.unknown(Reason::Use) };
        let verdict = self.bound_within(value, local, variable, Some(store));
        match (&verdict.fate, variable.annotation, variable.stores.get(store)) {
            // What it is declared as tells what is meant by uses that tell nothing.
            (Fate::Unknown(_), Some(annotation), Some(store)) if self.is_refused(&value, annotation) => {
                value.ends(as_value(Operation::Declared, store.statement))
            }
            _ => verdict,
        }
    }

    /// What becomes of a value that is bound to a name of the function around, at any time.
    pub(super) fn shared(&self, value: Value, local: &Local) -> Verdict {
        match self.body.variables.get(local) {
            Some(variable) => self.bound_within(value, local, variable, None),
            None => value.unknown(Reason::Use),
        }
    }

    /// What becomes of a value that is put in the container that a name holds. It must hold nothing
    /// but containers made on the spot, or the container may be somebody else's.
    pub(super) fn held(&self, value: Value, local: &Local) -> Verdict {
        if self.body.binding_frame(local.frame, &local.name) == Some(MODULE_FRAME) {
            return self.put_in_global(value, &local.name);
        }
        let Some(variable) = self.body.variables.get(local) else { return value.unknown(Reason::Use) };
        if variable.stores.iter().any(|store| store.new_container.is_none()) {
            return value.unknown(Reason::Stored);
        }
        let is_mapping = variable.stores.iter().all(|store| store.new_container == Some(Container::Mapping));
        // What is put in by a subscript goes to a list as well as to a mapping.
        let value = match value.layer() {
            Some(Layer::Mapping) if !is_mapping => value.taken_out().put_in(Layer::Sequence).unwrap_or(value),
            _ => value,
        };
        self.bound_within(value, local, variable, None)
    }

    fn bound_within(&self, value: Value, local: &Local, variable: &Variable<'a>, store: Option<usize>) -> Verdict {
        let unknown = value.unknown(Reason::Use);
        if value.hops >= MOST_HOPS || self.body.dynamic_frames.contains(&local.frame) {
            return unknown;
        }
        let value = value.held();
        // A function inside may bind and read the name at any time.
        let store = store.filter(|_| !variable.is_shared);
        let Some(reached) = self.reached(local, variable, store, &mut |edge| self.takes(edge)) else { return unknown };
        let mut verdict: Option<Verdict> = None;
        let mut is_skipped = false;
        let (mut is_asked, mut is_open) = (false, false);
        for load in variable.loads.iter().filter(|load| reached.has(load)) {
            let mut next = self.follow(value, &load.how);
            if self.has_arrived.get() && next.fate == Fate::Consumed(How::Awaited) && is_cancelled_before(variable, load) {
                next.fate = Fate::Consumed(How::AfterCancel);
            }
            if matches!(next.fate, Fate::Consumed(_)) {
                self.reading.borrow_mut().get_or_insert_with(|| self.module.span(load.range));
            }
            is_asked |= self.asks_what_it_is(&load.how);
            is_open |= matches!(next.fate, Fate::Unknown(_));
            // Behind such a test there are only values, but their tests may tell more.
            if !is_skipped {
                is_skipped = value.is_bare() && matches!(next.fate, Fate::Lost(Loss::Skipped { .. }));
                verdict = Some(match verdict {
                    Some(verdict) => verdict.or(next),
                    None => next,
                });
            }
        }
        let loss = match verdict {
            Some(Verdict { kind, fate: Fate::Lost(Loss::NeverRead { holder: None, at }) }) => {
                return Verdict { kind, fate: Fate::Lost(Loss::NeverRead { holder: Some(local.name.to_string()), at }) };
            }
            // What is refused may be meant for something else, where it is asked what it is.
            Some(Verdict { fate: Fate::Lost(Loss::UsedAsValue { .. }), .. }) if is_asked && is_open => return unknown,
            Some(verdict) => return verdict,
            None => match self.overwriting(local, variable, store, &reached) {
                Some(by) => Loss::Overwritten { name: local.name.to_string(), by: by.statement },
                None => Loss::UnusedName(local.name.to_string()),
            },
        };
        value.ends(Fate::Lost(loss))
    }

    fn asks_what_it_is(&self, how: &Use<'a>) -> bool {
        match how {
            Use::Examined => true,
            Use::Argument { call, .. } => self.model(call).is_some_and(|model| model.arguments == Some(Effect::Examine)),
            _ => false,
        }
    }

    /// The steps that a store of `variable` reaches before the name is bound anew; of what lies in a
    /// container, every step counts, whenever the container was filled. `None` where that is too much.
    fn reached(
        &self,
        local: &Local,
        variable: &Variable<'a>,
        store: Option<usize>,
        takes: &mut dyn FnMut(&Edge<'a>) -> bool,
    ) -> Option<Reached> {
        let Some(store) = store.and_then(|index| variable.stores.get(index)) else { return Some(Reached::All) };
        if variable.loads.is_empty() && variable.stores.len() == 1 {
            return Some(Reached::Steps(FxHashSet::default()));
        }
        self.body.graph.reached([store.step], takes, &|step| self.binds(step, local), &self.steps).map(Reached::Steps)
    }

    fn binds(&self, step: Step, local: &Local) -> bool {
        self.body.bindings.get(&step).is_some_and(|(bound, _)| bound == local)
    }

    /// The store that takes the place of another one, the first in the text.
    fn overwriting<'v>(&self, local: &Local, variable: &'v Variable, store: Option<usize>, reached: &Reached) -> Option<&'v Store> {
        let Reached::Steps(steps) = reached else { return None };
        let bindings = steps.iter().filter_map(|step| self.body.bindings.get(step));
        let others = bindings.filter(|(bound, index)| bound == local && Some(*index) != store);
        variable.stores.get(others.map(|(_, index)| *index).min()?)
    }

    fn takes(&self, edge: &Edge<'a>) -> bool {
        let reach = self.reach.get();
        let takes = match edge {
            Edge::Normal | Edge::Pass | Edge::Uncaught | Edge::Left(_) | Edge::Fail(None) => true,
            Edge::Handover(_) => reach >= Reach::Closing,
            Edge::Never(_) | Edge::Leave(_) => reach == Reach::Blocked,
            Edge::Behind(call) => reach == Reach::Blocked || !self.never_returns(call),
            Edge::Fail(Some(call)) => reach >= Reach::Cancelled || !self.cannot_fail(call),
            Edge::AwaitFail { awaited, is_limited } => {
                *is_limited || reach >= Reach::Cancelled || awaited.as_call_expr().is_none_or(|call| !self.cannot_fail(call))
            }
        };
        if !takes {
            self.obstacles.borrow_mut().note(edge);
        }
        takes
    }

    /// The same without asking the resolver: only what is taken whatever it would say.
    fn takes_surely(&self, edge: &Edge<'a>) -> bool {
        match edge {
            Edge::Normal | Edge::Pass | Edge::Uncaught | Edge::Left(_) | Edge::Fail(None) => true,
            Edge::Handover(_) | Edge::Never(_) | Edge::Leave(_) | Edge::Behind(_) => false,
            Edge::Fail(Some(call)) => !self.may_not_fail(call),
            Edge::AwaitFail { awaited, is_limited } => *is_limited || awaited.as_call_expr().is_none_or(|call| !self.may_not_fail(call)),
        }
    }

    fn may_not_fail(&self, call: &ExprCall) -> bool {
        last_name(&call.func).is_some_and(|name| self.models.any_named(name, |model| model.never_fails || model.endless))
    }

    /// Whether a call can only be ended from outside, by a signal or a cancellation.
    fn cannot_fail(&self, call: &ExprCall) -> bool {
        self.may_not_fail(call) && self.model(call).is_some_and(|model| model.never_fails || self.is_endless(call))
    }

    /// Whether a call never returns. Who gets a `CancelledError` when others end it gets behind it by a
    /// handler only.
    fn never_returns(&self, call: &ExprCall) -> bool {
        self.is_endless(call) || self.model(call).is_some_and(|model| model.ends_cancelled)
    }

    /// Whether a call does not end by itself: what it is called on, or what it makes, is in nobody
    /// else's hands.
    fn is_endless(&self, call: &ExprCall) -> bool {
        if !self.model(call).is_some_and(|model| model.endless) {
            return false;
        }
        let Expr::Attribute(attribute) = &*call.func else { return true };
        match &*attribute.value {
            Expr::Call(_) => true,
            Expr::Name(receiver) => self.module_or_own(receiver),
            _ => false,
        }
    }

    /// Whether a name stands for a module, or for something that is made here and used for its
    /// methods only, none of which ends it.
    fn module_or_own(&self, name: &ExprName) -> bool {
        let mut holders = self.body.variables.iter().filter(|(local, variable)| local.name == name.id && holds(variable, name.range()));
        let Some((local, variable)) = holders.next() else { return false };
        let is_call =
            |value: &&&Expr| matches!(value, Expr::Call(_)) || value.as_await_expr().is_some_and(|value| value.value.is_call_expr());
        if variable.is_import {
            return true;
        }
        let is_own = self.body.values.get(local).is_some_and(|value| is_call(&value));
        is_own && variable.loads.iter().all(|load| keeps_running(&load.how))
    }
}

/// Whether what a name holds is cancelled in front of one of its uses.
fn is_cancelled_before(variable: &Variable, load: &Load) -> bool {
    variable.loads.iter().any(|other| {
        let is_cancel = matches!(&other.how, Use::Receiver { attribute, called: Some(_), .. } if attribute.attr.as_str() == "cancel");
        is_cancel && other.range.start() < load.range.start()
    })
}

/// Whether a load of the variable stands at `range`.
fn holds(variable: &Variable, range: TextRange) -> bool {
    variable.loads.iter().any(|load| load.range == range)
}

/// Whether a use leaves a server, an event or a loop running, and hands it to nobody.
fn keeps_running(how: &Use) -> bool {
    match how {
        Use::Entered { .. } | Use::Glanced(_) | Use::Operand(..) => true,
        Use::Receiver { attribute, called: Some(_), .. } => !matches!(attribute.attr.as_str(), "set" | "stop" | "close" | "shutdown"),
        _ => false,
    }
}
