//! What may be lost, by the names of the JSON contract.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The exception of a task that nobody retrieved.
    TaskFailed,
    /// The exception of a future that nobody retrieved.
    FutureFailed,
    /// The exception of a gather that nobody retrieved.
    GatherFailed,
    /// A coroutine that never ran.
    CoroutineNeverAwaited,
    /// A task that was collected before its end.
    TaskDestroyed,
    /// A callback of the loop that raised.
    CallbackRaised,
    /// An async generator that raised when it was closed.
    AsyncgenFailed,
    /// A task that raised when `asyncio.run` cancelled it at the end.
    ShutdownFailed,
    /// A method of a protocol, or the callback of a server, that raised.
    ProtocolFailed,
    /// A session, connection or transport that was not closed.
    Unclosed,
    /// A callback or a step of a task that held up the loop.
    SlowCallback,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::TaskFailed,
        Self::FutureFailed,
        Self::GatherFailed,
        Self::CoroutineNeverAwaited,
        Self::TaskDestroyed,
        Self::CallbackRaised,
        Self::AsyncgenFailed,
        Self::ShutdownFailed,
        Self::ProtocolFailed,
        Self::Unclosed,
        Self::SlowCallback,
    ];

    /// The name in the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TaskFailed => "task-failed",
            Self::FutureFailed => "future-failed",
            Self::GatherFailed => "gather-failed",
            Self::CoroutineNeverAwaited => "coroutine-never-awaited",
            Self::TaskDestroyed => "task-destroyed",
            Self::CallbackRaised => "callback-raised",
            Self::AsyncgenFailed => "asyncgen-failed",
            Self::ShutdownFailed => "shutdown-failed",
            Self::ProtocolFailed => "protocol-failed",
            Self::Unclosed => "unclosed",
            Self::SlowCallback => "slow-callback",
        }
    }

    /// Whether a traceback belongs to a record of this kind.
    pub(crate) fn has_traceback(self) -> bool {
        !matches!(self, Self::CoroutineNeverAwaited | Self::TaskDestroyed | Self::Unclosed | Self::SlowCallback)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
