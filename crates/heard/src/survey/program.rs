//! The program to analyse: which Python and which environment it is read for, as far as settings, project and disk
//! tell.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::system::System;
use heard_analysis::{Environment, Fixing, Program, Settings, Tables, UnknownName};

use super::SurveyError;
use super::target::place;
use crate::config::{self, Config, PythonVersion};
use crate::output::shown;
use crate::project::Project;
use crate::system::Disk;

/// What was asked for, which goes before all settings.
pub(crate) struct Given<'a> {
    /// Paths are told as seen from here.
    pub(crate) cwd: &'a Utf8Path,
    /// The interpreter or environment with the dependencies.
    pub(crate) python: Option<Utf8PathBuf>,
    pub(crate) python_version: Option<PythonVersion>,
    /// What is known of texts from earlier runs.
    pub(crate) tables: Option<Arc<Tables>>,
    /// The disk, as the program is to see it.
    pub(crate) system: Arc<dyn System>,
}

/// What there is to say of how a program was put together.
pub(crate) enum Remark {
    /// For the curious.
    Detail(String),
    /// For everybody: something could not be used.
    Warning(String),
}

/// The program to analyse, with the environment that was asked for, set or found. Of `configs`, the first one is
/// the project's.
pub(crate) fn of(
    disk: &Disk,
    project: &Project,
    files: &[Utf8PathBuf],
    configs: &[Config],
    asked: &Given<'_>,
) -> Result<(Program, Vec<Remark>), SurveyError> {
    let none = Config::default();
    let config = configs.first().unwrap_or(&none);
    let (python_version, remark) = python_version(disk, project, config, asked);
    let mut remarks: Vec<Remark> = remark.into_iter().collect();
    let mut source_roots = config.source_roots().map_err(|error| SurveyError::Config(error.told(asked.cwd)))?;
    source_roots.extend(project.source_roots(files));
    let declared = config::declared(configs.iter());
    let fixing = Fixing { style: config.fix_style(), depends_on_heard: project.depends_on_heard(disk) };
    let new = |environment| {
        let (source_roots, declared, fixing) = (source_roots.clone(), declared.clone(), fixing.clone());
        let settings = Settings {
            root: project.root.clone(),
            source_roots,
            python_version,
            environment,
            declared,
            fixing,
            tables: asked.tables.clone(),
        };
        Program::new(Arc::clone(&asked.system), &settings)
    };
    if let Some(python) = asked.python.clone().or_else(|| config.python()) {
        return new(Environment::At(python)).map(|program| (program, remarks)).map_err(SurveyError::Python);
    }
    let error = match new(project.environment()) {
        Ok(program) => return Ok((program, remarks)),
        Err(error) => error,
    };
    remarks.push(Remark::Warning(format!(
        "installed packages are not looked at, since the Python environment cannot be used: {error}; --python names another"
    )));
    new(Environment::None).map(|program| (program, remarks)).map_err(SurveyError::Python)
}

/// The Python that the project's code is read for: what was asked for, what is set, or the oldest one that the
/// project supports.
fn python_version(disk: &Disk, project: &Project, config: &Config, asked: &Given<'_>) -> (Option<(u8, u8)>, Option<Remark>) {
    let root = shown(&project.root, asked.cwd);
    if let Some(PythonVersion(version)) = asked.python_version {
        return (Some(version), None);
    }
    if let Some((version, layer)) = config.python_version() {
        let remark = format!("{root}: Python {version}, from {}", shown(&layer.path, asked.cwd));
        return (Some(version.0), Some(Remark::Detail(remark)));
    }
    match project.python_version(disk) {
        Ok(Some(version)) => {
            let remark = format!("{root}: Python {}, from requires-python in pyproject.toml", PythonVersion(version));
            (Some(version), Some(Remark::Detail(remark)))
        }
        Ok(None) => {
            let remark = format!("{root}: the environment's Python, since no requires-python sets a lower bound");
            (None, Some(Remark::Detail(remark)))
        }
        Err(error) => (None, Some(Remark::Warning(format!("{}: {error}", place(&error.path, error.line, asked.cwd))))),
    }
}

/// What to say of a name in the settings that nothing has.
pub(crate) fn unknown_name(UnknownName { setting, name, nearest }: &UnknownName, configs: &[Config], cwd: &Utf8Path) -> String {
    let nearest = nearest.as_ref().map(|nearest| format!("; the nearest is `{nearest}`")).unwrap_or_default();
    let message = format!("nothing in the project or its environment is called `{name}`{nearest}");
    match config::declares(configs.iter(), setting, name) {
        Some(layer) => layer.error(setting, message).told(cwd),
        None => format!("`{setting}`: {message}"),
    }
}
