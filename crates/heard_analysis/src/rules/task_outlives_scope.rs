//! A task that runs on when what it uses is closed.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "task-outlives-scope", level: Level::Preview, page: include_str!("task_outlives_scope.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Outliving(task) = fact else { return None };
    let (resource, opened_at) = &task.resource;
    let message = format!("the task of `{}` uses `{resource}` and is read only when that is closed", task.callee);
    let mut finding = RULE.finding(&task.site, message, "await it inside the `async with`");
    finding.trace.push(Step { span: opened_at.clone(), message: format!("`{resource}` is closed at the end of this block") });
    finding.trace.push(Step { span: task.read_at.clone(), message: "the task is read here".to_owned() });
    Some(finding)
}
