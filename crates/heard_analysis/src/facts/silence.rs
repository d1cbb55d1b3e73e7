//! What switches off the places where asyncio would tell of failures: the exception handler of a
//! loop, the logger `asyncio`, and the warning of a coroutine that was never awaited.

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::Ranged;

use super::Site;
use super::birth::Finder;
use super::body::{Around, Block, CallSite, Local, Use, last_name};
use super::models::Setting;

mod idle;
mod values;

use idle::{is_idle_function, is_idle_lambda};
use values::{above_error, disables_existing_loggers, hides_never_awaited, hides_runtime_warnings, is_false, is_text, items_of, level_of};

/// Something that switches off such a place.
#[derive(Debug)]
pub(crate) struct Silence {
    pub(crate) site: Site,
    pub(crate) what: Silenced,
}

/// What is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silenced {
    /// The exception handler of a loop does nothing.
    ExceptionHandler,
    /// The logger `asyncio`.
    Logger,
    /// The errors of all loggers.
    AllLoggers,
    /// The loggers that exist when logging is configured.
    ExistingLoggers,
    /// Every `RuntimeWarning`.
    Warnings,
    /// The warning of a coroutine that was never awaited.
    NeverAwaited,
}

/// The logger that asyncio tells of failures.
const LOGGER: &str = "asyncio";

/// Which loggers an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logger {
    Asyncio,
    Root,
}

/// A call that sets something, with what it sets.
struct Set<'s, 'a> {
    site: &'s CallSite<'a>,
    setting: Setting,
}

impl<'a> Finder<'_, '_, 'a> {
    /// What the module switches off.
    pub(super) fn silences(&self) -> Vec<Silence> {
        let sets: Vec<Set> = self.flow.body.calls.iter().filter_map(|site| self.set(site)).collect();
        let silenced = sets.iter().filter_map(|set| Some((self.silenced_by(set, &sets)?, set)));
        // What hides more than asyncio's words is meant for others, unless the module itself is async.
        let is_meant = |what: Silenced| !matches!(what, Silenced::AllLoggers | Silenced::Warnings) || self.is_async_module();
        let calls = silenced
            .filter(|(what, _)| is_meant(*what))
            .map(|(what, set)| Silence { site: self.site(set.site.call.range(), &set.site.around), what });
        calls.chain(self.silenced_loggers()).collect()
    }

    fn set<'s>(&self, site: &'s CallSite<'a>) -> Option<Set<'s, 'a>> {
        let name = self.flow.body.called_name(site.call)?;
        // Who sets with `*args` or `**options` says nothing that can be read here.
        let is_plain = site.call.arguments.args.iter().all(|argument| !argument.is_starred_expr())
            && site.call.arguments.keywords.iter().all(|keyword| keyword.arg.is_some());
        if !is_plain || !self.flow.models.any_named(name, |model| model.sets.is_some()) {
            return None;
        }
        Some(Set { site, setting: self.flow.model(site.call)?.sets? })
    }

    fn silenced_by(&self, set: &Set<'_, 'a>, sets: &[Set<'_, 'a>]) -> Option<Silenced> {
        let Set { site, setting } = set;
        let arguments = &site.call.arguments;
        let (silenced, is_set_back) = match setting {
            Setting::ExceptionHandler => {
                let handler = arguments.find_argument_value("handler", 0)?;
                let is_set_back = later(set, sets).next().is_some();
                (self.is_idle_handler(handler, &site.around).then_some(Silenced::ExceptionHandler)?, is_set_back)
            }
            Setting::Level => {
                let logger = self.logger_of(site)?;
                above_error(arguments.find_argument_value("level", 0)?).then_some(())?;
                let is_other = |other: &&Set<'_, 'a>| {
                    self.logger_of(other.site) == Some(logger)
                        && !other.site.call.arguments.find_argument_value("level", 0).is_some_and(above_error)
                };
                let silenced = if logger == Logger::Root { Silenced::AllLoggers } else { Silenced::Logger };
                (silenced, elsewhere_or_later(set, sets).any(|other| is_other(&other)))
            }
            Setting::DisabledLevel => {
                let hides = |call: &ExprCall| match call.arguments.find_argument_value("level", 0) {
                    Some(level) => level_of(level).is_some_and(|level| level >= 40),
                    None => true,
                };
                hides(site.call).then_some(())?;
                (Silenced::AllLoggers, elsewhere_or_later(set, sets).any(|other| !hides(other.site.call)))
            }
            Setting::RootLogging => (above_error(&arguments.find_keyword("level")?.value).then_some(Silenced::AllLoggers)?, false),
            Setting::Logging => {
                let config = self.only_value(arguments.find_argument_value("config", 0)?, &site.around)?;
                let loses_logger = disables_existing_loggers(config, LOGGER) && self.imports_asyncio_before(site);
                (loses_logger.then_some(Silenced::ExistingLoggers)?, false)
            }
            Setting::WarningFilter | Setting::SimpleFilter => {
                let is_simple = *setting == Setting::SimpleFilter;
                let silenced = if hides_runtime_warnings(site.call, is_simple) {
                    Silenced::Warnings
                } else {
                    hides_never_awaited(site.call, is_simple).then_some(Silenced::NeverAwaited)?
                };
                (silenced, self.is_saved_before(site) || self.shows_warnings_later(set, sets))
            }
        };
        (!is_set_back).then_some(silenced)
    }

    fn shows_warnings_later(&self, set: &Set<'_, 'a>, sets: &[Set<'_, 'a>]) -> bool {
        let is_filter = |setting| matches!(setting, Setting::WarningFilter | Setting::SimpleFilter);
        let shows = |call: &ExprCall| call.arguments.find_argument_value("action", 0).is_none_or(|action| !is_text(action, "ignore"));
        sets.iter().any(|other| is_filter(other.setting) && is_later(other.site, set.site) && shows(other.site.call))
            || self
                .flow
                .body
                .calls
                .iter()
                .any(|other| is_later(other, set.site) && last_name(&other.call.func).is_some_and(|name| name == "resetwarnings"))
    }

    /// Whether the filters are set back after a block around or at some later time, as with
    /// `with warnings.catch_warnings():`.
    fn is_saved_before(&self, site: &CallSite<'a>) -> bool {
        let is_saver = |text: &str| ["catch_warnings", "warns(", "assertWarns"].iter().any(|name| text.contains(name));
        let is_saved_around = |block: Block| match block {
            Block::With(statement) => statement.items.iter().any(|item| is_saver(&self.text(item.context_expr.range()))),
            _ => false,
        };
        let saves = |other: &CallSite| last_name(&other.call.func).is_some_and(|name| name == "catch_warnings");
        let is_in_function = site.around.scope.function.is_some();
        site.around.blocks().any(is_saved_around)
            || is_in_function && self.flow.body.calls.iter().any(|other| saves(other) && is_later(site, other))
    }

    /// Whether the handler of a loop does nothing with what it is told.
    fn is_idle_handler(&self, handler: &'a Expr, around: &Around<'a>) -> bool {
        match self.only_value(handler, around).unwrap_or(handler) {
            Expr::Lambda(lambda) => is_idle_lambda(lambda),
            handler @ (Expr::Name(_) | Expr::Attribute(_)) => {
                let target = self.flow.module.target(handler);
                target.and_then(|target| target.with_body(self.db, |_, function| is_idle_function(function))).unwrap_or(false)
            }
            _ => false,
        }
    }

    /// The value of a name that one plain assignment binds.
    fn only_value(&self, expression: &'a Expr, around: &Around<'a>) -> Option<&'a Expr> {
        let Expr::Name(name) = expression else { return Some(expression) };
        let frame = self.flow.body.binding_frame(around.scope.frame, &name.id)?;
        let local = Local { frame, name: name.id.clone() };
        let is_changed = |how: &Use| matches!(how, Use::Glanced(_) | Use::Receiver { .. } | Use::Subscripted(..) | Use::Other);
        let value = self.flow.body.values.get(&local).copied()?;
        let is_container = value.is_dict_expr();
        let is_kept = !is_container || !self.flow.body.variables.get(&local)?.loads.iter().any(|load| is_changed(&load.how));
        is_kept.then_some(value)
    }

    /// The logger that a method is called on.
    fn logger_of(&self, site: &CallSite<'a>) -> Option<Logger> {
        let Expr::Attribute(attribute) = &*site.call.func else { return None };
        self.logger(&attribute.value, &site.around)
    }

    fn logger(&self, expression: &'a Expr, around: &Around<'a>) -> Option<Logger> {
        if self.text(expression.range()) == "asyncio.log.logger" {
            return Some(Logger::Asyncio);
        }
        let Expr::Call(call) = self.only_value(expression, around)? else { return None };
        if last_name(&call.func).is_none_or(|name| name != "getLogger") {
            return None;
        }
        match call.arguments.find_argument_value("name", 0) {
            None => call.arguments.is_empty().then_some(Logger::Root),
            Some(name) if is_text(name, LOGGER) || self.runs_through(name, LOGGER, around) => Some(Logger::Asyncio),
            Some(_) => None,
        }
    }

    /// Whether a name of a loop around has `text` in one of its turns.
    fn runs_through(&self, name: &Expr, text: &str, around: &Around<'a>) -> bool {
        let Expr::Name(name) = name else { return false };
        around.blocks().any(|block| {
            let Block::Loop(Stmt::For(statement)) = block else { return false };
            let is_target = matches!(&*statement.target, Expr::Name(target) if target.id == name.id);
            let items = self.only_value(&statement.iter, around).and_then(items_of);
            is_target && items.is_some_and(|items| items.iter().any(|item| is_text(item, text)))
        })
    }

    /// Whether the module has imported asyncio for certain when a call runs.
    fn imports_asyncio_before(&self, site: &CallSite<'a>) -> bool {
        self.flow.body.statements.iter().any(|other| {
            let is_global = other.around.scope.symbol.is_empty() && other.around.blocks().next().is_none();
            let runs_later = site.around.scope.function.is_some() || other.statement.start() < site.call.start();
            imports_asyncio(other.statement) && is_global && runs_later
        })
    }

    /// Whether the module has coroutine functions, or imports asyncio.
    fn is_async_module(&self) -> bool {
        self.flow.body.statements.iter().any(|site| match site.statement {
            Stmt::FunctionDef(function) => function.is_async,
            statement => imports_asyncio(statement),
        })
    }

    /// Where the logger `asyncio` is switched off by an assignment.
    fn silenced_loggers(&self) -> impl Iterator<Item = Silence> + '_ {
        let assigned = |statement: &'a Stmt, around: &Around<'a>, name: &str| match statement {
            Stmt::Assign(assignment) => match &*assignment.targets {
                [Expr::Attribute(target)] if target.attr.as_str() == name => {
                    (self.logger(&target.value, around) == Some(Logger::Asyncio)).then_some(&*assignment.value)
                }
                _ => None,
            },
            _ => None,
        };
        let is_true = |value: &Expr| value.as_boolean_literal_expr().is_some_and(|value| value.value);
        let statements = &self.flow.body.statements;
        let stays_disabled = statements.iter().filter_map(|site| assigned(site.statement, &site.around, "disabled")).all(is_true);
        statements.iter().filter_map(move |site| {
            let is_disabled = || stays_disabled && assigned(site.statement, &site.around, "disabled").is_some();
            let is_cut_off = || assigned(site.statement, &site.around, "propagate").is_some_and(is_false) && self.has_only_null_handlers();
            (is_disabled() || is_cut_off())
                .then(|| Silence { site: self.site(site.statement.range(), &site.around), what: Silenced::Logger })
        })
    }

    /// Whether the logger `asyncio` gets a handler that does nothing, and no other.
    fn has_only_null_handlers(&self) -> bool {
        let handlers = self.flow.body.calls.iter().filter_map(|site| {
            let is_added = last_name(&site.call.func).is_some_and(|name| name == "addHandler");
            (is_added && self.logger_of(site) == Some(Logger::Asyncio)).then(|| site.call.arguments.args.first())
        });
        let is_null = |handler: Option<&Expr>| match handler {
            Some(Expr::Call(call)) => last_name(&call.func).is_some_and(|name| name == "NullHandler"),
            _ => false,
        };
        let handlers: Vec<_> = handlers.collect();
        !handlers.is_empty() && handlers.into_iter().all(is_null)
    }
}

/// The other calls that set the same, later in the same function.
fn later<'s, 'a>(set: &'s Set<'_, 'a>, sets: &'s [Set<'_, 'a>]) -> impl Iterator<Item = &'s Set<'s, 'a>> {
    sets.iter().filter(|other| other.setting == set.setting && is_later(other.site, set.site))
}

/// The other calls that set the same, later in the same function or in another one.
fn elsewhere_or_later<'s, 'a>(set: &'s Set<'_, 'a>, sets: &'s [Set<'_, 'a>]) -> impl Iterator<Item = &'s Set<'s, 'a>> {
    let is_elsewhere = |other: &CallSite| other.around.scope.frame != set.site.around.scope.frame;
    sets.iter().filter(move |other| other.setting == set.setting && (is_elsewhere(other.site) || is_later(other.site, set.site)))
}

fn imports_asyncio(statement: &Stmt) -> bool {
    let is_asyncio = |module: &str| module == LOGGER || module.starts_with("asyncio.");
    match statement {
        Stmt::Import(import) => import.names.iter().any(|alias| is_asyncio(&alias.name)),
        Stmt::ImportFrom(import) => import.level == 0 && import.module.as_deref().is_some_and(is_asyncio),
        _ => false,
    }
}

fn is_later(other: &CallSite, site: &CallSite) -> bool {
    other.around.scope.frame == site.around.scope.frame && other.call.start() > site.call.start()
}
