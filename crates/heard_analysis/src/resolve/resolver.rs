//! The one who answers: what names of modules stand for.

use ruff_python_ast::name::Name;

use super::database::{Database, Place};
use super::index::{FileId, Files};
use super::ir::{Arg, Ir};
use super::memo::{Key, Value};
use super::scope::Scopes;
use super::table::{FileTable, FromImport, Import, Slot};
use super::ty::{ClassRef, Ty, VarId};

/// Answers questions about types.
#[derive(Clone, Copy)]
pub(super) struct Resolver<'r> {
    pub(super) db: &'r Database,
    pub(super) reads: Reads,
}

/// What an answer may rest on, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reads {
    /// What declarations say.
    Declarations,
    /// What the bodies of functions without annotations give as well. Where that is all that is known, an answer is good
    /// enough to find a method, and not to say what a value cannot be.
    Bodies,
    /// What callers give for parameters without annotations as well.
    Callers,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct At<'c> {
    pub(super) file: FileId,
    /// The class whose body it stands in.
    pub(super) class: Option<u32>,
    /// The type parameters of the function or class that it belongs to.
    pub(super) type_parameters: &'c [Name],
    /// What `self` and `Self` are.
    pub(super) own: Option<&'c Ty>,
    pub(super) subst: &'c [(VarId, Ty)],
    /// The scopes of the file, where its text is at hand.
    pub(super) scopes: Option<&'c Scopes<'c>>,
}

impl At<'_> {
    pub(super) fn module(file: FileId) -> Self {
        At { file, class: None, type_parameters: &[], own: None, subst: &[], scopes: None }
    }
}

/// Members of `typing` that stand for classes elsewhere.
const ALIASES: [(&str, &str, &str); 9] = [
    ("List", "builtins", "list"),
    ("Dict", "builtins", "dict"),
    ("Set", "builtins", "set"),
    ("FrozenSet", "builtins", "frozenset"),
    ("Deque", "collections", "deque"),
    ("DefaultDict", "collections", "defaultdict"),
    ("OrderedDict", "collections", "OrderedDict"),
    ("Counter", "collections", "Counter"),
    ("ChainMap", "collections", "ChainMap"),
];

impl<'r> Resolver<'r> {
    pub(super) fn reads_bodies(&self) -> bool {
        self.reads >= Reads::Bodies
    }

    pub(super) fn files(&self) -> &'r Files {
        self.db.files()
    }

    pub(super) fn builtin(&self, name: &'static str) -> Option<ClassRef> {
        self.db.standard_class("builtins", name)
    }

    /// An object of a class of the builtins.
    pub(super) fn object(&self, name: &'static str, args: Vec<Ty>) -> Ty {
        self.builtin(name).map_or(Ty::Unknown("builtins"), |class| Ty::Inst(class, args.into()))
    }

    pub(super) fn is_typing(&self, file: FileId) -> bool {
        let entry = self.files().entry(file);
        entry.is_module("typing") || entry.is_module("typing_extensions")
    }

    fn place(place: Option<Place>) -> Ty {
        match place {
            Some(Place::File(file)) => Ty::Module(file),
            Some(Place::Namespace(place)) => Ty::Namespace(place),
            None => Ty::Dynamic,
        }
    }

    /// The module that `import name` means in a file.
    pub(super) fn module(&self, importer: FileId, name: &Name) -> Ty {
        Self::place(self.db.import(importer, name))
    }

    fn imported(&self, importer: FileId, import: &Import) -> Option<Place> {
        match import.level {
            0 => self.db.import(importer, &import.name),
            level => self.db.relative_import(importer, level, &import.name),
        }
    }

    /// What `from module import name` means in a file.
    pub(super) fn import_from(&self, importer: FileId, import: &FromImport) -> Ty {
        self.imported(importer, &import.module).map_or(Ty::Dynamic, |place| self.member_of_module(place, &import.name))
    }

    /// `module.name`.
    pub(super) fn member_of_module(&self, place: Place, name: &Name) -> Ty {
        let submodule = || Self::place(self.db.submodule(place, name));
        let Place::File(file) = place else { return submodule() };
        let entry = self.files().entry(file);
        let found = if entry.is_stub() && !entry.table.exports(name) { None } else { self.global(file, name) };
        match found {
            // `from . import name` in the package itself: nothing else has that name.
            None | Some(Ty::Never) => submodule(),
            Some(ty) => ty,
        }
    }

    /// What a name of a module stands for, where the module binds it.
    pub(super) fn global(&self, file: FileId, name: &Name) -> Option<Ty> {
        let table = self.files().table(file);
        let slots = table.names.get(name);
        if slots.is_none() && table.stars.is_empty() {
            return None;
        }
        let find = || match slots {
            Some(slots) => Value::Ty(self.slots(slots, name, At::module(file))),
            None => self.global_by_star(file, table, name).map_or(Value::Absent, Value::Ty),
        };
        let nothing = if slots.is_some() { Value::Ty(Ty::Never) } else { Value::Absent };
        self.db.memo().ask(&Key::Global(file, name.clone(), self.reads), &nothing, &find).ty()
    }

    fn global_by_star(&self, file: FileId, table: &FileTable, name: &Name) -> Option<Ty> {
        table.stars.iter().rev().find_map(|star| match self.imported(file, star)? {
            Place::File(other) if other != file && self.files().table(other).gives_by_star(name) => self.global(other, name),
            _ => None,
        })
    }

    /// What a name is that all of these bind.
    pub(super) fn slots(&self, slots: &[Slot], name: &Name, at: At<'_>) -> Ty {
        if self.is_typing(at.file) && at.class.is_none() {
            if let Some((_, module, class)) = ALIASES.iter().find(|(alias, ..)| alias == name) {
                return self.db.standard_class(module, class).map_or(Ty::Unknown("typing"), Ty::Class);
            }
            if matches!(name.as_str(), "Generic" | "Protocol" | "Tuple" | "Type" | "Any") {
                return Ty::Special(name.clone());
            }
        }
        if let [slot] = slots {
            return self.slot(slot, name, at);
        }
        if let Some(declared) = slots.iter().find(|slot| matches!(slot, Slot::Annotated(..))) {
            return self.slot(declared, name, at);
        }
        Ty::union(slots.iter().map(|slot| self.slot(slot, name, at)).collect())
    }

    pub(super) fn slot(&self, slot: &Slot, name: &Name, at: At<'_>) -> Ty {
        match slot {
            Slot::Module(module, _) => self.module(at.file, module),
            Slot::From(import) => self.import_from(at.file, import),
            Slot::Function(index) => self.function(at.file, *index),
            Slot::Class(index) => self.decorated_class((at.file, *index)),
            Slot::Value(value) => match value {
                Ir::Call(function, arguments) => self.type_variable(function, arguments, name, at).unwrap_or_else(|| self.value(value, at)),
                value => self.value(value, at),
            },
            Slot::Annotated(declared, value) => self.declared_slot(declared, value.as_ref(), name, at),
            Slot::Unknown | Slot::Grows(..) => Ty::Unknown("binding"),
        }
    }

    fn declared_slot(&self, declared: &Ir, value: Option<&Ir>, name: &Name, at: At<'_>) -> Ty {
        let ty = self.annotation(declared, at);
        match &ty {
            Ty::Special(special) if special == "TypeAlias" => {
                // What it means may be written as a text.
                value.map_or(Ty::Unknown("alias"), |value| self.value(value, at))
            }
            Ty::Special(special) if special == "Final" || special == "ClassVar" => {
                value.map_or(Ty::Unknown("final"), |value| self.value(value, at))
            }
            // `Optional: _SpecialForm` and its like.
            Ty::Inst(class, _) if self.is_typing(class.0) && self.files().class(*class).name == "_SpecialForm" => Ty::Special(name.clone()),
            _ => ty,
        }
    }

    /// A type variable, or what else of `typing` is made by a call and known by its name.
    fn type_variable(&self, function: &Ir, arguments: &[Arg], name: &Name, at: At<'_>) -> Option<Ty> {
        match function.last_name()?.as_str() {
            "TypeVar" => {
                let bound = arguments.iter().find_map(|argument| match argument {
                    Arg::Named(name, bound) if name == "bound" => Some(std::rc::Rc::new(self.annotation(bound, at))),
                    _ => None,
                });
                Some(Ty::Var((at.file, name.clone()), bound))
            }
            "ParamSpec" | "TypeVarTuple" => Some(Ty::Var((at.file, name.clone()), None)),
            "NewType" => match arguments {
                [_, Arg::Place(base)] => Some(Ty::NewType(std::rc::Rc::new(self.annotation(base, at)))),
                _ => None,
            },
            _ => None,
        }
    }

    /// What a name stands for in a class body or module, builtins included.
    pub(super) fn lookup(&self, name: &Name, at: At<'_>) -> Ty {
        if at.type_parameters.contains(name) {
            return Ty::Var((at.file, name.clone()), None);
        }
        if let Some(class) = at.class {
            let table = self.files().class((at.file, class));
            if table.type_parameters.contains(name) {
                return Ty::Var((at.file, name.clone()), None);
            }
            // A member that shadows what its own annotation speaks of is bound only later.
            if let Some(slots) = table.members.get(name)
                && !slots.iter().any(|slot| matches!(slot, Slot::Annotated(..) | Slot::Function(_)))
            {
                return self.slots(slots, name, At { class: Some(class), ..At::module(at.file) });
            }
        }
        self.global(at.file, name).unwrap_or_else(|| self.builtin_name(name, at.file))
    }

    fn builtin_name(&self, name: &Name, file: FileId) -> Ty {
        match self.db.import(file, &Name::new_static("builtins")) {
            Some(Place::File(builtins)) if builtins != file => self.global(builtins, name).unwrap_or(Ty::Unknown("no such name")),
            _ => Ty::Unknown("no such name"),
        }
    }

    /// What a name stood for before it was bound anew.
    pub(super) fn earlier(&self, name: &Name, slots: &[Slot], at: At<'_>) -> Ty {
        match (slots, at.class) {
            ([], Some(_)) => self.lookup(name, At::module(at.file)),
            ([], None) => self.builtin_name(name, at.file),
            (slots, _) => self.slots(slots, name, at),
        }
    }
}
