//! What becomes of a task that somebody waits for: it comes out in the set of those that are done, or
//! of those that are not.

use ruff_python_ast::name::Name;
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef};
use ruff_text_size::Ranged;

use super::super::body::{Block, CallSite, Use, last_name};
use super::super::models::Effect;
use super::super::{Fate, How, Kind, Loss, Operation, Reason};
use super::held::Reach;
use super::value::{Layer, Value};
use super::{Flow, Verdict, as_value};
use crate::resolve::Answer;

/// The places of the two sets in what `asyncio.wait` gives.
pub(super) const DONE: usize = 0;
const PENDING: usize = 1;

impl<'a> Flow<'_, '_, 'a> {
    /// A value in a container that `call`, like `asyncio.wait`, waits for.
    pub(super) fn waited_for(&self, value: Value, call: &ExprCall, result: &Use<'a>) -> Verdict {
        let at = call.range();
        let set = |place| value.taken_out().put_in(Layer::Sequence)?.put_in(Layer::Tuple(place))?.put_in(Layer::Promise);
        let (Some(done), Some(pending)) = (set(DONE), set(PENDING)) else { return value.unknown(Reason::Use) };
        match value.kind {
            // A module with this decorator, or a call with this argument, is for Pythons before 3.11 alone, where a wait
            // makes tasks of coroutines.
            Kind::Coroutine
                if self.module.text().lines().any(|line| line.trim() == "@asyncio.coroutine")
                    || call.arguments.find_keyword("loop").is_some() =>
            {
                value.unknown(Reason::Use)
            }
            Kind::Coroutine if value.depth() < 2 => value.ends(as_value(Operation::Waiting, at)),
            Kind::Task | Kind::Future if value.depth() == 1 => {
                // Whoever deals with those that are not done hears nothing of the others.
                let verdict = self.through_wait(value, call, |flow| flow.follow(done, result));
                match verdict.map(|verdict| verdict.fate) {
                    None | Some(Fate::Lost(_)) if self.cancels_before(call) => value.unknown(Reason::Use),
                    None | Some(Fate::Lost(_)) => value.ends(Fate::Lost(Loss::Unexamined { at })),
                    Some(fate) => value.ends(fate),
                }
            }
            Kind::Pending if value.depth() != 1 || self.cancels_before(call) => value.unknown(Reason::Use),
            Kind::Pending if !self.is_limited(call) || self.waits_again(call) => value.ends(Fate::Consumed(How::Awaited)),
            Kind::Pending => match self.through_wait(value, call, |flow| flow.follow(pending, result)) {
                // It comes here again with the next turn of a loop.
                None => value.ends(Fate::Consumed(How::Awaited)),
                Some(Verdict { fate: Fate::Lost(loss), .. }) => {
                    let is_cancelled = matches!(loss, Loss::OnlyCancelled { .. } | Loss::Abandoned { is_cancelled: true, .. });
                    value.ends(Fate::Lost(Loss::Abandoned { at, is_cancelled }))
                }
                Some(verdict) => verdict,
            },
            _ => value.ends(Fate::Consumed(How::HandedOver)),
        }
    }

    /// What becomes of the tasks that are done when `site` is a call like `asyncio.wait`.
    pub(crate) fn fate_of_done(&self, site: &CallSite<'a>) -> Option<Fate> {
        if !matches!(self.model(site.call)?.arguments, Some(Effect::WaitFor)) {
            return None;
        }
        let done = Value::new(Kind::Task).put_in(Layer::Sequence)?.put_in(Layer::Tuple(DONE))?.put_in(Layer::Promise)?;
        self.birth.set(site.call.range());
        Some(self.verdict_within(Reach::Running, done, &site.how).fate)
    }

    /// A value in a container whose elements `call`, like `asyncio.as_completed`, gives as they end.
    pub(super) fn completed(&self, value: Value, call: &ExprCall, result: &Use<'a>) -> Verdict {
        if !matches!(value.kind, Kind::Coroutine | Kind::Task | Kind::Future) || value.depth() != 1 {
            return value.ends(Fate::Consumed(How::HandedOver));
        }
        let item = value.turned_into(Kind::Task);
        match self.follow(item, result).fate {
            Fate::Lost(Loss::Dropped) => value.unknown(Reason::Use),
            Fate::Lost(_) => item.ends(Fate::Lost(Loss::Unexamined { at: call.range() })),
            fate => item.ends(fate),
        }
    }

    /// Follows a value through a wait, or gives `None` where it is on its way through that already.
    pub(super) fn through_wait(&self, value: Value, wait: &ExprCall, follow: impl FnOnce(&Self) -> Verdict) -> Option<Verdict> {
        if self.waits.borrow().contains(&wait.range()) {
            return None;
        }
        self.waits.borrow_mut().push(wait.range());
        let verdict = follow(self);
        self.waits.borrow_mut().pop();
        Some(Verdict { kind: value.kind, ..verdict })
    }

    /// Whether the wait stands in a loop that the value comes into from outside.
    fn waits_again(&self, wait: &ExprCall) -> bool {
        let birth = self.birth.get();
        let Some(site) = self.body.site_of(wait) else { return false };
        let is_around = |statement: &Stmt| !statement.range().contains_range(birth);
        site.around.blocks().any(|block| matches!(block, Block::Loop(statement) if is_around(statement)))
    }

    /// Whether a wait may end before all that it waits for: it has a limit, which is a number wherever it comes from, or
    /// ends with the first.
    pub(in super::super) fn is_limited(&self, wait: &ExprCall) -> bool {
        let number = |class: &str| matches!(class, "builtins.int" | "builtins.float").then_some(());
        let is_number = |value: &Expr| value.is_number_literal_expr() || self.module.sort_of(value, &number) == Answer::All(());
        let has_timeout = wait.arguments.find_keyword("timeout").is_some_and(|keyword| is_number(&keyword.value));
        let is_race = wait.arguments.find_keyword("return_when").is_some_and(|keyword| match &keyword.value {
            Expr::StringLiteral(text) => text.value.to_str().starts_with("FIRST"),
            value => last_name(value).is_some_and(|name| name.starts_with("FIRST")),
        });
        has_timeout || (is_race && !waits_for_one(wait))
    }

    /// Whether something is cancelled in the same function before: then there is only the end of what
    /// was cancelled to wait for.
    pub(in super::super) fn cancels_before(&self, wait: &ExprCall) -> bool {
        let cancels = |call: &ExprCall| matches!(&*call.func, Expr::Attribute(attribute) if attribute.attr.as_str() == "cancel");
        let Some(scope) = self.body.site_of(wait).map(|site| &site.around.scope) else { return false };
        // A method of the same object may do it: `self.stop()`.
        let has_cancelled = |method: &Name| {
            let is_in_method = |site: &&CallSite| {
                let around = &site.around.scope;
                around.function.is_some_and(|function| function.name.id == *method) && same_class(around.class, scope.class)
            };
            self.body.calls.iter().filter(is_in_method).any(|site| cancels(site.call))
        };
        let before = self.body.calls.iter().take_while(|site| !std::ptr::eq(site.call, wait));
        before.filter(|site| site.around.scope.frame == scope.frame).any(|site| {
            cancels(site.call)
                || matches!(&*site.call.func, Expr::Attribute(method) if method.value.is_name_expr() && has_cancelled(&method.attr.id))
        })
    }
}

fn same_class(one: Option<&StmtClassDef>, other: Option<&StmtClassDef>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.range() == other.range())
}

/// Whether what is waited for is one thing.
fn waits_for_one(wait: &ExprCall) -> bool {
    let one = match wait.arguments.args.first() {
        Some(Expr::List(list)) => &*list.elts,
        Some(Expr::Set(set)) => &*set.elts,
        Some(Expr::Tuple(tuple)) => &*tuple.elts,
        _ => return false,
    };
    matches!(one, [one] if !one.is_starred_expr())
}
