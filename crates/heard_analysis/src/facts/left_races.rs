//! Tasks that run on when the coroutine that waits for them is cancelled: `asyncio.wait` leaves alone what it waits for.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Block, CallSite, Local, Use, constant, last_name};
use super::exceptions::ExceptionSet;
use super::models::Effect;
use super::naming::is_task_scope;
use super::origin::{DEEPEST_ORIGIN, Given, work_callee};
use super::{Kind, Site};
use crate::finding::Span;

/// A task that a cancelled wait leaves behind.
#[derive(Debug)]
pub(crate) struct LeftRace {
    /// The call that starts it.
    pub(crate) site: Site,
    /// The source text of what runs.
    pub(crate) work: String,
    /// The wait.
    pub(crate) waited_at: Span,
    /// Whether it takes something that nobody gets then; otherwise it never ends.
    pub(crate) takes: bool,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The tasks of the module that cancelled waits leave behind.
    pub(super) fn left_races(&self) -> Vec<LeftRace> {
        self.flow.body.calls.iter().filter(|site| self.is_open_wait(site)).flat_map(|wait| self.left_by(wait)).collect()
    }

    /// Whether a call waits for tasks of its function, and nothing cancels these when it is cancelled itself.
    fn is_open_wait(&self, site: &CallSite<'a>) -> bool {
        let waits = |effect: Option<Effect>| effect == Some(Effect::WaitFor);
        let is_named = last_name(&site.call.func).is_some_and(|name| self.flow.models.any_named(name, |model| waits(model.arguments)));
        let is_guarded = |block| match block {
            Block::Try(statement) => ends_tasks(statement),
            Block::With(with) => with.items.iter().any(|item| is_task_scope(&item.context_expr)),
            _ => false,
        };
        is_named
            && !site.is_dead
            && matches!(site.how, Use::Awaited(_))
            && !site.around.blocks().any(is_guarded)
            && !self.flow.cancels_before(site.call)
            && self.flow.model(site.call).is_some_and(|model| waits(model.arguments))
    }

    fn left_by(&self, wait: &CallSite<'a>) -> Vec<LeftRace> {
        let Some(waited) = wait.call.arguments.args.first() else { return Vec::new() };
        let elements = match waited {
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::Set(ast::ExprSet { elts, .. }) => {
                elts.iter().collect()
            }
            other => vec![other],
        };
        elements.into_iter().filter_map(|element| self.left_task(element, wait)).collect()
    }

    fn left_task(&self, element: &'a Expr, wait: &CallSite<'a>) -> Option<LeftRace> {
        let name = element.as_name_expr()?;
        let value = self.flow.body.values.get(&Local { frame: wait.around.scope.frame, name: name.id.clone() })?;
        let call = match value {
            Expr::Call(call) => call,
            Expr::ListComp(list) => list.elt.as_call_expr()?,
            _ => return None,
        };
        let work = call.arguments.args.first()?;
        let takes = work.as_call_expr().is_some_and(takes_something);
        let site = self.flow.body.site_of(call)?;
        let is_endless = || {
            let worker = work_callee(self.flow.module, work, site.around.scope.function)?;
            worker.with_body(self.db, |_, function| never_ends(function))
        };
        if self.flow.models.given_by_last_name(last_name(&call.func)?) != Some(Kind::Task) || !takes && is_endless() != Some(true) {
            return None;
        }
        let is_fresh = self.given(self.flow.module, call, Some(&site.around.scope), DEEPEST_ORIGIN) == Given::Fresh(Kind::Task);
        is_fresh.then(|| LeftRace {
            site: self.site(call.range(), &site.around),
            work: self.short_text(work.as_call_expr().map_or(work.range(), |work| work.func.range())),
            waited_at: self.flow.module.span(wait.call.range()),
            takes,
        })
    }
}

/// Whether the `finally` of a `try`, or a handler that takes a cancellation, cancels something.
fn ends_tasks(statement: &ast::StmtTry) -> bool {
    let takes = |handler: &&ast::ExceptHandlerExceptHandler| ExceptionSet::of_handler(handler).may_take_cancellation();
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
    let mut cancels = Cancels(false);
    cancels.visit_body(&statement.finalbody);
    handlers.filter(takes).for_each(|handler| cancels.visit_body(&handler.body));
    cancels.0
}

/// Whether something is cancelled, or handed to what may do that.
struct Cancels(bool);

impl<'a> Visitor<'a> for Cancels {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0 |= expression.as_call_expr().and_then(|call| last_name(&call.func)).is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            ["cancel", "stop", "close", "end", "kill", "abort", "shutdown"].iter().any(|word| name.contains(word))
        });
        walk_expr(self, expression);
    }
}

/// Whether a call takes something away that others then do not get: an item, a lock, a message.
fn takes_something(work: &ExprCall) -> bool {
    last_name(&work.func).is_some_and(|name| matches!(name.as_str(), "get" | "acquire" | "recv" | "receive")) && work.arguments.is_empty()
}

/// Whether a coroutine function goes on for ever.
fn never_ends(function: &StmtFunctionDef) -> bool {
    struct Loops {
        endless: bool,
        leaves: bool,
    }
    impl<'a> Visitor<'a> for Loops {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
                Stmt::While(inner) => self.endless |= constant(&inner.test) == Some(true),
                Stmt::Break(_) | Stmt::Return(_) => self.leaves = true,
                _ => {}
            }
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut loops = Loops { endless: false, leaves: false };
    loops.visit_body(&function.body);
    function.is_async && loops.endless && !loops.leaves
}
