//! Methods that only the bodies of functions lead to, and functions as they are written.

use ruff_python_ast::{Expr, ExprCall, StmtFunctionDef};

use super::database::Place;
use super::module::{Callee, Module, with_function};
use super::resolver::{Reads, Resolver};
use super::table::{FromImport, Slot};
use super::ty::{FunctionRef, Link, Ty};

/// A name is followed through this many imports.
const MOST_IMPORTS: usize = 8;

impl<'db> Module<'db> {
    /// The method that `call` goes to, where only the bodies of functions tell what it is called on, or with `asks_callers`
    /// those who call these.
    pub(crate) fn method_by_bodies(&self, call: &ExprCall, asks_callers: bool) -> Option<Callee<'db>> {
        let Expr::Attribute(method) = &*call.func else { return None };
        // Where declarations say what it is, they are right.
        let is_open = |ty: Ty| matches!(ty.without_none(), Ty::Dynamic | Ty::Unknown(_) | Ty::Own(..));
        if !is_open(self.ty(&*method.value)) {
            return None;
        }
        let by = |reads: Reads| {
            let resolver = Resolver { db: self.db, reads };
            match self.ask((&*method.value).into(), resolver).without_none() {
                ty @ (Ty::Inst(..) | Ty::Own(..)) => match resolver.attribute(&ty, &method.attr.id) {
                    bound @ Ty::Bound(..) => self.callee_of(&bound),
                    _ => None,
                },
                _ => None,
            }
        };
        by(Reads::Bodies).or_else(|| if asks_callers { by(Reads::Callers) } else { None })
    }

    /// Whether the bodies of functions tell that what `call` gives is a coroutine: what a base class returns
    /// may be what a method of the class that is meant gives.
    pub(crate) fn gives_coroutine_by_bodies(&self, call: &ExprCall) -> bool {
        matches!(self.ask(call.into(), Resolver { db: self.db, reads: Reads::Bodies }), Ty::Coroutine(_))
    }

    /// Hands the function that `call` goes to, as it is written, to `read`, whatever its decorators make of it.
    pub(crate) fn with_written<T>(&self, call: &ExprCall, read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T) -> Option<T> {
        let function = match &*call.func {
            Expr::Name(name) => self.written_name(&name.id)?,
            Expr::Attribute(method) => {
                let (Ty::Inst(class, _) | Ty::Own(class, _)) = self.by_bodies(&method.value).without_none() else { return None };
                let order = self.resolver().order(class);
                order.iter().find_map(|link| {
                    let Link::Class(home, _) = link else { return Some(None) };
                    match self.db.files().class(*home).members.get(&method.attr.id)? {
                        [Slot::Function(index)] => Some(Some((home.0, *index))),
                        _ => Some(None),
                    }
                })??
            }
            _ => return None,
        };
        with_function(self.db, function, read)
    }

    /// The one function that a name of the module is bound to.
    fn written_name(&self, name: &ruff_python_ast::name::Name) -> Option<FunctionRef> {
        let (mut file, mut name) = (self.file()?, name.clone());
        for _ in 0..MOST_IMPORTS {
            match self.db.files().table(file).names.get(&name)? {
                [Slot::Function(index)] => return Some((file, *index)),
                [Slot::From(import)] => {
                    let FromImport { module, name: inner, .. } = &**import;
                    let place = match module.level {
                        0 => self.db.import(file, &module.name),
                        level => self.db.relative_import(file, level, &module.name),
                    };
                    let Some(Place::File(next)) = place else { return None };
                    (file, name) = (next, inner.clone());
                }
                _ => return None,
            }
        }
        None
    }
}
