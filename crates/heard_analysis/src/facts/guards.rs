//! What keeps an exception from getting out of the place where it is raised: handlers, `suppress`,
//! and a question that is asked before.

use ruff_python_ast::{ExceptHandler, Expr};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Around, Block, CallSite};
use super::exceptions::{ExceptionSet, Hierarchy};
use crate::resolve::Module;

impl<'a> Finder<'_, '_, 'a> {
    /// Whether a method of one of these names is called in the same function before, or in the same
    /// statement.
    pub(super) fn is_asked_before(&self, site: &CallSite<'a>, names: &[&str]) -> bool {
        self.flow.body.calls.iter().any(|other| {
            other.around.scope.frame == site.around.scope.frame
                && other.call.start() < site.around.statement.end()
                && matches!(&*other.call.func, Expr::Attribute(attribute) if names.contains(&attribute.attr.as_str()))
        })
    }

    /// The exceptions of the program, as seen from this module.
    pub(super) fn hierarchy(&self) -> Hierarchy<'_> {
        self.hierarchy_in(self.flow.module)
    }

    /// The same as seen from another module.
    pub(super) fn hierarchy_in(&self, module: &Module<'_>) -> Hierarchy<'_> {
        Hierarchy { classes: &self.flow.index.classes, file: self.flow.index.file(module.path()) }
    }

    /// Whether something around a place may take an exception called `raised`: a context manager that is made on the
    /// spot may swallow anything.
    pub(super) fn is_caught(&self, around: &Around<'a>, raised: &str) -> bool {
        let hierarchy = self.hierarchy();
        let may_take = |set: ExceptionSet| set.resolved(self.flow.module).may_take(raised, hierarchy);
        around.blocks().any(|block| match block {
            Block::Try(statement) => {
                statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| may_take(ExceptionSet::of_handler(handler)))
            }
            Block::With(statement) => statement.items.iter().any(|item| match ExceptionSet::of_suppress(item) {
                Some(set) => may_take(set),
                None => item.context_expr.is_call_expr(),
            }),
            _ => false,
        })
    }
}
