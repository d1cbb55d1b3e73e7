//! A test for failures among results that are values only.

use super::Rule;
use crate::facts::{Fact, Finds};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "unreachable-exception-branch", level: Level::Default, page: include_str!("unreachable_exception_branch.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::FailureTest(test) = fact else { return None };
    if test.finds == Finds::AllButCancellation {
        return None;
    }
    let message = format!("`{}` is never a failure: without `return_exceptions=True`, `{}` raises the first one", test.tested, test.callee);
    let mut finding = RULE.finding(&test.site, message, "give `return_exceptions=True` to `gather`, or leave out the test");
    finding.trace.push(Step { span: test.gather.clone(), message: "the results come from here".to_owned() });
    Some(if test.finds == Finds::NothingOfUnknown {
        finding.at_level(Level::Preview)
    } else if test.only_raises {
        finding.at_level(Level::Strict)
    } else {
        finding
    })
}
