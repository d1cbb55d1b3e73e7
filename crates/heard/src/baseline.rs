//! Findings that are known already, so that a project with many of them hears of new ones only.
//!
//! The file has one finding a line, sorted, and no line numbers, so that its diff shows what has come and gone.

mod marks;
mod matching;
mod names;

use std::collections::HashMap;
use std::io::{self, Write};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Finding, Level};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

pub(crate) use self::marks::{Mark, Marks};
use self::names::defines;
use crate::output::{keep, shown};
use crate::system::Disk;

/// The file that is written where none is named.
pub(crate) const FILE: &str = "heard-baseline.json";

/// The version of the format. It is raised when a key changes its meaning or goes.
const VERSION: u32 = 1;

/// What a finding is known by. Paths are as seen from the folder of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) rule: String,
    /// The qualified name of the function or class around it; empty at module level.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) symbol: String,
    pub(crate) statement: String,
    /// Its number among those that agree in all of the above.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) ordinal: usize,
    /// The level that it had, which says who wants to hear that it is gone.
    pub(crate) level: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaselineError {
    #[error("there is no such file: --write-baseline makes it")]
    Missing,
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("is no baseline of heard: {0}")]
    Format(serde_json::Error),
    #[error("has version {0} of the format, and this heard reads version {VERSION}: use the heard that wrote it, or remove the file")]
    Version(u32),
    #[error("cannot be written: {0}")]
    Write(io::Error),
}

/// What a file of known findings lacks, since it was written at another level.
pub(crate) struct Beyond {
    /// The least trusted level that it was written at.
    pub(crate) level: Level,
    /// How many findings are less trusted than that.
    pub(crate) count: usize,
    /// The least trusted level among them.
    pub(crate) least: Level,
}

/// One file of known findings, and what has been met of it.
pub(crate) struct Baseline {
    path: Utf8PathBuf,
    folder: Utf8PathBuf,
    /// The least trusted level that it was written at, if the file says so.
    level: Option<Level>,
    /// The levels of the new findings that are less trusted than that.
    beyond: Vec<Level>,
    entries: Vec<Entry>,
    /// Which of the entries a finding was found for.
    met: Vec<bool>,
    /// The entries of all findings that were looked at, known or new.
    current: Vec<Entry>,
    /// The text of the file, if there is one.
    text: Option<String>,
}

impl Baseline {
    /// Reads the file. Where there is none, it is an error, unless it is about to be made.
    pub(crate) fn read(path: &Utf8Path, may_be_missing: bool) -> Result<Self, BaselineError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_missing => None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BaselineError::Missing),
            Err(error) => return Err(BaselineError::Read(error)),
        };
        let (level, entries) = text.as_deref().map_or(Ok((None, Vec::new())), parse)?;
        let (path, folder) = (path.to_owned(), path.parent().unwrap_or(path).to_owned());
        Ok(Baseline { path, folder, level, beyond: Vec::new(), met: vec![false; entries.len()], entries, current: Vec::new(), text })
    }

    /// Which of the findings of one project are known. Each entry stands for one finding.
    pub(crate) fn known(&mut self, findings: &[Finding], disk: &Disk) -> Vec<bool> {
        let current: Vec<Entry> = findings.iter().map(|finding| self.entry(finding)).collect();
        let mut texts: HashMap<String, Option<String>> = HashMap::new();
        let folder = &self.folder;
        let matched = matching::pairs(&self.entries, &self.met, &current, &mut |entry| {
            let text = texts.entry(entry.path.clone()).or_insert_with(|| disk.read(&folder.join(&entry.path)).ok());
            text.as_deref().is_none_or(|text| !defines(text, &entry.symbol))
        });
        for entry in matched.iter().flatten() {
            self.met[*entry] = true;
        }
        self.current.extend(current);
        matched.iter().map(Option::is_some).collect()
    }

    /// Takes note of new findings, which it may lack for no other reason than their level.
    pub(crate) fn tell(&mut self, new: &[Finding]) {
        if let Some(level) = self.level {
            self.beyond.extend(new.iter().map(|finding| finding.level).filter(|own| *own > level));
        }
    }

    /// What it lacks, since it was written at another level.
    pub(crate) fn beyond(&self) -> Option<Beyond> {
        let least = *self.beyond.iter().max()?;
        Some(Beyond { level: self.level?, count: self.beyond.len(), least })
    }

    /// It is about to be written with the findings of this level.
    pub(crate) fn reach(&mut self, level: Level) {
        self.level = self.level.max(Some(level));
    }

    /// The entries that nothing was found for, of those that `is_judged` says this run would have found.
    pub(crate) fn stale<'a>(&'a self, is_judged: &dyn Fn(&Entry, &Utf8Path) -> bool) -> Vec<&'a Entry> {
        let unmet = self.entries.iter().zip(&self.met).filter(|(_, met)| !**met).map(|(entry, _)| entry);
        unmet.filter(|entry| is_judged(entry, &self.folder.join(&entry.path))).collect()
    }

    /// Writes the findings that were looked at, and the entries that this run says nothing of. Gives how many there are,
    /// and the file.
    pub(crate) fn write(&self, is_judged: &dyn Fn(&Entry, &Utf8Path) -> bool) -> Result<(usize, &Utf8Path), BaselineError> {
        let stale = self.stale(is_judged);
        let unmet = self.entries.iter().zip(&self.met).filter(|(_, met)| !**met).map(|(entry, _)| entry);
        let left = unmet.filter(|entry| !stale.contains(entry)).cloned();
        let mut entries: Vec<Entry> = self.current.iter().cloned().chain(left).collect();
        entries.sort();
        let text = written(self.level, &entries).map_err(BaselineError::Write)?;
        if self.text.as_deref() != Some(&text) {
            self.replace(&text).map_err(BaselineError::Write)?;
        }
        Ok((entries.len(), &self.path))
    }

    /// The text of the file with one more finding, and the text that it has.
    pub(crate) fn with(&self, finding: &Finding) -> io::Result<(String, &str)> {
        let mut entries = self.entries.clone();
        entries.push(self.entry(finding));
        entries.sort();
        Ok((written(self.level, &entries)?, self.text.as_deref().unwrap_or_default()))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        keep(file, &self.path)
    }

    fn entry(&self, finding: &Finding) -> Entry {
        Entry {
            path: shown(&finding.span.path, &self.folder).into_owned(),
            rule: finding.rule.to_owned(),
            symbol: finding.symbol.clone(),
            statement: finding.statement.clone(),
            ordinal: finding.ordinal,
            level: finding.level.name().to_owned(),
        }
    }
}

impl Entry {
    /// The level that it had; what is not known is the most trusted one.
    pub(crate) fn level(&self) -> Level {
        self.level.parse().unwrap_or(Level::Default)
    }
}

/// The level that the text says, and its entries.
fn parse(text: &str) -> Result<(Option<Level>, Vec<Entry>), BaselineError> {
    // The version comes first, since nothing is known of the rest of a newer file.
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    #[derive(Deserialize)]
    struct Body {
        level: Option<String>,
        findings: Vec<Entry>,
    }
    let Head { version } = serde_json::from_str(text).map_err(BaselineError::Format)?;
    if version != VERSION {
        return Err(BaselineError::Version(version));
    }
    let Body { level, findings } = serde_json::from_str(text).map_err(BaselineError::Format)?;
    Ok((level.and_then(|level| level.parse().ok()), findings))
}

fn written(level: Option<Level>, entries: &[Entry]) -> io::Result<String> {
    let level = level.map_or(String::new(), |level| format!("\"level\":\"{}\",", level.name()));
    let lines: Result<Vec<String>, serde_json::Error> = entries.iter().map(serde_json::to_string).collect();
    let lines = lines?.join(",\n");
    Ok(format!("{{\"version\":{VERSION},{level}\"findings\":[\n{lines}\n]}}\n"))
}
