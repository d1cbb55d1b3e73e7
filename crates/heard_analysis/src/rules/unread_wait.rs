//! Tasks that were waited for, and whose outcomes nobody reads.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Birth, DeadHandler, Fact};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "unread-wait", level: Level::Default, page: include_str!("unread_wait.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    match fact {
        Fact::Birth(birth) => unexamined(birth),
        Fact::DeadHandler(handler) => Some(unheard(handler)),
        _ => None,
    }
}

fn unexamined(birth: &Birth) -> Option<Finding> {
    let wait = birth.unexamined_at()?;
    let message = "this waits for tasks, and nobody looks at how they ended: their failures are not heard";
    let message = format!("{message}{}", birth.hearing.aside());
    let finding = RULE.finding(&birth.site, message, "call `result()` on each task that is done, or use `gather` or a `TaskGroup`");
    let finding = finding.told_at(wait, birth, format!("{} is one of them", subject(birth))).telling(birth);
    Some(if birth.is_cleanup || birth.hearing.is_light() { finding.at_level(Level::Strict) } else { finding })
}

fn unheard(handler: &DeadHandler) -> Finding {
    let (callee, (head, source)) = (&handler.callee, &handler.head);
    let (message, help) = if handler.is_timeout {
        let message = format!("`{callee}` does not raise when the time is over, so `{source}` never runs");
        (message, "look at the tasks that are not done, the second set that it gives")
    } else {
        let message = format!("`{callee}` does not raise what its tasks fail with, so `{source}` hears none of it");
        (message, "call `result()` on each task that is done, where the handler stands around it")
    };
    let mut finding = RULE.finding(&handler.site, message, help);
    finding.trace.push(Step { span: head.clone(), message: "nothing comes here".to_owned() });
    if handler.is_timeout { finding.at_level(Level::Strict) } else { finding }
}
