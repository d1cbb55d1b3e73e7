//! Work that is started once for each element of something of any size.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Block, CallSite, Local, Scope, last_name};
use super::models::Effect;
use super::names::is_plain_coroutine_function;
use super::origin::DEEPEST_ORIGIN;
use super::{Kind, Site};
use crate::finding::Span;
use crate::resolve::{Answer, Callee};

/// Work that is started for each element of something that comes from outside.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) site: Site,
    /// The source text of what runs.
    pub(crate) work: String,
    /// What it is started for, and its source text.
    pub(crate) source: (Span, String),
}

impl<'a> Finder<'_, '_, 'a> {
    /// The places of the module that start work without a bound.
    pub(super) fn crowds(&self) -> impl Iterator<Item = Crowd> + '_ {
        self.flow.body.calls.iter().filter(|site| !site.is_dead).filter_map(|site| self.crowd(site))
    }

    fn crowd(&self, site: &CallSite<'a>) -> Option<Crowd> {
        let scope = &site.around.scope;
        let given = self.flow.models.given_by_last_name(self.flow.body.called_name(site.call)?)?;
        let (work, source) = match (given, &*site.call.arguments.args) {
            (Kind::Gather, [Expr::Starred(all)]) => self.each(&all.value, scope, DEEPEST_ORIGIN)?,
            (Kind::Task, [Expr::Call(work), ..]) => (&*work.func, started_for(site)?),
            _ => return None,
        };
        if !self.is_unbounded(source, scope, DEEPEST_ORIGIN)
            || !self.flow.model(site.call).is_some_and(|model| model.gives == Some(given) || model.owned)
        {
            return None;
        }
        let runs_at_once = self
            .flow
            .module
            .target(work)?
            .with_body(self.db, |_, function| is_plain_coroutine_function(function) && !waits_its_turn(&function.body))?;
        runs_at_once.then(|| Crowd {
            site: self.site(site.call.range(), &site.around),
            work: self.short_text(work.range()),
            source: (self.flow.module.span(source.range()), self.short_text(source.range())),
        })
    }

    /// What runs for each element of which iterable, where a gather is given `all` of it.
    fn each(&self, all: &'a Expr, scope: &Scope<'a>, depth: usize) -> Option<(&'a Expr, &'a Expr)> {
        let depth = depth.checked_sub(1)?;
        match all {
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. })
            | Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                let [generator] = &**generators else { return None };
                (!generator.is_async).then_some((&*elt.as_call_expr()?.func, &generator.iter))
            }
            Expr::Call(call) => match &*call.arguments.args {
                [work, source] if last_name(&call.func).is_some_and(|name| self.flow.models.any_named(name, |model| model.maps)) => {
                    Some((work, source))
                }
                _ => None,
            },
            Expr::Name(_) => self.each(self.value_of(all, scope)?, scope, depth),
            _ => None,
        }
    }

    fn value_of(&self, name: &Expr, scope: &Scope<'a>) -> Option<&'a Expr> {
        let local = Local { frame: scope.frame, name: name.as_name_expr()?.id.clone() };
        self.flow.body.values.get(&local).copied()
    }

    /// Whether an iterable comes from outside and may have any number of elements.
    fn is_unbounded(&self, source: &Expr, scope: &Scope<'a>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let within = |part: &Expr| self.is_unbounded(part, scope, depth);
        match source {
            Expr::Name(_) => match self.value_of(source, scope) {
                Some(value) => within(value),
                None => self.gives_any_number(source),
            },
            Expr::Attribute(_) => self.gives_any_number(source),
            // A part of it may be a batch.
            Expr::Subscript(part) => !part.slice.is_slice_expr() && within(&part.value),
            Expr::ListComp(ast::ExprListComp { generators, .. })
            | Expr::SetComp(ast::ExprSetComp { generators, .. })
            | Expr::Generator(ast::ExprGenerator { generators, .. }) => generators.first().is_some_and(|generator| within(&generator.iter)),
            Expr::Await(ast::ExprAwait { value, .. }) => within(value),
            Expr::Call(call) => {
                let name = self.flow.module.callee(call).and_then(|callee: Callee<'_>| callee.name);
                match name.as_deref().and_then(|name| self.flow.models.function(name)) {
                    Some(model) if model.unbounded => true,
                    // With a number beside it, it may take the first few.
                    Some(model) => keeps_elements(model.arguments) && matches!(&*call.arguments.args, [source] if within(source)),
                    None => is_part(call) && call.func.as_attribute_expr().is_some_and(|method| within(&method.value)),
                }
            }
            _ => false,
        }
    }

    fn gives_any_number(&self, source: &Expr) -> bool {
        self.flow.module.sort_of(source, &|class| self.flow.models.is_unbounded_class(class)) == Answer::All(())
    }
}

/// What a task is started for each element of, in a comprehension or a loop that does not wait.
fn started_for<'a>(site: &CallSite<'a>) -> Option<&'a Expr> {
    if let Some(generators) = site.comprehension {
        return generators.first().filter(|generator| !generator.is_async).map(|generator| &generator.iter);
    }
    let around = site.around.blocks().find_map(|block| match block {
        Block::Loop(around) => Some(around),
        _ => None,
    });
    match around? {
        Stmt::For(around) if !around.is_async && !waits(&around.body) => Some(&around.iter),
        _ => None,
    }
}

/// Whether a function gives as many elements as it is given.
fn keeps_elements(effect: Option<Effect>) -> bool {
    matches!(effect, Some(Effect::SameElements | Effect::Sort | Effect::Enumerate))
}

/// Whether a method gives the parts of what it is called on.
fn is_part(call: &ExprCall) -> bool {
    last_name(&call.func)
        .is_some_and(|name| matches!(name.as_str(), "splitlines" | "split" | "strip" | "items" | "values" | "keys" | "get" | "readlines"))
}

/// Looks for what may keep work waiting.
struct Waits {
    /// Whether entering something counts only, or every `await`.
    only_entering: bool,
    found: bool,
}

impl<'a> Visitor<'a> for Waits {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::With(statement) => self.found |= statement.is_async,
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.found |= match expression {
            Expr::Await(_) => !self.only_entering,
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| name == "acquire"),
            _ => false,
        };
        if !expression.is_lambda_expr() {
            walk_expr(self, expression);
        }
    }
}

/// Whether a body enters something, which may let in a few at a time.
fn waits_its_turn(body: &[Stmt]) -> bool {
    let mut waits = Waits { only_entering: true, found: false };
    waits.visit_body(body);
    waits.found
}

/// Whether a body waits for anything.
fn waits(body: &[Stmt]) -> bool {
    let mut waits = Waits { only_entering: false, found: false };
    waits.visit_body(body);
    waits.found
}
