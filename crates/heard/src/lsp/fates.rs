//! What becomes of the awaitables of a document: hover, hints, lenses, and the way from a task to its reader and back.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Awaitable, Fate, Finding, Kind, Span, rules};
use lsp_types::{
    CodeLens, Command, Hover, HoverContents, InlayHint, InlayHintLabel, Location, MarkupContent, MarkupKind, Position, Range, Uri,
};

use super::atlas::Atlas;
use super::room::Found;
use crate::output::shown;

/// The awaitables of one document, or of one cell.
pub(super) struct Fates<'a> {
    pub(super) atlas: &'a Atlas<'a>,
    pub(super) path: &'a Utf8Path,
    pub(super) uri: &'a Uri,
    pub(super) found: &'a Found,
    /// Those of other files, as far as they are known.
    pub(super) others: Vec<&'a Awaitable>,
    /// Paths are shown as seen from one of these.
    pub(super) folders: &'a [Utf8PathBuf],
}

impl Fates<'_> {
    /// The page of what is found here, and what becomes of the awaitable that is made here.
    pub(super) fn hover(&self, position: Position) -> Option<Hover> {
        let place = self.atlas.place(self.path, self.uri, position)?;
        let awaitable = self.made_at(place);
        let finding = self.found.findings.iter().filter(|finding| holds(&finding.span, place)).min_by_key(|finding| length(&finding.span));
        let mut parts: Vec<String> = awaitable.into_iter().map(|awaitable| self.told(awaitable)).collect();
        parts.extend(finding.and_then(page));
        if parts.is_empty() {
            return None;
        }
        let span = awaitable.map(|awaitable| &awaitable.span).or(finding.map(|finding| &finding.span))?;
        let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: parts.join("\n\n---\n\n") });
        Some(Hover { contents, range: self.atlas.location(span).map(|location| location.range) })
    }

    /// Where the awaitable that is made here is read or lost, and where those are made that are read here.
    pub(super) fn references(&self, position: Position) -> Option<Vec<Location>> {
        let place = self.atlas.place(self.path, self.uri, position)?;
        let is_here = |span: &Span| *span.path == *self.path && holds(span, place);
        let readers = self.made_at(place).and_then(|awaitable| awaitable.at.as_ref());
        let all = self.own().chain(self.others.iter().copied());
        let births = all.filter(|awaitable| !awaitable.is_read_on_the_spot() && awaitable.at.as_ref().is_some_and(is_here));
        let mut spans: Vec<&Span> = readers.into_iter().chain(births.map(|awaitable| &awaitable.span)).collect();
        spans.sort();
        spans.dedup();
        let locations: Vec<Location> = spans.into_iter().filter_map(|span| self.atlas.location(span)).collect();
        (!locations.is_empty()).then_some(locations)
    }

    /// Behind each awaitable that is not read on the spot, what becomes of it.
    pub(super) fn hints(&self, range: Range) -> Option<Vec<InlayHint>> {
        let [start, end] = self.atlas.places(self.path, self.uri, range)?;
        let is_told = |awaitable: &&Awaitable| {
            let at = (awaitable.span.end.line, awaitable.span.end.column);
            awaitable.fate != Fate::Unknown && !awaitable.is_read_on_the_spot() && start <= at && at <= end
        };
        let hint = |awaitable: &Awaitable| {
            let location = self.atlas.location(&awaitable.span).filter(|location| location.uri == *self.uri)?;
            Some(InlayHint {
                position: location.range.end,
                label: InlayHintLabel::String(self.brief(awaitable)),
                kind: None,
                text_edits: None,
                tooltip: None,
                padding_left: Some(true),
                padding_right: None,
                data: None,
            })
        };
        Some(self.own().filter(is_told).filter_map(hint).collect())
    }

    /// Above each function that starts tasks, how many there are, and what becomes of them.
    pub(super) fn lenses(&self) -> Vec<CodeLens> {
        let mut spawners: BTreeMap<usize, Vec<&Awaitable>> = BTreeMap::new();
        for awaitable in self.own().filter(|awaitable| matches!(awaitable.kind, Kind::Task | Kind::ThreadFuture)) {
            if let Some(line) = self.definition(awaitable) {
                spawners.entry(line).or_default().push(awaitable);
            }
        }
        let lens = |(line, tasks): (usize, Vec<&Awaitable>)| {
            let place = heard_analysis::Position { offset: 0, line, column: 1 };
            let location = self.atlas.location(&Span { path: self.path.into(), start: place, end: place })?;
            // A lens without a command is never shown.
            let command = Command { title: summary(&tasks), command: String::new(), arguments: None };
            (location.uri == *self.uri).then_some(CodeLens { range: location.range, command: Some(command), data: None })
        };
        spawners.into_iter().filter_map(lens).collect()
    }

    fn own(&self) -> impl Iterator<Item = &Awaitable> {
        self.found.awaitables.iter().flatten()
    }

    /// The awaitable whose call stands here, the innermost one.
    fn made_at(&self, place: (usize, usize)) -> Option<&Awaitable> {
        self.own().filter(|awaitable| holds(&awaitable.span, place)).min_by_key(|awaitable| length(&awaitable.span))
    }

    /// The line with the head of the function that an awaitable is made in.
    fn definition(&self, awaitable: &Awaitable) -> Option<usize> {
        let name = awaitable.symbol.rsplit('.').next().filter(|name| !name.is_empty())?;
        let is_head = |line: &usize| {
            let text = self.atlas.line(self.path, *line).unwrap_or_default();
            let text = text.trim_start();
            let text = text.strip_prefix("async ").map_or(text, str::trim_start);
            let rest = text.strip_prefix("def ").and_then(|rest| rest.trim_start().strip_prefix(name));
            rest.is_some_and(|rest| rest.trim_start().starts_with(['(', '[']))
        };
        (1..=awaitable.span.start.line).rev().find(is_head)
    }

    /// What becomes of an awaitable, in one line for the reader of a page.
    fn told(&self, awaitable: &Awaitable) -> String {
        let Awaitable { kind, callee, how, .. } = awaitable;
        let what = format!("**{kind}** of `{callee}`");
        let at = awaitable.at.as_ref().filter(|_| !awaitable.is_read_on_the_spot());
        let line = at.and_then(|at| self.atlas.line(&at.path, at.start.line));
        let at = at.map(|at| {
            let source = line.map(|line| format!(": `{}`", line.trim().replace('`', "'"))).unwrap_or_default();
            match self.atlas.location(at) {
                Some(Location { uri, .. }) => format!(", [{}]({}#L{}){source}", self.shown(at), uri.as_str(), at.start.line),
                None => format!(", {}{source}", self.shown(at)),
            }
        });
        match awaitable.fate {
            Fate::Lost => format!("{what}: nobody reads it, {how}{}", at.unwrap_or_default()),
            Fate::Unknown => format!("{what}: it is not known who reads it ({how})"),
            Fate::Consumed | Fate::Transferred => format!("{what}: {how}{}", at.unwrap_or_default()),
        }
    }

    /// The same in a few words.
    fn brief(&self, awaitable: &Awaitable) -> String {
        match (awaitable.fate, &awaitable.at) {
            (Fate::Lost, _) => "→ nobody reads it".to_owned(),
            (Fate::Consumed, Some(at)) if *at.path == *self.path => format!("→ read in line {}", at.start.line),
            (Fate::Consumed, Some(at)) => format!("→ read in {}", self.shown(at)),
            _ => format!("→ {}", awaitable.how),
        }
    }

    /// A place as people write it.
    fn shown(&self, span: &Span) -> String {
        let folder = self.folders.iter().find(|folder| span.path.starts_with(folder));
        format!("{}:{}", shown(&span.path, folder.map_or(Utf8Path::new(""), |folder| folder)), span.start.line)
    }
}

/// The page of the rule that a finding is of.
fn page(finding: &Finding) -> Option<String> {
    rules::find(finding.rule).map(|rule| rule.page.trim_end().to_owned())
}

/// How many tasks there are, and how they end.
fn summary(tasks: &[&Awaitable]) -> String {
    let count = |fate: Fate, words: &str| {
        let count = tasks.iter().filter(|task| task.fate == fate).count();
        (count > 0).then(|| format!("{count} {words}"))
    };
    let fates = [
        count(Fate::Consumed, "read"),
        count(Fate::Transferred, "returned"),
        count(Fate::Lost, "read by nobody"),
        count(Fate::Unknown, "not known"),
    ];
    let fates: Vec<String> = fates.into_iter().flatten().collect();
    format!("starts {}: {}", crate::console::counted(tasks.len(), "task"), fates.join(", "))
}

fn holds(span: &Span, place: (usize, usize)) -> bool {
    (span.start.line, span.start.column) <= place && place <= (span.end.line, span.end.column)
}

fn length(span: &Span) -> usize {
    span.end.offset - span.start.offset
}
