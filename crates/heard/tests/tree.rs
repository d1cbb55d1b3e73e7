//! A folder for one test, and the program run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder that is removed after the test.
pub(crate) struct Tree {
    folder: TempDir,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Tree { folder: TempDir::new().unwrap() }
    }

    /// The project's folder, without links. Beside it lies the user's home.
    pub(crate) fn root(&self) -> PathBuf {
        let root = self.folder.path().canonicalize().unwrap().join("project");
        fs::create_dir_all(&root).unwrap();
        root
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The program, to be run in the project's folder. It finds no Python and no settings of the user.
    pub(crate) fn heard(&self) -> Command {
        let home = self.folder.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_heard"));
        command.env_clear().env("HOME", home).env("PATH", "").current_dir(self.root());
        command
    }

    pub(crate) fn check(&self, arguments: &[&str]) -> Run {
        Run::of(self.heard().arg("check").args(arguments))
    }

    /// The text without what differs from one run to the next.
    pub(crate) fn normal(&self, text: &str) -> String {
        let text = text.replace(path(&self.root()), "[PROJECT]");
        let text = text.replace(path(&self.folder.path().canonicalize().unwrap()), "[OUTSIDE]");
        text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Run {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}
