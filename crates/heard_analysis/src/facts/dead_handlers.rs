//! Handlers around a wait that never raises what they are for.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtTry};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::StatementSite;
use super::exceptions::ExceptionSet;
use super::handlers::head_of;
use super::models::Effect;
use super::origin::{DEEPEST_ORIGIN, Given};
use crate::finding::Span;

/// What `asyncio.wait` may raise itself: it is cancelled, or given what it does not take.
const OWN: [&str; 7] =
    ["CancelledError", "ExceptionGroup", "GeneratorExit", "KeyboardInterrupt", "RuntimeError", "TypeError", "ValueError"];

/// A handler around nothing but a call like `asyncio.wait`, which raises no failure of its tasks.
#[derive(Debug)]
pub(crate) struct DeadHandler {
    /// The call.
    pub(crate) site: Site,
    /// The source text of what is called.
    pub(crate) callee: String,
    /// The head of the handler, and its source text.
    pub(crate) head: (Span, String),
    /// Whether it is there for the end of the time, which such a call does not raise either.
    pub(crate) is_timeout: bool,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The dead handlers of the module.
    pub(super) fn dead_handlers(&self) -> impl Iterator<Item = DeadHandler> + '_ {
        self.flow.body.statements.iter().filter_map(|site| match site.statement {
            Stmt::Try(statement) if site.around.scope.is_async => self.dead_handler(site, statement),
            _ => None,
        })
    }

    fn dead_handler(&self, site: &StatementSite<'a>, statement: &'a StmtTry) -> Option<DeadHandler> {
        let [only] = &*statement.body else { return None };
        let awaited = match only {
            Stmt::Expr(statement) => &*statement.value,
            Stmt::Assign(statement) => &*statement.value,
            _ => return None,
        };
        let wait = awaited.as_await_expr()?.value.as_call_expr()?;
        let mut handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
        let hierarchy = self.hierarchy();
        let (handler, set) = handlers.find_map(|handler| {
            let set = ExceptionSet::of_handler(handler).resolved(self.flow.module);
            (!OWN.iter().any(|raised| set.may_take(raised, hierarchy))).then_some((handler, set))
        })?;
        let is_timeout = set.names("TimeoutError");
        // Who goes on when the time is over goes on all the same.
        if is_timeout && handler.body.iter().all(Stmt::is_pass_stmt) {
            return None;
        }
        let is_wait = self.flow.model(wait)?.arguments == Some(Effect::WaitFor);
        if !is_wait || !self.only_starts(site, wait) {
            return None;
        }
        let mut around = site.around.clone();
        around.statement = only.range();
        let head = head_of(handler);
        Some(DeadHandler {
            site: self.site(wait.range(), &around),
            callee: self.short_text(wait.func.range()),
            head: (self.flow.module.span(head), self.text(head)),
            is_timeout,
        })
    }

    /// Whether the arguments of a wait do nothing that fails: they name tasks, or start them.
    fn only_starts(&self, site: &StatementSite<'a>, wait: &'a ExprCall) -> bool {
        let mut calls = Calls(Vec::new());
        wait.arguments.args.iter().for_each(|argument| calls.visit_expr(argument));
        let starts = |call: &ExprCall| {
            let given = self.given(self.flow.module, call, Some(&site.around.scope), DEEPEST_ORIGIN);
            !matches!(given, Given::Nothing | Given::Guessed(_))
        };
        calls.0.into_iter().all(starts)
    }
}

/// All calls in an expression.
struct Calls<'a>(Vec<&'a ExprCall>);

impl<'a> Visitor<'a> for Calls<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0.extend(expression.as_call_expr());
        walk_expr(self, expression);
    }
}
