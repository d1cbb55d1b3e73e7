//! One line a finding, for editors, `grep` and people in a hurry.

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE, DEFAULT_NOTE_STYLE, DEFAULT_WARNING_STYLE};
use camino::Utf8Path;
use clap::builder::styling::Style;
use heard_analysis::{Awaitable, Finding, Level, Span};

use crate::console::{brief, one_line};

/// `path:line:column: level[rule] message`.
pub(super) fn finding(finding: &Finding, cwd: &Utf8Path, styled: bool) -> String {
    let style = match finding.level {
        _ if !styled => Style::new(),
        Level::Default => DEFAULT_ERROR_STYLE,
        Level::Strict => DEFAULT_WARNING_STYLE,
        Level::Preview => DEFAULT_NOTE_STYLE,
    };
    let place = place(&finding.span, cwd);
    format!("{place}: {style}{}[{}]{style:#} {}\n", super::severity(finding.level), finding.rule, brief(&finding.message))
}

/// `path:line:column: undecided[kind] expression: reason`.
pub(super) fn undecided(undecided: &Awaitable, cwd: &Utf8Path, styled: bool) -> String {
    let style = if styled { Style::new().bold() } else { Style::new() };
    let place = place(&undecided.span, cwd);
    let text = format!("`{}`: {}", undecided.callee, undecided.how);
    format!("{place}: {style}undecided[{}]{style:#} {}\n", undecided.kind, brief(&text))
}

fn place(span: &Span, cwd: &Utf8Path) -> String {
    format!("{}:{}:{}", one_line(&super::shown(&span.path, cwd)), span.start.line, span.start.column)
}
