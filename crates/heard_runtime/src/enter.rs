//! Ways from Rust into code of Python that may take its time.
//!
//! Up to 3.13, an interpreter that ends unwinds the other threads as soon as they ask for its lock, through the frames
//! of whoever has called. Frames of Rust abort the process then, so such a thread stays where it is until the process
//! has ended, as it does from 3.14 on.

use pyo3::BoundObject;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

/// Declared once more, since PyO3 declares them as functions that never unwind: nothing of ours would be run then.
mod python {
    use pyo3::ffi::{PyObject, PySendResult};

    unsafe extern "C-unwind" {
        pub(super) fn PyObject_Call(callable: *mut PyObject, arguments: *mut PyObject, options: *mut PyObject) -> *mut PyObject;
        pub(super) fn PyIter_Next(iterator: *mut PyObject) -> *mut PyObject;
        pub(super) fn PyIter_Send(iterator: *mut PyObject, value: *mut PyObject, result: *mut *mut PyObject) -> PySendResult;
    }
}

/// Calls this with these arguments.
pub(crate) fn call<'py>(
    callable: &Bound<'py, PyAny>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Error: Into<PyErr>>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = callable.py();
    let arguments = arguments.into_pyobject(py).map_err(Into::into)?.into_bound();
    let options = options.map_or(std::ptr::null_mut(), Bound::as_ptr);
    // SAFETY: all of them are alive; the result is new, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, stay(|| python::PyObject_Call(callable.as_ptr(), arguments.as_ptr(), options))) }
}

/// Calls a method of an object with these arguments.
pub(crate) fn method<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Error: Into<PyErr>>,
) -> PyResult<Bound<'py, PyAny>> {
    call(&object.getattr(name)?, arguments, None)
}

/// The next item of an iterator, if there is one.
pub(crate) fn next<'py>(iterator: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = iterator.py();
    // SAFETY: it is alive; the result is new, or null, with an exception if it has raised one.
    match unsafe { Bound::from_owned_ptr_or_opt(py, stay(|| python::PyIter_Next(iterator.as_ptr()))) } {
        None => PyErr::take(py).map_or(Ok(None), Err),
        item => Ok(item),
    }
}

/// Runs an iterator that awaits something up to where it waits, or to its end, and says which with the result.
pub(crate) fn send(iterator: &Bound<'_, PyAny>) -> (ffi::PySendResult, *mut PyObject) {
    let mut result = std::ptr::null_mut();
    // SAFETY: both arguments are alive, and `result` is a place for the result.
    let sent = stay(|| unsafe { python::PyIter_Send(iterator.as_ptr(), ffi::Py_None(), &raw mut result) });
    (sent, result)
}

/// Calls what is declared as a function that may unwind, and does not return if it does.
pub(crate) fn stay<T>(enter: impl FnOnce() -> T) -> T {
    let unwound = Stay;
    let result = enter();
    std::mem::forget(unwound);
    result
}

struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        // A panic is a defect of ours, and goes its own way.
        while !std::thread::panicking() {
            std::thread::sleep(std::time::Duration::from_hours(1));
        }
    }
}
