//! Tests of what a gather gives: whether one is a failure.

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::birth::{Finder, return_exceptions};
use super::body::{Body, CallSite, Use};
use super::branches::{Branches, branches};
use super::flow::Remark;
use super::models::Effect;
use super::{Kind, Site};
use crate::finding::Span;

/// One test whether an element of what `gather` gives is a failure, like `isinstance(result, Exception)`.
#[derive(Debug)]
pub(crate) struct FailureTest {
    pub(crate) site: Site,
    /// The call of `gather`, and the source text of what is called.
    pub(crate) gather: Span,
    pub(crate) callee: String,
    /// The source text of what is tested.
    pub(crate) tested: String,
    pub(crate) finds: Finds,
    pub(crate) passed: Passed,
    /// Whether nothing is done with a failure but to raise it.
    pub(crate) only_raises: bool,
    /// Whether the test chooses among elements and does nothing else with them.
    pub(crate) only_filters: bool,
    /// Where the test names `Exception`, if it does so by that name.
    pub(crate) named: Option<Span>,
    /// Whether the function cancels something before it gathers.
    pub(crate) is_after_cancel: bool,
}

/// What such a test can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finds {
    /// All failures but cancellation, which no other test asks for either.
    AllButCancellation,
    /// Nothing: the gather has raised the failure, and its results are values.
    Nothing,
    /// The same, where nothing tells what the results are: one may be an exception by intent.
    NothingOfUnknown,
}

/// What becomes of that which is no failure by the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It is used as a value.
    Used,
    /// Something is done, which does not look at it.
    Counted,
    /// Nothing that is known.
    Left,
}

/// One class that a test asks for.
struct Class {
    /// The qualified name.
    name: String,
    is_exception: bool,
}

impl<'a> Finder<'_, '_, 'a> {
    /// The tests in the module that do not find what they ask for.
    pub(super) fn failure_tests(&self) -> Vec<FailureTest> {
        let body = self.flow.body;
        let models = self.flow.models;
        let name = |site: &CallSite<'a>| body.called_name(site.call);
        let examines = |site: &CallSite<'a>| name(site).and_then(|name| models.effect_by_last_name(name)) == Some(Effect::Examine);
        if !body.calls.iter().any(examines) {
            return Vec::new();
        }
        let may_gather =
            |site: &&CallSite<'a>| !site.is_dead && name(site).and_then(|name| models.given_by_last_name(name)) == Some(Kind::Gather);
        body.calls.iter().filter(may_gather).flat_map(|site| self.tests_of(site)).collect()
    }

    fn tests_of(&self, gather: &CallSite<'a>) -> Vec<FailureTest> {
        let Some(kind) = elements(gather.call).filter(|kind| *kind != Kind::Result || !mixes(gather.call)) else { return Vec::new() };
        let mut calls: Vec<&'a ExprCall> = Vec::new();
        for remark in self.flow.remarks_on_awaited(kind, gather) {
            if let Remark::Examined(call) = remark
                && !calls.iter().any(|known| std::ptr::eq(*known, call))
            {
                calls.push(call);
            }
        }
        if calls.is_empty() || self.flow.model(gather.call).and_then(|model| model.gives) != Some(Kind::Gather) {
            return Vec::new();
        }
        let tests: Vec<(&'a ExprCall, Option<Vec<Class>>)> = calls.into_iter().map(|call| (call, self.classes(call))).collect();
        let all = || tests.iter().flat_map(|(_, classes)| classes.iter().flatten());
        let finds = match kind {
            // What asks for values by their type does not take a cancellation for one.
            Kind::Outcome if tests.iter().any(|(_, classes)| classes.is_none()) || all().any(hears_cancellation) => return Vec::new(),
            Kind::Outcome => Finds::AllButCancellation,
            _ => Finds::Nothing,
        };
        let fails = |(call, classes): &(&'a ExprCall, Option<Vec<Class>>)| {
            let classes = classes.as_ref()?;
            let is_blind = match finds {
                Finds::AllButCancellation => classes.iter().any(|class| class.name == "builtins.Exception"),
                Finds::Nothing | Finds::NothingOfUnknown => {
                    let tested = call.arguments.args.first()?;
                    let is_never = self.flow.module.is_never(tested, "builtins.BaseException");
                    let is_open = || self.flow.module.is_untyped(tested) && !self.may_give_exceptions();
                    classes.iter().all(|class| class.is_exception) && (is_never || is_open())
                }
            };
            if is_blind { self.failure_test(call, gather, finds) } else { None }
        };
        tests.iter().filter_map(fails).collect()
    }

    fn failure_test(&self, call: &'a ExprCall, gather: &CallSite<'a>, finds: Finds) -> Option<FailureTest> {
        let body = self.flow.body;
        let site = body.site_of(call)?;
        let tested = call.arguments.args.first()?;
        let function: &[Stmt] = match site.around.scope.function {
            Some(function) => &function.body,
            None => self.flow.module.body(),
        };
        let found = branches(function, call);
        let only_filters = matches!(found, Branches::Elsewhere);
        let (otherwise, is_other_branch, only_raises) = match found {
            Branches::Asserted => return None,
            Branches::Elsewhere => (None, false, false),
            Branches::Two { otherwise, is_other_branch, only_raises } => (otherwise, is_other_branch, only_raises),
        };
        let passed = match otherwise {
            Some(range) if is_used_in(body, tested, range) => Passed::Used,
            Some(_) if is_other_branch => Passed::Counted,
            _ => Passed::Left,
        };
        Some(FailureTest {
            site: self.site(call.range(), &site.around),
            gather: self.flow.module.span(gather.call.range()),
            callee: self.short_text(gather.call.func.range()),
            tested: self.short_text(tested.range()),
            finds: if finds == Finds::Nothing && self.flow.module.is_untyped(tested) { Finds::NothingOfUnknown } else { finds },
            passed,
            only_raises,
            only_filters,
            named: named(call).map(|name| self.flow.module.span(name.range())),
            is_after_cancel: self.flow.cancels_before(gather.call),
        })
    }

    /// Whether some function of the module returns what it has caught, and so may be one whose results are tested.
    fn may_give_exceptions(&self) -> bool {
        self.flow.body.statements.iter().any(|site| {
            let Stmt::Return(result) = site.statement else { return false };
            let is_caught = |name: &ruff_python_ast::ExprName| {
                let mut tries = self.flow.body.statements.iter().filter_map(|other| other.statement.as_try_stmt());
                tries.any(|statement| {
                    statement.handlers.iter().filter_map(|handler| handler.as_except_handler()).any(|handler| {
                        handler.range().contains_range(result.range()) && handler.name.as_ref().is_some_and(|caught| caught.id == name.id)
                    })
                })
            };
            result.value.as_deref().and_then(Expr::as_name_expr).is_some_and(is_caught)
        })
    }

    /// The classes that `isinstance(x, classes)` asks for, where each is known.
    fn classes(&self, call: &'a ExprCall) -> Option<Vec<Class>> {
        let parts = match call.arguments.args.get(1)? {
            Expr::Tuple(tuple) => &*tuple.elts,
            one => std::slice::from_ref(one),
        };
        let class = |part: &Expr| {
            let class = self.flow.module.target(part)?;
            let is_exception = class.is_subclass(self.db, "builtins.BaseException");
            Some(Class { name: class.name?, is_exception })
        };
        parts.iter().map(class).collect()
    }
}

/// The name `Exception` among the classes that a test asks for.
fn named(test: &ExprCall) -> Option<&Expr> {
    let is_exception = |class: &&Expr| class.as_name_expr().is_some_and(|name| name.id == *"Exception");
    match test.arguments.args.get(1)? {
        Expr::Tuple(tuple) => tuple.elts.iter().find(is_exception),
        one => Some(one).filter(is_exception),
    }
}

/// What the elements of a gather's list are, as far as its options are written down.
fn elements(gather: &ExprCall) -> Option<Kind> {
    // What `**options` says is not known.
    if gather.arguments.keywords.iter().any(|keyword| keyword.arg.is_none()) {
        return None;
    }
    Some(if return_exceptions(gather)? { Kind::Outcome } else { Kind::Result })
}

/// Whether a gather is given awaitables from elsewhere beside others: its type then tells of the others only.
fn mixes(gather: &ExprCall) -> bool {
    let is_from_elsewhere = |argument: &Expr| {
        argument.as_starred_expr().is_some_and(|starred| !starred.value.is_list_comp_expr() && !starred.value.is_generator_expr())
    };
    gather.arguments.args.len() > 1 && gather.arguments.args.iter().any(is_from_elsewhere)
}

/// Whether a class that a test asks for tells cancellations from values.
fn hears_cancellation(class: &Class) -> bool {
    !class.is_exception || matches!(class.name.as_str(), "builtins.BaseException" | "asyncio.exceptions.CancelledError")
}

/// Whether the name in `tested` is read in `range`, other than to be tested.
fn is_used_in(body: &Body, tested: &Expr, range: TextRange) -> bool {
    let holder = body.variables.values().find(|variable| variable.loads.iter().any(|load| load.range == tested.range()));
    let is_use = |how: &Use| !matches!(how, Use::Argument { result, .. } if matches!(**result, Use::Operand(..)));
    holder.is_some_and(|variable| variable.loads.iter().any(|load| range.contains_range(load.range) && is_use(&load.how)))
}
