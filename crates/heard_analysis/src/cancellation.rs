//! Work that nobody wants done any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag by which one thread tells others that nobody wants their result. Its clones are the same flag.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// The result is not wanted any more, and is dropped.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the result is to be dropped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
