//! Tasks that a wait leaves behind.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Fact, Fate, Hearing, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "abandoned-pending", level: Level::Strict, page: include_str!("abandoned_pending.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (wait, is_cancelled) = birth.abandoned.as_ref()?;
    // Where nobody looks at those that are done either, that is `unread-wait`.
    if matches!(birth.fate, Fate::Lost(Loss::Unexamined { .. })) && birth.hearing == Hearing::Deaf {
        return None;
    }
    let (what, level) = match (is_cancelled, birth.hearing) {
        (false, Hearing::Deaf) => ("neither cancelled nor awaited", Level::Strict),
        (false, _) => ("neither cancelled nor awaited", Level::Strict),
        (true, Hearing::Deaf) => ("cancelled and never awaited", Level::Strict),
        (true, _) => return None,
    };
    let message = format!("what is still running after this wait is {what}");
    let finding = RULE.finding(&birth.site, message, "cancel each pending task, and await them with `gather(*pending, return_exceptions=True)`");
    Some(finding.told_at(wait, birth, format!("{} is waited for", subject(birth))).at_level(level))
}
