//! State that the interpreter's lock guards.

use std::cell::{RefCell, RefMut};

use pyo3::exceptions::PyException;
use pyo3::{PyErr, Python};

/// A value that only a thread that holds the interpreter's lock can reach.
///
/// The hooks below run tens of millions of times a minute, so they take no lock of their own.
pub(crate) struct Guarded<T>(RefCell<T>);

// SAFETY: the only way to the value is `try_get`, which asks for a `Python` token: proof that this thread holds
// the interpreter's lock. There is one interpreter (PyO3 refuses to load a module in a second one) and the
// lock exists (this crate is built for the stable ABI, which no free-threaded build loads), so two threads
// never touch the cell at once. A thread that gives the lock up while it holds a `RefMut` makes others get
// `None`, and they read the borrow flag only under the lock.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// The value, or `None` to somebody who is called while it is in use: a destructor or a signal handler that
    /// runs inside a hook and makes a task.
    pub(crate) fn try_get<'a>(&'a self, _py: Python<'a>) -> Option<RefMut<'a, T>> {
        self.0.try_borrow_mut().ok()
    }
}

/// Whether an error is a defect, which stays with us, and not what a signal handler of the program has raised: that
/// is meant for the program, wherever it arrives.
pub(crate) fn is_failure(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyException>(py)
}
