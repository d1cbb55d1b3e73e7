//! The run: tables of all files, facts file by file, rules, suppressions.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::engine::{self, Module};
use crate::facts::{self, Birth, Fate, Index, Names};
use crate::finding::{Finding, Notice, Undecided};
use crate::program::{Database, Program};
use crate::rules::Selection;
use crate::{limits, rules, suppress};

/// What to check, and how.
pub struct Request<'a> {
    /// Every Python file of the project. All of them are analysed.
    pub files: &'a [Utf8PathBuf],
    /// Whether findings in this file are wanted.
    pub reported: &'a (dyn Fn(&Utf8Path) -> bool + Sync),
    /// Which findings are wanted.
    pub selection: &'a Selection,
    /// Whether awaitables whose fate is not known are wanted too.
    pub undecided: bool,
    /// How many threads to use; 0 for one a core.
    pub threads: usize,
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
    /// Awaitables whose fate is not known, where they were asked for.
    pub undecided: Vec<Undecided>,
}

/// Checks a program.
#[must_use]
pub fn check(program: &Program, request: &Request<'_>) -> Report {
    let db = program.db.clone();
    on_large_stacks(request.threads, move || {
        let db = &db;
        let tables = in_parallel(db, request.files, names_of, |_, _| Names::default());
        let others = names_outside(db, &tables);
        let index = Index::new(&tables, others);
        let checked = |db: &Database, path: &Utf8Path| {
            let wanted = (request.reported)(path);
            let report = if wanted { check_file(db, path, &index, request) } else { Report::default() };
            (request.progress)();
            report
        };
        let mut report = in_parallel(db, request.files, checked, given_up).into_iter().fold(Report::default(), Report::and);
        report.findings.sort_by(|left, right| (&left.span, left.rule).cmp(&(&right.span, right.rule)));
        report.notices.sort();
        report.undecided.sort();
        report
    })
}

impl Report {
    fn and(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self.notices.extend(other.notices);
        self.undecided.extend(other.undecided);
        self
    }
}

/// Runs `work` on threads whose stacks hold the deepest tree that [`limits::check`] lets through.
fn on_large_stacks<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(limits::STACK).build() {
        Ok(pool) => pool.install(work),
        // No thread can be had; the caller's own must do.
        Err(_) => work(),
    }
}

/// Does `work` for each file, in the order of the files; `given_up` stands in where it panics.
fn in_parallel<T: Send>(
    db: &Database,
    files: &[Utf8PathBuf],
    work: impl Fn(&Database, &Utf8Path) -> T + Sync,
    given_up: impl Fn(&Utf8Path, &str) -> T + Sync,
) -> Vec<T> {
    files
        .par_iter()
        .map_with(db.clone(), |db, path| engine::catch(|| work(db, path)).unwrap_or_else(|panic| given_up(path, &panic)))
        .collect()
}

/// The notice of a file in which the analyser itself failed.
fn given_up(path: &Utf8Path, panic: &str) -> Report {
    let message = format!("the file was given up: the analyser failed in it, which is a bug in heard ({panic})");
    Report { notices: vec![Notice { path: Arc::from(path), position: None, skipped: true, message }], ..Report::default() }
}

fn names_of(db: &Database, path: &Utf8Path) -> Names {
    Module::open(db, path).map(|module| Names::of(module.body())).unwrap_or_default()
}

/// The names of coroutine functions in the standard library and in the packages that are imported.
fn names_outside(db: &Database, tables: &[Names]) -> FxHashSet<ruff_python_ast::name::Name> {
    let imports: FxHashSet<_> = tables.iter().flat_map(|table| table.imports.iter()).collect();
    let mut names = FxHashSet::default();
    engine::for_each_outside_text(db, imports.into_iter().map(ruff_python_ast::name::Name::as_str), |text| {
        names.extend(facts::async_names(text));
    });
    names
}

fn check_file(db: &Database, path: &Utf8Path, index: &Index, request: &Request<'_>) -> Report {
    let module = match Module::open(db, path) {
        Ok(module) => module,
        Err(message) => {
            let notice = Notice { path: Arc::from(path), position: None, skipped: true, message };
            return Report { notices: vec![notice], ..Report::default() };
        }
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
    let births = facts::births(db, &module, index, request.undecided);
    let findings = rules::run(&births);
    report.findings = suppress::apply(&module, findings);
    report.findings.retain(|finding| request.selection.wants(finding));
    if request.undecided {
        report.undecided = births.iter().filter_map(undecided).collect();
    }
    report
}

fn undecided(birth: &Birth) -> Option<Undecided> {
    let Fate::Unknown(reason) = &birth.fate else { return None };
    Some(Undecided { span: birth.span.clone(), kind: birth.kind.noun(), callee: birth.callee.clone(), reason: reason.text().to_owned() })
}
