//! What a function does with a value that it is given.

use std::rc::Rc;

use ruff_python_ast::ExprCall;
use ruff_text_size::Ranged;

use super::super::birth::return_exceptions;
use super::super::body::{Use, arguments, last_name};
use super::super::models::Effect;
use super::super::{Fate, How, Kind, Loss, Operation, Reason};
use super::value::{Layer, Value};
use super::{Flow, Remark, Verdict, as_value, never_read, plain_value, taken_apart};

impl<'a> Flow<'_, '_, 'a> {
    pub(super) fn argument(&self, value: Value, call: &'a ExprCall, index: usize, result: &Rc<Use<'a>>) -> Verdict {
        let (kind, depth) = (value.kind, value.depth());
        let unknown = value.unknown(Reason::Argument);
        if kind == Kind::Input {
            return self.with_input(value, call, index, result);
        }
        let at = call.range();
        let model = self.model(call);
        let Some(effect) = model.and_then(|model| model.arguments) else {
            return match arguments(call).nth(index) {
                Some(argument) if self.is_refused_as(&value, argument, call) => value.ends(as_value(Operation::Argument, at)),
                _ if model.is_none() => self.handed(value, call, index, result),
                _ => unknown,
            };
        };
        let has_key = call.arguments.find_keyword("key").is_some();
        let fate = match effect {
            Effect::WaitFor => return self.waited_for(value, call, result),
            Effect::Complete if depth > 0 => return self.completed(value, call, result),
            Effect::Complete => return unknown,
            Effect::Consume if self.is_collected(value, call, result) => Fate::Lost(Loss::Collected { at }),
            Effect::Consume => Fate::Consumed(How::HandedOver),
            Effect::Await => return self.follow(value, &Use::Awaited(Rc::clone(result))),
            Effect::Pass => {
                let verdict = self.follow(value, result);
                // The call itself is reported where it is lost with what it was given.
                return if verdict.kind == kind && value.is_bare() && matches!(verdict.fate, Fate::Lost(_)) { unknown } else { verdict };
            }
            // `len(results) - len(good)` counts the failures.
            Effect::Value
                if kind == Kind::Outcome && matches!(**result, Use::Operand(Operation::Arithmetic | Operation::Comparison, _)) =>
            {
                Fate::Consumed(How::Examined)
            }
            Effect::Value if kind == Kind::Awaitable && value.hops == 0 && last_name(&call.func).is_some_and(|name| name == "bool") => {
                as_value(Operation::Condition, at)
            }
            Effect::Value => plain_value(value, at),
            Effect::EachTruth
            | Effect::EachValue
            | Effect::Pick
            | Effect::SameElements
            | Effect::Shuffle
            | Effect::Sort
            | Effect::Zip
            | Effect::Enumerate
                if value.layer() == Some(Layer::Mapping) =>
            {
                never_read(at)
            }
            Effect::EachTruth if kind == Kind::Coroutine => as_value(Operation::Condition, at),
            Effect::EachTruth if kind == Kind::Outcome => return unknown,
            // What lies deeper is added up as it is, and so are the start and other arguments.
            Effect::EachValue if depth > 1 || index > 0 => return unknown,
            Effect::EachValue | Effect::EachTruth | Effect::Pick if depth == 0 && kind == Kind::AsyncGenerator => {
                as_value(Operation::Iteration, at)
            }
            Effect::EachValue if matches!(kind, Kind::Coroutine | Kind::Outcome) => as_value(Operation::Argument, at),
            Effect::EachValue | Effect::EachTruth | Effect::Ignore => never_read(at),
            Effect::Pick if depth == 0 => return unknown,
            Effect::Pick if kind == Kind::Coroutine && depth == 1 && !has_key => as_value(Operation::Comparison, at),
            Effect::Next if depth == 0 || index > 0 => return unknown,
            Effect::Pick | Effect::Next => return self.follow(value.taken_out(), result),
            Effect::Text if kind == Kind::Outcome && depth > 0 => return unknown,
            Effect::Text => self.formatted(value, result, at),
            Effect::Log if kind == Kind::Outcome => Fate::Consumed(How::Examined),
            Effect::Log if kind == Kind::Coroutine && depth == 0 => as_value(Operation::Formatting, at),
            Effect::Log => never_read(at),
            Effect::Print if kind == Kind::Outcome => Fate::Lost(Loss::OnlyPrinted { at }),
            Effect::Print if kind == Kind::Coroutine && depth == 0 => as_value(Operation::Printing, at),
            Effect::Print => plain_value(value, at),
            Effect::Sort if kind == Kind::Coroutine && depth == 1 && !has_key => as_value(Operation::Comparison, at),
            Effect::SameElements | Effect::Shuffle | Effect::Sort if depth > 0 => return self.follow(value, result),
            Effect::SameElements | Effect::Shuffle | Effect::Sort => taken_apart(value, Operation::Iteration, at),
            Effect::Zip if depth > 0 => return self.in_tuples(value, index, result),
            Effect::Enumerate if depth > 0 => return self.in_tuples(value, 1, result),
            Effect::Zip | Effect::Enumerate => taken_apart(value, Operation::Iteration, at),
            Effect::Examine => {
                if value.is_bare() && index == 0 {
                    self.remarks.borrow_mut().push(Remark::Examined(call));
                }
                match result.as_ref() {
                    _ if kind != Kind::Outcome => never_read(at),
                    Use::Operand(Operation::Skip, at) => Fate::Lost(Loss::Skipped { at: *at }),
                    _ => Fate::Consumed(How::Examined),
                }
            }
        };
        value.ends(fate)
    }

    /// Whether `call` is a gather that collects the failure of a task from another body, and its
    /// results are dropped. Where the task is made in this body, the gather itself is told.
    fn is_collected(&self, value: Value, call: &ExprCall, result: &Use<'a>) -> bool {
        self.has_arrived.get()
            && matches!(value.kind, Kind::Task | Kind::Future)
            && return_exceptions(call) == Some(true)
            && self.model(call).is_some_and(|model| model.gives == Some(Kind::Gather))
            && matches!(self.follow(Value::new(Kind::Gather), result).fate, Fate::Lost(Loss::Dropped | Loss::UnusedName(_)))
    }

    /// The elements of a container come as the parts at this place of tuples.
    pub(super) fn in_tuples(&self, value: Value, place: usize, tuples: &Use<'a>) -> Verdict {
        match value.taken_out().put_in(Layer::Tuple(place)) {
            Some(inside) => self.follow_in(inside, Layer::Sequence, tuples),
            None => value.unknown(Reason::Use),
        }
    }
}
