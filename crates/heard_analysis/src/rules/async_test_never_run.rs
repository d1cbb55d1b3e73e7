//! An async test or fixture that unittest calls and never awaits.

use super::Rule;
use crate::facts::{Fact, Role, UnmarkedTest};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "async-test-never-run", level: Level::Default, page: include_str!("async_test_never_run.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let test = match fact {
        Fact::AsyncTest(test) => test,
        Fact::UnmarkedTest(test) => return Some(unmarked(test)),
        _ => return None,
    };
    let (method, test_case) = (&test.method, &test.test_case);
    let (message, help) = match (test.role, &test.mixin) {
        (Role::Test, None) => (
            format!("`{method}` is async, and `{test_case}` never awaits its tests: it always passes"),
            "derive the class from `unittest.IsolatedAsyncioTestCase`".to_owned(),
        ),
        (Role::Test, Some(mixin)) => (
            format!("`{mixin}` brings async tests like `{method}` into `{test_case}`, which never awaits them: they always pass"),
            "derive the class from `unittest.IsolatedAsyncioTestCase`".to_owned(),
        ),
        (Role::Fixture { async_name }, _) => (
            format!("`{method}` is async, and `{test_case}` never awaits it: it never runs"),
            match async_name {
                Some(async_name) => format!("call it `{async_name}`"),
                None if method.ends_with("Class") => "make it a plain method that calls `asyncio.run`".to_owned(),
                None => format!("derive the class from `unittest.IsolatedAsyncioTestCase`, and call it `async{}`", capitalized(method)),
            },
        ),
    };
    Some(RULE.finding(&test.site, message, help))
}

/// Newer versions of pytest fail such a test, older ones skip it.
fn unmarked(test: &UnmarkedTest) -> Finding {
    let (function, mark) = (&test.function, test.mark);
    let (message, help) = if test.is_misplaced {
        (format!("`{function}` has the mark `{mark}`, and is no async test: the mark does nothing"), "put the mark before the test that it is for")
    } else {
        (format!("`{function}` is async and lacks the mark `{mark}` that others have: nothing awaits it"), "give it the mark, or set the plugin's mode to `auto`")
    };
    RULE.finding(&test.site, message, help).at_level(Level::Strict)
}

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
