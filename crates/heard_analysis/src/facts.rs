//! Facts: what is true of the awaitables of a program, in one vocabulary.
//!
//! A [`Birth`] is a call whose value is awaitable. Its [`Fate`] is how that value ends. Rules see
//! nothing else.

mod birth;
mod body;
mod flow;
mod hears;
mod models;
mod names;
mod origin;
mod outcomes;

use ruff_text_size::TextRange;
use serde::Deserialize;

use crate::finding::Span;

pub(crate) use birth::{Index, births};
pub(crate) use names::{Names, async_names};

/// What is born.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// A coroutine object: it runs only when somebody awaits or schedules it.
    Coroutine,
    /// An async generator.
    AsyncGenerator,
    /// An `asyncio.Task`.
    Task,
    /// An `asyncio.Future`.
    Future,
    /// The future of `asyncio.gather`.
    Gather,
    /// A `concurrent.futures.Future`.
    ThreadFuture,
    /// The list that `await gather(…, return_exceptions=True)` gives: values and failures mixed.
    Outcomes,
    /// One element of such a list.
    Outcome,
    /// Something of which only that is known: it may be a future that somebody else holds.
    Awaitable,
}

impl Kind {
    /// The kind in the words of a message.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Coroutine => "coroutine",
            Kind::AsyncGenerator => "async generator",
            Kind::Task => "task",
            Kind::Future | Kind::Gather => "future",
            Kind::ThreadFuture => "thread future",
            Kind::Outcomes => "gathered results",
            Kind::Outcome => "gathered result",
            Kind::Awaitable => "awaitable",
        }
    }
}

/// One call whose value is awaitable.
#[derive(Debug)]
pub(crate) struct Birth {
    pub(crate) kind: Kind,
    /// The call.
    pub(crate) span: Span,
    /// The source text of what is called, `asyncio.create_task` say.
    pub(crate) callee: String,
    /// The source text of what runs, where that is known: `poll` in `create_task(poll())`.
    pub(crate) work: Option<String>,
    /// Whether `await` may stand here.
    pub(crate) in_async: bool,
    /// The qualified name, inside the module, of the function or class around it.
    pub(crate) symbol: String,
    /// The statement around it, of a compound one the header.
    pub(crate) statement_span: Span,
    /// Its source, white space folded.
    pub(crate) statement: String,
    /// Whether the value's failures are heard by its own code.
    pub(crate) hearing: Hearing,
    /// Whether what runs is clean-up, whose failures are often let go on purpose.
    pub(crate) is_cleanup: bool,
    /// Whether putting `await` before the call gives the same place a value.
    pub(crate) awaitable_in_place: Option<AwaitEdit>,
    pub(crate) fate: Fate,
    /// Where it is lost, if that is another place than its birth.
    pub(crate) lost_at: Option<Span>,
    /// Where a helper makes it, if the call goes to one.
    pub(crate) made_at: Option<Span>,
}

/// Whether a function hears its own failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// Every path of it that can fail stands under a handler that logs or hands on.
    Itself,
    /// Something around it may hear, like a decorator, or it drops them itself.
    Perhaps,
    /// Its failures get out.
    Deaf,
}

impl Hearing {
    /// Of several functions or parts together; none at all cannot fail.
    fn of_all(all: impl IntoIterator<Item = Self>) -> Self {
        let mut hears = Hearing::Itself;
        for one in all {
            hears = hears.and(one);
            if hears == Hearing::Deaf {
                break;
            }
        }
        hears
    }

    /// Of two functions together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Hearing::Deaf, _) | (_, Hearing::Deaf) => Hearing::Deaf,
            (Hearing::Perhaps, _) | (_, Hearing::Perhaps) => Hearing::Perhaps,
            _ => Hearing::Itself,
        }
    }
}

/// How `await` can be put before a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwaitEdit {
    /// The call.
    pub(crate) call: Span,
    /// Whether the awaited call needs brackets around it.
    pub(crate) brackets: bool,
}

/// How an awaitable ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Somebody reads its outcome.
    Consumed(How),
    /// Somebody else is responsible for it now.
    Transferred(To),
    /// Nobody can read its outcome any more.
    Lost(Loss),
    /// It cannot be decided.
    Unknown(Reason),
}

/// How an outcome is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By `await` or something that awaits.
    Awaited,
    /// By being handed to something that awaits, schedules or reads it.
    HandedOver,
    /// By a method that reads, like `result`.
    Method,
    /// A gathered result is tested, raised, compared or kept.
    Examined,
    /// The value has an owner already, like the task of a task group.
    Owned,
}

/// Who is responsible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The caller of the function that returns or yields it.
    Caller,
}

/// Why an outcome is lost, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The value is dropped on the spot.
    Dropped,
    /// The value is what a callback returns, and the caller of the callback drops it.
    DroppedByCaller,
    /// It is bound to a name that nothing reads.
    UnusedName(String),
    /// Its name is bound anew before anything reads it.
    Overwritten { name: String, by: TextRange },
    /// It is used as if it were its result.
    UsedAsValue { operation: Operation, at: TextRange },
    /// Its holder is used, but never in a way that reads the outcome.
    NeverRead { holder: Option<String>, at: TextRange },
    /// Failures are sorted out and left lying on purpose.
    Skipped { at: TextRange },
    /// Only a callback hears it, and nothing holds it until then.
    Unheld { at: TextRange },
    /// A failure among the values is only written out with them.
    OnlyPrinted { at: TextRange },
}

impl Loss {
    /// Where the value is lost, if that is another place than its birth.
    fn place(&self) -> Option<TextRange> {
        match self {
            Loss::Dropped | Loss::DroppedByCaller | Loss::UnusedName(_) => None,
            Loss::Overwritten { by: at, .. }
            | Loss::UsedAsValue { at, .. }
            | Loss::NeverRead { at, .. }
            | Loss::Skipped { at }
            | Loss::Unheld { at }
            | Loss::OnlyPrinted { at } => Some(*at).filter(|at| !at.is_empty()),
        }
    }
}

/// What is done with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Condition,
    Comparison,
    Formatting,
    Iteration,
    Subscript,
    Attribute,
    Arithmetic,
    Call,
    Argument,
    SpecialMethod,
    /// A test that lets only values through, not failures.
    Skip,
}

/// Why a fate cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is given to a function whose effect on it is not known.
    Argument,
    /// It is kept in an attribute, a global or a container that lives on.
    Stored,
    /// It is used in a way that is not understood.
    Use,
    /// The work that it stands for is not known: it may be read elsewhere.
    Work,
    /// The function that makes it may keep it and read it.
    Spawner,
}

impl Reason {
    /// The reason in words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Reason::Argument => "it is given to a function whose effect on it is not known",
            Reason::Stored => "it is kept in an attribute, a global or a container that lives on",
            Reason::Use => "it is used in a way that is not understood",
            Reason::Work => "what it waits for may be read elsewhere",
            Reason::Spawner => "the function that makes it may keep it and read its outcome",
        }
    }
}
