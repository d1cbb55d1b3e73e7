//! An exit of a context manager that loses what leaves its block.

use super::Rule;
use crate::facts::{ExitFault, Fact};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "swallowing-exit", level: Level::Default, page: include_str!("swallowing_exit.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::FaultyExit(exit) = fact else { return None };
    let method = &exit.method;
    let (message, help) = match &exit.fault {
        ExitFault::Swallows(value) => (
            format!("`{method}` returns `{value}`, which is true: every failure and cancellation that leaves the block vanishes"),
            "return nothing, or true only for the exceptions that are meant",
        ),
        ExitFault::Signature => (
            format!("`{method}` cannot take the three arguments that Python gives it: a `TypeError` replaces the failure"),
            "take the class of the exception, the exception and its traceback",
        ),
        ExitFault::Coroutine => (
            format!("`{method}` gives a coroutine, which is true: every failure vanishes, and the body never runs"),
            "make it a plain function, or name it `__aexit__`",
        ),
        ExitFault::Plain => (
            format!("`async with` awaits what `{method}` returns, which is `None`: a `TypeError` replaces the failure"),
            "make it `async def`",
        ),
        ExitFault::Converts(class) => (
            format!("`{method}` raises `{class}` in place of whatever leaves the block, a cancellation too"),
            "convert what is an `Exception`, and let the rest through",
        ),
    };
    let level = if matches!(exit.fault, ExitFault::Converts(_)) { Level::Strict } else { Level::Default };
    Some(RULE.finding(&exit.site, message, help).at_level(level))
}
