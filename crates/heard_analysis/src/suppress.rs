//! Comments that allow a finding, ours and those of other tools.
//!
//! `# heard: allow[rule] reason` takes a finding away; without a reason, or where it takes nothing
//! away, it is reported itself. The comments of other tools that mean the same defect lower a
//! finding to strict, since they were often written to keep a tool quiet.

use crate::engine::Module;
use crate::finding::{Finding, Level, Span};
use crate::rules;
use crate::rules::unused_allow::{self, Fault};

/// Comments of other tools, with the rule that means the same.
const EQUIVALENTS: [(&str, &str, &str); 4] = [
    ("noqa:", "RUF006", "dropped-task"),
    ("type: ignore[", "unused-coroutine", "unawaited-coroutine"),
    ("pyright: ignore[", "reportUnusedCoroutine", "unawaited-coroutine"),
    ("ty: ignore[", "unused-awaitable", "unawaited-coroutine"),
];

struct Comment<'a> {
    span: Span,
    text: &'a str,
    /// Whether nothing but the comment stands on its line; then it speaks of the next one.
    is_alone: bool,
}

/// The findings that the comments of `module` leave, with those about the comments themselves.
pub(crate) fn apply(module: &Module<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut faults = Vec::new();
    for comment in comments(module) {
        for (marker, code, rule) in EQUIVALENTS {
            if comment.names(marker, code) {
                for finding in findings.iter_mut().filter(|finding| finding.rule == rule && comment.is_about(finding)) {
                    finding.level = finding.level.max(Level::Strict);
                }
            }
        }
        let Some(allow) = allow_in(comment.text) else { continue };
        let mut fault = |fault| faults.push(unused_allow::finding(comment.span.clone(), comment.text, fault));
        let Some((names, reason)) = allow.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
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
    findings.append(&mut faults);
    findings
}

fn comments<'a>(module: &'a Module<'_>) -> impl Iterator<Item = Comment<'a>> {
    module.comments().map(|range| {
        let before = &module.text()[..range.start().to_usize()];
        let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        Comment { span: module.span(range), text: &module.text()[range], is_alone: before[line_start..].trim().is_empty() }
    })
}

impl Comment<'_> {
    /// Whether the comment stands on a line of the finding's statement, or right above it.
    fn is_about(&self, finding: &Finding) -> bool {
        let line = self.span.start.line + usize::from(self.is_alone);
        (finding.span.start.line..=finding.span.end.line).contains(&line)
    }

    fn names(&self, marker: &str, code: &str) -> bool {
        let Some(start) = self.text.find(marker) else { return false };
        let list = &self.text[start + marker.len()..];
        let list = if marker.ends_with('[') { list.split(']').next().unwrap_or_default() } else { list };
        list.split(|character: char| !(character.is_alphanumeric() || character == '-')).any(|word| word == code)
    }
}

/// What stands behind `# heard: allow` in a comment.
fn allow_in(comment: &str) -> Option<&str> {
    let ours = comment.split('#').find_map(|part| part.trim_start().strip_prefix("heard:"))?;
    Some(ours.trim_start().strip_prefix("allow")?.trim_start())
}
