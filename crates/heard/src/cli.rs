//! The command line.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use heard_analysis::Level;

use crate::console::Console;
use crate::exit::Exit;
use crate::{check, rule};

/// Finds the asyncio failures of a Python program that nobody hears.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: GlobalArguments,
}

#[derive(Debug, Args)]
struct GlobalArguments {
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Print errors and findings only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print what is done and how long it takes.
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report tasks, coroutines and futures whose failures nobody hears.
    ///
    /// Findings go to standard output, everything else to standard error.
    ///
    /// Exit code: 0 when there are no findings, 1 when there are, 2 when the job could not be done or
    /// a file could not be checked.
    Check(CheckArguments),
    /// List the rules, or print one rule's page.
    Rule(RuleArguments),
}

/// What `heard check` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Files and folders to report on.
    ///
    /// The whole project around each of them is analysed, whatever part of it is asked about: the nearest
    /// folder upwards with a pyproject.toml, setup.py, setup.cfg or .git, else the path itself.
    #[arg(value_name = "PATHS", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: OutputFormat,
    /// The least trusted findings to report: `default` are certain, `strict` are a matter of policy,
    /// `preview` are not trusted yet. [default: default, or preview with --select]
    #[arg(long, value_name = "LEVEL", hide_possible_values = true, value_parser = level())]
    pub(crate) level: Option<Level>,
    /// Report these rules only (separated by commas; may be repeated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Do not report these rules.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// The interpreter or virtual environment with the project's dependencies. [default: the active
    /// environment, the project's .venv, or python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<Utf8PathBuf>,
    /// Do not report on files that match, written as in .gitignore and relative to the working directory
    /// (may be repeated). They are still analysed, since a task may be awaited there.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// How many threads to use. [default: one a core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(..=1024))]
    pub(crate) threads: u16,
    /// List the awaitables whose fate could not be decided as well, after the findings on standard output.
    /// In JSON lines they are objects with the one key `undecided`. They do not change the exit code.
    #[arg(long)]
    pub(crate) report_unknown: bool,
    /// Count the findings of each rule, on standard error.
    #[arg(long)]
    pub(crate) statistics: bool,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// With the source, the trace and help.
    Text,
    /// One line each.
    Concise,
    /// One JSON object a line.
    JsonLines,
}

/// What `heard rule` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct RuleArguments {
    /// The rule whose page to print.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Print JSON, pages included.
    #[arg(long)]
    pub(crate) json: bool,
}

fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|name| name.parse::<Level>())
}

/// Runs the program with these arguments, the program's name being the first.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> io::Result<Exit> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            error.print()?;
            return Ok(if error.use_stderr() { Exit::Failure } else { Exit::Clean });
        }
    };
    match cli.global.color {
        ColorChoice::Auto => {}
        ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
    let console = match cli.global {
        GlobalArguments { quiet: true, .. } => Console::Quiet,
        GlobalArguments { verbose: true, .. } => Console::Verbose,
        _ => Console::Normal,
    };
    match &cli.command {
        Command::Check(arguments) => check::run(arguments, console),
        Command::Rule(arguments) => rule::run(arguments, console),
    }
}
