//! What a function does behind a statement that has come to its end.

use ruff_python_ast::{ExceptHandler, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::body::last_name;
use super::naming::ends_something;
use super::search::pauses;

/// What comes behind a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Continuation {
    /// The loop around begins anew.
    Repeats,
    /// Something is awaited, other than the end of something.
    Awaits,
    /// The function comes to its end without.
    Ends,
}

/// The rest of one list of statements.
struct Rest<'a> {
    statements: &'a [Stmt],
    /// Whether the list is the body of a loop.
    is_loop: bool,
}

/// What comes behind the statement at `place`, somewhere in the function with this `body`.
pub(super) fn continuation(body: &[Stmt], place: TextRange) -> Continuation {
    let mut awaits = false;
    let mut leaves_loop = false;
    for Rest { statements, is_loop } in rests(body, place).into_iter().rev() {
        for statement in statements {
            if leaves_loop {
                break;
            }
            awaits |= awaits_something(statement);
            match statement {
                Stmt::Return(_) | Stmt::Raise(_) => return if awaits { Continuation::Awaits } else { Continuation::Ends },
                Stmt::Continue(_) => return Continuation::Repeats,
                Stmt::Break(_) => leaves_loop = true,
                _ => {}
            }
        }
        if is_loop {
            if !leaves_loop {
                return Continuation::Repeats;
            }
            leaves_loop = false;
        }
    }
    if awaits { Continuation::Awaits } else { Continuation::Ends }
}

/// Whether the statements behind that at `place` lead straight to a `raise`.
pub(super) fn raises_next(body: &[Stmt], place: TextRange) -> bool {
    let is_plain = |statement: &Stmt| matches!(statement, Stmt::Expr(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_));
    let rests = rests(body, place);
    rests.last().is_some_and(|rest| matches!(rest.statements, [between @ .., Stmt::Raise(_)] if between.iter().all(is_plain)))
}

/// What comes behind `place`, from the outermost list of statements to the innermost.
fn rests(body: &[Stmt], place: TextRange) -> Vec<Rest<'_>> {
    let mut rests = Vec::new();
    let mut next = Some((body, false));
    while let Some((statements, is_loop)) = next {
        let Some(index) = statements.iter().position(|statement| statement.range().contains_range(place)) else { break };
        rests.push(Rest { statements: &statements[index + 1..], is_loop });
        let statement = &statements[index];
        if statement.range() == place {
            break;
        }
        // Without a failure, the `else` comes behind the body.
        if let Stmt::Try(inner) = statement
            && holds(&inner.body, place)
        {
            rests.push(Rest { statements: &inner.orelse, is_loop: false });
        }
        next = blocks(statement).into_iter().find(|(block, _)| holds(block, place));
    }
    rests
}

fn holds(block: &[Stmt], place: TextRange) -> bool {
    block.iter().any(|statement| statement.range().contains_range(place))
}

/// The lists of statements in a statement, and whether a loop repeats them.
fn blocks(statement: &Stmt) -> Vec<(&[Stmt], bool)> {
    match statement {
        Stmt::For(statement) => vec![(&statement.body, true), (&statement.orelse, false)],
        Stmt::While(statement) => vec![(&statement.body, true), (&statement.orelse, false)],
        Stmt::With(statement) => vec![(&statement.body, false)],
        Stmt::If(statement) => {
            let clauses = statement.elif_else_clauses.iter().map(|clause| (&*clause.body, false));
            std::iter::once((&*statement.body, false)).chain(clauses).collect()
        }
        Stmt::Match(statement) => statement.cases.iter().map(|case| (&*case.body, false)).collect(),
        Stmt::Try(statement) => {
            let handlers = statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| (&*handler.body, false));
            [&statement.body, &statement.orelse, &statement.finalbody].map(|block| (&**block, false)).into_iter().chain(handlers).collect()
        }
        _ => Vec::new(),
    }
}

fn is_cleanup(awaited: &Expr) -> bool {
    awaited.as_call_expr().and_then(|call| last_name(&call.func)).is_some_and(|name| ends_something(name))
}

fn awaits_something(statement: &Stmt) -> bool {
    pauses(std::slice::from_ref(statement), |expression| matches!(expression, Expr::Await(node) if !is_cleanup(&node.value)))
}
