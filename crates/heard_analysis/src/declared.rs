//! Models that the project declares in its configuration, and that packages bring in a file of their
//! own: found, read, and put in terms of the places of definition.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ruff_text_size::TextRange;

use crate::facts::{Brought, Problem, Spawner};
use crate::finding::Notice;
use crate::program::{Database, Declared};
use crate::resolve::{self, BroughtFile, Place};

/// The file in which a package says what its functions do with awaitables.
const FILE: &str = "heard-models.toml";

/// A name in the configuration that nothing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The setting.
    pub setting: &'static str,
    /// The name.
    pub name: String,
    /// The name that comes nearest, if one comes near at all.
    pub nearest: Option<String>,
}

/// What the project and the packages that it imports bring, and what is wrong with their files.
pub(crate) fn models<'a>(
    db: &Database,
    declared: &Declared,
    files: &[Utf8PathBuf],
    imports: impl Iterator<Item = &'a str>,
) -> Result<(Brought, Vec<Notice>), Vec<UnknownName>> {
    let mut brought = Brought::default();
    let mut notices = Vec::new();
    let is_readable = |path: &&Utf8PathBuf| db.file(path).is_some();
    let Some(importer) = files.iter().find(is_readable) else { return Ok((brought, notices)) };
    for BroughtFile { path, text, packages } in resolve::files_brought(db, FILE, imports) {
        let place = |name: &str| {
            let is_own = packages.iter().any(|package| name.strip_prefix(package.as_str()).is_some_and(|rest| rest.starts_with('.')));
            if !is_own {
                return Err(match &packages[..] {
                    [package] => format!("is not the package's own: a file describes what begins with `{package}.`"),
                    _ => "is in no package that the file is for: a file describes the package's own functions, and a project's what it imports".to_owned(),
                });
            }
            let found = resolve::place_of(db, importer, name).map(|place| place.name);
            found.ok_or_else(|| "is not defined: write the name as `module.function` or `module.Class.method`".to_owned())
        };
        let problems = match text {
            Ok(text) => brought.add_file(&text, &place).into_iter().map(|problem| notice(&path, Some(&text), problem)).collect(),
            Err(error) => vec![notice(&path, None, Problem { at: None, message: format!("cannot be read: {error}; it is not used") })],
        };
        notices.extend(problems);
    }
    // The project has the last word.
    let mut unknown = Vec::new();
    for name in &declared.spawners {
        match find(db, importer, "spawners", name, files) {
            Ok(Place { name, module, is_async }) => brought.add_spawner(Spawner { name, module, is_async }),
            Err(error) => unknown.push(error),
        }
    }
    for name in &declared.handled_by {
        match find(db, importer, "handled-by", name, files) {
            Ok(place) => brought.add_hearer(place.name),
            Err(error) => unknown.push(error),
        }
    }
    if unknown.is_empty() { Ok((brought, notices)) } else { Err(unknown) }
}

fn find(db: &Database, importer: &Utf8Path, setting: &'static str, name: &str, files: &[Utf8PathBuf]) -> Result<Place, UnknownName> {
    resolve::place_of(db, importer, name).ok_or_else(|| {
        let distance = |known: &String| strsim::damerau_levenshtein(name, known);
        let is_near = |known: &String| distance(known) <= (name.len() / 2).max(3);
        let names = resolve::names_beside(db, importer, name, files);
        let nearest = names.into_iter().min_by_key(|known| (distance(known), known.clone())).filter(is_near);
        UnknownName { setting, name: name.to_owned(), nearest }
    })
}

fn notice(path: &Utf8Path, text: Option<&str>, problem: Problem) -> Notice {
    let position = text.zip(problem.at).map(|(text, at)| resolve::position_in(text, TextRange::empty(at).start()));
    Notice { path: Arc::from(path), position, skipped: false, message: problem.message }
}
