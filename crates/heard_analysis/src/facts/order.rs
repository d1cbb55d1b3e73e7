//! Inputs that are paired with what was made of them, after that has lost their order.

use ruff_python_ast::Expr;
use ruff_text_size::Ranged;

use super::Kind;
use super::Site;
use super::birth::Finder;
use super::body::{CallSite, Local, Use, Variable};
use super::flow::Remark;
use super::models::Effect;

/// A call like `zip(hosts, tasks)` that pairs inputs with the outcomes of others.
#[derive(Debug)]
pub(crate) struct WrongPairing {
    pub(crate) site: Site,
    /// The name of the inputs.
    pub(crate) inputs: String,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The wrong pairings of the module.
    pub(super) fn wrong_pairings(&self) -> impl Iterator<Item = WrongPairing> + '_ {
        let (body, models) = (self.flow.body, self.flow.models);
        let pairs = move |site: &&CallSite<'a>| {
            let effect = body.called_name(site.call).and_then(|name| models.effect_by_last_name(name));
            !site.is_dead && site.around.scope.is_async && effect == Some(Effect::Zip)
        };
        body.calls.iter().filter(pairs).filter_map(|site| self.wrong_pairing(site))
    }

    fn wrong_pairing(&self, site: &CallSite<'a>) -> Option<WrongPairing> {
        let inputs = site.call.arguments.args.iter().filter_map(Expr::as_name_expr).find(|name| {
            let is_load = |variable: &Variable| variable.loads.iter().any(|load| load.range == name.range());
            let holder = self.flow.body.variables.iter().find(|(_, variable)| is_load(variable));
            holder.is_some_and(|(local, variable)| (0..variable.stores.len()).any(|store| self.loses_order(local, store, site)))
        })?;
        Some(WrongPairing { site: self.site(site.call.range(), &site.around), inputs: inputs.id.to_string() })
    }

    /// Whether the elements of what a name is bound to come to `pairing`, and what is made of them comes
    /// there in another order.
    fn loses_order(&self, local: &Local, store: usize, pairing: &CallSite<'a>) -> bool {
        let (mut is_kept, mut is_lost) = (false, false);
        for remark in self.flow.remarks_on_elements(Kind::Input, &Use::Bound(local.clone(), store)) {
            match remark {
                Remark::Ordered => return false,
                Remark::Zipped { call, is_shuffled } if std::ptr::eq(call, pairing.call) => {
                    is_kept |= !is_shuffled;
                    is_lost |= is_shuffled;
                }
                Remark::Zipped { .. } | Remark::Examined(_) | Remark::Discarded(_) => {}
            }
        }
        is_kept && is_lost
    }
}
