//! What keeps an exception from getting out of the place where it is raised: handlers, `suppress`,
//! and a question that is asked before.

use ruff_python_ast::{ExceptHandler, Expr};
use ruff_text_size::Ranged;

use super::birth::Finder;
use super::body::{Around, Block, CallSite, last_name};

impl<'a> Finder<'_, '_, 'a> {
    /// Whether a method of one of these names is called in the same function before, or in the same
    /// statement.
    pub(super) fn is_asked_before(&self, site: &CallSite<'a>, names: &[&str]) -> bool {
        self.flow.body.calls.iter().any(|other| {
            other.around.scope.frame == site.around.scope.frame
                && other.call.start() < site.around.statement.end()
                && matches!(&*other.call.func, Expr::Attribute(attribute) if names.contains(&attribute.attr.as_str()))
        })
    }
}

/// Whether something around a place catches one of the exceptions called `names`, or may catch it: a
/// context manager that is made on the spot may swallow anything.
pub(super) fn is_caught(around: &Around, names: &[&str]) -> bool {
    let may_catch = |kind: &Expr| catches(kind, names) || is_constant(kind);
    around.blocks().any(|block| match block {
        Block::Try(statement) => {
            statement.handlers.iter().any(|ExceptHandler::ExceptHandler(handler)| handler.type_.as_deref().is_none_or(may_catch))
        }
        Block::With(statement) => statement.items.iter().any(|item| match &item.context_expr {
            Expr::Call(call) if last_name(&call.func).is_some_and(|name| name == "suppress") => call.arguments.args.iter().any(may_catch),
            context => context.is_call_expr(),
        }),
        _ => false,
    })
}

/// Whether `kind` is, or has among others, one of the exceptions called `names`.
pub(super) fn catches(kind: &Expr, names: &[&str]) -> bool {
    match kind {
        Expr::Tuple(kinds) => kinds.elts.iter().any(|kind| catches(kind, names)),
        kind => last_name(kind).is_some_and(|name| names.contains(&name.as_str())),
    }
}

/// Whether `kind` is no class by its name, so that it may be any exceptions.
fn is_constant(kind: &Expr) -> bool {
    match kind {
        Expr::Tuple(kinds) => kinds.elts.iter().any(is_constant),
        kind => !last_name(kind).is_some_and(|name| name.chars().any(char::is_lowercase) && name.starts_with(char::is_uppercase)),
    }
}
