//! Which decorators of the program let a failure of what they decorate pass.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Decorator, Expr, ExprCall, Stmt, StmtFunctionDef};

use super::birth::Finder;
use super::body::last_name;
use super::hears::is_transparent;
use crate::resolve::Module;

impl Finder<'_, '_, '_> {
    /// Whether all that `function` raises gets out of its decorators: each leaves it as it is, or puts a function
    /// around it that has no handler and awaits or returns what it gives.
    pub(super) fn gets_out_of_decorators(&self, module: &Module<'_>, function: &StmtFunctionDef) -> bool {
        let passes = |decorator: &Decorator| {
            let target = || module.target(&decorator.expression);
            is_transparent(&decorator.expression)
                || target().and_then(|target| target.with_body(self.db, |_, decorator| passes_on(decorator))).unwrap_or(false)
        };
        function.decorator_list.iter().all(passes)
    }
}

/// Whether a decorator does nothing with its function but call it and give what that gives, and has no handler.
fn passes_on(decorator: &StmtFunctionDef) -> bool {
    let parameters = &decorator.parameters;
    let [parameter] = &parameters.args[..] else { return false };
    if decorator.is_async || parameters.vararg.is_some() || parameters.kwarg.is_some() || !parameters.kwonlyargs.is_empty() {
        return false;
    }
    let mut uses = Uses { name: parameter.name().as_str(), is_called: false, is_other: false };
    uses.visit_body(&decorator.body);
    uses.is_called && !uses.is_other
}

/// What a decorator does with its function.
struct Uses<'n> {
    name: &'n str,
    is_called: bool,
    /// Whether it does something that may hear a failure.
    is_other: bool,
}

impl Uses<'_> {
    fn is_function(&self, expression: &Expr) -> bool {
        expression.as_name_expr().is_some_and(|name| name.id == *self.name)
    }

    /// Sees to the call of the function, where `result` is that, or is awaited.
    fn sees_call(&mut self, result: &Expr) -> bool {
        let result = result.as_await_expr().map_or(result, |awaited| &*awaited.value);
        let Some(call) = result.as_call_expr().filter(|call| self.is_function(&call.func)) else { return false };
        self.is_called = true;
        self.visit_arguments(&call.arguments);
        true
    }
}

impl<'a> Visitor<'a> for Uses<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Try(tried) if !tried.handlers.is_empty() => self.is_other = true,
            Stmt::With(_) => self.is_other = true,
            Stmt::Return(returned) if returned.value.as_deref().is_some_and(|value| self.sees_call(value)) => {}
            statement => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Await(_) if self.sees_call(expression) => {}
            // Its name and the like.
            Expr::Attribute(attribute) if self.is_function(&attribute.value) => {}
            Expr::Call(call) if only_asks(call) => {}
            expression if self.is_function(expression) => self.is_other = true,
            expression => walk_expr(self, expression),
        }
    }
}

/// Whether a call copies what a function says of itself, or asks what it is.
fn only_asks(call: &ExprCall) -> bool {
    last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "wraps" | "update_wrapper" | "iscoroutinefunction" | "signature"))
}
