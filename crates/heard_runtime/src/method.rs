//! Methods that somebody is told of, without a frame of their own, and how they get into a class.
//!
//! Nothing of them stands in a traceback, and no frame keeps what a method lets go of.

use pyo3::PyTraverseError;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::enter;
use crate::gil::is_failure;
use crate::holders::traverse;

// Calls the original, and then `after` with the same arguments. What goes wrong in `after` is dropped.
// It has no documentation: Python would give that to all who ask for the original's.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Method {
    original: Py<PyAny>,
    after: Py<PyAny>,
}

/// Sets the method of a class. One that is written in C takes no attributes from Python, so it is put into its dictionary.
#[pyfunction]
pub(crate) fn set_method(kind: &Bound<'_, PyType>, name: &Bound<'_, PyString>, method: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = kind.py();
    // SAFETY: the type is alive.
    let flags = unsafe { ffi::PyType_GetFlags(kind.as_type_ptr()) };
    if flags & ffi::Py_TPFLAGS_IMMUTABLETYPE == 0 && flags & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
        return kind.setattr(name, method);
    }
    let view = kind.getattr(intern!(py, "__dict__"))?;
    let mut referents = Vec::new();
    traverse(view.as_ptr(), &mut referents);
    let [dictionary] = referents[..] else { return Err(PyTypeError::new_err("the type hides its dictionary")) };
    // SAFETY: the view holds what it refers to, and the view is alive.
    let dictionary = unsafe { Bound::from_borrowed_ptr(py, dictionary) }.cast_into::<PyDict>()?;
    dictionary.set_item(name, method)?;
    // SAFETY: the type is alive. What has been remembered of its methods is forgotten.
    unsafe { ffi::PyType_Modified(kind.as_type_ptr()) };
    Ok(())
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
        let result = enter::call(self.original.bind(py), arguments, options);
        if let Err(error) = enter::call(self.after.bind(py), arguments, options)
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
            Some(object) => enter::method(py.import(intern!(py, "types"))?.as_any(), intern!(py, "MethodType"), (slf, object)),
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
