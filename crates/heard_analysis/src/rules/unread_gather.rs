//! A gather that collects failures which nobody looks at.

use super::Rule;
use crate::facts::{Fact, Fate, Kind, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "unread-gather", level: Level::Default, page: include_str!("unread_gather.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Outcomes, Fate::Lost(loss)) = (birth.kind, &birth.fate) else { return None };
    if !birth.hearing.is_deaf() {
        return None;
    }
    let message = match loss {
        Loss::UnusedName(name) if name != "_" => format!("the failures that `{}` collects in `{name}` are never looked at", birth.callee),
        Loss::UsedAsValue { .. } => format!("the results of `{}` are used as if all were values: a failure among them passes for one", birth.callee),
        Loss::Skipped { .. } => format!("the failures among the results of `{}` are left out and never told", birth.callee),
        Loss::OnlyPrinted { .. } => format!("a failure among the results of `{}` is only written out, like a value", birth.callee),
        _ => format!("the failures that `{}` collects are never looked at", birth.callee),
    };
    let help = "test each result with `isinstance(result, BaseException)`, or leave `return_exceptions` out";
    let message = format!("{message}{}", birth.hearing.aside());
    let finding = RULE.finding(&birth.site, message, help).with_loss(birth, loss).telling(birth);
    let is_on_purpose = birth.is_cleanup || birth.hearing.is_light() || matches!(loss, Loss::OnlyPrinted { .. } | Loss::Skipped { .. });
    Some(if birth.is_guess {
        finding.at_level(Level::Preview)
    } else if is_on_purpose {
        finding.at_level(Level::Strict)
    } else {
        finding
    })
}
