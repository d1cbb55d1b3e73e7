//! The disk, as the analyser sees it. This is the only place where the project's files are read.
//!
//! Python files are decoded as Python decodes them. Files may be put over those of the disk: what comes on standard
//! input, what an editor has open, and changes that are tried before they are made.

mod decode;

pub(crate) use self::decode::{Coded, decode};

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
#[cfg(unix)]
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::system::{Notebook, NotebookError, Stamp, System};

use self::decode::refuse_null;

/// Nobody writes such files; the parser's positions have 32 bits.
const LARGEST: u64 = 256 << 20;

/// Some file systems note the time of a change in steps of two seconds.
const COARSEST_CLOCK: Duration = Duration::from_secs(3);

/// The operating system's files, with Python sources decoded.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    cwd: Utf8PathBuf,
    /// The files that are other than on the disk. Every clone sees the same.
    over: Arc<RwLock<HashMap<Utf8PathBuf, Over>>>,
}

/// A file that is put over the disk's.
#[derive(Clone, Debug)]
enum Over {
    Bytes(Arc<[u8]>),
    /// What is decoded already, whatever coding it declares.
    Text(Arc<str>),
}

impl Disk {
    /// The disk as seen from the working directory `cwd`, which is absolute.
    pub(crate) fn new(cwd: &Utf8Path) -> Self {
        Disk { cwd: cwd.to_owned(), over: Arc::default() }
    }

    /// Puts a file over the disk's, in front of all that is read from here on.
    pub(crate) fn put(&self, path: &Utf8Path, bytes: Vec<u8>) {
        self.put_over(path, Over::Bytes(bytes.into()));
    }

    /// The same with a text, which is what an editor has open.
    pub(crate) fn put_text(&self, path: &Utf8Path, text: Arc<str>) {
        self.put_over(path, Over::Text(text));
    }

    fn put_over(&self, path: &Utf8Path, over: Over) {
        self.over.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), over);
    }

    /// Takes away all files that were put over the disk's, but for those in `kept`.
    pub(crate) fn clear(&self, kept: &dyn Fn(&Utf8Path) -> bool) {
        self.over.write().unwrap_or_else(PoisonError::into_inner).retain(|path, _| kept(path));
    }

    /// Whether no file is other than on the disk.
    pub(crate) fn is_plain(&self) -> bool {
        self.over.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn over(&self, path: &Utf8Path) -> Option<Over> {
        self.over.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    /// The bytes of a regular file.
    pub(crate) fn bytes(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        match self.over(path) {
            Some(Over::Bytes(bytes)) => return Ok(bytes.to_vec()),
            Some(Over::Text(text)) => return Ok(text.as_bytes().to_vec()),
            None => {}
        }
        let (file, size) = open(path)?;
        // Of a file that nobody writes to just now, the size is known: asking for it again is saved so.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A notebook; one without cells where it is not Python's.
    pub(crate) fn notebook(&self, path: &Utf8Path) -> Result<Notebook, NotebookError> {
        let text = String::from_utf8(self.bytes(path)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "is not UTF-8"))?;
        let notebook = Notebook::from_source_code(&text)?;
        if !notebook.is_python_notebook() {
            return Ok(Notebook::empty());
        }
        Ok(notebook)
    }

    /// The text of a file: a Python file's is decoded, any other is UTF-8.
    pub(crate) fn read(&self, path: &Utf8Path) -> io::Result<String> {
        self.read_to_string(path)
    }
}

/// Whether a file without a telling name starts like a Python script.
pub(crate) fn is_script(path: &Utf8Path) -> bool {
    let mut start = Vec::new();
    open(path).and_then(|(file, _)| file.take(128).read_to_end(&mut start)).is_ok() && starts_like_script(&start)
}

/// The stamp of a file on the disk; none where it has changed so lately that its next change might be noted at the same
/// time.
fn stamp(path: &Utf8Path) -> Option<Stamp> {
    let (stamp, changed) = identity(&path.metadata().ok()?)?;
    changed.elapsed().is_ok_and(|age| age > COARSEST_CLOCK).then_some(stamp)
}

/// What tells a file, as it is, from all others and from what it was before, and when it changed; none where the system
/// does not note each change.
#[cfg(unix)]
pub(crate) fn identity(metadata: &Metadata) -> Option<(Stamp, SystemTime)> {
    // Nobody can set the time of the last change of the entry itself, as one can that of the text.
    let times = [metadata.ctime(), metadata.ctime_nsec(), metadata.mtime(), metadata.mtime_nsec()].map(i64::cast_unsigned);
    let stamp = Stamp::of(&[&[metadata.dev(), metadata.ino(), metadata.len()][..], &times].concat());
    Some((stamp, SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(metadata.ctime()).ok()?)))
}

#[cfg(not(unix))]
pub(crate) fn identity(_: &Metadata) -> Option<(Stamp, SystemTime)> {
    None
}

/// Who reads, in words: what one may read, another may not.
#[cfg(unix)]
pub(crate) fn reader() -> String {
    use rustix::process::{getegid, geteuid, getgroups};
    format!("{:?} {:?} {:?}", geteuid(), getegid(), getgroups().ok())
}

#[cfg(not(unix))]
pub(crate) fn reader() -> String {
    String::new()
}

/// Opens a regular file, and tells its size. To open a pipe would wait for a writer that may never come.
fn open(path: &Utf8Path) -> io::Result<(File, u64)> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "is not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("is larger than {} MB", LARGEST >> 20)));
    }
    Ok((File::open(path)?, metadata.len()))
}

fn starts_like_script(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"#!") && line.windows(6).any(|word| word == b"python")
}

fn is_python(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("py" | "pyi" | "pyw"))
}

impl System for Disk {
    fn read_to_string(&self, path: &Utf8Path) -> io::Result<String> {
        if path.extension() == Some("ipynb") {
            let notebook = self.notebook(path).map_err(|error| match error {
                NotebookError::Io(error) => error,
                error => io::Error::new(ErrorKind::InvalidData, error.to_string()),
            })?;
            return Ok(notebook.source_code().to_owned());
        }
        if let Some(Over::Text(text)) = self.over(path) {
            refuse_null(text.as_bytes()).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            return Ok(text.to_string());
        }
        let bytes = self.bytes(path)?;
        if !is_python(path) && !starts_like_script(&bytes) {
            return String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "is not UTF-8"));
        }
        let (text, _) = decode(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        Ok(text)
    }

    fn stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        if self.over(path).is_some() { None } else { stamp(path) }
    }

    fn is_file(&self, path: &Utf8Path) -> bool {
        self.over(path).is_some() || self.cwd.join(path).is_file()
    }

    fn is_directory(&self, path: &Utf8Path) -> bool {
        self.cwd.join(path).is_dir()
    }

    fn read_directory(&self, path: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
        let entries = self.cwd.join(path).read_dir_utf8()?;
        // What has no Unicode name cannot be imported, and what Python keeps of its own comes and goes.
        let paths = entries.flatten().map(camino::Utf8DirEntry::into_path);
        Ok(paths.filter(|path| path.file_name() != Some("__pycache__")).collect())
    }

    fn canonicalize(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        self.cwd.join(path).canonicalize_utf8()
    }

    fn env_var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn cell_ends(&self, path: &Utf8Path) -> Vec<usize> {
        let Ok(notebook) = self.notebook(path) else { return Vec::new() };
        notebook.cell_offsets().ranges().map(|cell| usize::from(cell.end())).collect()
    }
}
