//! One step of an awaitable.

use pyo3::exceptions::{PyAttributeError, PyStopIteration, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::enter;

/// What a step has led to.
pub(super) enum Step<'py> {
    /// It waits for this, or for another turn if it is `None`.
    Wait(Bound<'py, PyAny>),
    Return(Bound<'py, PyAny>),
    Raise(PyErr),
}

/// Runs an iterator that awaits something up to where it waits, or to its end.
pub(super) fn send<'py>(iterator: &Bound<'py, PyAny>) -> Step<'py> {
    let py = iterator.py();
    let (sent, result) = enter::send(iterator);
    match sent {
        // SAFETY: except for an error, the result is a new reference.
        ffi::PySendResult::PYGEN_NEXT => Step::Wait(unsafe { Bound::from_owned_ptr(py, result) }),
        // SAFETY: as above.
        ffi::PySendResult::PYGEN_RETURN => Step::Return(unsafe { Bound::from_owned_ptr(py, result) }),
        ffi::PySendResult::PYGEN_ERROR => Step::Raise(PyErr::fetch(py)),
    }
}

/// Throws into an iterator that awaits something.
pub(super) fn throw<'py>(iterator: &Bound<'py, PyAny>, error: PyErr) -> Step<'py> {
    let py = iterator.py();
    let Ok(throw) = iterator.getattr(pyo3::intern!(py, "throw")) else { return Step::Raise(error) };
    match enter::call(&throw, (error.into_value(py),), None) {
        Ok(waits_for) => Step::Wait(waits_for),
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => match error.value(py).getattr(pyo3::intern!(py, "value")) {
            Ok(value) => Step::Return(value),
            Err(error) => Step::Raise(error),
        },
        Err(error) => Step::Raise(error),
    }
}

/// What runs when this is awaited: a coroutine itself, or what `__await__` gives.
pub(super) fn iterator_of<'py>(awaitable: Bound<'py, PyAny>, coroutine: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    if awaitable.get_type().is(coroutine) {
        return Ok(awaitable);
    }
    let py = awaitable.py();
    enter::method(&awaitable, pyo3::intern!(py, "__await__"), ()).map_err(|error| {
        if !error.is_instance_of::<PyAttributeError>(py) {
            return error;
        }
        let name = awaitable.get_type().name().map(|name| name.to_string()).unwrap_or_default();
        PyTypeError::new_err(format!("heard.map awaits what its function returns, and that was of type '{name}'"))
    })
}
