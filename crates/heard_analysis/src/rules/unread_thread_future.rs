//! A thread future whose outcome nobody reads.

use super::Rule;
use crate::facts::{Fact, Fate, Kind, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "unread-thread-future", level: Level::Strict, page: include_str!("unread_thread_future.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let Fate::Lost(loss) = &birth.fate else { return None };
    if !birth.hearing.lets_out() {
        return None;
    }
    let work = birth.work.as_ref().map(|work| format!(" for `{work}`")).unwrap_or_default();
    let what = match loss {
        Loss::UnusedName(name) | Loss::Overwritten { name, .. } | Loss::NeverRead { holder: Some(name), .. } => {
            format!("bound to `{name}` and never read")
        }
        Loss::Kept { holder, .. } => format!("kept in `{holder}` and never read"),
        Loss::Handed { function, .. } => format!("handed to `{function}`, which does not read it"),
        _ => "dropped".to_owned(),
    };
    let callee = &birth.callee;
    let (message, help) = match (birth.kind, loss) {
        (Kind::ThreadFuture, _) => (
            format!("the future of `{callee}`{work} is {what}: Python never shows its failure"),
            "call `result()`, or give it a done callback that reads the exception",
        ),
        // Whatever else is done with the results may iterate them.
        (Kind::ThreadResults, Loss::Dropped | Loss::UnusedName(_) | Loss::Overwritten { .. }) => (
            format!("the results of `{callee}`{work} are {what}: Python never shows a failure among them"),
            "iterate the results, which raises what a call has raised",
        ),
        _ => return None,
    };
    Some(RULE.finding(&birth.site, message, help).with_loss(birth, loss).telling(birth))
}
