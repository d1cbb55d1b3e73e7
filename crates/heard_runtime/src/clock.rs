//! A thread that calls back at a given time: grace periods end even where no loop runs, or where it hangs.
//!
//! It is a thread of our own, so Python's `threading` does not know it. It starts when there is something to wait for,
//! and ends before a fork and before the interpreter does.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

#[derive(Default)]
struct Alarm {
    at: Option<Instant>,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    alarm: Mutex<Alarm>,
    changed: Condvar,
}

struct Clock {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

static CLOCK: Mutex<Option<Clock>> = Mutex::new(None);

/// The longest that the clock waits at once: a grace period of the age of the universe cannot be added to a time.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// Calls `callback` in so many seconds, or earlier if that was asked for. What it returns, a number of seconds or
/// `None`, is asked for next. A clock that runs keeps the callback that it was started with.
#[pyfunction]
pub(crate) fn wake_in(seconds: f64, callback: Py<PyAny>) -> PyResult<()> {
    let at = time_in(seconds);
    let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(clock) = &*clock {
        let mut alarm = clock.shared.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        if alarm.at.is_none_or(|earlier| at < earlier) {
            alarm.at = Some(at);
            clock.shared.changed.notify_one();
        }
        return Ok(());
    }
    let shared = Arc::new(Shared { alarm: Mutex::new(Alarm { at: Some(at), stop: false }), changed: Condvar::new() });
    let thread = std::thread::Builder::new().name("heard".to_owned()).stack_size(1 << 21).spawn({
        let shared = Arc::clone(&shared);
        move || run(&shared, &callback)
    })?;
    *clock = Some(Clock { shared, thread });
    Ok(())
}

/// Ends the thread and waits until it has ended.
#[pyfunction]
pub(crate) fn stop_clock(py: Python<'_>) {
    let clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(Clock { shared, thread }) = clock else { return };
    shared.alarm.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
    shared.changed.notify_one();
    // The thread cannot wait for itself. Called from its own callback, it ends when that returns.
    if thread.thread().id() != std::thread::current().id() {
        // Its callback may be waiting for the interpreter's lock.
        drop(py.detach(|| thread.join()));
    }
}

/// The time in so many seconds. What is no number of seconds, as NaN, is now.
fn time_in(seconds: f64) -> Instant {
    let most = if seconds > 0.0 { LONGEST } else { Duration::ZERO };
    Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or(most).min(most)
}

fn run(shared: &Shared, callback: &Py<PyAny>) {
    while wait(shared) {
        let next = Python::attach(|py| match callback.call0(py).and_then(|next| next.extract::<Option<f64>>(py)) {
            Ok(next) => next,
            Err(error) => {
                error.write_unraisable(py, None);
                None
            }
        });
        if let Some(seconds) = next {
            let at = time_in(seconds);
            let mut alarm = shared.alarm.lock().unwrap_or_else(PoisonError::into_inner);
            alarm.at = Some(alarm.at.map_or(at, |earlier| earlier.min(at)));
        }
    }
}

/// Waits for the alarm. False when the thread shall end.
fn wait(shared: &Shared) -> bool {
    let mut alarm = shared.alarm.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if alarm.stop {
            return false;
        }
        let now = Instant::now();
        alarm = match alarm.at {
            Some(at) if at <= now => {
                alarm.at = None;
                return true;
            }
            Some(at) => shared.changed.wait_timeout(alarm, at - now).unwrap_or_else(PoisonError::into_inner).0,
            None => shared.changed.wait(alarm).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
