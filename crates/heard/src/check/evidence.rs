//! What production has shown of findings: `heard check --evidence FILE`.

use std::path::Path;
use std::{fs, io};

use heard_analysis::Finding;
use serde::Deserialize;

/// Why the evidence cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum EvidenceError {
    #[error("`{0}` cannot be read: {1}")]
    Unreadable(String, io::Error),
    #[error("`{0}` is not the JSON document of `heard logs`: {1}")]
    Other(String, serde_json::Error),
}

#[derive(Deserialize)]
struct Document {
    incidents: Vec<Incident>,
}

#[derive(Deserialize)]
struct Incident {
    kind: String,
    coroutine: Option<String>,
    raised_at: Option<Place>,
    born_at: Option<Place>,
    count: u64,
    last: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    path: String,
    line: usize,
}

/// The incidents of logs.
#[derive(Default)]
pub(super) struct Evidence {
    incidents: Vec<Incident>,
}

impl Evidence {
    pub(super) fn read(path: &Path) -> Result<Self, EvidenceError> {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| EvidenceError::Unreadable(shown.clone(), error))?;
        let document: Document = serde_json::from_str(&text).map_err(|error| EvidenceError::Other(shown, error))?;
        Ok(Self { incidents: document.incidents })
    }

    /// The findings, those first that production has shown, the most frequent of them at the top; each says so.
    pub(super) fn first(&self, findings: Vec<Finding>) -> Vec<Finding> {
        if self.incidents.is_empty() {
            return findings;
        }
        let mut ranked: Vec<(u64, Finding)> = findings.into_iter().map(|finding| self.told(finding)).collect();
        ranked.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        ranked.into_iter().map(|(_, finding)| finding).collect()
    }

    fn told(&self, mut finding: Finding) -> (u64, Finding) {
        let shown: Vec<&Incident> = self.incidents.iter().filter(|incident| incident.shows(&finding)).collect();
        let count: u64 = shown.iter().map(|incident| incident.count).sum();
        if count > 0 {
            let last = shown.iter().filter_map(|incident| incident.last.as_deref()).max();
            let last = last.map_or(String::new(), |last| format!(", last at {last}"));
            let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
            finding.message = format!("{}; production has shown it {times}{last}", finding.message);
        }
        (count, finding)
    }
}

/// What a rule finds, told by the kinds of incidents that it leads to.
fn leads_to(rule: &str, kind: &str) -> bool {
    let is_coroutine = kind == "coroutine-never-awaited";
    match rule {
        "unawaited-coroutine" | "coroutine-as-value" | "async-function-as-callback" | "coroutine-in-wait" => is_coroutine,
        _ => !is_coroutine && kind != "unclosed" && kind != "slow-callback",
    }
}

impl Incident {
    /// Whether it happened because of this finding: it was born in its statement, or the statement starts its
    /// coroutine. Of a path only its end counts, since programs run elsewhere.
    fn shows(&self, finding: &Finding) -> bool {
        if !leads_to(finding.rule, &self.kind) {
            return false;
        }
        let lines = finding.statement_span.start.line..=finding.statement_span.end.line.max(finding.span.end.line);
        let is_here = |place: &Place| lines.contains(&place.line) && same_file(&place.path, finding.span.path.as_str());
        if let Some(born) = &self.born_at {
            return is_here(born);
        }
        if self.kind == "coroutine-never-awaited" && self.raised_at.as_ref().is_some_and(is_here) {
            return true;
        }
        let Some(name) = self.coroutine.as_deref().and_then(|name| name.rsplit('.').next()) else { return false };
        let call = format!("{name}(");
        finding
            .statement
            .match_indices(&call)
            .any(|(at, _)| !finding.statement[..at].ends_with(|sign: char| sign.is_alphanumeric() || sign == '_'))
    }
}

/// Whether two paths may be the same file: they have the same name.
fn same_file(logged: &str, local: &str) -> bool {
    logged.rsplit(['/', '\\']).next() == local.rsplit(['/', '\\']).next()
}
