//! A loop that is run where one runs already.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "nested-run", level: Level::Default, page: include_str!("nested_run.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::NestedRun(run) = fact else { return None };
    let message = match (&run.called_from, &run.runs_at) {
        (Some((_, caller)), _) => format!("a coroutine calls `{caller}`, and `{}` raises where a loop runs: the work never runs", run.callee),
        (None, Some(_)) => format!("`{}` runs a loop, which raises where one runs already: the work never runs", run.callee),
        (None, None) => format!("`{}` raises where a loop runs already: the work never runs", run.callee),
    };
    let mut finding = RULE.finding(&run.site, message, "await the coroutine, or call the plain function by `asyncio.to_thread`");
    if let Some((span, _)) = &run.called_from {
        finding.trace.push(Step { span: span.clone(), message: "a loop runs here".to_owned() });
    }
    if let Some(span) = &run.runs_at {
        finding.trace.push(Step { span: span.clone(), message: "the loop is run here".to_owned() });
    }
    Some(finding)
}
