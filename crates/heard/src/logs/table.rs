//! Incidents as a table, each with what leads to its cause.

use std::fmt::Write as _;

use heard_logs::{Certainty, Entry, Kind, Report, Spot};

use crate::console::one_line;

/// The table; what is new is marked where there is a baseline.
pub(super) fn text(report: &Report, is_new: &dyn Fn(&Entry) -> bool, has_baseline: bool) -> String {
    let mut out = String::new();
    let width = report.incidents.iter().map(|entry| entry.count.to_string().len()).max().unwrap_or(0).max(5);
    if !report.incidents.is_empty() {
        let _ = writeln!(out, "{:>width$}  {:<23}  WHAT", "COUNT", "KIND");
    }
    for entry in &report.incidents {
        let mark = if has_baseline && is_new(entry) { "  (new)" } else { "" };
        let _ = writeln!(out, "{:>width$}  {:<23}  {}{mark}", entry.count, entry.kind.name(), title(entry));
        for line in facts(entry) {
            let _ = writeln!(out, "{:width$}  {line}", "");
        }
    }
    if report.not_understood.count > 0 {
        let _ = writeln!(out, "\nnot understood: {}", report.not_understood.count);
        for example in &report.not_understood.examples {
            let _ = writeln!(out, "  {}:{}  {}", example.file, example.line, one_line(example.text.lines().next().unwrap_or_default()));
        }
    }
    out
}

/// The coroutine and the exception, in one line.
pub(super) fn title(entry: &Entry) -> String {
    let mut parts = Vec::new();
    parts.extend(entry.coroutine.clone());
    parts.extend(entry.what.clone());
    if let Some(raised) = &entry.exception {
        let message =
            raised.message.as_deref().filter(|message| !message.is_empty()).map_or(String::new(), |message| format!(": {message}"));
        parts.push(format!("{}{message}", raised.kind));
    }
    let title = one_line(&parts.join("  "));
    if title.is_empty() { "-".to_owned() } else { title }
}

/// What the place is where an incident shows itself.
pub(super) fn place_of_end(entry: &Entry) -> &'static str {
    match entry.kind {
        Kind::CoroutineNeverAwaited => "dropped at",
        _ => "raised at",
    }
}

/// What leads to the cause, a line each.
fn facts(entry: &Entry) -> Vec<String> {
    let mut lines = Vec::new();
    let mut places = Vec::new();
    if let Some(born) = &entry.born_at {
        let rule = entry.rule.as_ref().map_or(String::new(), |rule| format!(", `{rule}`"));
        let guess = if born.certainty == Certainty::Guess { " (a guess)" } else { "" };
        places.push(format!("born at {}:{}{guess}{rule}", born.path, born.line));
    }
    let place = |name: &str, spot: &Option<Spot>| spot.as_ref().map(|spot| format!("{name} {}:{}", spot.path, spot.line));
    places.extend(place(place_of_end(entry), &entry.raised_at));
    places.extend(place("defined at", &entry.defined_at));
    if !places.is_empty() {
        lines.push(one_line(&places.join("; ")));
    }
    lines.extend(times(entry));
    lines.push(format!("for example {}:{}", entry.example.file, entry.example.line));
    lines
}

fn times(entry: &Entry) -> Option<String> {
    let (first, last) = (entry.first.as_ref()?, entry.last.as_ref()?);
    let mut line = if first == last { format!("at {first}") } else { format!("from {first} to {last}") };
    let minutes = entry.histogram.minutes();
    if let Some((_, most)) = entry.histogram.buckets().max_by_key(|(_, count)| *count).filter(|(_, most)| *most > 1) {
        let span = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
        let _ = write!(line, ", at most {most} in {span}");
    }
    if !entry.processes.is_empty() {
        let shown: Vec<&str> = entry.processes.iter().take(4).map(String::as_str).collect();
        let more = entry.processes.len().saturating_sub(shown.len());
        let _ = write!(line, ", by {}{}", shown.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() });
    }
    Some(one_line(&line))
}
