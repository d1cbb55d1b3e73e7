//! The classes that a class descends from.

use ruff_python_ast::StmtClassDef;
use ruff_text_size::Ranged;

use super::index::Origin;
use super::module::{Module, with_class};
use super::ty::Link;

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
        let files = self.db.files();
        let Some(file) = self.file() else { return false };
        let Some(index) = files.table(file).class_at(class.name.start()) else { return false };
        let mut are_known = true;
        for link in self.resolver().order((file, index)).iter().skip(1) {
            let Link::Class(home, _) = link else {
                are_known = false;
                continue;
            };
            if files.is_class(*home, "builtins", "object") {
                continue;
            }
            let entry = files.entry(home.0);
            let name = entry.qualified(&files.class(*home).qualified);
            let is_shown = with_class(self.db, *home, |module, class| {
                see(&Ancestor { name, module, class, is_stub: entry.is_stub() });
            });
            are_known &= is_shown.is_some() && entry.origin != Origin::Ours;
        }
        are_known
    }
}
