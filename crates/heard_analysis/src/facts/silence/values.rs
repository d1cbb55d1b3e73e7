//! What the values mean that logging and warnings are given.

use ruff_python_ast::{Expr, ExprCall, ExprDict, Number, Operator};

use super::last_name;

/// The level of an error in a log.
const ERROR: i64 = 40;

pub(super) fn is_text(expression: &Expr, text: &str) -> bool {
    expression.as_string_literal_expr().is_some_and(|literal| literal.value.to_str() == text)
}

pub(super) fn is_false(expression: &Expr) -> bool {
    expression.as_boolean_literal_expr().is_some_and(|literal| !literal.value)
}

/// The items of a list, tuple or set that is written down.
pub(super) fn items_of(expression: &Expr) -> Option<&[Expr]> {
    match expression {
        Expr::List(list) => Some(&list.elts),
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::Set(set) => Some(&set.elts),
        _ => None,
    }
}

/// Whether a level keeps errors from being logged.
pub(super) fn above_error(level: &Expr) -> bool {
    level_of(level).is_some_and(|level| level > ERROR)
}

/// The number of a level: `logging.CRITICAL`, `"CRITICAL"`, `50`, `logging.CRITICAL + 1`.
pub(super) fn level_of(level: &Expr) -> Option<i64> {
    match level {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(number) => number.as_i64(),
            _ => None,
        },
        Expr::StringLiteral(literal) => level_called(literal.value.to_str()),
        Expr::Name(_) | Expr::Attribute(_) => level_called(last_name(level)?),
        Expr::BinOp(sum) if sum.op == Operator::Add => level_of(&sum.left)?.checked_add(level_of(&sum.right)?),
        Expr::BinOp(difference) if difference.op == Operator::Sub => level_of(&difference.left)?.checked_sub(level_of(&difference.right)?),
        _ => None,
    }
}

fn level_called(name: &str) -> Option<i64> {
    match name {
        "NOTSET" => Some(0),
        "DEBUG" => Some(10),
        "INFO" => Some(20),
        "WARNING" | "WARN" => Some(30),
        "ERROR" => Some(ERROR),
        "CRITICAL" | "FATAL" => Some(50),
        _ => None,
    }
}

/// Whether a configuration for `dictConfig` switches off the logger called `name` if that exists.
pub(super) fn disables_existing_loggers(config: &Expr, name: &str) -> bool {
    let Expr::Dict(config) = config else { return false };
    let disables =
        entry(config, "disable_existing_loggers").is_none_or(|value| value.as_boolean_literal_expr().is_some_and(|literal| literal.value));
    let starts_anew = entry(config, "incremental").is_none_or(is_false);
    let names_logger = match entry(config, "loggers") {
        None => false,
        Some(Expr::Dict(loggers)) => !is_plain(loggers) || entry(loggers, name).is_some(),
        Some(_) => true,
    };
    is_plain(config) && entry(config, "version").is_some() && disables && starts_anew && !names_logger
}

/// Whether every key of a dictionary is written down.
fn is_plain(dict: &ExprDict) -> bool {
    dict.items.iter().all(|item| item.key.as_ref().is_some_and(Expr::is_string_literal_expr))
}

fn entry<'a>(dict: &'a ExprDict, key: &str) -> Option<&'a Expr> {
    dict.items.iter().find(|item| item.key.as_ref().is_some_and(|found| is_text(found, key))).map(|item| &item.value)
}

/// Whether a filter hides every `RuntimeWarning`.
pub(super) fn hides_runtime_warnings(call: &ExprCall, is_simple: bool) -> bool {
    let is_any = is_simple || message(call).is_none_or(|message| is_text(message, ""));
    is_any && hides(call, is_simple)
}

/// Whether a filter hides the warning of a coroutine that was never awaited, by its message.
pub(super) fn hides_never_awaited(call: &ExprCall, is_simple: bool) -> bool {
    let matches = |message: &Expr| {
        let Some(literal) = message.as_string_literal_expr() else { return false };
        let text = literal.value.to_str().to_lowercase();
        let text = text.trim_start_matches('^');
        // The pattern must match from the start.
        let begins = text.starts_with("coroutine") || text.starts_with(".*");
        begins && (text.contains("never awaited") || text.contains("was never") || matches!(text, "coroutine" | "coroutine.*" | ".*"))
    };
    !is_simple && hides(call, is_simple) && message(call).is_some_and(matches)
}

fn message(call: &ExprCall) -> Option<&Expr> {
    call.arguments.find_argument_value("message", 1)
}

/// Whether a filter hides warnings of the category `RuntimeWarning`, of whatever module.
fn hides(call: &ExprCall, is_simple: bool) -> bool {
    let argument = |name, place| call.arguments.find_argument_value(name, place);
    let is_zero = |line: &Expr| level_of(line) == Some(0);
    let (category, module, line, append) = if is_simple {
        (argument("category", 1), None, argument("lineno", 2), argument("append", 3))
    } else {
        (argument("category", 2), argument("module", 3), argument("lineno", 4), argument("append", 5))
    };
    argument("action", 0).is_some_and(|action| is_text(action, "ignore"))
        && category.is_none_or(covers_runtime_warnings)
        && module.is_none_or(|module| is_text(module, ""))
        && line.is_none_or(is_zero)
        // What is put behind the other filters, `python -W` and `-X dev` still show.
        && append.is_none_or(is_false)
}

fn covers_runtime_warnings(category: &Expr) -> bool {
    match category {
        Expr::Tuple(categories) => categories.elts.iter().any(covers_runtime_warnings),
        category => last_name(category).is_some_and(|name| matches!(name.as_str(), "RuntimeWarning" | "Warning")),
    }
}
