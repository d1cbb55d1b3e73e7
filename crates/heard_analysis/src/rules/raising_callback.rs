//! A done callback that raises when what is done was cancelled.

use super::Rule;
use crate::facts::{Fact, Kind};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "raising-callback", level: Level::Default, page: include_str!("raising_callback.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::OutcomeCallback(callback) = fact else { return None };
    if !callback.raises {
        return None;
    }
    // A task is cancelled at the latest when `asyncio.run` ends; any other future only if somebody does it.
    let level = if callback.kind == Kind::Task { Level::Default } else { Level::Strict };
    let noun = callback.kind.noun();
    let message = format!("`{}.{}()` raises in this done callback when the {noun} was cancelled", callback.name, callback.method);
    let finding = RULE.finding(&callback.site, message, format!("ask `{}.cancelled()` first", callback.name)).at_level(level);
    Some(match &callback.passed {
        // Who wrote the handler meant to take whatever comes.
        Some(handler) => finding.told_past(handler, "a `CancelledError` is no `Exception`: it passes the handler"),
        None => finding,
    })
}
