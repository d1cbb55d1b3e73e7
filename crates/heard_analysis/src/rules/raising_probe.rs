//! A question how a task ended that raises because the task was cancelled.

use super::Rule;
use crate::facts::{Canceller, Fact};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "raising-probe", level: Level::Strict, page: include_str!("raising_probe.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Probe(probe) = fact else { return None };
    let (task, method) = (&probe.task, &probe.method);
    let (why, span, step) = match &probe.canceller {
        Canceller::Group(span) => ("the failed group has cancelled it", span, "a failure cancels all other tasks of this group"),
        Canceller::Call(span) => ("it is cancelled before", span, "it is cancelled here"),
    };
    let (message, help) = match method {
        Some(method) => (
            format!("`{task}.{method}()` raises `CancelledError` here, since {why}"),
            format!("ask `{task}.cancelled()` first"),
        ),
        None => (
            format!("awaiting `{task}` raises `CancelledError` here, since {why}, and the handler for `Exception` does not take that"),
            "take `asyncio.CancelledError` as well".to_owned(),
        ),
    };
    let mut finding = RULE.finding(&probe.site, message, help);
    finding.trace.push(Step { span: span.clone(), message: step.to_owned() });
    Some(finding)
}
