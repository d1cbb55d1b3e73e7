//! A table of a stub, written down as Python again: what it says, and nothing else.
//!
//! So those few questions that need a syntax tree can be asked of the standard library too, though only
//! its tables are part of the program.

use std::fmt::Write as _;

use ruff_python_ast::name::Name;

use crate::resolve::ir::{Arg, Ir, Operation};
use crate::resolve::table::{ClassTable, FileTable, FunctionTable, Import, NameTable, Parameter, ParameterKind, Slot};

/// The module that has such a table. Whatever is written down for the sake of its place alone is called `_`.
pub(super) fn outline(table: &FileTable) -> String {
    let mut outline = Outline { table, text: String::new(), depth: 0 };
    for star in &table.stars {
        outline.line(&format!("from {} import *", import(star)));
    }
    if let Some(all) = &table.all {
        let names: Vec<String> = all.iter().map(|name| format!("'{name}'")).collect();
        outline.line(&format!("__all__ = [{}]", names.join(", ")));
    }
    outline.names(&table.names, &[]);
    outline.definitions(&table.names, None);
    outline.text
}

struct Outline<'t> {
    table: &'t FileTable,
    text: String,
    depth: usize,
}

/// A function or a class, by its place in the table.
#[derive(Clone, Copy)]
enum Definition {
    Function(usize),
    Class(usize),
}

impl Outline<'_> {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:1$}{line}", "", self.depth);
    }

    /// Several bindings of one name stand under conditions.
    fn under(&mut self, is_conditional: bool, write: impl FnOnce(&mut Self)) {
        if is_conditional {
            self.line("if _:");
            self.depth += 1;
        }
        write(self);
        self.depth -= usize::from(is_conditional);
    }

    /// What binds names, functions and classes apart. Fields come first, in their order.
    fn names(&mut self, names: &NameTable, fields: &[Name]) {
        let in_order = fields.iter().filter_map(|field| Some((field, names.get(field)?)));
        let others = names.iter().filter(|(name, _)| !fields.contains(name) && *name != "__all__");
        for (name, slots) in in_order.chain(others) {
            for slot in slots {
                let line = match slot {
                    Slot::Module(module, false) if module == name => format!("import {module}"),
                    Slot::Module(module, _) => format!("import {module} as {name}"),
                    Slot::From(from) if from.name == *name && !from.is_exported => format!("from {} import {name}", import(&from.module)),
                    Slot::From(from) => format!("from {} import {} as {name}", import(&from.module), from.name),
                    Slot::Value(value) => format!("{name} = {}", text(value, Context::Value)),
                    Slot::Annotated(declared, None) => format!("{name}: {}", text(declared, Context::Annotation)),
                    Slot::Annotated(declared, Some(value)) => {
                        format!("{name}: {} = {}", text(declared, Context::Annotation), text(value, Context::Value))
                    }
                    Slot::Unknown | Slot::Grows(..) => format!("{name} += _"),
                    Slot::Function(_) | Slot::Class(_) => continue,
                };
                self.under(slots.len() > 1, |outline| outline.line(&line));
            }
        }
    }

    fn definitions(&mut self, names: &NameTable, class: Option<u32>) {
        let table = self.table;
        let is_here = |function: &FunctionTable| function.class == class && !function.is_inner;
        let functions = table.functions.iter().enumerate().filter(|(_, function)| is_here(function));
        let mut all: Vec<_> = functions.map(|(index, function)| (function.at, Definition::Function(index))).collect();
        let classes = table.classes.iter().enumerate().filter(|(_, inner)| inner.outer == class);
        all.extend(classes.map(|(index, class)| (class.at, Definition::Class(index))));
        all.sort_by_key(|(at, _)| *at);
        for (_, definition) in all {
            let name = match definition {
                Definition::Function(index) => &table.functions[index].name,
                Definition::Class(index) => &table.classes[index].name,
            };
            let is_conditional = names.get(name).is_some_and(|slots| slots.len() > 1);
            self.under(is_conditional, |outline| match definition {
                Definition::Function(index) => outline.function(&table.functions[index]),
                Definition::Class(index) => outline.class(&table.classes[index], u32::try_from(index).unwrap_or(u32::MAX)),
            });
        }
    }

    fn function(&mut self, function: &FunctionTable) {
        self.decorators(&function.decorators);
        let word = if function.is_async { "async def" } else { "def" };
        let parameters = parameters(function);
        let returns = function.returns.as_ref().map_or_else(String::new, |returns| format!(" -> {}", text(returns, Context::Annotation)));
        self.line(&format!("{word} {}{}({parameters}){returns}: ...", function.name, type_parameters(&function.type_parameters)));
    }

    fn class(&mut self, class: &ClassTable, index: u32) {
        self.decorators(&class.decorators);
        let mut bases: Vec<String> = class.bases.iter().map(|base| text(base, Context::Annotation)).collect();
        bases.extend(class.metaclass.as_ref().map(|metaclass| format!("metaclass={}", text(metaclass, Context::Value))));
        self.line(&format!("class {}{}({}):", class.name, type_parameters(&class.type_parameters), bases.join(", ")));
        self.depth += 1;
        self.line("...");
        self.names(&class.members, &class.fields);
        self.definitions(&class.members, Some(index));
        self.depth -= 1;
    }

    fn decorators(&mut self, decorators: &[Ir]) {
        for decorator in decorators {
            self.line(&format!("@{}", text(decorator, Context::Value)));
        }
    }
}

fn import(import: &Import) -> String {
    format!("{}{}", ".".repeat(import.level.into()), import.name)
}

fn type_parameters(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    if names.is_empty() { String::new() } else { format!("[{}]", names.join(", ")) }
}

fn parameters(function: &FunctionTable) -> String {
    let one = |parameter: &Parameter| {
        let mut written = parameter.name.to_string();
        if let Some(annotation) = &parameter.annotation {
            let _ = write!(written, ": {}", text(annotation, Context::Annotation));
        }
        if parameter.has_default {
            written.push_str(" = ...");
        }
        written
    };
    let of = |kind: ParameterKind| function.parameters.iter().filter(move |parameter| parameter.kind == kind).map(one);
    let mut all: Vec<String> = of(ParameterKind::Positional).collect();
    if !all.is_empty() {
        all.push("/".to_owned());
    }
    all.extend(of(ParameterKind::PositionalOrNamed));
    let named: Vec<String> = of(ParameterKind::Named).collect();
    if function.has_rest {
        let rest = function.rest.as_ref().map_or_else(String::new, |rest| format!(": {}", text(rest, Context::Annotation)));
        all.push(format!("*_{rest}"));
    } else if !named.is_empty() {
        all.push("*".to_owned());
    }
    all.extend(named);
    if function.has_rest {
        all.push("**__".to_owned());
    }
    all.join(", ")
}

/// Where an expression stands: brackets and texts mean other things in an annotation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Value,
    Annotation,
}

fn joined(parts: &[Ir], context: Context) -> String {
    let parts: Vec<String> = parts.iter().map(|part| text(part, context)).collect();
    if parts.len() == 1 { format!("{},", parts[0]) } else { parts.join(", ") }
}

fn text(value: &Ir, context: Context) -> String {
    let same = |value: &Ir| text(value, context);
    match value {
        Ir::Name(name) | Ir::Here(name, _) | Ir::Earlier(name, _) => name.to_string(),
        Ir::Attr(value, name) => format!("{}.{name}", same(value)),
        Ir::Call(function, arguments) => {
            let one = |argument: &Arg| match argument {
                Arg::Place(value) => text(value, Context::Value),
                Arg::Named(name, value) if matches!(name.as_str(), "bound" | "default") => {
                    format!("{name}={}", text(value, Context::Annotation))
                }
                Arg::Named(name, value) => format!("{name}={}", text(value, Context::Value)),
                Arg::Star(value) => format!("*{}", text(value, Context::Value)),
                Arg::Rest => "**_".to_owned(),
            };
            let arguments: Vec<String> = arguments.iter().map(one).collect();
            format!("{}({})", same(function), arguments.join(", "))
        }
        Ir::Sub(value, parts) => {
            let is_literal = value.last_name().is_some_and(|name| name == "Literal");
            let context = if is_literal { Context::Value } else { context };
            let parts: Vec<String> = parts.iter().map(|part| text(part, context)).collect();
            let parts = if parts.is_empty() { "()".to_owned() } else { parts.join(", ") };
            format!("{}[{parts}]", same(value))
        }
        Ir::Slice(value) => format!("{}[:]", same(value)),
        Ir::Union(parts) => format!("({})", parts.iter().map(same).collect::<Vec<_>>().join(" | ")),
        Ir::Either(parts) => format!("({})", parts.iter().map(same).collect::<Vec<_>>().join(" if _ else ")),
        Ir::OrElse(parts) => format!("({})", parts.iter().map(same).collect::<Vec<_>>().join(" or ")),
        Ir::Operation(operation, sides) => format!("({} {} {})", same(&sides[0]), sign(*operation), same(&sides[1])),
        Ir::None => "None".to_owned(),
        Ir::Str => "''".to_owned(),
        Ir::Int(Some(value)) => value.to_string(),
        Ir::Int(None) => "1000".to_owned(),
        Ir::Float => "1.0".to_owned(),
        Ir::Bool => "(not _)".to_owned(),
        Ir::True => "True".to_owned(),
        Ir::False => "False".to_owned(),
        Ir::Bytes => "b''".to_owned(),
        Ir::Ellipsis => "...".to_owned(),
        Ir::Tuple(parts) if context == Context::Annotation => format!("[{}]", parts.iter().map(same).collect::<Vec<_>>().join(", ")),
        Ir::Tuple(parts) => format!("({})", joined(parts, context)),
        Ir::List(Some(parts)) => format!("[{}]", parts.iter().map(same).collect::<Vec<_>>().join(", ")),
        Ir::List(None) => "[*_]".to_owned(),
        Ir::Set(Some(parts)) if !parts.is_empty() => format!("{{{}}}", parts.iter().map(same).collect::<Vec<_>>().join(", ")),
        Ir::Set(_) => "{*_}".to_owned(),
        Ir::Dict(Some(pairs)) => {
            let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{}: {}", same(key), same(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Ir::Dict(None) => "{**_}".to_owned(),
        Ir::Await(value) => format!("(await {})", same(value)),
        Ir::Typed(declared) => format!("\"{}\"", text(declared, Context::Annotation)),
        Ir::Lambda(_) => "(lambda: _)".to_owned(),
        // Stubs have none of the others; a complex number is not followed.
        Ir::Generator(..)
        | Ir::Own
        | Ir::Dynamic
        | Ir::Parameter(..)
        | Ir::Unknown
        | Ir::Function(_)
        | Ir::Entered(..)
        | Ir::Element(..)
        | Ir::Part(..) => "1j".to_owned(),
    }
}

fn sign(operation: Operation) -> &'static str {
    match operation {
        Operation::Add => "+",
        Operation::Sub => "-",
        Operation::Mult => "*",
        Operation::Div => "/",
        Operation::Mod => "%",
        Operation::FloorDiv => "//",
        Operation::BitAnd => "&",
        Operation::Other => "**",
    }
}
