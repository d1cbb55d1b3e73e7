//! How events are spread over time, in bounded memory, whatever the order they come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Buckets at most.
const MOST_BUCKETS: usize = 512;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// Counts in buckets of a minute, or of 2, 4, 8… minutes where there would be too many of them.
///
/// The width depends on the events alone: adding and merging in any order gives the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// The width is 2 to the power of this many minutes.
    doublings: u32,
    buckets: BTreeMap<i64, u64>,
}

impl Histogram {
    /// Counts so many events at a moment, in microseconds since 1970.
    pub(crate) fn add(&mut self, micros: i64, count: u64) {
        let bucket = micros.div_euclid(MICROS_PER_MINUTE) >> self.doublings;
        *self.buckets.entry(bucket).or_default() += count;
        self.shrink();
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        while self.doublings < other.doublings {
            self.double();
        }
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(bucket >> (self.doublings - other.doublings)).or_default() += count;
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.buckets.len() > MOST_BUCKETS {
            self.double();
        }
    }

    fn double(&mut self) {
        self.doublings += 1;
        for (bucket, count) in std::mem::take(&mut self.buckets) {
            *self.buckets.entry(bucket >> 1).or_default() += count;
        }
    }

    /// The width of a bucket, in minutes.
    #[must_use]
    pub fn minutes(&self) -> u64 {
        1 << self.doublings
    }

    /// The beginning of each bucket that is not empty, in minutes since 1970, and how many events are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (i64, u64)> {
        self.buckets.iter().map(|(bucket, count)| (bucket << self.doublings, *count))
    }
}
