//! What is declared: whether an annotation leaves room for an awaitable.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall};
use ruff_text_size::Ranged;

use super::index::Origin;
use super::module::Module;
use super::resolver::{At, Resolver};
use super::table::{FunctionTable, ParameterKind, Slot};
use super::ty::{ClassRef, FunctionRef, Link, Ty};

/// Which classes may have awaitable instances, by their qualified names.
type Holds<'a> = &'a dyn Fn(&str) -> bool;

impl Module<'_> {
    /// Whether an annotation names only classes of which no instance is of a class that `holds` knows, and
    /// which are no protocols. Where a base is not known, it may be anything.
    pub(crate) fn is_plain_annotation(&self, annotation: &Expr, holds: Holds<'_>) -> bool {
        self.resolver().is_plain(&self.declared(annotation), holds) == Some(true)
    }

    /// The same of what `argument` is given for in `call`, whichever overload is meant.
    pub(crate) fn is_plain_parameter(&self, call: &ExprCall, argument: &Expr, holds: Holds<'_>) -> bool {
        let resolver = self.resolver();
        let (function, bound) = match self.ty(&*call.func) {
            Ty::Function(function) => (function, 0),
            Ty::Bound(function, _) => (function, 1),
            Ty::Class(class) => match resolver.constructor(class) {
                Some(function) => (function, 1),
                None => return self.is_plain_field(class, call, argument, holds) == Some(true),
            },
            _ => return false,
        };
        if call.arguments.args.iter().any(Expr::is_starred_expr) {
            return false;
        }
        let by_place = call.arguments.args.iter().position(|given| given.range() == argument.range());
        let by_name = call.arguments.keywords.iter().find(|given| given.value.range() == argument.range());
        let name = by_name.and_then(|keyword| keyword.arg.as_ref()).map(ruff_python_ast::Identifier::as_str);
        let overloads = resolver.overloads_of(function).unwrap_or_else(|| vec![function.1]);
        let declared = overloads.iter().filter_map(|one| resolver.declared_for((function.0, *one), bound, by_place, name));
        let mut answers = declared.map(|ty| !resolver.is_object(&ty) && resolver.is_plain(&ty, holds) == Some(true)).peekable();
        answers.peek().is_some() && answers.all(|is_plain| is_plain)
    }

    /// The same of a field of a dataclass.
    fn is_plain_field(&self, class: ClassRef, call: &ExprCall, argument: &Expr, holds: Holds<'_>) -> Option<bool> {
        let resolver = self.resolver();
        let table = resolver.files().class(class);
        let is_dataclass = table.decorators.iter().any(|decorator| decorator.head().last_name().is_some_and(|name| name == "dataclass"));
        // The fields of its bases come first.
        let has_bases = !table.bases.is_empty();
        let by_name = call.arguments.keywords.iter().find(|given| given.value.range() == argument.range());
        let name = match by_name {
            Some(keyword) => &keyword.arg.as_ref()?.id,
            None if has_bases => return None,
            None => table.fields.get(call.arguments.args.iter().position(|given| given.range() == argument.range())?)?,
        };
        match table.members.get(name)? {
            [Slot::Annotated(declared, _)] if is_dataclass => {
                let at = At { class: Some(class.1), ..At::module(class.0) };
                resolver.is_plain(&resolver.annotation(declared, at), holds)
            }
            _ => None,
        }
    }

    /// The same of what an attribute is declared as, wherever that is.
    pub(crate) fn is_plain_attribute(&self, attribute: &ExprAttribute, holds: Holds<'_>) -> bool {
        let (Ty::Inst(class, _) | Ty::Own(class, _)) = self.ty(&*attribute.value) else { return false };
        self.resolver().is_plain_member(class, &attribute.attr.id, holds) == Some(true)
    }
}

impl Resolver<'_> {
    /// The `__init__` of a class, where it has one of its own or inherits it.
    fn constructor(&self, class: ClassRef) -> Option<FunctionRef> {
        for link in self.order(class).iter() {
            let Link::Class(home, _) = link else { return None };
            if self.files().is_class(*home, "builtins", "object") {
                return None;
            }
            if let Some(slots) = self.files().class(*home).members.get("__init__") {
                return match slots.last() {
                    Some(Slot::Function(index)) => Some((home.0, *index)),
                    _ => None,
                };
            }
        }
        None
    }

    /// What a parameter is declared as, by its place behind the bound ones or by its name. `None` where there is no
    /// such parameter; what has no annotation may be given anything.
    fn declared_for(&self, function: FunctionRef, bound: usize, place: Option<usize>, name: Option<&str>) -> Option<Ty> {
        let table: &FunctionTable = self.files().function(function);
        let parameter = match (place, name) {
            (Some(place), _) => table.parameters.iter().filter(|parameter| parameter.kind != ParameterKind::Named).nth(place + bound),
            (None, Some(name)) => table.parameters.iter().find(|parameter| parameter.name == name),
            (None, None) => None,
        };
        let declared = match (parameter, table.rest.as_ref().filter(|_| place.is_some())) {
            (Some(parameter), _) => parameter.annotation.as_ref(),
            (None, Some(rest)) => Some(rest),
            (None, None) => return None,
        };
        let at = At { class: table.class, type_parameters: &table.type_parameters, ..At::module(function.0) };
        Some(declared.map_or(Ty::Dynamic, |declared| self.annotation(declared, at)))
    }

    fn is_plain_member(&self, class: ClassRef, name: &str, holds: Holds<'_>) -> Option<bool> {
        for link in self.order(class).iter() {
            let Link::Class(home, _) = link else { return None };
            let table = self.files().class(*home);
            let slots = [&table.members, &table.attributes].into_iter().filter_map(|names| names.get(name)).flatten();
            for slot in slots {
                match slot {
                    Slot::Annotated(declared, _) => {
                        let at = At { class: Some(home.1), ..At::module(home.0) };
                        return self.is_plain(&self.annotation(declared, at), holds);
                    }
                    Slot::Value(_) => {}
                    _ => return None,
                }
            }
        }
        None
    }

    fn is_plain(&self, ty: &Ty, holds: Holds<'_>) -> Option<bool> {
        match ty {
            Ty::Union(parts) => Some(parts.iter().all(|part| self.is_plain(part, holds) == Some(true))),
            Ty::Callable(_) | Ty::SubclassOf(_) | Ty::None | Ty::TypedDict(_) | Ty::Tuple(_) => Some(true),
            Ty::Inst(class, _) => {
                // What derives from a protocol is a class like any other.
                if self.files().class(*class).is_protocol() || self.is_object(ty) {
                    return Some(false);
                }
                for link in self.order(*class).iter() {
                    let Link::Class(home, _) = link else { return None };
                    if self.files().is_class(*home, "builtins", "object") {
                        continue;
                    }
                    // A descriptor takes what its own method takes.
                    if self.files().class(*home).members.has("__set__") || holds(&self.db.qualified_class(*home)) {
                        return Some(false);
                    }
                    if self.files().entry(home.0).origin == Origin::Ours {
                        return None;
                    }
                }
                Some(true)
            }
            _ => None,
        }
    }
}
