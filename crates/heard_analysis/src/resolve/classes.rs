//! Classes: what they descend from, in which order, and what their type variables stand for.

use std::rc::Rc;

use super::ir::Ir;
use super::memo::{Key, Value};
use super::resolver::{At, Resolver};
use super::ty::{ClassRef, Link, Subst, Ty, VarId};

impl Resolver<'_> {
    /// `self` in a class: its own type variables stand for themselves.
    pub(super) fn own(&self, class: ClassRef) -> Ty {
        Ty::Own(class, self.own_args(class))
    }

    pub(super) fn own_args(&self, class: ClassRef) -> Rc<[Ty]> {
        self.params(class).iter().map(|var| Ty::Var(var.clone(), None)).collect()
    }

    /// The type variables of a class.
    pub(super) fn params(&self, class: ClassRef) -> Rc<[VarId]> {
        let table = self.files().class(class);
        if !table.type_parameters.is_empty() {
            return table.type_parameters.iter().map(|name| (class.0, name.clone())).collect();
        }
        if !table.bases.iter().any(|base| matches!(base, Ir::Sub(..))) {
            return Rc::from([]);
        }
        let find = || {
            let at = At { class: table.outer, ..At::module(class.0) };
            let mut inherited: Vec<VarId> = Vec::new();
            for base in &table.bases {
                let Ir::Sub(head, arguments) = base else { continue };
                let mut found = Vec::new();
                arguments.iter().for_each(|argument| self.variables(argument, at, &mut found));
                // `Generic[…]` says which there are, and in which order.
                if head.last_name().is_some_and(|name| name == "Generic" || name == "Protocol") {
                    return Value::Params(found.into());
                }
                for var in found {
                    if !inherited.contains(&var) {
                        inherited.push(var);
                    }
                }
            }
            Value::Params(inherited.into())
        };
        match self.db.memo().ask(&Key::Params(class), &Value::Params(Rc::from([])), &find) {
            Value::Params(params) => params,
            _ => Rc::from([]),
        }
    }

    /// The type variables that an annotation names.
    pub(super) fn variables(&self, declared: &Ir, at: At<'_>, found: &mut Vec<VarId>) {
        match declared {
            Ir::Name(_) | Ir::Here(..) | Ir::Attr(..) => {
                if let Ty::Var(var, _) = self.value(declared, at)
                    && !found.contains(&var)
                {
                    found.push(var);
                }
            }
            Ir::Sub(_, parts) | Ir::Union(parts) | Ir::Tuple(parts) => parts.iter().for_each(|part| self.variables(part, at, found)),
            Ir::Typed(inner) => self.variables(inner, at, found),
            _ => {}
        }
    }

    /// The classes that a class looks for attributes in, itself first.
    pub(super) fn order(&self, class: ClassRef) -> Rc<[Link]> {
        let find = || Value::Order(self.find_order(class).into());
        let nothing = Value::Order(Rc::from([Link::Unknown("cycle of bases")]));
        match self.db.memo().ask(&Key::Order(class), &nothing, &find) {
            Value::Order(order) => order,
            _ => Rc::from([]),
        }
    }

    fn find_order(&self, class: ClassRef) -> Vec<Link> {
        let table = self.files().class(class);
        let own = Link::Class(class, self.own_args(class));
        let at = At { class: table.outer, type_parameters: &table.type_parameters, ..At::module(class.0) };
        let mut lines: Vec<Vec<Link>> = Vec::new();
        let mut direct: Vec<Link> = Vec::new();
        let mut add = |line: Vec<Link>| {
            direct.extend(line.first().cloned());
            lines.push(line);
        };
        for base in &table.bases {
            match self.annotation(base, at) {
                Ty::Inst(base, args) | Ty::Own(base, args) => {
                    let subst = self.subst(base, &args);
                    let with = |link: &Link| match link {
                        Link::Class(class, args) => Link::Class(*class, args.iter().map(|arg| arg.with(&subst)).collect()),
                        link => link.clone(),
                    };
                    add(self.order(base).iter().map(with).collect());
                }
                Ty::Tuple(_) => add(self.builtin("tuple").map(|tuple| self.order(tuple).to_vec()).unwrap_or_default()),
                Ty::Dynamic => add(vec![Link::Dynamic]),
                Ty::Special(name) => match name.as_str() {
                    "Generic" | "Protocol" => {}
                    "NamedTuple" => add(self.builtin("tuple").map(|tuple| self.order(tuple).to_vec()).unwrap_or_default()),
                    "TypedDict" => return vec![own, Link::Unknown("typed dict")],
                    _ => return vec![own, Link::Unknown("special base")],
                },
                Ty::TypedDict(_) => return vec![own, Link::Unknown("typed dict")],
                Ty::Unknown(reason) => return vec![own, Link::Unknown(reason)],
                Ty::Union(parts) => {
                    // `try: from fast import Base` and `except ImportError: Base = object`.
                    let classes: Vec<&Ty> = parts.iter().filter(|part| !self.is_object(part)).collect();
                    match classes[..] {
                        [Ty::Inst(base, _)] => add(self.order(*base).to_vec()),
                        [Ty::Dynamic] => add(vec![Link::Dynamic]),
                        _ => return vec![own, Link::Unknown("union base")],
                    }
                }
                _ => return vec![own, Link::Unknown("base")],
            }
        }
        lines.push(direct);
        let mut order = vec![own];
        let same = |left: &Link, right: &Link| match (left, right) {
            (Link::Class(left, _), Link::Class(right, _)) => left == right,
            (Link::Dynamic, Link::Dynamic) | (Link::Unknown(_), Link::Unknown(_)) => true,
            _ => false,
        };
        loop {
            lines.retain(|line| !line.is_empty());
            if lines.is_empty() {
                break;
            }
            let is_free = |head: &Link| !lines.iter().any(|line| line[1..].iter().any(|one| same(one, head)));
            let Some(head) = lines.iter().map(|line| &line[0]).find(|head| is_free(head)).cloned() else {
                order.push(Link::Unknown("order of bases"));
                return order;
            };
            for line in &mut lines {
                if same(&line[0], &head) {
                    line.remove(0);
                }
            }
            order.push(head);
        }
        if let Some(object) = self.builtin("object")
            && !order.iter().any(|link| matches!(link, Link::Class(class, _) if *class == object))
        {
            order.push(Link::Class(object, Rc::from([])));
        }
        order
    }

    /// Whether a type is `object`, of which nothing follows.
    pub(super) fn is_object(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Inst(class, _) if self.files().is_class(*class, "builtins", "object"))
    }

    /// Whether a class is another one or descends from it, as far as its bases are known.
    pub(super) fn descends_from(&self, class: ClassRef, base: ClassRef) -> bool {
        class == base || self.order(class).iter().any(|link| matches!(link, Link::Class(one, _) if *one == base))
    }

    /// The same of a class that is known by its name.
    pub(super) fn inherits(&self, class: ClassRef, module: &str, name: &str) -> bool {
        self.order(class).iter().any(|link| matches!(link, Link::Class(one, _) if self.files().is_class(*one, module, name)))
    }

    pub(super) fn is_enum(&self, class: ClassRef) -> bool {
        self.inherits(class, "enum", "Enum")
    }

    pub(super) fn is_typed_dict(&self, class: ClassRef) -> bool {
        matches!(self.order(class).get(1), Some(Link::Unknown("typed dict")))
    }

    /// Whether a base of a class is not known, so that it may have anything.
    pub(super) fn is_open(&self, class: ClassRef) -> bool {
        self.order(class).iter().any(|link| !matches!(link, Link::Class(..)))
    }

    /// What the type variables of a class stand for in an object with these arguments.
    pub(super) fn subst(&self, class: ClassRef, args: &[Ty]) -> Subst {
        let params = self.params(class);
        let pairs = params.iter().enumerate().map(|(place, var)| (var.clone(), args.get(place).cloned().unwrap_or(Ty::Dynamic)));
        // What stands for itself is not replaced.
        pairs.filter(|(var, ty)| !matches!(ty, Ty::Var(other, _) if other == var)).collect()
    }

    /// A class with arguments, seen as one that it descends from: the arguments of that one.
    pub(super) fn args_as(&self, class: ClassRef, args: &[Ty], base: ClassRef) -> Option<Vec<Ty>> {
        let subst = self.subst(class, args);
        self.order(class).iter().find_map(|link| match link {
            Link::Class(home, args) if *home == base => Some(args.iter().map(|arg| arg.with(&subst)).collect()),
            _ => None,
        })
    }
}
