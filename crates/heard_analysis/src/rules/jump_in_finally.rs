//! A jump out of a `finally` block of a coroutine.

use super::Rule;
use crate::facts::Fact;
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule { name: "jump-in-finally", level: Level::Default, page: include_str!("jump_in_finally.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::Jump(jump) = fact else { return None };
    if !jump.site.in_async {
        return None;
    }
    let message = format!("`{}` in `finally` swallows the failure or cancellation that is on its way out", jump.keyword);
    let message = if jump.is_handled { format!("{message}; failures are handled before") } else { message };
    let finding = RULE.finding(&jump.site, message, "let the `finally` block end, and put the jump behind it or into the handlers");
    Some(if jump.is_handled { finding.at_level(Level::Strict) } else { finding })
}
