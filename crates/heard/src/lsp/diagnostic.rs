//! Findings as the editor shows them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;

use camino::Utf8Path;
use heard_analysis::{Finding, Level, Notice, Position as Place, Span};
use lsp_types::{CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, NumberOrString, Range, Uri};

use super::atlas::Atlas;
use super::capabilities::{Client, NAME};
use crate::output::page_of;

/// The diagnostics of one document, or of one cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Diagnostics {
    pub(super) items: Vec<Diagnostic>,
    /// Tells this answer from others.
    pub(super) id: String,
}

impl Diagnostics {
    pub(super) fn new(items: Vec<Diagnostic>) -> Self {
        let mut hasher = DefaultHasher::new();
        // The text of JSON tells apart all that the editor can.
        serde_json::to_string(&items).unwrap_or_default().hash(&mut hasher);
        Diagnostics { items, id: format!("{:016x}", hasher.finish()) }
    }
}

/// A finding, and the document or cell that it is in.
pub(super) fn of(finding: &Finding, atlas: &Atlas<'_>, client: &Client) -> Option<(Uri, Diagnostic)> {
    let location = atlas.location(&finding.span)?;
    let related = finding
        .trace
        .iter()
        .filter_map(|step| Some(DiagnosticRelatedInformation { location: atlas.location(&step.span)?, message: step.message.clone() }));
    let related: Vec<_> = if client.shows_related { related.collect() } else { Vec::new() };
    let page = page_of(finding.rule).and_then(|page| Uri::from_str(&page).ok());
    let diagnostic = Diagnostic {
        range: location.range,
        severity: Some(severity(finding.level)),
        code: Some(NumberOrString::String(finding.rule.to_owned())),
        code_description: page.map(|href| CodeDescription { href }),
        source: Some(NAME.to_owned()),
        message: format!("{}\n{}", finding.message, finding.help),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    };
    Some((location.uri, diagnostic))
}

/// What could not be done in a file, where it went unread: else other tools tell of what is wrong in it.
pub(super) fn of_notice(notice: &Notice, atlas: &Atlas<'_>) -> Option<(Uri, Diagnostic)> {
    if !notice.skipped {
        return None;
    }
    let start = Place { offset: 0, line: 1, column: 1 };
    let place = notice.position.unwrap_or(start);
    let location = atlas.location(&Span { path: notice.path.clone(), start: place, end: place })?;
    let diagnostic = Diagnostic {
        range: location.range,
        severity: Some(DiagnosticSeverity::HINT),
        source: Some(NAME.to_owned()),
        message: format!("heard does not check this file: {}", notice.message),
        ..Diagnostic::default()
    };
    Some((location.uri, diagnostic))
}

/// What is wrong with the settings, at the top of each file that is not checked because of it.
pub(super) fn of_trouble(message: &str, path: &Utf8Path, atlas: &Atlas<'_>) -> Option<(Uri, Diagnostic)> {
    let start = Place { offset: 0, line: 1, column: 1 };
    let location = atlas.location(&Span { path: path.into(), start, end: start })?;
    let diagnostic = Diagnostic {
        range: Range { start: location.range.start, end: location.range.start },
        severity: Some(DiagnosticSeverity::WARNING),
        source: Some(NAME.to_owned()),
        message: format!("heard checks nothing here: {message}"),
        ..Diagnostic::default()
    };
    Some((location.uri, diagnostic))
}

fn severity(level: Level) -> DiagnosticSeverity {
    match level {
        Level::Default => DiagnosticSeverity::ERROR,
        Level::Strict => DiagnosticSeverity::WARNING,
        Level::Preview => DiagnosticSeverity::INFORMATION,
    }
}
