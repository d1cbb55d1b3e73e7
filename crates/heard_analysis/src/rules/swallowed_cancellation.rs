//! A cancellation that a coroutine catches and survives.

use super::Rule;
use crate::facts::{Caught, Fact, Then};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "swallowed-cancellation", level: Level::Default, page: include_str!("swallowed_cancellation.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Swallow(swallow) = fact else { return None };
    let level = match (swallow.caught, swallow.then) {
        (_, Then::LeavesRest | Then::WaitsForOther) => Level::Preview,
        (_, Then::WorksOnInside | Then::RaisedInOthers) => Level::Strict,
        (Caught::All, _) | (Caught::Mixed, Then::Repeats) => Level::Default,
        // It may be wanted: who calls outlives what is cancelled in the call.
        (Caught::Cancellation, Then::Repeats | Then::CallersWorkOn) | (Caught::Mixed, _) => Level::Strict,
        // Who names cancellation alone, outside of a loop, has seen it coming.
        (Caught::Cancellation, Then::WorksOn) => return None,
    };
    let then = match swallow.then {
        Then::Repeats => "the loop goes on",
        Then::WorksOn => "the coroutine works on",
        Then::CallersWorkOn => "the coroutine that awaits this one works on",
        Then::LeavesRest => "it ends as if all had been done",
        Then::WorksOnInside => "the handler works on",
        Then::RaisedInOthers => "others raise it",
        Then::WaitsForOther => "that looks as if what it waits for had been",
    };
    if swallow.then == Then::RaisedInOthers {
        let message = format!("`{}` keeps a cancellation of this coroutine, and others raise it: they are cancelled by nobody", swallow.source);
        return Some(RULE.finding(&swallow.site, message, "keep what is an `Exception`, and let a cancellation go").at_level(level));
    }
    let message = format!("`{}` swallows cancellation: the task is told to stop, and {then}", swallow.source);
    let help = match swallow.caught {
        Caught::All => "catch `Exception`, which leaves cancellation alone, or end the handler with `raise`",
        Caught::Mixed => "leave `CancelledError` out, or raise it again",
        Caught::Cancellation => "end the handler with `raise`",
    };
    Some(RULE.finding(&swallow.site, message, help).at_level(level))
}
