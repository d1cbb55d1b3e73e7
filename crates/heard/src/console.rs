//! What is said on standard error: everything but findings.

use std::fmt::Display;
use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE, DEFAULT_WARNING_STYLE};

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Console {
    /// Nothing: what is done is done once more, and told then.
    Silent,
    /// Errors only.
    Quiet,
    /// Warnings and the summary as well.
    Normal,
    /// What was done, and how long it took.
    Verbose,
}

impl Console {
    /// Something that was asked for could not be done.
    pub(crate) fn error(self, message: impl Display) -> io::Result<()> {
        let message = one_line(&message.to_string());
        self.say(Console::Quiet, &format!("{DEFAULT_ERROR_STYLE}error{DEFAULT_ERROR_STYLE:#}: {message}"))
    }

    /// A line that was asked for.
    pub(crate) fn answer(self, message: impl Display) -> io::Result<()> {
        self.say(Console::Quiet, &message.to_string())
    }

    /// Something that the user should know, though the job is done.
    pub(crate) fn warning(self, message: impl Display) -> io::Result<()> {
        let message = brief(&message.to_string());
        self.say(Console::Normal, &format!("{DEFAULT_WARNING_STYLE}warning{DEFAULT_WARNING_STYLE:#}: {message}"))
    }

    /// A line that sums up.
    pub(crate) fn summary(self, message: impl Display) -> io::Result<()> {
        self.say(Console::Normal, &message.to_string())
    }

    /// A line for the curious.
    pub(crate) fn detail(self, message: impl Display) -> io::Result<()> {
        self.say(Console::Verbose, &one_line(&message.to_string()))
    }

    /// Prints a line unless less than `least` is to be said. It is one write, so that the lines of
    /// several processes do not mix.
    fn say(self, least: Console, line: &str) -> io::Result<()> {
        if self < least {
            return Ok(());
        }
        let mut stream = anstream::stderr().lock();
        stream.write_all(format!("{line}\n").as_bytes())?;
        stream.flush()
    }
}

/// The text without line ends and other control characters, which file names and source code may hold.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => line.push(' '),
            _ if character.is_control() || is_bidi(character) => line.extend(character.escape_default()),
            _ => line.push(character),
        }
    }
    line
}

/// A message in one line of bearable length: it may quote code, and code may be long. Its end stays,
/// since it often says what is the matter.
pub(crate) fn brief(message: &str) -> String {
    const LONGEST: usize = 400;
    const END: usize = 150;
    let line = one_line(message);
    let length = line.chars().count();
    if length <= LONGEST {
        return line;
    }
    let start = line.chars().take(LONGEST - END);
    start.chain("[...]".chars()).chain(line.chars().skip(length - END)).collect()
}

/// A number and what it counts.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Characters that change the order in which others are shown, and so what a reader believes to see.
fn is_bidi(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{brief, one_line};

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(one_line("a\nb\x1b[31m\u{202e}é\u{9b}"), "a b\\u{1b}[31m\\u{202e}é\\u{9b}");
    }

    #[test]
    fn long_messages_are_cut_in_the_middle() {
        let message = format!("the task of `{}` is dropped", "é".repeat(1_000));
        let cut = brief(&message);
        assert_eq!(cut.chars().count(), 405);
        assert!(cut.starts_with("the task of `éé") && cut.contains("é[...]é") && cut.ends_with("éé` is dropped"), "{cut}");
        assert_eq!(brief("short"), "short");
    }
}
