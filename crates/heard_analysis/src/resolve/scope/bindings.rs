//! What binds the names of a scope.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprCall, ExprLambda, Parameters, Pattern, Stmt, StmtFor, StmtFunctionDef, StmtIf, StmtTry,
};
use ruff_text_size::{Ranged, TextRange};

use super::levels::Level;
use super::tests_that_hold::class_of_pattern;
use super::{Binding, Bound, Gathers, Growth, Receiver, Scope, Spot};
use crate::resolve::ir::{Ir, Names};
use crate::resolve::table::{FromImport, Version, imported_module, is_class_method, truth};

/// A walk over a scope.
struct Collector {
    scope: Scope,
    spot: Spot,
    version: Version,
}

impl Scope {
    pub(super) fn of_function(function: &StmtFunctionDef, version: Version) -> Self {
        let spot = Spot { range: TextRange::empty(function.parameters.start()), block: function.range(), ends: false };
        let mut collector = Collector { scope: Scope { receiver: receiver(function), ..Scope::default() }, spot, version };
        collector.parameters(&function.parameters);
        collector.visit_body(&function.body);
        collector.scope
    }

    pub(super) fn of_lambda(lambda: &ExprLambda, version: Version) -> Self {
        let spot = Spot { range: TextRange::empty(lambda.start()), block: lambda.range(), ends: false };
        let mut collector = Collector { scope: Scope::default(), spot, version };
        lambda.parameters.iter().for_each(|parameters| collector.parameters(parameters));
        collector.visit_expr(&lambda.body);
        collector.scope
    }

    pub(super) fn of_comprehension(generators: &[Comprehension], version: Version) -> Self {
        let mut collector = Collector { scope: Scope::default(), spot: Spot::default(), version };
        for generator in generators {
            let iterated = value(&generator.iter);
            collector.target(&generator.target, &|part| part_of(Ir::Element(Box::new(iterated.clone()), generator.is_async), part));
            generator.ifs.iter().for_each(|condition| collector.visit_expr(condition));
        }
        collector.scope
    }
}

fn value(expression: &Expr) -> Ir {
    Names::InPlace.value(expression)
}

fn annotation(expression: &Expr) -> Ir {
    Names::InPlace.annotation(expression)
}

/// Which part of what is unpacked a target is, where it is one.
type Part = Option<(u8, u8)>;

fn part_of(whole: Ir, part: Part) -> Binding {
    Binding::Value(match part {
        None => whole,
        Some((place, of)) => Ir::Part(Box::new(whole), place, of),
    })
}

fn receiver(function: &StmtFunctionDef) -> Receiver {
    let is_static = || function.decorator_list.iter().any(|one| matches!(&one.expression, Expr::Name(name) if name.id == "staticmethod"));
    if is_class_method(function) {
        Receiver::Class
    } else if is_static() {
        Receiver::None
    } else {
        Receiver::Object
    }
}

/// `self.a.b` as text, where it is only names.
pub(super) fn path_text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(format!("{}.{}", path_text(&attribute.value)?, attribute.attr)),
        _ => None,
    }
}

impl Collector {
    fn add(&mut self, name: &Name, binding: Binding) {
        let bound = Bound { binding, spot: self.spot };
        self.scope.names.entry(name.clone()).or_default().push(bound);
    }

    fn add_path(&mut self, target: &Expr, binding: Binding) {
        if let Some(path) = path_text(target) {
            let bound = Bound { binding, spot: self.spot };
            self.scope.paths.entry(path).or_default().push(bound);
        }
    }

    fn parameters(&mut self, parameters: &Parameters) {
        let by_name = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        let positional = parameters.posonlyargs.len() + parameters.args.len();
        for (place, parameter) in by_name.enumerate() {
            self.add(
                &parameter.parameter.name.id,
                Binding::Parameter {
                    name: parameter.parameter.name.id.clone(),
                    annotation: parameter.parameter.annotation.as_deref().map(annotation),
                    default: parameter.default.as_deref().map(value),
                    place: if place < positional { place } else { usize::MAX },
                    kind: Gathers::One,
                },
            );
        }
        for (parameter, kind) in [(&parameters.vararg, Gathers::Positional), (&parameters.kwarg, Gathers::Named)] {
            let Some(parameter) = parameter else { continue };
            let annotation = parameter.annotation.as_deref().map(annotation);
            self.add(
                &parameter.name.id,
                Binding::Parameter { name: parameter.name.id.clone(), annotation, default: None, place: usize::MAX, kind },
            );
        }
    }

    fn target(&mut self, target: &Expr, make: &dyn Fn(Part) -> Binding) {
        match target {
            Expr::Name(name) => self.add(&name.id, make(None)),
            Expr::Tuple(tuple) => self.parts(&tuple.elts, make),
            Expr::List(list) => self.parts(&list.elts, make),
            Expr::Attribute(_) => self.add_path(target, make(None)),
            Expr::Starred(starred) => self.not_followed(&starred.value),
            _ => {}
        }
    }

    fn parts(&mut self, parts: &[Expr], make: &dyn Fn(Part) -> Binding) {
        let is_flat = !parts.iter().any(Expr::is_starred_expr);
        for (place, part) in parts.iter().enumerate() {
            match (u8::try_from(place), u8::try_from(parts.len()), part) {
                (Ok(place), Ok(of), Expr::Name(name)) if is_flat => self.add(&name.id, make(Some((place, of)))),
                (Ok(place), Ok(of), Expr::Attribute(_)) if is_flat => self.add_path(part, make(Some((place, of)))),
                (Ok(place), Ok(of), Expr::Tuple(_) | Expr::List(_)) if is_flat => {
                    self.target(part, &|inner| match make(Some((place, of))) {
                        Binding::Value(outer) => part_of(outer, inner),
                        other => other,
                    });
                }
                (.., part) => self.not_followed(part),
            }
        }
    }

    fn not_followed(&mut self, target: &Expr) {
        match target {
            Expr::Name(name) => self.add(&name.id, Binding::Other("unpacked")),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|part| self.not_followed(part)),
            Expr::List(list) => list.elts.iter().for_each(|part| self.not_followed(part)),
            Expr::Starred(starred) => self.not_followed(&starred.value),
            Expr::Attribute(_) => self.add_path(target, Binding::Other("unpacked")),
            _ => {}
        }
    }

    fn assigned(&mut self, target: &Expr, given: &Expr) {
        match (target, given) {
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.len() == values.len() && !values.iter().any(Expr::is_starred_expr) => {
                for (target, value) in targets.iter().zip(values) {
                    self.assigned(target, value);
                }
            }
            (Expr::Subscript(subscript), given) => {
                if let Expr::Name(name) = &*subscript.value {
                    let item = (value(&subscript.slice), value(given));
                    self.scope.growth.entry(name.id.clone()).or_default().items.push(item);
                }
            }
            (target, given) => {
                let given = value(given);
                self.target(target, &|part| part_of(given.clone(), part));
            }
        }
    }

    fn loop_over(&mut self, statement: &StmtFor) {
        self.visit_expr(&statement.iter);
        let iterated = value(&statement.iter);
        self.scope.loops.push(statement.range());
        // It is bound again before each turn, and only there.
        let outer = self.spot;
        self.spot.range = TextRange::new(statement.start(), statement.iter.end());
        if let (Some(first), Some(last)) = (statement.body.first(), statement.body.last()) {
            self.spot.block = TextRange::new(first.start(), last.end());
        }
        self.target(&statement.target, &|part| part_of(Ir::Element(Box::new(iterated.clone()), statement.is_async), part));
        self.spot = outer;
        self.visit_body(&statement.body);
        self.visit_body(&statement.orelse);
    }

    fn branches(&mut self, statement: &StmtIf) {
        self.spot.range = statement.test.range();
        self.visit_expr(&statement.test);
        let first = (Some(&*statement.test), &statement.body);
        let others = statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &clause.body));
        for (place, (test, body)) in std::iter::once(first).chain(others).enumerate() {
            if let Some(test) = test.filter(|_| place > 0) {
                self.visit_expr(test);
            }
            match test.map(|test| truth(test, self.version)) {
                Some(Some(false)) => {}
                Some(Some(true)) if place == 0 => {
                    // It always runs, and so it is no branch.
                    for statement in body {
                        self.statement(statement);
                    }
                    return;
                }
                _ => self.visit_body(body),
            }
        }
    }

    fn guarded(&mut self, statement: &StmtTry) {
        self.visit_body(&statement.body);
        for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
            if let Some(name) = &handler.name {
                let outer = self.spot;
                self.spot = Spot { range: name.range(), block: handler.range(), ..outer };
                self.add(&name.id, Binding::Except(handler.type_.as_deref().map(value)));
                self.spot = outer;
            }
            self.visit_body(&handler.body);
        }
        self.visit_body(&statement.orelse);
        self.visit_body(&statement.finalbody);
    }

    fn statement(&mut self, statement: &Stmt) {
        let around = self.spot;
        self.spot.range = statement.range();
        self.visit_stmt(statement);
        self.spot = around;
    }

    fn grows(&mut self, call: &ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        let Expr::Name(name) = &*method.value else { return };
        let arguments = &*call.arguments.args;
        let growth = &mut self.scope.growth;
        let mut put = |grow: &dyn Fn(&mut Growth)| grow(growth.entry(name.id.clone()).or_default());
        match (method.attr.as_str(), arguments) {
            ("append" | "add" | "appendleft", [element]) | ("insert", [_, element]) => {
                put(&|growth| growth.elements.push(value(element)));
            }
            ("extend" | "update" | "extendleft", [container]) => {
                put(&|growth| growth.containers.push(value(container)));
            }
            ("setdefault", [key, item]) => put(&|growth| growth.items.push((value(key), value(item)))),
            _ => {}
        }
    }
}

impl<'a> Visitor<'a> for Collector {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        let outer = self.spot;
        if let (Some(first), Some(last)) = (body.first(), body.last()) {
            self.spot.block = TextRange::new(first.start(), last.end());
            self.spot.ends = matches!(last, Stmt::Return(_) | Stmt::Raise(_));
        }
        for statement in body {
            self.statement(statement);
        }
        self.spot = outer;
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.add(&function.name.id, Binding::Function(function.name.start()));
                function.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
                // What is nonlocal in there binds here.
                let mut inner = Nonlocals(Vec::new());
                inner.visit_body(&function.body);
                inner.0.into_iter().for_each(|name| self.add(name, Binding::Other("bound in an inner function")));
            }
            Stmt::ClassDef(class) => self.add(&class.name.id, Binding::Class(class.name.start())),
            Stmt::Assign(assignment) => {
                self.visit_expr(&assignment.value);
                assignment.targets.iter().for_each(|target| self.assigned(target, &assignment.value));
            }
            Stmt::AnnAssign(assignment) => {
                assignment.value.iter().for_each(|value| self.visit_expr(value));
                let given = assignment.value.as_deref().map(value);
                match &*assignment.target {
                    Expr::Name(name) => self.add(&name.id, Binding::Annotated(annotation(&assignment.annotation), given)),
                    target => given.into_iter().for_each(|given| self.add_path(target, Binding::Value(given))),
                }
            }
            Stmt::AugAssign(assignment) => {
                match &*assignment.target {
                    Expr::Name(name) => self.add(&name.id, Binding::Other("augmented")),
                    target => self.add_path(target, Binding::Other("augmented")),
                }
                self.visit_expr(&assignment.value);
            }
            Stmt::For(statement) => self.loop_over(statement),
            Stmt::While(statement) => {
                self.spot.range = statement.test.range();
                self.scope.loops.push(statement.range());
                self.visit_expr(&statement.test);
                self.visit_body(&statement.body);
                self.visit_body(&statement.orelse);
            }
            Stmt::If(statement) => self.branches(statement),
            Stmt::With(statement) => {
                for item in &statement.items {
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.spot.range = item.range();
                        let manager = value(&item.context_expr);
                        self.target(target, &|part| part_of(Ir::Entered(Box::new(manager.clone()), statement.is_async), part));
                    }
                }
                self.visit_body(&statement.body);
            }
            Stmt::Try(statement) => self.guarded(statement),
            Stmt::Match(statement) => {
                self.visit_expr(&statement.subject);
                for case in &statement.cases {
                    let outer = self.spot;
                    self.spot = Spot { range: case.pattern.range(), block: case.range(), ..outer };
                    self.visit_pattern(&case.pattern);
                    case.guard.iter().for_each(|guard| self.visit_expr(guard));
                    self.spot = outer;
                    self.visit_body(&case.body);
                }
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let top = Name::new(alias.name.id.as_str().split('.').next().unwrap_or_default());
                    let (name, module) = alias.asname.as_ref().map_or((&top, &top), |name| (&name.id, &alias.name.id));
                    self.add(name, Binding::Module(module.clone()));
                }
            }
            Stmt::ImportFrom(import) => {
                let module = imported_module(import);
                for alias in import.names.iter().filter(|alias| &alias.name != "*") {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    let import = FromImport { module: module.clone(), name: alias.name.id.clone(), is_exported: false };
                    self.add(&name.id, Binding::From(import));
                }
            }
            Stmt::Global(statement) => self.scope.globals.extend(statement.names.iter().map(|name| name.id.clone())),
            Stmt::Nonlocal(statement) => self.scope.nonlocals.extend(statement.names.iter().map(|name| name.id.clone())),
            Stmt::Delete(statement) => statement.targets.iter().filter_map(Expr::as_name_expr).for_each(|name| {
                self.add(&name.id, Binding::Other("deleted"));
            }),
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            let class = class_of_pattern(pattern).map(|class| Binding::Value(Ir::Typed(Box::new(annotation(class)))));
            self.add(&name.id, class.unwrap_or(Binding::Other("pattern")));
        }
        walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                if let Expr::Name(name) = &*named.target {
                    let outer = self.spot;
                    self.spot.range = named.range();
                    self.add(&name.id, Binding::Value(value(&named.value)));
                    self.spot = outer;
                }
            }
            // Another scope.
            Expr::Lambda(_) => {}
            Expr::Call(call) => {
                self.grows(call);
                walk_expr(self, expression);
            }
            _ => walk_expr(self, expression),
        }
    }
}

struct Nonlocals<'a>(Vec<&'a Name>);

impl<'a> Visitor<'a> for Nonlocals<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Nonlocal(statement) = statement {
            self.0.extend(statement.names.iter().map(|name| &name.id));
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// For each binding of a name in a scope, the value that it is bound to, if that is a plain one.
pub(super) fn values_of<'a>(level: &Level<'a>, name: &Name, version: Version) -> Option<Vec<Option<&'a Expr>>> {
    match level {
        Level::Function(function) => {
            let is_parameter = function.parameters.iter().any(|parameter| parameter.name().id == *name);
            let mut found = values_in(&function.body, name, version);
            if is_parameter {
                found.push(None);
            }
            Some(found)
        }
        Level::Class(class) => Some(values_in(&class.body, name, version)),
        level => level.scope(version).map(|scope| scope.names.get(name).map_or_else(Vec::new, |all| all.iter().map(|_| None).collect())),
    }
}

/// The same of a suite.
pub(super) fn values_in<'a>(body: &'a [Stmt], name: &Name, version: Version) -> Vec<Option<&'a Expr>> {
    let mut collector = Collector { scope: Scope::default(), spot: Spot::default(), version };
    collector.visit_body(body);
    let all = collector.scope.names.get(name).map_or(0, Vec::len);
    let mut plain = PlainValues { name, found: Vec::new() };
    plain.visit_body(body);
    let mut found: Vec<Option<&'a Expr>> = plain.found.into_iter().map(Some).collect();
    found.resize(all.max(found.len()), None);
    found
}

/// The values that a name is bound to by plain assignments.
struct PlainValues<'n, 'a> {
    name: &'n Name,
    found: Vec<&'a Expr>,
}

impl<'a> Visitor<'a> for PlainValues<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Assign(assignment) => {
                let is_bound = |target: &Expr| matches!(target, Expr::Name(target) if target.id == *self.name);
                if assignment.targets.iter().any(is_bound) {
                    self.found.push(&assignment.value);
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Named(named) => {
                if matches!(&*named.target, Expr::Name(target) if target.id == *self.name) {
                    self.found.push(&named.value);
                }
                walk_expr(self, expression);
            }
            Expr::Lambda(_) => {}
            _ => walk_expr(self, expression),
        }
    }
}
