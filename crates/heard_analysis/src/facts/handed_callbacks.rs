//! Where a callback goes that a function gets: what an annotation says of it holds only as far as code is known.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};

use super::birth::Finder;
use super::body::last_name;
use super::callbacks::looks_at_results;
use super::done_callbacks::assignment;
use super::hearings::class_around;
use super::models::Callbacks;
use super::naming::is_log;
use super::waits::mentions;
use crate::resolve::Module;

/// What looks at a function, and does not call it.
const LOOKERS: [&str; 10] = ["callable", "getattr", "hasattr", "hash", "id", "isinstance", "print", "repr", "str", "type"];

impl<'db> Finder<'_, 'db, '_> {
    /// Whether a function hands on what it gets as this parameter, to code that is not known or that asks what a callback
    /// is or gives.
    pub(super) fn may_await_behind(&self, module: &Module<'db>, function: &StmtFunctionDef, parameter: &Name, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        let mut way = Way { parameter, calls: Vec::new(), holders: Vec::new() };
        way.visit_body(&function.body);
        let methods = class_around(module.body(), function).map_or(&[][..], |class| &class.body);
        let mut methods = methods.iter().filter_map(Stmt::as_function_def_stmt);
        methods.any(|method| looks_at_results(&method.body) && way.holders.iter().any(|holder| mentions(&method.body, holder)))
            || way.calls.iter().any(|(call, place)| self.may_await(module, call, *place, depth))
    }

    /// The same of a call that gets the callback at this place, or by a name.
    fn may_await(&self, module: &Module<'db>, call: &ExprCall, place: Place<'_>, depth: usize) -> bool {
        if is_log(call) || last_name(&call.func).is_some_and(|name| LOOKERS.contains(&name.as_str())) {
            return false;
        }
        let callee = module.callee(call);
        if let Some(callbacks) = self.flow.model_of(module, call, callee.as_ref()).and_then(|model| model.callbacks) {
            return callbacks == Callbacks::Await;
        }
        let behind = |module: &Module<'db>, function: &StmtFunctionDef| {
            let parameter = match place {
                Place::Named(name) => name,
                Place::At(place) => {
                    let mut parameters = function.parameters.posonlyargs.iter().chain(&function.parameters.args);
                    &parameters.nth(place + usize::from(callee.as_ref()?.is_bound))?.name().id
                }
            };
            Some(looks_at_results(&function.body) || self.may_await_behind(module, function, parameter, depth))
        };
        callee.as_ref().and_then(|callee| callee.with_body(self.db, behind)).flatten().unwrap_or(true)
    }
}

/// Where an argument stands in a call.
#[derive(Clone, Copy)]
enum Place<'b> {
    At(usize),
    Named(&'b Name),
}

/// The calls that get a parameter, and the attributes and containers that it is put in.
struct Way<'b, 'n> {
    parameter: &'n Name,
    calls: Vec<(&'b ExprCall, Place<'b>)>,
    holders: Vec<&'b Name>,
}

impl Way<'_, '_> {
    fn is_it(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Name(name) => name.id == *self.parameter,
            Expr::Tuple(parts) => parts.iter().any(|part| self.is_it(part)),
            _ => false,
        }
    }
}

impl<'b> Visitor<'b> for Way<'b, '_> {
    fn visit_stmt(&mut self, statement: &'b Stmt) {
        if let Some((target, value)) = assignment(statement)
            && self.is_it(value)
        {
            self.holders.extend(container(target));
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'b Expr) {
        if let Expr::Call(call) = expression {
            let places = call.arguments.args.iter().zip(0..).map(|(argument, place)| (argument, Some(Place::At(place))));
            let names =
                call.arguments.keywords.iter().map(|keyword| (&keyword.value, keyword.arg.as_ref().map(|name| Place::Named(&name.id))));
            let given: Vec<Place<'b>> =
                places.chain(names).filter(|(argument, _)| self.is_it(argument)).filter_map(|(_, place)| place).collect();
            for place in given {
                match kept_in(call) {
                    Some(holder) => self.holders.push(holder),
                    None => self.calls.push((call, place)),
                }
            }
        }
        walk_expr(self, expression);
    }
}

/// The container that a call puts something in.
fn kept_in(call: &ExprCall) -> Option<&Name> {
    let method = call.func.as_attribute_expr()?;
    let keeps = match method.attr.as_str() {
        "add" | "append" | "appendleft" | "discard" | "remove" => call.arguments.len() == 1,
        "insert" | "setdefault" => call.arguments.len() == 2,
        _ => false,
    };
    container(&method.value).filter(|_| keeps)
}

/// The name of what something is put in: `_hooks` of `self._hooks[event]` and of `self._hooks.setdefault(event, [])`.
fn container(expression: &Expr) -> Option<&Name> {
    match expression {
        Expr::Subscript(subscript) => container(&subscript.value),
        Expr::Call(call) => container(&call.func.as_attribute_expr()?.value),
        expression => last_name(expression),
    }
}
