//! Tasks that use what an `async with` gives, and run on when that is closed.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall, ExprName, StmtWith};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Block, CallSite, Use};
use super::origin::{DEEPEST_ORIGIN, Given};
use super::{Fate, Kind, Site};
use crate::finding::Span;

/// A task that is read only behind the `async with` whose resource it uses.
#[derive(Debug)]
pub(crate) struct Outliving {
    pub(crate) site: Site,
    /// The source text of what is called.
    pub(crate) callee: String,
    /// The name of the resource, and where it is opened.
    pub(crate) resource: (String, Span),
    /// Where the task is read.
    pub(crate) read_at: Span,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The tasks of the module that outlive what they use.
    pub(super) fn outliving(&self) -> impl Iterator<Item = Outliving> + '_ {
        let sites = self.flow.body.calls.iter().filter(|site| !site.is_dead && site.around.scope.is_async);
        sites.filter_map(|site| self.outlives(site))
    }

    fn outlives(&self, site: &CallSite<'a>) -> Option<Outliving> {
        let body = self.flow.body;
        if self.flow.models.given_by_last_name(body.called_name(site.call)?) != Some(Kind::Task) {
            return None;
        }
        let (with, resource) = site.around.blocks().find_map(|block| match block {
            Block::With(with) if with.is_async => Some((with, used(with, site.call)?)),
            _ => None,
        })?;
        let mut how = &site.how;
        let local = loop {
            how = match how {
                Use::Element(how) | Use::Entry(how) | Use::Shuffled(how) => how,
                Use::Bound(local, _) | Use::Held(local) => break local,
                _ => return None,
            };
        };
        let variable = body.variables.get(local)?;
        let is_inside = |range| with.range().contains_range(range);
        let stays = |use_inside: &Use| matches!(use_inside, Use::Glanced(_));
        let is_plain = !variable.is_shared && !variable.loads.iter().any(|load| load.is_nested);
        if !is_plain || variable.loads.iter().any(|load| is_inside(load.range) && !stays(&load.how)) {
            return None;
        }
        let reading = variable
            .loads
            .iter()
            .filter(|load| with.end() < load.range.start() && !stays(&load.how))
            .map(|load| load.range)
            .min_by_key(Ranged::start)?;
        let is_read = matches!(self.flow.verdict(Kind::Task, site).fate, Fate::Consumed(_));
        let is_fresh = || self.given(self.flow.module, site.call, Some(&site.around.scope), DEEPEST_ORIGIN) == Given::Fresh(Kind::Task);
        (is_read && is_fresh() && self.work_of_spawn(site).account.hearing().lets_out()).then(|| Outliving {
            site: self.site(site.call.range(), &site.around),
            callee: self.short_text(site.call.func.range()),
            resource: (resource.id.to_string(), self.flow.module.span(resource.range())),
            read_at: self.flow.module.span(reading),
        })
    }
}

/// The name among those that an `async with` binds which stands in the arguments of a call.
fn used<'a>(with: &'a StmtWith, call: &ExprCall) -> Option<&'a ExprName> {
    let names = with.items.iter().filter_map(|item| item.optional_vars.as_deref()?.as_name_expr());
    names.into_iter().find(|name| {
        let mut mentions = Mentions { name: &name.id, found: false };
        mentions.visit_arguments(&call.arguments);
        mentions.found
    })
}

/// Whether a name stands somewhere.
struct Mentions<'n> {
    name: &'n str,
    found: bool,
}

impl<'a> Visitor<'a> for Mentions<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.found |= matches!(expression, Expr::Name(name) if name.id == *self.name);
        walk_expr(self, expression);
    }
}
