//! Done callbacks that read the outcome of what is done.

use ruff_python_ast::name::Name;
use ruff_python_ast::{BoolOp, ExceptHandler, Expr, ExprCall, ParameterWithDefault, Parameters, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::attributes::is_never_read;
use super::birth::Finder;
use super::body::{Block, CallSite, Load, Local, Use, Variable, is_static, last_name};
use super::callbacks::partial_function;
use super::continuation::raises_next;
use super::exceptions::{ExceptionSet, THREAD_CANCELLATION};
use super::hears::is_transparent;
use super::index::Index;
use super::naming::only_tells;
use super::origin::{DEEPEST_ORIGIN, Given};
use super::{Kind, Site};
use crate::finding::Span;
use crate::resolve::Answer;

/// A place where a done callback reads the outcome of what it is given, as `exception` or `result`.
#[derive(Debug)]
pub(crate) struct OutcomeCallback {
    pub(crate) site: Site,
    /// What is done.
    pub(crate) kind: Kind,
    /// The name that the callback has for it.
    pub(crate) name: String,
    /// The method that reads.
    pub(crate) method: String,
    /// How what is done must have ended for it to raise here.
    pub(crate) raises: Option<RaisesOn>,
    /// The handler around that takes failures and lets the cancellation pass.
    pub(crate) passed: Option<Span>,
    /// Whether it takes the failure, does nothing with it, and nobody else reads it.
    pub(crate) mutes: bool,
    /// Whether nothing is left to do in the callback behind it, and nobody in the module cancels anything.
    pub(crate) is_last: bool,
    /// How it can be asked first whether what is done was cancelled.
    pub(crate) guard: Option<Guard>,
}

/// After which ends of what is done a place that reads its outcome raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RaisesOn {
    /// It was cancelled.
    Cancellation,
    /// It was cancelled or has failed: it is asked for its result, and nothing around takes failures.
    Failure,
}

/// Where a question goes, so that an outcome is read only of what was not cancelled.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    /// In front of the test of an `if` without another branch, in brackets or not.
    Test { test: Span, brackets: bool },
    /// Around the call, which gives nothing then, as it does where there is no failure.
    Value { call: Span, brackets: bool },
}

/// A function of this module that is called when something is done.
struct DoneCallback {
    /// Its body.
    body: TextRange,
    /// The parameter that it gets what is done as.
    parameter: Local,
    kind: Kind,
    /// Whether nobody else reads what is done, at one of the places that give it the callback.
    is_only_reader: bool,
    /// Whether nobody gets what is done, so that nobody can cancel it.
    is_internal: bool,
}

/// Whether the last thing that a body does is what stands at this place, clean-up and handlers left out, and what it
/// gives is at most told.
fn ends_with(body: &[Stmt], place: TextRange) -> bool {
    match body.last() {
        Some(last) if !last.range().contains_range(place) => false,
        Some(Stmt::Try(statement)) if statement.orelse.is_empty() => ends_with(&statement.body, place),
        Some(Stmt::Expr(statement)) => is_all(&statement.value, place),
        _ => false,
    }
}

/// Whether an expression is what stands at this place, or tells of it.
fn is_all(expression: &Expr, place: TextRange) -> bool {
    expression.range() == place || expression.as_call_expr().is_some_and(only_tells)
}

/// A call that reads an outcome.
#[derive(Clone, Copy)]
struct Read<'r, 'a> {
    method: &'a str,
    site: &'r CallSite<'a>,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The places in this module where a done callback reads an outcome and raises or mutes.
    pub(super) fn outcome_callbacks(&self, index: &Index) -> Vec<OutcomeCallback> {
        let mut found = Vec::new();
        for callback in self.done_callbacks(index) {
            let mut reads = self.reads(&callback.parameter);
            reads.sort_by_key(|read| read.site.call.start());
            let raising = reads.iter().find(|read| !callback.is_internal && !self.is_guarded(read, callback.kind));
            let muting = reads.iter().find(|read| callback.is_only_reader && self.drops_failure(read, &callback));
            let mut places: Vec<&Read> = raising.into_iter().chain(muting).collect();
            places.dedup_by_key(|read| read.site.call.start());
            let is_at = |one: Option<&Read>, read: &Read| one.is_some_and(|one| one.site.call.start() == read.site.call.start());
            found.extend(places.into_iter().map(|read| OutcomeCallback {
                site: self.site(read.site.call.range(), &read.site.around),
                kind: callback.kind,
                name: callback.parameter.name.to_string(),
                method: read.method.to_owned(),
                raises: is_at(raising, read).then(|| raises_on(read)),
                passed: passed_handler(read.site).map(|kind| self.flow.module.span(kind.range())),
                mutes: is_at(muting, read),
                is_last: self.is_last(read, &callback),
                guard: self.guard(read, &callback),
            }));
        }
        found
    }

    /// Whether nothing stands behind a place that reads, and nobody in the module cancels: then only the end of the loop
    /// makes it raise, and nothing is left undone.
    fn is_last(&self, read: &Read<'_, 'a>, callback: &DoneCallback) -> bool {
        let cancels = |site: &CallSite<'a>| last_name(&site.call.func).is_some_and(|name| name == "cancel");
        let range = read.site.call.range();
        let is_end = match read.site.around.scope.function {
            Some(function) if callback.body.contains_range(body_range(function)) => ends_with(&function.body, range),
            _ => self
                .flow
                .body
                .calls
                .iter()
                .filter(|site| site.call.range() == callback.body)
                .any(|site| range == site.call.range() || only_tells(site.call)),
        };
        is_end && !self.flow.body.calls.iter().any(cancels)
    }

    /// The guard for a place that reads the outcome of the parameter itself.
    fn guard(&self, read: &Read<'_, 'a>, callback: &DoneCallback) -> Option<Guard> {
        let Expr::Attribute(method) = &*read.site.call.func else { return None };
        method.value.as_name_expr().filter(|name| name.id == callback.parameter.name)?;
        let range = read.site.call.range();
        let conditions = self.flow.body.statements.iter().filter_map(|site| site.statement.as_if_stmt());
        let mut inside =
            conditions.filter(|condition| condition.test.range().contains_range(range) && callback.body.contains_range(condition.range()));
        if let Some(condition) = inside.next_back() {
            if !condition.elif_else_clauses.is_empty() {
                return None;
            }
            let is_loose = |test: &Expr| match test {
                Expr::BoolOp(test) => test.op == BoolOp::Or,
                Expr::If(_) | Expr::Lambda(_) | Expr::Named(_) => true,
                _ => false,
            };
            let test = self.flow.module.span(condition.test.range());
            return Some(Guard::Test { test, brackets: is_loose(&condition.test) });
        }
        // The result of what was cancelled is not None.
        if read.method != "exception" {
            return None;
        }
        let is_whole_value = self.flow.body.statements.iter().any(|site| match site.statement {
            Stmt::Assign(statement) => statement.value.range() == range,
            Stmt::AnnAssign(statement) => statement.value.as_ref().is_some_and(|value| value.range() == range),
            _ => false,
        });
        Some(Guard::Value { call: self.flow.module.span(range), brackets: !is_whole_value })
    }

    /// The done callbacks of the module: those that it registers itself, and those whose name is
    /// registered somewhere and that say that they get a task or future.
    fn done_callbacks(&self, index: &Index) -> Vec<DoneCallback> {
        let mut found: Vec<DoneCallback> = Vec::new();
        for site in &self.flow.body.calls {
            let (Expr::Attribute(method), [callback, ..]) = (&*site.call.func, &*site.call.arguments.args) else { continue };
            if method.attr.as_str() != "add_done_callback" {
                continue;
            }
            if last_name(callback).is_some_and(|name| self.is_taken_back(name)) {
                continue;
            }
            let Some((body, parameter)) = self.callback(callback, 0, DEEPEST_ORIGIN) else { continue };
            let Some(kind) = self.kind_of_done(site.call) else { continue };
            let is_only_reader = !self.flow.hears_what_is_done(callback) && self.is_read_nowhere_else(&method.value, site);
            let is_internal = kind != Kind::Task && self.is_left_behind(&method.value, site);
            match found.iter_mut().find(|known| known.body == body) {
                Some(known) => {
                    known.is_only_reader |= is_only_reader;
                    known.is_internal &= is_internal;
                }
                None => found.push(DoneCallback { body, parameter, kind, is_only_reader, is_internal }),
            }
        }
        for site in &self.flow.body.statements {
            let Stmt::FunctionDef(function) = site.statement else { continue };
            if index.is_done_callback(&function.name) && is_plain(function) && !self.is_taken_back(&function.name) {
                let named = self.annotated_done(function).filter(|named| found.iter().all(|known| known.body != named.body));
                found.extend(named);
            }
        }
        found
    }

    /// Whether the module takes a callback of this name away again, as one does before one cancels.
    fn is_taken_back(&self, name: &str) -> bool {
        self.flow.body.calls.iter().any(|site| {
            last_name(&site.call.func).is_some_and(|method| method == "remove_done_callback")
                && site.call.arguments.args.first().and_then(last_name).is_some_and(|removed| removed == name)
        })
    }

    /// Whether the function raises behind `site`, and so never returns the future of its own that
    /// `receiver` is.
    fn is_left_behind(&self, receiver: &Expr, site: &CallSite<'a>) -> bool {
        let scope = &site.around.scope;
        let (Expr::Name(name), Some(function)) = (receiver, scope.function) else { return false };
        let local = Local { frame: scope.frame, name: name.id.clone() };
        let stays = |load: &Load| matches!(load.how, Use::Returned | Use::Receiver { called: Some(_), .. });
        let is_own = |variable: &Variable| !variable.is_parameter && !variable.is_shared && variable.loads.iter().all(stays);
        self.flow.body.variables.get(&local).is_some_and(is_own) && raises_next(&function.body, site.around.statement)
    }

    /// What is done when `call` registers a callback for it.
    fn kind_of_done(&self, call: &ExprCall) -> Option<Kind> {
        let Expr::Attribute(method) = &*call.func else { return None };
        let Some(callee) = self.flow.module.callee(call) else {
            // Nothing but the name tells then whether it is a task.
            self.flow.model_of(self.flow.module, call, None)?;
            let receiver = method.value.as_call_expr().map_or(&method.value, |call| &call.func);
            let is_task = last_name(receiver).is_some_and(|name| name.contains("task"));
            return Some(if is_task { Kind::Task } else { Kind::Future });
        };
        let of_class = self.flow.models.kind_of_class(callee.name.as_deref()?.strip_suffix(".add_done_callback")?)?;
        // A task has the method from its base.
        match self.flow.module.sort_of(&*method.value, &|class| self.flow.models.kind_of_class(class)) {
            Answer::All(Kind::Task) => Some(Kind::Task),
            _ => Some(of_class),
        }
    }

    /// The body and the parameter of a function of this module that is called back, behind so many
    /// arguments that it has got already.
    fn callback(&self, expression: &'a Expr, bound: usize, depth: usize) -> Option<(TextRange, Local)> {
        let depth = depth.checked_sub(1)?;
        match expression {
            Expr::Lambda(lambda) => self.parameter(lambda.body.range(), lambda.parameters.as_deref()?, bound),
            Expr::Call(call) => {
                let arguments = &call.arguments.args;
                let function = partial_function(call).filter(|_| !arguments.iter().any(Expr::is_starred_expr))?;
                self.callback(function, bound + arguments.len() - 1, depth)
            }
            Expr::Name(_) | Expr::Attribute(_) => {
                let target = self.flow.module.target(expression)?;
                let (range, span) =
                    target.with_definition(self.db, |module, function| (function.range(), module.span(function.range())))?;
                let (function, is_method) = self.flow.body.statements.iter().find_map(|site| match site.statement {
                    Stmt::FunctionDef(function) if function.range() == range && self.flow.module.span(range) == span => {
                        Some((function, site.around.scope.class.is_some() && site.around.scope.function.is_none()))
                    }
                    _ => None,
                })?;
                let bound = bound + usize::from(is_method && !is_static(function));
                is_plain(function).then(|| self.parameter(body_range(function), &function.parameters, bound))?
            }
            _ => None,
        }
    }

    /// The body with the name of the parameter at this place.
    fn parameter(&self, body: TextRange, parameters: &Parameters, place: usize) -> Option<(TextRange, Local)> {
        let parameter = parameters.posonlyargs.iter().chain(&parameters.args).nth(place)?;
        Some((body, self.local_of(body, parameter)?))
    }

    fn local_of(&self, body: TextRange, parameter: &ParameterWithDefault) -> Option<Local> {
        let is_inside = |site: &&CallSite| body.contains_range(site.call.range());
        // Functions inside have later frames.
        let frame = self.flow.body.calls.iter().filter(is_inside).map(|site| site.around.scope.frame).min()?;
        Some(Local { frame, name: parameter.parameter.name.id.clone() })
    }

    /// The function as a done callback, where one parameter is annotated as a task or future and read.
    fn annotated_done(&self, function: &'a StmtFunctionDef) -> Option<DoneCallback> {
        let body = body_range(function);
        function.parameters.posonlyargs.iter().chain(&function.parameters.args).find_map(|parameter| {
            let annotation = parameter.parameter.annotation.as_deref()?;
            let named = annotation.as_subscript_expr().map_or(annotation, |subscript| &subscript.value);
            let text = self.text(named.range());
            if !["Task", "Future"].iter().any(|name| text.contains(name)) {
                return None;
            }
            let local = self.local_of(body, parameter)?;
            let Expr::Attribute(method) = &*self.reads(&local).first()?.site.call.func else { return None };
            match self.flow.module.sort_of(&*method.value, &|class| self.flow.models.kind_of_class(class)) {
                Answer::All(kind @ (Kind::Task | Kind::Future | Kind::ThreadFuture)) => {
                    Some(DoneCallback { body, parameter: local, kind, is_only_reader: false, is_internal: false })
                }
                _ => None,
            }
        })
    }

    /// The calls that read the outcome of what a callback is given.
    fn reads(&self, parameter: &Local) -> Vec<Read<'_, 'a>> {
        let Some(variable) = self.flow.body.variables.get(parameter).filter(|variable| !variable.is_rebound()) else {
            return Vec::new();
        };
        let read = |load: &Load<'a>| match &load.how {
            Use::Receiver { attribute, called: Some(call), .. } if !load.is_nested => {
                let method = ["exception", "result"].into_iter().find(|method| attribute.attr.as_str() == *method)?;
                let site = self.flow.body.site_of(call)?;
                Some(Read { method, site })
            }
            _ => None,
        };
        variable.loads.iter().filter_map(read).collect()
    }

    /// Whether a cancellation is asked for before, or caught.
    fn is_guarded(&self, read: &Read<'_, 'a>, kind: Kind) -> bool {
        let cancellation = if kind == Kind::ThreadFuture { THREAD_CANCELLATION } else { "CancelledError" };
        self.is_caught(&read.site.around, cancellation) || self.is_asked_before(read.site, &["cancelled"])
    }

    /// Whether a read takes the failure and drops it, and nothing else in the callback may look at it.
    fn drops_failure(&self, read: &Read<'_, 'a>, callback: &DoneCallback) -> bool {
        let Some(variable) = self.flow.body.variables.get(&callback.parameter) else { return false };
        let is_dropped = match &read.site.how {
            Use::Dropped | Use::LambdaResult(_) => true,
            Use::Bound(local, _) => self.flow.body.variables.get(local).is_some_and(|variable| variable.loads.is_empty()),
            _ => false,
        };
        let is_silent = if read.method == "exception" { is_dropped } else { is_dropped && is_swallowed(read.site) };
        is_silent && variable.loads.iter().all(|load| is_quiet_use(&load.how)) && is_only_read(variable, read)
    }

    /// Whether nothing but a callback can read the task or future that `receiver` is.
    fn is_read_nowhere_else(&self, receiver: &'a Expr, site: &CallSite<'a>) -> bool {
        let body = self.flow.body;
        let scope = &site.around.scope;
        let is_fresh = |value: &Expr| {
            let Expr::Call(call) = value else { return false };
            let given = self.given(self.flow.module, call, Some(scope), DEEPEST_ORIGIN);
            matches!(given, Given::Fresh(Kind::Task | Kind::Future | Kind::Gather | Kind::ThreadFuture))
        };
        match receiver {
            Expr::Name(name) => {
                let Some(frame) = body.binding_frame(scope.frame, &name.id) else { return false };
                let local = Local { frame, name: name.id.clone() };
                let (Some(variable), Some(value)) = (body.variables.get(&local), body.values.get(&local)) else { return false };
                !variable.is_shared && variable.loads.iter().all(|load| self.is_blind_use(load)) && is_fresh(value)
            }
            Expr::Attribute(attribute) => {
                let mut values =
                    self.assignments().filter(|(target, _)| holder(target) == Some(&attribute.attr.id)).map(|(_, value)| value);
                is_never_read(self.flow.module.body(), &attribute.attr, is_blind)
                    && values.all(|value| value.is_none_literal_expr() || is_fresh(value))
            }
            receiver => is_fresh(receiver),
        }
    }

    /// Whether a use of a task tells nothing of its failure: a blind method, or a place in an attribute
    /// that nothing reads.
    fn is_blind_use(&self, load: &Load<'a>) -> bool {
        let how = match &load.how {
            Use::Entry(how) | Use::Element(how) => how,
            how => how,
        };
        let holder = match how {
            Use::Receiver { attribute, called: Some(_), .. } => return is_blind(&attribute.attr),
            Use::Argument { call, .. } => match &*call.func {
                Expr::Attribute(method) if matches!(method.attr.as_str(), "add" | "append" | "discard" | "remove") => holder(&method.value),
                _ => None,
            },
            Use::Stored(_) => {
                let stores = |value: &Expr| value.is_name_expr() && value.range() == load.range;
                self.assignments().find(|(_, value)| stores(value)).and_then(|(target, _)| holder(target))
            }
            _ => None,
        };
        holder.is_some_and(|name| is_never_read(self.flow.module.body(), name, is_blind))
    }

    /// The plain assignments of the module.
    fn assignments(&self) -> impl Iterator<Item = (&'a Expr, &'a Expr)> {
        self.flow.body.statements.iter().filter_map(|site| assignment(site.statement))
    }
}

/// The target and the value of a plain assignment.
pub(super) fn assignment(statement: &Stmt) -> Option<(&Expr, &Expr)> {
    match statement {
        Stmt::Assign(assignment) => match &*assignment.targets {
            [target] => Some((target, &*assignment.value)),
            _ => None,
        },
        Stmt::AnnAssign(assignment) => Some((&*assignment.target, assignment.value.as_deref()?)),
        _ => None,
    }
}

/// The attribute in `self._tasks` or `self._tasks[key]`.
fn holder(target: &Expr) -> Option<&Name> {
    match target {
        Expr::Attribute(attribute) => Some(&attribute.attr.id),
        Expr::Subscript(subscript) => subscript.value.as_attribute_expr().map(|attribute| &attribute.attr.id),
        _ => None,
    }
}

/// Whether nothing else in the callback reads the outcome.
fn is_only_read(variable: &Variable, read: &Read) -> bool {
    variable.loads.iter().all(|load| match &load.how {
        Use::Receiver { attribute, called, .. } if matches!(attribute.attr.as_str(), "exception" | "result") => {
            called.is_some_and(|call| std::ptr::eq(call, read.site.call))
        }
        _ => true,
    })
}

/// Whether a method of a task tells nothing of its failure.
fn is_blind(method: &str) -> bool {
    matches!(method, "add_done_callback" | "cancel" | "done" | "cancelled" | "get_name" | "set_name")
}

/// Whether a use of what is done can tell nothing of its failure, or is the read itself.
fn is_quiet_use(how: &Use) -> bool {
    match how {
        Use::Receiver { attribute, called: Some(_), .. } => {
            matches!(attribute.attr.as_str(), "exception" | "result" | "cancelled" | "done" | "get_name")
        }
        Use::Argument { call, .. } => last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "discard" | "remove" | "pop")),
        Use::Glanced(_) => true,
        _ => false,
    }
}

/// What the handler around names that takes any failure but no cancellation.
fn passed_handler<'a>(site: &CallSite<'a>) -> Option<&'a Expr> {
    site.around.blocks().find_map(|block| match block {
        Block::Try(statement) => statement.handlers.iter().find_map(|handler| {
            let kind = handler.as_except_handler()?.type_.as_deref()?;
            ExceptionSet::of(Some(kind)).is_broad().then_some(kind)
        }),
        _ => None,
    })
}

fn raises_on(read: &Read<'_, '_>) -> RaisesOn {
    let lets_out = read.method == "result" && !read.site.around.blocks().any(takes_failures);
    if lets_out { RaisesOn::Failure } else { RaisesOn::Cancellation }
}

/// Whether a block keeps failures from getting out.
fn takes_failures(block: Block<'_>) -> bool {
    match block {
        Block::Try(statement) => {
            statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| ExceptionSet::of_handler(handler).is_broad())
        }
        Block::With(statement) => statement.items.iter().any(|item| ExceptionSet::of_suppress(item).is_some_and(|set| set.is_broad())),
        _ => false,
    }
}

/// Whether what is raised here is caught and dropped.
fn is_swallowed(site: &CallSite) -> bool {
    site.around.blocks().any(|block| match block {
        Block::Try(statement) => statement.handlers.iter().any(|handler| {
            let handler = handler.as_except_handler();
            handler.is_some_and(|handler| {
                let is_empty = handler.body.iter().all(|statement| match statement {
                    Stmt::Pass(_) => true,
                    Stmt::Return(result) => result.value.is_none(),
                    _ => false,
                });
                is_empty && ExceptionSet::of_handler(handler).is_broad()
            })
        }),
        Block::With(statement) => statement.items.iter().any(|item| ExceptionSet::of_suppress(item).is_some_and(|set| set.is_broad())),
        _ => false,
    })
}

/// Whether a function runs when it is called, as it is written.
fn is_plain(function: &StmtFunctionDef) -> bool {
    !function.is_async && function.decorator_list.iter().all(|decorator| is_transparent(&decorator.expression))
}

fn body_range(function: &StmtFunctionDef) -> TextRange {
    let start = function.body.first().map_or(function.end(), Ranged::start);
    TextRange::new(start, function.end())
}
