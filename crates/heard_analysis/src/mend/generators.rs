//! Async generators that a loop leaves: they are closed behind it.

use ruff_python_ast::{AnyNodeRef, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Mender;
use super::draft::{Draft, Layout};
use super::tree::Path;
use crate::edit::Fix;
use crate::facts::LeftGenerator;

/// `contextlib.aclosing` exists from this version of Python on.
const FIRST_WITH_ACLOSING: (u8, u8) = (3, 10);

impl<'m> Mender<'_, 'm, '_, '_> {
    /// The loop stands in an `aclosing` block. That is not safe: the clean-up runs before what comes behind the loop, and
    /// its failure is raised there.
    pub(super) fn closed_behind(&self, left: &LeftGenerator) -> Option<Fix> {
        if self.finder.db.version() < FIRST_WITH_ACLOSING {
            return None;
        }
        let path = self.path(&left.site.span)?;
        let AnyNodeRef::StmtFor(around) = path.statement()? else { return None };
        let layout = Layout::of(self.module);
        let indent = layout.indent(around.start()).filter(|_| layout.ends_line(around.end()))?;
        let mut draft = self.draft();
        let aclosing = self.aclosing(&path, &mut draft)?;
        let generator = self.free_name(self.scope_of(&path), &["generator", "opened"]);
        let call = self.text(path.place());
        draft.insert(around.start(), format!("async with {aclosing}({call}) as {generator}:\n{indent}{}", layout.step()));
        draft.replace(path.place(), generator);
        let head = TextRange::new(around.start(), path.place().start());
        let rest = TextRange::new(path.place().end(), around.end());
        draft.lines_in(head, layout.step())?;
        draft.lines_in(rest, layout.step())?;
        draft.finish(false, "close the generator behind the loop")
    }

    /// How the module writes `contextlib.aclosing`.
    fn aclosing(&self, path: &Path<'m>, draft: &mut Draft) -> Option<String> {
        let frame = self.frame_at(path);
        let imports = self.module.body().iter().filter_map(Stmt::as_import_from_stmt);
        let mut named = imports.filter(|import| import.module.as_deref() == Some("contextlib")).flat_map(|import| &import.names);
        let known =
            named.find(|alias| alias.name.as_str() == "aclosing").map(|alias| alias.asname.as_ref().unwrap_or(&alias.name).to_string());
        match known.filter(|name| self.is_seen(name, frame)) {
            Some(name) => Some(name),
            None => Some(format!("{}.aclosing", self.imported("contextlib", frame, draft)?)),
        }
    }
}
