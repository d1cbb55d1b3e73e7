//! The standard library, as typeshed describes it: its tables are part of the program, and each is read
//! when somebody asks for its module.

mod archive;
mod outline;

use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};

use super::table::{FileTable, Version};
use archive::Archive;

pub use archive::{Described, pack};

/// The folder that the standard library seems to lie in. Nobody has such a folder.
pub(crate) const FOLDER: &str = "/standard library that comes with heard";

static LIBRARY: LazyLock<Archive> = LazyLock::new(|| Archive::open(include_bytes!("typeshed.bin")));

/// The path that a module of the standard library seems to have, where this version of Python has it.
pub(crate) fn path_of(name: &str, version: Version) -> Option<Utf8PathBuf> {
    let end = if LIBRARY.is_package(name, version)? { "/__init__" } else { "" };
    Some(format!("{FOLDER}/{}{end}.pyi", name.replace('.', "/")).into())
}

/// Whether a file is one of the standard library.
pub(crate) fn holds(path: &Utf8Path) -> bool {
    path.starts_with(FOLDER)
}

/// The name of the module that seems to lie at a path.
pub(crate) fn module_at(path: &Utf8Path) -> Option<String> {
    let name = path.strip_prefix(FOLDER).ok()?.as_str().strip_suffix(".pyi")?;
    Some(name.strip_suffix("/__init__").unwrap_or(name).replace('/', "."))
}

/// The table of a module.
pub(crate) fn table(name: &str, version: Version) -> Option<FileTable> {
    LIBRARY.table(name, version)
}

/// What the table of a module says, as the text of a stub.
pub(crate) fn text(name: &str, version: Version) -> Option<String> {
    table(name, version).map(|table| outline::outline(&table))
}

/// The modules whose functions may give awaitables without looking like it.
pub(crate) fn modules_of_awaitables() -> impl Iterator<Item = &'static str> {
    let is_one = |name: &&str| matches!(*name, "asyncio" | "contextlib" | "types" | "unittest.async_case") || name.starts_with("asyncio.");
    LIBRARY.names().filter(is_one)
}
