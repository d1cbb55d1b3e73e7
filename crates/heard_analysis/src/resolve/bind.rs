//! What type variables stand for in a call, by what is given.

use super::calls::Args;
use super::ir::Ir;
use super::resolver::{At, Resolver};
use super::table::{ParameterKind, Slot};
use super::ty::{ClassRef, FunctionRef, Ty, VarId};

impl Resolver<'_> {
    /// Binds the type variables of a function's parameters, behind the first `bound` ones.
    pub(super) fn bind_arguments(&self, function: FunctionRef, bound: usize, args: &Args<'_>, found: &mut Vec<(VarId, Ty)>) {
        let table = self.files().function(function);
        let at = At { class: table.class, type_parameters: &table.type_parameters, ..At::module(function.0) };
        for (place, parameter) in table.parameters.iter().skip(bound).enumerate() {
            let Some(declared) = &parameter.annotation else { continue };
            let mut vars = Vec::new();
            self.variables(declared, at, &mut vars);
            if !vars.is_empty()
                && let Some(given) = args.given(place, parameter)
            {
                self.bind(declared, &given, at, found);
            }
        }
    }

    /// Binds those of `*args`.
    pub(super) fn bind_rest(&self, function: FunctionRef, bound: usize, args: &Args<'_>, found: &mut Vec<(VarId, Ty)>) {
        let table = self.files().function(function);
        let Some(rest) = &table.rest else { return };
        let at = At { class: table.class, type_parameters: &table.type_parameters, ..At::module(function.0) };
        let given = if let Some(element) = args.star(self) {
            element
        } else {
            let positional = table.parameters.iter().filter(|parameter| parameter.kind != ParameterKind::Named).count();
            let given = args.rest(positional.saturating_sub(bound));
            if given.is_empty() {
                return;
            }
            Ty::union(given)
        };
        self.bind(rest, &given, at, found);
    }

    /// Binds the type variables of an annotation, where this is given.
    pub(super) fn bind(&self, declared: &Ir, given: &Ty, at: At<'_>, found: &mut Vec<(VarId, Ty)>) {
        match declared {
            Ir::Name(_) | Ir::Attr(..) => {
                if let Ty::Var(var, _) = self.value(declared, at)
                    && !found.iter().any(|(known, _)| *known == var)
                {
                    found.push((var, given.clone()));
                }
            }
            Ir::Typed(declared) => self.bind(declared, given, at, found),
            Ir::Union(parts) => {
                let given = given.clone().without_none();
                parts.iter().for_each(|part| self.bind(part, &given, at, found));
            }
            Ir::Sub(base, arguments) => self.bind_generic(&self.value(base, at), arguments, given, at, found),
            _ => {}
        }
    }

    fn bind_generic(&self, base: &Ty, arguments: &[Ir], given: &Ty, at: At<'_>, found: &mut Vec<(VarId, Ty)>) {
        match (base, given) {
            (Ty::Special(name), _) if matches!(name.as_str(), "Optional" | "Union" | "Annotated") => {
                let given = given.clone().without_none();
                for part in arguments {
                    self.bind(part, &given, at, found);
                }
            }
            (Ty::Special(name), _) if name == "Callable" => {
                if let Some(result) = arguments.last() {
                    self.bind(result, &self.call(given, &Args::Unknown), at, found);
                }
            }
            (Ty::Alias(meaning), _) => {
                let (mut vars, mut inner) = (Vec::new(), Vec::new());
                meaning.variables(&mut vars);
                self.bind_ty(meaning, given, &mut inner);
                for (var, argument) in vars.iter().zip(arguments) {
                    if let Some((_, ty)) = inner.iter().find(|(known, _)| known == var) {
                        self.bind(argument, ty, at, found);
                    }
                }
            }
            (Ty::Special(name), _) if name == "Type" => self.bind_class(arguments, given, at, found),
            (Ty::Class(class), _) if self.files().is_class(*class, "builtins", "type") => self.bind_class(arguments, given, at, found),
            (Ty::Class(class), Ty::Coroutine(inner)) => match (self.files().class(*class).name.as_str(), arguments) {
                ("Awaitable" | "Future", [result]) | ("Coroutine" | "CoroutineType", [_, _, result]) => self.bind(result, inner, at, found),
                _ => {}
            },
            (Ty::Class(class), Ty::Inst(own, args) | Ty::Own(own, args)) => {
                let seen = self.args_as(*own, args, *class).unwrap_or_else(|| self.args_by_structure(*class, given));
                for (argument, ty) in arguments.iter().zip(seen) {
                    self.bind(argument, &ty, at, found);
                }
            }
            (Ty::Class(class), Ty::Tuple(parts)) => {
                if self.files().is_class(*class, "builtins", "tuple") && arguments.len() == parts.len() {
                    arguments.iter().zip(parts.iter()).for_each(|(argument, part)| self.bind(argument, part, at, found));
                } else if let [element] = arguments {
                    self.bind(element, &Ty::union(parts.to_vec()), at, found);
                }
            }
            (_, Ty::Dynamic | Ty::Unknown(_)) => arguments.iter().for_each(|part| self.bind(part, given, at, found)),
            _ => {}
        }
    }

    /// What the type variables of a protocol stand for in an object that only has its methods.
    fn args_by_structure(&self, protocol: ClassRef, given: &Ty) -> Vec<Ty> {
        let table = self.files().class(protocol);
        if !table.is_protocol() {
            return Vec::new();
        }
        let at = At { class: Some(protocol.1), type_parameters: &table.type_parameters, ..At::module(protocol.0) };
        let mut found = Vec::new();
        for (name, slots) in table.members.iter() {
            let [Slot::Function(index)] = slots else { continue };
            let function = self.files().function((protocol.0, *index));
            let (Some(declared), Some(result)) = (&function.returns, self.through_method(given, name)) else { continue };
            let result = match &result {
                Ty::Coroutine(inner) if function.is_async => &**inner,
                result => result,
            };
            if self.is_seen_as(result, declared, at) {
                self.bind(declared, result, at, &mut found);
            }
        }
        let one = |var: &VarId| found.iter().find(|(known, _)| known == var).map_or(Ty::Unknown("protocol"), |(_, ty)| ty.clone());
        self.params(protocol).iter().map(one).collect()
    }

    /// Whether a type variable is all that is declared, or a class that a value descends from by name: what
    /// has the methods of one protocol after the other would be looked into without end.
    fn is_seen_as(&self, value: &Ty, declared: &Ir, at: At<'_>) -> bool {
        match (declared, value) {
            (Ir::Name(_), _) => true,
            (Ir::Sub(base, _), Ty::Inst(own, _) | Ty::Own(own, _)) => {
                matches!(self.value(base, at), Ty::Class(class) if self.descends_from(*own, class))
            }
            _ => false,
        }
    }

    fn bind_class(&self, arguments: &[Ir], given: &Ty, at: At<'_>, found: &mut Vec<(VarId, Ty)>) {
        let object = match given {
            Ty::Class(class) | Ty::SubclassOf(class) => Ty::inst(*class),
            // The receiver of a class method is the object's class.
            Ty::Own(..) | Ty::Inst(..) | Ty::Dynamic | Ty::Unknown(_) => given.clone(),
            _ => Ty::Unknown("class"),
        };
        if let Some(argument) = arguments.first() {
            self.bind(argument, &object, at, found);
        }
    }

    /// The same of what an annotation means.
    fn bind_ty(&self, declared: &Ty, given: &Ty, found: &mut Vec<(VarId, Ty)>) {
        match (declared, given) {
            (Ty::Var(var, _), _) if found.iter().any(|(known, _)| known == var) => {}
            (Ty::Var(var, _), _) => found.push((var.clone(), given.clone())),
            (Ty::Union(parts), _) => {
                let given = given.clone().without_none();
                parts.iter().for_each(|part| self.bind_ty(part, &given, found));
            }
            (Ty::Callable(result), Ty::Function(_) | Ty::Bound(..) | Ty::Class(_) | Ty::Callable(_)) => {
                self.bind_ty(result, &self.call(given, &Args::Unknown), found);
            }
            (Ty::Inst(class, args), Ty::Coroutine(inner)) => match (self.files().class(*class).name.as_str(), &**args) {
                ("Awaitable", [result]) | ("Coroutine" | "CoroutineType", [_, _, result]) => self.bind_ty(result, inner, found),
                _ => {}
            },
            (Ty::Inst(class, args), Ty::Inst(own, own_args) | Ty::Own(own, own_args)) => {
                for (arg, ty) in args.iter().zip(self.args_as(*own, own_args, *class).unwrap_or_default()) {
                    self.bind_ty(arg, &ty, found);
                }
            }
            (Ty::Coroutine(inner), Ty::Coroutine(given)) => self.bind_ty(inner, given, found),
            (Ty::Tuple(parts), Ty::Tuple(given)) if parts.len() == given.len() => {
                parts.iter().zip(given.iter()).for_each(|(part, given)| self.bind_ty(part, given, found));
            }
            _ => {}
        }
    }
}
