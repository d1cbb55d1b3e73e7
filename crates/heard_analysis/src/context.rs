//! Where a finding stands: in test code, or beside words that say that the loss is meant. Both lower it to strict.

use camino::Utf8Path;
use ruff_python_ast::visitor::{Visitor, walk_body, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::facts::{is_failure_log, tells};
use crate::finding::{Finding, Level, Span, Step};
use crate::resolve::Module;

/// Rules whose harm lies in tests: what never runs there lets them pass.
const HARM_TESTS: [&str; 3] = ["unawaited-coroutine", "coroutine-as-value", "async-test-never-run"];

/// Rules about failures that somebody may mean to lose.
const MAY_BE_MEANT: [&str; 8] = [
    "discard-only-callback",
    "dropped-task",
    "late-task",
    "muted-failure",
    "unread-gather",
    "unread-task",
    "unread-thread-future",
    "unread-wait",
];

/// Rules about work that may do no more than pass on what a log has been told already.
const TELLERS: [&str; 3] = ["discard-only-callback", "dropped-task", "unread-task"];

/// Words of comments and docstrings that say that a failure is let go on purpose.
const MEANT: [&str; 14] = [
    "best effort",
    "best-effort",
    "deliberately",
    "errors are ignored",
    "errors ignored",
    "failures are ignored",
    "fire and forget",
    "fire-and-forget",
    "ignore errors",
    "ignore failures",
    "ignored on purpose",
    "intentionally",
    "silently ignore",
    "swallow",
];

/// Whether a file of the project at `root` holds tests or what tests need, as its name or folder says.
#[must_use]
pub fn is_test_code(file: &Utf8Path, root: &Utf8Path) -> bool {
    let relative = file.strip_prefix(root).unwrap_or(file);
    let is_of_tests = |folder: &str| {
        let folder = folder.trim_start_matches('_');
        matches!(folder, "mock" | "mocks" | "test" | "tests" | "testing")
            || folder.starts_with("test_")
            || folder.ends_with("_test")
            || folder.ends_with("_tests")
    };
    let stem = relative.file_stem().unwrap_or_default();
    let in_folder = relative.parent().is_some_and(|folder| folder.components().any(|part| is_of_tests(part.as_str())));
    in_folder
        || matches!(stem, "conftest" | "tests")
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem == "testing"
        || stem.starts_with("testing_")
}

/// The findings of a file of the project at `root`, those of them at strict whose place makes them so.
pub(crate) fn weigh(module: &Module<'_>, root: &Utf8Path, mut findings: Vec<Finding>) -> Vec<Finding> {
    let in_tests = is_test_code(module.path(), root);
    for finding in findings.iter_mut().filter(|finding| finding.level == Level::Default) {
        let place = Place::of(module, &finding.span);
        let harms_tests = HARM_TESTS.contains(&finding.rule) && (!place.after_test || finding.rule == "async-test-never-run");
        let is_only_told = place.behind_log && TELLERS.contains(&finding.rule) && is_notice(module, finding);
        if is_only_told || ((in_tests || place.in_test_case) && !harms_tests) {
            finding.level = Level::Strict;
        } else if MAY_BE_MEANT.contains(&finding.rule)
            && let Some(said) = said_beside(module, finding, &place)
        {
            finding.level = Level::Strict;
            finding.trace.push(Step { span: said, message: "it is said here that this is meant".to_owned() });
        }
    }
    findings
}

/// What stands around a finding.
#[derive(Default)]
struct Place {
    /// Whether it is in a class of tests.
    in_test_case: bool,
    /// Whether it is in what runs when a test is over.
    after_test: bool,
    /// Whether a log has been told of a failure just before.
    behind_log: bool,
    /// The docstrings of the functions around.
    docstrings: Vec<TextRange>,
}

impl Place {
    fn of(module: &Module<'_>, span: &Span) -> Self {
        let at = u32::try_from(span.start.offset).map(TextSize::from).unwrap_or_default();
        let mut finder = PlaceFinder { at, place: Place::default() };
        finder.visit_body(module.body());
        finder.place
    }
}

struct PlaceFinder {
    at: TextSize,
    place: Place,
}

impl<'a> Visitor<'a> for PlaceFinder {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !statement.range().contains(self.at) {
            return;
        }
        match statement {
            Stmt::ClassDef(class) => self.place.in_test_case |= is_test_case(class),
            Stmt::FunctionDef(function) => {
                let name = function.name.to_lowercase().replace('_', "");
                self.place.after_test |= ["teardown", "cleanup", "finalize"].iter().any(|word| name.contains(word));
                self.place.docstrings.extend(docstring(function));
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_body(&mut self, body: &'a [Stmt]) {
        if let Some(place) = body.iter().position(|statement| statement.range().contains(self.at)) {
            let logs = |statement: &Stmt| {
                statement.as_expr_stmt().and_then(|statement| statement.value.as_call_expr()).is_some_and(is_failure_log)
            };
            self.place.behind_log = body[..place].iter().any(logs);
        }
        walk_body(self, body);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// Whether what is started does no more than tell somebody, as the name of it says.
fn is_notice(module: &Module<'_>, finding: &Finding) -> bool {
    let (start, end) = (finding.span.start.offset, finding.span.end.offset);
    let call = module.text().get(start..end).unwrap_or_default();
    let work = call.split('(').nth(1).unwrap_or_default();
    tells(work.rsplit('.').next().unwrap_or_default().trim())
}

/// Whether a class is one of tests, by its bases or by the methods that only such classes have.
fn is_test_case(class: &StmtClassDef) -> bool {
    let is_base = |base: &Expr| match base {
        Expr::Name(name) => name.id.ends_with("TestCase"),
        Expr::Attribute(attribute) => attribute.attr.ends_with("TestCase"),
        _ => false,
    };
    let is_fixture = |statement: &Stmt| {
        statement
            .as_function_def_stmt()
            .is_some_and(|method| matches!(method.name.as_str(), "setUp" | "asyncSetUp" | "setUpClass" | "tearDown"))
    };
    class.bases().iter().any(is_base) || class.body.iter().any(is_fixture)
}

fn docstring(function: &StmtFunctionDef) -> Option<TextRange> {
    let first = function.body.first()?.as_expr_stmt()?;
    first.value.is_string_literal_expr().then(|| first.range())
}

/// Where a comment at the statement or above it, or the docstring of a function around, says that the loss is meant.
fn said_beside(module: &Module<'_>, finding: &Finding, place: &Place) -> Option<Span> {
    let says = |range: &TextRange| {
        let words = module.text()[*range].to_lowercase();
        MEANT.iter().any(|phrase| words.contains(phrase))
    };
    let lines = finding.statement_span.start.line..=finding.statement_span.end.line;
    let mut said = None;
    let mut above = *lines.start();
    // Comments above belong to the statement as long as nothing stands between.
    let comments: Vec<TextRange> = module.comments().collect();
    for range in comments.into_iter().rev() {
        let span = module.span(range);
        let line = span.start.line;
        let is_above = line + 1 == above;
        if is_above {
            above = line;
        }
        if (lines.contains(&line) || is_above) && says(&range) {
            said = Some(span);
        }
    }
    let docstring = || place.docstrings.iter().find(|docstring| says(docstring)).map(|docstring| module.span(*docstring));
    said.or_else(docstring)
}

#[cfg(test)]
mod tests {
    use super::is_test_code;

    #[test]
    fn test_code_is_told_by_names_inside_of_the_project() {
        let is = |file: &str| is_test_code(file.into(), "/home/tests/shop".into());
        for file in [
            "/home/tests/shop/tests/unit/prices.py",
            "/home/tests/shop/shop/test_prices.py",
            "/home/tests/shop/shop/prices_test.py",
            "/home/tests/shop/shop/test_support/fakes.py",
            "/home/tests/shop/conftest.py",
            "/home/tests/shop/shop/testing.py",
            "/home/tests/shop/shop/testing_tools.py",
        ] {
            assert!(is(file), "{file}");
        }
        for file in [
            "/home/tests/shop/shop/prices.py",
            "/home/tests/shop/shop/latest.py",
            "/home/tests/shop/contest/rules.py",
            "/home/tests/shop/shop/ab_testing.py",
            "/home/tests/shop/shop/load_testing.py",
        ] {
            assert!(!is(file), "{file}");
        }
    }
}
