//! Tasks and futures that nobody reads get a reader.

use ruff_python_ast::{AnyNodeRef, Expr, ExprCall};
use ruff_text_size::Ranged;

use super::draft::Draft;
use super::hearers::Done;
use super::tree::{Path, is_plain_place};
use super::{FixStyle, Mender, range_of};
use crate::edit::Fix;
use crate::facts::{Birth, Fate, Kind, Loss};

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The fix that has a task or future held and read. It is safe: the work runs as before, and its failure is told.
    pub(super) fn kept_and_read(&self, birth: &Birth) -> Option<Fix> {
        let Fate::Lost(loss) = &birth.fate else { return None };
        if birth.is_guess || matches!(loss, Loss::Unheld { .. }) {
            return None;
        }
        let path = self.path(&birth.site.span)?;
        let call = path.call()?;
        let done = match self.finder.makes(call)? {
            Kind::Task | Kind::Future | Kind::Gather => Done::Asyncio,
            Kind::ThreadFuture => Done::Thread,
            _ => return None,
        };
        if let Loss::Discarded { .. } = loss
            && let Some(fix) = birth.lost_at.as_ref().and_then(|at| self.beside_callback(&self.path(at)?))
        {
            return Some(fix);
        }
        if done == Done::Asyncio {
            let spawned = match self.fixing.style {
                Some(FixStyle::Heard) => self.spawned_by_heard(&path, call),
                Some(FixStyle::Spawner) => self.spawned_by_project(call),
                Some(FixStyle::Callback) => None,
                None => self.spawned_by_heard(&path, call).or_else(|| self.spawned_by_project(call)),
            };
            if spawned.is_some() {
                return spawned;
            }
        }
        let mut draft = self.draft();
        match path.parents().next()? {
            node @ (AnyNodeRef::StmtExpr(_) | AnyNodeRef::ExprLambda(_)) if done == Done::Thread && !self.is_displayed(node) => {
                let log = self.logging_callback(&path, done, &mut draft)?;
                draft.insert(call.end(), format!(".add_done_callback({log})"));
            }
            AnyNodeRef::StmtAssign(_) | AnyNodeRef::StmtAnnAssign(_) if self.holder(&path, done).is_some() => {
                let holder = self.holder(&path, done)?;
                let log = self.logging_callback(&path, done, &mut draft)?;
                draft.lines_behind(path.statement()?.range(), &[format!("{holder}.add_done_callback({log})")])?;
            }
            AnyNodeRef::ExprAwait(_) | AnyNodeRef::Decorator(_) => return None,
            _ => {
                let keep = match done {
                    Done::Asyncio => self.keeping(&path, &mut draft)?,
                    Done::Thread => self.watching(&path, &mut draft)?,
                };
                draft.wrap(call.range(), format!("{keep}("), ")");
            }
        }
        draft.finish(true, "log its failure")
    }

    /// What the statement binds the value to, where that holds it until it is done.
    fn holder(&self, path: &Path<'m>, done: Done) -> Option<&'m str> {
        let holds = |target: &Expr| match target {
            Expr::Name(_) => done == Done::Thread,
            target => is_plain_place(target),
        };
        let target = match path.statement()? {
            AnyNodeRef::StmtAssign(assign) => {
                let names = assign.targets.iter().filter(|target| target.is_name_expr() && assign.targets.len() > 1);
                names.chain(&assign.targets).next().filter(|_| assign.targets.iter().any(holds))?
            }
            AnyNodeRef::StmtAnnAssign(assign) => Some(&*assign.target).filter(|target| holds(target))?,
            _ => return None,
        };
        is_plain_place(target).then(|| self.text(target.range()))
    }

    /// A callback that logs, beside the one that takes the task out of its registry.
    fn beside_callback(&self, path: &Path<'m>) -> Option<Fix> {
        let call = path.upwards().find_map(|node| match node {
            AnyNodeRef::ExprCall(call) if Self::is_called(&call.func, "add_done_callback") => Some(call),
            _ => None,
        })?;
        let AnyNodeRef::StmtExpr(statement) = path.statement()? else { return None };
        let receiver = call.func.as_attribute_expr().map(|method| &*method.value).filter(|receiver| is_plain_place(receiver))?;
        if statement.value.range() != call.range() {
            return None;
        }
        let mut draft = self.draft();
        let log = self.logging_callback(path, Done::Asyncio, &mut draft)?;
        draft.lines_behind(statement.range(), &[format!("{}.add_done_callback({log})", self.text(receiver.range()))])?;
        draft.finish(true, "log its failure")
    }

    /// `heard.spawn` in place of `asyncio.create_task`, where the project depends on heard.
    fn spawned_by_heard(&self, path: &Path<'m>, call: &'m ExprCall) -> Option<Fix> {
        let name = self.module.callee(call).and_then(|callee| callee.name)?;
        let is_started_here = matches!(&*name, "asyncio.tasks.create_task" | "asyncio.tasks.ensure_future");
        let takes_same = call
            .arguments
            .keywords
            .iter()
            .all(|keyword| keyword.arg.as_ref().is_some_and(|name| matches!(name.as_str(), "name" | "context")));
        let is_coroutine = matches!(&*call.arguments.args, [Expr::Call(work)] if self.is_coroutine(work));
        if !self.fixing.depends_on_heard || !is_started_here || !takes_same || !is_coroutine {
            return None;
        }
        let mut draft = self.draft();
        let heard = self.imported("heard", self.frame_at(path), &mut draft)?;
        draft.replace(call.func.range(), format!("{heard}.spawn"));
        draft.finish(true, "start it with `heard.spawn`")
    }

    /// The project's own spawner in its place. That is not safe, since it may do more than to start the task.
    fn spawned_by_project(&self, call: &'m ExprCall) -> Option<Fix> {
        let rewrite = self.finder.spawned_instead(call)?;
        let mut draft: Draft = self.draft();
        if let Some((at, text)) = &rewrite.import {
            draft.replace(range_of(at), text.clone());
        }
        draft.replace(range_of(&rewrite.callee), rewrite.spawner.clone());
        draft.finish(false, format!("start it with `{}`", rewrite.spawner))
    }
}
