//! One line a finding, for editors, `grep` and people in a hurry.

use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE, DEFAULT_NOTE_STYLE, DEFAULT_WARNING_STYLE};
use clap::builder::styling::Style;
use heard_analysis::{Awaitable, Finding, Level};

use super::{Format, Look, Places, Results, page_of, print};
use crate::baseline::Mark;
use crate::console::brief;

/// `path:line:column: level[rule] message`.
pub(super) struct Concise {
    pub(super) look: Look,
}

impl Format for Concise {
    fn project(&mut self, out: &mut dyn Write, results: &Results) -> io::Result<()> {
        results.findings.iter().try_for_each(|finding| print(out, &line(finding, results, self.look)))?;
        results.undecided.iter().try_for_each(|undecided| print(out, &undecided_line(undecided, results.places, self.look)))
    }
}

fn line(finding: &Finding, results: &Results, look: Look) -> String {
    let style = match finding.level {
        _ if !look.styled => Style::new(),
        Level::Default => DEFAULT_ERROR_STYLE,
        Level::Strict => DEFAULT_WARNING_STYLE,
        Level::Preview => DEFAULT_NOTE_STYLE,
    };
    let place = results.places.of(&finding.span).before_message();
    let known = if results.marks.of(finding) == Some(Mark::Known) { " (in the baseline)" } else { "" };
    let rule = match page_of(finding.rule).filter(|_| look.linked) {
        Some(page) => format!("\x1b]8;;{page}\x1b\\{}\x1b]8;;\x1b\\", finding.rule),
        None => finding.rule.to_owned(),
    };
    format!("{place}: {style}{}[{rule}]{style:#} {}{known}\n", super::severity(finding.level), brief(&finding.message))
}

/// `path:line:column: undecided[kind] expression: reason`.
pub(super) fn undecided_line(undecided: &Awaitable, places: &Places, look: Look) -> String {
    let style = if look.styled { Style::new().bold() } else { Style::new() };
    let place = places.of(&undecided.span).before_message();
    let text = format!("`{}`: {}", undecided.callee, undecided.how);
    format!("{place}: {style}undecided[{}]{style:#} {}\n", undecided.kind, brief(&text))
}
