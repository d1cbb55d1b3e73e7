//! An async generator or context manager that is used like a plain one, or not at all.

use super::Rule;
use crate::facts::{Birth, Fact, Fate, Kind, Loss, Operation};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "async-generator-misuse", level: Level::Default, page: include_str!("async_generator_misuse.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    match fact {
        Fact::Birth(birth) => of_birth(birth),
        Fact::PlainEntry(entry) => {
            let message = format!("`{}` is entered with a plain `with`, and has no `__enter__`", entry.manager);
            Some(RULE.finding(&entry.site, message, "enter it with `async with`"))
        }
        _ => None,
    }
}

fn of_birth(birth: &Birth) -> Option<Finding> {
    let Fate::Lost(loss) = &birth.fate else { return None };
    let callee = &birth.callee;
    let (message, help) = match (birth.kind, loss) {
        (Kind::Coroutine, Loss::UsedAsValue { operation: Operation::AsyncIteration, .. }) => {
            (format!("`{callee}` gives a coroutine, which `async for` cannot iterate"), "await it, and iterate over its result")
        }
        (Kind::AsyncGenerator, Loss::UsedAsValue { operation: Operation::Await, .. }) => {
            (format!("the async generator of `{callee}` is awaited"), "iterate over it with `async for`")
        }
        (Kind::AsyncGenerator, Loss::UsedAsValue { operation: Operation::Iteration, .. }) => {
            (format!("the async generator of `{callee}` is iterated like a plain one"), "iterate over it with `async for`")
        }
        (Kind::AsyncGenerator, Loss::Dropped | Loss::DroppedByCaller | Loss::UnusedName(_) | Loss::Overwritten { .. }) => {
            (format!("the async generator of `{callee}` is never iterated, so it never runs"), "iterate over it with `async for`")
        }
        (Kind::AsyncManager, Loss::UsedAsValue { operation: Operation::Entering, .. }) => {
            (format!("the async context manager of `{callee}` is entered with a plain `with`"), "enter it with `async with`")
        }
        (Kind::AsyncManager, Loss::Dropped | Loss::DroppedByCaller) => {
            (format!("the async context manager of `{callee}` is never entered, so it does nothing"), "enter it with `async with`")
        }
        _ => return None,
    };
    let finding = RULE.finding(&birth.site, message, help);
    Some(finding.told_at_use(birth, "it is made here"))
}
