//! Work that is started for each element of something of any size.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "unbounded-spawn", level: Level::Strict, page: include_str!("unbounded_spawn.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Crowd(crowd) = fact else { return None };
    let (span, source) = &crowd.source;
    let message = format!("one `{}` is started for each element of `{source}`, and nothing limits how many run at the same time", crowd.work);
    let help = "let a semaphore admit a few at a time, work in batches, or let a few workers take from one queue";
    let mut finding = RULE.finding(&crowd.site, message, help);
    finding.trace.push(Step { span: span.clone(), message: "this may have any number of elements".to_owned() });
    Some(finding)
}
