//! A failure of background work that a handler drops.

use super::Rule;
use crate::facts::{Fact, Muted};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "muted-failure", level: Level::Default, page: include_str!("muted_failure.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Mute(mute) = fact else { return None };
    let whose = match &mute.muted {
        Muted::Background { function, .. } => format!("each failure of the background task `{function}`"),
        Muted::TaskGroup => "each failure of the tasks in the group".to_owned(),
        Muted::ExceptionGroup => "each failure in the group".to_owned(),
    };
    let message = format!("`{}` drops {whose}, and nobody hears of it", mute.source);
    // What is tried again, or is dropped with a word of explanation, is a matter of policy.
    let level = if mute.repeats || mute.is_explained { Level::Strict } else { Level::Default };
    let mut finding = RULE.finding(&mute.site, message, "log it as an error, or let it out to whoever awaits the task").at_level(level);
    if let Muted::Background { started, .. } = &mute.muted {
        finding.trace.push(Step { span: started.clone(), message: "it is started here".to_owned() });
    }
    Some(finding)
}
