//! A function that is called before another one, without a frame of its own.
//!
//! What the other one says of its caller, as a warning does with `stacklevel`, stays true.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::enter;
use crate::gil::is_failure;

/// Gives its argument to `first`, and then to `second`, whose end is its own. What `first` raises is dropped.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Relay {
    first: Py<PyAny>,
    second: Py<PyAny>,
}

#[pymethods]
impl Relay {
    #[new]
    fn make(first: Py<PyAny>, second: Py<PyAny>) -> Self {
        Self { first, second }
    }

    fn __call__(&self, py: Python<'_>, argument: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if let Err(error) = enter::call(self.first.bind(py), (argument,), None)
            && !is_failure(py, &error)
        {
            return Err(error);
        }
        Ok(enter::call(self.second.bind(py), (argument,), None)?.unbind())
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.first)?;
        visit.call(&self.second)
    }
}
