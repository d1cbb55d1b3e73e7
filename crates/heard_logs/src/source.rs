//! Files, folders, patterns and standard input; compressed files told by their content; rotated files read as one.

mod chain;
mod packed;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::partial::Partial;
use crate::scanner::Scanner;
use crate::window::Window;

/// A path that names nothing that can be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such file.
    #[error("`{0}`: no such file or folder")]
    Missing(String),
    /// No file has a name like this.
    #[error("`{0}` matches no file")]
    NoMatch(String),
    /// The pattern is none.
    #[error("`{0}` is not a pattern: {1}")]
    Pattern(String, glob::PatternError),
}

/// The files that these paths name: a folder stands for all files in it, a pattern for those that match.
///
/// # Errors
/// If a path names nothing.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, SourceError> {
    let mut files = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        if shown == "-" || path.is_file() {
            files.push(path.clone());
        } else if path.is_dir() {
            folder(path, &mut files);
        } else if path.exists() {
            files.push(path.clone());
        } else if shown.contains(['*', '?', '[']) {
            let found = glob::glob(&shown).map_err(|error| SourceError::Pattern(shown.clone(), error))?;
            let before = files.len();
            files.extend(found.flatten().filter(|path| path.is_file()));
            if files.len() == before {
                return Err(SourceError::NoMatch(shown));
            }
        } else {
            return Err(SourceError::Missing(shown));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

fn folder(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() && !entry.is_symlink() {
            folder(&entry, files);
        } else if entry.is_file() {
            files.push(entry);
        }
    }
}

/// Reads files, on so many threads; 0 is one a core. Files that were rotated are read as the one that they were.
#[must_use]
pub fn scan(files: &[PathBuf], window: &Window, threads: usize) -> Partial {
    let chains = chain::chains(files);
    let threads = if threads == 0 { thread::available_parallelism().map_or(1, usize::from) } else { threads };
    // Threads that have no file of their own read ahead for others.
    let is_ahead = threads > chains.len();
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Partial::default());
    thread::scope(|scope| {
        for _ in 0..threads.min(chains.len()) {
            scope.spawn(|| {
                while let Some(chain) = chains.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let partial = scan_chain(chain, window, is_ahead);
                    if let Ok(mut all) = all.lock() {
                        all.merge(partial);
                    }
                }
            });
        }
    });
    all.into_inner().unwrap_or_default()
}

fn scan_chain(chain: &[PathBuf], window: &Window, is_ahead: bool) -> Partial {
    let Some(first) = chain.first() else { return Partial::default() };
    let mut scanner = Scanner::new(&first.display().to_string(), window.clone());
    for file in chain {
        scanner.rename(&file.display().to_string());
        if let Err(error) = scan_file(&mut scanner, file, is_ahead) {
            scanner.trouble(&error);
        }
    }
    scanner.finish()
}

fn scan_file(scanner: &mut Scanner, path: &Path, is_ahead: bool) -> io::Result<()> {
    if path.as_os_str() == "-" {
        return scan_stream(scanner, io::stdin(), is_ahead);
    }
    scan_stream(scanner, File::open(path)?, is_ahead)
}

/// Reads a stream that may be compressed.
///
/// # Errors
/// What the stream says; what was read before counts.
fn scan_stream(scanner: &mut Scanner, stream: impl Read + Send, is_ahead: bool) -> io::Result<()> {
    let mut counted = packed::Counted { inner: stream, bytes: 0 };
    let result = packed::Packed::open(&mut counted)
        .and_then(|mut packed| if is_ahead { scanner.read_ahead(&mut packed) } else { scanner.read(&mut packed) });
    let bytes = counted.bytes;
    scanner.count_bytes(bytes);
    result
}
