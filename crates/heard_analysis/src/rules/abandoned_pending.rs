//! Tasks that a wait leaves behind.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Birth, Desertion, Fact, Left, LeftRace};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "abandoned-pending", level: Level::Strict, page: include_str!("abandoned_pending.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    match fact {
        Fact::Birth(birth) => left_behind(birth),
        Fact::Desertion(Desertion { site, callee, left: Left::Pending, at }) => {
            let message = format!("what `{callee}` still waits for is neither cancelled nor awaited where whoever iterates stops early");
            let mut finding = RULE.finding(site, message, "put a `try` around the loop, and cancel and await what is pending in its `finally`");
            finding.trace.push(Step { span: at.clone(), message: "the iteration may end here".to_owned() });
            Some(finding.at_level(Level::Preview))
        }
        Fact::LeftRace(race) => Some(left_by_cancelled(race)),
        _ => None,
    }
}

fn left_by_cancelled(race: &LeftRace) -> Finding {
    let (end, level) = if race.takes { ("takes what nobody gets", Level::Strict) } else { ("never ends", Level::Preview) };
    let message = format!("when this coroutine is cancelled at the wait, the task of `{}` runs on and {end}", race.work);
    let mut finding = RULE.finding(&race.site, message, "put a `try` around the wait, and cancel the task in its `finally`").at_level(level);
    finding.trace.push(Step { span: race.waited_at.clone(), message: "it is waited for here, and not cancelled with the wait".to_owned() });
    finding
}

fn left_behind(birth: &Birth) -> Option<Finding> {
    let (wait, is_cancelled) = birth.abandoned.as_ref()?;
    // Where nobody looks at those that are done either, that is `unread-wait`.
    if birth.unexamined_at().is_some() {
        return None;
    }
    let what = match is_cancelled {
        false => "neither cancelled nor awaited",
        true if birth.hearing.lets_out() => "cancelled and never awaited",
        true => return None,
    };
    let message = format!("what is still running after this wait is {what}");
    let finding = RULE.finding(&birth.site, message, "cancel each pending task, and await them with `gather(*pending, return_exceptions=True)`");
    Some(finding.told_at(wait, birth, format!("{} is waited for", subject(birth))).at_level(Level::Strict))
}
