//! A gather that fails and is handled, while its other awaitables run on.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "lost-sibling-failure", level: Level::Strict, page: include_str!("lost_sibling_failure.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Siblings(siblings) = fact else { return None };
    let (then, level) = if siblings.starts_again {
        ("beside the next round of the loop", Level::Default)
    } else {
        ("unheard", Level::Strict)
    };
    let message = format!("when one awaitable of `{}` fails, the failure is handled and the others run on {then}", siblings.callee);
    let help = "use a `TaskGroup`, which ends the others, or `return_exceptions=True` and look at each result";
    let mut finding = RULE.finding(&siblings.site, message, help).at_level(level);
    finding.trace.push(Step { span: siblings.taken_at.clone(), message: "the first failure is handled here".to_owned() });
    Some(finding)
}
