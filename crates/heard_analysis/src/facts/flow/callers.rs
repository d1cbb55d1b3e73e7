//! Those who call a function: what they do with a value that it returns.

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::super::body::{CallSite, Load, Local, Use, last_name};
use super::super::hears::is_transparent;
use super::super::summary::Argument;
use super::super::{Fate, Kind, Loss, Operation};
use super::Flow;
use super::handed::parameter;
use super::value::{Layer, Value};
use crate::finding::Span;
use crate::resolve::{Module, yields};

/// Of a function that more files speak of, the callers are not looked at.
const MOST_FILES: usize = 20;

/// What a caller does with what a function returns.
#[derive(Debug)]
pub(in crate::facts) struct Taken {
    pub(in crate::facts) fate: Fate,
    /// Whether it is plain that the call goes to the function; otherwise it goes to one of this name.
    pub(in crate::facts) is_certain: bool,
}

impl<'db, 'a> Flow<'_, 'db, 'a> {
    /// What those do who call `function`, which is one of this module, with a value that it returns. `None` where
    /// nobody does, where somebody hands the function on, and where there are too many to look at.
    pub(in crate::facts) fn taken_by_callers(&self, value: Value, function: &StmtFunctionDef) -> Option<Vec<Taken>> {
        let files = self.files_of_callers(function).filter(|_| self.borders > 0 && !yields(&function.body))?;
        let name = &function.name.id;
        let definition = self.module.span(function.name.range());
        let mut taken = Vec::new();
        for file in files {
            taken.extend(self.in_file(file, |flow| flow.taken_here(value, function.is_async, name, &definition))??);
        }
        (!taken.is_empty()).then_some(taken)
    }

    /// What `look` tells of each value that those who call `function`, a private one of this module, give for a
    /// parameter. `None` where it is not plain who calls it or what is given, and where there are too many.
    pub(in crate::facts) fn given_by_callers<T>(
        &self,
        function: &StmtFunctionDef,
        parameter: &Name,
        is_bound: bool,
        look: &dyn Fn(&Module<'db>, &Expr) -> T,
    ) -> Option<Vec<T>> {
        if !function.name.starts_with('_') {
            return None;
        }
        let mut positional = function.parameters.posonlyargs.iter().chain(&function.parameters.args);
        let place = positional.position(|known| known.parameter.name.id == *parameter)?.checked_sub(usize::from(is_bound))?;
        let definition = self.module.span(function.name.range());
        let mut given = Vec::new();
        for file in self.files_of_callers(function)? {
            let found = self.in_file(file, |flow| {
                let has_other_name = flow.body.aliases.iter().any(|(alias, name)| *name == function.name.id && alias != name);
                let callers = flow.callers_here(&function.name.id).filter(|_| !has_other_name)?;
                let calls = callers.filter_map(|site| Some((site.call, flow.is_call_of(site, &definition)?)));
                let values = calls.map(|(call, is_certain)| {
                    let value = call.arguments.find_argument_value(parameter, place).filter(|_| is_certain)?;
                    Some(look(flow.module, value))
                });
                values.collect::<Option<Vec<_>>>()
            });
            given.extend(found??);
        }
        (!given.is_empty()).then_some(given)
    }

    /// The files in which those may be who call a function of this module.
    fn files_of_callers(&self, function: &StmtFunctionDef) -> Option<Vec<usize>> {
        let is_plain = function.decorator_list.iter().all(|one| is_transparent(&one.expression));
        let own = self.index.file(self.module.path()).filter(|_| is_plain)?;
        let mut files: Vec<usize> = self.index.mentions(&function.name.id).iter().map(|(file, _)| *file).collect();
        files.push(own);
        files.sort_unstable();
        files.dedup();
        (files.len() <= MOST_FILES).then_some(files)
    }

    /// Whether a function does nothing with what it gets as `argument` but call it, and loses what each call gives.
    pub(in crate::facts) fn drops_results_of(&self, module: &Module<'db>, function: &StmtFunctionDef, argument: &Argument) -> bool {
        let Some((name, _)) = parameter(Value::new(Kind::Coroutine), function, argument) else { return false };
        self.in_body(module, |module, body| {
            let flow = self.beyond(module, body);
            let local = body.frame_of(function).map(|frame| Local { frame, name: name.clone() });
            let Some(variable) = local.and_then(|local| body.variables.get(&local)).filter(|variable| !variable.is_rebound()) else {
                return false;
            };
            let mut calls = 0;
            let is_lost = |load: &Load<'_>| match &load.how {
                Use::Operand(Operation::Call, range) => body.site_at(*range).is_some_and(|site| {
                    let fate = flow.verdict_at(*range, Kind::Coroutine, &site.how).fate;
                    matches!(fate, Fate::Lost(Loss::Dropped | Loss::UsedAsValue { .. }))
                }),
                _ => false,
            };
            variable.loads.iter().all(|load| {
                let is_neutral = matches!(load.how, Use::Operand(Operation::Condition, _) | Use::Glanced(_));
                calls += usize::from(!is_neutral);
                is_neutral || is_lost(load)
            }) && calls > 0
        })
    }

    /// What the callers in this module do.
    fn taken_here(&self, value: Value, is_async: bool, name: &Name, definition: &Span) -> Option<Vec<Taken>> {
        let value = if is_async { value.put_in(Layer::Promise)? } else { value };
        let taken = self.callers_here(name)?.filter(|site| !self.returns_own(site, definition)).filter_map(|site| {
            let is_certain = self.is_call_of(site, definition)?;
            let fate = self.arriving(value, |flow| flow.follow(value, &site.how)).fate;
            Some(Taken { fate, is_certain })
        });
        Some(taken.collect())
    }

    /// The calls of functions of this name, where nothing else is done with the name.
    fn callers_here<'s>(&'s self, name: &'s Name) -> Option<impl Iterator<Item = &'s CallSite<'a>>> {
        let is_call = |how: &Use| matches!(how, Use::Operand(Operation::Call, _));
        let is_handed_on = self.body.attributes.contains_key(name)
            || self
                .body
                .variables
                .iter()
                .any(|(local, variable)| local.name == *name && !variable.loads.iter().all(|load| is_call(&load.how)));
        (!is_handed_on).then(|| self.body.calls.iter().filter(move |site| !site.is_dead && last_name(&site.call.func) == Some(name)))
    }

    /// Whether a call stands in the function that is defined there, which returns what comes of it.
    fn returns_own(&self, site: &CallSite<'a>, definition: &Span) -> bool {
        let around = site.around.scope.function.map(|function| self.module.span(function.name.range()));
        matches!(site.how, Use::Returned | Use::Promised(..)) && around.as_ref() == Some(definition)
    }

    /// Whether a call goes to the function that is defined there; `None` where it goes to another one.
    fn is_call_of(&self, site: &CallSite<'a>, definition: &Span) -> Option<bool> {
        let Some(callee) = self.module.callee(site.call) else { return Some(false) };
        let is_it = callee.with_definition(self.db, |module, function| module.span(function.name.range()) == *definition);
        // What has no source, or is a class, is another one.
        is_it.filter(|is_it| *is_it)
    }
}
