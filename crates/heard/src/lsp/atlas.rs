//! Where the places of the analysis lie for the editor: in which document or cell, and at which position there.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Position as Place, Span};
use lsp_types::{Location, Position, Range, Uri};

use super::document::{Content, Snapshot};
use super::position::{Encoding, Lines};
use super::uri::uri_of;
use crate::notebook;
use crate::output::Cells;
use crate::system::Disk;

/// Turns places into locations. It is made for one answer, since it keeps the lines of the files that it speaks of.
pub(super) struct Atlas<'a> {
    disk: &'a Disk,
    open: &'a BTreeMap<Utf8PathBuf, Snapshot>,
    encoding: Encoding,
    texts: RefCell<HashMap<Utf8PathBuf, Option<Text>>>,
}

/// A file whose lines are known.
enum Text {
    Plain {
        uri: Uri,
        lines: Lines<'static>,
    },
    /// The cells of a notebook by their numbers, from 1, and where they begin in the text that is all of them.
    Notebook {
        cells: Cells,
        known: HashMap<usize, (Uri, Lines<'static>)>,
        starts: Vec<(usize, usize)>,
    },
}

impl<'a> Atlas<'a> {
    pub(super) fn new(disk: &'a Disk, open: &'a BTreeMap<Utf8PathBuf, Snapshot>, encoding: Encoding) -> Self {
        Atlas { disk, open, encoding, texts: RefCell::default() }
    }

    /// Where a span lies; `None` where the file is gone, or is a notebook that is not open, whose cells have no names.
    pub(super) fn location(&self, span: &Span) -> Option<Location> {
        self.with(&span.path, |text| match text {
            Text::Plain { uri, lines } => {
                let range = lines.range((span.start.line, span.start.column), (span.end.line, span.end.column), self.encoding);
                Some(Location { uri: uri.clone(), range })
            }
            Text::Notebook { cells, known, .. } => {
                let (cell, line) = cells.locate(span.start.line)?;
                let (uri, lines) = known.get(&cell)?;
                let end_line = line + (span.end.line - span.start.line);
                let range = lines.range((line, span.start.column), (end_line, span.end.column), self.encoding);
                Some(Location { uri: uri.clone(), range })
            }
        })
    }

    /// The same of a span of which only the bytes are right.
    pub(super) fn location_of_bytes(&self, span: &Span) -> Option<Location> {
        let text = self.disk.read(&span.path).ok()?;
        let lines = Lines::new(text);
        let place = |position: Place| {
            let (line, column) = lines.place_of_byte(position.offset);
            Place { line, column, ..position }
        };
        self.location(&Span { path: span.path.clone(), start: place(span.start), end: place(span.end) })
    }

    /// The line and the column in characters, both from 1, of a position in a document or cell.
    pub(super) fn place(&self, path: &Utf8Path, uri: &Uri, position: Position) -> Option<(usize, usize)> {
        self.with(path, |text| match text {
            Text::Plain { lines, .. } => Some(lines.place(position, self.encoding)),
            Text::Notebook { known, starts, .. } => {
                let (cell, (_, lines)) = known.iter().find(|(_, (known, _))| known == uri)?;
                let (first, _) = starts.iter().find(|(_, number)| number == cell)?;
                let (line, column) = lines.place(position, self.encoding);
                Some((first + line - 1, column))
            }
        })
    }

    /// A line of a file, counted from 1 in the text that the analysis has.
    pub(super) fn line(&self, path: &Utf8Path, line: usize) -> Option<String> {
        self.with(path, |text| match text {
            Text::Plain { lines, .. } => Some(lines.text_of(line).to_owned()),
            Text::Notebook { cells, known, .. } => {
                let (cell, line) = cells.locate(line)?;
                Some(known.get(&cell)?.1.text_of(line).to_owned())
            }
        })
    }

    /// The places at the two ends of a range.
    pub(super) fn places(&self, path: &Utf8Path, uri: &Uri, range: Range) -> Option<[(usize, usize); 2]> {
        Some([self.place(path, uri, range.start)?, self.place(path, uri, range.end)?])
    }

    fn with<T>(&self, path: &Utf8Path, read: impl FnOnce(&Text) -> Option<T>) -> Option<T> {
        let mut texts = self.texts.borrow_mut();
        if !texts.contains_key(path) {
            texts.insert(path.to_owned(), self.text(path));
        }
        texts.get(path)?.as_ref().and_then(read)
    }

    fn text(&self, path: &Utf8Path) -> Option<Text> {
        match self.open.get(path) {
            Some(Snapshot { uri, content: Content::Text(text), .. }) => {
                Some(Text::Plain { uri: uri.clone(), lines: Lines::new(text.to_string()) })
            }
            Some(Snapshot { content: Content::Notebook { cells, .. }, .. }) => {
                let known =
                    cells.iter().enumerate().map(|(number, cell)| (number + 1, (cell.uri.clone(), Lines::new(cell.text.to_string()))));
                let index = notebook::cells(&self.disk.notebook(path).ok()?);
                Some(Text::Notebook { known: known.collect(), starts: index.starts.clone(), cells: index })
            }
            None if path.extension() == Some("ipynb") => None,
            None => Some(Text::Plain { uri: uri_of(path)?, lines: Lines::new(self.disk.read(path).ok()?) }),
        }
    }
}
