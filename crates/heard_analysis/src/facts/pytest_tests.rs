//! Async tests that pytest-asyncio or anyio would run, if they had the mark.

use camino::Utf8Path;
use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{StatementSite, last_name};
use crate::program::Database;

/// An async test without its mark, or a mark without its test.
#[derive(Debug)]
pub(crate) struct UnmarkedTest {
    /// The name of the function.
    pub(crate) site: Site,
    pub(crate) function: String,
    /// The mark that other functions of the module have.
    pub(crate) mark: &'static str,
    /// Whether the function has the mark, and is no test that it could be for.
    pub(crate) is_misplaced: bool,
}

/// The marks that have a plugin await a test.
const MARKS: [&str; 3] = ["asyncio", "anyio", "trio"];

/// The files that may configure pytest.
const CONFIGURATIONS: [&str; 4] = ["pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"];

impl Finder<'_, '_, '_> {
    /// The async tests of the module that lack the mark which its other functions have.
    pub(super) fn unmarked_tests(&self) -> Vec<UnmarkedTest> {
        let path = self.flow.module.path();
        let is_test_file = path.file_stem().is_some_and(|stem| stem.starts_with("test_") || stem.ends_with("_test"));
        let functions = || self.flow.body.statements.iter().filter_map(|site| Some((site, site.statement.as_function_def_stmt()?)));
        let Some(mark) = functions().find_map(|(_, function)| mark_of(function)) else { return Vec::new() };
        if self.is_marked_as_a_whole() {
            return Vec::new();
        }
        let candidates = functions().filter_map(|(site, function)| {
            let is_misplaced = mark_of(function).is_some() && !function.is_async && !function.name.starts_with("test");
            let is_unmarked = is_test_file && is_test(function) && self.is_collected(site);
            (is_misplaced || is_unmarked).then(|| UnmarkedTest {
                site: self.site(function.name.range(), &site.around),
                function: function.name.to_string(),
                mark,
                is_misplaced,
            })
        });
        let found: Vec<UnmarkedTest> = candidates.collect();
        // Files are read for that, so it is asked where there is something to tell.
        if found.is_empty() || runs_all(self.db, path) { Vec::new() } else { found }
    }

    /// Whether pytest finds a function by itself: in the module, or in a class of tests that nothing else runs. It never
    /// looks into functions.
    fn is_collected(&self, site: &StatementSite<'_>) -> bool {
        let scope = &site.around.scope;
        !self.flow.body.is_in_function(scope.frame) && scope.class.is_none_or(is_plain_test_class)
    }

    /// Whether the module, or a hook in it, marks all of its tests.
    fn is_marked_as_a_whole(&self) -> bool {
        self.flow.module.body().iter().any(|statement| match statement {
            Stmt::Assign(assignment) => assignment.targets.iter().any(|target| last_name(target).is_some_and(|name| name == "pytestmark")),
            Stmt::AnnAssign(assignment) => last_name(&assignment.target).is_some_and(|name| name == "pytestmark"),
            Stmt::FunctionDef(function) => function.name.starts_with("pytest_"),
            _ => false,
        })
    }
}

fn is_plain_test_class(class: &StmtClassDef) -> bool {
    let is_marked = |statement: &Stmt| {
        let assignment = statement.as_assign_stmt();
        assignment
            .is_some_and(|assignment| assignment.targets.iter().any(|target| last_name(target).is_some_and(|name| name == "pytestmark")))
    };
    class.name.starts_with("Test") && class.bases().is_empty() && class.decorator_list.is_empty() && !class.body.iter().any(is_marked)
}

/// An async test without a decorator, and with no argument that a plugin might know it by.
fn is_test(function: &StmtFunctionDef) -> bool {
    let by_plugin = function.parameters.iter().any(|parameter| parameter.name().contains("anyio") || parameter.name().contains("loop"));
    function.is_async && function.name.starts_with("test") && function.decorator_list.is_empty() && !by_plugin
}

/// The mark of a function that has a plugin await it.
fn mark_of(function: &StmtFunctionDef) -> Option<&'static str> {
    function.decorator_list.iter().find_map(|decorator| {
        let mark = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &*call.func);
        let Expr::Attribute(mark) = mark else { return None };
        last_name(&mark.value).filter(|name| *name == "mark")?;
        MARKS.into_iter().find(|known| *known == mark.attr.as_str())
    })
}

/// Whether the configuration nearest above has the plugin run every async test, or a `conftest.py` on the way there may
/// do that.
fn runs_all(db: &Database, file: &Utf8Path) -> bool {
    for folder in file.ancestors().skip(1) {
        let read = |name: &str| db.words_of(&folder.join(name));
        let conftest = read("conftest.py");
        if conftest.contains("pytest_collection_modifyitems")
            || conftest.contains("pytest_pyfunc_call")
            || conftest.contains("pytest_itemcollected")
        {
            return true;
        }
        let configurations = CONFIGURATIONS.map(read);
        if configurations.iter().any(|text| says_auto(text)) {
            return true;
        }
        if configurations.iter().any(|text| text.contains("[pytest]") || text.contains("[tool:pytest]") || text.contains("[tool.pytest")) {
            return false;
        }
    }
    false
}

/// Whether a configuration has every async test run: `asyncio_mode = auto`, or a plugin that knows no other way.
fn says_auto(text: &str) -> bool {
    let is_auto = |line: &str| {
        let line: String = line.chars().filter(|character| !character.is_whitespace() && !matches!(character, '"' | '\'')).collect();
        line.contains("asyncio_mode=auto")
            || line.contains("asyncio-mode=auto")
            || line.contains("asyncio-modeauto")
            || line.contains("anyio_mode=auto")
            || line.contains("trio_mode=true")
    };
    text.lines().any(is_auto)
}
