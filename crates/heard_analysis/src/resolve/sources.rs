//! The texts and the syntax trees of files: which of them are kept, for all threads and for each.
//!
//! A tree takes about ten times as much memory as its text. So the texts of a project are kept, and of the
//! trees those that are asked for again and again: of the modules that many others import.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use camino::Utf8Path;
use ruff_python_ast::{ModModule, PySourceType, Stmt};
use ruff_python_parser::{Parsed, parse_unchecked_source};
use ruff_source_file::LineIndex;
use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};

use super::index::FileId;
use super::resolver::Reads;
use super::scope;
use super::ty::Ty;
use crate::limits;

/// So many bytes of text are kept.
const MOST_TEXT: usize = 48 << 20;

/// Of so many bytes of text, the trees are kept for all threads.
const MOST_TREES: usize = 6 << 20;

/// A thread that holds the trees of more text than this lets go of them before the next file.
const MOST_HELD: usize = 1 << 20;

/// A file as text and as a syntax tree.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) text: Arc<str>,
    pub(crate) parsed: Parsed<ModModule>,
    lines: OnceLock<LineIndex>,
}

impl Source {
    /// Parses a text, which is refused where it nests so deep that no later stage could walk its tree.
    pub(super) fn of(text: Arc<str>, form: PySourceType) -> Result<Self, String> {
        limits::check(&text).map_err(|error| error.to_string())?;
        Ok(Source::again(text, form))
    }

    /// Parses a text that was parsed before.
    pub(super) fn again(text: Arc<str>, form: PySourceType) -> Self {
        let parsed = parse_unchecked_source(&text, form);
        Source { text, parsed, lines: OnceLock::new() }
    }

    pub(crate) fn body(&self) -> &[Stmt] {
        self.parsed.suite()
    }

    pub(crate) fn lines(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::from_source_text(&self.text))
    }
}

/// What is kept for all threads.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    texts: FxHashMap<Arc<Utf8Path>, Arc<str>>,
    size_of_texts: usize,
    /// The trees, and when each was asked for last.
    trees: FxHashMap<Arc<Utf8Path>, (Arc<Source>, u64)>,
    size_of_trees: usize,
    time: u64,
    /// The files that were parsed once more than for their tables.
    again: FxHashSet<Arc<Utf8Path>>,
}

impl Sources {
    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tree of a file, and else its text, as far as they are kept.
    pub(super) fn get(&self, path: &Utf8Path) -> (Option<Arc<Source>>, Option<Arc<str>>) {
        self.with(|kept| {
            kept.time += 1;
            let time = kept.time;
            let tree = kept.trees.get_mut(path).map(|(source, last)| {
                *last = time;
                Arc::clone(source)
            });
            let text = if tree.is_none() { kept.texts.get(path).cloned() } else { None };
            (tree, text)
        })
    }

    /// Lets go of a file whose text is another one now.
    pub(super) fn forget(&self, path: &Utf8Path) {
        self.with(|kept| {
            kept.size_of_texts -= kept.texts.remove(path).map_or(0, |text| text.len());
            kept.size_of_trees -= kept.trees.remove(path).map_or(0, |(source, _)| source.text.len());
        });
    }

    /// Keeps what the table of a file was made from, where there is room.
    pub(super) fn keep_first(&self, path: &Arc<Utf8Path>, source: &Arc<Source>) {
        let size = source.text.len();
        self.with(|kept| {
            if kept.size_of_texts + size <= MOST_TEXT && kept.texts.insert(Arc::clone(path), Arc::clone(&source.text)).is_none() {
                kept.size_of_texts += size;
            }
            if kept.size_of_trees + size <= MOST_TREES {
                kept.keep_tree(path, source);
            }
        });
    }

    /// Keeps the tree of a file that was parsed more than once since.
    pub(super) fn keep_again(&self, path: &Arc<Utf8Path>, source: &Arc<Source>) {
        if !self.with(|kept| kept.again.insert(Arc::clone(path))) {
            self.keep(path, source);
        }
    }

    /// Keeps the tree of a file, and lets go of others where there is no room.
    pub(super) fn keep(&self, path: &Arc<Utf8Path>, source: &Arc<Source>) {
        self.with(|kept| {
            if kept.size_of_trees + source.text.len() > MOST_TREES {
                kept.drop_half();
            }
            kept.keep_tree(path, source);
        });
    }
}

impl Kept {
    fn keep_tree(&mut self, path: &Arc<Utf8Path>, source: &Arc<Source>) {
        if self.trees.insert(Arc::clone(path), (Arc::clone(source), self.time)).is_none() {
            self.size_of_trees += source.text.len();
        }
    }

    /// Lets go of the trees that nobody has asked for in the longest time.
    fn drop_half(&mut self) {
        let mut times: Vec<u64> = self.trees.values().map(|(_, time)| *time).collect();
        let middle = times.len() / 2;
        if times.is_empty() {
            return;
        }
        let (_, &mut limit, _) = times.select_nth_unstable(middle);
        self.trees.retain(|_, (_, time)| *time > limit);
        self.size_of_trees = self.trees.values().map(|(source, _)| source.text.len()).sum();
    }
}

/// A file that a thread works with, and what is known of it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) path: Arc<Utf8Path>,
    pub(super) source: Arc<Source>,
    /// Its number, once there is a table of it.
    pub(super) file: OnceCell<FileId>,
    pub(super) scopes: scope::Known,
    /// What is known of its expressions, by where they stand, from declarations and from bodies.
    pub(super) known: RefCell<FxHashMap<(TextRange, Reads), Ty>>,
}

/// The files that a thread works with. More are added as they are asked for, and all go together.
#[derive(Default)]
pub(super) struct InHand {
    files: boxcar::Vec<Held>,
    places: RefCell<FxHashMap<Arc<Utf8Path>, usize>>,
    size: Cell<usize>,
}

impl InHand {
    pub(super) fn get(&self, path: &Utf8Path) -> Option<&Held> {
        let place = *self.places.borrow().get(path)?;
        self.files.get(place)
    }

    pub(super) fn hold(&self, path: Arc<Utf8Path>, source: Arc<Source>) -> &Held {
        self.size.set(self.size.get() + source.text.len());
        let (scopes, known) = (scope::Known::default(), RefCell::default());
        let place = self.files.push(Held { path: Arc::clone(&path), source, file: OnceCell::new(), scopes, known });
        self.places.borrow_mut().insert(path, place);
        &self.files[place]
    }

    /// Whether it is time to let go of them.
    pub(super) fn is_full(&self) -> bool {
        self.size.get() > MOST_HELD
    }
}
