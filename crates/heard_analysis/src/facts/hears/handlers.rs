//! What a handler does with the failure that it catches.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandlerExceptHandler, Expr, ExprCall, Stmt};

use super::super::Hearing;
use super::super::body::last_name;
use super::super::exceptions::ExceptionSet;
use super::super::naming::speaks_of_failure;

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
