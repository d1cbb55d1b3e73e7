//! Workflow commands of GitHub Actions, which mark the lines of a change.

use std::fmt::Write as _;
use std::io::{self, Write};

use heard_analysis::{Finding, Level, Notice};

use super::{Format, Place, Places, Results, page_of, print};
use crate::console::brief;

/// `::error file=…,line=…,title=…::message`, one line a finding.
pub(super) struct Github;

impl Format for Github {
    fn project(&mut self, out: &mut dyn Write, results: &Results) -> io::Result<()> {
        results.findings.iter().try_for_each(|finding| print(out, &command(finding, results.places)))?;
        results.notices.iter().try_for_each(|notice| print(out, &of_notice(notice, results.places)))
    }
}

fn command(finding: &Finding, places: &Places) -> String {
    let word = match finding.level {
        Level::Default => "error",
        Level::Strict => "warning",
        Level::Preview => "notice",
    };
    let Place { path, cell, line, column, end_line, end_column } = places.of(&finding.span);
    let mut command = format!("::{word} file={},line={line},endLine={end_line}", property(&path));
    // Columns are of one line only.
    if line == end_line {
        let _ = write!(command, ",col={column},endColumn={end_column}");
    }
    let cell = cell.map(|cell| format!("cell {cell}: ")).unwrap_or_default();
    let page = page_of(finding.rule).map(|page| format!("\n{page}")).unwrap_or_default();
    let message = format!("{cell}{}; {}{page}", brief(&finding.message), brief(&finding.help));
    let _ = writeln!(command, ",title=heard({})::{}", finding.rule, data(&message));
    command
}

fn of_notice(notice: &Notice, places: &Places) -> String {
    let line = notice.position.map_or(1, |position| position.line);
    let word = if notice.skipped { "error" } else { "warning" };
    format!("::{word} file={},line={line},title=heard::{}\n", property(&places.path(&notice.path)), data(&brief(&notice.message)))
}

/// What stands behind the two colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind the sign of equality.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
