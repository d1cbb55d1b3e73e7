//! Objects of JSON in any of the shapes that loggers, collectors and hosted services write.
//!
//! No shape is described as a whole: the field with the text, the time, the level and what tells the stream are found
//! by their names, wherever they stand.

use serde_json::{Map, Value};

use super::{Item, exceptions, own, pairs};
use crate::assembly::{Origin, class};
use crate::lines::{self, prefix};
use crate::message;
use crate::stamp::{self, Stamp};
use crate::traceback::frame;

/// Fields with the text of a record, the usual ones first.
const MESSAGES: [&str; 33] = [
    "message",
    "msg",
    "event",
    "log",
    "MESSAGE",
    "@message",
    "@m",
    "@mt",
    "line",
    "textPayload",
    "_raw",
    "@rawstring",
    "full_message",
    "short_message",
    "text",
    "body",
    "Body",
    "content",
    "Message",
    "LogMessage",
    "logmessage",
    "Log",
    "_line",
    "LogEntry",
    "data",
    "stringValue",
    "output",
    "Log_s",
    "Message_s",
    "out",
    "stderr",
    "stdout",
    "title",
];
const TIMES: [&str; 23] = [
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "__REALTIME_TIMESTAMP",
    "_SOURCE_REALTIME_TIMESTAMP",
    "asctime",
    "datetime",
    "date",
    "eventTime",
    "TimeGenerated",
    "@t",
    "t",
    "_time",
    "Timestamp",
    "timeUnixNano",
    "observedTimeUnixNano",
    "created",
    "dt",
    "log_time",
    "Time",
    "published",
    "lastSeen",
];
/// The same as other exports spell them.
const TEXTS: [&str; 9] = ["message", "msg", "text", "log", "line", "raw", "content", "logmessage", "logline"];
const CLOCKS: [&str; 10] =
    ["time", "timestamp", "date", "datetime", "eventtime", "timegenerated", "timereported", "messagetime", "logtime", "timestamputc"];
const LEVELS: [&str; 10] =
    ["level", "levelname", "severity", "log.level", "lvl", "level_name", "severity_text", "severityText", "status", "PRIORITY"];
const LOGGERS: [&str; 9] =
    ["logger", "logger_name", "loggerName", "log.logger", "name", "logger.name", "loggername", "channel_name", "SourceContext"];
/// Parts of names of fields that tell whose text it is.
const STREAMS: [&str; 19] = [
    "pod",
    "container",
    "host",
    "pid",
    "process",
    "stream",
    "instance",
    "unit",
    "service",
    "node",
    "replica",
    "dyno",
    "source",
    "app",
    "namespace",
    "ident",
    "logname",
    "thread",
    "region",
];
const WRITERS: [&str; 6] = ["pod", "host", "pid", "container", "instance", "dyno"];
/// Fields that only something that people write has.
const PEOPLE: [&str; 14] = [
    "user",
    "username",
    "author",
    "from",
    "sender",
    "nick",
    "channel",
    "display_name",
    "login",
    "reactions",
    "thread_ts",
    "html_url",
    "assignee",
    "subject",
];
/// Fields that a record of a log has.
const LOG_FIELDS: [&str; 13] = [
    "logger",
    "logger_name",
    "log",
    "stream",
    "hostname",
    "pid",
    "service",
    "log.level",
    "logStreamName",
    "levelname",
    "severity",
    "level",
    "_PID",
];
const MOST_DEPTH: usize = 12;

/// The items in a value.
pub(crate) fn items(value: &Value, outer: &Origin) -> Vec<Item> {
    let mut items = Vec::new();
    collect(value, outer, MOST_DEPTH, &mut items);
    items
}

fn collect(value: &Value, outer: &Origin, depth: usize, items: &mut Vec<Item>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Object(object) => collect_object(object, outer, depth, items),
        Value::Array(array) => {
            if let Some(object) = named_values(array) {
                return collect_object(&object, outer, depth, items);
            }
            if let Some((stamp, text)) = stamped_line(array) {
                let origin = Origin { stamp: stamp.or_else(|| outer.stamp.clone()), is_item: true, ..outer.clone() };
                return push(text, origin, Vec::new(), depth, items);
            }
            for value in array {
                collect(value, outer, depth - 1, items);
            }
        }
        // A line between values; texts inside of them are fields.
        Value::String(text) if depth == MOST_DEPTH => push(text, outer.clone(), Vec::new(), depth, items),
        _ => {}
    }
}

fn collect_object(object: &Map<String, Value>, outer: &Origin, depth: usize, items: &mut Vec<Item>) {
    if let Some(own) = own::read(object) {
        items.push(Item::Own(Box::new(own)));
        return;
    }
    if let Some(rows) = table_rows(object) {
        for row in rows {
            collect_object(&row, outer, depth - 1, items);
        }
        return;
    }
    let is_cell = object.contains_key("cell_type");
    let origin = describe(object, outer);
    if let Some(text) = text_of(object).filter(|_| !is_cell) {
        return push(&text, origin, exceptions::beside_text(object), depth, items);
    }
    // Eliot writes the traceback of a record as a record of its own.
    let exception = exceptions::of(object);
    if exception.first().is_some_and(|line| frame::is_header(line)) {
        return push(&exception.join("\n"), origin, Vec::new(), depth, items);
    }
    for (name, value) in object {
        // The source of a notebook is no output, and what Sentry keeps of earlier records has been told before.
        if (!is_cell || name == "outputs") && name != "breadcrumbs" {
            collect(value, &origin, depth - 1, items);
        }
    }
}

/// The text of an item; where that is an object again, what is in it.
fn push(text: &str, origin: Origin, exception: Vec<String>, depth: usize, items: &mut Vec<Item>) {
    let trimmed = text.trim();
    if trimmed.starts_with('{')
        && trimmed.ends_with('}')
        && let Ok(inner @ Value::Object(_)) = serde_json::from_str::<Value>(trimmed)
    {
        let before = items.len();
        collect(&inner, &origin, depth - 1, items);
        if items.len() > before {
            return;
        }
    }
    let is_pairs = !trimmed.contains('\n') && (trimmed.contains("=\"") || trimmed.contains("='"));
    if let Some((0, inner)) = is_pairs.then(|| pairs::parse(trimmed)).flatten() {
        let before = items.len();
        collect_object(&inner, &origin, depth - 1, items);
        if items.len() > before {
            return;
        }
    }
    let mut lines: Vec<String> = text.trim_end_matches(['\n', '\r']).split('\n').map(|line| lines::text(line.as_bytes())).collect();
    if !exception.is_empty() && !text.contains("Traceback (most recent call last)") {
        lines.extend(exception);
    }
    let origin = Origin { is_single: lines.len() == 1, is_item: true, ..origin };
    items.push(Item::Text { origin, lines });
}

/// The field with the text: one with a message of asyncio, the longest of them, else the first that is there.
fn text_of(object: &Map<String, Value>) -> Option<String> {
    let spelled = || object.iter().filter(|(name, _)| TEXTS.contains(&plain_name(name).as_str())).filter_map(|(_, value)| as_text(value));
    let mut texts = MESSAGES.iter().filter_map(|name| object.get(*name).and_then(as_text)).chain(spelled()).peekable();
    let first = texts.peek().cloned();
    let is_told = |text: &String| message::find_trigger(text.as_bytes()).is_some();
    let told = texts.filter(is_told).reduce(|best, text| if text.len() > best.len() { text } else { best });
    // Sentry keeps the text apart from the exception.
    let entry = || object.get("logentry").and_then(Value::as_object).and_then(text_of);
    // A title alone is what trackers show of a record.
    let entry = || entry().or_else(|| first.is_none().then(|| renamed(object)).flatten());
    told.or_else(entry).or_else(|| {
        first.filter(|_| {
            MESSAGES[..MESSAGES.len() - 1].iter().any(|name| object.get(*name).is_some_and(|value| as_text(value).is_some()))
                || spelled().next().is_some()
        })
    })
}

/// The text in a field with a name of its own: a message, and in the next line what follows it.
fn renamed(object: &Map<String, Value>) -> Option<String> {
    object.values().filter_map(as_text).find(|text| {
        let is_begun = message::find(text.lines().next().unwrap_or_default()).is_some_and(|found| found.start == 0);
        is_begun && text.lines().nth(1).is_some_and(|line| class::anchor(line).is_some() || line.starts_with(' '))
    })
}

/// A name without what differs from export to export: case, signs, the unit or the type at its end.
fn plain_name(name: &str) -> String {
    let name = name.split(" [").next().unwrap_or(name);
    let name = name.strip_suffix("_s").or_else(|| name.strip_suffix("_t")).unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect()
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        // What is not UTF-8 is a list of bytes in the journal, and output of notebooks is a list of lines.
        Value::Array(array) if array.iter().all(Value::is_u64) && !array.is_empty() => {
            let bytes: Option<Vec<u8>> = array.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect();
            Some(bytes?.split(|byte| *byte == b'\n').map(lines::text).collect::<Vec<_>>().join("\n"))
        }
        Value::Object(object) if object.len() == 1 => object.get("stringValue").and_then(Value::as_str).map(str::to_owned),
        Value::Array(array) if array.iter().all(Value::is_string) && !array.is_empty() => Some(
            array
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(if array.iter().any(|line| line.as_str().is_some_and(|line| line.ends_with('\n'))) { "" } else { "\n" }),
        ),
        _ => None,
    }
}

/// What an object tells of its text, and what the objects around it tell.
fn describe(object: &Map<String, Value>, outer: &Origin) -> Origin {
    let mut origin = outer.clone();
    origin.is_item = true;
    let own = TIMES.iter().find_map(|name| object.get(*name).and_then(as_stamp));
    let spelled = || object.iter().filter(|(name, _)| CLOCKS.contains(&plain_name(name).as_str())).find_map(|(_, value)| as_stamp(value));
    let own = own.or_else(spelled).or_else(|| object.get("record").and_then(|record| record.get("time")).and_then(as_stamp));
    // The outer clock is the collector's, which knows its zone.
    origin.stamp = prefix::best_stamp(outer.stamp.clone().into_iter().chain(own));
    origin.level = LEVELS
        .iter()
        .find_map(|name| object.get(*name).and_then(level))
        .or_else(|| nested(object, &["record", "level", "name"]))
        .or(origin.level);
    let logger = LOGGERS.iter().find_map(|name| object.get(*name).and_then(Value::as_str)).map(str::to_owned);
    origin.logger = logger
        .or_else(|| nested(object, &["logger", "name"]))
        .or_else(|| nested(object, &["log", "logger"]))
        .or_else(|| nested(object, &["record", "name"]))
        .or(origin.logger);
    let mut streams = Vec::new();
    identity(object, 4, &mut streams, &mut origin.writers);
    streams.sort();
    if !streams.is_empty() {
        origin.stream = format!("{}\u{1}{}", origin.stream, streams.join("\u{1}"));
    }
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    origin.is_quote |= has(&PEOPLE) && !has(&LOG_FIELDS);
    origin.count = object
        .get("count")
        .and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok()))
        .filter(|_| has(&["firstSeen", "lastSeen", "first_seen"]));
    origin.first = ["firstSeen", "first_seen"].iter().find_map(|name| object.get(*name).and_then(as_stamp));
    origin
}

fn nested(object: &Map<String, Value>, path: &[&str]) -> Option<String> {
    let (first, rest) = path.split_first()?;
    let mut value = object.get(*first)?;
    for name in rest {
        value = value.get(*name)?;
    }
    value.as_str().map(str::to_owned)
}

fn level(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(match text.as_str() {
            "6" | "7" | "5" => "info".to_owned(),
            other => other.to_owned(),
        }),
        Value::Object(object) => object.get("name").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    }
}

fn as_stamp(value: &Value) -> Option<Stamp> {
    match value {
        Value::String(text) => stamp::parse(text),
        Value::Number(number) => Stamp::from_epoch(&number.to_string()),
        Value::Array(array) if array.len() == 1 => as_stamp(&array[0]),
        Value::Object(object) => {
            ["repr", "$date", "timestamp"].iter().find_map(|name| object.get(*name).and_then(as_stamp)).or_else(|| {
                let number = |name: &str| object.get(name).and_then(Value::as_i64);
                Stamp::from_unix(number("seconds")?, u32::try_from(number("nanos")?).ok()?, 9)
            })
        }
        _ => None,
    }
}

fn identity(object: &Map<String, Value>, depth: usize, streams: &mut Vec<String>, writers: &mut Vec<String>) {
    for (name, value) in object {
        let lower = name.to_ascii_lowercase();
        if MESSAGES.contains(&name.as_str()) || TIMES.contains(&name.as_str()) {
            continue;
        }
        let text = match value {
            Value::String(text) if text.len() <= 120 => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Object(inner) if depth > 0 => {
                identity(inner, depth - 1, streams, writers);
                continue;
            }
            _ => continue,
        };
        if STREAMS.iter().any(|part| lower.contains(part)) && !lower.contains("time") {
            if WRITERS.iter().any(|part| lower.contains(part)) && text.len() <= 64 {
                writers.push(text.clone());
            }
            streams.push(format!("{name}={text}"));
        }
    }
}

/// `[{"field": "@message", "value": "…"}, …]` is an object in another form.
pub(super) fn named_values(array: &[Value]) -> Option<Map<String, Value>> {
    let mut object = Map::new();
    for pair in array {
        let pair = pair.as_object().filter(|pair| pair.len() <= 3)?;
        let name = ["field", "key", "Name", "name"].iter().find_map(|name| pair.get(*name).and_then(Value::as_str))?;
        let value = ["value", "Value"].iter().find_map(|name| pair.get(*name))?;
        object.insert(name.to_owned(), value.get("stringValue").unwrap_or(value).clone());
    }
    (!object.is_empty()).then_some(object)
}

/// `["1741680902123000000", "line"]`, as Loki has it.
fn stamped_line(array: &[Value]) -> Option<(Option<Stamp>, &str)> {
    let (first, second) = (array.first()?, array.get(1)?.as_str()?);
    let stamp = as_stamp(first)?;
    (array.len() <= 3).then_some((Some(stamp), second))
}

/// `{"columns": [{"name": …}], "rows": [[…]]}`.
fn table_rows(object: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let columns = object.get("columns")?.as_array()?;
    let names: Option<Vec<&str>> = columns.iter().map(|column| column.get("name").unwrap_or(column).as_str()).collect();
    let names = names?;
    let rows = object.get("rows")?.as_array()?.iter().filter_map(Value::as_array);
    Some(rows.map(|row| names.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()).collect())
}
