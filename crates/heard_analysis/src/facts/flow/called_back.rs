//! Done callbacks: what a function does with the task that it is called back with, and whether anybody
//! holds the task until then.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::super::body::{FrameKind, Local, Use, last_name};
use super::super::callbacks::partial_function;
use super::super::summary::Argument;
use super::super::{Fate, How, Kind, Loss, Reason};
use super::handed::is_of_base;
use super::value::Value;
use super::{Flow, Remark, never_read};

impl<'a> Flow<'_, '_, 'a> {
    /// What becomes of a value that gets a done callback by `call`, which is used as `result`.
    pub(super) fn called_back(&self, value: Value, call: &'a ExprCall, at: TextRange, result: &Use<'a>) -> Fate {
        let ([callback, ..], true) = (&*call.arguments.args, value.kind != Kind::Pending) else { return Fate::Unknown(Reason::Use) };
        if only_discards(callback) {
            self.remarks.borrow_mut().push(Remark::Discarded(at));
            return never_read(at);
        }
        // Nothing but the loop's weak reference holds a task that has no name.
        let is_dropped = value.kind == Kind::Task && result.is_dropped() && !self.has_arrived.get();
        let is_unheld = is_dropped && (value.hops == 0 || self.ends_at_once(call));
        match self.heard_by_callback(value, self.named_callback(callback, call), 0) {
            Some(Fate::Lost(_)) => {
                if self.takes_out(callback) {
                    self.remarks.borrow_mut().push(Remark::Discarded(at));
                }
                never_read(at)
            }
            Some(Fate::Unknown(_)) | None if value.hops > 0 => Fate::Unknown(Reason::Use),
            _ if is_unheld => Fate::Lost(Loss::Unheld { at, registry: None }),
            Some(Fate::Consumed(_) | Fate::Transferred(_)) => Fate::Consumed(How::HandedOver),
            Some(Fate::Unknown(_)) | None => Fate::Unknown(Reason::Use),
        }
    }

    /// The callback behind a name that is bound once here: `tell = partial(report, name)`.
    fn named_callback(&self, callback: &'a Expr, call: &ExprCall) -> &'a Expr {
        let named = || {
            let local = Local { frame: self.body.site_of(call)?.around.scope.frame, name: callback.as_name_expr()?.id.clone() };
            self.body.values.get(&local).copied()
        };
        named().filter(|value| matches!(value, Expr::Call(_) | Expr::Lambda(_))).unwrap_or(callback)
    }

    /// Whether the function around ends before the loop can run anything else, and its names with it.
    pub(super) fn ends_at_once(&self, call: &ExprCall) -> bool {
        self.body.site_of(call).is_some_and(|site| site.around.scope.function.is_some() && !site.around.scope.is_async)
    }

    /// Whether a callback takes something out of a container: then that is what it is there for.
    fn takes_out(&self, callback: &Expr) -> bool {
        let mut takings = Takings(false);
        match callback {
            Expr::Call(call) => return partial_function(call).is_some_and(|function| self.takes_out(function)),
            Expr::Lambda(lambda) => takings.visit_expr(&lambda.body),
            callback => {
                let target = self.module.target(callback);
                target.and_then(|target| target.with_body(self.db, |_, function| takings.visit_body(&function.body)));
            }
        }
        takings.0
    }

    /// What a callback does with what is done, behind so many arguments that it has already.
    fn heard_by_callback(&self, value: Value, callback: &'a Expr, bound: usize) -> Option<Fate> {
        if self.hears_what_is_done(callback) {
            return Some(Fate::Consumed(How::HandedOver));
        }
        match callback {
            Expr::Call(call) => {
                let arguments = &call.arguments.args;
                let function = partial_function(call).filter(|_| !arguments.iter().any(Expr::is_starred_expr))?;
                self.heard_by_callback(value, function, bound + arguments.len() - 1)
            }
            Expr::Lambda(lambda) => {
                let frame = self.body.frames.iter().position(|frame| frame.kind == FrameKind::Function && frame.range == lambda.range())?;
                let parameters = lambda.parameters.as_deref()?;
                let parameter = parameters.posonlyargs.iter().chain(&parameters.args).nth(bound)?;
                let local = Local { frame, name: parameter.parameter.name.id.clone() };
                let value = value.on_arrival();
                let fate = self.beyond(self.module, self.body).arriving(value, |flow| flow.bound(value, &local, 0)).fate;
                Some(fate)
            }
            Expr::Name(_) | Expr::Attribute(_) if self.borders > 0 => {
                let callee = self.module.target(callback)?;
                let bound = bound + usize::from(callee.is_bound);
                let treatment = callee.with_body(self.db, |module, function| {
                    let is_plain = !function.is_async;
                    let is_open = callee.is_bound && !is_of_base(callback);
                    is_plain.then(|| self.received(value.on_arrival(), module, function, &Argument::At(bound), is_open))?
                })??;
                Some(treatment.verdict.fate)
            }
            _ => None,
        }
    }
}

/// Whether a done callback does nothing but take the task out of a registry.
fn only_discards(callback: &Expr) -> bool {
    callback.as_attribute_expr().is_some_and(|callback| matches!(callback.attr.as_str(), "discard" | "remove"))
}

/// Whether something is taken out of a container, or a name or element deleted.
struct Takings(bool);

impl<'a> Visitor<'a> for Takings {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.0 |= statement.is_delete_stmt();
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.0 |= last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "discard" | "remove" | "pop" | "popitem"));
        }
        walk_expr(self, expression);
    }
}
