//! `key=value` pairs: logfmt, and structlog's key-value renderer, which writes reprs of Python.

use serde_json::{Map, Value};

use crate::lines::escapes;

pattern!(QUOTED, r#"(?:^|\s)[A-Za-z_@][\w.@-]*=["']"#);

/// The pairs of a line, and where the first one begins, if their values are quoted as in logfmt.
pub(crate) fn parse(line: &str) -> Option<(usize, Map<String, Value>)> {
    if !QUOTED.as_ref()?.is_match(line) {
        return None;
    }
    let start = first_key(line)?;
    let mut object = Map::new();
    let mut rest = &line[start..];
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start();
        let (key, value) = rest.split_once('=')?;
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@')) {
            return None;
        }
        let text = if value.starts_with(['"', '\'']) {
            // A value that is cut has no closing quote.
            let end = escapes::closing(value, 0).unwrap_or(value.len());
            rest = value.get(end + 1..).unwrap_or("");
            escapes::unescape(&value[1..end])
        } else {
            let end = value.find(' ').unwrap_or(value.len());
            rest = &value[end..];
            value[..end].to_owned()
        };
        object.insert(key.to_owned(), Value::String(text));
    }
    (object.len() >= 2).then_some((start, object))
}

fn first_key(line: &str) -> Option<usize> {
    let equals = line.find('=')?;
    Some(line[..equals].rfind([' ', '\t']).map_or(0, |at| at + 1))
}
