//! `heard._native`: what the package `heard` does too often, or too deep in the interpreter, for Python.
//!
//! Four parts: where tasks are born (`births`, with `sites` and `frames`), when they fail (`unwind`, and `sweep` where
//! the interpreter does not tell), what that means (`holders`, and `clock` for what takes time), and how all that stays
//! out of the program's way (`native_thread`, `enter`, `interrupt`, `termination`). Python decides and reports.

mod births;
mod called;
mod clock;
mod enter;
mod frames;
mod futures;
mod gil;
mod holders;
mod interrupt;
mod logs;
mod method;
mod native_thread;
mod outcome;
mod pool;
mod sites;
mod sweep;
mod termination;
mod unwind;

use pyo3::prelude::*;

/// The native part of `heard`. Its names are for the package itself.
#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::births::{age, birth, here, note, note_returned, noted, noted_tasks, places, start_births, stop_births};
    #[pymodule_export]
    use crate::called::{call_places, called, keep_calls};
    #[pymodule_export]
    use crate::clock::{clock_runs, stop_clock, wake_in};
    #[pymodule_export]
    use crate::frames::{has_variable, variable};
    #[pymodule_export]
    use crate::futures::{await_cancel, ignore_futures, listen_to_futures, method_of_futures};
    #[pymodule_export]
    use crate::holders::holders;
    #[pymodule_export]
    use crate::interrupt::raise_later;
    #[pymodule_export]
    use crate::logs::{merge_logs, report_logs, scan_logs};
    #[pymodule_export]
    use crate::method::{Method, set_method};
    #[pymodule_export]
    use crate::outcome::{Good, Outcome};
    #[pymodule_export]
    use crate::pool::{Next, Pool, Results, Worker};
    #[pymodule_export]
    use crate::sweep::{cancelling, has_failure, unread};
    #[pymodule_export]
    use crate::termination::{arm, await_death, before_death, disarm, no_word_before_death};
    #[pymodule_export]
    use crate::unwind::{forget_callback, unwind_callback};

    /// The version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "it is the name that Python programs expect")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
