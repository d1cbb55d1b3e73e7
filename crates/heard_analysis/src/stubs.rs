//! Stubs of libraries that are often not installed where heard runs, as a file system of their own.
//!
//! They lie behind all other search paths, so that an installed library, or the project's own module
//! of that name, is taken first. A stub says little: which functions are async in every release that
//! people use, and what leads to them. What it leaves out is not known.

use std::any::Any;
use std::env::VarError;
use std::io;
use std::sync::{Arc, LazyLock};

use camino::Utf8Path;
use ruff_db::system::walk_directory::WalkDirectoryBuilder;
use ruff_db::system::{
    CommandExecutor, DirectoryEntry, MemoryFileSystem, Metadata, System, SystemPath, SystemPathBuf, SystemVirtualPath, WhichResult,
    WritableSystem,
};
use ruff_notebook::{Notebook, NotebookError};

/// The folder that the stubs seem to lie in. Nobody has such a folder.
const FOLDER: &str = "/stubs that come with heard";

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

static FILES: LazyLock<MemoryFileSystem> = LazyLock::new(|| {
    let files = MemoryFileSystem::new();
    for (module, text) in LIBRARIES.iter().copied().flat_map(modules) {
        let is_inside = |other: &str| other.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'));
        let is_package = LIBRARIES.iter().copied().flat_map(modules).any(|(other, _)| is_inside(other));
        let path = format!("{FOLDER}/{}{}.pyi", module.replace('.', "/"), if is_package { "/__init__" } else { "" });
        // Nothing but the memory's end stops this, and without the stub its module is not known.
        let _ = files.write_file_all(path, text);
    }
    files
});

/// The modules in the file of a library: the name and the text of each.
fn modules(file: &str) -> impl Iterator<Item = (&str, &str)> {
    let start = file.find(HEADING).unwrap_or(file.len());
    file[start..].split(HEADING).filter_map(|part| part.split_once('\n'))
}

/// The folder of the stubs, as a search path.
pub(crate) fn folder() -> SystemPathBuf {
    SystemPathBuf::from(FOLDER)
}

/// Whether a file is one of the stubs.
pub(crate) fn holds(path: &Utf8Path) -> bool {
    path.starts_with(FOLDER)
}

/// The text of the stub of a module.
#[cfg(test)]
pub(crate) fn stub(module: &str) -> Option<String> {
    LIBRARIES.iter().copied().flat_map(modules).find(|(name, _)| *name == module).map(|(_, text)| text.to_owned())
}

/// A system that has the stubs beside its own files.
#[derive(Clone, Debug)]
pub(crate) struct WithStubs(pub(crate) Arc<dyn System>);

/// The stubs, where `path` lies among them.
fn files_of(path: &SystemPath) -> Option<&'static MemoryFileSystem> {
    holds(path.as_utf8_path()).then(|| &*FILES)
}

impl System for WithStubs {
    fn path_metadata(&self, path: &SystemPath) -> io::Result<Metadata> {
        files_of(path).map_or_else(|| self.0.path_metadata(path), |files| files.metadata(path))
    }

    fn canonicalize_path(&self, path: &SystemPath) -> io::Result<SystemPathBuf> {
        files_of(path).map_or_else(|| self.0.canonicalize_path(path), |files| files.canonicalize(path))
    }

    fn is_same_file(&self, first: &SystemPath, second: &SystemPath) -> io::Result<bool> {
        if files_of(first).or(files_of(second)).is_some() { Ok(first == second) } else { self.0.is_same_file(first, second) }
    }

    fn which(&self, binary_name: &str) -> WhichResult {
        self.0.which(binary_name)
    }

    fn command_executor(&self) -> Option<&dyn CommandExecutor> {
        self.0.command_executor()
    }

    fn read_to_string(&self, path: &SystemPath) -> io::Result<String> {
        files_of(path).map_or_else(|| self.0.read_to_string(path), |files| files.read_to_string(path))
    }

    fn read_to_notebook(&self, path: &SystemPath) -> Result<Notebook, NotebookError> {
        self.0.read_to_notebook(path)
    }

    fn read_virtual_path_to_string(&self, path: &SystemVirtualPath) -> io::Result<String> {
        self.0.read_virtual_path_to_string(path)
    }

    fn read_virtual_path_to_notebook(&self, path: &SystemVirtualPath) -> Result<Notebook, NotebookError> {
        self.0.read_virtual_path_to_notebook(path)
    }

    fn path_exists(&self, path: &SystemPath) -> bool {
        files_of(path).map_or_else(|| self.0.path_exists(path), |files| files.exists(path))
    }

    fn is_directory(&self, path: &SystemPath) -> bool {
        files_of(path).map_or_else(|| self.0.is_directory(path), |files| files.is_directory(path))
    }

    fn is_file(&self, path: &SystemPath) -> bool {
        files_of(path).map_or_else(|| self.0.is_file(path), |files| files.is_file(path))
    }

    fn current_directory(&self) -> &SystemPath {
        self.0.current_directory()
    }

    fn user_config_directory(&self) -> Option<SystemPathBuf> {
        self.0.user_config_directory()
    }

    fn cache_dir(&self) -> Option<SystemPathBuf> {
        self.0.cache_dir()
    }

    fn read_directory<'a>(&'a self, path: &SystemPath) -> io::Result<Box<dyn Iterator<Item = io::Result<DirectoryEntry>> + 'a>> {
        match files_of(path) {
            Some(files) => Ok(Box::new(files.read_directory(path)?)),
            None => self.0.read_directory(path),
        }
    }

    fn walk_directory(&self, path: &SystemPath) -> WalkDirectoryBuilder {
        self.0.walk_directory(path)
    }

    fn env_var(&self, name: &str) -> Result<String, VarError> {
        self.0.env_var(name)
    }

    fn as_writable(&self) -> Option<&dyn WritableSystem> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn dyn_clone(&self) -> Box<dyn System> {
        Box::new(self.clone())
    }
}
