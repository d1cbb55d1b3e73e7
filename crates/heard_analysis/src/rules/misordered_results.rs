//! Inputs that are zipped with outcomes in another order.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "misordered-results", level: Level::Default, page: include_str!("misordered_results.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::WrongPairing(pairing) = fact else { return None };
    let message = format!("what is zipped with `{}` has lost its order: results land on the wrong inputs", pairing.inputs);
    Some(RULE.finding(&pairing.site, message, "keep the tasks in a list, or `gather` them: both have the order of the inputs"))
}
