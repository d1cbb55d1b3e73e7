//! Calls: from what is given to a function to what its body does with it.

use std::sync::Arc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, ParameterWithDefault, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::super::body::{Local, Use, last_name};
use super::super::fate::Station;
use super::super::hears::is_transparent;
use super::super::names::is_stub;
use super::super::summary::{Argument, Entrance, Question, Treatment};
use super::super::{Fate, How, Kind, Loss, Reason};
use super::held::MODULE_FRAME;
use super::value::{Layer, Value};
use super::{Flow, Remark, Verdict, never_read};
use crate::resolve::{Answer, Callee, Module, yields};

/// A method that more classes define anew is not followed.
const MOST_OVERRIDES: usize = 8;

impl<'db, 'a> Flow<'_, 'db, 'a> {
    /// What becomes of an argument of a call that has no model.
    pub(super) fn handed(&self, value: Value, call: &'a ExprCall, place: usize, result: &Use<'a>) -> Verdict {
        let unknown = value.unknown(Reason::Argument);
        if !self.goes_beyond(value.kind) {
            return unknown;
        }
        if let Some(verdict) = self.put_in_container(value, call, place) {
            return verdict;
        }
        let Some(argument) = argument_at(call, place) else { return unknown };
        let Some(callee) = self.module.callee(call) else { return unknown };
        let value = value.on_arrival();
        let treatment = match callee.with_body(self.db, |module, function| {
            let argument = argument.clone().behind(usize::from(callee.is_bound));
            let is_open = callee.is_bound && !is_of_base(&call.func);
            self.received(value, module, function, &argument, is_open).map(|treatment| (treatment, function.is_async))
        }) {
            Some(treatment) => treatment,
            None => self.constructed(value, &callee, &argument.behind(1)).map(|treatment| (treatment, false)),
        };
        let Some((treatment, is_async)) = treatment else { return unknown };
        let verdict = self.end_of_handed(value, &treatment, call);
        if !treatment.is_returned {
            return verdict;
        }
        let after = if is_async { self.follow_in(value, Layer::Promise, result) } else { self.follow(value, result) };
        if !matches!((&verdict.fate, &after.fate), (Fate::Lost(_), Fate::Lost(_))) {
            return verdict.or(after);
        }
        // The call itself is told where it is lost with what it was given, if it gives an awaitable of its own.
        let is_told = is_async || last_name(&call.func).is_some_and(|name| self.index.may_be_awaitable(name));
        if is_told { unknown } else { after }
    }

    /// What becomes of a value that a call like `self._tasks.append(task)` puts in a container that lives on.
    fn put_in_container(&self, value: Value, call: &'a ExprCall, place: usize) -> Option<Verdict> {
        let Expr::Attribute(method) = &*call.func else { return None };
        let inside = grown(value, &method.attr, place, call.arguments.len())?;
        let is_global = |name: &Name, frame| self.body.binding_frame(frame, name) == Some(MODULE_FRAME);
        let frame = self.body.site_of(call)?.around.scope.frame;
        match &*method.value {
            Expr::Attribute(container) => {
                self.layer_of(container)?;
                let verdict = self.put_in_attribute(inside, container, frame);
                Some(if self.is_weak(&method.value) { self.kept_weakly(value, call, verdict, &container.attr.id) } else { verdict })
            }
            Expr::Name(container) if is_global(&container.id, frame) => {
                self.layer_of(container)?;
                Some(self.put_in_global(inside, &container.id))
            }
            _ => None,
        }
    }

    fn is_weak(&self, container: &Expr) -> bool {
        self.module.sort_of(container, &|class| self.models.is_weak_container(class)) == Answer::All(())
    }

    /// What a weak container is for: those who read it find what something else holds.
    fn kept_weakly(&self, value: Value, call: &ExprCall, verdict: Verdict, name: &Name) -> Verdict {
        let at = call.range();
        match verdict.fate {
            Fate::Lost(_) => value.ends(never_read(at)),
            _ if value.kind == Kind::Task && value.is_bare() && self.ends_at_once(call) => {
                value.ends(Fate::Lost(Loss::Unheld { at, registry: self.made_at(name) }))
            }
            _ => verdict,
        }
    }

    /// Where this module binds an attribute to what a call makes.
    fn made_at(&self, name: &Name) -> Option<TextRange> {
        let is_it = |target: &Expr| target.as_attribute_expr().is_some_and(|attribute| attribute.attr.id == *name);
        self.body.statements.iter().find_map(|site| match site.statement {
            Stmt::Assign(assignment) if assignment.targets.iter().any(is_it) => Some(assignment.value.range()),
            Stmt::AnnAssign(assignment) if is_it(&assignment.target) => Some(assignment.value.as_ref()?.range()),
            _ => None,
        })
    }

    fn end_of_handed(&self, value: Value, treatment: &Treatment, call: &ExprCall) -> Verdict {
        let Treatment { verdict, path, stations, .. } = treatment;
        self.note_reading(verdict, treatment.read_at.clone());
        let is_here = **path == **self.module.path();
        match &verdict.fate {
            // A gather that is awaited goes on as its outcomes.
            Fate::Lost(_) if verdict.kind != value.kind && !is_here => value.unknown(Reason::Argument),
            Fate::Lost(_) if verdict.kind != value.kind => verdict.clone(),
            Fate::Lost(Loss::Unexamined { .. } | Loss::Abandoned { .. } | Loss::Kept { .. }) if is_here => verdict.clone(),
            // It is what the function is there for.
            Fate::Lost(Loss::Collected { .. }) => value.ends(Fate::Consumed(How::HandedOver)),
            Fate::Lost(Loss::Discarded { .. }) => {
                self.remarks.borrow_mut().push(Remark::Discarded(call.range()));
                value.ends(Fate::Lost(Loss::Discarded { at: call.range() }))
            }
            Fate::Lost(_) => {
                let function = self.module.text()[call.func.range()].to_owned();
                value.ends(Fate::Lost(Loss::Handed { function, at: call.range(), stations: Arc::clone(stations) }))
            }
            _ => verdict.clone(),
        }
    }

    /// What a function of `module` does with what it gets as `argument`, and, where the call is open to them, what
    /// those do that derived classes define in its place.
    pub(super) fn received(
        &self,
        value: Value,
        module: &Module<'db>,
        function: &StmtFunctionDef,
        argument: &Argument,
        is_open: bool,
    ) -> Option<Treatment> {
        let (name, value) = parameter(value, function, argument)?;
        if is_stub(function) || yields(&function.body) || !function.decorator_list.iter().all(|one| is_transparent(&one.expression)) {
            return None;
        }
        let entrance =
            Entrance::Parameter { path: Arc::clone(module.path()), function: function.range(), argument: argument.clone(), is_open };
        let question = Question { entrance, value, borders: self.borders };
        Some(self.index.summaries.answer(question, || {
            self.in_body(module, |module, body| self.inside(module, body).of_parameter(value, function, name, argument, is_open))
        }))
    }

    /// What the body of a function of this module does with its parameter.
    fn of_parameter(&self, value: Value, function: &StmtFunctionDef, name: &Name, argument: &Argument, is_open: bool) -> Treatment {
        let Some(frame) = self.body.frame_of(function) else { return self.treatment(value.unknown(Reason::Argument)) };
        let local = Local { frame, name: name.clone() };
        let verdict = self.as_discarded(value, self.arriving(value, |flow| flow.bound(value, &local, 0)));
        let station = Station { span: self.module.span(function.name.range()), what: format!("`{}` does not read it", function.name) };
        let is_returned = self.returned.as_ref().is_some_and(std::cell::Cell::get);
        let own = Treatment { read_at: self.read_at(), is_returned, stations: [station].into(), ..self.treatment(verdict) };
        match self.body.frames[frame].class.filter(|_| is_open) {
            Some(class) => self.overriding(value, class, &function.name.id, argument).into_iter().fold(own, Treatment::or),
            None => own,
        }
    }

    /// What the methods do that derived classes define in the place of one.
    fn overriding(&self, value: Value, class: &StmtClassDef, method: &Name, argument: &Argument) -> Vec<Treatment> {
        let classes = &self.index.classes;
        let Some(class) = self.index.file(self.module.path()).and_then(|file| classes.find(file, &class.name.id)) else {
            return Vec::new();
        };
        let unknown = || self.treatment(value.unknown(Reason::Argument));
        let overriding = classes.overriding(class, method);
        if overriding.len() > MOST_OVERRIDES || (!overriding.is_empty() && self.borders == 0) {
            return vec![unknown()];
        }
        let answers = overriding.into_iter().map(|class| {
            let (file, name) = classes.home(class);
            self.in_file(file, |flow| {
                let mut methods = flow.body.frames.iter().filter(|frame| frame.class.is_some_and(|class| class.name.id == *name));
                let function = methods.find_map(|frame| frame.function.filter(|function| function.name.id == *method))?;
                flow.received(value, flow.module, function, argument, false)
            })
            .flatten()
            .unwrap_or_else(unknown)
        });
        answers.collect()
    }

    /// What becomes of what a class is called with.
    fn constructed(&self, value: Value, callee: &Callee<'db>, argument: &Argument) -> Option<Treatment> {
        callee.with_class(self.db, |module, class| {
            let received = |module: &Module<'db>, initializer: &StmtFunctionDef| self.received(value, module, initializer, argument, false);
            if let Some(initializer) = method_of(class, "__init__") {
                return received(module, initializer);
            }
            // It is inherited from the first that has one, unless something else makes the objects.
            let mut is_over = is_made_otherwise(class);
            let mut inherited = None;
            let are_known = module.each_ancestor(class, &mut |ancestor| {
                let initializer = method_of(ancestor.class, "__init__").filter(|_| !is_over);
                inherited = initializer.map_or(inherited.take(), |initializer| received(ancestor.module, initializer));
                is_over |= initializer.is_some() || is_made_otherwise(ancestor.class);
            });
            inherited.filter(|_| are_known)
        })?
    }
}

fn method_of<'c>(class: &'c StmtClassDef, name: &str) -> Option<&'c StmtFunctionDef> {
    class.body.iter().filter_map(Stmt::as_function_def_stmt).find(|method| method.name.as_str() == name)
}

/// Whether a decorator or a `__new__` may make the objects of a class that has no `__init__`.
fn is_made_otherwise(class: &StmtClassDef) -> bool {
    !class.decorator_list.is_empty() || method_of(class, "__new__").is_some()
}

/// Whether a method is named as one of a base, which no derived class defines anew: `super().watch`.
pub(super) fn is_of_base(function: &Expr) -> bool {
    let receiver = function.as_attribute_expr().and_then(|method| method.value.as_call_expr());
    receiver.and_then(|call| last_name(&call.func)).is_some_and(|name| name == "super")
}

/// The parameter that gets an argument, and the argument as the body has it.
pub(super) fn parameter<'f>(value: Value, function: &'f StmtFunctionDef, argument: &Argument) -> Option<(&'f Name, Value)> {
    let parameters = &function.parameters;
    let name = |parameter: &'f ParameterWithDefault| &parameter.parameter.name.id;
    match argument {
        Argument::At(place) => {
            let mut positional = parameters.posonlyargs.iter().chain(&parameters.args);
            match positional.nth(*place) {
                Some(parameter) => Some((name(parameter), value)),
                None => Some((&parameters.vararg.as_ref()?.name.id, value.put_in(Layer::Sequence)?)),
            }
        }
        Argument::Named(called) => {
            let mut named = parameters.args.iter().chain(&parameters.kwonlyargs);
            Some((name(named.find(|parameter| parameter.parameter.name.id == *called)?), value))
        }
    }
}

/// The argument at a place of a call, the named ones behind the others, where it is plain which
/// parameter gets it.
fn argument_at(call: &ExprCall, place: usize) -> Option<Argument> {
    let positional = &call.arguments.args;
    match positional.get(..=place) {
        Some(first) if first.iter().any(Expr::is_starred_expr) => None,
        Some(_) => Some(Argument::At(place)),
        None => Some(Argument::Named(call.arguments.keywords.get(place - positional.len())?.arg.as_ref()?.id.clone())),
    }
}

/// Whether a method of a container puts its argument in, and as what; one that takes whole containers
/// puts in their elements.
fn grown(value: Value, method: &str, place: usize, arguments: usize) -> Option<Value> {
    match (method, place, arguments) {
        ("append" | "appendleft" | "add", 0, 1) | ("insert", 1, 2) => value.put_in(Layer::Sequence),
        ("setdefault", 1, 2) => value.put_in(Layer::Mapping),
        ("extend" | "extendleft" | "update", 0, 1) => Some(value),
        _ => None,
    }
}
