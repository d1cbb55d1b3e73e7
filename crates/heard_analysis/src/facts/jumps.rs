//! Jumps out of `finally` blocks, which swallow what is on its way out.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtTry};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::Block;
use super::exceptions::ExceptionSet;

/// A statement that leaves a `finally` block other than by its end.
#[derive(Debug)]
pub(crate) struct Jump {
    pub(crate) site: Site,
    /// The word that begins it.
    pub(crate) keyword: &'static str,
}

impl Finder<'_, '_, '_> {
    /// The jumps of the module.
    pub(super) fn jumps(&self) -> impl Iterator<Item = Jump> + '_ {
        self.flow.body.statements.iter().filter_map(|site| {
            let (keyword, ends_at_loop) = match site.statement {
                Stmt::Return(_) => ("return", false),
                Stmt::Break(_) => ("break", true),
                Stmt::Continue(_) => ("continue", true),
                _ => return None,
            };
            let left = site.around.blocks().take_while(|block| !(ends_at_loop && matches!(block, Block::Loop(_))));
            let swallows = left.into_iter().any(|block| matches!(block, Block::Finally(statement) if lets_out(statement)));
            swallows.then(|| Jump { site: self.site(site.statement.range(), &site.around), keyword })
        })
    }
}

/// Whether a failure or a cancellation may be on its way out of a `try` when its `finally` begins: not
/// behind a handler for everything, if no handler raises or waits.
fn lets_out(statement: &StmtTry) -> bool {
    let takes_all = |ExceptHandler::ExceptHandler(handler): &ExceptHandler| ExceptionSet::of_handler(handler).is_all();
    let mut leaving = Leaving(false);
    for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
        leaving.visit_body(&handler.body);
    }
    leaving.visit_body(&statement.orelse);
    leaving.0 || !statement.handlers.iter().any(takes_all)
}

/// Whether statements raise, or wait, where they can be cancelled.
struct Leaving(bool);

impl<'a> Visitor<'a> for Leaving {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::Raise(_) => self.0 = true,
            Stmt::For(statement) => self.0 |= statement.is_async,
            Stmt::With(statement) => self.0 |= statement.is_async,
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0 |= expression.is_await_expr();
        if !expression.is_lambda_expr() {
            walk_expr(self, expression);
        }
    }
}
