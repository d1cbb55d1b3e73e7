//! The command `heard check`: from paths to printed findings.

mod progress;
mod tally;
mod target;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use camino::Utf8PathBuf;
use heard_analysis::{Environment, EnvironmentError, Level, Program, Report, Request, Rule, Selection, Settings};

use self::progress::Progress;
use self::tally::{Tally, counted};
use self::target::{Exclude, Files, Job, Target, place};
use crate::cli::CheckArguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::output::{Printer, shown};
use crate::project::Project;
use crate::rule::{self, UnknownRule};
use crate::system::Disk;

/// Why nothing could be checked at all.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("the working directory cannot be used: {0}")]
    WorkingDirectory(io::Error),
    #[error("{0}")]
    Rule(#[from] UnknownRule),
    #[error("--select and --ignore leave no rule: name one in --select that is not ignored")]
    NothingSelected,
    #[error("--exclude: {0}")]
    Exclude(#[from] ignore::Error),
    #[error(transparent)]
    Python(EnvironmentError),
}

/// Checks what the arguments ask for, and prints what was found.
pub(crate) fn run(arguments: &CheckArguments, console: Console) -> io::Result<Exit> {
    match Check::new(arguments, console) {
        Ok(mut check) => check.run(),
        Err(error) => {
            console.error(error)?;
            Ok(Exit::Failure)
        }
    }
}

/// One run of the command.
struct Check<'a> {
    arguments: &'a CheckArguments,
    console: Console,
    cwd: Utf8PathBuf,
    disk: Disk,
    selection: Selection,
    exclude: Exclude,
    tally: Tally,
}

impl<'a> Check<'a> {
    fn new(arguments: &'a CheckArguments, console: Console) -> Result<Self, CheckError> {
        let cwd = std::env::current_dir().map_err(CheckError::WorkingDirectory)?;
        let cwd = Utf8PathBuf::from_path_buf(cwd).map_err(|path| {
            CheckError::WorkingDirectory(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its name, {}, is not Unicode", path.display()),
            ))
        })?;
        let selection = selection(arguments)?;
        let exclude = Exclude::new(&arguments.exclude, &cwd)?;
        let disk = Disk::new(&cwd);
        Ok(Check { arguments, console, cwd, disk, selection, exclude, tally: Tally::default() })
    }

    fn run(&mut self) -> io::Result<Exit> {
        let mut targets = Vec::new();
        for path in &self.arguments.paths {
            match Target::new(path, &self.cwd) {
                Ok(target) => targets.push(target),
                Err(error) => {
                    self.console.error(error)?;
                    self.tally.failed = true;
                }
            }
        }
        let jobs = Job::group(targets);
        let mut printer = Printer::new(self.arguments.output_format, &self.cwd);
        for index in 0..jobs.len() {
            if let Err(error) = self.check(&jobs, index, &mut printer)? {
                self.console.error(error)?;
                return Ok(Exit::Failure);
            }
        }
        drop(printer);
        self.tally.conclude(self.console, self.arguments.statistics, self.arguments.report_unknown)?;
        Ok(self.tally.exit())
    }

    /// Checks one project.
    fn check(&mut self, jobs: &[Job], index: usize, printer: &mut Printer) -> io::Result<Result<(), CheckError>> {
        let root = &jobs[index].project.root;
        let start = Instant::now();
        let files = Files::find(jobs, index, &self.exclude);
        for error in &files.empty {
            self.console.error(error)?;
            self.tally.failed = true;
        }
        for problem in &files.problems {
            let message = format!("{}: {}", place(&problem.path, None, &self.cwd), problem.message);
            self.tell(problem.lost, message)?;
            self.tally.failed |= problem.lost;
        }
        let (analysed, reported) = (files.all.len(), files.reported.len());
        self.console.detail(format!(
            "{}: {} to analyse, {reported} to report on ({})",
            shown(root, &self.cwd),
            counted(analysed, "file"),
            milliseconds(start)
        ))?;
        if reported == 0 {
            return Ok(Ok(()));
        }

        let start = Instant::now();
        let python_version = self.python_version(&jobs[index])?;
        let program = match self.program(&jobs[index].project, &files.all, python_version)? {
            Ok(program) => program,
            Err(error) => return Ok(Err(error)),
        };
        let (environment, (major, minor)) = program.target();
        self.console.detail(format!(
            "{}: read as Python {major}.{minor}, {} ({})",
            shown(root, &self.cwd),
            environment
                .map_or_else(|| "without installed packages".to_owned(), |environment| format!("with the packages of {environment}")),
            milliseconds(start)
        ))?;

        let start = Instant::now();
        let progress = Progress::new(analysed, self.console != Console::Quiet);
        let report = heard_analysis::check(
            &program,
            &Request {
                files: &files.all,
                reported: &|path| files.reported.contains(path),
                selection: &self.selection,
                undecided: self.arguments.report_unknown,
                threads: self.arguments.threads.into(),
                progress: &|| progress.step(),
            },
        );
        drop(progress);
        self.console.detail(format!("{}: checked ({})", shown(root, &self.cwd), milliseconds(start)))?;

        let start = Instant::now();
        printer.findings(&report.findings, &program)?;
        printer.undecided(&report.undecided)?;
        self.console.detail(format!("{}: printed ({})", shown(root, &self.cwd), milliseconds(start)))?;
        self.notices(&report, &files)?;
        self.missing(&report)?;
        self.tally.add(&report, &files);
        if index + 1 == jobs.len() {
            // The process is about to end: to take a large program apart would be for nothing.
            std::mem::forget(program);
        }
        Ok(Ok(()))
    }

    /// The oldest Python that the project asks for.
    fn python_version(&self, job: &Job) -> io::Result<Option<(u8, u8)>> {
        let root = shown(&job.project.root, &self.cwd);
        match job.project.python_version(&self.disk) {
            Ok(Some((major, minor))) => {
                self.console.detail(format!("{root}: Python {major}.{minor}, from requires-python in pyproject.toml"))?;
                Ok(Some((major, minor)))
            }
            Ok(None) => {
                self.console.detail(format!("{root}: the environment's Python, since no requires-python sets a lower bound"))?;
                Ok(None)
            }
            Err(error) => {
                self.console.warning(format!("{}: {error}", place(&error.path, error.line, &self.cwd)))?;
                Ok(None)
            }
        }
    }

    /// The program to analyse, with the environment that was asked for or found.
    fn program(
        &self,
        project: &Project,
        files: &[Utf8PathBuf],
        python_version: Option<(u8, u8)>,
    ) -> io::Result<Result<Program, CheckError>> {
        let source_roots = project.source_roots(files);
        let new = |environment| {
            let settings = Settings { root: project.root.clone(), source_roots: source_roots.clone(), python_version, environment };
            Program::new(Arc::new(self.disk.clone()), &settings)
        };
        if let Some(python) = &self.arguments.python {
            let result = new(Environment::At(self.cwd.join(python)));
            return Ok(result.map_err(CheckError::Python));
        }
        let error = match new(project.environment()) {
            Ok(program) => return Ok(Ok(program)),
            Err(error) => error,
        };
        self.console.warning(format!(
            "installed packages are not looked at, since the Python environment cannot be used: {error}; --python names another"
        ))?;
        Ok(new(Environment::None).map_err(CheckError::Python))
    }

    /// Tells of trouble with a file. What makes the exit code 2 is said to the quiet ones too.
    fn tell(&self, is_lost: bool, message: String) -> io::Result<()> {
        if is_lost { self.console.error(message) } else { self.console.warning(message) }
    }

    /// Tells which modules were not found: what comes from them is not followed.
    fn missing(&self, report: &Report) -> io::Result<()> {
        const SHOWN: usize = 3;
        if report.missing.is_empty() {
            return Ok(());
        }
        let named = report.missing.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if report.missing.len() > SHOWN { ", …" } else { "" };
        self.console.summary(format!(
            "note: {} could not be found ({named}{more}), so what comes from there is not followed; --python names the environment",
            counted(report.missing.len(), "imported module")
        ))
    }

    /// Prints the notices of a report. A file that is not reported on is of interest to the curious only.
    fn notices(&self, report: &Report, files: &Files) -> io::Result<()> {
        for notice in &report.notices {
            if files.reported.contains(&*notice.path) || self.console == Console::Verbose {
                let place = place(&notice.path, notice.position.map(|position| position.line), &self.cwd);
                let message = format!("{place}: {}", notice.message);
                self.tell(notice.skipped, message)?;
            }
        }
        Ok(())
    }
}

fn selection(arguments: &CheckArguments) -> Result<Selection, CheckError> {
    let rules = |names: &[String]| -> Result<Vec<&'static Rule>, UnknownRule> {
        names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(rule::find).collect()
    };
    let (select, ignore) = (rules(&arguments.select)?, rules(&arguments.ignore)?);
    let is_ignored = |rule: &&Rule| ignore.iter().any(|ignored| ignored.name == rule.name);
    if !arguments.select.is_empty() && select.iter().all(is_ignored) {
        return Err(CheckError::NothingSelected);
    }
    // Who asks for a rule by its name wants to see all that it finds.
    let usual = if arguments.select.is_empty() { Level::Default } else { Level::Preview };
    Ok(Selection { level: arguments.level.unwrap_or(usual), select, ignore })
}

fn milliseconds(start: Instant) -> String {
    format!("{} ms", start.elapsed().as_millis())
}
