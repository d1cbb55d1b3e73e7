//! What a name or a dotted path stands for in a function: the bindings that reach a place, narrowed by
//! the tests that hold there.

mod bindings;
mod levels;
mod tests_that_hold;

use std::cell::RefCell;
use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use super::index::FileId;
use super::ir::Ir;
use super::memo::{Key, Value};
use super::resolver::{At, Reads, Resolver};
use super::table::{FromImport, Version};
use super::ty::{ClassRef, Ty};
use levels::{Level, levels};
use tests_that_hold::{Says, Test, tests};

pub(super) use levels::{around, is_unreachable};

/// The scopes of a file whose text is at hand.
pub(super) struct Scopes<'m> {
    pub(super) body: &'m [Stmt],
    pub(super) file: FileId,
    pub(super) version: Version,
    pub(super) known: &'m Known,
}

/// The scopes of a file that were looked at, by where they begin.
pub(super) type Known = RefCell<FxHashMap<TextSize, Rc<Scope>>>;

/// What binds a name in a scope.
#[derive(Clone, Debug, PartialEq)]
enum Binding {
    Parameter { name: Name, annotation: Option<Ir>, default: Option<Ir>, place: usize, kind: Gathers },
    Value(Ir),
    Annotated(Ir, Option<Ir>),
    Except(Option<Ir>),
    Module(Name),
    From(FromImport),
    Function(TextSize),
    Class(TextSize),
    Other(&'static str),
}

/// Whether a parameter gathers arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gathers {
    One,
    Positional,
    Named,
}

/// A binding and where it stands.
#[derive(Clone, Debug)]
struct Bound {
    binding: Binding,
    spot: Spot,
}

/// Where a binding stands.
#[derive(Clone, Copy, Debug, Default)]
struct Spot {
    /// The statement, of a compound one the header.
    range: TextRange,
    /// The suite around it.
    block: TextRange,
    /// Whether nothing comes behind that suite.
    ends: bool,
}

/// One scope: that of a function, a lambda or a comprehension.
#[derive(Debug, Default)]
pub(super) struct Scope {
    names: FxHashMap<Name, Vec<Bound>>,
    /// Dotted paths that are bound.
    paths: FxHashMap<String, Vec<Bound>>,
    globals: FxHashSet<Name>,
    nonlocals: FxHashSet<Name>,
    loops: Vec<TextRange>,
    /// What is put into containers that have a name.
    growth: FxHashMap<Name, Growth>,
    /// How the function around takes its first parameter.
    receiver: Receiver,
}

/// What the first parameter of a function is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Receiver {
    #[default]
    None,
    Object,
    Class,
}

/// What a function puts into a container.
#[derive(Debug, Default)]
struct Growth {
    elements: Vec<Ir>,
    containers: Vec<Ir>,
    items: Vec<(Ir, Ir)>,
}

/// Containers with more puts than this are not looked into.
const MOST_PARTS: usize = 8;

/// The place of what is grown, beside those of bindings.
const GROWN: u32 = u32::MAX;

/// Which of the bindings may reach `place`, and whether one of them always does.
fn reaching(all: &[Bound], loops: &[TextRange], place: TextSize) -> (Vec<usize>, bool) {
    let before = |spot: &Spot| spot.range.end() <= place;
    let certain = all.iter().rposition(|bound| before(&bound.spot) && bound.spot.block.contains_inclusive(place));
    let may_reach = |index: &usize| {
        let spot = &all[*index].spot;
        before(spot) && (spot.block.contains_inclusive(place) || !spot.ends)
    };
    let mut found: Vec<usize> = (certain.unwrap_or(0)..all.len()).filter(may_reach).collect();
    for around in loops.iter().filter(|around| around.contains_inclusive(place)) {
        // One that stands before it in the loop comes again first.
        if certain.is_some_and(|index| around.contains_range(all[index].spot.range)) {
            continue;
        }
        for (index, bound) in all.iter().enumerate() {
            if !before(&bound.spot) && around.contains_range(bound.spot.range) && !found.contains(&index) {
                found.push(index);
            }
        }
    }
    (found, certain.is_some())
}

impl<'m> Scopes<'m> {
    fn scope(&self, level: &Level<'m>) -> Option<(TextSize, Rc<Scope>)> {
        let start = level.start()?;
        if let Some(known) = self.known.borrow().get(&start) {
            return Some((start, Rc::clone(known)));
        }
        let made = Rc::new(level.scope(self.version)?);
        self.known.borrow_mut().insert(start, Rc::clone(&made));
        Some((start, made))
    }

    fn class_of(&self, level: &Level<'m>, resolver: &Resolver<'_>) -> Option<u32> {
        match level {
            Level::Class(class) => resolver.files().table(self.file).class_at(class.name.range.start()),
            _ => None,
        }
    }

    /// The class around a place.
    pub(super) fn class_around(&self, place: TextSize, resolver: &Resolver<'_>) -> Option<u32> {
        levels(self.body, place).inside.iter().rev().find_map(|level| self.class_of(level, resolver))
    }

    /// The one value that a name is bound to at a place, wherever it is bound in this file.
    pub(super) fn only_value(&self, name: &Name, place: TextSize) -> Option<&'m Expr> {
        let around = levels(self.body, place);
        let last = around.inside.len();
        for (index, level) in around.inside.iter().enumerate().rev() {
            if matches!(level, Level::Class(_)) && index + 1 < last {
                continue;
            }
            let bound = bindings::values_of(level, name, self.version)?;
            match &bound[..] {
                _ if self.scope(level).is_some_and(|(_, scope)| scope.globals.contains(name)) => break,
                [] => {}
                [Some(value)] => return Some(value),
                _ => return None,
            }
        }
        match &bindings::values_in(self.body, name, self.version)[..] {
            [Some(value)] => Some(value),
            _ => None,
        }
    }
}

impl Resolver<'_> {
    /// What a name stands for at a place.
    pub(super) fn name_in_scope(&self, name: &Name, place: TextSize, scopes: &Scopes<'_>, at: At<'_>) -> Ty {
        let around = levels(scopes.body, place);
        let last = around.inside.len();
        for (index, level) in around.inside.iter().enumerate().rev() {
            if matches!(level, Level::Class(_)) {
                // A class body's names are those of no function in it.
                if index + 1 == last
                    && let Some(class) = scopes.class_of(level, self)
                {
                    return self.lookup(name, At { class: Some(class), ..At::module(scopes.file) });
                }
                continue;
            }
            let Some((start, scope)) = scopes.scope(level) else { continue };
            if scope.globals.contains(name) {
                break;
            }
            let Some(all) = scope.names.get(name) else { continue };
            if scope.nonlocals.contains(name) {
                return Ty::Unknown("nonlocal");
            }
            let class = index.checked_sub(1).and_then(|outer| scopes.class_of(&around.inside[outer], self));
            let at = At { class: None, own: None, subst: &[], ..at };
            let scope_at = Around { start, scope: &scope, class: class.map(|class| (scopes.file, class)), at };
            // In a function in there, or behind it, any binding may have been the last.
            let is_here = around.inside[index + 1..].iter().all(|level| matches!(level, Level::Comprehension(_)));
            let chosen = if all.len() > 1 && is_here { reaching(all, &scope.loops, place).0 } else { (0..all.len()).collect() };
            let ty = self.chosen(name, all, &chosen, &scope_at);
            return self.narrowed(ty, name, place, all, scopes, at);
        }
        if let Some(parameter) = around.type_parameters.iter().find(|parameter| **parameter == name) {
            return Ty::Var((scopes.file, (*parameter).clone()), None);
        }
        self.lookup(name, At { type_parameters: at.type_parameters, ..At::module(scopes.file) })
    }

    /// What the bindings give that were chosen.
    fn chosen(&self, name: &Name, all: &[Bound], chosen: &[usize], around: &Around<'_>) -> Ty {
        let declared = || {
            all.iter().enumerate().find_map(|(index, bound)| match &bound.binding {
                Binding::Annotated(declared, _) => Some(self.annotation(declared, around.at)),
                Binding::Parameter { annotation: Some(_), .. } => Some(self.bound(name, all, index, around)),
                _ => None,
            })
        };
        let types = chosen.iter().map(|index| match self.bound(name, all, *index, around) {
            // What is not known is what the name is declared as.
            Ty::Dynamic => declared().unwrap_or(Ty::Dynamic),
            ty => ty,
        });
        let types: Vec<Ty> = types.collect();
        let ty = if types.is_empty() { Ty::Unknown("not bound yet") } else { Ty::union(types) };
        match (&ty, around.scope.growth.get(name)) {
            (Ty::Inst(class, args), Some(growth))
                if args.iter().any(|arg| matches!(arg, Ty::Unknown(_))) && all.iter().all(|bound| is_empty_container(&bound.binding)) =>
            {
                let key = Key::Binding(around.at.file, around.start, name.clone(), GROWN, self.reads);
                let find = || Value::Ty(self.grown(*class, growth, around.at));
                self.db.memo().ask(&key, &Value::Ty(Ty::Never), &find).ty().unwrap_or(ty)
            }
            _ => ty,
        }
    }

    /// A container that is made empty is of what the function puts in.
    fn grown(&self, class: ClassRef, growth: &Growth, at: At<'_>) -> Ty {
        let is_mapping = self.params(class).len() == 2;
        let parts = growth.elements.len() + growth.containers.len() + growth.items.len();
        if parts > MOST_PARTS {
            return Ty::Inst(class, (0..if is_mapping { 2 } else { 1 }).map(|_| Ty::Unknown("grown")).collect());
        }
        let values = growth.items.iter().map(|(_, value)| self.value(value, at));
        if is_mapping {
            let keys = growth.items.iter().map(|(key, _)| self.value(key, at)).collect();
            return Ty::Inst(class, Rc::from([Ty::union(keys), Ty::union(values.collect())]));
        }
        let elements = growth.elements.iter().map(|element| self.value(element, at));
        let inner = growth.containers.iter().map(|container| self.element(&self.value(container, at), false));
        Ty::Inst(class, Rc::from([Ty::union(elements.chain(inner).chain(values).collect())]))
    }

    /// What one binding of a name gives.
    fn bound(&self, name: &str, all: &[Bound], index: usize, around: &Around<'_>) -> Ty {
        let place = u32::try_from(index).unwrap_or(GROWN - 1);
        let key = Key::Binding(around.at.file, around.start, Name::new(name), place, self.reads);
        let find = || Value::Ty(self.find_bound(&all[index].binding, around));
        self.db.memo().ask(&key, &Value::Ty(Ty::Never), &find).ty().unwrap_or(Ty::Dynamic)
    }

    fn find_bound(&self, binding: &Binding, around: &Around<'_>) -> Ty {
        let at = around.at;
        match binding {
            Binding::Parameter { name, annotation, default, place, kind } => {
                let class = around.class.map(|(_, class)| class);
                let declared = annotation.as_ref().map(|declared| self.annotation(declared, At { class, ..at }));
                match (kind, declared) {
                    (Gathers::One, Some(declared)) => declared,
                    (Gathers::One, None) => self.undeclared(name, *place, default.as_ref(), around),
                    (Gathers::Positional, declared) => self.object("tuple", vec![declared.unwrap_or(Ty::Dynamic)]),
                    (Gathers::Named, declared) => self.object("dict", vec![self.object("str", vec![]), declared.unwrap_or(Ty::Dynamic)]),
                }
            }
            Binding::Value(value) => self.value(value, at),
            Binding::Annotated(declared, value) => {
                let declared = self.annotation(declared, at);
                match value.as_ref().map(|value| self.value(value, at)) {
                    None | Some(Ty::Dynamic) => declared,
                    Some(Ty::Inst(_, args)) if args.iter().any(|arg| matches!(arg, Ty::Unknown(_))) => declared,
                    Some(ty) => ty,
                }
            }
            Binding::Except(Some(Ir::Tuple(_)) | None) => Ty::Unknown("except"),
            Binding::Except(Some(kind)) => match self.value(kind, at) {
                Ty::Class(class) => Ty::inst(class),
                Ty::Dynamic => Ty::Dynamic,
                _ => Ty::Unknown("except"),
            },
            Binding::Module(module) => self.module(at.file, module),
            Binding::From(import) => self.import_from(at.file, import),
            Binding::Function(start) => match self.files().table(at.file).function_at(*start) {
                Some(index) => self.function(at.file, index),
                None => Ty::Unknown("inner function"),
            },
            Binding::Class(start) => match self.files().table(at.file).class_at(*start) {
                Some(index) => Ty::Class((at.file, index)),
                None => Ty::Unknown("inner class"),
            },
            Binding::Other(reason) => Ty::Unknown(reason),
        }
    }

    /// A parameter without annotation.
    fn undeclared(&self, name: &Name, place: usize, default: Option<&Ir>, around: &Around<'_>) -> Ty {
        if let (0, Some(class)) = (place, around.class) {
            match around.scope.receiver {
                Receiver::Object => return self.own(class),
                Receiver::Class => return Ty::SubclassOf(class),
                Receiver::None => {}
            }
        }
        if self.reads == Reads::Callers
            && matches!(default, None | Some(Ir::None))
            && let Some(function) = self.files().table(around.at.file).function_at(around.start)
        {
            return self.given_by_callers((around.at.file, function), name);
        }
        match default.map(|default| self.value(default, around.at)) {
            None | Some(Ty::Dynamic) => Ty::Dynamic,
            Some(Ty::Unknown(reason)) => Ty::Unknown(reason),
            Some(ty) => Ty::union(vec![Ty::Dynamic, ty]),
        }
    }

    /// What an attribute is at a place, where something may be put in on the way. `declared` is what it is
    /// by its class.
    pub(super) fn attribute_in_scope(&self, path: &str, place: TextSize, scopes: &Scopes<'_>, at: At<'_>, declared: &dyn Fn() -> Ty) -> Ty {
        let around = levels(scopes.body, place);
        for (index, level) in around.inside.iter().enumerate().rev() {
            let Some((start, scope)) = scopes.scope(level) else { continue };
            let all = scope.paths.get(path).map_or(&[][..], Vec::as_slice);
            let is_function = matches!(level, Level::Function(_));
            if all.is_empty() && !is_function {
                continue;
            }
            let class = index.checked_sub(1).and_then(|outer| scopes.class_of(&around.inside[outer], self));
            let around = Around { start, scope: &scope, class: class.map(|class| (scopes.file, class)), at };
            let (chosen, is_certain) = reaching(all, &scope.loops, place);
            let mut types: Vec<Ty> = chosen.iter().map(|index| self.put_in(path, all, *index, &around, declared)).collect();
            if !is_certain {
                types.push(declared());
            }
            return self.narrowed(Ty::union(types), path, place, all, scopes, at);
        }
        declared()
    }

    fn put_in(&self, path: &str, all: &[Bound], index: usize, around: &Around<'_>, declared: &dyn Fn() -> Ty) -> Ty {
        match (self.bound(path, all, index, around), &all[index].binding) {
            (_, Binding::Other(_)) | (Ty::Dynamic, _) => declared(),
            (Ty::Inst(class, args), _) if args.iter().any(|arg| matches!(arg, Ty::Unknown(_))) => match declared() {
                Ty::Inst(own, args) if own == class => Ty::Inst(own, args),
                _ => Ty::Inst(class, args),
            },
            (ty, _) => ty,
        }
    }

    /// What is left of a type behind the tests that hold at a place, where the path is not bound since.
    fn narrowed(&self, ty: Ty, path: &str, place: TextSize, all: &[Bound], scopes: &Scopes<'_>, at: At<'_>) -> Ty {
        if matches!(ty, Ty::Function(_) | Ty::Class(_) | Ty::Module(_) | Ty::Namespace(_)) {
            return ty;
        }
        let is_bound_since = |test: &Test| all.iter().any(|bound| bound.spot.range.start() > test.at && bound.spot.range.end() <= place);
        let holding = tests(scopes.body, place, path);
        holding.iter().filter(|test| !is_bound_since(test)).fold(ty, |ty, test| self.told(ty, &test.says, at))
    }

    /// What a test leaves of a type.
    fn told(&self, ty: Ty, says: &Says, at: At<'_>) -> Ty {
        match says {
            Says::IsSome => ty.without_none(),
            Says::IsNone if ty.may_be_none() => Ty::None,
            Says::IsNone => ty,
            Says::IsOf(class) => {
                let classes = self.classes_of_test(class, at);
                Ty::union(classes.into_iter().map(|class| self.as_instance_of(&ty, class)).collect())
            }
            Says::IsNotOf(class) => {
                let tested = self.classes_of_test(class, at);
                let is_out = |part: &Ty| match part {
                    Ty::Inst(own, _) | Ty::Own(own, _) => {
                        tested.iter().any(|class| matches!(class, Ty::Inst(class, _) if self.descends_from(*own, *class)))
                    }
                    _ => false,
                };
                match &ty {
                    Ty::Union(parts) => {
                        let left: Vec<Ty> = parts.iter().filter(|part| !is_out(part)).cloned().collect();
                        if left.is_empty() { Ty::Never } else { Ty::union(left) }
                    }
                    ty if is_out(ty) => Ty::Never,
                    _ => ty,
                }
            }
            Says::Other if matches!(ty, Ty::Inst(..) | Ty::Own(..) | Ty::Dynamic) => ty,
            Says::Other => Ty::Unknown("other test"),
        }
    }

    /// Objects of the classes that `isinstance` is asked about.
    fn classes_of_test(&self, class: &Ir, at: At<'_>) -> Vec<Ty> {
        match class {
            Ir::Tuple(parts) => parts.iter().flat_map(|part| self.classes_of_test(part, at)).collect(),
            class => match self.value(class, at) {
                Ty::Tuple(parts) => parts.iter().map(instance).collect(),
                Ty::Alias(meaning) => match &*meaning {
                    Ty::Union(parts) => parts.to_vec(),
                    one => vec![one.clone()],
                },
                ty => vec![instance(&ty)],
            },
        }
    }

    /// What is known of a value that turns out to be of a class.
    fn as_instance_of(&self, ty: &Ty, tested: Ty) -> Ty {
        let Ty::Inst(class, _) = tested else { return tested };
        // What is declared may be narrower.
        let is_one = |part: &Ty| matches!(part, Ty::Inst(own, _) | Ty::Own(own, _) if self.descends_from(*own, class));
        match ty {
            ty if is_one(ty) => ty.clone(),
            Ty::Union(parts) if parts.iter().any(is_one) => Ty::union(parts.iter().filter(|part| is_one(part)).cloned().collect()),
            _ => tested,
        }
    }
}

/// What is around a binding.
struct Around<'s> {
    start: TextSize,
    scope: &'s Scope,
    /// The class whose method the scope is.
    class: Option<ClassRef>,
    at: At<'s>,
}

/// An object of a class.
fn instance(ty: &Ty) -> Ty {
    match ty {
        Ty::Class(class) | Ty::SubclassOf(class) => Ty::inst(*class),
        Ty::Dynamic => Ty::Dynamic,
        Ty::None => Ty::None,
        Ty::Unknown(reason) => Ty::Unknown(reason),
        _ => Ty::Unknown("class of a test"),
    }
}

fn is_empty_container(binding: &Binding) -> bool {
    matches!(binding, Binding::Value(value) | Binding::Annotated(_, Some(value)) if value.is_empty_container())
}
