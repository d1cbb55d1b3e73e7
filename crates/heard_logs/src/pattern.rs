//! Patterns that are made when they are first used.

/// Names a pattern. One that is no regular expression matches nothing: a mistake in it fails the tests that need it, and
/// never a run.
macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: std::sync::LazyLock<Option<regex::Regex>> = std::sync::LazyLock::new(|| regex::Regex::new($text).ok());
    };
}
