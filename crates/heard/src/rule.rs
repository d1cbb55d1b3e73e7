//! The command `heard rule`: the catalogue.

use std::io::{self, Write};

use heard_analysis::{Rule, rules};
use serde::Serialize;

use crate::cli::RuleArguments;
use crate::console::Console;
use crate::exit::Exit;

/// A rule that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("no rule is called `{name}`{}; `heard rule` lists them all", .nearest.map(|nearest| format!("; the nearest is `{nearest}`")).unwrap_or_default())]
pub(crate) struct UnknownRule {
    name: String,
    nearest: Option<&'static str>,
}

/// The rule called `name`.
pub(crate) fn find(name: &str) -> Result<&'static Rule, UnknownRule> {
    rules::find(name).ok_or_else(|| {
        let distance = |rule: &&Rule| strsim::damerau_levenshtein(name, rule.name);
        let near = |rule: &&'static Rule| distance(rule) <= (name.len() / 2).max(3);
        let nearest = rules::ALL.iter().copied().min_by_key(distance).filter(near).map(|rule| rule.name);
        UnknownRule { name: name.to_owned(), nearest }
    })
}

/// Prints the catalogue or a page of it.
pub(crate) fn run(arguments: &RuleArguments, console: Console) -> io::Result<Exit> {
    let chosen = match arguments.name.as_deref().map(find) {
        None => None,
        Some(Ok(rule)) => Some(rule),
        Some(Err(error)) => {
            console.error(error)?;
            return Ok(Exit::Failure);
        }
    };
    let text = match (arguments.json, chosen) {
        (true, Some(rule)) => json(&[rule])?,
        (true, None) => json(rules::ALL)?,
        (false, Some(rule)) => format!("{}\n", rule.page.trim_end()),
        (false, None) => list(rules::ALL),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Exit::Clean)
}

fn list(rules: &[&Rule]) -> String {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let lines = rules.iter().map(|rule| format!("{:width$}  {:7}  {}", rule.name, rule.level.name(), summary(rule)));
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn json(rules: &[&Rule]) -> io::Result<String> {
    let rows: Vec<_> =
        rules.iter().map(|rule| JsonRule { name: rule.name, level: rule.level.name(), summary: summary(rule), page: rule.page }).collect();
    Ok(format!("{}\n", serde_json::to_string_pretty(&rows)?))
}

/// A rule, as `heard rule --json` shows it.
#[derive(Serialize)]
struct JsonRule {
    name: &'static str,
    level: &'static str,
    summary: String,
    page: &'static str,
}

/// The summary in one line: pages have one sentence a line.
fn summary(rule: &Rule) -> String {
    rule.summary().split_whitespace().collect::<Vec<_>>().join(" ")
}
