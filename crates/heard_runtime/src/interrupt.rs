//! Exceptions of signal handlers that reach the monitor's code in place of the program's.

use std::ffi::{c_int, c_void};

use pyo3::exceptions::PyBaseException;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::frames::Frame;
use crate::method::is_within;

struct Pending {
    exception: Py<PyBaseException>,
    folder: String,
    around: Vec<String>,
}

/// Raises the exception in the main thread, as soon as that runs code that is not below `folder`, and is not called by
/// code whose path begins with one of `around`: that may be a finaliser, which swallows what is raised in it.
#[pyfunction]
pub(crate) fn raise_later(exception: Py<PyBaseException>, folder: String, around: Vec<String>) -> PyResult<()> {
    schedule(Box::new(Pending { exception, folder, around }))
}

fn schedule(pending: Box<Pending>) -> PyResult<()> {
    let pending = Box::into_raw(pending);
    // SAFETY: `raise` takes the box back when it is called, which happens once.
    if unsafe { ffi::Py_AddPendingCall(Some(raise), pending.cast()) } == 0 {
        return Ok(());
    }
    // SAFETY: the call was not added, so the box is still this function's.
    let Pending { exception, .. } = *unsafe { Box::from_raw(pending) };
    // There is no room for more calls: better here than never.
    Python::attach(|py| Err(PyErr::from_value(exception.into_bound(py).into_any())))
}

extern "C" fn raise(pending: *mut c_void) -> c_int {
    // SAFETY: it was made by `schedule` for this call alone.
    let pending = unsafe { Box::from_raw(pending.cast::<Pending>()) };
    // SAFETY: the interpreter calls this, in its main thread, which holds its lock.
    let py = unsafe { Python::assume_attached() };
    let error = if pending.must_wait(py) {
        match schedule(pending) {
            Ok(()) => return 0,
            Err(error) => error,
        }
    } else {
        PyErr::from_value(pending.exception.into_bound(py).into_any())
    };
    error.restore(py);
    -1
}

impl Pending {
    fn must_wait(&self, py: Python<'_>) -> bool {
        if is_within() {
            return true;
        }
        let mut frame = Frame::running(py);
        if frame.as_ref().is_some_and(|frame| is_in(frame, &self.folder)) {
            return true;
        }
        while let Some(current) = frame {
            if self.around.iter().any(|path| is_in(&current, path)) {
                return true;
            }
            frame = current.back();
        }
        false
    }
}

fn is_in(frame: &Frame<'_>, start: &str) -> bool {
    let code = frame.code();
    let path = code.getattr(pyo3::intern!(code.py(), "co_filename"));
    path.is_ok_and(|path| path.cast::<PyString>().is_ok_and(|path| path.to_str().is_ok_and(|path| path.starts_with(start))))
}
