//! What expressions give.

use std::rc::Rc;

use ruff_python_ast::name::Name;

use super::calls::Args;
use super::ir::{Arg, Ir, Operation};
use super::resolver::{At, Reads, Resolver};
use super::ty::{EMPTY, Ty};

impl Resolver<'_> {
    /// The value of an expression.
    pub(super) fn value(&self, value: &Ir, at: At<'_>) -> Ty {
        match value {
            Ir::Name(name) => self.lookup(name, at),
            Ir::Here(name, place) => match at.scopes {
                Some(scopes) => self.name_in_scope(name, *place, scopes, at),
                None => self.lookup(name, at),
            },
            Ir::Earlier(name, slots) => self.earlier(name, slots, at),
            Ir::Function(index) => self.function(at.file, *index),
            Ir::Attr(base, name) => match (at.scopes, value.path()) {
                (Some(scopes), Some((path, place))) => {
                    self.attribute_in_scope(&path, place, scopes, at, &|| self.attribute(&self.value(base, at), name))
                }
                _ => self.attribute(&self.value(base, at), name),
            },
            Ir::Call(function, arguments) => self.called(function, arguments, at),
            Ir::Sub(base, arguments) => self.subscript(base, arguments, at),
            Ir::Slice(base) => match self.value(base, at) {
                Ty::Dynamic => Ty::Dynamic,
                ty @ Ty::Inst(class, _)
                    if matches!(
                        &*self.db.qualified_class(class),
                        "builtins.list" | "builtins.str" | "builtins.bytes" | "builtins.tuple"
                    ) =>
                {
                    ty
                }
                _ => Ty::Unknown("slice"),
            },
            Ir::Union(parts) => self.union_or_operation(parts, at),
            Ir::Either(parts) => Ty::union(parts.iter().map(|part| self.value(part, at)).collect()),
            Ir::OrElse(parts) => {
                let last = parts.len().saturating_sub(1);
                let parts = parts.iter().enumerate().map(|(place, part)| {
                    let ty = self.value(part, at);
                    if place < last { ty.without_none() } else { ty }
                });
                Ty::union(parts.filter(|part| *part != Ty::None).collect())
            }
            Ir::Operation(operation, sides) => self.operation(*operation, &sides[0], &sides[1], at),
            Ir::None => Ty::None,
            Ir::Str => self.object("str", vec![]),
            Ir::Int(_) => self.object("int", vec![]),
            Ir::Float => self.object("float", vec![]),
            Ir::Bool | Ir::True | Ir::False => self.object("bool", vec![]),
            Ir::Bytes => self.object("bytes", vec![]),
            Ir::Ellipsis => Ty::Unknown("ellipsis"),
            Ir::Tuple(parts) => Ty::Tuple(parts.iter().map(|part| self.value(part, at)).collect()),
            Ir::List(parts) => self.object("list", vec![self.elements(parts.as_deref(), at)]),
            Ir::Set(parts) => self.object("set", vec![self.elements(parts.as_deref(), at)]),
            Ir::Dict(pairs) => {
                let part = |part: &dyn Fn(&(Ir, Ir)) -> Ty| match pairs.as_deref() {
                    None => Ty::Unknown("display"),
                    Some([]) => Ty::Unknown(EMPTY),
                    Some(pairs) => Ty::union(pairs.iter().map(part).collect()),
                };
                self.object("dict", vec![part(&|(key, _)| self.value(key, at)), part(&|(_, value)| self.value(value, at))])
            }
            Ir::Generator(_, true) => Ty::Unknown("async generator"),
            Ir::Generator(element, false) => match self.db.standard_class("types", "GeneratorType") {
                Some(class) => Ty::Inst(class, Rc::from([self.value(element, at), Ty::None, Ty::None])),
                None => Ty::Unknown("generator"),
            },
            Ir::Await(value) => self.awaited(&self.value(value, at)),
            Ir::Entered(value, is_async) => self.entered(&self.value(value, at), *is_async),
            Ir::Element(value, is_async) => self.element(&self.value(value, at), *is_async),
            Ir::Part(value, place, of) => self.part(&self.value(value, at), usize::from(*place), usize::from(*of)),
            Ir::Typed(declared) => self.annotation(declared, at),
            Ir::Own => match (at.own, at.class) {
                (Some(own), _) => own.clone(),
                (None, Some(class)) => self.own((at.file, class)),
                (None, None) => Ty::Unknown("self"),
            },
            Ir::Lambda(body) => Ty::callable(self.value(body, at)),
            Ir::Dynamic => Ty::Dynamic,
            Ir::Parameter(function, name, is_optional) => {
                let function = self.files().table(at.file).function_at(*function).filter(|_| self.reads == Reads::Callers);
                match function.map(|function| self.given_by_callers((at.file, function), name)) {
                    None | Some(Ty::Dynamic) if *is_optional => Ty::Unknown("expression"),
                    given => given.unwrap_or(Ty::Dynamic),
                }
            }
            Ir::Unknown => Ty::Unknown("expression"),
        }
    }

    fn elements(&self, parts: Option<&[Ir]>, at: At<'_>) -> Ty {
        match parts {
            None => Ty::Unknown("display"),
            Some([]) => Ty::Unknown(EMPTY),
            Some(parts) => Ty::union(parts.iter().map(|part| self.value(part, at)).collect()),
        }
    }

    /// `value[…]`: an item, or a class with arguments.
    fn subscript(&self, base: &Ir, arguments: &[Ir], at: At<'_>) -> Ty {
        match self.value(base, at) {
            Ty::Class(class) if self.files().is_class(class, "builtins", "type") => Ty::Other,
            base @ (Ty::Class(_) | Ty::Special(_) | Ty::Alias(_)) => match self.with_arguments(&base, arguments, at) {
                Ty::Unknown(reason) => Ty::Unknown(reason),
                meaning => Ty::Alias(Rc::new(meaning)),
            },
            base => match (&base, arguments) {
                (Ty::Tuple(parts), [Ir::Int(Some(index))]) => parts.get(usize::from(*index)).cloned().unwrap_or(Ty::Dynamic),
                (Ty::TypedDict(_), _) => Ty::Unknown("item of a typed dict"),
                _ => self.item(&base),
            },
        }
    }

    /// `a | b` is a type where both sides are.
    fn union_or_operation(&self, parts: &[Ir], at: At<'_>) -> Ty {
        let [left, right] = parts else { return Ty::Unknown("union") };
        match self.value(left, at) {
            Ty::Class(_) | Ty::Alias(_) | Ty::Special(_) | Ty::None | Ty::Var(..) | Ty::NewType(_) => {
                match Ty::union(vec![self.annotation(left, at), self.annotation(right, at)]) {
                    Ty::Unknown(reason) => Ty::Unknown(reason),
                    meaning => Ty::Alias(Rc::new(meaning)),
                }
            }
            left => self.operation_of(&left, "__or__", right, at),
        }
    }

    fn operation(&self, operation: Operation, left: &Ir, right: &Ir, at: At<'_>) -> Ty {
        match operation.method() {
            Some(method) => self.operation_of(&self.value(left, at), method, right, at),
            None => Ty::Unknown("operation"),
        }
    }

    fn operation_of(&self, left: &Ty, method: &'static str, right: &Ir, at: At<'_>) -> Ty {
        match left {
            Ty::Dynamic => Ty::Dynamic,
            Ty::Inst(..) | Ty::Own(..) => {
                let function = self.attribute(left, &Name::new_static(method));
                let argument = Arg::Place(right.clone());
                match function {
                    Ty::Bound(..) => self.call(&function, &Args::of(std::slice::from_ref(&argument), &|value| self.value(value, at))),
                    _ => Ty::Unknown("operation"),
                }
            }
            _ => Ty::Unknown("operation"),
        }
    }

    fn called(&self, function: &Ir, arguments: &[Arg], at: At<'_>) -> Ty {
        if let (Ir::Name(name) | Ir::Here(name, _), []) = (function, arguments)
            && name == "super"
        {
            let around = match (function, at.scopes) {
                (Ir::Here(_, place), Some(scopes)) => scopes.class_around(*place, self),
                _ => at.class,
            };
            if let Some(class) = around {
                return Ty::Super((at.file, class), self.own_args((at.file, class)));
            }
        }
        let function = self.value(function, at);
        if let Some(special) = self.special_call(&function, arguments, at) {
            return special;
        }
        // What is given to it says little of what it gives, and who gives that even less.
        let given = Resolver { reads: self.reads.min(Reads::Bodies), ..*self };
        self.call(&function, &Args::of(arguments, &|value| given.value(value, at)))
    }

    /// Calls that say more than the declaration of what they call.
    fn special_call(&self, function: &Ty, arguments: &[Arg], at: At<'_>) -> Option<Ty> {
        let first = || match arguments.first() {
            Some(Arg::Place(value)) => Some(value),
            _ => None,
        };
        match function {
            Ty::Function(one) => match (self.is_typing(one.0), self.files().function(*one).qualified.as_str()) {
                (true, "cast") => Some(self.annotation(first()?, at)),
                (false, "iter") if arguments.len() == 1 && self.files().entry(one.0).is_module("builtins") => {
                    let element = self.element(&self.value(first()?, at), false);
                    Some(
                        self.db
                            .standard_class("typing", "Iterator")
                            .map_or(Ty::Unknown("iter"), |class| Ty::Inst(class, Rc::from([element]))),
                    )
                }
                (false, "next") if self.files().entry(one.0).is_module("builtins") => {
                    let next = self.next_of(&self.value(first()?, at), false);
                    Some(match arguments {
                        [_] => next,
                        [_, Arg::Place(default)] => Ty::union(vec![next, self.value(default, at)]),
                        _ => Ty::Unknown("next"),
                    })
                }
                (false, "getattr") if self.files().entry(one.0).is_module("builtins") => Some(Ty::Unknown("getattr")),
                _ => None,
            },
            Ty::Class(class) => match &*self.db.qualified_class(*class) {
                "builtins.type" => Some(match arguments {
                    [Arg::Place(one)] => match self.value(one, at) {
                        Ty::Inst(class, _) | Ty::Own(class, _) => Ty::SubclassOf(class),
                        Ty::Dynamic => Ty::Dynamic,
                        _ => Ty::Unknown("type()"),
                    },
                    _ => Ty::Unknown("type()"),
                }),
                "builtins.reversed" => Some(Ty::Inst(*class, Rc::from([self.element(&self.value(first()?, at), false)]))),
                "typing.NewType" | "typing.TypeVar" | "typing.ParamSpec" | "typing.NamedTuple" | "typing.TypedDict" => {
                    Some(Ty::Unknown("special class"))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
