//! `heard check --watch`: checks again whenever a file changes.

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::check;
use crate::cli::CheckArguments;
use crate::console::Console;
use crate::exit::Exit;

/// An editor writes a file in several steps, and a branch is many files.
const CALM: Duration = Duration::from_millis(100);

/// Checks, and checks again, until it is interrupted.
pub(crate) fn run(arguments: &CheckArguments, console: Console) -> io::Result<Exit> {
    let (sender, changes) = mpsc::channel();
    let told = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| is_of_interest(&event)) {
            // Nobody listens any more when the program ends.
            let _ = sender.send(());
        }
    };
    let mut watcher = match notify::recommended_watcher(told) {
        Ok(watcher) => watcher,
        Err(error) => return cannot(console, &error),
    };
    for path in &arguments.project.paths {
        if let Err(error) = watch(&mut watcher, path) {
            return cannot(console, &error);
        }
    }
    loop {
        check::once(arguments, console)?;
        console.summary("waiting for changes; Ctrl-C ends")?;
        if !wait(&changes) {
            return Ok(Exit::Clean);
        }
        console.summary("")?;
    }
}

/// Watches the folder of a file, too: an editor may put a new file in its place.
fn watch(watcher: &mut RecommendedWatcher, path: &Path) -> notify::Result<()> {
    if path.is_dir() {
        return watcher.watch(path, RecursiveMode::Recursive);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    watcher.watch(folder, RecursiveMode::NonRecursive)
}

/// Waits for a change, and until no more come.
fn wait(changes: &Receiver<()>) -> bool {
    if changes.recv().is_err() {
        return false;
    }
    while changes.recv_timeout(CALM).is_ok() {}
    true
}

/// Whether an event may change what is found: sources and settings that are written, made, moved or removed.
fn is_of_interest(event: &notify::Event) -> bool {
    let is_change = match event.kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        _ => false,
    };
    let is_named = |path: &Path| {
        let extension = path.extension().and_then(std::ffi::OsStr::to_str);
        matches!(extension, Some("py" | "pyi" | "pyw" | "ipynb" | "toml"))
    };
    is_change && event.paths.iter().any(|path| is_named(path))
}

fn cannot(console: Console, error: &notify::Error) -> io::Result<Exit> {
    console.error(format!("files cannot be watched: {error}"))?;
    Ok(Exit::Failure)
}
