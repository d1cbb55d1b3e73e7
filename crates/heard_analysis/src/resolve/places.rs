//! From a dotted name to the place of definition, and the names that might have been meant.

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;

use super::database::{Database, Place as Target};
use super::index::FileId;
use super::resolver::{Reads, Resolver};
use super::table::Slot;
use super::ty::{ClassRef, Link, Ty};

/// Where something is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// As `module.Class.name`.
    pub(crate) name: String,
    /// The module.
    pub(crate) module: String,
    /// Whether it is an `async def`.
    pub(crate) is_async: bool,
}

/// What a dotted name, as `importer` could write it, stands for.
pub(crate) fn place_of(db: &Database, importer: &Utf8Path, name: &str) -> Option<Place> {
    let importer = db.file(importer)?;
    let parts: Vec<&str> = name.split('.').collect();
    (1..parts.len()).rev().find_map(|length| {
        let file = module_file(db, importer, &parts[..length].join("."))?;
        place_in(db, file, &parts[length..])
    })
}

/// The names of the functions, classes and methods in the module that `name` begins with, or else
/// in `files`.
pub(crate) fn names_beside(db: &Database, importer: &Utf8Path, name: &str, files: &[Utf8PathBuf]) -> Vec<String> {
    let Some(importer) = db.file(importer) else { return Vec::new() };
    let parts: Vec<&str> = name.split('.').collect();
    let nearest = (1..parts.len()).rev().find_map(|length| module_file(db, importer, &parts[..length].join(".")));
    match nearest {
        Some(file) => names_in(db, file),
        None => files.iter().filter_map(|path| db.file(path)).flat_map(|file| names_in(db, file)).collect(),
    }
}

fn module_file(db: &Database, importer: FileId, module: &str) -> Option<FileId> {
    match db.import(importer, &Name::new(module))? {
        Target::File(file) => Some(file),
        Target::Namespace(_) => None,
    }
}

fn place_in(db: &Database, module: FileId, rest: &[&str]) -> Option<Place> {
    let (first, inner) = rest.split_first()?;
    let resolver = Resolver { db, reads: Reads::Declarations };
    // As it is written, since a decorator makes something else of it.
    let written = resolver.written(module, &Name::new(first));
    match (written?, inner) {
        (Written::Function(file, index), []) => place(db, file, &db.files().function((file, index)).qualified, index),
        (Written::Class(class), []) => {
            let name = db.files().entry(class.0).qualified(&db.files().class(class).qualified)?;
            Some(Place { name, module: db.files().entry(class.0).module.as_ref()?.to_string(), is_async: false })
        }
        (Written::Value(file, name), []) => {
            let entry = db.files().entry(file);
            Some(Place { name: entry.qualified(&name)?, module: entry.module.as_ref()?.to_string(), is_async: false })
        }
        (Written::Class(class), [method]) => method_of(&resolver, class, method),
        _ => None,
    }
}

fn place(db: &Database, file: FileId, qualified: &str, function: u32) -> Option<Place> {
    let entry = db.files().entry(file);
    let is_async = db.files().function((file, function)).is_async;
    Some(Place { name: entry.qualified(qualified)?, module: entry.module.as_ref()?.to_string(), is_async })
}

/// The method of a class or of what it descends from.
fn method_of(resolver: &Resolver<'_>, class: ClassRef, method: &str) -> Option<Place> {
    let files = resolver.files();
    resolver.order(class).iter().find_map(|link| {
        let Link::Class(home, _) = link else { return None };
        let table = files.class(*home);
        match table.members.get(method)?.last()? {
            Slot::Function(index) => place(resolver.db, home.0, &format!("{}.{method}", table.qualified), *index),
            Slot::Value(_) => {
                let entry = files.entry(home.0);
                let name = entry.qualified(&format!("{}.{method}", table.qualified))?;
                Some(Place { name, module: entry.module.as_ref()?.to_string(), is_async: false })
            }
            _ => None,
        }
    })
}

/// What a name is bound to, through imports.
enum Written {
    Function(FileId, u32),
    Class(ClassRef),
    Value(FileId, Name),
}

impl Resolver<'_> {
    fn written(&self, file: FileId, name: &Name) -> Option<Written> {
        let table = self.files().table(file);
        match table.names.get(name).and_then(<[Slot]>::last) {
            Some(Slot::Function(index)) => Some(Written::Function(file, *index)),
            Some(Slot::Class(index)) => Some(Written::Class((file, *index))),
            Some(Slot::Value(_) | Slot::Annotated(..)) => Some(Written::Value(file, name.clone())),
            _ => match self.global(file, name)? {
                Ty::Function(function) => Some(Written::Function(function.0, function.1)),
                Ty::Class(class) => Some(Written::Class(class)),
                _ => None,
            },
        }
    }
}

fn names_in(db: &Database, file: FileId) -> Vec<String> {
    let entry = db.files().entry(file);
    let Some(module) = &entry.module else { return Vec::new() };
    let functions = entry.table.functions.iter().filter(|function| !function.is_inner).map(|function| &function.qualified);
    let classes = entry.table.classes.iter().map(|class| &class.qualified);
    functions.chain(classes).map(|name| format!("{module}.{name}")).collect()
}
