//! What the editor has open: texts, and notebooks with their cells.

use std::collections::HashMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use lsp_types::{
    DidChangeNotebookDocumentParams, NotebookCellKind, NotebookDocument, NotebookDocumentCellChange, TextDocumentContentChangeEvent,
    TextDocumentItem, Uri,
};
use serde_json::json;

use super::position::{Encoding, Lines};

/// What a document holds at one moment.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// As the editor calls it.
    pub(super) uri: Uri,
    pub(super) version: i32,
    pub(super) content: Content,
}

/// The content of a document.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Text(Arc<str>),
    /// All cells, those without code included, and the notebook as it would be saved.
    Notebook {
        cells: Arc<[Cell]>,
        json: Arc<str>,
    },
}

/// One cell of a notebook.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) uri: Uri,
    pub(super) text: Arc<str>,
    is_code: bool,
}

/// All documents that are open, by their paths.
#[derive(Default)]
pub(super) struct Documents {
    texts: HashMap<Utf8PathBuf, Text>,
    notebooks: HashMap<Utf8PathBuf, Notebook>,
}

struct Text {
    uri: Uri,
    version: i32,
    content: String,
}

struct Notebook {
    uri: Uri,
    version: i32,
    cells: Vec<Cell>,
}

impl Documents {
    /// Takes in a text; one that was open already is taken anew.
    pub(super) fn open(&mut self, path: Utf8PathBuf, item: TextDocumentItem) -> Snapshot {
        let text = Text { uri: item.uri, version: item.version, content: item.text };
        let snapshot = text.snapshot();
        self.texts.insert(path, text);
        snapshot
    }

    /// Makes changes to a text, one after the other; `None` where it is not open.
    pub(super) fn change(
        &mut self,
        path: &Utf8Path,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<Snapshot> {
        let text = self.texts.get_mut(path)?;
        for change in changes {
            apply(&mut text.content, change, encoding);
        }
        text.version = version;
        Some(text.snapshot())
    }

    /// Takes in a notebook with the texts of its cells.
    pub(super) fn open_notebook(&mut self, path: Utf8PathBuf, notebook: NotebookDocument, texts: Vec<TextDocumentItem>) -> Snapshot {
        let mut texts: HashMap<Uri, String> = texts.into_iter().map(|item| (item.uri, item.text)).collect();
        let cell = |cell: lsp_types::NotebookCell| {
            let text = texts.remove(&cell.document).unwrap_or_default();
            Cell { text: text.into(), is_code: cell.kind == NotebookCellKind::Code, uri: cell.document }
        };
        let cells = notebook.cells.into_iter().map(cell).collect();
        let notebook = Notebook { uri: notebook.uri, version: notebook.version, cells };
        let snapshot = notebook.snapshot();
        self.notebooks.insert(path, notebook);
        snapshot
    }

    /// Makes changes to a notebook; `None` where it is not open.
    pub(super) fn change_notebook(
        &mut self,
        path: &Utf8Path,
        params: DidChangeNotebookDocumentParams,
        encoding: Encoding,
    ) -> Option<Snapshot> {
        let notebook = self.notebooks.get_mut(path)?;
        notebook.version = params.notebook_document.version;
        if let Some(cells) = params.change.cells {
            notebook.change(cells, encoding);
        }
        Some(notebook.snapshot())
    }

    /// Forgets a document. Gives whether it was open.
    pub(super) fn close(&mut self, path: &Utf8Path) -> bool {
        self.texts.remove(path).is_some() | self.notebooks.remove(path).is_some()
    }

    /// The path of the notebook that has a cell called so.
    pub(super) fn notebook_of(&self, cell: &Uri) -> Option<&Utf8Path> {
        let has = |notebook: &Notebook| notebook.cells.iter().any(|known| known.uri == *cell);
        self.notebooks.iter().find(|(_, notebook)| has(notebook)).map(|(path, _)| &**path)
    }
}

impl Text {
    fn snapshot(&self) -> Snapshot {
        Snapshot { uri: self.uri.clone(), version: self.version, content: Content::Text(self.content.as_str().into()) }
    }
}

impl Notebook {
    fn change(&mut self, change: NotebookDocumentCellChange, encoding: Encoding) {
        if let Some(structure) = change.structure {
            let mut opened: HashMap<Uri, String> = structure.did_open.into_iter().flatten().map(|item| (item.uri, item.text)).collect();
            let known: HashMap<Uri, Arc<str>> = self.cells.iter().map(|cell| (cell.uri.clone(), Arc::clone(&cell.text))).collect();
            let cells = structure.array.cells.into_iter().flatten().map(|cell| {
                let text = opened.remove(&cell.document).map(Arc::from).or_else(|| known.get(&cell.document).cloned());
                Cell { text: text.unwrap_or_default(), is_code: cell.kind == NotebookCellKind::Code, uri: cell.document }
            });
            let start = (structure.array.start as usize).min(self.cells.len());
            let end = start.saturating_add(structure.array.delete_count as usize).min(self.cells.len());
            self.cells.splice(start..end, cells);
        }
        for data in change.data.into_iter().flatten() {
            if let Some(cell) = self.cells.iter_mut().find(|cell| cell.uri == data.document) {
                cell.is_code = data.kind == NotebookCellKind::Code;
            }
        }
        for content in change.text_content.into_iter().flatten() {
            if let Some(cell) = self.cells.iter_mut().find(|cell| cell.uri == content.document.uri) {
                let mut text = cell.text.to_string();
                content.changes.into_iter().for_each(|change| apply(&mut text, change, encoding));
                cell.text = text.into();
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let cell = |cell: &Cell| {
            if cell.is_code {
                json!({ "cell_type": "code", "source": &*cell.text, "metadata": {}, "outputs": [], "execution_count": null })
            } else {
                json!({ "cell_type": "markdown", "source": &*cell.text, "metadata": {} })
            }
        };
        let cells: Vec<_> = self.cells.iter().map(cell).collect();
        let json = json!({ "cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4 }).to_string().into();
        let content = Content::Notebook { cells: self.cells.as_slice().into(), json };
        Snapshot { uri: self.uri.clone(), version: self.version, content }
    }
}

/// Makes one change to a text. Without a range, it is the new text.
fn apply(text: &mut String, change: TextDocumentContentChangeEvent, encoding: Encoding) {
    match change.range {
        None => *text = change.text,
        Some(range) => {
            let bytes = Lines::new(text.as_str()).offsets(range, encoding);
            text.replace_range(bytes, &change.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, Range, TextDocumentContentChangeEvent};

    use super::{Encoding, apply};

    #[test]
    fn changes_are_made_where_they_point_to() {
        let mut text = "é = 1\r\nb = 2".to_owned();
        let mut change = |start: (u32, u32), end: (u32, u32), new: &str| {
            let at = |(line, character)| Position { line, character };
            let range = Some(Range { start: at(start), end: at(end) });
            apply(&mut text, TextDocumentContentChangeEvent { range, range_length: None, text: new.to_owned() }, Encoding::Utf16);
            text.clone()
        };
        assert_eq!(change((0, 4), (1, 1), "3\nc"), "é = 3\nc = 2");
        assert_eq!(change((1, 5), (0, 5), ""), "é = 3", "backwards");
        assert_eq!(change((7, 0), (9, 9), "!"), "é = 3!", "beyond the end");
    }
}
