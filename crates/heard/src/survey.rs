//! From paths to reports: what `heard check` and `heard audit` have in common.
//!
//! The paths are grouped by project, each project is analysed as a whole, and its report goes to
//! the command that asked. What could not be done is told on the way.

mod progress;
mod target;
mod walk;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Declared, Environment, EnvironmentError, Program, Report, Request, Selection, Settings, UnknownName};

use self::progress::Progress;
use self::target::{Exclude, Files, Job, Target, place};
use crate::cli::ProjectArguments;
use crate::config::{self, ConfigError};
use crate::console::{Console, counted};
use crate::output::shown;
use crate::project::Project;
use crate::system::Disk;

/// Why nothing could be analysed at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SurveyError {
    #[error("the working directory cannot be used: {0}")]
    WorkingDirectory(io::Error),
    #[error("--exclude: {0}")]
    Exclude(#[from] ignore::Error),
    #[error("{0}")]
    Config(String),
    #[error(transparent)]
    Python(EnvironmentError),
}

/// What a command wants to know.
pub(crate) struct Question<'a> {
    /// Which findings are wanted.
    pub(crate) selection: &'a Selection,
    /// Whether all awaitables are wanted.
    pub(crate) awaitables: bool,
}

/// What a command does with the report on one project.
type Take<'a> = dyn FnMut(&Report, &Program) -> io::Result<()> + 'a;

/// One run over the paths that were asked for.
pub(crate) struct Survey<'a> {
    arguments: &'a ProjectArguments,
    console: Console,
    pub(crate) cwd: Utf8PathBuf,
    disk: Disk,
    exclude: Exclude,
    /// How many files were to be reported on.
    files: usize,
    /// Those of them that could not be analysed at all.
    skipped: HashSet<Arc<Utf8Path>>,
    /// Whether something that was asked for could not be analysed.
    failed: bool,
}

impl<'a> Survey<'a> {
    pub(crate) fn new(arguments: &'a ProjectArguments, console: Console) -> Result<Self, SurveyError> {
        let cwd = std::env::current_dir().map_err(SurveyError::WorkingDirectory)?;
        let cwd = Utf8PathBuf::from_path_buf(cwd).map_err(|path| {
            SurveyError::WorkingDirectory(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its name, {}, is not Unicode", path.display()),
            ))
        })?;
        let exclude = Exclude::new(&arguments.exclude, &cwd)?;
        let disk = Disk::new(&cwd);
        Ok(Survey { arguments, console, cwd, disk, exclude, files: 0, skipped: HashSet::new(), failed: false })
    }

    /// Whether everything that was asked for could be analysed.
    pub(crate) fn is_whole(&self) -> bool {
        !self.failed && self.skipped.is_empty()
    }

    /// How many files were analysed for the report, in words, and how many could not be; nothing where there
    /// was none to analyse.
    pub(crate) fn coverage(&self) -> Option<(String, String)> {
        let missed = match self.skipped.len() {
            0 => String::new(),
            skipped => format!("; {} could not be checked", counted(skipped, "file")),
        };
        (self.files > 0 || !self.failed).then(|| (counted(self.files - self.skipped.len(), "file"), missed))
    }

    /// Analyses the projects one after the other, and hands over the report on each.
    pub(crate) fn run(&mut self, question: &Question, take: &mut Take) -> io::Result<Result<(), SurveyError>> {
        let mut targets = Vec::new();
        for path in &self.arguments.paths {
            match Target::new(path, &self.cwd) {
                Ok(target) => targets.push(target),
                Err(error) => {
                    self.console.error(error)?;
                    self.failed = true;
                }
            }
        }
        let jobs = Job::group(targets);
        for index in 0..jobs.len() {
            if let Err(error) = self.analyse(&jobs, index, question, take)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Analyses one project.
    fn analyse(&mut self, jobs: &[Job], index: usize, question: &Question, take: &mut Take) -> io::Result<Result<(), SurveyError>> {
        let root = &jobs[index].project.root;
        let start = Instant::now();
        let files = Files::find(jobs, index, &self.exclude);
        for error in &files.empty {
            self.console.error(error)?;
            self.failed = true;
        }
        for problem in &files.problems {
            let message = format!("{}: {}", place(&problem.path, None, &self.cwd), problem.message);
            self.tell(problem.lost, message)?;
            self.failed |= problem.lost;
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
        let declared = match config::read(root, &self.disk) {
            Ok(declared) => declared,
            Err(ConfigError { path, line, message }) => {
                return Ok(Err(SurveyError::Config(format!("{}: {message}", place(&path, line, &self.cwd)))));
            }
        };
        let program = match self.program(&jobs[index].project, &files.all, python_version, &declared)? {
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
                selection: question.selection,
                awaitables: question.awaitables,
                threads: self.arguments.threads.into(),
                progress: &|| progress.step(),
            },
        );
        drop(progress);
        if !report.unknown.is_empty() {
            let manifest = place(&root.join("pyproject.toml"), None, &self.cwd);
            for unknown in &report.unknown {
                self.console.error(format!("{manifest}: {}", unknown_name(unknown)))?;
            }
            self.failed = true;
            return Ok(Ok(()));
        }
        self.console.detail(format!("{}: checked ({})", shown(root, &self.cwd), milliseconds(start)))?;

        let start = Instant::now();
        take(&report, &program)?;
        self.console.detail(format!("{}: printed ({})", shown(root, &self.cwd), milliseconds(start)))?;
        self.notices(&report, &files)?;
        self.missing(&report)?;
        let skipped = report.notices.iter().filter(|notice| notice.skipped && files.reported.contains(&*notice.path));
        self.skipped.extend(skipped.map(|notice| notice.path.clone()));
        self.files += files.reported.len();
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
        declared: &Declared,
    ) -> io::Result<Result<Program, SurveyError>> {
        let source_roots = project.source_roots(files);
        let new = |environment| {
            let declared = declared.clone();
            let settings =
                Settings { root: project.root.clone(), source_roots: source_roots.clone(), python_version, environment, declared };
            Program::new(Arc::new(self.disk.clone()), &settings)
        };
        if let Some(python) = &self.arguments.python {
            let result = new(Environment::At(self.cwd.join(python)));
            return Ok(result.map_err(SurveyError::Python));
        }
        let error = match new(project.environment()) {
            Ok(program) => return Ok(Ok(program)),
            Err(error) => error,
        };
        self.console.warning(format!(
            "installed packages are not looked at, since the Python environment cannot be used: {error}; --python names another"
        ))?;
        Ok(new(Environment::None).map_err(SurveyError::Python))
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
            let is_of_others = files.all.contains(&notice.path.to_path_buf()) && !files.reported.contains(&*notice.path);
            if !is_of_others || self.console == Console::Verbose {
                let place = place(&notice.path, notice.position.map(|position| position.line), &self.cwd);
                let message = format!("{place}: {}", notice.message);
                self.tell(notice.skipped, message)?;
            }
        }
        Ok(())
    }
}

/// What to say of a name in the project's declarations that nothing has.
fn unknown_name(UnknownName { setting, name, nearest }: &UnknownName) -> String {
    let nearest = nearest.as_ref().map(|nearest| format!("; the nearest is `{nearest}`")).unwrap_or_default();
    format!("`{setting}` in `tool.heard`: nothing in the project or its environment is called `{name}`{nearest}")
}

fn milliseconds(start: Instant) -> String {
    format!("{} ms", start.elapsed().as_millis())
}
