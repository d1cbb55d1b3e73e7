//! A done callback that raises when what is done was cancelled.

use super::Rule;
use crate::edit::{Edit, Fix};
use crate::facts::{Fact, Guard, Kind, OutcomeCallback, RaisesOn, SignalRaise};
use crate::finding::{Finding, Level, Position, Span, Step};

pub(super) const RULE: Rule =
    Rule { name: "raising-callback", level: Level::Default, page: include_str!("raising_callback.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let callback = match fact {
        Fact::OutcomeCallback(callback) => callback,
        Fact::SignalRaise(raise) => return Some(of_signal(raise)),
        _ => return None,
    };
    let raises_on = callback.raises?;
    // A task is cancelled at the latest when `asyncio.run` ends; any other future only if somebody does it.
    let level = if callback.kind == Kind::Task && !callback.is_last { Level::Default } else { Level::Strict };
    let noun = callback.kind.noun();
    let any_failure = if raises_on == RaisesOn::Failure { ", and when it has failed" } else { "" };
    let message =
        format!("`{}.{}()` raises in this done callback when the {noun} was cancelled{any_failure}", callback.name, callback.method);
    let mut finding = RULE.finding(&callback.site, message, format!("ask `{}.cancelled()` first", callback.name)).at_level(level);
    finding.fix = callback.guard.as_ref().map(|guard| guard_fix(callback, guard));
    Some(match &callback.passed {
        // Who wrote the handler meant to take whatever comes.
        Some(handler) => finding.told_past(handler, "a `CancelledError` is no `Exception`: it passes the handler"),
        None => finding,
    })
}

/// A signal handler of Python runs between two steps of whatever runs, a callback of the loop too.
fn of_signal(raise: &SignalRaise) -> Finding {
    let message = format!("`{}` is raised in whatever callback runs when the signal comes: the loop logs it there, and works on", raise.exception);
    let mut finding = RULE.finding(&raise.site, message, "set an event in `loop.add_signal_handler`").at_level(Level::Strict);
    finding.trace.push(Step { span: raise.given_at.clone(), message: "it handles the signal since this".to_owned() });
    finding
}

/// The fix that asks first. It is safe: all that it takes away is the error of the callback itself.
fn guard_fix(callback: &OutcomeCallback, guard: &Guard) -> Fix {
    let name = &callback.name;
    let (place, before, after) = match guard {
        Guard::Test { test, brackets: false } => (test, format!("not {name}.cancelled() and "), ""),
        Guard::Test { test, brackets: true } => (test, format!("not {name}.cancelled() and ("), ")"),
        Guard::Value { call, brackets: false } => (call, format!("None if {name}.cancelled() else "), ""),
        Guard::Value { call, brackets: true } => (call, format!("(None if {name}.cancelled() else "), ")"),
    };
    let put = |at: Position, text: &str| Edit { span: Span { path: place.path.clone(), start: at, end: at }, text: text.to_owned() };
    let mut edits = vec![put(place.start, &before), put(place.end, after)];
    edits.retain(|edit| !edit.text.is_empty());
    Fix { safe: true, title: format!("ask `{name}.cancelled()` first"), edits }
}
