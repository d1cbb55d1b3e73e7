//! The interface through which the analyser sees files, and an implementation of it for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};
use std::{fmt, io};

use camino::{Utf8Path, Utf8PathBuf};
pub use ruff_notebook::{Notebook, NotebookError};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// What tells of a file, without reading it, that it is as it was: equal stamps, equal texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp(pub(crate) u128);

impl Stamp {
    /// The stamp of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Stamp(xxh3_128(text.as_bytes()))
    }

    /// The stamp of what is made of these parts.
    #[must_use]
    pub fn of(parts: &[u64]) -> Self {
        let mut hash = Xxh3::new();
        for part in parts {
            hash.update(&part.to_le_bytes());
        }
        Stamp(hash.digest128())
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// What the analyser sees of the machine that it runs on. All paths are absolute.
pub trait System: fmt::Debug + Send + Sync {
    /// The decoded text of a file.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read as text.
    fn read_to_string(&self, path: &Utf8Path) -> io::Result<String>;

    /// The stamp of a file; nothing where it cannot be told without reading whether the file is as it was.
    fn stamp(&self, path: &Utf8Path) -> Option<Stamp>;

    /// Whether there is a file at `path`.
    fn is_file(&self, path: &Utf8Path) -> bool;

    /// Whether there is a folder at `path`.
    fn is_directory(&self, path: &Utf8Path) -> bool;

    /// The paths of what lies in a folder, in no order.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be read.
    fn read_directory(&self, path: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>>;

    /// The real path behind links.
    ///
    /// # Errors
    /// When there is nothing at `path`.
    fn canonicalize(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf>;

    /// The value of an environment variable, where it is set and Unicode.
    fn env_var(&self, name: &str) -> Option<String>;

    /// Where the cells of a notebook end in its text, in bytes; nothing where there is no notebook at `path`.
    fn cell_ends(&self, path: &Utf8Path) -> Vec<usize>;
}

/// Files that exist in memory only.
#[derive(Debug, Default)]
pub struct InMemorySystem {
    files: MemoryFiles,
}

/// The files of an [`InMemorySystem`].
#[derive(Debug, Default)]
pub struct MemoryFiles(RwLock<Tree>);

#[derive(Debug, Default)]
struct Tree {
    texts: BTreeMap<Utf8PathBuf, String>,
    folders: BTreeSet<Utf8PathBuf>,
}

impl InMemorySystem {
    /// The files, to be written.
    #[must_use]
    pub fn fs(&self) -> &MemoryFiles {
        &self.files
    }
}

impl MemoryFiles {
    /// Writes a file, and makes the folders around it.
    ///
    /// # Errors
    /// When a folder has that path.
    pub fn write_file_all(&self, path: impl AsRef<Utf8Path>, text: impl Into<String>) -> io::Result<()> {
        let path = path.as_ref();
        let mut tree = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if tree.folders.contains(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        tree.folders.extend(path.ancestors().skip(1).map(Utf8Path::to_owned));
        tree.texts.insert(path.to_owned(), text.into());
        Ok(())
    }

    fn read<T>(&self, read: impl FnOnce(&Tree) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl System for InMemorySystem {
    fn read_to_string(&self, path: &Utf8Path) -> io::Result<String> {
        self.files.read(|tree| tree.texts.get(path).cloned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn stamp(&self, _: &Utf8Path) -> Option<Stamp> {
        None
    }

    fn is_file(&self, path: &Utf8Path) -> bool {
        self.files.read(|tree| tree.texts.contains_key(path))
    }

    fn is_directory(&self, path: &Utf8Path) -> bool {
        self.files.read(|tree| tree.folders.contains(path))
    }

    fn read_directory(&self, path: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
        if !self.is_directory(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let is_inside = |other: &&Utf8PathBuf| other.parent() == Some(path);
        Ok(self.files.read(|tree| tree.texts.keys().chain(&tree.folders).filter(is_inside).cloned().collect()))
    }

    fn canonicalize(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        if self.is_file(path) || self.is_directory(path) { Ok(path.to_owned()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn env_var(&self, _: &str) -> Option<String> {
        None
    }

    fn cell_ends(&self, _: &Utf8Path) -> Vec<usize> {
        Vec::new()
    }
}
