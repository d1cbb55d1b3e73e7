//! A progress bar, for those who wait.

use std::sync::Once;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Nobody needs a bar for less.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many files of a project have been dealt with. It is shown on standard error, if that is a
/// terminal, as soon as the work takes longer than a second.
pub(super) struct Progress {
    bar: ProgressBar,
    start: Instant,
    show: Once,
    wanted: bool,
}

impl Progress {
    /// Counts up to `files`; never shown unless `wanted`.
    pub(super) fn new(files: usize, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("checking [{bar:30}] {pos}/{len} files") {
            bar.set_style(style.progress_chars("=> "));
        }
        Progress { bar, start: Instant::now(), show: Once::new(), wanted }
    }

    /// One more file has been dealt with.
    pub(super) fn step(&self) {
        self.bar.inc(1);
        if self.wanted && self.start.elapsed() > PATIENCE {
            // The bar draws nothing where standard error is no terminal.
            self.show.call_once(|| self.bar.set_draw_target(ProgressDrawTarget::stderr()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
