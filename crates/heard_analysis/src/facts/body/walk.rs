//! The walk itself: statement by statement, along the control flow.

use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{self as ast, ExceptHandler, Expr, Pattern, Stmt, StmtClassDef, StmtFunctionDef, UnaryOp};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashSet;

use self::path::{Jump, Meeting, Path};
use super::super::exceptions::ExceptionSet;
use super::super::models::Models;
use super::super::naming::{is_lock, is_time_limit};
use super::{Around, Block, Body, Edge, Frame, FrameKind, Local, Nest, Operation, Scope, StatementSite, Step, Use, last_name};

mod binding;
mod expressions;
mod path;

/// Whether a context manager may keep a failure to itself. What does so is mostly made on the spot, like
/// `suppress(…)`; one that is entered by its name is a lock, a server or a session where it is async.
fn may_swallow(manager: &Expr, is_async: bool) -> bool {
    manager.is_call_expr() || is_time_limit(manager) || !is_async && !last_name(manager).is_some_and(|name| is_lock(name))
}

/// Walks over a module. Of a notebook it is told which of its statements are displayed, and `await` may stand at its top.
pub(crate) fn walk<'a>(statements: &'a [Stmt], models: &Models, displayed: Option<FxHashSet<TextRange>>) -> Body<'a> {
    let is_async = displayed.is_some();
    let mut body = Body {
        displayed: displayed.unwrap_or_default(),
        frames: vec![Frame { parent: None, kind: FrameKind::Module, range: TextRange::default(), function: None, class: None }],
        ..Body::default()
    };
    let mut walker = Walker {
        models,
        path: Path::new(&mut body.graph),
        body,
        scope: Rc::new(Scope { symbol: String::new(), is_async, function: None, class: None, frame: 0 }),
        comprehensions: Vec::new(),
        globals: Vec::new(),
        nonlocals: Vec::new(),
        statement: TextRange::default(),
        nest: None,
        unplaced: Vec::new(),
        generators: 0,
    };
    walker.block(statements);
    walker.body.hand_up_free_names();
    walker.body
}

struct Walker<'a, 'm> {
    models: &'m Models,
    body: Body<'a>,
    scope: Rc<Scope<'a>>,
    path: Path,
    /// The frames of the comprehensions around and their `for` parts, the outermost first.
    comprehensions: Vec<(usize, &'a [ast::Comprehension])>,
    /// The names that the function around declares `global`, and those that it declares `nonlocal`.
    globals: Vec<Name>,
    nonlocals: Vec<Name>,
    /// The header of the statement around.
    statement: TextRange,
    /// The block around, inside the function around.
    nest: Option<Rc<Nest<'a>>>,
    /// How many generator expressions are around: they run when somebody asks them.
    generators: usize,
    /// Stores whose moment has not come: the value is made before it is bound.
    unplaced: Vec<(Local, usize)>,
}

impl<'a> Walker<'a, '_> {
    fn block(&mut self, statements: &'a [Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn nested(&mut self, block: Block<'a>, statements: &'a [Stmt]) {
        let outer = self.nest.take();
        self.nest = Some(Rc::new(Nest { block, outer: outer.clone() }));
        self.block(statements);
        self.nest = outer;
    }

    /// What stands around the place where the walk is.
    fn around(&self) -> Around<'a> {
        Around { scope: Rc::clone(&self.scope), statement: self.statement, nest: self.nest.clone() }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        let outer = std::mem::replace(&mut self.statement, header(statement));
        if !self.path.is_dead {
            self.body.statements.push(StatementSite { statement, around: self.around() });
        }
        self.statement_inside(statement);
        self.statement = outer;
    }

    fn statement_inside(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Expr(statement) => {
                let is_displayed = self.body.displayed.contains(&statement.range());
                self.expression(&statement.value, if is_displayed { &Use::Displayed } else { &Use::Dropped });
            }
            Stmt::Assign(statement) => self.assign(&statement.targets, &statement.value),
            Stmt::AnnAssign(statement) => {
                self.declare(&statement.target, &statement.annotation);
                match &statement.value {
                    Some(value) => self.assign(std::slice::from_ref(&statement.target), value),
                    None => self.target_parts(&statement.target),
                }
            }
            Stmt::AugAssign(statement) => self.augmented_assign(statement),
            Stmt::Return(inner) => {
                if let Some(value) = &inner.value {
                    let how = match self.scope.function {
                        Some(function) if !function.is_async && must_give_value(&function.name) => Use::SpecialMethod(inner.range()),
                        Some(StmtFunctionDef { is_async: true, returns: Some(annotation), .. }) => {
                            Use::Promised(annotation, Operation::Return, inner.range())
                        }
                        _ => Use::Returned,
                    };
                    self.expression(value, &how);
                }
                self.jump(Jump::Return, statement.range());
            }
            Stmt::Delete(statement) => {
                for target in &statement.targets {
                    self.expression(target, &Use::Glanced(statement.range()));
                    if let Expr::Name(name) = target {
                        self.bind_unknown(&name.id);
                    }
                }
                self.risk(None);
            }
            Stmt::For(inner) => self.for_loop(statement, inner),
            Stmt::While(inner) => self.while_loop(statement, inner),
            Stmt::If(statement) => self.branches(statement),
            Stmt::With(statement) => self.with_block(statement, &statement.items),
            Stmt::Match(statement) => self.match_cases(statement),
            Stmt::Raise(inner) => {
                for value in [&inner.exc, &inner.cause].into_iter().flatten() {
                    self.expression(value, &Use::Examined);
                }
                self.body.graph.connect(self.path.here, self.path.catch, Edge::Pass);
                self.die(Edge::Leave(statement.range()));
            }
            Stmt::Try(inner) if inner.finalbody.is_empty() => self.try_block(inner),
            Stmt::Try(inner) => {
                self.with_finally(|walker| walker.try_block(inner), |walker| walker.nested(Block::Finally(inner), &inner.finalbody));
            }
            Stmt::Assert(statement) => {
                self.expression(&statement.test, &condition(&statement.test));
                if let Some(message) = &statement.msg {
                    self.expression(message, &Use::Other);
                }
                self.risk(None);
            }
            Stmt::Import(ast::StmtImport { names, .. }) | Stmt::ImportFrom(ast::StmtImportFrom { names, .. }) => {
                self.risk(None);
                for alias in names {
                    self.bind_import(alias);
                }
            }
            Stmt::Global(statement) => self.globals.extend(statement.names.iter().map(|name| name.id.clone())),
            Stmt::Nonlocal(statement) => self.nonlocals.extend(statement.names.iter().map(|name| name.id.clone())),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Break(_) => self.jump(Jump::Break, statement.range()),
            Stmt::Continue(_) => self.jump(Jump::Continue, statement.range()),
            Stmt::TypeAlias(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn while_loop(&mut self, statement: &'a Stmt, inner: &'a ast::StmtWhile) {
        let start = self.step();
        self.expression(&inner.test, &condition(&inner.test));
        let (tested, was_dead) = (self.path.here, self.path.is_dead);
        let mut after = self.meeting();
        self.in_loop(start, &mut after, |walker| walker.nested(Block::Loop(statement), &inner.body));
        self.resume(tested, was_dead);
        if constant(&inner.test) == Some(true) {
            self.die(Edge::Never(self.statement));
        }
        self.nested(Block::Else, &inner.orelse);
        self.meet(&mut after);
        self.resume_at(after);
    }

    fn for_loop(&mut self, statement: &'a Stmt, inner: &'a ast::StmtFor) {
        let mark = self.unplaced.len();
        let target = Rc::new(self.target(&inner.target, None));
        let how = if inner.is_async { Use::EachAsync(target, inner.iter.range()) } else { Use::Each(target, inner.iter.range()) };
        self.expression(&inner.iter, &how);
        let start = self.step();
        if inner.is_async {
            self.wait(&inner.iter);
        }
        self.risk(None);
        let (next, was_dead) = (self.path.here, self.path.is_dead);
        self.place_stores(mark);
        let mut after = self.meeting();
        self.in_loop(start, &mut after, |walker| walker.nested(Block::Loop(statement), &inner.body));
        self.resume(next, was_dead);
        if let Expr::Call(source) = &*inner.iter {
            self.pass(source);
        }
        self.nested(Block::Else, &inner.orelse);
        self.meet(&mut after);
        self.resume_at(after);
    }

    /// Enters the items one inside the other, and leaves them again.
    fn with_block(&mut self, statement: &'a ast::StmtWith, items: &'a [ast::WithItem]) {
        let Some((item, inner)) = items.split_first() else { return self.nested(Block::With(statement), &statement.body) };
        let manager = &item.context_expr;
        let mark = self.unplaced.len();
        if let Some(target) = &item.optional_vars {
            self.target(target, None);
        }
        self.expression(manager, &Use::Entered { is_async: statement.is_async, at: manager.range() });
        self.pass_border(statement, manager);
        self.place_stores(mark);
        let may_swallow = may_swallow(manager, statement.is_async);
        let caught = self.meeting().step;
        let (was_limited, was_dead) = (self.path.is_limited, self.path.is_dead);
        self.path.is_limited |= may_swallow && (statement.is_async || is_time_limit(manager));
        self.catching(caught, |walker| walker.with_block(statement, inner));
        self.path.is_limited = was_limited;
        self.pass_border(statement, manager);
        // Those that are async are there for a resource; what swallows is mostly plain, like `suppress`.
        let passing = if may_swallow && !statement.is_async { Edge::Uncaught } else { Edge::Pass };
        self.body.graph.connect(caught, self.path.catch, passing);
        if may_swallow {
            let mut after = self.meeting();
            self.meet(&mut after);
            self.resume(caught, was_dead);
            self.meet(&mut after);
            self.resume_at(after);
        }
    }

    /// A context manager is entered or left, which may fail.
    fn pass_border(&mut self, statement: &'a ast::StmtWith, manager: &'a Expr) {
        if statement.is_async {
            self.wait(manager);
        } else {
            self.step();
        }
        self.risk(None);
    }

    fn match_cases(&mut self, statement: &'a ast::StmtMatch) {
        // A literal is compared with what the value is, anything else asks what it may be.
        let compares =
            statement.cases.first().is_some_and(|case| matches!(case.pattern, Pattern::MatchValue(_) | Pattern::MatchSingleton(_)));
        let how = if compares { Use::Operand(Operation::Comparison, statement.subject.range()) } else { Use::Examined };
        self.expression(&statement.subject, &how);
        let mut after = self.meeting();
        for case in &statement.cases {
            let mut next = self.meeting();
            if case.guard.is_some() || !case.pattern.is_irrefutable() {
                self.meet(&mut next);
            }
            self.pattern(&case.pattern);
            if let Some(guard) = &case.guard {
                self.statement = guard.range();
                self.expression(guard, &condition(guard));
                self.meet(&mut next);
            }
            self.nested(Block::Case, &case.body);
            self.meet(&mut after);
            self.resume_at(next);
        }
        self.meet(&mut after);
        self.resume_at(after);
    }

    fn try_block(&mut self, inner: &'a ast::StmtTry) {
        let (caught, was_dead) = (self.meeting().step, self.path.is_dead);
        let catch = if inner.handlers.is_empty() { self.path.catch } else { caught };
        self.catching(catch, |walker| walker.nested(Block::Try(inner), &inner.body));
        self.nested(Block::Else, &inner.orelse);
        let mut after = self.meeting();
        self.meet(&mut after);
        let mut catches_all = false;
        for ExceptHandler::ExceptHandler(handler) in &inner.handlers {
            self.resume(caught, was_dead);
            if let Some(kind) = &handler.type_ {
                self.statement = kind.range();
                self.expression(kind, &Use::Other);
            }
            catches_all |= ExceptionSet::of_handler(handler).is_all();
            if let Some(name) = &handler.name {
                self.bind_unknown(&name.id);
            }
            self.nested(Block::Handler(handler), &handler.body);
            if inner.is_star {
                // The next handler may take the rest of the group.
                self.body.graph.connect(self.path.here, caught, Edge::Normal);
            }
            self.meet(&mut after);
        }
        if !catches_all {
            self.body.graph.connect(caught, self.path.catch, Edge::Uncaught);
        }
        self.resume_at(after);
    }

    fn branches(&mut self, statement: &'a ast::StmtIf) {
        let only_continues = matches!(&*statement.body, [Stmt::Continue(_)]) && statement.elif_else_clauses.is_empty();
        let skips = only_continues && tests_failure(&statement.test) == Some(true);
        let operation = if skips { Operation::Skip } else { Operation::Condition };
        self.expression(&statement.test, &Use::Operand(operation, statement.test.range()));
        let mut after = self.meeting();
        let mut test = &*statement.test;
        let mut otherwise = self.branch(test, &statement.body, &mut after);
        for clause in &statement.elif_else_clauses {
            self.resume(otherwise.0, otherwise.1);
            let Some(next) = &clause.test else {
                self.nested(Block::Branch { test, holds: false }, &clause.body);
                self.meet(&mut after);
                return self.resume_at(after);
            };
            self.statement = TextRange::new(clause.start(), next.end());
            self.expression(next, &condition(next));
            test = next;
            otherwise = self.branch(test, &clause.body, &mut after);
        }
        self.resume(otherwise.0, otherwise.1);
        self.meet(&mut after);
        self.resume_at(after);
    }

    /// Walks what is done where `test` is true, and tells where it goes on otherwise.
    fn branch(&mut self, test: &'a Expr, body: &'a [Stmt], after: &mut Meeting) -> (Step, bool) {
        let (tested, was_dead) = (self.path.here, self.path.is_dead);
        let value = constant(test);
        if value == Some(false) {
            self.die(Edge::Leave(TextRange::default()));
        }
        self.nested(Block::Branch { test, holds: true }, body);
        self.meet(after);
        if value == Some(true) {
            self.resume(tested, was_dead);
            self.die(Edge::Leave(TextRange::default()));
            return (self.path.here, true);
        }
        (tested, was_dead)
    }

    fn function(&mut self, function: &'a StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.expression(&decorator.expression, &Use::Other);
        }
        self.defaults(&function.parameters);
        self.bind_unknown(&function.name.id);
        let scope = Scope {
            symbol: join(&self.scope.symbol, &function.name),
            is_async: function.is_async,
            function: Some(function),
            class: if self.scope.function.is_none() { self.scope.class } else { None },
            frame: self.new_frame(FrameKind::Function, function.range()),
        };
        let frame = &mut self.body.frames[scope.frame];
        (frame.function, frame.class) = (scope.function, scope.class);
        self.inside_function(scope, |walker| {
            walker.parameters(&function.parameters);
            walker.block(&function.body);
        });
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        for decorator in &class.decorator_list {
            self.expression(&decorator.expression, &Use::Other);
        }
        if let Some(arguments) = &class.arguments {
            for argument in arguments.args.iter().chain(arguments.keywords.iter().map(|keyword| &keyword.value)) {
                self.expression(argument, &Use::Other);
            }
        }
        self.bind_unknown(&class.name.id);
        let scope = Scope {
            symbol: join(&self.scope.symbol, &class.name),
            is_async: false,
            function: None,
            class: Some(class),
            frame: self.new_frame(FrameKind::Class, class.range()),
        };
        self.inside(scope, |walker| walker.block(&class.body));
    }

    /// Walks over what has names of its own, and comes back.
    fn inside(&mut self, scope: Scope<'a>, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.scope, Rc::new(scope));
        let comprehensions = std::mem::take(&mut self.comprehensions);
        let outer_names = (std::mem::take(&mut self.globals), std::mem::take(&mut self.nonlocals));
        let nest = self.nest.take();
        walk(self);
        self.nest = nest;
        self.scope = outer;
        self.comprehensions = comprehensions;
        (self.globals, self.nonlocals) = outer_names;
    }

    /// The same of a function, which runs at another time, or never where nothing defines it.
    fn inside_function(&mut self, scope: Scope<'a>, walk: impl FnOnce(&mut Self)) {
        let mut path = Path::new(&mut self.body.graph);
        path.is_dead = self.path.is_dead;
        let outer = std::mem::replace(&mut self.path, path);
        self.inside(scope, walk);
        self.path = outer;
    }

    fn new_frame(&mut self, kind: FrameKind, range: TextRange) -> usize {
        self.body.frames.push(Frame { parent: Some(self.frame()), kind, range, function: None, class: None });
        self.body.frames.len() - 1
    }

    /// The innermost frame.
    fn frame(&self) -> usize {
        self.comprehensions.last().map_or(self.scope.frame, |(frame, _)| *frame)
    }
}

/// Whether `test` is true of failures (`isinstance(x, Exception)`) or of values, where it is one of
/// the two.
fn tests_failure(test: &Expr) -> Option<bool> {
    match test {
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => tests_failure(&operation.operand).map(|of_failure| !of_failure),
        Expr::Call(call) if last_name(&call.func).is_some_and(|name| name == "isinstance") => {
            let classes = match call.arguments.args.get(1)? {
                Expr::Tuple(classes) => classes.elts.iter().collect(),
                class => vec![class],
            };
            let names: Vec<&str> = classes.into_iter().map(|class| last_name(class).map(Name::as_str)).collect::<Option<_>>()?;
            if names.iter().any(|name| matches!(*name, "Exception" | "BaseException")) {
                return Some(true);
            }
            // A test of one sort of failure lets the other sorts through.
            let is_narrow = names.iter().any(|name| name.ends_with("Exception") || name.ends_with("Error"));
            (!is_narrow).then_some(false)
        }
        _ => None,
    }
}

/// The stretch of a statement without the statements in it.
fn header(statement: &Stmt) -> TextRange {
    let first = match statement {
        Stmt::If(statement) => statement.body.first(),
        Stmt::For(statement) => statement.body.first(),
        Stmt::While(statement) => statement.body.first(),
        Stmt::With(statement) => statement.body.first(),
        Stmt::Try(statement) => statement.body.first(),
        Stmt::FunctionDef(statement) => statement.body.first(),
        Stmt::ClassDef(statement) => statement.body.first(),
        Stmt::Match(statement) => statement.cases.first().and_then(|case| case.body.first()),
        _ => None,
    };
    match first {
        Some(first) => TextRange::new(statement.start(), first.start()),
        None => statement.range(),
    }
}

/// Whether a test is always true or always false, as far as its form tells.
pub(crate) fn constant(test: &Expr) -> Option<bool> {
    match test {
        Expr::BooleanLiteral(literal) => Some(literal.value),
        Expr::NumberLiteral(ast::ExprNumberLiteral { value: ast::Number::Int(number), .. }) => Some(*number != ast::Int::ZERO),
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => constant(&operation.operand).map(|value| !value),
        _ => None,
    }
}

fn condition(test: &Expr) -> Use<'static> {
    Use::Operand(Operation::Condition, test.range())
}

fn join(outer: &str, name: &str) -> String {
    if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
}

/// Whether Python takes what the special method returns for a plain value.
fn must_give_value(name: &str) -> bool {
    matches!(
        name,
        "__bool__"
            | "__bytes__"
            | "__complex__"
            | "__contains__"
            | "__eq__"
            | "__float__"
            | "__format__"
            | "__ge__"
            | "__gt__"
            | "__hash__"
            | "__index__"
            | "__int__"
            | "__iter__"
            | "__le__"
            | "__len__"
            | "__lt__"
            | "__ne__"
            | "__repr__"
            | "__str__"
    )
}
