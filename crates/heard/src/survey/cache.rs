//! What one run keeps on the disk for the next, in the user's folder for caches: the tables of a project's files, and the
//! record of the last report.
//!
//! It may be gone, damaged, another build's or written by two runs at once, and it may be that nothing can be written:
//! then the files are read as if there were none. What it says of a file holds only as long as the file has the same
//! stamp, or else the same text.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use camino::Utf8Path;
use etcetera::BaseStrategy;
use heard_analysis::system::Stamp;
use heard_analysis::{Record, Tables};
use tempfile::NamedTempFile;

use crate::system::{self, Disk};

/// What is kept of projects that were not looked at for so long are removed.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Says so to programs that make backups: <https://bford.info/cachedir/>.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder holds what heard can make again.\n";

/// The place of what is kept for a project.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    tables: PathBuf,
    /// The file of the record, where there may be one.
    record: Option<PathBuf>,
    /// The program that writes and reads it: another build finds something else, and another user sees other files.
    program: Stamp,
}

impl Cache {
    /// The place for the project at `root`; none where the user has no folder for caches.
    pub(crate) fn of(root: &Utf8Path) -> Option<Self> {
        let folder = etcetera::choose_base_strategy().ok()?.cache_dir().join("heard");
        let (program, _) = system::identity(&std::env::current_exe().ok()?.metadata().ok()?)?;
        let program = Stamp::of_text(&format!("{program} {}", system::reader()));
        let tables = folder.join(format!("{}.tables", Stamp::of_text(root.as_str())));
        Some(Cache { tables, record: None, program })
    }

    /// The same for a run whose report may be put on record. `asked` is what the run was asked for, in words.
    pub(crate) fn with_record(self, asked: &str) -> Self {
        let name = format!("{} {asked}", self.tables.display());
        let record = self.tables.with_file_name(format!("{}.record", Stamp::of_text(&name)));
        Cache { record: Some(record), ..self }
    }

    /// Whether a report may be put on record.
    pub(crate) fn has_record(&self) -> bool {
        self.record.is_some()
    }

    /// Begins to read what is kept, while the caller does something else.
    pub(crate) fn read_ahead(&self, disk: &Disk) -> Ahead {
        let (cache, disk) = (self.clone(), disk.clone());
        let reader = thread::Builder::new().name("heard: cache".to_owned()).spawn(move || cache.kept(&disk));
        Ahead { cache: self.clone(), reader: reader.ok() }
    }

    fn kept(&self, disk: &Disk) -> Kept {
        self.recorded(disk).map_or_else(|| Kept::Tables(self.tables()), |record| Kept::Record(Box::new(record)))
    }

    /// The record, where all is as the check has seen it.
    fn recorded(&self, disk: &Disk) -> Option<Record> {
        let mut record = Record::from_bytes(self.program, &fs::read(self.record.as_ref()?).ok()?)?;
        record.holds(disk).then_some(record)
    }

    /// The tables that are kept; none yet where there is nothing that can be used.
    pub(crate) fn tables(&self) -> Tables {
        fs::read(&self.tables).ok().and_then(|bytes| Tables::from_bytes(self.program, bytes)).unwrap_or_default()
    }

    /// Keeps tables, where that is of use for the next run.
    pub(crate) fn keep(&self, tables: &Tables) {
        put(&self.tables, tables.are_worth_writing(), &|out| tables.write(self.program, out));
    }

    /// Keeps a record, where that is of use for the next run.
    pub(crate) fn keep_record(&self, record: &Record) {
        if let Some(file) = &self.record {
            put(file, record.is_worth_writing(), &|out| record.write(self.program, out));
            touch(&self.tables);
        }
    }
}

/// What is kept.
pub(crate) enum Kept {
    /// A report that a check would give at this moment, too.
    Record(Box<Record>),
    Tables(Tables),
}

/// What is kept, and is being read.
#[derive(Debug)]
pub(crate) struct Ahead {
    cache: Cache,
    /// None where no thread can be had.
    reader: Option<JoinHandle<Kept>>,
}

impl Ahead {
    /// What is kept, once it has been read.
    pub(crate) fn kept(self) -> Kept {
        self.reader.and_then(|reader| reader.join().ok()).unwrap_or_else(|| Kept::Tables(self.cache.tables()))
    }

    /// The tables that are kept.
    pub(crate) fn tables(self) -> Tables {
        let cache = self.cache.clone();
        match self.kept() {
            Kept::Tables(tables) => tables,
            Kept::Record(_) => cache.tables(),
        }
    }
}

/// Writes a file where there is something new to write. Else it is kept for some time more.
fn put(file: &Path, is_new: bool, write_to: &dyn Fn(&mut dyn Write) -> io::Result<()>) {
    let Some(folder) = file.parent() else { return };
    if is_new {
        // Who reads the file at this moment reads the old one to its end.
        let _ = write(folder, file, write_to).map(|()| clear(folder));
    } else {
        touch(file);
    }
}

fn write(folder: &Path, file: &Path, write_to: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let tag = folder.join("CACHEDIR.TAG");
    if !tag.exists() {
        fs::write(tag, TAG)?;
    }
    let mut out = BufWriter::new(NamedTempFile::new_in(folder)?);
    write_to(&mut out)?;
    out.into_inner()?.persist(file)?;
    Ok(())
}

/// Says that somebody has asked for a file.
fn touch(file: &Path) {
    let _ = File::open(file).and_then(|file| file.set_modified(SystemTime::now()));
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
