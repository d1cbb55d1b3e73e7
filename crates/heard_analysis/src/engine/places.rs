//! From a dotted name to the place of definition, and the names that might have been meant.

use camino::{Utf8Path, Utf8PathBuf};
use ruff_db::files::File;
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtImportFrom};
use ty_module_resolver::{ImportingFile, ModuleName, file_to_module, resolve_module};
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_semantic::{ImportAliasResolution, ResolvedDefinition, definitions_for_imported_symbol};

use super::{Module, catch, qualified_name};
use crate::program::Database;

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
    let importer = Module::open(db, importer).ok()?;
    let parts: Vec<&str> = name.split('.').collect();
    (1..parts.len()).rev().find_map(|length| {
        let (module, rest) = (parts[..length].join("."), &parts[length..]);
        module_file(db, &importer, &module)?;
        catch(|| place_in(db, &importer, &module, rest)).ok().flatten()
    })
}

/// The names of the functions, classes and methods in the module that `name` begins with, or else
/// in `files`.
pub(crate) fn names_beside(db: &Database, importer: &Utf8Path, name: &str, files: &[Utf8PathBuf]) -> Vec<String> {
    let Ok(module) = Module::open(db, importer) else { return Vec::new() };
    let parts: Vec<&str> = name.split('.').collect();
    let nearest = (1..parts.len()).rev().find_map(|length| module_file(db, &module, &parts[..length].join(".")));
    match nearest {
        Some(file) => names_in(db, file),
        None => files.iter().filter_map(|path| db.file(path)).flat_map(|file| names_in(db, file)).collect(),
    }
}

fn module_file(db: &Database, importer: &Module, module: &str) -> Option<File> {
    let importer = ImportingFile::File(importer.file.file(db), db.program().resolver_environment(db));
    resolve_module(db, importer, &ModuleName::new(module)?)?.file(db)
}

fn place_in<'db>(db: &'db Database, importer: &Module<'db>, module: &str, rest: &[&str]) -> Option<Place> {
    let (first, inner) = rest.split_first()?;
    let import = import_of(module, first)?;
    let resolved = definitions_for_imported_symbol(&importer.model, &import, first, ImportAliasResolution::ResolveAliases);
    let definition = resolved.into_iter().find_map(|resolved| match resolved {
        ResolvedDefinition::Definition(definition) => Some(definition),
        _ => None,
    })?;
    match inner {
        [] => Some(Place {
            name: qualified_name(db, definition)?,
            module: Module::load(db, definition.program_file(db)).name()?,
            is_async: is_async(db, definition),
        }),
        [method] => method_of(db, definition, method),
        _ => None,
    }
}

/// The statement `from module import name`.
fn import_of(module: &str, name: &str) -> Option<StmtImportFrom> {
    let parsed = ruff_python_parser::parse_module(&format!("from {module} import {name}")).ok()?;
    match parsed.into_suite().into_iter().next()? {
        Stmt::ImportFrom(import) => Some(import),
        _ => None,
    }
}

fn is_async<'db>(db: &'db Database, definition: Definition<'db>) -> bool {
    let DefinitionKind::Function(node) = definition.kind(db) else { return false };
    node.node(&Module::load(db, definition.program_file(db)).parsed).is_async
}

/// The method of a class or of what it descends from.
fn method_of<'db>(db: &'db Database, class: Definition<'db>, method: &str) -> Option<Place> {
    let DefinitionKind::Class(node) = class.kind(db) else { return None };
    let module = Module::load(db, class.program_file(db));
    let node = node.node(&module.parsed);
    let place = |class: Option<String>, module: &Module, is_async| {
        Some(Place { name: format!("{}.{method}", class?), module: module.name()?, is_async })
    };
    let mut found = own_method(node, method).and_then(|is_async| place(qualified_name(db, class), &module, is_async));
    module.each_ancestor(node, &mut |ancestor| {
        if found.is_none() {
            found = own_method(ancestor.class, method).and_then(|is_async| place(ancestor.name.clone(), ancestor.module, is_async));
        }
    });
    found
}

/// Whether a method that the class defines is async.
fn own_method(class: &StmtClassDef, method: &str) -> Option<bool> {
    class.body.iter().find_map(|statement| match statement {
        Stmt::FunctionDef(function) if function.name.as_str() == method => Some(function.is_async),
        Stmt::Assign(assignment) => {
            let binds = |target: &Expr| matches!(target, Expr::Name(name) if name.id == *method);
            assignment.targets.iter().any(binds).then_some(false)
        }
        _ => None,
    })
}

fn names_in(db: &Database, file: File) -> Vec<String> {
    let file = db.program().program_file(db, file);
    let Some(module) = file_to_module(db, file.resolver_file(db)) else { return Vec::new() };
    let module = module.name(db).as_str();
    let mut names = Vec::new();
    for statement in Module::load(db, file).body() {
        match statement {
            Stmt::FunctionDef(function) => names.push(format!("{module}.{}", function.name)),
            Stmt::ClassDef(class) => {
                names.push(format!("{module}.{}", class.name));
                let methods = class.body.iter().filter_map(Stmt::as_function_def_stmt);
                names.extend(methods.map(|method| format!("{module}.{}.{}", class.name, method.name)));
            }
            _ => {}
        }
    }
    names
}
