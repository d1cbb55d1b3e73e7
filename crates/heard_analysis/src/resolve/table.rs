//! The table of one file: what its statements say of names, classes and functions, without any
//! inference. It is plain data, made in one pass, and depends on nothing but the text and the version
//! of Python: neither on the file's path nor on other files.

mod branches;
mod build;
mod locals;
mod shelved;

use ruff_python_ast::name::Name;
use ruff_text_size::TextSize;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::ir::Ir;

pub(crate) use branches::truth;
pub(crate) use build::imported_module;
pub(crate) use locals::{is_class_method, yields};
pub(crate) use shelved::{Shelved, Written};

/// A version of Python, as `(major, minor)`.
pub(crate) type Version = (u8, u8);

/// The table of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileTable {
    /// What the module binds.
    pub(crate) names: NameTable,
    /// The modules whose names it takes over (`from module import *`), in the order of the text.
    pub(crate) stars: Box<[Import]>,
    /// `__all__`, where it is a plain list.
    pub(crate) all: Option<Box<[Name]>>,
    /// The classes, those inside others and in functions included, in the order of the text.
    pub(crate) classes: Box<[ClassTable]>,
    /// The functions, methods and those in functions included, in the order of the text.
    pub(crate) functions: Box<[FunctionTable]>,
}

/// A module as an import names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Import {
    /// How many dots stand before the name.
    pub(crate) level: u8,
    /// The name behind the dots, which may be empty.
    pub(crate) name: Name,
}

/// Names, each with everything that binds it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct NameTable(Box<[(Name, Box<[Slot]>)]>);

impl NameTable {
    /// What binds `name`, or `None` where nothing does.
    pub(crate) fn get(&self, name: &str) -> Option<&[Slot]> {
        let index = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        Some(&self.0[index].1)
    }

    /// Whether anything binds `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All of them, sorted by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &[Slot])> {
        self.0.iter().map(|(name, slots)| (name, &**slots))
    }
}

impl From<FxHashMap<Name, Vec<Slot>>> for NameTable {
    fn from(names: FxHashMap<Name, Vec<Slot>>) -> Self {
        let mut names: Vec<(Name, Box<[Slot]>)> = names.into_iter().map(|(name, slots)| (name, slots.into_boxed_slice())).collect();
        names.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        NameTable(names.into_boxed_slice())
    }
}

/// What binds a name of a module or of a class body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Slot {
    /// `import a.b as c`, or the top of `import a.b`, and whether a stub exports it so.
    Module(Name, bool),
    /// `from module import name`.
    From(Box<FromImport>),
    Function(u32),
    Class(u32),
    Value(Ir),
    /// An annotation, and the value beside it.
    Annotated(Ir, Option<Ir>),
    /// A statement that is not followed.
    Unknown,
    /// What is put into the container that an attribute is: the key, where there is one, and the item.
    Grows(Option<Ir>, Ir),
}

/// `from module import name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FromImport {
    pub(crate) module: Import,
    pub(crate) name: Name,
    /// Whether a stub exports it so (`import name as name`).
    pub(crate) is_exported: bool,
}

/// A function or method.
#[expect(clippy::struct_excessive_bools, reason = "they say different things of one function")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FunctionTable {
    pub(crate) name: Name,
    /// `Class.name`, inside the module.
    pub(crate) qualified: Name,
    /// Where its name stands.
    pub(crate) at: TextSize,
    pub(crate) is_async: bool,
    /// Whether it is a generator.
    pub(crate) yields: bool,
    /// Whether it stands in a function.
    pub(crate) is_inner: bool,
    pub(crate) decorators: Box<[Ir]>,
    /// Those that have a name of their own, in their order.
    pub(crate) parameters: Box<[Parameter]>,
    /// Whether it takes `*args` or `**kwargs`.
    pub(crate) has_rest: bool,
    /// What `*args` is declared as.
    pub(crate) rest: Option<Ir>,
    /// What it is declared to give.
    pub(crate) returns: Option<Ir>,
    /// What its `return`s give, where no annotation says so and all of them can be followed.
    pub(crate) results: Option<Box<[Ir]>>,
    /// The class that it is a method of.
    pub(crate) class: Option<u32>,
    /// The one before it of the same name: overloads, setters.
    pub(crate) before: Option<u32>,
    /// Its type parameters (PEP 695).
    pub(crate) type_parameters: Box<[Name]>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: Name,
    pub(crate) annotation: Option<Ir>,
    pub(crate) has_default: bool,
    pub(crate) kind: ParameterKind,
}

/// How an argument may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ParameterKind {
    Positional,
    PositionalOrNamed,
    Named,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClassTable {
    pub(crate) name: Name,
    /// `Outer.Name`, inside the module.
    pub(crate) qualified: Name,
    /// Where its name stands.
    pub(crate) at: TextSize,
    pub(crate) bases: Box<[Ir]>,
    pub(crate) metaclass: Option<Ir>,
    pub(crate) decorators: Box<[Ir]>,
    /// What its body binds.
    pub(crate) members: NameTable,
    /// What its methods put in attributes of the object: `self.x = …`.
    pub(crate) attributes: NameTable,
    /// The names that its body annotates, in their order: the fields of a dataclass.
    pub(crate) fields: Box<[Name]>,
    /// Its type parameters (PEP 695).
    pub(crate) type_parameters: Box<[Name]>,
    /// The class around it.
    pub(crate) outer: Option<u32>,
}

impl FileTable {
    /// The function whose name stands at `at`.
    pub(crate) fn function_at(&self, at: TextSize) -> Option<u32> {
        let index = self.functions.binary_search_by_key(&at, |function| function.at).ok()?;
        u32::try_from(index).ok()
    }

    /// The class whose name stands at `at`.
    pub(crate) fn class_at(&self, at: TextSize) -> Option<u32> {
        let index = self.classes.binary_search_by_key(&at, |class| class.at).ok()?;
        u32::try_from(index).ok()
    }

    /// Whether `from module import *` takes a name over.
    pub(crate) fn gives_by_star(&self, name: &str) -> bool {
        match &self.all {
            Some(all) => all.iter().any(|known| known == name),
            None => !name.starts_with('_'),
        }
    }

    /// Whether a stub exports a name that it binds. What it only imports for itself, nobody can import from it.
    pub(crate) fn exports(&self, name: &str) -> bool {
        let in_all = || self.all.as_ref().is_some_and(|all| all.iter().any(|known| known == name));
        match self.names.get(name) {
            Some([Slot::From(import)]) => import.is_exported || in_all(),
            Some([Slot::Module(_, is_exported)]) => *is_exported || in_all(),
            _ => true,
        }
    }
}

impl ClassTable {
    /// Whether one of its bases says that it stands for all that has its methods.
    pub(crate) fn is_protocol(&self) -> bool {
        self.bases.iter().any(|base| base.head().last_name().is_some_and(|name| name == "Protocol"))
    }
}

#[cfg(test)]
mod tests;
