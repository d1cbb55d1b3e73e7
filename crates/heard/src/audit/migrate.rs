//! `heard audit --migrate`: every gather, what it may become, and why or why not.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use heard_analysis::{Fix, Migration, Target};
use serde::Serialize;

use crate::cli::AuditFormat;
use crate::console::{Console, counted};
use crate::exit::Exit;
use crate::output::{JsonFix, Place, Places, json_fix};
use crate::survey::{Asked, Survey, SurveyError};

/// One gather. The keys, in this order, are a contract.
#[derive(Serialize)]
struct JsonMigration<'a> {
    #[serde(flatten)]
    place: Place,
    to: Option<&'static str>,
    safe: bool,
    why: &'a str,
    fix: Option<JsonFix<'a>>,
}

/// Lists the gathers of the projects, as text or as one JSON document with one gather a line.
pub(super) fn list(survey: &mut Survey, format: AuditFormat, console: Console) -> io::Result<Result<Exit, SurveyError>> {
    let mut migrations: Vec<Migration> = Vec::new();
    let mut places = Places::new(&survey.cwd, HashMap::new());
    let done = survey.run(Asked::Migrations, &mut |analysed| {
        migrations.extend(analysed.report.migrations);
        places.add(analysed.places);
        Ok(())
    })?;
    if let Err(error) = done {
        return Ok(Err(error));
    }
    let text = match format {
        AuditFormat::Json => document(&migrations, &places)?,
        AuditFormat::Text => table(&migrations, &places),
        AuditFormat::Html => {
            console.error("--migrate has no HTML page: use --output-format text or json")?;
            return Ok(Ok(Exit::Failure));
        }
    };
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    if let Some((files, missed)) = survey.coverage() {
        let safe = migrations.iter().filter(|migration| migration.safe).count();
        console.summary(format!("{} in {files}, {safe} of them with a safe migration{missed}", counted(migrations.len(), "gather")))?;
    }
    Ok(Ok(if survey.is_whole() { Exit::Clean } else { Exit::Failure }))
}

fn document(migrations: &[Migration], places: &Places) -> io::Result<String> {
    let mut text = "[".to_owned();
    for (index, Migration { span, to, safe, why, fix }) in migrations.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        let fix = fix.as_ref().map(|fix: &Fix| json_fix(fix, places));
        let migration = JsonMigration { place: places.of(span), to: to.map(Target::name), safe: *safe, why, fix };
        text.push_str(&serde_json::to_string(&migration)?);
    }
    text.push_str("\n]\n");
    Ok(text)
}

/// One paragraph a gather: where, what it may become, why, and what would be written.
fn table(migrations: &[Migration], places: &Places) -> String {
    let mut text = String::new();
    for Migration { span, to, safe, why, fix } in migrations {
        let verdict = match (to, safe) {
            (None, _) => "stays as it is".to_owned(),
            (Some(to), true) => format!("{}, safe", to.name()),
            (Some(to), false) => format!("{}, not safe", to.name()),
        };
        let _ = writeln!(text, "{}: {verdict}: {why}", places.of(span).before_message());
        for edit in fix.iter().flat_map(|fix| &fix.edits).filter(|edit| !edit.text.trim().is_empty()) {
            let at = places.of(&edit.span);
            let cell = at.cell.map_or_else(String::new, |cell| format!("cell {cell}:"));
            for line in edit.text.trim_end().lines() {
                let _ = writeln!(text, "    {cell}{}: {line}", at.line);
            }
        }
    }
    text
}
