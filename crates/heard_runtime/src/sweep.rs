//! Tasks that have failed and that nobody has read so far.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySet};

use crate::enter;

/// Those of the tasks in the `data` of asyncio's `WeakSet` whose failure nobody has read.
#[pyfunction]
pub(crate) fn unread<'py>(data: &Bound<'py, PySet>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let py = data.py();
    let flag = intern!(py, "_log_traceback");
    let mut found = Vec::new();
    // A copy: a task may end, and leave the set, while its attribute is read.
    for reference in enter::call(py.get_type::<PyList>().as_any(), (data,), None)?.cast::<PyList>()? {
        // SAFETY: the set consists of weak references; the result is borrowed, and made a reference of our own before
        // anything else happens.
        let task = unsafe { Bound::from_borrowed_ptr(py, ffi::PyWeakref_GetObject(reference.as_ptr())) };
        if !task.is_none() && task.getattr(flag).is_ok_and(|flag| flag.is_truthy().unwrap_or(false)) {
            found.push(task);
        }
    }
    Ok(found)
}

/// Those of these tasks that were told to stop and have not ended.
#[pyfunction]
pub(crate) fn cancelling<'py>(tasks: &Bound<'py, PyList>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let py = tasks.py();
    let mut found = Vec::new();
    for task in tasks {
        let asked = enter::method(&task, intern!(py, "cancelling"), ()).and_then(|count| count.is_truthy());
        if asked.unwrap_or(false) && !enter::method(&task, intern!(py, "done"), ())?.is_truthy()? {
            found.push(task);
        }
    }
    Ok(found)
}

/// The first failure among gathered outcomes.
#[pyfunction]
pub(crate) fn has_failure(outcomes: &Bound<'_, PyAny>) -> bool {
    outcomes.cast::<PyList>().is_ok_and(|outcomes| {
        // SAFETY: every element is alive while the list is, and no code runs in between.
        outcomes.iter().any(|outcome| unsafe { ffi::PyExceptionInstance_Check(outcome.as_ptr()) != 0 })
    })
}
