//! What a coroutine function says that it gives.

use ruff_python_ast::{Expr, StmtFunctionDef};

use super::super::body::last_name;
use super::Flow;

impl Flow<'_, '_, '_> {
    /// Whether a coroutine function is annotated with something that no coroutine can be.
    pub(super) fn gives_plain_value(&self, function: &StmtFunctionDef) -> bool {
        let may_hold = |name: &str| self.models.may_hold_coroutine(name);
        function
            .returns
            .as_deref()
            .is_some_and(|annotation| annotation.is_none_literal_expr() || self.module.is_plain_annotation(annotation, &may_hold))
    }
}

/// The same as far as names tell.
pub(super) fn may_be_plain(function: &StmtFunctionDef) -> bool {
    let is_open = |annotation: &Expr| last_name(annotation).is_some_and(|name| matches!(name.as_str(), "Any" | "object"));
    function.returns.as_deref().is_some_and(|annotation| !is_open(annotation))
}
