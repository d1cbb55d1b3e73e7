//! What a body asks around a call, which tells more of what the call gives or who reads it.

use ruff_python_ast::ExprCall;
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Block, CallSite, last_name};

/// What reads the tasks that the loop knows.
const WAITS: [&str; 5] = ["gather", "wait", "as_completed", "get_name", "result"];

impl<'a> Finder<'_, '_, 'a> {
    /// Whether the body asks what it calls here if it is a coroutine function, and calls it where it is not:
    /// `iscoroutinefunction(callback)` stands beside `callback()`, and not around it.
    pub(super) fn is_known_to_be_plain(&self, site: &CallSite<'a>) -> bool {
        let callee = &self.flow.module.text()[site.call.func.range()];
        let asks = |call: &ExprCall| {
            last_name(&call.func).is_some_and(|name| asks_what_is_async(name))
                && matches!(&*call.arguments.args, [asked] if self.flow.module.text()[asked.range()] == *callee)
        };
        let is_asked_for = |block: Block<'a>| match block {
            Block::Branch { test, holds: true } => test.as_call_expr().is_some_and(asks),
            _ => false,
        };
        let frame = site.around.scope.frame;
        self.flow.body.calls.iter().any(|other| other.around.scope.frame == frame && asks(other.call))
            && !site.around.blocks().any(is_asked_for)
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
}
