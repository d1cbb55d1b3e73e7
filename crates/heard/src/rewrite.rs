//! Files written anew: in their coding, with their line ends, and in one step.

use std::io::{self, Write};

use camino::Utf8Path;
use heard_analysis::Edit;
use heard_analysis::system::Notebook;
use tempfile::NamedTempFile;

use crate::notebook;
use crate::output::keep;
use crate::system::{Coded, Disk, decode};

/// A Python file or notebook as it is on the disk.
pub(crate) struct Original {
    text: String,
    form: Form,
}

enum Form {
    Text(Coded),
    Notebook { json: String, notebook: Box<Notebook> },
}

/// Why a file is left as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RewriteError {
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("the coding of the file does not have the characters that would be written")]
    Coding,
    #[error("the change goes across two cells of the notebook")]
    Cells,
    #[error("cannot be written: {0}")]
    Write(io::Error),
}

impl Original {
    /// Reads the file as `disk` shows it.
    pub(crate) fn read(path: &Utf8Path, disk: &Disk) -> Result<Self, RewriteError> {
        let bytes = disk.bytes(path).map_err(RewriteError::Read)?;
        let invalid = |error: String| RewriteError::Read(io::Error::new(io::ErrorKind::InvalidData, error));
        let (text, form) = if path.extension() == Some("ipynb") {
            let json = String::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
            let notebook = Notebook::from_source_code(&json).map_err(|error| invalid(error.to_string()))?;
            (notebook.source_code().to_owned(), Form::Notebook { json, notebook: Box::new(notebook) })
        } else {
            let (text, coded) = decode(bytes).map_err(|error| invalid(error.to_string()))?;
            (text, Form::Text(coded))
        };
        Ok(Original { text, form })
    }

    /// The text, as the analyser sees it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text with some edits made, which are in the order of the text and do not overlap. Lines that they bring end as
    /// the file's own do.
    pub(crate) fn edited(&self, edits: &[Edit]) -> String {
        let line_end = line_end(&self.text);
        let mut text = self.text.clone();
        for edit in edits.iter().rev() {
            text.replace_range(edit.span.start.offset..edit.span.end.offset, &edit.text.replace("\r\n", "\n").replace('\n', line_end));
        }
        text
    }

    /// The bytes of the file with these edits made.
    pub(crate) fn bytes(&self, edits: &[Edit]) -> Result<Vec<u8>, RewriteError> {
        match &self.form {
            Form::Text(coded) => coded.encode(&self.edited(edits)).ok_or(RewriteError::Coding),
            Form::Notebook { json, notebook } => {
                let cells = self.edited_cells(notebook, edits).ok_or(RewriteError::Cells)?;
                Ok(notebook::replaced(json, &cells).ok_or(RewriteError::Cells)?.into_bytes())
            }
        }
    }

    /// The cells that the edits change, by their numbers, with their new texts.
    fn edited_cells(&self, notebook: &Notebook, edits: &[Edit]) -> Option<Vec<(usize, String)>> {
        let starts = notebook::cells(notebook).starts;
        let mut changed: Vec<(usize, String)> = Vec::new();
        let mut offset = 0;
        for ((_, number), range) in starts.iter().zip(notebook.cell_offsets().ranges()) {
            let range = usize::from(range.start())..usize::from(range.end());
            let inside = |edit: &&Edit| range.start <= edit.span.start.offset && edit.span.start.offset < range.end;
            let edits: Vec<&Edit> = edits.iter().filter(inside).collect();
            if edits.is_empty() {
                continue;
            }
            let mut text = self.text.get(range.clone())?.to_owned();
            for edit in edits.iter().rev() {
                let end = edit.span.end.offset.checked_sub(range.start).filter(|end| *end <= text.len())?;
                text.replace_range(edit.span.start.offset - range.start..end, &edit.text);
            }
            offset += edits.len();
            // The line end behind a cell is none of its own.
            changed.push((*number, text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)));
        }
        (offset == edits.len()).then_some(changed)
    }
}

/// Writes a file. Whoever looks sees the old one or the new one; a link stays one, and what it leads to is written.
pub(crate) fn write(path: &Utf8Path, bytes: &[u8]) -> Result<(), RewriteError> {
    let write = || {
        let path = path.canonicalize_utf8()?;
        let mut file = NamedTempFile::new_in(path.parent().unwrap_or(&path))?;
        file.write_all(bytes)?;
        keep(file, &path)
    };
    write().map_err(RewriteError::Write)
}

/// How the lines of a text end: as the first one does.
fn line_end(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}
