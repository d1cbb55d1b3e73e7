//! Tasks of async generators that run on when whoever iterates leaves at a `yield`.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprYield, Stmt, StmtTry};
use ruff_text_size::{Ranged, TextRange};

use super::birth::Finder;
use super::body::{Block, CallSite, last_name};
use super::exceptions::{ExceptionSet, Hierarchy};
use super::models::Effect;
use super::names::is_async_generator;
use super::naming::is_task_scope;
use super::origin::{DEEPEST_ORIGIN, Given};
use super::{Kind, Site};
use crate::finding::Span;

/// A task, or all that a call like `asyncio.wait` waits for, that nobody cancels or reads where the
/// generator is closed.
#[derive(Debug)]
pub(crate) struct Desertion {
    /// The call.
    pub(crate) site: Site,
    /// The source text of what is called.
    pub(crate) callee: String,
    pub(crate) left: Left,
    /// The `yield` that may be the last one.
    pub(crate) at: Span,
}

/// What is left alone.
#[derive(Debug)]
pub(crate) enum Left {
    /// The task of the call, and the source text of what runs in it.
    Task(Option<String>),
    /// What the call has not waited for yet.
    Pending,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The desertions of the module.
    pub(super) fn desertions(&self) -> impl Iterator<Item = Desertion> + '_ {
        let is_inside = |site: &&CallSite<'a>| !site.is_dead && site.around.scope.function.is_some_and(is_async_generator);
        self.flow.body.calls.iter().filter(is_inside).filter_map(|site| {
            let (left, at) = match self.last_yield(site) {
                Some(at) => (Left::Pending, at),
                None => self.deserted_task(site)?,
            };
            let callee = self.short_text(site.call.func.range());
            Some(Desertion { site: self.site(site.call.range(), &site.around), callee, left, at: self.flow.module.span(at) })
        })
    }

    /// The task that `site` starts, where a `yield` stands between it and its reader.
    fn deserted_task(&self, site: &CallSite<'a>) -> Option<(Left, TextRange)> {
        if self.flow.models.given_by_last_name(self.flow.body.called_name(site.call)?) != Some(Kind::Task) {
            return None;
        }
        let at = self.flow.desertion(Kind::Task, site)?;
        let is_fresh = self.given(self.flow.module, site.call, Some(&site.around.scope), DEEPEST_ORIGIN) == Given::Fresh(Kind::Task);
        let spawned = self.work_of_spawn(site);
        (is_fresh && spawned.account.hearing().lets_out()).then_some((Left::Task(spawned.text), at))
    }

    /// The `yield` between one wait and the next where `site` waits for some of its tasks at a time.
    fn last_yield(&self, site: &CallSite<'a>) -> Option<TextRange> {
        if !self.flow.models.any_named(last_name(&site.call.func)?, |model| waits_in_turns(model.arguments)) {
            return None;
        }
        let turns = self.flow.model(site.call)?.arguments.filter(|effect| waits_in_turns(Some(*effect)))?;
        if turns == Effect::WaitFor && !self.flow.is_limited(site.call) {
            return None;
        }
        let hierarchy = self.hierarchy();
        let mut yields = Yields { found: None, hierarchy };
        let is_guarded = site.around.blocks().any(|block| match block {
            Block::Try(statement) => cleans_up(statement, hierarchy),
            Block::With(with) => with.items.iter().any(|item| is_task_scope(&item.context_expr)),
            Block::Finally(_) => true,
            _ => false,
        });
        let around = site.around.blocks().find_map(|block| match block {
            Block::Loop(statement) => Some(statement),
            _ => None,
        });
        let iterated = self.flow.body.statements.iter().map(|statement| statement.statement);
        let over =
            iterated.filter(|statement| statement.as_for_stmt().is_some_and(|one| one.iter.range().contains_range(site.call.range())));
        let turning = if turns == Effect::Complete { over.last() } else { around };
        yields.visit_body(match turning.filter(|_| !is_guarded)? {
            Stmt::For(statement) => &statement.body,
            Stmt::While(statement) => &statement.body,
            _ => return None,
        });
        yields.found
    }
}

fn waits_in_turns(effect: Option<Effect>) -> bool {
    matches!(effect, Some(Effect::WaitFor | Effect::Complete))
}

/// Whether something is done where a `yield` inside is the last one.
fn cleans_up(statement: &StmtTry, hierarchy: Hierarchy<'_>) -> bool {
    let takes =
        |ExceptHandler::ExceptHandler(handler): &ExceptHandler| ExceptionSet::of_handler(handler).may_take("GeneratorExit", hierarchy);
    !statement.finalbody.is_empty() || statement.handlers.iter().any(takes)
}

/// The first `yield` of some statements where nothing is cleaned up.
struct Yields<'i> {
    found: Option<TextRange>,
    hierarchy: Hierarchy<'i>,
}

impl<'a> Visitor<'a> for Yields<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Try(guard) if cleans_up(guard, self.hierarchy) => {}
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Yield(ExprYield { range, .. }) = expression {
            self.found.get_or_insert(*range);
        }
        if !expression.is_lambda_expr() {
            walk_expr(self, expression);
        }
    }
}
