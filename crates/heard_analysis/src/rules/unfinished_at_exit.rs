//! A task that the end of the program cuts off.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Fact, Fate, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "unfinished-at-exit", level: Level::Default, page: include_str!("unfinished_at_exit.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let Fate::Lost(Loss::CutOff) = birth.fate else { return None };
    let message = format!("{} is cancelled in the middle of its work, when the coroutine around it returns and the loop ends", subject(birth));
    Some(RULE.finding(&birth.site, message, "await it before the end, or start it in a `TaskGroup`"))
}
