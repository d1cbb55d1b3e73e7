//! A method of a class in Python that somebody is told of, without a frame of its own.
//!
//! Nothing of it stands in a traceback, and no frame keeps what the method lets go of.

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::gil::is_failure;

// Calls the original, and then `after` with the same arguments. What goes wrong in `after` is dropped.
// It has no documentation: Python would give that to all who ask for the original's.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Method {
    original: Py<PyAny>,
    after: Py<PyAny>,
}

#[pymethods]
impl Method {
    #[new]
    #[pyo3(text_signature = None)]
    fn make(original: Py<PyAny>, after: Py<PyAny>) -> Self {
        Self { original, after }
    }

    #[pyo3(signature = (*arguments, **options))]
    fn __call__(&self, py: Python<'_>, arguments: &Bound<'_, PyTuple>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
        let result = self.original.bind(py).call(arguments, options);
        if let Err(error) = self.after.bind(py).call(arguments, options)
            && !is_failure(py, &error)
            && result.is_ok()
        {
            // A signal of the program's, whose handler has raised in here.
            return Err(error);
        }
        result.map(Bound::unbind)
    }

    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        object: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        match object {
            None => Ok(slf.clone().into_any()),
            Some(object) => py.import(intern!(py, "types"))?.getattr(intern!(py, "MethodType"))?.call1((slf, object)),
        }
    }

    /// Its name, its signature.
    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        self.original.bind(py).getattr(name)
    }

    #[getter]
    fn __doc__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.original.getattr(py, intern!(py, "__doc__"))
    }

    #[getter]
    fn __wrapped__(&self, py: Python<'_>) -> Py<PyAny> {
        self.original.clone_ref(py)
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.original)?;
        visit.call(&self.after)
    }
}
