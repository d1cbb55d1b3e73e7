//! The program under analysis: the salsa database and its inputs.
//!
//! Inputs are files (read through the given [`System`]), search paths and the Python version.

use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ruff_db::files::{File, FileRootKind, Files, system_path_to_file};
use ruff_db::source::source_text;
use ruff_db::system::{System, SystemPath, SystemPathBuf};
use ruff_db::vendored::VendoredFileSystem;
use ruff_python_ast::PythonVersion;
use ty_module_resolver::{SearchPathSettings, UseDefaultStrategy};
use ty_python_core::ProgramFile;
use ty_python_core::platform::PythonPlatform;
use ty_python_core::program::ProgramSettings;
use ty_python_semantic::lint::{LintRegistry, RuleSelection};
use ty_python_semantic::{AnalysisSettings, PythonEnvironment, PythonVersionSource, PythonVersionWithSource, SysPrefixPathOrigin};

use crate::stubs;

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
}

/// What a project says of functions, by their qualified names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The functions that keep and read the task that they start: their callers are free.
    pub spawners: Vec<String>,
    /// The functions, done callbacks and decorators that hear the failure of what they are given.
    pub handled_by: Vec<String>,
}

/// Where the packages are that the project imports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// The active virtual or conda environment, else the project's `.venv`, else the `python3` on the path.
    #[default]
    Discover,
    /// A virtual environment, an installation's folder, or an interpreter.
    At(Utf8PathBuf),
    /// No packages at all.
    None,
}

/// An environment that does not exist or is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentError(String);

impl fmt::Display for EnvironmentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for EnvironmentError {}

/// A Python project, ready to be asked about.
pub struct Program {
    pub(crate) db: Database,
    pub(crate) declared: Declared,
    environment: Option<Utf8PathBuf>,
}

impl Program {
    /// Makes a program from what `system` shows of the project at `settings.root`.
    ///
    /// `system` must refuse to read what [`crate::limits::check`] refuses, since no later stage
    /// could walk it.
    ///
    /// # Errors
    /// When the environment that `settings` names, or the one that was found, cannot be used.
    pub fn new(system: Arc<dyn System>, settings: &Settings) -> Result<Self, EnvironmentError> {
        let system: Arc<dyn System> = Arc::new(stubs::WithStubs(system));
        let environment = find_environment(&*system, settings)?;
        let site_packages = match &environment {
            Some(environment) => environment.site_packages_paths(&*system).map_err(|error| EnvironmentError(error.to_string()))?,
            None => ty_site_packages::SitePackagesPaths::default(),
        };
        let python_version = settings
            .python_version
            .map(|(major, minor)| PythonVersionWithSource { version: PythonVersion { major, minor }, source: PythonVersionSource::Default })
            .or_else(|| environment.as_ref()?.python_version_from_metadata().cloned())
            .or_else(|| site_packages.python_version_from_layout())
            .unwrap_or_default();
        let root = SystemPathBuf::from_utf8_path_buf(settings.root.clone());
        let source_roots = settings.source_roots.iter().cloned().map(SystemPathBuf::from_utf8_path_buf).collect();
        let vendored = ty_vendored::file_system().clone();
        let mut site_packages_paths = site_packages.into_vec();
        site_packages_paths.push(stubs::folder());
        let search_paths = SearchPathSettings { site_packages_paths, ..SearchPathSettings::new(source_roots) };
        let Ok(search_paths) = search_paths.to_search_paths(&*system, &vendored, &UseDefaultStrategy);
        let db = Database {
            storage: salsa::Storage::default(),
            files: Files::default(),
            system,
            vendored,
            settings: Arc::new(ProgramSettings {
                python_version, // Code for every system is checked.
                python_platform: PythonPlatform::All,
                search_paths,
            }),
            rule_selection: Arc::default(),
            analysis_settings: Arc::default(),
        };
        db.files.try_add_root(&db, &root, FileRootKind::Project);
        db.settings.search_paths.try_register_static_roots(&db);
        let environment = environment.map(|environment| environment.sys_prefix().as_utf8_path().to_owned());
        Ok(Program { db, declared: settings.declared.clone(), environment })
    }

    /// The environment whose packages are seen, and the Python version that the program is read for.
    #[must_use]
    pub fn target(&self) -> (Option<&Utf8Path>, (u8, u8)) {
        let version = self.db.settings.python_version.version;
        (self.environment.as_deref(), (version.major, version.minor))
    }

    /// The decoded text of a file, or `None` where it cannot be read.
    #[must_use]
    pub fn source(&self, path: &Utf8Path) -> Option<String> {
        let file = self.db.file(path)?;
        let text = source_text(&self.db, file);
        text.read_error().is_none().then(|| text.as_str().to_owned())
    }
}

fn find_environment(system: &dyn System, settings: &Settings) -> Result<Option<PythonEnvironment>, EnvironmentError> {
    let found = match &settings.environment {
        Environment::Discover => PythonEnvironment::discover(Some(SystemPath::new(&settings.root)), system),
        Environment::At(path) => PythonEnvironment::new(SystemPath::new(path), SysPrefixPathOrigin::PythonCliFlag, system).map(Some),
        Environment::None => Ok(None),
    };
    found.map_err(|error| EnvironmentError(error.to_string()))
}

/// The salsa database: what ty's queries ask for.
#[salsa::db]
#[derive(Clone)]
pub(crate) struct Database {
    storage: salsa::Storage<Self>,
    files: Files,
    system: Arc<dyn System>,
    vendored: VendoredFileSystem,
    settings: Arc<ProgramSettings>,
    rule_selection: Arc<RuleSelection>,
    analysis_settings: Arc<AnalysisSettings>,
}

impl Database {
    /// The file at `path`, or `None` where there is none.
    pub(crate) fn file(&self, path: &Utf8Path) -> Option<File> {
        system_path_to_file(self, SystemPath::new(path)).ok()
    }

    /// The program's search paths and Python version, as ty knows them.
    pub(crate) fn program(&self) -> ty_python_core::Program<'_> {
        program(self)
    }
}

/// A database that can hand out the settings, so that the interned program is computed only once.
#[salsa::db]
trait SettingsDb: ty_python_core::Db {
    fn settings(&self) -> &ProgramSettings;
}

#[salsa::tracked(returns(copy))]
fn program(db: &dyn SettingsDb) -> ty_python_core::Program<'_> {
    ty_python_core::Program::from_settings(db, db.settings())
}

#[salsa::db]
impl SettingsDb for Database {
    fn settings(&self) -> &ProgramSettings {
        &self.settings
    }
}

#[salsa::db]
impl ruff_db::Db for Database {
    fn vendored(&self) -> &VendoredFileSystem {
        &self.vendored
    }

    fn system(&self) -> &dyn System {
        &*self.system
    }

    fn files(&self) -> &Files {
        &self.files
    }
}

#[salsa::db]
impl ty_module_resolver::Db for Database {}

#[salsa::db]
impl ty_python_core::Db for Database {
    fn should_check_file(&self, file: File) -> bool {
        !file.path(self).is_vendored_path()
    }
}

#[salsa::db]
impl ty_python_semantic::Db for Database {
    // Only ty's own rules go through this, and we run none of them.
    fn check_file(&self, _file: File) -> Vec<ruff_db::diagnostic::Diagnostic> {
        Vec::new()
    }

    fn program_file(&self, file: File) -> ProgramFile<'_> {
        self.program().program_file(self, file)
    }

    fn python_version_with_source(&self, _file: File) -> &PythonVersionWithSource {
        &self.settings.python_version
    }

    fn rule_selection(&self, _file: File) -> &RuleSelection {
        &self.rule_selection
    }

    fn lint_registry(&self) -> &LintRegistry {
        ty_python_semantic::default_lint_registry()
    }

    fn analysis_settings(&self, _file: File) -> &AnalysisSettings {
        &self.analysis_settings
    }

    fn verbose(&self) -> bool {
        false
    }

    fn is_open_file(&self, _file: File) -> bool {
        false
    }

    fn dyn_clone(&self) -> Box<dyn ty_python_semantic::Db> {
        Box::new(self.clone())
    }
}

#[salsa::db]
impl salsa::Database for Database {}
