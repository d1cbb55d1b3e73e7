//! How far long work has come, for an editor that shows it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::Sender;
use serde_json::{Value, json};

use super::capabilities::Client;
use super::task::Told;

/// Fewer files are read before anybody could look at a bar.
const FEWEST: usize = 500;

/// The number of the next piece of work.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// Tells how far work has come.
pub(super) struct Progress {
    told: Option<Sender<Told>>,
    token: String,
    total: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    pub(super) fn new(client: &Client, told: Sender<Told>) -> Self {
        let told = client.shows_progress.then_some(told);
        let token = format!("heard-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Progress { told, token, total: AtomicUsize::new(0), done: AtomicUsize::new(0) }
    }

    /// Begins to read so many files.
    pub(super) fn begin(&self, total: usize) {
        if total < FEWEST {
            return;
        }
        self.total.store(total, Ordering::Relaxed);
        self.send(|token| Told::Request { method: "window/workDoneProgress/create", params: json!({ "token": token }) });
        self.report(&json!({ "kind": "begin", "title": "heard", "message": format!("{total} files"), "percentage": 0 }));
    }

    /// One more file is done.
    pub(super) fn step(&self) {
        let total = self.total.load(Ordering::Relaxed);
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if total > 0 && done * 20 / total != (done - 1) * 20 / total {
            self.report(&json!({ "kind": "report", "percentage": (done * 100 / total).min(100) }));
        }
    }

    fn report(&self, value: &Value) {
        self.send(|token| Told::Notification { method: "$/progress", params: json!({ "token": token, "value": value }) });
    }

    fn send(&self, told: impl FnOnce(&str) -> Told) {
        if let Some(sender) = &self.told {
            // Where nobody listens, the server is about to end.
            let _ = sender.send(told(&self.token));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.total.load(Ordering::Relaxed) > 0 {
            self.report(&json!({ "kind": "end" }));
        }
    }
}
