//! Where items come from.

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration};
use pyo3::intern;
use pyo3::prelude::*;

use super::Pool;
use super::drive::iterator_of;
use crate::enter;

/// What the input has given.
pub(super) enum Taken<'py> {
    Item(Bound<'py, PyAny>),
    /// This runs up to the next item.
    Awaits(Bound<'py, PyAny>),
    /// There are no more, or it has raised.
    End(Option<PyErr>),
}

impl Pool {
    /// Asks the input for the next item.
    pub(super) fn next_item<'py>(&self, py: Python<'py>) -> Taken<'py> {
        let items = self.fixed.items.bind(py);
        if self.fixed.is_async {
            let next = enter::method(items, intern!(py, "__anext__"), ());
            return match next.and_then(|next| iterator_of(next, self.fixed.coroutine.bind(py))) {
                Ok(iterator) => Taken::Awaits(iterator),
                Err(error) => input_end(py, error, self.fixed.cancellation.bind(py)),
            };
        }
        match enter::next(items) {
            Ok(Some(item)) => Taken::Item(item),
            Ok(None) => Taken::End(None),
            Err(error) => Taken::End(Some(error)),
        }
    }
}

/// What an exception of an asynchronous input means.
pub(super) fn input_end<'py>(py: Python<'py>, error: PyErr, cancellation: &Bound<'py, PyAny>) -> Taken<'py> {
    if error.is_instance_of::<PyStopAsyncIteration>(py) {
        return Taken::End(None);
    }
    // Neither can be raised where the outcomes are awaited: the one would be a value there, and the other would end a
    // task that nobody has cancelled.
    if error.is_instance_of::<PyStopIteration>(py) || error.is_instance(py, cancellation) {
        let name = error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
        let raised = PyRuntimeError::new_err(format!("the input of heard.map raised {name}"));
        raised.set_cause(py, Some(error));
        return Taken::End(Some(raised));
    }
    Taken::End(Some(error))
}
