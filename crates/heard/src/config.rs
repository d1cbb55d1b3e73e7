//! The settings of a project: `[tool.heard]` in `pyproject.toml`, or a `heard.toml`.
//!
//! Every folder may have some. Those of the folder next to a file come first; what they do not say, the folders
//! around it do, up to the root of the repository. So nested projects inherit, setting by setting.

mod file;
mod policy;
mod settings;
mod show;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Declared, FixStyle, Rule};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

pub(crate) use self::file::{ConfigError, Layer};
pub(crate) use self::policy::Policy;
pub(crate) use self::settings::{PythonVersion, schema};
pub(crate) use self::show::run;

use self::settings::{RuleLevel, Settings};
use crate::system::Disk;

/// The settings of all folders that were asked about.
pub(crate) struct Configs {
    disk: Disk,
    home: Option<Utf8PathBuf>,
    known: HashMap<Utf8PathBuf, Config>,
    /// Files of folders below a project that are no TOML, and so say nothing.
    pub(crate) unreadable: Vec<ConfigError>,
}

/// What is in force in one folder.
#[derive(Clone, Default)]
pub(crate) struct Config {
    /// The nearest first.
    layers: Vec<Arc<Layer>>,
}

impl Configs {
    pub(crate) fn new(disk: &Disk) -> Self {
        let home = std::env::home_dir().and_then(|home| Utf8PathBuf::from_path_buf(home).ok());
        Configs { disk: disk.clone(), home, known: HashMap::new(), unreadable: Vec::new() }
    }

    /// What is in force in `folder`, which lies in the project at `root`, or around it.
    ///
    /// # Errors
    /// Where a setting is wrong, and where the file of the project, or of a folder around it, cannot be read. One below
    /// the project may be a test's, so it counts for nothing then, and is listed.
    pub(crate) fn of(&mut self, folder: &Utf8Path, root: &Utf8Path) -> Result<Config, ConfigError> {
        if let Some(known) = self.known.get(folder) {
            return Ok(known.clone());
        }
        let is_last = folder.join(".git").exists() || self.home.as_deref() == Some(folder);
        let mut config = match folder.parent() {
            Some(parent) if !is_last => self.of(parent, root)?,
            _ => Config::default(),
        };
        match file::read(folder, &self.disk) {
            Ok(None) => {}
            Ok(Some(layer)) => config.layers.insert(0, Arc::new(layer)),
            Err(error) if error.is_unreadable && folder != root && folder.starts_with(root) => self.unreadable.push(error),
            Err(error) => return Err(error),
        }
        self.known.insert(folder.to_owned(), config.clone());
        Ok(config)
    }

    /// What is in force for a file that was asked about before.
    pub(crate) fn of_file(&self, file: &Utf8Path) -> Config {
        file.parent().and_then(|folder| self.known.get(folder)).cloned().unwrap_or_default()
    }
}

/// A setting that is in force, and the file that says it.
pub(crate) struct InForce<'a, T> {
    pub(crate) value: &'a T,
    pub(crate) layer: &'a Layer,
    /// The setting's name.
    pub(crate) name: &'static str,
}

impl<T> InForce<'_, T> {
    /// The error that speaks of this setting.
    pub(crate) fn error(&self, message: impl fmt::Display) -> ConfigError {
        self.layer.error(self.name, message)
    }
}

impl Config {
    fn first<'a, T>(&'a self, name: &'static str, get: impl Fn(&'a Settings) -> &'a Option<T>) -> Option<InForce<'a, T>> {
        self.layers.iter().find_map(|layer| get(&layer.settings).as_ref().map(|value| InForce { value, layer, name }))
    }

    /// Whether the folders say that nothing is reported on `file`.
    pub(crate) fn excludes(&self, file: &Utf8Path) -> bool {
        let exclude = self.first("exclude", |settings| &settings.exclude);
        exclude.is_some_and(|exclude| matches(exclude.layer, exclude.value.iter().map(String::as_str), file))
    }

    /// The folders in which the project's modules are looked for first.
    ///
    /// # Errors
    /// Where one of them does not exist.
    pub(crate) fn source_roots(&self) -> Result<Vec<Utf8PathBuf>, ConfigError> {
        let Some(src) = self.first("src", |settings| &settings.src) else { return Ok(Vec::new()) };
        let check = |folder: &String| {
            let path: Utf8PathBuf = src.layer.folder.join(folder).components().collect();
            if path.is_dir() { Ok(path) } else { Err(src.error(format!("there is no folder `{folder}`"))) }
        };
        src.value.iter().map(check).collect()
    }

    /// The interpreter or environment with the dependencies.
    pub(crate) fn python(&self) -> Option<Utf8PathBuf> {
        self.first("python", |settings| &settings.python).map(|python| python.layer.folder.join(python.value))
    }

    /// The version of Python that the code is read for.
    pub(crate) fn python_version(&self) -> Option<(PythonVersion, &Layer)> {
        self.first("python-version", |settings| &settings.python_version).map(|version| (*version.value, version.layer))
    }

    /// How fixes give a task a reader.
    pub(crate) fn fix_style(&self) -> Option<FixStyle> {
        self.first("fix-style", |settings| &settings.fix_style).map(|style| (*style.value).into())
    }

    /// The file with the findings that are known already.
    pub(crate) fn baseline(&self) -> Option<(Utf8PathBuf, InForce<'_, String>)> {
        let baseline = self.first("baseline", |settings| &settings.baseline)?;
        Some((baseline.layer.folder.join(baseline.value), baseline))
    }

    /// The level that the folders give a rule in `file`.
    fn level_of_rule(&self, rule: &Rule, file: &Utf8Path) -> Option<RuleLevel> {
        let is_rule = |name: &settings::RuleName| name.0.name == rule.name;
        for layer in &self.layers {
            let globs = layer.settings.per_file.iter().flatten().filter(|(glob, _)| matches(layer, [glob.as_str()], file));
            let rules = globs.filter_map(|(glob, rules)| Some((glob.len(), rules.iter().find(|(name, _)| is_rule(name))?.1)));
            if let Some((_, level)) = rules.max_by_key(|(length, _)| *length) {
                return Some(*level);
            }
        }
        let mut rules = self.layers.iter().flat_map(|layer| layer.settings.rules.iter().flatten());
        rules.find(|(name, _)| is_rule(name)).map(|(_, level)| *level)
    }
}

/// What the projects that `configs` are of declare of their functions, each name once.
pub(crate) fn declared<'a>(configs: impl Iterator<Item = &'a Config>) -> Declared {
    let (mut spawners, mut handled_by) = (BTreeSet::new(), BTreeSet::new());
    for config in configs {
        spawners.extend(config.first("spawners", |settings| &settings.spawners).into_iter().flat_map(|names| names.value));
        handled_by.extend(config.first("handled-by", |settings| &settings.handled_by).into_iter().flat_map(|names| names.value));
    }
    Declared { spawners: spawners.into_iter().cloned().collect(), handled_by: handled_by.into_iter().cloned().collect() }
}

/// The file among those of `configs` that declares `name`.
pub(crate) fn declares<'a>(configs: impl Iterator<Item = &'a Config>, setting: &str, name: &str) -> Option<&'a Layer> {
    let mut layers = configs.flat_map(|config| &config.layers);
    let has = |layer: &&Arc<Layer>| {
        let names = if setting == "spawners" { &layer.settings.spawners } else { &layer.settings.handled_by };
        names.iter().flatten().any(|declared| declared == name)
    };
    layers.find(has).map(|layer| &**layer)
}

/// Whether one of the globs, which are relative to the layer's folder and written as in `.gitignore`, matches a file.
fn matches<'a>(layer: &Layer, globs: impl IntoIterator<Item = &'a str>, file: &Utf8Path) -> bool {
    let Ok(relative) = file.strip_prefix(&layer.folder) else { return false };
    // A glob that cannot be read was an error when the file with it was read.
    globs_in(&layer.folder, globs).is_ok_and(|globs| globs.matched_path_or_any_parents(relative, false).is_ignore())
}

fn globs_in<'a>(folder: &Utf8Path, globs: impl IntoIterator<Item = &'a str>) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new(folder);
    for glob in globs {
        builder.add_line(None, glob)?;
    }
    builder.build()
}
