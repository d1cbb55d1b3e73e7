//! So many starts a second, evenly spread.

use pyo3::intern;
use pyo3::prelude::*;

use super::{Pool, awaited};
use crate::enter;

/// Seconds. The clock of a loop is this late at times; the pool is not slowed down further.
const LATE: f64 = 0.01;

impl Pool {
    /// A future for the time when the next item may start, or nothing if it may start now and is counted.
    pub(super) fn wait_for_pace<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.fixed.interval.is_none() {
            return Ok(None);
        }
        let now = self.time(py)?;
        let wait = self.state(py)?.due - now;
        if wait > 0.0 {
            return enter::call(self.fixed.sleep.bind(py), (wait,), None).and_then(awaited).map(Some);
        }
        self.pace(py)?;
        Ok(None)
    }

    /// Counts an item that starts now.
    pub(super) fn pace(&self, py: Python<'_>) -> PyResult<()> {
        let Some(interval) = self.fixed.interval else { return Ok(()) };
        let now = self.time(py)?;
        let mut state = self.state(py)?;
        state.due = state.due.max(now - LATE) + interval;
        Ok(())
    }

    fn time(&self, py: Python<'_>) -> PyResult<f64> {
        enter::method(&self.event_loop(py)?, intern!(py, "time"), ())?.extract()
    }
}
