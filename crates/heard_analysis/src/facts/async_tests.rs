//! Async methods of test cases that unittest calls and never awaits.

use ruff_python_ast::{Decorator, Expr, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::Ranged;
use rustc_hash::FxHashSet;

use super::Site;
use super::birth::Finder;
use super::body::{StatementSite, last_name};
use super::models::TestCase;
use super::names::plain_functions;
use crate::resolve::{Answer, Module};

/// An async method that unittest calls and never awaits.
#[derive(Debug)]
pub(crate) struct AsyncTest {
    /// The name of the method, or of the class that brings it in.
    pub(crate) site: Site,
    pub(crate) method: String,
    pub(crate) role: Role,
    /// The class of the tests' library that calls it.
    pub(crate) test_case: String,
    /// The class that defines it, where that is no test case itself.
    pub(crate) mixin: Option<String>,
}

/// What unittest takes a method for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A test.
    Test,
    /// Something that is called around tests; `async_name` is the method that is awaited in its place.
    Fixture { async_name: Option<&'static str> },
}

/// What a class inherits.
#[derive(Default)]
struct Heritage<'m> {
    /// The class of the library that calls the methods, by its qualified name.
    test_case: Option<(&'m str, &'m TestCase)>,
    /// Async tests of classes that are no test cases, and those classes.
    mixed_in: Vec<(String, String)>,
    /// Whether something in between may run the tests in its own way.
    has_own_runner: bool,
}

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// The async methods of the module's test cases that are never awaited.
    pub(super) fn async_tests(&self) -> Vec<AsyncTest> {
        let mut tests = Vec::new();
        for site in &self.flow.body.statements {
            // A class in a function is found by no runner of tests: it is what a test is about.
            if let Stmt::ClassDef(class) = site.statement
                && !self.flow.body.is_in_function(site.around.scope.frame)
            {
                self.async_tests_of(class, site, &mut tests);
            }
        }
        tests
    }

    fn async_tests_of(&self, class: &StmtClassDef, site: &StatementSite<'a>, tests: &mut Vec<AsyncTest>) {
        let own = async_methods(class);
        if class.bases().is_empty() || own.is_empty() && !may_mix_in_tests(class) {
            return;
        }
        let Some(heritage) = self.heritage(class) else { return };
        let Some((name, model)) = heritage.test_case else { return };
        let of_class = |range, method: &str, role, mixin| AsyncTest {
            site: self.site(range, &site.around),
            method: method.to_owned(),
            role,
            test_case: name.rsplit('.').next().unwrap_or_default().to_owned(),
            mixin,
        };
        for function in own {
            let method = function.name.as_str();
            if model.fixtures.iter().any(|fixture| fixture == method) {
                if function
                    .decorator_list
                    .iter()
                    .all(|decorator| last_name(&decorator.expression).is_some_and(|name| name == "classmethod"))
                {
                    let async_name = model.awaits_tests.then(|| async_fixture(method)).flatten();
                    tests.push(of_class(function.name.range(), method, Role::Fixture { async_name }, None));
                }
            } else if !model.awaits_tests
                && method.starts_with("test")
                && self.is_called_as_it_is(function)
                && !self.runs_itself(class, method)
            {
                tests.push(of_class(function.name.range(), method, Role::Test, None));
            }
        }
        let inherited = heritage.mixed_in.into_iter().find(|_| !model.awaits_tests);
        tests.extend(inherited.map(|(method, mixin)| of_class(class.name.range(), &method, Role::Test, Some(mixin))));
    }

    /// What `class` inherits, where that is known and nothing in between runs tests in its own way.
    fn heritage(&self, class: &StmtClassDef) -> Option<Heritage<'_>> {
        let module = self.flow.module;
        let mut heritage = Heritage { has_own_runner: may_run_tests(module, class), ..Heritage::default() };
        // What the nearest class defines hides what is behind it.
        let mut hidden: FxHashSet<String> = method_names(class).collect();
        let is_known = module.each_ancestor(class, &mut |ancestor| {
            let name = ancestor.name.as_deref().unwrap_or_default();
            if let Some(found) = self.flow.models.test_case(name) {
                // One that awaits tests descends from the other.
                if heritage.test_case.is_none_or(|(_, model)| !model.awaits_tests) {
                    heritage.test_case = Some(found);
                }
            } else if !is_part_of_unittest(name) {
                heritage.has_own_runner |= ancestor.is_stub || may_run_tests(ancestor.module, ancestor.class);
                if !self.is_test_case(ancestor.module, ancestor.class) {
                    for function in async_methods(ancestor.class) {
                        let method = function.name.as_str();
                        if method.starts_with("test")
                            && takes_only_self(function)
                            && function.decorator_list.is_empty()
                            && !hidden.contains(method)
                        {
                            heritage.mixed_in.push((method.to_owned(), ancestor.class.name.to_string()));
                        }
                    }
                }
                hidden.extend(method_names(ancestor.class));
            }
        });
        (is_known && !heritage.has_own_runner).then_some(heritage)
    }

    fn is_test_case(&self, module: &Module<'db>, class: &StmtClassDef) -> bool {
        let mut is_test_case = false;
        let is_known = module.each_ancestor(class, &mut |ancestor| {
            is_test_case |= ancestor.name.as_deref().is_some_and(|name| self.flow.models.test_case(name).is_some());
        });
        is_test_case || !is_known
    }

    /// Whether unittest calls the method as it is written, and can call it.
    fn is_called_as_it_is(&self, function: &StmtFunctionDef) -> bool {
        match &*function.decorator_list {
            [] => takes_only_self(function),
            // Patches may give it arguments.
            decorators => decorators.iter().all(|decorator| keeps_coroutine_function(self.flow.module, decorator)),
        }
    }

    /// Whether another method of the class does something with an async test.
    fn runs_itself(&self, class: &StmtClassDef, method: &str) -> bool {
        let text = &self.flow.module.text()[class.range()];
        text.match_indices(&format!("self.{method}"))
            .any(|(start, name)| !text[start + name.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_'))
    }
}

/// Methods that decide how a test is run.
const RUNNERS: [&str; 13] = [
    "__call__",
    "__getattr__",
    "__getattribute__",
    "__init__",
    "__init_subclass__",
    "__new__",
    "_callCleanup",
    "_callMaybeAsync",
    "_callSetUp",
    "_callTearDown",
    "_callTestMethod",
    "debug",
    "run",
];

/// The async methods of a class that nothing in it binds anew and that unittest may call.
fn async_methods(class: &StmtClassDef) -> Vec<&StmtFunctionDef> {
    let is_wanted = |function: &&StmtFunctionDef| function.is_async && may_be_called_by_name(&function.name);
    let functions = || class.body.iter().filter_map(Stmt::as_function_def_stmt).filter(is_wanted);
    if functions().next().is_none() {
        return Vec::new();
    }
    let plain = plain_functions(&class.body);
    functions().filter(|function| plain.contains_key(function.name.as_str())).collect()
}

fn may_be_called_by_name(name: &str) -> bool {
    name.starts_with("test") || name.starts_with("setUp") || name.starts_with("tearDown")
}

/// Whether a class may get tests from a class that is no test case itself, as far as its bases' names
/// tell.
fn may_mix_in_tests(class: &StmtClassDef) -> bool {
    let says_test = |base: &Expr| last_name(base).is_some_and(|name| name.contains("Test"));
    class.bases().len() > 1 && class.bases().iter().any(says_test)
}

fn method_names(class: &StmtClassDef) -> impl Iterator<Item = String> + '_ {
    class.body.iter().filter_map(Stmt::as_function_def_stmt).map(|function| function.name.to_string())
}

fn is_part_of_unittest(name: &str) -> bool {
    name.starts_with("unittest.") || name.starts_with("builtins.")
}

/// Whether a method can be called without arguments.
fn takes_only_self(function: &StmtFunctionDef) -> bool {
    let parameters = &function.parameters;
    let needed = parameters.posonlyargs.iter().chain(&parameters.args).filter(|parameter| parameter.default.is_none()).count();
    needed == 1 && parameters.kwonlyargs.iter().all(|parameter| parameter.default.is_some())
}

fn is_attribute_of(target: &Expr, class: &str) -> bool {
    matches!(target, Expr::Attribute(attribute) if matches!(&*attribute.value, Expr::Name(name) if name.id == class))
}

/// Whether a decorator leaves a coroutine function one: a patch of `unittest.mock`, and the mark of
/// pytest-asyncio, which does nothing in a test case.
fn keeps_coroutine_function(module: &Module, decorator: &Decorator) -> bool {
    if is_asyncio_mark(&decorator.expression) {
        return true;
    }
    let is_patch = |name: &str| name.starts_with("unittest.mock._patch").then_some(());
    let says_patch = module.text()[decorator.range()].contains("patch");
    says_patch && module.sort_of(&decorator.expression, &is_patch) == Answer::All(())
}

/// Whether a class may run tests in its own way: it, its metaclass or a decorator touches what
/// runs them, or its module puts other methods in their place.
fn may_run_tests(module: &Module, class: &StmtClassDef) -> bool {
    let has_keywords = class.arguments.as_ref().is_some_and(|arguments| !arguments.keywords.is_empty());
    let text = &module.text()[class.range()];
    let changes_class = |statement: &Stmt| {
        let text = &module.text()[statement.range()];
        !statement.is_function_def_stmt() && !statement.is_class_def_stmt() && text.contains("setattr(")
            || statement
                .as_assign_stmt()
                .is_some_and(|assignment| assignment.targets.iter().any(|target| is_attribute_of(target, &class.name)))
    };
    has_keywords
        || !class.decorator_list.iter().all(|decorator| keeps_coroutine_function(module, decorator))
        || method_names(class).any(|name| RUNNERS.contains(&name.as_str()))
        || ["_testMethodName", "setattr("].iter().any(|word| text.contains(word))
        || module.body().iter().any(changes_class)
}

/// `pytest.mark.asyncio`, called or not.
fn is_asyncio_mark(decorator: &Expr) -> bool {
    let decorator = decorator.as_call_expr().map_or(decorator, |call| &*call.func);
    let Expr::Attribute(mark) = decorator else { return false };
    mark.attr.as_str() == "asyncio" && last_name(&mark.value).is_some_and(|name| name == "mark")
}

/// The fixture that is awaited in the place of a plain one.
fn async_fixture(name: &str) -> Option<&'static str> {
    match name {
        "setUp" => Some("asyncSetUp"),
        "tearDown" => Some("asyncTearDown"),
        _ => None,
    }
}
