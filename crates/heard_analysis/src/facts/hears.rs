//! Whether a function hears its own failures: every path of its body that can fail stands under a
//! handler that logs the failure or hands it on.

mod expressions;
mod handlers;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, StmtRaise, StmtTry, StmtWith, WithItem};

use super::Hearing;
use super::body::last_name;
use super::exceptions::{ExceptionSet, Hierarchy, Taken, raised_class};
use super::naming::speaks_of_failure;
use crate::resolve::Module;

pub(super) use handlers::handler_hears;

/// What is done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is called, and no more: of a coroutine function, nothing runs.
    Called,
    /// What it gives is awaited.
    Awaited,
}

/// Tells of a call in a body whether it hears itself, where handlers for these stand around.
pub(super) type Called<'c> = &'c dyn Fn(&ExprCall, Way, &Taken) -> Hearing;

/// Whether a failure of `function` can get out of it unheard, where those who call it have handlers for what is `taken`.
pub(super) fn hearing(
    function: &StmtFunctionDef,
    module: &Module<'_>,
    hierarchy: Hierarchy<'_>,
    taken: &Taken,
    called: Called<'_>,
) -> Hearing {
    // What does nothing yet is there to be overridden or filled in.
    let is_filled_in = does_work(&function.body) || is_getter(function);
    let listen = |plain| {
        if is_filled_in {
            Listener { module, hierarchy, taken, called, plain, calls: plain, logged: Hearing::Small }.block(&function.body)
        } else {
            Hearing::Deaf
        }
    };
    let hears = match listen(Hearing::Deaf) {
        Hearing::Deaf if listens_to_awaits(&function.body) => listen(Hearing::Mostly),
        hears => hears,
    };
    match hears {
        Hearing::Deaf | Hearing::Mostly | Hearing::Small
            if !function.decorator_list.iter().all(|decorator| is_transparent(&decorator.expression)) =>
        {
            Hearing::Perhaps
        }
        Hearing::Small => Hearing::Deaf,
        hears => hears,
    }
}

/// Whether a statement cannot fail unheard. `called` tells the same of what a call in it goes to.
pub(super) fn is_inert(statement: &Stmt, module: &Module<'_>, hierarchy: Hierarchy<'_>, called: Called<'_>) -> bool {
    let (plain, logged) = (Hearing::Deaf, Hearing::Never);
    Listener { module, hierarchy, taken: &Taken::default(), called, plain, calls: plain, logged }.statement(statement).is_sound()
}

/// Whether a function does nothing but give an attribute of its object, or what comparing it tells.
fn is_getter(function: &StmtFunctionDef) -> bool {
    let last = function.body.last().and_then(Stmt::as_return_stmt).and_then(|result| result.value.as_deref());
    !function.is_async
        && last.is_some_and(|last| matches!(last, Expr::Attribute(_) | Expr::Compare(_) | Expr::BoolOp(_) | Expr::UnaryOp(_)))
}

fn does_work(body: &[Stmt]) -> bool {
    let mut finder = CallFinder(false);
    finder.visit_body(body);
    finder.0
}

struct CallFinder(bool);

impl<'a> Visitor<'a> for CallFinder {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0 |= expression.is_call_expr();
        walk_expr(self, expression);
    }
}

/// Whether a decorator is known to leave the function as it is.
pub(super) fn is_transparent(decorator: &Expr) -> bool {
    last_name(decorator).is_some_and(|name| {
        matches!(name.as_str(), "staticmethod" | "classmethod" | "abstractmethod" | "override" | "final" | "callback" | "no_type_check")
    })
}

struct Listener<'c, 'db> {
    module: &'c Module<'db>,
    hierarchy: Hierarchy<'c>,
    /// What the handlers around are for.
    taken: &'c Taken,
    called: Called<'c>,
    /// What is said of plain code that may fail, and of a plain call that may.
    plain: Hearing,
    calls: Hearing,
    /// The same of a plain call in what is written to a log.
    logged: Hearing,
}

/// Whether work that is awaited stands under a handler that hears.
fn listens_to_awaits(body: &[Stmt]) -> bool {
    struct Finder(bool);
    impl<'a> Visitor<'a> for Finder {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            if let Stmt::Try(statement) = statement {
                let hears = statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| {
                    ExceptionSet::of_handler(handler).is_broad() && handler_hears(handler) == Hearing::Itself
                });
                let mut awaits = AwaitFinder(false);
                awaits.visit_body(&statement.body);
                self.0 |= hears && awaits.0;
            }
            ruff_python_ast::visitor::walk_stmt(self, statement);
        }
    }
    struct AwaitFinder(bool);
    impl<'a> Visitor<'a> for AwaitFinder {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= expression.is_await_expr();
            walk_expr(self, expression);
        }
    }
    let mut finder = Finder(false);
    finder.visit_body(body);
    finder.0
}

impl Listener<'_, '_> {
    fn block(&self, statements: &[Stmt]) -> Hearing {
        Hearing::of_all(statements.iter().map(|statement| self.statement(statement)))
    }

    fn statement(&self, statement: &Stmt) -> Hearing {
        match statement {
            Stmt::Try(statement) => self.try_block(statement),
            Stmt::With(statement) => self.with_block(statement),
            Stmt::While(statement) => self.expression(&statement.test).and(self.block(&statement.body)).and(self.block(&statement.orelse)),
            Stmt::For(statement) if !statement.is_async => {
                self.expression(&statement.iter).and(self.block(&statement.body)).and(self.block(&statement.orelse))
            }
            Stmt::If(statement) => {
                let clauses = statement.elif_else_clauses.iter().map(|clause| {
                    let test = clause.test.as_ref().map_or(Hearing::Never, |test| self.expression(test));
                    test.and(self.block(&clause.body))
                });
                self.expression(&statement.test).and(self.block(&statement.body)).and(Hearing::of_all(clauses))
            }
            Stmt::Expr(statement) => self.expression(&statement.value),
            Stmt::Assign(statement) => self.expression(&statement.value),
            Stmt::AnnAssign(statement) => statement.value.as_deref().map_or(Hearing::Never, |value| self.expression(value)),
            Stmt::Return(statement) => statement.value.as_deref().map_or(Hearing::Never, |value| self.expression(value)),
            Stmt::AugAssign(statement) => self.operation(&statement.target, statement.op, &statement.value),
            Stmt::Delete(statement) => Hearing::of_all(statement.targets.iter().map(|target| self.deleted(target))),
            Stmt::Assert(statement) => self.expression(&statement.test),
            Stmt::Raise(statement) => self.raised(statement),
            Stmt::FunctionDef(_)
            | Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_) => Hearing::Never,
            _ => Hearing::Deaf,
        }
    }

    fn try_block(&self, statement: &StmtTry) -> Hearing {
        let mut sets = Vec::new();
        let mut hears = Hearing::Never;
        for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
            let set = ExceptionSet::of_handler(handler).resolved(self.module);
            if !set.is_ending() {
                sets.push(set);
                hears = hears.and(handler_hears(handler));
            }
        }
        // Without a broad handler the body itself may hear: `try: … finally: close()`.
        if !sets.iter().any(ExceptionSet::is_broad) {
            let body = Listener { taken: &self.taken.and(sets.iter()), ..*self }.block(&statement.body);
            return hears.and(body).and(self.block(&statement.orelse));
        }
        // What comes behind work whose failures are heard is book-keeping.
        let follows = match self.block(&statement.orelse) {
            Hearing::Deaf | Hearing::Mostly => Hearing::Perhaps,
            follows => follows,
        };
        hears.and(follows)
    }

    /// What a handler around is for is dealt with there.
    fn raised(&self, statement: &StmtRaise) -> Hearing {
        match raised_class(statement) {
            Some(class) if self.taken.has(class, self.hierarchy) => match statement.exc.as_deref() {
                Some(Expr::Call(call)) => self.expressions(&call.arguments.args),
                _ => Hearing::Never,
            },
            _ => Hearing::Deaf,
        }
    }

    fn with_block(&self, statement: &StmtWith) -> Hearing {
        // What is suppressed is known; other sorts of failure get out.
        let suppressed: Vec<ExceptionSet> =
            statement.items.iter().filter_map(ExceptionSet::of_suppress).map(|set| set.resolved(self.module)).collect();
        let taken = self.taken.and(suppressed.iter());
        // Who suppresses one sort around plain code knows what that raises.
        let is_known = suppressed.iter().any(|set| !set.is_ending());
        let (plain, calls) = if is_known { (Hearing::Perhaps, Hearing::Perhaps) } else { (self.plain, self.calls) };
        let body = Listener { taken: &taken, plain, calls, ..*self }.block(&statement.body);
        let may_hear = |item: &WithItem| match &item.context_expr {
            Expr::Call(_) if ExceptionSet::of_suppress(item).is_some() => suppressed.iter().any(|set| set.is_broad() || set.is_open()),
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| speaks_of_failure(name) || name.contains("suppress")),
            // `with self:` in a decorator's wrapper.
            context => last_name(context).is_some_and(|name| name == "self"),
        };
        if statement.items.iter().any(may_hear) {
            return if body.is_deaf() { Hearing::Perhaps } else { body };
        }
        // A lock is entered without a call. What is called first may fail, but where the rest hears, that is
        // book-keeping.
        let plain = if statement.is_async { Hearing::Deaf } else { self.plain };
        let outside = Listener { plain, calls: plain, ..*self };
        let others = statement.items.iter().filter(|item| ExceptionSet::of_suppress(item).is_none());
        let entered = Hearing::of_all(others.map(|item| outside.expression(&item.context_expr)));
        if body.is_sound() && entered.is_deaf() { Hearing::Perhaps } else { entered.and(body) }
    }
}
