//! A group of exceptions of which only the first is looked at.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "first-of-group", level: Level::Preview, page: include_str!("first_of_group.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::FirstOfGroup(first) = fact else { return None };
    let message = format!("only the first exception of `{}` is looked at: the others are not heard", first.group);
    Some(RULE.finding(&first.site, message, "go through all of them, or raise the group, or raise the first one `from` it"))
}
