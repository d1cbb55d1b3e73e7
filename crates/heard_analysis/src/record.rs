//! A report on record: what a check has found, and all that it has seen of the machine.
//!
//! A check sees the machine through its [`System`] alone. So as long as every question that it has asked is answered as
//! it was, a new check of the same program would find the same, and need not be made. It does not matter what the
//! questions are about: files of the project, packages, folders, or where there is nothing.

mod stored;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::check::{Report, Request};
use crate::program::Program;
use crate::system::{Stamp, System};

/// A system that takes down what it is asked, and how it answers.
#[derive(Debug)]
pub struct Recorder {
    system: Arc<dyn System>,
    asked: Mutex<Asked>,
}

/// What a check has found, and what it has seen.
#[derive(Debug)]
pub struct Record {
    /// What was asked for.
    of: Stamp,
    /// How many files the report is on.
    reported: usize,
    answers: Answers,
    report: Report,
    /// How many texts had to be read to find out what is in them.
    reads: usize,
}

/// The answers to the questions of each of [`KINDS`], with what they are about.
type Answers = [Vec<(Box<str>, Answer)>; KINDS.len()];

#[derive(Debug, Default)]
struct Asked {
    answers: [FxHashMap<Box<str>, Answer>; KINDS.len()],
    /// Whether a question had two answers: something changed meanwhile.
    is_torn: bool,
}

/// What is asked of a path or a name.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    IsFile,
    IsDirectory,
    Entries,
    RealPath,
    Variable,
    CellEnds,
}

const KINDS: [Kind; 7] = [Kind::Text, Kind::IsFile, Kind::IsDirectory, Kind::Entries, Kind::RealPath, Kind::Variable, Kind::CellEnds];

/// An answer, as far as it takes to know it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    /// Of a text that was read, or need not be.
    stamp: Option<Stamp>,
    /// Nothing where the stamp was all that was asked for.
    hash: Option<Stamp>,
    /// Whether the text could not be read, which may have passed although the file is as it was.
    is_error: bool,
}

impl Answer {
    fn of(hash: Stamp) -> Self {
        Answer { stamp: None, hash: Some(hash), is_error: false }
    }

    /// What both say, where they agree.
    fn and(self, other: Self) -> Option<Self> {
        let agree = match (self.hash, other.hash) {
            (Some(hash), Some(other)) => hash == other,
            // A stamp stands for one text.
            _ => self.stamp.is_some() && self.stamp == other.stamp,
        };
        agree.then(|| Answer {
            stamp: other.stamp.or(self.stamp),
            hash: self.hash.or(other.hash),
            is_error: self.is_error || other.is_error,
        })
    }
}

impl Recorder {
    /// Sees what `system` shows.
    #[must_use]
    pub fn new(system: Arc<dyn System>) -> Self {
        Recorder { system, asked: Mutex::default() }
    }

    /// The record of a check of a program that sees the machine through this; none where something changed meanwhile, or
    /// nothing could be checked.
    #[must_use]
    pub fn record(&self, program: &Program, request: &Request<'_>, report: &Report) -> Option<Record> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        let is_whole = !asked.is_torn && report.unknown.is_empty() && !request.awaitables && !request.migrations;
        let answers: Answers = asked.answers.map(|answers| answers.into_iter().collect());
        let reads = answers[Kind::Text as usize].len();
        let reported = request.reported.len();
        is_whole.then(|| Record { of: subject(program, request), reported, answers, report: report.clone(), reads })
    }

    fn note(&self, kind: Kind, subject: &str, answer: Answer) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = &mut asked.answers[kind as usize];
        let Some(known) = answers.get_mut(subject) else {
            answers.insert(subject.into(), answer);
            return;
        };
        match known.and(answer) {
            Some(both) => *known = both,
            None => asked.is_torn = true,
        }
    }
}

impl System for Recorder {
    fn read_to_string(&self, path: &Utf8Path) -> io::Result<String> {
        // The stamp first: a text that is written meanwhile is not taken for the one before.
        let stamp = self.system.stamp(path);
        let text = self.system.read_to_string(path);
        let answer = Answer { stamp, hash: Some(of_text(&text)), is_error: text.is_err() };
        self.note(Kind::Text, path.as_str(), answer);
        text
    }

    fn stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        let stamp = self.system.stamp(path);
        if stamp.is_some() {
            self.note(Kind::Text, path.as_str(), Answer { stamp, hash: None, is_error: false });
        }
        stamp
    }

    fn is_file(&self, path: &Utf8Path) -> bool {
        let is_file = self.system.is_file(path);
        self.note(Kind::IsFile, path.as_str(), Answer::of(of_truth(is_file)));
        is_file
    }

    fn is_directory(&self, path: &Utf8Path) -> bool {
        let is_directory = self.system.is_directory(path);
        self.note(Kind::IsDirectory, path.as_str(), Answer::of(of_truth(is_directory)));
        is_directory
    }

    fn read_directory(&self, path: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
        let entries = self.system.read_directory(path);
        self.note(Kind::Entries, path.as_str(), Answer::of(of_entries(&entries)));
        entries
    }

    fn canonicalize(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let real = self.system.canonicalize(path);
        self.note(Kind::RealPath, path.as_str(), Answer::of(of_path(&real)));
        real
    }

    fn env_var(&self, name: &str) -> Option<String> {
        let value = self.system.env_var(name);
        self.note(Kind::Variable, name, Answer::of(of_variable(value.as_deref())));
        value
    }

    fn cell_ends(&self, path: &Utf8Path) -> Vec<usize> {
        let ends = self.system.cell_ends(path);
        self.note(Kind::CellEnds, path.as_str(), Answer::of(of_cells(&ends)));
        ends
    }
}

impl Record {
    /// Asks all questions again, until one has another answer. Gives whether none has.
    #[must_use]
    pub fn holds(&mut self, system: &dyn System) -> bool {
        let Record { answers, reads, .. } = self;
        KINDS.iter().zip(answers).all(|(kind, answers)| {
            answers.iter_mut().all(|(subject, answer)| match kind {
                Kind::Text => is_same_text(system, Utf8Path::new(subject), answer, reads),
                _ => answer.hash == Some(ask(system, *kind, subject)),
            })
        })
    }

    /// The report, where it is the one on this program and request.
    #[must_use]
    pub fn report(&self, program: &Program, request: &Request<'_>) -> Option<&Report> {
        (self.of == subject(program, request)).then_some(&self.report)
    }
}

/// Whether a text is as it was. If it had to be read to tell, that is counted, and its stamp is noted for the next time.
fn is_same_text(system: &dyn System, path: &Utf8Path, answer: &mut Answer, reads: &mut usize) -> bool {
    let stamp = system.stamp(path);
    let is_as_it_was = stamp.is_some() && stamp == answer.stamp;
    if is_as_it_was && !answer.is_error {
        return true;
    }
    if answer.is_error && answer.stamp.is_some() && !is_as_it_was {
        return false;
    }
    let Some(hash) = answer.hash else { return false };
    *reads += usize::from(!answer.is_error);
    answer.stamp = stamp;
    hash == of_text(&system.read_to_string(path))
}

fn ask(system: &dyn System, kind: Kind, subject: &str) -> Stamp {
    let path = Utf8Path::new(subject);
    match kind {
        Kind::Text => of_text(&system.read_to_string(path)),
        Kind::IsFile => of_truth(system.is_file(path)),
        Kind::IsDirectory => of_truth(system.is_directory(path)),
        Kind::Entries => of_entries(&system.read_directory(path)),
        Kind::RealPath => of_path(&system.canonicalize(path)),
        Kind::Variable => of_variable(system.env_var(subject).as_deref()),
        Kind::CellEnds => of_cells(&system.cell_ends(path)),
    }
}

/// What a report is on: the settings, the files, and those of them that are reported on.
fn subject(program: &Program, request: &Request<'_>) -> Stamp {
    let reported = request.reported.iter();
    of_parts([program.described.as_str()].into_iter().chain(request.files.iter().chain(reported).map(|path| path.as_str())))
}

/// The hash of texts in their order.
fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Stamp {
    let mut hash = Xxh3::new();
    for part in parts {
        // With its length, so that no two lists run together.
        hash.update(&part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    Stamp(hash.digest128())
}

fn of_text(text: &io::Result<String>) -> Stamp {
    match text {
        Ok(text) => of_parts(["text", text]),
        Err(error) => of_parts(["error", &error.to_string()]),
    }
}

fn of_truth(is: bool) -> Stamp {
    Stamp(is.into())
}

fn of_entries(entries: &io::Result<Vec<Utf8PathBuf>>) -> Stamp {
    match entries {
        Ok(entries) => {
            let mut names: Vec<&str> = entries.iter().map(|path| path.as_str()).collect();
            names.sort_unstable();
            of_parts(names)
        }
        Err(_) => of_truth(false),
    }
}

fn of_path(path: &io::Result<Utf8PathBuf>) -> Stamp {
    of_parts(path.as_ref().ok().map(|path| path.as_str()))
}

fn of_variable(value: Option<&str>) -> Stamp {
    of_parts(value)
}

fn of_cells(ends: &[usize]) -> Stamp {
    Stamp::of(&ends.iter().map(|end| *end as u64).collect::<Vec<_>>())
}
