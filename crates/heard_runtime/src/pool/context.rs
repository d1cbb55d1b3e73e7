//! The context variables of an item.

use std::ffi::c_int;
use std::sync::OnceLock;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::PyObject;
use pyo3::prelude::*;

use crate::enter;
use crate::frames::symbol;

type Copy = unsafe extern "C" fn(*mut PyObject) -> *mut PyObject;
type CallOneArg = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
type Switch = unsafe extern "C" fn(*mut PyObject) -> c_int;

/// Functions that every CPython from 3.9 on exports, and that are not in the stable ABI.
struct Exported {
    copy: Copy,
    enter: Switch,
    exit: Switch,
    call: CallOneArg,
}

/// Calls this with one argument.
pub(super) fn call<'py>(function: &Bound<'py, PyAny>, argument: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // Without a tuple for the arguments.
    let call = exported()?.call;
    // SAFETY: both are alive; the result is new, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(function.py(), enter::stay(|| call(function.as_ptr(), argument.as_ptr()))) }
}

/// A `contextvars.Context` that only one item enters.
pub(super) struct Context(Py<PyAny>);

impl Context {
    /// A copy of this context.
    pub(super) fn copy(context: &Bound<'_, PyAny>) -> PyResult<Self> {
        let copy = exported()?.copy;
        // SAFETY: the argument is alive, and the function refuses what is not a context; the result is new, or null
        // with an exception.
        unsafe { Bound::from_owned_ptr_or_err(context.py(), copy(context.as_ptr())) }.map(|copy| Self(copy.unbind()))
    }

    /// Runs something in this context. It must not leave a Python exception set.
    pub(super) fn run<T>(&self, py: Python<'_>, what: impl FnOnce() -> T) -> PyResult<T> {
        let exported = exported()?;
        // SAFETY: `self.0` is a context: `copy` has made it.
        if unsafe { (exported.enter)(self.0.as_ptr()) } < 0 {
            return Err(PyErr::fetch(py));
        }
        let result = what();
        // SAFETY: as above; it has been entered, and whatever was entered since has been left.
        if unsafe { (exported.exit)(self.0.as_ptr()) } < 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(result)
    }

    pub(super) fn object(&self) -> &Py<PyAny> {
        &self.0
    }
}

/// Refuses platforms where contexts cannot be switched.
pub(super) fn check() -> PyResult<()> {
    exported().map(drop)
}

fn exported() -> PyResult<&'static Exported> {
    static EXPORTED: OnceLock<Option<Exported>> = OnceLock::new();
    let exported = EXPORTED.get_or_init(|| {
        let (copy, enter, exit) = (symbol(c"PyContext_Copy")?, symbol(c"PyContext_Enter")?, symbol(c"PyContext_Exit")?);
        let call = symbol(c"PyObject_CallOneArg")?;
        // SAFETY: the four have had these signatures ever since they exist (documented in CPython's C API).
        unsafe {
            Some(Exported {
                copy: std::mem::transmute::<*mut libc::c_void, Copy>(copy),
                enter: std::mem::transmute::<*mut libc::c_void, Switch>(enter),
                exit: std::mem::transmute::<*mut libc::c_void, Switch>(exit),
                call: std::mem::transmute::<*mut libc::c_void, CallOneArg>(call),
            })
        }
    });
    exported.as_ref().ok_or_else(|| PyRuntimeError::new_err("heard.map cannot switch context variables on this platform"))
}
