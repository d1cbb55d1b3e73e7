//! From all findings of a project to those that are printed: rules and levels, what is known already, what has changed.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Finding, rules};

use super::evidence::Evidence;
use crate::baseline::{self, Baseline, BaselineError, Beyond, Entry, Mark, Marks};
use crate::changes::Changes;
use crate::config::{Configs, Policy};
use crate::console::counted;
use crate::output::shown;
use crate::system::Disk;

/// Where the findings are that are known already.
pub(crate) enum Known {
    /// In the file that the settings name, if they do.
    Set,
    /// In this file, whatever the settings say.
    In(Utf8PathBuf),
    /// In the file that the settings name, if they do and it can be read; those in it are reported too, and marked.
    Marked,
}

/// What decides, and what it has decided so far.
pub(crate) struct Wanted<'a> {
    pub(super) policy: &'a Policy,
    baseline: Known,
    /// Whether the files are about to be written, so that they may be missing.
    pub(super) writes: bool,
    /// What production has shown of them.
    pub(super) evidence: Evidence,
    cwd: Utf8PathBuf,
    /// By their files.
    baselines: BTreeMap<Utf8PathBuf, Baseline>,
    /// Files of known findings that cannot be read, and need not be.
    unreadable: BTreeSet<Utf8PathBuf>,
    /// All files that were reported on.
    files: HashSet<Utf8PathBuf>,
    /// How many findings are known already, and not reported.
    pub(super) known: usize,
    /// What is known of those that are reported.
    pub(super) marks: Marks,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(policy: &'a Policy, cwd: &Utf8Path, baseline: Known) -> Self {
        let (baselines, files) = (BTreeMap::new(), HashSet::new());
        Wanted {
            policy,
            baseline,
            writes: false,
            evidence: Evidence::default(),
            cwd: cwd.to_owned(),
            baselines,
            unreadable: BTreeSet::new(),
            files,
            known: 0,
            marks: Marks::default(),
        }
    }

    /// The findings of one project that are wanted. The error says what is wrong with a file of known findings.
    pub(crate) fn of(
        &mut self,
        findings: Vec<Finding>,
        root: &Utf8Path,
        files: &[Utf8PathBuf],
        configs: &Configs,
        changes: Option<&Changes>,
        disk: &Disk,
    ) -> Result<Vec<Finding>, String> {
        self.files.extend(files.iter().cloned());
        let mut by_baseline: BTreeMap<Option<Utf8PathBuf>, Vec<Finding>> = BTreeMap::new();
        for file in files {
            self.open(root, file, configs)?;
        }
        for finding in findings {
            let config = configs.of_file(&finding.span.path);
            let Some(finding) = self.policy.admit(finding, &config, root) else { continue };
            by_baseline.entry(self.file_for(root, &finding.span.path, configs)).or_default().push(finding);
        }
        let shows_known = self.shows_known();
        let mut wanted = Vec::new();
        for (file, findings) in by_baseline {
            let mut baseline = file.and_then(|file| self.baselines.get_mut(&file));
            let known = match &mut baseline {
                Some(baseline) => baseline.known(&findings, disk),
                None => vec![false; findings.len()],
            };
            let mut new = Vec::new();
            for (finding, is_known) in findings.into_iter().zip(known) {
                if is_known && !shows_known {
                    self.known += 1;
                } else if changes.is_none_or(|changes| changes.touch(&finding)) {
                    if baseline.is_some() {
                        self.marks.add(&finding, if is_known { Mark::Known } else { Mark::New });
                    }
                    new.push(finding);
                }
            }
            // Who names rules sees them at every level.
            if let Some(baseline) = baseline.filter(|_| self.policy.select.is_empty()) {
                baseline.tell(&new);
            }
            wanted.extend(new);
        }
        wanted.sort_by(|left, right| (&left.span, left.rule).cmp(&(&right.span, right.rule)));
        Ok(self.evidence.first(wanted))
    }

    /// Whether what is known is reported as well.
    fn shows_known(&self) -> bool {
        matches!(self.baseline, Known::Marked)
    }

    /// The file of known findings for those in `file`.
    fn file_for(&self, root: &Utf8Path, file: &Utf8Path, configs: &Configs) -> Option<Utf8PathBuf> {
        match &self.baseline {
            Known::In(path) => Some(path.clone()),
            Known::Set | Known::Marked => {
                let set = configs.of_file(file).baseline().map(|(path, _)| path);
                set.or_else(|| self.writes.then(|| root.join(baseline::FILE)))
            }
        }
    }

    /// Reads the file of known findings for those in `file`, unless that was done before.
    fn open(&mut self, root: &Utf8Path, file: &Utf8Path, configs: &Configs) -> Result<(), String> {
        let Some(path) = self.file_for(root, file, configs).filter(|path| !self.unreadable.contains(path)) else { return Ok(()) };
        let config = configs.of_file(file);
        let baseline = match self.baselines.entry(path) {
            Slot::Occupied(slot) => slot.into_mut(),
            // Who asks for all findings gets them, whatever has become of the file.
            Slot::Vacant(slot) if matches!(self.baseline, Known::Marked) => {
                let Ok(baseline) = Baseline::read(slot.key(), false) else {
                    self.unreadable.insert(slot.into_key());
                    return Ok(());
                };
                slot.insert(baseline)
            }
            Slot::Vacant(slot) => {
                let baseline = Baseline::read(slot.key(), self.writes).map_err(|error| {
                    let (is_missing, path) = (matches!(error, BaselineError::Missing), shown(slot.key(), &self.cwd));
                    match config.baseline().filter(|_| is_missing && matches!(self.baseline, Known::Set)) {
                        Some((_, setting)) => setting.error(format!("{path}: {error}")).told(&self.cwd),
                        None => format!("{path}: {error}"),
                    }
                })?;
                slot.insert(baseline)
            }
        };
        if self.writes
            && let Some(level) = self.policy.limit(&config, file, root, false)
        {
            baseline.reach(level);
        }
        Ok(())
    }

    /// What there is to say of entries that nothing was found for, one line a file.
    pub(super) fn stale(&self, configs: &Configs) -> Vec<String> {
        const SHOWN: usize = 3;
        let mut lines = Vec::new();
        if self.shows_known() {
            return lines;
        }
        for (path, baseline) in &self.baselines {
            let stale = baseline.stale(&|entry, file| self.is_judged(entry, file, configs));
            if stale.is_empty() {
                continue;
            }
            let named: Vec<String> = stale.iter().take(SHOWN).map(|entry| told(entry)).collect();
            let more = if stale.len() > SHOWN { ", …" } else { "" };
            let entries = if stale.len() == 1 { "1 entry matches" } else { &format!("{} entries match", stale.len()) };
            lines.push(format!(
                "note: {}: {entries} nothing any more ({}{more}); --write-baseline takes them out",
                shown(path, &self.cwd),
                named.join(", ")
            ));
        }
        lines
    }

    /// What there is to say of findings that a file of known findings lacks since it was written at another level, one
    /// line a file.
    pub(super) fn untold(&self) -> Vec<String> {
        let told = if self.shows_known() { None } else { Some(&self.baselines) };
        let said = told.into_iter().flatten().filter_map(|(path, baseline)| {
            let Beyond { level, count, least } = baseline.beyond()?;
            let (path, is) = (shown(path, &self.cwd), if count == 1 { "is" } else { "are" });
            let (level, least) = (level.name(), least.name());
            Some(format!(
                "note: {path} was written at level {level}, and {count} of these findings {is} less trusted; \
                 --write-baseline --level {least} takes in all of that level"
            ))
        });
        said.collect()
    }

    /// Writes the files of known findings. Gives what was done, one line a file.
    pub(super) fn write(&self, configs: &Configs) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        for (path, baseline) in &self.baselines {
            let is_judged = |entry: &Entry, file: &Utf8Path| self.is_judged(entry, file, configs);
            let (count, path) = baseline.write(&is_judged).map_err(|error| format!("{}: {error}", shown(path, &self.cwd)))?;
            let (findings, file) = (counted(count, "finding"), shown(path, &self.cwd));
            let is_named =
                matches!(self.baseline, Known::In(_)) || self.files.iter().any(|file| configs.of_file(file).baseline().is_some());
            let how = if is_named {
                String::new()
            } else {
                format!("; `baseline = \"{}\"` in [tool.heard] or --baseline reads it", baseline::FILE)
            };
            lines.push(format!("wrote {findings} to {file}{how}"));
        }
        Ok(lines)
    }

    /// Whether this run would have found what an entry stands for.
    fn is_judged(&self, entry: &Entry, file: &Utf8Path, configs: &Configs) -> bool {
        let is_looked_at = self.files.contains(file) || !file.exists();
        let Some(rule) = rules::find(&entry.rule) else { return is_looked_at };
        let root = file.parent().unwrap_or(file);
        is_looked_at && self.policy.wants(rule, entry.level(), file, &configs.of_file(file), root).is_some()
    }
}

/// An entry in a few words.
fn told(entry: &Entry) -> String {
    match entry.symbol.as_str() {
        "" => format!("{}: {}", entry.path, entry.rule),
        symbol => format!("{}: {} in {symbol}", entry.path, entry.rule),
    }
}
