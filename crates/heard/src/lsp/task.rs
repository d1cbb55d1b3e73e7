//! What the analyst is told and asked, and what comes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::Utf8PathBuf;
use heard_analysis::Cancellation;
use lsp_server::{RequestId, Response};
use lsp_types::{CodeActionKind, Position, PreviousResultId, Range, Uri};
use serde_json::Value;

use super::document::Snapshot;

/// Something to do, in the order in which it came.
pub(super) enum Task {
    /// A document was opened or changed.
    Put(Utf8PathBuf, Snapshot),
    Close(Utf8PathBuf),
    /// Files on the disk changed, came or went.
    Disk(Vec<Utf8PathBuf>),
    /// Any files on the disk may have changed, and nobody watches them.
    Unwatched,
    /// These folders are the workspace.
    Folders(Vec<Utf8PathBuf>),
    /// Whether hints are wanted.
    Hints(bool),
    Ask(Ask),
    /// A request is not wanted any more.
    Cancelled,
}

/// A request of the editor.
pub(super) struct Ask {
    pub(super) id: RequestId,
    pub(super) question: Question,
    /// Set when nobody wants the answer any more.
    pub(super) is_cancelled: Arc<AtomicBool>,
    /// How often something had changed when it was asked.
    pub(super) revision: u64,
}

impl Ask {
    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }
}

/// What is asked.
pub(super) enum Question {
    Diagnostics { document: Named, previous: Option<String> },
    Workspace { previous: Vec<PreviousResultId> },
    Hover(Named, Position),
    References(Named, Position),
    Hints(Named, Range),
    Lenses(Named),
    Actions { document: Named, range: Range, only: Option<Vec<CodeActionKind>> },
}

/// A document, or a cell of a notebook.
pub(super) struct Named {
    /// As the editor calls it.
    pub(super) uri: Uri,
    /// Where it lies, or the notebook that has it. Of what is no file nothing is known.
    pub(super) path: Option<Utf8PathBuf>,
}

/// What goes back to the editor.
pub(super) enum Told {
    Response(Response),
    Notification {
        method: &'static str,
        params: Value,
    },
    /// A request whose answer does not matter.
    Request {
        method: &'static str,
        params: Value,
    },
}

/// What the analyst is busy with, so that others can stop it.
#[derive(Default)]
pub(super) struct Desk {
    running: Mutex<Option<(Option<RequestId>, Cancellation)>>,
}

impl Desk {
    fn running(&self) -> MutexGuard<'_, Option<(Option<RequestId>, Cancellation)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins some work, for a request or for none.
    pub(super) fn begin(&self, id: Option<RequestId>) -> Cancellation {
        let cancellation = Cancellation::default();
        *self.running() = Some((id, cancellation.clone()));
        cancellation
    }

    /// The work is done.
    pub(super) fn end(&self) {
        *self.running() = None;
    }

    /// Drops what comes of the work, since what it is about has changed.
    pub(super) fn stop(&self) {
        if let Some((_, cancellation)) = &*self.running() {
            cancellation.cancel();
        }
    }

    /// Drops what comes of the work for a request that nobody wants answered any more.
    pub(super) fn cancel(&self, request: &RequestId) {
        if let Some((Some(id), cancellation)) = &*self.running()
            && id == request
        {
            cancellation.cancel();
        }
    }
}
