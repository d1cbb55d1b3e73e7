//! Where a test leads: what runs where it holds, and what runs where it does not.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ElifElseClause, Expr, ExprCall, Stmt, StmtIf, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

/// Where the call that is a test leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branches {
    /// To one of two ways.
    Two {
        /// What runs only where it is false.
        otherwise: Option<TextRange>,
        /// Whether that is written down as the other branch, and not just what follows.
        is_other_branch: bool,
        /// Whether nothing is done where it is true but to raise.
        only_raises: bool,
    },
    /// It is asserted.
    Asserted,
    /// Its answer is used in another way.
    Elsewhere,
}

/// Where `call`, which stands somewhere in `body`, leads.
pub(super) fn branches(body: &[Stmt], call: &ExprCall) -> Branches {
    let mut finder = Finder { call, found: Branches::Elsewhere };
    finder.visit_body(body);
    finder.found
}

struct Finder<'c> {
    call: &'c ExprCall,
    found: Branches,
}

impl Finder<'_> {
    fn is_inside(&self, outer: &impl Ranged) -> bool {
        outer.range().contains_range(self.call.range())
    }

    /// Remembers what `test`, if it depends on the call, leads to.
    fn choose(&mut self, test: &Expr, holds: Option<TextRange>, otherwise: Option<TextRange>) {
        if let Some(truth) = truth(test, self.call) {
            let otherwise = if truth { otherwise } else { holds };
            self.found = Branches::Two { otherwise, is_other_branch: otherwise.is_some(), only_raises: false };
        }
    }

    /// The same for the clauses of an `if` statement, with the statements behind it.
    fn choose_clause(&mut self, statement: &StmtIf, rest: &[Stmt]) {
        let first = (Some(&*statement.test), &*statement.body);
        let others = statement.elif_else_clauses.iter().map(|clause: &ElifElseClause| (clause.test.as_ref(), &*clause.body));
        let clauses: Vec<_> = std::iter::once(first).chain(others).collect();
        let Some(place) = clauses.iter().position(|(test, _)| test.is_some_and(|test| self.is_inside(test))) else { return };
        let (Some(test), body) = clauses[place] else { return };
        let other_branch = span_of(clauses[place + 1..].iter().flat_map(|(_, body)| *body));
        self.choose(test, span_of(body).filter(|_| !body.iter().all(is_idle)), other_branch);
        if let Branches::Two { otherwise, only_raises, .. } = &mut self.found
            && truth(test, self.call) == Some(true)
        {
            *only_raises = matches!(body, [Stmt::Raise(_)]);
            let leaves = matches!(body.last(), Some(Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_)));
            *otherwise = otherwise.or_else(|| span_of(rest).filter(|_| leaves));
        }
    }
}

impl<'a> Visitor<'a> for Finder<'_> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        let Some(place) = body.iter().position(|statement| self.is_inside(statement)) else { return };
        match &body[place] {
            Stmt::If(statement) => self.choose_clause(statement, &body[place + 1..]),
            Stmt::Assert(_) => self.found = Branches::Asserted,
            _ => {}
        }
        walk_stmt(self, &body[place]);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !self.is_inside(expression) {
            return;
        }
        if let Expr::If(choice) = expression {
            self.choose(&choice.test, Some(choice.body.range()), Some(choice.orelse.range()));
        }
        let element = match expression {
            Expr::ListComp(node) => Some((&node.generators, node.elt.range())),
            Expr::SetComp(node) => Some((&node.generators, node.elt.range())),
            Expr::Generator(node) => Some((&node.generators, node.elt.range())),
            Expr::DictComp(node) => Some((&node.generators, TextRange::new(expression.start(), node.value.end()))),
            _ => None,
        };
        if let Some((generators, element)) = element {
            for test in generators.iter().flat_map(|generator| &generator.ifs) {
                self.choose(test, Some(element), None);
            }
        }
        walk_expr(self, expression);
    }
}

/// Whether a statement does nothing, or only goes elsewhere.
fn is_idle(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) | Stmt::Continue(_) | Stmt::Break(_) => true,
        Stmt::Return(statement) => statement.value.is_none(),
        _ => false,
    }
}

fn span_of<'s>(statements: impl IntoIterator<Item = &'s Stmt>) -> Option<TextRange> {
    statements.into_iter().map(Ranged::range).reduce(TextRange::cover)
}

/// Whether `test` asks for what `call` asks for, alone or among other things, or for the opposite.
fn truth(test: &Expr, call: &ExprCall) -> Option<bool> {
    match test {
        Expr::Call(test) => std::ptr::eq(test, call).then_some(true),
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => truth(&operation.operand, call).map(|truth| !truth),
        Expr::BoolOp(operation) => operation.values.iter().find_map(|value| truth(value, call)),
        _ => None,
    }
}
