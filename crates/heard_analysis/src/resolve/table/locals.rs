//! What a function tells of others: what it returns, and what it puts in attributes of its object, with
//! its own names replaced by what they stand for.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Slot;
use super::build::{Builder, Captures, Sink};
use crate::resolve::ir::{Arg, Ir, Names};

/// So many local names are followed one through the other.
const DEEPEST_LOCAL: usize = 3;

/// A name that is bound in more places than this is not followed.
const MOST_SOURCES: usize = 4;

/// A function with more `return`s than this gives anything.
const MOST_RESULTS: usize = 6;

/// What a function tells.
pub(super) struct FunctionFacts {
    pub(super) yields: bool,
    pub(super) results: Option<Box<[Ir]>>,
    pub(super) attributes: Vec<(Name, Slot)>,
    /// What it binds names of the module to, by `global`.
    pub(super) globals: Vec<(Name, Ir)>,
}

/// Whether the first parameter of a method is the class.
pub(crate) fn is_class_method(function: &StmtFunctionDef) -> bool {
    matches!(function.name.as_str(), "__new__" | "__init_subclass__" | "__class_getitem__")
        || function.decorator_list.iter().any(|one| matches!(&one.expression, Expr::Name(name) if name.id == "classmethod"))
}

/// What binds a local name.
#[derive(Clone, Copy)]
enum Source<'a> {
    Parameter {
        annotation: Option<&'a Expr>,
        has_default: bool,
        is_variadic: bool,
    },
    /// One without annotation, that is given by callers or `None`.
    Open(&'a Name, bool),
    Value(&'a Expr),
    Element(&'a Expr, bool),
    Entered(&'a Expr, bool),
    Part(&'a Expr, u8, u8),
    Function(u32),
    Other,
}

/// `self.name: declared = value`.
struct Put<'a> {
    name: &'a Name,
    declared: Option<&'a Expr>,
    /// What is put in, where it can be followed.
    source: Option<Source<'a>>,
}

/// `self.name.append(item)` or `self.name[key] = item`.
struct Grown<'a> {
    name: &'a Name,
    key: Option<&'a Expr>,
    item: Source<'a>,
}

/// A walk over the body of one function.
pub(super) struct Walk<'b, 'a> {
    builder: &'b mut Builder<'a>,
    /// What the function calls its object.
    own: Option<&'a Name>,
    names: FxHashMap<&'a str, Vec<Source<'a>>>,
    /// Names that belong to the module, and those of a function around.
    globals: FxHashSet<&'a str>,
    nonlocals: FxHashSet<&'a str>,
    /// Names and dotted paths that a test may narrow or a statement binds.
    unsure: FxHashSet<String>,
    returns: Vec<&'a Expr>,
    put: Vec<Put<'a>>,
    grown: Vec<Grown<'a>>,
    /// What the function yields, each with whether it is the elements of that.
    yielded: Vec<(Option<&'a Expr>, bool)>,
    is_class_method: bool,
    /// Whether expressions have to be looked at, since there may be a generator.
    may_yield: bool,
    /// Where the name of the function stands.
    at: TextSize,
    /// Whether it matters what callers give. What a function returns of that, each call says for itself.
    asks_callers: bool,
}

impl<'b, 'a> Walk<'b, 'a> {
    /// What `function` tells. The functions and classes in it are added to the table on the way.
    pub(super) fn of(builder: &'b mut Builder<'a>, function: &'a StmtFunctionDef, is_method: bool) -> FunctionFacts {
        let first = function.parameters.posonlyargs.first().or(function.parameters.args.first());
        let is_static = function.decorator_list.iter().any(|one| matches!(&one.expression, Expr::Name(name) if name.id == "staticmethod"));
        let own = first.filter(|_| is_method && !is_static).map(|first| &first.parameter.name.id);
        let may_yield = function
            .body
            .first()
            .zip(function.body.last())
            .is_some_and(|(first, last)| builder.may_yield(TextRange::new(first.start(), last.end())));
        let mut walk = Walk {
            builder,
            own,
            names: FxHashMap::default(),
            globals: FxHashSet::default(),
            nonlocals: FxHashSet::default(),
            unsure: FxHashSet::default(),
            returns: Vec::new(),
            put: Vec::new(),
            grown: Vec::new(),
            yielded: Vec::new(),
            is_class_method: is_method && is_class_method(function),
            may_yield,
            at: function.name.start(),
            asks_callers: false,
        };
        walk.parameters(function);
        walk.visit_body(&function.body);
        let results = if function.returns.is_none() { walk.results() } else { None };
        walk.asks_callers = true;
        let put = std::mem::take(&mut walk.put);
        let grown = std::mem::take(&mut walk.grown);
        let attributes = put.into_iter().map(|put| (put.name.clone(), walk.slot(&put)));
        let growth = grown.into_iter().map(|grown| (grown.name.clone(), walk.growth(&grown)));
        let attributes: Vec<_> = attributes.chain(growth).collect();
        let mut globals = Vec::new();
        for name in &walk.globals {
            let sources = walk.names.get(name).into_iter().flatten();
            globals.extend(sources.map(|source| (Name::new(*name), walk.meaning(*source, DEEPEST_LOCAL))));
        }
        FunctionFacts { yields: !walk.yielded.is_empty() || may_yield && yields(&function.body), results, attributes, globals }
    }

    fn parameters(&mut self, function: &'a StmtFunctionDef) {
        for parameter in function.parameters.iter_non_variadic_params() {
            let annotation = parameter.parameter.annotation.as_deref();
            let default = parameter.default.as_deref();
            let source = match annotation {
                None if default.is_none_or(Expr::is_none_literal_expr) => Source::Open(&parameter.parameter.name.id, default.is_some()),
                annotation => Source::Parameter { annotation, has_default: default.is_some(), is_variadic: false },
            };
            self.bind(&parameter.parameter.name.id, source);
        }
        for parameter in function.parameters.vararg.iter().chain(&function.parameters.kwarg) {
            self.bind(&parameter.name.id, Source::Parameter { annotation: None, has_default: false, is_variadic: true });
        }
    }

    fn bind(&mut self, name: &'a Name, source: Source<'a>) {
        self.names.entry(name.as_str()).or_default().push(source);
    }

    fn growth(&self, grown: &Grown<'a>) -> Slot {
        let key = grown.key.map(|key| self.closed(Names::OfModule.value(key), DEEPEST_LOCAL));
        Slot::Grows(key, self.meaning(grown.item, DEEPEST_LOCAL))
    }

    /// What a generator yields, and what another function returns.
    fn results(&self) -> Option<Box<[Ir]>> {
        if !self.yielded.is_empty() {
            let is_long = self.yielded.len() > MOST_RESULTS;
            let one = |(value, is_all): &(Option<&'a Expr>, bool)| match value {
                None => Ir::None,
                Some(value) => {
                    let value = self.closed(Names::OfModule.value(*value), DEEPEST_LOCAL);
                    if *is_all { Ir::Element(Box::new(value), false) } else { value }
                }
            };
            return (!is_long).then(|| self.yielded.iter().map(one).collect());
        }
        if self.returns.is_empty() || self.returns.len() > MOST_RESULTS {
            return None;
        }
        let values: Box<[Ir]> = self.returns.iter().map(|value| self.closed(Names::OfModule.value(*value), DEEPEST_LOCAL)).collect();
        (!values.contains(&Ir::Unknown)).then_some(values)
    }

    fn slot(&self, put: &Put<'a>) -> Slot {
        let value = put.source.map(|source| self.meaning(source, DEEPEST_LOCAL));
        match (put.declared, value) {
            (Some(declared), value) => Slot::Annotated(Names::OfModule.annotation(declared), value),
            (None, Some(value)) => Slot::Value(value),
            (None, None) => Slot::Unknown,
        }
    }

    /// What a name stands for that is bound so.
    fn meaning(&self, source: Source<'a>, depth: usize) -> Ir {
        let closed = |value: &Expr| Box::new(self.closed(Names::OfModule.value(value), depth));
        match source {
            Source::Parameter { annotation: Some(declared), is_variadic: false, .. } => {
                Ir::Typed(Box::new(Names::OfModule.annotation(declared)))
            }
            Source::Open(name, is_optional) => match self.asks_callers {
                true => Ir::Parameter(self.at, name.clone(), is_optional),
                false if is_optional => Ir::Unknown,
                false => Ir::Dynamic,
            },
            Source::Parameter { has_default: false, is_variadic: false, .. } => Ir::Dynamic,
            Source::Parameter { .. } | Source::Other => Ir::Unknown,
            Source::Value(value) => *closed(value),
            Source::Element(value, is_async) => Ir::Element(closed(value), is_async),
            Source::Entered(value, is_async) => Ir::Entered(closed(value), is_async),
            Source::Part(value, place, of) => Ir::Part(closed(value), place, of),
            Source::Function(index) => Ir::Function(index),
        }
    }

    /// A value with the names of the function put in for what they stand for.
    fn closed(&self, value: Ir, depth: usize) -> Ir {
        match value {
            Ir::Name(name) => {
                if self.own.is_some_and(|own| *own == name) {
                    // Of `cls` nothing is known but that it is the class of such an object.
                    let class = || Ir::Call(Box::new(Ir::Name(Name::new_static("type"))), Box::new([Arg::Place(Ir::Own)]));
                    return if self.is_class_method { class() } else { Ir::Own };
                }
                if self.nonlocals.contains(name.as_str()) {
                    return Ir::Unknown;
                }
                let Some(sources) = self.names.get(name.as_str()).filter(|_| !self.globals.contains(name.as_str())) else {
                    return Ir::Name(name);
                };
                let Some(depth) = depth.checked_sub(1) else { return Ir::Unknown };
                // What a name is declared as, it is whatever a test tells of it and whatever it is bound to later.
                let is_declared =
                    |source: &&Source<'_>| matches!(source, Source::Parameter { annotation: Some(_), is_variadic: false, .. });
                if let Some(declared) = sources.iter().find(is_declared) {
                    return self.meaning(*declared, depth);
                }
                if self.unsure.contains(name.as_str()) || sources.len() > MOST_SOURCES {
                    return Ir::Unknown;
                }
                let mut meanings: Vec<Ir> = Vec::new();
                for source in sources {
                    let meaning = self.meaning(*source, depth);
                    if !meanings.contains(&meaning) {
                        meanings.push(meaning);
                    }
                }
                match meanings.len() {
                    1 => meanings.remove(0),
                    _ if meanings.contains(&Ir::Unknown) => Ir::Unknown,
                    _ => Ir::Either(meanings.into_boxed_slice()),
                }
            }
            Ir::Attr(value, name) => {
                let is_unsure =
                    !self.unsure.is_empty() && path_of(&value).is_some_and(|path| self.unsure.contains(&format!("{path}.{name}")));
                if is_unsure {
                    return Ir::Unknown;
                }
                Ir::Attr(Box::new(self.closed(*value, depth)), name)
            }
            // `super()` is that of the class around, and no name of the function's.
            value => value.with_parts(&mut |part| self.closed(part, depth)),
        }
    }

    fn own_attribute(&self, target: &'a Expr) -> Option<&'a Name> {
        let attribute = target.as_attribute_expr()?;
        let name = attribute.value.as_name_expr()?;
        self.own.is_some_and(|own| *own == name.id).then_some(&attribute.attr.id)
    }

    /// Takes down what a target is bound to.
    fn target(&mut self, target: &'a Expr, source: Source<'a>) {
        match target {
            Expr::Name(name) => self.bind(&name.id, source),
            Expr::Tuple(tuple) => self.parts(&tuple.elts, source),
            Expr::List(list) => self.parts(&list.elts, source),
            Expr::Starred(starred) => self.target(&starred.value, Source::Other),
            Expr::Attribute(_) => {
                if let Some(name) = self.own_attribute(target) {
                    let source = if matches!(source, Source::Other) { None } else { Some(source) };
                    self.put.push(Put { name, declared: None, source });
                }
                self.unsure.extend(expression_path(target));
            }
            Expr::Subscript(subscript) => {
                if let Some(name) = self.own_attribute(&subscript.value) {
                    self.grown.push(Grown { name, key: Some(&subscript.slice), item: source });
                }
            }
            _ => {}
        }
    }

    /// Takes down what is put into an attribute that is a container.
    fn grows(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        let Some(name) = self.own_attribute(&method.value) else { return };
        let grown = match (method.attr.as_str(), &*call.arguments.args) {
            ("append" | "add" | "appendleft", [item]) | ("insert", [_, item]) => Grown { name, key: None, item: Source::Value(item) },
            ("setdefault", [key, item]) => Grown { name, key: Some(key), item: Source::Value(item) },
            ("extend" | "extendleft", [all]) => Grown { name, key: None, item: Source::Element(all, false) },
            ("update", _) => Grown { name, key: None, item: Source::Other },
            _ => return,
        };
        self.grown.push(grown);
    }

    /// Takes down that a target is changed: `x += 1`, `del x`. An attribute stays what it is otherwise.
    fn changed(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => self.bind(&name.id, Source::Other),
            target => self.unsure.extend(expression_path(target)),
        }
    }

    fn parts(&mut self, parts: &'a [Expr], source: Source<'a>) {
        let is_flat = parts.len() < usize::from(u8::MAX) && !parts.iter().any(Expr::is_starred_expr);
        for (place, part) in parts.iter().enumerate() {
            let source = match (source, u8::try_from(place), u8::try_from(parts.len())) {
                (Source::Value(Expr::Tuple(values)), ..) if is_flat && values.len() == parts.len() => Source::Value(&values.elts[place]),
                (Source::Value(value), Ok(place), Ok(of)) if is_flat => Source::Part(value, place, of),
                _ => Source::Other,
            };
            self.target(part, source);
        }
    }

    /// Takes down what a test may narrow.
    fn test(&mut self, test: &'a Expr) {
        Tested { walk: self }.visit_expr(test);
    }
}

/// `a.b.c` as text, where it is only names.
fn expression_path(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(format!("{}.{}", expression_path(&attribute.value)?, attribute.attr)),
        _ => None,
    }
}

fn path_of(value: &Ir) -> Option<String> {
    match value {
        Ir::Name(name) => Some(name.to_string()),
        Ir::Attr(value, name) => Some(format!("{}.{name}", path_of(value)?)),
        _ => None,
    }
}

impl<'a> Visitor<'a> for Walk<'_, 'a> {
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of statement")]
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                let index = self.builder.function(function, Sink::Function);
                self.bind(&function.name.id, Source::Function(index));
            }
            Stmt::ClassDef(class) => {
                self.builder.class(class, Sink::Function);
                self.bind(&class.name.id, Source::Other);
            }
            Stmt::Return(result) => {
                self.returns.extend(result.value.as_deref());
                walk_stmt(self, statement);
            }
            Stmt::Assign(assignment) => {
                for target in &assignment.targets {
                    self.target(target, Source::Value(&assignment.value));
                }
                self.visit_expr(&assignment.value);
            }
            Stmt::AnnAssign(assignment) => {
                let value = assignment.value.as_deref();
                match (&*assignment.target, self.own_attribute(&assignment.target)) {
                    (_, Some(name)) => {
                        let source = value.map(Source::Value);
                        self.put.push(Put { name, declared: Some(&assignment.annotation), source });
                        self.unsure.extend(expression_path(&assignment.target));
                    }
                    (Expr::Name(name), None) => {
                        let annotation = Some(&*assignment.annotation);
                        self.bind(&name.id, Source::Parameter { annotation, has_default: false, is_variadic: false });
                    }
                    _ => {}
                }
                if let Some(value) = value {
                    self.visit_expr(value);
                }
            }
            Stmt::AugAssign(assignment) => {
                self.changed(&assignment.target);
                self.visit_expr(&assignment.value);
            }
            Stmt::For(inner) => {
                match &*inner.target {
                    Expr::Tuple(_) | Expr::List(_) => self.target(&inner.target, Source::Other),
                    target => self.target(target, Source::Element(&inner.iter, inner.is_async)),
                }
                walk_stmt(self, statement);
            }
            Stmt::With(inner) => {
                for item in &inner.items {
                    match item.optional_vars.as_deref() {
                        Some(target @ (Expr::Tuple(_) | Expr::List(_))) => self.target(target, Source::Other),
                        Some(target) => self.target(target, Source::Entered(&item.context_expr, inner.is_async)),
                        None => {}
                    }
                }
                walk_stmt(self, statement);
            }
            Stmt::If(inner) => {
                self.test(&inner.test);
                self.visit_expr(&inner.test);
                for clause in &inner.elif_else_clauses {
                    clause.test.iter().for_each(|test| {
                        self.test(test);
                        self.visit_expr(test);
                    });
                }
                for (body, _) in self.builder.branches(inner) {
                    self.visit_body(body);
                }
            }
            Stmt::While(inner) => {
                self.test(&inner.test);
                walk_stmt(self, statement);
            }
            Stmt::Assert(inner) => {
                self.test(&inner.test);
                walk_stmt(self, statement);
            }
            Stmt::Match(inner) => {
                self.unsure.extend(expression_path(&inner.subject));
                for case in &inner.cases {
                    let mut captures = Captures(Vec::new());
                    captures.visit_pattern(&case.pattern);
                    captures.0.into_iter().for_each(|name| self.bind(name, Source::Other));
                }
                walk_stmt(self, statement);
            }
            Stmt::Try(inner) => {
                for ExceptHandler::ExceptHandler(handler) in &inner.handlers {
                    handler.name.iter().for_each(|name| self.bind(&name.id, Source::Other));
                }
                walk_stmt(self, statement);
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias
                        .asname
                        .as_ref()
                        .map_or_else(|| alias.name.id.as_str().split('.').next().unwrap_or_default(), |name| name.id.as_str());
                    self.names.entry(name).or_default().push(Source::Other);
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    self.bind(&alias.asname.as_ref().unwrap_or(&alias.name).id, Source::Other);
                }
            }
            Stmt::Global(inner) => self.globals.extend(inner.names.iter().map(|name| name.id.as_str())),
            Stmt::Nonlocal(inner) => self.nonlocals.extend(inner.names.iter().map(|name| name.id.as_str())),
            Stmt::Delete(inner) => inner.targets.iter().for_each(|target| self.changed(target)),
            Stmt::Expr(inner) => {
                if let Expr::Call(call) = &*inner.value {
                    self.grows(call);
                }
                self.visit_expr(&inner.value);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if !self.may_yield {
            return;
        }
        match expression {
            Expr::Yield(inner) => self.yielded.push((inner.value.as_deref(), false)),
            Expr::YieldFrom(inner) => self.yielded.push((Some(&inner.value), true)),
            Expr::Lambda(_) => return,
            _ => {}
        }
        walk_expr(self, expression);
    }
}

/// Whether a body makes its function a generator. A `yield` does that wherever it stands, even where nothing runs.
pub(crate) fn yields(body: &[Stmt]) -> bool {
    let mut finder = YieldFinder(false);
    finder.visit_body(body);
    finder.0
}

struct YieldFinder(bool);

impl<'a> Visitor<'a> for YieldFinder {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Yield(_) | Expr::YieldFrom(_) => self.0 = true,
            Expr::Lambda(_) => {}
            _ => walk_expr(self, expression),
        }
    }
}

/// Looks for what a test narrows, and for names that it binds.
struct Tested<'w, 'b, 'a> {
    walk: &'w mut Walk<'b, 'a>,
}

impl<'a> Visitor<'a> for Tested<'_, '_, 'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Named(named) => {
                if let Expr::Name(name) = &*named.target {
                    self.walk.bind(&name.id, Source::Value(&named.value));
                }
            }
            Expr::Call(call) => {
                let is_test = matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "isinstance" | "issubclass" | "callable" | "hasattr" | "type"))
                    || matches!(&*call.func, Expr::Attribute(attribute) if matches!(attribute.attr.as_str(), "iscoroutinefunction" | "iscoroutine" | "isawaitable"));
                if let (true, Some(first)) = (is_test, call.arguments.args.first()) {
                    self.walk.unsure.extend(expression_path(first));
                }
            }
            Expr::Lambda(_) => return,
            _ => {}
        }
        walk_expr(self, expression);
    }
}
