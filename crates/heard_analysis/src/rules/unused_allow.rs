//! An `allow` comment that allows nothing, or does not say why.

use super::Rule;
use crate::finding::{Finding, Level, Span};

pub(crate) const RULE: Rule = Rule { name: "unused-allow", level: Level::Default, page: include_str!("unused_allow.md"), check: |_| None };

/// What is wrong with an `allow` comment.
pub(crate) enum Fault {
    /// The rule reports nothing there.
    Unused(String),
    /// No rule has this name.
    NoSuchRule(String),
    /// It gives no reason.
    NoReason,
    /// It cannot be read.
    Malformed,
}

/// The finding about an `allow` comment.
pub(crate) fn finding(span: Span, comment: &str, fault: Fault) -> Finding {
    let (message, help) = match fault {
        Fault::Unused(rule) => (format!("`{rule}` reports nothing here"), "take the rule out of the comment"),
        Fault::NoSuchRule(rule) => (format!("there is no rule `{rule}`"), "`heard rule` lists the rules"),
        Fault::NoReason => ("the comment does not say why the failure may go unheard".to_owned(), "write the reason behind the bracket"),
        Fault::Malformed => ("the comment names no rule in square brackets, so it allows nothing".to_owned(), "write `# heard: allow[rule] reason`"),
    };
    Finding {
        rule: RULE.name,
        level: RULE.level,
        message,
        statement_span: span.clone(),
        statement: comment.split_whitespace().collect::<Vec<_>>().join(" "),
        ordinal: 0,
        span,
        trace: Vec::new(),
        witness: None,
        cause: None,
        help: help.to_owned(),
        fix: None,
        symbol: String::new(),
    }
}
