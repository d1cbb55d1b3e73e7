//! A wait for a queue that does not end when its worker does.

use super::Rule;
use crate::facts::{Fact, Hang};
use crate::finding::{Finding, Level, Step};

pub(super) const RULE: Rule = Rule { name: "unwatched-join", level: Level::Strict, page: include_str!("unwatched_join.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::UnwatchedJoin(join) = fact else { return None };
    let (queue, worker) = (&join.queue, &join.worker);
    let message = match join.why {
        Hang::Dies => format!("nobody looks at `{worker}` while `{queue}.join()` waits for it: if it fails, the wait never ends"),
        Hang::IsCancelled => {
            format!("nobody looks at `{worker}` while `{queue}.join()` waits: a `CancelledError` out of what it awaits ends it, and not the wait")
        }
        Hang::SkipsDone => format!("a failure before this skips `task_done`, and `{worker}` goes on: `{queue}.join()` never ends"),
    };
    let help = match join.why {
        Hang::SkipsDone => "call `task_done` in a `finally`",
        _ => "wait for the workers as well, by `asyncio.wait` or in a `TaskGroup`",
    };
    let level = if join.why == Hang::IsCancelled { Level::Preview } else { Level::Strict };
    let mut finding = RULE.finding(&join.site, message, help).at_level(level);
    finding.trace.push(Step { span: join.joined_at.clone(), message: "the queue is waited for here".to_owned() });
    Some(finding)
}
