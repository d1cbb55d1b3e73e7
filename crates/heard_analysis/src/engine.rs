//! The seam: what this expression is and what that call goes to, as ty sees it.
//!
//! This module and `program` alone name ty's crates, so that an upgrade stops here. Answers come
//! in plain terms: qualified names, and whatever the caller makes of them.

mod classes;
mod declared;
mod instances;
mod outside;
mod places;

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use camino::Utf8Path;
use ruff_db::files::{File, FilePath};
use ruff_db::parsed::{ParsedModuleRef, parsed_module};
use ruff_db::source::{SourceText, SourceTextError, line_index, source_text};
use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, ExprRef, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_source_file::LineIndex;
use ruff_text_size::{Ranged, TextRange, TextSize};
use salsa::plumbing::AsId as _;
use ty_module_resolver::file_to_module;
use ty_python_core::ProgramFile;
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_core::scope::NodeWithScopeKind;
use ty_python_semantic::types::{Type, TypeDefinition};
use ty_python_semantic::{Db as _, HasType, ProgramEnvironment, SemanticModel};

use crate::finding::{Position, Span};
use crate::program::Database;
use crate::stubs;

#[cfg(test)]
pub(crate) use outside::stub;
pub(crate) use outside::{BroughtFile, files_brought, files_of_modules, missing_modules, standard_library, text_of};
pub(crate) use places::{Place, names_beside, place_of};

/// Runs `work`, and turns a panic in it into a text for people.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    ruff_db::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|error| match &error.location {
        Some(location) => format!("{} at {location}", error.payload),
        None => error.payload.to_string(),
    })
}

/// The line and column of an offset in `text`.
pub(crate) fn position_in(text: &str, offset: TextSize) -> Position {
    let place = LineIndex::from_source_text(text).line_column(offset, text);
    Position { offset: offset.to_usize(), line: place.line.get(), column: place.column.get() }
}

/// One parsed file that questions can be asked about.
pub(crate) struct Module<'db> {
    db: &'db Database,
    file: ProgramFile<'db>,
    parsed: ParsedModuleRef,
    model: SemanticModel<'db>,
    text: SourceText,
    lines: LineIndex,
    path: Arc<Utf8Path>,
    failure: Cell<Option<String>>,
}

/// What is known of the type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// Every value it can have is of this sort.
    All(T),
    /// Some values are of a sort that was asked for, others are not.
    Mixed,
    /// No value is of a sort that was asked for.
    Other,
    /// The engine cannot tell.
    Unknown,
}

/// What a call goes to.
pub(crate) struct Callee<'db> {
    /// Where it is defined, as `module.Class.name`, or `None` in a file that no import can name.
    pub(crate) name: Option<String>,
    /// Whether it is a method that has its receiver already.
    pub(crate) is_bound: bool,
    definition: Definition<'db>,
}

/// Tells one callee from every other in the same run.
pub(crate) type CalleeId = salsa::Id;

/// Bases above this depth are not looked at: a hierarchy that deep is a cycle.
const DEEPEST_HIERARCHY: usize = 32;

impl<'db> Module<'db> {
    /// Opens the file at `path`, or says why it cannot be read.
    pub(crate) fn open(db: &'db Database, path: &Utf8Path) -> Result<Self, String> {
        let file = db.file(path).ok_or_else(|| "there is no such file".to_owned())?;
        if let Some(error) = source_text(db, file).read_error() {
            return Err(match error {
                SourceTextError::FailedToReadFile(reason) | SourceTextError::FailedToReadNotebook(reason) => reason.clone(),
            });
        }
        Ok(Self::load(db, db.program_file(file)))
    }

    fn load(db: &'db Database, program_file: ProgramFile<'db>) -> Self {
        let file = program_file.file(db);
        let parsed = parsed_module(db, program_file.python_file(db)).load(db);
        Module {
            db,
            file: program_file,
            parsed,
            model: SemanticModel::new(db, program_file),
            text: source_text(db, file),
            lines: line_index(db, file),
            path: path_of(db, file),
            failure: Cell::new(None),
        }
    }

    /// Lets go of the syntax tree. Who needs it again parses the file again, which costs little beside
    /// keeping the trees of a whole program in memory.
    pub(crate) fn forget(self) {
        let parsed = self.parsed.module().clone();
        drop(self);
        parsed.clear();
    }

    /// Whether the module is the cells of a notebook.
    pub(crate) fn is_notebook(&self) -> bool {
        self.path.extension() == Some("ipynb")
    }

    /// The statements of the module.
    pub(crate) fn body(&self) -> &[Stmt] {
        self.parsed.suite()
    }

    /// The name that imports have for it, as `package.module`, where they can name it at all.
    pub(crate) fn name(&self) -> Option<String> {
        Some(file_to_module(self.db, self.file.resolver_file(self.db))?.name(self.db).as_str().to_owned())
    }

    /// The decoded source text.
    pub(crate) fn text(&self) -> &str {
        self.text.as_str()
    }

    /// The first place that does not parse, with the parser's words.
    pub(crate) fn syntax_error(&self) -> Option<(Position, String)> {
        let error = self.parsed.errors().first()?;
        Some((self.position(error.location.start()), error.error.to_string()))
    }

    /// The comments, in the order of the text.
    pub(crate) fn comments(&self) -> impl Iterator<Item = TextRange> + '_ {
        self.parsed.tokens().iter().filter(|token| token.kind() == ruff_python_ast::token::TokenKind::Comment).map(Ranged::range)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Arc<Utf8Path> {
        &self.path
    }

    /// Where a stretch of this file's text lies.
    pub(crate) fn span(&self, range: TextRange) -> Span {
        Span { path: Arc::clone(&self.path), start: self.position(range.start()), end: self.position(range.end()) }
    }

    fn position(&self, offset: TextSize) -> Position {
        let place = self.lines.line_column(offset, self.text());
        Position { offset: offset.to_usize(), line: place.line.get(), column: place.column.get() }
    }

    /// What sort of value `expression` has. `sort` is asked about the qualified name of each class,
    /// its bases included, until it knows one.
    pub(crate) fn sort_of<'e, T: PartialEq>(&self, expression: impl Into<ExprRef<'e>>, sort: &dyn Fn(&str) -> Option<T>) -> Answer<T> {
        let expression = expression.into();
        self.ask(|| Some(self.sort_of_type(expression.inferred_type(&self.model)?, sort))).unwrap_or(Answer::Unknown)
    }

    fn sort_of_type<T: PartialEq>(&self, ty: Type<'db>, sort: &dyn Fn(&str) -> Option<T>) -> Answer<T> {
        match ty {
            Type::Union(union) => {
                let mut answers = union.elements(self.db).iter().map(|element| self.sort_of_type(*element, sort));
                let first = answers.next().unwrap_or(Answer::Other);
                answers.fold(first, Answer::join)
            }
            Type::Dynamic(_) | Type::Divergent(_) | Type::TypeVar(_) => Answer::Unknown,
            Type::LiteralValue(_) => self.class_of_literal(ty).and_then(sort).map_or(Answer::Other, Answer::All),
            // What was tested for truth, or is known not to be of some class, is what it was.
            Type::Intersection(parts) if parts.iter_positive(self.db).count() == 1 => {
                parts.iter_positive(self.db).next().map_or(Answer::Unknown, |part| self.sort_of_type(part, sort))
            }
            Type::NominalInstance(_) | Type::ProtocolInstance(_) | Type::TypeAlias(_) | Type::Intersection(_) => {
                let environment = ProgramEnvironment::from_file(self.file);
                match ty.definition(self.db, &environment) {
                    Some(TypeDefinition::StaticClass(class)) => {
                        first_in_hierarchy(self.db, class, sort, DEEPEST_HIERARCHY).map_or(Answer::Other, Answer::All)
                    }
                    // The alias or intersection is of something that has no one class.
                    _ if matches!(ty, Type::TypeAlias(_) | Type::Intersection(_)) => Answer::Unknown,
                    _ => Answer::Other,
                }
            }
            _ => Answer::Other,
        }
    }

    /// The class of a number or text that is known to the letter. The engine tells it by what it writes.
    fn class_of_literal(&self, ty: Type<'db>) -> Option<&'static str> {
        let text = ty.display(self.db, &ProgramEnvironment::from_file(self.file)).to_string();
        if text == "LiteralString" {
            return Some("builtins.str");
        }
        match text.strip_prefix("Literal[")?.chars().next()? {
            '"' | '\'' => Some("builtins.str"),
            '-' | '0'..='9' => Some("builtins.int"),
            _ => None,
        }
    }

    /// Whether nothing is known of the type of `expression`.
    pub(crate) fn is_untyped(&self, expression: &Expr) -> bool {
        self.ask(|| expression.inferred_type(&self.model)).is_none_or(|ty| matches!(ty, Type::Dynamic(_) | Type::Divergent(_)))
    }

    /// Whether it is certain that no value of `expression` is an instance of `class`.
    pub(crate) fn is_never(&self, expression: &Expr, class: &str) -> bool {
        self.ask(|| Some(self.is_apart(expression.inferred_type(&self.model)?, class))).unwrap_or(false)
    }

    fn is_apart(&self, ty: Type<'db>, class: &str) -> bool {
        match ty {
            Type::Union(union) => union.elements(self.db).iter().all(|element| self.is_apart(*element, class)),
            Type::Intersection(intersection) => intersection.iter_positive(self.db).any(|element| self.is_apart(element, class)),
            Type::LiteralValue(_) | Type::TypedDict(_) => true,
            Type::NominalInstance(_) => {
                let named = |name: &str, definition| qualified_name(self.db, definition).is_some_and(|known| known == name);
                match ty.definition(self.db, &ProgramEnvironment::from_file(self.file)) {
                    Some(TypeDefinition::StaticClass(own)) if !named("builtins.object", own) => {
                        let is_class = |base, _: &StmtClassDef| named(class, base);
                        any_in_hierarchy(self.db, own, &is_class, DEEPEST_HIERARCHY) == Some(false)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether the class of `expression`, or one of its bases, defines `method`. `None` where a base is
    /// not known, or the value is no instance of one class.
    pub(crate) fn has_method<'e>(&self, expression: impl Into<ExprRef<'e>>, method: &str) -> Option<bool> {
        let expression = expression.into();
        self.ask(|| {
            let ty @ Type::NominalInstance(_) = expression.inferred_type(&self.model)? else { return None };
            match ty.definition(self.db, &ProgramEnvironment::from_file(self.file))? {
                TypeDefinition::StaticClass(class) => {
                    let defines = |_, node: &StmtClassDef| node.body.iter().any(|statement| binds(statement, method));
                    any_in_hierarchy(self.db, class, &defines, DEEPEST_HIERARCHY)
                }
                _ => None,
            }
        })
    }

    /// The last names of the classes that `expression` is of, or that it is itself; none for what has no
    /// class of its own, like a module. `None` where any may be missing.
    pub(crate) fn class_names(&self, expression: &Expr) -> Option<Vec<Name>> {
        let mut names = Vec::new();
        let is_known = self.ask(|| Some(self.add_class_names(expression.inferred_type(&self.model)?, &mut names)));
        (is_known == Some(true)).then_some(names)
    }

    fn add_class_names(&self, ty: Type<'db>, names: &mut Vec<Name>) -> bool {
        match ty {
            Type::Union(union) => union.elements(self.db).iter().all(|element| self.add_class_names(*element, names)),
            Type::Intersection(intersection) => {
                let mut are_known = false;
                for element in intersection.iter_positive(self.db) {
                    are_known |= self.add_class_names(element, names);
                }
                are_known
            }
            Type::NominalInstance(_) | Type::ClassLiteral(_) | Type::GenericAlias(_) => {
                match ty.definition(self.db, &ProgramEnvironment::from_file(self.file)) {
                    Some(TypeDefinition::StaticClass(class)) => names.extend(class.name(self.db).map(Name::new)),
                    _ => return false,
                }
                names.last().is_some_and(|name| name != "object")
            }
            Type::ModuleLiteral(_) | Type::LiteralValue(_) => true,
            _ => false,
        }
    }

    /// What `call` goes to, where that is one function, method or class.
    pub(crate) fn callee(&self, call: &ExprCall) -> Option<Callee<'db>> {
        self.target(&call.func)
    }

    /// The one function, method or class that `expression` names.
    pub(crate) fn target(&self, expression: &Expr) -> Option<Callee<'db>> {
        self.ask(|| self.callee_of_type(expression.inferred_type(&self.model)?))
    }

    /// Each function, method or class that `expression` may name, where all of them are known.
    pub(crate) fn targets(&self, expression: &Expr) -> Option<Vec<Callee<'db>>> {
        self.ask(|| match expression.inferred_type(&self.model)? {
            Type::Union(union) => union.elements(self.db).iter().map(|ty| self.callee_of_type(*ty)).collect(),
            ty => Some(vec![self.callee_of_type(ty)?]),
        })
    }

    fn callee_of_type(&self, ty: Type<'db>) -> Option<Callee<'db>> {
        let environment = ProgramEnvironment::from_file(self.file);
        let definition = match (ty, ty.definition(self.db, &environment)?) {
            (Type::FunctionLiteral(_) | Type::BoundMethod(_), TypeDefinition::Function(definition)) => definition,
            (Type::ClassLiteral(_) | Type::GenericAlias(_), TypeDefinition::StaticClass(definition)) => definition,
            _ => return None,
        };
        let is_bound = matches!(ty, Type::BoundMethod(_));
        Some(Callee { name: qualified_name(self.db, definition), is_bound, definition })
    }

    /// Asks ty. Where ty fails at one question, the others can still be answered.
    fn ask<T>(&self, question: impl FnOnce() -> Option<T>) -> Option<T> {
        catch(question).unwrap_or_else(|panic| {
            // The first one tells the reason; what asks for the same again is told that it failed.
            self.failure.set(Some(self.failure.take().unwrap_or(panic)));
            None
        })
    }

    /// Why the first question could not be answered at which ty failed.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.take()
    }
}

impl<'db> Callee<'db> {
    /// What tells it from others.
    pub(crate) fn id(&self) -> CalleeId {
        self.definition.as_id()
    }

    /// Whether it is a class that derives from `class`.
    pub(crate) fn is_subclass(&self, db: &'db Database, class: &str) -> bool {
        first_in_hierarchy(db, self.definition, &|name| (name == class).then_some(()), DEEPEST_HIERARCHY).is_some()
    }

    /// Hands the source of the class that the callee is to `read`, where it is one and its body is known.
    pub(crate) fn with_class<T>(&self, db: &'db Database, read: impl FnOnce(&Module<'db>, &StmtClassDef) -> T) -> Option<T> {
        let DefinitionKind::Class(node) = self.definition.kind(db) else { return None };
        if self.definition.file(db).is_stub(db) {
            return None;
        }
        let module = Module::load(db, self.definition.program_file(db));
        let class = node.node(&module.parsed);
        Some(read(&module, class))
    }

    /// Hands the function's source to `read`, where the callee is a function and its body is known.
    pub(crate) fn with_body<T>(&self, db: &'db Database, read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T) -> Option<T> {
        if self.definition.file(db).is_stub(db) { None } else { self.with_definition(db, read) }
    }

    /// The same, where a stub will do, which has no body but says `async def` too.
    pub(crate) fn with_definition<T>(&self, db: &'db Database, read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T) -> Option<T> {
        let DefinitionKind::Function(node) = self.definition.kind(db) else { return None };
        let module = Module::load(db, self.definition.program_file(db));
        let function = node.node(&module.parsed);
        Some(read(&module, function))
    }
}

impl<T: PartialEq> Answer<T> {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Answer::All(left), Answer::All(right)) if left == right => Answer::All(left),
            (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
            (Answer::Other, Answer::Other) => Answer::Other,
            _ => Answer::Mixed,
        }
    }
}

/// What `sort` says of the class or, where it knows nothing, of its nearest base.
fn first_in_hierarchy<'db, T>(db: &'db Database, class: Definition<'db>, sort: &dyn Fn(&str) -> Option<T>, depth: usize) -> Option<T> {
    if let Some(found) = qualified_name(db, class).and_then(|name| sort(&name)) {
        return Some(found);
    }
    let DefinitionKind::Class(node) = class.kind(db) else { return None };
    let depth = depth.checked_sub(1)?;
    let module = Module::load(db, class.program_file(db));
    let environment = ProgramEnvironment::from_file(module.file);
    node.node(&module.parsed).bases().iter().find_map(|base| {
        let Some(TypeDefinition::StaticClass(base)) = base.inferred_type(&module.model)?.definition(db, &environment) else {
            return None;
        };
        first_in_hierarchy(db, base, sort, depth)
    })
}

/// Whether `test` holds for the class or one of its bases, or `None` where a base is not known.
fn any_in_hierarchy<'db>(
    db: &'db Database,
    class: Definition<'db>,
    test: &dyn Fn(Definition<'db>, &StmtClassDef) -> bool,
    depth: usize,
) -> Option<bool> {
    let DefinitionKind::Class(node) = class.kind(db) else { return None };
    let depth = depth.checked_sub(1)?;
    let module = Module::load(db, class.program_file(db));
    let environment = ProgramEnvironment::from_file(module.file);
    let node = node.node(&module.parsed);
    if test(class, node) {
        return Some(true);
    }
    if stubs::holds(&path_of(db, class.file(db))) {
        return None;
    }
    for base in node.bases() {
        let base = match base.inferred_type(&module.model)? {
            // `Generic[T]` and `Protocol` add no methods.
            Type::SpecialForm(_) | Type::KnownInstance(_) => continue,
            ty => match ty.definition(db, &environment)? {
                TypeDefinition::StaticClass(base) => base,
                _ => return None,
            },
        };
        if any_in_hierarchy(db, base, test, depth)? {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether a statement of a class body may bind `name`.
fn binds(statement: &Stmt, name: &str) -> bool {
    let any = |body: &[Stmt]| body.iter().any(|statement| binds(statement, name));
    match statement {
        Stmt::FunctionDef(function) => function.name.as_str() == name,
        Stmt::Assign(statement) => statement.targets.iter().any(|target| matches!(target, Expr::Name(bound) if bound.id == *name)),
        Stmt::If(statement) => any(&statement.body) || statement.elif_else_clauses.iter().any(|clause| any(&clause.body)),
        Stmt::For(_) | Stmt::While(_) | Stmt::With(_) | Stmt::Try(_) => true,
        _ => false,
    }
}

/// `module.Outer.name` of a definition, or `None` for a file that is no module.
fn qualified_name<'db>(db: &'db Database, definition: Definition<'db>) -> Option<String> {
    let file = definition.program_file(db);
    let module = file_to_module(db, file.resolver_file(db))?;
    let parsed = parsed_module(db, definition.python_file(db)).load(db);
    let mut names = vec![definition.name(db)?];
    let mut scope = definition.scope(db);
    loop {
        match scope.node(db) {
            NodeWithScopeKind::Class(_) | NodeWithScopeKind::Function(_) => names.push(scope.name(db, &parsed).to_owned()),
            _ => {}
        }
        match scope.scope(db).parent() {
            Some(parent) => scope = parent.to_scope_id(db, file),
            None => break,
        }
    }
    names.push(module.name(db).as_str().to_owned());
    names.reverse();
    Some(names.join("."))
}

fn path_of(db: &Database, file: File) -> Arc<Utf8Path> {
    match file.path(db) {
        FilePath::System(path) => Arc::from(path.as_utf8_path()),
        FilePath::SystemVirtual(path) => Arc::from(Utf8Path::new(path.as_str())),
        FilePath::Vendored(path) => Arc::from(Utf8Path::new(path.as_str())),
    }
}
