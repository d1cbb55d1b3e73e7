//! Files that put plain functions in the place of the coroutine functions of classes, for those who call them where no loop
//! runs.

use ruff_python_ast::ExprCall;
use ruff_python_ast::name::Name;

use super::body::last_name;
use super::nested_runs::may_run_loop;

/// Under this name the light table has such files among what runs loops. No function is called so.
pub(super) const MAKES_PLAIN: &str = "setattr()";

/// What it takes to put plain functions in the place of coroutine functions: to tell these from others, to run what they
/// give, and to bind attributes whose names are computed.
#[derive(Default)]
pub(super) struct PlainMaker {
    asks: bool,
    runs: bool,
    binds: bool,
}

impl PlainMaker {
    /// Takes down what a call is for.
    pub(super) fn see(&mut self, call: &ExprCall) {
        self.runs |= may_run_loop(call);
        match last_name(&call.func).map(Name::as_str) {
            Some("iscoroutinefunction" | "isasyncgenfunction" | "iscoroutine") => self.asks = true,
            Some("setattr") => self.binds |= call.arguments.args.get(1).is_some_and(|name| !name.is_string_literal_expr()),
            _ => {}
        }
    }

    /// Whether a file does all of it.
    pub(super) fn has_all(&self) -> bool {
        self.asks && self.runs && self.binds
    }
}
