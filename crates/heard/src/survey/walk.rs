//! The Python files of a project.
//!
//! What version control ignores is left out, and so are hidden folders, environments and caches.
//! Links are followed, but no folder is read twice: what has two names is found under its real one
//! if that lies in the project.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ignore::{DirEntry, WalkBuilder};

use crate::project::Scope;

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The Python files, stubs included, in the order of their paths.
    pub(super) files: BTreeSet<Utf8PathBuf>,
    /// Those that are no part of these yet, in no order.
    met: Vec<Utf8PathBuf>,
    /// What could not be read, in the order in which it was met.
    pub(super) problems: Vec<Problem>,
    /// The real paths of all folders that were read.
    folders: Arc<HashSet<PathBuf>>,
    /// The real paths of all files that were met.
    real_files: HashSet<PathBuf>,
}

/// Something that a walk could not read.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Where it is. It may not be the exact name where that is no Unicode.
    pub(crate) path: Utf8PathBuf,
    /// What is the matter with it.
    pub(crate) message: String,
    /// Whether Python code may have gone unread.
    pub(crate) lost: bool,
}

impl Walk {
    /// Finds the files of `scope`.
    pub(super) fn of(scope: &Scope) -> Self {
        let mut walk = Walk::default();
        match scope {
            Scope::Folder(folder) => walk.add(folder.as_std_path(), Manner { importable: false, inside: false }),
            Scope::Modules(folder) => walk.add(folder.as_std_path(), Manner { importable: true, inside: false }),
            Scope::File(file) => {
                walk.files.insert(file.clone());
            }
        }
        walk
    }

    /// Finds the files below a folder that the walk of the project at `root` left out, since the user
    /// points at it.
    pub(super) fn add_folder(&mut self, folder: &Utf8Path, root: &Utf8Path) {
        let inside = folder.ancestors().take_while(|ancestor| *ancestor != root).any(|ancestor| is_environment(ancestor.as_std_path()));
        self.add(folder.as_std_path(), Manner { importable: false, inside });
    }

    /// Reads `start`, and then what the links found there lead to. Real names come first, so that a
    /// link adds only what has none in the project, and no loop is ever entered.
    fn add(&mut self, start: &Path, manner: Manner) {
        let mut links = VecDeque::new();
        self.read(start, manner, &mut links);
        links.make_contiguous().sort();
        while let Some(link) = links.pop_front() {
            let target = match fs::canonicalize(&link) {
                Ok(target) => target,
                Err(error) => {
                    if is_python(&link) {
                        self.problem(&link, format!("is a link that leads nowhere: {error}"), true);
                    }
                    continue;
                }
            };
            if target.is_file() {
                if is_python(&link) {
                    self.file(link, target);
                }
            } else if target.is_dir() && !self.folders.contains(&target) {
                if fs::canonicalize(start).is_ok_and(|start| start.starts_with(&target)) {
                    self.problem(&link, "is a link to a folder around it; it is not followed".to_owned(), false);
                } else if manner.enters(&link, if link.parent() == Some(start) { 1 } else { 2 }) {
                    self.read(&link, Manner { importable: false, ..manner }, &mut links);
                }
            }
        }
        // To compare many paths part by part takes longer than to read their folders. This is the same order.
        self.met.sort_by_cached_key(|path| path.as_str().replace('/', "\0"));
        self.files.append(&mut self.met.drain(..).collect());
    }

    /// Reads one folder and all below it, without following links.
    fn read(&mut self, start: &Path, manner: Manner, links: &mut VecDeque<PathBuf>) {
        let real_start = match fs::canonicalize(start) {
            Ok(path) => path,
            Err(error) => return self.problem(start, error.to_string(), true),
        };
        let known = Arc::clone(&self.folders);
        let (first, real_first) = (start.to_owned(), real_start.clone());
        let keep = move |entry: &DirEntry| {
            if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return true;
            }
            let path = entry.path();
            let real = path.strip_prefix(&first).map(|rest| real_first.join(rest));
            manner.enters(path, entry.depth()) && !real.is_ok_and(|real| known.contains(&real))
        };
        let walk = WalkBuilder::new(start)
            .follow_links(false)
            .require_git(false)
            .ignore(false)
            // Without a repository, the files above the project have nothing to say about it.
            .parents(real_start.ancestors().any(|folder| folder.join(".git").exists()))
            .filter_entry(keep)
            .build();
        let mut folders = HashSet::new();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.failed(start, &error);
                    continue;
                }
            };
            let Some(kind) = entry.file_type() else { continue };
            // Most files of some projects are no Python.
            if kind.is_file() && !is_python(entry.path()) {
                continue;
            }
            let real = entry.path().strip_prefix(start).map_or_else(|_| entry.path().to_owned(), |rest| real_start.join(rest));
            if kind.is_dir() || entry.depth() == 0 {
                folders.insert(real);
            } else if kind.is_symlink() {
                links.push_back(entry.into_path());
            } else if kind.is_file() {
                self.file(entry.into_path(), real);
            }
        }
        Arc::make_mut(&mut self.folders).extend(folders);
    }

    fn file(&mut self, path: PathBuf, real: PathBuf) {
        if !self.real_files.insert(real) {
            return;
        }
        match Utf8PathBuf::from_path_buf(path) {
            Ok(path) => self.met.push(path),
            Err(path) => self.problem(&path, "has a name that is not Unicode; it is not checked".to_owned(), true),
        }
    }

    fn failed(&mut self, start: &Path, error: &ignore::Error) {
        let mut inner = error;
        let mut path = start;
        loop {
            inner = match inner {
                ignore::Error::WithPath { path: place, err } => {
                    path = place;
                    err
                }
                ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
                _ => break,
            };
        }
        self.problem(path, inner.to_string(), inner.is_io());
    }

    fn problem(&mut self, path: &Path, message: String, lost: bool) {
        let path = Utf8PathBuf::from(path.to_string_lossy().into_owned());
        self.problems.push(Problem { path, message, lost });
    }
}

/// Which folders a walk goes into.
#[derive(Clone, Copy)]
struct Manner {
    /// Right below the start, only into packages.
    importable: bool,
    /// Into environments too, since the start is inside one.
    inside: bool,
}

impl Manner {
    fn enters(self, folder: &Path, depth: usize) -> bool {
        let is_cache = folder.file_name().is_some_and(|name| name == "__pycache__" || name == "node_modules");
        let reached = !self.importable || depth > 1 || folder.join("__init__.py").exists();
        reached && !is_cache && (self.inside || !is_environment(folder))
    }
}

/// Whether a folder holds other people's code.
fn is_environment(folder: &Path) -> bool {
    let named =
        folder.file_name().is_some_and(|name| ["venv", ".venv", "site-packages", "dist-packages"].iter().any(|other| name == *other));
    named || folder.join("pyvenv.cfg").exists()
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py" || extension == "pyi" || extension == "ipynb")
}
