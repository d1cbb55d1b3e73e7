//! Whether code waits for something of its own, so that a cancellation that comes out of it is that
//! of the coroutine, and not that of a task or future that somebody else has cancelled.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_comprehension, walk_expr, walk_stmt};
use ruff_python_ast::{Comprehension, Expr, ExprCall, Stmt, StmtFunctionDef};

use super::Kind;
use super::birth::Finder;
use super::body::last_name;
use super::models::{Effect, FunctionModel};
use super::naming::ends_something;

impl<'a> Finder<'_, '_, 'a> {
    /// Whether `body`, a part of `function`, waits for something of its own.
    pub(super) fn waits_for_own(&self, function: &StmtFunctionDef, body: &'a [Stmt]) -> bool {
        let mut finder = AwaitFinder::default();
        finder.visit_body(body);
        let cancelled = Cancelled::of(function);
        !finder.yields && (finder.iterates || finder.awaited.iter().any(|awaited| self.is_own(awaited, &cancelled)))
    }

    /// Whether only a cancellation of the coroutine itself can end the waiting for `awaited`: it is
    /// a coroutine made here, and no future or task that somebody else may cancel.
    fn is_own(&self, awaited: &Expr, cancelled: &Cancelled) -> bool {
        let Expr::Call(call) = awaited else { return false };
        let Some(name) = last_name(&call.func) else { return false };
        let receiver = call.func.as_attribute_expr().map(|attribute| &*attribute.value);
        let handles = receiver.into_iter().chain(&call.arguments.args);
        // A stream is drained while it is in use.
        if name != "drain" && ends_something(name) || handles.into_iter().any(|expression| cancelled.has(expression)) {
            return false;
        }
        let Some(model) = self.model(call) else { return !mentions_future(call) };
        match (model.wraps, model.gives, model.arguments) {
            // A shield is there so that cancellation can be handled.
            (true, Some(Kind::Future | Kind::Task), _) => false,
            (true, ..) => call.arguments.args.iter().all(|argument| self.makes_own(argument, cancelled)),
            (_, _, Some(Effect::Pass)) => call.arguments.args.first().is_some_and(|argument| self.is_own(argument, cancelled)),
            _ => true,
        }
    }

    fn makes_own(&self, argument: &Expr, cancelled: &Cancelled) -> bool {
        let comprehension = match argument {
            Expr::Starred(starred) => &*starred.value,
            argument => argument,
        };
        match comprehension {
            Expr::ListComp(list) => self.is_own(&list.elt, cancelled),
            Expr::Generator(generator) => self.is_own(&generator.elt, cancelled),
            argument => self.is_own(argument, cancelled),
        }
    }

    fn model(&self, call: &ExprCall) -> Option<&FunctionModel> {
        let name = self.flow.body.called_name(call)?;
        if !self.flow.models.knows_last_name(name) {
            return None;
        }
        self.flow.model_of(self.flow.module, call, self.flow.module.callee(call).as_ref())
    }
}

/// Whether `body`, a part of `function`, waits for one thing: a task or future that somebody else may cancel, and not
/// the function itself.
pub(super) fn waits_for_other(function: &StmtFunctionDef, body: &[Stmt]) -> bool {
    let [Stmt::Expr(statement)] = body else { return false };
    let Some(awaited) = statement.value.as_await_expr() else { return false };
    matches!(&*awaited.value, Expr::Attribute(_)) && !Cancelled::of(function).has(&awaited.value)
}

/// Whether a call deals with a task or future that it did not make, as far as names tell.
fn mentions_future(call: &ExprCall) -> bool {
    let is_future = |expression: &Expr| match expression {
        Expr::Call(call) => mentions_future(call),
        expression => last_name(expression).is_some_and(|name| {
            let name = name.to_lowercase();
            name.contains("task") || name.contains("fut")
        }),
    };
    let receiver = call.func.as_attribute_expr().map(|attribute| &*attribute.value);
    receiver.into_iter().chain(&call.arguments.args).any(is_future)
}

/// The last names of what a function cancels.
struct Cancelled(Vec<Name>);

impl Cancelled {
    fn of(function: &StmtFunctionDef) -> Self {
        let mut cancelled = Cancelled(Vec::new());
        cancelled.visit_body(&function.body);
        cancelled
    }

    fn has(&self, expression: &Expr) -> bool {
        last_name(expression).is_some_and(|name| self.0.contains(name))
    }
}

impl<'a> Visitor<'a> for Cancelled {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && let Expr::Attribute(attribute) = &*call.func
            && attribute.attr.as_str() == "cancel"
        {
            self.0.extend(last_name(&attribute.value).cloned());
        }
        walk_expr(self, expression);
    }
}

/// What a body waits for, functions in it left out.
#[derive(Default)]
struct AwaitFinder<'a> {
    awaited: Vec<&'a Expr>,
    iterates: bool,
    yields: bool,
}

impl<'a> Visitor<'a> for AwaitFinder<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::For(statement) => self.iterates |= statement.is_async,
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_comprehension(&mut self, comprehension: &'a Comprehension) {
        self.iterates |= comprehension.is_async;
        walk_comprehension(self, comprehension);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(_) => return,
            Expr::Await(node) => self.awaited.push(&node.value),
            Expr::Yield(_) | Expr::YieldFrom(_) => self.yields = true,
            _ => {}
        }
        walk_expr(self, expression);
    }
}
