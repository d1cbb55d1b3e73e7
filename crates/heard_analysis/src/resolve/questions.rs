//! What is asked of the type of an expression, answered in plain terms: qualified names, and whatever
//! the caller makes of them.

use std::sync::Arc;

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, ExprRef};

use super::index::Origin;
use super::module::Module;
use super::resolver::{Reads, Resolver};
use super::table::Slot;
use super::ty::{ClassRef, Link, Ty};

/// What is known of the type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// Every value it can have is of this sort.
    All(T),
    /// Some values are of a sort that was asked for, others are not.
    Mixed,
    /// No value is of a sort that was asked for.
    Other,
    /// Nobody can tell.
    Unknown,
}

impl<T: PartialEq> Answer<T> {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Answer::All(left), Answer::All(right)) if left == right => Answer::All(left),
            (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
            (Answer::Other, Answer::Other) => Answer::Other,
            _ => Answer::Mixed,
        }
    }
}

/// What all of several answers say, where they agree.
fn agreed<T: PartialEq>(answers: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut answers = answers;
    let first = answers.next()??;
    answers.all(|answer| answer.as_ref() == Some(&first)).then_some(first)
}

impl Module<'_> {
    /// What sort of value `expression` has. `sort` is asked about the qualified name of each class,
    /// its bases included, until it knows one.
    pub(crate) fn sort_of<'e, T: PartialEq>(&self, expression: impl Into<ExprRef<'e>>, sort: &dyn Fn(&str) -> Option<T>) -> Answer<T> {
        self.resolver().sort(&self.ty(expression), sort)
    }

    /// The same, as the bodies of functions and those who call them tell.
    pub(crate) fn sort_by_callers<T: PartialEq>(&self, call: &ExprCall, sort: &dyn Fn(&str) -> Option<T>) -> Answer<T> {
        let resolver = Resolver { db: self.db, reads: Reads::Callers };
        resolver.sort(&self.ask(call.into(), resolver), sort)
    }

    /// Whether a name of the module is bound by an import.
    pub(crate) fn imports(&self, name: &Name) -> bool {
        let slots = self.file().and_then(|file| self.db.files().table(file).names.get(name));
        slots.is_some_and(|slots| slots.iter().any(|slot| matches!(slot, Slot::Module(..) | Slot::From(_))))
    }

    /// Whether nothing is known of the type of `expression`, and nobody can know.
    pub(crate) fn is_untyped(&self, expression: &Expr) -> bool {
        self.ty(expression) == Ty::Dynamic
    }

    /// Whether it is certain that no value of `expression` is an instance of `class`.
    pub(crate) fn is_never(&self, expression: &Expr, class: &str) -> bool {
        self.resolver().is_apart(&self.ty(expression), class)
    }

    /// Whether the class of `expression`, or one of its bases, defines `method`. `None` where a base is
    /// not known, or the value is no instance of one class.
    pub(crate) fn has_method<'e>(&self, expression: impl Into<ExprRef<'e>>, method: &str) -> Option<bool> {
        self.resolver().has_method(&self.ty(expression), method)
    }

    /// The classes that `expression` is of, or that it is itself, each with the file that defines it; none for `None` and
    /// for what has no class of its own, like a module. `None` where any may be missing.
    pub(crate) fn classes(&self, expression: &Expr) -> Option<Vec<(Arc<Utf8Path>, Name)>> {
        let mut classes = Vec::new();
        add_classes(&self.ty(expression), &mut classes).then_some(())?;
        let files = self.db.files();
        let are_known = classes.iter().all(|class| files.class(*class).name != "object");
        let named = |class: ClassRef| (Arc::clone(&files.entry(class.0).path), files.class(class).name.clone());
        are_known.then(|| classes.into_iter().map(named).collect())
    }
}

impl Resolver<'_> {
    fn sort<T: PartialEq>(&self, ty: &Ty, sort: &dyn Fn(&str) -> Option<T>) -> Answer<T> {
        match ty {
            Ty::Unknown(_) | Ty::Var(..) | Ty::Dynamic | Ty::Own(..) | Ty::Special(_) | Ty::Super(..) => Answer::Unknown,
            Ty::AnyOf(parts) => agreed(parts.iter().map(|part| Some(self.sort(part, sort)))).unwrap_or(Answer::Unknown),
            Ty::Union(parts) => {
                let answers = parts.iter().map(|part| self.sort(part, sort));
                answers.reduce(Answer::join).unwrap_or(Answer::Other)
            }
            Ty::Inst(class, _) => self.sort_of_class(*class, sort),
            Ty::Tuple(_) => self.builtin("tuple").map_or(Answer::Unknown, |class| self.sort_of_class(class, sort)),
            Ty::Coroutine(_) => {
                self.db.standard_class("types", "CoroutineType").map_or(Answer::Unknown, |class| self.sort_of_class(class, sort))
            }
            _ => Answer::Other,
        }
    }

    fn sort_of_class<T: PartialEq>(&self, class: ClassRef, sort: &dyn Fn(&str) -> Option<T>) -> Answer<T> {
        for link in self.order(class).iter() {
            match link {
                Link::Class(home, _) => {
                    if let Some(found) = sort(&self.db.qualified_class(*home)) {
                        return Answer::All(found);
                    }
                }
                Link::Dynamic => {}
                Link::Unknown(_) => return Answer::Unknown,
            }
        }
        Answer::Other
    }

    fn is_apart(&self, ty: &Ty, class: &str) -> bool {
        match ty {
            Ty::Union(parts) => parts.iter().all(|part| self.is_apart(part, class)),
            Ty::AnyOf(parts) => parts.iter().all(|part| self.is_apart(part, class)),
            Ty::None | Ty::TypedDict(_) | Ty::Tuple(_) => true,
            Ty::Inst(..) if self.is_object(ty) => false,
            Ty::Inst(own, _) => {
                let is_other = |link: &Link| matches!(link, Link::Class(home, _) if *self.db.qualified_class(*home) != *class);
                self.order(*own).iter().all(is_other)
            }
            _ => false,
        }
    }

    fn has_method(&self, ty: &Ty, method: &str) -> Option<bool> {
        let class = match ty {
            Ty::Inst(class, _) => *class,
            Ty::AnyOf(parts) => return agreed(parts.iter().map(|part| self.has_method(part, method))),
            Ty::None => self.db.standard_class("types", "NoneType")?,
            Ty::Coroutine(_) => self.db.standard_class("types", "CoroutineType")?,
            _ => return None,
        };
        for link in self.order(class).iter() {
            let Link::Class(home, _) = link else { return None };
            if self.files().class(*home).members.has(method) {
                return Some(true);
            }
            // A stub of ours leaves much out.
            if self.files().entry(home.0).origin == Origin::Ours {
                return None;
            }
        }
        Some(false)
    }
}

/// Adds the classes that values of a type are of, or are themselves. Gives whether these are all.
fn add_classes(ty: &Ty, classes: &mut Vec<ClassRef>) -> bool {
    match ty {
        Ty::Union(parts) => parts.iter().all(|part| add_classes(part, classes)),
        Ty::Inst(class, _) | Ty::Class(class) => {
            classes.push(*class);
            true
        }
        Ty::None | Ty::Module(_) | Ty::Namespace(_) => true,
        _ => false,
    }
}
