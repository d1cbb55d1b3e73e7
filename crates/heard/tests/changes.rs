//! What git says has changed, and what is reported of it.

use std::path::Path;
use std::process::Command;

use crate::tree::{Run, Tree};

const BEFORE: &str = "\
async def send() -> None: ...


async def main() -> None:
    send()
";

/// The findings, one a line, with only what has changed reported.
fn changed(tree: &Tree, arguments: &[&str]) -> String {
    let mut command = tree.heard();
    command.env("PATH", std::env::var_os("PATH").unwrap()).args(["check", "--output-format", "concise", "--python-version", "3.12"]);
    let Run { stdout, stderr, .. } = Run::of(command.args(arguments));
    let places: Vec<&str> = stdout.lines().map(|line| line.split(": ").next().unwrap()).collect();
    if places.is_empty() { stderr } else { places.join(" ") }
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgSign=false"]);
    let output = command.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git is needed for this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with two files, one of which has changed on a branch, and a third that git does not know.
fn repository() -> Tree {
    let tree = Tree::new();
    tree.write("pyproject.toml", "");
    tree.write("sub/same.py", BEFORE);
    tree.write("sub/ü \"b.py", BEFORE);
    let root = tree.root();
    git(&root, &["init", "--quiet", "--initial-branch=trunk"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "--message=1"]);
    git(&root, &["checkout", "--quiet", "-b", "branch"]);
    tree.write("sub/ü \"b.py", format!("{BEFORE}    send()\n"));
    git(&root, &["commit", "--quiet", "--all", "--message=2"]);
    tree.write("new.py", BEFORE);
    tree
}

#[test]
fn only_files_that_differ_are_reported_on() {
    let tree = repository();
    assert_eq!(changed(&tree, &[]), "new.py:5:5 sub/same.py:5:5 sub/ü \"b.py:5:5 sub/ü \"b.py:6:5");
    assert_eq!(changed(&tree, &["--changed-since", "trunk"]), "new.py:5:5 sub/ü \"b.py:5:5 sub/ü \"b.py:6:5");
    assert_eq!(changed(&tree, &["--changed-since", "HEAD"]), "new.py:5:5");
    assert_eq!(changed(&tree, &["--changed-since", "trunk", "sub"]), "sub/ü \"b.py:5:5 sub/ü \"b.py:6:5");
}

#[test]
fn only_lines_that_differ_are_reported() {
    let tree = repository();
    assert_eq!(changed(&tree, &["--changed-since", "trunk", "--diff-only"]), "new.py:5:5 sub/ü \"b.py:6:5");
    assert_eq!(changed(&tree, &["--diff-only"]), "new.py:5:5");
    tree.write("sub/same.py", BEFORE.replace("async def main", "async def first() -> None:\n    send()\n\n\nasync def main"));
    assert_eq!(changed(&tree, &["--diff-only", "sub"]), "sub/same.py:5:5");
}

#[test]
fn what_others_have_done_meanwhile_does_not_count() {
    let tree = repository();
    let root = tree.root();
    git(&root, &["checkout", "--quiet", "trunk"]);
    tree.write("sub/same.py", format!("{BEFORE}    send()\n"));
    git(&root, &["commit", "--quiet", "--all", "--message=3"]);
    git(&root, &["checkout", "--quiet", "branch"]);
    assert_eq!(changed(&tree, &["--changed-since", "trunk", "sub"]), "sub/ü \"b.py:5:5 sub/ü \"b.py:6:5");
}

#[test]
fn no_repository_and_no_revision_are_errors() {
    let tree = repository();
    assert_eq!(
        changed(&tree, &["--changed-since", "nothing"]),
        "error: git knows no revision `nothing`: a shallow clone has to fetch it first\n"
    );
    assert_eq!(
        changed(&tree, &["--changed-since=--output=x"]),
        "error: git knows no revision `--output=x`: a shallow clone has to fetch it first\n"
    );
    let tree = Tree::new();
    tree.write("app.py", BEFORE);
    let said = changed(&tree, &["--diff-only"]);
    assert!(said.starts_with("error: git says: not a git repository"), "{said}");
}
