//! Which overload a call means.

use ruff_python_ast::name::Name;

use super::calls::Args;
use super::ir::Ir;
use super::resolver::{At, Resolver};
use super::table::{Parameter, ParameterKind, Slot};
use super::ty::{ClassRef, FunctionRef, Link, Subst, Ty};

impl Resolver<'_> {
    /// Whether a function may be called with these arguments, where `bound` parameters have theirs: each one
    /// finds its parameter, and no parameter misses one.
    pub(super) fn accepts(&self, function: FunctionRef, bound: usize, args: &Args<'_>) -> bool {
        let Some((by_place, _)) = args.count() else { return true };
        let table = self.files().function(function);
        let open = || table.parameters.iter().skip(bound).enumerate();
        let takes_place = |place: usize, parameter: &Parameter| parameter.kind != ParameterKind::Named && place < by_place;
        let is_known = |name: &Name| open().any(|(place, parameter)| parameter.name == *name && !takes_place(place, parameter));
        let positional = open().filter(|(_, parameter)| parameter.kind != ParameterKind::Named).count();
        (table.has_rest || by_place <= positional && args.names().all(is_known))
            && open().all(|(place, parameter)| {
                parameter.has_default || takes_place(place, parameter) || args.names().any(|name| *name == parameter.name)
            })
    }

    /// Whether an overload is meant by the arguments of a call, where that is known.
    pub(super) fn fits(&self, function: FunctionRef, bound: usize, subst: &Subst, args: &Args<'_>) -> Option<bool> {
        let table = self.files().function(function);
        let star = args.star(self);
        if star.is_some() && table.rest.is_none() || !self.accepts(function, bound, args) {
            return Some(false);
        }
        if args.count().is_none() && star.is_none() {
            return None;
        }
        let at = At { class: table.class, type_parameters: &table.type_parameters, subst, ..At::module(function.0) };
        let mut is_sure = Some(true);
        for (place, parameter) in table.parameters.iter().skip(bound).enumerate() {
            let Some(declared) = &parameter.annotation else { continue };
            let by_place = || args.given(place, parameter).filter(|_| args.count().is_some());
            let given = match args.named(&parameter.name).or_else(by_place) {
                Some(given) => given,
                _ if parameter.has_default => continue,
                _ if star.is_some() => return Some(false),
                _ => continue,
            };
            if let Ir::Sub(base, literals) = declared
                && base.last_name().is_some_and(|name| name == "Literal")
            {
                match args.literal(place, &parameter.name) {
                    Some(value) if literals.contains(if value { &Ir::True } else { &Ir::False }) => {}
                    Some(_) => return Some(false),
                    None => is_sure = None,
                }
                continue;
            }
            match self.takes(&self.annotation(declared, at), &given) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => is_sure = None,
            }
        }
        is_sure
    }

    /// Whether what is declared so takes such a value, where that is known.
    fn takes(&self, declared: &Ty, given: &Ty) -> Option<bool> {
        let some = |all: &[Option<bool>], wanted: bool| {
            if all.contains(&Some(wanted)) {
                Some(wanted)
            } else if all.contains(&None) {
                None
            } else {
                Some(!wanted)
            }
        };
        match (declared, given) {
            (_, Ty::Never | Ty::Unknown(_) | Ty::Dynamic | Ty::Var(..) | Ty::AnyOf(_) | Ty::TypedDict(_)) | (Ty::Unknown(_), _) => None,
            (Ty::Var(_, Some(bound)), given) => Some(self.takes(bound, given) != Some(false)),
            (Ty::Dynamic | Ty::Var(..), _) => Some(true),
            (declared, Ty::Union(parts)) => {
                let all: Vec<_> = parts.iter().map(|part| self.takes(declared, part)).collect();
                some(&all, false)
            }
            (Ty::Union(parts), given) => {
                let all: Vec<_> = parts.iter().map(|part| self.takes(part, given)).collect();
                some(&all, true)
            }
            (Ty::None, given) => Some(*given == Ty::None),
            (declared, _) if self.is_object(declared) => Some(true),
            (Ty::Inst(..), Ty::None) => Some(false),
            (Ty::Inst(class, _), Ty::Inst(own, _) | Ty::Own(own, _)) => {
                if self.descends_from(*own, *class) {
                    return Some(true);
                }
                let is_number = self.files().is_class(*class, "builtins", "float") && self.files().is_class(*own, "builtins", "int");
                if is_number {
                    return Some(true);
                }
                let is_protocol = self.files().class(*class).is_protocol();
                if self.is_open(*own) || is_protocol && !self.misses_method(*own, *class) { None } else { Some(false) }
            }
            (Ty::Inst(class, _), Ty::Coroutine(_)) => {
                let class = self.files().class(*class);
                match class.name.as_str() {
                    "Awaitable" | "Coroutine" | "CoroutineType" => Some(true),
                    _ if class.is_protocol() => None,
                    _ => Some(false),
                }
            }
            (Ty::Callable(result), Ty::Function(_) | Ty::Bound(..) | Ty::Class(_) | Ty::Callable(_)) => {
                match self.takes(result, &self.call(given, &Args::Unknown)) {
                    Some(false) => Some(false),
                    // A plain function without annotations gives mostly nothing that can be awaited.
                    None if self.is_awaitable(result) => None,
                    _ => Some(true),
                }
            }
            (Ty::Inst(..), Ty::Tuple(_)) => self.takes(declared, &self.as_instance(given)),
            (Ty::Callable(_), Ty::None) => Some(false),
            (Ty::SubclassOf(class), Ty::Class(own) | Ty::SubclassOf(own)) if !self.is_open(*own) => Some(self.descends_from(*own, *class)),
            // A class is no text and no number.
            (Ty::Inst(class, _), Ty::Class(_) | Ty::SubclassOf(_) | Ty::Function(_) | Ty::Bound(..)) => {
                let is_plain = ["str", "bytes", "int", "float", "bool", "list", "dict", "tuple", "set"];
                is_plain.iter().any(|name| self.files().is_class(*class, "builtins", name)).then_some(false)
            }
            _ => None,
        }
    }

    fn is_awaitable(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Inst(class, _) => {
                matches!(self.files().class(*class).name.as_str(), "Awaitable" | "Coroutine" | "CoroutineType" | "Future")
            }
            ty => matches!(ty, Ty::Coroutine(_)),
        }
    }

    /// Whether a class certainly lacks a method that a protocol asks for.
    fn misses_method(&self, class: ClassRef, protocol: ClassRef) -> bool {
        let has = |name: &Name| {
            self.order(class).iter().any(|link| matches!(link, Link::Class(home, _) if self.files().class(*home).members.has(name)))
        };
        self.files().class(protocol).members.iter().any(|(name, slots)| matches!(slots, [Slot::Function(_), ..]) && !has(name))
    }
}
