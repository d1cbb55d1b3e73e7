//! An outcome for a future that its waiter may have cancelled.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "unguarded-future-resolve", level: Level::Strict, page: include_str!("unguarded_future_resolve.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Resolve(resolve) = fact else { return None };
    let message = format!("`{}` raises `InvalidStateError` if the waiter has cancelled `{}`", resolve.method, resolve.future);
    Some(RULE.finding(&resolve.site, message, format!("ask `{}.done()` first", resolve.future)))
}
