//! What can fail in functions and calls of the program, and who hears that: `hears` judges a body, and this module
//! leads it through the calls in there.

use std::sync::Arc;

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::Kind;
use super::birth::{Finder, return_exceptions};
use super::body::{Scope, last_name};
use super::classes::ClassId;
use super::exceptions::{Hierarchy, Taken};
use super::hears::{Act, account};
use super::models::{Callbacks, Effect, FunctionModel, weight_of, weight_of_method, weight_of_wait};
use super::names::is_stub;
use super::naming::{is_future, is_lock, only_ends};
use super::origin::{DEEPEST_ORIGIN, only_source, only_value, returns, work_callee, wrapped};
use super::witness::{Account, Weight};
use crate::resolve::{Callee, Module};

/// What is done with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is called, and no more: of a coroutine function, nothing runs.
    Called,
    /// What it gives is awaited.
    Awaited,
}

/// Under what circumstances it is asked whether code hears itself.
#[derive(Clone, Copy)]
pub(super) struct Asked<'t> {
    /// Calls are followed through this many more functions.
    pub(super) depth: usize,
    /// What the handlers around are for, in the functions that call this one.
    pub(super) taken: &'t Taken,
}

impl Asked<'static> {
    /// Of code that nothing stands around.
    pub(super) const ALONE: Self = Asked { depth: DEEPEST_ORIGIN, taken: &Taken::NOTHING };
}

impl Asked<'_> {
    /// The same one function further down, if there is still one to go.
    fn below(self) -> Option<Self> {
        Some(Asked { depth: self.depth.checked_sub(1)?, ..self })
    }
}

/// What can fail in which function, by the place of the function and by what was asked: what is said of one
/// does not depend on who asked first.
pub(super) type KnownAccounts = FxHashMap<(Arc<Utf8Path>, TextRange, usize, Taken), Account>;

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// What can fail in what a helper spawns in its own `return` statement.
    pub(super) fn account_of_spawned(&self, spawner: &Callee<'db>) -> Option<Account> {
        spawner.with_body(self.db, |module, function| {
            let results = returns(&function.body);
            let accounts = results.iter().map(|result| {
                let source = result.map(|result| match only_source(&function.body, result) {
                    Expr::Name(name) => only_value(&function.body, &name.id).unwrap_or(result),
                    source => source,
                });
                let Some(Expr::Call(call)) = source else { return Account::source(Weight::Heavy, module, function.name.range()) };
                let work = call.arguments.args.iter().find_map(|argument| Some((argument, work_callee(module, argument, Some(function))?)));
                match work {
                    Some((argument, work)) => self.account(&work, module, argument),
                    None => Account::source(Weight::Heavy, module, call.range()),
                }
            });
            (!results.is_empty()).then(|| Account::all(accounts))
        })?
    }

    /// What can fail in the coroutine of `call`. A function of this module is looked at as it is
    /// written, since behind a decorator the resolver may see another one.
    pub(super) fn account_of_call(&self, call: &ExprCall, scope: &Scope<'a>) -> Account {
        match self.plain_function(call, scope) {
            Some(function) => self.account_of_function(self.flow.module, function, Asked::ALONE),
            None => self
                .account_of_choice(&call.func)
                .or_else(|| self.account_as_written(call))
                .unwrap_or_else(|| Account::source(Weight::Heavy, self.flow.module, call.range())),
        }
    }

    /// What can fail in the function that a call goes to, as it is written: behind a decorator without types, the
    /// engine does not see it.
    pub(super) fn account_as_written(&self, call: &ExprCall) -> Option<Account> {
        if waits_for_queue(call) && self.flow.module.callee(call).is_none() {
            return Some(Account::small());
        }
        let of_body = |module: &Module<'db>, function: &StmtFunctionDef| {
            (!is_stub(function)).then(|| self.account_of_function(module, function, Asked::ALONE))
        };
        self.flow.module.with_written(call, of_body).flatten()
    }

    /// What can fail in the functions that an expression may stand for, where they are known.
    pub(super) fn account_of_choice(&self, function: &Expr) -> Option<Account> {
        if let Expr::Call(maker) = function {
            return self.account_of_made(maker);
        }
        let callees = self.flow.module.targets(function)?;
        Some(Account::all(callees.iter().map(|callee| self.account(callee, self.flow.module, function))))
    }

    /// What can fail in the function that runs for what stands `at` a place; one without a body may do anything.
    pub(super) fn account(&self, callee: &Callee<'db>, module: &Module<'db>, at: &Expr) -> Account {
        self.account_within(callee, Weight::Heavy, (module, at.range()), Asked::ALONE)
    }

    /// The same in the middle of other work, with what its failure weighs where nothing is known of it.
    fn account_within(&self, callee: &Callee<'db>, unknown: Weight, at: (&Module<'db>, TextRange), asked: Asked<'_>) -> Account {
        let unknown = || Account::source(unknown, at.0, at.1);
        let Some(asked) = asked.below() else { return unknown() };
        if callee.name.as_deref().and_then(|name| self.flow.models.function(name)).is_some_and(|model| model.never_fails) {
            return Account::default();
        }
        let by_body = |module: &Module<'db>, function: &StmtFunctionDef| {
            if is_stub(function) {
                self.account_of_overriding(module, function, asked)
            } else {
                Some(self.account_of_function(module, function, asked))
            }
        };
        callee.with_body(self.db, by_body).flatten().unwrap_or_else(unknown)
    }

    /// What can fail in the methods that derived classes define in the place of one that does nothing.
    fn account_of_overriding(&self, module: &Module<'db>, function: &StmtFunctionDef, asked: Asked<'_>) -> Option<Account> {
        const MOST: usize = 8;
        let classes = &self.flow.index.classes;
        let overriding = self.overriding(module, function)?;
        if overriding.is_empty() || overriding.len() > MOST {
            return None;
        }
        let accounts = overriding.into_iter().map(|class| {
            let (file, name) = classes.home(class);
            let module = Module::open(self.db, self.flow.index.files().get(file)?).ok()?;
            let class = class_called(module.body(), name)?;
            let method = class.body.iter().filter_map(Stmt::as_function_def_stmt).find(|method| method.name.id == function.name.id)?;
            Some(if is_stub(method) { Account::default() } else { self.account_of_function(&module, method, asked) })
        });
        accounts.collect::<Option<Vec<_>>>().map(Account::all)
    }

    /// The derived classes that define a method anew; `None` of a function that is no method of a known class.
    pub(super) fn overriding(&self, module: &Module<'db>, function: &StmtFunctionDef) -> Option<Vec<ClassId>> {
        let classes = &self.flow.index.classes;
        let home = class_around(module.body(), function)?;
        let class = classes.find(self.flow.index.file(module.path())?, &home.name.id)?;
        Some(classes.overriding(class, &function.name.id))
    }

    /// What can fail in a function, as it is known or as its body tells.
    pub(super) fn account_of_function(&self, module: &Module<'db>, function: &StmtFunctionDef, asked: Asked<'_>) -> Account {
        let question = (Arc::clone(module.path()), function.range(), asked.depth, asked.taken.clone());
        if let Some(known) = self.known_accounts.borrow().get(&question) {
            return known.clone();
        }
        let account = self.account_by_body(module, function, asked);
        self.known_accounts.borrow_mut().insert(question, account.clone());
        account
    }

    fn account_by_body(&self, module: &Module<'db>, function: &StmtFunctionDef, asked: Asked<'_>) -> Account {
        let hears = |decorator| self.flow.model_of_decorator(module, decorator).is_some_and(|model| model.hears);
        if function.decorator_list.iter().any(hears) {
            return Account::heard();
        }
        // What calls itself again adds nothing to what it does.
        let is_again = |call: &ExprCall| {
            let is_it = |found: &Module, callee: &StmtFunctionDef| found.path() == module.path() && callee.range() == function.range();
            last_name(&call.func).is_some_and(|name| *name == function.name.id)
                && module.callee(call).and_then(|callee| callee.with_body(self.db, is_it)).unwrap_or(false)
        };
        let done = |act: Act<'_>, taken: &Taken| match act {
            Act::Call(call) | Act::Await(Expr::Call(call)) if is_again(call) => Account::default(),
            act => self.account_of_act(module, act, Asked { taken, ..asked }),
        };
        // What the callers take is told by their files.
        let hierarchy = Hierarchy { file: None, ..self.hierarchy() };
        let own = account(function, module, hierarchy, asked.taken, &done);
        // What a decorator that may hear it makes of it, nobody knows.
        if self.gets_out_of_decorators(module, function) { own } else { own.known(Weight::Raised) }
    }

    /// What can fail in what a body does.
    pub(super) fn account_of_act(&self, module: &Module<'db>, act: Act<'_>, asked: Asked<'_>) -> Account {
        match act {
            Act::Call(call) => self.account_of_inner_call(module, call, Way::Called, asked),
            Act::Await(awaited) => self.account_of_awaited(module, awaited, asked),
            Act::Iterate(iterated) => match iterated {
                Expr::Call(call) => self.account_of_inner_call(module, call, Way::Awaited, asked),
                iterated => Account::source(Weight::Heavy, module, iterated.range()),
            },
        }
    }

    /// What can fail in a call in the body of a function, as it is called or as what it gives is awaited.
    pub(super) fn account_of_inner_call(&self, module: &Module<'db>, call: &ExprCall, way: Way, asked: Asked<'_>) -> Account {
        let account = self.account_by_callee(module, call, way, asked);
        if last_name(&call.func).is_some_and(|name| only_ends(name)) { account.lightened(Weight::Cleanup) } else { account }
    }

    /// The same by what it goes to, whatever its name says.
    fn account_by_callee(&self, module: &Module<'db>, call: &ExprCall, way: Way, asked: Asked<'_>) -> Account {
        let callee = module.callee(call);
        match callee.as_ref().and_then(|callee| callee.name.as_deref()) {
            Some("asyncio.queues.Queue.put_nowait") if has_unbounded_queue(module, call) => return Account::default(),
            Some("asyncio.queues.Queue.get_nowait") if says_before(module, receiver(call), "", ".empty()") => return Account::small(),
            Some("asyncio.locks.Condition.notify" | "asyncio.locks.Condition.notify_all")
                if says_before(module, receiver(call), "async with ", "") =>
            {
                return Account::default();
            }
            _ => {}
        }
        if let Some(model) = self.flow.model_of(module, call, callee.as_ref()) {
            // What it calls back is not looked at.
            let calls_back = model.callback_name.as_deref().is_some_and(|name| call.arguments.find_keyword(name).is_some());
            if model.never_fails {
                return Account::default();
            }
            if let Some(account) = self.account_by_model(module, call, way, model, asked) {
                return account;
            }
            if model.harmless && !calls_back {
                return Account::small();
            }
        }
        let unknown = match way {
            Way::Awaited => last_name(&call.func).and_then(|name| weight_of_wait(name)).unwrap_or(Weight::Heavy),
            Way::Called => weight_of_call(module, call, callee.as_ref()),
        };
        let Some(callee) = callee else {
            if way == Way::Awaited && (waits_for_queue(call) || waits_for_lock(call) || waits_for_client(call)) {
                return Account::small();
            }
            let as_written = |module: &Module<'db>, function: &StmtFunctionDef| match (way, asked.below()) {
                (Way::Called, _) if function.is_async => Some(Account::default()),
                _ if is_stub(function) => None,
                (_, Some(asked)) => Some(self.account_of_function(module, function, asked)),
                _ => None,
            };
            return module.with_written(call, as_written).flatten().unwrap_or_else(|| Account::source(unknown, module, call.range()));
        };
        if let Some(account) = callee.with_class(self.db, |module, class| self.account_of_construction(module, class, asked)) {
            return account.unwrap_or_else(|| Account::source(unknown.min(weight_of_construction(call)), module, call.range()));
        }
        // Of a coroutine function, nothing has run yet.
        if way == Way::Called && callee.with_definition(self.db, |_, function| function.is_async) == Some(true) {
            return Account::default();
        }
        let account = self.account_within(&callee, unknown, (module, call.range()), asked);
        // What a library raises where it is called plainly is mostly a guard against wrong arguments.
        let is_foreign = || callee.with_definition(self.db, |home, _| self.flow.index.file(home.path()).is_none()) == Some(true);
        match way {
            Way::Called if is_foreign() && unknown == Weight::Outside => Account::source(unknown, module, call.range()),
            Way::Called if is_foreign() => account.at_most(Weight::Data),
            _ => account,
        }
    }

    /// What can fail where an object of a class is made, if that is known.
    fn account_of_construction(&self, module: &Module<'db>, class: &StmtClassDef, asked: Asked<'_>) -> Option<Account> {
        let mut methods = class.body.iter().filter_map(Stmt::as_function_def_stmt);
        let makers = ["__init__", "__new__", "__post_init__", "__init_subclass__"];
        match methods.find(|method| makers.contains(&method.name.as_str())) {
            Some(initializer) if initializer.name.as_str() == "__init__" => {
                Some(self.account_of_function(module, initializer, asked.below()?))
            }
            None if class.bases().is_empty() => Some(Account::default()),
            _ => None,
        }
    }

    /// What is known of a call by the model of what it goes to: to start work or to look at a value does
    /// not fail, nor does it to wait for tasks without asking for their outcomes. Who awaits
    /// work hears what the work does not hear.
    fn account_by_model(
        &self,
        module: &Module<'db>,
        call: &ExprCall,
        way: Way,
        model: &FunctionModel,
        asked: Asked<'_>,
    ) -> Option<Account> {
        let starts = matches!(model.gives, Some(Kind::Task | Kind::Future | Kind::Gather | Kind::ThreadFuture));
        let calls_later = matches!(model.callbacks, Some(Callbacks::DropResult));
        let looks = matches!(model.arguments, Some(Effect::Examine | Effect::Log | Effect::WaitFor));
        match way {
            Way::Called => (starts || calls_later || looks).then(Account::default),
            Way::Awaited if looks => Some(Account::default()),
            // Nothing gets out of it, and what its parts hear is heard all the same.
            Way::Awaited if model.gives == Some(Kind::Gather) && return_exceptions(call) == Some(true) => {
                let parts = Account::all(wrapped(call).map(|work| self.account_of_awaited(module, work, asked)));
                Some(if parts.hears() { Account::heard() } else { Account::default() })
            }
            Way::Awaited if model.callbacks == Some(Callbacks::Outcome) => {
                let function =
                    call.arguments.find_argument_value(model.callback_name.as_deref().unwrap_or_default(), model.callback_place?)?;
                Some(self.account_within(&module.target(function)?, Weight::Heavy, (module, function.range()), asked))
            }
            // What waits no longer than that raises what it has waited for, or that the time is over.
            Way::Awaited if model.limits => {
                let work = call.arguments.args.first().or_else(|| Some(&call.arguments.find_keyword("fut")?.value))?;
                let account = self.account_of_awaited(module, work, asked);
                let is_taken = asked.taken.has("TimeoutError", self.hierarchy());
                Some(if is_taken { account } else { account.and(Account::source(Weight::Heavy, module, call.range())) })
            }
            Way::Awaited if starts => Some(Account::all(wrapped(call).map(|work| self.account_of_awaited(module, work, asked)))),
            Way::Awaited => None,
        }
    }

    /// What can fail in the awaitables of something that is awaited.
    pub(super) fn account_of_awaited(&self, module: &Module<'db>, awaited: &Expr, asked: Asked<'_>) -> Account {
        let is_shared = last_name(awaited).is_some_and(|name| is_future(name));
        let unknown = || Account::source(if is_shared { Weight::Shared } else { Weight::Heavy }, module, awaited.range());
        match awaited {
            // Who has cancelled it waits for its end, and mostly gets no more than that.
            Expr::Name(_) | Expr::Attribute(_) if is_cancelled_before(module.body(), awaited) => Account::small(),
            Expr::Call(work) => self.account_of_inner_call(module, work, Way::Awaited, asked),
            Expr::Starred(starred) => self.account_of_awaited(module, &starred.value, asked),
            Expr::Generator(ast::ExprGenerator { elt, .. }) | Expr::ListComp(ast::ExprListComp { elt, .. }) => {
                self.account_of_awaited(module, elt, asked)
            }
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                Account::all(elts.iter().map(|element| self.account_of_awaited(module, element, asked)))
            }
            Expr::Name(name) => {
                let Some(asked) = asked.below() else { return unknown() };
                // A list that is filled later may have anything in it.
                let of_value = |home: &Module<'db>, value: &Expr| match value {
                    Expr::List(list) if list.is_empty() => None,
                    value => Some(self.account_of_awaited(home, value, asked)),
                };
                module.with_value(name, of_value).flatten().unwrap_or_else(unknown)
            }
            _ => unknown(),
        }
    }
}

/// Whether a call waits for a queue, or for room in it, as its name says: that does not fail.
fn waits_for_queue(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else { return false };
    matches!(method.attr.as_str(), "put" | "get" | "join")
        && last_name(&method.value).is_some_and(|name| name.to_lowercase().ends_with("queue"))
}

/// Whether a call waits for a lock, as its name says: that does not fail.
fn waits_for_lock(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else { return false };
    method.attr.as_str() == "acquire" && call.arguments.is_empty() && last_name(&method.value).is_some_and(|name| is_lock(name))
}

/// Whether a call waits for what the client of a request sends, as its name says: a server tells an application by an
/// event that the client has gone, and raises nothing.
fn waits_for_client(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else { return false };
    matches!(method.attr.as_str(), "receive" | "is_disconnected") && matches!(&*method.value, Expr::Name(name) if name.id == "request")
}

/// What it weighs that an object cannot be made: of nothing, it is as it always is, and of something, its data may not
/// fit.
fn weight_of_construction(call: &ExprCall) -> Weight {
    if call.arguments.is_empty() { Weight::None } else { Weight::Data }
}

/// Whether a name, alone or behind a module, is written as those of classes are: `Point`, `shapes.Point`.
fn names_class(module: &Module<'_>, callee: &Expr) -> bool {
    let name = match callee {
        Expr::Name(name) => &name.id,
        Expr::Attribute(attribute) if attribute.value.as_name_expr().is_some_and(|home| module.imports(&home.id)) => &attribute.attr.id,
        _ => return false,
    };
    let name = name.trim_start_matches('_');
    name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase)
}

/// What the failure of a plain call weighs that no body tells of.
fn weight_of_call(module: &Module<'_>, call: &ExprCall, callee: Option<&Callee<'_>>) -> Weight {
    let by_name = |callee: &Callee<'_>| weight_of(callee.name.as_deref()?);
    let by_method = || {
        let method = call.func.as_attribute_expr()?;
        // A module has no methods; what is not installed is known by the name that it is imported by.
        if let Some(name) = method.value.as_name_expr().filter(|name| module.imports(&name.id)) {
            return weight_of(&format!("{}.{}", name.id, method.attr)).filter(|weight| *weight == Weight::Outside);
        }
        // An object is asked for its state: `link.is_open()`.
        let is_question = call.arguments.is_empty() && method.attr.starts_with("is_");
        if is_question { Some(Weight::None) } else { weight_of_method(&method.attr) }
    };
    match callee {
        Some(callee) => by_name(callee).unwrap_or(Weight::Call),
        None if names_class(module, &call.func) => weight_of_construction(call),
        None => by_method().unwrap_or(Weight::Call),
    }
}

/// The class that defines a method.
pub(super) fn class_around<'a>(body: &'a [Stmt], method: &StmtFunctionDef) -> Option<&'a StmtClassDef> {
    find_class(body, &|class| class.body.iter().any(|statement| statement.range() == method.range()))
}

/// The class called so.
fn class_called<'a>(body: &'a [Stmt], name: &Name) -> Option<&'a StmtClassDef> {
    find_class(body, &|class| class.name.id == *name)
}

fn find_class<'a>(body: &'a [Stmt], is_it: &dyn Fn(&StmtClassDef) -> bool) -> Option<&'a StmtClassDef> {
    struct ClassFinder<'a, 't>(&'t dyn Fn(&StmtClassDef) -> bool, Option<&'a StmtClassDef>);
    impl<'a> Visitor<'a> for ClassFinder<'a, '_> {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::ClassDef(class) if self.1.is_none() && (self.0)(class) => self.1 = Some(class),
                statement => walk_stmt(self, statement),
            }
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut finder = ClassFinder(is_it, None);
    finder.visit_body(body);
    finder.1
}

/// Whether the function around speaks, before it uses an object, of that object, with this before it and that behind:
/// whether a queue is empty, or that a lock is held.
fn says_before(module: &Module<'_>, object: &Expr, prefix: &str, suffix: &str) -> bool {
    let before = &module.text()[TextRange::up_to(object.start())];
    let function = before.rfind("def ").map_or(before, |start| &before[start..]);
    function.contains(&format!("{prefix}{}{suffix}", &module.text()[object.range()]))
}

/// Whether the block in which an object is used, or one around it in the same function, cancels the object before that.
fn is_cancelled_before(body: &[Stmt], object: &Expr) -> bool {
    is_cancelled_in(body, object, false)
}

fn is_cancelled_in(body: &[Stmt], object: &Expr, mut is_cancelled: bool) -> bool {
    for (place, statement) in body.iter().enumerate() {
        if !statement.range().contains_range(object.range()) {
            is_cancelled = cancels(statement, object) || (is_cancelled && !binds(statement, object));
            continue;
        }
        let inner = |body: &[Stmt], is_cancelled: bool| holds(body, object) && is_cancelled_in(body, object, is_cancelled);
        return match statement {
            Stmt::FunctionDef(function) => inner(&function.body, false),
            Stmt::ClassDef(class) => inner(&class.body, false),
            Stmt::If(branch) if holds(&branch.body, object) => inner(&branch.body, is_cancelled),
            Stmt::If(branch) if branch.elif_else_clauses.iter().any(|clause| holds(&clause.body, object)) => {
                branch.elif_else_clauses.iter().any(|clause| inner(&clause.body, is_cancelled))
            }
            Stmt::For(each) if holds(&each.body, object) => {
                // A loop before this one has cancelled all that this one goes over.
                let cancels_all = |other: &Stmt| {
                    other.as_for_stmt().is_some_and(|other| {
                        is_same(&other.iter, &each.iter) && other.body.iter().any(|inner| cancels(inner, &other.target))
                    })
                };
                let is_cancelled = if is_same(&each.target, object) { body[..place].iter().any(cancels_all) } else { is_cancelled };
                inner(&each.body, is_cancelled)
            }
            Stmt::For(each) if holds(&each.orelse, object) => inner(&each.orelse, is_cancelled),
            Stmt::While(each) if holds(&each.body, object) => inner(&each.body, is_cancelled),
            Stmt::While(each) if holds(&each.orelse, object) => inner(&each.orelse, is_cancelled),
            Stmt::With(with) if holds(&with.body, object) => inner(&with.body, is_cancelled),
            Stmt::Match(choice) if choice.cases.iter().any(|case| holds(&case.body, object)) => {
                choice.cases.iter().any(|case| inner(&case.body, is_cancelled))
            }
            Stmt::Try(guard) => {
                let in_handler =
                    |handler: &ast::ExceptHandler| handler.as_except_handler().is_some_and(|handler| inner(&handler.body, is_cancelled));
                inner(&guard.body, is_cancelled)
                    || guard.handlers.iter().any(in_handler)
                    || inner(&guard.orelse, is_cancelled)
                    || inner(&guard.finalbody, is_cancelled)
            }
            _ => is_cancelled,
        };
    }
    false
}

fn holds(body: &[Stmt], object: &Expr) -> bool {
    body.iter().any(|statement| statement.range().contains_range(object.range()))
}

/// Whether two expressions are the same name, or the same attributes of it.
fn is_same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Name(one), Expr::Name(other)) => one.id == other.id,
        (Expr::Attribute(one), Expr::Attribute(other)) => one.attr.id == other.attr.id && is_same(&one.value, &other.value),
        _ => false,
    }
}

/// Whether a statement cancels an object, at once or where its state asks for it.
fn cancels(statement: &Stmt, object: &Expr) -> bool {
    match statement {
        Stmt::Expr(statement) => statement.value.as_call_expr().is_some_and(|call| {
            call.func.as_attribute_expr().is_some_and(|method| method.attr.as_str() == "cancel" && is_same(&method.value, object))
        }),
        Stmt::If(branch) => speaks_of(&branch.test, object) && branch.body.iter().any(|statement| cancels(statement, object)),
        _ => false,
    }
}

/// Whether a test asks for the state of an object: `task`, `not task.done()`, `task is not None`.
fn speaks_of(test: &Expr, object: &Expr) -> bool {
    is_same(test, object)
        || match test {
            Expr::UnaryOp(not) => speaks_of(&not.operand, object),
            Expr::BoolOp(tests) => tests.values.iter().all(|test| speaks_of(test, object)),
            Expr::Compare(test) => is_same(&test.left, object),
            Expr::Call(call) => call.func.as_attribute_expr().is_some_and(|method| is_same(&method.value, object)),
            _ => false,
        }
}

/// Whether a statement gives an object another value, on some way.
fn binds(statement: &Stmt, object: &Expr) -> bool {
    struct Binds<'e>(&'e Expr, bool);
    impl<'a> Visitor<'a> for Binds<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            let is_bound = match expression {
                Expr::Name(name) => !name.ctx.is_load(),
                Expr::Attribute(attribute) => !attribute.ctx.is_load(),
                _ => false,
            };
            self.1 |= is_bound && is_same(expression, self.0);
            walk_expr(self, expression);
        }
    }
    let mut binds = Binds(object, false);
    binds.visit_stmt(statement);
    binds.1
}

/// What a method is called on.
fn receiver(call: &ExprCall) -> &Expr {
    call.func.as_attribute_expr().map_or(&call.func, |method| &method.value)
}

/// Whether a method is called on a queue that is never full: all that this module binds to its name are
/// queues that are made without a size.
fn has_unbounded_queue(module: &Module<'_>, call: &ExprCall) -> bool {
    let is_queue = |call: &ExprCall| call.arguments.is_empty() && last_name(&call.func).is_some_and(|name| name.ends_with("Queue"));
    call.func.is_attribute_expr() && is_always_made(module, receiver(call), &is_queue)
}

/// Whether all that a module binds to the name of an object is made by such calls.
pub(super) fn is_always_made(module: &Module<'_>, object: &Expr, is_it: &dyn Fn(&ExprCall) -> bool) -> bool {
    let Some(name) = last_name(object) else { return false };
    let mut makers = Makers { name, is_it, all: 0, found: 0 };
    makers.visit_body(module.body());
    makers.all > 0 && makers.all == makers.found
}

/// Counts the values that are bound to names and attributes of a name, and those of them that pass the test.
struct Makers<'n> {
    name: &'n Name,
    is_it: &'n dyn Fn(&ExprCall) -> bool,
    all: usize,
    found: usize,
}

impl<'a> Visitor<'a> for Makers<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let (targets, value) = match statement {
            Stmt::Assign(assignment) => (&*assignment.targets, Some(&*assignment.value)),
            Stmt::AnnAssign(assignment) => (std::slice::from_ref(&*assignment.target), assignment.value.as_deref()),
            _ => (&[][..], None),
        };
        if let Some(value) = value
            && targets.iter().any(|target| last_name(target) == Some(self.name))
        {
            self.all += 1;
            self.found += usize::from(value.as_call_expr().is_some_and(self.is_it));
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}
