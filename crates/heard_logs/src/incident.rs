//! Incidents: all events of one cause.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::histogram::Histogram;
use crate::kind::Kind;
use crate::repr::Place;
use crate::stamp::Stamp;
use crate::traceback::Raised;

/// Processes, hosts and pods at most that are named.
const MOST_WRITERS: usize = 64;

/// What tells one cause from another: never a task's name, an address, a port, a process or a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What was lost.
    pub kind: Kind,
    /// The coroutine or the callback.
    pub coroutine: Option<String>,
    /// Where that is defined.
    pub defined_at: Option<(String, u32)>,
    /// The last part of the name of the exception's type.
    pub exception: Option<String>,
    /// Where it was raised.
    pub raised_at: Option<(String, u32)>,
    /// What is not closed.
    pub what: Option<String>,
}

// Numbers in paths that change from run to run: of kernels, of addresses.
pattern!(CHANGING, r"ipykernel_\d+|0x[0-9a-fA-F]+");

fn steady(text: &str) -> String {
    CHANGING.as_ref().map_or_else(|| text.to_owned(), |changing| changing.replace_all(text, "").into_owned())
}

impl Key {
    pub(crate) fn of(event: &Event) -> Self {
        let place = |place: &Place| (steady(&place.path.replace("\\\\", "\\")), place.line);
        Self {
            kind: event.kind,
            coroutine: event.coroutine.as_deref().map(steady),
            defined_at: event.defined_at.as_ref().map(place),
            exception: event.exception.as_ref().map(|raised| raised.kind.rsplit('.').next().unwrap_or_default().to_owned()),
            raised_at: event.raised_at.as_ref().map(place),
            what: event.what.clone(),
        }
    }
}

/// A record as it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Example {
    /// The file, as it was named.
    pub file: String,
    /// The line of the message, from 1.
    pub line: u64,
    /// The record, without what collectors have put before its lines.
    pub text: String,
}

/// What one record says; of several the first whole one is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) is_cut: bool,
    pub(crate) example: Example,
    pub(crate) coroutine: Option<String>,
    pub(crate) defined_at: Option<Place>,
    pub(crate) exception: Option<Raised>,
    pub(crate) raised_at: Option<Place>,
}

impl Shown {
    fn order(&self) -> (bool, &Example) {
        (self.is_cut, &self.example)
    }
}

/// All events of one cause, as far as they were seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// How often it has happened.
    pub count: u64,
    /// The earliest time.
    pub first: Option<Stamp>,
    /// The latest time.
    pub last: Option<Stamp>,
    /// Places where such a thing was made, and how often.
    pub(crate) births: BTreeMap<Place, u64>,
    pub(crate) rules: BTreeMap<String, u64>,
    pub(crate) writers: BTreeSet<String>,
    pub(crate) shown: Shown,
    /// When it has happened.
    pub histogram: Histogram,
    /// How many of the records were whole.
    pub(crate) whole: u64,
}

impl Incident {
    pub(crate) fn of(event: Event, file: &str) -> Self {
        let mut histogram = Histogram::default();
        if let Some(stamp) = event.last.as_ref().filter(|stamp| stamp.rank() <= 1) {
            histogram.add(stamp.micros(), event.count);
        }
        Self {
            count: event.count,
            first: event.first.or_else(|| event.last.clone()),
            last: event.last,
            births: event.born_at.into_iter().map(|place| (place, event.count)).collect(),
            rules: event.rule.into_iter().map(|rule| (rule, event.count)).collect(),
            writers: event.writers.into_iter().collect(),
            histogram,
            whole: u64::from(event.is_whole) * event.count,
            shown: Shown {
                is_cut: !event.is_whole,
                example: Example { file: file.to_owned(), line: event.line, text: event.text },
                coroutine: event.coroutine,
                defined_at: event.defined_at,
                exception: event.exception,
                raised_at: event.raised_at,
            },
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.whole += other.whole;
        self.first = best(self.first.take(), other.first, false);
        self.last = best(self.last.take(), other.last, true);
        for (place, count) in other.births {
            *self.births.entry(place).or_default() += count;
        }
        for (rule, count) in other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        self.writers.extend(other.writers);
        while self.writers.len() > MOST_WRITERS {
            self.writers.pop_last();
        }
        self.histogram.merge(&other.histogram);
        if other.shown.order() < self.shown.order() {
            self.shown = other.shown;
        }
    }

    /// The place where most of them were made.
    pub(crate) fn born_at(&self) -> Option<&Place> {
        most(&self.births)
    }

    pub(crate) fn rule(&self) -> Option<&str> {
        most(&self.rules).map(String::as_str)
    }
}

fn most<T: Ord>(counts: &BTreeMap<T, u64>) -> Option<&T> {
    counts.iter().max_by(|left, right| left.1.cmp(right.1).then_with(|| right.0.cmp(left.0))).map(|(value, _)| value)
}

/// The earlier or the later of two times; one that tells less counts only where there is no other.
fn best(left: Option<Stamp>, right: Option<Stamp>, is_last: bool) -> Option<Stamp> {
    let (Some(left), Some(right)) = (&left, &right) else { return left.or(right) };
    let order = |stamp: &Stamp| {
        let micros = if is_last { -stamp.micros() } else { stamp.micros() };
        (stamp.rank().max(1), micros, stamp.rank())
    };
    let order = order(left).cmp(&order(right)).then_with(|| left.to_string().cmp(&right.to_string()));
    Some(if order.is_le() { left.clone() } else { right.clone() })
}
