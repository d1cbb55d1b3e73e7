//! A task that is read only behind something that does not end.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Birth, Desertion, Fact, Fate, Kind, Left, Loss, Obstacle};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "late-task", level: Level::Default, page: include_str!("late_task.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    match fact {
        Fact::Birth(birth) => read_late(birth),
        Fact::Desertion(Desertion { site, callee, left: Left::Task(work), at }) => {
            let work = work.as_ref().map(|work| format!(" for `{work}`")).unwrap_or_default();
            let message = format!("the task of `{callee}`{work} is read only behind a `yield`, where whoever iterates may stop");
            let mut finding = RULE.finding(site, message, "cancel and await it in a `finally` block around the `yield`");
            finding.trace.push(Step { span: at.clone(), message: "the iteration may end here".to_owned() });
            Some(finding.at_level(Level::Preview))
        }
        _ => None,
    }
}

fn read_late(birth: &Birth) -> Option<Finding> {
    let (Kind::Task | Kind::Future | Kind::Gather, Fate::Lost(loss @ Loss::Late { behind, .. })) = (birth.kind, &birth.fate) else {
        return None;
    };
    if !birth.hearing.is_deaf() {
        return None;
    }
    let (place, level) = match behind {
        Obstacle::Endless => ("behind something that does not end", if birth.hearing.lets_out() { Level::Default } else { Level::Strict }),
        Obstacle::Handover => ("when whoever uses this is done", Level::Strict),
    };
    let message = format!("{} is read only {place}{}", subject(birth), birth.hearing.aside());
    let help = "wait for both, in a `TaskGroup` say, or give the task a done callback that reads the exception";
    Some(RULE.finding(&birth.site, message, help).with_loss(birth, loss).telling(birth).at_level(level))
}
