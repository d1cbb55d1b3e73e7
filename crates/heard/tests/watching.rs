//! A check that goes on: the findings after each change.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use crate::tree::Tree;

/// How long the slowest machine may take for one check.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn a_change_is_checked_again() {
    let tree = Tree::new();
    tree.write("app.py", "async def send() -> None: ...\n");
    let arguments = ["check", "--watch", "--output-format", "concise", "."];
    let mut child = tree.heard().args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (sender, lines) = mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    // Every summary comes after a check, and the next change is made after it.
    let summary = || loop {
        let line = lines.recv_timeout(PATIENCE).expect("a line after each check");
        if line.contains("finding") {
            return line;
        }
    };
    assert_eq!(summary(), "no findings in 1 file");
    let faulty = "async def send() -> None: ...\n\n\nsend()\n";
    tree.write("app.py", faulty);
    // An event for the first half of what is written may come alone: what counts is where it ends.
    while summary() != "1 finding in 1 file (1 file checked); --fix --unsafe-fixes can mend 1" {}
    tree.write("other.py", faulty);
    while summary() != "2 findings in 2 files (2 files checked); --fix --unsafe-fixes can mend 2" {}
    tree.write("heard.toml", "ignore = [\"unawaited-coroutine\"]\n");
    while summary() != "no findings in 2 files" {}
    child.kill().unwrap();
    child.wait().unwrap();
}
