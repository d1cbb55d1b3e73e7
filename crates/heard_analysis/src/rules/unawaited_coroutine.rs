//! A coroutine that nobody awaits.

use super::Rule;
use crate::edit::{Edit, Fix};
use crate::facts::{Birth, Fact, Fate, Kind, Loss, Obstacle};
use crate::finding::{Finding, Level, Span};

pub(super) const RULE: Rule =
    Rule { name: "unawaited-coroutine", level: Level::Default, page: include_str!("unawaited_coroutine.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Birth(birth) = fact else { return None };
    let (kind @ (Kind::Coroutine | Kind::Awaitable), Fate::Lost(loss)) = (birth.kind, &birth.fate) else { return None };
    if kind == Kind::Awaitable && matches!(loss, Loss::UsedAsValue { .. }) {
        return None;
    }
    let callee = &birth.callee;
    if kind == Kind::Awaitable && birth.is_guess {
        let message = format!("what `{callee}` gives can be awaited, and is dropped: what awaiting it does is not done");
        return Some(RULE.finding(&birth.site, message, "await it").at_level(Level::Preview));
    }
    if kind == Kind::Awaitable {
        let message = format!("the awaitable of `{callee}` is dropped: if it is a coroutine, it never runs");
        return Some(RULE.finding(&birth.site, message, "await it").at_level(Level::Strict));
    }
    let message = match loss {
        Loss::Dropped => format!("the coroutine of `{callee}` is never awaited, so it never runs"),
        Loss::DroppedByCaller => format!("the coroutine of `{callee}` goes to a caller that drops it, so it never runs"),
        Loss::UnusedName(name) => format!("the coroutine of `{callee}` is bound to `{name}`, which nothing awaits"),
        Loss::Overwritten { name, .. } => format!("the coroutine of `{callee}` is lost when `{name}` is bound anew"),
        Loss::NeverRead { holder: Some(name), .. } => format!("the coroutine of `{callee}` is held by `{name}` and never awaited"),
        Loss::Late { behind: Obstacle::Handover, .. } => return None,
        Loss::Late { name, .. } => format!("the coroutine of `{callee}` is held by `{name}` and awaited only behind what does not end"),
        Loss::NeverRead { holder: None, .. } | Loss::OnlyPrinted { .. } | Loss::Skipped { .. } | Loss::Unheld { .. } => format!("the coroutine of `{callee}` is never awaited"),
        Loss::Kept { holder, .. } => format!("the coroutine of `{callee}` is kept in `{holder}`, and nothing in the program awaits it"),
        Loss::Handed { function, .. } => format!("the coroutine of `{callee}` is handed to `{function}`, which never awaits it"),
        Loss::Discarded { .. } => format!("the coroutine of `{callee}` is never awaited"),
        Loss::Unexamined { .. } | Loss::Abandoned { .. } | Loss::Collected { .. } | Loss::OnlyCancelled { .. } | Loss::UsedAsValue { .. } | Loss::CutOff => return None,
    };
    let help = if birth.site.in_async { "await it" } else { "await it in an `async def`, or hand it to `asyncio.run` or a task that is kept" };
    let mut finding = RULE.finding(&birth.site, message, help).with_loss(birth, loss);
    finding.fix = await_fix(birth);
    if birth.is_guess {
        finding = finding.at_level(Level::Preview);
    }
    Some(if loss.is_public() { finding.at_level(Level::Strict) } else { finding })
}

/// The fix that awaits the call where it stands. It is not safe, since what follows then waits.
pub(super) fn await_fix(birth: &Birth) -> Option<Fix> {
    let place = birth.awaitable_in_place.as_ref()?;
    let at = |position| Span { path: place.call.path.clone(), start: position, end: position };
    let put = |position, text: &str| Edit { span: at(position), text: text.to_owned() };
    let edits = if place.brackets {
        vec![put(place.call.start, "(await "), put(place.call.end, ")")]
    } else {
        vec![put(place.call.start, "await ")]
    };
    Some(Fix { safe: false, title: format!("await `{}`", birth.callee), edits })
}
