//! The command `heard config`: what is in force, and which file says it.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{Config, Configs, schema};
use crate::cli::ConfigArguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::output::shown;
use crate::project::Project;
use crate::system::Disk;

/// Prints the settings that are in force, or the schema of all settings.
pub(crate) fn run(arguments: &ConfigArguments, console: Console) -> io::Result<Exit> {
    let text = if arguments.schema { Ok(serde_json::to_string_pretty(&schema())? + "\n") } else { in_force(&arguments.path)? };
    match text {
        Ok(text) => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()?;
            Ok(Exit::Clean)
        }
        Err(message) => {
            console.error(message)?;
            Ok(Exit::Failure)
        }
    }
}

fn in_force(path: &Utf8Path) -> io::Result<Result<String, String>> {
    let cwd = std::env::current_dir()?;
    let Ok(cwd) = Utf8PathBuf::from_path_buf(cwd) else {
        return Ok(Err("the working directory's name is not Unicode".to_owned()));
    };
    let absolute: Utf8PathBuf = cwd.join(path).components().collect();
    if !absolute.exists() {
        return Ok(Err(format!("{path}: there is no such file or folder")));
    }
    let is_folder = absolute.is_dir();
    let folder = if is_folder { &*absolute } else { absolute.parent().unwrap_or(&absolute) };
    let mut configs = Configs::new(&Disk::new(&cwd));
    let home = configs.home.clone();
    let root = Project::around(&absolute, is_folder, home.as_deref()).root;
    Ok(match configs.of(folder, &root) {
        Ok(config) => Ok(config.listed(&cwd)),
        Err(error) => Err(error.told(&cwd)),
    })
}

impl Config {
    /// Every setting as a line of TOML, with the place that says it. What is not set is a comment.
    fn listed(&self, cwd: &Utf8Path) -> String {
        let mut rows: Vec<(String, String)> = Vec::new();
        let none = || "# not set".to_owned();
        for name in setting_names() {
            let layers = self.layers.iter().filter(|layer| layer.line(&name).is_some());
            // Tables are put together from all files, anything else is the nearest one's.
            let count = if matches!(name.as_str(), "rules" | "per-file") { usize::MAX } else { 1 };
            let mut lines: Vec<(String, String)> = Vec::new();
            for layer in layers.take(count) {
                let place = format!("{}:{}", shown(&layer.path, cwd), layer.line(&name).unwrap_or_default());
                let written = layer.written.iter().filter(|(setting, _)| *setting == name);
                lines.extend(written.map(|(_, line)| (line.clone(), place.clone())));
            }
            if lines.is_empty() {
                lines.push((format!("# {name} = {}", default_of(&name)), none()));
            }
            rows.append(&mut lines);
        }
        let width = rows.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default();
        let mut text = String::new();
        for (line, place) in rows {
            let place = if place.starts_with('#') { place } else { format!("# {place}") };
            let _ = writeln!(text, "{line:width$}  {place}");
        }
        text
    }
}

/// The names of all settings, sorted.
fn setting_names() -> Vec<String> {
    let schema = schema();
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// What holds where nothing is set.
fn default_of(name: &str) -> &'static str {
    match name {
        "level" => "\"default\"",
        "tests" => "(as `level`)",
        "select" => "(all rules)",
        "python" => "(the active environment, .venv, or python3)",
        "python-version" => "(the lowest one of requires-python)",
        "src" => "(the project's folder, src and python)",
        "baseline" => "(none)",
        "fix-style" => "(the first that the project has)",
        "rules" | "per-file" => "{}",
        _ => "[]",
    }
}
