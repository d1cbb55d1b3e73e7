//! Findings with their source: the place, the way that the value took, and what to do.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level as Severity, Origin, Renderer, Snippet};
use camino::Utf8Path;
use heard_analysis::{Finding, Level, Span};

use super::causes::{self, groups};
use super::concise::undecided_line;
use super::{Format, Look, Place, Places, Results, page_of, print};
use crate::baseline::Mark;
use crate::console::{brief, counted, one_line};

/// Where there is no terminal.
const WIDTH: usize = 120;
/// Narrower ones are treated as this wide.
const NARROWEST: usize = 60;
/// What the line numbers, the frame and the marks for cut text take up.
const FRAME: usize = 20;

/// Findings with their source, and undecided awaitables in one line each.
pub(super) struct Text {
    pub(super) look: Look,
}

impl Format for Text {
    fn project(&mut self, out: &mut dyn Write, results: &Results) -> io::Result<()> {
        let mut texts = Texts::new(results, self.look);
        groups(results).iter().try_for_each(|group| print(out, &texts.group(group)))?;
        results.undecided.iter().try_for_each(|undecided| print(out, &undecided_line(undecided, results.places, self.look)))
    }
}

/// Turns the findings of one program into text.
struct Texts<'a> {
    results: &'a Results<'a>,
    sources: HashMap<Arc<Utf8Path>, Option<String>>,
    renderer: Renderer,
    width: usize,
    linked: bool,
}

impl<'a> Texts<'a> {
    fn new(results: &'a Results<'a>, look: Look) -> Self {
        let width = look.width.unwrap_or(WIDTH).max(NARROWEST);
        let renderer = if look.styled { Renderer::styled() } else { Renderer::plain() };
        let sources = HashMap::new();
        Texts { results, sources, renderer: renderer.term_width(width), width: width - FRAME, linked: look.linked }
    }

    /// The text for findings of one cause, with an empty line at its end: the first, and where the others are.
    fn group(&mut self, group: &causes::Group) -> String {
        let finding = group.first;
        let mut stretches = stretches(finding, self.results.places, self.width);
        for stretch in &stretches {
            let program = self.results.program;
            self.sources.entry(stretch.path.clone()).or_insert_with(|| program.source(&stretch.path));
        }
        let severity = match finding.level {
            Level::Default => Severity::ERROR,
            Level::Strict => Severity::WARNING,
            Level::Preview => Severity::NOTE,
        };
        let mut title = severity.primary_title(brief(&finding.message)).id(finding.rule);
        if let Some(page) = page_of(finding.rule).filter(|_| self.linked) {
            title = title.id_url(page);
        }
        let mut report = Group::with_title(title);
        for stretch in &mut stretches {
            let source = self.sources.get(&stretch.path).and_then(Option::as_deref);
            report = report.element(stretch.element(source, self.results.places, self.width));
        }
        report = report.elements(self.others(group).map(|others| Severity::NOTE.message(others)));
        report = report
            .element(Severity::HELP.message(brief(&finding.help)))
            .element(Severity::NOTE.message(format!("see `heard rule {}`", finding.rule)));
        if self.results.marks.of(finding) == Some(Mark::Known) {
            report = report.element(Severity::NOTE.message("it is in the baseline"));
        }
        format!("{}\n\n", self.renderer.render(&[report]))
    }

    /// Where the other findings of the cause are.
    fn others(&self, group: &causes::Group) -> Option<String> {
        const SHOWN: usize = 8;
        let places = group.others.iter().take(SHOWN).map(|finding| {
            let place = self.results.places.of(&finding.span);
            format!("{}:{}", file_of(&place), place.line)
        });
        let places: Vec<String> = places.collect();
        let more = match group.others.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!places.is_empty())
            .then(|| format!("the same cause in {}: {}{more}", counted(group.others.len(), "other place"), places.join(", ")))
    }
}

/// Places that are shown in one piece of source.
struct Stretch<'a> {
    path: Arc<Utf8Path>,
    labels: Vec<Label<'a>>,
}

struct Label<'a> {
    span: &'a Span,
    kind: AnnotationKind,
    text: Option<Cow<'a, str>>,
}

/// The finding's place and the steps of its trace, file by file and cell by cell. Places that lie too far apart in
/// their lines to be shown below each other do not share a piece.
fn stretches<'f>(finding: &'f Finding, places: &Places, width: usize) -> Vec<Stretch<'f>> {
    let primary = Label { span: &finding.span, kind: AnnotationKind::Primary, text: None };
    let mut stretches = vec![Stretch { path: finding.span.path.clone(), labels: vec![primary] }];
    for step in &finding.trace {
        let text = Cow::from(step.message.as_str());
        let known = stretches.iter_mut().flat_map(|stretch| &mut stretch.labels).find(|label| *label.span == step.span);
        if let Some(label) = known {
            label.text = Some(label.text.take().map_or(text, |before| format!("{before}; {}", step.message).into()));
            continue;
        }
        let label = Label { span: &step.span, kind: AnnotationKind::Context, text: Some(text) };
        match stretches.iter_mut().find(|stretch| stretch.takes(&step.span, places, width)) {
            Some(stretch) => stretch.labels.push(label),
            None => stretches.push(Stretch { path: step.span.path.clone(), labels: vec![label] }),
        }
    }
    stretches
}

impl<'a> Stretch<'a> {
    fn takes(&self, span: &Span, places: &Places, width: usize) -> bool {
        let cell = |span: &Span| places.of(span).cell;
        let is_here = self.path == span.path && self.labels.first().is_some_and(|label| cell(label.span) == cell(span));
        let columns = || self.labels.iter().map(|label| label.span).chain([span]).map(|span| span.start.column);
        let spread = columns().max().unwrap_or_default() - columns().min().unwrap_or_default();
        is_here && spread < width
    }

    /// The piece of source with its labels; only the place where the source is not to be had.
    fn element(&mut self, source: Option<&'a str>, places: &Places, width: usize) -> Element<'a> {
        self.labels.sort_by_key(|label| label.span.start);
        let ends = self.labels.first().zip(self.labels.last());
        let Some((first, last)) = ends.map(|(first, last)| (first.span, last.span.start)) else {
            return Origin::path(places.path(&self.path)).into();
        };
        let place @ Place { line, column, .. } = &places.of(first);
        let (path, line, column) = (file_of(place), *line, *column);
        let first = first.start;
        let place = Origin::path(path.clone()).line(line).char_column(column);
        let Some(source) = source.filter(|source| source.is_char_boundary(last.offset)) else { return place.into() };
        let start = source[..first.offset].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let end = line_end(source, last.offset);
        let annotations = self.labels.iter().filter_map(|label| {
            let text = label.text.as_deref().map(brief);
            Some(label.annotation(clip(source, label.span, width)?, start, text))
        });
        let annotations: Vec<Annotation<'a>> = annotations.collect();
        Snippet::source(with_line_feeds(&source[start..end])).line_start(line).path(path).annotations(annotations).into()
    }
}

impl Label<'_> {
    fn annotation<'a>(&self, range: Range<usize>, start: usize, text: Option<String>) -> Annotation<'a> {
        self.kind.span(range.start - start..range.end - start).label(text)
    }
}

/// The file of a place, and the cell of a notebook.
fn file_of(Place { path, cell, .. }: &Place) -> String {
    one_line(&cell.map_or(path.clone(), |cell| format!("{path}:cell {cell}")))
}

/// What of a place is underlined: no more than its first line, and of that what fits on the screen.
fn clip(source: &str, span: &Span, width: usize) -> Option<Range<usize>> {
    let start = span.start.offset;
    let line = source.get(start..span.end.offset.min(line_end(source, start)).max(start))?;
    let length = line.char_indices().nth(width).map_or(line.len(), |(offset, _)| offset);
    Some(start..start + length)
}

fn line_end(source: &str, offset: usize) -> usize {
    source[offset..].find(['\n', '\r']).map_or(source.len(), |length| offset + length)
}

/// A lone carriage return ends a line in Python; the renderer knows line feeds only.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return text.into();
    }
    let mut bytes = text.as_bytes().iter().peekable();
    let mut feeds = text.to_owned().into_bytes();
    for byte in &mut feeds {
        bytes.next();
        if *byte == b'\r' && bytes.peek() != Some(&&b'\n') {
            *byte = b'\n';
        }
    }
    String::from_utf8(feeds).map_or(text.into(), Cow::from)
}
