//! `heard logs --follow`: files that grow and are rotated while it runs.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long anything may take before it counts as stuck, however busy the machine is.
const STUCK: Duration = Duration::from_mins(2);

fn record(name: &str) -> String {
    format!("ERROR:asyncio:Task was destroyed but it is pending!\ntask: <Task pending name='T' coro=<{name}() done, defined at /a.py:3>>\n")
}

#[test]
fn a_rotated_file_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, record("first")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_heard"))
        .args(["logs", "--follow", "--output-format", "json", "a.log"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (send, lines) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    let next = || lines.recv_timeout(STUCK).expect("an incident is printed");
    assert!(next().contains("\"coroutine\":\"first\""));

    // The beginning of a line stands in the old file, and the rest in the new one.
    let second = record("second");
    let (begun, rest) = second.split_at(30);
    fs::OpenOptions::new().append(true).open(&log).unwrap().write_all(begun.as_bytes()).unwrap();
    fs::rename(&log, folder.path().join("a.log.1")).unwrap();
    fs::write(&log, rest).unwrap();
    assert!(next().contains("\"coroutine\":\"second\""));

    child.kill().unwrap();
    child.wait().unwrap();
    let _ = reader.join();
}
