//! The command `heard prove`: whether the tests show that what is found is so. The runtime's plugin for pytest does it.

use std::ffi::OsString;
use std::io;

use crate::cli::ProveArguments;
use crate::console::Console;
use crate::exit::Exit;
use crate::runtime;

/// Proves findings.
pub(crate) fn run(arguments: &ProveArguments, console: Console) -> io::Result<Exit> {
    runtime::hand_over(arguments.python.as_deref(), &command_line(arguments), console)
}

fn command_line(arguments: &ProveArguments) -> Vec<OsString> {
    let mut line = vec![OsString::from("prove"), "--output-format".into(), arguments.output_format.name().into()];
    if let Some(file) = &arguments.output_file {
        line.extend(["--output-file".into(), file.clone().into_os_string()]);
    }
    line.extend(arguments.findings.iter().map(|findings| findings.clone().into_os_string()));
    if !arguments.tests.is_empty() {
        line.push("--".into());
        line.extend(arguments.tests.iter().cloned());
    }
    line
}
