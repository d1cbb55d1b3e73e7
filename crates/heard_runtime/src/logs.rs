//! `heard.logs`: the reader of logs, for programs that read them on many machines. Results travel as JSON.

use std::path::PathBuf;

use heard_logs::{Partial, Report, Stamp, Window, source};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

/// Reads files, folders and patterns on so many threads, 0 being one a core, and gives a partial result.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's values are extracted for the function alone")]
pub(crate) fn scan_logs(py: Python<'_>, paths: Vec<PathBuf>, since: Option<&str>, until: Option<&str>, threads: usize) -> PyResult<String> {
    let window = Window { since: since.map(moment).transpose()?, until: until.map(moment).transpose()? };
    let files = source::files(&paths).map_err(|error| PyOSError::new_err(error.to_string()))?;
    let partial = py.detach(|| heard_logs::scan(&files, &window, threads));
    json(&partial)
}

/// One partial result of many.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "Python's values are extracted for the function alone")]
pub(crate) fn merge_logs(parts: Vec<String>) -> PyResult<String> {
    let mut all = Partial::default();
    for part in &parts {
        all.merge(partial(part)?);
    }
    json(&all)
}

/// The finished JSON document of a partial result.
#[pyfunction]
pub(crate) fn report_logs(part: &str) -> PyResult<String> {
    serde_json::to_string(&Report::of(&partial(part)?)).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn partial(text: &str) -> PyResult<Partial> {
    Partial::from_json(text).map_err(|error| PyValueError::new_err(format!("the text {error}")))
}

fn json(partial: &Partial) -> PyResult<String> {
    partial.to_json().map_err(|error| PyValueError::new_err(error.to_string()))
}

fn moment(text: &str) -> PyResult<Stamp> {
    heard_logs::parse_stamp(text)
        .ok_or_else(|| PyValueError::new_err(format!("{text:?} is not a time: write it as 2025-03-11T09:15:02+01:00")))
}
