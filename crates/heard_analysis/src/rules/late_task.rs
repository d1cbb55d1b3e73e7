//! A task that is read only behind something that does not end.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Fact, Fate, Hearing, Kind, Loss, Obstacle};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "late-task", level: Level::Default, page: include_str!("late_task.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Task | Kind::Future | Kind::Gather, Fate::Lost(loss @ Loss::Late { behind, .. }), Hearing::Deaf) =
        (birth.kind, &birth.fate, birth.hearing)
    else {
        return None;
    };
    let (place, level) = match behind {
        Obstacle::Endless => ("behind something that does not end", Level::Default),
        Obstacle::Handover => ("when whoever uses this is done", Level::Strict),
    };
    let message = format!("{} is read only {place}", subject(birth));
    let help = "wait for both, in a `TaskGroup` say, or give the task a done callback that reads the exception";
    Some(RULE.finding(&birth.site, message, help).with_loss(birth, loss).at_level(level))
}
