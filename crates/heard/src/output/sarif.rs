//! SARIF 2.1.0, the format of code scanning: rules with their pages, places, the way of the value, edits.
//!
//! A reader of the standard finds each object below by the name that it has there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use heard_analysis::{Edit, Finding, Fix, Notice, Rule, Span, rules};
use serde_json::{Map, Value, json};

use super::document::Items;
use super::{Format, Place, Places, Results, fingerprint, page_of, print, severity};
use crate::baseline::Mark;
use crate::console::{brief, one_line};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run.
#[derive(Default)]
pub(super) struct Sarif {
    /// The rules that have results, in the order in which they are met: results point to them by number.
    rules: Vec<&'static str>,
    results: Items,
    notifications: Items,
    /// The files, by the path that is shown.
    artifacts: BTreeMap<String, Value>,
}

impl Format for Sarif {
    fn project(&mut self, _out: &mut dyn Write, results: &Results) -> io::Result<()> {
        for file in results.files {
            let path = results.places.path(file);
            let artifact = json!({ "location": location_of(&path), "sourceLanguage": "python" });
            self.artifacts.insert(path, artifact);
        }
        for finding in &results.findings {
            let rule = self.rule_index(finding.rule);
            self.results.add(&result(finding, rule, results))?;
        }
        results.notices.iter().try_for_each(|notice| self.notifications.add(&notification(notice, results.places)))
    }

    fn finish(&mut self, out: &mut dyn Write, whole: bool) -> io::Result<()> {
        let rules: Vec<Value> = self.rules.iter().filter_map(|name| rules::find(name)).map(descriptor).collect();
        let driver = json!({
            "name": "heard",
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        });
        let mut artifacts = Items::default();
        self.artifacts.values().try_for_each(|artifact| artifacts.add(artifact))?;
        let Sarif { results, notifications, .. } = self;
        print(
            out,
            &format!(
                "{{\"$schema\":\"{SCHEMA}\",\"version\":\"2.1.0\",\"runs\":[{{\n\
                 \"tool\":{{\"driver\":{driver}}},\n\
                 \"columnKind\":\"unicodeCodePoints\",\n\
                 \"invocations\":[{{\"executionSuccessful\":{whole},\"toolExecutionNotifications\":{notifications}}}],\n\
                 \"artifacts\":{artifacts},\n\
                 \"results\":{results}}}]}}\n"
            ),
        )
    }
}

impl Sarif {
    fn rule_index(&mut self, name: &'static str) -> usize {
        self.rules.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.rules.push(name);
            self.rules.len() - 1
        })
    }
}

/// `reportingDescriptor`: a rule, with its page.
fn descriptor(rule: &Rule) -> Value {
    let summary = one_line(rule.summary());
    let mut descriptor = json!({
        "id": rule.name,
        "shortDescription": { "text": summary },
        "fullDescription": { "text": summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": severity(rule.level) },
        "properties": { "tags": ["asyncio", "correctness"], "level": rule.level.name() },
    });
    insert_some(&mut descriptor, "helpUri", page_of(rule.name));
    descriptor
}

fn result(finding: &Finding, rule: usize, results: &Results) -> Value {
    let places = results.places;
    let mut logical = Vec::new();
    if !finding.symbol.is_empty() {
        logical.push(json!({ "fullyQualifiedName": finding.symbol }));
    }
    let mut location = location(&finding.span, None, places);
    if let (Value::Object(location), false) = (&mut location, logical.is_empty()) {
        location.insert("logicalLocations".to_owned(), logical.into());
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": severity(finding.level),
        "message": { "text": brief(&finding.message) },
        "locations": [location],
        "partialFingerprints": { "heard/v1": fingerprint(finding, results.root) },
        "properties": { "level": finding.level.name(), "help": finding.help },
    });
    let state = results.marks.of(finding).map(|mark| match mark {
        Mark::New => "new",
        Mark::Known => "unchanged",
    });
    insert_some(&mut result, "baselineState", state);
    insert_some(&mut result, "codeFlows", code_flows(finding, places));
    insert_some(&mut result, "fixes", finding.fix.as_ref().and_then(|fix| fixes(fix, places)));
    result
}

/// The way of the value, where the trace tells more than the place of the finding.
fn code_flows(finding: &Finding, places: &Places) -> Option<Value> {
    if finding.trace.is_empty() {
        return None;
    }
    let mut steps: Vec<Value> = Vec::new();
    if finding.trace.iter().all(|step| step.span != finding.span) {
        steps.push(json!({ "location": location(&finding.span, Some(&finding.message), places) }));
    }
    steps.extend(finding.trace.iter().map(|step| json!({ "location": location(&step.span, Some(&step.message), places) })));
    Some(json!([{ "threadFlows": [{ "locations": steps }] }]))
}

/// The edits, file by file. A notebook is no text of lines for those who read SARIF.
fn fixes(fix: &Fix, places: &Places) -> Option<Value> {
    if fix.edits.iter().any(|edit| places.is_notebook(&edit.span.path)) {
        return None;
    }
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for Edit { span, text } in &fix.edits {
        let Place { path, line, column, end_line, end_column, .. } = places.of(span);
        let region = json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column });
        changes.entry(path).or_default().push(json!({ "deletedRegion": region, "insertedContent": { "text": text } }));
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(path, replacements)| json!({ "artifactLocation": location_of(&path), "replacements": replacements }))
        .collect();
    let properties = json!({ "safe": fix.safe });
    Some(json!([{ "description": { "text": fix.title }, "artifactChanges": changes, "properties": properties }]))
}

fn notification(notice: &Notice, places: &Places) -> Value {
    let mut physical = json!({ "artifactLocation": location_of(&places.path(&notice.path)) });
    let region = notice.position.map(|position| json!({ "startLine": position.line, "startColumn": position.column }));
    insert_some(&mut physical, "region", region);
    json!({
        "level": if notice.skipped { "error" } else { "warning" },
        "message": { "text": brief(&notice.message) },
        "locations": [{ "physicalLocation": physical }],
    })
}

/// A `location`, with what happens there.
fn location(span: &Span, message: Option<&str>, places: &Places) -> Value {
    let Place { path, cell, line, column, end_line, end_column } = places.of(span);
    let mut region = json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column });
    insert_some(&mut region, "properties", cell.map(|cell| json!({ "cell": cell })));
    let mut location = json!({ "physicalLocation": { "artifactLocation": location_of(&path), "region": region } });
    insert_some(&mut location, "message", message.map(|message| json!({ "text": brief(message) })));
    location
}

/// An `artifactLocation`. What lies below the working directory is relative to the root of the sources.
fn location_of(path: &str) -> Value {
    let is_relative = !path.starts_with('/') && path.get(1..2) != Some(":");
    if is_relative {
        return json!({ "uri": in_uri(path), "uriBaseId": "%SRCROOT%" });
    }
    let root = if path.starts_with('/') { "file://" } else { "file:///" };
    json!({ "uri": format!("{root}{}", in_uri(path)) })
}

/// A path with what a URI cannot hold written by numbers (RFC 3986).
fn in_uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn insert_some(object: &mut Value, key: &str, value: Option<impl Into<Value>>) {
    let map: Option<&mut Map<String, Value>> = object.as_object_mut();
    if let (Some(map), Some(value)) = (map, value) {
        map.insert(key.to_owned(), value.into());
    }
}
