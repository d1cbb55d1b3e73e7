//! The fate of one value: from how it is used, through the names and containers that hold it.
//!
//! The domain is small: a [`Value`] is a kind and the layers that it lies in. [`Flow::follow`] leads it through one
//! [`Use`] after the other, and names lead from a store to the loads that it reaches along the control flow.
//! Three-valued: what is not understood is [`Fate::Unknown`]. A value that is read on some path counts as read.

use std::cell::{Cell, RefCell};

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

use super::body::{Bodies, Body, CallSite, Edge, Place, Step, Use, last_name};
use super::index::Index;
use super::models::{Callbacks, Effect, FunctionModel, Models};
use super::summary::MOST_BORDERS;
use super::{Fate, How, Kind, Loss, Obstacle, Operation, Reason, To};
use crate::finding::Span;
use crate::program::Database;
use crate::resolve::{Callee, Module};

pub(in crate::facts) use self::callers::Taken;
use self::held::{Obstacles, Reach};
use self::promises::may_be_plain;
pub(in crate::facts) use self::value::{Layer, Value};

mod arguments;
mod beyond;
mod bypass;
mod called_back;
mod callers;
mod handed;
mod held;
mod kept;
mod methods;
mod named;
mod order;
mod promises;
mod value;
mod waits;

/// Follows values through the bodies of one module.
pub(crate) struct Flow<'m, 'db, 'a> {
    db: &'db Database,
    /// The bodies of this module and of others.
    bodies: &'m Bodies<'db>,
    pub(crate) index: &'m Index,
    pub(crate) module: &'m Module<'db>,
    pub(crate) body: &'m Body<'a>,
    pub(crate) models: &'m Models,
    /// How many more uses may be followed for the value at hand.
    uses: Cell<u32>,
    /// Where the value at hand is born.
    birth: Cell<TextRange>,
    /// The waits that it is being followed through.
    waits: RefCell<Vec<TextRange>>,
    /// What was done with the value at hand on its way.
    remarks: RefCell<Vec<Remark<'a>>>,
    /// How far it is followed.
    reach: Cell<Reach>,
    /// What stood in its way.
    obstacles: RefCell<Obstacles>,
    /// How many more steps of the control flow may be looked at for it.
    steps: Cell<usize>,
    /// How many more borders to other bodies may be crossed.
    borders: usize,
    /// Whether the value comes from another body.
    has_arrived: Cell<bool>,
    /// Whether a function returns it, where that is asked for and not the end of the way.
    returned: Option<Cell<bool>>,
    /// The first place where a name, or another body, reads it.
    reading: RefCell<Option<Span>>,
    /// What became of values that were followed already, and where they are read: several facts ask for the same.
    known: RefCell<FxHashMap<(TextRange, Kind), kept::Followed>>,
}

/// What became of a value, and as what: a gather that is awaited goes on as its outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::facts) struct Verdict {
    pub(crate) kind: Kind,
    pub(crate) fate: Fate,
}

/// What is done with a value on its way, whatever becomes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Remark<'a> {
    /// This call asks what it is.
    Examined(&'a ExprCall),
    /// This call pairs it with the elements of other containers.
    Zipped { call: &'a ExprCall, is_shuffled: bool },
    /// It is put in another order on purpose.
    Ordered,
    /// A callback takes it out of a registry when it is done, and this registers that.
    Discarded(TextRange),
}

/// A value that goes through more names than this is given up.
const MOST_HOPS: usize = 24;

/// A value with more uses than this, its names' together, is given up.
const MOST_USES: u32 = 2_000;

/// A value for which more steps of the control flow would have to be looked at is given up: generated code.
const MOST_STEPS: usize = 100_000;

impl<'m, 'db, 'a> Flow<'m, 'db, 'a> {
    pub(crate) fn new(db: &'db Database, bodies: &'m Bodies<'db>, module: &'m Module<'db>, body: &'m Body<'a>, index: &'m Index) -> Self {
        Flow {
            db,
            bodies,
            index,
            module,
            body,
            models: &index.models,
            uses: Cell::new(0),
            birth: Cell::default(),
            waits: RefCell::default(),
            remarks: RefCell::default(),
            reach: Cell::new(Reach::Running),
            obstacles: RefCell::default(),
            steps: Cell::new(MOST_STEPS),
            borders: MOST_BORDERS,
            has_arrived: Cell::new(false),
            returned: None,
            reading: RefCell::default(),
            known: RefCell::default(),
        }
    }

    fn returned(&self) -> Fate {
        match &self.returned {
            Some(returned) => {
                returned.set(true);
                never_read(TextRange::default())
            }
            None => Fate::Transferred(To::Caller),
        }
    }

    /// Where the value that was followed last is read, if a name carries it there and it is consumed.
    pub(crate) fn read_at(&self) -> Option<Span> {
        self.reading.borrow().clone()
    }

    /// The fate of a value of this kind that is born at `site`.
    /// A gather is one with `return_exceptions=True`; any other is a plain future.
    pub(in crate::facts) fn verdict(&self, kind: Kind, site: &CallSite<'a>) -> Verdict {
        let question = (site.call.range(), kind);
        if let Some((verdict, read_at)) = self.known.borrow().get(&question) {
            self.reading.replace(read_at.clone());
            return verdict.clone();
        }
        let verdict = self.verdict_of_result(kind, site, &site.how);
        self.known.borrow_mut().insert(question, (verdict.clone(), self.read_at()));
        verdict
    }

    /// The same of what comes of the value at `site`, and is used so.
    pub(in crate::facts) fn verdict_of_result(&self, kind: Kind, site: &CallSite<'a>, how: &Use<'a>) -> Verdict {
        self.verdict_at(site.call.range(), kind, how)
    }

    /// The fate of a value that is born at `birth` and used so.
    pub(in crate::facts) fn verdict_at(&self, birth: TextRange, kind: Kind, how: &Use<'a>) -> Verdict {
        self.birth.set(birth);
        self.verdict_of(Value::new(kind), how)
    }

    /// The same of values that come one after the other.
    pub(in crate::facts) fn verdict_of_each(&self, kind: Kind, site: &CallSite<'a>) -> Verdict {
        self.birth.set(site.call.range());
        match Value::new(kind).put_in(Layer::Sequence) {
            Some(each) => self.verdict_of(each, &site.how),
            None => Value::new(kind).unknown(Reason::Use),
        }
    }

    /// What becomes of a value where it goes by itself, or else where it would go but for what does not end.
    fn verdict_of(&self, value: Value, how: &Use<'a>) -> Verdict {
        self.remarks.take();
        let running = self.verdict_within(Reach::Running, value, how);
        let running = self.as_discarded(value, running);
        match &running.fate {
            Fate::Lost(Loss::Discarded { .. }) => return running,
            Fate::Lost(_) => {}
            _ => return running,
        }
        let Obstacles { holder: Some(name), refused: true, endless, handover, leaves } = self.obstacles.take() else { return running };
        for (reach, behind, at) in [
            (Reach::Cancelled, Obstacle::Endless, endless),
            (Reach::Closing, Obstacle::Handover, handover),
            (Reach::Blocked, Obstacle::Endless, endless.or(leaves)),
        ] {
            let verdict = self.verdict_within(reach, value, how);
            match (&verdict.fate, at) {
                (Fate::Lost(_), _) => {}
                (Fate::Consumed(_), Some(at)) => return value.ends(Fate::Lost(Loss::Late { name: name.to_string(), behind, at })),
                // Whoever cancels is answered, and the rest comes to an end by itself.
                (Fate::Consumed(_), None) if reach != Reach::Cancelled => return running,
                _ => return verdict,
            }
        }
        running
    }

    /// The verdict on a value that nobody reads, where a callback takes it out of a registry.
    fn as_discarded(&self, value: Value, verdict: Verdict) -> Verdict {
        let discarded = self.remarks.take().into_iter().find_map(|remark| match remark {
            Remark::Discarded(at) => Some(at),
            _ => None,
        });
        match (&verdict.fate, discarded) {
            (Fate::Lost(Loss::Kept { .. } | Loss::NeverRead { .. } | Loss::Handed { .. }), Some(at)) => {
                value.ends(Fate::Lost(Loss::Discarded { at }))
            }
            // Those that have ended are not in the registry any more when it is emptied.
            (Fate::Consumed(How::AfterCancel), Some(at)) => value.ends(Fate::Lost(Loss::Discarded { at })),
            _ => verdict,
        }
    }

    fn verdict_within(&self, reach: Reach, value: Value, how: &Use<'a>) -> Verdict {
        let birth = self.birth.get();
        self.reset(reach);
        self.birth.set(birth);
        let verdict = self.follow(value, how);
        self.reach.set(Reach::Running);
        verdict
    }

    /// What is done with the elements of the list that awaiting the call at `site` gives.
    pub(crate) fn remarks_on_awaited(&self, kind: Kind, site: &CallSite<'a>) -> Vec<Remark<'a>> {
        self.remarks_on(&[Layer::Sequence, Layer::Promise], kind, &site.how)
    }

    /// What is done with the elements of a container that is used so.
    pub(crate) fn remarks_on_elements(&self, kind: Kind, how: &Use<'a>) -> Vec<Remark<'a>> {
        self.remarks_on(&[Layer::Sequence], kind, how)
    }

    fn remarks_on(&self, layers: &[Layer], kind: Kind, how: &Use<'a>) -> Vec<Remark<'a>> {
        self.birth.set(TextRange::default());
        self.remarks.take();
        if let Some(value) = layers.iter().try_fold(Value::new(kind), |value, layer| value.put_in(*layer)) {
            self.verdict_within(Reach::Running, value, how);
        }
        self.remarks.take()
    }

    /// Whether a value that is used so can be lost at all. Cheap: it asks nothing of the resolver, and answers yes when in
    /// doubt. What comes of awaiting counts for a gather only.
    pub(crate) fn can_be_lost(&self, kind: Kind, how: &Use<'a>) -> bool {
        self.steps.set(MOST_STEPS);
        self.uses.set(MOST_USES);
        self.can_value_be_lost(Value::new(kind), how)
    }

    fn can_value_be_lost(&self, value: Value, how: &Use<'a>) -> bool {
        let Some(uses) = self.uses.get().checked_sub(1) else { return true };
        self.uses.set(uses);
        let has_model = |call: &ExprCall| self.body.called_name(call).is_some_and(|name| self.models.knows_last_name(name));
        let put_in = |layer, how| value.put_in(layer).is_none_or(|value| self.can_value_be_lost(value, how));
        match how {
            Use::Entered { is_async, .. } => !is_async,
            Use::Promised(annotation, ..) => {
                value.is_bare() && matches!(value.kind, Kind::Coroutine | Kind::Future) && may_be_plain(annotation)
            }
            Use::Returned | Use::Other => false,
            Use::Stored(place) => !matches!(place, Place::Elsewhere),
            Use::Awaited(how) if value.layer() == Some(Layer::Promise) => self.can_value_be_lost(value.taken_out(), how),
            Use::Awaited(how) => value.kind == Kind::Gather && put_in(Layer::Sequence, how),
            Use::Element(how) => put_in(Layer::Sequence, how),
            Use::Entry(how) => put_in(Layer::Mapping, how),
            Use::Part(place, how) => put_in(Layer::Tuple(*place), how),
            Use::Rest(how) | Use::Shuffled(how) => self.can_value_be_lost(value, how),
            Use::Each(how, _) | Use::Subscripted(_, how) => value.is_bare() || self.can_value_be_lost(value.taken_out(), how),
            Use::Unpacked(parts) => match value.layer() {
                None => true,
                Some(Layer::Tuple(place)) => parts.get(place).is_none_or(|part| self.can_value_be_lost(value.taken_out(), part)),
                Some(_) => parts.iter().all(|part| self.can_value_be_lost(value.taken_out(), part)),
            },
            Use::Several(uses) => uses.iter().all(|how| self.can_value_be_lost(value, how)),
            Use::LambdaResult(how) => matches!(how.as_ref(), Use::Argument { call, .. } if has_model(call)),
            Use::Bound(..) | Use::Held(_) => self.can_holder_lose(value, how),
            _ => true,
        }
    }

    fn follow(&self, value: Value, how: &Use<'a>) -> Verdict {
        let kind = value.kind;
        let Some(uses) = self.uses.get().checked_sub(1) else { return value.unknown(Reason::Use) };
        self.uses.set(uses);
        let fate = match how {
            // What gives it is lost itself.
            Use::Dropped | Use::Displayed if value.layer() == Some(Layer::Promise) => Fate::Unknown(Reason::Use),
            Use::Displayed if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            // What a task has come to stands in what is shown of it, and another cell may take it up.
            Use::Displayed if !value.is_bare() || self.body.recalls_displayed() => Fate::Unknown(Reason::Use),
            Use::Dropped | Use::Displayed => Fate::Lost(Loss::Dropped),
            Use::Entered { is_async: false, at } if matches!(kind, Kind::AsyncManager | Kind::Coroutine) && value.is_bare() => {
                as_value(Operation::Entering, *at)
            }
            Use::Entered { is_async: false, .. } => Fate::Unknown(Reason::Use),
            Use::EachAsync(how, _) if kind == Kind::Task && value.layer() == Some(Layer::Sequence) => {
                return self.follow(value.taken_out(), how);
            }
            Use::EachAsync(_, at) if kind == Kind::Coroutine && value.is_bare() => as_value(Operation::AsyncIteration, *at),
            Use::Entered { .. } | Use::EachAsync(..) => Fate::Consumed(How::Awaited),
            Use::Promised(annotation, operation, at) if self.is_refused(&value, annotation) => as_value(*operation, *at),
            Use::Returned | Use::Promised(..) => self.returned(),
            Use::Stored(_) if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            Use::Stored(Place::Attribute(attribute, _)) if self.is_refused_by(&value, attribute) => {
                as_value(Operation::Declared, attribute.range())
            }
            Use::Stored(place) => return self.stored(value, place),
            Use::Shared(local) => return self.shared(value, local),
            Use::Other => Fate::Unknown(Reason::Use),
            // `is None` asks whether it failed, where the work gives nothing.
            Use::Glanced(_) if kind == Kind::Outcome && value.is_bare() => Fate::Unknown(Reason::Use),
            Use::Glanced(at) => never_read(*at),
            Use::Examined if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            Use::Examined => Fate::Unknown(Reason::Use),
            Use::SpecialMethod(at) if kind == Kind::Coroutine && value.is_bare() => as_value(Operation::SpecialMethod, *at),
            Use::SpecialMethod(_) => Fate::Transferred(To::Caller),
            Use::LambdaResult(how) => self.returned_by_lambda(how),
            Use::Added(how, _) if matches!(value.layer(), Some(Layer::Sequence | Layer::Mapping)) => return self.follow(value, how),
            Use::Added(_, at) => operand(value, Operation::Arithmetic, *at),
            Use::Operand(operation, at) => operand(value, *operation, *at),
            Use::Formatted(how, at) => self.formatted(value, how, *at),
            Use::Awaited(how) => match kind {
                Kind::Gather if value.is_bare() => return self.follow_in(value.turned_into(Kind::Outcome), Layer::Sequence, how),
                _ if value.layer() == Some(Layer::Promise) => return self.follow(value.taken_out(), how),
                Kind::Input if value.is_bare() => return self.follow(value, how),
                Kind::Coroutine | Kind::Task | Kind::Future | Kind::Awaitable | Kind::Pending if value.is_bare() => {
                    Fate::Consumed(How::Awaited)
                }
                Kind::AsyncGenerator if value.is_bare() => as_value(Operation::Await, TextRange::default()),
                _ => Fate::Unknown(Reason::Use),
            },
            Use::Element(how) => return self.follow_in(value, Layer::Sequence, how),
            Use::Shuffled(how) => return self.follow(value.shuffled(), how),
            Use::Entry(how) => return self.follow_in(value, Layer::Mapping, how),
            Use::Part(place, how) => return self.follow_in(value, Layer::Tuple(*place), how),
            Use::Each(how, at) => match value.layer() {
                None => taken_apart(value, Operation::Iteration, *at),
                Some(Layer::Mapping) => never_read(TextRange::default()),
                Some(_) => return self.follow(value.taken_out(), how),
            },
            Use::Subscripted(index, how) => match (value.layer(), index) {
                (None, _) => taken_apart(value, Operation::Subscript, TextRange::default()),
                (Some(Layer::Tuple(place)), Some(index)) if place != *index => never_read(TextRange::default()),
                (Some(_), _) => return self.follow(value.taken_out(), how),
            },
            Use::Unpacked(parts) => match value.layer() {
                None => taken_apart(value, Operation::Iteration, TextRange::default()),
                Some(Layer::Mapping) => never_read(TextRange::default()),
                Some(Layer::Tuple(place)) if !parts.iter().any(|part| matches!(part, Use::Rest(_))) => match parts.get(place) {
                    Some(part) => return self.follow(value.taken_out(), part),
                    None => Fate::Unknown(Reason::Use),
                },
                Some(_) => return self.unpacked(value, parts),
            },
            Use::Rest(_) => Fate::Unknown(Reason::Use),
            Use::Several(uses) => return self.follow_all(value, uses.iter()),
            Use::Bound(local, store) => return self.bound(value, local, *store),
            Use::Held(local) => return self.held(value, local),
            Use::Argument { call, place, result } => return self.argument(value, call, *place, result),
            Use::Receiver { attribute, called, result } => return self.receiver(value, attribute, *called, result),
        };
        value.ends(fate)
    }

    /// What becomes of a value that is put in something that is used so.
    fn follow_in(&self, value: Value, layer: Layer, how: &Use<'a>) -> Verdict {
        match value.put_in(layer) {
            Some(inside) => self.follow(inside, how),
            None => value.unknown(Reason::Use),
        }
    }

    /// What becomes of a value that is used in all these ways.
    fn follow_all<'u>(&self, value: Value, uses: impl Iterator<Item = &'u Use<'a>>) -> Verdict
    where
        'a: 'u,
    {
        uses.map(|how| self.follow(value, how)).reduce(Verdict::or).unwrap_or_else(|| value.unknown(Reason::Use))
    }

    /// The elements of an iterable go to these parts.
    fn unpacked(&self, value: Value, parts: &[Use<'a>]) -> Verdict {
        let verdicts = parts.iter().map(|part| match part {
            Use::Rest(how) => self.follow(value, how),
            part => self.follow(value.taken_out(), part),
        });
        verdicts.reduce(Verdict::or).unwrap_or_else(|| value.unknown(Reason::Use))
    }

    fn formatted(&self, value: Value, how: &Use<'a>, at: TextRange) -> Fate {
        if value.kind == Kind::Coroutine && value.is_bare() {
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
            Use::Displayed => Fate::Consumed(How::Examined),
            Use::Returned | Use::Promised(..) | Use::Dropped => as_value(Operation::Formatting, at),
            // Text that is kept may be told later.
            _ => Fate::Unknown(Reason::Use),
        }
    }

    fn returned_by_lambda(&self, how: &Use<'a>) -> Fate {
        match how {
            Use::Argument { call, .. } => match self.model(call).and_then(|model| model.callbacks) {
                Some(Callbacks::DropResult) => Fate::Lost(Loss::DroppedByCaller),
                Some(Callbacks::Await) => Fate::Consumed(How::HandedOver),
                Some(_) | None => Fate::Unknown(Reason::Argument),
            },
            Use::Returned => Fate::Transferred(To::Caller),
            _ => Fate::Unknown(Reason::Use),
        }
    }

    /// The steps that may come after `step`, or `None` where they are too many.
    pub(crate) fn reached_from(&self, step: Step) -> Option<FxHashSet<Step>> {
        let mut takes = |edge: &Edge<'a>| !matches!(edge, Edge::Never(_));
        self.body.graph.reached([step], &mut takes, &|_| false, &Cell::new(MOST_STEPS))
    }

    /// The model of what `call` goes to.
    pub(crate) fn model(&self, call: &ExprCall) -> Option<&'m FunctionModel> {
        // A bare name may stand for another one.
        let is_known = |name: &Name| self.models.any_named(name, |_| true);
        let may_have_one = matches!(*call.func, Expr::Name(_)) || last_name(&call.func).is_some_and(is_known);
        if !may_have_one {
            return None;
        }
        self.model_of(self.module, call, self.module.callee(call).as_ref())
    }

    /// The model of a callee, or of what an object of unknown type is called after.
    pub(crate) fn model_of(&self, module: &Module, call: &ExprCall, callee: Option<&Callee>) -> Option<&'m FunctionModel> {
        if let Some(callee) = callee {
            return self.models.function(callee.name.as_deref()?);
        }
        let Expr::Attribute(attribute) = &*call.func else { return None };
        if let Some(model) = module.likely_callee(call).and_then(|callee| self.models.function(callee.name.as_deref()?)) {
            return Some(model);
        }
        let receiver = match &*attribute.value {
            Expr::Call(receiver) => last_name(&receiver.func)?,
            receiver => last_name(receiver)?,
        };
        let is_open = || call.arguments.is_empty() || module.is_untyped(&attribute.value);
        self.models.untyped_method(receiver, &attribute.attr).filter(|_| is_open() && !is_tornados(module, &attribute.value))
    }
}

/// Whether an object is tornado's own loop, which has the methods of asyncio's and awaits what they call.
fn is_tornados(module: &Module, object: &Expr) -> bool {
    let gives_loop = |value: &Expr| {
        let function = value.as_call_expr().and_then(|call| call.func.as_attribute_expr());
        function.and_then(|function| last_name(&function.value)).is_some_and(|name| name == "IOLoop")
    };
    match object {
        Expr::Name(name) => module.with_value(name, |_, value| gives_loop(value)).unwrap_or(false),
        object => gives_loop(object),
    }
}

impl Verdict {
    /// Of two uses of one value, the one that says more about its outcome.
    fn or(self, other: Self) -> Self {
        self.joined(other).0
    }

    /// The same, and whether the places in it are those of `other`.
    pub(in crate::facts) fn joined(self, other: Self) -> (Self, bool) {
        let is_cancelled =
            |fate: &Fate| matches!(fate, Fate::Lost(Loss::OnlyCancelled { .. } | Loss::Abandoned { is_cancelled: true, .. }));
        let left = |at, is_others| (Verdict { kind: self.kind, fate: Fate::Lost(Loss::Abandoned { at, is_cancelled: true }) }, is_others);
        match (&self.fate, &other.fate) {
            (Fate::Lost(Loss::Abandoned { at, .. }), fate) if is_cancelled(fate) => left(*at, false),
            (Fate::Lost(Loss::OnlyCancelled { .. }), Fate::Lost(Loss::Abandoned { at, .. })) => left(*at, true),
            // A callback hears it, and something else holds it until then.
            (Fate::Lost(Loss::Unheld { .. }), Fate::Lost(loss)) | (Fate::Lost(loss), Fate::Lost(Loss::Unheld { .. })) if loss.holds() => {
                (Verdict { kind: self.kind, fate: Fate::Consumed(How::HandedOver) }, false)
            }
            _ if self.weight() >= other.weight() => (self, false),
            _ => (other, true),
        }
    }

    fn weight(&self) -> u8 {
        match &self.fate {
            Fate::Consumed(How::AfterCancel) => 10,
            Fate::Consumed(_) => 12,
            Fate::Transferred(_) => 11,
            // What else is done with it does not make that right.
            Fate::Lost(Loss::UsedAsValue { operation, .. }) if operation.is_refused() && self.kind == Kind::Coroutine => 9,
            Fate::Unknown(_) => 8,
            Fate::Lost(Loss::Collected { .. }) => 7,
            Fate::Lost(Loss::Unexamined { .. } | Loss::Abandoned { .. } | Loss::OnlyCancelled { .. }) => 6,
            Fate::Lost(Loss::Skipped { .. }) => 5,
            Fate::Lost(Loss::UsedAsValue { .. }) => 4,
            Fate::Lost(Loss::OnlyPrinted { .. } | Loss::Unheld { .. }) => 3,
            Fate::Lost(Loss::Kept { .. } | Loss::Handed { .. }) => 2,
            Fate::Lost(Loss::NeverRead { .. } | Loss::Late { .. } | Loss::Discarded { .. }) => 1,
            Fate::Lost(_) => 0,
        }
    }
}

fn operand(value: Value, operation: Operation, at: TextRange) -> Fate {
    match (value.kind, value.is_bare(), operation) {
        (Kind::Coroutine, true, _) | (Kind::Outcome, true, Operation::Arithmetic) => as_value(operation, at),
        // Whatever it is, it is true, and what comes of it is not asked.
        (Kind::Awaitable, true, Operation::Condition) if value.hops == 0 => as_value(operation, at),
        (Kind::Outcome, _, Operation::Comparison) => Fate::Consumed(How::Examined),
        // It asks whether it failed, where the work gives nothing.
        (Kind::Outcome, true, Operation::Condition) => Fate::Unknown(Reason::Use),
        (_, _, Operation::Condition | Operation::Comparison) => never_read(at),
        _ => Fate::Unknown(Reason::Use),
    }
}

/// The value stands where a plain value is wanted.
fn plain_value(value: Value, at: TextRange) -> Fate {
    match (value.kind, value.is_bare()) {
        (Kind::Coroutine | Kind::Outcome, true) => as_value(Operation::Argument, at),
        _ => never_read(at),
    }
}

/// The value is iterated or indexed, though it is no container.
fn taken_apart(value: Value, operation: Operation, at: TextRange) -> Fate {
    match value.kind {
        Kind::Coroutine | Kind::Outcome => as_value(operation, at),
        Kind::AsyncGenerator if operation == Operation::Iteration => as_value(operation, at),
        // Who takes a future apart gets an error, whether it is done or not.
        Kind::Future if value.is_bare() && value.hops == 0 && matches!(operation, Operation::Iteration | Operation::Subscript) => {
            as_value(operation, at)
        }
        // Nothing that is declared as no more than awaitable has items.
        Kind::Awaitable if operation == Operation::Subscript && value.hops == 0 => as_value(operation, at),
        _ => Fate::Unknown(Reason::Use),
    }
}

fn as_value(operation: Operation, at: TextRange) -> Fate {
    Fate::Lost(Loss::UsedAsValue { operation, at })
}

fn never_read(at: TextRange) -> Fate {
    Fate::Lost(Loss::NeverRead { holder: None, at })
}
