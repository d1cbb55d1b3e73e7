//! What calls give.

use std::rc::Rc;

use ruff_python_ast::name::Name;

use super::ir::{Arg, Ir};
use super::memo::{Key, Value};
use super::resolver::{At, Resolver};
use super::table::{FunctionTable, Parameter, Slot};
use super::ty::{ClassRef, FunctionRef, Link, Subst, Ty, VarId};

/// The arguments of a call.
#[derive(Clone, Copy)]
pub(super) enum Args<'a> {
    /// Nobody says which there are.
    Unknown,
    /// These, by place.
    Given(&'a [Ty]),
    /// As they are written, and what they give.
    Written(&'a [Arg], &'a dyn Fn(&Ir) -> Ty),
}

impl<'a> Args<'a> {
    pub(super) fn of(arguments: &'a [Arg], value: &'a dyn Fn(&Ir) -> Ty) -> Self {
        Args::Written(arguments, value)
    }

    /// How many there are by place and by name, where that is known.
    pub(super) fn count(&self) -> Option<(usize, usize)> {
        match self {
            Args::Unknown => None,
            Args::Given(given) => Some((given.len(), 0)),
            Args::Written(arguments, _) => {
                let by_place = arguments.iter().filter(|argument| matches!(argument, Arg::Place(_))).count();
                let by_name = arguments.iter().filter(|argument| matches!(argument, Arg::Named(..))).count();
                (by_place + by_name == arguments.len()).then_some((by_place, by_name))
            }
        }
    }

    fn written(&self, place: usize, name: &str) -> Option<&'a Ir> {
        let Args::Written(arguments, _) = self else { return None };
        let by_name = arguments.iter().find_map(|argument| match argument {
            Arg::Named(known, value) if known == name => Some(value),
            _ => None,
        });
        by_name.or_else(|| match arguments.get(place) {
            Some(Arg::Place(value)) if arguments[..place].iter().all(|one| matches!(one, Arg::Place(_))) => Some(value),
            _ => None,
        })
    }

    /// What a parameter is given, where it is given anything. The parameter is the one at `place`, behind
    /// those that have their argument already.
    pub(super) fn given(&self, place: usize, parameter: &Parameter) -> Option<Ty> {
        use super::table::ParameterKind::Named;
        match self {
            Args::Unknown => Some(Ty::Unknown("argument")),
            Args::Given(given) => given.get(place).filter(|_| parameter.kind != Named).cloned(),
            Args::Written(arguments, value) => {
                let place = if parameter.kind == Named { usize::MAX } else { place };
                let written = self.written(place, &parameter.name).map(value);
                written.or_else(|| self.count().is_none().then(|| Ty::Unknown("argument"))).filter(|_| !arguments.is_empty())
            }
        }
    }

    /// The names of those that have one.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a Name> + use<'a> {
        let arguments = if let Args::Written(arguments, _) = self { *arguments } else { &[] };
        arguments.iter().filter_map(|argument| if let Arg::Named(name, _) = argument { Some(name) } else { None })
    }

    /// What is given for a parameter by its name.
    pub(super) fn named(&self, name: &str) -> Option<Ty> {
        let Args::Written(arguments, value) = self else { return None };
        arguments.iter().find_map(|argument| match argument {
            Arg::Named(known, given) if known == name => Some(value(given)),
            _ => None,
        })
    }

    /// Which of `True` and `False` is written there.
    pub(super) fn literal(&self, place: usize, name: &str) -> Option<bool> {
        match self.written(place, name)? {
            Ir::True => Some(true),
            Ir::False => Some(false),
            _ => None,
        }
    }

    /// Whether the one argument by place is starred, and what its elements are.
    pub(super) fn star(&self, resolver: &Resolver<'_>) -> Option<Ty> {
        let Args::Written([Arg::Star(value), rest @ ..], eval) = self else { return None };
        rest.iter().all(|argument| matches!(argument, Arg::Named(..))).then(|| resolver.element(&eval(value), false))
    }

    /// What is given by place from `place` on.
    pub(super) fn rest(&self, place: usize) -> Vec<Ty> {
        match self {
            Args::Unknown => Vec::new(),
            Args::Given(given) => given.get(place..).unwrap_or_default().to_vec(),
            Args::Written(arguments, value) => {
                let by_place =
                    arguments.iter().filter_map(|argument| if let Arg::Place(argument) = argument { Some(argument) } else { None });
                by_place.skip(place).map(value).collect()
            }
        }
    }
}

impl Resolver<'_> {
    /// What a call gives.
    pub(super) fn call(&self, function: &Ty, args: &Args<'_>) -> Ty {
        if let Some(of_parts) = function.for_each_part(&|part| self.call(part, args)) {
            return of_parts;
        }
        match function {
            Ty::Class(class) => self.made(*class, args),
            Ty::SubclassOf(class) => match self.made(*class, args) {
                Ty::Inst(..) => self.own(*class),
                other => other,
            },
            Ty::NewType(base) => (**base).clone(),
            Ty::Alias(meaning) => match &**meaning {
                Ty::Inst(class, given) => match self.made(*class, &Args::Unknown) {
                    Ty::Inst(class, _) => Ty::Inst(class, Rc::clone(given)),
                    other => other,
                },
                _ => Ty::Unknown("call of an alias"),
            },
            Ty::Function(one) => self.returned(*one, None, &Rc::from([]), args),
            Ty::Bound(one, receiver) => self.returned(*one, Some(&receiver.own), &receiver.subst, args),
            Ty::Callable(result) => (**result).clone(),
            Ty::Inst(class, own_args) | Ty::Own(class, own_args) => {
                match self.instance_attribute(*class, own_args, &Name::new_static("__call__"), function, 0) {
                    method @ (Ty::Bound(..) | Ty::Callable(_) | Ty::Function(_)) => self.call(&method, args),
                    Ty::Dynamic => Ty::Dynamic,
                    _ => Ty::Unknown("call of an object"),
                }
            }
            Ty::Var(_, Some(bound)) => self.call(bound, args),
            _ => Ty::Unknown("call"),
        }
    }

    /// What a class makes.
    fn made(&self, class: ClassRef, args: &Args<'_>) -> Ty {
        if self.is_typed_dict(class) {
            return Ty::TypedDict(class);
        }
        if self.is_enum(class) {
            return Ty::inst(class);
        }
        match self.metaclass(class) {
            Some(Ok(metaclass)) if self.calls_in_its_own_way(metaclass) => return Ty::Unknown("metaclass"),
            Some(Err(reason)) => return Ty::Unknown(reason),
            _ => {}
        }
        for link in self.order(class).iter() {
            match link {
                Link::Dynamic => break,
                Link::Unknown(reason) => return Ty::Unknown(reason),
                Link::Class(home, _) => {
                    let table = self.files().class(*home);
                    let Some([Slot::Function(index)]) = table.members.get("__new__") else { continue };
                    let new = self.files().function((home.0, *index));
                    if !self.files().is_class(*home, "builtins", "object") && !self.makes_itself(class, *home, new) {
                        return self.returned((home.0, *index), Some(&self.own(class)), &Rc::from([]), args);
                    }
                }
            }
        }
        let params = self.params(class);
        if params.is_empty() {
            return Ty::inst(class);
        }
        let known = self.constructor_variables(class, args);
        let arg =
            |var: &VarId| known.iter().find(|(one, _)| one == var).map_or(Ty::Unknown("argument of a constructor"), |(_, ty)| ty.clone());
        Ty::Inst(class, params.iter().map(arg).collect())
    }

    fn calls_in_its_own_way(&self, metaclass: ClassRef) -> bool {
        self.order(metaclass).iter().any(|link| match link {
            Link::Class(one, _) => self.files().class(*one).members.has("__call__") && !self.files().is_class(*one, "builtins", "type"),
            _ => true,
        })
    }

    /// Whether `__new__` gives an object of the class that is called.
    fn makes_itself(&self, class: ClassRef, home: ClassRef, new: &FunctionTable) -> bool {
        let own = &self.files().class(class).name;
        match &new.returns {
            None => true,
            Some(Ir::Name(name)) => name == "Self" || name == own,
            Some(Ir::Sub(base, _)) => base.last_name().is_some_and(|name| name == own) && self.files().class(home).members.has("__init__"),
            _ => false,
        }
    }

    /// What the type variables of a class stand for, by what its constructor is given.
    fn constructor_variables(&self, class: ClassRef, args: &Args<'_>) -> Vec<(VarId, Ty)> {
        let mut known: Vec<(VarId, Ty)> = Vec::new();
        for link in self.order(class).iter() {
            let Link::Class(home, home_args) = link else { break };
            let table = self.files().class(*home);
            let Some(slots) = table.members.get("__init__").or_else(|| table.members.get("__new__")) else { continue };
            if self.files().is_class(*home, "builtins", "object") {
                break;
            }
            let Some(Slot::Function(index)) = slots.last() else { break };
            let mut candidates = self.overloads_of((home.0, *index)).unwrap_or_else(|| vec![*index]);
            if candidates.len() > 1 {
                candidates.retain(|one| self.accepts((home.0, *one), 1, args));
            }
            let mut found = Vec::new();
            if let Some(one) = candidates.first() {
                self.bind_arguments((home.0, *one), 1, args, &mut found);
                self.bind_rest((home.0, *one), 1, args, &mut found);
            }
            for (place, var) in self.params(*home).iter().enumerate() {
                let given = found.iter().find(|(known, _)| known == var);
                if let (Some((_, ty)), Some(Ty::Var(own, _))) = (given, home_args.get(place)) {
                    known.push((own.clone(), ty.clone()));
                }
            }
            break;
        }
        known
    }

    /// What a function gives, called on `own` where it is a method.
    pub(super) fn returned(&self, function: FunctionRef, own: Option<&Ty>, subst: &Subst, args: &Args<'_>) -> Ty {
        let Some(overloads) = self.overloads_of(function) else { return self.returned_by(function, own, subst, args) };
        let bound = usize::from(own.is_some());
        let mut all = Vec::new();
        for one in overloads {
            let fits = self.fits((function.0, one), bound, subst, args);
            if fits == Some(false) {
                continue;
            }
            all.push(self.returned_by((function.0, one), own, subst, args));
            if fits == Some(true) {
                break;
            }
        }
        if all.is_empty() { Ty::Unknown("overload") } else { Ty::any_of(all) }
    }

    /// The overloads of a function, in the order of the text, where it has any.
    pub(super) fn overloads_of(&self, function: FunctionRef) -> Option<Vec<u32>> {
        let before = self.files().function(function).before?;
        if !self.is_overload((function.0, before)) {
            return None;
        }
        let mut overloads = Vec::new();
        let mut next = Some(if self.is_overload(function) { function.1 } else { before });
        while let Some(one) = next {
            overloads.push(one);
            next = self.files().function((function.0, one)).before;
        }
        overloads.reverse();
        Some(overloads)
    }

    fn returned_by(&self, function: FunctionRef, own: Option<&Ty>, subst: &Subst, args: &Args<'_>) -> Ty {
        let table = self.files().function(function);
        let Some(declared) = &table.returns else {
            let ty = if self.reads_bodies() { self.results(function, own, subst) } else { Ty::Dynamic };
            return match (table.is_async, table.yields) {
                (true, false) => Ty::coroutine(ty),
                (_, true) if !self.reads_bodies() => Ty::Unknown("generator"),
                (is_async, true) => {
                    let class = self.db.standard_class("typing", if is_async { "AsyncGenerator" } else { "Generator" });
                    class.map_or(Ty::Unknown("generator"), |class| Ty::Inst(class, Rc::from([ty, Ty::Dynamic, Ty::Dynamic])))
                }
                (false, false) => ty,
            };
        };
        let at = At { class: table.class, type_parameters: &table.type_parameters, own, subst, ..At::module(function.0) };
        let mut ty = self.annotation(declared, at);
        if ty.has_variable() {
            let bound = usize::from(own.is_some());
            let mut found = Vec::new();
            if let (Some(own), Some(Parameter { annotation: Some(first), .. })) = (own, table.parameters.first()) {
                self.bind(first, own, at, &mut found);
            }
            self.bind_arguments(function, bound, args, &mut found);
            self.bind_rest(function, bound, args, &mut found);
            ty = ty.with(&found);
        }
        if table.is_async && !table.yields { Ty::coroutine(ty) } else { ty }
    }

    /// What the `return`s of a function without annotation give, where all of it is of one class.
    fn results(&self, function: FunctionRef, own: Option<&Ty>, subst: &Subst) -> Ty {
        let table = self.files().function(function);
        let Some(results) = &table.results else { return Ty::Dynamic };
        let find = || {
            let at = At { class: table.class, own, subst, ..At::module(function.0) };
            let values = results.iter().map(|result| self.value(result, at)).filter(|ty| *ty != Ty::None);
            Value::Ty(match Ty::union(values.collect()).without_none() {
                Ty::Union(_) | Ty::Unknown(_) => Ty::Dynamic,
                ty => ty,
            })
        };
        let key = Key::Results(function, own.cloned().unwrap_or(Ty::Other), self.reads);
        self.db.memo().ask(&key, &Value::Ty(Ty::Never), &find).ty().unwrap_or(Ty::Dynamic)
    }
}
