//! The records that heard's own runtime writes with `--json`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::event::Event;
use crate::kind::Kind;
use crate::repr::Place;
use crate::stamp::Stamp;
use crate::traceback::{self, Raised};

/// A record of our own.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) event: Event,
    /// The failure that it speaks of; later records about it have the same.
    pub(crate) id: String,
    pub(crate) verdict: Verdict,
}

/// Whether the failure can still be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Lost,
    /// It may be, until another record says more.
    Unread,
    Escalated,
    Retracted,
}

/// Failures that may still be heard, until it is told.
#[derive(Default)]
pub(crate) struct Unread {
    held: BTreeMap<String, Event>,
}

/// Failures at most that are held; beyond that they count as lost.
const MOST_HELD: usize = 10_000;

impl Unread {
    /// The event that this record decides about, if it is one.
    pub(crate) fn decide(&mut self, own: Own) -> Option<Event> {
        match own.verdict {
            Verdict::Lost => Some(own.event),
            Verdict::Unread if self.held.len() < MOST_HELD => {
                self.held.insert(own.id, own.event);
                None
            }
            Verdict::Unread => Some(own.event),
            Verdict::Escalated => self.held.remove(&own.id),
            Verdict::Retracted => {
                self.held.remove(&own.id);
                None
            }
        }
    }

    /// Those about which nothing more was told: the program has ended, and nobody has heard them.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = Event> + use<> {
        std::mem::take(&mut self.held).into_values()
    }
}

/// Reads a record of our own.
pub(crate) fn read(object: &Map<String, Value>) -> Option<Own> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    if object.get("v").and_then(Value::as_u64) != Some(1) || !object.contains_key("verdict") || !object.contains_key("born") {
        return None;
    }
    let kind = match object.get("event").and_then(Value::as_str)? {
        "task-failed" | "sibling-failed" | "spawn-failed" | "child-failed" | "contained-failed" | "service-failed" | "outcome-unread" => {
            Kind::TaskFailed
        }
        "outcomes-ignored" => Kind::GatherFailed,
        "coroutine-never-awaited" => Kind::CoroutineNeverAwaited,
        "task-pending-at-exit" | "task-destroyed" | "task-swallowed-cancel" => Kind::TaskDestroyed,
        "thread-future-failed" => Kind::FutureFailed,
        "callback-raised" | "loop-told" => Kind::CallbackRaised,
        _ => return None,
    };
    let born = places(object.get("born"));
    let frames = places(object.get("exception").and_then(|exception| exception.get("traceback")));
    let stamp = object.get("time").map(ToString::to_string).and_then(|time| Stamp::from_epoch(&time));
    let id = text("id").unwrap_or_default();
    let verdict = match object.get("verdict").and_then(Value::as_str) {
        Some("unread") => Verdict::Unread,
        Some("escalated") => Verdict::Escalated,
        Some("retracted") => Verdict::Retracted,
        _ => Verdict::Lost,
    };
    let exception = object.get("exception").and_then(raised).filter(|_| kind.has_traceback());
    let event = Event {
        kind,
        rule: text("rule").filter(|rule| !rule.is_empty()),
        coroutine: text("coroutine"),
        defined_at: None,
        exception: exception.clone(),
        raised_at: traceback::innermost(&frames).filter(|_| kind.has_traceback()),
        born_at: born.iter().find(|place| traceback::frame::is_users(&place.path)).or_else(|| born.first()).cloned(),
        what: None,
        // A record that stands for more is the last of those that were not shown, and one of them.
        count: object.get("repeated").and_then(Value::as_u64).unwrap_or(0).max(1),
        first: stamp.clone(),
        last: stamp,
        writers: object.get("process").map(|process| vec![process.to_string()]).unwrap_or_default(),
        line: 0,
        text: format!("{} ({id})", text("why").unwrap_or_default()),
        is_whole: exception.is_none() || !frames.is_empty(),
    };
    Some(Own { event, id, verdict })
}

fn places(value: Option<&Value>) -> Vec<Place> {
    let Some(array) = value.and_then(Value::as_array) else { return Vec::new() };
    let place = |value: &Value| {
        Some(Place {
            path: value.get("path")?.as_str()?.to_owned(),
            line: u32::try_from(value.get("line")?.as_u64()?).ok()?,
            function: value.get("function").and_then(Value::as_str).map(str::to_owned),
        })
    };
    array.iter().filter_map(place).collect()
}

fn raised(value: &Value) -> Option<Raised> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let held = value.get("exceptions").and_then(Value::as_array).map(|held| held.iter().filter_map(raised).collect());
    Some(Raised { kind: text("type")?, message: text("message"), exceptions: held.unwrap_or_default() })
}
