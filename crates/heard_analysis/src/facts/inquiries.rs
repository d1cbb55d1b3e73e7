//! What a body asks around a call, which tells more of what the call gives or who reads it.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Block, CallSite, last_name};

/// What reads the tasks that the loop knows.
const WAITS: [&str; 5] = ["gather", "wait", "as_completed", "get_name", "result"];

impl<'a> Finder<'_, '_, 'a> {
    /// Whether the body asks what it calls here if it is a coroutine function, and calls it where it is not:
    /// `iscoroutinefunction(callback)` stands beside `callback()`, and not around it. The same where it is known to be
    /// an async generator function, which is asked for around the call.
    pub(super) fn is_known_to_be_no_coroutine(&self, site: &CallSite<'a>) -> bool {
        let callee = &self.flow.module.text()[site.call.func.range()];
        let asks = |call: &ExprCall, is_question: fn(&str) -> bool| {
            let is_it = |asked: &Expr| {
                let asked = &self.flow.module.text()[asked.range()];
                asked.strip_suffix(".__call__").unwrap_or(asked) == callee
            };
            last_name(&call.func).is_some_and(|name| is_question(name)) && matches!(&*call.arguments.args, [asked] if is_it(asked))
        };
        let is_answered = |is_question: fn(&str) -> bool| {
            site.around.blocks().any(|block| match block {
                Block::Branch { test, holds: true } => test.as_call_expr().is_some_and(|call| asks(call, is_question)),
                _ => false,
            })
        };
        let frame = site.around.scope.frame;
        let is_asked = |other: &CallSite<'a>| other.around.scope.frame == frame && asks(other.call, asks_what_is_async);
        is_answered(asks_for_async_generators) || self.flow.body.calls.iter().any(is_asked) && !is_answered(asks_what_is_async)
    }

    /// Whether a method is called in a plain function that the program may have put a plain function in the place of.
    pub(super) fn may_be_made_plain(&self, site: &CallSite<'a>) -> bool {
        let is_made = || {
            let callee = self.flow.module.callee(site.call).filter(|callee| callee.is_bound)?;
            let (class, _) = callee.name.as_deref()?.rsplit_once('.')?;
            Some(self.flow.index.makes_plain(class))
        };
        !site.around.scope.is_async && is_made().unwrap_or_default()
    }

    /// Whether the body gets its tasks from the loop and waits for them, and not in order to cancel them.
    pub(super) fn asks_for_all_tasks(&self, frame: usize) -> bool {
        let calls = || self.flow.body.calls.iter().filter(|site| site.around.scope.frame == frame);
        let is_called = |name: &str| calls().any(|site| self.flow.body.called_name(site.call).is_some_and(|called| called == name));
        is_called("all_tasks") && WAITS.iter().any(|wait| is_called(wait)) && !is_called("cancel")
    }
}

/// Whether a function of this name tells coroutine functions from others: `iscoroutinefunction` and what
/// packages make of it.
pub(super) fn asks_what_is_async(name: &str) -> bool {
    ["iscoroutine", "is_coroutine", "is_async"].iter().any(|start| name.trim_start_matches('_').starts_with(start))
        && !asks_for_async_generators(name)
}

/// Whether a function of this name tells async generator functions from others.
fn asks_for_async_generators(name: &str) -> bool {
    ["isasyncgen", "is_asyncgen", "is_async_gen"].iter().any(|start| name.trim_start_matches('_').starts_with(start))
}
