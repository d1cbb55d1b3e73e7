//! Jumps out of `finally` blocks, which swallow what is on its way out.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Stmt, StmtAssign, StmtIf, StmtTry};
use ruff_text_size::{Ranged, TextRange};

use super::Site;
use super::birth::Finder;
use super::body::{Block, StatementSite};
use super::exceptions::ExceptionSet;

/// A statement that leaves a `finally` block other than by its end.
#[derive(Debug)]
pub(crate) struct Jump {
    pub(crate) site: Site,
    /// The word that begins it.
    pub(crate) keyword: &'static str,
    /// Whether a handler takes each failure first, so that it may only swallow a cancellation or what a handler raises.
    pub(crate) is_handled: bool,
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
            let mut swallowing = left.into_iter().filter_map(|block| match block {
                Block::Finally(statement) if lets_out(statement) => Some(statement),
                _ => None,
            });
            let first = swallowing.next()?;
            let is_dealt_with =
                |statement: &StmtTry| takes_failures(statement) && (takes_cancellations(statement) || tells_how_far(statement, site));
            let is_handled = is_dealt_with(first) && swallowing.all(is_dealt_with);
            (!counts_failures(site, first)).then(|| Jump { site: self.site(site.statement.range(), &site.around), keyword, is_handled })
        })
    }
}

/// Whether a jump is taken only where a counter has grown that nothing but handlers which end well raise: nothing is
/// on its way out then.
fn counts_failures(site: &StatementSite<'_>, statement: &StmtTry) -> bool {
    let Some(Stmt::If(condition)) = statement.finalbody.last() else { return false };
    let [jump] = &*condition.body else { return false };
    let Expr::Compare(test) = &*condition.test else { return false };
    let Expr::Name(counter) = &*test.left else { return false };
    if jump.range() != site.statement.range() || !condition.elif_else_clauses.is_empty() {
        return false;
    }
    let Some(function) = site.around.scope.function else { return false };
    let mut changes = Changes { name: &counter.id, grows: Vec::new(), is_other: false };
    changes.visit_body(&function.body);
    let ends_well = |handler: &ExceptHandlerExceptHandler| {
        let mut leaving = Leaving(false);
        leaving.visit_body(&handler.body);
        !leaving.0
    };
    let good: Vec<&ExceptHandlerExceptHandler> = handlers(statement).filter(|handler| ends_well(handler)).collect();
    let is_in_good = |place: &TextRange| good.iter().any(|handler| handler.range().contains_range(*place));
    !changes.is_other && !changes.grows.is_empty() && changes.grows.iter().all(is_in_good)
}

/// Where a name is counted up, and whether it is bound to anything but a constant elsewhere.
struct Changes<'n> {
    name: &'n str,
    grows: Vec<TextRange>,
    is_other: bool,
}

impl<'a> Visitor<'a> for Changes<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let is_it = |target: &Expr| matches!(target, Expr::Name(name) if name.id == *self.name);
        match statement {
            Stmt::AugAssign(change) if is_it(&change.target) => self.grows.push(change.range()),
            Stmt::Assign(change) if change.targets.iter().any(is_it) => self.is_other |= !change.value.is_literal_expr(),
            Stmt::For(each) if is_it(&each.target) => self.is_other = true,
            _ => {}
        }
        walk_stmt(self, statement);
    }
}

/// Whether a jump is taken only under a condition about what the `try` itself has set: it tells how far the work has got,
/// and behind the last wait nobody can cancel.
fn tells_how_far(statement: &StmtTry, site: &StatementSite<'_>) -> bool {
    let is_around = |condition: &&StmtIf| condition.range().contains_range(site.statement.range());
    let Some(condition) = statement.finalbody.iter().filter_map(Stmt::as_if_stmt).find(is_around) else { return false };
    let asked = names_in(&condition.test);
    let targets = |assignment: &StmtAssign| assignment.targets.iter().flat_map(names_in).collect::<Vec<_>>();
    let set = statement.body.iter().filter_map(Stmt::as_assign_stmt).flat_map(targets);
    set.into_iter().any(|name| asked.contains(&name))
}

/// The names and attributes in an expression, by their last names; the `self` of an attribute is none of them.
fn names_in(expression: &Expr) -> Vec<Name> {
    struct Names(Vec<Name>);
    impl<'a> Visitor<'a> for Names {
        fn visit_expr(&mut self, expression: &'a Expr) {
            match expression {
                Expr::Name(name) => self.0.push(name.id.clone()),
                Expr::Attribute(attribute) => self.0.push(attribute.attr.id.clone()),
                expression => walk_expr(self, expression),
            }
        }
    }
    let mut names = Names(Vec::new());
    names.visit_expr(expression);
    names.0
}

/// Whether a handler takes each failure, and raises none.
fn takes_failures(statement: &StmtTry) -> bool {
    handlers(statement).any(|handler| ExceptionSet::of_handler(handler).is_broad() && !raises(handler))
}

/// Whether the first handler that gets a cancellation does not raise it again.
fn takes_cancellations(statement: &StmtTry) -> bool {
    let first = handlers(statement).find(|handler| ExceptionSet::of_handler(handler).may_take_cancellation());
    first.is_some_and(|handler| !raises(handler))
}

fn handlers(statement: &StmtTry) -> impl Iterator<Item = &ExceptHandlerExceptHandler> {
    statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler)
}

fn raises(handler: &ExceptHandlerExceptHandler) -> bool {
    handler.body.iter().any(Stmt::is_raise_stmt)
}

/// Whether a failure or a cancellation may be on its way out of a `try` when its `finally` begins: not
/// behind a handler for everything, if no handler raises or waits.
fn lets_out(statement: &StmtTry) -> bool {
    let mut leaving = Leaving(false);
    for handler in handlers(statement) {
        leaving.visit_body(&handler.body);
    }
    leaving.visit_body(&statement.orelse);
    leaving.0 || !handlers(statement).any(|handler| ExceptionSet::of_handler(handler).is_all())
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
