//! Which files speak of a name: where to look for those who call a function.

use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

/// The files of the program, and the names that each of them speaks of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    /// The files, in the order of their tables.
    files: Vec<Utf8PathBuf>,
    /// Those of them that hold tests.
    tests: FxHashSet<usize>,
    /// The files that read attributes of this name or import it, and whether another object than `self` is concerned.
    by_name: FxHashMap<Name, Vec<(usize, bool)>>,
    /// The names that were asked for, where somebody wants to know.
    asked: Option<Arc<Mutex<FxHashSet<Name>>>>,
}

impl Mentions {
    /// Knows of files, of which `is_test` tells those that hold tests. With `keeps_asked`, it takes down what it is
    /// asked for.
    pub(crate) fn new(files: Vec<Utf8PathBuf>, is_test: impl Fn(&Utf8Path) -> bool, keeps_asked: bool) -> Self {
        let tests = files.iter().enumerate().filter(|(_, path)| is_test(path)).map(|(file, _)| file).collect();
        Mentions { files, tests, by_name: FxHashMap::default(), asked: keeps_asked.then(Arc::default) }
    }

    /// The files, in the order of their tables.
    pub(crate) fn files(&self) -> &[Utf8PathBuf] {
        &self.files
    }

    /// The place of a file among the others.
    pub(crate) fn file(&self, path: &Utf8Path) -> Option<usize> {
        self.files.binary_search_by(|file| file.as_path().cmp(path)).ok()
    }

    /// Whether a file holds tests.
    pub(super) fn is_test(&self, file: usize) -> bool {
        self.tests.contains(&file)
    }

    /// Adds a name to what a file speaks of; files come in their order.
    pub(crate) fn add(&mut self, file: usize, name: &Name, is_foreign: bool) {
        self.by_name.entry(name.clone()).or_default().push((file, is_foreign));
    }

    /// Changes whether a file speaks of a name, and of whose attribute.
    pub(crate) fn change(&mut self, file: usize, name: &Name, is_foreign: Option<bool>) {
        let all = self.by_name.entry(name.clone()).or_default();
        match (all.binary_search_by_key(&file, |(file, _)| *file), is_foreign) {
            (Ok(place), Some(is_foreign)) => all[place].1 = is_foreign,
            (Ok(place), None) => drop(all.remove(place)),
            (Err(place), Some(is_foreign)) => all.insert(place, (file, is_foreign)),
            (Err(_), None) => {}
        }
    }

    /// The files that speak of an attribute or global, and whether on another object than `self`.
    pub(crate) fn of(&self, name: &Name) -> &[(usize, bool)] {
        if let Some(asked) = &self.asked {
            asked.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        }
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names that were asked for since [`Mentions::forget_asked`].
    pub(crate) fn asked(&self) -> FxHashSet<Name> {
        self.asked.as_ref().map_or_else(FxHashSet::default, |asked| asked.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Forgets what it was asked for.
    pub(crate) fn forget_asked(&self) {
        if let Some(asked) = &self.asked {
            asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}
