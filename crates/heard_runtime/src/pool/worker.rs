//! A worker: the coroutine of a task that takes one item after the other.

use std::sync::OnceLock;

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use super::Pool;
use super::context::{Context, call};
use super::drive::{Step, iterator_of, send, throw};
use super::items::{Taken, input_end};
use crate::enter;
use crate::gil::Guarded;
use crate::outcome::End;

/// After so many items that did not wait, the loop gets its turn.
const MOST_AT_ONCE: usize = 64;

/// Takes items of a pool and runs its function on them, as long as there are any.
#[pyclass(module = "heard._native", frozen)]
pub(crate) struct Worker {
    pool: Py<Pool>,
    task: OnceLock<Py<PyAny>>,
    now: Guarded<Now>,
}

enum Now {
    /// Between two items.
    Between,
    /// The input is asked for an item, by this.
    Taking(Py<PyAny>),
    /// This item waits until it may start.
    Paced(Py<PyAny>),
    /// An item waits for something.
    Item(Item),
    Running,
    Ended,
}

struct Item {
    index: usize,
    input: Py<PyAny>,
    iterator: Py<PyAny>,
    context: Context,
}

/// How a run of a worker ends: it waits for something, or it is done.
enum Stop {
    Waits(Now, Py<PyAny>),
    Done,
}

impl Pool {
    /// Makes a worker, which has been counted, and its task.
    pub(super) fn start_worker(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let event_loop = slf.get().event_loop(py)?;
        let worker = Worker { pool: slf.clone().unbind(), task: OnceLock::new(), now: Guarded::new(Now::Between) };
        let worker = Bound::new(py, worker)?;
        let task = enter::call(slf.get().fixed.start.bind(py), (&worker, event_loop), None)?.unbind();
        slf.get().state(py)?.workers.push(task.clone_ref(py));
        // It is a new worker, so nothing has been set.
        let _ = worker.get().task.set(task);
        Ok(())
    }
}

impl Worker {
    fn resume(&self, py: Python<'_>, thrown: Option<PyErr>) -> PyResult<Option<Py<PyAny>>> {
        let running = || PyRuntimeError::new_err("a worker of heard.map is already running");
        let now = std::mem::replace(&mut *self.now.try_get(py).ok_or_else(running)?, Now::Running);
        if matches!(now, Now::Running) {
            return Err(running());
        }
        if matches!(now, Now::Ended) {
            self.become_(py, Now::Ended);
            return Err(PyRuntimeError::new_err("cannot reuse a worker of heard.map that has ended"));
        }
        match self.run(py, now, thrown) {
            Ok(Stop::Waits(now, waits_for)) => {
                self.become_(py, now);
                Ok(Some(waits_for))
            }
            Ok(Stop::Done) => {
                self.become_(py, Now::Ended);
                Pool::end_worker(self.pool.bind(py), self.task.get()).map(|()| None)
            }
            Err(error) if error.is_instance_of::<PyException>(py) => {
                // A defect of the pool, or no memory: the consumer hears it.
                self.become_(py, Now::Ended);
                self.pool.get().exhaust(py, Some(error))?;
                Pool::end_worker(self.pool.bind(py), self.task.get()).map(|()| None)
            }
            Err(error) => {
                self.become_(py, Now::Ended);
                Pool::end_worker(self.pool.bind(py), self.task.get())?;
                Err(error)
            }
        }
    }

    fn become_(&self, py: Python<'_>, now: Now) {
        if let Some(mut place) = self.now.try_get(py) {
            // What was there holds nothing: it is `Running`, or has ended.
            *place = now;
        }
    }

    /// Goes on until something has to be waited for.
    fn run(&self, py: Python<'_>, now: Now, thrown: Option<PyErr>) -> PyResult<Stop> {
        let pool = self.pool.bind(py);
        let shared = pool.get();
        let next = match now {
            Now::Between | Now::Running | Now::Ended => {
                shared.state(py)?.is_coming = false;
                thrown.map_or(Ok(None), Err)?
            }
            Now::Taking(iterator) => {
                let iterator = iterator.into_bound(py);
                let cancellation = shared.fixed.cancellation.bind(py);
                let is_closed = shared.state(py)?.is_closed;
                let taken = match step(&iterator, thrown) {
                    Step::Raise(error) if is_closed && error.is_instance(py, cancellation) => return Err(error),
                    Step::Wait(waits_for) => return Ok(Stop::Waits(Now::Taking(iterator.unbind()), waits_for.unbind())),
                    Step::Return(item) => Taken::Item(item),
                    Step::Raise(error) => input_end(py, error, cancellation),
                };
                shared.state(py)?.is_taking = false;
                Some(taken)
            }
            Now::Paced(input) => {
                shared.state(py)?.is_taking = false;
                if let Some(error) = thrown {
                    if shared.state(py)?.is_closed {
                        return Err(error);
                    }
                    let index = shared.begin(py)?;
                    return self.end(py, index, input, Step::Raise(error)).map(|_| Stop::Done);
                }
                shared.pace(py)?;
                if let Some(stop) = self.start(py, pool, input.into_bound(py))? {
                    return Ok(stop);
                }
                None
            }
            Now::Item(item) => {
                let iterator = item.iterator.bind(py);
                match item.context.run(py, || step(iterator, thrown))? {
                    Step::Wait(waits_for) => {
                        let waits_for = waits_for.unbind();
                        return Ok(Stop::Waits(Now::Item(item), waits_for));
                    }
                    end => {
                        if !self.end(py, item.index, item.input, end)? {
                            return Ok(Stop::Done);
                        }
                        self.forget_cancellations(py)?;
                    }
                }
                None
            }
        };
        self.take_items(py, pool, next)
    }

    fn take_items<'py>(&self, py: Python<'py>, pool: &Bound<'py, Pool>, mut next: Option<Taken<'py>>) -> PyResult<Stop> {
        let shared = pool.get();
        for _ in 0..MOST_AT_ONCE {
            let taken = if let Some(taken) = next.take() {
                taken
            } else {
                let state = shared.state(py)?;
                if state.is_exhausted {
                    return Ok(Stop::Done);
                }
                let has_to_wait = state.is_taking || state.started - state.taken >= shared.window();
                drop(state);
                if has_to_wait {
                    let future = shared.future(py)?.unbind();
                    shared.state(py)?.idle.push(future.clone_ref(py));
                    return Ok(Stop::Waits(Now::Between, future));
                }
                shared.next_item(py)
            };
            let input = match taken {
                Taken::Item(input) => input,
                Taken::Awaits(iterator) => match send(&iterator) {
                    Step::Wait(waits_for) => {
                        shared.state(py)?.is_taking = true;
                        return Ok(Stop::Waits(Now::Taking(iterator.unbind()), waits_for.unbind()));
                    }
                    Step::Return(input) => input,
                    Step::Raise(error) => {
                        next = Some(input_end(py, error, shared.fixed.cancellation.bind(py)));
                        continue;
                    }
                },
                Taken::End(error) => {
                    shared.exhaust(py, error)?;
                    return Ok(Stop::Done);
                }
            };
            if let Some(future) = shared.wait_for_pace(py)? {
                shared.state(py)?.is_taking = true;
                return Ok(Stop::Waits(Now::Paced(input.unbind()), future.unbind()));
            }
            if let Some(stop) = self.start(py, pool, input)? {
                return Ok(stop);
            }
        }
        shared.state(py)?.is_coming = true;
        Ok(Stop::Waits(Now::Between, py.None()))
    }

    /// Starts an item. Returns what it waits for, or nothing if it has ended.
    fn start<'py>(&self, py: Python<'py>, pool: &Bound<'py, Pool>, input: Bound<'py, PyAny>) -> PyResult<Option<Stop>> {
        let shared = pool.get();
        let index = shared.begin(py)?;
        let fixed = &shared.fixed;
        let context = Context::copy(fixed.context.bind(py))?;
        let mut iterator = None;
        let step = context.run(py, || {
            let called = call(fixed.function.bind(py), &input);
            match called.and_then(|awaitable| iterator_of(awaitable, fixed.coroutine.bind(py))) {
                Ok(runs) => send(iterator.insert(runs)),
                Err(error) => Step::Raise(error),
            }
        })?;
        let input = input.unbind();
        match (step, iterator) {
            (Step::Wait(waits_for), Some(iterator)) => {
                Pool::bring_worker(pool)?;
                let item = Item { index, input, iterator: iterator.unbind(), context };
                Ok(Some(Stop::Waits(Now::Item(item), waits_for.unbind())))
            }
            (end, _) => Ok((!self.end(py, index, input, end)?).then_some(Stop::Done)),
        }
    }

    /// An item has ended. Whether the worker goes on.
    fn end(&self, py: Python<'_>, index: usize, input: Py<PyAny>, step: Step<'_>) -> PyResult<bool> {
        let pool = self.pool.get();
        let error = match step {
            Step::Return(value) if !self.is_cancelled(py)? => {
                pool.end_item(py, index, input, End::Value(value.unbind()))?;
                return Ok(true);
            }
            // It has cancelled its own task and has not waited since: a task of its own would end as cancelled.
            Step::Return(_) | Step::Wait(_) => PyErr::from_value(enter::call(pool.fixed.cancellation.bind(py), (), None)?),
            Step::Raise(error) => error,
        };
        if error.is_instance_of::<PyKeyboardInterrupt>(py) || error.is_instance_of::<PySystemExit>(py) {
            pool.exhaust(py, Some(error.clone_ref(py)))?;
            return Err(error);
        }
        if !error.is_instance(py, pool.fixed.cancellation.bind(py)) {
            pool.end_item(py, index, input, End::Failure(error.into_value(py).into_any()))?;
            // What it has sent to its own task, and has not waited for, must not reach the next item.
            return Ok(!self.is_cancelled(py)?);
        }
        if pool.state(py)?.is_closed {
            return Err(error);
        }
        pool.end_item(py, index, input, End::Cancelled(error.clone_ref(py).into_value(py).into_any()))?;
        // If the task itself was told to end, it ends: the pool gets another when somebody wants an outcome.
        let task = self.task.get().map(|task| task.bind(py));
        match task.map(|task| enter::method(task, intern!(py, "cancelling"), ())?.is_truthy()).transpose()? {
            Some(true) => Err(error),
            _ => Ok(true),
        }
    }

    /// An item that goes on after a cancellation leaves the task counting it, which the next item has nothing to do with.
    fn forget_cancellations(&self, py: Python<'_>) -> PyResult<()> {
        let Some(task) = self.task.get().map(|task| task.bind(py)) else { return Ok(()) };
        let mut left = enter::method(task, intern!(py, "cancelling"), ())?;
        while left.is_truthy()? {
            left = enter::method(task, intern!(py, "uncancel"), ())?;
        }
        Ok(())
    }

    /// Whether a cancellation of the task is still to be delivered.
    fn is_cancelled(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(task) = self.task.get() else { return Ok(false) };
        self.pool.get().must_cancel.get(task.bind(py))?.is_truthy()
    }
}

fn step<'py>(iterator: &Bound<'py, PyAny>, thrown: Option<PyErr>) -> Step<'py> {
    match thrown {
        Some(error) => throw(iterator, error),
        None => send(iterator),
    }
}

/// What a task needs of a coroutine.
#[pymethods]
impl Worker {
    #[classattr]
    fn __qualname__() -> &'static str {
        "heard.map"
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.resume(py, None)
    }

    fn send(&self, py: Python<'_>, value: Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
        drop(value);
        self.resume(py, None)
    }

    #[pyo3(signature = (error, value = None, traceback = None))]
    fn throw(
        &self,
        py: Python<'_>,
        error: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        drop(traceback);
        let waits_for = self.resume(py, Some(PyErr::from_value(value.unwrap_or(error))))?;
        waits_for.map_or_else(|| Err(pyo3::exceptions::PyStopIteration::new_err(())), |waits_for| Ok(Some(waits_for)))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let now = self.now.try_get(py).map(|mut now| std::mem::replace(&mut *now, Now::Ended));
        let Some(Now::Item(Item { iterator, .. }) | Now::Taking(iterator)) = now else { return Ok(()) };
        // Iterators of awaitables that are no coroutines may have no such method.
        match iterator.bind(py).getattr_opt(intern!(py, "close"))? {
            Some(close) => enter::call(&close, (), None).map(drop),
            None => Ok(()),
        }
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
        if let Some(task) = self.task.get() {
            visit.call(task)?;
        }
        // SAFETY: the collector visits while it holds the interpreter's lock, and nothing is done with the token but
        // to read the cell.
        let py = unsafe { Python::assume_attached() };
        let Some(now) = self.now.try_get(py) else { return Ok(()) };
        match &*now {
            Now::Taking(object) | Now::Paced(object) => visit.call(object),
            Now::Item(item) => {
                visit.call(&item.input)?;
                visit.call(&item.iterator)?;
                visit.call(item.context.object())
            }
            Now::Between | Now::Running | Now::Ended => Ok(()),
        }
    }
}
