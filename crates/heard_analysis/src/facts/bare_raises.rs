//! `raise` without an exception, where none is being handled.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{Block, Body, StatementSite, last_name};
use super::naming::speaks_of_failure;
use crate::resolve::yields;

/// A function whose name more files have may be called anywhere.
const MOST_FILES: usize = 60;

/// A `raise` that finds no exception to raise.
#[derive(Debug)]
pub(crate) struct BareRaise {
    pub(crate) site: Site,
    /// The source of the value that is tested for being a failure, if there is one.
    pub(crate) failure: Option<String>,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The bare raises of the module that have nothing to raise.
    pub(super) fn bare_raises(&self) -> impl Iterator<Item = BareRaise> + '_ {
        self.flow.body.statements.iter().filter_map(|site| {
            if !matches!(site.statement, Stmt::Raise(statement) if statement.exc.is_none()) {
                return None;
            }
            let tested = site.around.blocks().find_map(|block| match block {
                Block::Branch { test, holds: true } => tested_failure(test),
                _ => None,
            });
            let is_handling = site.around.blocks().any(handles);
            if is_handling || !site.around.scope.function.is_none_or(|function| self.has_nothing_to_raise(site, function, tested)) {
                return None;
            }
            let failure = tested.map(|tested| self.short_text(tested.range()));
            Some(BareRaise { site: self.site(site.statement.range(), &site.around), failure })
        })
    }

    /// Whether no caller of `function` can be handling what it means to raise.
    fn has_nothing_to_raise(&self, site: &StatementSite<'a>, function: &'a StmtFunctionDef, tested: Option<&Expr>) -> bool {
        if is_for_handlers(function) || yields(&function.body) || self.is_called_while_handling(function) {
            return false;
        }
        // A value that is a failure is at hand, or a `try` of its own has come to its end.
        tested.is_some() || follows_try(function, site)
    }

    /// Whether a function is made, called or handed on where an exception is handled.
    fn is_called_while_handling(&self, function: &'a StmtFunctionDef) -> bool {
        let made = |other: &&StatementSite| matches!(other.statement, Stmt::FunctionDef(made) if std::ptr::eq(made, function));
        let is_called_in = |body: &Body| {
            let goes_to = |call: &ExprCall| last_name(&call.func).is_some_and(|name| *name == function.name.id);
            body.calls.iter().any(|other| goes_to(other.call) && other.around.blocks().any(handles))
        };
        let flow = &self.flow;
        let own = flow.index.file(flow.module.path());
        let mentions = flow.index.mentions(&function.name.id);
        let mut others = mentions.iter().map(|(file, _)| *file).filter(|file| Some(*file) != own);
        flow.body.statements.iter().filter(made).any(|other| other.around.blocks().any(handles))
            || is_called_in(flow.body)
            || mentions.len() > MOST_FILES
            || others.any(|file| flow.in_file(file, |other| is_called_in(other.body)) == Some(true))
    }
}

/// Whether an exception is handled in a block.
fn handles(block: Block) -> bool {
    matches!(block, Block::Handler(_) | Block::Finally(_))
}

/// The value that a test takes for a failure: `x` in `isinstance(x, Exception)`.
fn tested_failure(test: &Expr) -> Option<&Expr> {
    let call = test.as_call_expr().filter(|call| last_name(&call.func).is_some_and(|name| name == "isinstance"))?;
    let is_failure = |class: &Expr| last_name(class).is_some_and(|name| ["Exception", "Error"].iter().any(|end| name.ends_with(end)));
    let all_are_failures = match call.arguments.args.get(1)? {
        Expr::Tuple(classes) => classes.elts.iter().all(is_failure),
        class => is_failure(class),
    };
    call.arguments.args.first().filter(|_| all_are_failures)
}

/// Whether a function is there to be called while an exception is handled: it ends a `with`, its
/// name or a parameter speaks of failures, or it looks at the exception at hand.
fn is_for_handlers(function: &StmtFunctionDef) -> bool {
    let speaks = |name: &str| {
        let name = name.to_lowercase();
        speaks_of_failure(&name)
            || name.split('_').any(|word| matches!(word, "exc" | "err" | "ex" | "e" | "except" | "exit" | "aexit" | "reraise" | "raise"))
    };
    let is_speaking = speaks(&function.name) || function.parameters.iter().any(|parameter| speaks(parameter.name()));
    is_speaking || asks_what_is_handled(function)
}

fn asks_what_is_handled(function: &StmtFunctionDef) -> bool {
    struct Asks(bool);
    impl<'a> Visitor<'a> for Asks {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= match expression {
                Expr::Attribute(attribute) if attribute.attr.as_str() == "exception" => {
                    last_name(&attribute.value).is_some_and(|name| name == "sys")
                }
                expression => last_name(expression).is_some_and(|name| name == "exc_info"),
            };
            walk_expr(self, expression);
        }
    }
    let mut asks = Asks(false);
    asks.visit_body(&function.body);
    asks.0
}

/// Whether the statement at `site` stands in the `else` of a `try`, or behind one with handlers in
/// the same function: there the exception of a handler is gone.
fn follows_try(function: &StmtFunctionDef, site: &StatementSite) -> bool {
    struct TryFinder<'s> {
        place: ruff_text_size::TextRange,
        found: &'s mut bool,
    }
    impl<'a> Visitor<'a> for TryFinder<'_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
                Stmt::Try(inner) => {
                    let handlers_end = inner.handlers.iter().map(ExceptHandler::end).max();
                    *self.found |= handlers_end.is_some_and(|end| end <= self.place.start());
                }
                _ => {}
            }
            walk_stmt(self, statement);
        }
    }
    let mut found = false;
    TryFinder { place: site.statement.range(), found: &mut found }.visit_body(&function.body);
    found
}
