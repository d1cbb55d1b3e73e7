//! What an expression stands for.

use std::rc::Rc;

use ruff_python_ast::name::Name;

use super::index::FileId;

/// A class or a function, by its file and its place in the file's table.
pub(crate) type ClassRef = (FileId, u32);
pub(crate) type FunctionRef = (FileId, u32);

/// A type variable, by the file that makes it and its name there.
pub(crate) type VarId = (FileId, Name);

/// What type variables stand for.
pub(crate) type Subst = Rc<[(VarId, Ty)]>;

/// A union of more parts than this is not followed.
const MOST_PARTS: usize = 8;

/// Of more overloads than this, none is chosen.
const MOST_CHOICES: usize = 12;

/// Of what is in a container that is made empty, nothing is known, and beside another one it says nothing.
pub(crate) const EMPTY: &str = "empty display";

/// Types inside each other beyond this are those of a function that gives ever more of the same.
const DEEPEST: usize = 8;

/// What an expression stands for. `Unknown` and `Dynamic` are two kinds of ignorance: of a form that is
/// not followed, somebody may know more; of what is dynamic nobody can.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ty {
    /// The resolver does not know, for this reason.
    Unknown(&'static str),
    /// There is no type: no annotation, `Any`, a module that is not there.
    Dynamic,
    None,
    Module(FileId),
    /// A folder of modules without a file of its own.
    Namespace(u32),
    /// The class itself.
    Class(ClassRef),
    /// The class or one that derives from it: `cls`, `type[X]`.
    SubclassOf(ClassRef),
    /// An object of the class, as far as a declaration says.
    Inst(ClassRef, Rc<[Ty]>),
    /// `self`: an object of the class or of one that derives from it.
    Own(ClassRef, Rc<[Ty]>),
    /// `super()`, as seen from a class.
    Super(ClassRef, Rc<[Ty]>),
    Function(FunctionRef),
    /// A method that has its object.
    Bound(FunctionRef, Rc<Receiver>),
    /// What a coroutine function gives, by what awaiting it gives.
    Coroutine(Rc<Ty>),
    Union(Rc<[Ty]>),
    /// One of these, as the overloads of a function say.
    AnyOf(Rc<[Ty]>),
    Var(VarId, Option<Rc<Ty>>),
    /// `typing.Optional` and its like, by name.
    Special(Name),
    /// What a `Callable[…, T]` gives.
    Callable(Rc<Ty>),
    /// Another name for a type: what an annotation with it means.
    Alias(Rc<Ty>),
    /// What `NewType` makes, by what it is based on.
    NewType(Rc<Ty>),
    /// A dictionary whose keys are known.
    TypedDict(ClassRef),
    /// A tuple of so many.
    Tuple(Rc<[Ty]>),
    /// Something of no interest: neither a function nor of a class.
    Other,
    /// What is found only by way of itself: nothing, so far.
    Never,
}

/// The object that a method has, and what the type variables of the class that defines it stand for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Receiver {
    pub(crate) own: Ty,
    pub(crate) subst: Subst,
}

/// How a function behaves as a member of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Plain,
    Static,
    Class,
    /// A property, by the function that gets it.
    Property(u32),
    /// What its decorators made of it.
    Value(Ty),
}

/// One class in a method resolution order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Class(ClassRef, Rc<[Ty]>),
    /// A base of which nobody knows anything: the class may have any method.
    Dynamic,
    Unknown(&'static str),
}

impl Ty {
    /// An object of a class without type arguments.
    pub(crate) fn inst(class: ClassRef) -> Self {
        Ty::Inst(class, Rc::from([]))
    }

    pub(crate) fn coroutine(result: Ty) -> Self {
        Ty::Coroutine(Rc::new(result))
    }

    pub(crate) fn callable(result: Ty) -> Self {
        Ty::Callable(Rc::new(result))
    }

    /// One or the other. What is not known of one part is not known of all.
    pub(crate) fn union(parts: Vec<Ty>) -> Self {
        if let Some(place) = parts.iter().position(|part| matches!(part, Ty::AnyOf(_))) {
            let Ty::AnyOf(choices) = &parts[place] else { return Ty::Unknown("union of overloads") };
            if choices.len() * parts.len() > MOST_CHOICES * 2 {
                return Ty::Unknown("union of overloads");
            }
            let with = |choice: &Ty| {
                let mut one = parts.clone();
                one[place] = choice.clone();
                Ty::union(one)
            };
            return Ty::any_of(choices.iter().map(with).collect());
        }
        let mut all: Vec<Ty> = Vec::new();
        let mut is_open = false;
        for part in parts {
            match part {
                Ty::Unknown(reason) => return Ty::Unknown(reason),
                Ty::Never => is_open = true,
                Ty::Union(parts) => parts.iter().for_each(|part| add(&mut all, part.clone())),
                part => add(&mut all, part),
            }
        }
        match all.len() {
            0 if is_open => Ty::Never,
            0 => Ty::Dynamic,
            1 => all.remove(0),
            2..=MOST_PARTS => Ty::Union(all.into()),
            _ => Ty::Unknown("large union"),
        }
    }

    /// One of these; which one depends on what is not looked at.
    pub(crate) fn any_of(parts: Vec<Ty>) -> Self {
        let mut all: Vec<Ty> = Vec::new();
        for part in parts {
            match part {
                Ty::Unknown(reason) => return Ty::Unknown(reason),
                Ty::Never => {}
                Ty::AnyOf(parts) => {
                    for part in parts.iter().filter(|part| !all.contains(part)).cloned().collect::<Vec<_>>() {
                        all.push(part);
                    }
                }
                part if all.contains(&part) => {}
                part => all.push(part),
            }
        }
        match all.len() {
            0 => Ty::Never,
            1 => all.remove(0),
            2..=MOST_CHOICES => Ty::AnyOf(all.into()),
            _ => Ty::Unknown("overload"),
        }
    }

    /// The same for each part of a union, and for each choice.
    pub(crate) fn for_each_part(&self, change: &dyn Fn(&Ty) -> Ty) -> Option<Ty> {
        match self {
            Ty::Unknown(_) | Ty::Dynamic | Ty::Never => Some(self.clone()),
            Ty::Union(parts) => Some(Ty::union(parts.iter().filter(|part| **part != Ty::None).map(change).collect())),
            Ty::AnyOf(parts) => Some(Ty::any_of(parts.iter().map(change).collect())),
            _ => None,
        }
    }

    /// What is left where it is not `None`.
    pub(crate) fn without_none(self) -> Self {
        match &self {
            Ty::Union(parts) if parts.contains(&Ty::None) => Ty::union(parts.iter().filter(|part| **part != Ty::None).cloned().collect()),
            _ => self,
        }
    }

    pub(crate) fn may_be_none(&self) -> bool {
        matches!(self, Ty::Union(parts) if parts.contains(&Ty::None))
    }

    /// Whether a type variable is left in it.
    pub(crate) fn has_variable(&self) -> bool {
        match self {
            Ty::Var(..) => true,
            Ty::Inst(_, parts) | Ty::Union(parts) | Ty::AnyOf(parts) | Ty::Tuple(parts) => parts.iter().any(Ty::has_variable),
            Ty::Coroutine(inner) | Ty::Callable(inner) | Ty::Alias(inner) => inner.has_variable(),
            _ => false,
        }
    }

    /// The type variables in it, in their order.
    pub(crate) fn variables(&self, found: &mut Vec<VarId>) {
        match self {
            Ty::Var(var, _) if !found.contains(var) => found.push(var.clone()),
            Ty::Inst(_, parts) | Ty::Union(parts) | Ty::AnyOf(parts) | Ty::Tuple(parts) => {
                parts.iter().for_each(|part| part.variables(found));
            }
            Ty::Coroutine(inner) | Ty::Callable(inner) | Ty::Alias(inner) => inner.variables(found),
            _ => {}
        }
    }

    /// The same with type variables put in for what they stand for.
    pub(crate) fn with(&self, subst: &[(VarId, Ty)]) -> Ty {
        if subst.is_empty() {
            return self.clone();
        }
        let all = |parts: &Rc<[Ty]>| -> Rc<[Ty]> { parts.iter().map(|part| part.with(subst)).collect() };
        match self {
            Ty::Var(var, _) => subst.iter().find(|(known, _)| known == var).map_or_else(|| self.clone(), |(_, ty)| ty.clone()),
            Ty::Inst(class, args) if !args.is_empty() => Ty::Inst(*class, all(args)),
            Ty::Own(class, args) if !args.is_empty() => Ty::Own(*class, all(args)),
            Ty::AnyOf(parts) => Ty::any_of(parts.iter().map(|part| part.with(subst)).collect()),
            Ty::Union(parts) => Ty::union(parts.iter().map(|part| part.with(subst)).collect()),
            Ty::Tuple(parts) => Ty::Tuple(all(parts)),
            Ty::Coroutine(inner) => Ty::coroutine(inner.with(subst)),
            Ty::Callable(inner) => Ty::callable(inner.with(subst)),
            Ty::Alias(inner) => Ty::Alias(Rc::new(inner.with(subst))),
            Ty::Bound(function, receiver) => {
                let inner = receiver.subst.iter().map(|(var, ty)| (var.clone(), ty.with(subst))).collect();
                Ty::Bound(*function, Rc::new(Receiver { own: receiver.own.with(subst), subst: inner }))
            }
            _ => self.clone(),
        }
    }

    /// The same, with what lies too deep in it left out.
    pub(crate) fn bounded(self) -> Ty {
        if self.is_deeper_than(DEEPEST) { Ty::Unknown("deep type") } else { self }
    }

    fn is_deeper_than(&self, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        match self {
            Ty::Inst(_, parts) | Ty::Own(_, parts) | Ty::Super(_, parts) | Ty::Union(parts) | Ty::AnyOf(parts) | Ty::Tuple(parts) => {
                parts.iter().any(|part| part.is_deeper_than(depth))
            }
            Ty::Coroutine(inner) | Ty::Callable(inner) | Ty::Alias(inner) | Ty::NewType(inner) => inner.is_deeper_than(depth),
            Ty::Bound(_, receiver) => receiver.own.is_deeper_than(depth) || receiver.subst.iter().any(|(_, ty)| ty.is_deeper_than(depth)),
            _ => false,
        }
    }
}

/// Adds a part to those of a union.
fn add(all: &mut Vec<Ty>, part: Ty) {
    // Of objects of one class with different arguments, only the class is known.
    if let Ty::Inst(class, args) = &part
        && let Some(known) = all.iter_mut().find(|one| matches!(one, Ty::Inst(other, _) if other == class))
    {
        if *known != part {
            let Ty::Inst(_, known_args) = &*known else { return };
            let both = known_args.iter().zip(args.iter()).map(|pair| match pair {
                (Ty::Unknown(EMPTY), one) | (one, Ty::Unknown(EMPTY)) => one.clone(),
                (left, right) if left == right => left.clone(),
                _ => Ty::Unknown("arguments"),
            });
            *known = Ty::Inst(*class, both.collect());
        }
        return;
    }
    if !all.contains(&part) {
        all.push(part);
    }
}
