//! What one run keeps for the next: it saves work, and never changes what is found.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{iter, thread};

use crate::tree::{Run, Tree};

/// Fewer files are not worth it.
const MODULES: usize = 120;

/// A file that changed lately is read again, since it may change once more at what its file system takes for the same
/// time.
const SETTLED: Duration = Duration::from_secs(5);

/// Said of a run that gives the last report again.
const KNOWN: &str = "none";

const LOST: &str = "async def work():\n    fetch()\n";

fn program() -> Tree {
    let tree = Tree::new();
    tree.write("pyproject.toml", "[project]\nname = \"shop\"\n");
    for number in 0..MODULES {
        tree.write(&format!("shop/m{number}.py"), format!("async def fetch(): raise ValueError({number})\n{LOST}"));
    }
    tree
}

/// What is found, and of how many files the tables were made, where the run says so: none where nothing has changed.
fn check(tree: &Tree, arguments: &[&str]) -> (String, Option<String>) {
    let run = tree.check(&[&["-v", "--output-format", "concise"], arguments].concat());
    (run.stdout.clone(), made(&run))
}

fn made(run: &Run) -> Option<String> {
    if run.stderr.contains("nothing has changed since an earlier run") {
        return Some(KNOWN.to_owned());
    }
    let line = run.stderr.lines().find(|line| line.contains("known from earlier runs"))?;
    Some(line.split_whitespace().nth(1)?.to_owned())
}

fn folder(tree: &Tree) -> PathBuf {
    tree.root().parent().unwrap().join("home/.cache/heard")
}

/// The files that are kept for the project: its tables, and the record of a report.
fn kept(tree: &Tree) -> Vec<PathBuf> {
    let files = fs::read_dir(folder(tree)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension != "TAG")).collect();
    files.sort_by_key(|path| path.extension().map(ToOwned::to_owned));
    files.reverse();
    files
}

fn count(findings: &str) -> usize {
    findings.lines().filter(|line| line.contains("unawaited-coroutine")).count()
}

#[test]
fn a_second_run_makes_no_table_and_finds_the_same() {
    let tree = program();
    let (first, made) = check(&tree, &[]);
    assert_eq!((count(&first), made.as_deref()), (MODULES, Some("120")), "{first}");
    assert_eq!(check(&tree, &[]), (first.clone(), Some(KNOWN.to_owned())));
    tree.write("shop/m7.py", "async def fetch(): raise ValueError(7)\n");
    tree.write("shop/new.py", format!("async def fetch(): raise ValueError\n{LOST}"));
    let (third, made) = check(&tree, &[]);
    assert_eq!((count(&third), made.as_deref()), (MODULES, Some("2")), "{third}");
    assert_eq!(check(&tree, &["--no-cache"]), (third, None));
}

#[test]
fn nothing_is_kept_where_nobody_wants_it_or_it_would_save_nothing() {
    let tree = program();
    check(&tree, &["--no-cache"]);
    assert_eq!(kept(&tree), Vec::<PathBuf>::new());
    let small = Tree::new();
    small.write("pyproject.toml", "");
    small.write("one.py", LOST);
    check(&small, &[]);
    assert_eq!(kept(&small), Vec::<PathBuf>::new());
}

#[test]
fn an_edit_that_leaves_size_and_time_as_they_were_is_seen() {
    let tree = program();
    let before = check(&tree, &[]).0;
    // Once young, and once where the stamps of all files are kept.
    for _ in 0..2 {
        let path = tree.root().join("shop/m3.py");
        let (text, modified) = (fs::read_to_string(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
        let set = |text: &str| {
            fs::write(&path, text).unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        };
        set(&text.replace("fetch()\n", "fetch\n#\n"));
        assert_eq!(count(&check(&tree, &[]).0), MODULES - 1);
        set(&text);
        assert_eq!(check(&tree, &[]).0, before);
        thread::sleep(SETTLED);
        check(&tree, &[]);
    }
}

#[test]
fn what_is_damaged_is_made_again() {
    let tree = program();
    let (found, _) = check(&tree, &[]);
    let [tables, record] = &kept(&tree)[..] else { panic!("one project") };
    for (path, made) in [(record, "0"), (tables, "120")] {
        let whole = fs::read(path).unwrap();
        let middle = whole.len() / 2;
        let flipped: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| if at == middle { !byte } else { *byte }).collect();
        for damaged in [Vec::new(), whole[..middle].to_vec(), flipped, iter::repeat_n(0xff, whole.len()).collect()] {
            if path == tables {
                // Where there is a record, nobody needs them.
                fs::remove_file(record).unwrap();
            }
            fs::write(path, damaged).unwrap();
            assert_eq!(check(&tree, &[]), (found.clone(), Some(made.to_owned())));
            assert_eq!(check(&tree, &[]), (found.clone(), Some(KNOWN.to_owned())));
        }
    }
}

#[test]
fn another_build_makes_its_own_tables() {
    let tree = program();
    let (found, _) = check(&tree, &[]);
    let copy = tree.root().parent().unwrap().join("heard");
    fs::copy(env!("CARGO_BIN_EXE_heard"), &copy).unwrap();
    let other = || {
        let (same, mut command) = (tree.heard(), Command::new(&copy));
        command.env_clear().envs(same.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(tree.root());
        let run = Run::of(command.args(["check", "-v", "--output-format", "concise"]));
        (run.stdout.clone(), made(&run))
    };
    assert_eq!(other(), (found.clone(), Some("120".to_owned())));
    assert_eq!(other(), (found, Some(KNOWN.to_owned())));
}

#[test]
fn where_nothing_can_be_kept_the_check_is_as_always() {
    let tree = program();
    let (found, _) = check(&tree, &["--no-cache"]);
    let file = tree.write("no-folder", "");
    for folder in [file.as_path(), Path::new("/dev/null/heard")] {
        let run = Run::of(tree.heard().env("XDG_CACHE_HOME", folder).args(["check", "--output-format", "concise"]));
        assert_eq!((run.stdout, run.code), (found.clone(), Some(1)));
        assert!(!run.stderr.contains("cache"), "{}", run.stderr);
    }
}

#[test]
fn runs_at_the_same_time_do_not_get_into_each_others_way() {
    let tree = program();
    let (found, _) = check(&tree, &["--no-cache"]);
    for _ in 0..3 {
        thread::scope(|scope| {
            let runs: Vec<_> = (0..4).map(|_| scope.spawn(|| check(&tree, &[]).0)).collect();
            for run in runs {
                assert_eq!(run.join().unwrap(), found);
            }
        });
        assert_eq!(check(&tree, &[]), (found.clone(), Some(KNOWN.to_owned())));
        for path in kept(&tree) {
            fs::remove_file(path).unwrap();
        }
    }
    let left = fs::read_dir(folder(&tree)).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["CACHEDIR.TAG"], "nothing is left of what was written at the same time");
}
