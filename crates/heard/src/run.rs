//! The commands `heard run`, which starts a program with the runtime's monitor on, and `heard top`, which looks at one.
//!
//! The monitor is a Python package and has to be installed where the program's packages are; all that happens here is
//! to find that place and to hand over.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::{RunArguments, TopArguments};
use crate::console::Console;
use crate::exit::Exit;

/// The interpreter cannot run the program.
#[derive(Debug, thiserror::Error)]
enum RunError {
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

/// Runs the program. Where the system allows it, the program takes the place of this one.
pub(crate) fn run(arguments: &RunArguments, console: Console) -> io::Result<Exit> {
    hand_over(arguments.python.as_deref(), command_line(arguments, console), console)
}

/// Shows what runs in a process.
pub(crate) fn top(arguments: &TopArguments, console: Console) -> io::Result<Exit> {
    let mut line: Vec<OsString> = ["-m", "heard", "top"].map(OsString::from).into();
    if let Some(interval) = &arguments.interval {
        line.extend([OsString::from("--interval"), interval.clone()]);
    }
    let flags = [(arguments.json, "--json"), (arguments.once, "--once")];
    line.extend(flags.into_iter().filter(|(is_given, _)| *is_given).map(|(_, name)| OsString::from(name)));
    line.push(arguments.target.clone());
    hand_over(arguments.python.as_deref(), line, console)
}

/// Starts the runtime with this command line.
fn hand_over(named: Option<&Path>, line: Vec<OsString>, console: Console) -> io::Result<Exit> {
    let started = interpreter(named).and_then(|python| {
        check(&python)?;
        let mut command = Command::new(&python);
        command.args(line);
        start(command).map_err(|error| RunError::Start { python, error })
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
fn interpreter(named: Option<&Path>) -> Result<PathBuf, RunError> {
    if let Some(named) = named {
        return match in_environment(named) {
            Some(python) => Ok(python),
            None if named.is_dir() => Err(RunError::NoPython(named.to_owned())),
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
fn check(python: &Path) -> Result<(), RunError> {
    let answer = Command::new(python).args(["-c", "import heard._native"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    match answer {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(RunError::NoRuntime { python: python.to_owned() }),
        Err(error) => Err(RunError::Start { python: python.to_owned(), error }),
    }
}

fn command_line(arguments: &RunArguments, console: Console) -> Vec<OsString> {
    let mut line: Vec<OsString> = ["-m", "heard", "run"].map(OsString::from).into();
    let mut option = |name: &str, value: Option<&OsStr>| {
        if let Some(value) = value {
            line.extend([OsString::from(name), value.to_owned()]);
        }
    };
    option("--json", arguments.json.as_deref());
    option("--origins", arguments.origins.map(|origins| origins.to_string()).as_deref().map(OsStr::new));
    option("--grace", arguments.grace.as_deref());
    option("--escalate", arguments.escalate.as_deref());
    for ignored in &arguments.ignore {
        option("--ignore", Some(ignored));
    }
    let flags =
        [(arguments.strict, "--strict"), (console == Console::Quiet, "--quiet"), (arguments.module, "-m"), (arguments.command, "-c")];
    line.extend(flags.into_iter().filter(|(is_given, _)| *is_given).map(|(_, name)| OsString::from(name)));
    line.extend(arguments.program.iter().cloned());
    line
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
