//! The tests that hold at a place: those around it, and those before it that would have led elsewhere.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprGenerator, ExprListComp, ExprSetComp, Pattern, Stmt};
use ruff_text_size::{Ranged, TextSize};

use super::bindings::path_text;
use super::levels::is_in;
use crate::resolve::ir::{Ir, Names};

/// A test of one name or path that holds at a place.
pub(super) struct Test {
    pub(super) says: Says,
    pub(super) at: TextSize,
}

/// What a test says of a value.
#[derive(Clone)]
pub(super) enum Says {
    /// It is not `None`.
    IsSome,
    IsNone,
    /// It is of a class, or of one of several.
    IsOf(Ir),
    IsNotOf(Ir),
    /// Something that is not followed.
    Other,
}

/// The tests of `path` that hold at `place`, in their order.
pub(super) fn tests(body: &[Stmt], place: TextSize, path: &str) -> Vec<Test> {
    let mut finder = Finder { place, path, tests: Vec::new() };
    finder.visit_body(body);
    finder.tests
}

struct Finder<'p> {
    place: TextSize,
    path: &'p str,
    tests: Vec<Test>,
}

fn subject(expression: &Expr) -> &Expr {
    if let Expr::Named(named) = expression { &named.target } else { expression }
}

impl Finder<'_> {
    fn add(&mut self, tested: &Expr, says: Says, at: TextSize) {
        if self.is_meant(subject(tested)) {
            self.tests.push(Test { says, at });
        }
    }

    fn is_meant(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Name(name) => name.id == *self.path,
            Expr::Attribute(_) => path_text(expression).is_some_and(|path| path == self.path),
            _ => false,
        }
    }

    /// Takes down what is known where `test` has this outcome.
    fn outcome(&mut self, test: &Expr, is_true: bool) {
        match test {
            Expr::UnaryOp(operation) if operation.op.is_not() => self.outcome(&operation.operand, !is_true),
            Expr::BoolOp(operation) if (operation.op == BoolOp::And) == is_true => {
                operation.values.iter().for_each(|value| self.outcome(value, is_true));
            }
            Expr::Named(named) => {
                self.outcome(&named.value, is_true);
                if is_true {
                    self.add(&named.target, Says::IsSome, named.end());
                }
            }
            Expr::Name(_) | Expr::Attribute(_) if is_true => self.add(test, Says::IsSome, test.end()),
            Expr::Call(call) => {
                let function = match &*call.func {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => return,
                };
                let Some(tested) = call.arguments.args.first() else { return };
                match (function, call.arguments.args.get(1), is_true) {
                    ("isinstance", Some(class), true) => self.add(tested, Says::IsOf(Names::InPlace.value(class)), call.end()),
                    ("isinstance", Some(class), false) => self.add(tested, Says::IsNotOf(Names::InPlace.value(class)), call.end()),
                    (
                        "hasattr" | "callable" | "issubclass" | "iscoroutinefunction" | "iscoroutine" | "isawaitable" | "isfuture",
                        _,
                        true,
                    ) => {
                        self.add(tested, Says::Other, call.end());
                    }
                    _ => {}
                }
            }
            Expr::Compare(comparison) => {
                let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else { return };
                match (operator, right, is_true) {
                    (CmpOp::IsNot, Expr::NoneLiteral(_), true) | (CmpOp::Is, Expr::NoneLiteral(_), false) => {
                        self.add(&comparison.left, Says::IsSome, test.end());
                    }
                    (CmpOp::Is, Expr::NoneLiteral(_), true) | (CmpOp::IsNot, Expr::NoneLiteral(_), false) => {
                        self.add(&comparison.left, Says::IsNone, test.end());
                    }
                    // `type(value) is Class`.
                    (CmpOp::Is | CmpOp::Eq, class, true) => {
                        if let Expr::Call(call) = &*comparison.left
                            && matches!(&*call.func, Expr::Name(name) if name.id == "type")
                            && let [tested] = &*call.arguments.args
                        {
                            self.add(tested, Says::IsOf(Names::InPlace.value(class)), test.end());
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// The class that a value has where it matches.
pub(super) fn class_of_pattern(pattern: &Pattern) -> Option<&Expr> {
    match pattern {
        Pattern::MatchClass(pattern) => Some(&pattern.cls),
        Pattern::MatchAs(pattern) => class_of_pattern(pattern.pattern.as_deref()?),
        _ => None,
    }
}

/// Whether what follows a suite is not reached through it.
fn leads_away(body: &[Stmt]) -> bool {
    matches!(body.last(), Some(Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_)))
}

impl<'a> Visitor<'a> for Finder<'_> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        if !is_in(body, self.place) {
            return;
        }
        for statement in body {
            if statement.range().contains_inclusive(self.place) {
                self.visit_stmt(statement);
                break;
            }
            if statement.start() > self.place {
                break;
            }
            match statement {
                Stmt::Assert(assertion) => self.outcome(&assertion.test, true),
                Stmt::If(test) => match &*test.elif_else_clauses {
                    [] if leads_away(&test.body) => self.outcome(&test.test, false),
                    [clause] if clause.test.is_none() && leads_away(&clause.body) => self.outcome(&test.test, true),
                    [clause] if clause.test.is_none() && leads_away(&test.body) => self.outcome(&test.test, false),
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !statement.range().contains_inclusive(self.place) {
            return;
        }
        match statement {
            Stmt::If(test) => {
                if is_in(&test.body, self.place) {
                    self.outcome(&test.test, true);
                    self.visit_body(&test.body);
                    return;
                }
                let Some(here) = test.elif_else_clauses.iter().position(|clause| clause.range().contains_inclusive(self.place)) else {
                    self.visit_expr(&test.test);
                    return;
                };
                self.outcome(&test.test, false);
                let (before, clause) = (&test.elif_else_clauses[..here], &test.elif_else_clauses[here]);
                before.iter().filter_map(|clause| clause.test.as_ref()).for_each(|test| self.outcome(test, false));
                if let Some(test) = &clause.test {
                    if test.range().contains_inclusive(self.place) {
                        self.visit_expr(test);
                        return;
                    }
                    self.outcome(test, true);
                }
                self.visit_body(&clause.body);
            }
            Stmt::While(inner) => {
                if is_in(&inner.body, self.place) {
                    self.outcome(&inner.test, true);
                }
                walk_stmt(self, statement);
            }
            // What holds outside need not hold when it is called.
            Stmt::FunctionDef(function) => {
                if is_in(&function.body, self.place) {
                    self.tests.clear();
                }
                walk_stmt(self, statement);
            }
            Stmt::Match(inner) => {
                if let Some(case) = inner.cases.iter().find(|case| case.range().contains_inclusive(self.place)) {
                    let says = class_of_pattern(&case.pattern).map_or(Says::Other, |class| Says::IsOf(Names::InPlace.value(class)));
                    self.add(&inner.subject, says, inner.subject.end());
                }
                walk_stmt(self, statement);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !expression.range().contains_inclusive(self.place) {
            return;
        }
        match expression {
            Expr::BoolOp(operation) => {
                for value in &operation.values {
                    if value.range().contains_inclusive(self.place) {
                        self.visit_expr(value);
                        return;
                    }
                    self.outcome(value, operation.op == BoolOp::And);
                }
            }
            Expr::If(either) => {
                if either.body.range().contains_inclusive(self.place) {
                    self.outcome(&either.test, true);
                } else if either.orelse.range().contains_inclusive(self.place) {
                    self.outcome(&either.test, false);
                }
                walk_expr(self, expression);
            }
            Expr::ListComp(ExprListComp { elt, generators, .. })
            | Expr::SetComp(ExprSetComp { elt, generators, .. })
            | Expr::Generator(ExprGenerator { elt, generators, .. }) => {
                if elt.range().contains_inclusive(self.place) {
                    generators.iter().flat_map(|generator| &generator.ifs).for_each(|test| self.outcome(test, true));
                }
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
    }
}
