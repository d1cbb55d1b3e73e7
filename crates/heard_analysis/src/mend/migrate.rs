//! The migration that the guides ask for: `gather` to `TaskGroup`, and collected failures to ones that are looked at.
//!
//! A migration is *safe* where the success case stays as it is, and a failure gets to the same place and ends the same
//! work. What cannot be shown is not safe, and the list says why.

mod children;
mod reach;
mod rewrite;
mod started;

use ruff_python_ast::name::Name;
use ruff_python_ast::{AnyNodeRef, Expr, ExprCall};
use ruff_text_size::Ranged;

use super::tree::Path;
use super::{Fixing, Mender};
use crate::edit::Fix;
use crate::facts::{Birth, Fact, Fate, Finder, Loss, return_exceptions};
use crate::finding::Span;

use self::children::Children;
pub(super) use self::rewrite::is_first;

/// One call of `asyncio.gather`, and what can be put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The call.
    pub span: Span,
    /// What it may become; `None` where it stays as it is.
    pub to: Option<Target>,
    /// Whether nothing but the telling of failures changes.
    pub safe: bool,
    /// Why it is safe, or what would change: one sentence.
    pub why: String,
    /// The edits, where they can be made by machine.
    pub fix: Option<Fix>,
}

/// What a gather may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An `asyncio.TaskGroup`.
    TaskGroup,
    /// Results that are looked at, by hand or as `heard.outcomes`.
    Outcomes,
}

impl Target {
    /// The target's name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Target::TaskGroup => "task-group",
            Target::Outcomes => "outcomes",
        }
    }
}

/// Why there is no edit for a gather.
const NO_PLACE: &str = "the statement around it cannot be rewritten by machine";

/// A `TaskGroup` exists from this version of Python on.
const FIRST_WITH_GROUPS: (u8, u8) = (3, 11);

/// All gathers of a module, in the order of the text.
pub(crate) fn migrations(finder: &Finder, fixing: &Fixing, facts: &[Fact]) -> Vec<Migration> {
    let mender = Mender { finder, module: finder.flow.module, fixing };
    let mut found: Vec<Migration> = Vec::new();
    for site in &finder.flow.body.calls {
        if finder.is_gather(site.call) {
            found.push(mender.migration(site.call, facts));
        }
    }
    found.sort_by(|left, right| left.span.cmp(&right.span));
    found
}

impl<'m> Mender<'_, 'm, '_, '_> {
    fn migration(&self, call: &ExprCall, facts: &[Fact]) -> Migration {
        let span = self.module.span(call.range());
        let path = Path::to(self.module, call.range());
        let stays = |why: &str| Migration { span: span.clone(), to: None, safe: false, why: why.to_owned(), fix: None };
        let is_open = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
        match return_exceptions(call).filter(|_| !is_open) {
            None => stays("whether it collects failures is not written here"),
            Some(true) => self.to_outcomes(&path, facts, stays),
            Some(false) if self.finder.db.version() < FIRST_WITH_GROUPS => {
                let (major, minor) = self.finder.db.version();
                stays(&format!("the project supports Python {major}.{minor}, which has no `TaskGroup`"))
            }
            Some(false) if !path.is_in_coroutine(self.module.is_notebook()) => {
                stays("it stands in no coroutine, so nothing here could await a group")
            }
            Some(false) => {
                let made = Children::of(self, call).map(|children| (self.grouped(&path, call, &children), self.safety(&path, &children)));
                let title = "use a `TaskGroup`";
                let (safe, why, fix) = match made {
                    Err(why) => (false, why.to_owned(), None),
                    Ok((draft, Err(why))) => (false, why, draft.and_then(|draft| draft.finish(false, title))),
                    Ok((draft, Ok(why))) => match draft.and_then(|draft| draft.finish(true, title)) {
                        Some(fix) => (true, why, Some(fix)),
                        None => (false, NO_PLACE.to_owned(), None),
                    },
                };
                Migration { span, to: Some(Target::TaskGroup), safe, why, fix }
            }
        }
    }

    /// The edits that put a `TaskGroup` in the place of a gather, whatever they change: for those who accept that. There
    /// are none where a handler around takes the failure of the gather and would not take the group.
    pub(super) fn in_a_group(&self, call_span: &Span) -> Option<Fix> {
        let path = self.path(call_span)?;
        let call = path.call().filter(|call| self.finder.is_gather(call))?;
        if self.finder.db.version() < FIRST_WITH_GROUPS
            || return_exceptions(call) != Some(false)
            || !path.is_in_coroutine(self.module.is_notebook())
            || reach::lets_groups_pass(&path)
        {
            return None;
        }
        let children = Children::of(self, call).ok()?;
        self.grouped(&path, call, &children)?.finish(false, "use a `TaskGroup`")
    }

    /// Why a group in the place of the gather changes nothing but the telling; or else what it changes.
    fn safety(&self, path: &Path<'m>, children: &Children<'m>) -> Result<String, String> {
        if children.may_be_cancelled {
            return Err("one of its children cancels something: a gather raises that at once, and a group takes no notice".to_owned());
        }
        let mentions = |name: &'static str| !self.finder.flow.index.files_that_mention(&Name::new_static(name)).is_empty();
        if ["set_task_factory", "eager_task_factory", "create_eager_task_factory"].into_iter().any(mentions) {
            return Err(
                "tasks may start at once: in a group the first child would run before the arguments of the next are there".to_owned()
            );
        }
        let reach = self.reach_of(path)?;
        if reach.goes_on && !children.are_quiet {
            return Err(format!("the program goes on after a failure ({}), and the other children would be cancelled", reach.why));
        }
        Ok(if reach.goes_on {
            format!("{}, and the children do nothing but give their values", reach.why)
        } else {
            "nothing catches a failure, which ends the program and all children before and after".to_owned()
        })
    }

    /// What becomes of a gather that collects failures.
    fn to_outcomes(&self, path: &Path<'m>, facts: &[Fact], stays: impl Fn(&str) -> Migration) -> Migration {
        let births = facts.iter().filter_map(|fact| if let Fact::Birth(birth) = fact { Some(&**birth) } else { None });
        let range = path.call().map(Ranged::range).unwrap_or_default();
        let birth = births.into_iter().find(|birth| super::range_of(&birth.site.span) == range);
        let migrated = |why: &str, fix: Option<Fix>| match fix {
            Some(fix) => Migration { to: Some(Target::Outcomes), safe: fix.safe, fix: Some(fix), ..stays(why) },
            None => Migration {
                to: Some(Target::Outcomes),
                ..stays("nothing looks at its failures, and the statement around it cannot be rewritten by machine")
            },
        };
        match birth.map(|birth| (birth, &birth.fate)) {
            Some((_, Fate::Lost(Loss::OnlyPrinted { .. }))) => {
                stays("its results are written out, failures among them: what reads that is not known")
            }
            Some((Birth { hearing, .. }, Fate::Lost(_))) if hearing.is_sound() => stays("its children hear their own failures"),
            Some((_, Fate::Lost(_))) => migrated("its failures are lost; to tell of them changes nothing else", self.failures_logged(path)),
            Some((_, Fate::Consumed(_))) => match self.unread_places(path) {
                Some(places) => migrated(
                    "some of its results are not looked at; to log their failures changes nothing else",
                    self.places_logged(path, &places),
                ),
                None => stays("its results are looked at already"),
            },
            Some((_, Fate::Unknown(reason))) => stays(reason.text()),
            Some((_, Fate::Transferred(_))) => stays("its results go to the caller"),
            None => stays("what becomes of its results is not known"),
        }
    }

    /// The places of a list of results that nobody looks at, where others are taken out by their numbers alone.
    fn unread_places(&self, path: &Path<'m>) -> Option<(String, Vec<usize>)> {
        let call = path.call()?;
        let count = call.arguments.args.len();
        let AnyNodeRef::StmtAssign(assign) = path.statement()? else { return None };
        let [Expr::Name(name)] = &*assign.targets else { return None };
        if call.arguments.args.iter().any(Expr::is_starred_expr) {
            return None;
        }
        let local = crate::facts::Local { frame: self.frame_at(path), name: name.id.clone() };
        let variable = self.finder.flow.body.variables.get(&local).filter(|variable| !variable.is_rebound() && !variable.is_shared)?;
        let mut unread: Vec<usize> = (0..count).collect();
        for load in &variable.loads {
            let around = Path::to(self.module, load.range);
            let place = match around.parents().next()? {
                AnyNodeRef::ExprSubscript(subscript) => self.text(subscript.slice.range()).parse::<usize>().ok()?,
                _ => return None,
            };
            unread.retain(|one| *one != place);
        }
        (!unread.is_empty()).then(|| (name.id.to_string(), unread))
    }

    /// The failures at some places of a list of results are logged.
    fn places_logged(&self, path: &Path<'m>, (results, places): &(String, Vec<usize>)) -> Option<Fix> {
        let mut draft = self.draft();
        let logger = self.logger(self.frame_at(path), &mut draft)?;
        let step = super::draft::Layout::of(self.module).step();
        let lines: Vec<String> = places
            .iter()
            .flat_map(|place| {
                [
                    format!("if isinstance({results}[{place}], BaseException):"),
                    format!("{step}{logger}.error(\"gathered work failed\", exc_info={results}[{place}])"),
                ]
            })
            .collect();
        draft.lines_behind(path.statement()?.range(), &lines)?;
        draft.finish(true, "log the failures of the results that are not looked at")
    }
}
