//! JSON for programs: one object a line, or one document.
//!
//! These structures are a contract, with keys in this order. They are made by hand from the
//! analyser's types, so that those can change without breaking it.

use std::io::{self, Write};

use heard_analysis::{Awaitable, Edit, Finding, Fix, Notice, Span, Witness};
use serde::Serialize;

use super::document::Items;
use super::{Format, Place, Places, Results, fingerprint, page_of, print};
use crate::baseline::Mark;

/// A finding, an undecided awaitable or a notice on each line. Notices are on standard error as well, so the lines
/// leave them out.
pub(super) struct Lines;

/// One document, `findings`, `undecided` and `notices` being lists.
#[derive(Default)]
pub(super) struct Document {
    findings: Items,
    undecided: Items,
    notices: Items,
    files: usize,
}

/// The version of the document. It is raised when a key changes its meaning or goes.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'static str,
    level: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Place,
    trace: Vec<JsonStep<'a>>,
    /// The failure that would be lost, where the finding is about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<JsonWitness<'a>>,
    help: &'a str,
    fix: Option<JsonFix<'a>>,
    fingerprint: String,
    /// `new` or `known`, where there is a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'static str>,
    /// The page of the rule on the web, where there is one.
    url: Option<String>,
}

#[derive(Serialize)]
struct JsonStep<'a> {
    #[serde(flatten)]
    start: JsonStart,
    message: &'a str,
}

#[derive(Serialize)]
struct JsonWitness<'a> {
    #[serde(flatten)]
    start: JsonStart,
    source: &'a str,
    weight: &'static str,
}

#[derive(Serialize)]
struct JsonStart {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<usize>,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
pub(crate) struct JsonFix<'a> {
    safe: bool,
    title: &'a str,
    edits: Vec<JsonEdit<'a>>,
}

#[derive(Serialize)]
struct JsonEdit<'a> {
    #[serde(flatten)]
    place: Place,
    text: &'a str,
}

/// The line for an awaitable whose fate is not known: an object with one key, which no finding has.
#[derive(Serialize)]
struct JsonUndecided<'a> {
    undecided: JsonBirth<'a>,
}

#[derive(Serialize)]
struct JsonBirth<'a> {
    kind: &'static str,
    callee: &'a str,
    reason: &'a str,
    #[serde(flatten)]
    place: Place,
}

/// What could not be done in a file. `skipped` is one that was not checked at all.
#[derive(Serialize)]
struct JsonNotice<'a> {
    path: String,
    line: Option<usize>,
    skipped: bool,
    message: &'a str,
}

impl Format for Lines {
    fn project(&mut self, out: &mut dyn Write, results: &Results) -> io::Result<()> {
        for finding in &results.findings {
            print(out, &line(&json_finding(finding, results))?)?;
        }
        for undecided in &results.undecided {
            print(out, &line(&JsonUndecided { undecided: json_birth(undecided, results.places) })?)?;
        }
        Ok(())
    }
}

impl Format for Document {
    fn project(&mut self, _out: &mut dyn Write, results: &Results) -> io::Result<()> {
        for finding in &results.findings {
            self.findings.add(&json_finding(finding, results))?;
        }
        for undecided in &results.undecided {
            self.undecided.add(&json_birth(undecided, results.places))?;
        }
        for notice in &results.notices {
            self.notices.add(&json_notice(notice, results.places))?;
        }
        self.files += results.files.len();
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write, _whole: bool) -> io::Result<()> {
        let Document { findings, undecided, notices, files } = self;
        let lists = format!("\"findings\":{findings},\n\"undecided\":{undecided},\n\"notices\":{notices}");
        print(out, &format!("{{\"version\":{VERSION},\"files\":{files},\n{lists}}}\n"))
    }
}

fn json_finding<'a>(finding: &'a Finding, results: &Results) -> JsonFinding<'a> {
    let places = results.places;
    JsonFinding {
        rule: finding.rule,
        level: finding.level.name(),
        message: &finding.message,
        place: places.of(&finding.span),
        trace: finding.trace.iter().map(|step| JsonStep { start: start(&step.span, places), message: &step.message }).collect(),
        witness: finding.witness.as_ref().map(|witness| json_witness(witness, places)),
        help: &finding.help,
        fix: finding.fix.as_ref().map(|fix| json_fix(fix, places)),
        fingerprint: fingerprint(finding, results.root),
        baseline: results.marks.of(finding).map(|mark| match mark {
            Mark::New => "new",
            Mark::Known => "known",
        }),
        url: page_of(finding.rule),
    }
}

fn json_witness<'a>(Witness { span, source, is_heavy }: &'a Witness, places: &Places) -> JsonWitness<'a> {
    JsonWitness { start: start(span, places), source, weight: if *is_heavy { "heavy" } else { "data" } }
}

fn start(span: &Span, places: &Places) -> JsonStart {
    let Place { path, cell, line, column, .. } = places.of(span);
    JsonStart { path, cell, line, column }
}

/// A fix as JSON.
pub(crate) fn json_fix<'a>(Fix { safe, title, edits }: &'a Fix, places: &Places) -> JsonFix<'a> {
    let edits = edits.iter().map(|Edit { span, text }| JsonEdit { place: places.of(span), text }).collect();
    JsonFix { safe: *safe, title, edits }
}

fn json_birth<'a>(undecided: &'a Awaitable, places: &Places) -> JsonBirth<'a> {
    let Awaitable { span, kind, callee, how, .. } = undecided;
    JsonBirth { kind: kind.name(), callee, reason: how, place: places.of(span) }
}

fn json_notice<'a>(notice: &'a Notice, places: &Places) -> JsonNotice<'a> {
    let Notice { path, position, skipped, message } = notice;
    JsonNotice { path: places.path(path), line: position.map(|position| position.line), skipped: *skipped, message }
}

fn line(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(value)? + "\n")
}
