//! What is known of the code outside of a program's files, for what these import.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::declared::{self, UnknownName};
use crate::facts::{self, Brought, Models, Names};
use crate::finding::Notice;
use crate::program::{Database, Program};
use crate::resolve::{self, Shelves};
use crate::workers::for_each_file;

/// The modules that a program imports, and what it is told of them.
#[derive(Default)]
pub(crate) struct Outside {
    /// The top-level names of the modules.
    imports: FxHashSet<Name>,
    /// The names of coroutine functions in the standard library.
    standard: FxHashSet<Name>,
    /// The same in each module that was imported at any time, since its files stay as they are.
    modules: FxHashMap<Name, FxHashSet<Name>>,
    /// What the project, and the packages that it imports, say of functions of their own.
    brought: Brought,
    /// What is wrong with the descriptions.
    pub(crate) wrong: Vec<Notice>,
}

/// What an index is told of the code outside.
pub(crate) struct Told {
    /// The names of coroutine functions.
    pub(crate) others: FxHashSet<Name>,
    pub(crate) models: Models,
}

impl Outside {
    /// Looks for the first time.
    ///
    /// # Errors
    /// The names in the project's declarations that nothing has.
    pub(crate) fn read(
        program: &Program,
        names: &[Arc<Names>],
        files: &[Utf8PathBuf],
        threads: usize,
    ) -> Result<(Self, Told), Vec<UnknownName>> {
        let db = &Database::new(&program.shared);
        let standard = resolve::standard_library(db).iter().flat_map(|text| facts::async_names(text).collect::<Vec<_>>()).collect();
        let mut outside = Outside { standard, ..Outside::default() };
        outside.look(program, names, files, threads)?;
        let told = outside.told();
        Ok((outside, told))
    }

    /// Looks again, since some of `names` import other modules than before, or say otherwise what is described. Gives
    /// what to tell the index, where that makes a difference.
    ///
    /// # Errors
    /// As of [`Outside::read`].
    pub(crate) fn read_again(
        &mut self,
        program: &Program,
        names: &[Arc<Names>],
        files: &[Utf8PathBuf],
        threads: usize,
    ) -> Result<Option<Told>, Vec<UnknownName>> {
        let (others, brought) = (self.others(), self.brought.clone());
        self.look(program, names, files, threads)?;
        let is_different = self.brought != brought || self.others() != others;
        Ok(is_different.then(|| self.told()))
    }

    /// Whether it has to look again where a file imports `new` instead of `old`; `names` are those of all files by now.
    pub(crate) fn is_concerned(&self, old: &Names, new: &Names, names: &[Arc<Names>]) -> bool {
        let is_imported = |name: &Name| names.iter().any(|table| table.imports.contains(name));
        // Functions that are described are looked up again: they may be others now.
        let is_described = !self.brought.is_empty() || !self.wrong.is_empty();
        is_described || !new.imports.is_subset(&self.imports) || !old.imports.difference(&new.imports).all(is_imported)
    }

    fn others(&self) -> FxHashSet<Name> {
        let imported = self.imports.iter().filter_map(|name| self.modules.get(name)).flatten();
        self.standard.iter().chain(imported).cloned().collect()
    }

    fn told(&self) -> Told {
        Told { others: self.others(), models: Models::with(self.brought.clone()) }
    }

    fn look(&mut self, program: &Program, names: &[Arc<Names>], files: &[Utf8PathBuf], threads: usize) -> Result<(), Vec<UnknownName>> {
        let db = &Database::new(&program.shared);
        self.imports = names.iter().flat_map(|table| table.imports.iter().cloned()).collect();
        (self.brought, self.wrong) = declared::models(db, &program.declared, files, self.imports.iter().map(Name::as_str))?;
        let fresh: Vec<Name> = self.imports.iter().filter(|name| !self.modules.contains_key(*name)).cloned().collect();
        self.read_modules(db, fresh, files, threads);
        Ok(())
    }

    /// Takes in what stands in the files of some modules: in the packages that are installed, and in modules of the
    /// project that were not listed.
    fn read_modules(&mut self, db: &Database, modules: Vec<Name>, files: &[Utf8PathBuf], threads: usize) {
        // What lies in a folder comes right behind it.
        let is_known = |path: &Utf8Path| {
            let place = files.partition_point(|file| file.as_path() < path);
            files.get(place).is_some_and(|file| file.starts_with(path))
        };
        if modules.is_empty() {
            return;
        }
        let shelves = Shelves::of(db);
        let (mut owners, mut sources) = (Vec::new(), Vec::new());
        for name in modules {
            sources.extend(shelves.files_of_module(db, &name, &is_known));
            owners.resize(sources.len(), name.clone());
            self.modules.insert(name, FxHashSet::default());
        }
        let read = for_each_file(
            db,
            &sources,
            threads,
            |db, _, path| facts::async_names(&db.text(path).unwrap_or_default()).collect::<Vec<_>>(),
            &|| (),
        );
        for (owner, found) in owners.into_iter().zip(read) {
            self.modules.entry(owner).or_default().extend(found.into_iter().flatten());
        }
    }
}
