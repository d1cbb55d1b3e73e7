//! Exits of context managers that swallow whatever leaves the block, or put a failure of their own in its place.

use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, Stmt, StmtFunctionDef, StmtIf, StmtRaise, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::Site;
use super::birth::Finder;
use super::body::{StatementSite, last_name};
use super::names::is_stub;
use super::origin::returns;
use crate::resolve::yields;

/// What Python gives an exit besides its object: the class of the exception, the exception, and its traceback.
const GIVEN: usize = 3;

/// An exit that loses what leaves its block.
#[derive(Debug)]
pub(crate) struct FaultyExit {
    /// The statement, or the head of the method.
    pub(crate) site: Site,
    /// `__exit__` or `__aexit__`.
    pub(crate) method: String,
    pub(crate) fault: ExitFault,
}

/// What is wrong with an exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExitFault {
    /// It returns this, which is true, and has not looked at what leaves the block.
    Swallows(String),
    /// It cannot be called with what Python gives it.
    Signature,
    /// It is a coroutine function, whose coroutine is true, where `with` wants a plain one.
    Coroutine,
    /// It is a plain function that returns nothing, where `async with` awaits what it returns.
    Plain,
    /// It raises this in place of whatever leaves the block, a cancellation too.
    Converts(String),
}

impl<'a> Finder<'_, '_, 'a> {
    /// The faulty exits of the module.
    pub(super) fn faulty_exits(&self) -> impl Iterator<Item = FaultyExit> + '_ {
        // Where nothing is async, no failure of asyncio is lost.
        let is_async = self.flow.body.frames.iter().any(|frame| frame.function.is_some_and(|function| function.is_async));
        self.flow.body.statements.iter().filter(move |_| is_async).filter_map(|site| self.faulty_exit(site))
    }

    fn faulty_exit(&self, site: &StatementSite<'a>) -> Option<FaultyExit> {
        let Stmt::FunctionDef(function) = site.statement else { return None };
        let is_plain = function.name.as_str() == "__exit__";
        let is_method = site.around.scope.class.is_some() && function.decorator_list.is_empty();
        if !(is_plain || function.name.as_str() == "__aexit__") || !is_method || is_stub(function) || yields(&function.body) {
            return None;
        }
        let (range, fault) = fault(function, is_plain)?;
        let fault = match fault {
            Fault::Swallows(value) => ExitFault::Swallows(self.short_text(value)),
            Fault::Converts(value) => ExitFault::Converts(self.short_text(value)),
            Fault::Of(fault) => fault,
        };
        let mut around = site.around.clone();
        around.statement = range;
        Some(FaultyExit { site: self.site(range, &around), method: function.name.to_string(), fault })
    }
}

/// A fault and the source that shows it.
enum Fault {
    Swallows(TextRange),
    Converts(TextRange),
    Of(ExitFault),
}

fn fault(function: &StmtFunctionDef, is_plain: bool) -> Option<(TextRange, Fault)> {
    let head = TextRange::new(function.start(), function.parameters.end());
    if !takes_what_is_given(function) {
        return Some((head, Fault::Of(ExitFault::Signature)));
    }
    let results = returns(&function.body);
    if is_plain && function.is_async {
        return Some((head, Fault::Of(ExitFault::Coroutine)));
    }
    if !is_plain && !function.is_async {
        let gives_nothing = results.iter().all(|result| result.is_none_or(Expr::is_none_literal_expr));
        return (gives_nothing && !ends_by_raising(&function.body)).then_some((head, Fault::Of(ExitFault::Plain)));
    }
    let parameters: Vec<&Name> = function.parameters.iter().skip(1).map(|parameter| &parameter.name().id).collect();
    let mut looks = Looks { parameters: &parameters, tests: 0, reads: 0 };
    looks.visit_body(&function.body);
    // Where the exit has looked at what leaves, it may have told somebody, or chosen.
    if looks.reads == 0
        && looks.tests == 0
        && let Some(Stmt::Return(last)) = function.body.last()
        && let Some(value) = last.value.as_deref().filter(|value| is_true(value))
        && results.iter().all(|result| result.is_some_and(is_true))
    {
        return Some((last.range, Fault::Swallows(value.range())));
    }
    let raised = converting(&function.body, &parameters)?;
    let exception = raised.exc.as_deref()?;
    let class = exception.as_call_expr().map_or(exception, |call| &call.func);
    Some((raised.range, Fault::Converts(class.range())))
}

/// Whether a method can be called with its object and what Python gives an exit.
fn takes_what_is_given(function: &StmtFunctionDef) -> bool {
    let parameters = &function.parameters;
    let positional = || parameters.posonlyargs.iter().chain(&parameters.args);
    let wanted = positional().filter(|parameter| parameter.default.is_none()).count();
    let most = positional().count();
    let is_open = parameters.vararg.is_some();
    wanted <= GIVEN + 1 && (is_open || most > GIVEN) && parameters.kwonlyargs.iter().all(|parameter| parameter.default.is_some())
}

/// Whether a value is true whatever happens: `True`, `self`, a text, a container with something in it.
fn is_true(value: &Expr) -> bool {
    match value {
        Expr::BooleanLiteral(literal) => literal.value,
        Expr::Name(name) => name.id == "self",
        Expr::StringLiteral(literal) => !literal.value.is_empty(),
        Expr::Tuple(tuple) => !tuple.elts.is_empty(),
        _ => false,
    }
}

fn ends_by_raising(body: &[Stmt]) -> bool {
    matches!(body.last(), Some(Stmt::Raise(_)))
}

/// The `raise` that every exception which leaves the block comes to, but those of classes that a test names.
fn converting<'f>(body: &'f [Stmt], parameters: &[&Name]) -> Option<&'f StmtRaise> {
    for statement in body {
        match statement {
            Stmt::Raise(raise) => return Some(raise).filter(|raise| raises_new(raise, parameters)),
            // Nothing left the block.
            Stmt::If(test) if asks_for_none(&test.test, parameters) && matches!(&*test.body, [Stmt::Return(_)]) => {}
            Stmt::If(test) => return converted_in(test, parameters),
            Stmt::Expr(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_) => {}
            _ => return None,
        }
    }
    None
}

fn converted_in<'f>(test: &'f StmtIf, parameters: &[&Name]) -> Option<&'f StmtRaise> {
    let lets_all_in = match &*test.test {
        Expr::BoolOp(all) if all.op.is_and() => all.values.iter().all(|part| lets_in(part, parameters)),
        part => lets_in(part, parameters),
    };
    let [before @ .., Stmt::Raise(raise)] = &*test.body else { return None };
    let is_straight = before.iter().all(|statement| matches!(statement, Stmt::Expr(_) | Stmt::Assign(_)));
    (lets_all_in && is_straight && raises_new(raise, parameters)).then_some(raise)
}

/// Whether a test lets every exception in that is not of a class which it names: `exc is not None`,
/// `not isinstance(exc, BackendError)`.
fn lets_in(test: &Expr, parameters: &[&Name]) -> bool {
    let is_parameter = |expression: &Expr| last_name(expression).is_some_and(|name| parameters.contains(&name));
    match test {
        Expr::Name(_) => is_parameter(test),
        Expr::Compare(compare) => matches!((&*compare.ops, &*compare.comparators), ([op], [other])
            if op.is_is_not() && other.is_none_literal_expr() && is_parameter(&compare.left)),
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => not.operand.as_call_expr().is_some_and(|call| {
            let names_cancellation = call.arguments.args.get(1).is_none_or(speaks_of_cancellation);
            last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "isinstance" | "issubclass"))
                && call.arguments.args.first().is_some_and(is_parameter)
                && !names_cancellation
        }),
        _ => false,
    }
}

fn asks_for_none(test: &Expr, parameters: &[&Name]) -> bool {
    let is_parameter = |expression: &Expr| last_name(expression).is_some_and(|name| parameters.contains(&name));
    match test {
        Expr::Compare(compare) => matches!((&*compare.ops, &*compare.comparators), ([op], [other])
            if op.is_is() && other.is_none_literal_expr() && is_parameter(&compare.left)),
        Expr::UnaryOp(not) => not.op == UnaryOp::Not && is_parameter(&not.operand),
        _ => false,
    }
}

/// Whether classes of exceptions may be those of a cancellation.
fn speaks_of_cancellation(classes: &Expr) -> bool {
    let is_one = |class: &Expr| last_name(class).is_none_or(|name| name.contains("Cancel") || name == "BaseException");
    match classes {
        Expr::Tuple(classes) => classes.elts.iter().any(is_one),
        class => is_one(class),
    }
}

/// Whether a `raise` puts a new exception in the place of the one that an exit was given.
fn raises_new(raise: &StmtRaise, parameters: &[&Name]) -> bool {
    let Some(exception) = raise.exc.as_deref() else { return false };
    let class = exception.as_call_expr().map_or(exception, |call| &call.func);
    let is_new = last_name(class).is_some_and(|name| name.starts_with(char::is_uppercase) && !name.contains("Cancel"));
    let mut looks = Looks { parameters, tests: 0, reads: 0 };
    looks.visit_expr(exception);
    raise.cause.as_deref().into_iter().for_each(|cause| looks.visit_expr(cause));
    is_new && looks.reads > 0
}

/// Counts where statements look at what an exit was given, or only hand it on.
struct Looks<'n> {
    parameters: &'n [&'n Name],
    tests: usize,
    reads: usize,
}

impl<'a> Visitor<'a> for Looks<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.tests += usize::from(matches!(statement, Stmt::If(_) | Stmt::Match(_) | Stmt::Try(_)));
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Name(name) = expression {
            self.reads += usize::from(self.parameters.contains(&&name.id));
        }
        // `sys.exc_info()` tells the same.
        self.reads +=
            usize::from(last_name(expression).is_some_and(|name| matches!(name.as_str(), "exc_info" | "exception" | "format_exc")));
        walk_expr(self, expression);
    }
}
