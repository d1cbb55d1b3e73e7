//! Handlers that drop every failure of a background task, of a task group, or of a group of
//! exceptions, and tell nobody.

use std::sync::Arc;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, Parameters, Stmt, StmtFunctionDef, StmtTry};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::birth::Finder;
use super::body::{Block, Scope, StatementSite, last_name};
use super::exceptions::{ExceptionSet, Taken};
use super::handlers::head_of;
use super::hearings::Asked;
use super::hears::{Act, handler_hears, is_inert};
use super::models::Models;
use super::naming::{is_debug_log, is_extra, is_log, releases};
use super::origin::{DEEPEST_ORIGIN, Given, returns};
use super::{Hearing, Kind, Site};
use crate::finding::Span;
use crate::resolve::Module;

/// A handler that drops failures.
#[derive(Debug)]
pub(crate) struct Mute {
    /// The head of the handler.
    pub(crate) site: Site,
    /// Its source: `except Exception`.
    pub(crate) source: String,
    pub(crate) muted: Muted,
    /// Whether it stands in a loop, and so the work is tried again.
    pub(crate) repeats: bool,
    /// Whether it says why: in a log for debugging, in a comment, or by the name of the function.
    pub(crate) is_explained: bool,
}

/// Whose failures are dropped.
#[derive(Debug)]
pub(crate) enum Muted {
    /// Those of a background task.
    Background {
        function: String,
        /// Where it is started.
        started: Span,
    },
    /// Those of a task group.
    TaskGroup,
    /// Those of a group of exceptions, by `except*`.
    ExceptionGroup,
}

/// Functions whose name more files speak of are looked for in their own module only.
const MOST_FILES: usize = 20;

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// The muted failures of the module.
    pub(super) fn mutes(&self) -> Vec<Mute> {
        let in_async = self.flow.body.statements.iter().filter(|site| site.around.scope.is_async);
        // Without a handler that may be meant, nothing need be asked of the resolver.
        let mut mute_handlers = in_async.filter_map(|site| Some((site, mute_handler(site.statement.as_try_stmt()?)?))).peekable();
        if mute_handlers.peek().is_none() {
            return Vec::new();
        }
        let started = self.started_functions();
        mute_handlers.filter_map(|(site, handler)| self.mute(site, handler, &started)).collect()
    }

    fn mute(
        &self,
        site: &StatementSite<'a>,
        handler: &ExceptHandlerExceptHandler,
        started: &FxHashMap<TextSize, TextRange>,
    ) -> Option<Mute> {
        let function = site.around.scope.function?;
        let statement = site.statement.as_try_stmt()?;
        let muted = if statement.is_star {
            Muted::ExceptionGroup
        } else if is_task_group(&statement.body) {
            Muted::TaskGroup
        } else {
            // Where others get a value, whoever reads the task sees that there is none.
            let gives_values = returns(&function.body).into_iter().flatten().any(|value| !value.is_none_literal_expr());
            if gives_values
                || !ExceptionSet::of_handler(handler).is_broad()
                || !self.covers(&function.body, statement)
                || !self.does_the_work(statement)
                || only_waits_for_given(function, statement)
            {
                return None;
            }
            let here = started.get(&function.name.start()).map(|call| self.flow.module.span(*call));
            let started = here.or_else(|| self.started_elsewhere(function))?;
            Muted::Background { function: function.name.to_string(), started }
        };
        let head = head_of(handler);
        let mut around = site.around.clone();
        around.statement = head;
        Some(Mute {
            site: self.site(head, &around),
            source: self.text(head),
            muted,
            repeats: site.around.blocks().any(|block| matches!(block, Block::Loop(_))),
            is_explained: handler.body.iter().any(logs_for_debugging)
                || self.has_comment(handler)
                || tells_at_the_end(statement)
                || is_extra(&function.name)
                || releases(&function.name),
        })
    }

    fn has_comment(&self, handler: &ExceptHandlerExceptHandler) -> bool {
        let rest = &self.flow.module.text()[handler.end().to_usize()..];
        let line_end = handler.end() + TextSize::of(rest.lines().next().unwrap_or_default());
        self.flow.module.comments().any(|comment| handler.start() < comment.start() && comment.end() <= line_end)
    }

    /// The coroutine functions of this module that something starts in the background, by the place
    /// of their names, with the call that does.
    fn started_functions(&self) -> FxHashMap<TextSize, TextRange> {
        let mut started = FxHashMap::default();
        for site in &self.flow.body.calls {
            let given = self.flow.body.called_name(site.call).and_then(|name| self.flow.models.given_by_last_name(name));
            let work = parts(site.call);
            if work.is_empty() || !given.is_some_and(is_started) || !self.starts(self.flow.module, site.call, Some(&site.around.scope)) {
                continue;
            }
            for call in work {
                if let Some(place) = self.place_of_function(self.flow.module, call) {
                    started.entry(place).or_insert_with(|| site.call.range());
                }
            }
        }
        started
    }

    /// Where another module starts a function of this one in the background.
    fn started_elsewhere(&self, function: &StmtFunctionDef) -> Option<Span> {
        let index = self.flow.index;
        let files = index.mentions(&function.name.id);
        if files.len() > MOST_FILES {
            return None;
        }
        let others = files.iter().filter_map(|(file, _)| index.files().get(*file)).filter(|path| ***path != **self.flow.module.path());
        others.filter_map(|path| Module::open(self.db, path).ok()).find_map(|module| {
            let mut starts = StartFinder { name: &function.name, models: self.flow.models, found: Vec::new() };
            starts.visit_body(module.body());
            let is_meant = |(start, work): &(&ExprCall, &ExprCall)| {
                self.place_of_function(&module, work) == Some(function.name.start()) && self.starts(&module, start, None)
            };
            starts.found.into_iter().find(is_meant).map(|(start, _)| module.span(start.range()))
        })
    }

    fn starts(&self, module: &Module<'db>, call: &ExprCall, scope: Option<&Scope<'a>>) -> bool {
        let given = self.given(module, call, scope, DEEPEST_ORIGIN);
        matches!(given, Given::Fresh(kind) | Given::Owned(kind, _) if is_started(kind))
    }

    /// Where the name of the function stands that `call` in `module` goes to, if that is in this module.
    fn place_of_function(&self, module: &Module<'db>, call: &ExprCall) -> Option<TextSize> {
        let callee = module.callee(call)?;
        let (path, place) = callee.with_body(self.db, |module, function| (Arc::clone(module.path()), function.name.start()))?;
        (path == *self.flow.module.path()).then_some(place)
    }

    /// Whether `wanted` is the one statement of `body` that can fail, or stands alone in one.
    fn covers(&self, body: &'a [Stmt], wanted: &StmtTry) -> bool {
        let done = |act: Act<'_>, taken: &Taken| self.account_of_act(self.flow.module, act, Asked { depth: DEEPEST_ORIGIN, taken });
        let mut body = body;
        loop {
            let mut others = body.iter().filter(|statement| !is_inert(statement, self.flow.module, self.hierarchy(), &done));
            let (Some(only), None) = (others.next(), others.next()) else { return false };
            body = match only {
                Stmt::Try(statement) if std::ptr::eq(statement, wanted) => return true,
                Stmt::Try(statement) if statement.handlers.is_empty() => &statement.body,
                Stmt::While(statement) => &statement.body,
                Stmt::For(statement) if !statement.is_async => &statement.body,
                _ => return false,
            };
        }
    }

    /// Whether the body of a `try` does work of its own that nobody else hears of: it awaits
    /// coroutines, and not only what somebody else has started, and none of them logs its failures
    /// before it raises them.
    fn does_the_work(&self, statement: &StmtTry) -> bool {
        let mut finder = WorkFinder(Vec::new());
        finder.visit_body(&statement.body);
        let logs = |call: &ExprCall| {
            let callee = self.flow.module.callee(call);
            callee.and_then(|callee| callee.with_body(self.db, |_, function| has_hearing_handler(function))).unwrap_or(false)
        };
        !finder.0.is_empty() && !finder.0.into_iter().any(logs)
    }
}

/// The handler that drops every failure, if a `try` has one.
fn mute_handler(statement: &StmtTry) -> Option<&ExceptHandlerExceptHandler> {
    statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler).find(|handler| {
        let set = ExceptionSet::of_handler(handler);
        (set.is_broad() || set.names_groups()) && is_mute(&handler.body)
    })
}

/// Whether what gives this kind runs by itself.
fn is_started(kind: Kind) -> bool {
    matches!(kind, Kind::Task | Kind::Gather | Kind::ThreadFuture)
}

/// The calls that may start what a function called `name` gives, each with the call of that.
struct StartFinder<'a, 'n> {
    name: &'n str,
    models: &'n Models,
    found: Vec<(&'a ExprCall, &'a ExprCall)>,
}

impl<'a> Visitor<'a> for StartFinder<'a, '_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && last_name(&call.func).is_some_and(|name| self.models.given_by_last_name(name).is_some_and(is_started))
        {
            let works = parts(call).into_iter().filter(|work| last_name(&work.func).is_some_and(|name| name == self.name));
            self.found.extend(works.map(|work| (call, work)));
        }
        walk_expr(self, expression);
    }
}

/// Whether statements do nothing about a failure, or write it where only debugging shows it.
fn is_mute(statements: &[Stmt]) -> bool {
    statements.iter().all(|statement| match statement {
        Stmt::Pass(_) | Stmt::Continue(_) => true,
        Stmt::Return(result) => result.value.as_deref().is_none_or(Expr::is_none_literal_expr),
        Stmt::Expr(node) => node.value.is_literal_expr() || logs_for_debugging(statement),
        _ => false,
    })
}

fn logs_for_debugging(statement: &Stmt) -> bool {
    statement.as_expr_stmt().and_then(|statement| statement.value.as_call_expr()).is_some_and(is_debug_log)
}

/// Whether what comes after the work, failed or not, tells of it: it logs, or ends the stream that others read.
fn tells_at_the_end(statement: &StmtTry) -> bool {
    struct Tells(bool);
    impl<'a> Visitor<'a> for Tells {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                self.0 |= (is_log(call) && !is_debug_log(call)) || last_name(&call.func).is_some_and(|name| name == "write_eof");
            }
            walk_expr(self, expression);
        }
    }
    let mut tells = Tells(false);
    tells.visit_body(&statement.finalbody);
    tells.0
}

/// Whether all that is awaited in a `try` is a future that the function is given: who gives it has it, and its failure.
fn only_waits_for_given(function: &StmtFunctionDef, statement: &StmtTry) -> bool {
    struct Waits<'p> {
        parameters: &'p Parameters,
        is_other: bool,
        found: bool,
    }
    impl<'a> Visitor<'a> for Waits<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Await(node) = expression {
                let waited = match &*node.value {
                    Expr::Call(call) if last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "wrap_future" | "shield")) => {
                        call.arguments.args.first()
                    }
                    waited => Some(waited),
                };
                let is_given = waited.and_then(Expr::as_name_expr).is_some_and(|name| self.parameters.includes(&name.id));
                self.found |= is_given;
                self.is_other |= !is_given;
            }
            walk_expr(self, expression);
        }
    }
    let mut waits = Waits { parameters: &function.parameters, is_other: false, found: false };
    waits.visit_body(&statement.body);
    waits.found && !waits.is_other
}

/// Whether a body is a task group and nothing else.
fn is_task_group(body: &[Stmt]) -> bool {
    let [Stmt::With(statement)] = body else { return false };
    let is_group = |item: &ast::WithItem| {
        let call = item.context_expr.as_call_expr();
        call.and_then(|call| last_name(&call.func)).is_some_and(|name| matches!(name.as_str(), "TaskGroup" | "create_task_group"))
    };
    statement.is_async && statement.items.iter().any(is_group)
}

/// The calls whose coroutines a call is given: `work()`, `*[work(x) for x in xs]`.
fn parts(call: &ExprCall) -> Vec<&ExprCall> {
    fn part(argument: &Expr) -> Option<&ExprCall> {
        let Expr::Starred(starred) = argument else { return argument.as_call_expr() };
        match &*starred.value {
            Expr::ListComp(list) => list.elt.as_call_expr(),
            Expr::Generator(generator) => generator.elt.as_call_expr(),
            _ => None,
        }
    }
    call.arguments.args.iter().filter_map(part).collect()
}

/// Whether a function logs failures, which it may raise again behind that.
fn has_hearing_handler(function: &StmtFunctionDef) -> bool {
    struct HandlerFinder(bool);
    impl<'a> Visitor<'a> for HandlerFinder {
        fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
            let ExceptHandler::ExceptHandler(inner) = handler;
            self.0 |= ExceptionSet::of_handler(inner).is_broad() && handler_hears(inner) == Hearing::Itself;
            ast::visitor::walk_except_handler(self, handler);
        }
    }
    let mut finder = HandlerFinder(false);
    finder.visit_body(&function.body);
    finder.0
}

/// The calls that a body awaits, or whose results it iterates with `async for`.
struct WorkFinder<'a>(Vec<&'a ExprCall>);

impl<'a> Visitor<'a> for WorkFinder<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
            Stmt::For(statement) if statement.is_async => self.0.extend(statement.iter.as_call_expr()),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Await(node) = expression {
            self.0.extend(node.value.as_call_expr());
        }
        walk_expr(self, expression);
    }
}
