//! The source texts outside the project: the stubs of the standard library that speak of
//! awaitables, and the installed packages that the project imports.

use camino::{Utf8Path, Utf8PathBuf};
use ruff_db::Db as _;
use ruff_db::system::{System, SystemPath};
use ruff_db::vendored::VendoredPath;
use ty_module_resolver::{ImportingFile, ModuleName, resolve_module, system_module_search_paths};

use super::path_of;
use crate::program::Database;
use crate::stubs;

/// Those of `imports`, top-level module names, that are neither in the project nor installed.
pub(crate) fn missing_modules<'a>(db: &Database, imports: impl Iterator<Item = &'a str>, importer: &Utf8Path) -> Vec<String> {
    let Some(importer) = db.file(importer) else { return Vec::new() };
    let importer = ImportingFile::File(importer, db.program().resolver_environment(db));
    // A stub says little, so what has nothing else is missing.
    let is_there = |module: ty_module_resolver::Module<'_>| module.file(db).is_none_or(|file| !stubs::holds(&path_of(db, file)));
    let is_missing = |name: &&str| ModuleName::new(name).is_some_and(|name| !resolve_module(db, importer, &name).is_some_and(is_there));
    let mut missing: Vec<String> = imports.filter(is_missing).map(str::to_owned).collect();
    missing.sort();
    missing
}

/// The stubs of the standard library that define coroutine functions.
const STANDARD_LIBRARY: [&str; 4] = ["stdlib/asyncio", "stdlib/contextlib.pyi", "stdlib/unittest/async_case.pyi", "stdlib/types.pyi"];

/// Packages inside each other beyond this are not looked into: they are a symlink loop.
const DEEPEST_PACKAGE: usize = 24;

/// The texts of the standard library's stubs that speak of awaitables.
pub(crate) fn standard_library(db: &Database) -> Vec<String> {
    let read = |path: &VendoredPath| db.vendored().read_to_string(path).unwrap_or_default();
    let mut texts = Vec::new();
    for path in STANDARD_LIBRARY.map(VendoredPath::new) {
        if db.vendored().is_directory(path) {
            texts.extend(db.vendored().read_directory(path).map(|entry| read(entry.path())));
        } else {
            texts.push(read(path));
        }
    }
    texts
}

/// The text of one stub that comes with the engine.
#[cfg(test)]
pub(crate) fn stub(path: &str) -> Option<String> {
    ty_vendored::file_system().read_to_string(path).ok()
}

/// The source files of the modules called so, wherever they may be found. `is_known` says of a file
/// or folder that the project's own tables cover it.
pub(crate) fn files_of_modules<'a>(
    db: &Database,
    names: impl Iterator<Item = &'a str>,
    is_known: &dyn Fn(&Utf8Path) -> bool,
) -> Vec<Utf8PathBuf> {
    let roots: Vec<&SystemPath> = system_module_search_paths(db, db.program().resolver_environment(db)).collect();
    let mut files = Vec::new();
    for name in names {
        for root in &roots {
            for folder in [root.join(name), root.join(format!("{name}-stubs"))] {
                if !is_known(folder.as_utf8_path()) {
                    files_below(db.system(), &folder, DEEPEST_PACKAGE, &mut files);
                }
            }
            for file in [root.join(format!("{name}.py")), root.join(format!("{name}.pyi"))] {
                if !is_known(file.as_utf8_path()) && db.system().is_file(&file) {
                    files.push(file.as_utf8_path().to_owned());
                }
            }
        }
    }
    files
}

/// The text of a file, empty where it cannot be read.
pub(crate) fn text_of(db: &Database, path: &Utf8Path) -> String {
    db.system().read_to_string(SystemPath::new(path)).unwrap_or_default()
}

fn files_below(system: &dyn System, folder: &SystemPath, depth: usize, files: &mut Vec<Utf8PathBuf>) {
    let (Some(depth), Ok(entries)) = (depth.checked_sub(1), system.read_directory(folder)) else { return };
    for path in entries.flatten().map(ruff_db::system::DirectoryEntry::into_path) {
        match path.extension() {
            Some("py" | "pyi") => files.push(path.as_utf8_path().to_owned()),
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
    let roots: Vec<&SystemPath> = system_module_search_paths(db, db.program().resolver_environment(db)).collect();
    let mut files = Vec::new();
    for root in roots.iter().rev() {
        for package in &packages {
            files.extend(file_brought(db, &root.join(package).join(name), vec![(*package).to_owned()]));
        }
        if !matches!(root.file_name(), Some("site-packages" | "dist-packages")) {
            files.extend(file_brought(db, &root.join(name), packages.iter().map(|package| (*package).to_owned()).collect()));
            continue;
        }
        let Ok(entries) = db.system().read_directory(root) else { continue };
        let mut folders: Vec<_> = entries.flatten().map(ruff_db::system::DirectoryEntry::into_path).collect();
        folders.retain(|folder| folder.extension() == Some("dist-info"));
        folders.sort();
        for folder in folders {
            let path = folder.join(name);
            if db.system().is_file(&path) {
                let installed = installed_modules(&text_of(db, folder.join("RECORD").as_utf8_path()));
                if installed.iter().any(|module| packages.contains(&module.as_str())) {
                    files.extend(file_brought(db, &path, installed));
                }
            }
        }
    }
    files
}

fn file_brought(db: &Database, path: &SystemPath, packages: Vec<String>) -> Option<BroughtFile> {
    let is_there = db.system().is_file(path);
    let text = || db.system().read_to_string(path).map_err(|error| error.to_string());
    is_there.then(|| BroughtFile { path: path.as_utf8_path().to_owned(), text: text(), packages })
}

/// The top-level names in a list of installed files.
fn installed_modules(record: &str) -> Vec<String> {
    let first = |line: &str| Some(line.split(['/', ',']).next()?.trim_end_matches(".pyi").trim_end_matches(".py").to_owned());
    let mut modules: Vec<String> = record.lines().filter_map(first).filter(|name| !name.contains('.') && !name.is_empty()).collect();
    modules.sort();
    modules.dedup();
    modules
}
