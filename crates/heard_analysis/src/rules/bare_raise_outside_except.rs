//! A `raise` with nothing to raise.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "bare-raise-outside-except", level: Level::Default, page: include_str!("bare_raise_outside_except.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::BareRaise(raise) = fact else { return None };
    let message = match &raise.failure {
        Some(failure) => format!("`raise` raises `RuntimeError` here, and not the failure `{failure}`"),
        None => "`raise` raises `RuntimeError` here: no exception is being handled".to_owned(),
    };
    let help = match &raise.failure {
        Some(failure) => format!("write `raise {failure}`"),
        None => "name the exception, or move the `raise` into the `except` block".to_owned(),
    };
    Some(RULE.finding(&raise.site, message, help))
}
