//! Which expressions hear their own failures, or do not fail in practice.

use ruff_python_ast::{Expr, ExprCall, ExprSlice, ExprSubscript, InterpolatedStringElement, Operator};

use super::super::Hearing;
use super::super::body::last_name;
use super::{Listener, Way};
use crate::engine::Answer;

/// The built-in classes some of whose operations cannot fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Number,
    Text,
    List,
    Deque,
    Set,
    Dict,
}

impl Listener<'_, '_> {
    /// Whether evaluating an expression is heard or does not fail in practice: names, attributes,
    /// constants and tests of them, log calls, and calls of what hears itself.
    pub(super) fn expression(&self, expression: &Expr) -> Hearing {
        match expression {
            Expr::Name(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::Lambda(_) => Hearing::Itself,
            Expr::Attribute(attribute) => self.expression(&attribute.value),
            Expr::UnaryOp(operation) => self.expression(&operation.operand),
            Expr::BoolOp(operation) => self.expressions(&operation.values),
            Expr::Compare(comparison) => self.expression(&comparison.left).and(self.expressions(&comparison.comparators)),
            Expr::Tuple(tuple) => self.expressions(&tuple.elts),
            Expr::List(list) => self.expressions(&list.elts),
            Expr::FString(string) => {
                let parts = string.value.elements().filter_map(InterpolatedStringElement::as_interpolation);
                Hearing::of_all(parts.map(|part| self.expression(&part.expression)))
            }
            Expr::Dict(dict) if dict.items.is_empty() => Hearing::Itself,
            Expr::Starred(starred) => self.expression(&starred.value),
            Expr::BinOp(operation) => self.operation(&operation.left, operation.op, &operation.right),
            Expr::Subscript(subscript) => self.slice(subscript),
            Expr::Await(node) => match &*node.value {
                Expr::Call(call) => self.call(call, Way::Awaited),
                _ => Hearing::Deaf,
            },
            Expr::Call(call) => self.call(call, Way::Called),
            _ => Hearing::Deaf,
        }
    }

    fn call(&self, call: &ExprCall, way: Way) -> Hearing {
        if is_log(call) {
            return Hearing::Itself;
        }
        let named = call.arguments.keywords.iter().map(|keyword| self.expression(&keyword.value));
        let arguments = self.expressions(&call.arguments.args).and(Hearing::of_all(named));
        let receiver = match &*call.func {
            Expr::Attribute(method) if method.value.is_call_expr() || method.value.is_await_expr() => self.expression(&method.value),
            _ => Hearing::Itself,
        };
        arguments.and(receiver).and(if is_quiet(call) || self.is_sure(call) { Hearing::Itself } else { (self.called)(call, way) })
    }

    /// Numbers can be added, subtracted and multiplied, and texts and lists be joined to their like.
    pub(super) fn operation(&self, left: &Expr, operator: Operator, right: &Expr) -> Hearing {
        let can_fail = match operator {
            Operator::Add => self.value_of(left).is_none_or(|value| self.value_of(right) != Some(value)),
            Operator::Sub | Operator::Mult => [left, right].iter().any(|side| self.value_of(side) != Some(Value::Number)),
            _ => true,
        };
        if can_fail { Hearing::Deaf } else { self.expression(left).and(self.expression(right)) }
    }

    /// A list or text has each slice that it is asked for, if only an empty one.
    fn slice(&self, subscript: &ExprSubscript) -> Hearing {
        let Expr::Slice(ExprSlice { lower, upper, step: None, .. }) = &*subscript.slice else { return Hearing::Deaf };
        if !matches!(self.value_of(&subscript.value), Some(Value::Text | Value::List)) {
            return Hearing::Deaf;
        }
        let bounds = [lower, upper].into_iter().flatten().map(|bound| self.expression(bound));
        self.expression(&subscript.value).and(Hearing::of_all(bounds))
    }

    pub(super) fn deleted(&self, target: &Expr) -> Hearing {
        match target {
            Expr::Name(_) => Hearing::Itself,
            Expr::Subscript(subscript) => self.slice(subscript),
            _ => Hearing::Deaf,
        }
    }

    /// Whether a method of a built-in class is called that takes whatever it is given.
    fn is_sure(&self, call: &ExprCall) -> bool {
        let Expr::Attribute(method) = &*call.func else { return false };
        let takes_nothing = call.arguments.is_empty();
        match (self.value_of(&method.value), method.attr.as_str()) {
            (Some(Value::Text), "casefold" | "lower" | "upper" | "title" | "strip" | "lstrip" | "rstrip" | "split" | "splitlines")
            | (Some(Value::List | Value::Deque | Value::Set | Value::Dict), "copy")
            | (Some(Value::Dict), "keys" | "values" | "items") => takes_nothing,
            (Some(Value::Set), "discard") | (Some(Value::Dict), "get") => !takes_nothing,
            _ => false,
        }
    }

    /// Which built-in class every value of an expression is of.
    fn value_of(&self, expression: &Expr) -> Option<Value> {
        let value = |class: &str| match class {
            "builtins.int" | "builtins.float" => Some(Value::Number),
            "builtins.str" => Some(Value::Text),
            "builtins.list" => Some(Value::List),
            "collections.deque" => Some(Value::Deque),
            "builtins.set" => Some(Value::Set),
            "builtins.dict" => Some(Value::Dict),
            _ => None,
        };
        match self.module.sort_of(expression, &value) {
            Answer::All(value) => Some(value),
            _ => None,
        }
    }

    fn expressions(&self, expressions: &[Expr]) -> Hearing {
        Hearing::of_all(expressions.iter().map(|expression| self.expression(expression)))
    }
}

/// Whether a call writes to a log.
pub(in super::super) fn is_log(call: &ExprCall) -> bool {
    let Expr::Attribute(attribute) = &*call.func else { return false };
    let is_logger = last_name(&attribute.value).is_some_and(|name| {
        let name = name.to_lowercase();
        name.ends_with("log") || name.ends_with("logger") || name.ends_with("logging")
    });
    is_logger
        && matches!(attribute.attr.as_str(), "debug" | "info" | "warning" | "error" | "exception" | "critical" | "log" | "isEnabledFor")
}

/// Calls that do not fail in practice: tests of events and loops, clocks, and the setting of events
/// and futures.
fn is_quiet(call: &ExprCall) -> bool {
    let takes_nothing = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
    last_name(&call.func).is_some_and(|name| match name.as_str() {
        "is_set" | "set" | "clear" | "cancel" | "done" | "cancelled" | "is_closing" | "monotonic" | "time" | "perf_counter"
        | "get_running_loop" | "get_event_loop" | "current_task" => takes_nothing,
        "set_result" | "set_exception" => true,
        _ => false,
    })
}
