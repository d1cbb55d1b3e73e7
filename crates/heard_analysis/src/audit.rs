//! The audit: every awaitable that the program makes, and what becomes of it, in words.
//!
//! A finding is a loss that a rule reports. Here all fates are told, so that a reader who goes
//! through a code base by hand sees who reads what, and what is left to look at.

use std::fmt;
use std::str::FromStr;

use rustc_hash::FxHashSet;

use crate::facts::{self, Birth, Fact, Hearing, How, Loss, Obstacle, Reason, To};
use crate::finding::{Span, Witness};

/// A call whose value is awaitable, and what becomes of that value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Awaitable {
    /// The call.
    pub span: Span,
    /// What it makes.
    pub kind: Kind,
    /// The source text of what is called.
    pub callee: String,
    /// The source text of the call, in one line, the end left out where it is long.
    pub call: String,
    /// How the value ends.
    pub fate: Fate,
    /// What that means here: who reads it, why it is lost, why that is not known. A few words.
    pub how: String,
    /// Where that happens, as far as it is known: where the value is read, or where it is lost.
    pub at: Option<Span>,
    /// The failure that would be lost, of what is lost.
    pub witness: Option<Witness>,
    /// The qualified name, inside the module, of the function or class around the call; empty where there is none.
    pub symbol: String,
}

impl Awaitable {
    /// Whether it is read in the same place in which it is made, like what `await load()` awaits.
    #[must_use]
    pub fn is_read_on_the_spot(&self) -> bool {
        self.fate == Fate::Consumed && self.at.as_ref() == Some(&self.span)
    }
}

/// What a call makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A task of asyncio.
    Task,
    /// A future of asyncio, like that of `shield` or `run_in_executor`.
    Future,
    /// What `asyncio.gather` gives.
    Gather,
    /// What `asyncio.wait` gives.
    Wait,
    /// A future of `concurrent.futures`.
    ThreadFuture,
    /// A coroutine.
    Coroutine,
    /// An async generator.
    AsyncGenerator,
    /// An async context manager.
    AsyncManager,
    /// Something of which only that is known.
    Awaitable,
}

impl Kind {
    /// Every kind, in the order in which they are counted.
    pub const ALL: [Kind; 9] = [
        Kind::Task,
        Kind::Future,
        Kind::Gather,
        Kind::Wait,
        Kind::ThreadFuture,
        Kind::Coroutine,
        Kind::AsyncGenerator,
        Kind::AsyncManager,
        Kind::Awaitable,
    ];

    /// The kind's name on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Task => "task",
            Kind::Future => "future",
            Kind::Gather => "gather",
            Kind::Wait => "wait",
            Kind::ThreadFuture => "thread-future",
            Kind::Coroutine => "coroutine",
            Kind::AsyncGenerator => "async-generator",
            Kind::AsyncManager => "async-manager",
            Kind::Awaitable => "awaitable",
        }
    }

    fn of(birth: &Birth) -> Self {
        match birth.kind {
            _ if birth.done.is_some() => Kind::Wait,
            facts::Kind::Task | facts::Kind::Pending => Kind::Task,
            facts::Kind::Future => Kind::Future,
            facts::Kind::Gather | facts::Kind::Outcomes | facts::Kind::Outcome | facts::Kind::Result => Kind::Gather,
            facts::Kind::ThreadFuture | facts::Kind::ThreadResults => Kind::ThreadFuture,
            facts::Kind::Coroutine => Kind::Coroutine,
            facts::Kind::AsyncGenerator => Kind::AsyncGenerator,
            facts::Kind::AsyncManager => Kind::AsyncManager,
            facts::Kind::Input | facts::Kind::Awaitable => Kind::Awaitable,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| format!("there is no kind `{text}`"))
    }
}

/// How an awaitable ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Somebody reads its outcome.
    Consumed,
    /// Somebody else is responsible for it now.
    Transferred,
    /// Nobody reads its outcome.
    Lost,
    /// It cannot be decided.
    Unknown,
}

impl Fate {
    /// Every fate, in the order in which they are counted.
    pub const ALL: [Fate; 4] = [Fate::Consumed, Fate::Transferred, Fate::Lost, Fate::Unknown];

    /// The fate's name in tables and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fate::Consumed => "consumed",
            Fate::Transferred => "transferred",
            Fate::Lost => "lost",
            Fate::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The awaitables among the facts of a module.
pub(crate) fn awaitables(facts: &[Fact]) -> Vec<Awaitable> {
    let births = || facts.iter().filter_map(|fact| if let Fact::Birth(birth) = fact { Some(&**birth) } else { None });
    let is_unexamined = |birth: &&Birth| birth.hearing.is_deaf() && matches!(birth.fate, facts::Fate::Lost(Loss::Unexamined { .. }));
    let unexamined: FxHashSet<&Span> = births().filter(is_unexamined).filter_map(|birth| birth.lost_at.as_ref()).collect();
    let of_birth = |birth: &Birth| {
        let span = &birth.site.span;
        let (fate, how, at) = ending(birth, unexamined.contains(span));
        let witness = birth.witness.clone().filter(|_| fate == Fate::Lost);
        Awaitable {
            span: span.clone(),
            kind: Kind::of(birth),
            callee: birth.callee.clone(),
            call: birth.call.clone(),
            fate,
            how,
            at,
            witness,
            symbol: birth.site.symbol.clone(),
        }
    };
    births().map(of_birth).collect()
}

/// How a birth ends, in words, and where.
fn ending(birth: &Birth, is_unexamined: bool) -> (Fate, String, Option<Span>) {
    let read_at = || Some(birth.read_at.clone().unwrap_or_else(|| birth.site.span.clone()));
    match &birth.fate {
        facts::Fate::Consumed(_) if is_unexamined => (Fate::Lost, "its tasks are read neither here nor elsewhere".to_owned(), None),
        facts::Fate::Consumed(how) => match &birth.done {
            None => (Fate::Consumed, consumed(*how).to_owned(), read_at().filter(|_| *how != How::Owned)),
            Some(facts::Fate::Consumed(_)) => (Fate::Consumed, "examined".to_owned(), read_at()),
            Some(facts::Fate::Transferred(to)) => (Fate::Transferred, transferred(*to).to_owned(), None),
            Some(facts::Fate::Lost(_)) => (Fate::Unknown, "its results are not read; its tasks may be read elsewhere".to_owned(), None),
            Some(facts::Fate::Unknown(reason)) => (Fate::Unknown, format!("its results: {}", reason.text()), None),
        },
        facts::Fate::Transferred(to) => (Fate::Transferred, transferred(*to).to_owned(), None),
        facts::Fate::Lost(loss) if *loss != Loss::CutOff && birth.hearing == Hearing::Itself => {
            (Fate::Consumed, "its own code hears its failures".to_owned(), None)
        }
        facts::Fate::Lost(loss) if *loss != Loss::CutOff && birth.hearing == Hearing::Never => {
            (Fate::Consumed, "nothing in it can fail, so there is nothing to hear".to_owned(), None)
        }
        facts::Fate::Lost(Loss::Dropped) if birth.kind == facts::Kind::Outcomes => {
            (Fate::Lost, "its results are dropped on the spot".to_owned(), None)
        }
        facts::Fate::Lost(loss) => (Fate::Lost, lost(loss), birth.lost_at.clone()),
        facts::Fate::Unknown(Reason::Spawner) if Kind::of(birth) == Kind::Gather => (Fate::Unknown, Reason::Work.text().to_owned(), None),
        facts::Fate::Unknown(reason) => (Fate::Unknown, reason.text().to_owned(), None),
    }
}

fn consumed(how: How) -> &'static str {
    match how {
        How::Awaited => "awaited",
        How::HandedOver => "handed over",
        How::Method => "asked for its outcome",
        How::AfterCancel => "awaited once it is cancelled",
        How::Examined => "examined",
        How::Owned => "kept and read by what makes it",
    }
}

fn transferred(to: To) -> &'static str {
    match to {
        To::Caller => "returned to the caller",
    }
}

fn lost(loss: &Loss) -> String {
    match loss {
        Loss::Dropped => "dropped on the spot".to_owned(),
        Loss::DroppedByCaller => "returned by a callback, whose caller drops it".to_owned(),
        Loss::UnusedName(name) => format!("kept in `{name}`, which is not used"),
        Loss::Overwritten { name, .. } => format!("kept in `{name}`, which is bound anew"),
        Loss::Late { name, behind: Obstacle::Endless, .. } => format!("`{name}` is read only behind what does not end"),
        Loss::Late { name, behind: Obstacle::Handover, .. } => format!("`{name}` is read only after others are done with it"),
        Loss::UsedAsValue { .. } => "used as if it were its result".to_owned(),
        Loss::NeverRead { holder: Some(name), .. } => format!("kept in `{name}`, whose uses do not read it"),
        Loss::NeverRead { holder: None, .. } => "used in a way that does not read it".to_owned(),
        Loss::Kept { holder, is_collected: true, .. } => format!("kept in `{holder}`, where its end is waited for and its failure left"),
        Loss::Kept { holder, .. } => format!("kept in `{holder}`, and nothing in the program reads it"),
        Loss::Handed { function, .. } => format!("handed to `{function}`, which does not read it"),
        Loss::Discarded { .. } => "kept in a registry, and only taken out of it when it is done".to_owned(),
        Loss::Unexamined { .. } => "waited for, and nobody looks at how it ended".to_owned(),
        Loss::Abandoned { is_cancelled: false, .. } => "left behind by a wait that ends before it".to_owned(),
        Loss::Abandoned { is_cancelled: true, .. } => "left behind by a wait, and only cancelled".to_owned(),
        Loss::Collected { .. } => "waited for, and its failure left unread".to_owned(),
        Loss::OnlyCancelled { .. } => "only cancelled".to_owned(),
        Loss::Skipped { .. } => "its failures are sorted out and left".to_owned(),
        Loss::Unheld { .. } => "only a callback hears it, and nothing holds it".to_owned(),
        Loss::OnlyPrinted { .. } => "its failures are only printed".to_owned(),
        Loss::CutOff => "the program ends before it does".to_owned(),
    }
}
