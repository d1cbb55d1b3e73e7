//! A task that is not read where something else fails first.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "task-lost-on-error", level: Level::Strict, page: include_str!("task_lost_on_error.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Bypass(bypass) = fact else { return None };
    let work = bypass.work.as_ref().map(|work| format!(" for `{work}`")).unwrap_or_default();
    let (noun, callee) = (bypass.kind.noun(), &bypass.callee);
    let (span, awaited) = &bypass.awaited;
    let message = format!("the {noun} of `{callee}`{work} is not read when `{awaited}` fails, and runs on");
    let help = "start it in a `TaskGroup`, or cancel and await it in a `finally` block";
    let mut finding = RULE.finding(&bypass.site, message, help);
    finding.trace.push(Step { span: span.clone(), message: "a failure leaves the function here".to_owned() });
    Some(finding)
}
