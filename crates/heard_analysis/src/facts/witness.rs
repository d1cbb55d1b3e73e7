//! The witness of a loss: the failure that would be lost, with its place and its weight.
//!
//! An [`Account`] tells of some work what can fail in it and who hears that. `hears` makes it up for one body,
//! `hearings` leads it through the calls in there, and what a source of failure weighs where no body tells stands in
//! `models/weights.toml`.

use std::sync::Arc;

use camino::Utf8Path;
use ruff_text_size::TextRange;
use serde::Deserialize;

use super::Hearing;
use super::birth::{Finder, shortened};
use crate::finding::Witness;
use crate::resolve::Module;

/// What the loss of a failure weighs, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Weight {
    /// It does not fail in practice.
    None,
    /// To give something back or to end it fails where there is mostly nothing left to lose.
    Cleanup,
    /// Waiting for something outside, under a handler that is there for failures of the connection.
    Expected,
    /// Waiting for a future, which tells its failure to whoever has made it and waits for it too.
    Shared,
    /// Plain work on data fails only where the data is not as expected: division, subscripts, conversions.
    Data,
    /// A plain call that reaches outside of the program (a file, a socket, a database, another process), or runs other
    /// work and raises what that raises.
    Outside,
    /// A plain call into code that is not known.
    Call,
    /// Awaited work, and what is certain to fail.
    Heavy,
    /// What is raised on purpose.
    Raised,
}

/// A place where something may fail.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    weight: Weight,
    path: Arc<Utf8Path>,
    range: TextRange,
}

/// What can fail in some work, and who hears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    /// The weightiest failure that gets out, the first of several.
    lost: Option<Source>,
    /// Whether a handler hears failures.
    is_heard: bool,
    /// Whether something may hear that is not looked into, or failures are dropped on purpose.
    is_hidden: bool,
    activity: Activity,
}

/// What some work does besides, whoever hears that, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Activity {
    /// Nothing of note.
    #[default]
    Idle,
    /// What does not fail in practice.
    Busy,
    /// It waits for something that may fail, or reaches outside of the program by a plain call.
    Reaching,
}

impl Account {
    /// Of what can fail, at a place of `module`.
    pub(super) fn source(weight: Weight, module: &Module<'_>, range: TextRange) -> Self {
        match weight {
            Weight::None => Account::small(),
            weight => Account {
                lost: Some(Source { weight, path: Arc::clone(module.path()), range }),
                activity: if matches!(weight, Weight::Heavy | Weight::Outside) { Activity::Reaching } else { Activity::Idle },
                ..Account::default()
            },
        }
    }

    /// Of what does something and does not fail in practice.
    pub(super) fn small() -> Self {
        Account { activity: Activity::Busy, ..Account::default() }
    }

    /// Of what hears its failures.
    pub(super) fn heard() -> Self {
        Account { is_heard: true, ..Account::default() }
    }

    /// Of what may hear its failures, or drops them.
    pub(super) fn hidden() -> Self {
        Account { is_hidden: true, ..Account::default() }
    }

    /// Of two parts together.
    pub(super) fn and(self, other: Self) -> Self {
        let weight = |account: &Account| account.lost.as_ref().map(|lost| lost.weight);
        let lost = if weight(&self) >= weight(&other) { self.lost } else { other.lost };
        Account {
            lost,
            is_heard: self.is_heard || other.is_heard,
            is_hidden: self.is_hidden || other.is_hidden,
            activity: self.activity.max(other.activity),
        }
    }

    /// Of several parts together; none at all cannot fail.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Account::default();
        for part in parts {
            all = all.and(part);
            if all.is_heavy() {
                break;
            }
        }
        all
    }

    /// The same where nothing that gets out weighs more than this.
    pub(super) fn at_most(mut self, most: Weight) -> Self {
        if let Some(lost) = &mut self.lost {
            lost.weight = lost.weight.min(most);
        }
        self
    }

    /// The same where nothing that gets out weighs more than this, but for what is raised on purpose.
    pub(super) fn lightened(self, most: Weight) -> Self {
        if self.is_raised() { self } else { self.at_most(most) }
    }

    /// Whether the failure that gets out is one of the whole of what stands at a place, into which nobody can look.
    pub(super) fn is_closed(&self, module: &Module<'_>, range: TextRange) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.range == range && *lost.path == **module.path())
    }

    /// Whether the weightiest failure is raised on purpose.
    pub(super) fn is_raised(&self) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.weight == Weight::Raised)
    }

    /// The same as the work of a task: one that neither waits for what is outside nor reaches there
    /// runs plain code alone, whatever that calls.
    pub(super) fn of_task(self) -> Self {
        let is_plain = self.activity < Activity::Reaching && !self.is_heard && !self.is_hidden;
        let is_call = self.lost.as_ref().is_some_and(|lost| lost.weight == Weight::Call);
        if is_plain && is_call { self.at_most(Weight::Data) } else { self }
    }

    /// The same where what gets out and weighs no more than this is known to whoever wrote it.
    pub(super) fn known(mut self, most: Weight) -> Self {
        if self.lost.as_ref().is_some_and(|lost| lost.weight <= most) {
            self.lost = None;
            self.is_hidden = true;
        }
        self
    }

    /// Whether awaited work, or what is raised on purpose, gets out.
    fn is_heavy(&self) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.weight >= Weight::Heavy)
    }

    /// Of clean-up, where only what is raised on purpose counts.
    pub(super) fn of_cleanup(self) -> Self {
        match self.lost {
            Some(Source { weight: Weight::Raised, .. }) => self,
            _ => Account::default(),
        }
    }

    /// Whether a handler in it hears failures.
    pub(super) fn hears(&self) -> bool {
        self.is_heard
    }

    /// Whether no failure gets out of it, and none is dropped in it.
    pub(super) fn is_sound(&self) -> bool {
        self.lost.is_none() && !self.is_hidden
    }

    /// Who hears the failures, all in all.
    pub(super) fn hearing(&self) -> Hearing {
        match self.lost.as_ref().map(|lost| lost.weight) {
            Some(Weight::Outside | Weight::Call | Weight::Heavy | Weight::Raised) => Hearing::Deaf,
            Some(Weight::Cleanup) => Hearing::Cleanup,
            Some(Weight::Expected) => Hearing::Expected,
            Some(Weight::Shared) => Hearing::Shared,
            Some(_) if self.is_heard || self.is_hidden => Hearing::Mostly,
            Some(_) => Hearing::Plain,
            None if self.is_hidden => Hearing::Perhaps,
            None if self.is_heard => Hearing::Itself,
            None if self.activity > Activity::Idle => Hearing::Small,
            None => Hearing::Never,
        }
    }
}

impl Finder<'_, '_, '_> {
    /// What failure of this work would be lost?
    pub(super) fn lost_failure(&self, work: &Account) -> Option<Witness> {
        let source = work.lost.as_ref()?;
        let module = Module::open(self.db, &source.path).ok()?;
        Some(Witness {
            span: module.span(source.range),
            source: shortened(&module.text()[source.range]),
            is_heavy: source.weight >= Weight::Outside,
        })
    }
}
