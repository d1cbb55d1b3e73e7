//! A page for a browser, which needs nothing beside itself: a table that is sorted and filtered, and for each row the
//! source with what happens in it. Without scripts it is a plain table.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use camino::Utf8Path;
use heard_analysis::{Program, Span};
use quick_xml::escape::escape;

use super::{Format, Place, Places, Results, page_of, print, severity};
use crate::console::{counted, one_line};

/// Lines that are shown before and behind a place.
const AROUND: usize = 2;
/// Longer stretches of source are cut.
const LONGEST: usize = 30;

/// One row of the table, and what is shown below it.
pub(crate) struct Row {
    /// The texts of the cells, in the order of the page's columns.
    pub(crate) cells: Vec<String>,
    pub(crate) detail: String,
}

/// A page with one table.
pub(crate) struct Page {
    pub(crate) title: &'static str,
    /// What all rows come to.
    pub(crate) summary: String,
    pub(crate) columns: &'static [&'static str],
    /// The columns with few values, by which rows are chosen.
    pub(crate) facets: &'static [usize],
    pub(crate) rows: Vec<Row>,
}

impl Page {
    /// The text of the page.
    pub(crate) fn html(&self) -> String {
        let mut table = String::from("<thead><tr>");
        for column in self.columns {
            let _ = write!(table, "<th scope=\"col\"><button type=\"button\">{}</button></th>", text(column));
        }
        table.push_str("</tr></thead>\n");
        for Row { cells, detail } in &self.rows {
            table.push_str("<tbody><tr>");
            for (cell, column) in cells.iter().zip(self.columns) {
                let class = column.to_lowercase();
                let _ = write!(table, "<td class=\"{class}\" data-value=\"{}\">{}</td>", text(cell), code(cell));
            }
            let _ = writeln!(
                table,
                "</tr><tr class=\"detail\"><td colspan=\"{}\"><details><summary>source</summary>{detail}</details></td></tr></tbody>",
                self.columns.len()
            );
        }
        let parts = [
            ("{title}", text(self.title)),
            ("{style}", include_str!("web/page.css").to_owned()),
            ("{summary}", text(&self.summary)),
            ("{facets}", self.choices()),
            ("{script}", include_str!("web/page.js").to_owned()),
            ("{version}", env!("CARGO_PKG_VERSION").to_owned()),
            // Last, since code may hold what the others stand for.
            ("{table}", table),
        ];
        parts.iter().fold(include_str!("web/page.html").to_owned(), |page, (mark, part)| page.replace(mark, part))
    }

    /// A box to tick for each value of each facet, with the number of its rows.
    fn choices(&self) -> String {
        let mut html = String::new();
        for facet in self.facets {
            let mut values: BTreeMap<&str, usize> = BTreeMap::new();
            for cell in self.rows.iter().filter_map(|row| row.cells.get(*facet)) {
                *values.entry(cell).or_default() += 1;
            }
            let _ = write!(html, "<fieldset data-column=\"{facet}\"><legend>{}</legend>", text(self.columns[*facet]));
            for (value, count) in values {
                let value = text(value);
                let _ = write!(html, "<label><input type=\"checkbox\" value=\"{value}\" checked> {value} <small>{count}</small></label>");
            }
            html.push_str("</fieldset>\n");
        }
        html
    }
}

/// Turns places into stretches of source.
pub(crate) struct Excerpts<'a> {
    program: &'a Program,
    places: &'a Places,
    sources: HashMap<Arc<Utf8Path>, Option<String>>,
}

impl<'a> Excerpts<'a> {
    pub(crate) fn new(program: &'a Program, places: &'a Places) -> Self {
        Excerpts { program, places, sources: HashMap::new() }
    }

    /// The lines around a place, which is marked, under what happens there.
    pub(crate) fn of(&mut self, span: &Span, message: &str) -> String {
        let program = self.program;
        let source = self.sources.entry(span.path.clone()).or_insert_with(|| program.source(&span.path)).as_deref();
        let Place { line, .. } = self.places.of(span);
        let mut html =
            format!("<figure><figcaption><code>{}</code> {}</figcaption>", text(&self.places.of(span).before_message()), code(message));
        let marked = source.and_then(|source| {
            Some((source.get(..span.start.offset)?, source.get(span.start.offset..span.end.offset)?, source.get(span.end.offset..)?))
        });
        if let Some((before, inside, after)) = marked {
            let start = before.rmatch_indices('\n').nth(AROUND).map_or(0, |(end, _)| end + 1);
            let before = &before[start..];
            let after: String = after.split_inclusive('\n').take(AROUND + 1).collect();
            let first = line.saturating_sub(before.matches('\n').count());
            let own = |part: &str| part.replace(['\u{1}', '\u{2}'], "\u{fffd}");
            let marked = format!("{}\u{1}{}\u{2}{}", own(before), own(inside), own(after.trim_end_matches('\n')));
            html.push_str("<pre>");
            for (line, number) in marked.split('\n').zip(first..).take(LONGEST) {
                let line = text(line).replace('\u{1}', "<mark>").replace('\u{2}', "</mark>");
                let _ = writeln!(html, "<span class=\"n\">{number}</span>{line}");
            }
            html.push_str("</pre>");
        }
        html.push_str("</figure>");
        html
    }
}

/// The findings as a page.
#[derive(Default)]
pub(super) struct Web {
    rows: Vec<Row>,
    files: usize,
}

impl Format for Web {
    fn project(&mut self, _out: &mut dyn Write, results: &Results) -> io::Result<()> {
        let mut excerpts = Excerpts::new(results.program, results.places);
        for finding in &results.findings {
            let mut detail = String::new();
            if finding.trace.iter().all(|step| step.span != finding.span) {
                detail.push_str(&excerpts.of(&finding.span, ""));
            }
            for step in &finding.trace {
                detail.push_str(&excerpts.of(&step.span, &step.message));
            }
            let _ = write!(detail, "<p>{}</p>", code(&finding.help));
            let page = page_of(finding.rule).map(|page| format!("<a href=\"{}\">{}</a>", text(&page), finding.rule));
            let _ = write!(detail, "<p>{}</p>", page.unwrap_or_else(|| format!("See <code>heard rule {}</code>.", finding.rule)));
            let place = results.places.of(&finding.span).before_message();
            let cells = vec![severity(finding.level).to_owned(), finding.rule.to_owned(), place, one_line(&finding.message)];
            self.rows.push(Row { cells, detail });
        }
        self.files += results.files.len();
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write, _whole: bool) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let summary = format!("{} in {}", counted(rows.len(), "finding"), counted(self.files, "file"));
        let page = Page { title: "heard check", summary, columns: &["Level", "Rule", "Place", "Message"], facets: &[0, 1], rows };
        print(out, &page.html())
    }
}

/// A text as HTML.
fn text(text: &str) -> String {
    escape(text).into_owned()
}

/// A message as HTML, what stands in backticks as code.
fn code(message: &str) -> String {
    let parts = one_line(message);
    let parts = parts.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{}</code>", text(part)) } else { text(part) }).collect()
}
