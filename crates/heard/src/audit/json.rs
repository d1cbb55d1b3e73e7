//! The audit as one JSON document, with one awaitable a line.
//!
//! Like the lines of `heard check`, these structures are a contract, with keys in this order.

use std::io;

use camino::Utf8Path;
use heard_analysis::{Awaitable, Kind, Span};
use serde::Serialize;

use super::totals::Totals;
use crate::output::shown;

#[derive(Serialize)]
struct JsonAwaitable<'a> {
    kind: &'static str,
    callee: &'a str,
    call: &'a str,
    path: String,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    fate: &'static str,
    how: &'a str,
    /// Where it is read or lost, if that is known.
    at: Option<JsonPlace>,
}

#[derive(Serialize)]
struct JsonPlace {
    path: String,
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

/// The document. Paths are written as seen from `cwd`; of no kinds, all are counted.
pub(super) fn document(awaitables: &[Awaitable], totals: &Totals, kinds: &[Kind], cwd: &Utf8Path) -> io::Result<String> {
    let mut text = "{\"awaitables\":[".to_owned();
    for (index, awaitable) in awaitables.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(&json_awaitable(awaitable, cwd))?);
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

fn json_awaitable<'a>(awaitable: &'a Awaitable, cwd: &Utf8Path) -> JsonAwaitable<'a> {
    let Awaitable { span, kind, callee, call, fate, how, at } = awaitable;
    let path = |span: &Span| shown(&span.path, cwd).into_owned();
    JsonAwaitable {
        kind: kind.name(),
        callee,
        call,
        path: path(span),
        line: span.start.line,
        column: span.start.column,
        end_line: span.end.line,
        end_column: span.end.column,
        fate: fate.name(),
        how,
        at: at.as_ref().map(|at| JsonPlace { path: path(at), line: at.start.line, column: at.start.column }),
    }
}
