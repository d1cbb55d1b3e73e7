//! Who waits for futures in a module, as far as names tell: `await self._reply`, `wait_for(future, 5)`.
//!
//! Cancelling such a waiter cancels the future. `asyncio.wait` and `shield` leave it alone.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprAttribute, ExprCall, ExprName, Stmt, StmtTry};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashSet;

use super::body::last_name;

/// What the functions of a module do with futures. The first one is the module itself.
#[derive(Default)]
pub(super) struct Waits<'a> {
    functions: Vec<Function<'a>>,
    /// The names that are given to `shield`.
    shielded: FxHashSet<&'a str>,
    /// The attributes that get something else than a new future or nothing.
    others: FxHashSet<&'a str>,
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
    /// What it awaits in a way that cancels.
    awaited: Vec<Awaited<'a>>,
    /// The last names of futures that it puts in attributes, with the names of these, and where.
    kept: Vec<(&'a str, &'a str, TextSize)>,
    /// The last names of futures that it gives done callbacks, with these.
    called_back: Vec<(&'a str, &'a Expr)>,
    /// Whether it takes something out of a container.
    takes_out: bool,
    /// Where it awaits anything.
    awaits: Vec<TextSize>,
    /// The names that it gives to functions, with the last names of these.
    given: Vec<(&'a str, &'a str)>,
    /// The last names of the attributes that it cancels, and of what it returns where it is a plain function.
    cancelled: Vec<&'a str>,
    returned: Vec<(&'a str, TextSize)>,
    is_async: bool,
}

/// A future that a function awaits.
struct Awaited<'a> {
    /// Its last name.
    name: &'a str,
    at: TextSize,
    /// The `try` statements around.
    tries: Vec<&'a StmtTry>,
}

impl<'a> Function<'a> {
    /// Where the future is made that is awaited so, as the text goes.
    fn birth_of(&self, awaited: &Awaited) -> Option<TextSize> {
        self.new.iter().filter(|(name, at)| *name == awaited.name && *at < awaited.at).map(|(_, at)| *at).max()
    }

    /// The attributes that get the future that is made at `birth`.
    fn keepers(&self, name: &str, birth: TextSize) -> impl Iterator<Item = &'a str> {
        let next = self.new.iter().filter(|(other, at)| *other == name && *at > birth).map(|(_, at)| *at).min();
        let is_meant = move |at: TextSize| at >= birth && next.is_none_or(|next| at < next);
        self.kept.iter().filter(move |(kept, _, at)| *kept == name && is_meant(*at)).map(|(_, keeper, _)| *keeper)
    }
}

impl<'a> Waits<'a> {
    pub(super) fn of(statements: &'a [Stmt]) -> Self {
        let mut waits = Waits { functions: vec![Function::default()], ..Waits::default() };
        waits.visit_body(statements);
        waits
    }

    /// Whether somebody waits for the attribute `name` so that it may be cancelled and still be there.
    /// `is_shielded` tells of a function whether all who call it shield it.
    pub(super) fn may_cancel_attribute(&self, name: &str, is_shielded: &dyn Fn(&str) -> bool) -> bool {
        let leaves = |awaited: &Awaited| awaited.name == name && !awaited.tries.iter().any(|one| cleans(one, name));
        let waits = |function: &Function| function.awaited.iter().any(leaves) && !is_shielded(function.name);
        !self.shielded.contains(name) && (self.functions.iter().any(waits) || self.is_out_of_hand(name))
    }

    /// Whether somebody cancels a future of this name, or gets it from a plain function that returns it: who waits for
    /// it by `wait_for` cancels it, too.
    fn is_out_of_hand(&self, name: &str) -> bool {
        self.functions.iter().any(|function| {
            let is_handed_out = !function.is_async && function.returned.iter().any(|(returned, _)| *returned == name);
            is_handed_out || function.cancelled.contains(&name)
        })
    }

    /// Whether all that the module puts in attributes of this name are new futures.
    pub(super) fn makes_attribute(&self, name: &str) -> bool {
        let is_made = |function: &Function| function.new.iter().any(|(made, _)| *made == name);
        self.functions.iter().any(is_made) && !self.others.contains(name)
    }

    /// The same of a future in the container `registry`: a function makes one, awaits it, and puts it
    /// there, itself or with the help of another function.
    pub(super) fn may_cancel_element(&self, registry: &str, is_shielded: &dyn Fn(&str) -> bool) -> bool {
        let reaches = |function: &Function, future: &str, birth: TextSize| {
            let helps = |(given, helper): &(&str, &str)| {
                *given == future && self.functions.iter().any(|other| other.name == *helper && other.mentions.contains(registry))
            };
            let mut keepers = function.keepers(future, birth).peekable();
            let is_kept =
                if keepers.peek().is_some() { keepers.any(|keeper| keeper == registry) } else { function.mentions.contains(registry) };
            is_kept || function.given.iter().any(helps)
        };
        let is_forgotten = |function: &Function, future: &str| {
            function.called_back.iter().any(|(done, callback)| *done == future && self.takes_out(callback))
        };
        let leaves = |function: &Function, awaited: &Awaited| {
            function.birth_of(awaited).is_some_and(|birth| reaches(function, awaited.name, birth))
                && !self.shielded.contains(awaited.name)
                && !awaited.tries.iter().any(|one| cleans(one, registry))
                && !is_forgotten(function, awaited.name)
        };
        let waits = |function: &Function| function.awaited.iter().any(|awaited| leaves(function, awaited)) && !is_shielded(function.name);
        let hands_out = |function: &Function| {
            let leaves = |(name, at): &(&str, TextSize)| {
                let awaited = Awaited { name, at: *at, tries: Vec::new() };
                leaves(function, &awaited)
            };
            !function.is_async && function.returned.iter().any(leaves) && !is_shielded(function.name)
        };
        self.functions.iter().any(|function| waits(function) || hands_out(function))
    }

    /// Whether a function makes a future, gives it to an object of one of these classes, and waits for it or, being a plain
    /// one, returns it.
    pub(super) fn hands_out_attribute(&self, constructors: &[&str]) -> bool {
        self.functions.iter().any(|function| {
            let is_kept = |name: &str| function.given.iter().any(|(given, callee)| *given == name && constructors.contains(callee));
            let is_made = |name: &str| function.new.iter().any(|(new, _)| *new == name);
            let mut awaited = function.awaited.iter().map(|awaited| awaited.name);
            let mut returned = function.returned.iter().map(|(name, _)| *name).filter(|_| !function.is_async);
            let leaves = |name: &str| is_made(name) && is_kept(name) && !self.shielded.contains(name);
            !constructors.is_empty() && (awaited.any(leaves) || returned.any(leaves))
        })
    }

    /// Whether a callback takes something out of a container: the future, or the key that finds it.
    fn takes_out(&self, callback: &Expr) -> bool {
        match callback {
            Expr::Lambda(lambda) => taking_call(&lambda.body),
            // A `partial`.
            Expr::Call(call) => call.arguments.args.first().is_some_and(|function| self.takes_out(function)),
            callback => last_name(callback).is_some_and(|name| {
                is_taking(name) || self.functions.iter().any(|function| function.name == name.as_str() && function.takes_out)
            }),
        }
    }

    /// The same of a local future of the function around `place`, which a function inside it resolves.
    pub(super) fn may_cancel_local(&self, name: &str, place: TextSize) -> bool {
        !self.shielded.contains(name)
            && self.functions.iter().filter(|function| function.range.contains(place)).any(|function| {
                let leaves = |awaited: &Awaited| awaited.name == name && awaited.tries.iter().all(|one| one.finalbody.is_empty());
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

    /// Notes futures that are made, and those that are put in containers.
    fn bind(&mut self, targets: &'a [Expr], value: &'a Expr, at: TextSize) {
        let makes_future = |call: &ExprCall| {
            let callee = if let Expr::Subscript(generic) = &*call.func { &generic.value } else { &call.func };
            last_name(callee).is_some_and(|name| matches!(name.as_str(), "create_future" | "Future"))
        };
        let names = || targets.iter().filter_map(last_name).map(Name::as_str);
        if value.as_call_expr().is_some_and(makes_future) {
            self.function().new.extend(names().map(|name| (name, at)));
        } else if !value.is_none_literal_expr() {
            self.others.extend(targets.iter().filter_map(Expr::as_attribute_expr).map(|attribute| attribute.attr.as_str()));
        }
        let keepers = targets.iter().filter_map(|target| Some(target.as_subscript_expr()?.value.as_attribute_expr()?.attr.as_str()));
        for keeper in keepers {
            let futures = last_name(value).map(Name::as_str).into_iter().chain(names());
            self.function().kept.extend(futures.map(|future| (future, keeper, at)));
        }
    }

    /// Notes what a method does with a future.
    fn call_method(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        let function = self.function();
        function.takes_out |= is_taking(&method.attr);
        match (method.attr.as_str(), &*call.arguments.args) {
            ("add_done_callback", [callback, ..]) => {
                function.called_back.extend(last_name(&method.value).map(|future| (future.as_str(), callback)));
            }
            ("cancel", []) => function.cancelled.extend(method.value.as_attribute_expr().map(|future| future.attr.as_str())),
            ("append" | "appendleft" | "add", [future]) | ("insert" | "setdefault", [_, future]) => {
                let keeper = method.value.as_attribute_expr().map(|keeper| keeper.attr.as_str());
                function.kept.extend(last_name(future).zip(keeper).map(|(future, keeper)| (future.as_str(), keeper, call.start())));
            }
            _ => {}
        }
    }
}

impl<'a> Visitor<'a> for Waits<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                let (name, range, is_async) = (function.name.as_str(), function.range(), function.is_async);
                self.functions.push(Function { name, range, is_async, ..Function::default() });
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
            Stmt::Assign(assignment) => self.bind(&assignment.targets, &assignment.value, assignment.start()),
            Stmt::AnnAssign(assignment) => {
                let target = std::slice::from_ref(&*assignment.target);
                assignment.value.iter().for_each(|value| self.bind(target, value, assignment.start()));
            }
            Stmt::Return(result) => {
                let returned = result.value.as_deref().and_then(last_name).map(|name| (name.as_str(), result.start()));
                self.function().returned.extend(returned);
            }
            Stmt::Delete(_) => self.function().takes_out = true,
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
                function.awaited.extend(waited.and_then(last_name).map(|name| Awaited { name, at: node.start(), tries }));
            }
            Expr::Call(call) => {
                self.call_method(call);
                let arguments = call.arguments.args.iter().filter_map(last_name).map(Name::as_str);
                if is_called(call, "shield") {
                    self.shielded.extend(arguments);
                } else if let Some(callee) = last_name(&call.func) {
                    self.function().given.extend(arguments.map(|argument| (argument, callee.as_str())));
                }
            }
            // Who binds a container anew puts nothing in it.
            Expr::Name(ExprName { ctx, .. }) | Expr::Attribute(ExprAttribute { ctx, .. }) if ctx.is_load() => {
                self.function().mentions.extend(last_name(expression).map(Name::as_str));
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Whether all calls of the functions called `name` are shielded in these statements, and whether there are
/// any at all.
pub(super) fn shields(statements: &[Stmt], name: &str) -> (bool, bool) {
    let mut calls = ShieldedCalls { name, mentions: 0, shielded: 0 };
    calls.visit_body(statements);
    (calls.mentions == calls.shielded, calls.mentions > 0)
}

/// Counts where a function is spoken of, and where it is called inside a `shield`.
struct ShieldedCalls<'n> {
    name: &'n str,
    mentions: usize,
    shielded: usize,
}

impl<'a> Visitor<'a> for ShieldedCalls<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.mentions += usize::from(last_name(expression).is_some_and(|name| name == self.name));
        if let Expr::Call(call) = expression
            && is_called(call, "shield")
        {
            let is_meant = |argument: &&Expr| argument.as_call_expr().is_some_and(|call| is_called(call, self.name));
            self.shielded += call.arguments.args.iter().filter(is_meant).count();
        }
        walk_expr(self, expression);
    }
}

/// Whether a method takes something out of a container.
fn is_taking(method: &str) -> bool {
    matches!(method, "pop" | "popitem" | "discard" | "remove")
}

fn taking_call(expression: &Expr) -> bool {
    expression.as_call_expr().and_then(|call| last_name(&call.func)).is_some_and(|name| is_taking(name))
}

fn is_called(call: &ExprCall, name: &str) -> bool {
    last_name(&call.func).is_some_and(|last| last == name)
}

/// Whether the handlers of a `try` speak of `name`, and so may take the future out of it.
fn cleans(statement: &StmtTry, name: &str) -> bool {
    mentions(&statement.finalbody, name)
        || statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| mentions(&handler.body, name))
}

/// Whether a body speaks of a name, or of an attribute called so.
pub(super) fn mentions(body: &[Stmt], name: &str) -> bool {
    struct Mentions<'n>(&'n str, bool);
    impl<'a> Visitor<'a> for Mentions<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.1 |= last_name(expression).is_some_and(|name| name == self.0);
            walk_expr(self, expression);
        }
    }
    let mut mentions = Mentions(name, false);
    mentions.visit_body(body);
    mentions.1
}
