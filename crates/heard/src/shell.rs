//! What helps on a command line: completions and the manual page.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArguments};
use crate::exit::Exit;

/// Prints the completions for a shell.
pub(crate) fn completions(arguments: &CompletionsArguments) -> io::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "heard", &mut text);
    print(&text)
}

/// Prints the manual page: the program's, and behind it those of its commands.
pub(crate) fn manual() -> io::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    let mut text = Vec::new();
    let man = clap_mangen::Man::new(command.clone());
    man.render(&mut text)?;
    for part in command.get_subcommands().filter(|part| !part.is_hide_set()) {
        let name = part.get_name().to_uppercase();
        writeln!(text, ".SH \"HEARD {name}\"")?;
        let man = clap_mangen::Man::new(part.clone());
        man.render_description_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_options_section(&mut text)?;
    }
    print(&text)
}

fn print(text: &[u8]) -> io::Result<Exit> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(Exit::Clean)
}
