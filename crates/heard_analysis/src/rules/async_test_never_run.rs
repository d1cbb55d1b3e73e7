//! An async test or fixture that unittest calls and never awaits.

use super::Rule;
use crate::facts::{Fact, Role};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule =
    Rule { name: "async-test-never-run", level: Level::Default, page: include_str!("async_test_never_run.md"), check };

fn check(fact: &Fact) -> Option<Finding> {
    let Fact::AsyncTest(test) = fact else { return None };
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

fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
