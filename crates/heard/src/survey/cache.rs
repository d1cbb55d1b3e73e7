//! What one run keeps on the disk for the next: the tables of a project's files, in the user's folder for caches.
//!
//! It may be gone, damaged, another build's or written by two runs at once, and it may be that nothing can be written:
//! then the files are read as if there were none. What it says of a file holds only as long as the file has the same
//! stamp, or else the same text.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use etcetera::BaseStrategy;
use heard_analysis::Tables;
use heard_analysis::system::Stamp;
use tempfile::NamedTempFile;

use crate::system;

/// The tables of projects that were not looked at for so long are removed.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Says so to programs that make backups: <https://bford.info/cachedir/>.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder holds what heard can make again.\n";

/// The place of what is kept for a project.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    file: PathBuf,
    /// The program that writes and reads it: another build makes other tables.
    program: Stamp,
}

impl Cache {
    /// The place for the project at `root`; none where the user has no folder for caches.
    pub(crate) fn of(root: &Utf8Path) -> Option<Self> {
        let folder = etcetera::choose_base_strategy().ok()?.cache_dir().join("heard");
        let (program, _) = system::identity(&std::env::current_exe().ok()?.metadata().ok()?)?;
        let file = folder.join(format!("{}.tables", Stamp::of_text(root.as_str())));
        Some(Cache { file, program })
    }

    /// Begins to read what is kept, while the caller does something else.
    pub(crate) fn read_ahead(&self) -> Ahead {
        let cache = self.clone();
        let reader = thread::Builder::new().name("heard: cache".to_owned()).spawn(move || cache.tables());
        Ahead { cache: self.clone(), reader: reader.ok() }
    }

    /// What is kept; nothing yet where there is nothing that can be used.
    fn tables(&self) -> Tables {
        fs::read(&self.file).ok().and_then(|bytes| Tables::from_bytes(self.program, bytes)).unwrap_or_default()
    }

    /// Keeps tables, where that is of use for the next run.
    pub(crate) fn keep(&self, tables: &Tables) {
        let Some(folder) = self.file.parent() else { return };
        if tables.are_worth_writing() {
            // Who reads the file at this moment reads the old one to its end.
            let _ = self.write(folder, tables).map(|()| clear(folder));
        } else {
            let _ = File::open(&self.file).and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    fn write(&self, folder: &Path, tables: &Tables) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let tag = folder.join("CACHEDIR.TAG");
        if !tag.exists() {
            fs::write(tag, TAG)?;
        }
        let mut out = BufWriter::new(NamedTempFile::new_in(folder)?);
        tables.write(self.program, &mut out)?;
        out.into_inner()?.persist(&self.file)?;
        Ok(())
    }
}

/// What is kept, and is being read.
#[derive(Debug)]
pub(crate) struct Ahead {
    cache: Cache,
    /// None where no thread can be had.
    reader: Option<JoinHandle<Tables>>,
}

impl Ahead {
    /// What is kept, once it has been read.
    pub(crate) fn tables(self) -> Tables {
        match self.reader {
            Some(reader) => reader.join().unwrap_or_default(),
            None => self.cache.tables(),
        }
    }
}

/// Removes what nobody has asked for in a long time: of projects that are gone, and of runs that were killed.
fn clear(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_old = |age: Duration| age > KEPT;
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|modified| modified.elapsed().ok());
        if age.is_some_and(is_old) && entry.file_name() != "CACHEDIR.TAG" {
            // Another run may have done so.
            let _ = fs::remove_file(entry.path());
        }
    }
}
