//! A test of gathered outcomes that takes a cancellation for a value.

use super::Rule;
use crate::edit::{Edit, Fix};
use crate::facts::{Fact, FailureTest, Finds, Passed};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "cancelled-as-success", level: Level::Strict, page: include_str!("cancelled_as_success.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::FailureTest(test) = fact else { return None };
    if test.finds != Finds::AllButCancellation {
        return None;
    }
    let level = match test.passed {
        Passed::Used => Level::Strict,
        // What was cancelled on purpose is no news where nothing is made of it.
        _ if test.is_after_cancel => return None,
        Passed::Counted => Level::Strict,
        Passed::Left => Level::Preview,
    };
    let message = match test.passed {
        Passed::Left => "a `CancelledError` is no `Exception`: of work that was cancelled, nobody hears here".to_owned(),
        _ => format!("a `CancelledError` is no `Exception`: in `{}` it passes for a value", test.tested),
    };
    let mut finding = RULE.finding(&test.site, message, "test for `BaseException`").at_level(level);
    let message = format!("`{}` gives cancellations as well as other failures", test.callee);
    finding.trace.push(Step { span: test.gather.clone(), message });
    finding.fix = widen_fix(test);
    Some(finding)
}

/// The fix that asks for every failure. It is safe where the test only chooses; what else is done with a failure may end
/// what went on until now.
fn widen_fix(test: &FailureTest) -> Option<Fix> {
    let edits = vec![Edit { span: test.named.clone()?, text: "BaseException".to_owned() }];
    Some(Fix { safe: test.only_filters, title: "test for `BaseException`".to_owned(), edits })
}
