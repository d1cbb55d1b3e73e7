//! What a body has somewhere in it, functions and classes that it defines looked into or not.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};

/// The calls that run when a function runs, those of functions in it left out.
pub(super) fn calls_in(body: &[Stmt]) -> Vec<&ExprCall> {
    let mut calls = Calls(Vec::new());
    calls.visit_body(body);
    calls.0
}

struct Calls<'a>(Vec<&'a ExprCall>);

impl<'a> Visitor<'a> for Calls<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0.extend(expression.as_call_expr());
        if !expression.is_lambda_expr() {
            walk_expr(self, expression);
        }
    }
}

/// The calls that a body awaits, those of functions in it included.
pub(super) fn awaited_calls(body: &[Stmt]) -> Vec<&ExprCall> {
    let mut awaited = Awaited(Vec::new());
    awaited.visit_body(body);
    awaited.0
}

struct Awaited<'a>(Vec<&'a ExprCall>);

impl<'a> Visitor<'a> for Awaited<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Await(node) = expression {
            self.0.extend(node.value.as_call_expr());
        }
        walk_expr(self, expression);
    }
}

/// Whether statements have an `async for` or `async with`, or an expression that counts as a pause. Functions in them
/// do not run here.
pub(super) fn pauses(body: &[Stmt], is_pause: impl Fn(&Expr) -> bool) -> bool {
    struct Pauses<F>(F, bool);
    impl<'a, F: Fn(&Expr) -> bool> Visitor<'a> for Pauses<F> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
                Stmt::For(statement) => self.1 |= statement.is_async,
                Stmt::With(statement) => self.1 |= statement.is_async,
                _ => {}
            }
            walk_stmt(self, statement);
        }

        fn visit_expr(&mut self, expression: &'a Expr) {
            self.1 |= (self.0)(expression);
            if !expression.is_lambda_expr() {
                walk_expr(self, expression);
            }
        }
    }
    let mut pauses = Pauses(is_pause, false);
    pauses.visit_body(body);
    pauses.1
}
