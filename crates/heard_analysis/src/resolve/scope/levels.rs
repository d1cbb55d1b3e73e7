//! The scopes around a place.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Comprehension, Expr, ExprLambda, Stmt, StmtClassDef, StmtFunctionDef, TypeParams};
use ruff_text_size::{Ranged, TextSize};

use super::Scope;
use crate::resolve::table::{Version, truth};

/// A scope around a place.
#[derive(Clone, Copy)]
pub(super) enum Level<'a> {
    Function(&'a StmtFunctionDef),
    Class(&'a StmtClassDef),
    Lambda(&'a ExprLambda),
    Comprehension(&'a [Comprehension]),
}

impl Level<'_> {
    /// Where the scope begins, which tells it from others; a class has none of its own.
    pub(super) fn start(&self) -> Option<TextSize> {
        match self {
            Level::Function(function) => Some(function.name.start()),
            Level::Lambda(lambda) => Some(lambda.start()),
            // The target stands before any lambda in there.
            Level::Comprehension(generators) => Some(generators.first()?.target.start()),
            Level::Class(_) => None,
        }
    }

    pub(super) fn scope(&self, version: Version) -> Option<Scope> {
        match self {
            Level::Function(function) => Some(Scope::of_function(function, version)),
            Level::Lambda(lambda) => Some(Scope::of_lambda(lambda, version)),
            Level::Comprehension(generators) => Some(Scope::of_comprehension(generators, version)),
            Level::Class(_) => None,
        }
    }
}

/// The scopes around a place, the outermost first.
pub(super) struct Levels<'a> {
    pub(super) inside: Vec<Level<'a>>,
    /// The type parameters of the functions and classes around.
    pub(super) type_parameters: Vec<&'a Name>,
    place: TextSize,
}

/// The scopes around `place`.
pub(super) fn levels(body: &[Stmt], place: TextSize) -> Levels<'_> {
    let mut finder = Levels { place, inside: Vec::new(), type_parameters: Vec::new() };
    finder.visit_body(body);
    finder
}

/// The statements that may hold a place: they stand in the order of the text, and two of them may touch.
pub(crate) fn around(body: &[Stmt], place: TextSize) -> impl Iterator<Item = &Stmt> {
    let index = body.partition_point(|statement| statement.end() < place);
    body.iter().skip(index).take(2).filter(move |statement| statement.range().contains_inclusive(place))
}

/// Whether `place` lies in a suite.
pub(super) fn is_in(body: &[Stmt], place: TextSize) -> bool {
    body.first().is_some_and(|first| start_of(first) <= place) && body.last().is_some_and(|last| place <= last.end())
}

/// Where a statement begins, its decorators included.
fn start_of(statement: &Stmt) -> TextSize {
    let decorators = match statement {
        Stmt::FunctionDef(function) => &function.decorator_list[..],
        Stmt::ClassDef(class) => &class.decorator_list[..],
        _ => &[],
    };
    decorators.first().map_or(statement.start(), Ranged::start).min(statement.start())
}

impl<'a> Levels<'a> {
    fn add_type_parameters(&mut self, parameters: Option<&'a TypeParams>) {
        let parameters = parameters.into_iter().flat_map(|parameters| parameters.iter());
        self.type_parameters.extend(parameters.map(|parameter| &parameter.name().id));
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], elements: &[&'a Expr]) {
        let Some((first, rest)) = generators.split_first() else { return };
        // The first iterable belongs to the scope around.
        if first.iter.range().contains_inclusive(self.place) {
            self.visit_expr(&first.iter);
            return;
        }
        self.inside.push(Level::Comprehension(generators));
        for element in elements {
            self.visit_expr(element);
        }
        first.ifs.iter().for_each(|condition| self.visit_expr(condition));
        for generator in rest {
            self.visit_expr(&generator.iter);
            generator.ifs.iter().for_each(|condition| self.visit_expr(condition));
        }
    }
}

impl<'a> Visitor<'a> for Levels<'a> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        around(body, self.place).for_each(|statement| self.visit_stmt(statement));
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.add_type_parameters(function.type_params.as_deref());
                if is_in(&function.body, self.place) {
                    self.inside.push(Level::Function(function));
                    self.visit_body(&function.body);
                } else {
                    walk_stmt(self, statement);
                }
            }
            Stmt::ClassDef(class) => {
                self.add_type_parameters(class.type_params.as_deref());
                if is_in(&class.body, self.place) {
                    self.inside.push(Level::Class(class));
                    self.visit_body(&class.body);
                } else {
                    walk_stmt(self, statement);
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !expression.range().contains_inclusive(self.place) {
            return;
        }
        match expression {
            Expr::Lambda(lambda) => {
                if lambda.body.range().contains_inclusive(self.place) {
                    self.inside.push(Level::Lambda(lambda));
                }
                walk_expr(self, expression);
            }
            Expr::ListComp(inner) => self.comprehension(&inner.generators, &[&inner.elt]),
            Expr::SetComp(inner) => self.comprehension(&inner.generators, &[&inner.elt]),
            Expr::Generator(inner) => self.comprehension(&inner.generators, &[&inner.elt]),
            Expr::DictComp(inner) => {
                let mut elements: Vec<&'a Expr> = vec![&inner.value];
                elements.extend(inner.key.as_deref());
                self.comprehension(&inner.generators, &elements);
            }
            _ => walk_expr(self, expression),
        }
    }
}

/// Whether a test of the version says that nothing at `place` runs.
pub(crate) fn is_unreachable(body: &[Stmt], place: TextSize, version: Version) -> bool {
    let mut finder = Unreachable { place, version, is_found: false };
    finder.visit_body(body);
    finder.is_found
}

struct Unreachable {
    place: TextSize,
    version: Version,
    is_found: bool,
}

impl<'a> Visitor<'a> for Unreachable {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        around(body, self.place).for_each(|statement| self.visit_stmt(statement));
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // A function in there is looked at on its own.
            Stmt::FunctionDef(function) if is_in(&function.body, self.place) => {
                self.is_found = false;
            }
            Stmt::If(test) => {
                let mut is_over = false;
                let first = (Some(&*test.test), &test.body);
                let others = test.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
                for (test, body) in std::iter::once(first).chain(others) {
                    let says = test.map_or(Some(true), |test| truth(test, self.version));
                    self.is_found |= is_in(body, self.place) && (is_over || says == Some(false));
                    is_over |= says == Some(true);
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}
