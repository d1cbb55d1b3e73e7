//! Async generators whose iteration is left early: nobody closes them, so their clean-up runs later and elsewhere.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFor, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::Site;
use super::birth::Finder;
use super::body::StatementSite;
use super::names::is_async_generator;
use super::ways_out::ways_out;
use crate::finding::Span;

/// An `async for` that leaves a generator with clean-up to do.
#[derive(Debug)]
pub(crate) struct LeftGenerator {
    /// The call that makes the generator.
    pub(crate) site: Site,
    /// The source text of what is called.
    pub(crate) callee: String,
    /// Where the iteration is left, and by which word.
    pub(crate) left_at: (Span, &'static str),
    /// The clean-up.
    pub(crate) cleanup: Span,
    /// Whether only its name tells which generator it is.
    pub(crate) is_guess: bool,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The generators that loops of the module leave.
    pub(super) fn left_generators(&self) -> impl Iterator<Item = LeftGenerator> + '_ {
        self.flow.body.statements.iter().filter_map(|site| self.left_generator(site))
    }

    fn left_generator(&self, site: &StatementSite<'a>) -> Option<LeftGenerator> {
        let Stmt::For(statement) = site.statement else { return None };
        let call = statement.iter.as_call_expr().filter(|_| statement.is_async)?;
        let (left, word) = way_out(statement)?;
        let (cleanup, is_guess) = self.cleanup_of_generator(call)?;
        Some(LeftGenerator {
            site: self.site(call.range(), &site.around),
            callee: self.short_text(call.func.range()),
            left_at: (self.flow.module.span(left), word),
            cleanup,
            is_guess,
        })
    }

    /// Where the async generator that a call gives cleans up behind a `yield`, and whether only its name tells which one
    /// that is.
    fn cleanup_of_generator(&self, call: &ExprCall) -> Option<(Span, bool)> {
        if let Some(callee) = self.flow.module.callee(call) {
            return callee.with_body(self.db, |module, function| Some((module.span(cleanup(function)?), false)))?;
        }
        // Where no type tells, the one method of this name in the module may be meant.
        let Expr::Attribute(method) = &*call.func else { return None };
        let mut named = self.flow.body.frames.iter().filter_map(|frame| frame.function.filter(|one| one.name.id == method.attr.id));
        let function = named.next().filter(|_| named.next().is_none() && self.flow.module.is_untyped(&method.value))?;
        Some((self.flow.module.span(cleanup(function)?), true))
    }
}

/// Where an async generator cleans up behind a `yield`.
fn cleanup(function: &StmtFunctionDef) -> Option<TextRange> {
    let mut cleanups = Cleanups { around: None, found: None };
    cleanups.visit_body(&function.body);
    cleanups.found.filter(|_| is_async_generator(function))
}

/// The first statement that leaves a loop before its iterable ends.
fn way_out(statement: &StmtFor) -> Option<(TextRange, &'static str)> {
    ways_out(&statement.body).into_iter().find_map(|way| match way {
        Stmt::Break(_) => Some((way.range(), "break")),
        Stmt::Return(_) => Some((way.range(), "return")),
        _ => None,
    })
}

/// Looks for a `yield` with clean-up around it that waits, or that ends something by `async with`.
struct Cleanups {
    /// The clean-up around.
    around: Option<TextRange>,
    found: Option<TextRange>,
}

impl Cleanups {
    fn within(&mut self, cleanup: TextRange, body: &[Stmt]) {
        let outer = self.around.replace(cleanup);
        self.visit_body(body);
        self.around = outer;
    }
}

impl<'a> Visitor<'a> for Cleanups {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Try(guard) if guard.finalbody.iter().any(awaits) => {
                let cleanup = TextRange::new(guard.finalbody[0].start(), guard.end());
                self.within(cleanup, &guard.body);
                guard.handlers.iter().filter_map(|handler| handler.as_except_handler()).for_each(|handler| {
                    self.within(cleanup, &handler.body);
                });
                self.within(cleanup, &guard.orelse);
            }
            Stmt::With(with) if with.is_async => {
                let first = with.items.first().map_or(with.range, Ranged::range);
                self.within(first, &with.body);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if expression.is_yield_expr() {
            self.found = self.found.or(self.around);
        }
        if !expression.is_lambda_expr() {
            walk_expr(self, expression);
        }
    }
}

fn awaits(statement: &Stmt) -> bool {
    struct Awaits(bool);
    impl<'a> Visitor<'a> for Awaits {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.0 |= expression.is_await_expr();
            walk_expr(self, expression);
        }
    }
    let mut awaits = Awaits(false);
    awaits.visit_stmt(statement);
    awaits.0
}
