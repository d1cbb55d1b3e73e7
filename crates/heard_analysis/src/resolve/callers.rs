//! What those who call a function give for a parameter that has no annotation: an object that is made in one place
//! and worked with in another is of the class that it was made of.

use memchr::memmem;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprAttribute, ExprCall, Pattern, Stmt};
use ruff_text_size::{Ranged, TextSize};
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
        let mut looked_at = FxHashSet::default();
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
                    if self.may_make_unseen(module.file()?, function, &mut looked_at)? {
                        return None;
                    }
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

    /// Whether a class of a file that this `__init__` makes objects of may make them where it is not named: in its own
    /// methods or those of its bases, by its metaclass, or as a base beside others whose `super()` leads here.
    fn may_make_unseen(&self, file: FileId, init: FunctionRef, looked_at: &mut FxHashSet<ClassRef>) -> Option<bool> {
        let own = (init.0, self.files().function(init).class?);
        for (_, index) in self.files().table(file).classes.iter().zip(0..) {
            let class = (file, index);
            let order = self.order(class);
            let is_own = |link: &Link| matches!(link, Link::Class(one, _) if *one == own);
            let Some(place) = order.iter().position(is_own) else { continue };
            let is_heir = |link: &Link| matches!(link, Link::Class(one, _) if self.descends_from(*one, own));
            if !order[..place].iter().all(is_heir) {
                return Some(true);
            }
            if self.init_of(class) != Some(init) {
                continue;
            }
            for link in order.iter() {
                let Link::Class(home, _) = link else { return Some(true) };
                if looked_at.insert(*home) && self.makes_own(*home)? {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Whether a class may make objects of itself, or hand itself on, without its name.
    fn makes_own(&self, class: ClassRef) -> Option<bool> {
        let entry = self.files().entry(class.0);
        if self.db.mentions()?.file(&entry.path).is_none() {
            let is_standard = |module: &Name| {
                let top = module.split('.').next().unwrap_or(module);
                super::standard::path_of(top, self.db.shared.version).is_some()
            };
            return Some(!entry.module.as_ref().is_some_and(is_standard));
        }
        let table = self.files().class(class);
        let is_harmless = |decorator: &Ir| {
            decorator.last_name().is_some_and(|name| matches!(name.as_str(), "final" | "runtime_checkable" | "total_ordering"))
        };
        let is_plain = |metaclass: &Ir| metaclass.last_name().is_some_and(|name| name == "ABCMeta");
        if ["__new__", "__init_subclass__"].iter().any(|name| table.members.get(name).is_some())
            || !table.metaclass.iter().all(is_plain)
            || !table.decorators.iter().all(is_harmless)
        {
            return Some(true);
        }
        let module = Module::open(self.db, &entry.path).ok()?;
        let mut maker =
            OwnMaker { at: table.at, classes: FxHashSet::default(), objects: FxHashSet::default(), is_inside: false, makes: false };
        maker.visit_body(module.body());
        Some(maker.makes)
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
        let mut finder = Finder { text: module.text(), names: &names, is_made, calls: Vec::new(), is_handed_on: false };
        finder.visit_body(module.body());
        if finder.is_handed_on {
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
    /// Whether the names are those of classes, and the calls make objects.
    is_made: bool,
    calls: Vec<&'a ExprCall>,
    /// Whether the name stands for something but what is called there. A class may also be a base, an annotation, what
    /// an object is tested for, and what an attribute is read of.
    is_handed_on: bool,
}

impl<'a> Finder<'_, 'a> {
    fn is_meant(&self, expression: &Expr) -> bool {
        let name = match expression {
            Expr::Name(name) if name.ctx.is_load() => &name.id,
            Expr::Attribute(attribute) if attribute.ctx.is_load() => &attribute.attr.id,
            _ => return false,
        };
        self.names.contains(name)
    }

    /// Visits what may speak of a class and makes nothing of it.
    fn visit_spoken_of(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|each| self.visit_spoken_of(each)),
            Expr::BinOp(either) => {
                self.visit_spoken_of(&either.left);
                self.visit_spoken_of(&either.right);
            }
            Expr::Subscript(generic) => {
                self.visit_spoken_of(&generic.value);
                self.visit_spoken_of(&generic.slice);
            }
            Expr::Attribute(attribute) if self.is_meant(expression) => self.visit_spoken_of(&attribute.value),
            expression if self.is_meant(expression) => {}
            expression => self.visit_expr(expression),
        }
    }

    fn visit_attribute(&mut self, attribute: &'a ExprAttribute) {
        self.is_handed_on |= self.is_made && matches!(attribute.attr.as_str(), "__subclasses__" | "__new__" | "__call__");
        if self.is_made && self.is_meant(&attribute.value) {
            self.visit_spoken_of(&attribute.value);
        } else {
            self.visit_expr(&attribute.value);
        }
    }
}

impl<'a> Visitor<'a> for Finder<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let text = self.text[statement.range()].as_bytes();
        let has = |word: &str| memmem::find(text, word.as_bytes()).is_some();
        let makes_by_type = || self.is_made && ["type(", "__class__", "__subclasses__"].iter().any(|word| has(word));
        if !self.names.iter().any(|name| has(name)) && !makes_by_type() {
            return;
        }
        match statement {
            Stmt::ClassDef(class) if self.is_made => {
                class.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
                class.bases().iter().for_each(|base| self.visit_spoken_of(base));
                class.keywords().iter().for_each(|keyword| self.visit_expr(&keyword.value));
                self.visit_body(&class.body);
            }
            statement => walk_stmt(self, statement),
        }
    }

    fn visit_annotation(&mut self, annotation: &'a Expr) {
        if !self.is_made {
            self.visit_expr(annotation);
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(clause) = handler;
        match &clause.type_ {
            Some(taken) if self.is_made => {
                self.visit_spoken_of(taken);
                self.visit_body(&clause.body);
            }
            _ => walk_except_handler(self, handler),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchClass(class) if self.is_made => {
                class.arguments.patterns.iter().for_each(|inner| self.visit_pattern(inner));
                class.arguments.keywords.iter().for_each(|keyword| self.visit_pattern(&keyword.pattern));
            }
            pattern => walk_pattern(self, pattern),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) if self.is_meant(&call.func) || (self.is_made && is_type_of(&call.func).is_some()) => {
                self.calls.push(call);
                if let Expr::Attribute(attribute) = &*call.func {
                    self.visit_attribute(attribute);
                }
                self.visit_arguments(&call.arguments);
            }
            Expr::Call(call) if self.is_made && tests_class(call) => {
                call.arguments.args.iter().for_each(|argument| self.visit_spoken_of(argument));
            }
            Expr::Attribute(attribute) => {
                self.is_handed_on |= self.is_meant(expression);
                self.visit_attribute(attribute);
            }
            expression => {
                self.is_handed_on |= self.is_meant(expression);
                walk_expr(self, expression);
            }
        }
    }
}

/// The object of `type(object)` and `object.__class__`.
fn is_type_of(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::Call(call) => match &*call.arguments.args {
            [object] if call.func.as_name_expr().is_some_and(|name| name.id == "type") => Some(object),
            _ => None,
        },
        Expr::Attribute(attribute) if attribute.attr.as_str() == "__class__" => Some(&attribute.value),
        _ => None,
    }
}

/// Whether a call only tests an object for a class.
fn tests_class(call: &ExprCall) -> bool {
    call.arguments.keywords.is_empty()
        && call.func.as_name_expr().is_some_and(|name| matches!(name.id.as_str(), "isinstance" | "issubclass" | "super"))
}

/// Looks in the body of a class for what may make objects of it without its name: `cls()`, `type(self)()`,
/// `self.__class__()`, and for these where they are handed on.
struct OwnMaker {
    /// Where the name of the class stands.
    at: TextSize,
    /// The first parameters of its class methods.
    classes: FxHashSet<Name>,
    /// Those of its other methods.
    objects: FxHashSet<Name>,
    is_inside: bool,
    makes: bool,
}

impl OwnMaker {
    fn is_class(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Name(name) => name.id == "__class__" || self.classes.contains(&name.id),
            expression => {
                is_type_of(expression).is_some_and(|object| object.as_name_expr().is_some_and(|name| self.objects.contains(&name.id)))
            }
        }
    }
}

impl<'a> Visitor<'a> for OwnMaker {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ClassDef(class) if class.name.start() == self.at => {
                for method in class.body.iter().filter_map(Stmt::as_function_def_stmt) {
                    let is_of_class = method.decorator_list.iter().any(|decorator| {
                        let name = match &decorator.expression {
                            Expr::Name(name) => &name.id,
                            Expr::Attribute(attribute) => &attribute.attr.id,
                            _ => return true,
                        };
                        name != "staticmethod" && name != "property"
                    }) || method.name.starts_with("__class_");
                    if let Some(first) = method.parameters.iter_non_variadic_params().next() {
                        let firsts = if is_of_class && first.name().as_str() != "self" { &mut self.classes } else { &mut self.objects };
                        firsts.insert(first.name().id.clone());
                    }
                }
                self.classes.insert(Name::new_static("cls"));
                self.is_inside = true;
                self.visit_body(&class.body);
                self.is_inside = false;
            }
            statement => walk_stmt(self, statement),
        }
    }

    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !self.is_inside {
            return;
        }
        match expression {
            Expr::Attribute(attribute) if self.is_class(&attribute.value) => {
                self.makes |= matches!(attribute.attr.as_str(), "__subclasses__" | "__new__" | "__call__" | "__init__");
            }
            Expr::Call(call) if tests_class(call) => {
                for argument in &call.arguments.args {
                    if !self.is_class(argument) {
                        self.visit_expr(argument);
                    }
                }
            }
            Expr::Compare(test) => {
                let sides = std::iter::once(&*test.left).chain(&*test.comparators);
                for side in sides {
                    if !self.is_class(side) {
                        self.visit_expr(side);
                    }
                }
            }
            Expr::Call(call) if is_type_of(&call.func).is_some() => self.makes = true,
            expression if self.is_class(expression) => self.makes = true,
            expression => walk_expr(self, expression),
        }
    }
}
