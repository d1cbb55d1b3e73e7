//! Where a value comes from: what a call gives, whether that is the caller's alone, and what runs
//! behind it.

use std::sync::PoisonError;

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, Expr, ExprCall, ExprName, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{CallSite, Local, Scope, Use, last_name};
use super::flow::{Taken, Value};
use super::names::{
    is_async_generator, is_plain_coroutine_function, is_stub, names_awaitable, returns_own_coroutine_function, returns_own_decorator,
};
use super::outcomes::is_empty_list;
use super::{Fate, Kind, Loss, Operation};
use crate::finding::Span;
use crate::resolve::{Answer, Callee, Module};

/// What a value comes from is followed through this many functions and names.
pub(super) const DEEPEST_ORIGIN: usize = 6;

/// What a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// An awaitable that is the caller's to read.
    Fresh(Kind),
    /// An awaitable that may have, or has, another owner.
    Owned(Kind, Owner),
    /// An awaitable that the caller must read, and that a registry keeps until it is done.
    Registered(Kind),
    /// An awaitable, if its name does not lie.
    Guessed(Kind),
    /// Something else, or nobody knows.
    Nothing,
}

/// Whether an owner is known or only possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Certain,
    Possible,
}

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// What `call` gives, and whether that is the caller's alone.
    pub(super) fn given(&self, module: &Module<'db>, call: &ExprCall, scope: Option<&Scope<'a>>, depth: usize) -> Given {
        if let Some(scope) = scope
            && self.plain_function(call, scope).is_some_and(is_plain_coroutine_function)
        {
            return Given::Fresh(Kind::Coroutine);
        }
        if let Some(scope) = scope
            && self.plain_function(call, scope).is_some_and(is_async_generator)
        {
            return Given::Fresh(Kind::AsyncGenerator);
        }
        let models = self.flow.models;
        let callee = module.callee(call);
        let by_bodies = if callee.is_none() {
            let is_own = last_name(&call.func).is_some_and(|name| self.flow.index.is_own_awaitable(name));
            module.method_by_bodies(call, is_own)
        } else {
            None
        };
        if let Some(model) = self.flow.model_of(module, call, callee.as_ref().or(by_bodies.as_ref())) {
            if model.owned {
                return Given::Owned(Kind::Task, Owner::Certain);
            }
            if let Some(kind) = model.gives {
                let is_fresh = !model.wraps || wrapped(call).all(|argument| self.is_made_here(module, argument, scope, depth));
                return if is_fresh { Given::Fresh(kind) } else { Given::Owned(kind, Owner::Possible) };
            }
        }
        if let Some(kind) = scope.and_then(|scope| self.made_by_decorator(module, call, scope)) {
            return Given::Fresh(kind);
        }
        if self.is_decorating(module, call) {
            return Given::Nothing;
        }
        // The first class that is asked about is the value's own: those that derive from these have a use of their own.
        let is_awaitable = |class: &str| Some(matches!(class, "typing.Awaitable" | "typing.Coroutine"));
        let is_held =
            || callee.is_none() && by_bodies.is_none() && last_name(&call.func).is_some_and(|name| self.flow.index.may_hold(name));
        let kind = match module.sort_of(call, &|class| models.kind_of_class(class)) {
            Answer::All(Kind::Awaitable) if !self.is_declared_awaitable(module, call) => return Given::Guessed(Kind::Awaitable),
            Answer::All(kind) => kind,
            Answer::Unknown if scope.is_some_and(|scope| self.is_wrapped_coroutine(module, call, scope)) => {
                return Given::Fresh(Kind::Coroutine);
            }
            Answer::Unknown if by_bodies.as_ref().is_some_and(|method| self.goes_to_coroutine_function(method)) => {
                return Given::Fresh(Kind::Coroutine);
            }
            Answer::Unknown if callee.as_ref().or(by_bodies.as_ref()).is_some_and(|function| self.goes_to_async_generator(function)) => {
                return Given::Fresh(Kind::AsyncGenerator);
            }
            Answer::Unknown if module.gives_coroutine_by_bodies(call) && self.always_gives(callee.as_ref().or(by_bodies.as_ref())) => {
                return Given::Fresh(Kind::Coroutine);
            }
            Answer::Unknown if is_held() && module.sort_by_callers(call, &is_awaitable) == Answer::All(true) => {
                return Given::Owned(Kind::Awaitable, Owner::Possible);
            }
            Answer::Unknown if callee.is_none() && by_bodies.is_none() && self.has_coroutines_name(module, call) => {
                return Given::Guessed(Kind::Coroutine);
            }
            Answer::Unknown => return self.given_by_body(callee.or(by_bodies).as_ref(), depth).unwrap_or(Given::Nothing),
            Answer::Other if self.has_own_await(module, call) => return Given::Guessed(Kind::Awaitable),
            Answer::Mixed | Answer::Other => return Given::Nothing,
        };
        match kind {
            Kind::Coroutine | Kind::AsyncManager => Given::Fresh(kind),
            // Annotations say `AsyncIterator` of what is a generator, and of much else.
            Kind::AsyncGenerator => match callee.and_then(|callee| callee.with_body(self.db, |_, function| is_async_generator(function))) {
                Some(true) => Given::Fresh(kind),
                _ => Given::Nothing,
            },
            Kind::Awaitable if self.leaves_work_to_caller(callee.as_ref()) => Given::Owned(kind, Owner::Possible),
            Kind::Awaitable => self.given_by_body(callee.as_ref(), depth).unwrap_or(Given::Owned(Kind::Future, Owner::Possible)),
            // A class is its own spawner, and so may be a helper, as its body tells.
            _ => self.given_by_body(callee.as_ref(), depth).unwrap_or(Given::Owned(kind, Owner::Possible)),
        }
    }

    /// Whether a call gives an object of a class of the program's own that can be awaited. What that does,
    /// and whether it has to be done, only the class knows.
    fn has_own_await(&self, module: &Module<'db>, call: &ExprCall) -> bool {
        self.flow.index.classes.is_defined("__await__") && module.has_method(call, "__await__") == Some(true)
    }

    /// Whether a call is declared to give no more than something that can be awaited, and not an object of a class that
    /// derives from that, which may have items, a truth value and work that need not be awaited.
    fn is_declared_awaitable(&self, module: &Module<'db>, call: &ExprCall) -> bool {
        // The first class that is asked about is the object's own.
        let is_plain = |class: &str| Some(self.flow.models.kind_of_class(class) == Some(Kind::Awaitable));
        module.sort_of(call, &is_plain) == Answer::All(true)
    }

    /// Whether the awaitables of an argument are made on the spot, so that nobody else holds them.
    fn is_made_here(&self, module: &Module<'db>, argument: &Expr, scope: Option<&Scope<'a>>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let is_made_here = |part: &Expr| self.is_made_here(module, part, scope, depth);
        match argument {
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| name == "map") => true,
            Expr::Call(call) => match self.given(module, call, scope, depth) {
                Given::Owned(..) => false,
                Given::Nothing => !self.gives_what_it_has(module, call),
                _ => true,
            },
            Expr::Starred(starred) => is_made_here(&starred.value),
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::Set(ast::ExprSet { elts, .. }) => {
                elts.iter().all(is_made_here)
            }
            Expr::ListComp(ast::ExprListComp { elt, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, .. })
            | Expr::Generator(ast::ExprGenerator { elt, .. }) => is_made_here(elt),
            Expr::Name(name) => {
                let local = scope.map(|scope| Local { frame: scope.frame, name: name.id.clone() });
                let mut values = local.as_ref().map_or_else(Vec::new, |local| self.flow.body.values_of(local));
                if let ([value], Some(local)) = (values.as_slice(), &local)
                    && is_empty_list(value)
                {
                    values = self.elements_put_in(local).unwrap_or_default();
                }
                !values.is_empty() && values.iter().all(|value| is_made_here(value)) || self.is_coroutine(module, argument)
            }
            // A coroutine becomes a new task, whoever made it.
            argument => self.is_coroutine(module, argument),
        }
    }

    /// Whether a call goes to a plain function that gives no coroutine, as far as its body tells: what it gives has begun,
    /// and others may have it too.
    fn gives_what_it_has(&self, module: &Module<'db>, call: &ExprCall) -> bool {
        let is_plain = |_: &Module<'db>, function: &StmtFunctionDef| !function.is_async && !is_stub(function);
        module.callee(call).and_then(|callee| callee.with_body(self.db, is_plain)).unwrap_or(false)
    }

    fn is_coroutine(&self, module: &Module<'db>, expression: &Expr) -> bool {
        module.sort_of(expression, &|class| self.flow.models.kind_of_class(class)) == Answer::All(Kind::Coroutine)
    }

    /// Whether a call like `app.get("/")(handler)` decorates a function. What it gives stands for the
    /// function, whatever a handler is annotated to give.
    fn is_decorating(&self, module: &Module<'db>, call: &ExprCall) -> bool {
        let ([function @ (Expr::Name(_) | Expr::Attribute(_))], []) = (&*call.arguments.args, &*call.arguments.keywords) else {
            return false;
        };
        call.func.is_call_expr() && module.target(function).is_some_and(|target| target.with_body(self.db, |_, _| ()).is_some())
    }

    /// Whether what a call gives, of which only an annotation says that it is awaitable, may be a coroutine.
    /// A plain function with a body has begun the work when it returns, unless its body tells otherwise.
    fn leaves_work_to_caller(&self, callee: Option<&Callee<'db>>) -> bool {
        let Some(callee) = callee else { return true };
        callee
            .with_body(self.db, |_, function| {
                let is_open = function.is_async || is_stub(function) && !self.flow.index.has_plain_body(&function.name);
                is_open && function.returns.as_deref().is_some_and(names_awaitable)
            })
            .unwrap_or(false)
    }

    /// What a function gives, as its body tells: the same from each of its `return` statements.
    fn given_by_body(&self, callee: Option<&Callee<'db>>, depth: usize) -> Option<Given> {
        let (callee, depth) = (callee?, depth.checked_sub(1)?);
        let known = || self.flow.index.gifts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&(callee.id(), depth)) {
            return *known;
        }
        let given = callee.with_body(self.db, |module, function| {
            if function.is_async || !always_returns(&function.body) {
                return None;
            }
            let mut given = None;
            for result in returns(&function.body) {
                let next = match only_source(&function.body, result?) {
                    Expr::Call(call) => self.given(module, call, None, depth),
                    Expr::Name(name) => self.given_by_name(module, function, &name.id, depth)?,
                    _ => return None,
                };
                given = Some(match given {
                    Some(given) if given != next => both(given, next)?,
                    _ => next,
                });
            }
            given
        })?;
        known().insert((callee.id(), depth), given);
        given
    }

    /// What a function gives that returns what it has bound to a name and done something with.
    fn given_by_name(&self, module: &Module<'db>, function: &StmtFunctionDef, name: &str, depth: usize) -> Option<Given> {
        let Some(Expr::Call(call)) = only_value(&function.body, name) else { return None };
        let given = self.given(module, call, None, depth);
        let Given::Fresh(kind @ (Kind::Task | Kind::Future | Kind::Gather | Kind::ThreadFuture)) = given else { return Some(given) };
        Some(match self.flow.fate_in_helper(module, call, kind)? {
            Fate::Consumed(_) | Fate::Lost(Loss::Unheld { .. }) => Given::Owned(kind, Owner::Certain),
            Fate::Lost(Loss::Kept { .. } | Loss::Discarded { .. }) => Given::Registered(kind),
            Fate::Lost(_) => given,
            Fate::Transferred(_) | Fate::Unknown(_) => Given::Owned(kind, Owner::Possible),
        })
    }

    /// Whether a function gives something on each of its paths, as far as its body is known.
    fn always_gives(&self, callee: Option<&Callee<'db>>) -> bool {
        let gives = |function: &StmtFunctionDef| {
            let is_value = |result: Option<&Expr>| result.is_some_and(|result| !result.is_none_literal_expr());
            function.is_async || always_returns(&function.body) && returns(&function.body).into_iter().all(is_value)
        };
        callee.and_then(|callee| callee.with_body(self.db, |_, function| gives(function))).unwrap_or(true)
    }

    fn goes_to_coroutine_function(&self, callee: &Callee<'db>) -> bool {
        callee.with_definition(self.db, |_, function| is_plain_coroutine_function(function)).unwrap_or(false)
    }

    fn goes_to_async_generator(&self, callee: &Callee<'db>) -> bool {
        callee.with_body(self.db, |_, function| is_async_generator(function)).unwrap_or(false)
    }

    /// Whether a method of an object of unknown type is called by a name that only coroutine functions have.
    fn has_coroutines_name(&self, module: &Module<'db>, call: &ExprCall) -> bool {
        let Expr::Attribute(method) = &*call.func else { return false };
        self.flow.index.is_async_only(&method.attr) && module.is_untyped(&method.value)
    }

    /// The fate of an awaitable that a coroutine function returns, as those tell who await the function: where each of
    /// them takes it for the result, it is never awaited itself.
    pub(super) fn fate_behind_await(&self, site: &CallSite<'a>, kind: Kind) -> Option<Fate> {
        let function = site.around.scope.function.filter(|function| function.is_async && matches!(kind, Kind::Coroutine | Kind::Task))?;
        let may_promise = || function.returns.as_deref().is_some_and(may_promise_awaitable);
        // What goes a longer way may be read there.
        if !goes_behind_await(site) || kind == Kind::Coroutine && may_promise() {
            return None;
        }
        let taken = self.flow.taken_by_callers(Value::new(kind), function);
        let is_lost = |fate: &Fate| match (kind, fate) {
            (Kind::Task, Fate::Lost(loss)) => loss.is_out_of_hand(),
            (_, fate) => matches!(fate, Fate::Lost(_)),
        };
        match taken {
            Some(taken) if taken.iter().all(|taken| is_lost(&taken.fate)) => Some(Fate::Lost(match kind {
                Kind::Task => Loss::DroppedByCaller,
                _ => Loss::UsedAsValue { operation: Operation::Return, at: site.around.statement },
            })),
            _ => None,
        }
    }

    /// The fate of a task that its function returns, where a callback hears it and those who call the
    /// function drop it: nobody holds it.
    pub(super) fn fate_by_callers(&self, site: &CallSite<'a>) -> Option<Fate> {
        let function = site.around.scope.function?;
        let is_drop = |caller: &CallSite<'a>| {
            let is_meant = last_name(&caller.call.func).is_some_and(|name| *name == function.name.id) && caller.how.is_dropped();
            is_meant && self.plain_function(caller.call, &caller.around.scope).is_some_and(|known| std::ptr::eq(known, function))
        };
        let drops = |taken: &Taken| taken.is_certain && taken.fate == Fate::Lost(Loss::Dropped);
        let is_dropped = || self.flow.taken_by_callers(Value::new(Kind::Task), function).is_some_and(|taken| taken.iter().any(drops));
        // Its own function is looked at first: its callers may be in many files.
        let fate = self.flow.fate_in_helper(self.flow.module, site.call, Kind::Task);
        let fate = fate.filter(|fate| matches!(fate, Fate::Lost(Loss::Unheld { .. })))?;
        (self.flow.body.calls.iter().any(is_drop) || is_dropped()).then_some(fate)
    }

    /// Whether `call` goes to a coroutine function of this module, each decorator of which returns a
    /// coroutine function that it defines. The resolver does not look into decorators without types.
    fn is_wrapped_coroutine(&self, module: &Module<'db>, call: &ExprCall, scope: &Scope<'a>) -> bool {
        let Some(function) = self.plain_function(call, scope) else { return false };
        let wraps = |decorator: &ast::Decorator| {
            // `@retry(3)` is what `retry` returns.
            let (target, returns_one): (_, fn(&StmtFunctionDef) -> bool) = match &decorator.expression {
                Expr::Call(factory) => (module.callee(factory), returns_own_decorator),
                name => (module.target(name), returns_own_coroutine_function),
            };
            target.and_then(|target| target.with_body(self.db, |_, function| returns_one(function))).unwrap_or(false)
        };
        function.is_async && !function.decorator_list.is_empty() && function.decorator_list.iter().all(wraps)
    }

    /// What a function of this module gives because of a decorator that makes it so.
    fn made_by_decorator(&self, module: &Module<'db>, call: &ExprCall, scope: &Scope<'a>) -> Option<Kind> {
        let function = self.plain_function(call, scope)?;
        function.decorator_list.iter().find_map(|decorator| self.flow.model_of_decorator(module, decorator)?.makes)
    }

    /// Whether `call` goes to a function that is there to be overridden.
    pub(super) fn goes_to_stub(&self, call: &ExprCall) -> bool {
        let stub = self.flow.module.callee(call).and_then(|callee| callee.with_body(self.db, |_, function| is_stub(function)));
        stub.unwrap_or(true)
    }

    /// Where a sync helper makes what it returns.
    pub(super) fn made_in(&self, helper: &Callee<'db>) -> Option<Span> {
        helper.with_body(self.db, |module, function| {
            let result = returns(&function.body).into_iter().next()??;
            match only_source(&function.body, result) {
                Expr::Call(call) if !function.is_async => Some(module.span(call.range())),
                _ => None,
            }
        })?
    }

    /// The function of this module, or the method of the class around, that `call` plainly goes to.
    pub(super) fn plain_function(&self, call: &ExprCall, scope: &Scope<'a>) -> Option<&'a StmtFunctionDef> {
        // `self()` goes to a method, `cls()` makes an object.
        let called_itself = || self.own_method(call.func.as_name_expr().filter(|receiver| receiver.id == "self")?, "__call__", scope);
        self.plain_target(&call.func, scope).or_else(called_itself)
    }

    /// The function of this module, or the method of the class around, that `function` plainly is.
    pub(super) fn plain_target(&self, function: &Expr, scope: &Scope<'a>) -> Option<&'a StmtFunctionDef> {
        match function {
            Expr::Name(name) => {
                let module_frame = 0;
                let is_global = self.flow.body.binding_frame(scope.frame, &name.id)? == module_frame;
                if is_global { self.module_functions.get(name.id.as_str()).copied() } else { None }
            }
            Expr::Attribute(attribute) => self.own_method(attribute.value.as_name_expr()?, &attribute.attr, scope),
            _ => None,
        }
    }

    /// The method of this name of the class around, where `receiver` is its object or the class itself.
    fn own_method(&self, receiver: &ExprName, method: &str, scope: &Scope<'a>) -> Option<&'a StmtFunctionDef> {
        let first = scope.function?.parameters.iter().next()?;
        let is_own = first.name().id == receiver.id && matches!(receiver.id.as_str(), "self" | "cls");
        if is_own { self.methods.get(&scope.class?.range())?.get(method).copied() } else { None }
    }
}

/// What a function gives that gives the one or the other: of a task and a future, something that is read like both.
fn both(one: Given, other: Given) -> Option<Given> {
    match (one, other) {
        (Given::Fresh(Kind::Task | Kind::Future), Given::Fresh(Kind::Task | Kind::Future)) => Some(Given::Fresh(Kind::Future)),
        _ => None,
    }
}

/// The name of what runs where `argument` is given to a spawner or an executor: of `link.close()`, or of `link.close`.
pub(super) fn name_of_work(argument: &Expr) -> Option<&Name> {
    match argument {
        Expr::Call(work) => last_name(&work.func),
        Expr::Attribute(method) => Some(&method.attr.id),
        _ => None,
    }
}

/// What runs where `argument` is given to a spawner: the coroutine function of `work()` or of a
/// name that holds it, or the function itself.
pub(super) fn work_callee<'db>(module: &Module<'db>, argument: &Expr, function: Option<&StmtFunctionDef>) -> Option<Callee<'db>> {
    match argument {
        Expr::Call(work) => module.callee(work),
        Expr::Name(name) => match function.and_then(|function| only_value(&function.body, &name.id)) {
            Some(Expr::Call(work)) => module.callee(work),
            _ => module.target(argument),
        },
        Expr::Attribute(_) => module.target(argument),
        _ => None,
    }
}

/// What a wrapper is given to stand for.
pub(super) fn wrapped(call: &ExprCall) -> impl Iterator<Item = &Expr> {
    let options = ["loop", "return_exceptions"];
    let is_option = move |keyword: &&ast::Keyword| keyword.arg.as_ref().is_some_and(|name| options.contains(&name.as_str()));
    let named = call.arguments.keywords.iter().filter(move |keyword| !is_option(keyword)).map(|keyword| &keyword.value);
    call.arguments.args.iter().chain(named)
}

/// What a `return` statement returns: for a name that is bound once and used nowhere else, its value.
pub(super) fn only_source<'b>(body: &'b [Stmt], result: &'b Expr) -> &'b Expr {
    let Expr::Name(name) = result else { return result };
    let mut uses = NameCounter { name: &name.id, count: 0 };
    uses.visit_body(body);
    only_value(body, &name.id).filter(|_| uses.count == 2).unwrap_or(result)
}

/// Counts how often a name stands in a body, bound or used.
struct NameCounter<'n> {
    name: &'n str,
    count: usize,
}

impl<'a> Visitor<'a> for NameCounter<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression {
            self.count += usize::from(name.id == *self.name);
        }
        walk_expr(self, expression);
    }
}

/// The value of `name` where one statement of `body` assigns to it.
pub(super) fn only_value<'b>(body: &'b [Stmt], name: &str) -> Option<&'b Expr> {
    let mut values = body.iter().filter_map(|statement| match statement {
        Stmt::Assign(assignment) if assignment.targets.iter().any(|target| matches!(target, Expr::Name(bound) if bound.id == *name)) => {
            Some(&*assignment.value)
        }
        _ => None,
    });
    values.next().filter(|_| values.next().is_none())
}

/// Whether a coroutine function returns what the call gives, so that who awaits it once gets an awaitable.
pub(super) fn goes_behind_await(site: &CallSite<'_>) -> bool {
    site.around.scope.is_async && matches!(site.how, Use::Returned | Use::Promised(..))
}

/// Whether what a coroutine function says that it gives may be an awaitable, as `Any` may.
fn may_promise_awaitable(annotation: &Expr) -> bool {
    names_awaitable(annotation) || last_name(annotation).is_some_and(|name| matches!(name.as_str(), "Any" | "object"))
}

/// Whether no path leads off the end of a body.
fn always_returns(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Return(_) | Stmt::Raise(_)) => true,
        Some(Stmt::If(statement)) => {
            let has_else = statement.elif_else_clauses.last().is_some_and(|clause| clause.test.is_none());
            has_else && always_returns(&statement.body) && statement.elif_else_clauses.iter().all(|clause| always_returns(&clause.body))
        }
        Some(Stmt::With(statement)) => always_returns(&statement.body),
        Some(Stmt::Try(statement)) => {
            let handlers = statement.handlers.iter().all(|ast::ExceptHandler::ExceptHandler(handler)| always_returns(&handler.body));
            always_returns(&statement.finalbody) || (handlers && (always_returns(&statement.body) || always_returns(&statement.orelse)))
        }
        _ => false,
    }
}

/// The values of the `return` statements of a body, those of functions in it left out.
pub(super) fn returns(body: &[Stmt]) -> Vec<Option<&Expr>> {
    struct Returns<'a>(Vec<Option<&'a Expr>>);
    impl<'a> Visitor<'a> for Returns<'a> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                Stmt::Return(result) => self.0.push(result.value.as_deref()),
                _ => walk_stmt(self, statement),
            }
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut returns = Returns(Vec::new());
    returns.visit_body(body);
    returns.0
}
