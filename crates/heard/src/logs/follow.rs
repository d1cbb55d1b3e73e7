//! Files that grow: what is appended is read, and a file that takes the name of another is the next one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use heard_logs::{Partial, Report, Scanner, Window};

use super::table;
use crate::console::one_line;
use crate::exit::Exit;

const PAUSE: Duration = Duration::from_millis(250);

struct Followed {
    path: PathBuf,
    file: Option<File>,
    identity: Option<(u64, u64)>,
    read: u64,
    scanner: Scanner,
}

/// Follows the files until the program is ended.
pub(super) fn run(files: &[PathBuf], window: &Window, json: bool) -> io::Result<Exit> {
    let mut followed: Vec<Followed> = files.iter().map(|path| Followed::new(path, window)).collect();
    loop {
        for one in &mut followed {
            let partial = one.step()?;
            print(&partial, json)?;
        }
        thread::sleep(PAUSE);
    }
}

fn print(partial: &Partial, json: bool) -> io::Result<()> {
    let report = Report::of(partial);
    let mut out = anstream::stdout().lock();
    for entry in &report.incidents {
        let line = if json {
            serde_json::to_string(entry)?
        } else {
            let last = entry.last.as_deref().unwrap_or("-");
            let times = if entry.count == 1 { String::new() } else { format!(" ({} times)", entry.count) };
            one_line(&format!("{last}  {}  {}{times}  {}:{}", entry.kind, table::title(entry), entry.example.file, entry.example.line))
        };
        writeln!(out, "{line}")?;
    }
    out.flush()
}

impl Followed {
    fn new(path: &Path, window: &Window) -> Self {
        let scanner = Scanner::new(&path.display().to_string(), window.clone());
        Self { path: path.to_owned(), file: None, identity: None, read: 0, scanner }
    }

    /// Reads what has come, and gives what it tells.
    fn step(&mut self) -> io::Result<Partial> {
        let mut length = self.read_on()?;
        let known = fs::metadata(&self.path).ok();
        let is_other = known.as_ref().is_some_and(|known| self.identity != Some(identity(known)) || known.len() < self.read);
        if is_other {
            // The old file was read to its end above; a record that was cut goes on in the new one.
            self.file = File::open(&self.path).ok();
            self.identity = known.as_ref().map(identity);
            self.read = 0;
            length += self.read_on()?;
        }
        // While lines still come, a record may not be whole.
        Ok(if length == 0 { self.scanner.settle() } else { Partial::default() })
    }

    fn read_on(&mut self) -> io::Result<u64> {
        let Some(file) = &mut self.file else { return Ok(0) };
        let mut counted = Counted { file, bytes: 0 };
        self.scanner.read(&mut counted)?;
        self.read += counted.bytes;
        Ok(counted.bytes)
    }
}

struct Counted<'a> {
    file: &'a mut File,
    bytes: u64,
}

impl io::Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.bytes += length as u64;
        Ok(length)
    }
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    let created = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    (0, created.map_or(0, |age| u64::try_from(age.as_nanos()).unwrap_or(0)))
}
