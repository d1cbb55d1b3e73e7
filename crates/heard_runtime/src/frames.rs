//! The frames of the running thread, without the price of Python attributes.

use std::ffi::{CStr, c_int};
use std::sync::OnceLock;

use pyo3::ffi::{self, PyFrameObject, PyObject};
use pyo3::prelude::*;
use pyo3::types::PyString;

type GetBack = unsafe extern "C" fn(*mut PyFrameObject) -> *mut PyFrameObject;
type GetLasti = unsafe extern "C" fn(*mut PyFrameObject) -> c_int;
type GetVar = unsafe extern "C" fn(*mut PyFrameObject, *mut PyObject) -> *mut PyObject;

/// Functions that every CPython from 3.11 on exports, `variable` from 3.12 on, and that are not in the stable ABI.
struct Exported {
    back: Option<GetBack>,
    last_instruction: Option<GetLasti>,
    variable: Option<GetVar>,
}

fn exported() -> &'static Exported {
    static EXPORTED: OnceLock<Exported> = OnceLock::new();
    EXPORTED.get_or_init(|| {
        // SAFETY: the three have had these signatures in every CPython that exports them (documented in its C API).
        unsafe {
            Exported {
                back: symbol(c"PyFrame_GetBack").map(|address| std::mem::transmute::<*mut libc::c_void, GetBack>(address)),
                last_instruction: symbol(c"PyFrame_GetLasti").map(|address| std::mem::transmute::<*mut libc::c_void, GetLasti>(address)),
                variable: symbol(c"PyFrame_GetVar").map(|address| std::mem::transmute::<*mut libc::c_void, GetVar>(address)),
            }
        }
    })
}

#[cfg(unix)]
pub(crate) fn symbol(name: &CStr) -> Option<*mut libc::c_void> {
    // SAFETY: the name ends in a zero byte, and the call only reads it.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

#[cfg(not(unix))]
pub(crate) fn symbol(_name: &CStr) -> Option<*mut libc::c_void> {
    None
}

/// A frame object.
pub(crate) struct Frame<'py>(Bound<'py, PyAny>);

impl<'py> Frame<'py> {
    /// The Python frame that runs in this thread.
    pub(crate) fn running(py: Python<'py>) -> Option<Self> {
        // SAFETY: this thread holds the interpreter's lock; the reference is borrowed or null.
        let frame = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyEval_GetFrame().cast()) };
        frame.map(Self)
    }

    /// This object, if it is a frame.
    pub(crate) fn of(object: &Bound<'py, PyAny>) -> Option<Self> {
        let is_frame = object.get_type().name().is_ok_and(|name| name == "frame");
        is_frame.then(|| Self(object.clone()))
    }

    pub(crate) fn is(&self, other: &Bound<'py, PyAny>) -> bool {
        self.0.is(other)
    }

    pub(crate) fn code(&self) -> Bound<'py, PyAny> {
        // SAFETY: `self.0` is a frame, and every frame has a code object: the result is a new reference.
        unsafe { Bound::from_owned_ptr(self.0.py(), ffi::PyFrame_GetCode(self.0.as_ptr().cast()).cast()) }
    }

    /// The offset of the instruction that it runs.
    pub(crate) fn last_instruction(&self) -> i32 {
        match exported().last_instruction {
            // SAFETY: `self.0` is a frame.
            Some(get_lasti) => unsafe { get_lasti(self.0.as_ptr().cast()) },
            None => self.0.getattr(pyo3::intern!(self.0.py(), "f_lasti")).and_then(|last| last.extract()).unwrap_or(-1),
        }
    }

    /// Whether it is a step of one of asyncio's tasks in Python.
    pub(crate) fn is_step(&self) -> bool {
        let name = self.code().getattr(pyo3::intern!(self.0.py(), "co_name")).and_then(|name| name.extract::<String>());
        name.is_ok_and(|name| name.starts_with("__step"))
    }

    /// The value of a variable, if it has one, and if that can be had without leaving a copy of all variables in the frame.
    pub(crate) fn variable(&self, name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
        let py = self.0.py();
        let get_var = exported().variable?;
        // SAFETY: `self.0` is a frame and `name` a string; the result is a new reference, or null with an exception, which
        // is taken here.
        let value = unsafe { Bound::from_owned_ptr_or_opt(py, get_var(self.0.as_ptr().cast(), name.as_ptr())) };
        if value.is_none() {
            // A variable that is not bound has no value.
            drop(PyErr::take(py));
        }
        value
    }

    /// Its caller.
    pub(crate) fn back(&self) -> Option<Self> {
        let py = self.0.py();
        let back = match exported().back {
            // SAFETY: `self.0` is a frame; the result is a new reference or null, without an exception.
            Some(get_back) => unsafe { Bound::from_owned_ptr_or_opt(py, get_back(self.0.as_ptr().cast()).cast()) },
            None => self.0.getattr(pyo3::intern!(py, "f_back")).ok().filter(|back| !back.is_none()),
        };
        back.map(Self)
    }
}

/// The value of a frame's variable, if that can be had without leaving a copy of all variables in the frame.
#[pyfunction]
pub(crate) fn variable<'py>(frame: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    Frame::of(frame)?.variable(name)
}

/// Whether `variable` works here.
#[pyfunction]
pub(crate) fn has_variable() -> bool {
    exported().variable.is_some()
}
