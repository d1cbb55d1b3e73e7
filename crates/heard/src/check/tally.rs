//! What a run comes to: counts, statistics, the summary and the exit code.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::io;
use std::sync::Arc;

use camino::Utf8Path;
use heard_analysis::Report;

use super::target::Files;
use crate::console::Console;
use crate::exit::Exit;

/// What has been counted so far.
#[derive(Default)]
pub(super) struct Tally {
    /// Files that were to be checked.
    files: usize,
    /// Those of them that could not be checked at all.
    skipped: HashSet<Arc<Utf8Path>>,
    undecided: usize,
    by_rule: BTreeMap<&'static str, usize>,
    files_with_findings: HashSet<Arc<Utf8Path>>,
    /// Whether something that was asked for could not be checked.
    pub(super) failed: bool,
}

impl Tally {
    /// Counts what one project's report says.
    pub(super) fn add(&mut self, report: &Report, files: &Files) {
        let skipped = report.notices.iter().filter(|notice| notice.skipped && files.reported.contains(&*notice.path));
        self.skipped.extend(skipped.map(|notice| notice.path.clone()));
        for finding in &report.findings {
            *self.by_rule.entry(finding.rule).or_default() += 1;
            self.files_with_findings.insert(finding.span.path.clone());
        }
        self.undecided += report.undecided.len();
        self.files += files.reported.len();
    }

    /// What the exit code says.
    pub(super) fn exit(&self) -> Exit {
        if self.failed || !self.skipped.is_empty() {
            Exit::Failure
        } else if self.by_rule.is_empty() {
            Exit::Clean
        } else {
            Exit::Findings
        }
    }

    /// Prints statistics, if they are wanted, and the summary, if there is anything to sum up.
    pub(super) fn conclude(&self, console: Console, statistics: bool, undecided: bool) -> io::Result<()> {
        if statistics {
            let mut rows: Vec<_> = self.by_rule.iter().collect();
            rows.sort_by_key(|(rule, count)| (Reverse(**count), **rule));
            for (rule, count) in rows {
                console.answer(format!("{count:6}  {rule}"))?;
            }
        }
        if self.files == 0 && self.failed {
            return Ok(());
        }
        let findings: usize = self.by_rule.values().sum();
        let files = counted(self.files - self.skipped.len(), "file");
        let mut summary = match findings {
            0 => format!("no findings in {files}"),
            _ => format!("{} in {} ({files} checked)", counted(findings, "finding"), counted(self.files_with_findings.len(), "file")),
        };
        if !self.skipped.is_empty() {
            let _ = write!(summary, "; {} could not be checked", counted(self.skipped.len(), "file"));
        }
        if undecided {
            let _ = write!(summary, "; {} undecided", counted(self.undecided, "awaitable"));
        }
        console.summary(summary)
    }
}

/// A number and what it counts.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
