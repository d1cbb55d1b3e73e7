//! asyncio's own mark of a failure that nobody has read, kept safe from what erases it without reading.
//!
//! `Task.cancel` clears the mark of a task that is done, and `gather` reads each failure that it does not pass on. A
//! failed future gets attributes of its own that stand before those two methods: the first leaves the mark alone, the
//! second does so for callers that drop what they are given.

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
    exception: Option<Py<PyAny>>,
    /// Says whether the Python function that calls drops what it is given.
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
    let make = |method, exception| Guard { future: reference.clone().unbind(), method, exception, erases: erases.clone().unbind() };
    future.setattr(intern!(py, "exception"), Bound::new(py, make(Guarded::Exception, exception))?)?;
    future.setattr(intern!(py, "cancel"), Bound::new(py, make(Guarded::Cancel, None))?)
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
    fn __call__(
        &self,
        py: Python<'_>,
        arguments: &Bound<'_, PyTuple>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let (name, future) = (self.name(py), self.future.bind(py).upgrade());
        let Some(future) = future else {
            return Ok(match self.method {
                Guarded::Cancel => false.into_pyobject(py)?.to_owned().into_any().unbind(),
                Guarded::Exception => self.exception.as_ref().map_or_else(|| py.None(), |exception| exception.clone_ref(py)),
            });
        };
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            match self.method {
                // What the method says of a future that is done.
                Guarded::Cancel => return Ok(false.into_pyobject(py)?.to_owned().into_any().unbind()),
                Guarded::Exception if self.erases.bind(py).call0()?.is_truthy()? => {
                    return Ok(future.getattr(intern!(py, "_exception"))?.unbind());
                }
                Guarded::Exception => {}
            }
        }
        let method = future.get_type().getattr(name)?;
        let all = std::iter::once(future).chain(arguments.iter());
        Ok(method.call(PyTuple::new(py, all.collect::<Vec<_>>())?, options)?.unbind())
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        visit.call(&self.exception)?;
        visit.call(&self.erases)
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
