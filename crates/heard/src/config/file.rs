//! One file with settings: read, checked, and with the place of each setting.

use std::collections::HashMap;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::globs_in;
use super::settings::Settings;
use crate::system::Disk;

/// The settings of one file.
pub(crate) struct Layer {
    /// The file.
    pub(crate) path: Utf8PathBuf,
    /// The folder that its paths and globs are relative to.
    pub(crate) folder: Utf8PathBuf,
    pub(super) settings: Settings,
    /// The settings as lines of TOML, each with its setting's name.
    pub(super) written: Vec<(String, String)>,
    /// Line and column of each setting.
    places: HashMap<String, (usize, usize)>,
}

impl Layer {
    /// The line of a setting.
    pub(crate) fn line(&self, name: &str) -> Option<usize> {
        self.places.get(name).map(|(line, _)| *line)
    }

    pub(crate) fn error(&self, name: &str, message: impl fmt::Display) -> ConfigError {
        let place = self.places.get(name).copied();
        ConfigError { path: self.path.clone(), place, message: format!("`{name}`: {message}"), is_unreadable: false }
    }
}

/// Settings that cannot be used. Nothing is checked with half of them.
#[derive(Clone, Debug)]
pub(crate) struct ConfigError {
    /// The file with the settings.
    pub(crate) path: Utf8PathBuf,
    /// Line and column, if they are known.
    pub(crate) place: Option<(usize, usize)>,
    /// What is wrong, and what to write.
    pub(crate) message: String,
    /// Whether the file could not be read at all.
    pub(super) is_unreadable: bool,
}

impl ConfigError {
    /// The error in one line, its path as seen from `cwd`.
    pub(crate) fn told(&self, cwd: &Utf8Path) -> String {
        let path = crate::output::shown(&self.path, cwd);
        match self.place {
            Some((line, column)) => format!("{path}:{line}:{column}: {}", self.message),
            None => format!("{path}: {}", self.message),
        }
    }
}

/// The settings of `folder`, if it has any.
pub(super) fn read(folder: &Utf8Path, disk: &Disk) -> Result<Option<Layer>, ConfigError> {
    let own = folder.join("heard.toml");
    let shared = folder.join("pyproject.toml");
    let of_own = if own.exists() { Some(read_file(&own, disk, true)?) } else { None };
    let of_shared = if shared.exists() { Some(read_file(&shared, disk, false)?) } else { None };
    match (of_own.flatten(), of_shared.flatten()) {
        (Some(_), Some(shared)) => {
            let message = "`tool.heard`: a heard.toml stands beside this file: put the settings in one of the two".to_owned();
            Err(ConfigError { path: shared.path, place: shared.places.values().min().copied(), message, is_unreadable: false })
        }
        (own, shared) => Ok(own.or(shared)),
    }
}

/// The settings in one file: of heard's own the whole file, of a shared one the table `tool.heard`.
fn read_file(path: &Utf8Path, disk: &Disk, is_own: bool) -> Result<Option<Layer>, ConfigError> {
    let unreadable = |place, message| ConfigError { path: path.to_owned(), place, message, is_unreadable: true };
    let text = disk.read(path).map_err(|error| unreadable(None, format!("cannot be read: {error}")))?;
    let table = DeTable::parse(&text).map_err(|error| {
        let place = error.span().and_then(|span| place_in(&text, span.start));
        unreadable(place, format!("is not valid TOML: {}", error.message().replace('\n', ", ")))
    })?;
    let fail = |at: usize, message| ConfigError { path: path.to_owned(), place: place_in(&text, at), message, is_unreadable: false };
    let settings = if is_own {
        let span = table.span();
        Some(Spanned::new(span, DeValue::Table(table.into_inner())))
    } else {
        let tool = table.into_inner().remove("tool");
        tool.and_then(|tool| match tool.into_inner() {
            DeValue::Table(mut tool) => tool.remove("heard"),
            _ => None,
        })
    };
    let Some(settings) = settings else { return Ok(None) };
    let Some(keys) = settings.get_ref().as_table() else {
        return Err(fail(settings.span().start, "`tool.heard` is not a table: write `[tool.heard]` and the settings below it".to_owned()));
    };
    if let (true, Some((heading, _))) = (is_own, keys.iter().find(|(name, _)| matches!(name.get_ref().as_ref(), "tool" | "heard"))) {
        return Err(fail(heading.span().start, "in heard.toml the settings stand at the top, under no `[tool.heard]`".to_owned()));
    }
    let names = keys.iter().map(|(name, value)| (name.get_ref().to_string(), name.span().start, value.span()));
    let names: Vec<(String, usize, std::ops::Range<usize>)> = names.collect();
    let places = names.iter().filter_map(|(name, start, _)| Some((name.clone(), place_in(&text, *start)?))).collect();
    let written = written(keys, &text);
    let values = Settings::deserialize(ValueDeserializer::from(settings)).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let setting = names.iter().find(|(_, start, value)| (*start..value.end).contains(&span.start)).map(|(name, ..)| name.as_str());
        fail(span.start, in_words(error.message(), setting))
    })?;
    let folder = path.parent().unwrap_or(path).to_owned();
    let layer = Layer { path: path.to_owned(), folder, settings: values, written, places };
    check_globs(&layer)?;
    Ok(Some(layer))
}

/// Every setting in one line; those that are tables, one line an entry.
fn written(keys: &DeTable, text: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for (name, value) in keys {
        let name = name.get_ref().to_string();
        let mut add = |key: String, value: &Spanned<DeValue>| {
            let source = text.get(value.span()).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            lines.push((name.clone(), format!("{key} = {source}")));
        };
        let Some(table) = value.get_ref().as_table() else {
            add(name.clone(), value);
            continue;
        };
        for (key, value) in table {
            match value.get_ref().as_table() {
                None => add(format!("{name}.{}", key.get_ref()), value),
                Some(inner) => inner.iter().for_each(|(rule, value)| {
                    add(format!("{name}.{:?}.{}", key.get_ref().as_ref(), rule.get_ref()), value);
                }),
            }
        }
    }
    lines
}

fn check_globs(layer: &Layer) -> Result<(), ConfigError> {
    let of_files = layer.settings.per_file.iter().flat_map(|globs| globs.keys()).map(|glob| ("per-file", glob));
    let excluded = layer.settings.exclude.iter().flatten().map(|glob| ("exclude", glob));
    for (name, glob) in excluded.chain(of_files) {
        globs_in(&layer.folder, [glob.as_str()]).map_err(|error| layer.error(name, error))?;
    }
    Ok(())
}

/// Line and column of an offset, from 1; columns are characters.
fn place_in(text: &str, at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    Some((before.matches('\n').count() + 1, before[start..].chars().count() + 1))
}

/// What the deserializer says, in the words of settings, and with the nearest name where one is not known.
fn in_words(message: &str, setting: Option<&str>) -> String {
    let listed: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let ([name, known @ ..], true) = (&listed[..], message.starts_with("unknown field ")) {
        return format!("heard has no setting `{name}`{}", nearest(name, known));
    }
    let setting = setting.map(|setting| format!("`{setting}`: ")).unwrap_or_default();
    if let ([name, known @ ..], true) = (&listed[..], message.starts_with("unknown variant ")) {
        return format!("{setting}`{name}` is none of {}", known.join(", "));
    }
    let message = message.strip_prefix("wanted string or table").map_or(message, |_| "expected a string");
    let types = message.strip_prefix("invalid type: ").and_then(|types| types.split_once(", expected "));
    let Some((found, expected)) = types else { return format!("{setting}{message}") };
    let in_toml = |kind: &str| match kind {
        "sequence" | "a sequence" => "a list".to_owned(),
        "map" | "a map" => "a table".to_owned(),
        "string only" => "a string".to_owned(),
        other => other.to_owned(),
    };
    format!("{setting}expected {}, found {}", in_toml(expected), in_toml(found))
}

fn nearest(name: &str, known: &[&str]) -> String {
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known));
    nearest.map(|nearest| format!("; the nearest is `{nearest}`")).unwrap_or_default()
}
