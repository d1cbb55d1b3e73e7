//! Methods of tasks and futures in C, at the instant they are called, by whoever has them under whatever name.
//!
//! asyncio marks a failure that nobody has read. `cancel` of a future that has failed erases the mark and reads nothing;
//! `exception` erases it for callers that drop what they are given, as `gather` does with failures that it does not pass
//! on. Methods of our own stand in their place in the types themselves: one that was bound before the failure comes past
//! here too, and to the program all of them look like asyncio's, since they are made as those are.

use std::ffi::CString;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple, PyType};

use crate::enter;
use crate::frames::symbol;
use crate::gil::{Guarded, is_failure};

/// The methods, by their numbers.
const CANCEL_TASK: usize = 0;
const CANCEL_FUTURE: usize = 1;
const EXCEPTION_OF_TASK: usize = 2;
const EXCEPTION_OF_FUTURE: usize = 3;
const SET_EXCEPTION: usize = 4;
const METHODS: usize = 5;

/// Of a method that is told which class defines it. It belongs to the stable ABI; PyO3 leaves it out there.
const METH_METHOD: std::ffi::c_int = 0x0200;

/// What each type had. Never freed: somebody may have bound our method and call it long after the monitor has ended.
static ORIGINALS: [AtomicPtr<PyObject>; METHODS] = [const { AtomicPtr::new(ptr::null_mut()) }; METHODS];

struct Listeners {
    /// Says, of a failed future that nobody has read, whether its mark stays: then it is not told to stop.
    keeps: Py<PyAny>,
    /// Called with a task that is told to stop.
    stopped: Py<PyAny>,
    /// Says, of a failed future that nobody has read, whether who asks for the exception drops it. Called in his name.
    drops: Py<PyAny>,
    /// Called with a future that was given a failure, and with the failure, in the name of who gave it.
    failed: Py<PyAny>,
}

static LISTENERS: Guarded<Option<Listeners>> = Guarded::new(None);

/// Whether nobody wants to know of another task that is told to stop, for now.
static IS_TOLD: AtomicBool = AtomicBool::new(true);

/// Sets who is told of calls: `keeps(future)`, `stopped(task)`, `drops(future)` and `failed(future, exception)`.
#[pyfunction]
pub(crate) fn listen_to_futures(py: Python<'_>, keeps: Py<PyAny>, stopped: Py<PyAny>, drops: Py<PyAny>, failed: Py<PyAny>) {
    // The one before is dropped after the borrow has ended, since destructors may run.
    let before = LISTENERS.try_get(py).and_then(|mut listeners| listeners.replace(Listeners { keeps, stopped, drops, failed }));
    IS_TOLD.store(false, Ordering::Relaxed);
    drop(before);
}

/// From now on nobody is told.
#[pyfunction]
pub(crate) fn ignore_futures(py: Python<'_>) {
    let before = LISTENERS.try_get(py).and_then(|mut listeners| listeners.take());
    IS_TOLD.store(true, Ordering::Relaxed);
    drop(before);
}

/// Tells of the next task that is told to stop: of one, and then of no more until somebody asks again.
#[pyfunction]
pub(crate) fn await_cancel() {
    IS_TOLD.store(false, Ordering::Relaxed);
}

/// A method of ours for a type, which calls the one that the type has now. The type is that of tasks in C, or that of
/// futures; the method is `cancel` or `exception`, or `set_exception` of futures.
#[pyfunction]
pub(crate) fn method_of_futures<'py>(kind: &Bound<'py, PyType>, name: &str, is_task: bool) -> PyResult<Bound<'py, PyAny>> {
    let py = kind.py();
    let (number, plain, classed): (usize, Plain, Classed) = match (name, is_task) {
        ("cancel", true) => (CANCEL_TASK, call::<CANCEL_TASK>, call_of_class::<CANCEL_TASK>),
        ("cancel", false) => (CANCEL_FUTURE, call::<CANCEL_FUTURE>, call_of_class::<CANCEL_FUTURE>),
        ("exception", true) => (EXCEPTION_OF_TASK, call::<EXCEPTION_OF_TASK>, call_of_class::<EXCEPTION_OF_TASK>),
        ("exception", false) => (EXCEPTION_OF_FUTURE, call::<EXCEPTION_OF_FUTURE>, call_of_class::<EXCEPTION_OF_FUTURE>),
        ("set_exception", false) => (SET_EXCEPTION, call::<SET_EXCEPTION>, call_of_class::<SET_EXCEPTION>),
        _ => return Err(PyValueError::new_err("there is no method of ours for this")),
    };
    let original = kind.getattr(intern!(py, "__dict__"))?.get_item(name)?;
    let how = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    let (function, flags) = if is_told_its_class(kind, name)? {
        // SAFETY: this flag says that it is called as one of that type.
        let classed = unsafe { std::mem::transmute::<Classed, Plain>(classed) };
        (ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: classed }, how | METH_METHOD)
    } else {
        (ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: plain }, how)
    };
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: CString::new(name)?.into_raw(),
        ml_meth: function,
        ml_flags: flags,
        ml_doc: documentation(&original, name)?,
    }));
    // SAFETY: the type is alive, and the definition is never freed; the result is new, or null with an exception.
    let ours = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyDescr_NewMethod(kind.as_type_ptr(), definition))? };
    ORIGINALS[number].store(original.into_ptr(), Ordering::Release);
    Ok(ours)
}

type Plain = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, ffi::Py_ssize_t, *mut PyObject) -> *mut PyObject;
type Classed =
    unsafe extern "C" fn(*mut PyObject, *mut PyTypeObject, *const *mut PyObject, ffi::Py_ssize_t, *mut PyObject) -> *mut PyObject;

/// Whether a method is of those that are told which class defines them: bound, these are of a type of their own.
fn is_told_its_class(kind: &Bound<'_, PyType>, name: &str) -> PyResult<bool> {
    // An object that was never initialised is enough to bind it to.
    let bound = enter::method(kind, intern!(kind.py(), "__new__"), (kind,))?.getattr(name)?;
    // SAFETY: it is alive.
    Ok(unsafe { ffi::PyCFunction_Check(bound.as_ptr()) != 0 && ffi::PyCFunction_CheckExact(bound.as_ptr()) == 0 })
}

/// The documentation of the original, from which Python takes the signature as well. Null if it has none.
fn documentation(original: &Bound<'_, PyAny>, name: &str) -> PyResult<*const std::ffi::c_char> {
    let py = original.py();
    let text = |name: &Bound<'_, PyString>| original.getattr(name).ok().and_then(|text| text.extract::<String>().ok());
    let text = match (text(intern!(py, "__text_signature__")), text(intern!(py, "__doc__"))) {
        (None, None) => return Ok(ptr::null()),
        (None, Some(documentation)) => documentation,
        (Some(signature), documentation) => format!("{name}{signature}\n--\n\n{}", documentation.unwrap_or_default()),
    };
    Ok(CString::new(text)?.into_raw())
}

unsafe extern "C" fn call_of_class<const NUMBER: usize>(
    future: *mut PyObject,
    _: *mut PyTypeObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the same promises, by the same caller.
    unsafe { call::<NUMBER>(future, arguments, count, names) }
}

unsafe extern "C" fn call<const NUMBER: usize>(
    future: *mut PyObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the interpreter calls this, so the thread holds its lock, and all that it hands over is alive.
    unsafe {
        let py = Python::assume_attached();
        let object = Bound::from_borrowed_ptr(py, future);
        let is_right = names.is_null() && count == 0 || NUMBER <= CANCEL_FUTURE && is_message(count, names);
        // One that is called wrongly says so, and does nothing.
        let instead = match NUMBER {
            CANCEL_TASK | CANCEL_FUTURE if is_right => stays(&object, NUMBER == CANCEL_TASK),
            EXCEPTION_OF_TASK | EXCEPTION_OF_FUTURE if is_right => dropped(&object),
            _ => Ok(None),
        };
        let result = match instead {
            Ok(Some(result)) => return result.into_ptr(),
            Ok(None) => original(py, NUMBER, future, arguments, count, names),
            Err(error) => {
                error.restore(py);
                return ptr::null_mut();
            }
        };
        if NUMBER == SET_EXCEPTION && !result.is_null() && count == 1 {
            let exception = Bound::from_borrowed_ptr(py, *arguments);
            if let Err(error) = tell(py, |listeners| &listeners.failed, (object, exception)) {
                ffi::Py_DecRef(result);
                error.restore(py);
                return ptr::null_mut();
            }
        }
        result
    }
}

/// Whether these are the arguments of a `cancel` with a message.
///
/// # Safety
/// `names` is null or a tuple of strings, and the thread holds the interpreter's lock.
unsafe fn is_message(count: ffi::Py_ssize_t, names: *mut PyObject) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if names.is_null() {
            return count == 1;
        }
        count == 0
            && ffi::PyTuple_Size(names) == 1
            && ffi::PyUnicode_CompareWithASCIIString(ffi::PyTuple_GetItem(names, 0), c"msg".as_ptr()) == 0
    }
}

/// Asks a listener, if there is one. A monitor that fails is silent; what a signal handler of the program's raises gets
/// through.
fn tell<'py>(
    py: Python<'py>,
    which: impl FnOnce(&Listeners) -> &Py<PyAny>,
    arguments: impl IntoPyObject<'py, Target = PyTuple, Error: Into<PyErr>>,
) -> PyResult<bool> {
    let listener = LISTENERS.try_get(py).and_then(|listeners| Some(which(listeners.as_ref()?).clone_ref(py)));
    let Some(listener) = listener else { return Ok(false) };
    match enter::call(listener.bind(py), arguments, None) {
        Ok(answer) => Ok(answer.is(PyBool::new(py, true))),
        Err(error) if is_failure(py, &error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether asyncio's mark says that nobody has read the failure of a future.
fn is_unread(future: &Bound<'_, PyAny>) -> bool {
    let py = future.py();
    future.getattr(intern!(py, "_log_traceback")).is_ok_and(|mark| mark.is(PyBool::new(py, true)))
}

/// What the method says of a future that is done, if it has failed and keeps the mark that nobody has read it.
fn stays<'py>(future: &Bound<'py, PyAny>, is_task: bool) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = future.py();
    if is_unread(future) {
        let stays = tell(py, |listeners| &listeners.keeps, (future,))?;
        return Ok(stays.then(|| PyBool::new(py, false).to_owned().into_any()));
    }
    if is_task && !IS_TOLD.swap(true, Ordering::Relaxed) {
        tell(py, |listeners| &listeners.stopped, (future,))?;
    }
    Ok(None)
}

/// What a future has failed with, if who asks for it drops it.
fn dropped<'py>(future: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = future.py();
    if is_unread(future) && tell(py, |listeners| &listeners.drops, (future,))? {
        return future.getattr(intern!(py, "_exception")).map(Some);
    }
    Ok(None)
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
        if let (0, 0, Some(vectorcall)) = (count, options, vectorcall()) {
            // By far the most calls.
            return enter::stay(|| vectorcall(original, &raw const future, 1, names));
        }
        let mut all = Vec::with_capacity(1 + count + options);
        all.push(future);
        all.extend((0..count + options).map(|index| *arguments.add(index)));
        if let Some(vectorcall) = vectorcall() {
            return enter::stay(|| vectorcall(original, all.as_ptr(), 1 + count, names));
        }
        let borrowed = |pointer: &*mut PyObject| Bound::from_borrowed_ptr(py, *pointer);
        let positional = all[..=count].iter().map(borrowed);
        let result = PyTuple::new(py, positional.collect::<Vec<_>>()).and_then(|positional| {
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
