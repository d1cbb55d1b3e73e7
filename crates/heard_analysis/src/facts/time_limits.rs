//! Time limits that are handled in a way that hides how the limited work ended.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, ExprCall, Stmt, StmtTry};
use ruff_text_size::{Ranged, TextRange};

use super::birth::Finder;
use super::body::{Block, CallSite, Local, StatementSite, Use, last_name};
use super::exceptions::ExceptionSet;
use super::handlers::head_of;
use super::models::FunctionModel;
use super::origin::{DEEPEST_ORIGIN, Given};
use super::outcomes::Work;
use super::raises::collects_failures;
use super::search::awaited_calls;
use super::{Kind, Site};
use crate::finding::Span;

/// A time limit behind which a failure is not heard.
#[derive(Debug)]
pub(crate) struct HiddenFailure {
    /// The shield, or the head of the handler.
    pub(crate) site: Site,
    /// The source text of the work.
    pub(crate) work: String,
    pub(crate) hidden: Hidden,
}

/// How a failure is hidden.
#[derive(Debug)]
pub(crate) enum Hidden {
    /// A shield lets the work run on, and this is where the end of its time is handled.
    Shielded { taken_at: Span },
    /// The handler takes every failure, and speaks of time.
    Mistaken,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The failures that time limits of the module hide.
    pub(super) fn hidden_failures(&self) -> Vec<HiddenFailure> {
        let body = self.flow.body;
        let shields = body.calls.iter().filter(|site| !site.is_dead && site.around.scope.is_async);
        let shielded = shields.filter_map(|site| self.shielded(site));
        let mistaken = body.statements.iter().filter(|site| site.around.scope.is_async).filter_map(|site| self.mistaken(site));
        shielded.chain(mistaken).collect()
    }

    /// Work that runs on behind its shield when its time is over.
    fn shielded(&self, site: &CallSite<'a>) -> Option<HiddenFailure> {
        if !self.is_modelled(site.call, |model| model.shields) {
            return None;
        }
        let taken_at = self.handled_at(site)?;
        let [work] = &*site.call.arguments.args else { return None };
        let hearing = match self.shielded_work(work, site) {
            Work::Fresh { account, is_guess: false, .. } if !self.is_shielded_again(work, site) => account.hearing(),
            _ => return None,
        };
        hearing.lets_out().then(|| HiddenFailure {
            site: self.site(site.call.range(), &site.around),
            work: self.short_text(work.as_call_expr().map_or(work.range(), |call| call.func.range())),
            hidden: Hidden::Shielded { taken_at: self.flow.module.span(taken_at) },
        })
    }

    /// The work behind a shield, where nothing else can read it.
    fn shielded_work(&self, work: &'a Expr, shield: &CallSite<'a>) -> Work {
        let gather = work.as_call_expr().filter(|call| !collects_failures(call)).and_then(|call| self.flow.body.site_of(call));
        let is_gather = |site: &CallSite<'a>| {
            self.flow.body.called_name(site.call).is_some_and(|name| self.flow.models.given_by_last_name(name) == Some(Kind::Gather))
                && self.given(self.flow.module, site.call, Some(&site.around.scope), DEEPEST_ORIGIN) == Given::Fresh(Kind::Gather)
        };
        match gather.filter(|site| is_gather(site)) {
            Some(gather) => self.gathered_work(gather),
            None => self.work(work, shield, DEEPEST_ORIGIN),
        }
    }

    /// Whether the next round of a loop puts up the shield for the same work.
    fn is_shielded_again(&self, work: &Expr, shield: &CallSite<'a>) -> bool {
        let Expr::Name(name) = work else { return false };
        let local = Local { frame: shield.around.scope.frame, name: name.id.clone() };
        let born = self.flow.body.values.get(&local).map(Ranged::range);
        shield.around.blocks().any(|block| match block {
            Block::Loop(statement) => !born.is_some_and(|born| statement.range().contains_range(born)),
            _ => false,
        })
    }

    /// Where the end of the time is handled that a shield is awaited for.
    fn handled_at(&self, shield: &CallSite<'a>) -> Option<TextRange> {
        let mut blocks = shield.around.blocks();
        match &shield.how {
            Use::Argument { call, result, .. } if matches!(**result, Use::Awaited(_)) => {
                if !self.is_modelled(call, |model| model.limits) {
                    return None;
                }
            }
            Use::Awaited(_) => {
                blocks
                    .find(|block| matches!(block, Block::With(with) if with.items.iter().any(|item| self.is_limit(&item.context_expr))))?;
            }
            _ => return None,
        }
        blocks.find_map(|block| match block {
            Block::Try(statement) => handlers(statement).find(|handler| self.takes_timeout(handler)).map(head_of),
            Block::With(statement) => {
                let calls = statement.items.iter().filter_map(|item| item.context_expr.as_call_expr());
                let mut swallowing = calls.filter(|call| self.is_modelled(call, |model| model.swallows));
                swallowing.find(|call| self.is_for_timeout(ExceptionSet::of_arguments(call))).map(Ranged::range)
            }
            _ => None,
        })
    }

    /// A handler that takes any failure of limited work, and says that the time was over.
    fn mistaken(&self, site: &StatementSite<'a>) -> Option<HiddenFailure> {
        let statement = site.statement.as_try_stmt()?;
        let handler = handlers(statement).find(|handler| ExceptionSet::of_handler(handler).is_broad())?;
        let is_told = handlers(statement).take_while(|other| other.range() != handler.range()).any(|handler| self.takes_timeout(handler));
        if is_told || !speaks_of_time_only(handler) {
            return None;
        }
        let work = self.limited_work(statement)?;
        let head = head_of(handler);
        let mut around = site.around.clone();
        around.statement = head;
        Some(HiddenFailure { site: self.site(head, &around), work: self.short_text(work.func.range()), hidden: Hidden::Mistaken })
    }

    /// The work that the body of a `try` limits, if it can fail.
    fn limited_work(&self, statement: &'a StmtTry) -> Option<&'a ExprCall> {
        let [Stmt::Expr(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::Return(_)] = &*statement.body else { return None };
        let [limit] = &*awaited_calls(&statement.body) else { return None };
        let work = limit.arguments.args.first()?.as_call_expr().filter(|_| self.is_modelled(limit, |model| model.limits))?;
        (!self.flow.model(work).is_some_and(|model| model.never_fails)).then_some(work)
    }

    /// Whether a handler takes the end of the time and does not raise.
    fn takes_timeout(&self, handler: &ExceptHandlerExceptHandler) -> bool {
        !handler.body.iter().any(Stmt::is_raise_stmt) && self.is_for_timeout(ExceptionSet::of_handler(handler))
    }

    fn is_for_timeout(&self, set: ExceptionSet<'_>) -> bool {
        set.resolved(self.flow.module).takes("TimeoutError", self.hierarchy()) == Some(true)
    }

    fn is_limit(&self, context: &Expr) -> bool {
        context.as_call_expr().is_some_and(|call| self.is_modelled(call, |model| model.limits))
    }

    /// Whether a call goes to a function of which `test` holds; asked of the resolver only where its name does.
    fn is_modelled(&self, call: &ExprCall, test: fn(&FunctionModel) -> bool) -> bool {
        self.flow.body.called_name(call).is_some_and(|name| self.flow.models.any_named(name, test))
            && self.flow.model(call).is_some_and(test)
    }
}

fn handlers(statement: &StmtTry) -> impl Iterator<Item = &ExceptHandlerExceptHandler> {
    statement.handlers.iter().map(|ExceptHandler::ExceptHandler(handler)| handler)
}

/// Whether a handler says that the time was over, and nothing of what it caught.
fn speaks_of_time_only(handler: &ExceptHandlerExceptHandler) -> bool {
    struct Words {
        speaks_of_time: bool,
        tells: bool,
    }
    impl<'a> Visitor<'a> for Words {
        fn visit_stmt(&mut self, statement: &'a Stmt) {
            self.tells |= statement.is_raise_stmt();
            walk_stmt(self, statement);
        }
        fn visit_expr(&mut self, expression: &'a Expr) {
            match expression {
                Expr::StringLiteral(text) => self.speaks_of_time |= is_about_time(text.value.to_str()),
                Expr::FString(text) => {
                    self.speaks_of_time |=
                        text.value.elements().filter_map(|part| part.as_literal()).any(|part| is_about_time(&part.value));
                }
                Expr::Call(call) => {
                    let tells = |name: &str| name.contains("exc") || name.contains("traceback");
                    self.tells |= last_name(&call.func).is_some_and(|name| tells(name));
                    self.tells |= call.arguments.find_keyword("exc_info").is_some();
                }
                _ => {}
            }
            walk_expr(self, expression);
        }
    }
    let mut words = Words { speaks_of_time: false, tells: handler.name.is_some() };
    words.visit_body(&handler.body);
    words.speaks_of_time && !words.tells
}

fn is_about_time(text: &str) -> bool {
    let text = text.to_lowercase();
    ["timeout", "timed out", "time out"].iter().any(|words| text.contains(words))
}
