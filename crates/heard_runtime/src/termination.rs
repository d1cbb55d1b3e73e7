//! The last word of a process that a signal is about to end.
//!
//! A signal whose action is the default one ends a process without Python being asked. Here it is caught by a handler
//! that only wakes a thread; the thread lets Python say the last word, and then the process dies of the same signal.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// Calls `callback` when the signal comes, and at most `patience` seconds later lets it take its course.
///
/// Only where the signal has its default action, and from the moment on when the clock is started: before that, there
/// is nothing to say.
#[pyfunction]
pub(crate) fn before_death(py: Python<'_>, signal: i32, patience: f64, callback: Py<PyAny>) {
    no_word_before_death(py);
    imp::register(signal, patience, callback);
}

/// Undoes that.
#[pyfunction]
pub(crate) fn no_word_before_death(py: Python<'_>) {
    disarm(py);
    drop(imp::unregister());
}

/// Catches the signal if it has its default action, perhaps anew. Fails if no thread can be started.
#[pyfunction]
pub(crate) fn arm() -> PyResult<()> {
    Ok(imp::arm()?)
}

/// Lets the signal have its default action until the next `arm`, as before a fork.
#[pyfunction]
pub(crate) fn disarm(py: Python<'_>) {
    imp::disarm(py);
}

/// Where the signal has come, waits for the end of the process: the program would have gone no further, and the
/// interpreter is needed for the last word. At once otherwise.
#[pyfunction]
#[pyo3(signature = (*arguments, **options))]
pub(crate) fn await_death(py: Python<'_>, arguments: &Bound<'_, PyTuple>, options: Option<&Bound<'_, PyDict>>) {
    // It is called with what a signal is sent with.
    let _ = (arguments, options);
    // Nobody else gets the interpreter's lock for nothing: up to 3.13, a thread that asks for it after the interpreter
    // has come to its end is unwound, and no frame of Rust outlives that.
    if imp::has_come() {
        py.detach(imp::await_death);
    }
}

#[cfg(target_os = "linux")]
use linux as imp;

/// There is no semaphore that a signal handler may post and that takes no descriptor.
#[cfg(not(target_os = "linux"))]
mod imp {
    use std::io;

    use pyo3::prelude::*;

    pub(super) fn register(_signal: i32, _patience: f64, _callback: Py<PyAny>) {}

    pub(super) fn unregister() -> Option<Py<PyAny>> {
        None
    }

    pub(super) fn arm() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn disarm(_py: Python<'_>) {}

    pub(super) fn has_come() -> bool {
        false
    }

    pub(super) fn await_death() {}
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::UnsafeCell;
    use std::ffi::c_int;
    use std::io;
    use std::mem::{MaybeUninit, zeroed};
    use std::ptr;
    use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, Ordering};
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread::JoinHandle;
    use std::time::Duration;

    use pyo3::prelude::*;

    use crate::{enter, native_thread};

    /// The process whose thread waits for the semaphore; 0 if there is none.
    static WAITS_IN: AtomicI32 = AtomicI32::new(0);
    /// The process to which the signal has come; 0 if it has not.
    static CAME_TO: AtomicI32 = AtomicI32::new(0);

    /// What a thread waits for: a semaphore, since posting one is all that a handler may do to wake a thread, short of
    /// writing to a descriptor, which the program may have closed and used anew.
    struct Wake {
        semaphore: UnsafeCell<MaybeUninit<libc::sem_t>>,
        stop: AtomicBool,
    }

    // SAFETY: the functions of semaphores may be called by any thread at once, after `sem_init`, which is called before
    // a second thread knows of it.
    unsafe impl Sync for Wake {}

    impl Wake {
        /// One that no thread waits for. They are never freed, since a handler may be about to post.
        fn unused() -> io::Result<&'static Self> {
            if let Some(wake) = lock(&UNUSED).pop() {
                wake.stop.store(false, Ordering::SeqCst);
                return Ok(wake);
            }
            let wake = Box::new(Self { semaphore: UnsafeCell::new(MaybeUninit::uninit()), stop: AtomicBool::new(false) });
            // SAFETY: nobody else knows of it so far.
            if unsafe { libc::sem_init(wake.semaphore.get().cast(), 0, 0) } == 0 {
                Ok(Box::leak(wake))
            } else {
                Err(io::Error::last_os_error())
            }
        }

        fn post(&self) {
            // SAFETY: it is initialised.
            unsafe { libc::sem_post(self.semaphore.get().cast()) };
        }

        /// Waits until it is told to stop, or the signal has come.
        fn wait(&self) {
            while !self.stop.load(Ordering::SeqCst) && !has_come() {
                // SAFETY: it is initialised. Where it fails, it was interrupted, and is asked again.
                unsafe { libc::sem_wait(self.semaphore.get().cast()) };
            }
        }
    }

    /// What the handler posts.
    static WAKE: AtomicPtr<Wake> = AtomicPtr::new(ptr::null_mut());

    // The locks are held only by threads that hold the interpreter's lock, as does whoever forks: a child finds them free.
    static UNUSED: Mutex<Vec<&Wake>> = Mutex::new(Vec::new());

    /// What to say, and when.
    struct Word {
        signal: c_int,
        patience: Duration,
        callback: Py<PyAny>,
    }

    static WORD: Mutex<Option<Arc<Word>>> = Mutex::new(None);

    struct Waiter {
        thread: JoinHandle<()>,
        wake: &'static Wake,
        signal: c_int,
        process: c_int,
    }

    static WAITER: Mutex<Option<Waiter>> = Mutex::new(None);

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn register(signal: c_int, patience: f64, callback: Py<PyAny>) {
        let patience = Duration::try_from_secs_f64(patience).unwrap_or_default();
        *lock(&WORD) = Some(Arc::new(Word { signal, patience, callback }));
    }

    /// Returns the one there was, so that it is dropped outside of the lock.
    pub(super) fn unregister() -> Option<impl Sized> {
        lock(&WORD).take()
    }

    pub(super) fn arm() -> io::Result<()> {
        let Some(word) = lock(&WORD).clone() else { return Ok(()) };
        let (signal, process) = (word.signal, this_process());
        // The first process of a container ignores signals with their default action: they must do nothing to it.
        if process == 1 || !is_default(signal) {
            return Ok(());
        }
        let mut waiter = lock(&WAITER);
        if waiter.as_ref().is_none_or(|waiter| waiter.process != process) {
            // The thread of the parent of this process cannot be joined here.
            std::mem::forget(waiter.take());
            let wake = Wake::unused()?;
            CAME_TO.store(0, Ordering::SeqCst);
            let thread = native_thread::start("heard-end", move || wait(wake, &word))?;
            *waiter = Some(Waiter { thread, wake, signal, process });
            WAKE.store(ptr::from_ref(wake).cast_mut(), Ordering::SeqCst);
            WAITS_IN.store(process, Ordering::SeqCst);
        }
        handle(signal)
    }

    pub(super) fn disarm(py: Python<'_>) {
        let Some(Waiter { thread, wake, signal, process }) = lock(&WAITER).take() else { return };
        if process != this_process() {
            std::mem::forget(thread);
            return;
        }
        if is_ours(signal) {
            set_default(signal);
        }
        WAITS_IN.store(0, Ordering::SeqCst);
        wake.stop.store(true, Ordering::SeqCst);
        wake.post();
        // Once the signal has come, the thread ends with the process.
        if !has_come() {
            drop(py.detach(|| thread.join()));
            lock(&UNUSED).push(wake);
        }
    }

    pub(super) fn await_death() {
        while has_come() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait(wake: &Wake, word: &Arc<Word>) {
        wake.wait();
        if !has_come() {
            return;
        }
        let (said, is_said) = channel::<()>();
        // The program may hold the interpreter's lock for as long as it likes, so another thread asks for it.
        let started = native_thread::start("heard-end", {
            let word = Arc::clone(word);
            move || {
                // Nothing is left to be asked where the interpreter has come to its end meanwhile.
                Python::try_attach(|py| {
                    if let Err(error) = enter::call(word.callback.bind(py), (), None) {
                        error.write_unraisable(py, None);
                    }
                });
                drop(said);
            }
        });
        if started.is_ok() {
            // It ends with the other thread, or when the time is over.
            is_said.recv_timeout(word.patience).unwrap_or_default();
        }
        die(word.signal);
    }

    extern "C" fn on_signal(signal: c_int) {
        // Only what is allowed in a handler: atomics, `getpid`, `sem_post`, `sigaction` and `raise`.
        if WAITS_IN.load(Ordering::SeqCst) == this_process() {
            CAME_TO.store(this_process(), Ordering::SeqCst);
            // SAFETY: it points to what is never freed, since before `WAITS_IN` named this process. What is called may
            // set `errno`, which is put back.
            unsafe {
                let errno = *libc::__errno_location();
                (*WAKE.load(Ordering::SeqCst)).post();
                *libc::__errno_location() = errno;
            }
        } else {
            // A child that was forked without Python's knowledge, or one that has not come round yet.
            die(signal);
        }
    }

    /// Lets the signal take its course. In a handler, that is when the handler returns.
    fn die(signal: c_int) {
        set_default(signal);
        // SAFETY: the set is filled before it is read, and the signal is one that this was asked for.
        unsafe {
            let mut set = MaybeUninit::uninit();
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut());
            libc::raise(signal);
        }
    }

    pub(super) fn has_come() -> bool {
        CAME_TO.load(Ordering::SeqCst) == this_process()
    }

    fn this_process() -> c_int {
        // SAFETY: it cannot fail.
        unsafe { libc::getpid() }
    }

    fn handle(signal: c_int) -> io::Result<()> {
        // SAFETY: a zeroed `sigaction` is a valid one, and the handler does only what handlers may.
        let set = unsafe {
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
            action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, ptr::null_mut())
        };
        if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    fn set_default(signal: c_int) {
        // SAFETY: a zeroed `sigaction` has no flags and an empty mask, and `SIG_DFL` is what it gets.
        unsafe {
            let mut action: libc::sigaction = zeroed();
            action.sa_sigaction = libc::SIG_DFL;
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }

    fn is_default(signal: c_int) -> bool {
        action_of(signal) == Some(libc::SIG_DFL)
    }

    fn is_ours(signal: c_int) -> bool {
        action_of(signal) == Some(on_signal as extern "C" fn(c_int) as usize)
    }

    fn action_of(signal: c_int) -> Option<libc::sighandler_t> {
        // SAFETY: the action is only written to, and read if that has succeeded.
        unsafe {
            let mut action: libc::sigaction = zeroed();
            (libc::sigaction(signal, ptr::null(), &raw mut action) == 0).then_some(action.sa_sigaction)
        }
    }
}
