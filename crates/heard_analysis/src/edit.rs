//! Fixes as text edits.

use serde::{Deserialize, Serialize};

use crate::finding::Span;

/// A change to the source that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Whether the program means the same afterwards, but for the defect.
    pub safe: bool,
    /// What the change does, in a few words.
    pub title: String,
    /// The edits, in the order of the text; they never overlap.
    pub edits: Vec<Edit>,
}

/// The replacement of one stretch of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced; empty where text is only put in.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

impl Fix {
    /// Those of `fixes` that can be made in one step, the first ones first, and their edits in the order of the text.
    ///
    /// Two fixes that change the same text, or put something in at the same place, are made one after the other; but an
    /// edit that several bring, like an import, is made once. All edits are of one file.
    #[must_use]
    pub fn together<'f>(fixes: impl IntoIterator<Item = &'f Self>) -> (Vec<&'f Self>, Vec<Edit>) {
        let mut chosen: Vec<&Self> = Vec::new();
        for fix in fixes {
            let mut others = chosen.iter().flat_map(|other| &other.edits);
            let collides = others.any(|other| fix.edits.iter().any(|edit| edit != other && edit.touches(other)));
            if !collides {
                chosen.push(fix);
            }
        }
        let mut edits: Vec<Edit> = chosen.iter().flat_map(|fix| &fix.edits).cloned().collect();
        edits.sort_by_key(|edit| (edit.span.start.offset, edit.span.end.offset));
        edits.dedup();
        (chosen, edits)
    }

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

impl Edit {
    fn touches(&self, other: &Self) -> bool {
        self.span.start.offset <= other.span.end.offset && other.span.start.offset <= self.span.end.offset
    }
}
