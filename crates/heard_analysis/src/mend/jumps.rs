//! Jumps out of `finally` blocks: they come behind the block, where nothing is on its way out any more.

use ruff_python_ast::{AnyNodeRef, ExceptHandler, Stmt, StmtTry};
use ruff_text_size::{Ranged, TextRange};

use super::Mender;
use super::draft::Layout;
use super::tree::Path;
use crate::edit::Fix;
use crate::facts::{Jump, ways_out};

impl Mender<'_, '_, '_, '_> {
    /// The jump, or the condition that it hangs on, stands behind the `try`. That is not safe: what was on its way out
    /// goes on.
    pub(super) fn jump_behind(&self, jump: &Jump) -> Option<Fix> {
        let path = self.path(&jump.site.span)?;
        let statement = path.upwards().find_map(|node| match node {
            AnyNodeRef::StmtTry(statement) if statement.finalbody.iter().any(|one| one.range().contains_range(path.place())) => {
                Some(statement)
            }
            _ => None,
        })?;
        let (moved, kept) = statement.finalbody.split_last()?;
        let layout = Layout::of(self.module);
        let is_alone = layout.indent(moved.start()).is_some() && layout.ends_line(moved.end());
        // What else stands on its lines or between them would go with it, or stay without it.
        let has_comments = !self.comments_in(moved.range()).is_empty();
        if !is_alone || has_comments || !is_jump(moved, path.place()) || leaves_otherwise(statement, self.text(path.place())) {
            return None;
        }
        let mut draft = self.draft();
        let (indent, step, end) = (layout.indent(statement.start())?, layout.step(), layout.line_end(moved.end()));
        let rest = self.text(TextRange::new(moved.end(), end));
        let behind = match moved {
            Stmt::If(condition) => format!("if {}:\n{indent}{step}{}", self.text(condition.test.range()), self.text(path.place())),
            moved => self.text(moved.range()).to_owned(),
        };
        // At the end of its loop it says what happens anyway.
        let says_nothing = jump.keyword == "continue" && moved.is_continue_stmt() && rest.trim().is_empty() && self.ends_loop(statement);
        let behind = if says_nothing { String::new() } else { format!("\n{indent}{behind}{rest}") };
        let before = match (kept.last(), statement.handlers.last()) {
            (Some(last), _) => last.range(),
            // A `try` with handlers needs no `finally`.
            (None, Some(handler)) => statement.orelse.last().map_or(handler.range(), Ranged::range),
            (None, None) => {
                let body = TextRange::new(statement.body.first()?.start(), statement.body.last()?.end());
                let head = TextRange::new(statement.start(), body.start());
                if !self.comments_in(head).is_empty() {
                    return None;
                }
                draft.replace(head, "");
                draft.lines_out(body, layout.indent(body.start())?.strip_prefix(indent)?, indent)?;
                body
            }
        };
        let gap = TextRange::new(layout.line_end(before.end()), end);
        if !self.comments_in(TextRange::new(gap.start(), moved.start())).is_empty() {
            return None;
        }
        draft.replace(gap, behind);
        draft.finish(false, format!("put the `{}` behind the block", jump.keyword))
    }

    /// Whether a statement is the last one in the body of a loop.
    fn ends_loop(&self, statement: &StmtTry) -> bool {
        let path = Path::to(self.module, statement.range());
        let around = path.upwards().skip_while(|node| node.range() == statement.range()).find(|node| node.is_statement());
        let body = match around {
            Some(AnyNodeRef::StmtFor(inner)) => &inner.body,
            Some(AnyNodeRef::StmtWhile(inner)) => &inner.body,
            _ => return false,
        };
        body.last().is_some_and(|last| last.range() == statement.range())
    }
}

/// Whether a statement is the jump at `place`, or does nothing but to jump there on a condition.
fn is_jump(statement: &Stmt, place: TextRange) -> bool {
    match statement {
        Stmt::If(condition) => condition.elif_else_clauses.is_empty() && matches!(&*condition.body, [jump] if jump.range() == place),
        statement => statement.range() == place,
    }
}

/// Whether something in the blocks before the `finally` leaves them by another jump, which the one in the `finally` takes
/// the place of.
fn leaves_otherwise(statement: &StmtTry, jump: &str) -> bool {
    let word = |way: &Stmt| match way {
        Stmt::Break(_) => "break",
        Stmt::Continue(_) => "continue",
        Stmt::Return(inner) if inner.value.as_ref().is_none_or(|value| value.is_none_literal_expr()) => "return",
        _ => "return …",
    };
    let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| &handler.body);
    let mut blocks = [&statement.body, &statement.orelse].into_iter().chain(handlers);
    blocks.any(|block| ways_out(block).into_iter().any(|way| word(way) != jump))
}
