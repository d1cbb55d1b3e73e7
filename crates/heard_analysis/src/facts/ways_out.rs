//! The statements by which code is left before its end.

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtFor, StmtWhile};

/// The `return`s among `statements` and inside of them, and each `break` and `continue` that is none of a loop inside, in
/// the order of the source.
pub(crate) fn ways_out(statements: &[Stmt]) -> Vec<&Stmt> {
    let mut exits = Exits { is_in_loop: false, found: Vec::new() };
    exits.visit_body(statements);
    exits.found
}

struct Exits<'a> {
    is_in_loop: bool,
    found: Vec<&'a Stmt>,
}

impl<'a> Visitor<'a> for Exits<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Return(_) => self.found.push(statement),
            Stmt::Break(_) | Stmt::Continue(_) if !self.is_in_loop => self.found.push(statement),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::For(StmtFor { body, orelse, .. }) | Stmt::While(StmtWhile { body, orelse, .. }) => {
                let outer = std::mem::replace(&mut self.is_in_loop, true);
                self.visit_body(body);
                self.is_in_loop = outer;
                // The `else` of a loop is no part of it.
                self.visit_body(orelse);
            }
            statement => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}
