//! The light table: what one pass over a parsed file tells without asking for types.
//!
//! It answers what is plain (a function of this module, a method of this class), and says which
//! names may give awaitables at all, so that the resolver is asked about nothing else.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{self as ast, Decorator, Expr, ExprCall, Pattern, Stmt, StmtClassDef, StmtFunctionDef};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::body::{is_self, last_name};
use super::nested_runs::may_run_loop;
use super::origin::returns;
use super::plain_makers::{MadePlain, made_plain_in};
use crate::resolve::yields;

/// The light table of one file.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Names {
    /// Functions and methods whose call may give an awaitable.
    pub(crate) functions: FxHashSet<Name>,
    /// Those of them that give an async generator.
    pub(crate) generators: FxHashSet<Name>,
    /// Names and attributes that may hold such a function.
    pub(crate) holders: FxHashSet<Name>,
    /// For each unannotated sync function, the last names of the calls whose value it returns.
    pub(crate) returned: FxHashMap<Name, Vec<Name>>,
    /// The top-level names of the modules that the file imports.
    pub(crate) imports: FxHashSet<Name>,
    /// The last names of functions that are given to `add_done_callback`.
    pub(crate) done_callbacks: FxHashSet<Name>,
    /// Functions that have a parameter for a function that returns nothing.
    pub(crate) plain_callers: FxHashSet<Name>,
    /// Properties that may give an awaitable.
    pub(crate) properties: FxHashSet<Name>,
    /// The attributes that are read, and the names that are imported from other modules: whether that is
    /// on an object other than `self`.
    pub(crate) mentions: FxHashMap<Name, bool>,
    /// The names that plain coroutine functions have, and those that other functions and imports have.
    pub(crate) coroutine_functions: FxHashSet<Name>,
    pub(crate) sync_functions: FxHashSet<Name>,
    /// The coroutine functions that decorators of other names stand around, with these.
    pub(crate) decorated: Vec<(Name, Vec<Name>)>,
    /// The names of decorators, and of functions that make them, which put a coroutine function around another.
    pub(crate) wrappers: FxHashSet<Name>,
    /// The names of plain functions that do something.
    pub(crate) plain_bodies: FxHashSet<Name>,
    /// The names of plain functions that may run a loop.
    pub(crate) loop_runners: FxHashSet<Name>,
    /// Whose coroutine functions may have been replaced by plain ones.
    pub(crate) made_plain: MadePlain,
    /// The classes, those in functions included.
    pub(crate) classes: Vec<ClassNames>,
}

/// The light table of one class.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClassNames {
    pub(crate) name: Name,
    /// The last names of its bases.
    pub(crate) bases: Vec<Name>,
    /// The names of its methods.
    pub(crate) methods: Vec<Name>,
}

impl ClassNames {
    fn of(class: &StmtClassDef) -> Self {
        let base = |base: &Expr| last_name(base.as_subscript_expr().map_or(base, |generic| &generic.value)).cloned();
        let methods = class.body.iter().filter_map(Stmt::as_function_def_stmt).map(|method| method.name.id.clone());
        ClassNames { name: class.name.id.clone(), bases: class.bases().iter().filter_map(base).collect(), methods: methods.collect() }
    }
}

impl Names {
    /// The table of a module.
    pub(crate) fn of(statements: &[Stmt]) -> Self {
        let mut collector =
            Collector { names: Names::default(), function: None, plain: None, locals: FxHashMap::default(), tables: FxHashSet::default() };
        collector.visit_body(statements);
        if !collector.names.loop_runners.is_empty() {
            collector.names.made_plain = made_plain_in(statements);
        }
        collector.names
    }
}

struct Collector {
    names: Names,
    /// The unannotated sync function around.
    function: Option<Name>,
    /// The innermost function around, if it is a plain one.
    plain: Option<Name>,
    /// For its names that are bound to the value of a call, the last name of what is called.
    locals: FxHashMap<Name, Name>,
    /// The names of tables of methods.
    tables: FxHashSet<Name>,
}

impl<'a> Visitor<'a> for Collector {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::ClassDef(class) => {
                self.names.classes.push(ClassNames::of(class));
                let methods = plain_functions(&class.body);
                if methods.get("__call__").is_some_and(|method| method.is_async) || methods.contains_key("__await__") {
                    self.names.functions.insert(class.name.id.clone());
                }
                // Those that derive from it inherit that.
                for base in class.bases().iter().filter_map(last_name) {
                    self.names.returned.entry(class.name.id.clone()).or_default().push(base.clone());
                }
            }
            Stmt::FunctionDef(function) => {
                self.function(function);
                let outer = std::mem::replace(
                    &mut self.function,
                    (!function.is_async && function.returns.is_none()).then(|| function.name.id.clone()),
                );
                let outer_plain = std::mem::replace(&mut self.plain, (!function.is_async).then(|| function.name.id.clone()));
                let outer_locals = std::mem::take(&mut self.locals);
                walk_stmt(self, statement);
                self.function = outer;
                self.plain = outer_plain;
                self.locals = outer_locals;
                return;
            }
            Stmt::Return(result) => {
                let source = match result.value.as_deref() {
                    Some(Expr::Call(call)) => last_name(&call.func),
                    Some(Expr::Name(name)) => self.locals.get(&name.id),
                    _ => None,
                };
                if let (Some(function), Some(source)) = (&self.function, source) {
                    self.names.returned.entry(function.clone()).or_default().push(source.clone());
                }
                if let (Some(function), Some(Expr::Tuple(tuple))) = (&self.function, result.value.as_deref()) {
                    let parts = tuple.elts.iter().filter_map(last_name).cloned();
                    self.names.returned.entry(parts_of(function)).or_default().extend(parts);
                }
            }
            Stmt::AnnAssign(assignment) if names_awaitable(&assignment.annotation) => {
                self.names.holders.extend(last_name(&assignment.target).cloned());
            }
            Stmt::AnnAssign(assignment) => {
                if let (Some(target), Some(alias)) = (last_name(&assignment.target), alias(&assignment.annotation)) {
                    self.names.returned.entry(target.clone()).or_default().push(alias.clone());
                }
            }
            Stmt::Assign(assignment) => {
                if let (Some(Expr::Name(local)), Expr::Call(call)) = (assignment.targets.first(), &*assignment.value)
                    && let Some(name) = last_name(&call.func)
                {
                    self.locals.insert(local.id.clone(), name.clone());
                }
                // `Response = Coroutine[Any, Any, T]`, which annotations may speak of.
                if let (Expr::Subscript(_), Some(Expr::Name(alias))) = (&*assignment.value, assignment.targets.first())
                    && names_awaitable(&assignment.value)
                {
                    self.names.holders.insert(alias.id.clone());
                }
                if let ([Expr::Tuple(targets)], Expr::Call(call)) = (&*assignment.targets, &*assignment.value)
                    && let Some(source) = last_name(&call.func)
                {
                    for target in targets.elts.iter().filter_map(last_name) {
                        self.names.returned.entry(target.clone()).or_default().push(parts_of(source));
                    }
                }
                let methods = methods_in(&assignment.value);
                if !methods.is_empty() {
                    self.tables.extend(assignment.targets.iter().filter_map(last_name).cloned());
                }
                let sources = callable_source(&assignment.value).or_else(|| self.table(&assignment.value)).cloned();
                for source in sources.into_iter().chain(methods) {
                    for target in assignment.targets.iter().filter_map(last_name).filter(|target| **target != source) {
                        self.names.returned.entry(target.clone()).or_default().push(source.clone());
                    }
                }
            }
            Stmt::For(each) => {
                if let (Some(target), Some(source)) = (last_name(&each.target), self.table(&each.iter)) {
                    self.names.returned.entry(target.clone()).or_default().push(source.clone());
                }
            }
            Stmt::Import(import) => {
                self.names.imports.extend(import.names.iter().map(|alias| top_level(&alias.name)));
            }
            Stmt::ImportFrom(import) => {
                if let Some(module) = import.module.as_ref().filter(|_| import.level == 0) {
                    self.names.imports.insert(top_level(module));
                }
                for alias in &import.names {
                    self.names.mentions.insert(alias.name.id.clone(), true);
                    if let Some(renamed) = &alias.asname {
                        self.names.returned.entry(renamed.id.clone()).or_default().push(alias.name.id.clone());
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        if let Pattern::MatchClass(class) = pattern {
            self.names.mentions.extend(class.arguments.keywords.iter().map(|keyword| (keyword.attr.id.clone(), true)));
        }
        walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && last_name(&call.func).is_some_and(|name| name == "add_done_callback")
            && let [callback, ..] = &*call.arguments.args
        {
            self.names.done_callbacks.extend(callable_source(callback).cloned());
        }
        match expression {
            // Whoever sets the hook for failures that nobody catches sees what a change makes of them.
            Expr::Attribute(attribute) if attribute.ctx.is_load() || attribute.attr.as_str() == "excepthook" => {
                *self.names.mentions.entry(attribute.attr.id.clone()).or_default() |= !is_self(&attribute.value);
            }
            Expr::Call(call) => {
                if may_run_loop(call) {
                    self.names.loop_runners.extend(self.plain.clone());
                }
                self.names.mentions.extend(literal_attribute(call).map(|name| (name, true)));
                if let Some((kind, object)) = whole_reading(call) {
                    *self.names.mentions.entry(Name::new_static(kind)).or_default() |= !is_self(object);
                }
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}

impl Collector {
    /// The name of the table of methods that `table[key]`, `table.get(key)`, `table.values()` and a loop over the table take
    /// something out of.
    fn table<'e>(&self, value: &'e Expr) -> Option<&'e Name> {
        let table = match value {
            Expr::Subscript(item) => last_name(&item.value),
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if matches!(method.attr.as_str(), "get" | "pop" | "values") => last_name(&method.value),
                _ => None,
            },
            value => last_name(value),
        };
        table.filter(|table| self.tables.contains(*table))
    }

    fn function(&mut self, function: &StmtFunctionDef) {
        if function.is_async || function.returns.as_deref().is_some_and(names_awaitable) {
            self.names.functions.insert(function.name.id.clone());
        }
        let is_property =
            function.decorator_list.iter().any(|one| last_name(&one.expression).is_some_and(|name| name.ends_with("property")));
        if is_property && (function.is_async || function.returns.as_deref().is_some_and(names_awaitable)) {
            self.names.properties.insert(function.name.id.clone());
        }
        // An alias of what is awaitable, or a class of the program's own that is.
        let alias =
            function.returns.as_deref().map(|annotation| annotation.as_subscript_expr().map_or(annotation, |generic| &generic.value));
        if let Some(alias) = alias.and_then(last_name) {
            self.names.returned.entry(function.name.id.clone()).or_default().push(alias.clone());
        }
        if returns_own_coroutine_function(function) || returns_own_decorator(function) {
            self.names.wrappers.insert(function.name.id.clone());
        }
        let is_decorated = function.is_async && !function.decorator_list.is_empty() && !yields(&function.body);
        if is_plain_coroutine_function(function) {
            self.names.coroutine_functions.insert(function.name.id.clone());
        } else if let Some(decorators) = is_decorated.then(|| decorators_of(function)).flatten() {
            self.names.decorated.push((function.name.id.clone(), decorators));
        } else {
            self.names.sync_functions.insert(function.name.id.clone());
            if !function.is_async && !is_stub(function) {
                self.names.plain_bodies.insert(function.name.id.clone());
            }
        }
        if !function.is_async {
            // A decorator may make it give something else.
            for decorator in function.decorator_list.iter().filter_map(|decorator| decorator_name(&decorator.expression)) {
                self.names.returned.entry(function.name.id.clone()).or_default().push(decorator.clone());
            }
        }
        if is_async_generator(function) {
            self.names.generators.insert(function.name.id.clone());
        }
        if function.parameters.iter().any(|parameter| parameter.annotation().is_some_and(plain_callable)) {
            self.names.plain_callers.insert(function.name.id.clone());
        }
        for parameter in &function.parameters {
            if parameter.annotation().is_some_and(names_awaitable) {
                self.names.holders.insert(parameter.name().id.clone());
            }
        }
    }
}

/// The last name of a decorator, or of what makes it.
fn decorator_name(decorator: &Expr) -> Option<&Name> {
    match decorator {
        Expr::Call(call) => last_name(&call.func),
        expression => last_name(expression),
    }
}

/// The last names of all decorators of a function, where each has one.
fn decorators_of(function: &StmtFunctionDef) -> Option<Vec<Name>> {
    function.decorator_list.iter().map(|decorator| decorator_name(&decorator.expression).cloned()).collect()
}

/// The attribute that a call like `getattr(value, "name")` reads.
pub(super) fn literal_attribute(call: &ExprCall) -> Option<Name> {
    let is_getter = last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "getattr" | "attrgetter"));
    let literal = call.arguments.args.iter().find_map(Expr::as_string_literal_expr)?;
    is_getter.then(|| Name::new(literal.value.to_str()))
}

/// Under this name the table has the files that read all attributes of an object, like `vars(self)`.
pub(super) const READS_ALL: &str = "__dict__";

/// Under this name it has those that read attributes by computed names. No attribute is called so.
pub(super) const READS_ANY: &str = "getattr()";

/// How a call may read attributes without writing their names, and of which object.
fn whole_reading(call: &ExprCall) -> Option<(&'static str, &Expr)> {
    match (last_name(&call.func)?.as_str(), &*call.arguments.args) {
        ("vars" | "asdict" | "astuple" | "getmembers", [object, ..]) => Some((READS_ALL, object)),
        ("getattr", [object, name, ..]) if !name.is_string_literal_expr() => Some((READS_ANY, object)),
        _ => None,
    }
}

/// The object of which a call may read the attribute `name` without writing it: all of `vars(object)`, and
/// `getattr(object, computed)` unless what is written of the name differs, as in `f"_{kind}_task"`.
pub(super) fn computed_attribute<'a>(call: &'a ExprCall, name: &str) -> Option<&'a Expr> {
    match (last_name(&call.func)?.as_str(), &*call.arguments.args) {
        ("getattr", [object, Expr::FString(computed), ..]) => {
            let mut parts = computed.value.elements().map(|part| part.as_literal().map_or("", |literal| &literal.value));
            let begins = parts.next().is_none_or(|part| name.starts_with(part));
            let ends = parts.last().is_none_or(|part| name.ends_with(part));
            (begins && ends).then_some(object)
        }
        _ => whole_reading(call).map(|(_, object)| object),
    }
}

/// The name whose call is as awaitable as a call of `value`: `connection.send` itself, `read` in
/// `partial(read, path)`, and the class in `Handler()`, which may have an async `__call__`.
fn callable_source(value: &Expr) -> Option<&Name> {
    match value {
        Expr::Call(call) => match last_name(&call.func)? {
            name if name == "partial" => call.arguments.args.first().and_then(last_name),
            name => name.starts_with(char::is_uppercase).then_some(name),
        },
        Expr::Lambda(lambda) => lambda.body.as_call_expr().and_then(|call| last_name(&call.func)),
        value => last_name(value),
    }
}

/// The methods of the object's own in a table: `{"open": self._on_open, "close": self._on_close}`.
fn methods_in(value: &Expr) -> Vec<Name> {
    let is_own = |object: &Expr| matches!(object, Expr::Name(name) if matches!(name.id.as_str(), "self" | "cls"));
    let method = |value: &Expr| match value {
        Expr::Attribute(method) if is_own(&method.value) => Some(method.attr.id.clone()),
        _ => None,
    };
    match value {
        Expr::Dict(dict) => dict.items.iter().filter_map(|item| method(&item.value)).collect(),
        Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => elts.iter().filter_map(method).collect(),
        _ => Vec::new(),
    }
}

/// Under this name a table of names has the parts of the tuple that a function returns. No function is called so.
fn parts_of(function: &Name) -> Name {
    Name::new(format!("{function}()"))
}

/// Whether an annotation speaks of an awaitable anywhere in it.
pub(super) fn names_awaitable(annotation: &Expr) -> bool {
    let mut finder = AwaitableFinder(false);
    finder.visit_expr(annotation);
    finder.0
}

/// The name of a type that may stand for another, alone or with `None` beside it.
pub(super) fn alias(annotation: &Expr) -> Option<&Name> {
    match annotation {
        Expr::BinOp(either) if either.right.is_none_literal_expr() => alias(&either.left),
        Expr::Subscript(optional) if last_name(&optional.value).is_some_and(|name| name == "Optional") => alias(&optional.slice),
        annotation => last_name(annotation).filter(|name| name.starts_with(|first: char| first.is_uppercase() || first == '_')),
    }
}

/// Whether an annotation is that of a function that always gives an awaitable: `Callable[…, Awaitable[…]]`.
pub(super) fn awaitable_callable(annotation: &Expr) -> bool {
    let result = callable_result(annotation).map(|result| result.as_subscript_expr().map_or(result, |result| &result.value));
    let is_awaitable = |result| last_name(result).is_some_and(|name| matches!(name.as_str(), "Awaitable" | "Coroutine" | "CoroutineType"));
    result.is_some_and(is_awaitable)
}

/// Whether an annotation is that of a function that returns nothing: `Callable[…, None]`, or that or `None`.
pub(super) fn plain_callable(annotation: &Expr) -> bool {
    match annotation {
        Expr::BinOp(either) => {
            plain_callable(&either.left) && either.right.is_none_literal_expr()
                || either.left.is_none_literal_expr() && plain_callable(&either.right)
        }
        Expr::Subscript(optional) if last_name(&optional.value).is_some_and(|name| name == "Optional") => plain_callable(&optional.slice),
        annotation => callable_result(annotation).is_some_and(|result| {
            let is_plain = |name: &Name| matches!(name.as_str(), "bool" | "bytes" | "float" | "int" | "str");
            result.is_none_literal_expr() || result.as_name_expr().is_some_and(|name| is_plain(&name.id))
        }),
    }
}

/// What a function gives that is annotated as `Callable[…, …]`.
fn callable_result(annotation: &Expr) -> Option<&Expr> {
    let callable = annotation.as_subscript_expr()?;
    last_name(&callable.value).filter(|name| *name == "Callable")?;
    callable.slice.as_tuple_expr()?.elts.last()
}

struct AwaitableFinder(bool);

impl<'a> Visitor<'a> for AwaitableFinder {
    fn visit_expr(&mut self, expression: &'a Expr) {
        self.0 |= match expression {
            Expr::StringLiteral(string) => is_awaitable_type(string.value.to_str()),
            _ => last_name(expression).is_some_and(|name| is_awaitable_type(name)),
        };
        walk_expr(self, expression);
    }
}

fn is_awaitable_type(name: &str) -> bool {
    ["Awaitable", "Coroutine", "CoroutineType", "Future", "Task", "CoroutineFunction"].iter().any(|awaitable| name.contains(awaitable))
}

fn top_level(module: &str) -> Name {
    Name::new(module.split('.').next().unwrap_or_default())
}

/// The names of the functions that a source text defines by `async def`, without parsing it: a
/// name too many costs one question.
pub(crate) fn async_names(text: &str) -> impl Iterator<Item = Name> + '_ {
    text.split("async def ").skip(1).filter_map(|rest| {
        let end = rest.find(|character: char| !(character.is_alphanumeric() || character == '_'))?;
        (end > 0).then(|| Name::new(&rest[..end]))
    })
}

/// Whether `function` is a plain coroutine function: no decorator changes what it gives, and it
/// is no generator.
pub(crate) fn is_plain_coroutine_function(function: &StmtFunctionDef) -> bool {
    function.is_async && function.decorator_list.is_empty() && !yields(&function.body)
}

/// Whether a call of `function` gives an async generator.
pub(crate) fn is_async_generator(function: &StmtFunctionDef) -> bool {
    function.is_async && function.decorator_list.is_empty() && yields(&function.body)
}

/// Whether all that `function` returns is one plain coroutine function that it defines.
pub(super) fn returns_own_coroutine_function(function: &StmtFunctionDef) -> bool {
    returns_own(function, |inner| inner.is_async && !yields(&inner.body))
}

/// Whether all that `function` returns is one decorator that it defines, which returns such a coroutine function.
pub(super) fn returns_own_decorator(function: &StmtFunctionDef) -> bool {
    returns_own(function, returns_own_coroutine_function)
}

/// Whether all that `function` returns is one function that it defines, which passes the test.
fn returns_own(function: &StmtFunctionDef, test: impl Fn(&StmtFunctionDef) -> bool) -> bool {
    if function.is_async || !function.body.iter().any(Stmt::is_function_def_stmt) {
        return false;
    }
    let results = returns(&function.body);
    let is_own = |result: Option<&Expr>| {
        let Some(Expr::Name(name)) = result else { return false };
        let mut inner = function.body.iter().filter_map(Stmt::as_function_def_stmt).filter(|inner| inner.name.id == name.id);
        // `functools.wraps` changes nothing but names.
        let keeps = |decorator: &Decorator| {
            decorator.expression.as_call_expr().and_then(|call| last_name(&call.func)).is_some_and(|name| name == "wraps")
        };
        inner.next().is_some_and(|inner| inner.decorator_list.iter().all(keeps) && test(inner)) && inner.next().is_none()
    };
    !results.is_empty() && results.iter().copied().all(is_own)
}

/// Whether `function` does nothing: it is there to be overridden.
pub(crate) fn is_stub(function: &StmtFunctionDef) -> bool {
    function.body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(statement) => statement.value.is_literal_expr(),
        Stmt::Raise(statement) => {
            let raised = match statement.exc.as_deref() {
                Some(Expr::Call(call)) => Some(&*call.func),
                raised => raised,
            };
            raised.and_then(last_name).is_some_and(|name| name == "NotImplementedError")
        }
        _ => false,
    })
}

/// The functions that `statements` define, by name, as far as nothing else there may bind the name.
pub(crate) fn plain_functions(statements: &[Stmt]) -> FxHashMap<&str, &StmtFunctionDef> {
    let mut functions = FxHashMap::default();
    let mut others = BindingCollector::default();
    for statement in statements {
        match statement {
            Stmt::FunctionDef(function) => {
                if functions.insert(function.name.as_str(), function).is_some() {
                    others.names.insert(function.name.id.clone());
                }
                RebindingCollector(&mut others.names).visit_body(&function.body);
            }
            statement => others.visit_stmt(statement),
        }
    }
    if others.imports_all {
        return FxHashMap::default();
    }
    functions.retain(|name, _| !others.names.contains(*name));
    functions
}

/// The names that a function binds outside of itself: `global work`, `self.work = …`.
struct RebindingCollector<'n>(&'n mut FxHashSet<Name>);

impl<'a> Visitor<'a> for RebindingCollector<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Global(statement) = statement {
            self.0.extend(statement.names.iter().map(|name| name.id.clone()));
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Attribute(attribute) = expression
            && attribute.ctx.is_store()
            && matches!(&*attribute.value, Expr::Name(name) if matches!(name.id.as_str(), "self" | "cls"))
        {
            self.0.insert(attribute.attr.id.clone());
        }
        walk_expr(self, expression);
    }
}

/// The names that statements bind in their own scope, by other means than a function on top level.
#[derive(Default)]
struct BindingCollector {
    names: FxHashSet<Name>,
    /// Whether a star import may bind any name.
    imports_all: bool,
}

impl<'a> Visitor<'a> for BindingCollector {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => drop(self.names.insert(function.name.id.clone())),
            Stmt::ClassDef(class) => drop(self.names.insert(class.name.id.clone())),
            Stmt::Import(import) => self.names.extend(import.names.iter().map(imported_as)),
            Stmt::ImportFrom(import) => {
                self.imports_all |= import.names.iter().any(|alias| &alias.name == "*");
                self.names.extend(import.names.iter().map(imported_as));
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression
            && name.ctx.is_store()
        {
            self.names.insert(name.id.clone());
        }
        walk_expr(self, expression);
    }
}

/// The name that an import binds.
pub(crate) fn imported_as(alias: &ruff_python_ast::Alias) -> Name {
    top_level(alias.asname.as_ref().unwrap_or(&alias.name))
}
