//! From paths to reports: what `heard check` and `heard audit` have in common.
//!
//! The paths are grouped by project, each project is analysed as a whole, and its report goes to
//! the command that asked. What could not be done is told on the way.

pub(crate) mod cache;
pub(crate) mod program;
mod progress;
mod recall;
pub(crate) mod target;
mod walk;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::system::System;
use heard_analysis::{Cancellation, EnvironmentError, Notice, Program, Report, Request};

use self::cache::Cache;
use self::program::{Given, Remark};
use self::progress::Progress;
use self::recall::Recall;
use self::target::{Exclude, Files, Job, Target, place};
use crate::changes::Changes;
use crate::cli::ProjectArguments;
use crate::config::{Config, ConfigError, Configs};
use crate::console::{Console, counted};
use crate::notebook;
use crate::output::{Cells, Places, shown};
use crate::project::{Project, folders_of};
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

/// One project that was analysed.
pub(crate) struct Analysed<'a> {
    pub(crate) root: &'a Utf8Path,
    pub(crate) program: &'a Program,
    pub(crate) report: Report,
    /// The files that are reported on, sorted.
    pub(crate) files: &'a [Utf8PathBuf],
    /// The settings of their folders.
    pub(crate) configs: &'a Configs,
    pub(crate) disk: &'a Disk,
    /// What has changed, if that was asked for.
    pub(crate) changes: Option<&'a Changes>,
    pub(crate) places: &'a Places,
}

/// What a report is to hold beside findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Findings,
    /// All awaitables too.
    Awaitables,
    /// All gathers too, and what they may become.
    Migrations,
}

/// What a command does with a project that was analysed.
type Take<'a> = dyn FnMut(Analysed) -> io::Result<()> + 'a;

/// One run over the paths that were asked for.
pub(crate) struct Survey<'a> {
    arguments: &'a ProjectArguments,
    console: Console,
    pub(crate) cwd: Utf8PathBuf,
    disk: Disk,
    exclude: Exclude,
    configs: Configs,
    /// Only files among these are reported on, where it is given.
    changes: Option<Changes>,
    /// A file that comes from elsewhere, and is the only one that is reported on.
    given: Option<Utf8PathBuf>,
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
        let configs = Configs::new(&disk);
        Ok(Survey {
            arguments,
            console,
            cwd,
            disk,
            exclude,
            configs,
            changes: None,
            given: None,
            files: 0,
            skipped: HashSet::new(),
            failed: false,
        })
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

    /// Reports on files only that have changed.
    pub(crate) fn restrict(&mut self, changes: Changes) {
        self.changes = Some(changes);
    }

    /// Reports on one file only, whose bytes are these.
    pub(crate) fn give(&mut self, path: &Utf8Path, bytes: Vec<u8>) {
        let path: Utf8PathBuf = self.cwd.join(path).components().collect();
        self.disk.put(&path, bytes);
        self.given = Some(path);
    }

    /// The disk, as this run sees it.
    pub(crate) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Tries another version of a file: from here on it is read in place of the one on the disk.
    pub(crate) fn try_out(&mut self, path: &Utf8Path, bytes: Vec<u8>) {
        self.disk.put(path, bytes);
    }

    /// Forgets what was tried out, and all that was counted, so that the paths can be analysed anew.
    pub(crate) fn renew(&mut self) {
        let given = self.given.clone();
        self.disk.clear(&|path| given.as_deref() == Some(path));
        self.speak(self.console);
    }

    /// Says nothing from here on, since the same is done once more. Gives what `speak` wants back.
    pub(crate) fn hush(&mut self) -> Console {
        std::mem::replace(&mut self.console, Console::Silent)
    }

    /// Speaks again, and forgets what was counted in the meantime.
    pub(crate) fn speak(&mut self, console: Console) {
        self.console = console;
        self.configs = Configs::new(&self.disk);
        (self.files, self.failed) = (0, false);
        self.skipped.clear();
    }

    /// The files that would be reported on, sorted.
    pub(crate) fn reported(&mut self) -> io::Result<Result<BTreeSet<Utf8PathBuf>, SurveyError>> {
        let jobs = self.jobs()?;
        let mut reported = BTreeSet::new();
        for index in 0..jobs.len() {
            match self.files(&jobs, index)? {
                Ok((files, _)) => reported.extend(files.reported),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(reported))
    }

    /// Analyses the projects one after the other, and hands over the report on each.
    pub(crate) fn run(&mut self, asked: Asked, take: &mut Take) -> io::Result<Result<(), SurveyError>> {
        let jobs = self.jobs()?;
        for index in 0..jobs.len() {
            if let Err(error) = self.analyse(&jobs, index, asked, take)? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// The projects around the paths.
    fn jobs(&mut self) -> io::Result<Vec<Job>> {
        if let Some(given) = &self.given {
            return Ok(Job::group(vec![Target::given(given)]));
        }
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
        Ok(Job::group(targets))
    }

    /// The files of one project, and the settings of their folders.
    fn files(&mut self, jobs: &[Job], index: usize) -> io::Result<Result<(Files, Vec<Config>), SurveyError>> {
        let root = &jobs[index].project.root;
        let mut files = Files::find(jobs, index, &self.exclude);
        for error in &files.empty {
            self.console.error(error)?;
            self.failed = true;
        }
        for problem in &files.problems {
            let message = format!("{}: {}", place(&problem.path, None, &self.cwd), problem.message);
            self.tell(problem.lost, message)?;
            self.failed |= problem.lost;
        }
        let configs = match self.settings(root, &files.all)? {
            Ok(configs) => configs,
            Err(error) => return Ok(Err(error)),
        };
        let is_wanted = |file: &Utf8PathBuf| self.changes.as_ref().is_none_or(|changes| changes.has_file(file));
        files.reported.retain(|file| !self.configs.of_file(file).excludes(file) && is_wanted(file));
        Ok(Ok((files, configs)))
    }

    /// Analyses one project.
    fn analyse(&mut self, jobs: &[Job], index: usize, asked: Asked, take: &mut Take) -> io::Result<Result<(), SurveyError>> {
        let root = &jobs[index].project.root;
        let start = Instant::now();
        let cache = self.cache(root, asked);
        // The disk is looked through meanwhile.
        let ahead = cache.as_ref().map(|cache| cache.read_ahead(&self.disk));
        let (files, configs) = match self.files(jobs, index)? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
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
        let mut recall = cache.zip(ahead).map(|(cache, ahead)| Recall::new(cache, ahead, &self.disk));
        let program = match self.program(&jobs[index].project, &files.all, &configs, recall.as_ref())? {
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
        let request = Request {
            files: &files.all,
            reported: &files.reported,
            awaitables: asked == Asked::Awaitables,
            migrations: asked == Asked::Migrations,
            threads: self.arguments.threads.into(),
            cancellation: &Cancellation::default(),
            progress: &|| progress.step(),
        };
        let report = match &mut recall {
            Some(recall) => recall.report(&program, &request),
            None => heard_analysis::check(&program, &request),
        };
        drop(progress);
        if !report.unknown.is_empty() {
            for unknown in &report.unknown {
                self.console.error(program::unknown_name(unknown, &configs, &self.cwd))?;
            }
            self.failed = true;
            return Ok(Ok(()));
        }
        self.console.detail(format!("{}: checked ({})", shown(root, &self.cwd), milliseconds(start)))?;

        let start = Instant::now();
        let (notices, missing) = (report.notices.clone(), report.missing.clone());
        let places = Places::new(&self.cwd, self.notebooks(&files.all));
        let reported: Vec<Utf8PathBuf> = files.reported.iter().cloned().collect();
        take(Analysed {
            root,
            program: &program,
            report,
            files: &reported,
            configs: &self.configs,
            disk: &self.disk,
            changes: self.changes.as_ref(),
            places: &places,
        })?;
        self.console.detail(format!("{}: printed ({})", shown(root, &self.cwd), milliseconds(start)))?;
        self.notices(&notices, &files)?;
        self.missing(&missing)?;
        let skipped = notices.iter().filter(|notice| notice.skipped && files.reported.contains(&*notice.path));
        self.skipped.extend(skipped.map(|notice| notice.path.clone()));
        self.files += reported.len();
        if let Some(words) = recall.and_then(Recall::keep) {
            self.console.detail(format!("{}: {words}", shown(root, &self.cwd)))?;
        }
        if index + 1 == jobs.len() {
            // The process is about to end: to take a large program apart would be for nothing.
            std::mem::forget(program);
        }
        Ok(Ok(()))
    }

    /// What is kept of the project at `root`. A report is put on record where the files are those of the disk, and all
    /// findings in what the user points at are asked for.
    fn cache(&self, root: &Utf8Path, asked: Asked) -> Option<Cache> {
        if self.arguments.no_cache {
            return None;
        }
        let cache = Cache::of(root)?;
        let is_plain = asked == Asked::Findings && self.changes.is_none() && self.disk.is_plain();
        let ProjectArguments { paths, python, exclude, python_version, .. } = self.arguments;
        Some(if is_plain { cache.with_record(&format!("{} {:?}", self.cwd, (paths, python, exclude, python_version))) } else { cache })
    }

    /// The settings of all folders that were looked at.
    pub(crate) fn configs(&self) -> &Configs {
        &self.configs
    }

    /// The cells of the notebooks among `files`. One that cannot be read has none, and a notice.
    fn notebooks(&self, files: &[Utf8PathBuf]) -> HashMap<Utf8PathBuf, Cells> {
        let notebooks = files.iter().filter(|file| file.extension() == Some("ipynb"));
        notebooks.filter_map(|file| Some((file.clone(), notebook::cells(&self.disk.notebook(file).ok()?)))).collect()
    }

    /// The settings of the project, and of all folders with files in it: the project's first.
    fn settings(&mut self, root: &Utf8Path, files: &[Utf8PathBuf]) -> io::Result<Result<Vec<Config>, SurveyError>> {
        let configs: Result<Vec<Config>, ConfigError> =
            std::iter::once(root).chain(folders_of(files)).map(|folder| self.configs.of(folder, root)).collect();
        for error in std::mem::take(&mut self.configs.unreadable) {
            self.console.warning(format!("{}; it sets nothing", error.told(&self.cwd)))?;
        }
        Ok(configs.map_err(|error| SurveyError::Config(error.told(&self.cwd))))
    }

    /// The program to analyse. Of `configs`, the first one is the project's.
    fn program(
        &self,
        project: &Project,
        files: &[Utf8PathBuf],
        configs: &[Config],
        recall: Option<&Recall>,
    ) -> io::Result<Result<Program, SurveyError>> {
        let python = self.arguments.python.as_ref().map(|python| self.cwd.join(python));
        let tables = recall.map(|recall| Arc::clone(&recall.tables));
        let system = recall.map_or_else(|| Arc::new(self.disk.clone()) as Arc<dyn System>, |recall| recall.system(&self.disk));
        let asked = Given { cwd: &self.cwd, python, python_version: self.arguments.python_version, tables, system };
        match program::of(&self.disk, project, files, configs, &asked) {
            Ok((program, remarks)) => {
                for remark in remarks {
                    match remark {
                        Remark::Detail(message) => self.console.detail(message)?,
                        Remark::Warning(message) => self.console.warning(message)?,
                    }
                }
                Ok(Ok(program))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Tells of trouble with a file. What makes the exit code 2 is said to the quiet ones too.
    fn tell(&self, is_lost: bool, message: String) -> io::Result<()> {
        if is_lost { self.console.error(message) } else { self.console.warning(message) }
    }

    /// Tells which modules were not found: what comes from them is not followed.
    fn missing(&self, missing: &[String]) -> io::Result<()> {
        const SHOWN: usize = 3;
        if missing.is_empty() {
            return Ok(());
        }
        let named = missing.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if missing.len() > SHOWN { ", …" } else { "" };
        self.console.summary(format!(
            "note: {} could not be found ({named}{more}), so what comes from there is not followed; --python names the environment",
            counted(missing.len(), "imported module")
        ))
    }

    /// Prints the notices of a report. A file that is not reported on is of interest to the curious only.
    fn notices(&self, notices: &[Notice], files: &Files) -> io::Result<()> {
        for notice in notices {
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

fn milliseconds(start: Instant) -> String {
    format!("{} ms", start.elapsed().as_millis())
}
