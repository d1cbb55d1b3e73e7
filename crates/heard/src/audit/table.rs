//! The audit as a table, file by file, with the totals at its end.

use std::fmt::Write;

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE, DEFAULT_WARNING_STYLE};
use camino::Utf8Path;
use clap::builder::styling::Style;
use heard_analysis::{Awaitable, Fate, Kind};

use super::totals::Totals;
use crate::console::one_line;
use crate::output::{Place, Places};

/// Calls are cut at this width; on a terminal, at a third of its width, but not below the other.
const WIDEST_CALL: usize = 48;
const NARROWEST_CALL: usize = 20;

/// Turns awaitables into text.
pub(super) struct Table<'a> {
    places: &'a Places,
    styled: bool,
    widest_call: usize,
}

/// One line: where it stands, what it is, what is called, how it ends, and what that means.
struct Row {
    place: String,
    kind: Kind,
    call: String,
    fate: Fate,
    meaning: String,
}

impl<'a> Table<'a> {
    /// The width is that of the terminal, if there is one.
    pub(super) fn new(places: &'a Places, styled: bool, width: Option<usize>) -> Self {
        let widest_call = width.map_or(WIDEST_CALL, |width| (width / 3).clamp(NARROWEST_CALL, WIDEST_CALL));
        Table { places, styled, widest_call }
    }

    /// The table of `awaitables`, which are in the order of their files, and the totals.
    pub(super) fn text(&self, awaitables: &[Awaitable], totals: &Totals) -> String {
        let rows: Vec<Row> = awaitables.iter().map(|awaitable| self.row(awaitable)).collect();
        let place = widest(rows.iter().map(|row| row.place.as_str()));
        let kind = widest(rows.iter().map(|row| row.kind.name()));
        let call = widest(rows.iter().map(|row| row.call.as_str()));
        let fate = widest(rows.iter().map(|row| row.fate.name()));
        let bold = self.style(Style::new().bold());
        let mut text = String::new();
        let mut file = None;
        for (awaitable, row) in awaitables.iter().zip(&rows) {
            if file != Some(&awaitable.span.path) {
                let gap = if file.is_some() { "\n" } else { "" };
                let _ = writeln!(text, "{gap}{bold}{}{bold:#}", self.path(&awaitable.span.path));
                file = Some(&awaitable.span.path);
            }
            let Row { meaning, .. } = row;
            let style = self.style(style(row.fate));
            let gap = " ".repeat(fate - row.fate.name().len());
            let _ = write!(text, "  {:>place$}  {:kind$}  {:call$}  ", row.place, row.kind.name(), row.call);
            let _ = writeln!(text, "{style}{}{style:#}{gap}  {meaning}", row.fate);
        }
        if totals.all() > 0 {
            text.push_str(if rows.is_empty() { "" } else { "\n" });
            self.add_totals(&mut text, totals);
        }
        text
    }

    fn row(&self, awaitable: &Awaitable) -> Row {
        let in_cell = |cell: Option<usize>| cell.map(|cell| format!("cell {cell}:")).unwrap_or_default();
        let at = |at: &heard_analysis::Span| {
            let Place { path, cell, line, .. } = self.places.of(at);
            format!("{}:{}{line}", one_line(&path), in_cell(cell))
        };
        let how = one_line(&awaitable.how);
        let meaning = match (&awaitable.at, awaitable.fate) {
            (None, _) => how,
            _ if awaitable.is_read_on_the_spot() => format!("{how} on the spot"),
            (Some(place), Fate::Consumed) => format!("{how}, read at {}", at(place)),
            (Some(place), _) => format!("{how}, see {}", at(place)),
        };
        let Place { cell, line, column, .. } = self.places.of(&awaitable.span);
        Row {
            place: format!("{}{}:{}", in_cell(cell), line, column),
            kind: awaitable.kind,
            call: cut(&tight(&one_line(&awaitable.call)), self.widest_call),
            fate: awaitable.fate,
            meaning,
        }
    }

    fn add_totals(&self, text: &mut String, totals: &Totals) {
        let kinds = || Kind::ALL.into_iter().filter(|kind| totals.of_kind(*kind) != [0; Fate::ALL.len()]);
        let name = widest(kinds().map(Kind::name)).max("total".len());
        let bold = self.style(Style::new().bold());
        let mut line = |name_of_row: &str, cells: &mut dyn Iterator<Item = String>, style: Style| {
            let _ = write!(text, "{style}{name_of_row:name$}");
            for cell in cells {
                let _ = write!(text, "  {cell:>11}");
            }
            let _ = writeln!(text, "{style:#}");
        };
        line("", &mut Fate::ALL.iter().map(ToString::to_string).chain(["total".to_owned()]), bold);
        for kind in kinds() {
            let counts = totals.of_kind(kind);
            line(kind.name(), &mut counts.into_iter().chain([counts.iter().sum()]).map(|count| count.to_string()), Style::new());
        }
        let sums = Fate::ALL.into_iter().map(|fate| totals.of_fate(fate)).chain([totals.all()]);
        line("total", &mut sums.map(|count| count.to_string()), Style::new());
    }

    fn path(&self, path: &Utf8Path) -> String {
        one_line(&self.places.path(path))
    }

    fn style(&self, style: Style) -> Style {
        if self.styled { style } else { Style::new() }
    }
}

fn style(fate: Fate) -> Style {
    match fate {
        Fate::Consumed | Fate::Transferred => Style::new(),
        Fate::Lost => DEFAULT_ERROR_STYLE,
        Fate::Unknown => DEFAULT_WARNING_STYLE,
    }
}

fn widest<'t>(texts: impl Iterator<Item = &'t str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or_default()
}

/// The source of a call without the blanks inside its brackets, which are left of its lines.
fn tight(call: &str) -> String {
    let folded = [("( ", "("), ("[ ", "["), (", )", ")"), (" )", ")"), (", ]", "]"), (" ]", "]")];
    folded.iter().fold(call.to_owned(), |call, (from, to)| call.replace(from, to))
}

/// The text with its end left out where it is wider.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
