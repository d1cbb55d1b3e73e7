//! The walk itself.

use std::rc::Rc;

use ruff_python_ast::name::Name;
use ruff_python_ast::{self as ast, ExceptHandler, Expr, Stmt, StmtClassDef, StmtFunctionDef, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::{Around, Block, Body, Frame, FrameKind, Nest, Operation, Scope, StatementSite, Use, last_name};

mod binding;
mod expressions;

/// Walks over a module.
pub(crate) fn walk(statements: &[Stmt]) -> Body<'_> {
    let mut walker = Walker {
        body: Body { frames: vec![Frame { parent: None, kind: FrameKind::Module }], ..Body::default() },
        scope: Rc::new(Scope { symbol: String::new(), is_async: false, function: None, class: None, frame: 0 }),
        comprehensions: Vec::new(),
        global_names: Vec::new(),
        loops: Rc::from([]),
        block: 0,
        blocks: 0,
        tries: 0,
        statement: TextRange::default(),
        nest: None,
        is_plain_assignment: false,
    };
    walker.block(statements);
    walker.body.hand_up_free_names();
    walker.body
}

struct Walker<'a> {
    body: Body<'a>,
    scope: Rc<Scope<'a>>,
    /// The frames of the comprehensions around, the outermost first.
    comprehensions: Vec<usize>,
    /// The names that the function around declares `global` or `nonlocal`.
    global_names: Vec<Name>,
    loops: Rc<[usize]>,
    block: usize,
    blocks: usize,
    tries: usize,
    statement: TextRange,
    /// The block around, inside the function around.
    nest: Option<Rc<Nest<'a>>>,
    is_plain_assignment: bool,
}

impl<'a> Walker<'a> {
    fn block(&mut self, statements: &'a [Stmt]) {
        self.blocks += 1;
        let outer = std::mem::replace(&mut self.block, self.blocks);
        for statement in statements {
            self.statement(statement);
            // What comes behind never runs, and so loses nothing.
            if matches!(statement, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_)) {
                break;
            }
        }
        self.block = outer;
    }

    fn nested(&mut self, block: Block<'a>, statements: &'a [Stmt]) {
        let outer = self.nest.take();
        self.nest = Some(Rc::new(Nest { block, outer: outer.clone() }));
        self.block(statements);
        self.nest = outer;
    }

    fn loop_block(&mut self, statement: &'a Stmt, statements: &'a [Stmt]) {
        let outer = Rc::clone(&self.loops);
        self.loops = outer.iter().copied().chain([self.blocks + 1]).collect();
        self.nested(Block::Loop(statement), statements);
        self.loops = outer;
    }

    /// What stands around the place where the walk is.
    fn around(&self) -> Around<'a> {
        Around { scope: Rc::clone(&self.scope), statement: self.statement, nest: self.nest.clone() }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        self.is_plain_assignment = matches!(statement, Stmt::Assign(_) | Stmt::AnnAssign(_));
        let outer = std::mem::replace(&mut self.statement, header(statement));
        self.body.statements.push(StatementSite { statement, around: self.around() });
        self.statement_inside(statement);
        self.statement = outer;
    }

    fn statement_inside(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Expr(statement) => self.expression(&statement.value, &Use::Dropped),
            Stmt::Assign(statement) => self.assign(&statement.targets, &statement.value),
            Stmt::AnnAssign(statement) => match &statement.value {
                Some(value) => self.assign(std::slice::from_ref(&statement.target), value),
                None => self.target_parts(&statement.target),
            },
            Stmt::AugAssign(statement) => {
                self.expression(&statement.value, &Use::Operand(Operation::Arithmetic, statement.range()));
                self.expression(&statement.target, &Use::Other);
                self.make_opaque(&statement.target);
            }
            Stmt::Return(statement) => {
                if let Some(value) = &statement.value {
                    let how = match self.scope.function {
                        Some(function) if !function.is_async && must_give_value(&function.name) => Use::SpecialMethod(statement.range()),
                        _ => Use::Returned,
                    };
                    self.expression(value, &how);
                }
            }
            Stmt::Delete(statement) => {
                for target in &statement.targets {
                    self.expression(target, &Use::Glanced(statement.range()));
                }
            }
            Stmt::For(inner) => self.for_loop(statement, inner),
            Stmt::While(inner) => {
                self.expression(&inner.test, &condition(&inner.test));
                self.loop_block(statement, &inner.body);
                self.nested(Block::Else(statement), &inner.orelse);
            }
            Stmt::If(statement) => self.branches(statement),
            Stmt::With(statement) => self.with_block(statement),
            Stmt::Match(statement) => self.match_cases(statement),
            Stmt::Raise(statement) => {
                for value in [&statement.exc, &statement.cause].into_iter().flatten() {
                    self.expression(value, &Use::Examined);
                }
            }
            Stmt::Try(inner) => self.try_block(statement, inner),
            Stmt::Assert(statement) => {
                self.expression(&statement.test, &condition(&statement.test));
                if let Some(message) = &statement.msg {
                    self.expression(message, &Use::Other);
                }
            }
            Stmt::Import(statement) => statement.names.iter().for_each(|alias| self.bind_import(alias)),
            Stmt::ImportFrom(statement) => statement.names.iter().for_each(|alias| self.bind_import(alias)),
            Stmt::Global(statement) => self.global_names.extend(statement.names.iter().map(|name| name.id.clone())),
            Stmt::Nonlocal(statement) => self.global_names.extend(statement.names.iter().map(|name| name.id.clone())),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Break(_) | Stmt::Continue(_) => self.body.jumps.push(statement.start()),
            Stmt::TypeAlias(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn for_loop(&mut self, statement: &'a Stmt, inner: &'a ast::StmtFor) {
        let target = self.target(&inner.target, None);
        let how = if inner.is_async { Use::Entered } else { Use::Each(Rc::new(target)) };
        self.expression(&inner.iter, &how);
        self.loop_block(statement, &inner.body);
        self.nested(Block::Else(statement), &inner.orelse);
    }

    fn with_block(&mut self, statement: &'a ast::StmtWith) {
        for item in &statement.items {
            self.expression(&item.context_expr, if statement.is_async { &Use::Entered } else { &Use::Other });
            if let Some(target) = &item.optional_vars {
                self.target(target, None);
            }
        }
        // A context manager may swallow an exception, so what comes after it is reached.
        self.tries += 1;
        self.nested(Block::With(statement), &statement.body);
        self.tries -= 1;
    }

    fn match_cases(&mut self, statement: &'a ast::StmtMatch) {
        self.expression(&statement.subject, &Use::Examined);
        for case in &statement.cases {
            self.pattern(&case.pattern);
            if let Some(guard) = &case.guard {
                self.statement = guard.range();
                self.expression(guard, &condition(guard));
            }
            self.nested(Block::Case(statement), &case.body);
        }
    }

    fn try_block(&mut self, statement: &'a Stmt, inner: &'a ast::StmtTry) {
        self.tries += 1;
        self.nested(Block::Try(inner), &inner.body);
        self.tries -= 1;
        for ExceptHandler::ExceptHandler(handler) in &inner.handlers {
            if let Some(kind) = &handler.type_ {
                self.statement = kind.range();
                self.expression(kind, &Use::Other);
            }
            if let Some(name) = &handler.name {
                self.bind_opaque(&name.id);
            }
            self.nested(Block::Handler(inner, handler), &handler.body);
        }
        self.nested(Block::Else(statement), &inner.orelse);
        self.nested(Block::Finally(inner), &inner.finalbody);
    }

    fn branches(&mut self, statement: &'a ast::StmtIf) {
        let only_continues = matches!(&*statement.body, [Stmt::Continue(_)]) && statement.elif_else_clauses.is_empty();
        let skips = only_continues && tests_failure(&statement.test) == Some(true);
        let operation = if skips { Operation::Skip } else { Operation::Condition };
        self.expression(&statement.test, &Use::Operand(operation, statement.test.range()));
        self.nested(Block::Branch { test: &statement.test, holds: true }, &statement.body);
        let mut last_test = &*statement.test;
        for clause in &statement.elif_else_clauses {
            let branch = match &clause.test {
                Some(test) => {
                    self.statement = TextRange::new(clause.start(), test.end());
                    self.expression(test, &condition(test));
                    last_test = test;
                    Block::Branch { test, holds: true }
                }
                None => Block::Branch { test: last_test, holds: false },
            };
            self.nested(branch, &clause.body);
        }
    }

    fn function(&mut self, function: &'a StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.expression(&decorator.expression, &Use::Other);
        }
        self.defaults(&function.parameters);
        self.bind_opaque(&function.name.id);
        let scope = Scope {
            symbol: join(&self.scope.symbol, &function.name),
            is_async: function.is_async,
            function: Some(function),
            class: if self.scope.function.is_none() { self.scope.class } else { None },
            frame: self.new_frame(FrameKind::Function),
        };
        self.inside(scope, |walker| {
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
        self.bind_opaque(&class.name.id);
        let scope = Scope {
            symbol: join(&self.scope.symbol, &class.name),
            is_async: false,
            function: None,
            class: Some(class),
            frame: self.new_frame(FrameKind::Class),
        };
        self.inside(scope, |walker| walker.block(&class.body));
    }

    /// Walks over what has names of its own, and comes back.
    fn inside(&mut self, scope: Scope<'a>, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.scope, Rc::new(scope));
        let comprehensions = std::mem::take(&mut self.comprehensions);
        let global_names = std::mem::take(&mut self.global_names);
        let loops = std::mem::replace(&mut self.loops, Rc::from([]));
        let tries = std::mem::take(&mut self.tries);
        let nest = self.nest.take();
        walk(self);
        self.nest = nest;
        self.scope = outer;
        self.comprehensions = comprehensions;
        self.global_names = global_names;
        self.loops = loops;
        self.tries = tries;
    }

    fn new_frame(&mut self, kind: FrameKind) -> usize {
        self.body.frames.push(Frame { parent: Some(self.frame()), kind });
        self.body.frames.len() - 1
    }

    /// The innermost frame.
    fn frame(&self) -> usize {
        self.comprehensions.last().copied().unwrap_or(self.scope.frame)
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
