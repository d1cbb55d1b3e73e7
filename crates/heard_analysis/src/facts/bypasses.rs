//! Tasks that are read, but not where something fails before.

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use super::birth::{Finder, followed_kind};
use super::body::{CallSite, Use};
use super::origin::{DEEPEST_ORIGIN, Given};
use super::outcomes::Work;
use super::raises::UNKNOWN;
use super::{Kind, Site};
use crate::finding::Span;

/// A task that nobody reads where what is awaited before fails.
#[derive(Debug)]
pub(crate) struct Bypass {
    pub(crate) site: Site,
    pub(crate) kind: Kind,
    /// The source text of what is called.
    pub(crate) callee: String,
    /// The source text of what runs, where that is known.
    pub(crate) work: Option<String>,
    /// What is awaited before, and its source text.
    pub(crate) awaited: (Span, String),
}

impl<'a> Finder<'_, '_, 'a> {
    /// The tasks of the module that failures pass by.
    pub(super) fn bypasses(&self) -> impl Iterator<Item = Bypass> + '_ {
        let sites = self.flow.body.calls.iter().filter(|site| !site.is_dead && site.around.scope.is_async);
        sites.filter_map(|site| self.bypass_of(site))
    }

    fn bypass_of(&self, site: &CallSite<'a>) -> Option<Bypass> {
        let name = self.flow.body.called_name(site.call)?;
        let kind = self.flow.models.given_by_last_name(name).filter(|kind| matches!(kind, Kind::Task | Kind::Future | Kind::Gather))?;
        if !matches!(site.how, Use::Bound(..) | Use::Held(_) | Use::Element(_) | Use::Entry(_)) {
            return None;
        }
        let scope = &site.around.scope;
        let raises = |awaited: &Expr| self.raised_by(awaited, scope).iter().any(|name| name != UNKNOWN);
        let awaited = self.flow.bypass(followed_kind(kind, site.call), site, &|awaited| match awaited {
            Some(awaited) => raises(awaited),
            None => site.call.arguments.args.iter().any(raises),
        })?;
        if self.given(self.flow.module, site.call, Some(scope), DEEPEST_ORIGIN) != Given::Fresh(kind) {
            return None;
        }
        let (hearing, work) = if kind == Kind::Gather {
            let Work::Fresh { account, is_guess: false, .. } = self.gathered_work(site) else { return None };
            (account.hearing(), None)
        } else {
            let spawned = self.work_of_spawn(site);
            (spawned.account.hearing(), spawned.text)
        };
        hearing.lets_out().then(|| Bypass {
            site: self.site(site.call.range(), &site.around),
            kind,
            callee: self.short_text(site.call.func.range()),
            work,
            awaited: (self.flow.module.span(awaited.range()), self.short_text(awaited.range())),
        })
    }
}
