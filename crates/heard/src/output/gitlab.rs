//! The code quality report of GitLab.

use std::io::{self, Write};

use heard_analysis::{Finding, Level};
use serde::Serialize;

use super::document::Items;
use super::{Format, Place, Results, fingerprint, print};
use crate::console::brief;

/// One list of issues.
#[derive(Default)]
pub(super) struct Gitlab {
    issues: Items,
}

#[derive(Serialize)]
struct Issue {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'static str,
    description: String,
    categories: [&'static str; 1],
    severity: &'static str,
    fingerprint: String,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

impl Format for Gitlab {
    fn project(&mut self, _out: &mut dyn Write, results: &Results) -> io::Result<()> {
        results.findings.iter().try_for_each(|finding| self.issues.add(&issue(finding, results)))
    }

    fn finish(&mut self, out: &mut dyn Write, _whole: bool) -> io::Result<()> {
        print(out, &format!("{}\n", self.issues))
    }
}

fn issue(finding: &Finding, results: &Results) -> Issue {
    let Place { path, cell, line, end_line, .. } = results.places.of(&finding.span);
    let cell = cell.map(|cell| format!("cell {cell}: ")).unwrap_or_default();
    Issue {
        kind: "issue",
        check_name: finding.rule,
        description: format!("{cell}{}", brief(&finding.message)),
        categories: ["Bug Risk"],
        severity: match finding.level {
            Level::Default => "major",
            Level::Strict => "minor",
            Level::Preview => "info",
        },
        fingerprint: fingerprint(finding, results.root),
        location: Location { path, lines: Lines { begin: line, end: end_line } },
    }
}
