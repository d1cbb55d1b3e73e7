//! Failures, at the instant they leave a task: the callback of `sys.monitoring`.

use std::ffi::CStr;
use std::ptr;

use pyo3::ffi::{self, PyObject};
use pyo3::prelude::*;

use crate::enter;
use crate::frames::Frame;
use crate::gil::{Guarded, is_failure};

/// The flag of the code of an `async def` function.
const COROUTINE: std::ffi::c_long = 0x80;

struct Callbacks {
    /// `asyncio.current_task`, the one in C.
    current_task: Py<PyAny>,
    /// The type of a cancellation.
    cancelled: Py<PyAny>,
    /// Called with a task and the exception that leaves it.
    failed: Py<PyAny>,
}

static CALLBACKS: Guarded<Option<Callbacks>> = Guarded::new(None);

/// The callback for the event `PY_UNWIND`.
#[pyfunction]
pub(crate) fn unwind_callback(
    py: Python<'_>,
    current_task: Py<PyAny>,
    cancelled: Py<PyAny>,
    failed: Py<PyAny>,
) -> PyResult<Bound<'_, PyAny>> {
    if let Some(mut callbacks) = CALLBACKS.try_get(py) {
        *callbacks = Some(Callbacks { current_task, cancelled, failed });
    }
    callback(py, c"heard_unwind", unwound)
}

/// Lets go of what the callback calls.
#[pyfunction]
pub(crate) fn forget_callback(py: Python<'_>) {
    let callbacks = CALLBACKS.try_get(py).and_then(|mut callbacks| callbacks.take());
    let met = MET.try_get(py).map(|mut met| std::mem::replace(&mut *met, [const { None }; SLOTS]));
    drop((callbacks, met));
}

/// An exception leaves a frame. Every exception and every frame of the process comes past, so most leave at once.
unsafe extern "C" fn unwound(_: *mut PyObject, arguments: *mut *mut PyObject, count: ffi::Py_ssize_t) -> *mut PyObject {
    // SAFETY: the interpreter calls this, so the thread holds its lock, and there are `count` arguments.
    let (py, code, exception) = unsafe { (Python::assume_attached(), argument(arguments, count, 0), argument(arguments, count, 2)) };
    if exception.is_null() || !is_coroutine(py, code) || is_cancellation(py, exception) || has_caller(py) {
        return none(py);
    }
    // SAFETY: an argument of the caller's, alive while this runs.
    let exception = unsafe { Bound::from_borrowed_ptr(py, exception) };
    ended(py, failed(&exception))
}

/// A monitor that fails is silent: nothing of it may get into the program from here. What a signal handler of the program's
/// has raised meanwhile is none of ours.
fn ended(py: Python<'_>, result: PyResult<()>) -> *mut PyObject {
    match result {
        Err(error) if !is_failure(py, &error) => {
            error.restore(py);
            ptr::null_mut()
        }
        _ => none(py),
    }
}

fn none(py: Python<'_>) -> *mut PyObject {
    py.None().into_ptr()
}

/// Whether a task that ends with this exception was cancelled.
fn is_cancellation(py: Python<'_>, exception: *mut PyObject) -> bool {
    let Some(callbacks) = CALLBACKS.try_get(py) else { return true };
    // SAFETY: both are alive, and the second is a class.
    callbacks.as_ref().is_none_or(|callbacks| unsafe { ffi::PyErr_GivenExceptionMatches(exception, callbacks.cancelled.as_ptr()) != 0 })
}

/// Whether the coroutine that runs was called by another one, so that it is not the one of a task.
fn has_caller(py: Python<'_>) -> bool {
    Frame::running(py).and_then(|frame| frame.back()).is_some_and(|frame| is_coroutine(py, frame.code().as_ptr()))
}

fn failed(exception: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = exception.py();
    let Some((current_task, handler)) = CALLBACKS
        .try_get(py)
        .and_then(|callbacks| callbacks.as_ref().map(|callbacks| (callbacks.current_task.clone_ref(py), callbacks.failed.clone_ref(py))))
    else {
        return Ok(());
    };
    let Some(running) = Frame::running(py) else { return Ok(()) };
    let mut task = enter::call(current_task.bind(py), (), None)?;
    if !is_stepped_by(&running, &task)? {
        // A task in Python, which asyncio's function in C does not know of. It is in the frame of its step.
        let Some(step) = running.back().filter(Frame::is_step) else { return Ok(()) };
        let Some(stepped) = step.variable(pyo3::intern!(py, "self")) else { return Ok(()) };
        if !is_stepped_by(&running, &stepped)? {
            return Ok(());
        }
        task = stepped;
    }
    enter::call(handler.bind(py), (task, exception), None).map(drop)
}

/// Whether a frame is that of the coroutine of a task.
fn is_stepped_by<'py>(frame: &Frame<'py>, task: &Bound<'py, PyAny>) -> PyResult<bool> {
    let py = task.py();
    if task.is_none() {
        return Ok(false);
    }
    // `Task.get_coro` crashes CPython 3.12.1 when an eager task is done; the attribute does not, and this one runs.
    Ok(frame.is(&task.getattr(pyo3::intern!(py, "_coro"))?.getattr(pyo3::intern!(py, "cr_frame"))?))
}

/// Code that was met before, by its address, and whether it is a coroutine's. Each is kept alive, so no address is used
/// anew.
static MET: Guarded<[Option<Met>; SLOTS]> = Guarded::new([const { None }; SLOTS]);
const SLOTS: usize = 256;
type Met = (Py<PyAny>, bool);

/// Whether this is the code of an `async def` function.
fn is_coroutine(py: Python<'_>, code: *mut PyObject) -> bool {
    let slot = (code as usize >> 5) % SLOTS;
    if let Some(met) = MET.try_get(py)
        && let Some((known, is_coroutine)) = &met[slot]
        && known.as_ptr() == code
    {
        return *is_coroutine;
    }
    let is_coroutine = has_flag(py, code);
    if !code.is_null() {
        // SAFETY: an argument of the caller's, alive while this runs.
        let known = unsafe { Py::from_borrowed_ptr(py, code) };
        // The one before is dropped after the borrow has ended: somebody may be told that it goes.
        let before = MET.try_get(py).and_then(|mut met| met[slot].replace((known, is_coroutine)));
        drop(before);
    }
    is_coroutine
}

fn has_flag(py: Python<'_>, code: *mut PyObject) -> bool {
    if code.is_null() {
        return false;
    }
    // SAFETY: `code` is an argument of the caller's, and the name is a string. The result is new, or null with an
    // exception, which is cleared.
    unsafe {
        let flags = ffi::PyObject_GetAttr(code, pyo3::intern!(py, "co_flags").as_ptr());
        if flags.is_null() {
            ffi::PyErr_Clear();
            return false;
        }
        let is_coroutine = ffi::PyLong_AsLong(flags) & COROUTINE != 0;
        ffi::Py_DECREF(flags);
        is_coroutine
    }
}

/// One of `count` arguments, or null.
///
/// # Safety
/// There are `count` of them.
unsafe fn argument(arguments: *mut *mut PyObject, count: ffi::Py_ssize_t, index: usize) -> *mut PyObject {
    if index < usize::try_from(count).unwrap_or_default() {
        // SAFETY: `index` is less than `count`.
        unsafe { *arguments.add(index) }
    } else {
        ptr::null_mut()
    }
}

fn callback<'py>(
    py: Python<'py>,
    name: &'static CStr,
    function: unsafe extern "C" fn(*mut PyObject, *mut *mut PyObject, ffi::Py_ssize_t) -> *mut PyObject,
) -> PyResult<Bound<'py, PyAny>> {
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: function },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: ptr::null(),
    }));
    // SAFETY: the definition is never freed; the result is new, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyCFunction_NewEx(definition, ptr::null_mut(), ptr::null_mut())) }
}
