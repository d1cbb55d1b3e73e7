//! Which of the findings that are reported are known.

use std::collections::HashMap;

use heard_analysis::{Finding, Span};

/// What a file of known findings says of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// It does not have it.
    New,
    /// It has it, and the finding is reported all the same.
    Known,
}

/// The marks of the findings that are reported, as far as there is a file of known findings for them.
#[derive(Debug, Default)]
pub(crate) struct Marks(HashMap<(Span, &'static str), Mark>);

impl Marks {
    pub(crate) fn add(&mut self, finding: &Finding, mark: Mark) {
        self.0.insert((finding.span.clone(), finding.rule), mark);
    }

    /// The mark of a finding; none where there is no file of known findings.
    pub(crate) fn of(&self, finding: &Finding) -> Option<Mark> {
        self.0.get(&(finding.span.clone(), finding.rule)).copied()
    }
}
