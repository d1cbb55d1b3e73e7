//! Signal handlers that raise in a program with a loop: what they raise hits whatever callback runs just then.

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtRaise, StmtTry};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{CallSite, last_name};
use super::exceptions::raised_class;
use crate::finding::Span;

/// A `raise` in a function that is given to `signal.signal`.
#[derive(Debug)]
pub(crate) struct SignalRaise {
    /// The `raise`.
    pub(crate) site: Site,
    /// The exception.
    pub(crate) exception: String,
    /// Where the function is given.
    pub(crate) given_at: Span,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The signal handlers of the module that raise what a loop keeps to itself.
    pub(super) fn signal_raises(&self) -> impl Iterator<Item = SignalRaise> + '_ {
        // Without a coroutine there is no loop to hit.
        let is_async = self.flow.body.frames.iter().any(|frame| frame.function.is_some_and(|function| function.is_async));
        self.flow.body.calls.iter().filter(move |site| is_async && !site.is_dead).filter_map(|site| self.signal_raise(site))
    }

    fn signal_raise(&self, site: &CallSite<'a>) -> Option<SignalRaise> {
        let is_signal = last_name(&site.call.func).is_some_and(|name| name == "signal");
        let handler = site.call.arguments.args.get(1).filter(|_| is_signal)?;
        let name = self.flow.module.callee(site.call)?.name?;
        if !matches!(name.as_str(), "signal.signal" | "_signal.signal") {
            return None;
        }
        let target = self.flow.module.target(handler)?;
        let range = target.with_definition(self.db, |module, function| module.span(function.range()))?;
        let function = self
            .flow
            .body
            .frames
            .iter()
            .filter_map(|frame| frame.function)
            .find(|function| self.flow.module.span(function.range()) == range)?;
        let mut raises = Raises(None);
        raises.visit_body(&function.body);
        let raise = raises.0?;
        let place = self.flow.body.statements.iter().find(|other| other.statement.range() == raise.range())?;
        Some(SignalRaise {
            site: self.site(raise.range(), &place.around),
            exception: raised_class(raise)?.to_string(),
            given_at: self.flow.module.span(site.call.range()),
        })
    }
}

/// The first `raise` that a loop does not let through: it lets `SystemExit` and `KeyboardInterrupt`.
struct Raises<'a>(Option<&'a StmtRaise>);

impl<'a> Visitor<'a> for Raises<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            // What is raised in there may be taken there.
            Stmt::Try(StmtTry { handlers, .. }) if !handlers.is_empty() => {}
            Stmt::Raise(raise) => {
                let ends = |name: &str| matches!(name, "SystemExit" | "KeyboardInterrupt" | "GracefulExit");
                self.0 = self.0.or_else(|| Some(raise).filter(|raise| raised_class(raise).is_some_and(|name| !ends(name))));
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}
