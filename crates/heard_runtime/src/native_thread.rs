//! Threads that the program does not notice.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Room for a callback in Python that writes a report.
const STACK: usize = 1 << 21;

/// Starts a thread that no signal of the program's is delivered to: a program that waits for one, or has it handled by
/// a certain thread, blocks it in the threads that it knows.
pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let start = || Builder::new().name(name.to_owned()).stack_size(STACK).spawn(work);
    #[cfg(unix)]
    return without_signals(start);
    #[cfg(not(unix))]
    start()
}

/// A thread starts with the mask of the one that starts it.
#[cfg(unix)]
fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;

    let (mut blocked, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: both sets are valid for writes, and the first is filled before anything reads it. `pthread_sigmask` fails
    // for an unknown `how` alone, so the second is filled, too.
    unsafe {
        libc::sigfillset(blocked.as_mut_ptr());
        for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGABRT] {
            // These are the thread's own, and faulthandler may want to tell of them.
            libc::sigdelset(blocked.as_mut_ptr(), fault);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, blocked.as_ptr(), before.as_mut_ptr());
    }
    let done = work();
    // SAFETY: `before` was filled above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    done
}
