//! Whether an exception handler does nothing with what it is told.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprLambda, Stmt, StmtFunctionDef};

use super::last_name;

/// Whether a lambda that handles exceptions does nothing.
pub(super) fn is_idle_lambda(lambda: &ExprLambda) -> bool {
    is_idle(&lambda.body)
}

/// Whether a function that handles exceptions does nothing, or writes to the debug log only.
pub(super) fn is_idle_function(function: &StmtFunctionDef) -> bool {
    // A public method may be there to be overridden.
    let is_hook = function.parameters.iter().next().is_some_and(|first| matches!(first.name().as_str(), "self" | "cls"))
        && !function.name.starts_with('_');
    !is_hook && !function.is_async && function.decorator_list.is_empty() && function.body.iter().all(is_idle_statement)
}

fn is_idle_statement(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(statement) => is_idle(&statement.value),
        Stmt::Return(statement) => statement.value.as_deref().is_none_or(is_idle),
        Stmt::Assign(statement) => statement.targets.iter().all(Expr::is_name_expr) && is_idle(&statement.value),
        Stmt::If(statement) => {
            is_idle(&statement.test)
                && statement.body.iter().all(is_idle_statement)
                && statement
                    .elif_else_clauses
                    .iter()
                    .all(|clause| clause.test.as_ref().is_none_or(is_idle) && clause.body.iter().all(is_idle_statement))
        }
        _ => false,
    }
}

/// Whether an expression has no effect that anybody sees: it calls nothing but `debug`, and what
/// reads its arguments.
fn is_idle(expression: &Expr) -> bool {
    let mut finder = EffectFinder(false);
    finder.visit_expr(expression);
    !finder.0
}

struct EffectFinder(bool);

impl<'a> Visitor<'a> for EffectFinder {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => {
                let is_quiet = last_name(&call.func)
                    .is_some_and(|name| matches!(name.as_str(), "debug" | "get" | "isinstance" | "str" | "repr" | "type" | "format"));
                self.0 |= !is_quiet;
            }
            Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Named(_) => self.0 = true,
            _ => {}
        }
        walk_expr(self, expression);
    }
}
