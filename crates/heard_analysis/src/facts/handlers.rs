//! Handlers that catch the cancellation of their own coroutine, after which it works on.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, WithItem};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::Site;
use super::birth::Finder;
use super::body::{Around, Block, CallSite, StatementSite, Use, last_name};
use super::continuation::{Continuation, continuation};
use super::exceptions::ExceptionSet;
use super::naming::{ends_something, only_tells};
use super::own_waits::waits_for_other;

/// A handler or `suppress` that ends a cancellation, and does nothing about it.
#[derive(Debug)]
pub(crate) struct Swallow {
    /// The head of the handler, or the item of the `with`.
    pub(crate) site: Site,
    /// Its source: `except BaseException`.
    pub(crate) source: String,
    pub(crate) caught: Caught,
    pub(crate) then: Then,
}

/// What goes on where a cancellation is swallowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The loop around.
    Repeats,
    /// What comes behind.
    WorksOn,
    /// Every coroutine that awaits this one, which comes to its end.
    CallersWorkOn,
    /// Whoever awaits this one, if anybody does: it leaves the rest of its work undone.
    LeavesRest,
    /// What the handler itself awaits.
    WorksOnInside,
    /// What is caught is kept, and raised in whoever asks next.
    RaisedInOthers,
    /// Whoever awaits this one, which waits for a task that others cancel, and now for nothing else.
    WaitsForOther,
}

/// What a handler catches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caught {
    /// Everything.
    All,
    /// Cancellation together with failures.
    Mixed,
    /// Nothing but cancellation.
    Cancellation,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The swallowed cancellations of the module.
    pub(super) fn swallows(&self) -> impl Iterator<Item = Swallow> + '_ {
        self.flow.body.statements.iter().filter_map(|site| self.swallow(site))
    }

    fn swallow(&self, site: &StatementSite<'a>) -> Option<Swallow> {
        let function = site.around.scope.function.filter(|_| site.around.scope.is_async)?;
        let (body, head, caught, returns) = match site.statement {
            Stmt::Try(statement) => {
                let (handler, caught) =
                    statement.handlers.iter().find_map(|ExceptHandler::ExceptHandler(handler)| Some((handler, self.caught(handler)?)))?;
                let (body, returns) = match &*handler.body {
                    [body @ .., Stmt::Return(end)] if end.value.is_none() => (body, true),
                    body => (body, false),
                };
                if !self.is_idle(body) {
                    let then = if caught == Caught::Mixed && !returns && works_on(&handler.body) {
                        Then::WorksOnInside
                    } else if caught != Caught::Mixed && self.is_raised_in_others(handler, function) {
                        Then::RaisedInOthers
                    } else {
                        return None;
                    };
                    let is_open = then == Then::WorksOnInside && (is_ending(function, &site.around) || knows_interruption(function));
                    return (!is_open && self.waits_for_own(function, &statement.body))
                        .then(|| self.swallow_at(site, head_of(handler), caught, then));
                }
                (&statement.body, head_of(handler), caught, returns)
            }
            Stmt::With(statement) if !statement.is_async => {
                let (item, caught) = statement.items.iter().find_map(|item| Some((item, self.suppressed(item)?)))?;
                (&statement.body, item.range(), caught, false)
            }
            _ => return None,
        };
        if knows_interruption(function) {
            return None;
        }
        let then = if is_ending(function, &site.around) || !self.waits_for_own(function, body) {
            let is_meant_for_other = caught == Caught::Cancellation && !returns && waits_for_other(function, body);
            is_meant_for_other.then_some(Then::WaitsForOther)?
        } else {
            match continuation(&function.body, site.statement.range()) {
                Continuation::Awaits if returns => Then::LeavesRest,
                _ if returns => return None,
                Continuation::Repeats => Then::Repeats,
                Continuation::Awaits => Then::WorksOn,
                Continuation::Ends if self.callers_work_on(function) => Then::CallersWorkOn,
                Continuation::Ends => return None,
            }
        };
        Some(self.swallow_at(site, head, caught, then))
    }

    fn swallow_at(&self, site: &StatementSite<'a>, head: TextRange, caught: Caught, then: Then) -> Swallow {
        let mut around = site.around.clone();
        around.statement = head;
        Swallow { site: self.site(head, &around), source: self.text(head), caught, then }
    }

    /// Whether a handler keeps what it has caught in an attribute, and another coroutine raises what lies there.
    fn is_raised_in_others(&self, handler: &ExceptHandlerExceptHandler, function: &StmtFunctionDef) -> bool {
        let Some(name) = &handler.name else { return false };
        let kept = handler.body.iter().filter_map(|statement| match statement {
            Stmt::Assign(keeping) if last_name(&keeping.value).is_some_and(|value| *value == name.id) && keeping.value.is_name_expr() => {
                keeping.targets.iter().find(|target| target.is_attribute_expr() || target.is_subscript_expr())
            }
            _ => None,
        });
        let kept: Vec<String> = kept.map(|target| self.text(target.range())).collect();
        let is_own = |place: TextRange| handler.range().contains_range(place);
        !kept.is_empty()
            && self.flow.body.statements.iter().any(|other| {
                let Stmt::Raise(raise) = other.statement else { return false };
                let is_here = other.around.scope.function.is_some_and(|around| around.is_async);
                is_here
                    && !is_own(raise.range())
                    && raise.exc.as_deref().is_some_and(|raised| kept.contains(&self.text(raised.range())))
                    && other.around.scope.class.map(Ranged::range) == self.class_of(function)
            })
    }

    /// The class whose method a function is.
    fn class_of(&self, function: &StmtFunctionDef) -> Option<TextRange> {
        self.flow
            .body
            .frames
            .iter()
            .find(|frame| frame.function.is_some_and(|known| known.range() == function.range()))?
            .class
            .map(Ranged::range)
    }

    /// Whether a private function is awaited and nothing else, by coroutines that go on behind that.
    fn callers_work_on(&self, function: &StmtFunctionDef) -> bool {
        if !function.name.starts_with('_') || function.name.starts_with("__") || !function.decorator_list.is_empty() {
            return false;
        }
        let mut callers = self.flow.body.calls.iter().filter(|site| last_name(&site.call.func) == Some(&function.name.id)).peekable();
        let mut mentions = MentionCounter { name: &function.name, count: 0 };
        mentions.visit_body(self.flow.module.body());
        let count = callers.clone().count();
        let works_on = |site: &CallSite| {
            let Some(caller) = site.around.scope.function else { return false };
            matches!(site.how, Use::Awaited(_))
                && !is_ending(caller, &site.around)
                && continuation(&caller.body, site.around.statement) != Continuation::Ends
        };
        callers.peek().is_some() && count == mentions.count && callers.all(works_on)
    }

    /// What a handler catches, where cancellation is among it.
    fn caught(&self, handler: &ExceptHandlerExceptHandler) -> Option<Caught> {
        let kinds = match handler.type_.as_deref() {
            None => &[],
            Some(Expr::Tuple(kinds)) => &*kinds.elts,
            Some(kind) => std::slice::from_ref(kind),
        };
        self.caught_together(&ExceptionSet::of_handler(handler), kinds)
    }

    fn caught_together(&self, set: &ExceptionSet<'_>, kinds: &[Expr]) -> Option<Caught> {
        if set.is_all() {
            return Some(Caught::All);
        }
        if !kinds.iter().any(|kind| self.is_cancellation(kind)) {
            return None;
        }
        Some(if kinds.iter().all(|kind| self.is_cancellation(kind)) { Caught::Cancellation } else { Caught::Mixed })
    }

    /// Whether an exception class is that of cancellation; `concurrent.futures` has one of the same
    /// name, which asyncio does not raise.
    fn is_cancellation(&self, kind: &Expr) -> bool {
        match kind {
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| name == "get_cancelled_exc_class"),
            _ if last_name(kind).is_some_and(|name| name == "CancelledError") => {
                let target = self.flow.module.target(kind).and_then(|target| target.name);
                target.is_some_and(|name| name == "asyncio.exceptions.CancelledError")
            }
            _ => false,
        }
    }

    fn suppressed(&self, item: &WithItem) -> Option<Caught> {
        self.caught_together(&ExceptionSet::of_suppress(item)?, &item.context_expr.as_call_expr()?.arguments.args)
    }

    /// Whether a handler lets the coroutine go on and tells nobody who could stop it: it logs at most.
    fn is_idle(&self, statements: &[Stmt]) -> bool {
        statements.iter().all(|statement| match statement {
            Stmt::Pass(_) | Stmt::Continue(_) | Stmt::AugAssign(_) => true,
            Stmt::Expr(statement) => match &*statement.value {
                Expr::Call(call) => only_tells(call),
                Expr::Await(node) => node.value.as_call_expr().is_some_and(|call| self.only_waits(call)),
                value => value.is_literal_expr(),
            },
            _ => false,
        })
    }

    /// Whether awaiting a call does nothing but wait, like that of `asyncio.sleep`.
    fn only_waits(&self, call: &ExprCall) -> bool {
        let name = self.flow.module.callee(call).and_then(|callee| callee.name);
        name.and_then(|name| self.flow.models.function(&name)).is_some_and(|model| model.never_fails)
    }
}

/// Whether a handler awaits work, and neither raises nor leaves.
fn works_on(body: &[Stmt]) -> bool {
    struct Work {
        awaits: bool,
        leaves: bool,
    }
    impl<'a> Visitor<'a> for Work {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.leaves |= matches!(statement, Stmt::Raise(_) | Stmt::Return(_) | Stmt::Break(_) | Stmt::Continue(_));
            if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                walk_stmt(self, statement);
            }
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            let is_work = |call: &ExprCall| last_name(&call.func).is_some_and(|name| name != "sleep" && !ends_something(name));
            self.awaits |= expression.as_await_expr().and_then(|node| node.value.as_call_expr()).is_some_and(is_work);
            walk_expr(self, expression);
        }
    }
    let mut work = Work { awaits: false, leaves: false };
    work.visit_body(body);
    work.awaits && !work.leaves
}

/// `except` and what it catches.
pub(super) fn head_of(handler: &ExceptHandlerExceptHandler) -> TextRange {
    let keyword_end = handler.start() + TextSize::of("except");
    TextRange::new(handler.start(), handler.type_.as_deref().map_or(keyword_end, Ranged::end))
}

/// Whether the place is on the way out: a function that ends something, a `finally` block or a
/// handler, where the rest of the clean-up is more important.
fn is_ending(function: &StmtFunctionDef, around: &Around) -> bool {
    ends_something(&function.name) || around.blocks().any(|block| matches!(block, Block::Finally(_) | Block::Handler(_)))
}

/// Counts where a module uses a name, as a name or as an attribute.
struct MentionCounter<'n> {
    name: &'n str,
    count: usize,
}

impl<'a> Visitor<'a> for MentionCounter<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.count += usize::from(last_name(expression).is_some_and(|name| name == self.name));
        walk_expr(self, expression);
    }
}

/// Whether a function asks if it was cancelled or undoes that, or answers Ctrl-C, as loops do that
/// talk to somebody at a terminal.
fn knows_interruption(function: &StmtFunctionDef) -> bool {
    struct Knows(bool);
    impl<'a> Visitor<'a> for Knows {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= last_name(expression).is_some_and(|name| matches!(name.as_str(), "cancelling" | "uncancel" | "KeyboardInterrupt"));
            walk_expr(self, expression);
        }
    }
    let mut knows = Knows(false);
    knows.visit_body(&function.body);
    knows.0
}
