//! The pool behind `heard.map`: what its workers and its consumer share.
//!
//! A worker is a coroutine that runs in a task and takes one item after the other, so no task is made per item. Only as
//! many workers exist as items have ever waited at once: whenever an item waits, one more worker takes the next, up to
//! the limit. One worker at a time takes an item, as inputs may be asynchronous.

mod attribute;
mod context;
mod drive;
mod items;
mod pace;
mod results;
mod worker;

use std::cell::RefMut;
use std::collections::VecDeque;

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::enter;
use crate::gil::Guarded;
use crate::outcome::{End, Outcome};
use attribute::Attribute;
pub(crate) use results::{Next, Results};
pub(crate) use worker::Worker;

/// What a pool is given and never changes.
struct Fixed {
    function: Py<PyAny>,
    items: Py<PyAny>,
    is_async: bool,
    limit: usize,
    is_ordered: bool,
    /// Seconds between two starts.
    interval: Option<f64>,
    /// The variables that every item starts with.
    context: Py<PyAny>,
    origin: Py<PyAny>,
    /// The type of coroutines.
    coroutine: Py<PyType>,
    cancellation: Py<PyAny>,
    /// Functions of the package's Python part.
    failed: Py<PyAny>,
    cancelled: Py<PyAny>,
    start: Py<PyAny>,
    sleep: Py<PyAny>,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct State {
    event_loop: Option<Py<PyAny>>,
    /// Outcomes that nobody has taken. In order, places are kept for those that are still missing.
    ready: VecDeque<Option<Py<PyAny>>>,
    /// How many items have been started, and how many outcomes have been taken.
    started: usize,
    taken: usize,
    /// When the next item may start, on the loop's clock.
    due: f64,
    /// Tasks of workers, and how many have not ended.
    workers: Vec<Py<PyAny>>,
    alive: usize,
    /// Futures of workers that have nothing to do.
    idle: Vec<Py<PyAny>>,
    /// Futures of consumers that wait for an outcome.
    waiting: VecDeque<Py<PyAny>>,
    /// Whether a worker is about to take an item.
    is_taking: bool,
    /// Whether a worker has been made or woken that has not run since.
    is_coming: bool,
    /// There are no more items, or nobody wants them.
    is_exhausted: bool,
    is_closed: bool,
    /// What the input has raised.
    error: Option<PyErr>,
}

/// What the workers and the consumer of one `heard.map` share.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Pool {
    fixed: Fixed,
    must_cancel: Attribute,
    state: Guarded<State>,
}

impl Pool {
    fn state<'a>(&'a self, py: Python<'a>) -> PyResult<RefMut<'a, State>> {
        // Nothing of Python's runs while it is borrowed, so this does not happen.
        self.state.try_get(py).ok_or_else(|| PyRuntimeError::new_err("the pool of heard.map is in use"))
    }

    /// How many items may be running or waiting to be taken.
    fn window(&self) -> usize {
        2 * self.fixed.limit
    }

    /// The next outcome that is ready.
    fn take(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let (pool, py) = (slf.get(), slf.py());
        let mut state = pool.state(py)?;
        if !matches!(state.ready.front(), Some(Some(_))) {
            return Ok(None);
        }
        let outcome = state.ready.pop_front().flatten();
        state.taken += 1;
        // To wake a worker for every outcome that is taken would cost more than the rest.
        let is_low = state.started - state.taken <= pool.fixed.limit;
        let is_shared = !state.waiting.is_empty();
        drop(state);
        if is_shared {
            // Others wait, and in order, one end may have made several outcomes ready.
            pool.wake_if_ready(py)?;
        }
        if is_low {
            Self::bring_worker(slf)?;
        }
        Ok(outcome)
    }

    /// Sees to it that somebody takes the next item, if there may be one and it may start. If nobody can be got, that is
    /// raised after the outcomes, so that none of them is lost.
    fn bring_worker(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::find_worker(slf).or_else(|error| slf.get().exhaust(slf.py(), Some(error)))
    }

    fn find_worker(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (pool, py) = (slf.get(), slf.py());
        loop {
            let mut state = pool.state(py)?;
            if state.is_exhausted || state.is_taking || state.is_coming || state.started - state.taken >= pool.window() {
                return Ok(());
            }
            if let Some(future) = state.idle.pop() {
                drop(state);
                // It is done already if its worker was cancelled.
                if release(future.bind(py))? {
                    pool.state(py)?.is_coming = true;
                    return Ok(());
                }
            } else if state.alive < pool.fixed.limit {
                state.is_coming = true;
                state.alive += 1;
                drop(state);
                return Self::start_worker(slf).inspect_err(|_| pool.uncount_worker(py));
            } else {
                return Ok(());
            }
        }
    }

    /// Takes back that a worker is coming, which could not be started.
    fn uncount_worker(&self, py: Python<'_>) {
        if let Some(mut state) = self.state.try_get(py) {
            state.is_coming = false;
            state.alive -= 1;
        }
    }

    /// Counts an item that starts, and gives its number.
    fn begin(&self, py: Python<'_>) -> PyResult<usize> {
        let mut state = self.state(py)?;
        state.started += 1;
        Ok(state.started - 1)
    }

    /// An item has ended.
    fn end_item(&self, py: Python<'_>, index: usize, input: Py<PyAny>, end: End) -> PyResult<()> {
        let fixed = &self.fixed;
        let origin = fixed.origin.clone_ref(py);
        let outcome = match end {
            End::Value(value) => Py::new(py, Outcome::good(index, input, origin, value))?.into_any(),
            End::Failure(error) => enter::call(fixed.failed.bind(py), (index, input, origin, error), None)?.unbind(),
            End::Cancelled(error) => enter::call(fixed.cancelled.bind(py), (index, input, origin, error), None)?.unbind(),
        };
        let mut state = self.state(py)?;
        if state.is_closed {
            // Nobody takes it: if it is a failure, it says so when it is dropped.
            drop(state);
            return Ok(());
        }
        if fixed.is_ordered {
            let place = index - state.taken;
            if state.ready.len() <= place {
                state.ready.resize_with(place + 1, || None);
            }
            state.ready[place] = Some(outcome);
        } else {
            state.ready.push_back(Some(outcome));
        }
        drop(state);
        self.wake_if_ready(py)
    }

    /// Wakes a consumer if there is an outcome for it.
    fn wake_if_ready(&self, py: Python<'_>) -> PyResult<()> {
        let is_ready = matches!(self.state(py)?.ready.front(), Some(Some(_)));
        if is_ready { self.wake_consumer(py) } else { Ok(()) }
    }

    fn wake_consumer(&self, py: Python<'_>) -> PyResult<()> {
        loop {
            let Some(future) = self.state(py)?.waiting.pop_front() else { return Ok(()) };
            if release(future.bind(py))? {
                return Ok(());
            }
        }
    }

    /// There are no more items.
    fn exhaust(&self, py: Python<'_>, error: Option<PyErr>) -> PyResult<()> {
        let mut state = self.state(py)?;
        state.is_exhausted = true;
        if state.error.is_none() {
            state.error = error;
        }
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        for future in idle {
            release(future.bind(py))?;
        }
        Ok(())
    }

    /// A worker has ended. Consumers look what that means: the end, or that another worker is needed.
    fn end_worker(slf: &Bound<'_, Self>, task: Option<&Py<PyAny>>) -> PyResult<()> {
        let (pool, py) = (slf.get(), slf.py());
        let mut state = pool.state(py)?;
        state.alive -= 1;
        let place = task.filter(|_| !state.is_exhausted).and_then(|task| state.workers.iter().position(|one| one.is(task)));
        // It is held by what runs it, so nothing is destroyed here.
        drop(place.map(|place| state.workers.swap_remove(place)));
        let waiting = if state.alive == 0 || !state.is_exhausted { std::mem::take(&mut state.waiting) } else { VecDeque::new() };
        let tasks = if state.alive == 0 { std::mem::take(&mut state.workers) } else { Vec::new() };
        drop(state);
        drop(tasks);
        for future in waiting {
            release(future.bind(py))?;
        }
        Ok(())
    }

    /// A future of the loop, marked as one that a coroutine waits for.
    fn future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let event_loop = self.event_loop(py)?;
        awaited(enter::method(&event_loop, intern!(py, "create_future"), ())?)
    }

    fn event_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(event_loop) = &self.state(py)?.event_loop {
            return Ok(event_loop.bind(py).clone());
        }
        let event_loop = enter::method(py.import(intern!(py, "asyncio"))?.as_any(), intern!(py, "get_running_loop"), ())?;
        self.state(py)?.event_loop = Some(event_loop.clone().unbind());
        Ok(event_loop)
    }
}

/// Marks a future as one that a coroutine waits for, which is what a task expects to get.
fn awaited(future: Bound<'_, PyAny>) -> PyResult<Bound<'_, PyAny>> {
    future.setattr(intern!(future.py(), "_asyncio_future_blocking"), true)?;
    Ok(future)
}

/// Ends a future, unless it was cancelled.
fn release(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = future.py();
    if enter::method(future, intern!(py, "done"), ())?.is_truthy()? {
        return Ok(false);
    }
    enter::method(future, intern!(py, "set_result"), (py.None(),))?;
    Ok(true)
}

#[pymethods]
impl Pool {
    #[new]
    #[pyo3(signature = (function, items, *, is_async, limit, is_ordered, interval, context, origin, coroutine, cancellation, failed, cancelled, start, sleep))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords, and Python has no other way to give them")]
    fn make(
        py: Python<'_>,
        function: Py<PyAny>,
        items: Py<PyAny>,
        is_async: bool,
        limit: usize,
        is_ordered: bool,
        interval: Option<f64>,
        context: Py<PyAny>,
        origin: Py<PyAny>,
        coroutine: Py<PyType>,
        cancellation: Py<PyAny>,
        failed: Py<PyAny>,
        cancelled: Py<PyAny>,
        start: Py<PyAny>,
        sleep: Py<PyAny>,
    ) -> PyResult<Self> {
        context::check()?;
        let fixed = Fixed {
            function,
            items,
            is_async,
            limit,
            is_ordered,
            interval,
            context,
            origin,
            coroutine,
            cancellation,
            failed,
            cancelled,
            start,
            sleep,
        };
        let must_cancel = Attribute::of(py, &py.import("asyncio")?.getattr("Task")?, "_must_cancel")?;
        Ok(Self { fixed, must_cancel, state: Guarded::new(State::default()) })
    }

    /// Ends it: no further item is taken, outcomes that nobody has taken are dropped, and workers are cancelled.
    /// Returns their tasks.
    fn stop(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let mut state = self.state(py)?;
        state.is_closed = true;
        state.taken = state.started;
        let dropped = std::mem::take(&mut state.ready);
        let waiting = std::mem::take(&mut state.waiting);
        let tasks: Vec<_> = state.workers.iter().map(|task| task.clone_ref(py)).collect();
        drop(state);
        drop(dropped);
        self.exhaust(py, None)?;
        for future in waiting {
            drop(release(future.bind(py)));
        }
        for task in &tasks {
            // A task whose loop is closed cannot be cancelled, and will not run again.
            drop(enter::method(task.bind(py), intern!(py, "cancel"), ()));
        }
        Ok(tasks)
    }

    /// The iterator of its items.
    fn items(&self, py: Python<'_>) -> Py<PyAny> {
        self.fixed.items.clone_ref(py)
    }

    /// What the input, or the pool itself, has raised and nobody has got.
    fn take_error(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let error = self.state(py)?.error.take();
        Ok(error.map(|error| error.into_value(py).into_any()))
    }

    /// The loop that it runs in, once it does.
    fn runs_in(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        Ok(self.state(py)?.event_loop.as_ref().map(|event_loop| event_loop.clone_ref(py)))
    }

    #[expect(clippy::needless_pass_by_value, reason = "the slot asks for it")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let fixed = &self.fixed;
        for object in [
            &fixed.function,
            &fixed.items,
            &fixed.context,
            &fixed.origin,
            &fixed.cancellation,
            &fixed.failed,
            &fixed.cancelled,
            &fixed.start,
            &fixed.sleep,
        ] {
            visit.call(object)?;
        }
        // SAFETY: the collector visits while it holds the interpreter's lock, and nothing is done with the token but
        // to read the cell.
        let py = unsafe { Python::assume_attached() };
        let Some(state) = self.state.try_get(py) else { return Ok(()) };
        visit.call(&state.event_loop)?;
        for object in state.workers.iter().chain(&state.idle).chain(&state.waiting).chain(state.ready.iter().flatten()) {
            visit.call(object)?;
        }
        Ok(())
    }
}
