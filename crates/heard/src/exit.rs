//! How the program ends.
//!
//! Everything that can stop a run comes together here: a closed pipe, a disk that is full, a defect
//! of our own.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;
use std::sync::Mutex;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The job is done, and nothing was found.
    Clean,
    /// The job is done, and there are findings.
    Findings,
    /// The job could not be done, or not all of it.
    Failure,
    /// The editor is gone and never said `shutdown`, for which its protocol has a code.
    Unannounced,
    /// A program was run, and ended with this code.
    #[cfg(not(unix))]
    Program(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Clean => 0,
            Exit::Findings | Exit::Unannounced => 1,
            Exit::Failure => 2,
            #[cfg(not(unix))]
            Exit::Program(code) => code,
        })
    }
}

/// What shells show for a program that the closed pipe has ended.
const CLOSED_PIPE: u8 = 128 + 13;

/// The last panic of any thread, with its place.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Runs the program. No panic and no broken pipe gets past here.
pub(crate) fn guard(run: impl FnOnce() -> io::Result<Exit>) -> ExitCode {
    // The analyser catches a panic and makes it a notice: so nothing is printed before it gets here.
    panic::set_hook(Box::new(remember));
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLOSED_PIPE),
        Ok(Err(error)) => {
            report(&format!("error: cannot write the output: {error}\n"));
            Exit::Failure.into()
        }
        Err(_) => {
            let panic = LAST_PANIC.lock().map(|text| text.clone()).unwrap_or_default();
            report(&format!(
                "error: heard {} broke down: {panic}\n\
                 This is a bug in heard, not in your code. Please report it with the lines above, the command line\n\
                 and, if you can, the file it was checking. RUST_BACKTRACE=1 shows where it happened.\n",
                env!("CARGO_PKG_VERSION")
            ));
            Exit::Failure.into()
        }
    }
}

/// The last words. If they cannot be written either, the exit code must do.
fn report(text: &str) {
    let _ = io::Write::write_all(&mut io::stderr(), text.as_bytes());
}

fn remember(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let mut text = match panic.location() {
        Some(location) => format!("{message} ({}:{})", location.file(), location.line()),
        None => message.to_owned(),
    };
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        text = format!("{text}\n{backtrace}");
    }
    if let Ok(mut last) = LAST_PANIC.lock() {
        *last = text;
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::panic;
    use std::process::ExitCode;

    use super::{CLOSED_PIPE, Exit, guard};

    #[test]
    fn every_end_has_its_code() {
        let hook = panic::take_hook();
        assert_eq!(guard(|| Ok(Exit::Clean)), ExitCode::SUCCESS);
        assert_eq!(guard(|| Ok(Exit::Findings)), ExitCode::from(1));
        assert_eq!(guard(|| Ok(Exit::Failure)), ExitCode::from(2));
        assert_eq!(guard(|| Err(io::ErrorKind::BrokenPipe.into())), ExitCode::from(CLOSED_PIPE));
        assert_eq!(guard(|| Err(io::ErrorKind::StorageFull.into())), ExitCode::from(2));
        assert_eq!(guard(|| panic!("to see what happens")), ExitCode::from(2));
        assert!(super::LAST_PANIC.lock().unwrap().starts_with("to see what happens (crates/heard/src/exit.rs:"));
        panic::set_hook(hook);
    }
}
