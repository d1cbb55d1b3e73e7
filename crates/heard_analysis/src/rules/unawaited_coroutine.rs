//! A coroutine that nobody awaits.

use super::Rule;
use crate::facts::{Fact, Fate, Kind, Loss, Obstacle};
use crate::finding::{Finding, Level};

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
        // A function with a name may have begun the work when it returns; a callback is mostly an `async def`.
        let level = if birth.is_of_value && *loss == Loss::Dropped { Level::Default } else { Level::Strict };
        return Some(RULE.finding(&birth.site, message, "await it").at_level(level));
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
    if birth.is_guess {
        finding = finding.at_level(Level::Preview);
    }
    Some(if loss.is_public() { finding.at_level(Level::Strict) } else { finding })
}
