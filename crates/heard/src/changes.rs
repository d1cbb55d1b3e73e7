//! What has changed since some revision, as git tells it.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::ops::RangeInclusive;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Finding, Span};

/// git, or what it was asked, does not work out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangesError {
    #[error("git cannot be started: {0}")]
    Start(io::Error),
    #[error("git says: {0}")]
    Git(String),
    #[error("git knows no revision `{0}`: a shallow clone has to fetch it first")]
    Revision(String),
}

/// The files that differ from a revision, those that git does not know yet included.
pub(crate) struct Changes {
    /// Absolute, without links.
    files: BTreeSet<Utf8PathBuf>,
    /// The lines that differ, where they were asked for; of files that git does not know, all.
    lines: Option<HashMap<Utf8PathBuf, Vec<RangeInclusive<usize>>>>,
}

impl Changes {
    /// What differs in the working tree from where `revision` and the current branch part, around the folder `cwd`.
    ///
    /// # Errors
    /// Where there is no repository, no such revision, or no git.
    pub(crate) fn since(revision: &str, cwd: &Utf8Path, with_lines: bool) -> Result<Self, ChangesError> {
        let top = git(cwd, &["rev-parse", "--show-toplevel"])?;
        let top = Utf8PathBuf::from(top.trim_end_matches(['\n', '\r']));
        let named = format!("{revision}^{{commit}}");
        let commit = git(cwd, &["rev-parse", "--verify", "--end-of-options", &named]).map_err(|error| match error {
            ChangesError::Git(_) => ChangesError::Revision(revision.to_owned()),
            error => error,
        })?;
        let commit = commit.trim();
        // A shallow clone has no common ancestor to offer: then all that differs counts.
        let base = git(cwd, &["merge-base", commit, "HEAD"]).map_or_else(|_| commit.to_owned(), |base| base.trim().to_owned());
        let changed = git(&top, &["diff", "--name-only", "-z", "--no-renames", "--diff-filter=d", &base, "--"])?;
        let unknown = git(&top, &["ls-files", "-z", "--others", "--exclude-standard"])?;
        let in_top = |names: &str| names.split('\0').filter(|name| !name.is_empty()).map(|name| top.join(name)).collect::<Vec<_>>();
        let (changed, unknown) = (in_top(&changed), in_top(&unknown));
        let mut lines = None;
        if with_lines {
            let mut known = HashMap::new();
            for file in changed.iter().filter(|file| matches!(file.extension(), Some("py" | "pyw" | "ipynb"))) {
                let options =
                    ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--unified=0", &base, "--", file.as_str()];
                known.insert(real(file), hunks(&git(&top, &options)?));
            }
            known.extend(unknown.iter().map(|file| (real(file), vec![0..=usize::MAX])));
            lines = Some(known);
        }
        Ok(Changes { files: changed.iter().chain(&unknown).map(|file| real(file)).collect(), lines })
    }

    /// Whether a file differs.
    pub(crate) fn has_file(&self, file: &Utf8Path) -> bool {
        self.files.contains(&real(file))
    }

    /// Whether a finding, or a step of its trace, lies on a line that differs; every finding, where lines were not asked
    /// for.
    pub(crate) fn touch(&self, finding: &Finding) -> bool {
        let Some(lines) = &self.lines else { return true };
        let differs = |span: &Span| {
            let ranges = lines.get(&real(&span.path));
            ranges.is_some_and(|ranges| ranges.iter().any(|range| *range.start() <= span.end.line && span.start.line <= *range.end()))
        };
        let spans = finding.trace.iter().map(|step| &step.span).chain([&finding.span, &finding.statement_span]);
        spans.into_iter().any(differs)
    }
}

fn real(file: &Utf8Path) -> Utf8PathBuf {
    file.canonicalize_utf8().unwrap_or_else(|_| file.to_owned())
}

/// The new lines of each hunk: of `@@ -3,2 +4,5 @@` the lines 4 to 8. Where lines are only gone, the two around the gap.
fn hunks(diff: &str) -> Vec<RangeInclusive<usize>> {
    let of_line = |line: &str| {
        let new = line.strip_prefix("@@ ")?.split(' ').find_map(|part| part.strip_prefix('+'))?;
        let (start, count) = new.split_once(',').unwrap_or((new, "1"));
        let (start, count): (usize, usize) = (start.parse().ok()?, count.parse().ok()?);
        Some(if count == 0 { start..=start + 1 } else { start..=start + count - 1 })
    };
    diff.lines().filter_map(of_line).collect()
}

fn git(folder: &Utf8Path, arguments: &[&str]) -> Result<String, ChangesError> {
    let mut command = Command::new("git");
    // What the user has set for people does not hold for programs.
    command.current_dir(folder).args(["-c", "core.quotePath=false"]).args(arguments).env("LC_ALL", "C").stdin(Stdio::null());
    let output = command.output().map_err(ChangesError::Start)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing, and fails");
        return Err(ChangesError::Git(first.trim_start_matches("fatal: ").to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::hunks;

    #[test]
    fn hunks_are_the_new_lines() {
        let diff = "--- a/x\n+++ b/x\n@@ -3,2 +4,5 @@ def f():\n+@@ -1 +1 @@\n@@ -9 +13 @@\n-a\n+b\n@@ -20,3 +23,0 @@\n";
        assert_eq!(hunks(diff), [4..=8, 13..=13, 23..=24]);
    }
}
