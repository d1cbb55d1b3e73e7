//! How many awaitables there are of each kind and fate.

use heard_analysis::{Awaitable, Fate, Kind};

/// Counts by kind and fate.
#[derive(Default)]
pub(super) struct Totals {
    counts: [[usize; Fate::ALL.len()]; Kind::ALL.len()],
}

impl Totals {
    pub(super) fn of(awaitables: &[Awaitable]) -> Self {
        let mut totals = Totals::default();
        for awaitable in awaitables {
            totals.counts[awaitable.kind as usize][awaitable.fate as usize] += 1;
        }
        totals
    }

    /// How many there are.
    pub(super) fn all(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// How many end so.
    pub(super) fn of_fate(&self, fate: Fate) -> usize {
        self.counts.iter().map(|of_kind| of_kind[fate as usize]).sum()
    }

    /// How many there are of a kind, in the order of [`Fate::ALL`].
    pub(super) fn of_kind(&self, kind: Kind) -> [usize; Fate::ALL.len()] {
        self.counts[kind as usize]
    }
}
