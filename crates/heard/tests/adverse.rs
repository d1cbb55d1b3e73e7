//! What Markdown cannot say: signals, closed pipes, odd names, links, other codings.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use signal_hook::consts::SIGINT;

use crate::tree::{Run, Tree};

const FAULTY: &str = "async def send() -> None: ...\n\n\nsend()\n";

/// The concise findings of `heard check .`, and what is said beside them.
fn concise(tree: &Tree) -> Run {
    tree.check(&["--output-format", "concise"])
}

fn paths(run: &Run) -> Vec<&str> {
    run.stdout.lines().filter_map(|line| line.split(':').next()).collect()
}

#[test]
fn a_closed_pipe_ends_the_run_quietly() {
    let tree = Tree::new();
    tree.write("app.py", FAULTY.to_owned() + &"send()\n".repeat(1_500));
    for format in ["text", "concise", "json-lines"] {
        let mut child =
            tree.heard().args(["check", "--output-format", format]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (Some(141), ""), "{format}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let tree = Tree::new();
    tree.write("app.py", FAULTY);
    let run = Run::of(tree.heard().arg("check").stdout(Stdio::from(full)));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.starts_with("error: cannot write the output: "), "{}", run.stderr);
}

/// Ctrl-C ends the program at once, and no half line is left behind. The signal is sent at many
/// moments, so that some of them fall into the analysis and some into the output.
#[test]
fn an_interrupt_ends_the_run_at_once() {
    // What is ignored here, as in a background job of a shell, is ignored in new programs too; what is caught is not.
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::new(AtomicBool::new(true))).unwrap();
    let tree = Tree::new();
    for number in 0..60 {
        tree.write(&format!("app{number}.py"), FAULTY.to_owned() + &"send()\n".repeat(40));
    }
    let mut interrupted = 0;
    for delay in (0..12).map(|step| Duration::from_millis(5 * step * step)) {
        let child =
            tree.heard().args(["check", "--output-format", "json-lines"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(delay);
        let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).output().unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{:?}", text.lines().last());
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!errors.contains("panic") && !errors.contains("bug"), "{errors}");
        if output.status.signal() == Some(2) {
            interrupted += 1;
        } else {
            assert_eq!(output.status.code(), Some(1), "it was done before: {signal:?} {errors}");
        }
    }
    assert!(interrupted > 0);
}

#[test]
fn a_name_that_is_not_unicode_is_skipped() {
    let tree = Tree::new();
    tree.write("app.py", FAULTY);
    let root = tree.root();
    if fs::write(root.join(OsStr::from_bytes(b"caf\xe9.py")), FAULTY).is_err() {
        return; // This file system has Unicode names only.
    }
    fs::create_dir(root.join(OsStr::from_bytes(b"data\xff"))).unwrap();
    let run = concise(&tree);
    assert_eq!(paths(&run), ["app.py"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error: caf\u{fffd}.py: has a name that is not Unicode; it is not checked\n"), "{}", run.stderr);

    let run = Run::of(tree.heard().arg("check").arg(OsStr::from_bytes(b"caf\xe9.py")));
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(2), "error: caf\u{fffd}.py: the name is not Unicode, and heard works with such names only\n")
    );
}

#[test]
fn names_with_control_characters_do_not_reach_the_terminal() {
    let tree = Tree::new();
    tree.write("a\u{1b}[31m\nb.py", FAULTY);
    tree.write("\u{1b}c.py", "x\0");
    for format in ["text", "concise", "json-lines"] {
        let run = tree.check(&["--output-format", format]);
        assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run:?}");
        assert!(run.stdout.contains("31m"), "{run:?}");
    }
}

#[test]
fn links_are_followed_but_nothing_is_read_twice() {
    let tree = Tree::new();
    let outside = Tree::new();
    outside.write("shared/names.py", FAULTY);
    outside.write("single.py", FAULTY);
    let root = tree.root();
    tree.write("pyproject.toml", "");
    tree.write("app/main.py", FAULTY);
    tree.write("releases/1/app.py", FAULTY);
    symlink(outside.root().join("shared"), root.join("shared")).unwrap();
    symlink(outside.root().join("single.py"), root.join("single.py")).unwrap();
    symlink(root.join("releases/1"), root.join("current")).unwrap();
    symlink(root.join("app/main.py"), root.join("alias.py")).unwrap();
    let run = concise(&tree);
    assert_eq!(paths(&run), ["app/main.py", "releases/1/app.py", "shared/names.py", "single.py"], "{run:?}");
    assert_eq!(run.code, Some(1));
    // Who names the link means what it leads to.
    assert_eq!(paths(&tree.check(&["--output-format", "concise", "current"])), ["releases/1/app.py"]);
    assert_eq!(paths(&tree.check(&["--output-format", "concise", "alias.py"])), ["app/main.py"]);
    assert_eq!(paths(&tree.check(&["--output-format", "concise", "shared/names.py"])), ["shared/names.py"]);
}

#[test]
fn links_that_go_round_are_no_trouble() {
    let tree = Tree::new();
    let root = tree.root();
    tree.write("app.py", FAULTY);
    symlink(".", root.join("self")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("round", root.join("round")).unwrap();
    symlink("round.py", root.join("round.py")).unwrap();
    for number in 0..12 {
        let folder = root.join(format!("folder{number}"));
        fs::create_dir(&folder).unwrap();
        for other in 0..12 {
            symlink(format!("../folder{other}"), folder.join(format!("to{other}"))).unwrap();
        }
    }
    let run = concise(&tree);
    assert_eq!(paths(&run), ["app.py"]);
    let warnings: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("warning") || line.starts_with("error")).collect();
    assert_eq!(warnings.len(), 2, "{}", run.stderr);
    assert!(warnings[0].starts_with("error: round.py: is a link that leads nowhere: "), "{}", warnings[0]);
    assert_eq!(warnings[1], "warning: up: is a link to a folder around it; it is not followed");
}

#[test]
fn a_link_that_leads_nowhere_could_not_be_checked() {
    let tree = Tree::new();
    tree.write("app.py", FAULTY);
    symlink("missing", tree.root().join("gone.py")).unwrap();
    symlink("missing", tree.root().join("gone.txt")).unwrap();
    let run = concise(&tree);
    assert_eq!((paths(&run), run.code), (vec!["app.py"], Some(2)));
    assert!(run.stderr.starts_with("error: gone.py: is a link that leads nowhere: "), "{}", run.stderr);
    // What is not asked about does no harm.
    assert_eq!(tree.check(&["app.py"]).code, Some(1));
    assert_eq!(tree.check(&["gone.py"]).stderr, "error: gone.py: there is no such file or folder\n");
}

/// The rights of a file mean nothing to root, so this uses what root cannot read either.
#[test]
fn what_is_no_regular_file_is_not_read() {
    let tree = Tree::new();
    tree.write("app.py", FAULTY);
    tree.write("folder.py/inner.py", FAULTY);
    let pipe = tree.root().join("pipe.py");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("pipe.py", tree.root().join("link.py")).unwrap();
    let run = concise(&tree);
    assert_eq!((paths(&run), run.code), (vec!["app.py", "folder.py/inner.py"], Some(1)), "{run:?}");
    let run = tree.check(&["pipe.py"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), "error: pipe.py: is neither a file nor a folder\n"));
}

#[test]
fn sources_are_decoded_as_python_does_it() {
    let tree = Tree::new();
    tree.write("mark.py", [b"\xef\xbb\xbf", FAULTY.as_bytes()].concat());
    tree.write("latin.py", [b"# coding: latin-1\n# caf\xe9\n", FAULTY.as_bytes()].concat());
    tree.write("windows.py", FAULTY.replace('\n', "\r\n"));
    tree.write("mac.py", FAULTY.replace('\n', "\r"));
    let run = concise(&tree);
    assert_eq!(run.code, Some(1), "{run:?}");
    let places: Vec<_> = run.stdout.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["latin.py:6:1", "mac.py:4:1", "mark.py:4:1", "windows.py:4:1"]);
    let text = tree.check(&[]).stdout;
    assert_eq!(text.lines().filter(|line| line.ends_with("| send()")).count(), 4, "{text}");

    for (name, bytes, reason) in [
        ("nul.py", b"x = 1\n\0".as_slice(), "contains null bytes, which Python refuses (the first in line 2)"),
        ("bytes.py", b"x = 1\ny = '\xff'", "line 2 is not UTF-8 (byte 0xff), and the file declares no other coding"),
        ("rot.py", b"# coding: rot13\n", "declares the coding `rot13`, which heard cannot read: save the file as UTF-8"),
        ("ascii.py", b"# coding: ascii\n# \xc3\xa9", "is not in the coding that it declares, `ascii`"),
    ] {
        tree.write(name, bytes);
        let run = tree.check(&[name]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(run.stderr.starts_with(&format!("error: {name}: ")) && run.stderr.contains(reason), "{}", run.stderr);
        assert!(run.stderr.ends_with("no findings in 0 files; 1 file could not be checked\n"), "{}", run.stderr);
    }
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let tree = Tree::new();
    for number in 0..20 {
        tree.write(&format!("app{number}.py"), FAULTY.repeat(number));
    }
    let one = tree.check(&["--threads", "1", "--output-format", "json-lines"]).stdout;
    assert_eq!(one.lines().count(), 190);
    assert_eq!(tree.check(&["--threads", "3", "--output-format", "json-lines"]).stdout, one);
    assert_eq!(tree.check(&["--output-format", "json-lines"]).stdout, one);
    let audit = |threads| Run::of(tree.heard().args(["audit", "--output-format", "json", "--threads", threads])).stdout;
    assert!(audit("1").lines().count() > 190);
    assert_eq!(audit("3"), audit("1"));
}

#[test]
fn the_catalogue_as_json() {
    let tree = Tree::new();
    let list = Run::of(tree.heard().arg("rule"));
    let json = Run::of(tree.heard().args(["rule", "--json"]));
    assert_eq!((list.code, json.code), (Some(0), Some(0)));
    let rules: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let rules = rules.as_array().unwrap();
    assert!(!rules.is_empty());
    for (line, rule) in list.stdout.lines().zip(rules) {
        let text = |key: &str| rule[key].as_str().unwrap();
        assert!(["default", "strict", "preview"].contains(&text("level")));
        assert!(line.starts_with(text("name")) && line.contains(text("level")) && line.ends_with(text("summary")), "{line}");
        let page = Run::of(tree.heard().args(["rule", text("name")]));
        assert_eq!(page.stdout.trim_end(), text("page").trim_end());
        assert!(page.stdout.starts_with(&format!("# {}\n", text("name"))));
    }
    assert_eq!(list.stdout.lines().count(), rules.len());
}

/// The help is the reference of the command line: it must name every exit code and option.
#[test]
fn help_is_complete() {
    let tree = Tree::new();
    let run = Run::of(tree.heard().args(["check", "--help"]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for word in
        ["Exit code: 0", "--output-format", "json-lines", "--level", "--select", "--python", "--exclude", "--report-unknown", "undecided"]
    {
        assert!(run.stdout.contains(word), "{word}");
    }
    let run = Run::of(tree.heard().args(["audit", "--help"]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for word in ["Exit code: 0", "--kind", "thread-future", "--output-format", "json", "--python", "--exclude", "--threads", "unknown"] {
        assert!(run.stdout.contains(word), "{word}");
    }
    let mut bytes = Vec::new();
    let mut child = tree.heard().arg("--help").stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.take().unwrap().read_to_end(&mut bytes).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_environment_around_the_python_on_the_path_is_used() {
    let tree = Tree::new();
    tree.write("app.py", "import mailer\n\nmailer.send()\n");
    tree.write("tools/pyvenv.cfg", "home = /usr/bin\nversion_info = 3.12.1\n");
    tree.write("tools/lib/python3.12/site-packages/mailer.py", "async def send() -> None: ...\n");
    // It answers as Python does with `-S`: a virtual environment knows its executable, and not its prefix.
    let executable = tree.root().join("tools/bin/python3");
    let answer = format!("#!/bin/sh\necho {}\necho /usr\n", executable.display());
    let python = tree.write("tools/bin/python3", answer);
    fs::set_permissions(python, fs::Permissions::from_mode(0o755)).unwrap();
    let run = Run::of(tree.heard().args(["check", "--output-format", "concise"]).env("PATH", tree.root().join("tools/bin")));
    assert!(run.stdout.starts_with("app.py:3:1: error[unawaited-coroutine]"), "{run:?}");
}

/// Fixed files keep their coding, their byte order mark, their line ends and their permissions; a link stays one.
#[test]
fn a_fixed_file_keeps_its_form() {
    let files: [(&str, &[u8], &[u8]); 3] = [
        (
            "crlf.py",
            b"\xef\xbb\xbfasync def f(): ...\r\n\r\nasync def g():\r\n\tf()  # \xc3\xa9",
            b"\xef\xbb\xbfasync def f(): ...\r\n\r\nasync def g():\r\n\tawait f()  # \xc3\xa9",
        ),
        (
            "latin.py",
            b"# coding: latin-1\nasync def f(): ...\nasync def g():\n    f()  # \xe9\n",
            b"# coding: latin-1\nasync def f(): ...\nasync def g():\n    await f()  # \xe9\n",
        ),
        ("cr.py", b"async def f(): ...\rasync def g():\r    f()\r", b"async def f(): ...\rasync def g():\r    await f()\r"),
    ];
    let tree = Tree::new();
    tree.write("pyproject.toml", "");
    for (name, before, _) in files {
        tree.write(name, before);
    }
    let real = tree.write("hidden/.real.txt", "async def f(): ...\nasync def g():\n    f()\n");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(&real, tree.root().join("link.py")).unwrap();
    let run = tree.check(&["--fix", "--unsafe-fixes"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), "fixed 4 findings in 4 files\nno findings in 4 files\n"));
    for (name, _, after) in files {
        assert_eq!(fs::read(tree.root().join(name)).unwrap(), after, "{name}");
    }
    assert!(tree.root().join("link.py").is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("await f()"));
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}
