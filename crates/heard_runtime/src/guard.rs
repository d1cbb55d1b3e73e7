//! asyncio's own mark of a failure that nobody has read, kept safe from what erases it without reading.
//!
//! `Task.cancel` clears the mark of a task that is done, and `gather` reads each failure that it does not pass on. A
//! failed future gets attributes of its own that stand before those two methods: the first leaves the mark alone, the
//! second does so for callers that drop what they are given.

use std::sync::{Mutex, PoisonError};

use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyWeakrefMethods, PyWeakrefReference};

#[derive(Clone, Copy)]
enum Guarded {
    Cancel,
    Exception,
}

/// Stands before a method of one future.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Guard {
    /// Weak: the guard is an attribute of the future.
    future: Py<PyWeakrefReference>,
    method: Guarded,
    /// What the future failed with, for somebody who keeps its method and not the future.
    exception: Mutex<Option<Py<PyAny>>>,
    /// The future itself, if it was about to go while somebody was calling its method.
    kept: Mutex<Option<Py<PyAny>>>,
    /// Says whether the Python function that calls drops what it is given; or, with the future as an argument, whether
    /// its mark may be kept when it is told to stop.
    erases: Py<PyAny>,
}

/// Puts guards before the methods of a future. `reference` is a weak one to it.
#[pyfunction]
pub(crate) fn guard(
    py: Python<'_>,
    future: &Bound<'_, PyAny>,
    reference: &Bound<'_, PyWeakrefReference>,
    exception: Option<Py<PyAny>>,
    erases: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let make = |method, exception| Guard {
        future: reference.clone().unbind(),
        method,
        exception: Mutex::new(exception),
        kept: Mutex::new(None),
        erases: erases.clone().unbind(),
    };
    future.setattr(intern!(py, "exception"), Bound::new(py, make(Guarded::Exception, exception))?)?;
    future.setattr(intern!(py, "cancel"), Bound::new(py, make(Guarded::Cancel, None))?)
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

/// Takes the guards away.
#[pyfunction]
pub(crate) fn unguard(py: Python<'_>, future: &Bound<'_, PyAny>) -> PyResult<()> {
    for name in [intern!(py, "exception"), intern!(py, "cancel")] {
        if future.getattr(name)?.is_instance_of::<Guard>() {
            future.delattr(name)?;
        }
    }
    Ok(())
}

#[pymethods]
impl Guard {
    #[pyo3(signature = (*arguments, **options))]
    fn __call__(&self, py: Python<'_>, arguments: &Bound<'_, PyTuple>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
        let name = self.name(py);
        let kept = put(&self.kept, None).map(|kept| kept.into_bound(py));
        let Some(future) = kept.or_else(|| self.future.bind(py).upgrade()) else {
            let exception = self.exception.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(match self.method {
                Guarded::Cancel => false.into_pyobject(py)?.to_owned().into_any().unbind(),
                Guarded::Exception => exception.as_ref().map_or_else(|| py.None(), |exception| exception.clone_ref(py)),
            });
        };
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            match self.method {
                // What the method says of a future that is done.
                Guarded::Cancel if self.erases.bind(py).call1((&future,))?.is_truthy()? => {
                    return Ok(false.into_pyobject(py)?.to_owned().into_any().unbind());
                }
                Guarded::Exception if self.erases.bind(py).call0()?.is_truthy()? => {
                    return Ok(future.getattr(intern!(py, "_exception"))?.unbind());
                }
                Guarded::Cancel | Guarded::Exception => {}
            }
        }
        let method = future.get_type().getattr(name)?;
        let all = std::iter::once(future).chain(arguments.iter());
        Ok(method.call(PyTuple::new(py, all.collect::<Vec<_>>())?, options)?.unbind())
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
        visit.call(&self.erases)?;
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

impl Guard {
    fn name<'py>(&self, py: Python<'py>) -> &'py Bound<'py, pyo3::types::PyString> {
        match self.method {
            Guarded::Cancel => intern!(py, "cancel"),
            Guarded::Exception => intern!(py, "exception"),
        }
    }
}
