//! The runtime, which is a Python package: where it is, and handing a command over to it.

pub(crate) mod prove;
pub(crate) mod run;
pub(crate) mod top;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::console::Console;
use crate::exit::Exit;

/// Where Python finds this program again, when it has to ask it.
const PROGRAM: &str = "HEARD_PROGRAM";

/// The interpreter cannot run the runtime.
#[derive(Debug, thiserror::Error)]
enum RuntimeError {
    #[error("cannot start {}: {error}", .python.display())]
    Start { python: PathBuf, error: io::Error },
    #[error(
        "the runtime is not installed for {python}; install it there with `{python} -m pip install heard-runtime`, \
         or name the interpreter that has it with --python",
        python = .python.display()
    )]
    NoRuntime { python: PathBuf },
    #[error("no Python in {}", .0.display())]
    NoPython(PathBuf),
}

/// Does what `python -m heard` does with these arguments, in the named interpreter or environment, or in the project's.
/// Where the system allows it, that takes the place of this program.
pub(crate) fn hand_over(named: Option<&Path>, arguments: &[OsString], console: Console) -> io::Result<Exit> {
    let started = interpreter(named).and_then(|python| {
        check(&python)?;
        let mut command = Command::new(&python);
        command.args([OsStr::new("-m"), OsStr::new("heard")]).args(arguments);
        if let Ok(program) = std::env::current_exe() {
            command.env(PROGRAM, program);
        }
        start(command).map_err(|error| RuntimeError::Start { python, error })
    });
    match started {
        Ok(exit) => Ok(exit),
        Err(error) => {
            console.error(error)?;
            Ok(Exit::Failure)
        }
    }
}

/// The interpreter that is named, or the one of the active environment, of the project's, or on the path.
fn interpreter(named: Option<&Path>) -> Result<PathBuf, RuntimeError> {
    if let Some(named) = named {
        return match in_environment(named) {
            Some(python) => Ok(python),
            None if named.is_dir() => Err(RuntimeError::NoPython(named.to_owned())),
            None => Ok(named.to_owned()),
        };
    }
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let found = active.as_deref().and_then(in_environment).or_else(|| in_environment(Path::new(".venv")));
    Ok(found.unwrap_or_else(|| PathBuf::from(if cfg!(windows) { "python" } else { "python3" })))
}

fn in_environment(folder: &Path) -> Option<PathBuf> {
    ["bin/python", "bin/python3", "Scripts/python.exe"].iter().map(|path| folder.join(path)).find(|path| path.is_file())
}

/// Whether the package is there, so that nobody has to make sense of `No module named heard`.
fn check(python: &Path) -> Result<(), RuntimeError> {
    let answer = Command::new(python).args(["-c", "import heard._native"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    match answer {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(RuntimeError::NoRuntime { python: python.to_owned() }),
        Err(error) => Err(RuntimeError::Start { python: python.to_owned(), error }),
    }
}

#[cfg(unix)]
fn start(mut command: Command) -> io::Result<Exit> {
    use std::os::unix::process::CommandExt;

    // Returns only if it fails.
    Err(command.exec())
}

#[cfg(not(unix))]
fn start(mut command: Command) -> io::Result<Exit> {
    let code = command.status()?.code().unwrap_or(1);
    Ok(Exit::Program(u8::try_from(code & 0xff).unwrap_or(1)))
}
