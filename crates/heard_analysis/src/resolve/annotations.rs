//! What annotations mean.

use std::rc::Rc;

use ruff_python_ast::name::Name;

use super::ir::Ir;
use super::resolver::{At, Resolver};
use super::ty::Ty;

impl Resolver<'_> {
    /// An object of what an annotation names.
    pub(super) fn annotation(&self, declared: &Ir, at: At<'_>) -> Ty {
        match declared {
            Ir::None => Ty::None,
            Ir::Union(parts) => Ty::union(parts.iter().map(|part| self.annotation(part, at)).collect()),
            Ir::Name(_) | Ir::Here(..) | Ir::Earlier(..) | Ir::Attr(..) => self.instance_of(self.value(declared, at), at),
            Ir::Sub(base, arguments) => {
                let base = self.value(base, at);
                self.with_arguments(&base, arguments, at)
            }
            Ir::Typed(inner) => self.annotation(inner, at),
            Ir::Tuple(_) | Ir::Ellipsis => Ty::Other,
            Ir::Dynamic => Ty::Dynamic,
            // `class A(namedtuple("A", "x y"))` and its like.
            Ir::Call(..) => match self.value(declared, at) {
                class @ (Ty::Class(_) | Ty::SubclassOf(_) | Ty::Dynamic) => self.instance_of(class, at),
                _ => Ty::Unknown("call in annotation"),
            },
            _ => Ty::Unknown("annotation"),
        }
    }

    /// An object of a class or of what else may stand in an annotation.
    pub(super) fn instance_of(&self, ty: Ty, at: At<'_>) -> Ty {
        match ty {
            Ty::Class(class) => {
                let name = &self.files().class(class).name;
                if self.is_typing(class.0) && matches!(name.as_str(), "TypedDict" | "NamedTuple" | "NewType") {
                    return Ty::Special(name.clone());
                }
                if self.is_typed_dict(class) {
                    return Ty::TypedDict(class);
                }
                if self.files().is_class(class, "types", "NoneType") {
                    return Ty::None;
                }
                Ty::Inst(class, self.params(class).iter().map(|_| Ty::Dynamic).collect())
            }
            Ty::SubclassOf(class) => Ty::Inst(class, self.params(class).iter().map(|_| Ty::Dynamic).collect()),
            Ty::Var(var, bound) => match at.subst.iter().find(|(known, _)| *known == var) {
                Some((_, ty)) => ty.clone(),
                None => Ty::Var(var, bound),
            },
            Ty::Special(name) => self.special(name, at),
            Ty::Alias(meaning) | Ty::NewType(meaning) => (*meaning).clone(),
            // `try: from fast import Thing`, `except ImportError: Thing = None`.
            Ty::Union(parts) => {
                Ty::union(parts.iter().filter(|part| **part != Ty::None).map(|part| self.instance_of(part.clone(), at)).collect())
            }
            Ty::Dynamic | Ty::Unknown(_) | Ty::None | Ty::Never => ty,
            _ => Ty::Unknown("not a class"),
        }
    }

    fn special(&self, name: Name, at: At<'_>) -> Ty {
        match name.as_str() {
            "Any" => Ty::Dynamic,
            "Self" => match (at.own, at.class) {
                (Some(own), _) => own.clone(),
                (None, Some(class)) => self.own((at.file, class)),
                (None, None) => Ty::Unknown("self"),
            },
            "LiteralString" => self.object("str", vec![]),
            "NoReturn" | "Never" => Ty::Other,
            "Callable" => Ty::callable(Ty::Dynamic),
            "Tuple" => self.object("tuple", vec![Ty::Dynamic]),
            "Type" => Ty::Unknown("type"),
            _ => Ty::Special(name),
        }
    }

    fn tuple(&self, arguments: &[Ir], at: At<'_>) -> Ty {
        match arguments {
            [element, Ir::Ellipsis] => self.object("tuple", vec![self.annotation(element, at)]),
            [Ir::Tuple(none)] if none.is_empty() => Ty::Tuple(Rc::from([])),
            parts => Ty::Tuple(parts.iter().map(|part| self.annotation(part, at)).collect()),
        }
    }

    fn class_object(&self, argument: Option<&Ir>, at: At<'_>) -> Ty {
        match argument.map(|argument| self.annotation(argument, at)) {
            Some(Ty::Inst(class, _) | Ty::Own(class, _)) => Ty::SubclassOf(class),
            Some(Ty::Dynamic) => Ty::Dynamic,
            _ => Ty::Unknown("type[]"),
        }
    }

    /// What `base[arguments]` means as an annotation.
    pub(super) fn with_arguments(&self, base: &Ty, arguments: &[Ir], at: At<'_>) -> Ty {
        let all = || -> Vec<Ty> { arguments.iter().map(|argument| self.annotation(argument, at)).collect() };
        let first = || arguments.first().map_or(Ty::Dynamic, |argument| self.annotation(argument, at));
        match base {
            Ty::Class(class) if self.files().is_class(*class, "builtins", "type") => self.class_object(arguments.first(), at),
            Ty::Class(class) if self.files().is_class(*class, "builtins", "tuple") => self.tuple(arguments, at),
            Ty::Class(class) => Ty::Inst(*class, all().into()),
            Ty::Special(name) => match name.as_str() {
                "Optional" => Ty::union(vec![first(), Ty::None]),
                "Union" => Ty::union(all()),
                "Annotated" | "Final" | "ClassVar" | "Required" | "NotRequired" | "ReadOnly" | "InitVar" => first(),
                "Literal" => Ty::union(arguments.iter().map(|argument| self.literal(argument, at)).collect()),
                "Callable" => Ty::callable(arguments.last().map_or(Ty::Dynamic, |result| self.annotation(result, at))),
                "Type" => self.class_object(arguments.first(), at),
                "Tuple" => self.tuple(arguments, at),
                "Generic" | "Protocol" => Ty::Special(name.clone()),
                "TypeGuard" | "TypeIs" => self.object("bool", vec![]),
                "Concatenate" | "Unpack" => Ty::Other,
                _ => Ty::Unknown("special form"),
            },
            // An alias with type variables of its own.
            Ty::Alias(meaning) => {
                let mut vars = Vec::new();
                meaning.variables(&mut vars);
                let found: Vec<_> = vars.into_iter().zip(all()).collect();
                meaning.with(&found)
            }
            Ty::Dynamic | Ty::Unknown(_) | Ty::Never => base.clone(),
            _ => Ty::Unknown("subscript in annotation"),
        }
    }

    fn literal(&self, argument: &Ir, at: At<'_>) -> Ty {
        match argument {
            // A member of an enumeration.
            Ir::Attr(base, _) => self.instance_of(self.value(base, at), at),
            // A text in brackets looks like an annotation.
            Ir::Typed(_) => self.object("str", vec![]),
            argument => self.value(argument, at),
        }
    }
}
