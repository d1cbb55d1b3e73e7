//! Handlers for failures that release something and raise again, so that a cancellation leaves it as it is.

use ruff_python_ast::name::Name;
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtTry, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use super::Site;
use super::birth::Finder;
use super::body::{Block, Local, StatementSite, last_name};
use super::exceptions::ExceptionSet;
use super::handlers::head_of;
use super::naming::{only_tells, releases};
use super::search::{awaited_calls, calls_in, pauses};
use super::undoing::undone;
use crate::finding::Span;

/// A handler that cleans up behind failures and not behind a cancellation.
#[derive(Debug)]
pub(crate) struct SkippedCleanup {
    /// The head of the handler.
    pub(crate) site: Site,
    /// Its source: `except Exception`.
    pub(crate) source: String,
    /// The source text of what releases: `self.close`, or `self.is_busy = False`.
    pub(crate) release: String,
    /// Whether that is a call, whose arguments are left out.
    pub(crate) is_call: bool,
    /// Where it stands.
    pub(crate) released_at: Span,
}

/// What a handler does to release something.
struct Release<'a> {
    /// The call, or the statement.
    whole: TextRange,
    /// What is written of it in a message.
    shown: TextRange,
    /// The method, of a call.
    method: Option<&'a Name>,
    /// What is released, by its last name.
    released: &'a Name,
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
            let [body @ .., Stmt::Raise(_)] = &*handler.body else { return None };
            let release = Some(body).filter(|_| takes_failures)?;
            Some((handler, released_by_name(release).or_else(|| self.taken_back(site, statement, release))?))
        })?;
        // Whoever cancels a gather cancels all that it waits for.
        if release.method.is_some_and(|method| method == "cancel") && gathers(&statement.body) {
            return None;
        }
        if site.around.blocks().any(|block| is_released_by(block, &release)) {
            return None;
        }
        let mut around = site.around.clone();
        around.statement = head_of(handler);
        Some(SkippedCleanup {
            site: self.site(around.statement, &around),
            source: self.text(around.statement),
            release: self.short_text(release.shown),
            is_call: release.method.is_some(),
            released_at: self.flow.module.span(release.whole),
        })
    }

    /// What statements take back of something that was done before the `try` waits.
    fn taken_back(&self, site: &StatementSite<'a>, statement: &'a StmtTry, body: &'a [Stmt]) -> Option<Release<'a>> {
        let scope = &site.around.scope;
        let in_function = |earlier: &&StatementSite<'a>| earlier.around.scope.frame == scope.frame;
        let before = self.flow.body.statements.iter().filter(in_function).map(|earlier| earlier.statement);
        let before = before.filter(|earlier| scope.function.is_some_and(|function| function.range().contains_range(earlier.range())));
        let earlier: Vec<&Stmt> = before.filter(|earlier| is_done_before_a_wait(earlier, statement)).collect();
        body.iter().find_map(|later| {
            let place = earlier.iter().find_map(|earlier| undone(later, earlier))?;
            if !self.outlasts_call(scope.frame, place, !matches!(later, Stmt::Expr(_) | Stmt::Delete(_))) {
                return None;
            }
            let value = later.as_expr_stmt().map(|inner| inner.value.as_await_expr().map_or(&*inner.value, |awaited| &*awaited.value));
            let call = value.and_then(Expr::as_call_expr);
            Some(Release {
                whole: later.range(),
                shown: call.map_or(later.range(), |call| call.func.range()),
                method: call.and_then(|call| last_name(&call.func)),
                released: receiver_of(place)?,
            })
        })
    }

    /// Whether what is changed at a place is still there when the function has ended: all but what it has made for
    /// itself. To bind a name is a change of that name alone.
    fn outlasts_call(&self, frame: usize, place: &Expr, is_bound: bool) -> bool {
        match place {
            Expr::Attribute(_) => true,
            Expr::Subscript(entry) => self.outlasts_call(frame, &entry.value, false),
            Expr::Name(name) => {
                let bound = self.flow.body.binding_frame(frame, &name.id);
                let local = Local { frame, name: name.id.clone() };
                let is_given = self.flow.body.variables.get(&local).is_some_and(|variable| variable.is_parameter);
                bound != Some(frame) || is_given && !is_bound
            }
            _ => false,
        }
    }
}

/// Whether a statement runs before one of those that a `try` waits for: before it all, or in it and before such a one.
fn is_done_before_a_wait(earlier: &Stmt, statement: &StmtTry) -> bool {
    let place = statement.body.iter().position(|one| one.range() == earlier.range());
    earlier.end() <= statement.start() || place.is_some_and(|place| waits(&statement.body[place + 1..]))
}

/// The call among statements that says by its name that it releases something.
fn released_by_name(body: &[Stmt]) -> Option<Release<'_>> {
    calls_in(body).into_iter().filter(|call| is_release(call)).find_map(|call| {
        let Expr::Attribute(method) = &*call.func else { return None };
        let released = receiver_of(&method.value)?;
        Some(Release { whole: call.range(), shown: call.func.range(), method: Some(&method.attr.id), released })
    })
}

/// Whether a handler of a `try` takes a cancellation.
fn hears_cancellation(statement: &StmtTry) -> bool {
    statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
        let set = ExceptionSet::of_handler(handler);
        set.may_take_cancellation() || set.names("Cancelled")
    })
}

/// Whether a block around does what the handler does, for whatever leaves it, or ends what it ends.
fn is_released_by(block: Block<'_>, release: &Release<'_>) -> bool {
    let does_it = |body: &[Stmt]| {
        let is_changed = |statement: &Stmt| changed_by(statement).any(|place| receiver_of(place) == Some(release.released));
        body.iter().any(is_changed)
            || calls_in(body).into_iter().any(|call| {
                let Expr::Attribute(other) = &*call.func else { return false };
                let is_same = receiver_of(&other.value) == Some(release.released);
                release.method.is_some_and(|method| other.attr.id == *method && (is_same || is_release(call)))
                    || is_same && is_release(call)
            })
    };
    match block {
        Block::Try(statement) => does_it(&statement.finalbody) || hears_cancellation(statement),
        Block::With(statement) => binds(statement, release.released),
        Block::Finally(_) => true,
        _ => false,
    }
}

/// What a statement binds or deletes.
fn changed_by(statement: &Stmt) -> impl Iterator<Item = &Expr> {
    let targets: &[Expr] = match statement {
        Stmt::Assign(assign) => &assign.targets,
        Stmt::Delete(delete) => &delete.targets,
        Stmt::AugAssign(assign) => std::slice::from_ref(&*assign.target),
        _ => &[],
    };
    targets.iter()
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
