//! What those who call a function give for a parameter that has no annotation: an object that is made in one place
//! and worked with in another is of the class that it was made of.

use memchr::memmem;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;
use rustc_hash::FxHashSet;

use super::calls::Args;
use super::index::FileId;
use super::ir::{Ir, Names};
use super::memo::{Key, Value};
use super::module::Module;
use super::resolver::{At, Reads, Resolver};
use super::scope;
use super::table::{FunctionTable, ParameterKind, Slot};
use super::ty::{ClassRef, FunctionRef, Link, Ty};

/// Of a function that more files speak of, the callers are not looked at.
const MOST_FILES: usize = 12;

/// Nor are they where there are more calls than this.
const MOST_CALLS: usize = 24;

/// What a call has to do with a function.
enum Goes {
    /// It calls it, with so many of its parameters bound already.
    Here(usize),
    Elsewhere,
    /// Nobody can tell.
    Unknown,
}

impl Resolver<'_> {
    /// What callers give for a parameter that has neither an annotation nor a default but `None`: what all of them
    /// give, and nobody knows where one gives what is not known.
    pub(super) fn given_by_callers(&self, function: FunctionRef, parameter: &Name) -> Ty {
        let key = Key::Given(function, parameter.clone());
        let find = || Value::Ty(self.find_given(function, parameter).unwrap_or(Ty::Dynamic));
        self.db.memo().ask(&key, &Value::Ty(Ty::Never), &find).ty().unwrap_or(Ty::Dynamic)
    }

    fn find_given(&self, function: FunctionRef, parameter: &Name) -> Option<Ty> {
        let mentions = self.db.mentions()?;
        let table = self.files().function(function);
        // What a decorator makes of it, or who gets hold of a function in a function, is not looked into.
        if table.is_inner || !table.decorators.is_empty() || table.is_special() {
            return None;
        }
        let place = table.parameters.iter().position(|known| known.name == *parameter)?;
        let own = mentions.file(&self.files().entry(function.0).path)?;
        let mut given = Vec::new();
        let mut calls = 0;
        let mut names = vec![self.name_of_callee(function, table)];
        let mut known: FxHashSet<Name> = names.iter().cloned().collect();
        while let Some(name) = names.pop() {
            let mut files: Vec<usize> = mentions.of(&name).iter().map(|(file, _)| *file).collect();
            files.push(own);
            files.sort_unstable();
            files.dedup();
            // Tests give what stands for something else.
            files.retain(|file| !mentions.is_test(*file) || *file == own);
            if files.len() > MOST_FILES {
                return None;
            }
            for file in files {
                let module = Module::open(self.db, mentions.files().get(file)?).ok()?;
                if table.name == "__init__" {
                    let heirs = self.heirs_in(module.file()?, function);
                    names.extend(heirs.into_iter().filter(|heir| known.insert(heir.clone())));
                }
                calls += self.add_given(&module, &name, function, place, &mut given)?;
                if calls > MOST_CALLS {
                    return None;
                }
            }
        }
        let mut given: Vec<Ty> = given.into_iter().filter(|ty| *ty != Ty::None).collect();
        given.dedup();
        let is_known = |ty: &Ty| matches!(ty, Ty::Inst(..) | Ty::Own(..) | Ty::Never);
        (!given.is_empty() && given.iter().all(is_known)).then(|| Ty::union(given))
    }

    /// Under which name a function is called.
    fn name_of_callee(&self, function: FunctionRef, table: &FunctionTable) -> Name {
        match table.class {
            Some(class) if table.name == "__init__" => self.files().class((function.0, class)).name.clone(),
            _ => table.name.clone(),
        }
    }

    /// The classes of a file whose objects are made by this `__init__`, by inheritance.
    fn heirs_in(&self, file: FileId, init: FunctionRef) -> Vec<Name> {
        let classes = self.files().table(file).classes.iter().zip(0..);
        let is_heir = |class: ClassRef| !self.files().class(class).bases.is_empty() && self.init_of(class) == Some(init);
        classes.filter(|(_, index)| is_heir((file, *index))).map(|(class, _)| class.name.clone()).collect()
    }

    /// The `__init__` that makes the objects of a class, where it is one of the program's.
    fn init_of(&self, class: ClassRef) -> Option<FunctionRef> {
        self.order(class).iter().find_map(|link| match link {
            Link::Class(home, _) => match self.files().class(*home).members.get("__init__")? {
                [Slot::Function(index)] => Some(Some((home.0, *index))),
                _ => Some(None),
            },
            _ => Some(None),
        })?
    }

    /// Adds what the calls of this name in a module give for a parameter, and tells how many calls there are. `None`
    /// where one may give something that is not known.
    fn add_given(&self, module: &Module<'_>, name: &Name, function: FunctionRef, place: usize, given: &mut Vec<Ty>) -> Option<usize> {
        let table = self.files().function(function);
        let parameter = &table.parameters[place];
        let mut names = vec![name.clone()];
        names.extend(self.files().table(module.file()?).names.iter().filter_map(|(bound, slots)| {
            let is_it = |slot: &Slot| matches!(slot, Slot::From(import) if import.name == *name);
            (bound != name && slots.iter().any(is_it)).then(|| bound.clone())
        }));
        let is_made = table.name == "__init__";
        if is_made {
            names.push(table.name.clone());
        }
        let mut finder = Finder { text: module.text(), names: &names, calls: Vec::new(), is_handed_on: false };
        finder.visit_body(module.body());
        // A class is spoken of in many ways that make nothing of it.
        if finder.is_handed_on && !is_made {
            return None;
        }
        let resolver = Resolver { reads: Reads::Callers, ..*self };
        let answer = module.with_scopes(|scopes, at| {
            let mut calls = 0;
            for call in finder.calls {
                if scope::is_unreachable(scopes.body, call.start(), scopes.version) {
                    continue;
                }
                let bound = match resolver.goes_to(&Names::InPlace.value(&*call.func), function, at) {
                    Goes::Here(bound) => bound,
                    Goes::Elsewhere => continue,
                    Goes::Unknown => return None,
                };
                calls += 1;
                let Ir::Call(_, arguments) = Names::InPlace.value(call) else { return None };
                let value = |argument: &Ir| resolver.value(argument, at);
                let place = if parameter.kind == ParameterKind::Named { place } else { place.checked_sub(bound)? };
                match Args::of(&arguments, &value).given(place, parameter) {
                    Some(ty) => given.push(ty.without_none()),
                    None if parameter.has_default => {}
                    None => return None,
                }
            }
            Some(calls)
        });
        answer?
    }

    /// Whether a call of `callee` goes to a function.
    fn goes_to(&self, callee: &Ir, function: FunctionRef, at: At<'_>) -> Goes {
        let table = self.files().function(function);
        let is_method = table.class.is_some();
        match self.value(callee, at) {
            Ty::Function(one) if one == function => Goes::Here(0),
            Ty::Bound(one, _) if one == function => Goes::Here(usize::from(is_method)),
            // A method of the same name of a relative may be called in place of it, or it in place of that.
            Ty::Bound(one, _) if table.name != "__init__" && self.are_relatives(one, function) => Goes::Unknown,
            Ty::Class(class) | Ty::SubclassOf(class) => match self.init_of(class) {
                Some(init) if init == function => Goes::Here(1),
                _ => Goes::Elsewhere,
            },
            Ty::Function(_) | Ty::Bound(..) | Ty::None | Ty::Never => Goes::Elsewhere,
            // Who calls `__init__` of what is not known calls that of its own base class, and not this one.
            _ if table.name == "__init__" && callee.last_name().is_some_and(|name| name == "__init__") => Goes::Elsewhere,
            _ => Goes::Unknown,
        }
    }

    fn are_relatives(&self, one: FunctionRef, other: FunctionRef) -> bool {
        let class = |function: FunctionRef| self.files().function(function).class.map(|class| (function.0, class));
        let (Some(one), Some(other)) = (class(one), class(other)) else { return false };
        self.descends_from(one, other) || self.descends_from(other, one)
    }
}

impl FunctionTable {
    /// Whether Python itself calls it.
    fn is_special(&self) -> bool {
        self.name.starts_with("__") && self.name.ends_with("__") && self.name != "__init__"
    }
}

/// Looks for calls by the last names of what is called, where the text has these names at all.
struct Finder<'n, 'a> {
    text: &'a str,
    names: &'n [Name],
    calls: Vec<&'a ExprCall>,
    /// Whether the name stands for something but what is called there.
    is_handed_on: bool,
}

impl Finder<'_, '_> {
    fn is_meant(&self, expression: &Expr) -> bool {
        let name = match expression {
            Expr::Name(name) if name.ctx.is_load() => &name.id,
            Expr::Attribute(attribute) if attribute.ctx.is_load() => &attribute.attr.id,
            _ => return false,
        };
        self.names.contains(name)
    }
}

impl<'a> Visitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let text = self.text[statement.range()].as_bytes();
        if self.names.iter().any(|name| memmem::find(text, name.as_bytes()).is_some()) {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) if self.is_meant(&call.func) => {
                self.calls.push(call);
                if let Expr::Attribute(attribute) = &*call.func {
                    self.visit_expr(&attribute.value);
                }
                self.visit_arguments(&call.arguments);
            }
            expression => {
                self.is_handed_on |= self.is_meant(expression);
                walk_expr(self, expression);
            }
        }
    }
}
