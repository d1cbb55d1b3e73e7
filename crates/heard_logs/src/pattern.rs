//! Patterns that are made when they are first used.

use regex::Regex;

/// Makes a pattern. Digits and borders of words are those of ASCII, and letters those of names in Python: with all that
/// Unicode knows of them, making the patterns would take longer than reading most logs.
pub(crate) fn compile(text: &str) -> Option<Regex> {
    let text = text.replace(r"\d", "[0-9]").replace(r"\b", r"(?-u:\b)");
    Regex::new(&text.replace(r"\w", r"[0-9A-Za-z_\x{C0}-\x{1FFF}\x{3040}-\x{D7FF}]")).ok()
}

/// Whether a sign is what `\w` is in a pattern.
pub(crate) fn is_of_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '_' || matches!(sign, '\u{C0}'..='\u{1FFF}' | '\u{3040}'..='\u{D7FF}')
}

/// Names a pattern. One that is no regular expression matches nothing: a mistake in it fails the tests that need it, and
/// never a run.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<Option<regex::Regex>> = std::sync::LazyLock::new(|| crate::pattern::compile($text));
    };
}

/// Names a part of a text that is looked for in every line of a record, by whose finder it need not be studied each time.
macro_rules! part {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<memchr::memmem::Finder<'static>> =
            std::sync::LazyLock::new(|| memchr::memmem::Finder::new($text));
    };
}
