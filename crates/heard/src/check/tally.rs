//! What a check comes to: counts, statistics, the summary and the exit code.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::io;
use std::sync::Arc;

use camino::Utf8Path;
use heard_analysis::Fix;

use super::fix;
use crate::cli::CheckArguments;
use crate::console::{Console, counted};
use crate::exit::Exit;
use crate::output::Results;
use crate::survey::Survey;

/// What has been counted so far.
#[derive(Default)]
pub(super) struct Tally {
    undecided: usize,
    /// How many findings a fix mends that changes nothing else, and how many one that does.
    mendable: (usize, usize),
    by_rule: BTreeMap<&'static str, usize>,
    files_with_findings: HashSet<Arc<Utf8Path>>,
}

impl Tally {
    /// Counts what is printed of one project.
    pub(super) fn add(&mut self, results: &Results) {
        for finding in &results.findings {
            *self.by_rule.entry(finding.rule).or_default() += 1;
            self.files_with_findings.insert(finding.span.path.clone());
            match fix::of(finding) {
                Some((_, Fix { safe: true, .. })) => self.mendable.0 += 1,
                Some(_) => self.mendable.1 += 1,
                None => {}
            }
        }
        self.undecided += results.undecided.len();
    }

    /// What the exit code says.
    pub(super) fn exit(&self, survey: &Survey) -> Exit {
        if !survey.is_whole() {
            Exit::Failure
        } else if self.by_rule.is_empty() {
            Exit::Clean
        } else {
            Exit::Findings
        }
    }

    /// Prints statistics, if they are wanted, and the summary, if there is anything to sum up.
    pub(super) fn conclude(&self, survey: &Survey, console: Console, arguments: &CheckArguments, known: usize) -> io::Result<()> {
        if arguments.statistics {
            let mut rows: Vec<_> = self.by_rule.iter().collect();
            rows.sort_by_key(|(rule, count)| (Reverse(**count), **rule));
            for (rule, count) in rows {
                console.answer(format!("{count:6}  {rule}"))?;
            }
        }
        let Some((files, missed)) = survey.coverage() else { return Ok(()) };
        let findings: usize = self.by_rule.values().sum();
        let mut summary = match findings {
            0 => format!("no findings in {files}"),
            _ => format!("{} in {} ({files} checked)", counted(findings, "finding"), counted(self.files_with_findings.len(), "file")),
        };
        summary.push_str(&missed);
        if known > 0 {
            let _ = write!(summary, "; {known} more in the baseline");
        }
        if arguments.report_unknown {
            let _ = write!(summary, "; {} undecided", counted(self.undecided, "awaitable"));
        }
        // What is left after --fix it does not mend, and it has said so; nor does it mend standard input.
        if !arguments.fix && arguments.stdin_filename.is_none() {
            summary.push_str(&self.mends());
        }
        console.summary(summary)
    }

    /// How many findings `--fix` can mend.
    fn mends(&self) -> String {
        match self.mendable {
            (0, 0) => String::new(),
            (0, more) => format!("; --fix --unsafe-fixes can mend {more}"),
            (safe, 0) => format!("; --fix can mend {safe}"),
            (safe, more) => format!("; --fix can mend {safe}, and {more} more with --unsafe-fixes"),
        }
    }
}
