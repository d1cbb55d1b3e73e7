//! What the decorators of a function make of it.

use super::calls::Args;
use super::index::FileId;
use super::ir::Ir;
use super::memo::{Key, Value};
use super::resolver::{At, Resolver};
use super::table::{FunctionTable, Parameter};
use super::ty::{ClassRef, FunctionRef, Member, Ty};

/// Functions that return the function that they decorate, or one that is as good.
const TRANSPARENT: [&str; 2] = ["typing.overload", "typing_extensions.overload"];

/// Classes whose objects return what they decorate.
const TRANSPARENT_CLASSES: [&str; 2] = ["warnings.deprecated", "typing_extensions.deprecated"];

impl Resolver<'_> {
    /// What a function is where it is no member of an object.
    pub(super) fn function(&self, file: FileId, index: u32) -> Ty {
        match self.member((file, index)) {
            Member::Plain | Member::Static | Member::Class => Ty::Function((file, index)),
            Member::Property(_) => Ty::Other,
            Member::Value(ty) => ty,
        }
    }

    /// How a function behaves as a member of a class.
    pub(super) fn member(&self, function: FunctionRef) -> Member {
        let table = self.files().function(function);
        let plain = match table.name.as_str() {
            "__new__" => Member::Static,
            "__init_subclass__" | "__class_getitem__" => Member::Class,
            _ => Member::Plain,
        };
        if table.decorators.is_empty() {
            return plain;
        }
        let find = || Value::Member(self.decorated(function, table, plain.clone()));
        match self.db.memo().ask(&Key::Member(function, self.reads), &Value::Member(Member::Value(Ty::Never)), &find) {
            Value::Member(member) => member,
            _ => Member::Value(Ty::Unknown("decorator")),
        }
    }

    fn decorated(&self, function: FunctionRef, table: &FunctionTable, plain: Member) -> Member {
        let at = At { class: table.class, ..At::module(function.0) };
        let mut member = plain;
        for decorator in table.decorators.iter().rev() {
            if let Ir::Attr(base, kind) = decorator
                && matches!(kind.as_str(), "setter" | "deleter" | "getter")
                && matches!(&**base, Ir::Name(name) if *name == table.name)
            {
                return self.property_before(function);
            }
            // Whatever the one further in made is what this one is given.
            let given = match &member {
                Member::Value(ty) => ty.clone(),
                _ => Ty::Function(function),
            };
            match self.decorate(&self.value(decorator, at), &given, function, table) {
                Some(Member::Value(Ty::Function(same))) if same == function => {}
                Some(changed) => member = changed,
                None => {}
            }
            if let Member::Value(Ty::Unknown(_)) = member {
                return member;
            }
        }
        member
    }

    /// The property whose setter or deleter a function is.
    fn property_before(&self, function: FunctionRef) -> Member {
        let mut first = function.1;
        while let Some(before) = self.files().function((function.0, first)).before {
            first = before;
        }
        if first == function.1 { Member::Value(Ty::Unknown("setter")) } else { self.member((function.0, first)) }
    }

    /// What one decorator makes of what it is given, or `None` where that stays as it is.
    fn decorate(&self, decorator: &Ty, given: &Ty, function: FunctionRef, table: &FunctionTable) -> Option<Member> {
        let argument = [given.clone()];
        let itself = Args::Given(&argument);
        let value = match decorator {
            Ty::Class(class) => match &*self.db.qualified_class(*class) {
                "builtins.staticmethod" => return Some(Member::Static),
                "builtins.classmethod" => return Some(Member::Class),
                "abc.abstractproperty" | "functools.cached_property" | "types.DynamicClassAttribute" | "enum.property" => {
                    return Some(Member::Property(function.1));
                }
                _ if self.inherits(*class, "builtins", "property") || self.inherits(*class, "functools", "cached_property") => {
                    return Some(Member::Property(function.1));
                }
                // What calls itself a property and is asked by `__get__` is one.
                name if name.ends_with("property") && self.files().class(*class).members.has("__get__") => {
                    return Some(Member::Property(function.1));
                }
                _ => self.call(decorator, &itself),
            },
            // What calls itself a property is one, as far as the bodies tell.
            Ty::Dynamic if self.reads_bodies() && calls_itself_property(table) => return Some(Member::Property(function.1)),
            Ty::Function(one) if self.is_identity(*one) || self.is_transparent(*one) => return None,
            Ty::Function(one) if self.reads_bodies() && self.passes_through(*one) => self.same_result(function),
            Ty::Function(_) | Ty::Bound(..) => match self.call(decorator, &itself) {
                Ty::Var(..) => Ty::Unknown("decorator"),
                Ty::Callable(inner) if matches!(&*inner, Ty::Var(..) | Ty::Unknown(_)) => self.same_result(function),
                ty => ty,
            },
            Ty::Callable(result) => match &**result {
                // Mostly it gives what the function gives.
                Ty::Callable(inner) if inner.has_variable() => self.same_result(function),
                Ty::Callable(inner) => Ty::Callable(inner.clone()),
                Ty::Dynamic => Ty::Dynamic,
                // `def factory(…) -> Callable[[T], T]`.
                Ty::Var(..) => return None,
                _ => Ty::Unknown("decorator"),
            },
            Ty::Inst(class, _) if TRANSPARENT_CLASSES.contains(&&*self.db.qualified_class(*class)) => return None,
            Ty::Inst(..) => match self.call(decorator, &itself) {
                Ty::Var(..) => return None,
                ty => ty,
            },
            Ty::Dynamic => Ty::Dynamic,
            Ty::Unknown(reason) => Ty::Unknown(reason),
            _ => Ty::Unknown("decorator"),
        };
        Some(Member::Value(value))
    }

    /// What a class is called by, behind its decorators: where one is not known, it may be anything.
    pub(super) fn decorated_class(&self, class: ClassRef) -> Ty {
        let table = self.files().class(class);
        if table.decorators.is_empty() || self.reads_bodies() {
            return Ty::Class(class);
        }
        let find = || {
            let at = At { class: table.outer, ..At::module(class.0) };
            let mut decorators = table.decorators.iter().map(|decorator| self.value(decorator, at));
            // What is known as a function or class registers the class, or gives it fields.
            let is_known = decorators.all(|decorator| !matches!(decorator, Ty::Dynamic | Ty::Unknown(_)));
            Value::Ty(if is_known { Ty::Class(class) } else { Ty::Dynamic })
        };
        self.db.memo().ask(&Key::Class(class), &Value::Ty(Ty::Class(class)), &find).ty().unwrap_or(Ty::Class(class))
    }

    /// Whether a decorator returns a plain function of its own that returns what the decorated one does:
    /// `def inner(*args): return function(*args)`.
    fn passes_through(&self, decorator: FunctionRef) -> bool {
        let table = self.files().function(decorator);
        let (Some([Ir::Function(inner)]), Some(first)) = (table.results.as_deref(), table.parameters.first()) else { return false };
        let inner = self.files().function((decorator.0, *inner));
        let is_given = |result: &Ir| matches!(result, Ir::Call(called, _) if matches!(&**called, Ir::Name(name) if *name == first.name));
        !inner.is_async && !inner.yields && inner.results.as_ref().is_some_and(|results| results.iter().all(is_given))
    }

    fn same_result(&self, function: FunctionRef) -> Ty {
        Ty::callable(self.returned(function, None, &std::rc::Rc::from([]), &Args::Unknown))
    }

    fn is_transparent(&self, function: FunctionRef) -> bool {
        let name = &self.files().function(function).qualified;
        self.files().entry(function.0).qualified(name).is_some_and(|name| TRANSPARENT.contains(&name.as_str()))
    }

    /// `def decorate(function: T) -> T`.
    fn is_identity(&self, function: FunctionRef) -> bool {
        let table = self.files().function(function);
        let Some(Parameter { annotation: Some(first), .. }) = table.parameters.first() else { return false };
        let at = At { type_parameters: &table.type_parameters, ..At::module(function.0) };
        table.before.is_none()
            && matches!(first, Ir::Name(_))
            && table.returns.as_ref() == Some(first)
            && matches!(self.annotation(first, at), Ty::Var(..))
    }

    pub(super) fn is_overload(&self, function: FunctionRef) -> bool {
        let decorators = &self.files().function(function).decorators;
        decorators.iter().any(|decorator| decorator.last_name().is_some_and(|name| name == "overload"))
    }
}

fn calls_itself_property(function: &FunctionTable) -> bool {
    let is_one = |name: &str| name.ends_with("property");
    !function.is_async
        && function.returns.is_some()
        && matches!(&*function.decorators, [decorator] if decorator.last_name().is_some_and(|name| is_one(name)))
}
