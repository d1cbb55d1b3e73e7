//! The source texts outside the project: the stubs of the standard library that speak of
//! awaitables, and the installed packages that the project imports.

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::FxHashSet;

use super::database::{Database, Place};
use super::index::Origin;
use super::standard;
use crate::stubs;
use crate::system::System;

/// Packages inside each other beyond this are not looked into: they are a symlink loop.
const DEEPEST_PACKAGE: usize = 24;

/// Those of `imports`, top-level module names, that are neither in the project nor installed.
pub(crate) fn missing_modules<'a>(db: &Database, imports: impl Iterator<Item = &'a str>, importer: &Utf8Path) -> Vec<String> {
    let Some(importer) = db.file(importer) else { return Vec::new() };
    // A stub says little, so what has nothing else is missing.
    let is_there = |name: &&str| match db.import(importer, &Name::new(name)) {
        Some(Place::File(file)) => db.files().entry(file).origin != Origin::Ours,
        Some(Place::Namespace(_)) => true,
        None => false,
    };
    let mut missing: Vec<String> = imports.filter(|name| !is_there(name)).map(str::to_owned).collect();
    missing.sort();
    missing
}

/// The texts of the standard library's stubs that speak of awaitables.
pub(crate) fn standard_library(db: &Database) -> Vec<String> {
    standard::modules_of_awaitables().filter_map(|module| standard::text(module, db.shared.version)).collect()
}

/// The text of one stub of the standard library.
#[cfg(test)]
pub(crate) fn stub(module: &str) -> Option<String> {
    standard::text(module, (3, 14))
}

/// The folders that modules are looked for in, each with what lies there: a large program imports many modules, and most
/// of them lie in one of these folders or in none.
pub(crate) struct Shelves(Vec<(Utf8PathBuf, FxHashSet<Utf8PathBuf>)>);

impl Shelves {
    pub(crate) fn of(db: &Database) -> Self {
        let with_entries = |root: Utf8PathBuf| {
            let entries = db.system().read_directory(&root).unwrap_or_default();
            (root, entries.into_iter().collect())
        };
        let roots: Vec<Utf8PathBuf> = db.roots(|roots| roots.all().cloned().collect());
        Shelves(roots.into_iter().map(with_entries).collect())
    }

    /// The source files of the module called `name`, wherever they may be found. `is_known` says of a file
    /// or folder that the project's own tables cover it.
    pub(crate) fn files_of_module(&self, db: &Database, name: &str, is_known: &dyn Fn(&Utf8Path) -> bool) -> Vec<Utf8PathBuf> {
        let system = db.system();
        let mut files = Vec::new();
        for (root, listed) in &self.0 {
            let is_new = |path: &Utf8PathBuf| listed.contains(path) && !is_known(path);
            for folder in [root.join(name), root.join(format!("{name}-stubs"))].iter().filter(|folder| is_new(folder)) {
                if system.is_directory(folder) {
                    files_below(system, folder, DEEPEST_PACKAGE, &mut files);
                }
            }
            let modules = [root.join(format!("{name}.py")), root.join(format!("{name}.pyi"))];
            files.extend(modules.into_iter().filter(|file| is_new(file) && system.is_file(file)));
        }
        files.extend(stubs::files_of(name));
        files
    }
}

fn files_below(system: &dyn System, folder: &Utf8Path, depth: usize, files: &mut Vec<Utf8PathBuf>) {
    let (Some(depth), Ok(entries)) = (depth.checked_sub(1), system.read_directory(folder)) else { return };
    for path in entries {
        match path.extension() {
            Some("py" | "pyi") => files.push(path),
            None => files_below(system, &path, depth, files),
            _ => {}
        }
    }
}

/// A file that a package, or the project, brings beside its modules.
pub(crate) struct BroughtFile {
    pub(crate) path: Utf8PathBuf,
    pub(crate) text: Result<String, String>,
    /// The top-level names of the modules that it belongs to.
    pub(crate) packages: Vec<String>,
}

/// The files called `name` of the packages called so: in the package's folder, or in the folder of
/// metadata that was installed with it. The project's own come last, and the one beside its modules may
/// speak of all of them.
pub(crate) fn files_brought<'a>(db: &Database, name: &str, packages: impl Iterator<Item = &'a str>) -> Vec<BroughtFile> {
    let mut packages: Vec<&str> = packages.collect();
    packages.sort_unstable();
    let roots: Vec<Utf8PathBuf> = db.roots(|roots| roots.all().cloned().collect());
    let mut files = Vec::new();
    for root in roots.iter().rev() {
        for package in &packages {
            files.extend(file_brought(db, &root.join(package).join(name), vec![(*package).to_owned()]));
        }
        if !matches!(root.file_name(), Some("site-packages" | "dist-packages")) {
            files.extend(file_brought(db, &root.join(name), packages.iter().map(|package| (*package).to_owned()).collect()));
            continue;
        }
        let Ok(mut folders) = db.system().read_directory(root) else { continue };
        folders.retain(|folder| folder.extension() == Some("dist-info"));
        folders.sort();
        for folder in folders {
            let path = folder.join(name);
            if db.system().is_file(&path) {
                let installed = installed_modules(&db.text(&folder.join("RECORD")).unwrap_or_default());
                if installed.iter().any(|module| packages.contains(&module.as_str())) {
                    files.extend(file_brought(db, &path, installed));
                }
            }
        }
    }
    files
}

fn file_brought(db: &Database, path: &Utf8Path, packages: Vec<String>) -> Option<BroughtFile> {
    db.system().is_file(path).then(|| BroughtFile { path: path.to_owned(), text: db.text(path), packages })
}

/// The top-level names in a list of installed files.
fn installed_modules(record: &str) -> Vec<String> {
    let first = |line: &str| Some(line.split(['/', ',']).next()?.trim_end_matches(".pyi").trim_end_matches(".py").to_owned());
    let mut modules: Vec<String> = record.lines().filter_map(first).filter(|name| !name.contains('.') && !name.is_empty()).collect();
    modules.sort();
    modules.dedup();
    modules
}
