//! A coroutine used as if it were its result.

use super::Rule;
use crate::facts::{Fact, Fate, Kind, Loss, Operation};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "coroutine-as-value", level: Level::Default, page: include_str!("coroutine_as_value.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Coroutine | Kind::Future | Kind::Awaitable, Fate::Lost(loss @ Loss::UsedAsValue { operation, .. })) = (birth.kind, &birth.fate) else { return None };
    let value = format!("{} of `{}`", birth.kind.noun(), birth.callee);
    let message = match operation {
        Operation::Condition | Operation::Skip => format!("the {value} is tested, and {} is always true", birth.kind.with_article()),
        Operation::Comparison => format!("the {value} is compared, not its result"),
        Operation::Formatting => format!("the {value} is formatted, not its result"),
        Operation::Iteration => format!("the {value} is iterated, not its result"),
        Operation::Subscript => format!("the {value} is indexed, not its result"),
        Operation::Attribute => format!("an attribute is taken of the {value}, not of its result"),
        Operation::Arithmetic => format!("the {value} is used in arithmetic, not its result"),
        Operation::Call => format!("the {value} is called, not its result"),
        Operation::Entering => format!("the {value} is entered, not its result"),
        Operation::Return => format!("the {value} is returned, not its result, to those who await this function"),
        Operation::Argument | Operation::Printing => format!("the {value} is passed where a plain value is wanted"),
        Operation::Yield => format!("the {value} is yielded, not its result"),
        Operation::Declared => format!("the {value} is kept where a plain value is declared"),
        // These are `async-generator-misuse` and `coroutine-in-wait`.
        Operation::AsyncIteration | Operation::Await | Operation::Waiting => return None,
        Operation::SpecialMethod => format!("a special method returns the {value}, not its result"),
    };
    let help = if birth.site.in_async { "await it first" } else { "await it in an `async def` first" };
    let mut finding = RULE.finding(&birth.site, message, help);
    if birth.is_guess {
        finding = finding.at_level(Level::Preview);
    }
    // What is to be mended is where it is made: there the `await` is missing.
    Some(if birth.used_elsewhere().is_some() { finding.with_loss(birth, loss) } else { finding })
}
