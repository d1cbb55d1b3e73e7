//! Whether an attribute that holds tasks is ever read in a module, as far as its name tells.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{CmpOp, Expr, Stmt};

use super::body::last_name;
use super::names::{READS_ALL, computed_attribute};

/// Whether the attribute is private and used only in ways that tell nothing of what it holds: it is
/// bound, filled, emptied, measured, tested, and `is_blind` methods of it are called.
pub(super) fn is_never_read(statements: &[Stmt], name: &str, is_blind: fn(&str) -> bool) -> bool {
    if !name.starts_with('_') {
        return false;
    }
    let mut reader = Reader { name, is_blind, is_read: false };
    reader.visit_body(statements);
    !reader.is_read
}

struct Reader<'n> {
    name: &'n str,
    is_blind: fn(&str) -> bool,
    is_read: bool,
}

impl Reader<'_> {
    fn is_it(&self, expression: &Expr) -> bool {
        matches!(expression, Expr::Attribute(attribute) if attribute.attr.as_str() == self.name)
    }

    /// Whether an expression of which the attribute is a part tells nothing of what it holds.
    fn is_blind(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Attribute(attribute) if self.is_it(expression) => !attribute.ctx.is_load(),
            Expr::Attribute(method) => {
                let fills_or_empties = matches!(method.attr.as_str(), "add" | "append" | "discard" | "remove" | "clear");
                self.is_it(&method.value) && (fills_or_empties || (self.is_blind)(&method.attr))
            }
            Expr::Subscript(subscript) => self.is_it(&subscript.value) && !subscript.ctx.is_load(),
            Expr::Compare(comparison) => {
                let is_test = |operator: &CmpOp| matches!(operator, CmpOp::In | CmpOp::NotIn | CmpOp::Is | CmpOp::IsNot);
                let has_it = self.is_it(&comparison.left) || comparison.comparators.iter().any(|value| self.is_it(value));
                has_it && comparison.ops.iter().all(is_test)
            }
            Expr::Call(call) => {
                last_name(&call.func).is_some_and(|name| name == "len") && call.arguments.args.iter().any(|value| self.is_it(value))
            }
            _ => false,
        }
    }
}

impl<'a> Visitor<'a> for Reader<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.is_read |= match expression {
            Expr::Attribute(attribute) => attribute.attr.as_str() == READS_ALL,
            Expr::Call(call) => computed_attribute(call, self.name).is_some_and(Expr::is_name_expr),
            _ => false,
        };
        if self.is_it(expression) {
            self.is_read |= !self.is_blind(expression);
        } else if !self.is_blind(expression) {
            walk_expr(self, expression);
        }
    }
}
