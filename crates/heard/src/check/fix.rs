//! `--fix`: the edits that come with findings are made, until there is nothing left to mend.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::sync::Arc;

use camino::Utf8Path;
use heard_analysis::{Finding, Fix};
use similar::TextDiff;

use super::{CheckError, Seen, rehearse};
use crate::cli::CheckArguments;
use crate::config::Policy;
use crate::console::{Console, counted};
use crate::output::shown;
use crate::rewrite::{self, Original};
use crate::survey::Survey;

/// A fix may bring what another one mends. It never takes so many rounds, but a loop must end.
const MOST_ROUNDS: usize = 100;

/// What became of the fixes.
pub(super) struct Mended {
    /// The files with their new bytes.
    files: BTreeMap<Arc<Utf8Path>, Vec<u8>>,
    /// How many findings were mended.
    fixed: usize,
    /// How many more could be, with fixes that are not safe.
    unsafe_left: usize,
    /// Files that are left as they are, and why.
    refused: BTreeMap<Arc<Utf8Path>, String>,
    /// Files with a fix that did not mend: their fixes are tried one at a time.
    careful: BTreeSet<Arc<Utf8Path>>,
    /// The findings whose fix does not mend them.
    stubborn: BTreeSet<Name>,
}

/// What tells a finding from others, whatever is mended before it in the file.
type Name = (Arc<Utf8Path>, &'static str, String, String, usize);

/// What is tried in one file: its bytes before, and the findings that are to be mended.
struct Trial {
    before: Vec<u8>,
    findings: Vec<Name>,
}

/// The fix of a finding, and the file that it changes. One that would change several files is for editors alone.
pub(super) fn of(finding: &Finding) -> Option<(&Arc<Utf8Path>, &Fix)> {
    let fix = finding.fix.as_ref()?;
    let mut paths = fix.edits.iter().map(|edit| &edit.span.path);
    let path = paths.next()?;
    paths.all(|other| other == path).then_some((path, fix))
}

/// Makes all fixes that are asked for, on files that only this run sees.
pub(super) fn mend(survey: &mut Survey, policy: &Policy, arguments: &CheckArguments) -> io::Result<Result<Mended, CheckError>> {
    let mut mended = Mended {
        files: BTreeMap::new(),
        fixed: 0,
        unsafe_left: 0,
        refused: BTreeMap::new(),
        careful: BTreeSet::new(),
        stubborn: BTreeSet::new(),
    };
    let mut seen = match rehearse(survey, policy, arguments)? {
        Ok(seen) => seen,
        Err(error) => return Ok(Err(error)),
    };
    for _ in 0..MOST_ROUNDS {
        let trials = mended.try_out(survey, &seen, arguments.unsafe_fixes);
        if trials.is_empty() {
            break;
        }
        let after = match rehearse(survey, policy, arguments)? {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        // What a fix does may show in other files.
        let harms_others = is_worse(&seen, &after, |path| !trials.contains_key(path));
        let mut is_whole = true;
        for (path, trial) in trials {
            let is_here = |other: &Arc<Utf8Path>| *other == path;
            let count = |seen: &Seen| seen.findings.iter().filter(|finding| is_here(&finding.span.path)).count();
            if harms_others || is_worse(&seen, &after, is_here) || count(&after) >= count(&seen) {
                survey.try_out(&path, trial.before);
                if let [finding] = &*trial.findings {
                    mended.stubborn.insert(finding.clone());
                }
                mended.careful.insert(path);
                is_whole = false;
                continue;
            }
            mended.fixed += trial.findings.len();
            if let Ok(bytes) = survey.disk().bytes(&path) {
                mended.files.insert(path, bytes);
            }
        }
        seen = if is_whole {
            after
        } else {
            match rehearse(survey, policy, arguments)? {
                Ok(seen) => seen,
                Err(error) => return Ok(Err(error)),
            }
        };
    }
    let is_left = |finding: &&Finding| of(finding).is_some_and(|(_, fix)| !fix.safe) && !arguments.unsafe_fixes;
    mended.unsafe_left = seen.findings.iter().filter(is_left).count();
    Ok(Ok(mended))
}

/// Whether, of some files, there is a finding or a notice more of its kind than before.
fn is_worse(before: &Seen, after: &Seen, is_concerned: impl Fn(&Arc<Utf8Path>) -> bool) -> bool {
    let count = |seen: &Seen| {
        let mut counts: BTreeMap<(Arc<Utf8Path>, &str), usize> = BTreeMap::new();
        let findings = seen.findings.iter().map(|finding| (&finding.span.path, finding.rule));
        let notices = seen.notices.iter().map(|notice| (&notice.path, "notice"));
        for (path, kind) in findings.chain(notices).filter(|(path, _)| is_concerned(path)) {
            *counts.entry((path.clone(), kind)).or_default() += 1;
        }
        counts
    };
    let before = count(before);
    count(after).iter().any(|(kind, number)| before.get(kind).is_none_or(|known| known < number))
}

fn name(finding: &Finding) -> Name {
    (finding.span.path.clone(), finding.rule, finding.symbol.clone(), finding.statement.clone(), finding.ordinal)
}

impl Mended {
    /// Makes the fixes of one round, on files that only this run sees.
    fn try_out(&mut self, survey: &mut Survey, seen: &Seen, with_unsafe: bool) -> BTreeMap<Arc<Utf8Path>, Trial> {
        let mut by_file: BTreeMap<Arc<Utf8Path>, Vec<(&Finding, &Fix)>> = BTreeMap::new();
        for finding in &seen.findings {
            let Some((path, fix)) = of(finding).filter(|(_, fix)| fix.safe || with_unsafe) else { continue };
            if !self.refused.contains_key(path) && !self.stubborn.contains(&name(finding)) {
                by_file.entry(path.clone()).or_default().push((finding, fix));
            }
        }
        let mut trials = BTreeMap::new();
        for (path, mut fixes) in by_file {
            if self.careful.contains(&path) {
                fixes.truncate(1);
            }
            let (chosen, edits) = Fix::together(fixes.iter().map(|(_, fix)| *fix));
            let made = Original::read(&path, survey.disk()).and_then(|original| Ok((original.bytes(&edits)?, survey.disk().bytes(&path))));
            match made {
                Ok((bytes, Ok(before))) => {
                    let is_made = |fix: &Fix| chosen.iter().any(|one| std::ptr::eq(*one, fix));
                    let findings = fixes.iter().filter(|(_, fix)| is_made(fix)).map(|(finding, _)| name(finding)).collect();
                    survey.try_out(&path, bytes);
                    trials.insert(path, Trial { before, findings });
                }
                Ok((_, Err(error))) => drop(self.refused.insert(path, error.to_string())),
                Err(error) => drop(self.refused.insert(path, error.to_string())),
            }
        }
        trials
    }
}

impl Mended {
    /// Writes the files, and tells what was done.
    pub(super) fn write(&self, cwd: &Utf8Path, console: Console) -> io::Result<()> {
        let mut written = 0;
        for (path, bytes) in &self.files {
            match rewrite::write(path, bytes) {
                Ok(()) => written += 1,
                Err(error) => console.error(format!("{}: {error}", shown(path, cwd)))?,
            }
        }
        self.tell_refused(cwd, console)?;
        console.summary(self.told("fixed", written))
    }

    /// Prints what would be written, as a unified diff. Gives whether that is anything.
    pub(super) fn print(&self, cwd: &Utf8Path, console: Console) -> io::Result<bool> {
        let mut out = anstream::stdout().lock();
        for (path, bytes) in &self.files {
            let before = std::fs::read(&**path)?;
            let (before, after) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(bytes));
            let name = shown(path, cwd);
            let diff = TextDiff::from_lines(&before, &after);
            write!(out, "{}", diff.unified_diff().header(&name, &name))?;
        }
        out.flush()?;
        self.tell_refused(cwd, console)?;
        console.summary(self.told("would fix", self.files.len()))?;
        Ok(!self.files.is_empty())
    }

    /// What was, or would be, done to so many files, and what is left to be asked for.
    fn told(&self, done: &str, files: usize) -> String {
        let more = match self.unsafe_left {
            0 => String::new(),
            left => format!("; {left} more with --unsafe-fixes"),
        };
        format!("{done} {} in {}{more}", counted(self.fixed, "finding"), counted(files, "file"))
    }

    fn tell_refused(&self, cwd: &Utf8Path, console: Console) -> io::Result<()> {
        for (path, rule, ..) in &self.stubborn {
            console.warning(format!("{}: the fix of a finding of `{rule}` does not mend it, and is left out", shown(path, cwd)))?;
        }
        self.refused.iter().try_for_each(|(path, why)| console.warning(format!("{}: nothing is fixed: {why}", shown(path, cwd))))
    }
}
