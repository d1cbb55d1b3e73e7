//! Who waits for futures in a module, as far as names tell: `await self._reply`, `wait_for(future, 5)`.
//!
//! Cancelling such a waiter cancels the future. `asyncio.wait` and `shield` leave it alone.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtTry};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashSet;

use super::body::last_name;

/// What the functions of a module do with futures. The first one is the module itself.
#[derive(Default)]
pub(super) struct Waits<'a> {
    functions: Vec<Function<'a>>,
    /// The names that are given to `shield`.
    shielded: FxHashSet<&'a str>,
    /// The function around, and the `try` statements around inside it.
    current: usize,
    tries: Vec<&'a StmtTry>,
}

/// One function, without those inside.
#[derive(Default)]
struct Function<'a> {
    name: &'a str,
    range: TextRange,
    /// The last names of all that it speaks of.
    mentions: FxHashSet<&'a str>,
    /// The last names that it binds to new futures, and where.
    new: Vec<(&'a str, TextSize)>,
    /// The last names of what it awaits in a way that cancels, with the `try` statements around.
    awaited: Vec<(&'a str, Vec<&'a StmtTry>)>,
    /// Where it awaits anything.
    awaits: Vec<TextSize>,
    /// The names that it gives to functions, with the last names of these.
    given: Vec<(&'a str, &'a str)>,
}

impl<'a> Waits<'a> {
    pub(super) fn of(statements: &'a [Stmt]) -> Self {
        let mut waits = Waits { functions: vec![Function::default()], ..Waits::default() };
        waits.visit_body(statements);
        waits
    }

    /// Whether somebody waits for the attribute `name` so that it may be cancelled and still be there.
    pub(super) fn may_cancel_attribute(&self, name: &str) -> bool {
        let leaves = |(awaited, tries): &(&str, Vec<&StmtTry>)| *awaited == name && !tries.iter().any(|one| cleans(one, name));
        !self.shielded.contains(name) && self.functions.iter().any(|function| function.awaited.iter().any(leaves))
    }

    /// The same of a future in the container `registry`: a function makes one, awaits it, and puts it
    /// there, itself or with the help of another function.
    pub(super) fn may_cancel_element(&self, registry: &str) -> bool {
        let reaches = |function: &Function, future: &str| {
            let helps = |(given, helper): &(&str, &str)| {
                *given == future && self.functions.iter().any(|other| other.name == *helper && other.mentions.contains(registry))
            };
            function.mentions.contains(registry) || function.given.iter().any(helps)
        };
        self.functions.iter().any(|function| {
            function.awaited.iter().any(|(future, tries)| {
                function.new.iter().any(|(new, _)| new == future)
                    && !self.shielded.contains(future)
                    && !tries.iter().any(|one| cleans(one, registry))
                    && reaches(function, future)
            })
        })
    }

    /// The same of a local future of the function around `place`, which a function inside it resolves.
    pub(super) fn may_cancel_local(&self, name: &str, place: TextSize) -> bool {
        !self.shielded.contains(name)
            && self.functions.iter().filter(|function| function.range.contains(place)).any(|function| {
                let leaves =
                    |(awaited, tries): &(&str, Vec<&StmtTry>)| *awaited == name && tries.iter().all(|one| one.finalbody.is_empty());
                function.new.iter().any(|(new, _)| *new == name) && function.awaited.iter().any(leaves)
            })
    }

    /// Whether what is called `name` is made in the same function before, with no wait in between.
    pub(super) fn is_new(&self, name: &str, place: TextSize) -> bool {
        let around = self.functions.iter().filter(|function| function.range.contains(place)).min_by_key(|function| function.range.len());
        around.is_some_and(|function| {
            let is_fresh = |made: TextSize| made < place && !function.awaits.iter().any(|at| (made..place).contains(at));
            function.new.iter().any(|(new, made)| *new == name && is_fresh(*made))
        })
    }

    fn function(&mut self) -> &mut Function<'a> {
        &mut self.functions[self.current]
    }

    fn bind(&mut self, target: &'a Expr, value: &'a Expr) {
        let makes_future = |call: &ExprCall| {
            let callee = if let Expr::Subscript(generic) = &*call.func { &generic.value } else { &call.func };
            last_name(callee).is_some_and(|name| matches!(name.as_str(), "create_future" | "Future"))
        };
        if let (Some(name), Expr::Call(call)) = (last_name(target), value)
            && makes_future(call)
        {
            self.function().new.push((name, target.start()));
        }
    }
}

impl<'a> Visitor<'a> for Waits<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.functions.push(Function { name: &function.name, range: function.range(), ..Function::default() });
                let outer = std::mem::replace(&mut self.current, self.functions.len() - 1);
                let tries = std::mem::take(&mut self.tries);
                walk_stmt(self, statement);
                self.tries = tries;
                self.current = outer;
                return;
            }
            Stmt::Try(inner) => {
                self.tries.push(inner);
                self.visit_body(&inner.body);
                self.tries.pop();
                for ExceptHandler::ExceptHandler(handler) in &inner.handlers {
                    self.visit_body(&handler.body);
                }
                self.visit_body(&inner.orelse);
                self.visit_body(&inner.finalbody);
                return;
            }
            Stmt::Assign(assignment) => assignment.targets.iter().for_each(|target| self.bind(target, &assignment.value)),
            Stmt::AnnAssign(assignment) => assignment.value.iter().for_each(|value| self.bind(&assignment.target, value)),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Await(node) => {
                let tries = self.tries.clone();
                let function = self.function();
                function.awaits.push(node.start());
                let waited = match &*node.value {
                    Expr::Call(call) if is_called(call, "wait_for") => call.arguments.args.first(),
                    value => Some(value),
                };
                let waited = waited.map(|waited| waited.as_subscript_expr().map_or(waited, |subscript| &subscript.value));
                function.awaited.extend(waited.and_then(last_name).map(|name| (name.as_str(), tries)));
            }
            Expr::Call(call) => {
                let arguments = call.arguments.args.iter().filter_map(last_name).map(Name::as_str);
                if is_called(call, "shield") {
                    self.shielded.extend(arguments);
                } else if let Some(callee) = last_name(&call.func) {
                    self.function().given.extend(arguments.map(|argument| (argument, callee.as_str())));
                }
            }
            Expr::Name(_) | Expr::Attribute(_) => self.function().mentions.extend(last_name(expression).map(Name::as_str)),
            _ => {}
        }
        walk_expr(self, expression);
    }
}

fn is_called(call: &ExprCall, name: &str) -> bool {
    last_name(&call.func).is_some_and(|last| last == name)
}

/// Whether the handlers of a `try` speak of `name`, and so may take the future out of it.
fn cleans(statement: &StmtTry, name: &str) -> bool {
    let mut mentions = Mentions { name, found: false };
    mentions.visit_body(&statement.finalbody);
    for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
        mentions.visit_body(&handler.body);
    }
    mentions.found
}

struct Mentions<'n> {
    name: &'n str,
    found: bool,
}

impl<'a> Visitor<'a> for Mentions<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.found |= last_name(expression).is_some_and(|name| name == self.name);
        walk_expr(self, expression);
    }
}
