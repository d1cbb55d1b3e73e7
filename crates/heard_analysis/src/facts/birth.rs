//! Births: the calls whose value is awaitable, each with its fate.
//!
//! What the light table cannot answer is asked of the engine, and only about calls whose value can
//! be lost at all.

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use super::body::{CallSite, FrameKind, Local, Scope, Use, last_name, walk};
use super::flow::{Flow, Verdict};
use super::hears::hears_itself;
use super::models::Models;
use super::names::{Names, is_plain_coroutine_function, only_function, own_method};
use super::outcomes::Work;
use super::{AwaitEdit, Birth, Fate, How, Kind, Operation, Reason};
use crate::engine::{Answer, Callee, Module};
use crate::program::Database;

/// What is known of the whole program before any body is looked at.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The last names of functions and methods whose call may give an awaitable.
    functions: FxHashSet<Name>,
    /// The last names of what may hold such a function.
    holders: FxHashSet<Name>,
}

impl Index {
    /// Puts the tables of all files together. `others` are names from code outside the project.
    pub(crate) fn new(tables: &[Names], others: FxHashSet<Name>) -> Self {
        let mut index = Index { functions: others, holders: FxHashSet::default() };
        index.functions.extend(tables.iter().flat_map(|table| table.functions.iter().cloned()));
        index.holders.extend(tables.iter().flat_map(|table| table.holders.iter().cloned()));
        // What holds or returns what an awaitable function gives is as awaitable, and so on.
        loop {
            let before = index.holders.len();
            for (holder, sources) in tables.iter().flat_map(|table| &table.returned) {
                if sources.iter().any(|source| index.may_be_awaitable(source)) {
                    index.holders.insert(holder.clone());
                }
            }
            if index.holders.len() == before {
                return index;
            }
        }
    }

    fn may_be_awaitable(&self, name: &str) -> bool {
        self.functions.contains(name) || self.holders.contains(name) || Models::get().gives_by_last_name(name)
    }
}

/// The births in `module` whose value may be lost; with `all`, every birth whose fate is not plain.
pub(crate) fn births<'db>(db: &'db Database, module: &Module<'db>, index: &Index, all: bool) -> Vec<Birth> {
    let body = walk(module.body());
    let finder = Finder { db, flow: Flow { module, body: &body, models: Models::get() } };
    let mut births = Vec::new();
    for site in &body.calls {
        let is_gather = last_name(&site.call.func).is_some_and(|name| name == "gather");
        if finder.may_be_awaitable(site, index)
            && (all || finder.flow.can_be_lost(is_gather, &site.how, &site.place))
            && !is_settled(&site.how)
            && let Some(birth) = finder.birth(site)
        {
            births.push(birth);
        }
    }
    births
}

/// Whether it is plain that the value goes to somebody who is responsible for it.
fn is_settled(how: &Use) -> bool {
    matches!(how, Use::Returned | Use::Entered)
}

/// Functions that return what other functions return are followed this deep.
const DEEPEST_RETURN: usize = 4;

pub(super) struct Finder<'m, 'db, 'a> {
    pub(super) db: &'db Database,
    pub(super) flow: Flow<'m, 'db, 'a>,
}

/// What a call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// An awaitable that is the caller's to read.
    Fresh(Kind),
    /// An awaitable that may have, or has, another owner.
    Owned(Kind, Owner),
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
    fn birth(&self, site: &CallSite<'a>) -> Option<Birth> {
        let (kind, owner) = match self.given(self.flow.module, site.call, Some(&site.scope), DEEPEST_RETURN) {
            Given::Fresh(kind) => (kind, None),
            Given::Owned(kind, owner) => (kind, Some(owner)),
            Given::Nothing => return None,
        };
        let followed = if kind == Kind::Gather && !returns_exceptions(site.call) { Kind::Future } else { kind };
        let Verdict { kind: end, fate } = self.flow.verdict(followed, &site.how, &site.place);
        let is_outcomes = end == Kind::Outcome;
        let mut birth = Birth {
            kind: if is_outcomes { Kind::Outcomes } else { kind },
            span: self.flow.module.span(site.call.range()),
            callee: self.text(site.call.func.range()),
            work: None,
            in_async: site.scope.is_async,
            symbol: site.scope.symbol.clone(),
            statement: self.text(site.statement),
            hears_itself: false,
            is_cleanup: false,
            awaitable_in_place: self.await_edit(site, kind),
            fate,
            lost_at: None,
        };
        if let (Fate::Lost(_), Some(owner)) = (&birth.fate, owner) {
            birth.fate = match owner {
                Owner::Certain => Fate::Consumed(How::Owned),
                Owner::Possible => Fate::Unknown(Reason::Spawner),
            };
        }
        if matches!(birth.fate, Fate::Lost(_)) {
            if is_outcomes {
                match self.gathered_work(site) {
                    Work::Fresh { hears_itself, is_cleanup } => (birth.hears_itself, birth.is_cleanup) = (hears_itself, is_cleanup),
                    Work::ReadElsewhere => birth.fate = Fate::Consumed(How::Owned),
                    Work::Unknown => birth.fate = Fate::Unknown(Reason::Work),
                }
            } else if kind != Kind::Coroutine {
                self.describe_work(site, &mut birth);
            }
        }
        if let Fate::Lost(loss) = &birth.fate {
            birth.lost_at = loss.place().map(|place| self.flow.module.span(place));
        }
        Some(birth)
    }

    /// Whether a call may give an awaitable, as far as names tell.
    fn may_be_awaitable(&self, site: &CallSite<'a>, index: &Index) -> bool {
        match &*site.call.func {
            Expr::Name(name) => {
                let body = self.flow.body;
                let is_parameter = body.binding_frame(site.scope.frame, &name.id).is_some_and(|frame| {
                    let local = Local { frame, name: name.id.clone() };
                    body.frames[frame].kind == FrameKind::Function && body.variables.get(&local).is_some_and(|variable| variable.is_parameter)
                });
                if is_parameter { index.holders.contains(&name.id) } else { index.may_be_awaitable(&name.id) }
            }
            Expr::Attribute(attribute) => {
                let is_logger = last_name(&attribute.value).is_some_and(|name| name.to_lowercase().ends_with("logger"));
                !is_logger && !attribute.value.is_literal_expr() && index.may_be_awaitable(&attribute.attr)
            }
            // What has no name, like `handlers[event]()`, may be anything.
            _ => true,
        }
    }

    /// What `call` gives, and whether that is the caller's alone.
    pub(super) fn given(&self, module: &Module<'db>, call: &ExprCall, scope: Option<&Scope<'a>>, depth: usize) -> Given {
        if let Some(scope) = scope
            && self.plain_function(call, scope).is_some_and(is_plain_coroutine_function)
        {
            return Given::Fresh(Kind::Coroutine);
        }
        let models = self.flow.models;
        let callee = module.callee(call);
        let model = callee.as_ref().and_then(|callee| models.function(callee.name.as_deref()?));
        if let Some(model) = model {
            if model.owned {
                return Given::Owned(Kind::Task, Owner::Certain);
            }
            if let Some(kind) = model.gives {
                return Given::Fresh(kind);
            }
        }
        let kind = match module.sort_of(call, &|class| models.kind_of_class(class)) {
            Answer::All(kind) => kind,
            Answer::Unknown => return self.given_by_body(callee.as_ref(), depth).unwrap_or_else(|| loop_method(call)),
            Answer::Mixed | Answer::Other => return Given::Nothing,
        };
        match kind {
            Kind::Coroutine | Kind::AsyncGenerator => Given::Fresh(kind),
            // A class is its own spawner, and so may be a helper, as its body tells.
            _ => self.given_by_body(callee.as_ref(), depth).unwrap_or(Given::Owned(kind, Owner::Possible)),
        }
    }

    /// What a function gives, as its body tells: the same from each of its `return` statements.
    fn given_by_body(&self, callee: Option<&Callee<'db>>, depth: usize) -> Option<Given> {
        let depth = depth.checked_sub(1)?;
        callee?.with_body(self.db, |module, function| {
            if function.is_async {
                return None;
            }
            let mut given = None;
            for result in returns(&function.body) {
                let Some(Expr::Call(call)) = result else { return None };
                let next = self.given(module, call, None, depth);
                if given.is_some_and(|given| given != next) {
                    return None;
                }
                given = Some(next);
            }
            given
        })?
    }

    /// The function of this module, or the method of the class around, that `call` plainly goes to.
    fn plain_function(&self, call: &ExprCall, scope: &Scope<'a>) -> Option<&StmtFunctionDef> {
        match &*call.func {
            Expr::Name(name) => {
                let module_frame = 0;
                let binding = self.flow.body.binding_frame(scope.frame, &name.id)?;
                if binding != module_frame { None } else { only_function(self.flow.module.body(), &name.id) }
            }
            Expr::Attribute(attribute) => {
                let Expr::Name(receiver) = &*attribute.value else { return None };
                let first = scope.function?.parameters.iter().next()?;
                let is_self = first.name().id == receiver.id && matches!(receiver.id.as_str(), "self" | "cls");
                if is_self { own_method(scope.class?, &attribute.attr) } else { None }
            }
            _ => None,
        }
    }

    /// Tells what runs in a task or an executor, and whether it hears itself.
    fn describe_work(&self, site: &CallSite<'a>, birth: &mut Birth) {
        let module = self.flow.module;
        let argument = site.call.arguments.args.iter().find(|argument| !argument.is_literal_expr());
        birth.work = argument.map(|argument| self.text(argument.range()));
        birth.hears_itself = match argument.and_then(|argument| self.work_callee(module, argument, site.scope.function)) {
            Some(work) if self.hears_itself(&work) => true,
            _ => module.callee(site.call).and_then(|spawner| self.spawned_hears_itself(&spawner)).unwrap_or(false),
        };
    }

    /// What runs where `argument` is given to a spawner: the coroutine function of `work()` or of a
    /// name that holds it, or the function itself.
    fn work_callee(&self, module: &Module<'db>, argument: &Expr, function: Option<&StmtFunctionDef>) -> Option<Callee<'db>> {
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

    /// Whether what a helper spawns in its own `return` statement hears itself.
    fn spawned_hears_itself(&self, spawner: &Callee<'db>) -> Option<bool> {
        spawner.with_body(self.db, |module, function| {
            let results = returns(&function.body);
            !results.is_empty()
                && results.iter().all(|result| {
                    let Some(Expr::Call(call)) = result else { return false };
                    let work = call.arguments.args.iter().find_map(|argument| self.work_callee(module, argument, Some(function)));
                    work.is_some_and(|work| self.hears_itself(&work))
                })
        })
    }

    pub(super) fn hears_itself(&self, callee: &Callee<'db>) -> bool {
        callee.with_body(self.db, |_, function| hears_itself(function)).unwrap_or(false)
    }

    /// How `await` can be put before a call, where it may stand there.
    fn await_edit(&self, site: &CallSite<'a>, kind: Kind) -> Option<AwaitEdit> {
        if kind != Kind::Coroutine || !site.scope.is_async || site.in_comprehension {
            return None;
        }
        let brackets = match &site.how {
            Use::Dropped | Use::Bound(_) | Use::Formatted(..) | Use::Argument { .. } => false,
            Use::Operand(operation, _) => *operation == Operation::Call,
            Use::Receiver { .. } | Use::Subscripted(_) => true,
            _ => return None,
        };
        Some(AwaitEdit { call: self.flow.module.span(site.call.range()), brackets })
    }

    /// The source text, white space folded.
    fn text(&self, range: TextRange) -> String {
        self.flow.module.text()[range].split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// `loop.create_task(…)` and its like on an object of unknown type that is called a loop.
fn loop_method(call: &ExprCall) -> Given {
    let Expr::Attribute(attribute) = &*call.func else { return Given::Nothing };
    let receiver = match &*attribute.value {
        Expr::Call(call) => last_name(&call.func),
        receiver => last_name(receiver),
    };
    let is_loop = receiver.is_some_and(|name| {
        matches!(name.as_str(), "loop" | "_loop" | "event_loop" | "_event_loop" | "get_event_loop" | "get_running_loop")
    });
    match attribute.attr.as_str() {
        "create_task" if is_loop => Given::Fresh(Kind::Task),
        "run_in_executor" if is_loop => Given::Fresh(Kind::Future),
        _ => Given::Nothing,
    }
}

/// Whether a call of `gather` says `return_exceptions=True`.
fn returns_exceptions(call: &ExprCall) -> bool {
    call.arguments.find_keyword("return_exceptions").is_some_and(|keyword| matches!(&keyword.value, Expr::BooleanLiteral(value) if value.value))
}

/// The value of `name` where one statement of `body` assigns to it.
fn only_value<'b>(body: &'b [Stmt], name: &str) -> Option<&'b Expr> {
    let mut values = body.iter().filter_map(|statement| match statement {
        Stmt::Assign(assignment) if assignment.targets.iter().any(|target| matches!(target, Expr::Name(bound) if bound.id == *name)) => {
            Some(&*assignment.value)
        }
        _ => None,
    });
    values.next().filter(|_| values.next().is_none())
}

/// The values of the `return` statements of a body, those of functions in it left out.
fn returns(body: &[Stmt]) -> Vec<Option<&Expr>> {
    use ruff_python_ast::visitor::{Visitor, walk_stmt};

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
