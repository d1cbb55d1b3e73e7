//! What a gather waits for, and so whether its outcomes are the only place to hear of a failure.

use ruff_python_ast::{self as ast, Expr, ExprCall};

use super::Kind;
use super::birth::Finder;
use super::body::{CallSite, Local, Use, last_name};
use super::hearings::{Asked, Way};
use super::names::is_plain_coroutine_function;
use super::naming::is_cleanup;
use super::origin::{DEEPEST_ORIGIN, Given, name_of_work};
use super::witness::Account;

/// What the awaitables of a gather are.
pub(super) enum Work {
    /// Coroutines and tasks that nobody else can read.
    Fresh {
        /// What can fail in them.
        account: Account,
        /// Whether each of them closes something.
        is_cleanup: bool,
        /// Whether only the name of some tells that they are coroutines.
        is_guess: bool,
    },
    /// It cannot be told.
    Unknown,
}

impl Work {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Work::Fresh { account, is_cleanup, is_guess }, Work::Fresh { account: other, is_cleanup: too, is_guess: guessed }) => {
                Work::Fresh { account: account.and(other), is_cleanup: is_cleanup && too, is_guess: is_guess || guessed }
            }
            _ => Work::Unknown,
        }
    }
}

impl<'a> Finder<'_, '_, 'a> {
    /// What the gather at `site` waits for.
    pub(super) fn gathered_work(&self, site: &CallSite<'a>) -> Work {
        let arguments = &site.call.arguments.args;
        let work = arguments.iter().map(|argument| self.work(argument, site, DEEPEST_ORIGIN)).reduce(Work::and).unwrap_or(Work::Unknown);
        // A gather of one wait with a time limit is there to bear that the time is up.
        let bears_time_limit = matches!(&**arguments, [Expr::Call(one)] if last_name(&one.func).is_some_and(|name| name == "wait_for"));
        match work {
            Work::Fresh { account, is_guess, .. } if bears_time_limit => Work::Fresh { account, is_guess, is_cleanup: true },
            work => work,
        }
    }

    pub(super) fn work(&self, argument: &'a Expr, site: &CallSite<'a>, depth: usize) -> Work {
        let Some(depth) = depth.checked_sub(1) else { return Work::Unknown };
        match argument {
            Expr::Call(call) => self.work_of_call(call, site, depth),
            Expr::Starred(starred) => self.work_of_elements(&starred.value, site, depth),
            Expr::Name(name) => {
                let local = Local { frame: site.around.scope.frame, name: name.id.clone() };
                self.work_of_name(&local, site, |value| self.work(value, site, depth))
            }
            _ => Work::Unknown,
        }
    }

    fn work_of_call(&self, call: &'a ExprCall, site: &CallSite<'a>, depth: usize) -> Work {
        match self.given(self.flow.module, call, Some(&site.around.scope), depth) {
            given @ (Given::Fresh(Kind::Coroutine) | Given::Guessed(Kind::Coroutine)) => Work::Fresh {
                account: self.account_of_call(call, &site.around.scope),
                is_cleanup: last_name(&call.func).is_some_and(|name| is_cleanup(name)),
                is_guess: matches!(given, Given::Guessed(_)),
            },
            // The task of `create_task(work())` is as fresh as its work.
            Given::Fresh(Kind::Task) => match call.arguments.args.first() {
                Some(Expr::Call(work)) if depth > 0 => self.work_of_call(work, site, depth - 1),
                _ => Work::Unknown,
            },
            // So is a shield around what is made in it, and what an executor runs; any other future has its maker.
            Given::Fresh(Kind::Future) if self.flow.model(call).is_some_and(|model| model.shields || model.callbacks.is_some()) => {
                let ends = |argument: &Expr| name_of_work(argument).is_some_and(|name| is_cleanup(name));
                Work::Fresh {
                    account: self.account_of_inner_call(self.flow.module, call, Way::Awaited, Asked::ALONE),
                    is_cleanup: call.arguments.args.iter().any(ends),
                    is_guess: false,
                }
            }
            _ => Work::Unknown,
        }
    }

    fn work_of_elements(&self, container: &'a Expr, site: &CallSite<'a>, depth: usize) -> Work {
        let Some(depth) = depth.checked_sub(1) else { return Work::Unknown };
        match container {
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::Set(ast::ExprSet { elts, .. }) => {
                elts.iter().map(|element| self.work(element, site, depth)).reduce(Work::and).unwrap_or(Work::Unknown)
            }
            Expr::ListComp(ast::ExprListComp { elt, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, .. })
            | Expr::Generator(ast::ExprGenerator { elt, .. }) => self.work(elt, site, depth),
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| name == "map") => self.work_of_map(call),
            Expr::Name(name) => {
                let local = Local { frame: site.around.scope.frame, name: name.id.clone() };
                self.work_of_name(&local, site, |value| self.work_of_elements(value, site, depth))
            }
            _ => Work::Unknown,
        }
    }

    fn work_of_map(&self, call: &'a ExprCall) -> Work {
        let Some(callee) = call.arguments.args.first().and_then(|function| self.flow.module.target(function)) else { return Work::Unknown };
        match callee.with_body(self.db, |_, function| is_plain_coroutine_function(function)) {
            Some(true) => Work::Fresh { account: self.account(&callee, self.flow.module, &call.func), is_cleanup: false, is_guess: false },
            _ => Work::Unknown,
        }
    }

    /// The work that a name holds, if the gather at `site` is the only place that can read it.
    fn work_of_name(&self, local: &Local, site: &CallSite<'a>, work: impl Fn(&'a Expr) -> Work) -> Work {
        let body = self.flow.body;
        let Some(variable) = body.variables.get(local) else { return Work::Unknown };
        let values = body.values_of(local);
        // Where the name is bound several times, another gather may wait for what another branch makes.
        let is_other_gather = |how: &Use<'a>| {
            values.len() > 1 && gather_of(how).is_some_and(|call| self.flow.body.called_name(call) == self.flow.body.called_name(site.call))
        };
        let reads = |how: &Use<'a>| !is_in_gather(how, site.call) && !is_glance(how) && !is_other_gather(how);
        if self.flow.cancels_before(site.call) || variable.is_shared || variable.loads.iter().any(|load| reads(&load.how)) {
            return Work::Unknown;
        }
        if let [value] = values.as_slice()
            && is_empty_list(value)
        {
            let Some(elements) = self.elements_put_in(local) else { return Work::Unknown };
            let works = elements.into_iter().map(|element| self.work(element, site, DEEPEST_ORIGIN / 2));
            return works.reduce(Work::and).unwrap_or(Work::Unknown);
        }
        values.iter().map(|value| work(value)).reduce(Work::and).unwrap_or(Work::Unknown)
    }

    /// What is put in a list that a name holds, where that is one element at a time.
    pub(super) fn elements_put_in(&self, local: &Local) -> Option<Vec<&'a Expr>> {
        let mut elements = Vec::new();
        for site in self.flow.body.calls.iter().filter(|site| site.around.scope.frame == local.frame) {
            let Expr::Attribute(method) = &*site.call.func else { continue };
            if !matches!(&*method.value, Expr::Name(name) if name.id == local.name) {
                continue;
            }
            match (method.attr.as_str(), &*site.call.arguments.args) {
                ("append", [element]) => elements.push(element),
                ("extend" | "insert", _) => return None,
                _ => {}
            }
        }
        Some(elements)
    }
}

/// Whether a value is a list with nothing in it yet.
pub(super) fn is_empty_list(value: &Expr) -> bool {
    match value {
        Expr::List(list) => list.elts.is_empty(),
        Expr::Call(call) => call.arguments.is_empty() && last_name(&call.func).is_some_and(|name| name == "list"),
        _ => false,
    }
}

fn is_in_gather(how: &Use, gather: &ExprCall) -> bool {
    gather_of(how).is_some_and(|call| std::ptr::eq(call, gather))
}

/// The call that gets a value, or each element of a container, as it is.
fn gather_of<'a>(how: &Use<'a>) -> Option<&'a ExprCall> {
    match how {
        Use::Each(how, _) | Use::Element(how) | Use::Shuffled(how) | Use::Part(_, how) => gather_of(how),
        Use::Argument { call, .. } => Some(*call),
        _ => None,
    }
}

/// Whether a use tells nothing about outcomes: `if tasks:`, `len(tasks)`.
fn is_glance(how: &Use) -> bool {
    match how {
        Use::Glanced(_) | Use::Operand(super::Operation::Condition, _) => true,
        Use::Argument { call, .. } => last_name(&call.func).is_some_and(|name| name == "len"),
        _ => false,
    }
}
