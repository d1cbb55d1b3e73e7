//! A cancellation that a coroutine catches and survives.

use super::Rule;
use crate::facts::{Caught, Fact};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "swallowed-cancellation", level: Level::Default, page: include_str!("swallowed_cancellation.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Swallow(swallow) = fact else { return None };
    let level = match (swallow.caught, swallow.repeats) {
        (Caught::All, _) | (Caught::Mixed, true) => Level::Default,
        // It may be wanted: the loop outlives what is cancelled in it.
        (Caught::Cancellation, true) | (Caught::Mixed, false) => Level::Strict,
        // Who names cancellation alone, outside of a loop, has seen it coming.
        (Caught::Cancellation, false) => return None,
    };
    let then = if swallow.repeats { "the loop goes on" } else { "the coroutine works on" };
    let message = format!("`{}` swallows cancellation: the task is told to stop, and {then}", swallow.source);
    let help = match swallow.caught {
        Caught::All => "catch `Exception`, which leaves cancellation alone, or end the handler with `raise`",
        Caught::Mixed => "leave `CancelledError` out, or raise it again",
        Caught::Cancellation => "end with `raise`, or leave the loop",
    };
    Some(RULE.finding(&swallow.site, message, help).at_level(level))
}
