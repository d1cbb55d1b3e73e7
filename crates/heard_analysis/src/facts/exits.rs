//! Tasks that are cut off because the program ends: the coroutine given to `asyncio.run` returns
//! while they are at work.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{self as ast, Expr, ExprCall, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::birth::Finder;
use super::body::{Block, CallSite, Edge, Scope, Step, arguments, constant, last_name};
use super::names::is_plain_coroutine_function;
use super::origin::{DEEPEST_ORIGIN, work_callee};

impl<'a> Finder<'_, '_, 'a> {
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
            let function = self.plain_function(main, &site.around.scope)?;
            self.flow.model(site.call).is_some_and(|model| model.ends_loop).then(|| function.range())
        };
        runs.filter_map(entry).collect()
    }

    /// Whether what the call starts is cut off: it takes its time, and nothing behind the call waits.
    pub(super) fn is_cut_off(&self, site: &CallSite<'a>) -> bool {
        let scope = &site.around.scope;
        // What is entered is left in the end, and may wait there.
        let is_entered = || site.around.blocks().any(|block| matches!(block, Block::With(with) if with.is_async));
        self.is_entry_point(scope)
            && !is_entered()
            && !self.waits_behind(site.step, TextSize::default())
            && !self.cancels_in(scope.frame)
            && arguments(site.call).any(|argument| self.takes_time(argument, scope.function, DEEPEST_ORIGIN))
    }

    /// Whether the loop ends with the function that `scope` is.
    pub(super) fn is_entry_point(&self, scope: &Scope<'a>) -> bool {
        scope.function.is_some_and(|function| self.entry_points().contains(&function.range()))
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
