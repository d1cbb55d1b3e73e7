//! Fates: how an awaitable ends, and why.

use std::sync::Arc;

use ruff_text_size::TextRange;

use crate::finding::Span;

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
    /// By `await`, right after it was cancelled: that hears those only which have not ended before.
    AfterCancel,
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
    /// The name that holds it is read only behind this.
    Late { name: String, behind: Obstacle, at: TextRange },
    /// It is used as if it were its result.
    UsedAsValue { operation: Operation, at: TextRange },
    /// Its holder is used, but never in a way that reads the outcome.
    NeverRead { holder: Option<String>, at: TextRange },
    /// It is kept where nothing in the program reads its outcome.
    Kept {
        /// The place, as the source spells it.
        holder: String,
        at: TextRange,
        /// Whether code outside the program may read it, by a public name.
        is_public: bool,
        /// Whether something waits for its end and leaves its failure unread, as at a shutdown.
        is_collected: bool,
        /// Where the place is looked at.
        stations: Arc<[Station]>,
    },
    /// It is handed to a function that does not read its outcome.
    Handed { function: String, at: TextRange, stations: Arc<[Station]> },
    /// It is kept in a registry from which a callback takes it when it is done, and nobody reads it.
    Discarded { at: TextRange },
    /// It was waited for, and nobody looked at how it ended.
    Unexamined { at: TextRange },
    /// A wait that ends before it does has left it behind.
    Abandoned { at: TextRange, is_cancelled: bool },
    /// A gather that collects failures waits for its end, and nobody looks at what it gives.
    Collected { at: TextRange },
    /// It is cancelled, and nobody waits for its end.
    OnlyCancelled { at: TextRange },
    /// Failures are sorted out and left lying on purpose.
    Skipped { at: TextRange },
    /// Only a callback or a weak registry has it, and nothing holds it until it is done.
    Unheld {
        at: TextRange,
        /// Where the registry is made.
        registry: Option<TextRange>,
    },
    /// A failure among the values is only written out with them.
    OnlyPrinted { at: TextRange },
    /// The program ends, and ends it.
    CutOff,
}

impl Loss {
    /// Whether nobody waits for it, now or later.
    pub(super) fn is_out_of_hand(&self) -> bool {
        matches!(self, Loss::Dropped | Loss::UnusedName(_) | Loss::Overwritten { .. } | Loss::NeverRead { .. })
    }

    /// Whether something has it until it is done, without reading it.
    pub(super) fn holds(&self) -> bool {
        matches!(
            self,
            Loss::Kept { .. }
                | Loss::Handed { .. }
                | Loss::Discarded { .. }
                | Loss::Unexamined { .. }
                | Loss::Abandoned { .. }
                | Loss::Collected { .. }
                | Loss::OnlyCancelled { .. }
        )
    }

    /// Whether code outside the program may read it after all.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Loss::Kept { is_public: true, .. })
    }

    /// Whether its failure is left unread by something that waits for its end.
    pub(crate) fn is_collected(&self) -> bool {
        matches!(self, Loss::Kept { is_collected: true, .. })
    }

    /// Where the value was looked at without being read.
    pub(crate) fn stations(&self) -> &[Station] {
        match self {
            Loss::Kept { stations, .. } | Loss::Handed { stations, .. } => stations,
            _ => &[],
        }
    }

    /// Where the value is lost, if that is another place than its birth.
    pub(super) fn place(&self) -> Option<TextRange> {
        match self {
            Loss::Dropped | Loss::DroppedByCaller | Loss::UnusedName(_) | Loss::CutOff => None,
            Loss::Overwritten { by: at, .. }
            | Loss::UsedAsValue { at, .. }
            | Loss::NeverRead { at, .. }
            | Loss::Late { at, .. }
            | Loss::Kept { at, .. }
            | Loss::Handed { at, .. }
            | Loss::Discarded { at }
            | Loss::Unexamined { at }
            | Loss::Abandoned { at, .. }
            | Loss::Collected { at }
            | Loss::OnlyCancelled { at }
            | Loss::Skipped { at }
            | Loss::Unheld { at, .. }
            | Loss::OnlyPrinted { at } => Some(*at).filter(|at| !at.is_empty()),
        }
    }
}

/// A place that a value comes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Station {
    pub(crate) span: Span,
    /// What is done there: `only cancelled`.
    pub(crate) what: String,
}

/// What keeps a program from coming to the place where an outcome is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It does not end, or it leaves the function.
    Endless,
    /// It hands over to whoever uses the context manager or the fixture.
    Handover,
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
    Printing,
    SpecialMethod,
    /// `await`, of something else than a coroutine.
    Await,
    /// `async for`.
    AsyncIteration,
    /// A plain `with`.
    Entering,
    /// `return` from a coroutine function that says that it gives something else.
    Return,
    /// `yield` from an async generator that says that it gives something else.
    Yield,
    /// Being kept where a plain value is declared.
    Declared,
    /// Being waited for, by what takes tasks only.
    Waiting,
    /// A test that lets only values through, not failures.
    Skip,
}

impl Operation {
    /// Whether nobody can mean it of a coroutine: it raises, or goes against what is declared.
    pub(super) fn is_refused(self) -> bool {
        matches!(
            self,
            Operation::Iteration
                | Operation::Subscript
                | Operation::Attribute
                | Operation::Arithmetic
                | Operation::Call
                | Operation::Argument
                | Operation::Declared
        )
    }
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
