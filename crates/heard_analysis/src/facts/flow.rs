//! The fate of one value: from how it is used, through the names and containers that hold it.
//!
//! Three-valued: what is not understood is [`Fate::Unknown`]. A value that is read on some path
//! counts as read.

use std::cell::Cell;
use std::rc::Rc;

use ruff_python_ast::{Expr, ExprAttribute, ExprCall};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::body::{Body, Container, FrameKind, Load, Local, Place, Store, Use, Variable, last_name};
use super::models::{Callbacks, Effect, FunctionModel, Method, Models};
use super::{Fate, How, Kind, Loss, Operation, Reason, To};
use crate::engine::{Callee, Module};

/// Follows values through the bodies of one module.
pub(crate) struct Flow<'m, 'db, 'a> {
    pub(crate) module: &'m Module<'db>,
    pub(crate) body: &'m Body<'a>,
    pub(crate) models: &'static Models,
    /// How many more uses may be followed for the value at hand.
    pub(crate) patience: Cell<u32>,
}

/// What became of a value, and as what: a gather that is awaited goes on as its outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: Kind,
    pub(crate) fate: Fate,
}

/// A value on its way: what it is, and how many containers it lies in.
#[derive(Clone, Copy)]
struct Value {
    kind: Kind,
    depth: usize,
    /// Names followed so far.
    hops: usize,
    /// Whether the outermost container is a mapping, whose iteration gives keys.
    in_mapping: bool,
    /// Whether it was put in a container that has a name, so that every use of the name counts,
    /// whenever the container was filled.
    in_named: bool,
}

/// A value that goes through more names than this is given up.
const MOST_HOPS: usize = 24;

/// A value with more uses than this, its names' together, is given up.
const MOST_USES: u32 = 2_000;

impl<'a> Flow<'_, '_, 'a> {
    /// The fate of a value of this kind that is born at `place` and used as `how` says.
    /// A gather is one with `return_exceptions=True`; any other is a plain future.
    pub(crate) fn verdict(&self, kind: Kind, how: &Use<'a>, place: &Place) -> Verdict {
        self.patience.set(MOST_USES);
        self.follow(Value { kind, depth: 0, hops: 0, in_mapping: false, in_named: false }, how, place)
    }

    /// Whether a value that is used so can be lost at all. Cheap: it asks nothing of the engine, and
    /// answers yes when in doubt. What comes of awaiting counts for a gather only.
    pub(crate) fn can_be_lost(&self, is_gather: bool, how: &Use<'a>, place: &Place) -> bool {
        let kind = if is_gather { Kind::Gather } else { Kind::Coroutine };
        self.patience.set(MOST_USES);
        self.can_value_be_lost(Value { kind, depth: 0, hops: 0, in_mapping: false, in_named: false }, how, place)
    }

    fn can_value_be_lost(&self, value: Value, how: &Use<'a>, place: &Place) -> bool {
        if value.hops > MOST_HOPS {
            return true;
        }
        let Some(patience) = self.patience.get().checked_sub(1) else { return true };
        self.patience.set(patience);
        let value = Value { hops: value.hops + 1, ..value };
        let inner = Value { depth: value.depth.saturating_sub(1), ..value };
        let has_model = |call: &ExprCall| self.body.called_name(call).is_some_and(|name| self.models.knows_last_name(name));
        match how {
            Use::Entered | Use::Returned | Use::Stored | Use::Other => false,
            Use::Awaited(how) => value.kind == Kind::Gather && self.can_value_be_lost(Value { depth: 1, ..value }, how, place),
            Use::Element(how) | Use::Entry(how) => {
                let in_named = value.in_named || matches!(how.as_ref(), Use::Bound(_));
                self.can_value_be_lost(Value { depth: value.depth + 1, in_named, ..value }, how, place)
            }
            Use::Each(how) | Use::Subscripted(how) => value.depth == 0 || self.can_value_be_lost(inner, how, place),
            Use::Unpacked(parts) => value.depth == 0 || parts.iter().all(|part| self.can_value_be_lost(inner, part, place)),
            Use::Several(uses) => uses.iter().all(|how| self.can_value_be_lost(value, how, place)),
            Use::LambdaResult(how) => matches!(how.as_ref(), Use::Argument { call, .. } if has_model(call)),
            Use::Argument { call, .. } => has_model(call),
            Use::Bound(local) => self.body.variables.get(local).is_none_or(|variable| {
                let mut loads = self.loads(value, local, variable, place);
                if loads
                    .any(|load| matches!(&load.how, Use::Argument { result, .. } if matches!(**result, Use::Operand(Operation::Skip, _))))
                {
                    return true;
                }
                self.loads(value, local, variable, place).all(|load| self.can_value_be_lost(value, &load.how, &load.place))
            }),
            _ => true,
        }
    }

    fn follow(&self, value: Value, how: &Use<'a>, place: &Place) -> Verdict {
        let Value { kind, depth, .. } = value;
        let Some(patience) = self.patience.get().checked_sub(1) else { return value.unknown(Reason::Use) };
        self.patience.set(patience);
        let fate = match how {
            Use::Dropped => Fate::Lost(Loss::Dropped),
            Use::Entered => Fate::Consumed(How::Awaited),
            Use::Returned => Fate::Transferred(To::Caller),
            Use::Stored if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            Use::Stored => Fate::Unknown(Reason::Stored),
            Use::Other => Fate::Unknown(Reason::Use),
            // `is None` asks whether it failed, where the work gives nothing.
            Use::Glanced(_) if kind == Kind::Outcome && depth == 0 => Fate::Unknown(Reason::Use),
            Use::Glanced(at) => never_read(*at),
            Use::Examined if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            Use::Examined => Fate::Unknown(Reason::Use),
            Use::SpecialMethod(at) if kind == Kind::Coroutine && depth == 0 => as_value(Operation::SpecialMethod, *at),
            Use::SpecialMethod(_) => Fate::Transferred(To::Caller),
            Use::LambdaResult(how) => self.returned_by_lambda(how),
            Use::Operand(operation, at) => operand(value, *operation, *at),
            Use::Formatted(how, at) => self.formatted(value, how, *at),
            Use::Awaited(how) => match kind {
                Kind::Gather if depth == 0 => return self.follow(Value { kind: Kind::Outcome, depth: 1, ..value }, how, place),
                Kind::Coroutine | Kind::Task | Kind::Future if depth == 0 => Fate::Consumed(How::Awaited),
                _ => Fate::Unknown(Reason::Use),
            },
            Use::Element(how) => return self.put_in_container(Value { depth: depth + 1, in_mapping: false, ..value }, how, place),
            Use::Entry(how) => return self.put_in_container(Value { depth: depth + 1, in_mapping: true, ..value }, how, place),
            // A mapping gives its keys.
            Use::Each(_) | Use::Unpacked(_) if value.in_mapping => never_read(TextRange::empty(place.offset)),
            Use::Each(how) | Use::Subscripted(how) if depth > 0 => return self.follow(value.taken_out(), how, place),
            Use::Each(_) => taken_apart(value, Operation::Iteration, place),
            Use::Subscripted(_) => taken_apart(value, Operation::Subscript, place),
            Use::Unpacked(parts) if depth > 0 => return self.follow_all(value.taken_out(), parts, place),
            Use::Unpacked(_) => taken_apart(value, Operation::Iteration, place),
            Use::Several(uses) => return self.follow_all(value, uses, place),
            Use::Bound(local) => return self.bound(value, local, place),
            Use::Argument { call, place: index, result } => return self.argument(value, call, *index, result, place),
            Use::Receiver { attribute, called, result } => return self.receiver(value, attribute, *called, result, place),
        };
        Verdict { kind, fate }
    }

    /// What becomes of a value that is used in all these ways.
    fn follow_all(&self, value: Value, uses: &[Use<'a>], place: &Place) -> Verdict {
        let verdicts = uses.iter().map(|how| self.follow(value, how, place));
        verdicts.reduce(Verdict::or).unwrap_or_else(|| value.unknown(Reason::Use))
    }

    /// A container with the value in it is used so. Where that is a name, it must hold nothing but
    /// containers made on the spot, or the container may be somebody else's.
    fn put_in_container(&self, value: Value, how: &Use<'a>, place: &Place) -> Verdict {
        if let Use::Bound(local) = how {
            let is_new = |variable: &Variable| !variable.is_opaque && variable.stores.iter().all(|store| store.new_container.is_some());
            if !self.body.variables.get(local).is_some_and(|variable| variable.is_bound() && is_new(variable)) {
                return self.follow(value, &Use::Stored, place);
            }
            let holds_mappings = |variable: &Variable| variable.stores.iter().all(|store| store.new_container == Some(Container::Mapping));
            let in_mapping = value.in_mapping && self.body.variables.get(local).is_some_and(holds_mappings);
            return self.follow(Value { in_named: true, in_mapping, ..value }, how, place);
        }
        self.follow(value, how, place)
    }

    fn bound(&self, value: Value, local: &Local, place: &Place) -> Verdict {
        let unknown = value.unknown(Reason::Use);
        let Some(variable) = self.body.variables.get(local) else { return unknown };
        if variable.is_opaque || value.hops >= MOST_HOPS || self.body.dynamic_frames.contains(&local.frame) {
            return unknown;
        }
        let value = Value { hops: value.hops + 1, ..value };
        let mut verdict: Option<Verdict> = None;
        for load in self.loads(value, local, variable, place) {
            let next = self.follow(value, &load.how, &load.place);
            let is_skipped = value.depth == 0 && matches!(next.fate, Fate::Lost(Loss::Skipped { .. }));
            verdict = Some(match verdict {
                Some(verdict) => verdict.or(next),
                None => next,
            });
            // Behind such a test there are only values.
            if is_skipped {
                break;
            }
        }
        let fate = match verdict {
            Some(Verdict { kind, fate: Fate::Lost(Loss::NeverRead { holder: None, at }) }) => {
                return Verdict { kind, fate: Fate::Lost(Loss::NeverRead { holder: Some(local.name.to_string()), at }) };
            }
            Some(verdict) => return verdict,
            None => match self.overwriting(variable, place) {
                Some(store) => Loss::Overwritten { name: local.name.to_string(), by: store.statement },
                None => Loss::UnusedName(local.name.to_string()),
            },
        };
        Verdict { kind: value.kind, fate: Fate::Lost(fate) }
    }

    /// The places that may read what is put in `variable` at `place`.
    fn loads<'v>(
        &self,
        value: Value,
        local: &Local,
        variable: &'v Variable<'a>,
        place: &Place,
    ) -> impl Iterator<Item = &'v Load<'a>> + use<'v, 'a> {
        // In a comprehension the names stand before what binds them.
        let is_comprehension = self.body.frames[local.frame].kind == FrameKind::Comprehension;
        let end = self.overwriting(variable, place).map(|store| store.place.offset);
        let place = place.clone();
        variable.loads.iter().filter(move |load| {
            let is_later = load.place.offset > place.offset && end.is_none_or(|end| load.place.offset <= end);
            let may_come_again = end.is_none() && load.place.loops.iter().any(|one| place.loops.contains(one));
            value.in_named || is_comprehension || load.is_nested || is_later || may_come_again
        })
    }

    /// The assignment that certainly takes the place of what is put in `variable` at `place`, with
    /// nothing in between that could lead around it.
    fn overwriting<'v>(&self, variable: &'v Variable<'a>, place: &Place) -> Option<&'v Store> {
        if place.in_try {
            return None;
        }
        let follows = |store: &&Store| store.is_plain && store.place.block == place.block && store.statement.start() >= place.offset;
        let store = variable.stores.iter().find(follows)?;
        let leads_around = |jump: &TextSize| (place.offset..store.statement.start()).contains(jump);
        (!self.body.jumps.iter().any(leads_around)).then_some(store)
    }

    fn argument(&self, value: Value, call: &ExprCall, index: usize, result: &Rc<Use<'a>>, place: &Place) -> Verdict {
        let Value { kind, depth, .. } = value;
        let unknown = value.unknown(Reason::Argument);
        let Some(effect) = self.model(call).and_then(|model| model.arguments) else { return unknown };
        let at = call.range();
        let has_key = call.arguments.find_keyword("key").is_some();
        let fate = match effect {
            Effect::Consume => Fate::Consumed(How::HandedOver),
            Effect::Await => return self.follow(value, &Use::Awaited(Rc::clone(result)), place),
            Effect::Pass => {
                let verdict = self.follow(value, result, place);
                // The call itself is reported where it is lost with what it was given.
                return if verdict.kind == kind && matches!(verdict.fate, Fate::Lost(_)) { unknown } else { verdict };
            }
            // `len(results) - len(good)` counts the failures.
            Effect::Value
                if kind == Kind::Outcome && matches!(**result, Use::Operand(Operation::Arithmetic | Operation::Comparison, _)) =>
            {
                Fate::Consumed(How::Examined)
            }
            Effect::Value => plain_value(value, at),
            Effect::EachTruth
            | Effect::EachValue
            | Effect::Pick
            | Effect::SameElements
            | Effect::Sort
            | Effect::Zip
            | Effect::Enumerate
                if value.in_mapping =>
            {
                never_read(at)
            }
            Effect::EachTruth if kind == Kind::Coroutine => as_value(Operation::Condition, at),
            Effect::EachTruth if kind == Kind::Outcome => return unknown,
            // What lies deeper is added up as it is, and so are the start and other arguments.
            Effect::EachValue if depth > 1 || index > 0 => return unknown,
            Effect::EachValue if matches!(kind, Kind::Coroutine | Kind::Outcome) => as_value(Operation::Argument, at),
            Effect::EachValue | Effect::EachTruth | Effect::Ignore => never_read(at),
            Effect::Pick if depth == 0 => return unknown,
            Effect::Pick if kind == Kind::Coroutine && depth == 1 && !has_key => as_value(Operation::Comparison, at),
            Effect::Pick => return self.follow(value.taken_out(), result, place),
            Effect::Text if kind == Kind::Outcome && depth > 0 => return unknown,
            Effect::Text => self.formatted(value, result, at),
            Effect::Log if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            Effect::Log if kind == Kind::Coroutine && depth == 0 => as_value(Operation::Formatting, at),
            Effect::Log => never_read(at),
            Effect::Print if kind == Kind::Outcome => Fate::Lost(Loss::OnlyPrinted { at }),
            Effect::Print => plain_value(value, at),
            Effect::Sort if kind == Kind::Coroutine && depth == 1 && !has_key => as_value(Operation::Comparison, at),
            Effect::SameElements | Effect::Sort if depth > 0 => return self.follow(value, result, place),
            Effect::SameElements | Effect::Sort => taken_apart(value, Operation::Iteration, place),
            Effect::Zip if depth > 0 => return self.in_tuples(value, index, result, place),
            Effect::Enumerate if depth > 0 => return self.in_tuples(value, 1, result, place),
            Effect::Zip | Effect::Enumerate => taken_apart(value, Operation::Iteration, place),
            Effect::Examine if kind == Kind::Outcome => match result.as_ref() {
                Use::Operand(Operation::Skip, at) => Fate::Lost(Loss::Skipped { at: *at }),
                _ => Fate::Consumed(How::Examined),
            },
            Effect::Examine => never_read(at),
        };
        Verdict { kind, fate }
    }

    /// The elements of a container come as the nth parts of tuples.
    fn in_tuples(&self, value: Value, index: usize, tuples: &Use<'a>, place: &Place) -> Verdict {
        match tuples {
            Use::Each(tuple) => match tuple.as_ref() {
                Use::Unpacked(parts) if index < parts.len() => self.follow(value.taken_out(), &parts[index], place),
                tuple => self.follow(value, tuple, place),
            },
            _ => value.unknown(Reason::Use),
        }
    }

    fn receiver(&self, value: Value, attribute: &ExprAttribute, called: Option<&ExprCall>, result: &Use<'a>, place: &Place) -> Verdict {
        let Value { kind, depth, .. } = value;
        let name = attribute.attr.as_str();
        let at = attribute.range();
        let fate = if depth > 0 {
            match name {
                "pop" | "popleft" | "get" => return self.follow(value.taken_out(), result, place),
                "copy" => return self.follow(value, result, place),
                "values" => return self.follow(Value { in_mapping: false, ..value }, result, place),
                "items" => return self.in_tuples(value, 1, result, place),
                "append" | "appendleft" | "add" | "extend" | "extendleft" | "update" | "clear" | "discard" | "remove" | "sort"
                | "reverse" => never_read(at),
                "index" | "count" if kind == Kind::Outcome => Fate::Consumed(How::Examined),
                _ => Fate::Unknown(Reason::Use),
            }
        } else if kind == Kind::Outcome {
            as_value(Operation::Attribute, at)
        } else {
            match (self.models.method(if kind == Kind::Gather { Kind::Future } else { kind }, name), called) {
                // `exception` tells by what it returns, and here nobody looks.
                (Method::Read, Some(_)) if name == "exception" && matches!(result, Use::Dropped) => never_read(at),
                // A coroutine that was not started takes nothing but `None`, so this is meant for its result.
                (Method::Read, Some(call)) if name == "send" && !matches!(*call.arguments.args, [Expr::NoneLiteral(_)]) => {
                    as_value(Operation::Attribute, at)
                }
                (Method::Read, _) => Fate::Consumed(How::Method),
                // What is cancelled before it starts loses nothing.
                (Method::Ignore, Some(_)) if name == "cancel" && value.hops == 0 => Fate::Consumed(How::Method),
                (Method::Ignore, _) => never_read(at),
                (Method::Absent, _) if kind == Kind::Coroutine => as_value(Operation::Attribute, at),
                (Method::Absent, Some(call)) if name == "add_done_callback" => match result {
                    _ if only_discards(call) => never_read(at),
                    // Nothing but the loop's weak reference holds it now.
                    Use::Dropped if value.hops == 0 && kind == Kind::Task => Fate::Lost(Loss::Unheld { at }),
                    _ => Fate::Unknown(Reason::Use),
                },
                (Method::Absent | Method::Unknown, _) => Fate::Unknown(Reason::Use),
            }
        };
        Verdict { kind, fate }
    }

    fn formatted(&self, value: Value, how: &Use<'a>, at: TextRange) -> Fate {
        if value.kind == Kind::Coroutine && value.depth == 0 {
            return as_value(Operation::Formatting, at);
        }
        if value.kind != Kind::Outcome {
            return plain_value(value, at);
        }
        match how {
            Use::Argument { call, .. } => match self.model(call).and_then(|model| model.arguments) {
                Some(Effect::Print) => Fate::Lost(Loss::OnlyPrinted { at }),
                Some(Effect::Log) => Fate::Consumed(How::Examined),
                // It may be a logger.
                _ => Fate::Unknown(Reason::Argument),
            },
            Use::Formatted(how, _) => self.formatted(value, how, at),
            Use::Examined => Fate::Consumed(How::Examined),
            Use::Returned | Use::Dropped => as_value(Operation::Formatting, at),
            // Text that is kept may be told later.
            _ => Fate::Unknown(Reason::Use),
        }
    }

    fn returned_by_lambda(&self, how: &Use<'a>) -> Fate {
        match how {
            Use::Argument { call, .. } => match self.model(call).and_then(|model| model.callbacks) {
                Some(Callbacks::DropResult) => Fate::Lost(Loss::DroppedByCaller),
                Some(_) | None => Fate::Unknown(Reason::Argument),
            },
            Use::Returned => Fate::Transferred(To::Caller),
            _ => Fate::Unknown(Reason::Use),
        }
    }

    /// The model of what `call` goes to.
    pub(crate) fn model(&self, call: &ExprCall) -> Option<&'static FunctionModel> {
        // A bare name may stand for another one.
        let may_have_one =
            matches!(*call.func, Expr::Name(_)) || last_name(&call.func).is_some_and(|name| self.models.knows_last_name(name));
        if !may_have_one {
            return None;
        }
        self.model_of(self.module, call, self.module.callee(call).as_ref())
    }

    /// The model of a callee, or of what an object of unknown type is called after.
    pub(crate) fn model_of(&self, module: &Module, call: &ExprCall, callee: Option<&Callee>) -> Option<&'static FunctionModel> {
        if let Some(callee) = callee {
            return self.models.function(callee.name.as_deref()?);
        }
        let Expr::Attribute(attribute) = &*call.func else { return None };
        let receiver = match &*attribute.value {
            Expr::Call(receiver) => last_name(&receiver.func)?,
            receiver => last_name(receiver)?,
        };
        self.models.untyped_method(receiver, &attribute.attr).filter(|_| module.is_untyped(&attribute.value))
    }
}

impl Value {
    /// It cannot be told what becomes of it.
    fn unknown(self, reason: Reason) -> Verdict {
        Verdict { kind: self.kind, fate: Fate::Unknown(reason) }
    }

    /// The value out of its outermost container.
    fn taken_out(self) -> Self {
        Value { depth: self.depth - 1, in_mapping: false, in_named: false, ..self }
    }
}

impl Verdict {
    /// Of two uses of one value, the one that says more about its outcome.
    fn or(self, other: Self) -> Self {
        if self.weight() >= other.weight() { self } else { other }
    }

    fn weight(&self) -> u8 {
        match &self.fate {
            Fate::Consumed(_) => 7,
            Fate::Transferred(_) => 6,
            Fate::Unknown(_) => 5,
            Fate::Lost(Loss::Skipped { .. }) => 4,
            Fate::Lost(Loss::UsedAsValue { .. }) => 3,
            Fate::Lost(Loss::OnlyPrinted { .. }) => 2,
            Fate::Lost(Loss::NeverRead { .. }) => 1,
            Fate::Lost(_) => 0,
        }
    }
}

fn operand(value: Value, operation: Operation, at: TextRange) -> Fate {
    match (value.kind, value.depth, operation) {
        (Kind::Coroutine, 0, _) | (Kind::Outcome, 0, Operation::Arithmetic) => as_value(operation, at),
        (Kind::Outcome, _, Operation::Comparison) => Fate::Consumed(How::Examined),
        // It asks whether it failed, where the work gives nothing.
        (Kind::Outcome, 0, Operation::Condition) => Fate::Unknown(Reason::Use),
        (_, _, Operation::Condition | Operation::Comparison) => never_read(at),
        _ => Fate::Unknown(Reason::Use),
    }
}

/// The value stands where a plain value is wanted.
fn plain_value(value: Value, at: TextRange) -> Fate {
    match (value.kind, value.depth) {
        (Kind::Coroutine | Kind::Outcome, 0) => as_value(Operation::Argument, at),
        _ => never_read(at),
    }
}

/// The value is iterated or indexed, though it is no container.
fn taken_apart(value: Value, operation: Operation, place: &Place) -> Fate {
    match value.kind {
        Kind::Coroutine | Kind::Outcome => as_value(operation, TextRange::empty(place.offset)),
        _ => Fate::Unknown(Reason::Use),
    }
}

fn as_value(operation: Operation, at: TextRange) -> Fate {
    Fate::Lost(Loss::UsedAsValue { operation, at })
}

fn never_read(at: TextRange) -> Fate {
    Fate::Lost(Loss::NeverRead { holder: None, at })
}

/// Whether a done callback does nothing but take the task out of a registry.
fn only_discards(call: &ExprCall) -> bool {
    let [Expr::Attribute(callback)] = &*call.arguments.args else { return false };
    matches!(callback.attr.as_str(), "discard" | "remove")
}
