//! Whether a function hears its own failures: every path of its body that can fail stands under a
//! handler that logs the failure or hands it on.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, StmtTry};

use super::Hearing;
use super::body::last_name;

/// Whether a failure of `function` can get out of it unheard.
pub(crate) fn hearing(function: &StmtFunctionDef) -> Hearing {
    if block_hears(&function.body) && function.body.iter().any(has_handler) {
        Hearing::Itself
    } else if function.decorator_list.iter().all(|decorator| is_transparent(&decorator.expression)) {
        Hearing::Deaf
    } else {
        Hearing::Perhaps
    }
}

/// Whether a decorator is known to leave failures alone.
fn is_transparent(decorator: &Expr) -> bool {
    last_name(decorator).is_some_and(|name| {
        matches!(name.as_str(), "staticmethod" | "classmethod" | "abstractmethod" | "override" | "final" | "callback" | "no_type_check")
    })
}

fn block_hears(statements: &[Stmt]) -> bool {
    statements.iter().all(statement_hears)
}

fn statement_hears(statement: &Stmt) -> bool {
    match statement {
        Stmt::Try(statement) => try_hears(statement),
        Stmt::While(statement) => is_harmless(&statement.test) && block_hears(&statement.body) && block_hears(&statement.orelse),
        Stmt::If(statement) => {
            is_harmless(&statement.test)
                && block_hears(&statement.body)
                && statement
                    .elif_else_clauses
                    .iter()
                    .all(|clause| clause.test.as_ref().is_none_or(is_harmless) && block_hears(&clause.body))
        }
        Stmt::Expr(statement) => is_harmless(&statement.value),
        Stmt::Assign(statement) => is_harmless(&statement.value),
        Stmt::AnnAssign(statement) => statement.value.as_deref().is_none_or(is_harmless),
        Stmt::Return(statement) => statement.value.as_deref().is_none_or(is_harmless),
        Stmt::FunctionDef(_)
        | Stmt::Import(_)
        | Stmt::ImportFrom(_)
        | Stmt::Global(_)
        | Stmt::Nonlocal(_)
        | Stmt::Pass(_)
        | Stmt::Break(_)
        | Stmt::Continue(_) => true,
        _ => false,
    }
}

fn try_hears(statement: &StmtTry) -> bool {
    let mut catches_all = false;
    for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
        if is_cancellation(handler.type_.as_deref()) {
            continue;
        }
        if !handler_hears(handler) {
            return false;
        }
        catches_all |= is_broad(handler.type_.as_deref());
    }
    // Without a broad handler the body itself may hear: `try: … finally: close()`.
    (catches_all || block_hears(&statement.body)) && block_hears(&statement.orelse)
}

/// Whether a handler tells somebody: it logs an error, prints the traceback, or passes the
/// exception on. Re-raising alone does not, since nobody waits.
fn handler_hears(handler: &ExceptHandlerExceptHandler) -> bool {
    let mut finder = HearingFinder { exception: handler.name.as_ref().map(ruff_python_ast::Identifier::as_str), found: false };
    finder.visit_body(&handler.body);
    finder.found
}

struct HearingFinder<'a> {
    exception: Option<&'a str>,
    found: bool,
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
        ["exception", "error", "warn", "critical", "fatal", "fail", "print_exc", "excepthook"].iter().any(|word| name.contains(word))
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
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.found |= self.hears(call);
        }
        walk_expr(self, expression);
    }
}

fn has_handler(statement: &Stmt) -> bool {
    match statement {
        Stmt::Try(statement) => !statement.handlers.is_empty() || statement.body.iter().any(has_handler),
        Stmt::While(statement) => statement.body.iter().any(has_handler),
        Stmt::If(statement) => statement.body.iter().any(has_handler),
        _ => false,
    }
}

fn is_broad(kind: Option<&Expr>) -> bool {
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

/// Whether evaluating an expression does not fail in practice: names, attributes, constants and
/// tests of them, log calls, and waiting for a time.
fn is_harmless(expression: &Expr) -> bool {
    match expression {
        Expr::Name(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_)
        | Expr::Lambda(_) => true,
        Expr::Attribute(attribute) => is_harmless(&attribute.value),
        Expr::UnaryOp(operation) => is_harmless(&operation.operand),
        Expr::BoolOp(operation) => operation.values.iter().all(is_harmless),
        Expr::Compare(comparison) => is_harmless(&comparison.left) && comparison.comparators.iter().all(is_harmless),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_harmless),
        Expr::List(list) => list.elts.iter().all(is_harmless),
        Expr::Dict(dict) => dict.items.is_empty(),
        Expr::Await(node) => is_wait(&node.value),
        Expr::Call(call) => is_log(call) || is_quiet_method(call),
        _ => false,
    }
}

/// `asyncio.sleep(…)` with a plain delay: it can only be cancelled.
fn is_wait(expression: &Expr) -> bool {
    let Expr::Call(call) = expression else { return false };
    last_name(&call.func).is_some_and(|name| name == "sleep") && call.arguments.args.iter().all(is_harmless)
}

fn is_log(call: &ExprCall) -> bool {
    let Expr::Attribute(attribute) = &*call.func else { return false };
    let is_logger = last_name(&attribute.value).is_some_and(|name| {
        let name = name.to_lowercase();
        name.ends_with("log") || name.ends_with("logger") || name.ends_with("logging")
    });
    is_logger && matches!(attribute.attr.as_str(), "debug" | "info" | "warning" | "error" | "exception" | "critical" | "log")
}

/// Calls on events and loops that do not fail: `self._stopping.is_set()`, `time.monotonic()`.
fn is_quiet_method(call: &ExprCall) -> bool {
    call.arguments.args.is_empty()
        && call.arguments.keywords.is_empty()
        && last_name(&call.func).is_some_and(|name| {
            matches!(
                name.as_str(),
                "is_set"
                    | "done"
                    | "cancelled"
                    | "is_closing"
                    | "monotonic"
                    | "time"
                    | "perf_counter"
                    | "get_running_loop"
                    | "get_event_loop"
                    | "current_task"
            )
        })
}
