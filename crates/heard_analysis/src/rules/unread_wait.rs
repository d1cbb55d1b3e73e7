//! Tasks that were waited for, and whose outcomes nobody reads.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Fact, Fate, Hearing, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "unread-wait", level: Level::Default, page: include_str!("unread_wait.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Fate::Lost(Loss::Unexamined { .. }), Hearing::Deaf, Some(wait)) = (&birth.fate, birth.hearing, &birth.lost_at) else { return None };
    let message = "this waits for tasks, and nobody looks at how they ended: their failures are not heard".to_owned();
    let finding = RULE.finding(&birth.site, message, "call `result()` on each task that is done, or use `gather` or a `TaskGroup`");
    let finding = finding.told_at(wait, birth, format!("{} is one of them", subject(birth)));
    Some(if birth.is_cleanup { finding.at_level(Level::Strict) } else { finding })
}
