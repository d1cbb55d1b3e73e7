//! What gets out of a function, as far as `raise` statements tell, its own and those of what it awaits.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, StmtTry, StmtWith};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Kind;
use super::birth::{Finder, return_exceptions};
use super::body::{Local, Scope, arguments, last_name};
use super::exceptions::{ExceptionSet, Hierarchy, raised_class};
use super::models::Effect;
use super::origin::DEEPEST_ORIGIN;
use crate::resolve::{Callee, CalleeId, Module};

/// The last names of the exceptions that get out, and [`UNKNOWN`].
pub(super) type Raised = FxHashSet<Name>;

/// What functions raise, as far as so many calls into each other tell.
pub(super) type KnownRaises = FxHashMap<(CalleeId, usize), Raised>;

/// Awaited calls are followed through this many functions.
const DEEPEST_RAISE: usize = 3;

/// Stands for what code may raise that is not known.
pub(super) const UNKNOWN: &str = "";

/// What a time limit raises.
const TIMEOUT: &str = "TimeoutError";

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// The exceptions that awaiting `awaited`, entering it or asking it for elements may raise.
    pub(super) fn raised_by(&self, awaited: &Expr, scope: &Scope<'a>) -> Raised {
        self.raised_within(awaited, scope, DEEPEST_ORIGIN)
    }

    fn raised_within(&self, awaited: &Expr, scope: &Scope<'a>, depth: usize) -> Raised {
        let Some(depth) = depth.checked_sub(1) else { return Raised::default() };
        let within = |part: &Expr| self.raised_within(part, scope, depth);
        match awaited {
            Expr::Call(call) => self.raised_by_call(call, scope, depth),
            Expr::Name(name) => {
                let local = Local { frame: scope.frame, name: name.id.clone() };
                self.flow.body.values.get(&local).map_or_else(Raised::default, |value| within(value))
            }
            Expr::Starred(starred) => within(&starred.value),
            Expr::ListComp(ast::ExprListComp { elt, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, .. })
            | Expr::Generator(ast::ExprGenerator { elt, .. }) => within(elt),
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::Set(ast::ExprSet { elts, .. }) => {
                elts.iter().flat_map(within).collect()
            }
            _ => Raised::default(),
        }
    }

    /// The same of a call, what it is given included, which is followed so deep.
    pub(super) fn raised_by_call(&self, call: &ExprCall, scope: &Scope<'a>, depth: usize) -> Raised {
        let within = |part: &Expr| self.raised_within(part, scope, depth);
        match self.flow.model(call) {
            Some(model) if model.never_fails || collects_failures(call) => Raised::default(),
            // What awaits it on its behalf and does not stand for it sets it a limit.
            Some(model) if model.arguments == Some(Effect::Pass) && !model.wraps => {
                arguments(call).flat_map(within).chain([Name::new_static(TIMEOUT)]).collect()
            }
            Some(model) if matches!(model.gives, Some(Kind::Task | Kind::Future | Kind::Gather)) => {
                arguments(call).flat_map(within).collect()
            }
            Some(model) if model.maps => {
                let function = call.arguments.args.first().and_then(|function| self.flow.module.target(function));
                function.map_or_else(Raised::default, |function| self.raised_behind(&function, DEEPEST_RAISE))
            }
            Some(_) => Raised::default(),
            None => match self.plain_function(call, scope) {
                Some(function) => self.raised_in(self.flow.module, function, DEEPEST_RAISE),
                None => self.flow.module.callee(call).map_or_else(Raised::default, |callee| self.raised_behind(&callee, DEEPEST_RAISE)),
            },
        }
    }

    fn raised_behind(&self, callee: &Callee<'db>, depth: usize) -> Raised {
        if let Some(known) = self.known_raises.borrow().get(&(callee.id(), depth)) {
            return known.clone();
        }
        let never_fails = callee.name.as_deref().and_then(|name| self.flow.models.function(name)).is_some_and(|model| model.never_fails);
        let raised = match callee.with_body(self.db, |module, function| self.raised_in(module, function, depth)) {
            Some(raised) => raised,
            None if never_fails => Raised::default(),
            None => unknown(),
        };
        self.known_raises.borrow_mut().insert((callee.id(), depth), raised.clone());
        raised
    }

    fn raised_in(&self, module: &Module<'db>, function: &StmtFunctionDef, depth: usize) -> Raised {
        let called = |call: &ExprCall| match depth.checked_sub(1) {
            Some(depth) => module.callee(call).map_or_else(unknown, |callee| self.raised_behind(&callee, depth)),
            None => unknown(),
        };
        raised(&function.body, &called, self.hierarchy_in(module))
    }
}

fn unknown() -> Raised {
    Raised::from_iter([Name::new_static(UNKNOWN)])
}

/// Whether a call may say `return_exceptions=True`.
pub(super) fn collects_failures(call: &ExprCall) -> bool {
    return_exceptions(call) != Some(false)
}

/// What gets out of a body; `called` tells the same of what an awaited call goes to.
fn raised(body: &[Stmt], called: &dyn Fn(&ExprCall) -> Raised, hierarchy: Hierarchy<'_>) -> Raised {
    let mut raises = Raises { called, hierarchy, raised: Raised::default() };
    raises.visit_body(body);
    raises.raised
}

struct Raises<'c> {
    called: &'c dyn Fn(&ExprCall) -> Raised,
    hierarchy: Hierarchy<'c>,
    raised: Raised,
}

impl Raises<'_> {
    /// Whether an exception that is raised may be among these; what is not known is among everything only.
    fn may_take(&self, set: &ExceptionSet<'_>, raised: &str) -> bool {
        if raised == UNKNOWN { set.is_broad() } else { set.may_take(raised, self.hierarchy) }
    }

    fn try_block(&mut self, statement: &StmtTry) {
        let mut open = raised(&statement.body, self.called, self.hierarchy);
        for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
            let set = ExceptionSet::of_handler(handler);
            let caught: Raised = open.iter().filter(|name| self.may_take(&set, name)).cloned().collect();
            let raises_again = handler.body.iter().any(|statement| raises_again(statement, handler.name.as_ref().map(|name| &name.id)));
            open.retain(|name| !caught.contains(name));
            if raises_again {
                self.raised.extend(caught);
            }
            self.visit_body(&handler.body);
        }
        self.raised.extend(open);
        self.visit_body(&statement.orelse);
        self.visit_body(&statement.finalbody);
    }

    /// A block that is mostly there to swallow: what, a `suppress` says.
    fn swallowing_block(&mut self, statement: &StmtWith) {
        let calls = statement.items.iter().filter(|item| item.context_expr.is_call_expr());
        let Some(sets) = calls.map(ExceptionSet::of_suppress).collect::<Option<Vec<_>>>() else { return };
        let mut open = raised(&statement.body, self.called, self.hierarchy);
        open.retain(|name| !sets.iter().any(|set| self.may_take(set, name)));
        self.raised.extend(open);
    }
}

impl<'a> Visitor<'a> for Raises<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Try(statement) => self.try_block(statement),
            Stmt::Raise(statement) => {
                self.raised.extend(raised_class(statement).filter(|name| !is_no_failure(name)).cloned());
                statement.exc.iter().for_each(|exception| self.visit_expr(exception));
            }
            Stmt::With(inner) if !inner.is_async && inner.items.iter().any(|item| item.context_expr.is_call_expr()) => {
                self.swallowing_block(inner);
            }
            statement => {
                let is_async =
                    matches!(statement, Stmt::With(with) if with.is_async) || matches!(statement, Stmt::For(each) if each.is_async);
                if is_async {
                    self.raised.extend(unknown());
                }
                walk_stmt(self, statement);
            }
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(_) => {}
            Expr::Await(ast::ExprAwait { value, .. }) => {
                self.raised.extend(value.as_call_expr().map_or_else(unknown, |call| (self.called)(call)));
                walk_expr(self, expression);
            }
            expression => walk_expr(self, expression),
        }
    }
}

/// Whether an exception means something else than that the work failed.
fn is_no_failure(name: &str) -> bool {
    matches!(name, "NotImplementedError" | "CancelledError" | "StopIteration" | "StopAsyncIteration" | "GeneratorExit")
}

/// Whether a statement of a handler may raise what the handler caught, under this name.
fn raises_again(statement: &Stmt, name: Option<&Name>) -> bool {
    struct Again<'n>(Option<&'n Name>, bool);
    impl<'a> Visitor<'a> for Again<'_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            if let Stmt::Raise(statement) = statement {
                self.1 |=
                    statement.exc.as_deref().is_none_or(|exception| last_name(exception).is_some_and(|raised| Some(raised) == self.0));
            }
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut again = Again(name, false);
    again.visit_stmt(statement);
    again.1
}
