//! What raises where it stands: a question to a task that was cancelled, and a loop that is run inside of another.

use ruff_python_ast::{AnyNodeRef, Expr, StmtTry, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::Mender;
use super::asyncs::generator_around;
use super::draft::{Draft, Layout};
use super::tree::{Path, is_plain_place};
use crate::edit::Fix;
use crate::facts::{NestedRun, Probe};

impl<'m> Mender<'_, 'm, '_, '_> {
    /// A task is asked first whether it was cancelled, or its cancellation is taken. That is not safe: until now the
    /// cancellation went on from here.
    pub(super) fn probed_with_care(&self, probe: &Probe) -> Option<Fix> {
        let path = self.path(&probe.site.span)?;
        let mut draft = self.draft();
        match probe.method.as_deref() {
            Some("exception") => self.asked_whether_cancelled(&path, &mut draft)?,
            Some(_) => return None,
            None => self.cancellation_taken(&path, &mut draft)?,
        }
        draft.finish(false, "take the cancellation into account")
    }

    fn asked_whether_cancelled(&self, path: &Path<'m>, draft: &mut Draft) -> Option<()> {
        let call = path.call()?;
        let task = call.func.as_attribute_expr().map(|method| &*method.value).filter(|task| is_plain_place(task))?;
        let cancelled = format!("{}.cancelled()", self.text(task.range()));
        let place = call.range();
        match path.parents().next()? {
            AnyNodeRef::StmtIf(_) | AnyNodeRef::ElifElseClause(_) | AnyNodeRef::StmtWhile(_) => {
                draft.insert(place.start(), format!("not {cancelled} and "));
            }
            AnyNodeRef::Comprehension(part) if part.ifs.iter().any(|test| test.range() == place) => {
                draft.insert(place.start(), format!("not {cancelled} and "));
            }
            AnyNodeRef::ExprUnaryOp(not) if not.op == UnaryOp::Not => draft.wrap(not.range(), format!("(not {cancelled} and "), ")"),
            _ => draft.wrap(place, format!("(None if {cancelled} else "), ")"),
        }
        Some(())
    }

    /// A handler for cancellations in front of those of the `try` around.
    fn cancellation_taken(&self, path: &Path<'m>, draft: &mut Draft) -> Option<()> {
        let around: &StmtTry = path.upwards().find_map(|node| match node {
            AnyNodeRef::StmtTry(around) if around.body.iter().any(|one| one.range().contains_range(path.place())) => Some(around),
            _ => None,
        })?;
        let layout = Layout::of(self.module);
        let first = around.handlers.first().filter(|_| !around.is_star)?.start();
        let indent = layout.indent(first)?;
        let cancelled = self.cancelled_error(path, draft)?;
        draft.insert(first, format!("except {cancelled}:\n{indent}{}pass\n{indent}", layout.step()));
        Some(())
    }

    /// The coroutine that a loop inside of the loop would run is awaited. That is not safe: what did not run runs.
    pub(super) fn awaited_in_place(&self, run: &NestedRun) -> Option<Fix> {
        if run.called_from.is_some() || run.runs_at.is_some() {
            return None;
        }
        let path = self.path(&run.site.span)?;
        let call = path.call()?;
        let ([work], []) = (&*call.arguments.args, &*call.arguments.keywords) else { return None };
        let is_whole = matches!(work, Expr::Call(_) | Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_));
        let (before, behind) = (TextRange::new(call.start(), work.start()), TextRange::new(work.end(), call.end()));
        let has_comments = [before, behind].into_iter().any(|gap| !self.comments_in(gap).is_empty());
        if !is_whole || has_comments || generator_around(&path).is_some() || !path.is_in_coroutine(self.module.is_notebook()) {
            return None;
        }
        let is_operand = match path.parents().next()? {
            AnyNodeRef::ExprAttribute(_) | AnyNodeRef::ExprBinOp(_) | AnyNodeRef::ExprAwait(_) => true,
            AnyNodeRef::ExprSubscript(subscript) => subscript.value.range() == call.range(),
            AnyNodeRef::ExprCall(around) => around.func.range() == call.range(),
            _ => false,
        };
        let (open, close) = if is_operand { ("(await ", ")") } else { ("await ", "") };
        let mut draft = self.draft();
        draft.replace(before, open);
        draft.replace(behind, close);
        draft.finish(false, format!("await it in place of `{}`", run.callee))
    }
}
