//! Coroutine functions that are given where a plain function is called: what they return is a
//! coroutine, and nobody awaits it.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{AnyParameterRef, Expr, ExprCall, ParameterWithDefault, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{CallSite, Local, Scope, Use, arguments, last_name};
use super::hears::is_transparent;
use super::index::Index;
use super::inquiries::asks_what_is_async;
use super::models::{Callbacks, FunctionModel};
use super::names::{awaitable_callable, plain_callable};
use super::origin::DEEPEST_ORIGIN;
use super::summary::Argument;
use super::{Fate, Kind, Site};
use crate::finding::Span;
use crate::resolve::Module;

/// A coroutine function among the arguments of a call that takes a plain function.
#[derive(Debug)]
pub(crate) struct AsyncCallback {
    /// The function.
    pub(crate) site: Site,
    /// Its source text.
    pub(crate) function: String,
    /// The source text of what is called with it.
    pub(crate) callee: String,
    pub(crate) fate: CallbackFate,
    /// The whole call.
    pub(crate) call: Span,
}

/// What becomes of the coroutine that a callback returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackFate {
    /// This, as a model tells.
    Known(Callbacks),
    /// An annotation says that the function is to return something else.
    Annotated,
    /// The body of what is called with it drops or tests what it returns.
    Seen,
}

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// The coroutine functions that are given where a plain function is called.
    pub(super) fn async_callbacks(&self, index: &Index) -> impl Iterator<Item = AsyncCallback> {
        self.flow.body.calls.iter().filter_map(|site| self.async_callback(site, index))
    }

    fn async_callback(&self, site: &CallSite<'a>, index: &Index) -> Option<AsyncCallback> {
        let may_be_async = |argument: &Expr| match self.plain_target(argument, &site.around.scope) {
            Some(function) => function.is_async,
            None => callable_name(argument).is_some_and(|name| index.may_be_awaitable(name)),
        };
        if !arguments(site.call).any(may_be_async) {
            return None;
        }
        let name = self.flow.body.called_name(site.call)?;
        let may_have_model = self.flow.models.any_named(name, |model| model.callbacks.is_some());
        let (callback, fate) = match may_have_model.then(|| self.flow.model(site.call)).flatten() {
            Some(model) if model.refuses_async || model.callbacks == Some(Callbacks::Await) => return None,
            Some(model) => {
                let callback = model.callback(site.call).filter(|callback| may_be_async(callback))?;
                (self.is_coroutine_function(callback, &site.around.scope, DEEPEST_ORIGIN) && self.is_result_lost(site, model))
                    .then_some((callback, CallbackFate::Known(model.callbacks?)))?
            }
            None => {
                let annotated = || index.is_plain_caller(name).then(|| self.against_annotation(site, index)).flatten();
                match self.against_body(site, &may_be_async) {
                    Some(callback) => (callback, CallbackFate::Seen),
                    None => (annotated()?, CallbackFate::Annotated),
                }
            }
        };
        Some(AsyncCallback {
            site: self.site(callback.range(), &site.around),
            function: self.short_text(callback.range()),
            callee: self.short_text(site.call.func.range()),
            fate,
            call: self.flow.module.span(site.call.range()),
        })
    }

    /// The first coroutine function among the arguments whose parameter is annotated as a function that
    /// returns nothing, unless what is called looks at what it gets, or hands it on to what may.
    fn against_annotation(&self, site: &CallSite<'a>, index: &Index) -> Option<&'a Expr> {
        let may_be_async = |argument: &Expr| callable_name(argument).is_some_and(|name| index.may_be_awaitable(name));
        let (positional, keywords) = (&site.call.arguments.args, &site.call.arguments.keywords);
        if positional.iter().any(Expr::is_starred_expr) {
            return None;
        }
        let is_bound = site.call.func.is_attribute_expr();
        let callee = self.flow.module.callee(site.call)?;
        let (places, names) = callee.with_definition(self.db, |_, function| {
            let parameters = &function.parameters;
            let is_method = is_bound && parameters.iter().next().is_some_and(|first| matches!(first.name().as_str(), "self" | "cls"));
            let plain =
                |parameter: &ParameterWithDefault| parameter.annotation().is_some_and(plain_callable).then(|| parameter.name().id.clone());
            let by_place = parameters.posonlyargs.iter().chain(&parameters.args).skip(usize::from(is_method));
            let places: Vec<Option<Name>> = by_place.map(plain).collect();
            let names: Vec<Name> = parameters.iter_non_variadic_params().filter_map(plain).collect();
            (!looks_at_results(&function.body)).then_some((places, names))
        })??;
        let by_place = positional.iter().zip(places).filter_map(|(argument, parameter)| Some((argument, parameter?)));
        let by_name = keywords.iter().filter_map(|keyword| {
            let name = &keyword.arg.as_ref()?.id;
            names.contains(name).then(|| (&keyword.value, name.clone()))
        });
        let is_kept_to_itself = |parameter: &Name| {
            let goes_on =
                |module: &Module<'db>, function: &StmtFunctionDef| self.may_await_behind(module, function, parameter, DEEPEST_ORIGIN);
            callee.with_definition(self.db, goes_on) == Some(false)
        };
        by_place
            .chain(by_name)
            .filter(|(argument, _)| may_be_async(argument))
            .find(|(argument, parameter)| {
                self.is_coroutine_function(argument, &site.around.scope, DEEPEST_ORIGIN) && is_kept_to_itself(parameter)
            })
            .map(|(argument, _)| argument)
    }

    /// The first coroutine function among the arguments that the body of what is called calls like a plain one.
    fn against_body(&self, site: &CallSite<'a>, may_be_async: &dyn Fn(&Expr) -> bool) -> Option<&'a Expr> {
        let (positional, keywords) = (&site.call.arguments.args, &site.call.arguments.keywords);
        if positional.iter().any(Expr::is_starred_expr) {
            return None;
        }
        let callee = self.flow.module.callee(site.call)?;
        let by_place =
            positional.iter().enumerate().map(|(place, argument)| (Argument::At(place).behind(usize::from(callee.is_bound)), argument));
        let by_name = keywords.iter().filter_map(|keyword| Some((Argument::Named(keyword.arg.as_ref()?.id.clone()), &keyword.value)));
        let is_dropped = |argument: &Argument| {
            callee.with_body(self.db, |module, function| {
                let is_plain = function.decorator_list.iter().all(|decorator| is_transparent(&decorator.expression));
                is_plain && !looks_at_results(&function.body) && self.flow.drops_results_of(module, function, argument)
            })
        };
        // To walk over the body of what is called is dear, so that is asked last.
        by_place
            .chain(by_name)
            .filter(|(_, argument)| may_be_async(argument))
            .find(|(place, argument)| {
                self.is_coroutine_function(argument, &site.around.scope, DEEPEST_ORIGIN) && is_dropped(place) == Some(true)
            })
            .map(|(_, argument)| argument)
    }

    /// Whether what the callback returns is lost. What becomes the outcome of a future may be awaited
    /// by whoever reads the future.
    fn is_result_lost(&self, site: &CallSite<'a>, model: &FunctionModel) -> bool {
        if model.callbacks != Some(Callbacks::Outcome) {
            return true;
        }
        match (&site.how, model.gives) {
            (Use::Awaited(result), _) => matches!(self.flow.verdict_of_result(Kind::Coroutine, site, result).fate, Fate::Lost(_)),
            (_, Some(Kind::ThreadFuture)) => true,
            // Where the call itself gives a coroutine, that one is never awaited, which is another defect.
            (Use::Dropped | Use::Displayed, gives) => gives.is_some(),
            _ => false,
        }
    }

    fn is_coroutine_function(&self, expression: &Expr, scope: &Scope<'a>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match expression {
            Expr::Call(call) => partial_function(call).is_some_and(|function| self.is_coroutine_function(function, scope, depth)),
            Expr::Name(name) => {
                let body = self.flow.body;
                let local = body.binding_frame(scope.frame, &name.id).map(|frame| Local { frame, name: name.id.clone() });
                if let Some(value) = local.as_ref().and_then(|local| body.values.get(local)) {
                    return self.is_coroutine_function(value, scope, depth);
                }
                self.is_awaitable_parameter(&name.id, scope) || self.is_async_target(expression)
            }
            Expr::Attribute(_) => self.is_async_target(expression),
            _ => false,
        }
    }

    /// Whether the function around has a parameter of this name that is annotated as a function that
    /// gives an awaitable.
    fn is_awaitable_parameter(&self, name: &Name, scope: &Scope<'a>) -> bool {
        let is_rebound =
            self.flow.body.variables.get(&Local { frame: scope.frame, name: name.clone() }).is_none_or(super::body::Variable::is_rebound);
        let parameter = scope.function.and_then(|function| function.parameters.iter().find(|parameter| parameter.name().id == *name));
        !is_rebound && parameter.and_then(AnyParameterRef::annotation).is_some_and(awaitable_callable)
    }

    fn is_async_target(&self, expression: &Expr) -> bool {
        let target = self.flow.module.target(expression);
        let is_async = target.and_then(|target| {
            target.with_definition(self.db, |_, function| {
                function.is_async && function.decorator_list.iter().all(|decorator| is_transparent(&decorator.expression))
            })
        });
        is_async == Some(true)
    }
}

/// The name of the function that an argument is or stands for.
fn callable_name(argument: &Expr) -> Option<&Name> {
    match argument {
        Expr::Call(call) => partial_function(call).and_then(callable_name),
        argument => last_name(argument),
    }
}

/// The function in `partial(function, …)`.
pub(super) fn partial_function(call: &ExprCall) -> Option<&Expr> {
    last_name(&call.func).filter(|name| *name == "partial").and_then(|_| call.arguments.args.first())
}

/// Whether a function asks what it is given is or gives, or hands coroutines to the loop.
pub(super) fn looks_at_results(body: &[Stmt]) -> bool {
    struct Looker(bool);
    impl<'a> Visitor<'a> for Looker {
        fn visit_expr(&mut self, expression: &'a Expr) {
            let name = last_name(expression).map_or("", Name::as_str);
            self.0 |= asks_what_is_async(name)
                || matches!(name, "isawaitable" | "is_awaitable" | "ensure_future" | "create_task" | "run_coroutine_threadsafe");
            walk_expr(self, expression);
        }
    }
    let mut looker = Looker(false);
    looker.visit_body(body);
    looker.0
}
