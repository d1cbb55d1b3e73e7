//! Places that give a future its outcome, though its waiter may have cancelled it.

use std::cell::{OnceCell, RefCell};

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprAttribute, ExprCall, Stmt};
use ruff_text_size::Ranged;
use rustc_hash::FxHashMap;

use super::birth::Finder;
use super::body::{Block, CallSite, Local, last_name};
use super::waits::{Waits, shields};
use super::{Kind, Site};
use crate::resolve::{Answer, Module};

/// A call that gives an outcome to a future that may be cancelled.
#[derive(Debug)]
pub(crate) struct Resolve {
    pub(crate) site: Site,
    /// The source text of the future.
    pub(crate) future: String,
    /// `set_result` or `set_exception`.
    pub(crate) method: String,
}

/// Which functions are known to be shielded wherever they are called, or not to be: to find out opens files.
type Shielded = RefCell<FxHashMap<String, bool>>;

impl<'a> Finder<'_, '_, 'a> {
    /// The places that give an outcome to a future that may be cancelled, and do not ask.
    pub(super) fn resolves(&self) -> impl Iterator<Item = Resolve> {
        let (waits, shielded) = (OnceCell::new(), Shielded::default());
        self.flow.body.calls.iter().filter_map(move |site| {
            let method = resolving_method(site.call)?;
            if !matches!(method.attr.as_str(), "set_result" | "set_exception")
                || self.is_caught(&site.around, "InvalidStateError")
                || self.is_asked_before(site, &["done", "cancelled"])
            {
                return None;
            }
            let waits = waits.get_or_init(|| Waits::of(self.flow.module.body()));
            let may_be_cancelled = self.may_be_cancelled(&method.value, site, waits, &shielded);
            let is_future = |class: &str| self.flow.models.kind_of_class(class);
            let is_future = || match self.flow.module.sort_of(&*method.value, &is_future) {
                Answer::All(kind) => kind == Kind::Future,
                // Where no type tells, what the module puts there does.
                Answer::Unknown => match &*method.value {
                    Expr::Attribute(attribute) => {
                        waits.makes_attribute(&attribute.attr)
                            || waits.hands_out_attribute(&self.class_names_of(attribute, site).iter().map(Name::as_str).collect::<Vec<_>>())
                    }
                    // What lies in a registry that functions put their futures in.
                    _ => true,
                },
                Answer::Mixed | Answer::Other => false,
            };
            if !may_be_cancelled || !is_future() {
                return None;
            }
            Some(Resolve {
                site: self.site(if is_called(site.call, method) { site.call.range() } else { method.range() }, &site.around),
                future: self.short_text(method.value.range()),
                method: method.attr.to_string(),
            })
        })
    }

    /// Whether somebody waits for the future so that it may be cancelled.
    fn may_be_cancelled(&self, future: &Expr, site: &CallSite<'a>, waits: &Waits, shielded: &Shielded) -> bool {
        let is_shielded = &|function: &str| self.is_always_shielded(function, shielded);
        match future {
            Expr::Attribute(attribute) => {
                let is_reached = || {
                    waits.may_cancel_attribute(&attribute.attr, is_shielded)
                        || waits.hands_out_attribute(&self.class_names_of(attribute, site).iter().map(Name::as_str).collect::<Vec<_>>())
                };
                !waits.is_new(&attribute.attr, site.call.start()) && is_reached()
            }
            Expr::Name(name) => {
                let body = self.flow.body;
                let Some(frame) = body.binding_frame(site.around.scope.frame, &name.id) else { return false };
                let local = Local { frame, name: name.id.clone() };
                if body.variables.get(&local).is_none_or(|variable| variable.is_parameter) {
                    return false;
                }
                match body.values.get(&local) {
                    Some(value) if registry(value).is_some() => {
                        registry(value).is_some_and(|registry| waits.may_cancel_element(registry, is_shielded))
                    }
                    // A function inside resolves what the one around it waits for.
                    Some(_) => frame != site.around.scope.frame && waits.may_cancel_local(&name.id, site.call.start()),
                    None => iterated(name.id.as_str(), site).is_some_and(|registry| waits.may_cancel_element(registry, is_shielded)),
                }
            }
            future => registry(future).is_some_and(|registry| waits.may_cancel_element(registry, is_shielded)),
        }
    }

    /// The classes that the object of an attribute may be of.
    fn class_names_of(&self, attribute: &ExprAttribute, site: &CallSite<'a>) -> Vec<Name> {
        let own = attribute.value.as_name_expr().and_then(|name| self.flow.body.receiver_class(site.around.scope.frame, &name.id));
        if let Some(class) = own {
            return vec![class.name.id.clone()];
        }
        self.flow.module.classes(&attribute.value).unwrap_or_default().into_iter().map(|(_, name)| name).collect()
    }

    /// Whether all of the program that calls a function shields what it gives, as far as its name tells.
    fn is_always_shielded(&self, function: &str, shielded: &Shielded) -> bool {
        if let Some(known) = shielded.borrow().get(function) {
            return *known;
        }
        let is_shielded = self.find_always_shielded(function);
        shielded.borrow_mut().insert(function.to_owned(), is_shielded);
        is_shielded
    }

    fn find_always_shielded(&self, function: &str) -> bool {
        let index = self.flow.index;
        let here = shields(self.flow.module.body(), function);
        let others = index.mentions(&Name::new(function)).iter().filter_map(|(file, _)| index.files().get(*file));
        let others = others.filter(|path| ***path != **self.flow.module.path()).filter_map(|path| Module::open(self.db, path).ok());
        let (are_all, is_any) = others.fold(here, |(are_all, is_any), module| {
            let (all, any) = shields(module.body(), function);
            (are_all && all, is_any || any)
        });
        are_all && is_any
    }
}

/// The method of a call that gives a future its outcome, now or, as in `loop.call_soon_threadsafe(future.set_result, 1)`,
/// a little later.
fn resolving_method(call: &ExprCall) -> Option<&ExprAttribute> {
    let method = call.func.as_attribute_expr()?;
    if !matches!(method.attr.as_str(), "call_soon" | "call_soon_threadsafe") {
        return Some(method);
    }
    call.arguments.args.first()?.as_attribute_expr()
}

fn is_called(call: &ExprCall, method: &ExprAttribute) -> bool {
    call.func.range() == method.range()
}

/// The container that a loop around goes through with this name for its elements.
fn iterated<'a>(name: &str, site: &CallSite<'a>) -> Option<&'a str> {
    site.around.blocks().find_map(|block| {
        let Block::Loop(Stmt::For(statement)) = block else { return None };
        if last_name(&statement.target).is_none_or(|target| target != name) {
            return None;
        }
        match &*statement.iter {
            Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
            Expr::Call(call) => registry_of_call(call),
            _ => None,
        }
    })
}

/// The container that an expression takes a future out of: `self._pending` in `self._pending.pop(key)`.
fn registry(expression: &Expr) -> Option<&str> {
    let container = match expression {
        Expr::Subscript(subscript) => &*subscript.value,
        Expr::Call(call) => return registry_of_call(call),
        _ => return None,
    };
    container.as_attribute_expr().map(|attribute| attribute.attr.as_str())
}

fn registry_of_call(call: &ExprCall) -> Option<&str> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let takes = matches!(method.attr.as_str(), "pop" | "popleft" | "get" | "values" | "copy");
    method.value.as_attribute_expr().filter(|_| takes).map(|container| container.attr.as_str())
}
