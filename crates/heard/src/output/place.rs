//! Where a place lies for a reader: a path as seen from the working directory, and in a notebook the cell.

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::Span;
use serde::Serialize;

use super::shown;

/// A place as it is written down. Lines and columns count from 1, columns in characters; the end is one past the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) path: String,
    /// The cell of a notebook, from 1 among all its cells; then lines count from the cell's first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cell: Option<usize>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) end_line: usize,
    pub(crate) end_column: usize,
}

/// The cells of one notebook: where each one begins in the text that is all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cells {
    /// The first line of a cell, from 1, and the cell's number, in the order of lines.
    pub(crate) starts: Vec<(usize, usize)>,
}

impl Cells {
    /// The cell of a line of the whole text, and the line in it.
    pub(crate) fn locate(&self, line: usize) -> Option<(usize, usize)> {
        let (first, cell) = self.starts.iter().rev().find(|(first, _)| *first <= line)?;
        Some((*cell, line - first + 1))
    }
}

/// Turns spans into places.
pub(crate) struct Places {
    /// Paths are shown as seen from here.
    pub(crate) cwd: Utf8PathBuf,
    notebooks: HashMap<Utf8PathBuf, Cells>,
}

impl Places {
    pub(crate) fn new(cwd: &Utf8Path, notebooks: HashMap<Utf8PathBuf, Cells>) -> Self {
        Places { cwd: cwd.to_owned(), notebooks }
    }

    /// Takes in the notebooks that others know.
    pub(crate) fn add(&mut self, others: &Places) {
        self.notebooks.extend(others.notebooks.iter().map(|(path, cells)| (path.clone(), cells.clone())));
    }

    /// The path as it is shown.
    pub(crate) fn path(&self, path: &Utf8Path) -> String {
        shown(path, &self.cwd).into_owned()
    }

    /// Where a span lies.
    pub(crate) fn of(&self, span: &Span) -> Place {
        let cells = self.notebooks.get(&*span.path);
        let (cell, line) = match cells.and_then(|cells| cells.locate(span.start.line)) {
            Some((cell, line)) => (Some(cell), line),
            None => (None, span.start.line),
        };
        let end_line = line + (span.end.line - span.start.line);
        Place { path: self.path(&span.path), cell, line, column: span.start.column, end_line, end_column: span.end.column }
    }

    /// Whether the file is a notebook.
    pub(crate) fn is_notebook(&self, path: &Utf8Path) -> bool {
        self.notebooks.contains_key(path)
    }
}

impl Place {
    /// The place before a message: `path:line:column`, in a notebook `path:cell 2:line:column`.
    pub(crate) fn before_message(&self) -> String {
        let path = crate::console::one_line(&self.path);
        match self.cell {
            Some(cell) => format!("{path}:cell {cell}:{}:{}", self.line, self.column),
            None => format!("{path}:{}:{}", self.line, self.column),
        }
    }
}
