//! A run that may give an earlier report again says what one that keeps nothing says, whatever happened in between.

#![cfg(unix)]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use crate::tree::{Run, Tree};

/// Of fewer than a hundred files, no report is kept.
const MODULES: usize = 140;

/// So many changes are made to one project.
const CHANGES: usize = 24;

/// From here on files are told by their stamps, and before by what is in them.
const SETTLED: Duration = Duration::from_secs(4);

const FORMATS: [&str; 4] = ["concise", "json-lines", "sarif", "text"];

const PACKAGES: &str = ".venv/lib/python3.12/site-packages";

struct Project {
    tree: Tree,
    random: u64,
    /// How often an earlier report was given again.
    again: usize,
}

fn module(number: usize) -> String {
    let other = (number * 7 + 1) % MODULES;
    format!(
        "import asyncio\n\nimport dep\nfrom shop.m{other} import fetch as other\n\n\nasync def fetch(): raise ValueError({number})\n\n\n\
         async def main():\n    {}\n    await dep.send()\n",
        ["await other()", "other()", "await fetch()", "dep.send()", "task = asyncio.create_task(other())"][number % 5]
    )
}

impl Project {
    fn new(seed: u64) -> Self {
        let project = Project { tree: Tree::new(), random: seed, again: 0 };
        project.write("pyproject.toml", "[project]\nname = \"shop\"\n");
        project.write(".venv/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.1\n");
        project.write(&format!("{PACKAGES}/dep/__init__.py"), "async def send(): raise OSError\n");
        project.write("shop/__init__.py", "");
        for number in 0..MODULES {
            project.write(&format!("shop/m{number}.py"), &module(number));
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        self.tree.write(path, text);
    }

    fn below(&mut self, end: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random >> 33).unwrap() % end
    }

    /// The path of some module.
    fn some(&mut self) -> String {
        format!("shop/m{}.py", self.below(MODULES))
    }

    /// Removes what is at a path, whatever it is.
    fn remove(&self, path: &str) {
        let path = self.tree.root().join(path);
        let _ = if path.is_dir() && !path.is_symlink() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }

    /// Replaces the first of some words in a file, where it has them.
    fn replace(&self, path: &str, old: &str, new: &str) {
        if let Ok(text) = fs::read_to_string(self.tree.root().join(path)) {
            self.write(path, &text.replacen(old, new, 1));
        }
    }

    /// Changes something. Gives what it was.
    fn change(&mut self) -> String {
        let (path, other, number) = (self.some(), self.some(), self.below(MODULES));
        let root = self.tree.root();
        match self.below(20) {
            0 => self.replace(&path, "async def fetch", "def fetch"),
            1 => self.replace(&path, "await ", ""),
            2 => self.write(&path, &module(number)),
            3 => self.remove(&path),
            4 => self.write(&format!("shop/new_{}.py", self.random % 9), &module(3)),
            // The project's own goes before what is installed.
            5 => self.write("dep.py", "def send(): ...\n"),
            6 => ["dep.py", "dep", &format!("{PACKAGES}/dep-stubs"), ".gitignore", "shop/ruff.toml"]
                .iter()
                .for_each(|path| self.remove(path)),
            7 => self.write("dep/__init__.py", "async def send(): ...\n"),
            8 => self.replace(&format!("{PACKAGES}/dep/__init__.py"), "async def send", "def send"),
            9 => self.replace(&format!("{PACKAGES}/dep/__init__.py"), "\ndef send", "\nasync def send"),
            10 => self.write(&format!("{PACKAGES}/dep-stubs/__init__.pyi"), "async def send() -> None: ...\n"),
            11 => self.write(&format!("{PACKAGES}/dep/heard-models.toml"), "[function.\"dep.send\"]\ngives = \"task\"\n"),
            12 => self.write(".gitignore", &format!("{path}\n")),
            13 => {
                self.remove(&path);
                let _ = symlink(root.join(&other), root.join(&path));
            }
            14 => {
                let settings =
                    ["ignore = [\"unawaited-coroutine\"]", "exclude = [\"shop/m13*.py\"]", "python-version = \"3.11\"", "level = 1"];
                let settings = settings[number % settings.len()];
                self.write("pyproject.toml", &format!("[project]\nname = \"shop\"\n\n[tool.heard]\n{settings}\n"));
            }
            15 => self.write("pyproject.toml", "[project]\nname = \"shop\"\nrequires-python = \">=3.13\"\n"),
            16 => self.replace(&path, "    other()\n", "    other()  # heard: allow[unawaited-coroutine] a reason\n"),
            // Nothing but the time, which may go backwards.
            17 => {
                let time = SystemTime::now() - Duration::from_secs(self.random % 100_000);
                let _ = File::open(root.join(&path)).and_then(|file| file.set_modified(time));
            }
            // What cannot be read, since it is no text, or no file.
            18 => self.write(&path, "\0"),
            _ => {
                self.remove(&path);
                let _ = fs::create_dir(root.join(&path));
            }
        }
        path
    }

    fn run(&self, folder: &Path, arguments: &[&str]) -> Run {
        Run::of(self.tree.heard().current_dir(folder).arg("check").args(arguments))
    }

    /// Compares runs that may give an earlier report again with one that keeps nothing.
    fn compare(&mut self, folder: &Path, arguments: &[&str], change: &str) {
        let expected = self.run(folder, &[arguments, &["--no-cache"]].concat());
        for _ in 0..2 {
            let run = self.run(folder, arguments);
            assert_eq!((&run.stdout, &run.stderr, run.code), (&expected.stdout, &expected.stderr, expected.code), "{change} {arguments:?}");
        }
        let verbose = self.run(folder, &[arguments, &["-v"]].concat());
        self.again += usize::from(verbose.stderr.contains("nothing has changed"));
    }
}

#[test]
fn a_report_that_is_given_again_is_what_a_new_run_finds() {
    let mut project = Project::new(0x9e37_79b9_7f4a_7c15);
    let root = project.tree.root();
    for round in 0..CHANGES {
        if round % 12 == 5 {
            thread::sleep(SETTLED);
        }
        let change = format!("round {round}: {}", if round == 0 { String::new() } else { project.change() });
        let format = FORMATS[round % FORMATS.len()];
        let options = [&[][..], &["--level", "preview"], &["--python-version", "3.11"], &["--exclude", "m12*.py"]][round % 7 % 4];
        project.compare(&root, &[&["--output-format", format], options].concat(), &change);
    }
    assert!(project.again > CHANGES / 2, "{} reports were given again", project.again);
}

#[test]
fn another_folder_environment_or_baseline_is_seen() {
    let mut project = Project::new(1);
    let root = project.tree.root();
    let moved = root.with_file_name("moved");
    project.compare(&root, &[], "nothing");
    fs::rename(&root, &moved).unwrap();
    project.compare(&moved, &[], "moved");
    fs::rename(&moved, &root).unwrap();
    project.compare(&root, &[], "moved back");
    for argument in [&["--write-baseline", "--baseline", "known.json"][..], &["--baseline", "known.json"], &["shop"], &["shop/m1.py", "."]]
    {
        if argument[0] == "--write-baseline" {
            project.run(&root, argument);
        } else {
            project.compare(&root, argument, "options");
        }
    }
    fs::rename(root.join(".venv"), root.join("env")).unwrap();
    project.compare(&root, &[], "no environment");
    project.compare(&root, &["--python", "env"], "another environment");
}

#[test]
fn what_was_fixed_or_comes_from_elsewhere_is_not_on_record() {
    let mut project = Project::new(2);
    let root = project.tree.root();
    project.compare(&root, &[], "nothing");
    project.run(&root, &["--fix", "--unsafe-fixes"]);
    project.compare(&root, &[], "fixed");
    project.run(&root, &["--add-allow", "for a reason"]);
    project.compare(&root, &[], "allowed");
}

#[test]
fn runs_at_the_same_time_as_edits_leave_no_wrong_report() {
    let mut project = Project::new(3);
    let root = project.tree.root();
    for _ in 0..3 {
        thread::scope(|scope| {
            let run = || Run::of(project.tree.heard().args(["check", "-q"]));
            let runs: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
            for number in 0..MODULES {
                fs::write(root.join(format!("shop/m{number}.py")), module(number * 3 + 2)).unwrap();
            }
            for run in runs {
                run.join().unwrap();
            }
        });
        project.compare(&root, &[], "edited meanwhile");
        (0..MODULES).for_each(|number| project.write(&format!("shop/m{number}.py"), &module(number)));
        project.compare(&root, &[], "as before");
    }
}
