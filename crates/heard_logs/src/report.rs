//! The finished list of incidents, and the JSON document of the contract.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::incident::{Example, Incident, Key};
use crate::kind::Kind;
use crate::partial::{FileCount, Partial, Trouble};
use crate::repr::Place;
use crate::traceback::Raised;

/// How sure a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The log says so, or there is no other possibility.
    Certain,
    /// It is likely.
    Guess,
}

/// A place, and whether it is sure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Born {
    /// The path.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The function, where it is known.
    pub function: Option<String>,
    /// Whether the place is sure.
    pub certainty: Certainty,
}

/// A place as the contract has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The path.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The function, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

impl From<&Place> for Spot {
    fn from(place: &Place) -> Self {
        Self { path: place.path.clone(), line: place.line, function: place.function.clone() }
    }
}

/// One incident of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// What was lost.
    pub kind: Kind,
    /// The rule whose page explains it.
    pub rule: Option<String>,
    /// The coroutine or callback, as written.
    pub coroutine: Option<String>,
    /// Where it is defined.
    pub defined_at: Option<Spot>,
    /// The exception.
    pub exception: Option<Raised>,
    /// Where that was raised, or where a coroutine that nobody awaited was let go of.
    pub raised_at: Option<Spot>,
    /// Where the task or the coroutine was made.
    pub born_at: Option<Born>,
    /// What is not closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// How often.
    pub count: u64,
    /// The earliest time, in ISO 8601.
    pub first: Option<String>,
    /// The latest time, in ISO 8601.
    pub last: Option<String>,
    /// Who wrote it.
    pub processes: Vec<String>,
    /// One whole record.
    pub example: Example,
    /// When it has happened.
    #[serde(skip)]
    pub histogram: Histogram,
    /// What tells it from other incidents, which is the same from run to run.
    #[serde(skip)]
    pub fingerprint: String,
}

/// What was not understood.
#[derive(Clone, Debug, Serialize)]
pub struct NotUnderstood {
    /// How many records.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// What was quoted.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quoted {
    /// How many messages.
    pub count: u64,
}

/// A file that was read.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Its path.
    pub path: String,
    /// What was in it.
    #[serde(flatten)]
    pub count: FileCount,
}

/// The finished list.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of the contract.
    pub v: u8,
    /// The incidents, the most frequent first.
    pub incidents: Vec<Entry>,
    /// Records that mention asyncio and are none of the kinds.
    pub not_understood: NotUnderstood,
    /// Messages that somebody quotes.
    pub quoted: Quoted,
    /// The files.
    pub files: Vec<File>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
}

impl Report {
    /// The report on all that was read.
    #[must_use]
    pub fn of(partial: &Partial) -> Self {
        let mut incidents: Vec<Entry> = whole(&partial.incidents).iter().map(|(key, incident)| entry(key, incident)).collect();
        incidents.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.fingerprint.cmp(&right.fingerprint)));
        Self {
            v: 1,
            incidents,
            not_understood: NotUnderstood { count: partial.not_understood, examples: partial.examples.iter().cloned().collect() },
            quoted: Quoted { count: partial.quoted },
            files: partial.files.iter().map(|(path, count)| File { path: path.clone(), count: *count }).collect(),
            troubles: partial.troubles.iter().cloned().collect(),
        }
    }
}

/// Records that do not tell all are counted with those that do.
///
/// Records that were cut do not say where the exception was raised, or not which it was. They are counted with the
/// whole ones that agree in all that they say, if these are of one cause.
fn whole(incidents: &BTreeMap<Key, Incident>) -> BTreeMap<Key, Incident> {
    let mut joined = incidents.clone();
    let is_cut = |key: &Key, incident: &Incident| incident.whole == 0 && key.kind.has_traceback() && key.raised_at.is_none();
    // A task that is collected while it is suspended shows where it was, and not where it is defined.
    let is_suspended = |key: &Key| key.kind == Kind::TaskDestroyed && key.defined_at.is_none();
    for (key, incident) in incidents.iter().filter(|(key, incident)| is_cut(key, incident) || is_suspended(key)) {
        let agrees = |other: &Key| {
            other != key
                && other.kind == key.kind
                && key.coroutine.is_some()
                && other.coroutine == key.coroutine
                && (key.defined_at.is_none() || other.defined_at == key.defined_at)
                && (key.exception.is_none() || other.exception == key.exception)
                && (other.raised_at.is_some() || is_suspended(key))
        };
        let mut homes = incidents.keys().filter(|other| agrees(other));
        if let (Some(home), None) = (homes.next(), homes.next()) {
            joined.remove(key);
            if let Some(home) = joined.get_mut(home) {
                home.merge(incident.clone());
            }
        }
    }
    joined
}

fn entry(key: &Key, incident: &Incident) -> Entry {
    let shown = &incident.shown;
    let born_at = incident.born_at().map(|place| Born {
        path: place.path.clone(),
        line: place.line,
        function: place.function.clone(),
        certainty: Certainty::Certain,
    });
    let rule = incident.rule().or((key.kind == Kind::CoroutineNeverAwaited).then_some("unawaited-coroutine"));
    Entry {
        kind: key.kind,
        rule: rule.map(str::to_owned),
        coroutine: shown.coroutine.clone(),
        defined_at: shown.defined_at.as_ref().map(Spot::from),
        exception: shown.exception.clone(),
        raised_at: shown.raised_at.as_ref().map(Spot::from),
        born_at,
        what: key.what.clone(),
        count: incident.count,
        first: incident.first.as_ref().map(ToString::to_string),
        last: incident.last.as_ref().map(ToString::to_string),
        processes: incident.writers.iter().cloned().collect(),
        example: shown.example.clone(),
        histogram: incident.histogram.clone(),
        fingerprint: fingerprint(key),
    }
}

/// A short text that is the same for the same cause in every run. Lines are left out, since they drift.
fn fingerprint(key: &Key) -> String {
    let path = |place: &Option<(String, u32)>| {
        place.as_ref().map_or(String::new(), |(path, _)| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
    };
    let text = [
        key.kind.name().to_owned(),
        key.coroutine.clone().unwrap_or_default(),
        path(&key.defined_at),
        key.exception.clone().unwrap_or_default(),
        path(&key.raised_at),
        key.what.clone().unwrap_or_default(),
    ]
    .join("\u{1f}");
    // FNV-1a: a hash that stays the same from release to release.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// What tells the incidents of a finished document or of a partial result from others.
///
/// # Errors
/// If the text is neither.
pub fn fingerprints(text: &str) -> Result<BTreeSet<String>, serde_json::Error> {
    if let Ok(partial) = Partial::from_json(text) {
        return Ok(Report::of(&partial).incidents.into_iter().map(|entry| entry.fingerprint).collect());
    }
    let document: Earlier = serde_json::from_str(text)?;
    let place = |spot: Option<EarlierSpot>| spot.map(|spot| (spot.path, spot.line));
    let key = |entry: EarlierEntry| Key {
        kind: entry.kind,
        coroutine: entry.coroutine,
        defined_at: place(entry.defined_at),
        exception: entry.exception.map(|raised| raised.kind.rsplit('.').next().unwrap_or_default().to_owned()),
        raised_at: place(entry.raised_at),
        what: entry.what,
    };
    Ok(document.incidents.into_iter().map(|entry| fingerprint(&key(entry))).collect())
}

#[derive(Deserialize)]
struct Earlier {
    incidents: Vec<EarlierEntry>,
}

#[derive(Deserialize)]
struct EarlierEntry {
    kind: Kind,
    coroutine: Option<String>,
    defined_at: Option<EarlierSpot>,
    exception: Option<Raised>,
    raised_at: Option<EarlierSpot>,
    #[serde(default)]
    what: Option<String>,
}

#[derive(Deserialize)]
struct EarlierSpot {
    path: String,
    line: u32,
}
