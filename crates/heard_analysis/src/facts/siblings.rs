//! Gathers that fail while the rest of what they wait for runs on.

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::birth::Finder;
use super::body::{Around, Block, CallSite, Use};
use super::exceptions::ExceptionSet;
use super::origin::{DEEPEST_ORIGIN, Given};
use super::outcomes::Work;
use super::raises::{UNKNOWN, collects_failures};
use super::{Kind, Site};
use crate::finding::Span;

/// An awaited gather whose first failure is handled, while its other awaitables run on.
#[derive(Debug)]
pub(crate) struct Siblings {
    pub(crate) site: Site,
    /// The source text of what is called.
    pub(crate) callee: String,
    /// What takes the failure.
    pub(crate) taken_at: Span,
    /// Whether the next round of a loop starts the work again.
    pub(crate) starts_again: bool,
}

/// What takes a failure.
struct Taker {
    at: TextRange,
    /// Whether what stands around it goes on as if nothing had been.
    goes_on: bool,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The gathers of the module that leave siblings behind.
    pub(super) fn siblings(&self) -> impl Iterator<Item = Siblings> + '_ {
        let body = self.flow.body;
        let is_gather = |site: &&CallSite<'a>| {
            body.called_name(site.call).is_some_and(|name| self.flow.models.given_by_last_name(name) == Some(Kind::Gather))
        };
        let gathers = body.calls.iter().filter(|site| !site.is_dead && site.around.scope.is_async).filter(is_gather);
        gathers.filter_map(|site| self.siblings_of(site))
    }

    fn siblings_of(&self, site: &CallSite<'a>) -> Option<Siblings> {
        let around = self.around_await(site)?;
        if collects_failures(site.call) || around.blocks().next().is_none() || self.known_to_fail(site) < 2 {
            return None;
        }
        let (taker, starts_again) = self.taker(site, around)?;
        // What runs on is cancelled then.
        let ends_with_it = !starts_again && self.is_entry_point(&site.around.scope) && !self.waits_behind(site.step, taker.at.end());
        let is_gather =
            || matches!(self.given(self.flow.module, site.call, Some(&site.around.scope), DEEPEST_ORIGIN), Given::Fresh(Kind::Gather));
        (!ends_with_it && is_gather()).then(|| Siblings {
            site: self.site(site.call.range(), &site.around),
            callee: self.short_text(site.call.func.range()),
            taken_at: self.flow.module.span(taker.at),
            starts_again,
        })
    }

    /// What stands around the place where a gather is awaited, at once or by its name.
    fn around_await<'f>(&'f self, site: &'f CallSite<'a>) -> Option<&'f Around<'a>> {
        let local = match &site.how {
            Use::Awaited(_) => return Some(&site.around),
            Use::Bound(local, _) => local,
            _ => return None,
        };
        match &*self.flow.body.variables.get(local)?.loads {
            [load] if !load.is_nested && matches!(load.how, Use::Awaited(_)) => {
                let statements = &self.flow.body.statements;
                statements
                    .iter()
                    .rfind(|statement| statement.statement.range().contains_range(load.range))
                    .map(|statement| &statement.around)
            }
            _ => None,
        }
    }

    /// How many of the awaitables may fail and are in nobody else's hands; what a star stands for is
    /// taken to be two.
    fn known_to_fail(&self, site: &CallSite<'a>) -> usize {
        let mut count = 0;
        for argument in &site.call.arguments.args {
            match self.work(argument, site, DEEPEST_ORIGIN) {
                Work::Unknown | Work::Fresh { is_guess: true, .. } => return 0,
                Work::Fresh { account, .. } if account.hearing().lets_out() && !self.raised_by(argument, &site.around.scope).is_empty() => {
                    count += if argument.is_starred_expr() { 2 } else { 1 };
                }
                Work::Fresh { .. } => {}
            }
        }
        count
    }

    /// What takes a failure of the gather, and whether a loop around it goes on then.
    fn taker(&self, site: &CallSite<'a>, around: &Around<'a>) -> Option<(Taker, bool)> {
        let mut blocks = around.blocks();
        let taker = blocks.find_map(|block| match block {
            Block::Try(statement) => {
                let mut handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler);
                let handler = handlers.find(|handler| self.takes_failure(site, ExceptionSet::of_handler(handler)))?;
                Some(taken_by(handler))
            }
            Block::With(statement) => {
                let swallows = |item: &&ruff_python_ast::WithItem| {
                    let callee = item.context_expr.as_call_expr().and_then(|call| self.flow.module.callee(call));
                    let name = callee.and_then(|callee| callee.name);
                    name.and_then(|name| self.flow.models.function(&name)).is_some_and(|model| model.swallows)
                };
                let call = statement.items.iter().find(swallows)?.context_expr.as_call_expr()?;
                self.takes_failure(site, ExceptionSet::of_arguments(call)).then_some(Some(Taker { at: call.range(), goes_on: true }))
            }
            _ => None,
        })??;
        let starts_again = taker.goes_on && blocks.any(|block| matches!(block, Block::Loop(_)));
        Some((taker, starts_again))
    }

    /// Whether something of what the awaitables raise is surely among these.
    fn takes_failure(&self, site: &CallSite<'a>, set: ExceptionSet<'_>) -> bool {
        let hierarchy = self.hierarchy();
        let set = set.resolved(self.flow.module);
        let raised = || self.raised_by_call(site.call, &site.around.scope, DEEPEST_ORIGIN - 1);
        set.is_broad() || raised().iter().any(|name| name != UNKNOWN && set.takes(name, hierarchy) == Some(true))
    }
}

/// How a handler takes a failure, or `None` where it raises.
fn taken_by(handler: &ExceptHandlerExceptHandler) -> Option<Taker> {
    struct Leaves {
        raises: bool,
        leaves: bool,
    }
    impl<'a> Visitor<'a> for Leaves {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.raises |= statement.is_raise_stmt();
            self.leaves |= statement.is_return_stmt() || statement.is_break_stmt();
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut leaves = Leaves { raises: false, leaves: false };
    leaves.visit_body(&handler.body);
    let at = handler.type_.as_ref().map_or(handler.range(), |kind| kind.range());
    (!leaves.raises).then_some(Taker { at, goes_on: !leaves.leaves })
}
