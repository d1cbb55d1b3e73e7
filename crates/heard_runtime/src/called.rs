//! Where the primitives are called: sites apart from the births of tasks, as they are wanted without the monitor too.

use pyo3::prelude::*;

use crate::gil::Guarded;
use crate::sites::{Site, Sites};

static CALLED: Guarded<Option<Sites>> = Guarded::new(None);

/// Sets how many frames of the program are kept, and the folders whose code is not the program's.
#[pyfunction]
pub(crate) fn keep_calls(py: Python<'_>, depth: usize, skipped: Vec<String>) {
    if let Some(mut called) = CALLED.try_get(py) {
        called.get_or_insert_with(|| Sites::new(depth, skipped));
    }
}

/// The site of the call of a primitive that runs now, or 0.
#[pyfunction]
pub(crate) fn called(py: Python<'_>) -> Site {
    CALLED.try_get(py).and_then(|mut called| called.as_mut().map(|sites| sites.here(py))).unwrap_or_default()
}

/// The code objects of such a site and the offsets of their instructions, the innermost first.
#[pyfunction]
pub(crate) fn call_places(py: Python<'_>, site: Site) -> Vec<(Py<PyAny>, i32)> {
    CALLED.try_get(py).and_then(|called| called.as_ref().map(|sites| sites.places(py, site))).unwrap_or_default()
}
