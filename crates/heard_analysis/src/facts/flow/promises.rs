//! What a coroutine function says that it gives.

use ruff_python_ast::name::Name;
use ruff_python_ast::{self as ast, Expr, Operator, StmtFunctionDef};

use super::super::body::last_name;
use super::Flow;

impl Flow<'_, '_, '_> {
    /// Whether a coroutine function is annotated with something that no coroutine can be.
    pub(super) fn gives_plain_value(&self, function: &StmtFunctionDef) -> bool {
        function.returns.as_deref().is_some_and(|annotation| self.is_plain(annotation))
    }

    fn is_plain(&self, annotation: &Expr) -> bool {
        match annotation {
            Expr::NoneLiteral(_) => true,
            // `A | None`
            Expr::BinOp(ast::ExprBinOp { left, op: Operator::BitOr, right, .. }) => self.is_plain(left) && self.is_plain(right),
            Expr::Subscript(subscript) => match last_name(&subscript.value).map(Name::as_str) {
                Some("Optional") => self.is_plain(&subscript.slice),
                Some("Union") => match &*subscript.slice {
                    Expr::Tuple(members) => members.elts.iter().all(|member| self.is_plain(member)),
                    member => self.is_plain(member),
                },
                // What the elements are does not matter.
                _ => self.is_plain_class(&subscript.value),
            },
            Expr::Name(_) | Expr::Attribute(_) => self.is_plain_class(annotation),
            _ => false,
        }
    }

    /// Whether an annotation names a class whose instances are no awaitables.
    fn is_plain_class(&self, class: &Expr) -> bool {
        self.module.is_plain_class(class, &|name| self.models.may_hold_coroutine(name))
    }
}

/// The same as far as names tell.
pub(super) fn may_be_plain(function: &StmtFunctionDef) -> bool {
    function.returns.as_deref().is_some_and(|annotation| match annotation {
        Expr::StringLiteral(_) => false,
        annotation => !last_name(annotation).is_some_and(|name| matches!(name.as_str(), "Any" | "object")),
    })
}
