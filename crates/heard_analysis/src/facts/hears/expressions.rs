//! Which expressions hear their own failures, or do not fail in practice.

use ruff_python_ast::{
    Comprehension, Expr, ExprCall, ExprGenerator, ExprListComp, ExprSetComp, ExprSlice, ExprSubscript, InterpolatedStringElement, Number,
    Operator,
};

use super::super::Hearing;
use super::super::body::last_name;
use super::super::naming::is_log;
use super::{Listener, Way};
use crate::resolve::Answer;

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
            | Expr::Lambda(_) => Hearing::Never,
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
            Expr::Set(set) => self.expressions(&set.elts),
            Expr::Dict(dict) => {
                let keys = dict.items.iter().filter_map(|item| item.key.as_ref());
                Hearing::of_all(keys.chain(dict.items.iter().map(|item| &item.value)).map(|part| self.expression(part)))
            }
            Expr::If(either) => self.expression(&either.test).and(self.expression(&either.body)).and(self.expression(&either.orelse)),
            Expr::ListComp(ExprListComp { elt, generators, .. })
            | Expr::SetComp(ExprSetComp { elt, generators, .. })
            | Expr::Generator(ExprGenerator { elt, generators, .. }) => self.comprehension(elt, generators),
            Expr::Named(named) => self.expression(&named.value),
            Expr::Starred(starred) => self.expression(&starred.value),
            Expr::BinOp(operation) => self.operation(&operation.left, operation.op, &operation.right),
            Expr::Subscript(subscript) => self.slice(subscript),
            Expr::Await(node) => match &*node.value {
                Expr::Call(call) => self.call(call, Way::Awaited),
                _ => Hearing::Deaf,
            },
            Expr::Call(call) => self.call(call, Way::Called),
            _ => self.plain,
        }
    }

    fn call(&self, call: &ExprCall, way: Way) -> Hearing {
        if is_log(call) {
            return self.log(call);
        }
        let named = call.arguments.keywords.iter().map(|keyword| self.expression(&keyword.value));
        let arguments = self.expressions(&call.arguments.args).and(Hearing::of_all(named));
        let receiver = match &*call.func {
            Expr::Attribute(method) if method.value.is_call_expr() || method.value.is_await_expr() => self.expression(&method.value),
            _ => Hearing::Never,
        };
        // Where plain code counts for nothing, neither does what does not fail in practice.
        let small = if self.plain == Hearing::Never { Hearing::Never } else { Hearing::Small };
        let itself = match () {
            () if is_quiet(call) || self.is_sure(call) => Hearing::Never,
            () if self.is_small(call) => small,
            () => match (self.called)(call, way, self.taken) {
                Hearing::Deaf if way == Way::Called => self.calls,
                Hearing::Small => small,
                hears => hears,
            },
        };
        arguments.and(receiver).and(itself)
    }

    /// To write to a log does not fail, nor does it to put the message together. What is awaited for it is work, and so
    /// may be a call, where there is no other.
    fn log(&self, call: &ExprCall) -> Hearing {
        let told = Listener { plain: Hearing::Never, calls: self.logged, ..*self };
        let named = call.arguments.keywords.iter().map(|keyword| told.expression(&keyword.value));
        told.expressions(&call.arguments.args).and(Hearing::of_all(named))
    }

    fn comprehension(&self, element: &Expr, generators: &[Comprehension]) -> Hearing {
        let parts = generators.iter().map(|generator| {
            if generator.is_async { Hearing::Deaf } else { self.expression(&generator.iter).and(self.expressions(&generator.ifs)) }
        });
        Hearing::of_all(parts).and(self.expression(element))
    }

    /// Numbers can be added, subtracted, multiplied and divided by what is not zero, and texts and lists be joined
    /// to their like.
    pub(super) fn operation(&self, left: &Expr, operator: Operator, right: &Expr) -> Hearing {
        let is_number = |side| self.value_of(side) == Some(Value::Number);
        let itself = match operator {
            Operator::Add if self.value_of(left).is_some_and(|value| self.value_of(right) == Some(value)) => Hearing::Never,
            Operator::Sub | Operator::Mult if is_number(left) && is_number(right) => Hearing::Never,
            Operator::Pow if is_number(left) && is_number(right) => Hearing::Small,
            Operator::Div | Operator::FloorDiv | Operator::Mod if is_number(left) && is_above_zero(right) => Hearing::Never,
            _ => self.plain,
        };
        itself.and(self.expression(left)).and(self.expression(right))
    }

    /// A list or text has each slice that it is asked for, if only an empty one.
    fn slice(&self, subscript: &ExprSubscript) -> Hearing {
        let Expr::Slice(ExprSlice { lower, upper, step: None, .. }) = &*subscript.slice else { return self.plain };
        if !matches!(self.value_of(&subscript.value), Some(Value::Text | Value::List)) {
            return self.plain;
        }
        let bounds = [lower, upper].into_iter().flatten().map(|bound| self.expression(bound));
        self.expression(&subscript.value).and(Hearing::of_all(bounds))
    }

    pub(super) fn deleted(&self, target: &Expr) -> Hearing {
        match target {
            Expr::Name(_) => Hearing::Never,
            Expr::Subscript(subscript) => self.slice(subscript),
            _ => Hearing::Deaf,
        }
    }

    /// Whether a method of a built-in class is called that takes whatever it is given, or the least or greatest of
    /// some numbers is asked for.
    fn is_sure(&self, call: &ExprCall) -> bool {
        let Expr::Attribute(method) = &*call.func else {
            let chooses = last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "min" | "max"));
            let numbers = &call.arguments.args;
            return chooses && numbers.len() > 1 && numbers.iter().all(|number| self.value_of(number) == Some(Value::Number));
        };
        let takes_nothing = call.arguments.is_empty();
        match (self.value_of(&method.value), method.attr.as_str()) {
            (Some(Value::Text), "casefold" | "lower" | "upper" | "title" | "strip" | "lstrip" | "rstrip" | "split" | "splitlines")
            | (Some(Value::List | Value::Deque | Value::Set | Value::Dict), "copy")
            | (Some(Value::Dict), "keys" | "values" | "items") => takes_nothing,
            (Some(Value::Set), "discard") | (Some(Value::Dict), "get") => !takes_nothing,
            _ => false,
        }
    }

    /// Whether a method of a built-in class is called that does not fail in practice.
    fn is_small(&self, call: &ExprCall) -> bool {
        let Expr::Attribute(method) = &*call.func else { return false };
        match (self.value_of(&method.value), method.attr.as_str()) {
            (Some(Value::Text), "startswith" | "endswith" | "replace" | "removeprefix" | "removesuffix" | "find" | "join")
            | (Some(Value::List | Value::Deque), "append" | "appendleft" | "extend" | "insert" | "clear")
            | (Some(Value::Set), "add" | "update" | "clear")
            | (Some(Value::Dict), "setdefault" | "update" | "clear") => true,
            (Some(Value::Dict), "pop") => call.arguments.len() == 2,
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
            "builtins.dict" | "typing.Mapping" => Some(Value::Dict),
            _ => None,
        };
        match (self.module.sort_of(expression, &value), expression) {
            (Answer::All(value), _) => Some(value),
            // A power of two whole numbers may be anything, as far as its type tells.
            (Answer::Unknown, Expr::BinOp(operation)) => {
                [&operation.left, &operation.right].iter().all(|side| self.value_of(side) == Some(Value::Number)).then_some(Value::Number)
            }
            _ => None,
        }
    }

    pub(super) fn expressions(&self, expressions: &[Expr]) -> Hearing {
        Hearing::of_all(expressions.iter().map(|expression| self.expression(expression)))
    }
}

fn is_above_zero(expression: &Expr) -> bool {
    match expression {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(value) => value.as_u64().is_some_and(|value| value > 0),
            Number::Float(value) => *value > 0.0,
            Number::Complex { .. } => false,
        },
        _ => false,
    }
}

/// Calls that do not fail in practice: tests of events and loops, clocks, and the setting of events
/// and futures.
fn is_quiet(call: &ExprCall) -> bool {
    let takes_nothing = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
    last_name(&call.func).is_some_and(|name| match name.as_str() {
        "is_set" | "set" | "clear" | "done" | "cancelled" | "is_closing" | "monotonic" | "monotonic_ns" | "time" | "time_ns"
        | "perf_counter" | "perf_counter_ns" | "get_running_loop" | "get_event_loop" | "current_task" => takes_nothing,
        "cancel" | "set_result" | "set_exception" => true,
        _ => false,
    })
}
