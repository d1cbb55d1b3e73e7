//! Clean-up in a handler for failures that a cancellation skips.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "cancel-skips-cleanup", level: Level::Strict, page: include_str!("cancel_skips_cleanup.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::SkippedCleanup(skipped) = fact else { return None };
    let message = format!("a cancellation passes `{}` by: `{}` is not called then", skipped.source, skipped.release);
    let help = "clean up in `finally`, or catch `BaseException` here, and raise again";
    let mut finding = RULE.finding(&skipped.site, message, help);
    finding.trace.push(Step { span: skipped.released_at.clone(), message: "only a failure leads here".to_owned() });
    Some(finding)
}
