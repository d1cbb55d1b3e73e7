//! The consumer's side of a pool: an asynchronous iterator of outcomes.

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::Pool;
use crate::gil::Guarded;

/// The outcomes of a pool.
#[pyclass(module = "heard._native", frozen, subclass, generic)]
pub(crate) struct Results {
    pool: Py<Pool>,
}

/// What `async for` awaits for the next outcome.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Next {
    pool: Py<Pool>,
    now: Guarded<Now>,
}

enum Now {
    New,
    /// For this future of the pool's.
    Waiting(Py<PyAny>),
    Running,
    Ended,
}

#[pymethods]
impl Results {
    #[new]
    fn make(pool: Py<Pool>) -> Self {
        Self { pool }
    }

    #[getter]
    fn _pool(&self, py: Python<'_>) -> Py<Pool> {
        self.pool.clone_ref(py)
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// The next outcome, if it is ready.
    fn _take(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        Pool::take(self.pool.bind(py))
    }

    /// Waits for the next outcome.
    fn _wait(&self, py: Python<'_>) -> Next {
        Next { pool: self.pool.clone_ref(py), now: Guarded::new(Now::New) }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.pool)
    }
}

impl Next {
    fn swap(&self, py: Python<'_>, now: Now) -> PyResult<Now> {
        let mut place = self.now.try_get(py).ok_or_else(|| PyRuntimeError::new_err("the next outcome is awaited twice"))?;
        Ok(std::mem::replace(&mut *place, now))
    }

    fn advance(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.swap(py, Now::Running)? {
            Now::New | Now::Waiting(_) => self.wait(py),
            Now::Running => Err(PyRuntimeError::new_err("the next outcome is awaited twice")),
            Now::Ended => self.end(py, PyRuntimeError::new_err("the next outcome has been awaited already")),
        }
    }

    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let pool = self.pool.bind(py);
        let shared = pool.get();
        if let Some(outcome) = Pool::take(pool)? {
            return self.end(py, PyStopIteration::new_err((outcome,)));
        }
        let mut state = shared.state(py)?;
        if state.is_closed || state.is_exhausted && state.started == state.taken && state.alive == 0 {
            let error = state.error.take();
            drop(state);
            return self.end(py, error.unwrap_or_else(|| PyStopAsyncIteration::new_err(())));
        }
        drop(state);
        Pool::bring_worker(pool)?;
        let future = shared.future(py)?.unbind();
        shared.state(py)?.waiting.push_back(future.clone_ref(py));
        self.swap(py, Now::Waiting(future.clone_ref(py)))?;
        Ok(future)
    }

    /// Does not wait any longer. If it has been woken for an outcome, another consumer is woken in its place.
    fn give_up(&self, py: Python<'_>) -> PyResult<()> {
        let Now::Waiting(future) = self.swap(py, Now::Ended)? else { return Ok(()) };
        let pool = self.pool.get();
        let mut state = pool.state(py)?;
        let place = state.waiting.iter().position(|one| one.is(&future));
        let own = place.and_then(|place| state.waiting.remove(place));
        drop(state);
        drop(own);
        pool.wake_if_ready(py)
    }

    fn end(&self, py: Python<'_>, error: PyErr) -> PyResult<Py<PyAny>> {
        self.swap(py, Now::Ended)?;
        Err(error)
    }
}

#[pymethods]
impl Next {
    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.advance(py)
    }

    fn send(&self, py: Python<'_>, value: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        drop(value);
        self.advance(py)
    }

    /// Whoever waits is told to stop.
    #[pyo3(signature = (error, value = None, traceback = None))]
    fn throw(
        &self,
        py: Python<'_>,
        error: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        drop(traceback);
        self.give_up(py)?;
        Err(PyErr::from_value(value.unwrap_or(error)))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.give_up(py)
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.pool)?;
        // SAFETY: the collector visits while it holds the interpreter's lock, and nothing is done with the token but
        // to read the cell.
        let py = unsafe { Python::assume_attached() };
        match self.now.try_get(py).as_deref() {
            Some(Now::Waiting(future)) => visit.call(future),
            _ => Ok(()),
        }
    }
}
