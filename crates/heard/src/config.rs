//! The table `[tool.heard]` of a project's `pyproject.toml`.

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::Declared;
use toml::de::{DeTable, DeValue};

use crate::system::Disk;

/// The settings that there are.
const SETTINGS: [&str; 2] = ["handled-by", "spawners"];

/// Settings that cannot be used. Nothing is checked with half of them.
#[derive(Debug)]
pub(crate) struct ConfigError {
    /// The file with the settings.
    pub(crate) path: Utf8PathBuf,
    /// Where in it, if that is known.
    pub(crate) line: Option<usize>,
    /// What is wrong, and what to write.
    pub(crate) message: String,
}

/// What the `pyproject.toml` in `root` declares. A file that is no TOML declares nothing: whoever asks
/// for the project's Python tells of it.
pub(crate) fn read(root: &Utf8Path, disk: &Disk) -> Result<Declared, ConfigError> {
    let path = root.join("pyproject.toml");
    let text = if path.exists() { disk.read(&path).unwrap_or_default() } else { String::new() };
    let Ok(table) = DeTable::parse(&text) else { return Ok(Declared::default()) };
    let settings = table.get_ref().get("tool").and_then(|tool| tool.get_ref().as_table()?.get("heard"));
    let Some(settings) = settings else { return Ok(Declared::default()) };
    let fail = |at: usize, message: String| {
        let line = text.get(..at).map(|before| before.matches('\n').count() + 1);
        ConfigError { path: path.clone(), line, message }
    };
    let Some(settings_table) = settings.get_ref().as_table() else {
        return Err(fail(settings.span().start, "`tool.heard` is not a table: write `[tool.heard]` and the settings below it".to_owned()));
    };
    let mut declared = Declared::default();
    for (name, value) in settings_table {
        let list = match name.get_ref().as_ref() {
            "handled-by" => &mut declared.handled_by,
            "spawners" => &mut declared.spawners,
            unknown => return Err(fail(name.span().start, unknown_setting(unknown))),
        };
        *list = names(value.get_ref()).ok_or_else(|| {
            let setting = name.get_ref();
            let example = format!("write for example `{setting} = [\"app.tasks.spawn\"]`");
            fail(value.span().start, format!("`{setting}` in `tool.heard` is not a list of names: {example}"))
        })?;
    }
    Ok(declared)
}

fn names(value: &DeValue) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|name| name.get_ref().as_str().map(str::to_owned)).collect()
}

fn unknown_setting(name: &str) -> String {
    let nearest = SETTINGS.into_iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or_default();
    format!("`tool.heard` has no setting `{name}`; the nearest is `{nearest}`")
}
