//! Files that are saved while they are checked: a check sees one text of each.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::system::{InMemorySystem, Stamp, System};
use heard_analysis::{Cancellation, Environment, Finding, Program, Request, Session, Settings, Tables, check};

const PATH: &str = "/shop/app.py";
const BEFORE: &str = "def work():\n    return 1\n\n\nasync def main():\n    work()\n";
const AFTER: &str = "import asyncio\n\n\nasync def work():\n    await asyncio.sleep(1)\n\n\nasync def main():\n    work()\n";

/// A disk on which somebody saves a file right after its stamp was asked for.
#[derive(Debug, Default)]
struct Busy {
    files: InMemorySystem,
    text: Mutex<&'static str>,
    is_saved_next: AtomicBool,
}

impl System for Busy {
    fn read_to_string(&self, path: &Utf8Path) -> io::Result<String> {
        if path == PATH { Ok((*self.text.lock().unwrap()).to_owned()) } else { self.files.read_to_string(path) }
    }

    fn stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        let mut text = self.text.lock().unwrap();
        let stamp = (path == PATH).then(|| Stamp::of_text(*text));
        if stamp.is_some() && self.is_saved_next.swap(false, Ordering::Relaxed) {
            *text = AFTER;
        }
        stamp
    }

    fn is_file(&self, path: &Utf8Path) -> bool {
        path == PATH || self.files.is_file(path)
    }

    fn is_directory(&self, path: &Utf8Path) -> bool {
        self.files.is_directory(path)
    }

    fn read_directory(&self, path: &Utf8Path) -> io::Result<Vec<Utf8PathBuf>> {
        self.files.read_directory(path)
    }

    fn canonicalize(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        if path == PATH { Ok(path.to_owned()) } else { self.files.canonicalize(path) }
    }

    fn env_var(&self, _: &str) -> Option<String> {
        None
    }

    fn cell_ends(&self, _: &Utf8Path) -> Vec<usize> {
        Vec::new()
    }
}

fn program(system: &Arc<Busy>, tables: &Arc<Tables>) -> Program {
    let settings =
        Settings { root: "/shop".into(), environment: Environment::None, tables: Some(Arc::clone(tables)), ..Settings::default() };
    Program::new(Arc::clone(system) as Arc<dyn System>, &settings).unwrap()
}

fn with_request<T>(work: impl FnOnce(&Request<'_>) -> T) -> T {
    let files = [Utf8PathBuf::from(PATH)];
    let request = Request {
        files: &files,
        reported: &files.iter().cloned().collect(),
        awaitables: false,
        migrations: false,
        threads: 1,
        cancellation: &Cancellation::default(),
        progress: &|| (),
    };
    work(&request)
}

fn found(system: &Arc<Busy>, tables: &Arc<Tables>) -> Vec<Finding> {
    with_request(|request| check(&program(system, tables), request)).findings
}

/// The disk, and tables that know of what stands on it.
fn warm(text: &'static str) -> (Arc<Busy>, Arc<Tables>) {
    let (system, tables) = (Arc::new(Busy { text: Mutex::new(text), ..Busy::default() }), Arc::default());
    found(&system, &tables);
    (system, tables)
}

#[test]
fn a_file_that_is_saved_meanwhile_is_checked_as_it_is_then() {
    let (after, fresh) = warm(AFTER);
    let wanted = found(&after, &fresh);
    assert_eq!(wanted.len(), 1, "the call of a coroutine function that nobody awaits");
    let (system, tables) = warm(BEFORE);
    system.is_saved_next.store(true, Ordering::Relaxed);
    assert_eq!(found(&system, &tables), wanted);
}

#[test]
fn a_session_tells_that_a_file_was_saved_meanwhile() {
    let (after, fresh) = warm(AFTER);
    let (system, tables) = warm(BEFORE);
    let mut session = Session::new(program(&system, &tables));
    system.is_saved_next.store(true, Ordering::Relaxed);
    with_request(|request| session.check(request));
    assert!(session.has_changed());
    session.take_in();
    let (report, _) = with_request(|request| session.check(request));
    assert!(!session.has_changed());
    assert_eq!(report.findings, found(&after, &fresh));
}
