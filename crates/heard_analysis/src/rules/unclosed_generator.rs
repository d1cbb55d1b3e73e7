//! An async generator whose iteration is left early, and which nobody closes.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "unclosed-generator", level: Level::Strict, page: include_str!("unclosed_generator.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::LeftGenerator(left) = fact else { return None };
    let (left_at, word) = &left.left_at;
    let message = format!("`{word}` leaves the generator of `{}` open: its clean-up runs later, in a task of nobody, or never", left.callee);
    let mut finding = RULE.finding(&left.site, message, "iterate it inside of `async with contextlib.aclosing(…)`");
    finding.trace.push(Step { span: left_at.clone(), message: "the loop is left here".to_owned() });
    finding.trace.push(Step { span: left.cleanup.clone(), message: "this has to be cleaned up then".to_owned() });
    Some(if left.is_guess { finding.at_level(Level::Preview) } else { finding })
}
