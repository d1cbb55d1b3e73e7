//! A thread future whose outcome nobody reads.

use super::Rule;
use crate::facts::{Fact, Fate, Hearing, Kind, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "unread-thread-future", level: Level::Default, page: include_str!("unread_thread_future.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::ThreadFuture, Fate::Lost(loss), Hearing::Deaf) = (birth.kind, &birth.fate, birth.hearing) else { return None };
    let work = birth.work.as_ref().map(|work| format!(" for `{work}`")).unwrap_or_default();
    let what = match loss {
        Loss::UnusedName(name) | Loss::Overwritten { name, .. } | Loss::NeverRead { holder: Some(name), .. } => {
            format!("is bound to `{name}` and never read")
        }
        _ => "is dropped".to_owned(),
    };
    let message = format!("the future of `{}`{work} {what}: Python never shows its failure", birth.callee);
    Some(RULE.finding(&birth.site, message, "call `result()`, or give it a done callback that reads the exception").with_loss(birth, loss))
}
