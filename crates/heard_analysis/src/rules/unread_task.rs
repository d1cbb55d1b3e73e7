//! A task that is kept and never read.

use super::Rule;
use crate::facts::{Birth, Fact, Fate, Kind, Loss};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "unread-task", level: Level::Default, page: include_str!("unread_task.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (Kind::Task | Kind::Future | Kind::Gather, Fate::Lost(loss)) = (birth.kind, &birth.fate) else { return None };
    if !birth.hearing.is_deaf() {
        return None;
    }
    let how = match loss {
        Loss::UnusedName(name) if name != "_" => format!("is kept in `{name}`, and nothing reads its outcome"),
        Loss::Overwritten { name, .. } => format!("is lost when `{name}` is bound anew"),
        Loss::NeverRead { holder: Some(name), .. } => format!("is kept in `{name}`, but its outcome is never read"),
        Loss::Kept { holder, is_collected: true, .. } => {
            format!("is kept in `{holder}`, where something waits for its end and nothing reads its failure")
        }
        Loss::Kept { holder, .. } => format!("is kept in `{holder}`, and nothing in the program reads its outcome"),
        Loss::Handed { function, .. } => format!("is handed to `{function}`, which does not read its outcome"),
        _ => return None,
    };
    let message = format!("{} {how}{}", subject(birth), birth.hearing.aside());
    let finding = RULE.finding(&birth.site, message, HELP).with_loss(birth, loss);
    let finding = match loss {
        Loss::NeverRead { holder: Some(holder), .. } | Loss::Kept { holder, .. } => finding.kept_in(holder),
        _ => finding,
    };
    let finding = finding.telling(birth);
    let is_minor = birth.is_afterthought || birth.hearing.is_light();
    Some(if loss.is_public() || loss.is_collected() || is_minor { finding.at_level(Level::Strict) } else { finding })
}

/// What to do with a task that is kept.
pub(super) const HELP: &str = "await it, start it in a `TaskGroup`, or give it a done callback that reads the exception";

/// The value in the words of a message.
pub(super) fn subject(birth: &Birth) -> String {
    let work = birth.work.as_ref().map(|work| format!(" for `{work}`")).unwrap_or_default();
    format!("the {} of `{}`{work}", birth.kind.noun(), birth.callee)
}
