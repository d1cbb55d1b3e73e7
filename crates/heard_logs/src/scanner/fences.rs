//! Documents in which logs are shown: what stands in a fenced block of Markdown is a quote, whatever its lines look like.

use memchr::memmem;

use crate::assembly::class::{self, Class};
use crate::{event, lines};

/// Where in a document a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fences {
    /// It is a log.
    #[default]
    None,
    Outside,
    /// A fence was the last line.
    Opened(Fence),
    /// A log is shown.
    Log(Fence),
    /// Something else is shown, as what a model says while the program's own lines come in between.
    Other(Fence),
}

/// What opens a block: a sign, and how often it stands there at least at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    sign: char,
    length: usize,
}

impl Fences {
    /// Told by the beginning of a file: a fenced block shows a log and is closed, and outside of all blocks there is no log.
    pub(super) fn of(start: &[u8]) -> Self {
        if memmem::find(start, b"```").is_none() && memmem::find(start, b"~~~").is_none() {
            return Self::None;
        }
        let mut state = Self::Outside;
        let mut has_log = false;
        for line in start.split(|byte| *byte == b'\n').map(lines::text) {
            let before = state;
            state.go_on(&line);
            has_log |= matches!(before, Self::Log(_)) && state == Self::Outside;
            // Logs without times have nothing at their beginnings, but tracebacks stand in them.
            let is_log = || class::is_start(&line) || matches!(Class::of(&line), Class::Detail | Class::Header | Class::Frame);
            if before == Self::Outside && state == Self::Outside && is_log() {
                return Self::None;
            }
        }
        if has_log { Self::Outside } else { Self::None }
    }

    pub(super) fn is_document(self) -> bool {
        self != Self::None
    }

    pub(super) fn is_quote(self) -> bool {
        matches!(self, Self::Log(_))
    }

    /// Takes the next line.
    pub(super) fn go_on(&mut self, line: &str) {
        let text = line.trim();
        *self = match *self {
            Self::Outside => Fence::opened(text).map_or(Self::Outside, Self::Opened),
            Self::Opened(fence) | Self::Log(fence) | Self::Other(fence) if fence.is_closed(text) => Self::Outside,
            Self::Opened(fence) if !text.is_empty() => {
                let is_log = class::begins(line) || event::has_message(line) || text.starts_with("$ ") || text.starts_with("...");
                if is_log { Self::Log(fence) } else { Self::Other(fence) }
            }
            same => same,
        };
    }
}

impl Fence {
    /// Three signs or more, and the name of a language. Python marks the failed part of a line with `~~~^^^`.
    fn opened(text: &str) -> Option<Self> {
        let sign = text.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
        let behind = text.trim_start_matches(sign);
        let length = text.len() - behind.len();
        (length >= 3 && !behind.contains([sign, '^'])).then_some(Self { sign, length })
    }

    fn is_closed(self, text: &str) -> bool {
        text.len() >= self.length && text.chars().all(|sign| sign == self.sign)
    }
}

#[cfg(test)]
mod tests {
    use super::Fences;

    #[test]
    fn only_documents_that_show_logs_have_fences() {
        let log = "2025-03-11 09:15:02 ERROR asyncio: x\n";
        let trace = "Task exception was never retrieved\nTraceback (most recent call last):\n  File \"/a.py\", line 3, in f\n    ";
        let marks =
            format!("{trace}x[1]\n    ~~~^^^\nKeyError: 'a'\n{trace}a + b.c + d\n    ~~~~~~~^~~~\n2025-03-11 ERROR x\nTypeError: x\n");
        for (text, expected) in [
            (format!("It says:\n```\n{log}```\n"), Fences::Outside),
            (format!("```console\n$ python main.py\n{log}```\n"), Fences::Outside),
            (format!("~~~~ text\n{log}~~~\n```\n{log}~~~~~\n"), Fences::Outside),
            ("Try this:\n```python\nawait f()\n```\n".to_owned(), Fences::None),
            (format!("{log}```\n{log}```\n"), Fences::None),
            (log.to_owned(), Fences::None),
            // The marks below a source are no fences.
            (marks.replace("~~~^^^\n", "~~~\n").replace("~^~", "~~~"), Fences::None),
            (marks, Fences::None),
            // A fence that nothing closes was written by a program, as was one with tracebacks beside it.
            (format!("Sure:\n```\n{log}"), Fences::None),
            (format!("Sure:\n```\n{log}```\n{trace}"), Fences::None),
        ] {
            assert_eq!(Fences::of(text.as_bytes()), expected, "{text}");
        }
    }
}
