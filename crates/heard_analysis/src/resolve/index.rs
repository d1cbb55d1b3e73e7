//! The files that are known, each with its table, by number, path and the name that imports have for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::table::{ClassTable, FileTable, FunctionTable, Shelved};
use super::ty::{ClassRef, FunctionRef};

/// A file that is known. The numbers say nothing of an order.
pub(crate) type FileId = u32;

/// A file and its table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: Arc<Utf8Path>,
    /// As imports name it, where they can.
    pub(crate) module: Option<Name>,
    /// The folder that its absolute imports are looked for in first.
    pub(crate) root: Arc<str>,
    pub(crate) origin: Origin,
    pub(crate) table: Arc<Shelved>,
    /// Whether somebody has asked for it since [`Files::forget_reads`].
    is_read: AtomicBool,
}

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Project,
    StandardLibrary,
    Installed,
    /// A stub that comes with heard, which leaves much out.
    Ours,
}

impl Entry {
    pub(crate) fn new(path: Arc<Utf8Path>, module: Option<Name>, root: Arc<str>, origin: Origin, table: Arc<Shelved>) -> Self {
        Entry { path, module, root, origin, table, is_read: AtomicBool::new(false) }
    }

    /// Whether only declarations are known, and no bodies.
    pub(crate) fn is_stub(&self) -> bool {
        self.path.extension() == Some("pyi")
    }

    /// Whether other modules lie in its folder.
    pub(crate) fn is_package(&self) -> bool {
        self.path.file_stem() == Some("__init__")
    }

    /// Whether imports call it so.
    pub(crate) fn is_module(&self, name: &str) -> bool {
        self.module.as_ref().is_some_and(|module| module == name)
    }

    /// `module.name`, or `None` for a file that no import can name.
    pub(crate) fn qualified(&self, name: &str) -> Option<String> {
        self.module.as_ref().map(|module| format!("{module}.{name}"))
    }
}

/// All files that are known. More are added as they are asked for; none goes.
#[derive(Debug, Default)]
pub(crate) struct Files {
    entries: boxcar::Vec<Entry>,
    by_path: RwLock<FxHashMap<Arc<Utf8Path>, FileId>>,
}

impl Files {
    /// The number of the file at `path`, where it is known.
    pub(crate) fn find(&self, path: &Utf8Path) -> Option<FileId> {
        self.by_path.read().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }

    /// Adds a file, or gives the number that it has already.
    pub(crate) fn add(&self, entry: Entry) -> FileId {
        let mut by_path = self.by_path.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_path.get(&entry.path) {
            return *known;
        }
        let path = Arc::clone(&entry.path);
        let id = FileId::try_from(self.entries.push(entry)).unwrap_or(FileId::MAX);
        by_path.insert(path, id);
        id
    }

    pub(crate) fn entry(&self, file: FileId) -> &Entry {
        let entry = &self.entries[file as usize];
        // To look first spares the threads each other's caches.
        if !entry.is_read.load(Ordering::Relaxed) {
            entry.is_read.store(true, Ordering::Relaxed);
        }
        entry
    }

    /// Takes the table of a file for another one. What holds the number of the file goes on holding it.
    pub(crate) fn replace(&mut self, file: FileId, table: Arc<Shelved>) {
        if let Some(entry) = self.entries.get_mut(file as usize) {
            entry.table = table;
        }
    }

    /// Begins to take down which files are asked for.
    pub(crate) fn forget_reads(&self) {
        self.entries.iter().for_each(|(_, entry)| entry.is_read.store(false, Ordering::Relaxed));
    }

    /// The files that were asked for since then.
    pub(crate) fn reads(&self) -> FxHashSet<FileId> {
        let read = self.entries.iter().filter(|(_, entry)| entry.is_read.load(Ordering::Relaxed));
        read.filter_map(|(file, _)| FileId::try_from(file).ok()).collect()
    }

    pub(crate) fn table(&self, file: FileId) -> &FileTable {
        &self.entry(file).table
    }

    pub(crate) fn class(&self, class: ClassRef) -> &ClassTable {
        &self.table(class.0).classes[class.1 as usize]
    }

    pub(crate) fn function(&self, function: FunctionRef) -> &FunctionTable {
        &self.table(function.0).functions[function.1 as usize]
    }

    /// Whether a class is the one called `name` in the module called `module`.
    pub(crate) fn is_class(&self, class: ClassRef, module: &str, name: &str) -> bool {
        self.class(class).qualified == name && self.entry(class.0).is_module(module)
    }
}
