//! What a line is by its form, without knowing what came before.

use crate::message::Message;
use crate::stamp;
use crate::traceback::{self, frame};

/// The form of a line behind all prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `future: <…>` and its like.
    Detail,
    /// `Traceback (most recent call last):`.
    Header,
    /// `Coroutine created at (most recent call last)` and its like.
    Created,
    Frame,
    /// `During handling of the above exception…`.
    Chain,
    Blank,
    /// It begins with a blank or with the drawing of a group or a box.
    Indented,
    /// Another record of a log begins.
    Start,
    Other,
}

const DETAILS: &str = "future|task|handle|asyncgen|protocol|transport|client_session|connector|connections|client_connection|client_response|response|server|socket";
pattern!(
    ANCHOR,
    &format!(
        r#"(?:\b|#012|\\n|%0A|\\x0[aA]|\\u000[aA])(?P<detail>(?:{DETAILS}): (?:[<\[]|Connection<))|(?P<other>source_traceback: |Object created at \(most|Coroutine created at \(most|Object allocated at \(most|  \+ Exception Group Traceback \(most|Traceback \(most recent call last\)|(?:  )?File "[^"]+", line \d+)"#
    )
);
pattern!(LEVEL, r"^[\[<(]?(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|TRACE)(?:[\]>):|/-]|\s|$)|^\[?[DIWEC] \d|^[DIWECF]\d{4} ");

// PowerShell repeats the first line that a program has written to its standard error, as a part of what it says of it.
pattern!(REPEATED, r"^\s*\+ CategoryInfo +: ");

part!(RECENT, "ated at (most recent call last)");

/// Where the part of a line begins that only a record of asyncio has; before it stands the prefix of its stream.
pub(crate) fn anchor(line: &str) -> Option<(usize, bool)> {
    let found = ANCHOR.as_ref()?.captures(line)?;
    let whole = found.name("detail").or_else(|| found.get(0))?;
    Some((whole.start(), found.name("detail").is_some()))
}

/// Whether a text begins with the name of what is described, and goes on with its repr.
fn is_detail(text: &str) -> bool {
    let end = text.bytes().position(|byte| !byte.is_ascii_lowercase() && byte != b'_');
    let Some((name, rest)) = end.and_then(|end| Some((&text[..end], text[end..].strip_prefix(':')?))) else { return false };
    let is_empty = |text: &str| text.starts_with(char::is_whitespace) || text.is_empty();
    !is_empty(rest.strip_prefix(' ').unwrap_or(rest)) && DETAILS.split('|').any(|known| known == name)
}

/// Whether the message stands in the source of a program, as in a frame of a traceback, or is shown once more.
pub(crate) fn is_no_record(line: &str, found: &Message) -> bool {
    let before = &line[..found.start];
    let after = line[found.end..].trim_end();
    REPEATED.as_ref().is_some_and(|repeated| repeated.is_match(before))
        || before.starts_with("  ")
            && !is_start(before.trim_start())
            && before.trim_end().ends_with(['"', '\'', '('])
            && after.contains(')')
}

/// Whether another record of a log begins with this line.
pub(crate) fn is_start(text: &str) -> bool {
    let may_be_level = text.starts_with(|sign: char| sign.is_ascii_uppercase() || matches!(sign, '[' | '<' | '('));
    may_be_level && LEVEL.as_ref().is_some_and(|level| level.is_match(text)) || text.starts_with("{\"") || stamp::at_start(text).is_some()
}

/// Whether this is a sentence behind which a line never goes on.
pub(crate) fn is_sentence(text: &str) -> bool {
    Class::of(text) == Class::Chain || text.ends_with("Enable tracemalloc to get the object allocation traceback")
}

/// Whether this is the beginning of a line, and not the rest of a broken one.
pub(crate) fn begins(text: &str) -> bool {
    !matches!(Class::of(text), Class::Other | Class::Indented | Class::Blank)
}

impl Class {
    pub(crate) fn of(text: &str) -> Self {
        let trimmed = text.trim_start();
        if trimmed.is_empty() {
            return Self::Blank;
        }
        let undrawn = traceback::drawing(text).map_or(trimmed, |(_, rest)| rest.trim_start());
        if is_detail(trimmed) {
            Self::Detail
        } else if RECENT.find(trimmed.as_bytes()).is_some() {
            Self::Created
        } else if frame::is_header(text) {
            Self::Header
        } else if frame::is_python(undrawn) {
            Self::Frame
        } else if traceback::is_chain(text) {
            Self::Chain
        } else if text.starts_with([' ', '\t', '│', '╭', '╰', '❱', '>']) || undrawn.len() < trimmed.len() {
            Self::Indented
        } else if is_start(text) {
            Self::Start
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, anchor};

    #[test]
    fn lines_have_their_class() {
        for (text, class) in [
            ("future: <Task x>", Class::Detail),
            ("  File \"/a.py\", line 1, in f", Class::Frame),
            ("  |   File \"/a.py\", line 1, in f", Class::Frame),
            ("    x = 1", Class::Indented),
            ("2025-03-11 09:15:02,123 INFO x", Class::Start),
            ("INFO:x:y", Class::Start),
            ("[INFO] x", Class::Start),
            ("KeyError: 'x'", Class::Other),
            ("", Class::Blank),
        ] {
            assert_eq!(Class::of(text), class, "{text}");
        }
        assert_eq!(anchor("0|shop | 2025: future: <Task>").map(|(at, _)| at), Some(15));
        assert_eq!(anchor("pod x   File \"/a.py\", line 1, in f").map(|(at, _)| at), Some(6));
    }
}
