//! Places that read how a task ended which has been cancelled, and never ask: they raise `CancelledError` then.

use ruff_python_ast::{Expr, ExprCall, ExprName, Stmt, StmtTry, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use super::birth::Finder;
use super::body::{CallSite, StatementSite, last_name};
use super::exceptions::ExceptionSet;
use super::{Kind, Site};
use crate::finding::Span;
use crate::resolve::Answer;

/// A place that asks a task for its outcome, where it may have been cancelled.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) site: Site,
    /// The source text of the task.
    pub(crate) task: String,
    /// The method that reads; none where it is awaited, and a handler for `Exception` stands around that.
    pub(crate) method: Option<String>,
    pub(crate) canceller: Canceller,
}

/// What has cancelled a task before it is asked.
#[derive(Debug)]
pub(crate) enum Canceller {
    /// This task group, whose failure is handled: it cancels all its tasks but the one that failed.
    Group(Span),
    /// This call of `cancel`.
    Call(Span),
}

impl<'a> Finder<'_, '_, 'a> {
    /// The probes of the module that may raise.
    pub(super) fn probes(&self) -> impl Iterator<Item = Probe> + '_ {
        let asked = self.flow.body.calls.iter().filter(|site| !site.is_dead).filter_map(|site| self.probe(site));
        asked.chain(self.flow.body.statements.iter().filter_map(|site| self.awaited_probe(site)))
    }

    /// A `try` that awaits what was cancelled right before, with handlers for every failure and none for a cancellation.
    fn awaited_probe(&self, site: &StatementSite<'a>) -> Option<Probe> {
        let statement = site.statement.as_try_stmt().filter(|statement| !statement.is_star)?;
        let sets = || statement.handlers.iter().filter_map(|handler| handler.as_except_handler()).map(ExceptionSet::of_handler);
        let hears = |set: ExceptionSet| set.may_take_cancellation();
        let [Stmt::Expr(first), ..] = &*statement.body else { return None };
        let awaited = first.value.as_await_expr()?;
        let task = match &*awaited.value {
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| name == "wait_for") => call.arguments.args.first()?,
            value => value,
        };
        if !sets().any(|set| set.names("Exception")) || sets().any(hears) || !(task.is_name_expr() || task.is_attribute_expr()) {
            return None;
        }
        let is_before = |other: &&CallSite<'a>| {
            let Expr::Attribute(method) = &*other.call.func else { return false };
            let between = TextRange::new(other.call.end().min(statement.start()), statement.start());
            method.attr.as_str() == "cancel"
                && other.how.is_dropped()
                && other.call.end() <= statement.start()
                && other.around.scope.frame == site.around.scope.frame
                && self.text(method.value.range()) == self.text(task.range())
                && !self.text(between).contains("await ")
        };
        let cancel = self.flow.body.calls.iter().rfind(is_before)?;
        if self.is_caught(&site.around, "CancelledError") {
            return None;
        }
        let mut around = site.around.clone();
        around.statement = first.range();
        Some(Probe {
            site: self.site(awaited.range(), &around),
            task: self.short_text(task.range()),
            method: None,
            canceller: Canceller::Call(self.flow.module.span(cancel.call.range())),
        })
    }

    fn probe(&self, site: &CallSite<'a>) -> Option<Probe> {
        let Expr::Attribute(method) = &*site.call.func else { return None };
        let reads = matches!(method.attr.as_str(), "exception" | "result") && site.call.arguments.is_empty();
        if !reads || !site.around.scope.is_async || method.value.is_call_expr() {
            return None;
        }
        let sort = || self.flow.module.sort_of(&*method.value, &|class| self.flow.models.kind_of_class(class));
        let canceller = match self.failed_group(site) {
            // Nothing but a future has an `exception` that is asked so.
            Some(group) if sort() == Answer::All(Kind::Task) || method.attr.as_str() == "exception" && sort() == Answer::Unknown => {
                Canceller::Group(self.flow.module.span(group))
            }
            _ => {
                let cancel = self.cancel_before(site, &method.value)?;
                if !matches!(sort(), Answer::All(Kind::Task | Kind::Future) | Answer::Unknown) {
                    return None;
                }
                Canceller::Call(self.flow.module.span(cancel.call.range()))
            }
        };
        if self.is_caught(&site.around, "CancelledError") || self.is_asked_before(site, &["cancelled"]) {
            return None;
        }
        Some(Probe {
            site: self.site(site.call.range(), &site.around),
            task: self.short_text(method.value.range()),
            method: Some(method.attr.to_string()),
            canceller,
        })
    }

    /// The task group whose failure the handler around `site` is for.
    fn failed_group(&self, site: &CallSite<'a>) -> Option<TextRange> {
        let handles = |statement: &StmtTry| statement.handlers.iter().any(|handler| handler.range().contains_range(site.call.range()));
        let tries = self.flow.body.statements.iter().filter_map(|other| {
            let statement = other.statement.as_try_stmt().filter(|statement| handles(statement))?;
            (other.around.scope.frame == site.around.scope.frame).then_some(statement)
        });
        let within = |statement: &StmtTry, range: TextRange| statement.body.iter().any(|part| part.range().contains_range(range));
        tries.into_iter().find_map(|statement| {
            self.flow.body.statements.iter().find_map(|other| match other.statement {
                Stmt::With(with) if with.is_async && within(statement, with.range()) => self.group_of(with),
                _ => None,
            })
        })
    }

    /// The task group that an `async with` opens.
    fn group_of(&self, with: &StmtWith) -> Option<TextRange> {
        let name = |call: &ExprCall| self.flow.module.callee(call)?.name;
        let is_group = |call: &ExprCall| {
            last_name(&call.func).is_some_and(|name| name == "TaskGroup")
                && name(call).is_some_and(|name| name == "asyncio.taskgroups.TaskGroup")
        };
        with.items.iter().find(|item| item.context_expr.as_call_expr().is_some_and(is_group)).map(Ranged::range)
    }

    /// The call that cancels the same task, or all tasks of the same container, on a way to `site`.
    fn cancel_before(&self, site: &CallSite<'a>, task: &'a Expr) -> Option<&CallSite<'a>> {
        let (source, loop_around) = self.source_of(site, task)?;
        self.flow.body.calls.iter().find(|other| {
            let Expr::Attribute(method) = &*other.call.func else { return false };
            let cancels = method.attr.as_str() == "cancel" && other.how.is_dropped() && !other.is_dead;
            if !cancels || other.around.scope.function.map(Ranged::range) != site.around.scope.function.map(Ranged::range) {
                return false;
            }
            let Some((cancelled, other_loop)) = self.source_of(other, &method.value) else { return false };
            // One turn of a loop cancels this task, and the next one asks that.
            let is_same_turn = loop_around.is_some() && loop_around == other_loop;
            let comes_before = other.call.start() < site.call.start();
            cancelled == source
                && comes_before
                && !is_same_turn
                && self.flow.reached_from(other.step).is_none_or(|steps| steps.contains(&site.step))
        })
    }

    /// What a task is taken from, in words that are the same for the same thing: the container that a loop around goes
    /// over, with the place of the loop, or the name or attribute itself.
    fn source_of(&self, site: &CallSite<'a>, task: &'a Expr) -> Option<(String, Option<TextRange>)> {
        let Expr::Name(name) = task else {
            return task.is_attribute_expr().then(|| (self.text(task.range()), None));
        };
        let mut loops = self.flow.body.statements.iter().filter_map(|other| {
            let statement = other.statement.as_for_stmt()?;
            let is_around = statement.range.contains_range(site.call.range()) && binds(&statement.target, name);
            is_around.then(|| (self.text(elements(&statement.iter).range()), Some(statement.range)))
        });
        let comprehension = site.comprehension.and_then(|parts| {
            let part = parts.iter().find(|part| binds(&part.target, name))?;
            Some((self.text(elements(&part.iter).range()), Some(part.range)))
        });
        Some(comprehension.or_else(|| loops.next_back()).unwrap_or_else(|| (name.id.to_string(), None)))
    }
}

/// Whether the target of a loop binds a name.
fn binds(target: &Expr, name: &ExprName) -> bool {
    match target {
        Expr::Name(bound) => bound.id == name.id,
        Expr::Tuple(parts) => parts.elts.iter().any(|part| binds(part, name)),
        _ => false,
    }
}

/// The container that a loop goes over, out of `list(tasks)` and `tasks.values()`.
fn elements(iterated: &Expr) -> &Expr {
    let Expr::Call(call) = iterated else { return iterated };
    match &*call.func {
        Expr::Attribute(method) if matches!(method.attr.as_str(), "values" | "items" | "copy") => elements(&method.value),
        Expr::Name(copy) if matches!(copy.id.as_str(), "list" | "tuple" | "set" | "sorted" | "enumerate" | "reversed") => {
            call.arguments.args.first().map_or(iterated, elements)
        }
        _ => iterated,
    }
}
