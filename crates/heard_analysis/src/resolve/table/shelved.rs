//! A table that stays written down until somebody asks for it: of a large program, most are never asked for.

use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use super::FileTable;

/// The table of a file, made or written down.
#[derive(Debug)]
pub(crate) struct Shelved {
    table: OnceLock<FileTable>,
    /// Where it is not made yet.
    written: Option<Written>,
}

impl Shelved {
    /// A table in the form that `postcard` writes.
    pub(crate) fn of(written: Written) -> Self {
        Shelved { table: OnceLock::new(), written: Some(written) }
    }
}

impl From<FileTable> for Shelved {
    fn from(table: FileTable) -> Self {
        Shelved { table: table.into(), written: None }
    }
}

impl Deref for Shelved {
    type Target = FileTable;

    fn deref(&self) -> &FileTable {
        // What is kept on a disk has a checksum, so what is read here was written by this very program.
        let read = || self.written.as_ref().and_then(|written| postcard::from_bytes(written.bytes()).ok()).unwrap_or_default();
        self.table.get_or_init(read)
    }
}

/// A stretch of bytes, of which others may hold other stretches.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    all: Arc<Vec<u8>>,
    stretch: Range<usize>,
}

impl Written {
    /// All of some bytes.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let stretch = 0..bytes.len();
        Written { all: Arc::new(bytes), stretch }
    }

    /// A stretch of it, where it is that long.
    pub(crate) fn part(&self, stretch: Range<usize>) -> Option<Self> {
        let stretch = self.stretch.start.checked_add(stretch.start)?..self.stretch.start.checked_add(stretch.end)?;
        (stretch.start <= stretch.end && stretch.end <= self.stretch.end).then(|| Written { all: Arc::clone(&self.all), stretch })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.all[self.stretch.clone()]
    }
}
