//! Which files are analysed, and on which of them is reported.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};
use ignore::gitignore::Gitignore;

use super::walk::{Problem, Walk};
use crate::output::shown;
use crate::project::Project;
use crate::system::is_script;

/// A path of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// As it was given.
    given: String,
    /// Absolute, with the names of links.
    path: Utf8PathBuf,
    /// With all links followed.
    real: Utf8PathBuf,
    is_folder: bool,
}

/// A path that cannot be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("{0}: there is no such file or folder")]
    Missing(String),
    #[error("{0}: {1}")]
    Unreadable(String, io::Error),
    #[error("{0}: the name is not Unicode, and heard works with such names only")]
    NotUnicode(String),
    #[error("{0}: is neither a file nor a folder")]
    NotRegular(String),
    #[error("{0}: is a stub: it is read for its types, but has no code to check")]
    Stub(String),
    #[error("{0}: is not a Python file")]
    NotPython(String),
    #[error("{0}: there is no Python file in this folder")]
    Empty(String),
}

impl Target {
    /// Looks at a path of the command line.
    pub(crate) fn new(path: &Path, cwd: &Utf8Path) -> Result<Self, TargetError> {
        let given = path.to_string_lossy().into_owned();
        let Ok(path) = Utf8PathBuf::from_path_buf(path.to_owned()) else { return Err(TargetError::NotUnicode(given)) };
        let absolute = cwd.join(&path);
        let real = match absolute.canonicalize_utf8() {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(TargetError::Missing(given)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(TargetError::NotUnicode(given)),
            Err(error) => return Err(TargetError::Unreadable(given, error)),
        };
        // `..` after a link does not lead back to where the link is.
        let climbs = absolute.components().any(|part| part == camino::Utf8Component::ParentDir);
        let path = if climbs { real.clone() } else { absolute.components().collect() };
        let is_folder = real.is_dir();
        if !is_folder {
            match path.extension() {
                _ if !real.is_file() => return Err(TargetError::NotRegular(given)),
                Some("py" | "pyw" | "ipynb") => {}
                Some("pyi") => return Err(TargetError::Stub(given)),
                _ if is_script(&path) => {}
                _ => return Err(TargetError::NotPython(given)),
            }
        }
        Ok(Target { given, path, real, is_folder })
    }

    /// A file whose text comes from elsewhere, so that it need not be there. The path is absolute.
    pub(crate) fn given(path: &Utf8Path) -> Self {
        let real = path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned());
        Target { given: path.to_string(), path: path.to_owned(), real, is_folder: false }
    }

    /// The project around it.
    pub(crate) fn project(&self) -> Project {
        let home = std::env::home_dir().and_then(|home| Utf8PathBuf::from_path_buf(home).ok());
        Project::around(&self.path, self.is_folder, home.as_deref())
    }

    fn contains(&self, file: &Utf8Path) -> bool {
        file.starts_with(&self.path) || file.starts_with(&self.real)
    }
}

/// One project and the paths that point into it.
pub(crate) struct Job {
    pub(crate) project: Project,
    targets: Vec<Target>,
    /// The targets' paths, by both of their names.
    paths: HashSet<Utf8PathBuf>,
}

impl Job {
    /// One project and the targets that lie in it.
    pub(crate) fn of(project: Project, targets: Vec<Target>) -> Self {
        let paths = targets.iter().flat_map(|target| [target.path.clone(), target.real.clone()]).collect();
        Job { project, targets, paths }
    }

    /// Puts targets of the same project together, in the order in which each project is named first.
    pub(crate) fn group(targets: Vec<Target>) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        for target in targets {
            let project = target.project();
            let index = jobs.iter().position(|job| job.project == project).unwrap_or_else(|| {
                jobs.push(Job { project, targets: Vec::new(), paths: HashSet::new() });
                jobs.len() - 1
            });
            let job = &mut jobs[index];
            job.paths.extend([target.path.clone(), target.real.clone()]);
            job.targets.push(target);
        }
        jobs
    }

    /// How well the job's best target fits a file: of two projects that both contain it, the one
    /// reports on it at which the user points more exactly.
    fn closeness(&self, file: &Utf8Path) -> Option<usize> {
        file.ancestors().find(|ancestor| self.paths.contains(*ancestor)).map(|target| target.as_str().len())
    }

    /// Whether a file lies in a folder of others' code below what the user points at. Who points at such a folder, or
    /// into it, asks for it.
    fn is_vendored(&self, file: &Utf8Path) -> bool {
        let below = file.ancestors().skip(1).take_while(|folder| !self.paths.contains(*folder));
        !self.paths.contains(file) && below.filter_map(Utf8Path::file_name).any(|name| VENDORED.contains(&name))
    }
}

/// Folders with copies of others' code. `vendor` is none of them: it also is what a shop calls its sellers.
const VENDORED: [&str; 5] = ["_vendor", "_vendored", "vendored", "third_party", "thirdparty"];

/// The files of one job.
pub(crate) struct Files {
    /// All that are analysed, in the order of their paths.
    pub(crate) all: Vec<Utf8PathBuf>,
    /// Those on which is reported.
    pub(crate) reported: BTreeSet<Utf8PathBuf>,
    /// What could not be read among the files that the user asks about.
    pub(crate) problems: Vec<Problem>,
    /// Paths without a Python file.
    pub(crate) empty: Vec<TargetError>,
}

impl Files {
    /// Finds the files of `jobs[index]`.
    pub(crate) fn find(jobs: &[Job], index: usize, exclude: &Exclude) -> Self {
        let job = &jobs[index];
        let mut walk = Walk::of(&job.project.scope);
        let mut empty = Vec::new();
        for target in &job.targets {
            if !target.is_folder {
                if !walk.files.contains(&target.path) && !walk.files.contains(&target.real) {
                    walk.files.insert(target.path.clone());
                }
                continue;
            }
            let known = |walk: &Walk| walk.files.iter().any(|file| is_checked(file) && target.contains(file));
            if !known(&walk) {
                walk.add_folder(&target.path, &job.project.root);
            }
            if !known(&walk) && !walk.problems.iter().any(|problem| problem.lost && target.contains(&problem.path)) {
                empty.push(TargetError::Empty(target.given.clone()));
            }
        }
        let owned = |file: &Utf8Path| {
            let own = job.closeness(file);
            own.is_some()
                && !jobs[..index].iter().any(|other| other.closeness(file) >= own)
                && !jobs[index + 1..].iter().any(|other| other.closeness(file) > own)
        };
        let wanted = |file: &Utf8Path| owned(file) && !exclude.matches(file) && !job.is_vendored(file);
        let reported = walk.files.iter().filter(|file| is_checked(file) && wanted(file)).cloned().collect();
        let problems = walk.problems.into_iter().filter(|problem| wanted(&problem.path)).collect();
        Files { all: walk.files.into_iter().collect(), reported, problems, empty }
    }
}

/// Stubs are read but not checked.
fn is_checked(file: &Utf8Path) -> bool {
    file.extension() != Some("pyi")
}

/// Files on which the user wants no report.
pub(crate) struct Exclude {
    cwd: Utf8PathBuf,
    globs: Gitignore,
}

impl Exclude {
    /// Reads globs as in a `.gitignore` file in `cwd`.
    pub(crate) fn new(globs: &[String], cwd: &Utf8Path) -> Result<Self, ignore::Error> {
        let mut builder = ignore::gitignore::GitignoreBuilder::new(cwd);
        for glob in globs {
            builder.add_line(None, glob)?;
        }
        Ok(Exclude { cwd: cwd.to_owned(), globs: builder.build()? })
    }

    fn matches(&self, file: &Utf8Path) -> bool {
        // The matcher wants paths below its folder; elsewhere only globs without a folder can match.
        let relative: PathBuf = match file.strip_prefix(&self.cwd) {
            Ok(relative) => relative.into(),
            Err(_) => file.components().filter(|part| matches!(part, camino::Utf8Component::Normal(_))).collect::<Utf8PathBuf>().into(),
        };
        self.globs.matched_path_or_any_parents(relative, false).is_ignore()
    }
}

/// A path and a line as they stand before a message.
pub(crate) fn place(path: &Utf8Path, line: Option<usize>, cwd: &Utf8Path) -> String {
    let path = shown(path, cwd);
    line.map_or_else(|| path.to_string(), |line| format!("{path}:{line}"))
}
