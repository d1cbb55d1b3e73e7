//! The disk, as the analyser sees it. This is the only place where files are read.
//!
//! Python files are decoded as Python decodes them, and what no later stage could walk is refused
//! here, once for all of them. Nothing is ever written.

mod decode;

use std::any::Any;
use std::env::VarError;
use std::fs::File;
use std::io::{self, ErrorKind, Read};

use camino::Utf8Path;
use heard_analysis::limits;
use heard_analysis::system::{
    CommandExecutor, DirectoryEntry, Metadata, Notebook, NotebookError, OsSystem, System, SystemPath, SystemPathBuf, SystemVirtualPath,
    WalkDirectoryBuilder, WhichResult, WritableSystem,
};

/// Nobody writes such files; the parser's positions have 32 bits.
const LARGEST: u64 = 256 << 20;

/// The operating system's files, with Python sources decoded.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    os: OsSystem,
}

impl Disk {
    /// The disk as seen from the working directory `cwd`, which is absolute.
    pub(crate) fn new(cwd: &Utf8Path) -> Self {
        Disk { os: OsSystem::new(SystemPath::new(cwd)) }
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
        let mut bytes = Vec::new();
        open(path)?.read_to_end(&mut bytes)?;
        if !is_python(path) && !starts_like_script(&bytes) {
            return String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "is not UTF-8"));
        }
        let text = decode::decode(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        match limits::check(&text) {
            Ok(()) => Ok(text),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error.to_string())),
        }
    }

    fn path_metadata(&self, path: &SystemPath) -> io::Result<Metadata> {
        self.os.path_metadata(path)
    }

    fn canonicalize_path(&self, path: &SystemPath) -> io::Result<SystemPathBuf> {
        self.os.canonicalize_path(path)
    }

    fn is_same_file(&self, first: &SystemPath, second: &SystemPath) -> io::Result<bool> {
        self.os.is_same_file(first, second)
    }

    fn path_exists(&self, path: &SystemPath) -> bool {
        self.os.path_exists(path)
    }

    fn which(&self, binary_name: &str) -> WhichResult {
        self.os.which(binary_name)
    }

    fn command_executor(&self) -> Option<&dyn CommandExecutor> {
        self.os.command_executor()
    }

    fn read_to_notebook(&self, path: &SystemPath) -> Result<Notebook, NotebookError> {
        self.os.read_to_notebook(path)
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
