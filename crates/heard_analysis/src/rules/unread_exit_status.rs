//! A subprocess that is waited for, and nobody learns how it ended.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "unread-exit-status", level: Level::Preview, page: include_str!("unread_exit_status.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::UnreadStatus(status) = fact else { return None };
    let message = format!("nobody reads how `{}` ended: a failed process looks like one that did its work", status.process);
    let mut finding = RULE.finding(&status.site, message, format!("look at `{}.returncode` behind this", status.process));
    finding.trace.push(Step { span: status.started_at.clone(), message: "the process is started here".to_owned() });
    Some(finding)
}
