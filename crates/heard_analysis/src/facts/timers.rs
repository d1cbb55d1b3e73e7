//! Tasks that the loop holds itself, since all that they wait for is its timer.

use ruff_python_ast::visitor::{Visitor, walk_comprehension, walk_expr, walk_stmt};
use ruff_python_ast::{Comprehension, Expr, Stmt, StmtFunctionDef};

use super::birth::Finder;
use super::body::{CallSite, arguments};
use super::names::is_plain_coroutine_function;
use super::origin::{DEEPEST_ORIGIN, work_callee};
use crate::resolve::{Callee, Module};

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// Whether what a call starts waits, and for nothing but the loop's timer: from there the loop comes to
    /// the task, so that it is not collected while it runs.
    pub(super) fn is_held_by_timer(&self, site: &CallSite<'a>) -> bool {
        let work = arguments(site.call).find_map(|argument| work_callee(self.flow.module, argument, site.around.scope.function));
        work.is_some_and(|work| self.timer_waits(&work, DEEPEST_ORIGIN).is_some_and(|waits| waits > 0))
    }

    /// At how many places a coroutine waits for the timer, or `None` where it waits for anything else.
    fn timer_waits(&self, work: &Callee<'db>, depth: usize) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        work.with_body(self.db, |module, function| self.timer_waits_in(module, function, depth))?
    }

    fn timer_waits_in(&self, module: &Module<'db>, function: &StmtFunctionDef, depth: usize) -> Option<usize> {
        let mut awaits = Awaits::default();
        awaits.visit_body(&function.body);
        if !is_plain_coroutine_function(function) || awaits.are_hidden {
            return None;
        }
        let waits = awaits.awaited.into_iter().map(|awaited| {
            let call = awaited.as_call_expr()?;
            let callee = module.callee(call);
            match self.flow.model_of(module, call, callee.as_ref()) {
                Some(model) => model.timer.then_some(1),
                None => self.timer_waits(&callee?, depth),
            }
        });
        waits.sum()
    }
}

/// What a body awaits, functions in it left out.
#[derive(Default)]
struct Awaits<'a> {
    awaited: Vec<&'a Expr>,
    /// Whether there are waits that no `await` shows.
    are_hidden: bool,
}

impl<'a> Visitor<'a> for Awaits<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::For(statement) => self.are_hidden |= statement.is_async,
            Stmt::With(statement) => self.are_hidden |= statement.is_async,
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.are_hidden |= comprehension.is_async;
        walk_comprehension(self, comprehension);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(_) => return,
            Expr::Await(node) => self.awaited.push(&node.value),
            _ => {}
        }
        walk_expr(self, expression);
    }
}
