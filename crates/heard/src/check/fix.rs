//! `--fix`: the edits that come with findings are made, until there is nothing left to mend.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use camino::Utf8Path;
use heard_analysis::{Edit, Finding, Fix};
use similar::TextDiff;

use super::{CheckError, Seen, rehearse};
use crate::cli::CheckArguments;
use crate::config::Policy;
use crate::console::{Console, counted};
use crate::output::shown;
use crate::rewrite::{self, Original};
use crate::survey::Survey;

/// A fix may bring what another one mends. It never takes so many rounds, but a loop must end.
const MOST_ROUNDS: usize = 20;

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
}

/// Makes all fixes that are asked for, on files that only this run sees.
pub(super) fn mend(survey: &mut Survey, policy: &Policy, arguments: &CheckArguments) -> io::Result<Result<Mended, CheckError>> {
    let mut mended = Mended { files: BTreeMap::new(), fixed: 0, unsafe_left: 0, refused: BTreeMap::new() };
    let mut seen = match rehearse(survey, policy, arguments)? {
        Ok(seen) => seen,
        Err(error) => return Ok(Err(error)),
    };
    for _ in 0..MOST_ROUNDS {
        let round = chosen(&seen.findings, arguments.unsafe_fixes, &mended.refused);
        if round.is_empty() {
            break;
        }
        let mut tried: BTreeMap<Arc<Utf8Path>, (Vec<u8>, usize)> = BTreeMap::new();
        for (path, fixes) in round {
            let edits = edits_of(&fixes);
            let made = Original::read(&path, survey.disk()).and_then(|original| Ok((original.bytes(&edits)?, survey.disk().bytes(&path))));
            match made {
                Ok((bytes, Ok(before))) => {
                    survey.try_out(&path, bytes);
                    tried.insert(path, (before, fixes.len()));
                }
                Ok((_, Err(error))) => drop(mended.refused.insert(path, error.to_string())),
                Err(error) => drop(mended.refused.insert(path, error.to_string())),
            }
        }
        let after = match rehearse(survey, policy, arguments)? {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        let mut is_whole = true;
        for (path, (before, fixes)) in tried {
            // A fix mends: the file can be read as before, and has fewer findings.
            let count = |seen: &Seen| seen.findings.iter().filter(|finding| finding.span.path == path).count();
            if after.notices.iter().filter(|notice| notice.path == path).count()
                > seen.notices.iter().filter(|notice| notice.path == path).count()
                || count(&after) >= count(&seen)
            {
                survey.try_out(&path, before);
                mended.refused.insert(path, "its fixes do not mend it".to_owned());
                is_whole = false;
                continue;
            }
            mended.fixed += fixes;
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
    let is_left = |finding: &&Finding| finding.fix.as_ref().is_some_and(|fix| !fix.safe) && !arguments.unsafe_fixes;
    mended.unsafe_left = seen.findings.iter().filter(is_left).count();
    Ok(Ok(mended))
}

/// The fixes to make now, by file: those that do not stand in each other's way.
pub(crate) fn chosen<'f>(
    findings: &'f [Finding],
    with_unsafe: bool,
    refused: &BTreeMap<Arc<Utf8Path>, String>,
) -> BTreeMap<Arc<Utf8Path>, Vec<&'f Fix>> {
    let mut chosen: BTreeMap<Arc<Utf8Path>, Vec<&Fix>> = BTreeMap::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safe || with_unsafe) {
        let mut paths = fix.edits.iter().map(|edit| &edit.span.path);
        let Some(path) = paths.next().filter(|path| paths.all(|other| other == *path) && !refused.contains_key(*path)) else { continue };
        let others = chosen.entry(path.clone()).or_default();
        let collide = |edit: &Edit| others.iter().flat_map(|other| &other.edits).any(|other| key(other) != key(edit) && touch(edit, other));
        if !fix.edits.iter().any(collide) {
            others.push(fix);
        }
    }
    chosen.retain(|_, fixes| !fixes.is_empty());
    chosen
}

/// The edits of some fixes that do not stand in each other's way, in the order of the text, each once.
pub(crate) fn edits_of(fixes: &[&Fix]) -> Vec<Edit> {
    let all: BTreeMap<(usize, usize, &str), &Edit> = fixes.iter().flat_map(|fix| &fix.edits).map(|edit| (key(edit), edit)).collect();
    all.into_values().cloned().collect()
}

/// Two fixes may bring the same edit, like an import; it is made once.
fn key(edit: &Edit) -> (usize, usize, &str) {
    (edit.span.start.offset, edit.span.end.offset, &edit.text)
}

fn touch(left: &Edit, right: &Edit) -> bool {
    left.span.start.offset <= right.span.end.offset && right.span.start.offset <= left.span.end.offset
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
        let more = match self.unsafe_left {
            0 => String::new(),
            left => format!("; {left} more with --unsafe-fixes"),
        };
        console.summary(format!("fixed {} in {}{more}", counted(self.fixed, "finding"), counted(written, "file")))
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
        Ok(!self.files.is_empty())
    }

    fn tell_refused(&self, cwd: &Utf8Path, console: Console) -> io::Result<()> {
        self.refused.iter().try_for_each(|(path, why)| console.warning(format!("{}: nothing is fixed: {why}", shown(path, cwd))))
    }
}
