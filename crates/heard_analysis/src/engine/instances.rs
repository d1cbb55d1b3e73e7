//! Which class a value is an instance of where the engine has no type for it: functions without
//! annotations make it, and their bodies tell.

use std::cell::Cell;

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{AnyNodeRef, Decorator, Expr, ExprCall, ExprName, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_semantic::types::{Type, TypeDefinition};
use ty_python_semantic::{HasType, ImportAliasResolution, ProgramEnvironment, ResolvedDefinition, definitions_for_name};

use super::{Callee, DEEPEST_HIERARCHY, Module, any_in_hierarchy, qualified_name};
use crate::program::Database;

/// A value is followed through this many names, attributes and functions.
const DEEPEST_MAKER: usize = 6;

impl<'db> Module<'db> {
    /// The method that `call` goes to, where only the bodies of functions tell what it is called on.
    pub(crate) fn method_by_bodies(&self, call: &ExprCall) -> Option<Callee<'db>> {
        let Expr::Attribute(method) = &*call.func else { return None };
        self.ask(|| {
            let is_open = is_open(self.db, method.value.inferred_type(&self.model)?);
            if is_open { method_of(self, self.class_of(&method.value, DEEPEST_MAKER)?, &method.attr.id) } else { None }
        })
    }

    /// Hands the function that `call` goes to, as it is written, to `read`: the engine may take what a
    /// decorator makes of it for something else.
    pub(crate) fn with_written<T>(&self, call: &ExprCall, read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T) -> Option<T> {
        let (read, answer) = (Cell::new(Some(read)), Cell::new(None));
        match &*call.func {
            Expr::Name(name) => {
                let definition = self.ask(|| self.definition_of(name))?;
                let DefinitionKind::Function(node) = definition.kind(self.db) else { return None };
                let home = Module::load(self.db, definition.program_file(self.db));
                return Some(read.take()?(&home, node.node(&home.parsed)));
            }
            Expr::Attribute(method) => {
                let class = self.ask(|| self.class_of(&method.value, DEEPEST_MAKER))?;
                let finds = |class: Definition<'db>, node: &StmtClassDef| {
                    let Some(method) = last_method(node, &method.attr.id) else { return false };
                    let home = Module::load(self.db, class.program_file(self.db));
                    answer.set(read.take().map(|read| read(&home, method)));
                    true
                };
                any_in_hierarchy(self.db, class, &finds, DEEPEST_HIERARCHY)?;
            }
            _ => {}
        }
        answer.take()
    }

    /// The one class that every value of `expression` is made as.
    fn class_of(&self, expression: &Expr, depth: usize) -> Option<Definition<'db>> {
        let depth = depth.checked_sub(1)?;
        // The engine takes a class and one that derives from it together for the first.
        if let Expr::If(either) = expression {
            return self.class_of_all(&[&either.body, &either.orelse], depth);
        }
        match expression.inferred_type(&self.model)? {
            ty @ Type::NominalInstance(_) => self.class_of_instance(ty),
            // `self` may be of any class that derives from this one.
            Type::TypeVar(_) => self.class_of_receiver(expression.as_name_expr()?),
            ty if is_open(self.db, ty) => match expression {
                Expr::Call(call) => self.class_made_by(call, false, depth),
                Expr::Await(node) => self.class_made_by(node.value.as_call_expr()?, true, depth),
                Expr::Name(name) => self.class_of_name(name, depth),
                Expr::Attribute(attribute) => {
                    let holder = self.class_of(&attribute.value, depth)?;
                    let DefinitionKind::Class(node) = holder.kind(self.db) else { return None };
                    let home = Module::load(self.db, holder.program_file(self.db));
                    let node = node.node(&home.parsed);
                    if let Some(result) = result_of_property(node, &attribute.attr.id) {
                        return home.class_of_instance(result.inferred_type(&home.model)?);
                    }
                    let mut put_in = PutIn { attribute: &attribute.attr.id, values: Vec::new(), is_open: false };
                    put_in.visit_body(&node.body);
                    if put_in.is_open { None } else { home.class_of_all(&put_in.values, depth) }
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn class_of_instance(&self, ty: Type<'db>) -> Option<Definition<'db>> {
        match (ty, ty.definition(self.db, &ProgramEnvironment::from_file(self.file))?) {
            (Type::NominalInstance(_), TypeDefinition::StaticClass(class)) => Some(class),
            _ => None,
        }
    }

    /// The class whose method has `name` as its first parameter.
    fn class_of_receiver(&self, name: &ExprName) -> Option<Definition<'db>> {
        let mut around = ClassesAround { place: name.range(), classes: Vec::new() };
        around.visit_body(self.body());
        let class = around.classes.pop()?;
        let mut methods = class.body.iter().filter_map(Stmt::as_function_def_stmt);
        let method = methods.find(|method| method.range().contains_range(name.range()))?;
        if method.parameters.iter().next()?.name().id != name.id {
            return None;
        }
        match class.inferred_type(&self.model)?.definition(self.db, &ProgramEnvironment::from_file(self.file))? {
            TypeDefinition::StaticClass(class) => Some(class),
            _ => None,
        }
    }

    /// The class of a name that is bound once.
    fn class_of_name(&self, name: &ExprName, depth: usize) -> Option<Definition<'db>> {
        let definition = self.definition_of(name)?;
        let home = Module::load(self.db, definition.program_file(self.db));
        home.class_of(home.value_of(definition)?, depth)
    }

    /// What `read` makes of the value of a name that is bound once, and in the module where it is bound.
    pub(crate) fn with_value<T>(&self, name: &ExprName, read: impl FnOnce(&Module<'db>, &Expr) -> T) -> Option<T> {
        let definition = self.ask(|| self.definition_of(name))?;
        let home = Module::load(self.db, definition.program_file(self.db));
        Some(read(&home, home.value_of(definition)?))
    }

    /// The value of a plain assignment in this module.
    fn value_of(&self, definition: Definition<'db>) -> Option<&Expr> {
        match definition.kind(self.db) {
            DefinitionKind::Assignment(assignment) if assignment.unpack().is_none() => Some(assignment.value(&self.parsed)),
            _ => None,
        }
    }

    fn definition_of(&self, name: &ExprName) -> Option<Definition<'db>> {
        let found = definitions_for_name(&self.model, &name.id, AnyNodeRef::from(name), ImportAliasResolution::ResolveAliases);
        match &*found {
            [ResolvedDefinition::Definition(definition)] => Some(*definition),
            _ => None,
        }
    }

    /// The class of what a function without annotations returns.
    fn class_made_by(&self, call: &ExprCall, is_awaited: bool, depth: usize) -> Option<Definition<'db>> {
        let callee = self.target(&call.func)?;
        let made = callee.with_body(self.db, |module, function| {
            let is_plain = function.decorator_list.is_empty() && function.returns.is_none() && function.is_async == is_awaited;
            let mut results = Results::default();
            results.visit_body(&function.body);
            if is_plain && !results.yields { module.class_of_all(&results.values, depth) } else { None }
        });
        made?
    }

    /// The same of several values; those that are `None` do not count.
    fn class_of_all(&self, values: &[&Expr], depth: usize) -> Option<Definition<'db>> {
        let mut class = None;
        for value in values.iter().filter(|value| !value.is_none_literal_expr()) {
            let next = self.class_of(value, depth)?;
            if class.is_some_and(|class| class != next) {
                return None;
            }
            class = Some(next);
        }
        class
    }
}

fn last_method<'c>(class: &'c StmtClassDef, name: &Name) -> Option<&'c StmtFunctionDef> {
    class.body.iter().filter_map(Stmt::as_function_def_stmt).rfind(|method| method.name.id == *name)
}

/// What a property of a class is declared to give. The engine does not know what each decorator makes of it.
fn result_of_property<'c>(class: &'c StmtClassDef, name: &Name) -> Option<&'c Expr> {
    let mut methods = class.body.iter().filter_map(Stmt::as_function_def_stmt).filter(|method| method.name.id == *name);
    let method = methods.next()?;
    let is_property = |decorator: &Decorator| match &decorator.expression {
        Expr::Name(decorator) => decorator.id.ends_with("property"),
        Expr::Attribute(decorator) => decorator.attr.ends_with("property"),
        _ => false,
    };
    let is_one = !method.is_async && matches!(&*method.decorator_list, [decorator] if is_property(decorator));
    method.returns.as_deref().filter(|_| is_one)
}

/// Whether all that is known of a value is that it may be `None`.
fn is_open<'db>(db: &'db Database, ty: Type<'db>) -> bool {
    match ty {
        Type::Dynamic(_) => true,
        Type::Union(union) => {
            let mut parts = union.elements(db).iter().filter(|part| !part.is_none(db)).peekable();
            parts.peek().is_some() && parts.all(|part| matches!(part, Type::Dynamic(_)))
        }
        _ => false,
    }
}

/// The method that instances of a class have.
fn method_of<'db>(module: &Module<'db>, class: Definition<'db>, name: &Name) -> Option<Callee<'db>> {
    let found = Cell::new(None);
    let finds = |class: Definition<'db>, node: &StmtClassDef| {
        let Some(method) = last_method(node, name) else { return false };
        let home = Module::load(module.db, class.program_file(module.db));
        let ty = method.inferred_type(&home.model);
        let definition = ty.and_then(|ty| ty.definition(module.db, &ProgramEnvironment::from_file(home.file)));
        if let (Some(Type::FunctionLiteral(_)), Some(TypeDefinition::Function(definition))) = (ty, definition) {
            found.set(Some(definition));
        }
        true
    };
    any_in_hierarchy(module.db, class, &finds, DEEPEST_HIERARCHY)?;
    let definition = found.get()?;
    Some(Callee { name: qualified_name(module.db, definition), is_bound: true, definition })
}

/// The classes around a place, the innermost last.
struct ClassesAround<'a> {
    place: TextRange,
    classes: Vec<&'a StmtClassDef>,
}

impl<'a> Visitor<'a> for ClassesAround<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if statement.range().contains_range(self.place) {
            self.classes.extend(statement.as_class_def_stmt());
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// What the statements of a class put in an attribute of its objects.
struct PutIn<'n, 'a> {
    attribute: &'n Name,
    values: Vec<&'a Expr>,
    /// Whether something else is put in there, like the elements of an iterable.
    is_open: bool,
}

impl PutIn<'_, '_> {
    fn is_meant(&self, target: &Expr) -> bool {
        target.as_attribute_expr().is_some_and(|target| target.attr.id == *self.attribute)
    }

    fn is_among(&self, target: &Expr) -> bool {
        match target {
            Expr::Tuple(tuple) => tuple.elts.iter().any(|element| self.is_among(element)),
            Expr::Starred(starred) => self.is_among(&starred.value),
            target => self.is_meant(target),
        }
    }
}

impl<'a> Visitor<'a> for PutIn<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assignment) if assignment.targets.iter().any(|target| self.is_meant(target)) => {
                self.values.push(&assignment.value);
            }
            Stmt::Assign(assignment) => self.is_open |= assignment.targets.iter().any(|target| self.is_among(target)),
            Stmt::AnnAssign(assignment) => self.is_open |= self.is_meant(&assignment.target),
            Stmt::For(statement) => self.is_open |= self.is_among(&statement.target),
            Stmt::With(statement) => {
                let mut targets = statement.items.iter().filter_map(|item| item.optional_vars.as_deref());
                self.is_open |= targets.any(|target| self.is_among(target));
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// What a body returns.
#[derive(Default)]
struct Results<'a> {
    values: Vec<&'a Expr>,
    yields: bool,
}

impl<'a> Visitor<'a> for Results<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Return(result) => self.values.extend(result.value.as_deref()),
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Lambda(_) => {}
            Expr::Yield(_) | Expr::YieldFrom(_) => self.yields = true,
            _ => walk_expr(self, expression),
        }
    }
}
