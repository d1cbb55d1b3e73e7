//! Models of functions that are named and not called: decorators and callbacks.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Decorator, Expr, Stmt};

use super::super::body::last_name;
use super::super::callbacks::partial_function;
use super::super::models::FunctionModel;
use super::Flow;
use crate::resolve::Module;

impl<'m> Flow<'m, '_, '_> {
    /// The model of a decorator, with or without arguments of its own.
    pub(crate) fn model_of_decorator(&self, module: &Module, decorator: &Decorator) -> Option<&'m FunctionModel> {
        let function = match &decorator.expression {
            Expr::Call(call) => &call.func,
            function => function,
        };
        self.model_of_function(module, function, |model| model.makes.is_some() || model.hears)
    }

    /// Whether a done callback is known to hear the failure of what is done.
    pub(crate) fn hears_what_is_done(&self, callback: &Expr) -> bool {
        let function = callback.as_call_expr().and_then(partial_function).unwrap_or(callback);
        self.model_of_function(self.module, function, |model| model.hears).is_some()
    }

    /// The model of a function, where it passes the test.
    fn model_of_function(&self, module: &Module, function: &Expr, test: impl Fn(&FunctionModel) -> bool) -> Option<&'m FunctionModel> {
        let name = last_name(function)?;
        let is_known = |name: &Name| self.models.any_named(name, &test);
        let may_be_known = match function {
            // Each module has names of its own for what it imports.
            Expr::Name(_) if module.path() != self.module.path() => is_known(imported_name(module.body(), name).unwrap_or(name)),
            Expr::Name(_) => is_known(self.body.aliases.get(name).unwrap_or(name)),
            _ => is_known(name),
        };
        if !may_be_known {
            return None;
        }
        self.models.function(module.target(function)?.name.as_deref()?).filter(|model| test(model))
    }
}

/// The name that something has in its own module which these statements import by another.
fn imported_name<'s>(statements: &'s [Stmt], name: &Name) -> Option<&'s Name> {
    struct Aliases<'s, 'n> {
        name: &'n Name,
        found: Option<&'s Name>,
    }
    impl<'s> Visitor<'s> for Aliases<'s, '_> {
        fn visit_stmt(&mut self, statement: &'s Stmt) {
            if let Stmt::ImportFrom(import) = statement {
                let mut aliases = import.names.iter().filter(|alias| alias.asname.as_ref().is_some_and(|other| other.id == *self.name));
                self.found = aliases.next().map(|alias| &alias.name.id).or(self.found);
            }
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, _: &'s Expr) {}
    }
    let mut aliases = Aliases { name, found: None };
    aliases.visit_body(statements);
    aliases.found
}
