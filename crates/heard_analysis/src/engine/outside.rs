//! The source texts outside the project: the stubs of the standard library that speak of
//! awaitables, and the installed packages that the project imports.

use camino::Utf8Path;
use ruff_db::system::{System, SystemPath, SystemPathBuf};
use ty_module_resolver::{ImportingFile, ModuleName, resolve_module, system_module_search_paths};

use crate::program::Database;

/// Those of `imports`, top-level module names, that are neither in the project nor installed.
pub(crate) fn missing_modules<'a>(db: &Database, imports: impl Iterator<Item = &'a str>, importer: &Utf8Path) -> Vec<String> {
    let Some(importer) = db.file(importer) else { return Vec::new() };
    let importer = ImportingFile::File(importer, db.program().resolver_environment(db));
    let is_missing = |name: &&str| ModuleName::new(name).is_some_and(|name| resolve_module(db, importer, &name).is_none());
    let mut missing: Vec<String> = imports.filter(is_missing).map(str::to_owned).collect();
    missing.sort();
    missing
}

/// The stubs of the standard library that define coroutine functions.
const STANDARD_LIBRARY: [&str; 4] = ["stdlib/asyncio", "stdlib/contextlib.pyi", "stdlib/unittest/async_case.pyi", "stdlib/types.pyi"];

/// Packages inside each other beyond this are not looked into: they are a symlink loop.
const DEEPEST_PACKAGE: usize = 24;

/// Calls `take` with each text outside the project. `imports` are top-level module names; `is_known`
/// says of a file or folder that the project's own tables cover it.
pub(crate) fn for_each_outside_text<'a>(
    db: &Database,
    imports: impl Iterator<Item = &'a str>,
    is_known: &dyn Fn(&Utf8Path) -> bool,
    mut take: impl FnMut(&str),
) {
    use ruff_db::Db as _;
    for path in STANDARD_LIBRARY {
        let Some(folder) = db.vendored().is_directory(path).then(|| db.vendored().read_directory(path)) else {
            take(&db.vendored().read_to_string(path).unwrap_or_default());
            continue;
        };
        for entry in folder {
            take(&db.vendored().read_to_string(entry.path()).unwrap_or_default());
        }
    }
    let roots: Vec<&SystemPath> = system_module_search_paths(db, db.program().resolver_environment(db)).collect();
    for name in imports {
        for root in &roots {
            for folder in [root.join(name), root.join(format!("{name}-stubs"))] {
                if !is_known(folder.as_utf8_path()) {
                    folder_texts(db.system(), &folder, DEEPEST_PACKAGE, &mut take);
                }
            }
            for file in [root.join(format!("{name}.py")), root.join(format!("{name}.pyi"))] {
                if !is_known(file.as_utf8_path()) {
                    file_text(db.system(), &file, &mut take);
                }
            }
        }
    }
}

fn folder_texts(system: &dyn System, folder: &SystemPath, depth: usize, take: &mut impl FnMut(&str)) {
    let (Some(depth), Ok(entries)) = (depth.checked_sub(1), system.read_directory(folder)) else { return };
    let mut paths: Vec<SystemPathBuf> = entries.flatten().map(ruff_db::system::DirectoryEntry::into_path).collect();
    paths.sort();
    for path in paths {
        match path.extension() {
            Some("py" | "pyi") => file_text(system, &path, take),
            None => folder_texts(system, &path, depth, take),
            _ => {}
        }
    }
}

fn file_text(system: &dyn System, file: &SystemPath, take: &mut impl FnMut(&str)) {
    if let Ok(text) = system.read_to_string(file) {
        take(&text);
    }
}
