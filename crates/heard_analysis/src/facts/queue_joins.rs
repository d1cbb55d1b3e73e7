//! Waits for a queue to be worked off, where nobody would see the worker die.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::birth::Finder;
use super::body::{Block, CallSite, Use, is_self, last_name};
use super::naming::is_task_scope;
use super::origin::work_callee;
use super::search::awaited_calls;
use super::{Kind, Site};
use crate::finding::Span;
use crate::resolve::Module;

/// A wait for a queue that may never end.
#[derive(Debug)]
pub(crate) struct UnwatchedJoin {
    /// The call that starts the worker, or the `task_done` that may be skipped.
    pub(crate) site: Site,
    /// The source text of the queue.
    pub(crate) queue: String,
    /// The source text, or the name, of the worker.
    pub(crate) worker: String,
    pub(crate) why: Hang,
    /// Where the queue is waited for.
    pub(crate) joined_at: Span,
}

/// Why a wait for a queue may not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hang {
    /// The worker may fail.
    Dies,
    /// The worker hears failures, and a cancellation out of what others give it to call ends it.
    IsCancelled,
    /// The worker goes on behind a failure without saying that the item is done.
    SkipsDone,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The unwatched waits of the module, with each place that makes them hang.
    pub(super) fn unwatched_joins(&self) -> impl Iterator<Item = UnwatchedJoin> + '_ {
        let calls = &self.flow.body.calls;
        let joins = calls.iter().filter(|site| self.is_join(site));
        joins.flat_map(move |join| calls.iter().filter_map(move |spawn| self.unwatched_join(join, spawn)))
    }

    /// Whether a call waits for an asyncio queue, and for nothing beside it.
    fn is_join(&self, site: &CallSite<'a>) -> bool {
        let is_named = site.call.func.as_attribute_expr().is_some_and(|method| method.attr.as_str() == "join");
        let is_alone = is_named && !site.is_dead && site.call.arguments.is_empty() && matches!(site.how, Use::Awaited(_));
        // A task group cancels what waits in it when one of its tasks fails.
        let in_group = |block| matches!(block, Block::With(with) if with.items.iter().any(|item| is_task_scope(&item.context_expr)));
        let name = || self.flow.module.callee(site.call)?.name;
        is_alone && !site.around.blocks().any(in_group) && name().is_some_and(|name| name == "asyncio.queues.Queue.join")
    }

    fn unwatched_join(&self, join: &CallSite<'a>, spawn: &CallSite<'a>) -> Option<UnwatchedJoin> {
        if self.flow.models.given_by_last_name(self.flow.body.called_name(spawn.call)?) != Some(Kind::Task) {
            return None;
        }
        let queue = &join.call.func.as_attribute_expr()?.value;
        let work = spawn.call.arguments.args.first()?;
        if spawn.is_dead || !is_beside(queue, spawn, join) || self.is_watched(spawn, join) {
            return None;
        }
        let worker = work_callee(self.flow.module, work, spawn.around.scope.function)?;
        let own = queue.is_attribute_expr();
        let (why, at) = worker.with_body(self.db, |module, function| {
            let name = last_name(queue)?;
            let name = if own { name } else { parameter_for(work.as_call_expr()?, function, name, worker.is_bound) };
            let mut takes = Takes { queue: name, gets: false, skipped: None, loops: 0 };
            takes.visit_body(&function.body);
            if !takes.gets {
                return None;
            }
            let is_here = module.path() == self.flow.module.path();
            match takes.skipped.filter(|_| is_here) {
                Some(done) => Some((Hang::SkipsDone, Some(done))),
                None if self.account(&worker, self.flow.module, work).hearing().is_deaf() => Some((Hang::Dies, None)),
                None => calls_what_others_give(module, function).then_some((Hang::IsCancelled, None)),
            }
        })??;
        let (range, around) = match at {
            Some(done) => (done, &self.flow.body.site_at(done)?.around),
            None => (spawn.call.range(), &spawn.around),
        };
        Some(UnwatchedJoin {
            site: self.site(range, around),
            queue: self.short_text(queue.range()),
            worker: self.short_text(work.as_call_expr().map_or(work.range(), |call| call.func.range())),
            why,
            joined_at: self.flow.module.span(join.call.range()),
        })
    }

    /// Whether somebody may see the worker end while the queue is waited for.
    fn is_watched(&self, spawn: &CallSite<'a>, join: &CallSite<'a>) -> bool {
        let around = match (spawn.around.scope.class, spawn.around.scope.function) {
            (Some(class), _) => class.range(),
            (None, Some(function)) => function.range(),
            (None, None) => return true,
        };
        if self.text(around).contains("add_done_callback") {
            return true;
        }
        let mut how = &spawn.how;
        let local = loop {
            match how {
                Use::Element(inner) | Use::Entry(inner) | Use::Shuffled(inner) => how = inner,
                Use::Bound(local, _) | Use::Held(local) => break local,
                Use::Dropped | Use::Displayed | Use::Stored(_) => return false,
                Use::Argument { call, .. } => {
                    let grows = last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "append" | "add"));
                    return !grows;
                }
                _ => return true,
            }
        };
        let Some(variable) = self.flow.body.variables.get(local) else { return true };
        let between = TextRange::new(spawn.call.end().min(join.call.start()), join.call.start());
        variable.loads.iter().any(|load| {
            let only_grows = matches!(&load.how, Use::Receiver { attribute, .. } if matches!(attribute.attr.as_str(), "append" | "add"));
            between.contains_range(load.range) && !only_grows && !matches!(load.how, Use::Glanced(_))
        })
    }
}

/// Whether a worker may be one of the queue that is waited for: started by the same function, or, where the queue is an
/// attribute, by the same class.
fn is_beside(queue: &Expr, spawn: &CallSite<'_>, join: &CallSite<'_>) -> bool {
    let (left, right) = (&spawn.around.scope, &join.around.scope);
    match queue {
        Expr::Name(_) => left.function.map(Ranged::range) == right.function.map(Ranged::range) && spawn.call.start() < join.call.start(),
        Expr::Attribute(attribute) => {
            is_self(&attribute.value) && left.class.is_some() && left.class.map(Ranged::range) == right.class.map(Ranged::range)
        }
        _ => false,
    }
}

/// The name that a worker has for the queue that it is given; one that it is not given it may know from around.
fn parameter_for<'n>(work: &ExprCall, function: &'n StmtFunctionDef, queue: &'n Name, is_bound: bool) -> &'n Name {
    let place = work.arguments.args.iter().position(|argument| last_name(argument) == Some(queue));
    let named = || work.arguments.keywords.iter().find(|keyword| last_name(&keyword.value) == Some(queue))?.arg.as_ref();
    let positional = || function.parameters.posonlyargs.iter().chain(&function.parameters.args);
    let by_place = place.and_then(|place| positional().nth(place + usize::from(is_bound)));
    let by_name = || {
        let name = named();
        positional().find(|parameter| name.is_some_and(|name| name.id == parameter.parameter.name.id))
    };
    by_place.or_else(by_name).map_or(queue, |parameter| &parameter.parameter.name.id)
}

/// What a worker takes from its queue.
struct Takes<'n> {
    queue: &'n Name,
    gets: bool,
    /// The first `task_done` that a failure skips, after which the worker goes on.
    skipped: Option<TextRange>,
    /// How many loops are around.
    loops: usize,
}

impl Takes<'_> {
    fn is_call_of(&self, call: &ExprCall, method: &str) -> bool {
        let Expr::Attribute(attribute) = &*call.func else { return false };
        attribute.attr.as_str() == method && last_name(&attribute.value) == Some(self.queue)
    }

    /// The `task_done` among statements that something which waits stands before.
    fn done_behind_work(&self, body: &[Stmt]) -> Option<TextRange> {
        let done = body.iter().find_map(|statement| {
            let call = statement.as_expr_stmt()?.value.as_call_expr()?;
            self.is_call_of(call, "task_done").then_some(call)
        })?;
        Some(done.range())
    }
}

impl<'a> Visitor<'a> for Takes<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::Try(guard) if self.loops > 0 && guard.finalbody.is_empty() => {
                let goes_on = guard.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
                    let is_last = matches!(handler.body.last(), Some(Stmt::Raise(_) | Stmt::Return(_) | Stmt::Break(_)));
                    !is_last && !speaks_of_done(&handler.body) && takes_failures(handler)
                });
                if goes_on && self.skipped.is_none() {
                    self.skipped = self.done_behind_work(&guard.body).or_else(|| self.done_behind_work(&guard.orelse));
                }
            }
            Stmt::While(_) | Stmt::For(_) => {
                self.loops += 1;
                walk_stmt(self, statement);
                self.loops -= 1;
                return;
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.gets |= self.is_call_of(call, "get");
        }
        walk_expr(self, expression);
    }
}

/// Whether a handler is for failures, and not for the end of the work or of the waiting.
fn takes_failures(handler: &ruff_python_ast::ExceptHandlerExceptHandler) -> bool {
    let set = super::exceptions::ExceptionSet::of_handler(handler);
    set.is_broad()
}

fn speaks_of_done(body: &[Stmt]) -> bool {
    struct Speaks(bool);
    impl<'a> Visitor<'a> for Speaks {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= last_name(expression).is_some_and(|name| name == "task_done");
            walk_expr(self, expression);
        }
    }
    let mut speaks = Speaks(false);
    speaks.visit_body(body);
    speaks.0
}

/// Whether a function awaits what it calls without knowing what that is: a function that others give.
fn calls_what_others_give(module: &Module<'_>, function: &StmtFunctionDef) -> bool {
    awaited_calls(&function.body).iter().any(|call| module.is_untyped(&call.func))
}
