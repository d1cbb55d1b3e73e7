//! Loops that are run where one runs already: Python refuses that, and the coroutine never runs.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, StmtTry};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{Block, CallSite, Use, last_name};
use super::exceptions::ExceptionSet;
use super::hears::is_transparent;
use super::search::calls_in;
use crate::finding::Span;
use crate::resolve::Module;

/// A call that runs a loop inside of another.
#[derive(Debug)]
pub(crate) struct NestedRun {
    /// The call that runs it, or the one that leads there from another module.
    pub(crate) site: Site,
    /// The source text of what is called there.
    pub(crate) callee: String,
    /// The call in a coroutine that leads there, with its source text, where it is another one.
    pub(crate) called_from: Option<(Span, String)>,
    /// Where the loop is run, if that is in another module.
    pub(crate) runs_at: Option<Span>,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The nested runs of the module.
    pub(super) fn nested_runs(&self) -> impl Iterator<Item = NestedRun> + '_ {
        // It makes loops run inside of each other.
        let nests = self.flow.module.text().contains("nest_asyncio");
        let is_expected =
            |site: &CallSite<'a>| site.around.blocks().any(|block| matches!(block, Block::Try(statement) if expects_refusal(statement)));
        let asked = self.flow.body.calls.iter().filter(move |site| !nests && !site.is_dead && site.around.scope.is_async);
        asked.filter_map(move |site| self.nested_run(site).filter(|_| !is_expected(site)))
    }

    fn nested_run(&self, site: &CallSite<'a>) -> Option<NestedRun> {
        let callee = self.short_text(site.call.func.range());
        if is_run(self.flow.module, site.call) {
            return Some(NestedRun { site: self.site(site.call.range(), &site.around), callee, called_from: None, runs_at: None });
        }
        if !self.flow.index.is_loop_runner(last_name(&site.call.func)?) {
            return None;
        }
        // What is awaited is a coroutine, so that of a derived class is meant, which is not known here.
        if matches!(site.how, Use::Awaited(_)) && self.flow.module.callee(site.call).is_some_and(|callee| callee.is_bound) {
            return None;
        }
        let runs_at = self.run_in_callee(site.call)?;
        let run = self.flow.body.calls.iter().find(|other| self.flow.module.span(other.call.range()) == runs_at);
        Some(match run {
            Some(run) => NestedRun {
                site: self.site(run.call.range(), &run.around),
                callee: self.short_text(run.call.func.range()),
                called_from: Some((self.flow.module.span(site.call.range()), callee)),
                runs_at: None,
            },
            None => NestedRun { site: self.site(site.call.range(), &site.around), callee, called_from: None, runs_at: Some(runs_at) },
        })
    }

    /// Where the plain function that `call` goes to runs a loop.
    fn run_in_callee(&self, call: &ExprCall) -> Option<Span> {
        self.flow.module.callee(call)?.with_body(self.db, |module, function| {
            let is_plain = !function.is_async && function.decorator_list.iter().all(|one| is_transparent(&one.expression));
            if !is_plain || knows_of_loops(function) || module.text().contains("nest_asyncio") {
                return None;
            }
            calls_in(&function.body).into_iter().find(|call| is_run(module, call)).map(|call| module.span(call.range()))
        })?
    }
}

/// Whether a call runs a loop of asyncio until something is done.
fn is_run(module: &Module<'_>, call: &ExprCall) -> bool {
    let callee = || module.callee(call)?.name;
    may_run_loop(call)
        && callee()
            .is_some_and(|name| name == "asyncio.runners.run" || name.starts_with("asyncio.") && name.ends_with(".run_until_complete"))
}

/// Whether a call may run a loop, as far as its name tells.
pub(super) fn may_run_loop(call: &ExprCall) -> bool {
    last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "run" | "run_until_complete"))
}

/// Whether a function asks whether a loop runs, and so knows what to do where one does.
fn knows_of_loops(function: &StmtFunctionDef) -> bool {
    struct Asks(bool);
    impl<'a> Visitor<'a> for Asks {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.0 |= statement.as_try_stmt().is_some_and(expects_refusal);
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            let asks = |name: &Name| matches!(name.as_str(), "get_running_loop" | "_get_running_loop" | "is_running" | "current_task");
            self.0 |= last_name(expression).is_some_and(asks);
            walk_expr(self, expression);
        }
    }
    let mut asks = Asks(false);
    asks.visit_body(&function.body);
    asks.0
}

/// Whether a handler is for the very error that says that a loop runs already.
fn expects_refusal(statement: &StmtTry) -> bool {
    statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| ExceptionSet::of_handler(handler).names("RuntimeError"))
}
