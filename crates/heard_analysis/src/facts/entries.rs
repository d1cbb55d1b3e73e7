//! Plain `with` statements over what only `async with` can enter.

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::origin::{DEEPEST_ORIGIN, Given};

/// A plain `with` over an object whose class has `__aenter__` and no `__enter__`.
#[derive(Debug)]
pub(crate) struct PlainEntry {
    pub(crate) site: Site,
    /// The source text of the object.
    pub(crate) manager: String,
}

impl Finder<'_, '_, '_> {
    /// The wrong entries of the module. Coroutine functions only: nobody has an async manager elsewhere.
    pub(super) fn plain_entries(&self) -> impl Iterator<Item = PlainEntry> + '_ {
        let statements = self.flow.body.statements.iter().filter(|site| site.around.scope.is_async);
        statements.flat_map(|site| {
            let items = match site.statement {
                Stmt::With(statement) if !statement.is_async => &*statement.items,
                _ => &[],
            };
            let wrong = items.iter().map(|item| &item.context_expr).filter(|manager| self.is_only_async(manager));
            wrong.map(|manager| PlainEntry { site: self.site(manager.range(), &site.around), manager: self.short_text(manager.range()) })
        })
    }

    fn is_only_async(&self, manager: &Expr) -> bool {
        let module = self.flow.module;
        module.has_method(manager, "__aenter__") == Some(true)
            && module.has_method(manager, "__enter__") == Some(false)
            // What a call gives that is followed as a value is told there.
            && !manager.as_call_expr().is_some_and(|call| matches!(self.given(module, call, None, DEEPEST_ORIGIN), Given::Fresh(_)))
    }
}
