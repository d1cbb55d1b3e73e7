//! One parsed file that questions can be asked about, and what calls in it go to.

use std::sync::Arc;

use camino::Utf8Path;
use ruff_python_ast::name::Name;
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ExprName, ExprRef, IpyEscapeKind, ModModule, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_source_file::LineIndex;
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashSet;

use super::database::Database;
use super::index::{FileId, Origin};
use super::ir::Names;
use super::resolver::{At, Reads, Resolver};
use super::scope::{self, Scopes};
use super::sources::Held;
use super::table::{ClassTable, FunctionTable};
use super::ty::{ClassRef, FunctionRef, Link, Ty};
use crate::finding::{Position, Span};

/// The line and column of an offset in `text`.
pub(crate) fn position_in(text: &str, offset: TextSize) -> Position {
    position(&LineIndex::from_source_text(text), text, offset)
}

fn position(lines: &LineIndex, text: &str, offset: TextSize) -> Position {
    let place = lines.line_column(offset, text);
    Position { offset: offset.to_usize(), line: place.line.get(), column: place.column.get() }
}

/// One parsed file that questions can be asked about.
pub(crate) struct Module<'db> {
    pub(super) db: &'db Database,
    held: &'db Held,
    /// Its number, once there is a table of it.
    file: Option<FileId>,
}

/// What a call goes to.
pub(crate) struct Callee<'db> {
    /// Where it is defined, as `module.Class.name`, or `None` in a file that no import can name.
    pub(crate) name: Option<String>,
    /// Whether it is a method that has its receiver already.
    pub(crate) is_bound: bool,
    target: Target<'db>,
}

/// Where a callee is defined.
#[derive(Clone, Copy)]
enum Target<'db> {
    Function(FunctionRef, &'db FunctionTable),
    Class(ClassRef, &'db ClassTable),
}

/// Tells one callee from every other in the same run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CalleeId {
    file: FileId,
    index: u32,
    is_class: bool,
}

impl<'db> Module<'db> {
    /// Opens the file at `path`, or says why it cannot be read.
    pub(crate) fn open(db: &'db Database, path: &Utf8Path) -> Result<Self, String> {
        let held = db.source(path)?;
        let file = held.file.get().copied().or_else(|| {
            let file = db.files().find(path)?;
            Some(*held.file.get_or_init(|| file))
        });
        if let Some(file) = file {
            // Whoever reads the text depends on it, whether he asks for the table or not.
            db.files().entry(file);
        }
        Ok(Module { db, held, file })
    }

    /// The statements of the module.
    pub(crate) fn body(&self) -> &'db [Stmt] {
        self.held.source.body()
    }

    /// The name that imports have for it, as `package.module`, where they can name it at all.
    pub(crate) fn name(&self) -> Option<String> {
        self.db.files().entry(self.file?).module.as_ref().map(Name::to_string)
    }

    /// The syntax tree of the file.
    pub(crate) fn tree(&self) -> &ModModule {
        self.held.source.parsed.syntax()
    }

    /// The tokens of the file.
    pub(crate) fn tokens(&self) -> &Tokens {
        self.held.source.parsed.tokens()
    }

    /// The names that stand in a stretch of the text, whatever they stand for.
    pub(crate) fn words(&self, range: TextRange) -> impl Iterator<Item = &str> + '_ {
        let names = self
            .held
            .source
            .parsed
            .tokens()
            .iter()
            .filter(move |token| token.kind() == TokenKind::Name && range.contains_range(token.range()));
        names.map(|token| &self.text()[token.range()])
    }

    /// Whether `name` is a module of the standard library, for the version of Python that the program is read for.
    pub(crate) fn is_standard(&self, name: &str) -> bool {
        super::standard::path_of(name, self.db.shared.version).is_some()
    }

    /// The decoded source text.
    pub(crate) fn text(&self) -> &'db str {
        &self.held.source.text
    }

    /// The first place that does not parse, with the parser's words.
    pub(crate) fn syntax_error(&self) -> Option<(Position, String)> {
        let error = self.held.source.parsed.errors().first()?;
        Some((self.position(error.location.start()), error.error.to_string()))
    }

    /// The comments, in the order of the text.
    pub(crate) fn comments(&self) -> impl Iterator<Item = TextRange> + '_ {
        self.held.source.parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment).map(Ranged::range)
    }

    /// Whether the module is the cells of a notebook, where `await` stands at the top.
    pub(crate) fn is_notebook(&self) -> bool {
        self.path().extension() == Some("ipynb")
    }

    /// The statements that a notebook displays: the expression that ends a cell, and has no semicolon behind it.
    pub(crate) fn displayed(&self) -> FxHashSet<TextRange> {
        let ends = self.db.system().cell_ends(self.path());
        let mut statements = self.body();
        let mut displayed = FxHashSet::default();
        for end in ends {
            let (cell, rest) = statements.split_at(statements.partition_point(|statement| statement.start().to_usize() < end));
            statements = rest;
            let Some(Stmt::Expr(last)) = cell.last() else { continue };
            // Of the magics that run a cell as Python, only the one that takes the time goes on to show its value.
            let is_timed = |magic: &str| magic.split_whitespace().next() == Some("time");
            let shows = match cell.first() {
                Some(Stmt::IpyEscapeCommand(magic)) if magic.kind == IpyEscapeKind::Magic2 => is_timed(&magic.value),
                _ => true,
            };
            let is_hidden = self.tokens().after(last.end()).first().is_some_and(|token| token.kind() == TokenKind::Semi);
            if shows && !is_hidden {
                displayed.insert(last.range());
            }
        }
        displayed
    }

    /// The file.
    pub(crate) fn path(&self) -> &'db Arc<Utf8Path> {
        &self.held.path
    }

    /// Where a stretch of this file's text lies.
    pub(crate) fn span(&self, range: TextRange) -> Span {
        Span { path: Arc::clone(self.path()), start: self.position(range.start()), end: self.position(range.end()) }
    }

    fn position(&self, offset: TextSize) -> Position {
        position(self.held.source.lines(), self.text(), offset)
    }

    pub(super) fn file(&self) -> Option<FileId> {
        self.file
    }

    pub(super) fn resolver(&self) -> Resolver<'db> {
        Resolver { db: self.db, reads: Reads::Declarations }
    }

    /// What an expression of this file stands for, as far as declarations say.
    pub(super) fn ty<'e>(&self, expression: impl Into<ExprRef<'e>>) -> Ty {
        self.ask(expression.into(), self.resolver())
    }

    /// The same, where bodies are asked too.
    pub(super) fn by_bodies(&self, expression: &Expr) -> Ty {
        self.ask(expression.into(), Resolver { db: self.db, reads: Reads::Bodies })
    }

    pub(super) fn ask(&self, expression: ExprRef<'_>, resolver: Resolver<'db>) -> Ty {
        let key = (expression.range(), resolver.reads);
        if let Some(known) = self.held.known.borrow().get(&key) {
            return known.clone();
        }
        self.db.look_up();
        let ty = self.with_scopes(|scopes, at| {
            // Nothing has a type where nothing runs.
            let is_unreachable = scope::is_unreachable(scopes.body, expression.start(), scopes.version);
            if is_unreachable { Ty::Other } else { resolver.value(&Names::InPlace.value(expression), at) }
        });
        let ty = ty.unwrap_or(Ty::Unknown("a file without a table"));
        self.held.known.borrow_mut().insert(key, ty.clone());
        ty
    }

    pub(super) fn with_scopes<T>(&self, work: impl FnOnce(&Scopes<'_>, At<'_>) -> T) -> Option<T> {
        let file = self.file?;
        let scopes = Scopes { body: self.body(), file, version: self.db.shared.version, known: &self.held.scopes };
        Some(work(&scopes, At { scopes: Some(&scopes), ..At::module(file) }))
    }

    /// What an annotation of this file means.
    pub(super) fn declared(&self, annotation: &Expr) -> Ty {
        let declared = Names::InPlace.annotation(annotation);
        self.with_scopes(|_, at| self.resolver().annotation(&declared, at)).unwrap_or(Ty::Unknown("a file without a table"))
    }

    /// What `call` goes to, where that is one function, method or class.
    pub(crate) fn callee(&self, call: &ExprCall) -> Option<Callee<'db>> {
        self.target(&call.func)
    }

    /// What `call` goes to as far as something is known of its receiver: the loop in `loop or get_event_loop()`.
    pub(crate) fn likely_callee(&self, call: &ExprCall) -> Option<Callee<'db>> {
        let Ty::Union(parts) = self.ty(&*call.func) else { return None };
        let mut known = parts.iter().filter(|part| !matches!(part, Ty::Dynamic | Ty::Unknown(_) | Ty::None));
        self.callee_of(known.next()?).filter(|_| known.next().is_none())
    }

    /// The one function, method or class that `expression` names.
    pub(crate) fn target(&self, expression: &Expr) -> Option<Callee<'db>> {
        self.callee_of(&self.ty(expression))
    }

    /// Each function, method or class that `expression` may name, where all of them are known.
    pub(crate) fn targets(&self, expression: &Expr) -> Option<Vec<Callee<'db>>> {
        match self.ty(expression) {
            Ty::Union(parts) => parts.iter().map(|part| self.callee_of(part)).collect(),
            ty => Some(vec![self.callee_of(&ty)?]),
        }
    }

    pub(super) fn callee_of(&self, ty: &Ty) -> Option<Callee<'db>> {
        let files = self.db.files();
        let callee = |name: Option<String>, is_bound, target| Some(Callee { name, is_bound, target });
        match ty {
            Ty::Function(function) | Ty::Bound(function, _) => {
                let name = files.entry(function.0).qualified(&files.function(*function).qualified);
                callee(name, matches!(ty, Ty::Bound(..)), Target::Function(*function, files.function(*function)))
            }
            Ty::Class(class) => {
                let name = files.entry(class.0).qualified(&files.class(*class).qualified);
                callee(name, false, Target::Class(*class, files.class(*class)))
            }
            Ty::Alias(meaning) => match &**meaning {
                Ty::Inst(class, _) => self.callee_of(&Ty::Class(*class)),
                _ => None,
            },
            Ty::AnyOf(parts) => {
                let first = self.callee_of(parts.first()?)?;
                let is_same = |part: &Ty| self.callee_of(part).is_some_and(|callee| callee.id() == first.id());
                parts.iter().all(is_same).then_some(first)
            }
            _ => None,
        }
    }

    /// What `read` makes of the value of a name that is bound once, and in the module where it is bound.
    pub(crate) fn with_value<T>(&self, name: &ExprName, read: impl FnOnce(&Module<'db>, &Expr) -> T) -> Option<T> {
        let scopes = Scopes { body: self.body(), file: self.file?, version: self.db.shared.version, known: &self.held.scopes };
        let value = scopes.only_value(&name.id, name.start())?;
        Some(read(self, value))
    }
}

impl<'db> Callee<'db> {
    /// What tells it from others.
    pub(crate) fn id(&self) -> CalleeId {
        let ((file, index), is_class) = match self.target {
            Target::Function(function, _) => (function, false),
            Target::Class(class, _) => (class, true),
        };
        CalleeId { file, index, is_class }
    }

    /// Whether it is a class that derives from `class`.
    pub(crate) fn is_subclass(&self, db: &'db Database, class: &str) -> bool {
        let Target::Class(own, _) = self.target else { return false };
        let resolver = Resolver { db, reads: Reads::Declarations };
        resolver.order(own).iter().any(|link| matches!(link, Link::Class(base, _) if *db.qualified_class(*base) == *class))
    }

    /// Hands the source of the class that the callee is to `read`, where it is one and its body is known.
    pub(crate) fn with_class<T>(&self, db: &'db Database, read: impl FnOnce(&Module<'db>, &StmtClassDef) -> T) -> Option<T> {
        let Target::Class(class, table) = self.target else { return None };
        if !db.files().entry(class.0).is_stub() {
            return with_class(db, class, read);
        }
        let beside = source_beside(db, class.0)?;
        let same = db.files().table(beside).classes.iter().rposition(|other| other.qualified == table.qualified)?;
        with_class(db, (beside, u32::try_from(same).ok()?), read)
    }

    /// Hands the function's source to `read`, where the callee is a function and its body is known.
    pub(crate) fn with_body<T>(&self, db: &'db Database, read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T) -> Option<T> {
        let Target::Function(function, table) = self.target else { return None };
        if !db.files().entry(function.0).is_stub() {
            return with_function(db, function, read);
        }
        let beside = source_beside(db, function.0)?;
        let same = db.files().table(beside).functions.iter().rposition(|other| other.qualified == table.qualified)?;
        with_function(db, (beside, u32::try_from(same).ok()?), read)
    }

    /// The same, where a stub will do, which has no body but says `async def` too.
    pub(crate) fn with_definition<T>(&self, db: &'db Database, read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T) -> Option<T> {
        match self.target {
            Target::Function(function, _) => with_function(db, function, read),
            Target::Class(..) => None,
        }
    }
}

/// The source that a stub lies beside.
fn source_beside(db: &Database, stub: FileId) -> Option<FileId> {
    let entry = db.files().entry(stub);
    if !matches!(entry.origin, Origin::Project | Origin::Installed) {
        return None;
    }
    db.file(&entry.path.with_extension("py"))
}

pub(super) fn with_class<'db, T>(db: &'db Database, class: ClassRef, read: impl FnOnce(&Module<'db>, &StmtClassDef) -> T) -> Option<T> {
    let module = Module::open(db, &db.files().entry(class.0).path).ok()?;
    let mut finder = Definition { at: db.files().class(class).at, function: None, class: None };
    finder.visit_body(module.body());
    Some(read(&module, finder.class?))
}

pub(super) fn with_function<'db, T>(
    db: &'db Database,
    function: FunctionRef,
    read: impl FnOnce(&Module<'db>, &StmtFunctionDef) -> T,
) -> Option<T> {
    let module = Module::open(db, &db.files().entry(function.0).path).ok()?;
    let mut finder = Definition { at: db.files().function(function).at, function: None, class: None };
    finder.visit_body(module.body());
    Some(read(&module, finder.function?))
}

/// Looks for the definition whose name stands at a place.
struct Definition<'a> {
    at: TextSize,
    function: Option<&'a StmtFunctionDef>,
    class: Option<&'a StmtClassDef>,
}

impl<'a> Visitor<'a> for Definition<'a> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        scope::around(body, self.at).for_each(|statement| self.visit_stmt(statement));
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) if function.name.start() == self.at => self.function = Some(function),
            Stmt::ClassDef(class) if class.name.start() == self.at => self.class = Some(class),
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}
