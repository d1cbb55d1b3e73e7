//! The command `heard run`: starts a program with the runtime's monitor on.
//!
//! The monitor is a Python package and has to be installed where the program's packages are; all that happens here is
//! to find that place and to hand over.

use std::ffi::{OsStr, OsString};
use std::io;

use crate::cli::RunArguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::runtime;

/// Runs the program.
pub(crate) fn run(arguments: &RunArguments, console: Console) -> io::Result<Exit> {
    runtime::hand_over(arguments.python.as_deref(), &command_line(arguments, console), console)
}

fn command_line(arguments: &RunArguments, console: Console) -> Vec<OsString> {
    let mut line = vec![OsString::from("run")];
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
