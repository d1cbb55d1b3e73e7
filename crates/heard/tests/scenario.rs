//! Scenarios in Markdown: those in `tests/cli`, and the documents that users read.
//!
//! A heading starts a scenario in a fresh folder. A block with `file=PATH` behind its language is
//! written there. A block `console` holds commands and what comes of them:
//!
//! ```console
//! $ heard check app.py
//! what is printed on standard output
//! 2> what is printed on standard error
//! [exit 1]
//! ```
//!
//! A command may start with `cd FOLDER &&` and with variables, and end with `< FILE`. `[PROJECT]` stands for the scenario's
//! folder, `[OUTSIDE]` for the one around it, `[N] ms` for a time. With `BLESS=1` the expectations
//! are rewritten.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::tree::{Run, Tree};

#[test]
fn scenarios() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    let mut pages = Vec::new();
    for folder in ["tests/cli", "../../docs"] {
        let before = pages.len();
        let files = fs::read_dir(here.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(files.filter(|file| file.extension().is_some_and(|extension| extension == "md")));
        assert!(pages.len() > before, "{folder} is empty");
    }
    pages.sort();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let actual = play(&text);
        if text == actual {
            continue;
        }
        if bless {
            fs::write(&page, actual).unwrap();
        } else {
            let _ = write!(failures, "{}\n{}\n", page.display(), difference(&text, &actual));
        }
    }
    assert!(failures.is_empty(), "\n{failures}BLESS=1 makes what is printed now the expectation.");
}

/// The page with what really comes of its commands.
fn play(page: &str) -> String {
    let mut actual = String::new();
    let mut tree = Tree::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(actual, "{line}");
        if line.starts_with('#') {
            tree = Tree::new();
        }
        let Some(fence) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some((_, path)) = fence.split_once("file=") {
            let content: String = block.iter().flat_map(|line| [line, "\n"]).collect();
            tree.write(path, content.replace("[PROJECT]", tree.root().to_str().unwrap()));
        }
        if fence == "console" {
            for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                let _ = write!(actual, "$ {command}\n{}", run(&tree, command));
            }
        } else {
            actual.extend(block.iter().flat_map(|line| [line, "\n"]));
        }
        actual.push_str("```\n");
    }
    actual
}

/// What a command prints, and its exit code.
fn run(tree: &Tree, command: &str) -> String {
    let mut heard = tree.heard();
    let mut words = words(&command.replace("[PROJECT]", tree.root().to_str().unwrap()));
    if words.first().is_some_and(|word| word == "cd") {
        heard.current_dir(tree.root().join(&words[1]));
        assert_eq!(words[2], "&&", "{command}");
        words.drain(..3);
    }
    while let Some((name, value)) = words[0].split_once('=') {
        heard.env(name, value);
        words.remove(0);
    }
    assert_eq!(words[0], "heard", "{command}");
    if let Some(at) = words.iter().position(|word| word == "<") {
        heard.stdin(fs::File::open(tree.root().join(&words[at + 1])).unwrap());
        words.truncate(at);
    }
    let Run { stdout, stderr, code } = Run::of(heard.args(&words[1..]));
    let mut text = tree.normal(&stdout);
    for line in tree.normal(&stderr).lines() {
        let _ = writeln!(text, "{}", format!("2> {}", without_times(line)).trim_end());
    }
    let _ = writeln!(text, "[exit {}]", code.unwrap());
    text
}

/// The words of a command line; single quotes keep blanks and globs.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in command.split('\'').enumerate() {
        let mut pieces = if index % 2 == 1 { vec![part] } else { part.split(' ').collect() }.into_iter();
        words.last_mut().unwrap().push_str(pieces.next().unwrap());
        words.extend(pieces.map(str::to_owned));
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `(12 ms)` becomes `([N] ms)`.
fn without_times(line: &str) -> String {
    match line.rsplit_once('(') {
        Some((start, time)) if time.ends_with(" ms)") => format!("{start}([N] ms)"),
        _ => line.to_owned(),
    }
}

/// The first lines in which the texts differ, each with the heading before it.
fn difference(expected: &str, actual: &str) -> String {
    let (expected, actual): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let same = expected.iter().zip(&actual).take_while(|(expected, actual)| expected == actual).count();
    let heading = expected[..same].iter().rfind(|line| line.starts_with('#')).unwrap_or(&"");
    let mut text = format!("{heading} (line {})\n", same + 1);
    for line in expected.iter().skip(same).take(8) {
        let _ = writeln!(text, "- {line}");
    }
    for line in actual.iter().skip(same).take(8) {
        let _ = writeln!(text, "+ {line}");
    }
    text
}
