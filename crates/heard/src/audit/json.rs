//! The audit as one JSON document, with one awaitable a line.
//!
//! Like the lines of `heard check`, these structures are a contract, with keys in this order.

use std::io;

use heard_analysis::{Awaitable, Kind, Span};
use serde::Serialize;

use super::totals::Totals;
use crate::output::{Place, Places};

#[derive(Serialize)]
struct JsonAwaitable<'a> {
    kind: &'static str,
    callee: &'a str,
    call: &'a str,
    #[serde(flatten)]
    place: Place,
    fate: &'static str,
    how: &'a str,
    /// Where it is read or lost, if that is known.
    at: Option<JsonPlace>,
    /// The source of the failure that would be lost, and its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<JsonWitness<'a>>,
}

#[derive(Serialize)]
struct JsonWitness<'a> {
    #[serde(flatten)]
    place: JsonPlace,
    source: &'a str,
}

#[derive(Serialize)]
struct JsonPlace {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<usize>,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct JsonTotal {
    kind: &'static str,
    consumed: usize,
    transferred: usize,
    lost: usize,
    unknown: usize,
}

/// The document. Of no kinds, all are counted.
pub(super) fn document(awaitables: &[Awaitable], totals: &Totals, kinds: &[Kind], places: &Places) -> io::Result<String> {
    let mut text = "{\"awaitables\":[".to_owned();
    for (index, awaitable) in awaitables.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(&json_awaitable(awaitable, places))?);
    }
    let is_counted = |kind: &Kind| kinds.is_empty() || kinds.contains(kind);
    let counts: Vec<JsonTotal> = Kind::ALL.into_iter().filter(is_counted).map(|kind| json_total(kind, totals)).collect();
    text.push_str("\n],\"totals\":");
    text.push_str(&serde_json::to_string(&counts)?);
    text.push_str("}\n");
    Ok(text)
}

fn json_total(kind: Kind, totals: &Totals) -> JsonTotal {
    let [consumed, transferred, lost, unknown] = totals.of_kind(kind);
    JsonTotal { kind: kind.name(), consumed, transferred, lost, unknown }
}

fn json_awaitable<'a>(awaitable: &'a Awaitable, places: &Places) -> JsonAwaitable<'a> {
    let Awaitable { span, kind, callee, call, fate, how, at, symbol: _, witness } = awaitable;
    JsonAwaitable {
        kind: kind.name(),
        callee,
        call,
        place: places.of(span),
        fate: fate.name(),
        how,
        at: at.as_ref().map(|at| json_place(at, places)),
        witness: witness.as_ref().map(|witness| JsonWitness { place: json_place(&witness.span, places), source: &witness.source }),
    }
}

fn json_place(span: &Span, places: &Places) -> JsonPlace {
    let Place { path, cell, line, column, .. } = places.of(span);
    JsonPlace { path, cell, line, column }
}
