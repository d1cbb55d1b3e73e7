//! Coroutine functions that a call makes and gives back, and what can fail in them.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::callbacks::partial_function;
use super::hearings::{Asked, class_around};
use super::names::is_plain_coroutine_function;
use super::origin::returns;
use super::witness::Account;
use crate::resolve::Module;

impl<'db> Finder<'_, 'db, '_> {
    /// What can fail in the coroutine function that a call makes: `guarded(handler)` in `guarded(handler)(message)`.
    pub(super) fn account_of_made(&self, maker: &ExprCall) -> Option<Account> {
        if let Some(function) = partial_function(maker) {
            return self.account_of_choice(function);
        }
        let account = |module: &Module<'db>, function: &StmtFunctionDef| {
            let is_method = class_around(module.body(), function).is_some();
            let is_replaced = is_method && self.overriding(module, function).is_none_or(|classes| !classes.is_empty());
            let made = |result: Option<&Expr>| {
                let name = result?.as_name_expr().filter(|_| !is_replaced)?;
                let mut inner = function.body.iter().filter_map(Stmt::as_function_def_stmt);
                let made = inner.find(|inner| inner.name.id == name.id).filter(|inner| is_plain_coroutine_function(inner))?;
                let others = function.body.iter().filter(|statement| statement.range() != made.range());
                let is_bound_again = others.into_iter().any(|statement| rebinds(statement, &name.id));
                (!is_bound_again).then(|| self.account_of_function(module, made, Asked::ALONE))
            };
            let all = returns(&function.body).into_iter().map(made).collect::<Option<Vec<_>>>()?;
            (!all.is_empty()).then(|| Account::all(all))
        };
        self.flow.module.callee(maker)?.with_body(self.db, account)?
    }
}

/// Whether a statement binds a name, by a definition or otherwise.
fn rebinds(statement: &Stmt, name: &str) -> bool {
    struct Rebinds<'n>(&'n str, bool);
    impl<'a> Visitor<'a> for Rebinds<'_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::FunctionDef(function) => self.1 |= function.name.as_str() == self.0,
                Stmt::ClassDef(class) => self.1 |= class.name.as_str() == self.0,
                statement => walk_stmt(self, statement),
            }
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.1 |= matches!(expression, Expr::Name(name) if name.id == *self.0 && !name.ctx.is_load());
            walk_expr(self, expression);
        }
    }
    let mut rebinds = Rebinds(name, false);
    rebinds.visit_stmt(statement);
    rebinds.1
}
