//! asyncio's own mark of a failure that nobody has read, kept safe from what erases it without reading.
//!
//! `gather` reads each failure that it does not pass on, and so does `shield` where nobody waits any more. A failed future
//! gets an attribute of its own that stands before its `exception`: callers that drop what they are given leave the mark
//! as it is. The other method that erases it is `cancel`, see there.

use std::sync::{Mutex, PoisonError};

use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyWeakrefMethods, PyWeakrefReference};

use crate::enter;

/// Stands before the `exception` of one future.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Guard {
    /// Weak: the guard is an attribute of the future.
    future: Py<PyWeakrefReference>,
    /// What the future failed with, for somebody who keeps its method and not the future.
    exception: Mutex<Option<Py<PyAny>>>,
    /// The future itself, if it was about to go while somebody was calling its method.
    kept: Mutex<Option<Py<PyAny>>>,
    /// Says whether the Python function that calls drops what it is given.
    drops: Py<PyAny>,
}

/// Puts a guard before a future's `exception`. `reference` is a weak one to it.
#[pyfunction]
pub(crate) fn guard(
    py: Python<'_>,
    future: &Bound<'_, PyAny>,
    reference: &Bound<'_, PyWeakrefReference>,
    exception: Option<Py<PyAny>>,
    drops: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let guard = Guard {
        future: reference.clone().unbind(),
        exception: Mutex::new(exception),
        kept: Mutex::new(None),
        drops: drops.clone().unbind(),
    };
    future.setattr(intern!(py, "exception"), Bound::new(py, guard)?)
}

/// Whether somebody is about to ask a future for its exception, who holds nothing but that method: as in
/// `tasks.pop().exception()`. The method then keeps the future, which is about to be destroyed.
#[pyfunction]
pub(crate) fn is_asked(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let method = future.getattr(intern!(future.py(), "exception"))?;
    let Ok(guard) = method.cast::<Guard>() else { return Ok(false) };
    // The future's own reference, and ours.
    // SAFETY: it is alive.
    let is_asked = unsafe { ffi::Py_REFCNT(guard.as_ptr()) } > 2;
    if is_asked {
        put(&guard.get().kept, Some(future.clone().unbind()));
    }
    Ok(is_asked)
}

/// Replaces what a lock guards. Nothing runs while it is held.
fn put(place: &Mutex<Option<Py<PyAny>>>, value: Option<Py<PyAny>>) -> Option<Py<PyAny>> {
    std::mem::replace(&mut *place.lock().unwrap_or_else(PoisonError::into_inner), value)
}

/// Takes the guard away.
#[pyfunction]
pub(crate) fn unguard(py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
    let name = intern!(py, "exception");
    if future.getattr(name)?.is_instance_of::<Guard>() { future.delattr(name) } else { Ok(()) }
}

#[pymethods]
impl Guard {
    #[pyo3(signature = (*arguments, **options))]
    fn __call__(&self, py: Python<'_>, arguments: &Bound<'_, PyTuple>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
        let kept = put(&self.kept, None).map(|kept| kept.into_bound(py));
        let Some(future) = kept.or_else(|| self.future.bind(py).upgrade()) else {
            let exception = self.exception.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(exception.as_ref().map_or_else(|| py.None(), |exception| exception.clone_ref(py)));
        };
        if enter::method(&future, intern!(py, "done"), ())?.is_truthy()? && enter::call(self.drops.bind(py), (), None)?.is_truthy()? {
            return Ok(future.getattr(intern!(py, "_exception"))?.unbind());
        }
        let method = future.get_type().getattr(intern!(py, "exception"))?;
        let all = std::iter::once(future).chain(arguments.iter());
        Ok(enter::call(&method, PyTuple::new(py, all.collect::<Vec<_>>())?, options)?.unbind())
    }

    /// A done callback: now it is known what the future has failed with.
    fn ended(&self, py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let exception = future.getattr(intern!(py, "_exception"))?;
        drop(put(&self.exception, (!exception.is_none()).then(|| exception.unbind())));
        Ok(())
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        visit.call(&self.drops)?;
        for place in [&self.exception, &self.kept] {
            // A collection does not wait; what it does not see it takes for held.
            if let Ok(place) = place.try_lock() {
                visit.call(&*place)?;
            }
        }
        Ok(())
    }

    fn __clear__(&self) {
        drop((put(&self.kept, None), put(&self.exception, None)));
    }
}
