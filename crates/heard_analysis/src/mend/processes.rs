//! Subprocesses: how they ended is told.

use ruff_python_ast::AnyNodeRef;
use ruff_text_size::Ranged;

use super::Mender;
use super::draft::Layout;
use super::migrate::is_first;
use crate::edit::Fix;
use crate::facts::UnreadStatus;

impl Mender<'_, '_, '_, '_> {
    /// A process that has failed is logged. That is safe: nothing else is done with its status. Where it is waited for
    /// on several ways, which of them are to tell is not known.
    pub(super) fn status_told(&self, status: &UnreadStatus) -> Option<Fix> {
        if !status.is_only_wait {
            return None;
        }
        let path = self.path(&status.site.span)?;
        let AnyNodeRef::ExprAwait(awaited) = path.parents().next()? else { return None };
        let statement = path.statement()?;
        let mut draft = self.draft();
        let logger = self.logger(self.frame_at(&path), &mut draft)?;
        let process = &status.process;
        let lines = [
            format!("if {process}.returncode != 0:"),
            format!("{}{logger}.error(\"{process} ended with exit status %s\", {process}.returncode)", Layout::of(self.module).step()),
        ];
        let is_whole = match statement {
            AnyNodeRef::StmtExpr(inner) => inner.value.range() == awaited.range() && !self.is_displayed(inner),
            AnyNodeRef::StmtAssign(assign) => assign.value.range() == awaited.range(),
            AnyNodeRef::StmtAnnAssign(assign) => assign.value.as_ref().is_some_and(|value| value.range() == awaited.range()),
            _ => false,
        };
        if is_whole {
            draft.lines_behind(statement.range(), &lines)?;
        } else if is_first(statement, awaited.range()) {
            let output = self.free_name(self.scope_of(&path), &["output", "written"]);
            let mut before = vec![format!("{output} = {}", self.text(awaited.range()))];
            before.extend(lines);
            draft.lines_before(statement.range(), &before)?;
            self.named_instead(&path, awaited.range(), output, &mut draft);
        } else {
            return None;
        }
        draft.finish(true, "log that the process has failed")
    }
}
