//! What a method does with the value that it is called on.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall};
use ruff_text_size::Ranged;

use super::super::body::Use;
use super::super::models::{Effect, Method};
use super::super::{Fate, How, Kind, Loss, Operation, Reason};
use super::value::{Layer, Value};
use super::{Flow, Remark, Verdict, as_value, never_read};

impl<'a> Flow<'_, '_, 'a> {
    pub(super) fn receiver(&self, value: Value, attribute: &ExprAttribute, called: Option<&'a ExprCall>, result: &Use<'a>) -> Verdict {
        let (kind, depth) = (value.kind, value.depth());
        let name = attribute.attr.as_str();
        let at = attribute.range();
        let fate = if depth > 0 {
            match name {
                "pop" | "popleft" | "get" => return self.follow(value.taken_out(), result),
                "copy" | "union" | "difference" | "intersection" => return self.follow(value, result),
                "values" => return self.follow_in(value.taken_out(), Layer::Sequence, result),
                "items" => return self.in_tuples(value, 1, result),
                "sort" | "reverse" => {
                    self.remarks.borrow_mut().push(Remark::Ordered);
                    never_read(at)
                }
                "append" | "appendleft" | "add" | "extend" | "extendleft" | "update" | "clear" | "discard" | "remove" => never_read(at),
                "index" | "count" if kind == Kind::Outcome => Fate::Consumed(How::Examined),
                "index" | "count" => never_read(at),
                _ => Fate::Unknown(Reason::Use),
            }
        } else if kind == Kind::Input {
            // The result of a task is as much at its place as the task.
            return self.follow(value, result);
        } else if kind == Kind::Outcome {
            as_value(Operation::Attribute, at)
        } else {
            match (self.models.method(if kind == Kind::Gather { Kind::Future } else { kind }, name), called) {
                // What a callback mutes is told there.
                (Method::Read, Some(_)) if name == "exception" && matches!(result, Use::Dropped) && self.has_arrived.get() => {
                    Fate::Unknown(Reason::Use)
                }
                // `exception` tells by what it returns, and here nobody looks.
                (Method::Read, Some(_)) if name == "exception" && matches!(result, Use::Dropped) => never_read(at),
                // A coroutine that was not started takes nothing but `None`, so this is meant for its result.
                (Method::Read, Some(call))
                    if name == "send" && !matches!(*call.arguments.args, [Expr::NoneLiteral(_)]) && !self.may_have_started() =>
                {
                    as_value(Operation::Attribute, at)
                }
                (Method::Read, _) => Fate::Consumed(How::Method),
                // Somebody is told which one was left.
                (Method::Ignore, Some(_)) if name == "get_name" && kind == Kind::Pending && self.is_told(result) => {
                    Fate::Consumed(How::Examined)
                }
                // Whoever gets the method may call it.
                (Method::Ignore, None) if name == "cancel" && kind == Kind::Pending => Fate::Unknown(Reason::Use),
                (Method::Ignore, Some(_)) if name == "cancel" && kind == Kind::Pending => Fate::Lost(Loss::OnlyCancelled { at }),
                // What is cancelled before it starts loses nothing.
                (Method::Ignore, Some(_)) if name == "cancel" && value.hops == 0 => Fate::Consumed(How::Method),
                (Method::Ignore, _) => never_read(at),
                (Method::Absent, _) if kind == Kind::Coroutine => as_value(Operation::Attribute, at),
                (Method::Absent, Some(call)) if name == "add_done_callback" => self.called_back(value, call, at, result),
                (Method::Absent | Method::Unknown, _) => Fate::Unknown(Reason::Use),
            }
        };
        value.ends(fate)
    }

    /// Whether a value is written out or logged.
    fn is_told(&self, how: &Use<'a>) -> bool {
        match how {
            Use::Argument { call, .. } => {
                self.model(call).is_some_and(|model| matches!(model.arguments, Some(Effect::Print | Effect::Log)))
            }
            Use::Formatted(how, _) => self.is_told(how),
            _ => false,
        }
    }

    /// Whether the value at hand may be a coroutine that runs already: one that a plain function gives, or
    /// that was kept.
    fn may_have_started(&self) -> bool {
        let site = self.body.calls.iter().find(|site| site.call.range() == self.birth.get());
        let callee = site.and_then(|site| self.module.callee(site.call));
        let is_plain = callee.and_then(|callee| callee.with_body(self.db, |_, function| !function.is_async));
        self.has_arrived.get() || is_plain == Some(true)
    }
}
