//! What can fail in a function, and whether the function hears it: every path of its body that can fail stands under a
//! handler that logs the failure or hands it on.

mod expressions;
mod handlers;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{
    ExceptHandler, Expr, ExprCall, Stmt, StmtAssert, StmtFor, StmtFunctionDef, StmtMatch, StmtRaise, StmtTry, StmtWith, WithItem,
};
use ruff_text_size::Ranged;

use super::Hearing;
use super::body::{is_self, last_name};
use super::exceptions::{ExceptionSet, Hierarchy, Taken, raised_class};
use super::names::is_stub;
use super::naming::{is_lock, is_task_scope, is_time_limit, speaks_of_failure};
use super::witness::{Account, Weight};
use crate::resolve::Module;

pub(super) use handlers::handler_hears;

/// What a body does that other code may fail in.
#[derive(Clone, Copy)]
pub(super) enum Act<'e> {
    /// It calls, and no more: of a coroutine function, nothing runs.
    Call(&'e ExprCall),
    /// It awaits this.
    Await(&'e Expr),
    /// It asks this for its elements, with `async for`.
    Iterate(&'e Expr),
}

/// Tells what can fail in what a body does, where handlers for these stand around.
pub(super) type Done<'c> = &'c dyn Fn(Act<'_>, &Taken) -> Account;

/// What can fail in `function`, decorators apart, where those who call it have handlers for what is `taken`.
pub(super) fn account(function: &StmtFunctionDef, module: &Module<'_>, hierarchy: Hierarchy<'_>, taken: &Taken, done: Done<'_>) -> Account {
    // What does nothing yet is there to be overridden or filled in.
    if does_work(&function.body) || (!function.is_async && !is_stub(function)) {
        Listener { module, hierarchy, taken, done, is_log: false, is_expected: false }.block(&function.body)
    } else {
        Account::source(Weight::Heavy, module, function.name.range())
    }
}

/// Whether a statement cannot fail unheard. `done` tells the same of what it calls and awaits.
pub(super) fn is_inert(statement: &Stmt, module: &Module<'_>, hierarchy: Hierarchy<'_>, done: Done<'_>) -> bool {
    Listener { module, hierarchy, taken: &Taken::default(), done, is_log: false, is_expected: false }.statement(statement).is_sound()
}

/// Whether a body calls or awaits something, changes an object, raises on purpose, or asks data for what it may not
/// have.
fn does_work(body: &[Stmt]) -> bool {
    struct WorkFinder(bool);
    impl<'a> Visitor<'a> for WorkFinder {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            let is_raised = |raise: &StmtRaise| raised_class(raise).is_none_or(|class| class != "NotImplementedError");
            self.0 |= match statement {
                Stmt::Raise(raise) => is_raised(raise),
                Stmt::Assert(_) | Stmt::AugAssign(_) | Stmt::Delete(_) => true,
                Stmt::For(each) => each.is_async,
                _ => false,
            };
            ruff_python_ast::visitor::walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= match expression {
                Expr::Call(call) => last_name(&call.func).is_none_or(|name| name != "NotImplementedError"),
                Expr::Attribute(attribute) => attribute.ctx.is_store() || attribute.value.is_none_literal_expr(),
                Expr::Await(_) | Expr::BinOp(_) | Expr::Subscript(_) => true,
                _ => false,
            };
            walk_expr(self, expression);
        }
    }
    let mut finder = WorkFinder(false);
    finder.visit_body(body);
    finder.0
}

/// Whether an expression is an attribute of the object whose method runs.
fn is_own(value: &Expr) -> bool {
    value.as_attribute_expr().is_some_and(|attribute| is_self(&attribute.value))
}

/// Whether an expression is written as a constant is.
fn is_constant(value: &Expr) -> bool {
    let is_capital = |name: &str| name.len() > 1 && name.contains(char::is_uppercase) && !name.contains(char::is_lowercase);
    value.is_literal_expr() || last_name(value).is_some_and(|name| is_capital(name))
}

/// Whether a decorator is known to leave the function as it is.
pub(super) fn is_transparent(decorator: &Expr) -> bool {
    last_name(decorator).is_some_and(|name| {
        matches!(name.as_str(), "staticmethod" | "classmethod" | "abstractmethod" | "override" | "final" | "callback" | "no_type_check")
    })
}

#[derive(Clone, Copy)]
struct Listener<'c, 'db> {
    module: &'c Module<'db>,
    hierarchy: Hierarchy<'c>,
    /// What the handlers around are for.
    taken: &'c Taken,
    done: Done<'c>,
    /// Whether this is what a log is told.
    is_log: bool,
    /// Whether a handler around, in this function, is there for failures of the connection.
    is_expected: bool,
}

impl Listener<'_, '_> {
    fn source(&self, weight: Weight, at: impl Ranged) -> Account {
        Account::source(weight, self.module, at.range())
    }

    fn block(&self, statements: &[Stmt]) -> Account {
        Account::all(statements.iter().map(|statement| self.statement(statement)))
    }

    fn statement(&self, statement: &Stmt) -> Account {
        match statement {
            Stmt::Try(statement) => self.try_block(statement),
            Stmt::With(statement) => self.with_block(statement),
            Stmt::While(statement) => self.expression(&statement.test).and(self.block(&statement.body)).and(self.block(&statement.orelse)),
            Stmt::For(statement) => self.loop_over(statement),
            Stmt::If(statement) => {
                let clauses = statement.elif_else_clauses.iter().map(|clause| {
                    let test = clause.test.as_ref().map_or_else(Account::default, |test| self.expression(test));
                    test.and(self.block(&clause.body))
                });
                self.expression(&statement.test).and(self.block(&statement.body)).and(Account::all(clauses))
            }
            Stmt::Match(statement) => self.choice(statement),
            Stmt::Expr(statement) => self.expression(&statement.value),
            Stmt::Assign(statement) => Account::all(statement.targets.iter().map(|target| self.target(target, &statement.value)))
                .and(self.expression(&statement.value)),
            Stmt::AnnAssign(statement) => statement.value.as_deref().map_or_else(Account::default, |value| self.expression(value)),
            Stmt::Return(statement) => statement.value.as_deref().map_or_else(Account::default, |value| self.expression(value)),
            Stmt::AugAssign(statement) => self.operation(statement.range(), &statement.target, statement.op, &statement.value),
            Stmt::Delete(statement) => Account::all(statement.targets.iter().map(|target| self.deleted(target))),
            Stmt::Assert(statement) => self.assertion(statement),
            Stmt::Raise(statement) => self.raised(statement),
            Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::TypeAlias(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_) => Account::default(),
            Stmt::IpyEscapeCommand(command) => self.source(Weight::Heavy, command),
        }
    }

    fn loop_over(&self, statement: &StmtFor) -> Account {
        let elements =
            if statement.is_async { (self.done)(Act::Iterate(&statement.iter), self.taken) } else { self.expression(&statement.iter) };
        elements.and(self.block(&statement.body)).and(self.block(&statement.orelse))
    }

    fn choice(&self, statement: &StmtMatch) -> Account {
        let cases = statement.cases.iter().map(|case| {
            let guard = case.guard.as_deref().map_or_else(Account::default, |guard| self.expression(guard));
            guard.and(self.block(&case.body))
        });
        self.expression(&statement.subject).and(Account::all(cases))
    }

    /// What is unpacked may be of another length; a call has an outcome of one shape.
    fn target(&self, target: &Expr, value: &Expr) -> Account {
        match target {
            Expr::Tuple(_) | Expr::List(_) => match value {
                Expr::Call(_) | Expr::Await(_) | Expr::Tuple(_) | Expr::List(_) | Expr::Attribute(_) => Account::default(),
                value => self.source(Weight::Data, value),
            },
            Expr::Subscript(subscript) => self.expression(&subscript.value).and(self.expression(&subscript.slice)),
            Expr::Attribute(attribute) => self.expression(&attribute.value),
            _ => Account::default(),
        }
    }

    /// An assertion that only tells what a type checker does not see is no failure that anybody waits for, and one
    /// that compares what the object has with a constant is about how it was made.
    fn assertion(&self, statement: &StmtAssert) -> Account {
        let narrows = match &*statement.test {
            Expr::Compare(comparison) => comparison.comparators.iter().any(Expr::is_none_literal_expr),
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "isinstance" | "callable" | "issubclass")),
            Expr::Name(_) | Expr::Attribute(_) => true,
            _ => false,
        };
        let weight = match &*statement.test {
            _ if narrows => Weight::None,
            Expr::Compare(comparison) if is_own(&comparison.left) && comparison.comparators.iter().all(is_constant) => Weight::Data,
            _ => Weight::Raised,
        };
        self.source(weight, statement).and(self.expression(&statement.test))
    }

    fn try_block(&self, statement: &StmtTry) -> Account {
        let mut sets = Vec::new();
        let mut hears = Account::default();
        let mut lets_out = false;
        for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
            let set = ExceptionSet::of_handler(handler).resolved(self.module);
            if set.is_ending() {
                continue;
            }
            match handler_hears(handler) {
                Hearing::Itself => hears = hears.and(Account::heard()),
                // What it raises is what it has caught.
                Hearing::Deaf => {
                    lets_out |= set.is_broad();
                    continue;
                }
                Hearing::Perhaps => hears = hears.and(Account::hidden()),
                _ => {}
            }
            sets.push(set);
        }
        let follows = || self.block(&statement.orelse);
        let ends = self.block(&statement.finalbody).of_cleanup();
        // Without a broad handler the body itself may hear: `try: … finally: close()`.
        if lets_out || !sets.iter().any(ExceptionSet::is_broad) {
            let is_expected = self.is_expected || !lets_out && sets.iter().any(ExceptionSet::is_about_connections);
            let body = Listener { taken: &self.taken.and(sets.iter()), is_expected, ..*self }.block(&statement.body);
            return body.and(hears).and(follows()).and(ends);
        }
        // Who hears nothing that can fail hears nothing.
        let hears = if does_work(&statement.body) { hears } else { Account::small() };
        // What comes behind work whose failures are heard is book-keeping.
        hears.and(follows().at_most(Weight::Data)).and(ends)
    }

    /// What a handler around is for is dealt with there.
    fn raised(&self, statement: &StmtRaise) -> Account {
        match raised_class(statement) {
            Some(class) if self.taken.has(class, self.hierarchy) => match statement.exc.as_deref() {
                Some(Expr::Call(call)) => self.expressions(&call.arguments.args),
                _ => Account::default(),
            },
            Some(class) if matches!(class.as_str(), "CancelledError" | "StopAsyncIteration" | "GeneratorExit") => Account::small(),
            // A guard against arguments of the wrong type is for whoever writes the call.
            Some(class) if class == "TypeError" => self.source(Weight::Data, statement),
            _ => self.source(Weight::Raised, statement),
        }
    }

    fn with_block(&self, statement: &StmtWith) -> Account {
        // What is suppressed is known; other sorts of failure get out.
        let suppressed: Vec<ExceptionSet> =
            statement.items.iter().filter_map(ExceptionSet::of_suppress).map(|set| set.resolved(self.module)).collect();
        let taken = self.taken.and(suppressed.iter());
        let is_expected = self.is_expected || suppressed.iter().any(ExceptionSet::is_about_connections);
        let body = Listener { taken: &taken, is_expected, ..*self }.block(&statement.body);
        // Who suppresses one sort around plain code knows what that raises.
        let is_known = suppressed.iter().any(|set| !set.is_ending());
        let body = if is_known { body.known(Weight::Call) } else { body };
        let may_hear = |item: &WithItem| match &item.context_expr {
            Expr::Call(_) if ExceptionSet::of_suppress(item).is_some() => suppressed.iter().any(|set| set.is_broad() || set.is_open()),
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| speaks_of_failure(name) || name.contains("suppress")),
            // `with self:` in a decorator's wrapper.
            context => last_name(context).is_some_and(|name| name == "self"),
        };
        if statement.items.iter().any(may_hear) {
            return body.known(Weight::Raised);
        }
        let others = statement.items.iter().filter(|item| ExceptionSet::of_suppress(item).is_none());
        let entered = Account::all(others.map(|item| self.entered(&item.context_expr, statement.is_async)));
        // What is called first may fail, but where the rest hears, that is book-keeping.
        if body.hearing() == Hearing::Itself { entered.at_most(Weight::Data).and(body) } else { entered.and(body) }
    }

    /// A lock is entered without a call, and so is what has been opened elsewhere.
    fn entered(&self, manager: &Expr, is_async: bool) -> Account {
        match manager {
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| is_lock(name)) || is_task_scope(manager) => {
                self.expressions(&call.arguments.args)
            }
            // What it raises when the time is up is dealt with there.
            Expr::Call(call) if is_time_limit(manager) && self.taken.has("TimeoutError", self.hierarchy) => {
                self.expressions(&call.arguments.args)
            }
            Expr::Call(call) if is_async => {
                let made = self.expression(manager);
                if (self.done)(Act::Call(call), self.taken).is_sound() { made } else { made.and(self.source(Weight::Heavy, manager)) }
            }
            manager => self.expression(manager),
        }
    }
}
