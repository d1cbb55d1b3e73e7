//! Stubs of libraries that are often not installed where heard runs.
//!
//! They lie behind all other search paths, so that an installed library, or the project's own module
//! of that name, is taken first. A stub says little: which functions are async in every release that
//! people use, and what leads to them. What it leaves out is not known.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};

/// The folder that the stubs seem to lie in. Nobody has such a folder.
pub(crate) const FOLDER: &str = "/stubs that come with heard";

/// What stands before the text of each module of a library.
const HEADING: &str = "# module ";

macro_rules! libraries {
    ($($name:literal,)*) => {
        [$(include_str!(concat!("stubs/", $name, ".pyi")),)*]
    };
}

/// A file a library, with all its modules, each under a heading.
static LIBRARIES: &[&str] = &libraries![
    "aiofiles",
    "aiohttp",
    "aiojobs",
    "aiotools",
    "anyio",
    "asyncpg",
    "discord",
    "fastapi",
    "homeassistant",
    "httpx",
    "kubernetes_asyncio",
    "quart",
    "redis",
    "sanic",
    "starlette",
    "tornado",
    "trio",
    "websockets",
];

static MODULES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| LIBRARIES.iter().copied().flat_map(modules).collect());

/// The modules in the file of a library: the name and the text of each.
fn modules(file: &str) -> impl Iterator<Item = (&str, &str)> {
    let start = file.find(HEADING).unwrap_or(file.len());
    file[start..].split(HEADING).filter_map(|part| part.split_once('\n'))
}

/// Whether a file is one of the stubs.
pub(crate) fn holds(path: &Utf8Path) -> bool {
    path.starts_with(FOLDER)
}

/// The text of the stub of a module.
pub(crate) fn stub(module: &str) -> Option<&'static str> {
    MODULES.get(module).copied()
}

/// The path that the stub of a module seems to have.
pub(crate) fn path_of(module: &str) -> Option<Utf8PathBuf> {
    stub(module)?;
    let is_inside = |other: &str| other.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'));
    let end = if MODULES.keys().any(|other| is_inside(other)) { "/__init__" } else { "" };
    Some(format!("{FOLDER}/{}{end}.pyi", module.replace('.', "/")).into())
}

/// The name of the module whose stub seems to lie at a path.
pub(crate) fn module_at(path: &Utf8Path) -> Option<String> {
    let name = path.strip_prefix(FOLDER).ok()?.as_str().strip_suffix(".pyi")?;
    Some(name.strip_suffix("/__init__").unwrap_or(name).replace('/', "."))
}

/// The paths that the stubs of a library's modules seem to have.
pub(crate) fn files_of(library: &str) -> impl Iterator<Item = Utf8PathBuf> + use<'_> {
    let is_of = move |module: &&str| module.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    MODULES.keys().copied().filter(is_of).filter_map(path_of)
}
