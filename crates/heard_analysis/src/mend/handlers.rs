//! Handlers and callbacks: what they drop is told, and what is not theirs is let through.

use ruff_python_ast::{AnyNodeRef, ExceptHandlerExceptHandler, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Mender;
use super::draft::{Draft, Layout};
use super::hearers::Done;
use super::tree::{Path, is_plain_place};
use crate::edit::Fix;
use crate::facts::{Caught, Mute, OutcomeCallback, Resolve, SkippedCleanup, Swallow};

impl<'m> Mender<'_, 'm, '_, '_> {
    /// A done callback logs the failure that it takes. That is safe: nothing else is done with it.
    pub(super) fn callback_tells(&self, callback: &OutcomeCallback) -> Option<Fix> {
        let path = self.path(&callback.site.span)?;
        let call = path.call()?;
        let mut draft = self.draft();
        if callback.method == "result" {
            let handler = Self::handler_around(&path)?;
            self.handler_logs(&path, handler, &callback.site.symbol, &mut draft)?;
            return draft.finish(true, "log the failure");
        }
        if let Some(lambda) = path.upwards().find_map(|node| if let AnyNodeRef::ExprLambda(lambda) = node { Some(lambda) } else { None }) {
            let is_callback = path.upwards().skip_while(|node| node.range() != lambda.range()).any(|node| match node {
                AnyNodeRef::ExprCall(around) => {
                    Self::is_called(&around.func, "add_done_callback")
                        && around.arguments.args.first().is_some_and(|first| first.range() == lambda.range())
                }
                _ => false,
            });
            let is_only_read = match &*lambda.body {
                Expr::BoolOp(either) => either.values.iter().all(Expr::is_call_expr),
                Expr::If(either) => either.orelse.range() == call.range() && either.body.is_none_literal_expr(),
                body => body.range() == call.range(),
            };
            if !is_callback || !is_only_read {
                return None;
            }
            let log = self.logging_callback(&path, Done::Asyncio, &mut draft)?;
            draft.replace(lambda.range(), log);
            return draft.finish(true, "log the failure");
        }
        let statement = path.statement()?;
        let layout = Layout::of(self.module);
        let name = &callback.name;
        match statement {
            AnyNodeRef::StmtExpr(inner) if inner.value.range() == call.range() => {
                let is_alone = layout.indent(inner.start()).is_some() && layout.ends_line(inner.end());
                if is_alone && inner.start() == call.start() {
                    let logger = self.logger(self.frame_at(&path), &mut draft)?;
                    let error = self.free_name(self.scope_of(&path), &["error", "failure"]);
                    draft.wrap(call.range(), format!("if ({error} := "), ") is not None:");
                    let line = format!("{}{logger}.error(\"%r failed\", {name}, exc_info={error})", layout.step());
                    draft.lines_behind(inner.range(), &[line])?;
                } else {
                    let log = self.logging_callback(&path, Done::Asyncio, &mut draft)?;
                    draft.replace(inner.range(), format!("{log}({name})"));
                }
            }
            AnyNodeRef::StmtAssign(assign) if assign.value.range() == call.range() => {
                let target = assign.targets.first().filter(|target| is_plain_place(target))?;
                let logger = self.logger(self.frame_at(&path), &mut draft)?;
                let error = self.text(target.range());
                let lines = [
                    format!("if {error} is not None:"),
                    format!("{}{logger}.error(\"%r failed\", {name}, exc_info={error})", layout.step()),
                ];
                draft.lines_behind(assign.range(), &lines)?;
            }
            AnyNodeRef::StmtExpr(inner) => {
                let Expr::BoolOp(either) = &*inner.value else { return None };
                let is_of_it = |value: &Expr| {
                    let method = value.as_call_expr().and_then(|call| call.func.as_attribute_expr());
                    method.is_some_and(|method| matches!(&*method.value, Expr::Name(known) if known.id == **name))
                };
                if !either.values.iter().all(is_of_it) {
                    return None;
                }
                let log = self.logging_callback(&path, Done::Asyncio, &mut draft)?;
                draft.replace(inner.range(), format!("{log}({name})"));
            }
            _ => return None,
        }
        draft.finish(true, "log the failure")
    }

    /// A handler that drops failures logs them. That is safe: it goes on as before.
    pub(super) fn handler_tells(&self, mute: &Mute) -> Option<Fix> {
        let path = self.path(&mute.site.span)?;
        let handler = path.handler()?;
        let mut draft = self.draft();
        self.handler_logs(&path, handler, &mute.site.symbol, &mut draft)?;
        draft.finish(true, "log the failure")
    }

    fn handler_logs(&self, path: &Path<'m>, handler: &'m ExceptHandlerExceptHandler, symbol: &str, draft: &mut Draft) -> Option<()> {
        let first = handler.body.first()?;
        if let Stmt::Expr(inner) = first
            && let Expr::Call(call) = &*inner.value
            && let Expr::Attribute(method) = &*call.func
            && method.attr.as_str() == "debug"
        {
            draft.replace(method.attr.range(), "exception");
            return Some(());
        }
        let logger = self.logger(self.frame_at(path), draft)?;
        let name = symbol.rsplit('.').next().filter(|name| !name.is_empty()).unwrap_or("it");
        let line = format!("{logger}.exception(\"{name} failed\")");
        let is_empty = |statement: &Stmt| match statement {
            Stmt::Pass(_) => true,
            Stmt::Expr(inner) => inner.value.is_ellipsis_literal_expr(),
            _ => false,
        };
        match &*handler.body {
            [only] if is_empty(only) => draft.replace(only.range(), line),
            _ => draft.lines_before(first.range(), &[line])?,
        }
        Some(())
    }

    /// The handler that takes the failures of what stands here.
    fn handler_around(path: &Path<'m>) -> Option<&'m ExceptHandlerExceptHandler> {
        path.upwards().find_map(|node| match node {
            AnyNodeRef::StmtTry(statement) => {
                let handlers = statement.handlers.iter().filter_map(|handler| handler.as_except_handler());
                let is_broad = |handler: &&ExceptHandlerExceptHandler| match handler.type_.as_deref() {
                    None => true,
                    Some(kind) => Self::is_called(kind, "Exception") || Self::is_called(kind, "BaseException"),
                };
                handlers.into_iter().find(is_broad)
            }
            _ => None,
        })
    }

    /// A cancellation that is caught is raised again. That is not safe: the coroutine ends where it went on.
    pub(super) fn raised_again(&self, swallow: &Swallow) -> Option<Fix> {
        let path = self.path(&swallow.site.span)?;
        let mut draft = self.draft();
        let title = "raise the cancellation again";
        let Some(handler) = path.handler().filter(|handler| handler.start().to_usize() == swallow.site.span.start.offset) else {
            return Self::not_suppressed(&path, draft);
        };
        let statement = path.upwards().find_map(|node| if let AnyNodeRef::StmtTry(statement) = node { Some(statement) } else { None })?;
        if statement.is_star {
            return None;
        }
        if swallow.caught == Caught::Cancellation {
            let last = handler.body.last()?;
            match last {
                Stmt::Pass(_) | Stmt::Continue(_) | Stmt::Break(_) | Stmt::Return(_) => draft.replace(last.range(), "raise"),
                Stmt::Expr(inner) if inner.value.is_ellipsis_literal_expr() => draft.replace(last.range(), "raise"),
                Stmt::Raise(_) => return None,
                last => draft.lines_behind(last.range(), &["raise".to_owned()])?,
            }
            return draft.finish(false, title);
        }
        let cancelled = self.cancelled_error(&path, &mut draft)?;
        let layout = Layout::of(self.module);
        let indent = layout.indent(handler.start())?;
        draft.insert(handler.start(), format!("except {cancelled}:\n{indent}{}raise\n{indent}", layout.step()));
        draft.finish(false, title)
    }

    /// `suppress(CancelledError, OSError)` without the cancellation.
    fn not_suppressed(path: &Path<'m>, mut draft: Draft) -> Option<Fix> {
        let call = path.upwards().find_map(|node| match node {
            AnyNodeRef::ExprCall(call) if Self::is_called(&call.func, "suppress") => Some(call),
            _ => None,
        })?;
        let arguments = &call.arguments.args;
        let place = arguments.iter().position(|kind| Self::is_called(kind, "CancelledError"))?;
        let range = match (arguments.get(place + 1), place.checked_sub(1).and_then(|before| arguments.get(before))) {
            (Some(next), _) => TextRange::new(arguments[place].start(), next.start()),
            (None, Some(before)) => TextRange::new(before.end(), arguments[place].end()),
            (None, None) => return None,
        };
        draft.replace(range, "");
        draft.finish(false, "do not suppress the cancellation")
    }

    /// How the module writes `CancelledError`.
    pub(super) fn cancelled_error(&self, path: &Path<'m>, draft: &mut Draft) -> Option<String> {
        let imports = self.module.body().iter().filter_map(Stmt::as_import_from_stmt);
        let mut from_asyncio = imports.filter(|import| import.module.as_deref() == Some("asyncio")).flat_map(|import| &import.names);
        if let Some(alias) = from_asyncio.find(|alias| alias.name.as_str() == "CancelledError") {
            return Some(alias.asname.as_ref().unwrap_or(&alias.name).to_string());
        }
        Some(format!("{}.CancelledError", self.imported("asyncio", self.frame_at(path), draft)?))
    }

    /// A handler that cleans up sees cancellations too. That is not safe: until now they passed it by.
    pub(super) fn cleaned_up_always(&self, skipped: &SkippedCleanup) -> Option<Fix> {
        let path = self.path(&skipped.site.span)?;
        let handler = path.handler()?;
        let statement = path.upwards().find_map(|node| if let AnyNodeRef::StmtTry(statement) = node { Some(statement) } else { None })?;
        let mut draft = self.draft();
        let title = "clean up after a cancellation too";
        if !statement.is_star {
            // A handler that raises something else would end a cancellation.
            let raises_same = matches!(handler.body.last()?, Stmt::Raise(raise) if raise.exc.is_none());
            if !raises_same {
                return None;
            }
            let kind = handler.type_.as_deref().and_then(Expr::as_name_expr).filter(|kind| kind.id == "Exception")?;
            draft.replace(kind.range(), "BaseException");
            return draft.finish(false, title);
        }
        // A star would make a group of the cancellation, so it is taken inside, and stays what it is.
        let released = self.path(&skipped.released_at)?;
        let AnyNodeRef::StmtExpr(release) = released.statement()? else { return None };
        let knows_failure = handler.name.as_ref().is_some_and(|name| self.module.words(release.range()).any(|word| word == name.as_str()));
        let stretch = TextRange::new(statement.body.first()?.start(), statement.body.last()?.end());
        let layout = Layout::of(self.module);
        let (indent, step) = (layout.indent(stretch.start())?, layout.step());
        if knows_failure || !layout.ends_line(stretch.end()) || self.text(release.range()).contains('\n') {
            return None;
        }
        let cancelled = self.cancelled_error(&path, &mut draft)?;
        draft.insert(stretch.start(), format!("try:\n{indent}{step}"));
        draft.lines_in(stretch, step)?;
        let lines = [format!("except {cancelled}:"), format!("{step}{}", self.text(release.range())), format!("{step}raise")];
        let behind: String = lines.iter().flat_map(|line| ["\n", indent, line]).collect();
        draft.insert(layout.line_end(stretch.end()), behind);
        draft.finish(false, title)
    }

    /// A future is asked first whether it has its outcome already. That is safe: all that it takes away is the error.
    pub(super) fn asked_first(&self, resolve: &Resolve) -> Option<Fix> {
        let path = self.path(&resolve.site.span)?;
        let call = path.call()?;
        let future = call.func.as_attribute_expr().map(|method| &*method.value).filter(|future| is_plain_place(future))?;
        let future = self.text(future.range());
        let layout = Layout::of(self.module);
        let mut draft = self.draft();
        match path.parents().next()? {
            AnyNodeRef::StmtExpr(statement) => {
                let indent = layout.indent(statement.start()).filter(|_| layout.ends_line(statement.end()))?;
                draft.insert(statement.start(), format!("if not {future}.done():\n{indent}{}", layout.step()));
            }
            AnyNodeRef::ExprLambda(_) => draft.insert(call.start(), format!("{future}.done() or ")),
            _ => return None,
        }
        draft.finish(true, format!("ask `{future}.done()` first"))
    }
}
