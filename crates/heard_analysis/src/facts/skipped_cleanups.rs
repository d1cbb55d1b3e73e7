//! Handlers for failures that release something and raise again, so that a cancellation leaves it as it is.

use ruff_python_ast::name::Name;
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, Stmt, StmtTry, StmtWith};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{Block, StatementSite, last_name};
use super::exceptions::ExceptionSet;
use super::handlers::head_of;
use super::naming::{only_tells, releases};
use super::search::{awaited_calls, calls_in, pauses};
use crate::finding::Span;

/// A handler that cleans up behind failures and not behind a cancellation.
#[derive(Debug)]
pub(crate) struct SkippedCleanup {
    /// The head of the handler.
    pub(crate) site: Site,
    /// Its source: `except Exception`.
    pub(crate) source: String,
    /// The source text of what releases: `self.close`.
    pub(crate) release: String,
    /// Where it is called.
    pub(crate) released_at: Span,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The clean-up of the module that a cancellation skips.
    pub(super) fn skipped_cleanups(&self) -> impl Iterator<Item = SkippedCleanup> + '_ {
        self.flow.body.statements.iter().filter_map(|site| self.skipped_cleanup(site))
    }

    fn skipped_cleanup(&self, site: &StatementSite<'a>) -> Option<SkippedCleanup> {
        let Stmt::Try(statement) = site.statement else { return None };
        if !site.around.scope.is_async || !statement.finalbody.is_empty() || hears_cancellation(statement) || !waits(&statement.body) {
            return None;
        }
        // One inside takes it, as it has to where this one is an `except*`.
        if matches!(&*statement.body, [Stmt::Try(inner)] if hears_cancellation(inner)) {
            return None;
        }
        let (handler, release) = statement.handlers.iter().find_map(|ExceptHandler::ExceptHandler(handler)| {
            let takes_failures = ExceptionSet::of_handler(handler).names("Exception");
            Some((handler, releasing(handler).filter(|_| takes_failures)?))
        })?;
        let Expr::Attribute(method) = &*release.func else { return None };
        let released = receiver_of(&method.value)?;
        // Whoever cancels a gather cancels all that it waits for.
        if method.attr.as_str() == "cancel" && gathers(&statement.body) {
            return None;
        }
        if site.around.blocks().any(|block| is_released_by(block, &method.attr.id, released)) {
            return None;
        }
        let mut around = site.around.clone();
        around.statement = head_of(handler);
        Some(SkippedCleanup {
            site: self.site(around.statement, &around),
            source: self.text(around.statement),
            release: self.short_text(release.func.range()),
            released_at: self.flow.module.span(release.range()),
        })
    }
}

/// What a handler calls to release something, where it does that and raises.
fn releasing(handler: &ExceptHandlerExceptHandler) -> Option<&ExprCall> {
    let [body @ .., Stmt::Raise(_)] = &*handler.body else { return None };
    calls_in(body).into_iter().find(|call| is_release(call))
}

/// Whether a handler of a `try` takes a cancellation.
fn hears_cancellation(statement: &StmtTry) -> bool {
    statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
        let set = ExceptionSet::of_handler(handler);
        set.may_take_cancellation() || set.names("Cancelled")
    })
}

/// Whether a block around does what the handler does, for whatever leaves it, or ends what it ends.
fn is_released_by(block: Block<'_>, method: &Name, released: &Name) -> bool {
    let does_it = |body: &[Stmt]| {
        calls_in(body).into_iter().filter(|call| is_release(call)).any(|call| {
            let Expr::Attribute(other) = &*call.func else { return false };
            other.attr.id == *method || receiver_of(&other.value) == Some(released)
        })
    };
    match block {
        Block::Try(statement) => does_it(&statement.finalbody) || hears_cancellation(statement),
        Block::With(statement) => binds(statement, released),
        Block::Finally(_) => true,
        _ => false,
    }
}

/// Whether a `with` gives, or enters, what is called so.
fn binds(statement: &StmtWith, released: &Name) -> bool {
    statement.items.iter().any(|item| {
        let given = item.optional_vars.as_deref().and_then(last_name);
        let entered = last_name(&item.context_expr);
        given == Some(released) || entered == Some(released)
    })
}

/// The last name of what a method is called on, of an element the name of the container.
fn receiver_of(expression: &Expr) -> Option<&Name> {
    match expression {
        Expr::Subscript(element) => receiver_of(&element.value),
        Expr::Call(call) => last_name(&call.func),
        expression => last_name(expression),
    }
}

fn is_release(call: &ExprCall) -> bool {
    call.func.is_attribute_expr() && !only_tells(call) && last_name(&call.func).is_some_and(|name| releases(name))
}

/// Whether statements await a gather.
fn gathers(body: &[Stmt]) -> bool {
    awaited_calls(body).iter().any(|call| last_name(&call.func).is_some_and(|name| name == "gather"))
}

/// Whether statements wait, so that a cancellation may come out of them.
fn waits(body: &[Stmt]) -> bool {
    pauses(body, |expression| matches!(expression, Expr::Await(_) | Expr::Yield(_)))
}
