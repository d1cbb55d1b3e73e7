//! Statements that take back what another one has done: a flag, a count, an entry, something that was borrowed.

use ruff_python_ast::comparable::ComparableExpr;
use ruff_python_ast::{Arguments, Expr, ExprCall, Operator, Stmt};

/// The methods that take something out of a container, whose caller then has it.
const BORROWS: [&str; 9] = ["acquire", "borrow", "checkout", "get", "get_nowait", "lease", "pop", "popitem", "popleft"];

/// The methods that put something into one.
const GIVES_BACK: [&str; 8] = ["add", "append", "appendleft", "checkin", "insert", "put", "put_nowait", "recycle"];

/// The methods that take an entry away again which others have made.
const TAKES_AWAY: [&str; 3] = ["discard", "pop", "remove"];

/// What a statement changes, if it takes back what an earlier one has done.
pub(super) fn undone<'a>(later: &'a Stmt, earlier: &Stmt) -> Option<&'a Expr> {
    match later {
        Stmt::Assign(off) => {
            let [target] = &*off.targets else { return None };
            let Stmt::Assign(on) = earlier else { return None };
            let is_opposite = match (&*on.value, &*off.value) {
                (Expr::BooleanLiteral(on), Expr::BooleanLiteral(off)) => on.value != off.value,
                (on, Expr::NoneLiteral(_)) => !on.is_none_literal_expr(),
                _ => false,
            };
            (is_opposite && on.targets.iter().any(|other| is_same(target, other))).then_some(target)
        }
        Stmt::AugAssign(off) => {
            let Stmt::AugAssign(on) = earlier else { return None };
            let is_opposite = matches!((on.op, off.op), (Operator::Add, Operator::Sub) | (Operator::Sub, Operator::Add));
            (is_opposite && is_same(&on.target, &off.target) && is_same(&on.value, &off.value)).then_some(&*off.target)
        }
        Stmt::Delete(delete) => {
            let [target @ Expr::Subscript(entry)] = &*delete.targets else { return None };
            makes_entry(earlier, target).then_some(&*entry.value)
        }
        Stmt::Expr(inner) => {
            let (receiver, method, arguments) = method_call(&inner.value)?;
            let is_undone = match (method, &*arguments.args) {
                ("set", []) => is_method_of(earlier, receiver, &["clear"]),
                ("clear", []) => is_method_of(earlier, receiver, &["set"]),
                (method, [item @ Expr::Name(_)]) if GIVES_BACK.contains(&method) && is_borrowed(earlier, receiver, item) => true,
                (method, [entry, ..]) if TAKES_AWAY.contains(&method) => {
                    is_put_in(earlier, receiver, entry) || makes_entry_of(earlier, receiver, entry)
                }
                _ => false,
            };
            is_undone.then_some(receiver)
        }
        _ => None,
    }
}

fn is_same(left: &Expr, right: &Expr) -> bool {
    ComparableExpr::from(left) == ComparableExpr::from(right)
}

/// What a method is called on, its name and its arguments, whether it is awaited or not.
fn method_call(value: &Expr) -> Option<(&Expr, &str, &Arguments)> {
    let value = if let Expr::Await(awaited) = value { &*awaited.value } else { value };
    let ExprCall { func, arguments, .. } = value.as_call_expr()?;
    let method = func.as_attribute_expr()?;
    Some((&method.value, method.attr.as_str(), arguments))
}

/// Whether a statement only calls one of these methods of the same thing.
fn is_method_of(statement: &Stmt, receiver: &Expr, methods: &[&str]) -> bool {
    let Stmt::Expr(inner) = statement else { return false };
    method_call(&inner.value).is_some_and(|(other, method, _)| is_same(receiver, other) && methods.contains(&method))
}

/// Whether a statement takes `item` out of a container.
fn is_borrowed(statement: &Stmt, container: &Expr, item: &Expr) -> bool {
    let Stmt::Assign(assign) = statement else { return false };
    let is_taken = method_call(&assign.value).is_some_and(|(other, method, _)| is_same(container, other) && BORROWS.contains(&method));
    is_taken && assign.targets.iter().any(|target| is_same(target, item))
}

/// Whether a statement puts `item` into a container.
fn is_put_in(statement: &Stmt, container: &Expr, item: &Expr) -> bool {
    let Stmt::Expr(inner) = statement else { return false };
    method_call(&inner.value).is_some_and(|(other, method, arguments)| {
        is_same(container, other)
            && matches!(method, "add" | "append" | "appendleft" | "setdefault")
            && arguments.args.first().is_some_and(|first| is_same(first, item))
    })
}

/// Whether a statement assigns to an element: `jobs[key]`.
fn makes_entry(statement: &Stmt, entry: &Expr) -> bool {
    statement.as_assign_stmt().is_some_and(|assign| assign.targets.iter().any(|target| is_same(target, entry)))
}

/// Whether a statement assigns to the element of a container with this key.
fn makes_entry_of(statement: &Stmt, container: &Expr, key: &Expr) -> bool {
    let is_it = |target: &Expr| {
        let Expr::Subscript(entry) = target else { return false };
        is_same(container, &entry.value) && is_same(key, &entry.slice)
    };
    statement.as_assign_stmt().is_some_and(|assign| assign.targets.iter().any(is_it))
}
