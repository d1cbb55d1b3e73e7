//! The disk, as the analyser sees it. This is the only place where files are read.
//!
//! Python files are decoded as Python decodes them, and what no later stage could walk is refused
//! here, once for all of them. Nothing is ever written. Files may be put over those of the disk: what comes on standard
//! input, and changes that are tried before they are made.

mod decode;

pub(crate) use self::decode::{Coded, decode};

use std::any::Any;
use std::collections::HashMap;
use std::env::VarError;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::limits;
use heard_analysis::system::{
    CommandExecutor, DirectoryEntry, FileRevision, FileType, Metadata, Notebook, NotebookError, OsSystem, System, SystemPath,
    SystemPathBuf, SystemVirtualPath, WalkDirectoryBuilder, WhichResult, WritableSystem,
};

/// Nobody writes such files; the parser's positions have 32 bits.
const LARGEST: u64 = 256 << 20;

/// The operating system's files, with Python sources decoded.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    os: OsSystem,
    /// The bytes of files that are other than on the disk.
    over: HashMap<Utf8PathBuf, Arc<[u8]>>,
}

impl Disk {
    /// The disk as seen from the working directory `cwd`, which is absolute.
    pub(crate) fn new(cwd: &Utf8Path) -> Self {
        Disk { os: OsSystem::new(SystemPath::new(cwd)), over: HashMap::new() }
    }

    /// Puts a file over the disk's, in front of all that is read from here on.
    pub(crate) fn put(&mut self, path: &Utf8Path, bytes: Vec<u8>) {
        self.over.insert(path.to_owned(), bytes.into());
    }

    /// Takes away all files that were put over the disk's, but for those in `kept`.
    pub(crate) fn clear(&mut self, kept: &dyn Fn(&Utf8Path) -> bool) {
        self.over.retain(|path, _| kept(path));
    }

    /// The bytes of a regular file.
    pub(crate) fn bytes(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        if let Some(bytes) = self.over.get(path) {
            return Ok(bytes.to_vec());
        }
        let mut bytes = Vec::new();
        open(path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A notebook, refused where its code nests too deep.
    pub(crate) fn notebook(&self, path: &Utf8Path) -> Result<Notebook, NotebookError> {
        let text = String::from_utf8(self.bytes(path)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "is not UTF-8"))?;
        let notebook = Notebook::from_source_code(&text)?;
        if !notebook.is_python_notebook() {
            return Ok(Notebook::empty());
        }
        limits::check(notebook.source_code()).map_err(|error| io::Error::new(ErrorKind::InvalidData, error.to_string()))?;
        Ok(notebook)
    }

    /// The text of a file: a Python file's is decoded, any other is UTF-8.
    pub(crate) fn read(&self, path: &Utf8Path) -> io::Result<String> {
        self.read_to_string(SystemPath::new(path))
    }
}

/// Whether a file without a telling name starts like a Python script.
pub(crate) fn is_script(path: &Utf8Path) -> bool {
    let mut start = Vec::new();
    open(path).and_then(|file| file.take(128).read_to_end(&mut start)).is_ok() && starts_like_script(&start)
}

/// Opens a regular file. To open a pipe would wait for a writer that may never come.
fn open(path: &Utf8Path) -> io::Result<File> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "is not a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("is larger than {} MB", LARGEST >> 20)));
    }
    File::open(path)
}

fn starts_like_script(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"#!") && line.windows(6).any(|word| word == b"python")
}

fn is_python(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("py" | "pyi" | "pyw"))
}

impl System for Disk {
    fn read_to_string(&self, path: &SystemPath) -> io::Result<String> {
        let path = path.as_utf8_path();
        let bytes = self.bytes(path)?;
        if !is_python(path) && !starts_like_script(&bytes) {
            return String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "is not UTF-8"));
        }
        let (text, _) = decode(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        match limits::check(&text) {
            Ok(()) => Ok(text),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error.to_string())),
        }
    }

    fn path_metadata(&self, path: &SystemPath) -> io::Result<Metadata> {
        match self.over.get(path.as_utf8_path()) {
            // Nobody asks for a second revision: a change is a new disk.
            Some(bytes) => Ok(Metadata::new(FileRevision::new(bytes.len() as u128), None, FileType::File)),
            None => self.os.path_metadata(path),
        }
    }

    fn canonicalize_path(&self, path: &SystemPath) -> io::Result<SystemPathBuf> {
        self.os.canonicalize_path(path)
    }

    fn is_same_file(&self, first: &SystemPath, second: &SystemPath) -> io::Result<bool> {
        self.os.is_same_file(first, second)
    }

    fn path_exists(&self, path: &SystemPath) -> bool {
        self.over.contains_key(path.as_utf8_path()) || self.os.path_exists(path)
    }

    fn which(&self, binary_name: &str) -> WhichResult {
        self.os.which(binary_name)
    }

    fn command_executor(&self) -> Option<&dyn CommandExecutor> {
        self.os.command_executor()
    }

    fn read_to_notebook(&self, path: &SystemPath) -> Result<Notebook, NotebookError> {
        self.notebook(path.as_utf8_path())
    }

    fn read_virtual_path_to_string(&self, path: &SystemVirtualPath) -> io::Result<String> {
        self.os.read_virtual_path_to_string(path)
    }

    fn read_virtual_path_to_notebook(&self, path: &SystemVirtualPath) -> Result<Notebook, NotebookError> {
        self.os.read_virtual_path_to_notebook(path)
    }

    fn current_directory(&self) -> &SystemPath {
        self.os.current_directory()
    }

    fn user_config_directory(&self) -> Option<SystemPathBuf> {
        self.os.user_config_directory()
    }

    fn cache_dir(&self) -> Option<SystemPathBuf> {
        None
    }

    fn read_directory<'a>(&'a self, path: &SystemPath) -> io::Result<Box<dyn Iterator<Item = io::Result<DirectoryEntry>> + 'a>> {
        System::read_directory(&self.os, path)
    }

    fn walk_directory(&self, path: &SystemPath) -> WalkDirectoryBuilder {
        self.os.walk_directory(path)
    }

    fn env_var(&self, name: &str) -> Result<String, VarError> {
        self.os.env_var(name)
    }

    fn as_writable(&self) -> Option<&dyn WritableSystem> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn dyn_clone(&self) -> Box<dyn System> {
        Box::new(self.clone())
    }
}
