//! One project that the editor has files of: what belongs to it, how it is set up, and what was found.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::{mem, thread};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Awaitable, Basis, Cancellation, Finding, Notice, Request, Session, Tables};

use super::progress::Progress;
use crate::check::{Known, Wanted};
use crate::config::{Config, Configs, Policy};
use crate::project::{Project, folders_of};
use crate::survey::cache::{Ahead, Cache};
use crate::survey::program::{self, Given};
use crate::survey::target::{Exclude, Files, Job, Target};
use crate::system::Disk;

/// A project, and what is known of it.
pub(super) struct Room {
    pub(super) project: Project,
    disk: Disk,
    /// Where the tables are kept from start to start.
    cache: Option<Cache>,
    /// What is kept there, which is read while the set-up is looked for.
    ahead: Option<Ahead>,
    /// What texts tell by themselves, from run to run, once the first one has begun.
    tables: Option<Arc<Tables>>,
    /// Whether there may be something to keep.
    is_fresh: bool,
    /// The open files that lie in it.
    targets: BTreeSet<Utf8PathBuf>,
    /// How it is set up, where that was found out since it changed.
    setup: Option<Result<Setup, String>>,
    /// The program, where it was read since the set-up changed.
    session: Option<Session>,
    /// What was found in each file, and what that rests on.
    found: HashMap<Utf8PathBuf, (Found, Arc<Basis>)>,
}

/// What is analysed, and with which settings.
struct Setup {
    files: Vec<Utf8PathBuf>,
    reported: BTreeSet<Utf8PathBuf>,
    configs: Configs,
    folders: Vec<Config>,
}

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
    pub(super) notices: Vec<Notice>,
    /// All awaitables, where they were asked for.
    pub(super) awaitables: Option<Vec<Awaitable>>,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    Cancelled,
    /// Something is wrong with the settings, in one line.
    Trouble(String),
}

impl Room {
    pub(super) fn new(project: Project, disk: &Disk, caches: bool) -> Self {
        let cache = if caches { Cache::of(&project.root) } else { None };
        let ahead = cache.as_ref().map(|cache| cache.read_ahead(disk));
        Room {
            project,
            disk: disk.clone(),
            cache,
            ahead,
            tables: None,
            is_fresh: false,
            targets: BTreeSet::new(),
            setup: None,
            session: None,
            found: HashMap::new(),
        }
    }

    /// Takes in an open file, which belongs to the project even if nothing else says so.
    pub(super) fn enter(&mut self, path: &Utf8Path) {
        let is_known = self.has(path);
        self.targets.insert(path.to_owned());
        if !is_known {
            self.renew();
        }
    }

    /// A file is open no more.
    pub(super) fn leave(&mut self, path: &Utf8Path) {
        self.targets.remove(path);
    }

    /// The text of a file is another one.
    pub(super) fn change(&mut self, path: &Utf8Path) {
        self.found.remove(path);
        if let Some(session) = &mut self.session {
            session.change(path);
        }
    }

    /// Forgets how it is set up, since files came or went, or settings changed.
    pub(super) fn renew(&mut self) {
        (self.setup, self.session) = (None, None);
        self.found.clear();
    }

    /// Whether no open file lies in it.
    pub(super) fn is_idle(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether a file belongs to it, as far as that is known.
    pub(super) fn has(&self, path: &Utf8Path) -> bool {
        matches!(&self.setup, Some(Ok(setup)) if setup.has(path))
    }

    /// Whether a file belongs to it by this name. Of one with two names, the project has one.
    pub(super) fn is_settled_with(&mut self, path: &Utf8Path) -> Result<bool, NoAnswer> {
        Ok(self.setup()?.has(path))
    }

    /// What was found in a file, if it is known.
    pub(super) fn known(&self, path: &Utf8Path, awaitables: bool) -> Option<&Found> {
        let known = self.found.get(path).filter(|_| !self.is_behind());
        known.map(|(found, _)| found).filter(|found| !awaitables || found.awaitables.is_some())
    }

    /// All that is known at the moment.
    pub(super) fn all_known(&self) -> impl Iterator<Item = (&Utf8PathBuf, &Found)> {
        self.found.iter().filter(|_| !self.is_behind()).map(|(path, (found, _))| (path, found))
    }

    /// Whether texts changed of which it is not known yet what they make a difference to.
    fn is_behind(&self) -> bool {
        self.session.as_ref().is_some_and(Session::has_changed)
    }

    /// Finds out what there is in some files; what is known stays.
    pub(super) fn find(
        &mut self,
        files: &[Utf8PathBuf],
        awaitables: bool,
        cancellation: &Cancellation,
        progress: &Progress,
    ) -> Result<(), NoAnswer> {
        if let Some(session) = self.session.as_mut().filter(|session| session.has_changed()) {
            let change = session.take_in();
            self.found.retain(|_, (_, basis)| basis.outlasts(&change));
        }
        let wanted: BTreeSet<Utf8PathBuf> = files.iter().filter(|file| self.known(file, awaitables).is_none()).cloned().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let setup = match self.setup.get_or_insert_with(|| Setup::of(&self.project, &self.targets, &self.disk)) {
            Ok(setup) => setup,
            Err(error) => return Err(NoAnswer::Trouble(error.clone())),
        };
        let session = match &mut self.session {
            Some(session) => session,
            session => {
                let read = || Arc::new(self.ahead.take().map(Ahead::tables).unwrap_or_default());
                let tables = Arc::clone(self.tables.get_or_insert_with(read));
                self.is_fresh = true;
                let system = Arc::new(self.disk.clone());
                let asked = Given { cwd: &self.project.root, python: None, python_version: None, tables: Some(tables), system };
                let (program, _) = program::of(&self.disk, &self.project, &setup.files, &setup.folders, &asked)
                    .map_err(|error| NoAnswer::Trouble(error.to_string()))?;
                session.insert(Session::new(program))
            }
        };
        let reported: BTreeSet<Utf8PathBuf> = wanted.intersection(&setup.reported).cloned().collect();
        let request = Request {
            files: &setup.files,
            reported: &reported,
            awaitables,
            migrations: false,
            threads: 0,
            cancellation,
            progress: &|| progress.step(),
        };
        progress.begin(if session.is_read() { wanted.len() } else { setup.files.len() });
        let (report, basis) = session.check(&request);
        // A file may have been saved before anybody said so.
        if cancellation.is_cancelled() || session.has_changed() {
            return Err(NoAnswer::Cancelled);
        }
        if let Some(unknown) = report.unknown.first() {
            return Err(NoAnswer::Trouble(program::unknown_name(unknown, &setup.folders, &self.project.root)));
        }
        let (policy, root) = (Policy::default(), &self.project.root);
        let files: Vec<Utf8PathBuf> = reported.iter().cloned().collect();
        let admitted = Wanted::new(&policy, root, Known::Set).of(report.findings, root, &files, &setup.configs, None, &self.disk);
        let mut found: HashMap<Utf8PathBuf, Found> = wanted.iter().map(|file| (file.clone(), Found::default())).collect();
        for finding in admitted.map_err(NoAnswer::Trouble)? {
            if let Some(found) = found.get_mut(&*finding.span.path) {
                found.findings.push(finding);
            }
        }
        for notice in report.notices {
            if let Some(found) = found.get_mut(&*notice.path) {
                found.notices.push(notice);
            }
        }
        if awaitables {
            for found in found.values_mut() {
                found.awaitables = Some(Vec::new());
            }
            for awaitable in report.awaitables {
                if let Some(awaitables) = found.get_mut(&*awaitable.span.path).and_then(|found| found.awaitables.as_mut()) {
                    awaitables.push(awaitable);
                }
            }
        }
        let basis = Arc::new(basis);
        self.found.extend(found.into_iter().map(|(path, found)| (path, (found, Arc::clone(&basis)))));
        Ok(())
    }

    /// Keeps what was read for the next start, where there is something new. Nobody waits for it.
    pub(super) fn keep(&mut self) {
        if !mem::take(&mut self.is_fresh) {
            return;
        }
        if let (Some(cache), Some(tables)) = (self.cache.clone(), self.tables.clone()) {
            // Without a thread, nothing is kept.
            let _ = thread::Builder::new().name("heard: cache".to_owned()).spawn(move || cache.keep(&tables));
        }
    }

    /// The file of known findings for those in a file, where the settings name one.
    pub(super) fn baseline(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let Some(Ok(setup)) = &self.setup else { return None };
        setup.configs.of_file(path).baseline().map(|(file, _)| file)
    }

    fn setup(&mut self) -> Result<&Setup, NoAnswer> {
        let setup = self.setup.get_or_insert_with(|| Setup::of(&self.project, &self.targets, &self.disk));
        setup.as_ref().map_err(|error| NoAnswer::Trouble(error.clone()))
    }
}

impl Setup {
    fn has(&self, path: &Utf8Path) -> bool {
        self.files.binary_search_by(|file| file.as_path().cmp(path)).is_ok()
    }

    /// Looks at the disk. The error is one line.
    fn of(project: &Project, targets: &BTreeSet<Utf8PathBuf>, disk: &Disk) -> Result<Setup, String> {
        let root = &project.root;
        let jobs = [Job::of(project.clone(), targets.iter().map(|path| Target::given(path)).collect())];
        let exclude = Exclude::new(&[], root).map_err(|error| error.to_string())?;
        let files = Files::find(&jobs, 0, &exclude);
        let mut configs = Configs::new(disk);
        let folders = folders_of(&files.all);
        let folders: Result<Vec<Config>, _> = std::iter::once(&**root).chain(folders).map(|folder| configs.of(folder, root)).collect();
        let folders = folders.map_err(|error| error.told(root))?;
        let is_reported = |file: &Utf8PathBuf| file.extension() != Some("pyi") && !configs.of_file(file).excludes(file);
        let reported = files.all.iter().filter(|file| is_reported(file)).cloned().collect();
        Ok(Setup { files: files.all, reported, configs, folders })
    }
}
