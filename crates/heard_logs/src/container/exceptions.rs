//! The exception of a record that is a field of its own: as text, or taken apart.

use serde_json::{Map, Value};

use super::fields;
use crate::lines;

const FIELDS: [&str; 16] = [
    "exc_info",
    "exception",
    "exc_text",
    "stack_trace",
    "stacktrace",
    "traceback",
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
];
const TEXTS: [&str; 9] =
    ["stack", "stack_trace", "stacktrace", "traceback", "exception.stacktrace", "error.stack_trace", "formatted", "backtrace", "text"];

/// The lines of the exception that goes with a record.
pub(crate) fn of(object: &Map<String, Value>) -> Vec<String> {
    let found = FIELDS.iter().find_map(|name| lines_of(object.get(*name)?));
    found.or_else(|| kind_alone(object)).unwrap_or_default()
}

fn lines_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) if text.contains('\n') || text.contains("Error") || text.contains("Exception") || text.contains(": ") => {
            Some(text.trim_end_matches('\n').split('\n').map(|line| lines::text(line.as_bytes())).collect())
        }
        Value::Array(array) if array.iter().all(Value::is_string) && !array.is_empty() => {
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
                .or_else(|| taken_apart(object))
                .or_else(|| kind_alone(object))
        }
        _ => None,
    }
}

/// `{"exc_type": …, "exc_value": …, "frames": [{"filename": …, "lineno": …, "name": …}]}` and its like.
fn taken_apart(object: &Map<String, Value>) -> Option<Vec<String>> {
    let text = |value: &Map<String, Value>, names: &[&str]| {
        names.iter().find_map(|name| value.get(*name).and_then(Value::as_str)).map(str::to_owned)
    };
    let kind = text(object, &["exc_type", "type", "class", "kind", "name"])?;
    let message = text(object, &["exc_value", "value", "message", "msg"]).unwrap_or_default();
    let frames = object.get("frames").or_else(|| object.get("stacktrace").and_then(|trace| trace.get("frames"))).and_then(Value::as_array);
    let mut lines = Vec::new();
    if let Some(frames) = frames {
        lines.push("Traceback (most recent call last):".to_owned());
        for frame in frames.iter().filter_map(Value::as_object) {
            let path = text(frame, &["filename", "file", "abs_path", "path"]).unwrap_or_default();
            let line =
                ["lineno", "line", "line_number"].iter().find_map(|name| frame.get(*name).and_then(Value::as_u64)).unwrap_or_default();
            let function = text(frame, &["name", "function", "method", "func"]).unwrap_or_default();
            lines.push(format!("  File \"{path}\", line {line}, in {function}"));
        }
    }
    lines.push(if message.is_empty() { kind } else { format!("{kind}: {}", message.lines().next().unwrap_or_default()) });
    Some(lines)
}

/// The type and the message without a traceback.
fn kind_alone(object: &Map<String, Value>) -> Option<Vec<String>> {
    let kind = ["error.type", "exception.type", "error.kind", "kind"].iter().find_map(|name| object.get(*name).and_then(Value::as_str))?;
    let message = ["error.message", "exception.message", "message"]
        .iter()
        .find_map(|name| object.get(*name).and_then(Value::as_str))
        .unwrap_or_default();
    Some(vec![format!("{kind}: {}", message.lines().next().unwrap_or_default())])
}
