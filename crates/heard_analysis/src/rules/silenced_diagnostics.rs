//! The program switches off a place where asyncio would tell of failures.

use super::Rule;
use crate::facts::{Fact, Silenced};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "silenced-diagnostics", level: Level::Strict, page: include_str!("silenced_diagnostics.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Silence(silence) = fact else { return None };
    let (message, help) = match silence.what {
        Silenced::ExceptionHandler => (
            "the exception handler does nothing, so failures that nobody reads leave no trace",
            "log what the handler is given, or leave the loop's own handler in place",
        ),
        Silenced::Logger => (
            "this switches off the `asyncio` logger, so failures that nobody reads leave no trace",
            "let the logger `asyncio` through at level ERROR",
        ),
        Silenced::AllLoggers => (
            "this switches off errors of every logger, the one of `asyncio` too, so failures that nobody reads leave no trace",
            "let errors through, at least those of the logger `asyncio`",
        ),
        Silenced::ExistingLoggers => (
            "`dictConfig` disables loggers that exist already, the one of `asyncio` too, so failures that nobody reads leave no trace",
            "add `\"disable_existing_loggers\": False`",
        ),
        Silenced::Warnings => (
            "this hides every `RuntimeWarning`, also that a coroutine was never awaited",
            "ignore one category or message, or do it inside `warnings.catch_warnings()`",
        ),
        Silenced::NeverAwaited => (
            "this hides the warning that a coroutine was never awaited",
            "await the coroutine; the warning says where it was made when `PYTHONTRACEMALLOC` is set",
        ),
    };
    Some(RULE.finding(&silence.site, message.to_owned(), help))
}
