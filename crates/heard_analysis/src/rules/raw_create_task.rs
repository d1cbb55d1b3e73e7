//! A task that is started past the project's own spawner.

use super::Rule;
use crate::edit::{Edit, Fix};
use crate::facts::{Fact, Rewrite};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "raw-create-task", level: Level::Preview, page: include_str!("raw_create_task.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::RawTask(task) = fact else { return None };
    let message = format!("`{}` starts a task past `{}`, which keeps and reads the project's tasks", task.callee, task.spawner);
    let mut finding = RULE.finding(&task.site, message, format!("start it with `{}`", task.spawner));
    finding.fix = task.rewrite.as_ref().map(spawn_fix);
    Some(finding)
}

/// The fix is not safe, since the spawner may do more than to start the task.
fn spawn_fix(rewrite: &Rewrite) -> Fix {
    let import = rewrite.import.iter().map(|(span, text)| Edit { span: span.clone(), text: text.clone() });
    let call = Edit { span: rewrite.callee.clone(), text: rewrite.spawner.clone() };
    Fix { safe: false, title: format!("start it with `{}`", rewrite.spawner), edits: import.chain([call]).collect() }
}
