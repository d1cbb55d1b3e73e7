//! A record as bytes that outlive the process.

use std::io::{self, Write};

use super::{Answers, Kind, Record};
use crate::check::Report;
use crate::finding::{Finding, Notice};
use crate::system::Stamp;
use crate::{rules, sealed};

/// Fewer files are checked as quickly as they are looked up.
const LEAST: usize = 100;

/// The bytes are written anew when more than this share of the texts had to be read.
const MOST_READ: usize = 32;

/// What stands in the bytes: what was asked for, of how many files, what was seen, and then the report. A finding has the name of its rule
/// beside it.
type Contents<'a> = (Stamp, usize, Answers, Vec<(&'a str, Finding)>, Vec<Notice>, Vec<String>);

impl Record {
    /// The record that [`Record::write`] wrote for the same `program`; none where the bytes are another's, or damaged.
    #[must_use]
    pub fn from_bytes(program: Stamp, bytes: &[u8]) -> Option<Self> {
        let (of, reported, answers, found, notices, missing): Contents<'_> = postcard::from_bytes(sealed::open(program, bytes)?).ok()?;
        let named = |(rule, finding)| Some(Finding { rule: rules::find(rule)?.name, ..finding });
        let findings = found.into_iter().map(named).collect::<Option<Vec<_>>>()?;
        Some(Record { of, reported, answers, report: Report { findings, notices, missing, ..Report::default() }, reads: 0 })
    }

    /// Whether to write it saves another process much.
    #[must_use]
    pub fn is_worth_writing(&self) -> bool {
        let texts = self.answers[Kind::Text as usize].len();
        self.reported >= LEAST && self.reads * MOST_READ > texts
    }

    /// Writes the record for the same `program` in another process.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, program: Stamp, out: &mut dyn Write) -> io::Result<()> {
        let Report { findings, notices, missing, .. } = &self.report;
        let found: Vec<(&str, &Finding)> = findings.iter().map(|finding| (finding.rule, finding)).collect();
        let contents =
            postcard::to_allocvec(&(self.of, self.reported, &self.answers, found, notices, missing)).map_err(io::Error::other)?;
        out.write_all(&sealed::seal(program, [&*contents]))?;
        out.write_all(&contents)
    }
}
