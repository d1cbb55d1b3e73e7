//! A task whose only callback takes it out of its registry.

use super::Rule;
use super::unread_task::{HELP, subject};
use crate::facts::{Fact, Fate, Kind, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "discard-only-callback", level: Level::Strict, page: include_str!("discard_only_callback.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Task | Kind::Future | Kind::Gather, Fate::Lost(Loss::Discarded { .. }), Some(place)) =
        (birth.kind, &birth.fate, &birth.lost_at)
    else {
        return None;
    };
    if !birth.hearing.lets_out() {
        return None;
    }
    let message = format!("{} is only taken out of its registry when it is done: nobody reads its failure", subject(birth));
    Some(RULE.finding(&birth.site, message, HELP).told_at(place, birth, "it is made here").telling(birth))
}
