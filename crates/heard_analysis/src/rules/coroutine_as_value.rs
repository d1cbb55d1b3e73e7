//! A coroutine used as if it were its result.

use super::Rule;
use super::unawaited_coroutine::await_fix;
use crate::facts::{Fact, Fate, Kind, Loss, Operation};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "coroutine-as-value", level: Level::Default, page: include_str!("coroutine_as_value.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Coroutine, Fate::Lost(Loss::UsedAsValue { operation, .. })) = (birth.kind, &birth.fate) else { return None };
    let callee = &birth.callee;
    let message = match operation {
        Operation::Condition | Operation::Skip => format!("the coroutine of `{callee}` is tested, and a coroutine is always true"),
        Operation::Comparison => format!("the coroutine of `{callee}` is compared, not its result"),
        Operation::Formatting => format!("the coroutine of `{callee}` is formatted, not its result"),
        Operation::Iteration => format!("the coroutine of `{callee}` is iterated, not its result"),
        Operation::Subscript => format!("the coroutine of `{callee}` is indexed, not its result"),
        Operation::Attribute => format!("an attribute is taken of the coroutine of `{callee}`, not of its result"),
        Operation::Arithmetic => format!("the coroutine of `{callee}` is used in arithmetic, not its result"),
        Operation::Call => format!("the coroutine of `{callee}` is called, not its result"),
        Operation::Entering => format!("the coroutine of `{callee}` is entered, not its result"),
        Operation::Return => format!("the coroutine of `{callee}` is returned, not its result, to those who await this function"),
        Operation::Argument => format!("the coroutine of `{callee}` is passed where a plain value is wanted"),
        // These are `async-generator-misuse` and `coroutine-in-wait`.
        Operation::AsyncIteration | Operation::Await | Operation::Waiting => return None,
        Operation::SpecialMethod => format!("a special method returns the coroutine of `{callee}`, not its result"),
    };
    let help = if birth.site.in_async { "await it first" } else { "await it in an `async def` first" };
    let mut finding = RULE.finding(&birth.site, message, help);
    finding.fix = await_fix(birth);
    Some(finding.told_at_use(birth, "the coroutine is made here"))
}
