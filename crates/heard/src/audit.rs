//! The command `heard audit`: every awaitable, and what becomes of it.

mod json;
mod migrate;
mod table;
mod totals;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice};
use heard_analysis::{Awaitable, Kind};

use self::table::Table;
use self::totals::Totals;
use crate::cli::{AuditArguments, AuditFormat};
use crate::console::{Console, counted, one_line};
use crate::exit::Exit;
use crate::output::web::{Excerpts, Page, Row};
use crate::output::{Places, terminal_width};
use crate::survey::{Asked, Survey, SurveyError};

/// Lists what the arguments ask for.
pub(crate) fn run(arguments: &AuditArguments, console: Console) -> io::Result<Exit> {
    match audit(arguments, console)? {
        Ok(exit) => Ok(exit),
        Err(error) => {
            console.error(error)?;
            Ok(Exit::Failure)
        }
    }
}

fn audit(arguments: &AuditArguments, console: Console) -> io::Result<Result<Exit, SurveyError>> {
    let mut survey = match Survey::new(&arguments.project, console) {
        Ok(survey) => survey,
        Err(error) => return Ok(Err(error)),
    };
    if arguments.migrate {
        return migrate::list(&mut survey, arguments.output_format, console);
    }
    let mut awaitables: Vec<Awaitable> = Vec::new();
    let mut rows: Vec<Row> = Vec::new();
    let mut notebooks = Places::new(&survey.cwd, HashMap::new());
    let done = survey.run(Asked::Awaitables, &mut |analysed| {
        let is_wanted = |awaitable: &Awaitable| arguments.kind.is_empty() || arguments.kind.contains(&awaitable.kind);
        let wanted: Vec<Awaitable> = analysed.report.awaitables.into_iter().filter(is_wanted).collect();
        if arguments.output_format == AuditFormat::Html {
            let mut excerpts = Excerpts::new(analysed.program, analysed.places);
            rows.extend(wanted.iter().map(|awaitable| row(awaitable, analysed.places, &mut excerpts)));
        }
        awaitables.extend(wanted);
        notebooks.add(analysed.places);
        Ok(())
    })?;
    if let Err(error) = done {
        return Ok(Err(error));
    }
    let totals = Totals::of(&awaitables);
    let mut out = AutoStream::auto(io::stdout().lock());
    let text = match arguments.output_format {
        AuditFormat::Json => json::document(&awaitables, &totals, &arguments.kind, &notebooks)?,
        AuditFormat::Html => {
            let summary = counted(totals.all(), "awaitable");
            let (columns, facets) = (&["Fate", "Kind", "Place", "Call", "How"], &[0, 1]);
            Page { title: "heard audit", summary, columns, facets, rows }.html()
        }
        AuditFormat::Text => {
            awaitables.retain(|awaitable| !arguments.kind.is_empty() || is_listed(awaitable));
            let styled = AutoStream::choice(out.as_inner()) != ColorChoice::Never;
            let width = out.is_terminal().then(terminal_width).flatten();
            Table::new(&notebooks, styled, width).text(&awaitables, &totals)
        }
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    if let Some((files, missed)) = survey.coverage() {
        let mut summary = match totals.all() {
            0 => format!("no awaitables in {files}"),
            all => format!("{} in {files}", counted(all, "awaitable")),
        };
        if totals.all() > awaitables.len() {
            let more = totals.all() - awaitables.len();
            let _ = write!(summary, "; not listed, since read where they are made: {more} (--kind lists them)");
        }
        console.summary(summary + &missed)?;
    }
    Ok(Ok(if survey.is_whole() { Exit::Clean } else { Exit::Failure }))
}

/// The row of the page, with the place of birth and the place where the value is read or lost.
fn row(awaitable: &Awaitable, places: &Places, excerpts: &mut Excerpts) -> Row {
    let Awaitable { span, kind, call, fate, how, at, .. } = awaitable;
    let mut detail = excerpts.of(span, "it is made here");
    if let Some(at) = at.as_ref().filter(|at| *at != span) {
        detail.push_str(&excerpts.of(at, how));
    }
    let cells = vec![fate.name().to_owned(), kind.name().to_owned(), places.of(span).before_message(), one_line(call), one_line(how)];
    Row { cells, detail }
}

/// Whether a reader of the table wants to see it without asking. What is awaited where it is called is most
/// of any program, and there is nothing to look at.
fn is_listed(awaitable: &Awaitable) -> bool {
    let is_call = matches!(awaitable.kind, Kind::Coroutine | Kind::AsyncGenerator | Kind::AsyncManager | Kind::Awaitable);
    !is_call || !awaitable.is_read_on_the_spot()
}
