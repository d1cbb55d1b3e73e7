//! One pass over the statements of a module.

use memchr::memmem;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_pattern};
use ruff_python_ast::{
    Decorator, ExceptHandler, Expr, Parameters, Pattern, Stmt, StmtClassDef, StmtFunctionDef, StmtIf, StmtImportFrom, TypeParams,
};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::locals::Walk;
use super::{ClassTable, FileTable, FromImport, FunctionTable, Import, NameTable, Parameter, ParameterKind, Slot, Version, truth};
use crate::resolve::ir::{Ir, Names};

/// Where the bindings of a body go.
#[derive(Clone, Copy)]
pub(super) enum Sink {
    Module,
    Class(u32),
    /// A function's own names are looked at when somebody asks, in its scope.
    Function,
}

/// The table while it is made.
pub(super) struct Builder<'a> {
    text: &'a str,
    pub(super) version: Version,
    /// Whether there is a generator anywhere.
    may_yield: bool,
    names: FxHashMap<Name, Vec<Slot>>,
    stars: Vec<Import>,
    all: Option<Vec<Name>>,
    classes: Vec<OpenClass>,
    pub(super) functions: Vec<FunctionTable>,
    /// The names of the classes and functions around.
    path: Vec<Name>,
    /// How many conditions (`if`, `try`, loops) are around, inside the innermost body.
    conditions: usize,
    is_inner: bool,
}

/// A class while its table is made.
struct OpenClass {
    table: ClassTable,
    members: FxHashMap<Name, Vec<Slot>>,
    attributes: FxHashMap<Name, Vec<Slot>>,
    fields: Vec<Name>,
}

impl FileTable {
    /// The table of a module with this text and these statements, as the given version of Python runs it.
    pub(crate) fn of(text: &str, body: &[Stmt], version: Version) -> Self {
        let mut builder = Builder {
            text,
            version,
            may_yield: memmem::find(text.as_bytes(), b"yield").is_some(),
            names: FxHashMap::default(),
            stars: Vec::new(),
            all: None,
            classes: Vec::new(),
            functions: Vec::new(),
            path: Vec::new(),
            conditions: 0,
            is_inner: false,
        };
        builder.body(body, Sink::Module);
        builder.finish()
    }
}

impl<'a> Builder<'a> {
    fn finish(self) -> FileTable {
        let classes = self.classes.into_iter().map(|class| ClassTable {
            members: class.members.into(),
            attributes: put_in(class.attributes).into(),
            fields: class.fields.into_boxed_slice(),
            ..class.table
        });
        FileTable {
            names: self.names.into(),
            stars: self.stars.into_boxed_slice(),
            all: self.all.map(|mut all| {
                all.sort_unstable();
                all.into_boxed_slice()
            }),
            classes: classes.collect(),
            functions: self.functions.into_boxed_slice(),
        }
    }

    fn qualified(&self, name: &str) -> Name {
        if self.path.is_empty() {
            return Name::new(name);
        }
        let mut text = String::new();
        for part in &self.path {
            text.push_str(part);
            text.push('.');
        }
        text.push_str(name);
        Name::new(text)
    }

    fn slots(&mut self, sink: Sink) -> Option<&mut FxHashMap<Name, Vec<Slot>>> {
        match sink {
            Sink::Module => Some(&mut self.names),
            Sink::Class(class) => Some(&mut self.classes[class as usize].members),
            Sink::Function => None,
        }
    }

    fn add(&mut self, sink: Sink, name: &Name, slot: Slot) {
        let is_certain = self.conditions == 0 && !matches!(slot, Slot::Unknown);
        let Some(names) = self.slots(sink) else { return };
        let slots = names.entry(name.clone()).or_default();
        if is_certain {
            // An annotation that stands before the value stays, and says more than the value.
            let declared = slots.iter().position(|slot| matches!(slot, Slot::Annotated(..)));
            if let (Some(declared), Slot::Value(_)) = (declared, &slot) {
                slots.swap(0, declared);
                slots.truncate(1);
                return;
            }
            slots.clear();
        }
        slots.push(slot);
    }

    /// `x = wrap(x)` and `class X(X)`: what is bound speaks of what had its name before.
    fn earlier(&mut self, value: Ir, name: &Name, sink: Sink) -> Ir {
        let earlier = self.slots(sink).and_then(|names| names.get(name)).cloned().unwrap_or_default();
        replaced(value, name, &earlier)
    }

    fn value(&mut self, value: &Expr, name: &Name, sink: Sink) -> Slot {
        if matches!(sink, Sink::Function) { Slot::Unknown } else { Slot::Value(self.earlier(Names::OfModule.value(value), name, sink)) }
    }

    pub(super) fn body(&mut self, body: &'a [Stmt], sink: Sink) {
        for statement in body {
            self.statement(statement, sink);
        }
    }

    fn conditional(&mut self, body: &'a [Stmt], sink: Sink) {
        self.conditions += 1;
        self.body(body, sink);
        self.conditions -= 1;
    }

    /// The bodies of an `if` that may run, each with whether another one may run instead.
    pub(super) fn branches(&self, statement: &'a StmtIf) -> Vec<(&'a [Stmt], bool)> {
        let mut found = Vec::new();
        let mut is_open = false;
        let first = (Some(&*statement.test), &*statement.body);
        let others = statement.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), &*clause.body));
        for (test, body) in std::iter::once(first).chain(others) {
            match test.map_or(Some(true), |test| truth(test, self.version)) {
                Some(false) => {}
                Some(true) => {
                    found.push((body, is_open));
                    return found;
                }
                None => {
                    is_open = true;
                    found.push((body, true));
                }
            }
        }
        found
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of statement")]
    fn statement(&mut self, statement: &'a Stmt, sink: Sink) {
        match statement {
            Stmt::FunctionDef(function) => {
                let index = self.function(function, sink);
                self.add(sink, &function.name.id, Slot::Function(index));
            }
            Stmt::ClassDef(class) => {
                let index = self.class(class, sink);
                self.add(sink, &class.name.id, Slot::Class(index));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let top = Name::new(alias.name.id.as_str().split('.').next().unwrap_or_default());
                    let is_exported = alias.asname.as_ref().is_some_and(|name| name.id == alias.name.id);
                    let (name, module) = alias.asname.as_ref().map_or((&top, &top), |name| (&name.id, &alias.name.id));
                    self.add(sink, name, Slot::Module(module.clone(), is_exported));
                }
            }
            Stmt::ImportFrom(import) => self.import_from(import, sink),
            Stmt::Assign(assignment) => {
                if let ([Expr::Name(name)], Sink::Module) = (&*assignment.targets, sink)
                    && name.id == "__all__"
                {
                    self.all = names_of_all(&assignment.value);
                }
                for target in &assignment.targets {
                    self.assigned(target, &assignment.value, sink);
                }
            }
            Stmt::AnnAssign(assignment) => {
                if let Expr::Name(name) = &*assignment.target {
                    let declared = Names::OfModule.annotation(&assignment.annotation);
                    let value = assignment.value.as_deref().map(|value| Names::OfModule.value(value));
                    if let Sink::Class(class) = sink {
                        let fields = &mut self.classes[class as usize].fields;
                        if !fields.contains(&name.id) {
                            fields.push(name.id.clone());
                        }
                    }
                    self.add(sink, &name.id, Slot::Annotated(declared, value));
                }
            }
            Stmt::AugAssign(assignment) => match (&*assignment.target, sink) {
                (Expr::Name(name), Sink::Module) if name.id == "__all__" => match (&mut self.all, names_of_all(&assignment.value)) {
                    (Some(all), Some(more)) => all.extend(more),
                    _ => self.all = None,
                },
                (Expr::Name(name), _) => self.add(sink, &name.id, Slot::Unknown),
                _ => {}
            },
            Stmt::TypeAlias(alias) => {
                if let Expr::Name(name) = &*alias.name {
                    // The parameters of an alias are not followed.
                    let is_plain = alias.type_params.is_none();
                    let slot = if is_plain { Slot::Value(Names::OfModule.annotation(&alias.value)) } else { Slot::Unknown };
                    self.add(sink, &name.id, slot);
                }
            }
            Stmt::If(statement) => {
                for (body, is_open) in self.branches(statement) {
                    if is_open {
                        self.conditional(body, sink);
                    } else {
                        self.body(body, sink);
                    }
                }
            }
            Stmt::Try(statement) => {
                self.conditional(&statement.body, sink);
                for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
                    self.conditional(&handler.body, sink);
                }
                self.conditional(&statement.orelse, sink);
                self.body(&statement.finalbody, sink);
            }
            Stmt::For(statement) => {
                self.conditions += 1;
                match &*statement.target {
                    Expr::Name(name) => {
                        let iterated = Box::new(Names::OfModule.value(&statement.iter));
                        self.add(sink, &name.id, Slot::Value(Ir::Element(iterated, statement.is_async)));
                    }
                    target => self.not_followed(target, sink),
                }
                self.conditions -= 1;
                self.conditional(&statement.body, sink);
                self.conditional(&statement.orelse, sink);
            }
            Stmt::While(statement) => {
                self.conditional(&statement.body, sink);
                self.conditional(&statement.orelse, sink);
            }
            Stmt::With(statement) => {
                for item in &statement.items {
                    match item.optional_vars.as_deref() {
                        Some(Expr::Name(name)) => {
                            let manager = Box::new(Names::OfModule.value(&item.context_expr));
                            self.add(sink, &name.id, Slot::Value(Ir::Entered(manager, statement.is_async)));
                        }
                        Some(target) => self.not_followed(target, sink),
                        None => {}
                    }
                }
                self.body(&statement.body, sink);
            }
            Stmt::Match(statement) => {
                for case in &statement.cases {
                    let mut captures = Captures(Vec::new());
                    captures.visit_pattern(&case.pattern);
                    for name in captures.0 {
                        self.add(sink, name, Slot::Unknown);
                    }
                    self.conditional(&case.body, sink);
                }
            }
            Stmt::Delete(statement) => statement.targets.iter().for_each(|target| self.not_followed(target, sink)),
            _ => {}
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom, sink: Sink) {
        let module = imported_module(import);
        for alias in &import.names {
            if &alias.name == "*" {
                if matches!(sink, Sink::Module) {
                    self.stars.push(module.clone());
                }
                continue;
            }
            let name = alias.asname.as_ref().unwrap_or(&alias.name);
            let is_exported = alias.asname.as_ref().is_some_and(|name| name.id == alias.name.id);
            let import = FromImport { module: module.clone(), name: alias.name.id.clone(), is_exported };
            self.add(sink, &name.id, Slot::From(Box::new(import)));
        }
    }

    fn assigned(&mut self, target: &Expr, value: &Expr, sink: Sink) {
        match (target, value) {
            (Expr::Name(name), value) => {
                let slot = self.value(value, &name.id, sink);
                self.add(sink, &name.id, slot);
            }
            (Expr::Tuple(targets), Expr::Tuple(values)) if targets.len() == values.len() && !values.iter().any(Expr::is_starred_expr) => {
                for (target, value) in targets.iter().zip(values) {
                    self.assigned(target, value, sink);
                }
            }
            (target, _) => self.not_followed(target, sink),
        }
    }

    fn not_followed(&mut self, target: &Expr, sink: Sink) {
        match target {
            Expr::Name(name) => self.add(sink, &name.id, Slot::Unknown),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|part| self.not_followed(part, sink)),
            Expr::List(list) => list.elts.iter().for_each(|part| self.not_followed(part, sink)),
            Expr::Starred(starred) => self.not_followed(&starred.value, sink),
            _ => {}
        }
    }

    /// Whether there may be a generator in a stretch of the text.
    pub(super) fn may_yield(&self, range: TextRange) -> bool {
        self.may_yield
            && self
                .text
                .get(range.start().to_usize()..range.end().to_usize())
                .is_none_or(|text| memmem::find(text.as_bytes(), b"yield").is_some())
    }

    pub(super) fn function(&mut self, function: &'a StmtFunctionDef, sink: Sink) -> u32 {
        let class = if let Sink::Class(class) = sink { Some(class) } else { None };
        let before = self.slots(sink).and_then(|names| names.get(&function.name.id)).and_then(|slots| match slots.last() {
            Some(Slot::Function(index)) => Some(*index),
            _ => None,
        });
        let index = index_of(self.functions.len());
        let rest = function.parameters.vararg.as_ref();
        self.functions.push(FunctionTable {
            name: function.name.id.clone(),
            qualified: self.qualified(&function.name),
            at: function.name.start(),
            is_async: function.is_async,
            yields: false,
            is_inner: self.is_inner,
            decorators: decorators(&function.decorator_list),
            parameters: parameters(&function.parameters),
            has_rest: rest.is_some() || function.parameters.kwarg.is_some(),
            rest: rest.and_then(|rest| rest.annotation.as_deref()).map(|rest| Names::OfModule.annotation(rest)),
            returns: function.returns.as_deref().map(|returns| Names::OfModule.annotation(returns)),
            results: None,
            class,
            before,
            type_parameters: type_parameters(function.type_params.as_deref()),
        });
        let was_inner = std::mem::replace(&mut self.is_inner, true);
        self.path.push(function.name.id.clone());
        let facts = Walk::of(self, function, class.is_some());
        self.path.pop();
        self.is_inner = was_inner;
        let table = &mut self.functions[index as usize];
        table.yields = facts.yields;
        table.results = facts.results;
        for (name, value) in facts.globals {
            self.names.entry(name).or_default().push(Slot::Value(value));
        }
        if let Some(class) = class {
            let attributes = &mut self.classes[class as usize].attributes;
            for (name, slot) in facts.attributes {
                attributes.entry(name).or_default().push(slot);
            }
        }
        index
    }

    pub(super) fn class(&mut self, class: &'a StmtClassDef, sink: Sink) -> u32 {
        let index = index_of(self.classes.len());
        let metaclass = class.arguments.as_deref().and_then(|arguments| arguments.find_keyword("metaclass"));
        let bases: Vec<Ir> =
            class.bases().iter().map(|base| self.earlier(Names::OfModule.annotation(base), &class.name.id, sink)).collect();
        let table = ClassTable {
            name: class.name.id.clone(),
            qualified: self.qualified(&class.name),
            at: class.name.start(),
            bases: bases.into_boxed_slice(),
            metaclass: metaclass.map(|keyword| Names::OfModule.value(&keyword.value)),
            decorators: decorators(&class.decorator_list),
            members: NameTable::default(),
            attributes: NameTable::default(),
            fields: Box::default(),
            type_parameters: type_parameters(class.type_params.as_deref()),
            outer: if let Sink::Class(outer) = sink { Some(outer) } else { None },
        };
        self.classes.push(OpenClass { table, members: FxHashMap::default(), attributes: FxHashMap::default(), fields: Vec::new() });
        self.path.push(class.name.id.clone());
        let conditions = std::mem::take(&mut self.conditions);
        self.body(&class.body, Sink::Class(index));
        self.conditions = conditions;
        self.path.pop();
        index
    }
}

/// The attributes that the methods of a class bind, and not only fill.
fn put_in(mut attributes: FxHashMap<Name, Vec<Slot>>) -> FxHashMap<Name, Vec<Slot>> {
    attributes.retain(|_, slots| slots.iter().any(|slot| !matches!(slot, Slot::Grows(..))));
    attributes
}

/// A number that 32 bits hold: no text that is analysed has more definitions than bytes.
fn index_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn replaced(value: Ir, name: &Name, earlier: &[Slot]) -> Ir {
    match value {
        Ir::Name(own) if own == *name => Ir::Earlier(own, Box::from(earlier)),
        value => value.with_parts(&mut |part| replaced(part, name, earlier)),
    }
}

/// The module that `from … import` names.
pub(crate) fn imported_module(import: &StmtImportFrom) -> Import {
    let name = import.module.as_ref().map_or_else(|| Name::new_static(""), |module| module.id.clone());
    Import { level: u8::try_from(import.level).unwrap_or(u8::MAX), name }
}

fn decorators(list: &[Decorator]) -> Box<[Ir]> {
    list.iter().map(|decorator| Names::OfModule.value(&decorator.expression)).collect()
}

fn parameters(parameters: &Parameters) -> Box<[Parameter]> {
    let kinds = [
        (&parameters.posonlyargs, ParameterKind::Positional),
        (&parameters.args, ParameterKind::PositionalOrNamed),
        (&parameters.kwonlyargs, ParameterKind::Named),
    ];
    let all = kinds.into_iter().flat_map(|(list, kind)| list.iter().map(move |parameter| (parameter, kind)));
    let table = all.map(|(parameter, kind)| Parameter {
        name: parameter.parameter.name.id.clone(),
        annotation: parameter.parameter.annotation.as_deref().map(|annotation| Names::OfModule.annotation(annotation)),
        has_default: parameter.default.is_some(),
        // Names with two underscores in front were positional before there was a mark for that.
        kind: match kind {
            ParameterKind::PositionalOrNamed if is_positional_by_name(&parameter.parameter.name.id) => ParameterKind::Positional,
            kind => kind,
        },
    });
    table.collect()
}

fn is_positional_by_name(name: &str) -> bool {
    name.starts_with("__") && !name.ends_with("__")
}

fn type_parameters(parameters: Option<&TypeParams>) -> Box<[Name]> {
    parameters.map_or_else(Box::default, |parameters| parameters.iter().map(|parameter| parameter.name().id.clone()).collect())
}

fn names_of_all(value: &Expr) -> Option<Vec<Name>> {
    let elements = match value {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return None,
    };
    elements.iter().map(|element| element.as_string_literal_expr().map(|literal| Name::new(literal.value.to_str()))).collect()
}

/// The names that a pattern binds.
pub(super) struct Captures<'a>(pub(super) Vec<&'a Name>);

impl<'a> Visitor<'a> for Captures<'a> {
    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        self.0.extend(name.map(|name| &name.id));
        walk_pattern(self, pattern);
    }
}
