//! The exception of a record that is a field of its own: as text, or taken apart.

use serde_json::{Map, Value};

use super::fields;
use crate::lines;
use crate::traceback::{self, frame};

const FIELDS: [&str; 18] = [
    "exc_info",
    "exception",
    "exc_text",
    "stack_trace",
    "stacktrace",
    "traceback",
    "stackTrace",
    "exc",
    "stack",
    "error.stack_trace",
    "error.stack",
    "exception.stacktrace",
    "error",
    "err",
    "exceptions",
    "attributes",
    "@exception",
    "@x",
];
const TEXTS: [&str; 9] =
    ["stack", "stack_trace", "stacktrace", "traceback", "exception.stacktrace", "error.stack_trace", "formatted", "backtrace", "text"];

/// The same of a record whose text is a field of this object: some formatters put all but the text into another one.
pub(crate) fn beside_text(object: &Map<String, Value>) -> Vec<String> {
    let own = of(object);
    let mut inner = object.values().filter_map(Value::as_object).filter(|_| own.is_empty());
    let found = inner.find_map(|inner| FIELDS[..7].iter().find_map(|name| lines_of(inner.get(*name)?)));
    found.unwrap_or(own)
}

/// The lines of the exception that goes with a record.
pub(crate) fn of(object: &Map<String, Value>) -> Vec<String> {
    let mut found: Vec<Vec<String>> = FIELDS.iter().filter_map(|name| lines_of(object.get(*name)?)).collect();
    // A field with frames tells more than one with the name of the exception.
    if found.is_empty() {
        // The field may have been given another name.
        found.extend(object.values().filter_map(lines_of).find(|lines| lines.iter().any(|line| frame::is_header(line))));
    }
    let best = found.iter().position(|lines| lines.iter().any(|line| is_frame(line))).unwrap_or(0);
    if found.is_empty() { kind_alone(object).into_iter().collect() } else { completed(found.swap_remove(best), kind_alone(object)) }
}

/// Whether a line is a frame, of a group too.
fn is_frame(line: &str) -> bool {
    frame::is_python(traceback::drawing(line).map_or(line, |(_, rest)| rest))
}

/// Frames alone become a traceback, with the exception that other fields name.
fn completed(mut lines: Vec<String>, exception: Option<String>) -> Vec<String> {
    if lines.first().is_some_and(|line| frame::is_python(line)) {
        lines.insert(0, "Traceback (most recent call last):".to_owned());
    }
    let has_frames = lines.iter().any(|line| is_frame(line));
    let has_exception =
        lines.iter().any(|line| !line.starts_with(' ') && frame::exception(line).is_some() || traceback::drawing(line).is_some());
    if has_frames && !has_exception {
        lines.extend(exception);
    }
    lines
}

fn lines_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) if text.contains('\n') || text.contains("Error") || text.contains("Exception") || text.contains(": ") => {
            Some(text.trim_end_matches('\n').split('\n').map(|line| lines::text(line.as_bytes())).collect())
        }
        Value::Array(array) if array.iter().all(Value::is_string) && !array.is_empty() => {
            if let Some(exception) = shown(array) {
                return Some(vec![exception]);
            }
            let texts = array.iter().filter_map(Value::as_str);
            Some(texts.flat_map(|text| text.trim_end_matches('\n').split('\n')).map(str::to_owned).collect())
        }
        // The chain, the last exception first or last: that with the frames of the deepest one decides nothing, so
        // the one that was raised last is the first in structlog's order and the last in Sentry's.
        Value::Array(array) if fields::named_values(array).is_some() => lines_of(&Value::Object(fields::named_values(array)?)),
        Value::Array(array) => array.iter().find_map(|value| value.as_object().and_then(taken_apart)),
        Value::Object(object) => {
            if let Some(values) = object.get("values").and_then(Value::as_array) {
                return values.iter().rev().find_map(|value| value.as_object().and_then(taken_apart));
            }
            TEXTS
                .iter()
                .find_map(|name| object.get(*name).filter(|value| value.is_string()).and_then(lines_of))
                .map(|lines| completed(lines, named(object).or_else(|| kind_alone(object))))
                .or_else(|| taken_apart(object))
                .or_else(|| kind_alone(object).map(|line| vec![line]))
        }
        _ => None,
    }
}

/// `{"exc_type": …, "exc_value": …, "frames": [{"filename": …, "lineno": …, "name": …}]}` and its like.
fn taken_apart(object: &Map<String, Value>) -> Option<Vec<String>> {
    let exception = named(object)?;
    let frames = object.get("frames").or_else(|| object.get("stacktrace").and_then(|trace| trace.get("frames"))).and_then(Value::as_array);
    let mut lines = Vec::new();
    if let Some(frames) = frames {
        lines.push("Traceback (most recent call last):".to_owned());
        for frame in frames.iter().filter_map(Value::as_object) {
            let path = first_text(frame, &["abs_path", "filename", "file", "path"]).unwrap_or_default();
            let line =
                ["lineno", "line", "line_number"].iter().find_map(|name| frame.get(*name).and_then(Value::as_u64)).unwrap_or_default();
            let function = first_text(frame, &["name", "function", "method", "func"]).unwrap_or_default();
            lines.push(format!("  File \"{path}\", line {line}, in {function}"));
        }
    }
    lines.push(exception);
    Some(lines)
}

fn first_text<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| object.get(*name).and_then(Value::as_str))
}

/// `["<class 'KeyError'>", "KeyError('x')", "<traceback object at 0x…>"]`: what a record keeps of an exception, as it is
/// shown by a formatter that does not know it.
fn shown(array: &[Value]) -> Option<String> {
    let [class, value, _] = array else { return None };
    let kind = class.as_str()?.strip_prefix("<class '")?.strip_suffix("'>")?;
    let value = value.as_str()?;
    let argument = value.strip_prefix(kind.rsplit('.').next()?).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    Some(last_line(kind, argument.map_or(value, |argument| argument.trim_matches(['\'', '"']))))
}

/// The line that ends a traceback, of an object that describes an exception.
fn named(object: &Map<String, Value>) -> Option<String> {
    let kind = first_text(object, &["exc_type", "type", "class", "kind", "name"])?;
    Some(last_line(kind, first_text(object, &["exc_value", "value", "message", "msg"]).unwrap_or_default()))
}

fn last_line(kind: &str, message: &str) -> String {
    if message.is_empty() { kind.to_owned() } else { format!("{kind}: {}", message.lines().next().unwrap_or_default()) }
}

/// The type and the message without a traceback, of a record whose fields name them.
fn kind_alone(object: &Map<String, Value>) -> Option<String> {
    let kind = first_text(object, &["error.type", "exception.type", "error.kind", "errorType", "exc_type", "kind"])?;
    Some(last_line(
        kind,
        first_text(object, &["error.message", "exception.message", "errorMessage", "exc_value", "message"]).unwrap_or_default(),
    ))
}
