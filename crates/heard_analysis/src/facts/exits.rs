//! Tasks that are cut off because the program ends: the coroutine given to `asyncio.run` returns
//! while they are at work.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::FxHashSet;

use super::birth::Finder;
use super::body::{Block, CallSite, Edge, Scope, Step, arguments, constant, last_name};
use super::flow::Flow;
use super::names::is_plain_coroutine_function;
use super::origin::{DEEPEST_ORIGIN, work_callee};
use crate::resolve::Module;

/// A function whose name more files have is not looked for in them.
const MOST_FILES: usize = 20;

impl<'db, 'a> Finder<'_, 'db, 'a> {
    /// The functions of the module whose coroutine is run so that the loop ends with it.
    fn entry_points(&self) -> &[TextRange] {
        self.known_entry_points.get_or_init(|| self.find_entry_points())
    }

    fn find_entry_points(&self) -> Vec<TextRange> {
        let body = self.flow.body;
        let runs = body
            .calls
            .iter()
            .filter(|site| body.called_name(site.call).is_some_and(|name| self.flow.models.any_named(name, |model| model.ends_loop)));
        let entry = |site: &CallSite<'a>| {
            let main = site.call.arguments.args.first()?.as_call_expr()?;
            let of_callee = |home: &Module<'_>, found: &StmtFunctionDef| (home.path() == self.flow.module.path()).then(|| found.range());
            let range = match self.plain_function(main, &site.around.scope) {
                Some(function) => function.range(),
                None => self.flow.module.callee(main)?.with_body(self.db, of_callee)??,
            };
            self.flow.model(site.call).is_some_and(|model| model.ends_loop).then_some(range)
        };
        runs.filter_map(entry).collect()
    }

    /// Whether what the call starts is cut off: it takes its time, and nothing behind the call waits.
    pub(super) fn is_cut_off(&self, site: &CallSite<'a>) -> bool {
        let scope = &site.around.scope;
        // What is entered is left in the end, and may wait there.
        let is_entered = || site.around.blocks().any(|block| matches!(block, Block::With(with) if with.is_async));
        !is_entered()
            && !self.waits_behind(site.step, TextSize::default())
            && !self.cancels_in(scope.frame)
            && arguments(site.call).any(|argument| self.takes_time(argument, scope.function, DEEPEST_ORIGIN))
            && self.is_entry_point(scope)
    }

    /// Whether the loop ends with the function that `scope` is.
    pub(super) fn is_entry_point(&self, scope: &Scope<'a>) -> bool {
        scope.function.is_some_and(|function| self.entry_points().contains(&function.range()) || self.is_run_elsewhere(function))
    }

    /// Whether another file runs a function of this module so that the loop ends with it.
    fn is_run_elsewhere(&self, function: &StmtFunctionDef) -> bool {
        let flow = &self.flow;
        let mentions = |name: &str| flow.index.mentions(&Name::new(name)).iter().map(|(file, _)| *file);
        let runs: FxHashSet<usize> = ["run", "run_until_complete"].into_iter().flat_map(mentions).collect();
        let own = flow.index.file(flow.module.path());
        let others = mentions(&function.name.id).filter(|file| runs.contains(file) && Some(*file) != own);
        others.take(MOST_FILES).any(|file| {
            let is_run = |other: &Flow<'_, 'db, '_>| {
                let is_it =
                    |home: &Module<'_>, found: &StmtFunctionDef| home.path() == flow.module.path() && found.range() == function.range();
                other.body.calls.iter().any(|site| {
                    let main = site.call.arguments.args.first().and_then(Expr::as_call_expr);
                    let main = main.filter(|main| last_name(&main.func).is_some_and(|name| *name == function.name.id));
                    main.and_then(|main| other.module.callee(main)).and_then(|callee| callee.with_body(self.db, is_it)) == Some(true)
                        && other.model(site.call).is_some_and(|model| model.ends_loop)
                })
            };
            flow.in_file(file, is_run) == Some(true)
        })
    }

    /// Whether the program may come from a step to an `await` that stands behind `place`.
    pub(super) fn waits_behind(&self, step: Step, place: TextSize) -> bool {
        let reached = self.flow.reached_from(step);
        let is_behind = |edge| matches!(edge, Edge::AwaitFail { awaited, .. } if awaited.start() >= place);
        reached.is_none_or(|steps| self.flow.body.graph.leaving(&steps).any(|(_, edge)| is_behind(edge)))
    }

    fn cancels_in(&self, frame: usize) -> bool {
        let cancels = |call: &ExprCall| last_name(&call.func).is_some_and(|name| name == "cancel");
        self.flow.body.calls.iter().any(|site| site.around.scope.frame == frame && cancels(site.call))
    }

    /// Whether the coroutine of `work`, or a coroutine in it, waits before it ends, and does end.
    fn takes_time(&self, work: &Expr, function: Option<&StmtFunctionDef>, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let within = |part: &Expr| self.takes_time(part, function, depth);
        match work {
            Expr::Starred(ast::ExprStarred { value, .. }) => within(value),
            Expr::ListComp(ast::ExprListComp { elt, .. }) | Expr::Generator(ast::ExprGenerator { elt, .. }) => within(elt),
            work => work_callee(self.flow.module, work, function).is_some_and(|callee| {
                let waits = |function: &StmtFunctionDef| is_plain_coroutine_function(function) && waits_and_ends(&function.body);
                callee.with_body(self.db, |_, function| waits(function)).unwrap_or(false)
            }),
        }
    }
}

/// Whether a body waits for something and has no loop without an end.
fn waits_and_ends(body: &[Stmt]) -> bool {
    struct Waits {
        waits: bool,
        is_endless: bool,
    }
    impl<'a> Visitor<'a> for Waits {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            match statement {
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
                Stmt::While(inner) => self.is_endless |= constant(&inner.test) == Some(true),
                Stmt::For(inner) => self.waits |= inner.is_async,
                Stmt::With(inner) => self.waits |= inner.is_async,
                _ => {}
            }
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            self.waits |= expression.is_await_expr();
            if !expression.is_lambda_expr() {
                walk_expr(self, expression);
            }
        }
    }
    let mut waits = Waits { waits: false, is_endless: false };
    waits.visit_body(body);
    waits.waits && !waits.is_endless
}
