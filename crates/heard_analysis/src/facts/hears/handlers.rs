//! What a handler does with the failure that it catches.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandlerExceptHandler, Expr, ExprCall, Stmt};

use super::super::Hearing;
use super::super::body::last_name;
use super::super::exceptions::ExceptionSet;
use super::super::naming::{is_debug_log, speaks_of_failure};

/// What a handler does with the failure: it logs an error, prints the traceback or passes the
/// exception on; it drops it, which is another defect; or it raises, and nobody waits.
pub(in super::super) fn handler_hears(handler: &ExceptHandlerExceptHandler) -> Hearing {
    let mut finder =
        HearingFinder { exception: handler.name.as_ref().map(ruff_python_ast::Identifier::as_str), found: false, raises: false };
    finder.visit_body(&handler.body);
    match finder {
        HearingFinder { found: true, .. } => Hearing::Itself,
        HearingFinder { raises: true, .. } => Hearing::Deaf,
        _ if ExceptionSet::of_handler(handler).is_broad() => Hearing::Perhaps,
        // To handle one sort of failure is to know it.
        _ => Hearing::Never,
    }
}

struct HearingFinder<'a> {
    exception: Option<&'a str>,
    found: bool,
    raises: bool,
}

impl HearingFinder<'_> {
    /// Whether an expression is the exception, or is made of it.
    fn tells(&self, expression: &Expr) -> bool {
        struct Finder<'n>(&'n str, bool);
        impl<'a> Visitor<'a> for Finder<'_> {
            fn visit_expr(&mut self, expression: &'a Expr) {
                self.1 |= matches!(expression, Expr::Name(name) if name.id == *self.0);
                walk_expr(self, expression);
            }
        }
        let Some(exception) = self.exception else { return false };
        let mut finder = Finder(exception, false);
        finder.visit_expr(expression);
        finder.1
    }

    /// Whether the call logs at a level that is shown, prints the failure or writes to the error stream, is called
    /// after what it does (`on_error`, `report_failure`), counts, or is given the exception.
    fn hears(&self, call: &ExprCall) -> bool {
        let name = last_name(&call.func).map_or_else(String::new, |name| name.to_lowercase());
        if is_debug_log(call) || matches!(name.as_str(), "debug" | "str" | "repr" | "isinstance" | "type") {
            return false;
        }
        let mut values = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        speaks_of_failure(&name) || counts(call, &name) || writes_to_errors(call, &name) || values.any(|value| self.tells(value))
    }
}

/// Whether a call counts failures: `errors.inc()`, `statsd.increment("failed")`.
fn counts(call: &ExprCall, name: &str) -> bool {
    call.func.is_attribute_expr() && matches!(name, "inc" | "incr" | "increment" | "add_event" | "record_exception")
}

/// Whether a call writes to the error stream.
fn writes_to_errors(call: &ExprCall, name: &str) -> bool {
    let is_stderr = |stream: &Expr| last_name(stream).is_some_and(|name| matches!(name.as_str(), "stderr" | "__stderr__"));
    match (&*call.func, name) {
        (_, "print" | "print_stack" | "secho" | "echo") => {
            let goes_there = |keyword: &ruff_python_ast::Keyword| match keyword.arg.as_ref().map(ruff_python_ast::Identifier::as_str) {
                Some("file") => is_stderr(&keyword.value),
                Some("err") => true,
                _ => false,
            };
            call.arguments.keywords.iter().any(goes_there)
        }
        (Expr::Attribute(method), "write" | "writelines") => is_stderr(&method.value),
        _ => false,
    }
}

impl<'a> Visitor<'a> for HearingFinder<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // What is raised is made of what was caught, and nobody has heard that yet.
            Stmt::Raise(_) => {
                self.raises = true;
                return;
            }
            Stmt::Assign(assignment) => {
                let is_kept = assignment.targets.iter().any(|target| matches!(target, Expr::Attribute(_) | Expr::Subscript(_)));
                self.found |= is_kept && self.tells(&assignment.value);
            }
            // What it does later, it does later.
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            _ => {}
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
