//! Checks of one program again and again, while its texts change under an editor's keys.
//!
//! What was read stays until it changes, and the table of a file is taken for its new one. What a check finds rests on
//! the files and names that it asked about, its [`Basis`]: as long as a [`Change`] is about none of them, a new check
//! would find the same.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use ruff_python_ast::name::Name;
use rustc_hash::FxHashSet;

use crate::check::{Base, Report, Request};
use crate::facts::Names;
use crate::program::{Database, Program};
use crate::resolve::FileId;
use crate::workers::for_each_file;

/// A program that is checked again and again. Its files and its settings stay the same: where they do not, another
/// session begins.
pub struct Session {
    program: Program,
    /// What is known of the program as it was when texts were taken in last.
    known: Option<Known>,
    /// The files whose texts changed since.
    changed: BTreeSet<Utf8PathBuf>,
}

struct Known {
    base: Base,
    /// What each file of the index tells by itself.
    names: Vec<Arc<Names>>,
}

/// What new texts may make a difference to.
#[derive(Debug, Default)]
pub struct Change {
    files: FxHashSet<FileId>,
    /// The names whose places changed.
    names: FxHashSet<Name>,
    is_everything: bool,
}

/// What the findings of a check rest on.
#[derive(Debug, Default)]
pub struct Basis {
    files: FxHashSet<FileId>,
    names: FxHashSet<Name>,
}

impl Basis {
    /// Whether the findings are those of a new check, too.
    #[must_use]
    pub fn outlasts(&self, change: &Change) -> bool {
        !change.is_everything && self.files.is_disjoint(&change.files) && self.names.is_disjoint(&change.names)
    }
}

impl Session {
    /// Makes a session of a program of which nothing has been read.
    #[must_use]
    pub fn new(program: Program) -> Self {
        Session { program, known: None, changed: BTreeSet::new() }
    }

    /// The text of a file is another one, or no text any more. Files that the program does not have do not matter.
    pub fn change(&mut self, path: &Utf8Path) {
        self.changed.insert(path.to_owned());
    }

    /// Whether texts changed that were not taken in.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whether the program was read, so that a check costs no more than the files that it reports on.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.known.is_some()
    }

    /// Takes in the texts that changed, and tells what that may make a difference to.
    pub fn take_in(&mut self) -> Change {
        let changed = mem::take(&mut self.changed);
        if let Some(change) = self.known.as_mut().and_then(|known| known.take_in(&mut self.program, changed)) {
            return change;
        }
        self.known = None;
        self.program.forget();
        Change { is_everything: true, ..Change::default() }
    }

    /// Checks the program as it was when texts were taken in last. The files of `request` are always the same. Where the
    /// request was cancelled, or texts turned out to be others meanwhile ([`Session::has_changed`]), what comes of it means
    /// nothing.
    pub fn check(&mut self, request: &Request<'_>) -> (Report, Basis) {
        let known = match &mut self.known {
            Some(known) => known,
            None => match Base::read(&self.program, request, true) {
                Ok((base, names)) => self.known.insert(Known { base, names }),
                Err(unknown) => return (Report { unknown, ..Report::default() }, Basis::default()),
            },
        };
        // Answers that are known already would hide what they rest on.
        known.base.index.forget();
        let files = &self.program.shared.files;
        files.forget_reads();
        let report = known.base.check(&self.program, request);
        self.changed.extend(self.program.shared.take_torn().iter().map(|path| path.to_path_buf()));
        (report, Basis { files: files.reads(), names: known.base.index.asked() })
    }
}

impl Known {
    /// Takes in the texts that changed; `None` where so much is different that all has to be read anew.
    fn take_in(&mut self, program: &mut Program, changed: BTreeSet<Utf8PathBuf>) -> Option<Change> {
        let is_concerned = |path: &Utf8PathBuf| program.shared.files.find(path).is_some() || self.base.is_unread(path);
        let changed: Vec<Utf8PathBuf> = changed.into_iter().filter(is_concerned).collect();
        let read = {
            let db = Database::new(&program.shared);
            for_each_file(&db, &changed, 1, |db, _, path| db.told_anew(&Arc::from(path)), &|| ())
        };
        let mut change = Change::default();
        let mut is_outside_concerned = false;
        for (path, told) in changed.iter().zip(read) {
            // A file that could not be read before, or cannot be read now, is no module, or was none.
            let (Ok(Ok(told)), Some(place)) = (told, self.base.index.file(path)) else { return None };
            let shared = Arc::get_mut(&mut program.shared)?;
            let file = shared.files.find(path)?;
            shared.files.replace(file, told.table);
            change.files.insert(file);
            let old = mem::replace(&mut self.names[place], told.names);
            is_outside_concerned |= self.base.outside.is_concerned(&old, &self.names[place], &self.names);
            if *old != *self.names[place] {
                let delta = self.base.index.replace(place, &old, &self.names);
                change.names.extend(delta.mentions);
                change.is_everything |= delta.is_more;
            }
        }
        if is_outside_concerned {
            change.is_everything |= self.base.look_outside(program, &self.names).ok()?;
        }
        Some(change)
    }
}
