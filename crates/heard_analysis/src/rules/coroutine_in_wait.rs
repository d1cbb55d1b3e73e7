//! A coroutine where `asyncio.wait` wants a task.

use super::Rule;
use crate::facts::{Fact, Fate, Kind, Loss, Operation};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "coroutine-in-wait", level: Level::Default, page: include_str!("coroutine_in_wait.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Coroutine, Fate::Lost(Loss::UsedAsValue { operation: Operation::Waiting, .. }), Some(wait)) =
        (birth.kind, &birth.fate, &birth.lost_at)
    else {
        return None;
    };
    let message = format!("the coroutine of `{}` is given to a wait that takes tasks only: an error since Python 3.11", birth.callee);
    let finding = RULE.finding(&birth.site, message, "make a task of it with `create_task`, or use `gather`");
    Some(finding.told_at(wait, birth, "the coroutine is made here"))
}
