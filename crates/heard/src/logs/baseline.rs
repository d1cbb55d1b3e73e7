//! An earlier report, to which a new one is compared.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use heard_logs::Entry;

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum BaselineError {
    #[error("`{0}` cannot be read: {1}")]
    Unreadable(String, io::Error),
    #[error("`{0}` is neither the JSON document of `heard logs` nor a partial result: {1}")]
    Other(String, serde_json::Error),
}

/// What is known already.
pub(super) struct Baseline {
    fingerprints: BTreeSet<String>,
}

impl Baseline {
    pub(super) fn read(path: &Path) -> Result<Self, BaselineError> {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| BaselineError::Unreadable(shown.clone(), error))?;
        let fingerprints = heard_logs::fingerprints(&text).map_err(|error| BaselineError::Other(shown, error))?;
        Ok(Self { fingerprints })
    }

    pub(super) fn has(&self, entry: &Entry) -> bool {
        self.fingerprints.contains(&entry.fingerprint)
    }
}
