//! What was read of some of the logs, which merges with what was read of others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::incident::{Example, Incident, Key};

/// Examples at most of what was not understood.
const MOST_EXAMPLES: usize = 20;

/// What was read of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCount {
    /// Bytes as they lie on the disk.
    pub bytes: u64,
    /// Lines, after decompression.
    pub lines: u64,
    /// Events that were found.
    pub events: u64,
}

/// Why a file was not read to its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Trouble {
    /// The file.
    pub path: String,
    /// What happened.
    pub reason: String,
}

/// What was read of some of the logs.
///
/// `merge` is associative and commutative: it does not matter who has read what, and in which order results arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// The version of this format.
    #[serde(rename = "heard_logs_partial")]
    version: Version,
    #[serde(with = "pairs")]
    pub(crate) incidents: BTreeMap<Key, Incident>,
    pub(crate) not_understood: u64,
    pub(crate) examples: BTreeSet<Example>,
    pub(crate) quoted: u64,
    pub(crate) files: BTreeMap<String, FileCount>,
    /// Files that could not be read, or not to their end.
    pub troubles: BTreeSet<Trouble>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Version {
    #[default]
    #[serde(rename = "1")]
    One,
}

/// A text that is no partial result.
#[derive(Debug, thiserror::Error)]
#[error("is not a partial result of `heard logs --partial`: {0}")]
pub struct NotPartial(#[from] serde_json::Error);

impl Partial {
    /// Reads what `to_json` has written.
    ///
    /// # Errors
    /// If the text is something else.
    pub fn from_json(text: &str) -> Result<Self, NotPartial> {
        Ok(serde_json::from_str(text)?)
    }

    /// One JSON document.
    ///
    /// # Errors
    /// Never for what this library has made.
    pub fn to_json(&self) -> Result<String, NotPartial> {
        Ok(serde_json::to_string(self)?)
    }

    /// Adds what was read elsewhere.
    pub fn merge(&mut self, other: Self) {
        for (key, incident) in other.incidents {
            self.add(key, incident);
        }
        self.not_understood += other.not_understood;
        self.quoted += other.quoted;
        self.examples.extend(other.examples);
        while self.examples.len() > MOST_EXAMPLES {
            self.examples.pop_last();
        }
        for (path, count) in other.files {
            let file = self.files.entry(path).or_default();
            file.bytes += count.bytes;
            file.lines += count.lines;
            file.events += count.events;
        }
        self.troubles.extend(other.troubles);
    }

    fn add(&mut self, key: Key, incident: Incident) {
        match self.incidents.get_mut(&key) {
            Some(known) => known.merge(incident),
            None => {
                self.incidents.insert(key, incident);
            }
        }
    }

    pub(crate) fn event(&mut self, event: Event, file: &str) {
        self.files.entry(file.to_owned()).or_default().events += event.count;
        self.add(Key::of(&event), Incident::of(event, file));
    }

    pub(crate) fn quote(&mut self) {
        self.quoted += 1;
    }

    pub(crate) fn puzzle(&mut self, example: Example) {
        self.not_understood += 1;
        self.examples.insert(example);
        while self.examples.len() > MOST_EXAMPLES {
            self.examples.pop_last();
        }
    }

    pub(crate) fn file(&mut self, path: &str) -> &mut FileCount {
        self.files.entry(path.to_owned()).or_default()
    }

    pub(crate) fn trouble(&mut self, path: &str, reason: &dyn std::fmt::Display) {
        self.troubles.insert(Trouble { path: path.to_owned(), reason: reason.to_string() });
    }

    /// All incidents, each with what tells it from others.
    pub fn incidents(&self) -> impl Iterator<Item = (&Key, &Incident)> {
        self.incidents.iter()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.not_understood == 0
    }
}

/// Keys of JSON are texts, and ours are not: the map is a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Incident, Key};

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<Key, Incident>, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Key, Incident>, D::Error> {
        Ok(Vec::<(Key, Incident)>::deserialize(from)?.into_iter().collect())
    }
}
