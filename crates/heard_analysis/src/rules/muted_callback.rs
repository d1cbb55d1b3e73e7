//! A done callback that takes the failure and does nothing with it.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "muted-callback", level: Level::Strict, page: include_str!("muted_callback.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::OutcomeCallback(callback) = fact else { return None };
    if !callback.mutes {
        return None;
    }
    let message = format!(
        "this done callback takes the failure of the {} and drops it, and then Python does not report it either",
        callback.kind.noun()
    );
    Some(RULE.finding(&callback.site, message, format!("log what `{}.exception()` returns", callback.name)))
}
