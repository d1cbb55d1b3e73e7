//! The run: tables of all files, facts file by file, rules, suppressions.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::FxHashSet;

use crate::audit::Awaitable;
use crate::cancellation::Cancellation;
use crate::declared::UnknownName;
use crate::facts::{self, Bodies, Index, Names};
use crate::finding::{self, Finding, Notice};
use crate::mend::{self, Migration};
use crate::outside::Outside;
use crate::program::{Database, Program};
use crate::resolve::{self, Mentions, Module};
use crate::tables::Told;
use crate::workers::{Failed, for_each_file};
use crate::{audit, context, rules, suppress};

/// What to check, and how.
pub struct Request<'a> {
    /// Every Python file of the project. All of them are analysed.
    pub files: &'a [Utf8PathBuf],
    /// Those of these files whose findings are wanted.
    pub reported: &'a BTreeSet<Utf8PathBuf>,
    /// Whether all awaitables are wanted too, each with its fate.
    pub awaitables: bool,
    /// Whether all gathers are wanted too, each with what it may become.
    pub migrations: bool,
    /// How many threads to use; 0 for one a core.
    pub threads: usize,
    /// What tells that nobody wants the report any more. What comes then means nothing, but it comes soon.
    pub cancellation: &'a Cancellation,
    /// Called whenever one more file has been dealt with. Each file counts once.
    pub progress: &'a (dyn Fn() + Sync),
}

/// What came of a check.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, in the order of paths and places.
    pub findings: Vec<Finding>,
    /// What could not be done, in the order of paths.
    pub notices: Vec<Notice>,
    /// Every awaitable, where they were asked for, in the order of paths and places.
    pub awaitables: Vec<Awaitable>,
    /// Every gather, where they were asked for, in the order of paths and places.
    pub migrations: Vec<Migration>,
    /// The top-level modules that the reported files import and that could not be found, sorted. What
    /// their functions give is not known.
    pub missing: Vec<String>,
    /// The names in the project's declarations that nothing has. If there is one, nothing was checked.
    pub unknown: Vec<UnknownName>,
}

impl Report {
    fn of_notice(notice: Notice) -> Self {
        Report { notices: vec![notice], ..Report::default() }
    }
}

/// A program whose files are saved while it is checked is checked so often at most.
const MOST_TRIES: usize = 3;

/// Checks a program.
#[must_use]
pub fn check(program: &Program, request: &Request<'_>) -> Report {
    let mut report = once(program, request);
    let mut is_torn = !program.shared.take_torn().is_empty();
    for _ in 1..MOST_TRIES {
        if !is_torn || request.cancellation.is_cancelled() {
            break;
        }
        let anew = program.anew();
        report = once(&anew, &Request { progress: &|| (), ..*request });
        is_torn = !anew.shared.take_torn().is_empty();
    }
    report
}

fn once(program: &Program, request: &Request<'_>) -> Report {
    match Base::read(program, request, false) {
        Ok((base, names)) => {
            // The index has it all.
            drop(names);
            base.check(program, request)
        }
        Err(unknown) => Report { unknown, ..Report::default() },
    }
}

/// What is known of a program before any of its files is checked.
pub(crate) struct Base {
    pub(crate) index: Index,
    pub(crate) outside: Outside,
    /// The files that cannot be read.
    unread: Vec<Notice>,
    missing: Vec<String>,
    threads: usize,
}

impl Base {
    /// Reads a program, and gives what each file of the index tells by itself as well. With `keeps_asked`, the index
    /// tells what it is asked about. The error is the names in the project's declarations that nothing has.
    pub(crate) fn read(program: &Program, request: &Request<'_>, keeps_asked: bool) -> Result<(Base, Vec<Arc<Names>>), Vec<UnknownName>> {
        program.add_files(request.files);
        let db = &Database::new(&program.shared);
        let Request { threads, .. } = *request;
        db.begin();
        let read = for_each_file(db, request.files, threads, |db, _, path| db.told(&Arc::from(path)), &|| ());
        for _ in request.reported.len()..request.files.len() {
            (request.progress)();
        }
        let (files, names, unread) = sort_out(db, request.files, read);
        // What other files import says nothing of those that are reported on.
        let reported = files.iter().zip(&names).filter(|(path, _)| request.reported.contains(*path));
        let needed: FxHashSet<&Name> = reported.flat_map(|(_, table)| table.imports.iter()).collect();
        let missing =
            request.files.first().map_or_else(Vec::new, |file| resolve::missing_modules(db, needed.iter().map(|name| name.as_str()), file));
        let (outside, told) = Outside::read(program, &names, &files, threads)?;
        let files = Mentions::new(files, |path| context::is_test_code(path, &program.root), keeps_asked);
        let index = Index::new(files, &names, told.others, told.models);
        Ok((Base { index, outside, unread, missing, threads }, names))
    }

    /// Whether a file could not be read.
    pub(crate) fn is_unread(&self, path: &Utf8Path) -> bool {
        self.unread.iter().any(|notice| *notice.path == *path)
    }

    /// Looks again at what is outside of the files. Gives whether that makes a difference. The error is that of
    /// [`Base::read`].
    pub(crate) fn look_outside(&mut self, program: &Program, names: &[Arc<Names>]) -> Result<bool, Vec<UnknownName>> {
        let told = self.outside.read_again(program, names, self.index.files(), self.threads)?;
        let is_different = told.is_some();
        if let Some(told) = told {
            self.index.replace_outside(told.others, told.models);
        }
        Ok(is_different)
    }

    /// Checks the files that are reported on.
    pub(crate) fn check(&self, program: &Program, request: &Request<'_>) -> Report {
        let db = &Database::new(&program.shared).cancelled_by(request.cancellation).knowing(self.index.spoken());
        let wanted: Vec<Utf8PathBuf> = request.reported.iter().cloned().collect();
        let results = for_each_file(
            db,
            &wanted,
            request.threads,
            |db, bodies, path| check_file(db, bodies, path, &self.index, program, request),
            request.progress,
        );
        // Those that are reported on speak of it when they are checked.
        let unread = self.unread.iter().filter(|notice| !request.reported.contains(&*notice.path));
        let notices = unread.chain(&self.outside.wrong).cloned().collect();
        let mut report = Report { missing: self.missing.clone(), notices, ..Report::default() };
        for (path, result) in wanted.iter().zip(results) {
            let of_file = result.unwrap_or_else(|reason| Report::of_notice(given_up(path, &reason)));
            report.findings.extend(of_file.findings);
            report.notices.extend(of_file.notices);
            report.awaitables.extend(of_file.awaitables);
            report.migrations.extend(of_file.migrations);
        }
        report.findings.sort_by(|left, right| (&left.span, left.rule).cmp(&(&right.span, right.rule)));
        report.notices.sort();
        report.awaitables.sort();
        report.migrations.sort_by(|left, right| left.span.cmp(&right.span));
        report
    }
}

/// The notice of a file that was given up.
fn given_up(path: &Utf8Path, Failed(words): &Failed) -> Notice {
    unreadable(path, format!("the file was given up: the analyser failed in it, which is a bug in heard ({words})"))
}

/// The files that can be read with their names, and a notice for each file that has none. The tables go to those of the
/// program.
fn sort_out(
    db: &Database,
    files: &[Utf8PathBuf],
    read: Vec<Result<Result<Told, String>, Failed>>,
) -> (Vec<Utf8PathBuf>, Vec<Arc<Names>>, Vec<Notice>) {
    let (mut all, mut notices) = (Vec::new(), Vec::new());
    for (path, told) in files.iter().zip(read) {
        match told {
            Ok(Ok(Told { names, table })) => {
                db.add(&Arc::from(path.as_path()), table);
                all.push((path.clone(), names));
            }
            Ok(Err(message)) => notices.push(unreadable(path, message)),
            Err(failed) => notices.push(given_up(path, &failed)),
        }
    }
    // What is found must not depend on the order of the files.
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    let (files, names) = all.into_iter().unzip();
    (files, names, notices)
}

/// The notice of a file that cannot be read.
fn unreadable(path: &Utf8Path, message: String) -> Notice {
    Notice { path: Arc::from(path), position: None, skipped: true, message }
}

fn check_file<'db>(
    db: &'db Database,
    bodies: &Bodies<'db>,
    path: &Utf8Path,
    index: &Index,
    program: &Program,
    request: &Request<'_>,
) -> Report {
    let module = match Module::open(db, path) {
        Ok(module) => module,
        Err(message) => return Report::of_notice(unreadable(path, message)),
    };
    let mut report = Report::default();
    if let Some((position, message)) = module.syntax_error() {
        report.notices.push(Notice {
            path: Arc::from(path),
            position: Some(position),
            skipped: false,
            message: format!("syntax error: {message}; checked as far as it parses"),
        });
    }
    let (awaitables, wants_migrations) = (request.awaitables, request.migrations);
    let (mut findings, facts, migrations) = facts::with_finder(db, bodies, &module, index, |finder| {
        let facts = facts::facts(finder, index, awaitables || wants_migrations);
        let mut found = rules::run(&facts);
        // Several values may be lost at one place, and that is one defect.
        let mut seen = FxHashSet::default();
        found.retain(|(_, finding)| seen.insert((finding.rule, finding.span.clone())));
        mend::offer(finder, &program.fixing, &mut found);
        let findings: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
        let migrations = if wants_migrations { mend::migrations(finder, &program.fixing, &facts) } else { Vec::new() };
        (findings, facts, migrations)
    });
    report.migrations = migrations;
    finding::number(&mut findings);
    report.findings = suppress::apply(&module, context::weigh(&module, &program.root, findings));
    if awaitables {
        report.awaitables = audit::awaitables(&facts);
    }
    report
}
