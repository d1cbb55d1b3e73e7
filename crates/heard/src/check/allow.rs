//! `--add-allow`: comments that say why a failure may go unheard, written above the statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;
use heard_analysis::{Edit, Finding, Position, Span};

use crate::rewrite::{Original, RewriteError};
use crate::system::Disk;

/// The comments for some findings of one file.
pub(super) struct Allowed {
    pub(super) path: Arc<Utf8Path>,
    /// How many findings they are for.
    pub(super) findings: usize,
    /// The bytes of the file with them.
    pub(super) bytes: Vec<u8>,
}

/// The files with comments for all findings, but for those about such comments.
pub(super) fn files(findings: &[Finding], reason: &str, disk: &Disk) -> Vec<(Arc<Utf8Path>, Result<Allowed, RewriteError>)> {
    // By the first line of the statement.
    let mut files: BTreeMap<Arc<Utf8Path>, BTreeMap<usize, Vec<&Finding>>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.rule != "unused-allow") {
        let Span { path, start, .. } = &finding.statement_span;
        files.entry(path.clone()).or_default().entry(start.line).or_default().push(finding);
    }
    files.into_iter().map(|(path, lines)| (path.clone(), file(path, &lines, reason, disk))).collect()
}

fn file(path: Arc<Utf8Path>, lines: &BTreeMap<usize, Vec<&Finding>>, reason: &str, disk: &Disk) -> Result<Allowed, RewriteError> {
    let original = Original::read(&path, disk)?;
    let edits: Vec<Edit> = lines.values().filter_map(|findings| comment(original.text(), findings, reason)).collect();
    let bytes = original.bytes(&edits)?;
    Ok(Allowed { path, findings: lines.values().map(Vec::len).sum(), bytes })
}

/// The comment for the findings of one statement of a text.
pub(crate) fn comment(text: &str, findings: &[&Finding], reason: &str) -> Option<Edit> {
    let path = findings.first()?.statement_span.path.clone();
    let offsets = findings.iter().map(|finding| finding.statement_span.start.offset);
    let (start, indent) = offsets.clone().min().and_then(|first| line_before(text, first))?;
    let rules: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    let comment = format!("# heard: allow[{}] {reason}", rules.into_iter().collect::<Vec<_>>().join(", "));
    let is_first = |offset| offset == start + indent.len();
    // What stands behind something else on its line may stand behind the end of a string that goes over lines.
    let (at, text) = if offsets.clone().any(is_first) {
        (start, format!("{indent}{comment}\n"))
    } else {
        (text[start..].find(['\n', '\r']).map_or(text.len(), |length| start + length), format!("  {comment}"))
    };
    let place = Position { offset: at, line: 0, column: 0 };
    Some(Edit { span: Span { path, start: place, end: place }, text })
}

/// Where the line of an offset begins, and its indentation.
fn line_before(text: &str, offset: usize) -> Option<(usize, &str)> {
    let start = text.get(..offset)?.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let length = text[start..].find(|character| !matches!(character, ' ' | '\t' | '\u{c}')).unwrap_or_default();
    Some((start, &text[start..start + length]))
}
