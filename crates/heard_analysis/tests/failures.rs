//! Failures are gathered, so that one run shows all of them.

use crate::document::{Block, Document};

/// What a test found wrong.
#[derive(Default)]
pub(crate) struct Failures(Vec<String>);

impl Failures {
    /// Adds a failure at a line of a document.
    pub(crate) fn at(&mut self, document: &Document, line: usize, text: &str) {
        let heading = document.heading_at(line);
        let text = text.trim_end().replace('\n', "\n    ");
        self.0.push(format!("{}:{line} ({heading})\n    {text}", document.shown));
    }

    /// Adds a failure of a whole block, and says how to bless it.
    pub(crate) fn blessable(&mut self, document: &Document, block: &Block, text: &str) {
        let text = format!("{}\nif that is right: BLESS=1 cargo test -p heard_analysis", text.trim_end());
        self.at(document, block.line, &text);
    }

    /// Adds a failure that no document is to blame for.
    pub(crate) fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Adds a failure for each error of `results` and returns the values of the others.
    pub(crate) fn sift<T>(&mut self, results: Vec<Result<T, String>>) -> Vec<T> {
        results.into_iter().filter_map(|result| result.map_err(|error| self.add(error)).ok()).collect()
    }

    /// Ends the test.
    pub(crate) fn finish(mut self) {
        if self.0.is_empty() {
            return;
        }
        self.0.sort();
        self.0.dedup();
        let hint = if self.0.iter().any(|failure| failure.contains(".md:")) {
            " The top of crates/heard_analysis/tests/main.rs says how pages are written."
        } else {
            ""
        };
        panic!("\n\n{}\n\n{} wrong.{hint}\n", self.0.join("\n\n"), self.0.len());
    }
}

/// Two texts, one above the other.
pub(crate) fn difference(expected: &str, got: &str) -> String {
    format!("expected:\n{}\ngot:\n{}", quoted(expected), quoted(got))
}

/// A text with a bar before each line.
pub(crate) fn quoted(text: &str) -> String {
    if text.is_empty() {
        return "  | (nothing)".to_owned();
    }
    text.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}
