//! What annotations say of the values that they are written for.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall};

use super::super::Kind;
use super::super::body::last_name;
use super::Flow;
use super::value::Value;

impl Flow<'_, '_, '_> {
    /// Whether a value comes where this annotation wants something that it cannot be.
    pub(super) fn is_refused(&self, value: &Value, annotation: &Expr) -> bool {
        is_awaitable(value)
            && (annotation.is_none_literal_expr() || self.module.is_plain_annotation(annotation, &|name| self.may_hold(name)))
    }

    /// Whether it is kept in an attribute that is declared as something that it cannot be.
    pub(super) fn is_refused_by(&self, value: &Value, attribute: &ExprAttribute) -> bool {
        is_awaitable(value) && self.module.is_plain_attribute(attribute, &|name| self.may_hold(name))
    }

    /// Whether it is given for a parameter that is declared as something that it cannot be.
    pub(super) fn is_refused_as(&self, value: &Value, argument: &Expr, call: &ExprCall) -> bool {
        is_awaitable(value) && self.module.is_plain_parameter(call, argument, &|name| self.may_hold(name))
    }

    fn may_hold(&self, name: &str) -> bool {
        self.models.may_hold_coroutine(name)
    }
}

/// Whether a value is something that no plain annotation means.
fn is_awaitable(value: &Value) -> bool {
    value.is_bare() && matches!(value.kind, Kind::Coroutine | Kind::Future)
}

/// Whether an annotation may be one that no coroutine can be meant by, as far as names tell.
pub(super) fn may_be_plain(annotation: &Expr) -> bool {
    last_name(annotation).is_none_or(|name| !matches!(name.as_str(), "Any" | "object"))
}
