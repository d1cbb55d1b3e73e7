//! Files that put plain functions in the place of the coroutine functions of classes, for those who call them where no loop
//! runs.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::body::last_name;
use super::nested_runs::may_run_loop;

/// What has coroutine functions that a file may put plain ones in the place of.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MadePlain {
    /// The names of the classes that it imports or defines.
    pub(crate) classes: FxHashSet<Name>,
    /// The last names of the modules that it asks for all that they have.
    pub(crate) modules: FxHashSet<Name>,
}

/// The classes and modules whose coroutine functions a file puts plain functions in the place of. For that, one function
/// binds under a computed name what a function in it runs a loop in, and it, or who calls it, tells coroutine functions
/// from others.
pub(super) fn made_plain_in(statements: &[Stmt]) -> MadePlain {
    let whole = Looker::at(statements);
    if !(whole.asks && whole.runs && whole.binds) {
        return MadePlain::default();
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
    if units.0.iter().any(|unit| uses_maker(unit)) { whole.known } else { MadePlain::default() }
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
    known: MadePlain,
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
            ("dir" | "vars" | "getmembers", [object, ..]) => self.known.modules.extend(last_name(object).cloned()),
            _ => {}
        }
        let attributes = call.arguments.args.iter().filter_map(Expr::as_attribute_expr);
        self.known.classes.extend(attributes.map(|attribute| attribute.attr.id.clone()));
    }
}

impl<'a> Visitor<'a> for Looker {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ClassDef(class) => drop(self.known.classes.insert(class.name.id.clone())),
            Stmt::ImportFrom(import) => self.known.classes.extend(import.names.iter().map(|alias| alias.name.id.clone())),
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
