//! From a line of a file to the lines of text in it: JSON, pairs, and what a runtime of containers has parted.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::assembly::Origin;
use crate::container::{Item, arrows, fields, literal, pairs, teamcity};
use crate::lines::prefix::{self, Prefix};
use crate::lines::{self, escapes};
use crate::{event, stamp};

// The format of Kubernetes: a line that is `P` goes on in the next one of the same stream.
pattern!(PARTED, r"^\S*\d\d:\d\d:\d\d\S* (?P<stream>stdout|stderr) (?P<tag>[PF])(?: |$)");

// On a connection, syslog writes how long a message is before it.
pattern!(COUNTED, r"^\d{1,6} <");

// RFC 5424: what stands between the process and the text may be another one in each line, as a running number.
pattern!(NUMBERED, r"^(?P<head><\d{1,3}>1 \S+ \S+ \S+ \S+ )\S+ (?:-|(?:\[[^\]]*\])+)(?: |$)");

/// Parts of lines at most that wait for their end.
const MOST_PARTS: usize = 64;
const MOST_PART: usize = 4 << 20;

/// Whether a line has the form in which Kubernetes keeps the lines of a container.
pub(super) fn is_tagged(line: &str) -> bool {
    PARTED.as_ref().is_some_and(|parted| parted.is_match(line))
}

/// Takes lines apart.
#[derive(Default)]
pub(crate) struct Unwrapper {
    parts: BTreeMap<String, String>,
}

impl Unwrapper {
    /// Whether the rest of a line is waited for.
    pub(crate) fn is_hungry(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The beginnings of lines whose end has not come.
    pub(crate) fn rest(&mut self) -> Vec<Item> {
        let parts = std::mem::take(&mut self.parts);
        parts.values().flat_map(|part| self.unwrap(part.as_bytes())).collect()
    }

    /// The texts in a line.
    pub(crate) fn unwrap(&mut self, bytes: &[u8]) -> Vec<Item> {
        let mut text = lines::text(bytes);
        let is_numbered = text.starts_with(|sign: char| sign.is_ascii_digit());
        if let Some(found) = COUNTED.as_ref().filter(|_| is_numbered).and_then(|counted| counted.find(&text)) {
            text.drain(..found.len() - 1);
        }
        if let Some(found) = NUMBERED.as_ref().filter(|_| text.starts_with('<')).and_then(|numbered| numbered.captures(&text)) {
            text = format!("{}- - {}", &found["head"], &text[found[0].len()..]);
        }
        let may_be_parted = text.contains(" std");
        if let Some(found) = PARTED.as_ref().filter(|_| may_be_parted).and_then(|parted| parted.captures(&text)) {
            let end = found.get(0).map_or(0, |whole| whole.end());
            let stream = found["stream"].to_owned();
            let head = text[..end].replace(" P ", " F ");
            let rest = text[end..].to_owned();
            if &found["tag"] == "P" {
                return self.wait(stream, &rest, &head);
            }
            if let Some(begun) = self.parts.remove(&stream) {
                text = format!("{begun}{rest}");
            }
        }
        if let Some(item) = event_of_aws(&text).or_else(|| teamcity::item(&text)).or_else(|| recorded(&text)) {
            return vec![item];
        }
        if let Some(items) = self.object(&text) {
            return items;
        }
        let has_pairs = text.contains("=\"") || text.contains("='");
        if let Some((start, object)) = has_pairs.then(|| pairs::parse(&text)).flatten() {
            let items = fields::items(&Value::Object(object), &outer(&text[..start]));
            if !items.is_empty() {
                return items;
            }
        }
        let lines = match escapes::child_output(&text) {
            Some((before, lines)) => lines.iter().map(|line| format!("{before}{line}")).collect(),
            None => vec![lines::after_return(&text).into_owned()],
        };
        vec![Item::Text { origin: Origin::default(), lines }]
    }

    fn wait(&mut self, stream: String, rest: &str, head: &str) -> Vec<Item> {
        if self.parts.len() < MOST_PARTS || self.parts.contains_key(&stream) {
            let part = self.parts.entry(stream).or_insert_with(|| head.to_owned());
            if part.len() < MOST_PART {
                part.push_str(rest);
            }
        }
        Vec::new()
    }

    /// The items of an object of JSON that ends the line, whatever stands before it.
    fn object(&mut self, text: &str) -> Option<Vec<Item>> {
        memchr::memchr(b'{', text.as_bytes())?;
        let start = ["{\"", "{ \"", "{'"].iter().find_map(|begin| text.find(begin))?;
        let inside = text[start..].trim_end();
        let value: Value = serde_json::from_str(inside).ok().or_else(|| arrows::parse(inside)).or_else(|| literal::dictionary(inside))?;
        // What Docker has parted has no line break at its end.
        if let (Some(Value::String(log)), Some(stream)) = (value.get("log"), value.get("stream").and_then(Value::as_str)) {
            if value.get("time").is_some() && !log.ends_with('\n') {
                let time = value.get("time").and_then(Value::as_str).unwrap_or_default();
                let stream = format!("docker {stream}");
                let head = format!("{time} ");
                return Some(self.wait(stream, log, &head));
            }
            if let Some(begun) = self.parts.remove(&format!("docker {stream}")) {
                let mut whole = value.clone();
                let begun = begun.split_once(' ').map_or("", |(_, begun)| begun);
                whole["log"] = Value::String(format!("{begun}{log}"));
                return Some(fields::items(&whole, &outer(&text[..start])));
            }
        }
        let before = text[..start].trim_end();
        // A tail of fields behind a message belongs to that line.
        if event::has_message(before) {
            return None;
        }
        // Fluent Bit counts the records that it prints.
        let head = &text[..start];
        let head = if inside.contains("\"=>") { head.split_once("] ").map_or(head, |(_, rest)| rest) } else { head };
        let items = fields::items(&value, &outer(head));
        (!items.is_empty()).then_some(items)
    }
}

/// A line of `aws logs … --output text`: the fields of an event in the order of their names, parted by tabs.
fn event_of_aws(text: &str) -> Option<Item> {
    let fields: Vec<&str> = text.strip_prefix("EVENTS\t")?.split('\t').collect();
    let (time, fields) = fields.split_last()?;
    let numbers = fields.iter().take_while(|field| field.len() >= 13 && field.bytes().all(|byte| byte.is_ascii_digit())).count();
    // The number of an event is longer than a time; with it goes the name of the stream.
    let has_stream = fields.first().is_some_and(|id| numbers > 0 && id.len() > 20);
    let (stream, message) = fields.get(numbers..)?.split_at_checked(usize::from(has_stream))?;
    let origin = Origin {
        stream: stream.concat(),
        stamp: Some(stamp::Stamp::from_epoch(time)?),
        is_item: true,
        is_single: true,
        ..Origin::default()
    };
    Some(Item::Text { origin, lines: vec![message.join("\t")] })
}

/// A piece of a recorded terminal: `[12.345, "o", "text"]`.
fn recorded(text: &str) -> Option<Item> {
    if !text.starts_with('[') || !text.contains("\"o\"") {
        return None;
    }
    let (_, sign, written): (f64, String, String) = serde_json::from_str(text).ok()?;
    let lines: Vec<String> = written.trim_end_matches(['\n', '\r']).split('\n').map(|line| lines::text(line.as_bytes())).collect();
    let origin = Origin { is_item: true, is_single: lines.len() == 1, ..Origin::default() };
    (sign == "o").then_some(Item::Text { origin, lines })
}

/// What a prefix tells of all that stands behind it.
pub(super) fn outer(before: &str) -> Origin {
    let prefix = Prefix::of(before);
    Origin {
        stream: prefix.identity(),
        stamp: prefix::best_stamp(stamp::find_all(before).into_iter().map(|found| found.stamp)),
        writers: event::times::processes(before),
        is_item: true,
        ..Origin::default()
    }
}
