//! A coroutine function where a plain function is called.

use super::Rule;
use crate::facts::{CallbackFate, Callbacks, Fact};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "async-function-as-callback",
    level: Level::Default,
    page: include_str!("async_function_as_callback.md"),
    check,
};

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::AsyncCallback(callback) = fact else { return None };
    let (level, lost) = match callback.fate {
        CallbackFate::Known(Callbacks::DropResult) => (Level::Default, "drops the coroutine that it returns: its code never runs"),
        CallbackFate::Known(Callbacks::Await) => return None,
        CallbackFate::Known(Callbacks::Outcome) => (Level::Default, "only makes its coroutine, which nothing awaits: its code never runs"),
        CallbackFate::Known(Callbacks::TestResult) => (Level::Default, "takes its coroutine for the answer, which is always true"),
        CallbackFate::Known(Callbacks::CompareResult) => (Level::Default, "compares its coroutines, which have no order"),
        // What overrides it may know better.
        CallbackFate::Seen => (Level::Strict, "calls it and takes the coroutine for the result: its code never runs"),
        // Annotations lie.
        CallbackFate::Annotated => (Level::Strict, "says that it takes a function that returns something else: nothing may await the coroutine"),
    };
    let message = format!("`{}` is an async function, and `{}` {lost}", callback.function, callback.callee);
    let help = "give it a plain function, which may start a task and keep it";
    Some(RULE.finding(&callback.site, message, help).at_level(level))
}
