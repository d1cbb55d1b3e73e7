//! Which functions and calls of the program hear their own failures: `hears` judges a body, and this
//! module leads it through the calls in there.

use std::sync::Arc;

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{self as ast, Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::birth::{Finder, return_exceptions};
use super::body::{Scope, last_name};
use super::exceptions::{Hierarchy, Taken};
use super::hears::{Way, hearing};
use super::models::{Callbacks, Effect, FunctionModel};
use super::origin::{DEEPEST_ORIGIN, only_source, only_value, returns, work_callee, wrapped};
use super::{Hearing, Kind};
use crate::resolve::{Callee, Module};

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

/// Who hears the failures of which function, by the place of the function and by what was asked: what is said of one
/// does not depend on who asked first.
pub(super) type KnownHearings = FxHashMap<(Arc<Utf8Path>, TextRange, usize, Taken), Hearing>;

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// Whether what a helper spawns in its own `return` statement hears itself.
    pub(super) fn spawned_hearing(&self, spawner: &Callee<'db>) -> Option<Hearing> {
        spawner.with_body(self.db, |module, function| {
            let results = returns(&function.body);
            let hearings = results.iter().map(|result| {
                let source = result.map(|result| match only_source(&function.body, result) {
                    Expr::Name(name) => only_value(&function.body, &name.id).unwrap_or(result),
                    source => source,
                });
                let Some(Expr::Call(call)) = source else { return Hearing::Deaf };
                let work = call.arguments.args.iter().find_map(|argument| work_callee(module, argument, Some(function)));
                work.map_or(Hearing::Deaf, |work| self.hearing(&work))
            });
            (!results.is_empty()).then(|| Hearing::of_all(hearings))
        })?
    }

    /// Whether the coroutine of `call` hears itself. A function of this module is looked at as it is
    /// written, since behind a decorator the resolver may see another one.
    pub(super) fn hearing_of_call(&self, call: &ExprCall, scope: &Scope<'a>) -> Hearing {
        match self.plain_function(call, scope) {
            Some(function) => self.hearing_of_function(self.flow.module, function, Asked::ALONE),
            None => self.hearing_of_choice(&call.func).or_else(|| self.hearing_as_written(call)).unwrap_or(Hearing::Deaf),
        }
    }

    /// Whether the function that a call goes to hears itself, as it is written: behind a decorator without types, the
    /// engine does not see it.
    pub(super) fn hearing_as_written(&self, call: &ExprCall) -> Option<Hearing> {
        self.flow.module.with_written(call, |module, function| self.hearing_of_function(module, function, Asked::ALONE))
    }

    /// Whether each function that an expression may stand for hears itself, where they are known.
    pub(super) fn hearing_of_choice(&self, function: &Expr) -> Option<Hearing> {
        let callees = self.flow.module.targets(function)?;
        Some(Hearing::of_all(callees.iter().map(|callee| self.hearing(callee))))
    }

    /// Whether the function that runs hears itself; one without a body is taken to be deaf.
    pub(super) fn hearing(&self, callee: &Callee<'db>) -> Hearing {
        self.hearing_within(callee, Asked::ALONE)
    }

    fn hearing_within(&self, callee: &Callee<'db>, asked: Asked<'_>) -> Hearing {
        let Some(asked) = asked.below() else { return Hearing::Deaf };
        if callee.name.as_deref().and_then(|name| self.flow.models.function(name)).is_some_and(|model| model.never_fails) {
            return Hearing::Never;
        }
        callee.with_body(self.db, |module, function| self.hearing_of_function(module, function, asked)).unwrap_or(Hearing::Deaf)
    }

    /// Whether a function hears itself, as it is known or as its body tells.
    fn hearing_of_function(&self, module: &Module<'db>, function: &StmtFunctionDef, asked: Asked<'_>) -> Hearing {
        let question = (Arc::clone(module.path()), function.range(), asked.depth, asked.taken.clone());
        if let Some(known) = self.known_hearings.borrow().get(&question) {
            return *known;
        }
        let hears = self.hearing_by_body(module, function, asked);
        self.known_hearings.borrow_mut().insert(question, hears);
        hears
    }

    fn hearing_by_body(&self, module: &Module<'db>, function: &StmtFunctionDef, asked: Asked<'_>) -> Hearing {
        let hears = |decorator| self.flow.model_of_decorator(module, decorator).is_some_and(|model| model.hears);
        if function.decorator_list.iter().any(hears) {
            return Hearing::Itself;
        }
        // What calls itself again adds nothing to what it does.
        let is_again = |call: &ExprCall| {
            let is_it = |found: &Module, callee: &StmtFunctionDef| found.path() == module.path() && callee.range() == function.range();
            last_name(&call.func).is_some_and(|name| *name == function.name.id)
                && module.callee(call).and_then(|callee| callee.with_body(self.db, is_it)).unwrap_or(false)
        };
        let called = |call: &ExprCall, way, taken: &Taken| {
            if is_again(call) { Hearing::Never } else { self.hearing_of_inner_call(module, call, way, Asked { taken, ..asked }) }
        };
        // What the callers take is told by their files.
        let hierarchy = Hierarchy { file: None, ..self.hierarchy() };
        hearing(function, module, hierarchy, asked.taken, &called)
    }

    /// Whether a call in the body of a function hears itself.
    pub(super) fn hearing_of_inner_call(&self, module: &Module<'db>, call: &ExprCall, way: Way, asked: Asked<'_>) -> Hearing {
        let callee = module.callee(call);
        match callee.as_ref().and_then(|callee| callee.name.as_deref()) {
            Some("asyncio.queues.Queue.put_nowait") if has_unbounded_queue(module, call) => return Hearing::Never,
            Some("asyncio.queues.Queue.get_nowait") if says_before(module, call, "", ".empty()") => return Hearing::Small,
            Some("asyncio.locks.Condition.notify" | "asyncio.locks.Condition.notify_all")
                if says_before(module, call, "async with ", "") =>
            {
                return Hearing::Never;
            }
            _ => {}
        }
        if let Some(model) = self.flow.model_of(module, call, callee.as_ref()) {
            // What it calls back is not looked at.
            let calls_back = model.callback_name.as_deref().is_some_and(|name| call.arguments.find_keyword(name).is_some());
            if model.never_fails {
                return Hearing::Never;
            }
            if let Some(hearing) = self.hearing_by_model(module, call, way, model, asked) {
                return hearing;
            }
            if model.harmless && !calls_back {
                return Hearing::Small;
            }
        }
        let Some(callee) = callee else {
            let Some(asked) = asked.below() else { return Hearing::Deaf };
            let as_written = |module: &Module<'db>, function: &StmtFunctionDef| match way {
                Way::Called if function.is_async => Hearing::Never,
                _ => self.hearing_of_function(module, function, asked),
            };
            return module.with_written(call, as_written).unwrap_or(Hearing::Deaf);
        };
        if let Some(hearing) = callee.with_class(self.db, |module, class| self.hearing_of_construction(module, class, asked)) {
            return hearing;
        }
        // Of a coroutine function, nothing has run yet.
        if way == Way::Called && callee.with_body(self.db, |_, function| function.is_async) == Some(true) {
            return Hearing::Never;
        }
        self.hearing_within(&callee, asked)
    }

    /// Whether to make an object of a class hears itself.
    fn hearing_of_construction(&self, module: &Module<'db>, class: &StmtClassDef, asked: Asked<'_>) -> Hearing {
        let mut methods = class.body.iter().filter_map(Stmt::as_function_def_stmt);
        let makers = ["__init__", "__new__", "__post_init__", "__init_subclass__"];
        match methods.find(|method| makers.contains(&method.name.as_str())) {
            Some(initializer) if initializer.name.as_str() == "__init__" => match asked.below() {
                Some(asked) => self.hearing_of_function(module, initializer, asked),
                None => Hearing::Deaf,
            },
            None if class.bases().is_empty() => Hearing::Never,
            _ => Hearing::Deaf,
        }
    }

    /// What is known of a call by the model of what it goes to: to start work or to look at a value does
    /// not fail, nor does it to wait for tasks without asking for their outcomes. Who awaits
    /// work hears what the work does not hear.
    fn hearing_by_model(
        &self,
        module: &Module<'db>,
        call: &ExprCall,
        way: Way,
        model: &FunctionModel,
        asked: Asked<'_>,
    ) -> Option<Hearing> {
        let starts = matches!(model.gives, Some(Kind::Task | Kind::Future | Kind::Gather | Kind::ThreadFuture));
        let calls_later = matches!(model.callbacks, Some(Callbacks::DropResult));
        let looks = matches!(model.arguments, Some(Effect::Examine | Effect::Log | Effect::WaitFor));
        match way {
            Way::Called => (starts || calls_later || looks).then_some(Hearing::Never),
            Way::Awaited if looks || (model.gives == Some(Kind::Gather) && return_exceptions(call) == Some(true)) => Some(Hearing::Never),
            Way::Awaited if model.callbacks == Some(Callbacks::Outcome) => {
                let function =
                    call.arguments.find_argument_value(model.callback_name.as_deref().unwrap_or_default(), model.callback_place?)?;
                Some(self.hearing_within(&module.target(function)?, asked))
            }
            Way::Awaited if starts => Some(Hearing::of_all(wrapped(call).map(|work| self.hearing_of_awaited(module, work, asked)))),
            Way::Awaited => None,
        }
    }

    /// Whether all the awaitables of an argument that is awaited hear themselves.
    fn hearing_of_awaited(&self, module: &Module<'db>, argument: &Expr, asked: Asked<'_>) -> Hearing {
        match argument {
            Expr::Call(work) => self.hearing_of_inner_call(module, work, Way::Awaited, asked),
            Expr::Starred(starred) => self.hearing_of_awaited(module, &starred.value, asked),
            Expr::Generator(ast::ExprGenerator { elt, .. }) | Expr::ListComp(ast::ExprListComp { elt, .. }) => {
                self.hearing_of_awaited(module, elt, asked)
            }
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                Hearing::of_all(elts.iter().map(|element| self.hearing_of_awaited(module, element, asked)))
            }
            Expr::Name(name) => {
                let Some(asked) = asked.below() else { return Hearing::Deaf };
                // A list that is filled later may have anything in it.
                let hears = |home: &Module<'db>, value: &Expr| match value {
                    Expr::List(list) if list.is_empty() => Hearing::Deaf,
                    value => self.hearing_of_awaited(home, value, asked),
                };
                module.with_value(name, hears).unwrap_or(Hearing::Deaf)
            }
            _ => Hearing::Deaf,
        }
    }
}

/// Whether the function around speaks, before a method is called, of what it is called on, with this before it and
/// that behind: whether a queue is empty, or that a lock is held.
fn says_before(module: &Module<'_>, call: &ExprCall, prefix: &str, suffix: &str) -> bool {
    let Some(method) = call.func.as_attribute_expr() else { return false };
    let before = &module.text()[TextRange::up_to(call.start())];
    let function = before.rfind("def ").map_or(before, |start| &before[start..]);
    function.contains(&format!("{prefix}{}{suffix}", &module.text()[method.value.range()]))
}

/// Whether a method is called on a queue that is never full: all that this module binds to its name are
/// queues that are made without a size.
fn has_unbounded_queue(module: &Module<'_>, call: &ExprCall) -> bool {
    let Some(name) = call.func.as_attribute_expr().and_then(|method| last_name(&method.value)) else { return false };
    let mut makers = Makers { name, all: 0, unbounded: 0 };
    makers.visit_body(module.body());
    makers.all > 0 && makers.all == makers.unbounded
}

/// Counts the values that are bound to names and attributes of a name, and the unbounded queues among them.
struct Makers<'n> {
    name: &'n Name,
    all: usize,
    unbounded: usize,
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
            let is_queue = |call: &ExprCall| call.arguments.is_empty() && last_name(&call.func).is_some_and(|name| name.ends_with("Queue"));
            self.all += 1;
            self.unbounded += usize::from(value.as_call_expr().is_some_and(is_queue));
        }
        walk_stmt(self, statement);
    }
}
