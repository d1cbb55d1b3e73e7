//! `cancel` of tasks and futures, at the instant it is called, by whoever has it under whatever name.
//!
//! `cancel` of a future that has failed clears asyncio's mark that nobody has read the failure, and reads nothing. A
//! method of our own stands in its place in the types themselves: a bound `cancel` that was taken before the failure
//! comes past here too, which an attribute of the future would miss.

use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyType};

use crate::enter;
use crate::frames::symbol;
use crate::gil::{Guarded, is_failure};

/// The types: two of tasks, then two of futures.
const TYPES: usize = 4;
const TASKS: usize = 2;
const NAME: &CStr = c"cancel";

/// What each type had. Never freed: somebody may have bound our method and call it long after the monitor has ended.
static ORIGINALS: [AtomicPtr<PyObject>; TYPES] = [const { AtomicPtr::new(ptr::null_mut()) }; TYPES];

struct Listeners {
    /// Says, of a failed future that nobody has read, whether its mark stays: then it is not told to stop.
    keeps: Py<PyAny>,
    /// Called with a task that is told to stop.
    stopped: Py<PyAny>,
}

static LISTENERS: Guarded<Option<Listeners>> = Guarded::new(None);

/// Whether nobody wants to know of another task that is told to stop, for now.
static IS_TOLD: AtomicBool = AtomicBool::new(true);

/// Sets who is told of calls of `cancel`: `keeps(future)` and `stopped(task)`.
#[pyfunction]
pub(crate) fn listen_to_cancel(py: Python<'_>, keeps: Py<PyAny>, stopped: Py<PyAny>) {
    // The one before is dropped after the borrow has ended, since destructors may run.
    let before = LISTENERS.try_get(py).and_then(|mut listeners| listeners.replace(Listeners { keeps, stopped }));
    IS_TOLD.store(false, Ordering::Relaxed);
    drop(before);
}

/// From now on nobody is told.
#[pyfunction]
pub(crate) fn ignore_cancel(py: Python<'_>) {
    let before = LISTENERS.try_get(py).and_then(|mut listeners| listeners.take());
    IS_TOLD.store(true, Ordering::Relaxed);
    drop(before);
}

/// Tells of the next task that is told to stop: of one, and then of no more until somebody asks again.
#[pyfunction]
pub(crate) fn await_cancel() {
    IS_TOLD.store(false, Ordering::Relaxed);
}

/// A `cancel` of ours for a type: 0 or 1 for types of tasks, 2 or 3 for types of futures. It calls the one that the type
/// has now.
#[pyfunction]
pub(crate) fn cancel_method<'py>(kind: &Bound<'py, PyType>, number: usize) -> PyResult<Bound<'py, PyAny>> {
    let py = kind.py();
    let function = match number {
        0 => cancel::<0>,
        1 => cancel::<1>,
        2 => cancel::<2>,
        3 => cancel::<3>,
        _ => return Err(PyValueError::new_err("there are four types")),
    };
    let original = kind.getattr(intern!(py, "__dict__"))?.get_item(intern!(py, "cancel"))?;
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: documentation(&original)?.into_raw(),
    }));
    // SAFETY: the type is alive, and the definition is never freed; the result is new, or null with an exception.
    let ours = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(kind.as_type_ptr(), definition))? };
    ORIGINALS[number].store(original.into_ptr(), Ordering::Release);
    Ok(ours)
}

/// The documentation of the original, from which Python takes the signature as well.
fn documentation(original: &Bound<'_, PyAny>) -> PyResult<CString> {
    let py = original.py();
    let text = |name: &Bound<'_, PyString>| original.getattr(name).ok().and_then(|text| text.extract::<String>().ok());
    let signature = text(intern!(py, "__text_signature__")).unwrap_or_else(|| "($self, /, msg=None)".into());
    let documentation = text(intern!(py, "__doc__")).unwrap_or_default();
    CString::new(format!("cancel{signature}\n--\n\n{documentation}")).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The `cancel` of a future.
unsafe extern "C" fn cancel<const NUMBER: usize>(
    future: *mut PyObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the interpreter calls this, so the thread holds its lock, and all that it hands over is alive.
    unsafe {
        let py = Python::assume_attached();
        match stays(&Bound::from_borrowed_ptr(py, future), NUMBER < TASKS) {
            // What the method says of a future that is done.
            Ok(true) => PyBool::new(py, false).to_owned().into_ptr(),
            Ok(false) => original(py, NUMBER, future, arguments, count, names),
            Err(error) => {
                error.restore(py);
                ptr::null_mut()
            }
        }
    }
}

/// Whether a future has failed, and keeps the mark that nobody has read it.
fn stays(future: &Bound<'_, PyAny>, is_task: bool) -> PyResult<bool> {
    let py = future.py();
    let is_unread = future.getattr(intern!(py, "_log_traceback")).is_ok_and(|mark| mark.is(PyBool::new(py, true)));
    if !is_unread && (!is_task || IS_TOLD.swap(true, Ordering::Relaxed)) {
        return Ok(false);
    }
    let listener = LISTENERS.try_get(py).and_then(|listeners| {
        let listeners = listeners.as_ref()?;
        Some(if is_unread { &listeners.keeps } else { &listeners.stopped }.clone_ref(py))
    });
    let Some(listener) = listener else { return Ok(false) };
    match enter::call(listener.bind(py), (future,), None) {
        Ok(answer) => Ok(is_unread && answer.is(PyBool::new(py, true))),
        // A monitor that fails is silent.
        Err(error) if is_failure(py, &error) => Ok(false),
        Err(error) => Err(error),
    }
}

type Vectorcall = unsafe extern "C-unwind" fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;

/// Calls without a tuple for the arguments, where that can be had: it is in the stable ABI from 3.12 on, and every
/// CPython from 3.11 on exports it.
fn vectorcall() -> Option<Vectorcall> {
    static VECTORCALL: OnceLock<Option<Vectorcall>> = OnceLock::new();
    // SAFETY: this is its signature in every CPython that exports it (documented in its C API).
    *VECTORCALL.get_or_init(|| unsafe {
        symbol(c"PyObject_Vectorcall").map(|address| std::mem::transmute::<*mut libc::c_void, Vectorcall>(address))
    })
}

/// Calls what the type had before.
///
/// # Safety
/// The thread holds the interpreter's lock, and there are `count` arguments, and one more for each of the names.
unsafe fn original(
    py: Python<'_>,
    number: usize,
    future: *mut PyObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    let original = ORIGINALS[number].load(Ordering::Acquire);
    // SAFETY: the caller's promise; `names` is null or a tuple.
    unsafe {
        let options = if names.is_null() { 0 } else { ffi::PyTuple_Size(names) };
        let (count, options) = (usize::try_from(count).unwrap_or_default(), usize::try_from(options).unwrap_or_default());
        let mut all = Vec::with_capacity(1 + count + options);
        all.push(future);
        all.extend((0..count + options).map(|index| *arguments.add(index)));
        if let Some(vectorcall) = vectorcall() {
            return enter::stay(|| vectorcall(original, all.as_ptr(), 1 + count, names));
        }
        let borrowed = |pointer: &*mut PyObject| Bound::from_borrowed_ptr(py, *pointer);
        let positional = all[..=count].iter().map(borrowed);
        let result = pyo3::types::PyTuple::new(py, positional.collect::<Vec<_>>()).and_then(|positional| {
            let dictionary = PyDict::new(py);
            for (index, value) in all[1 + count..].iter().enumerate() {
                dictionary.set_item(borrowed(&ffi::PyTuple_GetItem(names, index.try_into()?)), borrowed(value))?;
            }
            enter::call(&Bound::from_borrowed_ptr(py, original), positional, Some(&dictionary))
        });
        match result {
            Ok(result) => result.into_ptr(),
            Err(error) => {
                error.restore(py);
                ptr::null_mut()
            }
        }
    }
}
