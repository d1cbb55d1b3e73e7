//! The classes that a class descends from.

use ruff_python_ast::StmtClassDef;
use rustc_hash::FxHashSet;
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_semantic::types::{Type, TypeDefinition};
use ty_python_semantic::{HasType, ProgramEnvironment};

use super::{DEEPEST_HIERARCHY, Module, path_of, qualified_name};
use crate::stubs;

/// A class that another one descends from.
pub(crate) struct Ancestor<'m, 'db> {
    /// Where it is defined, as `module.Class`, or `None` in a file that no import can name.
    pub(crate) name: Option<String>,
    /// The module that defines it.
    pub(crate) module: &'m Module<'db>,
    pub(crate) class: &'m StmtClassDef,
    /// Whether only its stub is known.
    pub(crate) is_stub: bool,
}

impl<'db> Module<'db> {
    /// Shows every class that `class`, a class of this module, descends from to `see`, each before
    /// its own bases and once. Tells whether these are all of them.
    pub(crate) fn each_ancestor(&self, class: &StmtClassDef, see: &mut dyn FnMut(&Ancestor<'_, 'db>)) -> bool {
        let mut seen = FxHashSet::default();
        self.ask(|| Some(each_base(self, class, see, &mut seen, DEEPEST_HIERARCHY))).unwrap_or(false)
    }
}

fn each_base<'db>(
    module: &Module<'db>,
    class: &StmtClassDef,
    see: &mut dyn FnMut(&Ancestor<'_, 'db>),
    seen: &mut FxHashSet<Definition<'db>>,
    depth: usize,
) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let environment = ProgramEnvironment::from_file(module.file);
    let mut are_known = true;
    for base in class.bases() {
        let definition = match base.inferred_type(&module.model) {
            Some(ty @ (Type::ClassLiteral(_) | Type::GenericAlias(_))) => ty.definition(module.db, &environment),
            _ => None,
        };
        let Some(TypeDefinition::StaticClass(definition)) = definition else {
            are_known = false;
            continue;
        };
        if !seen.insert(definition) {
            continue;
        }
        let DefinitionKind::Class(node) = definition.kind(module.db) else {
            are_known = false;
            continue;
        };
        let home = Module::load(module.db, definition.program_file(module.db));
        let class = node.node(&home.parsed);
        let name = qualified_name(module.db, definition);
        see(&Ancestor { name, module: &home, class, is_stub: definition.file(module.db).is_stub(module.db) });
        are_known &= !stubs::holds(&path_of(module.db, definition.file(module.db)));
        are_known &= each_base(&home, class, see, seen, depth);
    }
    are_known
}
