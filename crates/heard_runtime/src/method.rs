//! Functions and methods that somebody is told of, without a frame of their own, and how they get into a class.
//!
//! Nothing of them stands in a traceback or around a signal handler, and no frame keeps what a method lets go of. To the
//! program they look like what they stand for.

use std::cell::Cell;

use pyo3::PyTraverseError;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::gc::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyNotImplemented, PyString, PyTuple, PyType};

use crate::enter;
use crate::gil::is_failure;
use crate::holders::traverse;

// Calls `before`, the original and `after` with the same arguments. What goes wrong in `before` and `after` is dropped.
// It has no documentation: Python would give that to all who ask for the original's.
#[pyclass(module = "heard._native", frozen, weakref)]
pub(crate) struct Method {
    original: Py<PyAny>,
    /// Called first. What it gives is what the call gives, unless that is `NotImplemented`.
    instead: Option<Py<PyAny>>,
    before: Option<Py<PyAny>>,
    after: Option<Py<PyAny>>,
    /// The module where other processes find the original, and its name there.
    place: String,
    /// Whether the original, as an attribute of a class, is a method of the instances. Functions in C are not.
    binds: bool,
    /// The type of bound methods.
    bound: Py<PyAny>,
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
    #[pyo3(text_signature = None, signature = (original, place, *, instead = None, before = None, after = None))]
    fn make(
        original: &Bound<'_, PyAny>,
        place: String,
        instead: Option<Py<PyAny>>,
        before: Option<Py<PyAny>>,
        after: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let binds = original.get_type().hasattr(intern!(original.py(), "__get__"))?;
        let bound = original.py().import(intern!(original.py(), "types"))?.getattr(intern!(original.py(), "MethodType"))?.unbind();
        Ok(Self { original: original.clone().unbind(), instead, before, after, place, binds, bound })
    }

    #[pyo3(signature = (*arguments, **options))]
    fn __call__(&self, py: Python<'_>, arguments: &Bound<'_, PyTuple>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Py<PyAny>> {
        let _within = self.instead.as_ref().map(|_| Within::enter());
        if let Some(result) = tell(py, self.instead.as_ref(), arguments, options)?
            && !result.is(PyNotImplemented::get(py))
        {
            return Ok(result.unbind());
        }
        tell(py, self.before.as_ref(), arguments, options)?;
        let result = enter::call(self.original.bind(py), arguments, options);
        if let Err(error) = tell(py, self.after.as_ref(), arguments, options)
            && result.is_ok()
        {
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
            Some(object) if slf.get().binds => {
                // Not imported here: an interpreter that ends imports nothing, and calls methods all the same.
                enter::call(slf.get().bound.bind(py), (slf, object), None)
            }
            _ => Ok(slf.clone().into_any()),
        }
    }

    /// `inspect` and `unittest.mock` ask what it is.
    #[getter(__class__)]
    fn class<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.original.bind(py).getattr(intern!(py, "__class__"))
    }

    #[getter(__module__)]
    fn module<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.original.bind(py).getattr(intern!(py, "__module__"))
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        self.original.bind(py).repr()
    }

    /// By its place: processes that take it over need not have this package.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (&str,))> {
        Ok((py.import(intern!(py, "pkgutil"))?.getattr(intern!(py, "resolve_name"))?, (&self.place,)))
    }

    /// Its name, its signature.
    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        self.original.bind(py).getattr(name)
    }

    fn __setattr__(&self, py: Python<'_>, name: &Bound<'_, PyString>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.original.bind(py).setattr(name, value)
    }

    fn __delattr__(&self, py: Python<'_>, name: &Bound<'_, PyString>) -> PyResult<()> {
        self.original.bind(py).delattr(name)
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
        visit.call(&self.bound)?;
        visit.call(&self.instead)?;
        visit.call(&self.before)?;
        visit.call(&self.after)
    }
}

thread_local! {
    /// How many calls of methods that something may be done instead of have begun in this thread and not ended.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Whether this thread is within a call of such a method. A finaliser may have called it, which swallows what is raised.
pub(crate) fn is_within() -> bool {
    CALLS.get() > 0
}

struct Within;

impl Within {
    fn enter() -> Self {
        CALLS.set(CALLS.get() + 1);
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        CALLS.set(CALLS.get() - 1);
    }
}

/// Tells somebody of a call, if there is anybody, and gives what he answers. Fails with what a signal handler of the
/// program's has raised in there.
fn tell<'py>(
    py: Python<'py>,
    listener: Option<&Py<PyAny>>,
    arguments: &Bound<'py, PyTuple>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match listener.map(|listener| enter::call(listener.bind(py), arguments, options)) {
        Some(Ok(answer)) => Ok(Some(answer)),
        Some(Err(error)) if !is_failure(py, &error) => Err(error),
        _ => Ok(None),
    }
}
