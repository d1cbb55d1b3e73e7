//! A thread that calls back at a given time: grace periods end even where no loop runs, or where it hangs.
//!
//! It is a thread of our own, so Python's `threading` does not know it, and signals pass it by. It starts when there is
//! something to wait for, and ends before a fork and before the interpreter does.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::{enter, native_thread, termination};

#[derive(Default)]
struct Alarm {
    at: Option<Instant>,
    stop: bool,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    alarm: Mutex<Alarm>,
    changed: Condvar,
}

impl Shared {
    fn alarm(&self) -> MutexGuard<'_, Alarm> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Clock {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    /// A child that was forked has a copy of this, and not the thread.
    process: u32,
}

enum State {
    Idle,
    Runs(Clock),
    /// The interpreter ends, and nothing starts any more.
    Over,
}

static CLOCK: Mutex<State> = Mutex::new(State::Idle);

/// The longest that the clock waits at once: a grace period of the age of the universe cannot be added to a time.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// The longest that the end of a program waits for a callback that works.
const LONGEST_WORK: Duration = Duration::from_secs(5);

/// Who works takes at least one part in so many of the time, even on a machine where dozens want it. Who takes less polls
/// for something, which may never come.
const LEAST_SHARE: u32 = 50;

/// Calls `callback` in so many seconds, or earlier if that was asked for. What it returns, a number of seconds or
/// `None`, is asked for next. A clock that runs keeps the callback that it was started with.
#[pyfunction]
pub(crate) fn wake_in(seconds: f64, callback: Py<PyAny>) -> PyResult<()> {
    let at = time_in(seconds);
    let mut state = state();
    match &*state {
        State::Over => return Ok(()),
        State::Runs(clock) => {
            let mut alarm = clock.shared.alarm();
            alarm.stop = false;
            if alarm.at.is_none_or(|earlier| at < earlier) {
                alarm.at = Some(at);
                clock.shared.changed.notify_all();
            }
            return Ok(());
        }
        State::Idle => {}
    }
    let shared = Arc::new(Shared { alarm: Mutex::new(Alarm { at: Some(at), ..Alarm::default() }), changed: Condvar::new() });
    let thread = native_thread::start("heard", {
        let shared = Arc::clone(&shared);
        move || {
            run(&shared, &callback);
            shared.alarm().ended = true;
            shared.changed.notify_all();
        }
    })?;
    *state = State::Runs(Clock { shared, thread, process: std::process::id() });
    drop(state);
    termination::arm()
}

/// Ends the thread, and waits for that at most so many seconds: its callback may wait for a lock that the caller holds.
/// Whether it has ended; if not, it goes on. With `for_good`, none starts any more, and it is waited for as long as the
/// callback works: on a busy machine it may need more time than that, and what it has to say would be lost.
#[pyfunction]
#[pyo3(signature = (patience, for_good = false))]
pub(crate) fn stop_clock(py: Python<'_>, patience: f64, for_good: bool) -> bool {
    let next = || if for_good { State::Over } else { State::Idle };
    let before = {
        let mut state = state();
        std::mem::replace(&mut *state, next())
    };
    let State::Runs(Clock { shared, thread, process }) = before else { return true };
    shared.alarm().stop = true;
    shared.changed.notify_all();
    if thread.thread().id() == std::thread::current().id() {
        // It cannot wait for itself. Called from its own callback, it ends when that returns.
        return true;
    }
    // The callback may be waiting for the interpreter's lock.
    let has_ended = py.detach(|| {
        let patience = Duration::try_from_secs_f64(patience).unwrap_or(LONGEST).min(LONGEST);
        let since = Instant::now();
        let mut worked = work_of(&thread);
        loop {
            let alarm = shared.alarm();
            let (alarm, _) =
                shared.changed.wait_timeout_while(alarm, patience, |alarm| !alarm.ended).unwrap_or_else(PoisonError::into_inner);
            if alarm.ended || !for_good || since.elapsed() > LONGEST_WORK {
                return alarm.ended;
            }
            drop(alarm);
            let before = std::mem::replace(&mut worked, work_of(&thread));
            let share = worked.zip(before).map(|(now, before)| now.saturating_sub(before));
            if share.is_none_or(|share| share * LEAST_SHARE < patience) {
                return false;
            }
        }
    });
    if has_ended {
        drop(py.detach(|| thread.join()));
        return true;
    }
    let mut state = state();
    if !for_good && matches!(*state, State::Idle) {
        shared.alarm().stop = false;
        *state = State::Runs(Clock { shared, thread, process });
    }
    false
}

/// How long a thread has worked, where the system tells.
#[cfg(target_os = "linux")]
fn work_of(thread: &JoinHandle<()>) -> Option<Duration> {
    use std::mem::MaybeUninit;
    use std::os::unix::thread::JoinHandleExt;

    let (mut clock, mut time) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: the thread is neither joined nor detached, so its handle is valid, and what is read has been written, as
    // both calls have succeeded by then.
    let time: libc::timespec = unsafe {
        let is_told = libc::pthread_getcpuclockid(thread.as_pthread_t(), clock.as_mut_ptr()) == 0
            && libc::clock_gettime(clock.assume_init(), time.as_mut_ptr()) == 0;
        is_told.then(|| time.assume_init())?
    };
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

#[cfg(not(target_os = "linux"))]
fn work_of(_thread: &JoinHandle<()>) -> Option<Duration> {
    None
}

/// Whether there is a thread that waits, or that calls back.
#[pyfunction]
pub(crate) fn clock_runs() -> bool {
    matches!(*state(), State::Runs(_))
}

/// The clock of this process.
fn state() -> MutexGuard<'static, State> {
    // Whoever holds it holds the interpreter's lock as well, and so does whoever forks: a child finds it free.
    let mut state = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    if let State::Runs(clock) = &*state
        && clock.process != std::process::id()
    {
        // The thread is the parent's. Its locks may have been held at the fork, so they are not touched.
        std::mem::forget(std::mem::replace(&mut *state, State::Idle));
    }
    state
}

/// The time in so many seconds. What is no number of seconds, as NaN, is now.
fn time_in(seconds: f64) -> Instant {
    let most = if seconds > 0.0 { LONGEST } else { Duration::ZERO };
    Instant::now() + Duration::try_from_secs_f64(seconds).unwrap_or(most).min(most)
}

fn run(shared: &Shared, callback: &Py<PyAny>) {
    while wait(shared) {
        let next = Python::attach(|py| {
            let called = enter::call(callback.bind(py), (), None);
            match called.and_then(|next| next.extract::<Option<f64>>()) {
                Ok(next) => next,
                Err(error) => {
                    error.write_unraisable(py, None);
                    None
                }
            }
        });
        if let Some(seconds) = next {
            let at = time_in(seconds);
            let mut alarm = shared.alarm();
            alarm.at = Some(alarm.at.map_or(at, |earlier| earlier.min(at)));
        }
    }
}

/// Waits for the alarm. False when the thread shall end.
fn wait(shared: &Shared) -> bool {
    let mut alarm = shared.alarm();
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
