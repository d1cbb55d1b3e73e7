//! Which times are asked for.

use crate::stamp::Stamp;

/// The times between two moments; an event without a time is always in it, since nothing says that it is not.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// The earliest.
    pub since: Option<Stamp>,
    /// The latest.
    pub until: Option<Stamp>,
}

impl Window {
    pub(crate) fn holds(&self, stamp: Option<&Stamp>) -> bool {
        let Some(stamp) = stamp.filter(|stamp| stamp.rank() <= 1) else { return true };
        self.since.as_ref().is_none_or(|since| stamp.micros() >= since.micros())
            && self.until.as_ref().is_none_or(|until| stamp.micros() <= until.micros())
    }
}
