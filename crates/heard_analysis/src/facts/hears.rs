//! Whether a function hears its own failures: every path of its body that can fail stands under a
//! handler that logs the failure or hands it on.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, InterpolatedStringElement, Stmt, StmtFunctionDef, StmtTry, StmtWith,
};

use super::Hearing;
use super::body::last_name;

/// Whether a failure of `function` can get out of it unheard. `called` tells the same of what a
/// call in its body goes to.
pub(crate) fn hearing(function: &StmtFunctionDef, called: &dyn Fn(&ExprCall) -> Hearing) -> Hearing {
    // What does nothing yet is there to be overridden or filled in.
    let hears = if does_work(&function.body) || is_getter(function) { Listener { called }.block(&function.body) } else { Hearing::Deaf };
    match hears {
        Hearing::Deaf if !function.decorator_list.iter().all(|decorator| is_transparent(&decorator.expression)) => Hearing::Perhaps,
        hears => hears,
    }
}

/// Whether a statement cannot fail unheard. `called` tells the same of what a call in it goes to.
pub(super) fn is_inert(statement: &Stmt, called: &dyn Fn(&ExprCall) -> Hearing) -> bool {
    Listener { called }.statement(statement) == Hearing::Itself
}

/// Whether a function does nothing but give an attribute of its object.
fn is_getter(function: &StmtFunctionDef) -> bool {
    let last = function.body.last().and_then(Stmt::as_return_stmt).and_then(|result| result.value.as_deref());
    !function.is_async && last.is_some_and(Expr::is_attribute_expr)
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

struct Listener<'c> {
    called: &'c dyn Fn(&ExprCall) -> Hearing,
}

impl Listener<'_> {
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
                    let test = clause.test.as_ref().map_or(Hearing::Itself, |test| self.expression(test));
                    test.and(self.block(&clause.body))
                });
                self.expression(&statement.test).and(self.block(&statement.body)).and(Hearing::of_all(clauses))
            }
            Stmt::Expr(statement) => self.expression(&statement.value),
            Stmt::Assign(statement) => self.expression(&statement.value),
            Stmt::AnnAssign(statement) => statement.value.as_deref().map_or(Hearing::Itself, |value| self.expression(value)),
            Stmt::Return(statement) => statement.value.as_deref().map_or(Hearing::Itself, |value| self.expression(value)),
            Stmt::Assert(statement) => self.expression(&statement.test),
            Stmt::FunctionDef(_)
            | Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_) => Hearing::Itself,
            _ => Hearing::Deaf,
        }
    }

    fn try_block(&self, statement: &StmtTry) -> Hearing {
        let mut catches_all = false;
        let mut hears = self.block(&statement.orelse);
        for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
            let kind = handler.type_.as_deref();
            if !is_cancellation(kind) {
                catches_all |= is_broad(kind);
                hears = hears.and(handler_hears(handler));
            }
        }
        // Without a broad handler the body itself may hear: `try: … finally: close()`.
        if catches_all { hears } else { hears.and(self.block(&statement.body)) }
    }

    fn with_block(&self, statement: &StmtWith) -> Hearing {
        let body = self.block(&statement.body);
        let may_hear = |item: &ruff_python_ast::WithItem| match &item.context_expr {
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| speaks_of_failure(name) || name.contains("suppress")),
            // `with self:` in a decorator's wrapper.
            context => last_name(context).is_some_and(|name| name == "self"),
        };
        if statement.items.iter().any(may_hear) {
            return if body == Hearing::Deaf { Hearing::Perhaps } else { body };
        }
        // A lock is entered without a call. What is called first may fail, but where the rest hears, that is
        // book-keeping.
        let entered = Hearing::of_all(statement.items.iter().map(|item| self.expression(&item.context_expr)));
        if body == Hearing::Itself && entered == Hearing::Deaf { Hearing::Perhaps } else { entered.and(body) }
    }

    /// Whether evaluating an expression is heard or does not fail in practice: names, attributes,
    /// constants and tests of them, log calls, and calls of what hears itself.
    fn expression(&self, expression: &Expr) -> Hearing {
        match expression {
            Expr::Name(_)
            | Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::Lambda(_) => Hearing::Itself,
            Expr::Attribute(attribute) => self.expression(&attribute.value),
            Expr::UnaryOp(operation) => self.expression(&operation.operand),
            Expr::BoolOp(operation) => self.expressions(&operation.values),
            Expr::Compare(comparison) => self.expression(&comparison.left).and(self.expressions(&comparison.comparators)),
            Expr::Tuple(tuple) => self.expressions(&tuple.elts),
            Expr::List(list) => self.expressions(&list.elts),
            Expr::FString(string) => {
                let parts = string.value.elements().filter_map(InterpolatedStringElement::as_interpolation);
                Hearing::of_all(parts.map(|part| self.expression(&part.expression)))
            }
            Expr::Dict(dict) if dict.items.is_empty() => Hearing::Itself,
            Expr::Await(node) if node.value.is_call_expr() => self.expression(&node.value),
            Expr::Call(call) if is_log(call) => Hearing::Itself,
            Expr::Call(call) => {
                let named = call.arguments.keywords.iter().map(|keyword| self.expression(&keyword.value));
                let arguments = self.expressions(&call.arguments.args).and(Hearing::of_all(named));
                arguments.and(if is_quiet(call) { Hearing::Itself } else { (self.called)(call) })
            }
            _ => Hearing::Deaf,
        }
    }

    fn expressions(&self, expressions: &[Expr]) -> Hearing {
        Hearing::of_all(expressions.iter().map(|expression| self.expression(expression)))
    }
}

/// What a handler does with the failure: it logs an error, prints the traceback or passes the
/// exception on; it drops it, which is another defect; or it raises, and nobody waits.
pub(super) fn handler_hears(handler: &ExceptHandlerExceptHandler) -> Hearing {
    let mut finder =
        HearingFinder { exception: handler.name.as_ref().map(ruff_python_ast::Identifier::as_str), found: false, raises: false };
    finder.visit_body(&handler.body);
    match finder {
        HearingFinder { found: true, .. } => Hearing::Itself,
        HearingFinder { raises: true, .. } => Hearing::Deaf,
        _ if is_broad(handler.type_.as_deref()) => Hearing::Perhaps,
        // To handle one sort of failure is to know it.
        _ => Hearing::Itself,
    }
}

struct HearingFinder<'a> {
    exception: Option<&'a str>,
    found: bool,
    raises: bool,
}

impl HearingFinder<'_> {
    fn is_exception(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Name(name) => self.exception == Some(name.id.as_str()),
            Expr::Starred(starred) => self.is_exception(&starred.value),
            _ => false,
        }
    }

    /// Whether the call logs at a level that is shown, is called after what it does (`on_error`,
    /// `report_failure`), or is given the exception itself.
    fn hears(&self, call: &ExprCall) -> bool {
        let name = last_name(&call.func).map_or_else(String::new, |name| name.to_lowercase());
        if matches!(name.as_str(), "debug" | "print" | "str" | "repr" | "isinstance" | "type") {
            return false;
        }
        speaks_of_failure(&name)
            || call.arguments.args.iter().any(|argument| self.is_exception(argument))
            || call.arguments.keywords.iter().any(|keyword| self.is_exception(&keyword.value))
    }
}

impl<'a> Visitor<'a> for HearingFinder<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Assign(assignment) = statement {
            let is_kept = assignment.targets.iter().any(|target| matches!(target, Expr::Attribute(_)));
            self.found |= is_kept && self.is_exception(&assignment.value);
        }
        self.raises |= statement.is_raise_stmt();
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.found |= self.hears(call);
        }
        walk_expr(self, expression);
    }
}

/// Whether a function's name says that it deals with failures.
pub(super) fn speaks_of_failure(name: &str) -> bool {
    ["exception", "error", "warn", "critical", "fatal", "fail", "print_exc", "excepthook"].iter().any(|word| name.contains(word))
}

/// Whether a handler for `kind` catches any failure.
pub(super) fn is_broad(kind: Option<&Expr>) -> bool {
    match kind {
        None => true,
        Some(Expr::Tuple(kinds)) => kinds.elts.iter().any(|kind| is_broad(Some(kind))),
        Some(kind) => last_name(kind).is_some_and(|name| matches!(name.as_str(), "Exception" | "BaseException")),
    }
}

fn is_cancellation(kind: Option<&Expr>) -> bool {
    match kind {
        Some(Expr::Tuple(kinds)) => !kinds.elts.is_empty() && kinds.elts.iter().all(|kind| is_cancellation(Some(kind))),
        Some(kind) => last_name(kind)
            .is_some_and(|name| matches!(name.as_str(), "CancelledError" | "GeneratorExit" | "KeyboardInterrupt" | "SystemExit")),
        None => false,
    }
}

/// Whether a call writes to a log.
pub(super) fn is_log(call: &ExprCall) -> bool {
    let Expr::Attribute(attribute) = &*call.func else { return false };
    let is_logger = last_name(&attribute.value).is_some_and(|name| {
        let name = name.to_lowercase();
        name.ends_with("log") || name.ends_with("logger") || name.ends_with("logging")
    });
    is_logger
        && matches!(attribute.attr.as_str(), "debug" | "info" | "warning" | "error" | "exception" | "critical" | "log" | "isEnabledFor")
}

/// Calls that do not fail in practice: tests of events and loops, clocks, and the setting of events
/// and futures.
fn is_quiet(call: &ExprCall) -> bool {
    let takes_nothing = call.arguments.args.is_empty() && call.arguments.keywords.is_empty();
    last_name(&call.func).is_some_and(|name| match name.as_str() {
        "is_set" | "set" | "clear" | "cancel" | "done" | "cancelled" | "is_closing" | "monotonic" | "time" | "perf_counter"
        | "get_running_loop" | "get_event_loop" | "current_task" => takes_nothing,
        "set_result" | "set_exception" => true,
        _ => false,
    })
}
