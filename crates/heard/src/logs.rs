//! The command `heard logs`: what asyncio said, grouped by cause and led back to the source.

mod baseline;
mod chart;
mod definitions;
mod follow;
mod html;
mod led;
mod sarif;
mod table;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::{fs, slice};

use clap::{Args, Subcommand, ValueEnum};
use heard_logs::source::{self, SourceError};
use heard_logs::{NotPartial, Partial, Report, Stamp, Window};

use self::baseline::{Baseline, BaselineError};
use crate::cli::ProjectArguments;
use crate::console::{Console, counted};
use crate::exit::Exit;
use crate::survey::SurveyError;

/// What `heard logs` is asked to do.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct LogsArguments {
    #[command(subcommand)]
    merge: Option<LogsCommand>,
    #[command(flatten)]
    reading: ReadingArguments,
    #[command(flatten)]
    showing: ShowingArguments,
}

#[derive(Debug, Subcommand)]
enum LogsCommand {
    /// Put together what `heard logs --partial` has written, on other machines or for other files.
    Merge(MergeArguments),
}

#[derive(Debug, Args)]
struct MergeArguments {
    /// Partial results, in any order.
    #[arg(value_name = "PARTS", required = true)]
    parts: Vec<PathBuf>,
    #[command(flatten)]
    showing: ShowingArguments,
}

#[derive(Debug, Args)]
struct ReadingArguments {
    /// Files, folders and patterns such as `logs/*.gz`; `-` is standard input.
    #[arg(value_name = "PATHS", required = true)]
    paths: Vec<PathBuf>,
    /// Leave out what happened before this time (ISO 8601). What has no time is kept.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Stamp>,
    /// Leave out what happened after this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Stamp>,
    /// Go on with what is written to the files, also when they are rotated, and print each incident when it happens.
    #[arg(long, conflicts_with_all = ["partial", "baseline", "source"])]
    follow: bool,
    /// How many threads to use. [default: one a core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(..=1024))]
    threads: u16,
}

#[derive(Debug, Args)]
struct ShowingArguments {
    /// How incidents are printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output_format: LogsFormat,
    /// Print a partial result, which `heard logs merge` puts together with others.
    #[arg(long, conflicts_with = "output_format")]
    partial: bool,
    /// Look in this folder for the definitions of coroutines, and for the places where their tasks are lost.
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
    /// Which incidents make the exit code 1.
    #[arg(long, value_name = "WHICH", default_value = "any")]
    fail_on: FailOn,
    /// An earlier JSON document of `heard logs`: what is not in it is new.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogsFormat {
    /// A table.
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// One page of HTML.
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Every incident.
    Any,
    /// Incidents that are not in the baseline.
    New,
}

/// Why logs could not be read.
#[derive(Debug, thiserror::Error)]
enum LogsError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("`{0}` cannot be read: {1}")]
    Unreadable(String, io::Error),
    #[error("`{0}` {1}")]
    Part(String, NotPartial),
    #[error("--baseline: {0}")]
    Baseline(#[from] BaselineError),
    #[error("--fail-on new needs a --baseline to compare with")]
    NoBaseline,
    #[error(transparent)]
    Survey(#[from] SurveyError),
}

fn moment(text: &str) -> Result<Stamp, String> {
    heard_logs::parse_stamp(text)
        .or_else(|| heard_logs::parse_stamp(&format!("{text}T00:00:00")))
        .filter(|stamp| stamp.rank() <= 1)
        .ok_or_else(|| "not a time: write it as 2025-03-11T09:15:02+01:00, or as a date".to_owned())
}

/// Reads the logs, or partial results, and prints what was found.
pub(crate) fn run(arguments: &LogsArguments, console: Console) -> io::Result<Exit> {
    match logs(arguments, console)? {
        Ok(exit) => Ok(exit),
        Err(error) => {
            console.error(error)?;
            Ok(Exit::Failure)
        }
    }
}

fn logs(arguments: &LogsArguments, console: Console) -> io::Result<Result<Exit, LogsError>> {
    let read = match &arguments.merge {
        Some(LogsCommand::Merge(merge)) => merged(&merge.parts).map(|partial| (partial, &merge.showing)),
        None => {
            let reading = &arguments.reading;
            let files = match source::files(&reading.paths) {
                Ok(files) => files,
                Err(error) => return Ok(Err(error.into())),
            };
            let window = Window { since: reading.since.clone(), until: reading.until.clone() };
            if reading.follow {
                return follow::run(&files, &window, arguments.showing.output_format == LogsFormat::Json).map(Ok);
            }
            Ok((source::scan(&files, &window, reading.threads.into()), &arguments.showing))
        }
    };
    match read {
        Ok((partial, showing)) => show(&partial, showing, console),
        Err(error) => Ok(Err(error)),
    }
}

fn merged(parts: &[PathBuf]) -> Result<Partial, LogsError> {
    let mut all = Partial::default();
    for part in parts {
        let shown = part.display().to_string();
        let text = fs::read_to_string(part).map_err(|error| LogsError::Unreadable(shown.clone(), error))?;
        all.merge(Partial::from_json(&text).map_err(|error| LogsError::Part(shown, error))?);
    }
    Ok(all)
}

fn show(partial: &Partial, showing: &ShowingArguments, console: Console) -> io::Result<Result<Exit, LogsError>> {
    let baseline = match showing.baseline.as_deref().map(Baseline::read).transpose() {
        Ok(None) if showing.fail_on == FailOn::New => return Ok(Err(LogsError::NoBaseline)),
        Ok(baseline) => baseline,
        Err(error) => return Ok(Err(error.into())),
    };
    let mut report = Report::of(partial);
    for trouble in &report.troubles {
        console.error(format!("{}: {}", trouble.path, trouble.reason))?;
    }
    if let Some(folder) = &showing.source {
        let project = ProjectArguments {
            paths: vec![folder.clone()],
            python: None,
            exclude: Vec::new(),
            python_version: None,
            // Who reads logs does not expect that anything is written.
            no_cache: true,
            threads: 0,
        };
        if let Err(error) = led::lead(slice::from_mut(&mut report), &project, console)? {
            return Ok(Err(error.into()));
        }
    }
    let is_new = |entry: &heard_logs::Entry| baseline.as_ref().is_none_or(|baseline| !baseline.has(entry));
    let text = if showing.partial {
        partial.to_json().map_err(io::Error::other)? + "\n"
    } else {
        match showing.output_format {
            LogsFormat::Text => table::text(&report, &is_new, baseline.is_some()),
            LogsFormat::Json => serde_json::to_string_pretty(&report)? + "\n",
            LogsFormat::Sarif => sarif::document(&report)? + "\n",
            LogsFormat::Html => html::page(&report)?,
        }
    };
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    summarise(&report, console)?;
    let counts = report.incidents.iter().filter(|entry| showing.fail_on == FailOn::Any || is_new(entry)).count();
    Ok(Ok(match counts {
        _ if !report.troubles.is_empty() => Exit::Failure,
        _ if showing.partial => Exit::Clean,
        0 => Exit::Clean,
        _ => Exit::Findings,
    }))
}

fn summarise(report: &Report, console: Console) -> io::Result<()> {
    let events: u64 = report.incidents.iter().map(|entry| entry.count).sum();
    let lines: u64 = report.files.iter().map(|file| file.count.lines).sum();
    let mut summary = match report.incidents.len() {
        0 => "no incidents".to_owned(),
        incidents => format!("{} ({})", counted(incidents, "incident"), counted(usize::try_from(events).unwrap_or(usize::MAX), "event")),
    };
    let lines = counted(usize::try_from(lines).unwrap_or(usize::MAX), "line");
    summary = format!("{summary} in {lines} of {}", counted(report.files.len(), "file"));
    if report.not_understood.count > 0 {
        summary = format!("{summary}; not understood: {}", report.not_understood.count);
    }
    if report.quoted.count > 0 {
        summary = format!("{summary}; quoted by others: {}", report.quoted.count);
    }
    console.summary(summary)
}
