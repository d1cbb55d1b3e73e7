//! Where items come from.

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

use super::Pool;
use super::drive::iterator_of;

/// What the input has given.
pub(super) enum Taken<'py> {
    Item(Bound<'py, PyAny>),
    /// This runs up to the next item.
    Awaits(Bound<'py, PyAny>),
    /// There are no more, or it has raised.
    End(Option<PyErr>),
}

impl Pool {
    /// Asks the input for the next item.
    pub(super) fn next_item<'py>(&self, py: Python<'py>) -> Taken<'py> {
        let items = self.fixed.items.bind(py);
        if self.fixed.is_async {
            let next = items.call_method0(intern!(py, "__anext__"));
            return match next.and_then(|next| iterator_of(next, self.fixed.coroutine.bind(py))) {
                Ok(iterator) => Taken::Awaits(iterator),
                Err(error) => input_end(py, error),
            };
        }
        // SAFETY: it is an iterator, as Python's `iter` has made it; the result is a new reference, or null.
        match unsafe { Bound::from_owned_ptr_or_opt(py, ffi::PyIter_Next(items.as_ptr())) } {
            Some(item) => Taken::Item(item),
            None => Taken::End(PyErr::take(py)),
        }
    }
}

/// What an exception of an asynchronous input means.
pub(super) fn input_end<'py>(py: Python<'_>, error: PyErr) -> Taken<'py> {
    Taken::End((!error.is_instance_of::<PyStopAsyncIteration>(py)).then_some(error))
}
