//! Fixes as text edits.

use crate::finding::Span;

/// A change to the source that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether the program means the same afterwards, but for the defect.
    pub safe: bool,
    /// What the change does, in a few words.
    pub title: String,
    /// The edits, in the order of the text; they never overlap.
    pub edits: Vec<Edit>,
}

/// The replacement of one stretch of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty where text is only put in.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Fix {
    /// Applies the fix to `source`, the text of the file that its edits speak of.
    #[must_use]
    pub fn apply(&self, source: &str) -> String {
        let mut text = source.to_owned();
        for edit in self.edits.iter().rev() {
            text.replace_range(edit.span.start.offset..edit.span.end.offset, &edit.text);
        }
        text
    }
}
