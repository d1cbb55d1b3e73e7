//! From an incident to the source: the coroutine's definition, and where such a task is started and lost.

use std::io;

use heard_analysis::{Awaitable, Fate, Finding, Kind as Made};
use heard_logs::{Born, Certainty, Entry, Kind, Report, Spot};

use super::definitions::{self, Definition};
use crate::cli::ProjectArguments;
use crate::console::Console;
use crate::output::shown;
use crate::survey::{Asked, Survey, SurveyError};

/// Adds to each incident where its coroutine is defined now, where it is born, and which rule finds it.
pub(super) fn lead(reports: &mut [Report], project: &ProjectArguments, console: Console) -> io::Result<Result<(), SurveyError>> {
    let mut survey = match Survey::new(project, console) {
        Ok(survey) => survey,
        Err(error) => return Ok(Err(error)),
    };
    let (mut awaitables, mut findings): (Vec<Awaitable>, Vec<Finding>) = (Vec::new(), Vec::new());
    let done = survey.run(Asked::Awaitables, &mut |analysed| {
        awaitables.extend(analysed.report.awaitables);
        findings.extend(analysed.report.findings);
        Ok(())
    })?;
    if let Err(error) = done {
        return Ok(Err(error));
    }
    let definitions = project.paths.iter().flat_map(|path| definitions::find(path)).collect();
    let facts = Facts { awaitables, findings, definitions, survey: &survey };
    for entry in reports.iter_mut().flat_map(|report| &mut report.incidents) {
        facts.lead(entry);
    }
    Ok(Ok(()))
}

struct Facts<'a> {
    awaitables: Vec<Awaitable>,
    findings: Vec<Finding>,
    definitions: Vec<Definition>,
    survey: &'a Survey<'a>,
}

impl Facts<'_> {
    fn lead(&self, entry: &mut Entry) {
        if let Some(definition) = self.definition(entry) {
            let function = Some(definition.name.clone());
            entry.defined_at = Some(Spot { path: definition.path.display().to_string(), line: definition.line, function });
        }
        if let Some(born) = &entry.born_at {
            let (path, line) = (born.path.clone(), born.line);
            entry.rule = self.rule_at(&path, line).or_else(|| entry.rule.take());
            return;
        }
        let births = self.births(entry);
        let lost: Vec<&&Awaitable> = births.iter().filter(|birth| birth.fate == Fate::Lost).collect();
        // One place and no other is a fact; one of several that is lost is likely; the first of several is a guess too.
        let (birth, certainty) = match (births.as_slice(), lost.as_slice()) {
            ([one], _) => (*one, Certainty::Certain),
            (_, [one, ..]) => (**one, Certainty::Guess),
            ([one, ..], _) => (*one, Certainty::Guess),
            _ => return,
        };
        let function = self.findings.iter().find(|finding| finding.span == birth.span).map(|finding| finding.symbol.clone());
        entry.born_at = Some(Born {
            path: shown(&birth.span.path, &self.survey.cwd).into_owned(),
            line: u32::try_from(birth.span.start.line).unwrap_or(u32::MAX),
            function: function.filter(|function| !function.is_empty()),
            certainty,
        });
        entry.rule = self.rule_of(birth).or_else(|| entry.rule.take());
    }

    /// By the qualified name; where several have it, by the name of the file.
    fn definition(&self, entry: &Entry) -> Option<&Definition> {
        let name = entry.coroutine.as_deref()?;
        let same: Vec<&Definition> = self.definitions.iter().filter(|definition| definition.name == name).collect();
        let file = entry.defined_at.as_ref().map(|spot| last_part(&spot.path).to_owned());
        let fits =
            |definition: &&&Definition| file.as_deref().is_some_and(|file| definition.path.file_name().is_some_and(|name| name == file));
        match same.as_slice() {
            [one] => Some(one),
            _ => same.iter().find(fits).copied(),
        }
    }

    /// The calls that start this coroutine: as a task for a task, as a coroutine for one that never ran.
    fn births(&self, entry: &Entry) -> Vec<&Awaitable> {
        let Some(name) = entry.coroutine.as_deref().map(|name| name.rsplit('.').next().unwrap_or(name)) else { return Vec::new() };
        let call = format!("{name}(");
        let starts =
            |text: &str| text.match_indices(&call).any(|(at, _)| !text[..at].ends_with(|sign: char| sign.is_alphanumeric() || sign == '_'));
        let is_coroutine = entry.kind == Kind::CoroutineNeverAwaited;
        let mut births: Vec<&Awaitable> = self
            .awaitables
            .iter()
            .filter(|one| {
                if is_coroutine {
                    one.kind == Made::Coroutine && one.fate != Fate::Consumed
                } else {
                    matches!(one.kind, Made::Task | Made::ThreadFuture | Made::Gather)
                }
            })
            .filter(|one| starts(&one.call))
            .collect();
        if let Some(place) = entry.raised_at.as_ref().filter(|_| is_coroutine) {
            let here = |one: &&&Awaitable| {
                one.span.start.line == usize::try_from(place.line).unwrap_or(0) && one.span.path.file_name() == Some(last_part(&place.path))
            };
            if let Some(one) = births.iter().find(here) {
                births = vec![*one];
            }
        }
        births
    }

    fn rule_of(&self, birth: &Awaitable) -> Option<String> {
        let inside = |finding: &&Finding| {
            finding.span.path == birth.span.path
                && finding.span.start.offset <= birth.span.start.offset
                && birth.span.start.offset < finding.span.end.offset.max(finding.span.start.offset + 1)
        };
        self.findings.iter().find(inside).map(|finding| finding.rule.to_owned())
    }

    fn rule_at(&self, path: &str, line: u32) -> Option<String> {
        let line = usize::try_from(line).ok()?;
        let here = |finding: &&Finding| {
            finding.span.path.file_name() == Some(last_part(path)) && (finding.span.start.line..=finding.span.end.line).contains(&line)
        };
        self.findings.iter().find(here).map(|finding| finding.rule.to_owned())
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
