//! An attribute that is asked for once an item, without the search for it.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// An attribute of the instances of one type, which a descriptor in C gives.
pub(super) struct Attribute {
    name: Py<PyString>,
    owner: Py<PyAny>,
    descriptor: Option<(Py<PyAny>, ffi::descrgetfunc)>,
}

impl Attribute {
    pub(super) fn of(py: Python<'_>, owner: &Bound<'_, PyAny>, name: &str) -> PyResult<Self> {
        let found = owner.getattr("__dict__")?.get_item(name).ok().filter(|found| {
            // Anything else may be a plain value that instances have their own of.
            found.get_type().name().is_ok_and(|kind| kind == "getset_descriptor")
        });
        let descriptor = found.and_then(|descriptor| {
            // SAFETY: it is the slot of a type, which is a function of this signature if it is not null.
            let get = unsafe {
                let slot = ffi::PyType_GetSlot(descriptor.get_type().as_type_ptr(), ffi::Py_tp_descr_get);
                std::mem::transmute::<*mut std::ffi::c_void, Option<ffi::descrgetfunc>>(slot)
            };
            Some((descriptor.unbind(), get?))
        });
        Ok(Self { name: PyString::intern(py, name).unbind(), owner: owner.clone().unbind(), descriptor })
    }

    pub(super) fn get<'py>(&self, instance: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = instance.py();
        match &self.descriptor {
            // SAFETY: the three are alive, the function is the descriptor's own and checks the instance; the result is
            // new, or null with an exception.
            Some((descriptor, get)) => unsafe {
                Bound::from_owned_ptr_or_err(py, get(descriptor.as_ptr(), instance.as_ptr(), self.owner.as_ptr()))
            },
            None => instance.getattr(self.name.bind(py)),
        }
    }
}
