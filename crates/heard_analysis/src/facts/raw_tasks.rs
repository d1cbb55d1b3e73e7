//! Tasks that are started past the spawner that the project has declared.

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Site;
use super::birth::Finder;
use super::body::CallSite;
use super::models::Spawner;
use crate::finding::Span;

/// A call that starts a task which nobody but its caller keeps, in a project that has a spawner.
#[derive(Debug)]
pub(crate) struct RawTask {
    pub(crate) site: Site,
    /// The source text of what is called.
    pub(crate) callee: String,
    /// The qualified name of the project's spawner.
    pub(crate) spawner: String,
    /// How the spawner can be called in its place.
    pub(crate) rewrite: Option<Rewrite>,
}

/// How a call is turned into one of the spawner.
#[derive(Debug)]
pub(crate) struct Rewrite {
    /// What is called now.
    pub(crate) callee: Span,
    /// What is to be called.
    pub(crate) spawner: String,
    /// Where an import of it has to be put in, and its text.
    pub(crate) import: Option<(Span, String)>,
}

/// How the spawner can be written in a module.
struct Reference {
    text: String,
    import: Option<(Span, String)>,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The tasks of this module that are started past the project's spawner.
    pub(super) fn raw_tasks(&self) -> impl Iterator<Item = RawTask> + '_ {
        // Where there are several, the first is the one for everybody.
        let spawner = self.flow.models.spawners.first();
        let reference = spawner.and_then(|spawner| self.reference_to(spawner));
        let module = self.flow.module.name().unwrap_or_default();
        spawner.into_iter().flat_map(move |spawner| {
            let sites = self.flow.body.calls.iter().filter(|site| self.starts_raw_task(site, &module));
            let raw_task = |site: &CallSite<'a>| RawTask {
                site: self.site(site.call.range(), &site.around),
                callee: self.short_text(site.call.func.range()),
                spawner: spawner.name.clone(),
                rewrite: reference.as_ref().filter(|_| has_only_work(site.call)).map(|reference| Rewrite {
                    callee: self.flow.module.span(site.call.func.range()),
                    spawner: reference.text.clone(),
                    import: reference.import.clone(),
                }),
            };
            sites.map(raw_task).collect::<Vec<_>>()
        })
    }

    /// How a call that starts a task can start it with the project's spawner instead.
    pub(crate) fn spawned_instead(&self, call: &ExprCall) -> Option<Rewrite> {
        let reference = self.flow.models.spawners.first().and_then(|spawner| self.reference_to(spawner))?;
        let site = self.flow.body.site_of(call)?;
        let module = self.flow.module.name().unwrap_or_default();
        (has_only_work(call) && self.starts_raw_task(site, &module)).then(|| Rewrite {
            callee: self.flow.module.span(call.func.range()),
            spawner: reference.text,
            import: reference.import,
        })
    }

    fn starts_raw_task(&self, site: &CallSite<'a>, module: &str) -> bool {
        let leaves_task = |name| self.flow.models.any_named(name, |model| model.leaves_task);
        !site.is_dead
            && self.flow.body.called_name(site.call).is_some_and(|name| leaves_task(name))
            && self.flow.model(site.call).is_some_and(|model| model.leaves_task)
            && !self.is_in_spawner(&format!("{module}.{}", site.around.scope.symbol))
    }

    /// Whether a place belongs to a spawner: to the function, or to the class whose method it is.
    fn is_in_spawner(&self, place: &str) -> bool {
        self.flow.models.spawners.iter().any(|spawner| {
            let is_method = spawner.name.strip_prefix(&spawner.module).is_some_and(|rest| rest.matches('.').count() > 1);
            let whole = spawner.name.rsplit_once('.').filter(|_| is_method).map_or(spawner.name.as_str(), |(class, _)| class);
            place.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// How this module can call a spawner: a plain function that nothing else here is called like.
    fn reference_to(&self, spawner: &Spawner) -> Option<Reference> {
        let function = spawner.name.strip_prefix(&spawner.module)?.strip_prefix('.')?;
        if spawner.is_async || function.contains('.') {
            return None;
        }
        let named = |text: &str| Reference { text: text.to_owned(), import: None };
        if self.flow.module.name().is_some_and(|name| name == spawner.module) {
            return Some(named(function));
        }
        if let Some(known) = self.flow.module.body().iter().find_map(|statement| imported(statement, spawner, function)) {
            return Some(named(known));
        }
        let is_taken = self.flow.body.variables.keys().any(|local| local.name == *function);
        let last = self.flow.module.body().iter().rfind(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))?;
        let stands_first = self.flow.module.text()[..last.start().to_usize()].chars().next_back().is_none_or(|before| before == '\n');
        let is_future = matches!(last, Stmt::ImportFrom(import) if import.module.as_deref() == Some("__future__"));
        if is_taken || !stands_first || is_future {
            return None;
        }
        let place = self.flow.module.span(TextRange::empty(last.start()));
        Some(Reference { text: function.to_owned(), import: Some((place, format!("from {} import {function}\n", spawner.module))) })
    }
}

/// Whether a call gives nothing but the work, so that any spawner takes the same.
fn has_only_work(call: &ExprCall) -> bool {
    matches!(&*call.arguments.args, [work] if !work.is_starred_expr())
        && call.arguments.keywords.is_empty()
        && !matches!(*call.func, Expr::Call(_))
}

/// The name under which a statement imports the spawner.
fn imported<'s>(statement: &'s Stmt, spawner: &Spawner, function: &str) -> Option<&'s str> {
    let Stmt::ImportFrom(import) = statement else { return None };
    let is_from = import.level == 0 && import.module.as_deref() == Some(spawner.module.as_str());
    let alias = import.names.iter().find(|alias| is_from && alias.name.as_str() == function)?;
    Some(alias.asname.as_ref().unwrap_or(&alias.name))
}
