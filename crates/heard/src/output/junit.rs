//! The XML of `JUnit`, which most systems for continuous integration show: a suite for each file, a case for each
//! finding, and one that passes for a file without any.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use heard_analysis::{Finding, Notice};
use quick_xml::escape::escape;

use super::{Format, Place, Results, print};
use crate::console::brief;

/// All files that were checked.
#[derive(Default)]
pub(super) struct Junit {
    /// By the path that is shown.
    suites: BTreeMap<String, Suite>,
}

#[derive(Default)]
struct Suite {
    failures: Vec<Case>,
    errors: Vec<Case>,
}

struct Case {
    name: String,
    kind: String,
    message: String,
    text: String,
}

impl Format for Junit {
    fn project(&mut self, _out: &mut dyn Write, results: &Results) -> io::Result<()> {
        for file in results.files {
            self.suites.entry(results.places.path(file)).or_default();
        }
        for finding in &results.findings {
            let place = results.places.of(&finding.span);
            self.suites.entry(place.path.clone()).or_default().failures.push(failure(finding, &place));
        }
        for notice in results.notices.iter().filter(|notice| notice.skipped) {
            self.suites.entry(results.places.path(&notice.path)).or_default().errors.push(error(notice));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write, _whole: bool) -> io::Result<()> {
        let (mut tests, mut failures, mut errors) = (0, 0, 0);
        let mut suites = String::new();
        for (path, suite) in &self.suites {
            let count = (suite.failures.len() + suite.errors.len()).max(1);
            tests += count;
            failures += suite.failures.len();
            errors += suite.errors.len();
            suites.push_str(&suite.xml(path, count));
        }
        let head = format!("<testsuites name=\"heard\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n");
        print(out, &format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}{suites}</testsuites>\n"))
    }
}

impl Suite {
    fn xml(&self, path: &str, tests: usize) -> String {
        let path = attribute(path);
        let (failures, errors) = (self.failures.len(), self.errors.len());
        let mut xml =
            format!("  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\">\n");
        for (tag, case) in self.failures.iter().map(|case| ("failure", case)).chain(self.errors.iter().map(|case| ("error", case))) {
            let Case { name, kind, message, text } = case;
            let _ = writeln!(xml, "    <testcase name=\"{}\" classname=\"{path}\">", attribute(name));
            let (kind, message) = (attribute(kind), attribute(message));
            let _ = writeln!(xml, "      <{tag} type=\"{kind}\" message=\"{message}\">{}</{tag}>", attribute(text));
            xml.push_str("    </testcase>\n");
        }
        if failures + errors == 0 {
            let _ = writeln!(xml, "    <testcase name=\"heard\" classname=\"{path}\"/>");
        }
        xml.push_str("  </testsuite>\n");
        xml
    }
}

fn failure(finding: &Finding, place: &Place) -> Case {
    let message = brief(&finding.message);
    Case {
        name: format!("{} at {}", finding.rule, place.before_message().strip_prefix(&format!("{}:", place.path)).unwrap_or_default()),
        kind: finding.rule.to_owned(),
        text: format!("{}: {message}\nhelp: {}", place.before_message(), brief(&finding.help)),
        message,
    }
}

fn error(notice: &Notice) -> Case {
    let message = brief(&notice.message);
    Case { name: "heard".to_owned(), kind: "unchecked".to_owned(), text: message.clone(), message }
}

/// The text with what XML has another meaning for. Control characters, which it cannot hold at all, are written out.
fn attribute(text: &str) -> String {
    let text: String = text
        .chars()
        .flat_map(|character| match character {
            '\n' => vec!['\n'],
            '\u{fffe}' | '\u{ffff}' => vec!['\u{fffd}'],
            _ if character.is_control() => character.escape_default().collect(),
            _ => vec![character],
        })
        .collect();
    escape(text).into_owned()
}
