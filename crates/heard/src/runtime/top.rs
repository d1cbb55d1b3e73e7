//! The command `heard top`: what runs in a watched process.

use std::ffi::OsString;
use std::io;

use crate::cli::TopArguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::runtime;

/// Shows what runs in a process.
pub(crate) fn run(arguments: &TopArguments, console: Console) -> io::Result<Exit> {
    let mut line = vec![OsString::from("top")];
    if let Some(interval) = &arguments.interval {
        line.extend([OsString::from("--interval"), interval.clone()]);
    }
    let flags = [(arguments.json, "--json"), (arguments.once, "--once")];
    line.extend(flags.into_iter().filter(|(is_given, _)| *is_given).map(|(_, name)| OsString::from(name)));
    line.push(arguments.target.clone());
    runtime::hand_over(arguments.python.as_deref(), &line, console)
}
