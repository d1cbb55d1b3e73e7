//! Files that put plain functions in the place of the coroutine functions of classes, for those who call them where no loop
//! runs.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use rustc_hash::FxHashSet;

use super::body::last_name;
use super::nested_runs::may_run_loop;

/// Under this name the light table has a class that such a file imports or defines, among what runs loops. No function
/// is called so.
pub(super) fn made_plain(class: &str) -> Name {
    Name::new(format!("setattr() {class}"))
}

/// Under this one, what the file asks for all that it has: a module that is full of such classes.
pub(super) fn gone_over(module: &str) -> Name {
    Name::new(format!("dir() {module}"))
}

/// The classes and modules whose coroutine functions a file puts plain functions in the place of. For that, one function
/// binds under a computed name what a function in it runs a loop in, and it, or who calls it, tells coroutine functions
/// from others.
pub(super) fn made_plain_in(statements: &[Stmt]) -> Vec<Name> {
    let whole = Looker::at(statements);
    if !(whole.asks && whole.runs && whole.binds) {
        return Vec::new();
    }
    let mut units = Units(Vec::new());
    units.visit_body(statements);
    let maker = |statement: &Stmt| {
        let function = statement.as_function_def_stmt()?;
        binds_what_runs(&function.body).then(|| function.name.id.clone())
    };
    let makers: FxHashSet<Name> = units.0.iter().filter_map(|unit| maker(unit)).collect();
    let uses_maker = |unit: &Stmt| {
        let look = Looker::at(std::slice::from_ref(unit));
        look.asks && (maker(unit).is_some() || !look.calls.is_disjoint(&makers))
    };
    if units.0.iter().any(|unit| uses_maker(unit)) { whole.known } else { Vec::new() }
}

/// Whether a function binds a function in it that runs a loop.
fn binds_what_runs(body: &[Stmt]) -> bool {
    let look = Looker::at(body);
    look.binds && look.bound.iter().any(|name| look.runners.contains(name))
}

/// The functions and statements that no function is around.
struct Units<'a>(Vec<&'a Stmt>);

impl<'a> Visitor<'a> for Units<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ClassDef(_) => walk_stmt(self, statement),
            statement => self.0.push(statement),
        }
    }
}

/// What stands in some statements.
#[derive(Default)]
struct Looker {
    /// Coroutine functions are told from others.
    asks: bool,
    runs: bool,
    /// An attribute whose name is computed is bound.
    binds: bool,
    /// The names in what is bound so.
    bound: FxHashSet<Name>,
    /// The functions that run loops.
    runners: FxHashSet<Name>,
    /// The last names of what is called.
    calls: FxHashSet<Name>,
    /// What is imported, defined or gone over.
    known: Vec<Name>,
}

impl Looker {
    fn at(statements: &[Stmt]) -> Self {
        let mut looker = Looker::default();
        looker.visit_body(statements);
        looker
    }

    fn see(&mut self, call: &ExprCall) {
        self.runs |= may_run_loop(call);
        let Some(name) = last_name(&call.func) else { return };
        self.calls.insert(name.clone());
        match (name.as_str(), &*call.arguments.args) {
            ("iscoroutinefunction" | "isasyncgenfunction" | "iscoroutine", _) => self.asks = true,
            ("setattr", [_, name, value]) if !name.is_string_literal_expr() => {
                self.binds = true;
                let mut names = NamesIn(FxHashSet::default());
                names.visit_expr(value);
                self.bound.extend(names.0);
            }
            ("dir" | "vars" | "getmembers", [object, ..]) => self.known.extend(last_name(object).map(|name| gone_over(name))),
            _ => {}
        }
        let attributes = call.arguments.args.iter().filter_map(Expr::as_attribute_expr);
        self.known.extend(attributes.map(|attribute| made_plain(&attribute.attr)));
    }
}

impl<'a> Visitor<'a> for Looker {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ClassDef(class) => self.known.push(made_plain(&class.name)),
            Stmt::ImportFrom(import) => self.known.extend(import.names.iter().map(|alias| made_plain(&alias.name))),
            Stmt::FunctionDef(function) if Looker::at(&function.body).runs => {
                self.runners.insert(function.name.id.clone());
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.see(call);
        }
        walk_expr(self, expression);
    }
}

struct NamesIn(FxHashSet<Name>);

impl<'a> Visitor<'a> for NamesIn {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression {
            self.0.insert(name.id.clone());
        }
        walk_expr(self, expression);
    }
}
