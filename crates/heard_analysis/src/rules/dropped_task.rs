//! A task that is dropped on the spot.

use super::Rule;
use super::unread_task::subject;
use crate::facts::{Fact, Fate, Kind, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "dropped-task", level: Level::Default, page: include_str!("dropped_task.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Task | Kind::Future | Kind::Gather, Fate::Lost(loss)) = (birth.kind, &birth.fate) else { return None };
    let (subject, aside) = (subject(birth), birth.hearing.aside());
    let is_heard = !birth.hearing.is_deaf() || matches!(loss, Loss::Unheld { .. });
    let message = match loss {
        // There is nothing but the holder to miss, and the loop is one.
        _ if is_heard && birth.is_held_by_timer => return None,
        Loss::UnusedName(name) if name != "_" => return None,
        // What a thread works on keeps its future, so there is nothing left to lose.
        _ if birth.kind == Kind::Future && !birth.hearing.is_deaf() => return None,
        Loss::Dropped | Loss::DroppedByCaller | Loss::UnusedName(_) | Loss::NeverRead { holder: None, .. } => match birth.kind {
            Kind::Task if is_heard => format!("{subject} is held by nobody: it may be collected while it runs"),
            Kind::Task => format!("{subject} is dropped: its failure is not heard{aside}, and it may be collected while it runs"),
            _ => format!("{subject} is dropped: its failure is not heard{aside}"),
        },
        Loss::Unheld { registry: Some(_), .. } => {
            format!("a weak registry does not hold tasks: {subject} may be collected while it runs")
        }
        Loss::Unheld { .. } => format!("{subject} is held by nobody: it may be collected while it runs"),
        _ => return None,
    };
    let help = "keep it and await it, start it in a `TaskGroup`, or keep it and give it a done callback that reads the exception";
    let finding = RULE.finding(&birth.site, message, help).with_loss(birth, loss).telling(birth);
    let finding = match &birth.registry {
        Some(registry) => finding.told_at(registry, birth, "this task has no other holder"),
        None => finding,
    };
    // Whoever is about to be collected can wait for nothing.
    let is_last_resort = birth.is_cleanup && birth.site.symbol.ends_with("__del__");
    Some(if birth.is_guess {
        finding.at_level(Level::Preview)
    } else if is_heard || is_last_resort || birth.is_afterthought || birth.hearing.is_light() {
        finding.at_level(Level::Strict)
    } else {
        finding
    })
}
