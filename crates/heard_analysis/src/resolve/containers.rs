//! What is in containers, what awaiting and entering gives.

use ruff_python_ast::name::Name;

use super::calls::Args;
use super::resolver::Resolver;
use super::ty::Ty;

impl Resolver<'_> {
    /// What a special method of an object gives, called without arguments.
    fn through(&self, value: &Ty, method: &'static str) -> Option<Ty> {
        self.through_method(value, &Name::new_static(method))
    }

    pub(super) fn through_method(&self, value: &Ty, method: &Name) -> Option<Ty> {
        let (Ty::Inst(class, args) | Ty::Own(class, args)) = value else { return None };
        match self.instance_attribute(*class, args, method, value, 0) {
            bound @ (Ty::Bound(..) | Ty::Callable(_)) => Some(self.call(&bound, &Args::Unknown)),
            Ty::Dynamic => Some(Ty::Dynamic),
            _ => None,
        }
    }

    /// `await value`.
    pub(super) fn awaited(&self, value: &Ty) -> Ty {
        match value {
            Ty::Coroutine(inner) => (**inner).clone(),
            Ty::Dynamic | Ty::Unknown(_) | Ty::Never => value.clone(),
            Ty::AnyOf(parts) => Ty::any_of(parts.iter().map(|part| self.awaited(part)).collect()),
            Ty::Union(parts) => Ty::union(parts.iter().map(|part| self.awaited(part)).collect()),
            Ty::Inst(..) | Ty::Own(..) => match self.through(value, "__await__") {
                Some(Ty::Inst(_, args)) if args.len() == 3 => args[2].clone(),
                Some(Ty::Dynamic) => Ty::Dynamic,
                _ => Ty::Unknown("await"),
            },
            _ => Ty::Unknown("await"),
        }
    }

    /// `value[…]`.
    pub(super) fn item(&self, value: &Ty) -> Ty {
        if let Some(of_parts) = value.for_each_part(&|part| self.item(part)) {
            return of_parts;
        }
        match value {
            Ty::Tuple(parts) => Ty::union(parts.to_vec()),
            Ty::Inst(class, args) => match &*self.db.qualified_class(*class) {
                "builtins.list" | "typing.Sequence" | "typing.MutableSequence" | "collections.deque" | "builtins.tuple" => {
                    args.first().cloned().unwrap_or(Ty::Dynamic)
                }
                "builtins.str" => value.clone(),
                _ => self.through(value, "__getitem__").unwrap_or(Ty::Unknown("item")),
            },
            Ty::Own(..) => self.through(value, "__getitem__").unwrap_or(Ty::Unknown("item")),
            _ => Ty::Unknown("item"),
        }
    }

    /// What a loop over `value` gives.
    pub(super) fn element(&self, value: &Ty, is_async: bool) -> Ty {
        if let Some(of_parts) = value.for_each_part(&|part| self.element(part, is_async)) {
            return of_parts;
        }
        match value {
            Ty::Tuple(parts) => Ty::union(parts.to_vec()),
            Ty::Inst(..) | Ty::Own(..) => match self.through(value, if is_async { "__aiter__" } else { "__iter__" }) {
                Some(iterator @ (Ty::Inst(..) | Ty::Own(..))) => self.next_of(&iterator, is_async),
                Some(Ty::Dynamic) => Ty::Dynamic,
                _ => Ty::Unknown("element"),
            },
            _ => Ty::Unknown("element"),
        }
    }

    /// What an iterator gives: `enumerate[T]` gives pairs, and not what stands in its brackets.
    pub(super) fn next_of(&self, iterator: &Ty, is_async: bool) -> Ty {
        let next = self.through(iterator, if is_async { "__anext__" } else { "__next__" }).unwrap_or(Ty::Unknown("element"));
        if is_async { self.awaited(&next) } else { next }
    }

    /// A part of a value that is unpacked.
    pub(super) fn part(&self, value: &Ty, place: usize, of: usize) -> Ty {
        match value {
            Ty::Tuple(parts) if parts.len() == of => parts[place].clone(),
            Ty::Tuple(_) => Ty::Unknown("unpacked"),
            Ty::Union(parts) => Ty::union(parts.iter().map(|part| self.part(part, place, of)).collect()),
            value => self.element(value, false),
        }
    }

    /// What `with` binds.
    pub(super) fn entered(&self, value: &Ty, is_async: bool) -> Ty {
        if let Some(of_parts) = value.for_each_part(&|part| self.entered(part, is_async)) {
            return of_parts;
        }
        let entered = self.through(value, if is_async { "__aenter__" } else { "__enter__" }).unwrap_or(Ty::Unknown("enter"));
        if is_async { self.awaited(&entered) } else { entered }
    }
}
