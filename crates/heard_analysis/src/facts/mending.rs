//! What fixes ask about calls.

use ruff_python_ast::ExprCall;

use super::Kind;
use super::birth::Finder;
use super::models::Effect;
use super::origin::{DEEPEST_ORIGIN, Given};

impl Finder<'_, '_, '_> {
    /// What a call of this module makes, where that is an awaitable which nobody else has or reads.
    pub(crate) fn makes(&self, call: &ExprCall) -> Option<Kind> {
        let scope = self.flow.body.site_of(call).map(|site| &*site.around.scope);
        match self.given(self.flow.module, call, scope, DEEPEST_ORIGIN) {
            Given::Fresh(kind) | Given::Registered(kind) => Some(kind),
            Given::Owned(..) | Given::Guessed(_) | Given::Nothing => None,
        }
    }

    /// Whether a call takes awaitables among its arguments as what they are.
    pub(crate) fn takes_awaitables(&self, call: &ExprCall) -> bool {
        let effect = self.flow.model(call).and_then(|model| model.arguments);
        matches!(effect, Some(Effect::Consume | Effect::WaitFor | Effect::Complete | Effect::Pass | Effect::Await))
    }

    /// Whether a call is one of `asyncio.gather`.
    pub(crate) fn is_gather(&self, call: &ExprCall) -> bool {
        let is_named_so = self.flow.body.called_name(call).is_some_and(|name| name == "gather");
        is_named_so && self.flow.module.callee(call).and_then(|callee| callee.name).as_deref() == Some("asyncio.tasks.gather")
    }
}
