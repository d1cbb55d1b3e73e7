//! The command line.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use heard_analysis::{Kind, Level};

use crate::config::PythonVersion;
use crate::console::Console;
use crate::exit::Exit;
use crate::logs::LogsArguments;
use crate::runtime::{prove, run, top};
use crate::{audit, check, config, logs, lsp, rule, shell};

/// Finds the asyncio failures of a Python program that nobody hears.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Cli {
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
    /// List every awaitable that the program makes, and what becomes of it: who reads it and where, why
    /// it is lost, or why that cannot be decided.
    ///
    /// Awaitables are tasks, futures, gathers, waits, thread futures, coroutines and async generators. Of
    /// coroutines and generators, those that are read where they are made (`await load()`) are only counted in
    /// the table, unless --kind asks for them.
    ///
    /// `consumed` means that something reads the outcome, `transferred` that it is returned to the caller,
    /// `lost` that nothing reads it, and `unknown` that it cannot be decided, with the reason. Not every loss is
    /// a finding of `heard check`, whose rules leave out what does no harm.
    ///
    /// Exit code: 0 when the job is done, whatever becomes of the awaitables, 2 when it could not be done or a
    /// file could not be read.
    Audit(AuditArguments),
    /// Read logs, and list what asyncio said in them, grouped by cause.
    ///
    /// Formats are told by their content: plain text of any formatter, also behind the prefixes of collectors, JSON
    /// lines and exports, the journal, tables; plain or compressed with gzip, zstd, bzip2 or xz. Rotated files are
    /// read as one.
    ///
    /// Exit code: 0 when there are no incidents (with --fail-on new, no new ones), 1 when there are, 2 when the job
    /// could not be done or a file could not be read.
    Logs(LogsArguments),
    /// Serve an editor: findings while you type, with their traces, fixes and pages, and the fate of what is awaited.
    ///
    /// It speaks the Language Server Protocol on standard input and output, and is started by the editor. What is
    /// found, the settings of the project say, as for `heard check`.
    ///
    /// Exit code: 0 when the editor ends it, 1 when the editor is gone.
    Lsp(LspArguments),
    /// List the rules, or print one rule's page.
    Rule(RuleArguments),
    /// Print the settings that are in force, and which file says each of them.
    ///
    /// They stand in `[tool.heard]` of a pyproject.toml, or in a heard.toml, of the folder and of those around it.
    Config(ConfigArguments),
    /// Run a Python program, and hear every asyncio failure when it happens.
    ///
    /// The Python programs that it starts are heard as well. Needs the package heard-runtime in the program's
    /// environment. Reports go to standard error, or to the logger `heard` where logging is configured.
    ///
    /// Exit code: the program's own; with --strict 1 where that would be 0 and failures were lost.
    Run(RunArguments),
    /// Tell of each finding of `heard check` whether the project's tests prove it.
    ///
    /// The tests that reach a finding run again, with the failure that the finding speaks of. It is proved where the
    /// failure came and nobody heard it. Needs heard-runtime and pytest in the project's environment.
    ///
    /// Exit code: 0 if nothing is proved, 1 if something is, 2 if the tests could not be run.
    Prove(ProveArguments),
    /// Show what runs now in a monitored process: tasks by birth, who waits for whom, unread failures, services.
    ///
    /// The process has to be watched: `HEARD_WATCH=1` in its environment, or `heard.install(watch=True)` in it, opens a
    /// socket for its own user. Needs the package heard-runtime, for the screen with its extra: heard-runtime[top].
    Top(TopArguments),
    /// Print the completions for a shell: `heard completions bash > ~/.local/share/bash-completion/completions/heard`.
    Completions(CompletionsArguments),
    /// Print the manual page: `heard man > heard.1`.
    Man,
}

/// What is analysed, and with what.
#[derive(Debug, Args)]
pub(crate) struct ProjectArguments {
    /// Files and folders to report on.
    ///
    /// The whole project around each of them is analysed, whatever part of it is asked about: the nearest
    /// folder upwards with a pyproject.toml, setup.py, setup.cfg or .git, else the path itself.
    #[arg(value_name = "PATHS", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// The interpreter or virtual environment with the project's dependencies. [default: the active
    /// environment, the project's .venv, or python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<Utf8PathBuf>,
    /// Do not report on files that match, written as in .gitignore and relative to the working directory
    /// (may be repeated). They are still analysed, since a task may be awaited there.
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// The version of Python that the code is read for. [default: the lowest one of requires-python, or that of the
    /// environment]
    #[arg(long, value_name = "VERSION")]
    pub(crate) python_version: Option<PythonVersion>,
    /// Read every file, and keep nothing of it for the next run.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// How many threads to use. [default: one a core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u16).range(..=1024))]
    pub(crate) threads: u16,
}

/// What `heard check` is asked to do.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, and most of them go together")]
pub(crate) struct CheckArguments {
    /// How findings are printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: OutputFormat,
    /// Write the findings to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<Utf8PathBuf>,
    /// Exit with 0 even if there are findings.
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// Do not report the findings in this file, which --write-baseline makes. [default: that of the settings]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<Utf8PathBuf>,
    /// Report all findings, and mark those in the baseline that the settings name.
    #[arg(long, conflicts_with_all = ["baseline", "write_baseline"])]
    pub(crate) no_baseline: bool,
    /// Write all findings to the baseline, so that later runs report new ones only. [default file:
    /// heard-baseline.json in the project's folder]
    #[arg(long, conflicts_with_all = ["add_allow", "changed_since", "diff_only", "stdin_filename", "watch"])]
    pub(crate) write_baseline: bool,
    /// Write a comment with this reason above the statement of each finding: `# heard: allow[rule] REASON`.
    #[arg(long, value_name = "REASON", value_parser = reason, conflicts_with_all = ["stdin_filename", "watch"])]
    pub(crate) add_allow: Option<String>,
    /// Make the edits that mend findings and change nothing else, and report what is left.
    #[arg(long, conflicts_with_all = ["stdin_filename", "watch", "add_allow", "write_baseline"])]
    pub(crate) fix: bool,
    /// With --fix or --diff, also make edits that change what the program does: an `await` runs what did not run.
    #[arg(long)]
    pub(crate) unsafe_fixes: bool,
    /// Print what --fix would change, and change nothing. The exit code is 1 if that is anything.
    #[arg(long, conflicts_with_all = ["stdin_filename", "watch", "add_allow", "write_baseline"])]
    pub(crate) diff: bool,
    /// Report on files only that differ from where REV and the current branch part, and those that git does not know.
    #[arg(long, value_name = "REV")]
    pub(crate) changed_since: Option<String>,
    /// Report findings only that lie on lines that differ, or whose trace does. [default revision: HEAD]
    #[arg(long)]
    pub(crate) diff_only: bool,
    /// Read a file from standard input, and report on it as if it stood at PATH in the project around.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["changed_since", "diff_only"])]
    pub(crate) stdin_filename: Option<Utf8PathBuf>,
    /// Print the files that would be reported on, and check nothing.
    #[arg(long)]
    pub(crate) show_files: bool,
    /// Check again whenever a file changes.
    #[arg(short, long, conflicts_with_all = ["stdin_filename", "show_files", "output_file"])]
    pub(crate) watch: bool,
    /// The least trusted findings to report: `default` are worth stopping a merge for, `strict` are a matter of
    /// policy, `preview` are not trusted yet. [default: that of the settings, else default; preview with --select]
    #[arg(long, value_name = "LEVEL", hide_possible_values = true, value_parser = level())]
    pub(crate) level: Option<Level>,
    /// Report these rules only (separated by commas; may be repeated).
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Do not report these rules.
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// List the awaitables whose fate could not be decided as well, after the findings on standard output.
    /// In JSON lines they are objects with the one key `undecided`. They do not change the exit code.
    #[arg(long)]
    pub(crate) report_unknown: bool,
    /// Put first what production has shown: the JSON document of `heard logs`.
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    /// Count the findings of each rule, on standard error.
    #[arg(long)]
    pub(crate) statistics: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArguments,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// With the source, the trace and help.
    Text,
    /// One line each.
    Concise,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// The code quality report of GitLab.
    Gitlab,
    /// The XML of `JUnit`.
    Junit,
    /// A page for a browser.
    Html,
}

/// What `heard audit` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// List awaitables of these kinds only (separated by commas; may be repeated).
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind())]
    pub(crate) kind: Vec<Kind>,
    /// List every gather instead, and say whether it may become a `TaskGroup`, or have its failures looked at.
    #[arg(long, conflicts_with = "kind")]
    pub(crate) migrate: bool,
    /// How awaitables are printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: AuditFormat,
    #[command(flatten)]
    pub(crate) project: ProjectArguments,
}

/// How awaitables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// A table by file, and the totals by kind and fate.
    Text,
    /// One JSON document: `awaitables`, one a line, and `totals`.
    Json,
    /// A page for a browser.
    Html,
}

/// What `heard config` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// The file or folder for which they are in force.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) path: Utf8PathBuf,
    /// Print the JSON schema of all settings instead.
    #[arg(long)]
    pub(crate) schema: bool,
}

/// What `heard lsp` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct LspArguments {
    /// Speak on standard input and output. There is nothing else, but many editors say so.
    #[arg(long)]
    pub(crate) stdio: bool,
    /// Read every file, and keep nothing of it for the next start.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// The editor's process; it is said at the start as well.
    #[arg(long = "clientProcessId", value_name = "ID", hide = true)]
    pub(crate) client_process_id: Option<u32>,
}

/// What `heard completions` is asked to do.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
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

/// What `heard run` is asked to do. Most of it is for `python -m heard run`, which explains it.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// The interpreter, or the environment it is in. [default: the active environment, .venv, or python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Exit with 1 if failures were lost and the program itself ends well.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Append every record as a line of JSON to this file, or to this descriptor.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<OsString>,
    /// Do not report this exception, coroutine or task (may be repeated).
    #[arg(long, value_name = "NAME")]
    pub(crate) ignore: Vec<OsString>,
    /// Keep so many frames of where coroutines are made, for those that are never awaited.
    #[arg(long, value_name = "N")]
    pub(crate) origins: Option<u16>,
    /// How long a failed task may wait for its reader. [default: 1]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) grace: Option<OsString>,
    /// When a failure that nobody reads counts as lost. [default: 60]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) escalate: Option<OsString>,
    /// The program is a module.
    #[arg(short, conflicts_with = "command")]
    pub(crate) module: bool,
    /// The program is a command.
    #[arg(short)]
    pub(crate) command: bool,
    /// The file, folder or archive, or - for standard input, or with -m the module, or with -c the command; and its
    /// arguments.
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) program: Vec<OsString>,
}

/// What `heard prove` is asked to do. Most of it is for `python -m heard prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArguments {
    /// The interpreter, or the environment it is in. [default: the active environment, .venv, or python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// How verdicts are printed.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) output_format: ProofFormat,
    /// Write them to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output_file: Option<PathBuf>,
    /// What `heard check --output-format json` or `sarif` has written, or - for standard input. [default: what
    /// `heard check --level strict --no-baseline` finds here]
    #[arg(value_name = "FINDINGS")]
    pub(crate) findings: Option<PathBuf>,
    /// What stands behind -- is for pytest: `heard prove -- tests/unit -k feed`.
    #[arg(value_name = "PYTEST", last = true)]
    pub(crate) tests: Vec<OsString>,
}

/// How verdicts on findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProofFormat {
    /// For people, what is proved first.
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, each result with the property `proof`.
    Sarif,
}

impl ProofFormat {
    /// What `python -m heard prove` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ProofFormat::Text => "text",
            ProofFormat::Json => "json",
            ProofFormat::Sarif => "sarif",
        }
    }
}

/// What `heard top` is asked to do. `python -m heard top` does it.
#[derive(Debug, Args)]
pub(crate) struct TopArguments {
    /// The interpreter, or the environment it is in. [default: the active environment, .venv, or python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Print a line of JSON each time, in place of the screen.
    #[arg(long)]
    pub(crate) json: bool,
    /// Look once, and end.
    #[arg(long)]
    pub(crate) once: bool,
    /// How long to wait between looks. [default: 1]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) interval: Option<OsString>,
    /// The number of the process, or the URL of its socket, as in `unix:///run/shop/4711.sock`.
    #[arg(value_name = "PROCESS")]
    pub(crate) target: OsString,
}

/// A reason for a comment, which is one line.
fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("say why the failures may go unheard".to_owned()),
        reason if reason.contains(char::is_control) => Err("a reason is one line".to_owned()),
        reason => Ok(reason.to_owned()),
    }
}

fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name)).try_map(|name| name.parse::<Level>())
}

fn kind() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
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
        Command::Audit(arguments) => audit::run(arguments, console),
        Command::Logs(arguments) => logs::run(arguments, console),
        Command::Lsp(arguments) => lsp::run(!arguments.no_cache),
        Command::Rule(arguments) => rule::run(arguments, console),
        Command::Config(arguments) => config::run(arguments, console),
        Command::Run(arguments) => run::run(arguments, console),
        Command::Prove(arguments) => prove::run(arguments, console),
        Command::Top(arguments) => top::run(arguments, console),
        Command::Completions(arguments) => shell::completions(arguments),
        Command::Man => shell::manual(),
    }
}
