//! Comments that allow a finding, ours and those of other tools.
//!
//! `# heard: allow[rule] reason` takes a finding away; without a reason, or where it takes nothing
//! away, it is reported itself. The comments of other tools that mean the same defect lower a
//! finding to strict, since they were often written to keep a tool quiet.

use crate::finding::{self, Finding, Level, Span, Step};
use crate::resolve::Module;
use crate::rules;
use crate::rules::unused_allow::{self, Fault};

/// Comments of other tools, with the rule that means the same.
const EQUIVALENTS: [(&str, &str, &str); 5] = [
    ("noqa:", "RUF006", "dropped-task"),
    ("noqa:", "ASYNC300", "dropped-task"),
    ("type:ignore[", "unused-coroutine", "unawaited-coroutine"),
    ("pyright:ignore[", "reportUnusedCoroutine", "unawaited-coroutine"),
    ("ty:ignore[", "unused-awaitable", "unawaited-coroutine"),
];

struct Comment<'a> {
    span: Span,
    text: &'a str,
    /// The line of code that it stands on, or above.
    line: usize,
}

/// The findings that the comments of `module` leave, with those about the comments themselves.
pub(crate) fn apply(module: &Module<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut faults = Vec::new();
    for comment in comments(module) {
        for (marker, code, rule) in EQUIVALENTS {
            if comment.names(marker, code) {
                let lowered = |finding: &&mut Finding| finding.rule == rule && finding.level < Level::Strict && comment.is_about(finding);
                for finding in findings.iter_mut().filter(lowered) {
                    finding.level = Level::Strict;
                    finding.trace.push(Step { span: comment.span.clone(), message: "this comment makes it strict".to_owned() });
                }
            }
        }
        let Some(words) = words_for_us(comment.text) else { continue };
        let mut fault = |fault| faults.push(unused_allow::finding(comment.span.clone(), comment.text, fault));
        let Some((names, reason)) = words.strip_prefix("allow").and_then(|rest| rest.trim_start().strip_prefix('[')?.split_once(']'))
        else {
            fault(Fault::Malformed);
            continue;
        };
        if reason.trim().is_empty() {
            fault(Fault::NoReason);
        }
        for name in names.split(',').map(str::trim) {
            let before = findings.len();
            findings.retain(|finding| finding.rule != name || !comment.is_about(finding));
            if rules::find(name).is_none() {
                fault(Fault::NoSuchRule(name.to_owned()));
            } else if findings.len() == before {
                fault(Fault::Unused(name.to_owned()));
            }
        }
    }
    finding::number(&mut faults);
    findings.append(&mut faults);
    findings
}

/// The comments of a module. One that stands alone speaks of the line of code below it, and below
/// the comments that follow.
fn comments<'a>(module: &'a Module<'_>) -> Vec<Comment<'a>> {
    let mut comments: Vec<Comment<'a>> = Vec::new();
    let mut below = 0;
    let ranges: Vec<_> = module.comments().collect();
    for range in ranges.into_iter().rev() {
        let span = module.span(range);
        let before = &module.text()[..range.start().to_usize()];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let is_alone = before[line_start..].trim().is_empty();
        let next_is_comment =
            comments.last().is_some_and(|next| next.span.start.line == span.start.line + 1 && next.line != next.span.start.line);
        let line = match (is_alone, next_is_comment) {
            (true, true) => below,
            (true, false) => span.start.line + 1,
            (false, _) => span.start.line,
        };
        below = line;
        comments.push(Comment { span, text: &module.text()[range], line });
    }
    comments.reverse();
    comments
}

impl Comment<'_> {
    /// Whether the comment stands at the finding or its statement.
    fn is_about(&self, finding: &Finding) -> bool {
        let covers = |span: &Span| (span.start.line..=span.end.line).contains(&self.line);
        covers(&finding.statement_span) || covers(&finding.span)
    }

    fn names(&self, marker: &str, code: &str) -> bool {
        // Other tools take blanks and capitals as they come. Behind the codes of `noqa` stands a reason.
        let is_bracketed = marker.ends_with('[');
        let text = self.text.to_ascii_lowercase();
        let text = if is_bracketed { text.replace([' ', '\t'], "") } else { text.replace(" :", ":") };
        let Some((_, list)) = text.split_once(marker) else { return false };
        let list = if is_bracketed { list.split(']').next().unwrap_or_default() } else { list };
        let is_of_word = |character: char| character.is_alphanumeric() || (is_bracketed && character == '-');
        list.split(|character| !is_of_word(character)).any(|word| word.eq_ignore_ascii_case(code))
    }
}

/// What a comment says to heard: what stands behind `heard:`, where that begins a comment and is
/// followed by what looks like an order and not by prose.
fn words_for_us(comment: &str) -> Option<&str> {
    let words = comment.split('#').find_map(|part| part.trim_start().strip_prefix("heard:"))?.trim_start();
    ["allow", "ignore", "noqa", "disable"].iter().any(|verb| words.starts_with(verb)).then_some(words)
}
