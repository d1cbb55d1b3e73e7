//! Findings as text, concise lines or JSON lines, on standard output.
//!
//! Every finding is one write, so that a run that is interrupted leaves no half of one behind.

mod concise;
mod json_lines;
mod text;

use std::borrow::Cow;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use camino::{Utf8Path, Utf8PathBuf};
use heard_analysis::{Awaitable, Fate, Finding, Level, Program};

use crate::cli::OutputFormat;

/// Prints findings in one of the formats.
pub(crate) struct Printer {
    format: OutputFormat,
    cwd: Utf8PathBuf,
    styled: bool,
    /// How many columns the terminal has, if there is one.
    width: Option<usize>,
    out: AutoStream<io::StdoutLock<'static>>,
}

impl Printer {
    /// Paths are shown as seen from `cwd`.
    pub(crate) fn new(format: OutputFormat, cwd: &Utf8Path) -> Self {
        let out = AutoStream::auto(io::stdout().lock());
        let styled = AutoStream::choice(out.as_inner()) != ColorChoice::Never;
        let width = out.is_terminal().then(terminal_width).flatten();
        Printer { format, cwd: cwd.to_owned(), styled, width, out }
    }

    /// Prints the findings of one program.
    pub(crate) fn findings(&mut self, findings: &[Finding], program: &Program) -> io::Result<()> {
        match self.format {
            OutputFormat::Text => {
                let mut texts = text::Texts::new(&self.cwd, program, self.styled, self.width);
                findings.iter().try_for_each(|finding| print(&mut self.out, &texts.finding(finding)))
            }
            OutputFormat::Concise => {
                findings.iter().try_for_each(|finding| print(&mut self.out, &concise::finding(finding, &self.cwd, self.styled)))
            }
            OutputFormat::JsonLines => {
                findings.iter().try_for_each(|finding| print(&mut self.out, &json_lines::finding(finding, &self.cwd)?))
            }
        }
    }

    /// Prints those awaitables of one program whose fate is not known.
    pub(crate) fn undecided(&mut self, awaitables: &[Awaitable]) -> io::Result<()> {
        for undecided in awaitables.iter().filter(|awaitable| awaitable.fate == Fate::Unknown) {
            let line = match self.format {
                OutputFormat::Text | OutputFormat::Concise => concise::undecided(undecided, &self.cwd, self.styled),
                OutputFormat::JsonLines => json_lines::undecided(undecided, &self.cwd)?,
            };
            print(&mut self.out, &line)?;
        }
        Ok(())
    }
}

fn print(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// How many columns the terminal has.
pub(crate) fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(terminal_size::Width(width), _)| usize::from(width))
}

/// How a level is called where it stands before a message.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Default => "error",
        Level::Strict => "warning",
        Level::Preview => "note",
    }
}

/// A path as seen from the working directory, if it lies below it, with slashes on every system.
pub(crate) fn shown<'a>(path: &'a Utf8Path, cwd: &Utf8Path) -> Cow<'a, str> {
    let path = match path.strip_prefix(cwd) {
        Ok(relative) if relative.as_str().is_empty() => ".",
        Ok(relative) => relative.as_str(),
        Err(_) => path.as_str(),
    };
    if cfg!(windows) { path.replace('\\', "/").into() } else { path.into() }
}
