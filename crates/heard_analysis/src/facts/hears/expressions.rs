//! What can fail where an expression is evaluated.

use ruff_python_ast::{
    Comprehension, Expr, ExprAttribute, ExprCall, ExprGenerator, ExprListComp, ExprSetComp, ExprSlice, ExprSubscript,
    InterpolatedStringElement, Number, Operator,
};
use ruff_text_size::{Ranged, TextRange};

use super::super::body::last_name;
use super::super::hearings::is_always_made;
use super::super::naming::{is_log, is_log_method, is_metric, is_own_debug_log};
use super::super::witness::{Account, Weight};
use super::{Act, Listener};
use crate::resolve::Answer;

/// The built-in classes some of whose operations cannot fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Number,
    Time,
    Text,
    List,
    Deque,
    Set,
    Dict,
    /// A dictionary that has every key.
    Filled,
}

impl Listener<'_, '_> {
    /// What can fail where an expression is evaluated: nothing in names, constants, tests of them and log calls.
    pub(super) fn expression(&self, expression: &Expr) -> Account {
        match expression {
            Expr::Name(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::Lambda(_) => Account::default(),
            Expr::Attribute(attribute) => self.attribute(attribute),
            Expr::UnaryOp(operation) => self.expression(&operation.operand),
            Expr::BoolOp(operation) => self.expressions(&operation.values),
            Expr::Compare(comparison) => self.expression(&comparison.left).and(self.expressions(&comparison.comparators)),
            Expr::Tuple(tuple) => self.expressions(&tuple.elts),
            Expr::List(list) => self.expressions(&list.elts),
            Expr::FString(string) => {
                let parts = string.value.elements().filter_map(InterpolatedStringElement::as_interpolation);
                Account::all(parts.map(|part| self.expression(&part.expression)))
            }
            Expr::Set(set) => self.expressions(&set.elts),
            Expr::Dict(dict) => {
                let keys = dict.items.iter().filter_map(|item| item.key.as_ref());
                Account::all(keys.chain(dict.items.iter().map(|item| &item.value)).map(|part| self.expression(part)))
            }
            Expr::If(either) => self.expression(&either.test).and(self.expression(&either.body)).and(self.expression(&either.orelse)),
            Expr::ListComp(ExprListComp { elt, generators, .. })
            | Expr::SetComp(ExprSetComp { elt, generators, .. })
            | Expr::Generator(ExprGenerator { elt, generators, .. }) => self.comprehension(&[elt], generators),
            Expr::DictComp(dict) => {
                let parts: Vec<&Expr> = dict.key.as_deref().into_iter().chain([&*dict.value]).collect();
                self.comprehension(&parts, &dict.generators)
            }
            Expr::Named(named) => self.expression(&named.value),
            Expr::Starred(starred) => self.expression(&starred.value),
            Expr::BinOp(operation) => self.operation(operation.range(), &operation.left, operation.op, &operation.right),
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Slice(slice) => {
                let parts = [&slice.lower, &slice.upper, &slice.step].into_iter().flatten();
                Account::all(parts.map(|part| self.expression(part)))
            }
            Expr::Await(node) => self.awaited(&node.value),
            Expr::Call(call) => self.call(call),
            Expr::Yield(node) => node.value.as_deref().map_or_else(Account::default, |value| self.expression(value)),
            Expr::YieldFrom(node) => self.awaited(&node.value),
            Expr::TString(_) | Expr::IpyEscapeCommand(_) => self.source(Weight::Data, expression),
        }
    }

    /// What `None` is asked for it does not have.
    fn attribute(&self, attribute: &ExprAttribute) -> Account {
        if attribute.value.is_none_literal_expr() { self.source(Weight::Heavy, attribute) } else { self.expression(&attribute.value) }
    }

    fn awaited(&self, awaited: &Expr) -> Account {
        let parts = match awaited {
            Expr::Call(call) => self.parts_of(call),
            _ => Account::default(),
        };
        let itself = (self.done)(Act::Await(awaited), self.taken);
        // Whoever has written the handler has thought of what can fail here, and has done with it.
        parts.and(if self.is_expected { itself.lightened(Weight::Expected) } else { itself })
    }

    fn call(&self, call: &ExprCall) -> Account {
        if is_log(call) || is_own_debug_log(call) || is_metric(call) || self.is_log_by_name(call) {
            return self.log(call);
        }
        let itself = match () {
            () if is_quiet(call) || self.is_sure(call) => Account::default(),
            () if resolves(call) => self.resolved(call),
            () if chooses_from_one(call) => self.source(Weight::Data, call),
            () if self.is_small(call) => Account::small(),
            () => match (self.done)(Act::Call(call), self.taken) {
                // To put a message together is no work.
                account if self.is_log => account.known(Weight::Data),
                account => account,
            },
        };
        self.parts_of(call).and(itself)
    }

    /// What can fail before a call is made.
    fn parts_of(&self, call: &ExprCall) -> Account {
        let named = call.arguments.keywords.iter().map(|keyword| self.expression(&keyword.value));
        let receiver = match &*call.func {
            Expr::Attribute(method) => self.attribute(method),
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Call(_) => self.expression(&call.func),
            _ => Account::default(),
        };
        let given = call.arguments.args.iter().map(|argument| match argument {
            // To make a coroutine runs nothing of it. A plain function may make it, and fail.
            Expr::Call(work) if starts_work(call) => {
                let made = (self.done)(Act::Call(work), self.taken);
                let parts = self.parts_of(work);
                if made.is_closed(self.module, work.range()) { parts } else { parts.and(made) }
            }
            argument => self.expression(argument),
        });
        receiver.and(Account::all(given)).and(Account::all(named))
    }

    /// To write to a log does not fail, nor does it to put the message together. What is awaited for it is work, and so
    /// may be a call, where there is no other.
    fn log(&self, call: &ExprCall) -> Account {
        let told = Listener { is_log: true, ..*self };
        let named = call.arguments.keywords.iter().map(|keyword| told.expression(&keyword.value));
        told.expressions(&call.arguments.args).and(Account::all(named))
    }

    /// Whether a name is called that stands for the method of a logger: `log = logger.warning`.
    fn is_log_by_name(&self, call: &ExprCall) -> bool {
        let value = |name| self.module.with_value(name, |_, value| is_log_method(value));
        call.func.as_name_expr().and_then(value).unwrap_or(false)
    }

    fn comprehension(&self, elements: &[&Expr], generators: &[Comprehension]) -> Account {
        let parts = generators.iter().map(|generator| {
            let iterated =
                if generator.is_async { (self.done)(Act::Iterate(&generator.iter), self.taken) } else { self.expression(&generator.iter) };
            iterated.and(self.expressions(&generator.ifs))
        });
        Account::all(parts).and(Account::all(elements.iter().map(|element| self.expression(element))))
    }

    /// Numbers and times can be added, subtracted and compared, and be divided by what is not zero, and texts and lists be
    /// joined to their like.
    pub(super) fn operation(&self, at: TextRange, left: &Expr, operator: Operator, right: &Expr) -> Account {
        let is_number = |side| matches!(self.value_of(side), Some(Value::Number | Value::Time));
        let is_time = |side| self.value_of(side) == Some(Value::Time);
        let itself = match operator {
            Operator::Add if self.value_of(left).is_some_and(|value| self.value_of(right) == Some(value)) => Account::default(),
            Operator::Add | Operator::Sub | Operator::Mult if is_number(left) && is_number(right) => Account::default(),
            Operator::Add | Operator::Sub if is_time(left) || is_time(right) => Account::default(),
            // A counter, a difference, and a set of flags.
            Operator::Add if right.is_number_literal_expr() => Account::small(),
            Operator::Sub | Operator::Mult => Account::small(),
            Operator::BitOr | Operator::BitAnd | Operator::BitXor => Account::small(),
            Operator::Pow if is_number(left) && is_number(right) => Account::small(),
            Operator::Div | Operator::FloorDiv | Operator::Mod if is_number(left) && is_above_zero(right) => Account::default(),
            Operator::Div | Operator::FloorDiv if is_above_zero(right) => Account::small(),
            Operator::Div | Operator::FloorDiv | Operator::Mod if is_zero(right) => self.source(Weight::Heavy, at),
            _ if self.is_log => Account::default(),
            _ => self.source(Weight::Data, at),
        };
        itself.and(self.expression(left)).and(self.expression(right))
    }

    /// A list or text has each slice that it is asked for, if only an empty one, and what has been looked for is there.
    fn subscript(&self, subscript: &ExprSubscript) -> Account {
        let itself = match &*subscript.slice {
            _ if self.is_log => Account::default(),
            Expr::Slice(ExprSlice { step: None, .. }) => Account::small(),
            _ if self.has_every_key(&subscript.value) || self.is_looked_up(subscript) => Account::small(),
            _ => self.source(Weight::Data, subscript),
        };
        itself.and(self.expression(&subscript.value)).and(self.expression(&subscript.slice))
    }

    /// Whether a mapping makes the values that it does not have, whatever it is declared as.
    fn has_every_key(&self, table: &Expr) -> bool {
        let is_filled = |call: &ExprCall| last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "defaultdict" | "Counter"));
        match self.value_of(table) {
            Some(Value::Filled) => true,
            Some(Value::Dict) | None => is_always_made(self.module, table, &is_filled),
            Some(_) => false,
        }
    }

    /// Whether the function around has asked whether what a subscript asks for is there: `if key in table`, `for key in
    /// table`, and of the first or last element `if table`.
    fn is_looked_up(&self, subscript: &ExprSubscript) -> bool {
        let (table, key) = (self.text(subscript.value.range()), self.text(subscript.slice.range()));
        let is_end = matches!(key, "0" | "-1");
        let asks = |text: &str| {
            text.contains(&format!("{key} in {table}"))
                || (is_end
                    && [format!("if {table}"), format!("while {table}"), format!("len({table})")].iter().any(|test| text.contains(test)))
        };
        asks(self.before(subscript.start()))
    }

    fn text(&self, range: TextRange) -> &str {
        &self.module.text()[range]
    }

    /// The source of the function around, up to a place.
    fn before(&self, place: ruff_text_size::TextSize) -> &str {
        let before = &self.module.text()[TextRange::up_to(place)];
        before.rfind("def ").map_or(before, |start| &before[start..])
    }

    pub(super) fn deleted(&self, target: &Expr) -> Account {
        match target {
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Attribute(attribute) => self.expression(&attribute.value),
            Expr::Tuple(targets) => Account::all(targets.elts.iter().map(|target| self.deleted(target))),
            _ => Account::default(),
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
            | (Some(Value::List | Value::Deque | Value::Set | Value::Dict | Value::Filled), "copy")
            | (Some(Value::Dict | Value::Filled), "keys" | "values" | "items") => takes_nothing,
            (Some(Value::Set), "discard") | (Some(Value::Dict | Value::Filled), "get") => !takes_nothing,
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
            | (Some(Value::Dict | Value::Filled), "setdefault" | "update" | "clear") => true,
            (Some(Value::Dict | Value::Filled), "pop") => call.arguments.len() == 2,
            // Who asks first whether there is anything takes what is there.
            (Some(Value::List | Value::Deque | Value::Set), "pop" | "popleft") => {
                let (before, receiver) = (self.before(call.start()), self.text(method.value.range()));
                call.arguments.is_empty() && ["while ", "if ", "len("].iter().any(|test| before.contains(&format!("{test}{receiver}")))
            }
            _ => false,
        }
    }

    /// A future that somebody may have resolved or cancelled refuses its outcome, unless it is asked first.
    fn resolved(&self, call: &ExprCall) -> Account {
        let receiver = call.func.as_attribute_expr().map_or("", |method| self.text(method.value.range()));
        let before = self.before(call.start());
        let is_asked = [".done()", ".cancelled()"].iter().any(|test| before.contains(&format!("{receiver}{test}")));
        // Nobody else has what is made in the same breath.
        let is_own = before.lines().any(|line| {
            line.trim_start().strip_prefix(receiver).is_some_and(|rest| rest.trim_start().starts_with('=')) && line.contains("uture(")
        });
        if is_asked || is_own { Account::default() } else { self.source(Weight::Data, call) }
    }

    /// Which built-in class every value of an expression is of.
    fn value_of(&self, expression: &Expr) -> Option<Value> {
        let value = |class: &str| match class {
            "builtins.int" | "builtins.float" => Some(Value::Number),
            "builtins.str" => Some(Value::Text),
            "builtins.list" => Some(Value::List),
            "collections.deque" => Some(Value::Deque),
            "builtins.set" => Some(Value::Set),
            "collections.defaultdict" | "collections.Counter" => Some(Value::Filled),
            "builtins.dict" | "typing.Mapping" => Some(Value::Dict),
            "datetime.datetime" | "datetime.timedelta" => Some(Value::Time),
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

    pub(super) fn expressions(&self, expressions: &[Expr]) -> Account {
        Account::all(expressions.iter().map(|expression| self.expression(expression)))
    }
}

fn is_zero(expression: &Expr) -> bool {
    matches!(expression, Expr::NumberLiteral(literal) if matches!(&literal.value, Number::Int(value) if value.as_u64() == Some(0)))
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

/// Calls that do not fail in practice: tests of events and loops, clocks, and the setting of events.
fn is_quiet(call: &ExprCall) -> bool {
    let takes_nothing = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
    last_name(&call.func).is_some_and(|name| match name.as_str() {
        "is_set" | "set" | "clear" | "done" | "cancelled" | "is_closing" | "monotonic" | "monotonic_ns" | "time" | "time_ns"
        | "perf_counter" | "perf_counter_ns" | "get_running_loop" | "get_event_loop" | "current_task" => takes_nothing,
        "cancel" => true,
        // To make an exception is not to raise it.
        name => name.starts_with(char::is_uppercase) && (name.ends_with("Error") || name.ends_with("Exception")),
    })
}

/// Whether the least or greatest of one collection is asked for, which may be empty.
fn chooses_from_one(call: &ExprCall) -> bool {
    let chooses = matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "min" | "max"));
    let is_one = matches!(&*call.arguments.args, [one] if !one.is_starred_expr());
    chooses && is_one && call.arguments.find_keyword("default").is_none()
}

/// Whether a call makes a task of the coroutine that it is given, as its name says.
fn starts_work(call: &ExprCall) -> bool {
    last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "create_task" | "ensure_future" | "run_coroutine_threadsafe"))
}

/// Whether a future is given its outcome.
fn resolves(call: &ExprCall) -> bool {
    call.func.is_attribute_expr() && last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "set_result" | "set_exception"))
}
