//! The program under analysis: its settings, and the environment that it is read for.

use std::sync::{Arc, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use crate::environment::{Environment, EnvironmentError};
use crate::mend::Fixing;
use crate::resolve::{Roots, Shared};
use crate::system::System;
use crate::tables::Tables;

pub(crate) use crate::resolve::Database;

/// The version of Python that a program is read for where neither it nor its environment says one.
const NEWEST_PYTHON: (u8, u8) = (3, 14);

/// What the analyser has to know about a project before it reads it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The project's folder.
    pub root: Utf8PathBuf,
    /// Where the project's own modules are looked for, the first place first.
    pub source_roots: Vec<Utf8PathBuf>,
    /// The oldest Python that the project supports, where it says so (`requires-python`).
    /// Otherwise the environment's version is taken.
    pub python_version: Option<(u8, u8)>,
    /// Where installed packages are.
    pub environment: Environment,
    /// What it declares of its own functions.
    pub declared: Declared,
    /// What fixes may use.
    pub fixing: Fixing,
    /// What is known of texts from other checks of this process, where somebody keeps it.
    pub tables: Option<Arc<Tables>>,
}

/// What a project says of functions, by their qualified names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The functions that keep and read the task that they start: their callers are free.
    pub spawners: Vec<String>,
    /// The functions, done callbacks and decorators that hear the failure of what they are given.
    pub handled_by: Vec<String>,
}

/// A Python project, ready to be asked about.
pub struct Program {
    pub(crate) shared: Arc<Shared>,
    pub(crate) declared: Declared,
    /// The project's folder.
    pub(crate) root: Utf8PathBuf,
    pub(crate) fixing: Fixing,
    environment: Option<Utf8PathBuf>,
    /// All that was set, and what was found out from it, in words that tell it from any other program.
    pub(crate) described: String,
}

impl Program {
    /// Makes a program from what `system` shows of the project at `settings.root`.
    ///
    /// # Errors
    /// When the environment that `settings` names, or the one that was found, cannot be used.
    pub fn new(system: Arc<dyn System>, settings: &Settings) -> Result<Self, EnvironmentError> {
        let environment = settings.environment.find(&*system, &settings.root)?;
        let version = settings.python_version.or(environment.as_ref().and_then(|found| found.version)).unwrap_or(NEWEST_PYTHON);
        let described = format!("{:?} {environment:?} {version:?}", Settings { tables: None, ..settings.clone() });
        let (prefix, installed) = environment.map_or((None, Vec::new()), |found| (Some(found.prefix), found.site_packages));
        let roots = Roots::new(&settings.root, &settings.source_roots, installed, version);
        let shared = Arc::new(Shared::new(system, version, roots, settings.tables.clone()));
        Ok(Program {
            shared,
            declared: settings.declared.clone(),
            root: settings.root.clone(),
            fixing: settings.fixing.clone(),
            environment: prefix,
            described,
        })
    }

    /// The environment whose packages are seen, and the Python version that the program is read for.
    #[must_use]
    pub fn target(&self) -> (Option<&Utf8Path>, (u8, u8)) {
        (self.environment.as_deref(), self.shared.version)
    }

    /// The decoded text of a file, or `None` where it cannot be read.
    #[must_use]
    pub fn source(&self, path: &Utf8Path) -> Option<String> {
        Database::new(&self.shared).text(path).ok()
    }

    /// The same program, of which nothing has been read.
    pub(crate) fn anew(&self) -> Self {
        Program {
            shared: Arc::new(self.shared.anew()),
            declared: self.declared.clone(),
            root: self.root.clone(),
            fixing: self.fixing.clone(),
            environment: self.environment.clone(),
            described: self.described.clone(),
        }
    }

    /// Forgets all that was read.
    pub(crate) fn forget(&mut self) {
        self.shared = Arc::new(self.shared.anew());
    }

    /// Takes down which files the program has.
    pub(crate) fn add_files(&self, files: &[Utf8PathBuf]) {
        self.shared.roots.write().unwrap_or_else(PoisonError::into_inner).add_files(files);
    }
}
