//! How a piece of work ended: a value, a failure, or a cancellation.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

/// How a piece of work ended: `Ok` with a value, or `Err` with a failure.
///
/// `index` and `input` say which of the inputs it was, `name` and `born` what ran and where that was asked for. `ok`
/// and `cancelled` tell how it ended without reading it; `error` is the failure or `None`; `value` and `unwrap()` give
/// the value, and raise the failure if there is none. A cancellation of the work is the failure `ChildCancelled`, so
/// that raising it is never taken for a cancellation of the task that looks.
///
/// An outcome is to be read: a failure that goes out of use unread is reported as lost. Reading is a match of `Err`,
/// `value`, `unwrap()`, and `error` where something is done with it; whoever only asks whether it is `None` has not
/// read it, nor has a match whose cases are all for `Ok`.
///
/// >>> async def half(n: int) -> int:
/// ...     if n % 2:
/// ...         raise ValueError(f"{n} is odd")
/// ...     return n // 2
/// >>> async def main() -> None:
/// ...     for outcome in await heard.outcomes([half(4), half(5)]):
/// ...         match outcome:
/// ...             case heard.Ok(value):
/// ...                 print(outcome.index, value)
/// ...             case heard.Err(error):
/// ...                 print(outcome.index, error)
/// >>> asyncio.run(main())
/// 0 2
/// 1 5 is odd
#[pyclass(module = "heard", frozen, subclass, generic, weakref)]
pub(crate) struct Outcome {
    index: usize,
    input: Py<PyAny>,
    /// Has a `name` and a `born`.
    origin: Py<PyAny>,
    end: End,
    read: AtomicBool,
}

/// The outcome of work that has a value. It is matched by `Ok(value)`.
#[pyclass(module = "heard", name = "Ok", frozen, extends = Outcome, generic)]
pub(crate) struct Good;

pub(crate) enum End {
    Value(Py<PyAny>),
    Failure(Py<PyAny>),
    Cancelled(Py<PyAny>),
}

impl Outcome {
    pub(crate) fn new(index: usize, input: Py<PyAny>, origin: Py<PyAny>, end: End) -> Self {
        Self { index, input, origin, end, read: AtomicBool::new(false) }
    }

    /// The outcome of work that has a value.
    pub(crate) fn good(index: usize, input: Py<PyAny>, origin: Py<PyAny>, value: Py<PyAny>) -> PyClassInitializer<Good> {
        PyClassInitializer::from(Self::new(index, input, origin, End::Value(value))).add_subclass(Good)
    }
}

#[pymethods]
impl Good {
    #[classattr]
    fn __match_args__() -> (&'static str,) {
        ("value",)
    }

    #[new]
    fn make(index: usize, input: Py<PyAny>, origin: Py<PyAny>, value: Py<PyAny>) -> PyClassInitializer<Self> {
        Outcome::good(index, input, origin, value)
    }
}

#[pymethods]
impl Outcome {
    #[new]
    #[pyo3(signature = (index, input, origin, kind, end))]
    fn make(index: usize, input: Py<PyAny>, origin: Py<PyAny>, kind: &str, end: Py<PyAny>) -> PyResult<Self> {
        let end = match kind {
            "failure" => End::Failure(end),
            "cancelled" => End::Cancelled(end),
            _ => return Err(PyValueError::new_err("heard.Outcome is not made by hand: `outcomes` and `map` give them")),
        };
        Ok(Self::new(index, input, origin, end))
    }

    /// Which of the inputs it was, from 0.
    #[getter]
    fn index(&self) -> usize {
        self.index
    }

    /// What `map` was given as the item, or `outcomes` as the awaitable.
    #[getter]
    fn input(&self, py: Python<'_>) -> Py<PyAny> {
        self.input.clone_ref(py)
    }

    /// The name of the task or function that ran.
    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.origin.getattr(py, pyo3::intern!(py, "name"))
    }

    /// Where it was asked for: places in the program, the innermost first.
    #[getter]
    fn born(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.origin.getattr(py, pyo3::intern!(py, "born"))
    }

    /// Whether there is a value. To ask this is not to read the outcome.
    #[getter]
    fn ok(&self) -> bool {
        matches!(self.end, End::Value(_))
    }

    /// Whether the work was cancelled. To ask this is not to read the outcome.
    #[getter]
    fn cancelled(&self) -> bool {
        matches!(self.end, End::Cancelled(_))
    }

    /// The failure, or `None` if there is a value.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.mark_read();
        self.failure(py)
    }

    /// The value. Raises the failure if there is none.
    #[getter]
    fn value(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.unwrap(py)
    }

    /// The value. Raises the failure if there is none.
    fn unwrap(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.mark_read();
        match &self.end {
            End::Value(value) => Ok(value.clone_ref(py)),
            End::Failure(error) | End::Cancelled(error) => Err(PyErr::from_value(error.bind(py).clone())),
        }
    }

    /// The failure, without reading it.
    #[getter(_failure)]
    fn failure(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &self.end {
            End::Value(_) => None,
            End::Failure(error) | End::Cancelled(error) => Some(error.clone_ref(py)),
        }
    }

    /// Its failure has been read.
    #[pyo3(name = "_read")]
    fn mark_read(&self) {
        self.read.store(true, Ordering::Relaxed);
    }

    #[getter]
    fn _origin(&self, py: Python<'_>) -> Py<PyAny> {
        self.origin.clone_ref(py)
    }

    /// A failure that nobody has read, for the finaliser: to ask this does not read it.
    #[getter]
    fn _unread(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &self.end {
            End::Failure(error) if !self.read.load(Ordering::Relaxed) => Some(error.clone_ref(py)),
            _ => None,
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (kind, end) = match &self.end {
            End::Value(value) => ("Ok", value),
            End::Failure(error) => ("Err", error),
            End::Cancelled(_) => return Ok(format!("<heard.Err {} cancelled>", self.index)),
        };
        Ok(format!("<heard.{kind} {} {}>", self.index, end.bind(py).repr()?))
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.input)?;
        visit.call(&self.origin)?;
        match &self.end {
            End::Value(end) | End::Failure(end) | End::Cancelled(end) => visit.call(end),
        }
    }
}
