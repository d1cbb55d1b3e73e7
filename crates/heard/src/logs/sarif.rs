//! Incidents as SARIF 2.1.0, for what shows results of many tools.

use std::collections::BTreeSet;

use heard_logs::{Entry, Report};
use serde_json::{Value, json};

use super::table;

/// The document.
pub(super) fn document(report: &Report) -> serde_json::Result<String> {
    let kinds: BTreeSet<&str> = report.incidents.iter().map(|entry| entry.kind.name()).collect();
    let rules: Vec<Value> = kinds.iter().map(|kind| json!({"id": kind, "shortDescription": {"text": kind.replace('-', " ")}})).collect();
    let results: Vec<Value> = report.incidents.iter().map(result).collect();
    serde_json::to_string_pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "heard logs", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    }))
}

fn result(entry: &Entry) -> Value {
    let born = entry.born_at.as_ref().map(|born| (born.path.as_str(), born.line));
    let spot = |spot: &Option<heard_logs::Spot>| spot.as_ref().map(|spot| (spot.path.clone(), spot.line));
    let place = born.map(|(path, line)| (path.to_owned(), line)).or_else(|| spot(&entry.raised_at)).or_else(|| spot(&entry.defined_at));
    let (path, line) = place.unwrap_or_else(|| (entry.example.file.clone(), u32::try_from(entry.example.line).unwrap_or(u32::MAX)));
    json!({
        "ruleId": entry.kind.name(),
        "level": if entry.kind == heard_logs::Kind::SlowCallback { "note" } else { "error" },
        "message": {"text": format!("{} ({}, {} in the logs)", table::title(entry), entry.kind, if entry.count == 1 { "once".to_owned() } else { format!("{} times", entry.count) })},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(&path)}, "region": {"startLine": line.max(1)}}}],
        "occurrenceCount": entry.count,
        "partialFingerprints": {"heardLogs/v1": entry.fingerprint},
        "properties": {"first": entry.first, "last": entry.last, "rule": entry.rule, "example": entry.example},
    })
}

/// A path as a reference: with slashes, and with what means something else there escaped.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if path.as_bytes().get(1) == Some(&b':') {
        uri.push_str("file:///");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b':' | b'+' | b'@' => uri.push(char::from(byte)),
            _ => uri.extend(["%", &format!("{byte:02X}")]),
        }
    }
    uri
}
