//! What attributes are.

use std::rc::Rc;

use ruff_python_ast::name::Name;

use super::calls::Args;
use super::database::Place;
use super::index::Origin;
use super::ir::Ir;
use super::memo::{Key, Value};
use super::resolver::{At, Resolver};
use super::table::Slot;
use super::ty::{ClassRef, Link, Member, Receiver, Subst, Ty};

impl Resolver<'_> {
    /// `value.name`.
    pub(super) fn attribute(&self, value: &Ty, name: &Name) -> Ty {
        if let Ty::Union(parts) = value {
            // What certainly has no such attribute is not meant.
            let meant: Vec<&Ty> = parts.iter().filter(|part| **part != Ty::None && !self.lacks(part, name)).collect();
            let parts = if meant.is_empty() { parts.iter().collect() } else { meant };
            return Ty::union(parts.into_iter().map(|part| self.attribute(part, name)).collect());
        }
        if let Some(of_parts) = value.for_each_part(&|part| self.attribute(part, name)) {
            return of_parts;
        }
        match value {
            Ty::Module(file) => self.member_of_module(Place::File(*file), name),
            Ty::Namespace(place) => self.member_of_module(Place::Namespace(*place), name),
            Ty::Inst(class, args) | Ty::Own(class, args) => self.instance_attribute(*class, args, name, value, 0),
            Ty::Super(class, args) => self.instance_attribute(*class, args, name, &self.own(*class), 1),
            Ty::TypedDict(_) => Ty::callable(Ty::Dynamic),
            Ty::Tuple(_) => self.attribute(&self.as_instance(value), name),
            Ty::Class(class) | Ty::SubclassOf(class) => self.class_attribute(*class, name, value),
            Ty::Alias(meaning) => match &**meaning {
                Ty::Inst(class, _) => self.class_attribute(*class, name, &Ty::Class(*class)),
                _ => Ty::Unknown("attribute of an alias"),
            },
            Ty::Var(_, Some(bound)) => self.attribute(bound, name),
            Ty::Var(_, None) => Ty::Unknown("type variable"),
            Ty::Coroutine(_) => match self.db.standard_class("types", "CoroutineType") {
                Some(class) => self.attribute(&Ty::inst(class), name),
                None => Ty::Unknown("coroutine"),
            },
            Ty::None => Ty::Dynamic,
            // It has attributes, but none that is a function of the program's.
            _ => Ty::Unknown("attribute of a function"),
        }
    }

    /// Whether an object certainly has no such attribute: all its classes are known, and none defines it.
    fn lacks(&self, value: &Ty, name: &str) -> bool {
        let Ty::Inst(class, _) = value else { return false };
        self.order(*class).iter().all(|link| match link {
            Link::Class(home, _) => {
                let table = self.files().class(*home);
                let has = |name: &str| table.members.has(name) || table.attributes.has(name);
                let gives_any = has("__getattr__") || has("__getattribute__") && !self.files().entry(home.0).is_module("builtins");
                !has(name) && !gives_any && self.files().entry(home.0).origin != Origin::Ours
            }
            _ => false,
        })
    }

    /// A tuple as an object of its class.
    pub(super) fn as_instance(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Tuple(parts) => {
                let inner = if parts.is_empty() { Ty::Dynamic } else { Ty::union(parts.to_vec()) };
                self.object("tuple", vec![inner])
            }
            ty => ty.clone(),
        }
    }

    /// What an object has, looked for behind the first `skip` of its classes.
    pub(super) fn instance_attribute(&self, class: ClassRef, args: &[Ty], name: &Name, own: &Ty, skip: usize) -> Ty {
        let order = self.order(class);
        for link in order.iter().skip(skip) {
            let (home, home_args) = match link {
                Link::Dynamic => return Ty::Dynamic,
                Link::Unknown(reason) => return Ty::Unknown(reason),
                Link::Class(home, args) => (*home, args),
            };
            let table = self.files().class(home);
            if !table.members.has(name) && !table.attributes.has(name) {
                continue;
            }
            // What a method puts in may be something else where nobody knows what the class is.
            if !table.members.has(name) && !self.reads_bodies() && order.contains(&Link::Dynamic) {
                return Ty::Dynamic;
            }
            let root = self.subst(class, args);
            let args: Vec<Ty> = home_args.iter().map(|arg| arg.with(&root)).collect();
            return self.defined_attribute(home, name, own, &self.subst(home, &args));
        }
        if name.starts_with("__") {
            return Ty::Unknown("special method");
        }
        let has = |method: &str| {
            order.iter().any(|link| match link {
                Link::Class(home, _) => self.files().class(*home).members.has(method) && !self.files().entry(home.0).is_module("builtins"),
                _ => true,
            })
        };
        if has("__getattr__") || has("__getattribute__") { Ty::Unknown("__getattr__") } else { Ty::Dynamic }
    }

    fn defined_attribute(&self, home: ClassRef, name: &Name, own: &Ty, subst: &Subst) -> Ty {
        let key = Key::Attribute(home, name.clone(), own.clone(), self.reads);
        let find = || Value::Ty(self.find_attribute(home, name, own, subst));
        self.db.memo().ask(&key, &Value::Ty(Ty::Never), &find).ty().unwrap_or(Ty::Dynamic)
    }

    fn find_attribute(&self, home: ClassRef, name: &Name, own: &Ty, subst: &Subst) -> Ty {
        let table = self.files().class(home);
        let at = At { class: Some(home.1), own: Some(own), subst, ..At::module(home.0) };
        let members = table.members.get(name).unwrap_or_default();
        let attributes = table.attributes.get(name).unwrap_or_default();
        let bind = |index: u32| {
            let bound = || Ty::Bound((home.0, index), Rc::new(Receiver { own: own.clone(), subst: Rc::clone(subst) }));
            match self.member((home.0, index)) {
                Member::Plain | Member::Class => bound(),
                Member::Static => Ty::Function((home.0, index)),
                Member::Property(getter) => self.returned((home.0, getter), Some(own), subst, &Args::Unknown),
                Member::Value(ty) => self.bound_value(ty, own, subst),
            }
        };
        if let [Slot::Function(index)] = members {
            return bind(*index);
        }
        // A declaration in the body decides, and else one in a method.
        if let Some(slot @ Slot::Annotated(declared, value)) = members.iter().find(|slot| matches!(slot, Slot::Annotated(..))) {
            return match self.annotation(declared, at) {
                Ty::Special(special) if special == "Final" || special == "ClassVar" => {
                    value.as_ref().map_or(Ty::Unknown("final"), |value| self.value(value, at))
                }
                Ty::Special(_) => self.slot(slot, name, at),
                ty => self.described(ty, own),
            };
        }
        if let Some(Slot::Annotated(declared, value)) = attributes.iter().find(|slot| matches!(slot, Slot::Annotated(..))) {
            return match self.annotation(declared, at) {
                Ty::Special(special) if special == "Final" => value.as_ref().map_or(Ty::Unknown("final"), |value| self.value(value, at)),
                ty => ty,
            };
        }
        let mut all: Vec<Ty> = Vec::new();
        for slot in members {
            all.push(match slot {
                Slot::Function(index) => bind(*index),
                // A member of an enumeration is of its class.
                Slot::Value(_) if self.is_enum(home) => return own.clone(),
                Slot::Value(value) => self.bound_value(self.value(value, at), own, subst),
                slot => self.slot(slot, name, at),
            });
        }
        for slot in attributes {
            all.push(match slot {
                Slot::Value(value) => self.value(value, at),
                Slot::Grows(..) => continue,
                _ => Ty::Unknown("attribute that is bound in another way"),
            });
        }
        let ty = Ty::union(all);
        let is_open = |slot: &Slot| match slot {
            Slot::Value(value) => *value == Ir::None || value.is_empty_container(),
            slot => matches!(slot, Slot::Grows(..)),
        };
        match ty.clone().without_none() {
            // Others may put something else in, and so it is known as bodies are.
            Ty::Inst(class, _)
                if self.reads_bodies()
                    && attributes.iter().any(|slot| matches!(slot, Slot::Grows(..)))
                    && members.iter().chain(attributes).all(is_open) =>
            {
                self.grown_attribute(class, attributes, at)
            }
            _ => ty,
        }
    }

    /// A container that is made empty is of what the methods of its class put in.
    fn grown_attribute(&self, class: ClassRef, slots: &[Slot], at: At<'_>) -> Ty {
        let grows = || slots.iter().filter_map(|slot| if let Slot::Grows(key, item) = slot { Some((key, item)) } else { None });
        let items = Ty::union(grows().map(|(_, item)| self.value(item, at)).collect());
        let keys = || Ty::union(grows().filter_map(|(key, _)| Some(self.value(key.as_ref()?, at))).collect());
        match self.params(class).len() {
            2 => Ty::Inst(class, Rc::from([keys(), items])),
            _ => Ty::Inst(class, Rc::from([items])),
        }
    }

    /// A value of a class body, as its objects have it: a function is a method of them.
    fn bound_value(&self, ty: Ty, own: &Ty, subst: &Subst) -> Ty {
        match ty {
            Ty::Function(function) if self.files().function(function).class.is_none() || self.member(function) == Member::Plain => {
                Ty::Bound(function, Rc::new(Receiver { own: own.clone(), subst: Rc::clone(subst) }))
            }
            ty => self.described(ty, own),
        }
    }

    /// A value in a class body may be a descriptor, which says itself what it gives.
    fn described(&self, ty: Ty, own: &Ty) -> Ty {
        let Ty::Inst(class, _) = &ty else { return ty };
        let defines = |link: &Link| matches!(link, Link::Class(home, _) if self.files().class(*home).members.has("__get__"));
        if !self.order(*class).iter().any(defines) {
            return ty;
        }
        let given = [own.clone(), Ty::Unknown("owner")];
        match self.attribute(&ty, &Name::new_static("__get__")) {
            get @ Ty::Bound(..) => match self.call(&get, &Args::Given(&given)) {
                Ty::Unknown(_) | Ty::Dynamic | Ty::AnyOf(_) | Ty::Var(..) => Ty::Unknown("descriptor"),
                ty => ty,
            },
            _ => Ty::Unknown("descriptor"),
        }
    }

    fn class_attribute(&self, class: ClassRef, name: &Name, value: &Ty) -> Ty {
        for link in self.order(class).iter() {
            let (home, args) = match link {
                Link::Dynamic => return Ty::Dynamic,
                Link::Unknown(reason) => return Ty::Unknown(reason),
                Link::Class(home, args) => (*home, args),
            };
            let table = self.files().class(home);
            let Some(slots) = table.members.get(name) else { continue };
            let subst = self.subst(home, args);
            let own = self.own(class);
            return match slots {
                [Slot::Function(index)] => match self.member((home.0, *index)) {
                    Member::Plain | Member::Static => Ty::Function((home.0, *index)),
                    Member::Class => Ty::Bound((home.0, *index), Rc::new(Receiver { own, subst })),
                    Member::Property(_) => Ty::Other,
                    Member::Value(ty) => ty,
                },
                [Slot::Value(_)] if self.is_enum(home) => Ty::inst(class),
                slots => {
                    let at = At { class: Some(home.1), own: Some(&own), subst: &subst, ..At::module(home.0) };
                    match self.slots(slots, name, at) {
                        ty @ Ty::Inst(..) if self.described(ty.clone(), &own) != ty => Ty::Unknown("descriptor"),
                        ty => ty,
                    }
                }
            };
        }
        match self.metaclass(class) {
            Some(Ok(meta)) => self.instance_attribute(meta, &[], name, value, 0),
            Some(Err(reason)) => Ty::Unknown(reason),
            None => match self.builtin("type") {
                Some(meta) => self.instance_attribute(meta, &[], name, value, 0),
                None => Ty::Unknown("class attribute"),
            },
        }
    }

    /// The class of a class, where it names one or a base does.
    pub(super) fn metaclass(&self, class: ClassRef) -> Option<Result<ClassRef, &'static str>> {
        self.order(class).iter().find_map(|link| {
            let Link::Class(home, _) = link else { return None };
            let table = self.files().class(*home);
            let metaclass = table.metaclass.as_ref()?;
            Some(match self.value(metaclass, At { class: table.outer, ..At::module(home.0) }) {
                Ty::Class(metaclass) => Ok(metaclass),
                _ => Err("metaclass"),
            })
        })
    }
}
