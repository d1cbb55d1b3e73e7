//! A time limit that hides how the work behind it ended.

use super::Rule;
use crate::facts::{Fact, Hidden};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule =
    Rule { name: "timeout-hides-failure", level: Level::Preview, page: include_str!("timeout_hides_failure.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::HiddenFailure(failure) = fact else { return None };
    let work = &failure.work;
    Some(match &failure.hidden {
        Hidden::Shielded { taken_at } => {
            let message = format!("when the time is over, `{work}` runs on behind its shield, and nobody hears how it ends");
            let help = "keep the task, and await it or read its exception in a done callback when the time is over";
            let mut finding = RULE.finding(&failure.site, message, help);
            finding.trace.push(Step { span: taken_at.clone(), message: "the end of the time is handled here".to_owned() });
            finding
        }
        Hidden::Mistaken => {
            let message = format!("whatever `{work}` raises is taken for the end of its time");
            RULE.finding(&failure.site, message, "catch `TimeoutError` alone, and let the others out or tell of them")
        }
    })
}
