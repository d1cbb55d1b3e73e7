//! What a handler or a `suppress` takes: by class, over the hierarchy of the built-in exceptions and of the program's own.

use std::collections::BTreeSet;

use ruff_python_ast::name::Name;
use ruff_python_ast::{ExceptHandlerExceptHandler, Expr, ExprCall, ExprName, StmtRaise, WithItem};

use super::body::last_name;
use super::classes::Classes;
use crate::resolve::Module;

/// The exceptions of the standard library with what they derive from, where that is not `Exception` alone.
const BASES: &[(&str, &str)] = &[
    ("ArithmeticError", "Exception"),
    ("BaseExceptionGroup", "BaseException"),
    ("BlockingIOError", "OSError"),
    ("BrokenBarrierError", "RuntimeError"),
    ("BrokenExecutor", "RuntimeError"),
    ("BrokenPipeError", "ConnectionError"),
    ("BrokenProcessPool", "BrokenExecutor"),
    ("BrokenThreadPool", "BrokenExecutor"),
    ("CalledProcessError", "SubprocessError"),
    ("CancelledError", "BaseException"),
    ("ChildProcessError", "OSError"),
    ("ConnectionAbortedError", "ConnectionError"),
    ("ConnectionError", "OSError"),
    ("ConnectionRefusedError", "ConnectionError"),
    ("ConnectionResetError", "ConnectionError"),
    ("Exception", "BaseException"),
    ("ExceptionGroup", "BaseExceptionGroup"),
    ("ExceptionGroup", "Exception"),
    ("FileExistsError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("FloatingPointError", "ArithmeticError"),
    ("GeneratorExit", "BaseException"),
    ("HTTPError", "URLError"),
    ("IncompleteReadError", "EOFError"),
    ("IndentationError", "SyntaxError"),
    ("IndexError", "LookupError"),
    ("InterruptedError", "OSError"),
    ("InvalidStateError", "Error"),
    ("IsADirectoryError", "OSError"),
    ("JSONDecodeError", "ValueError"),
    ("KeyError", "LookupError"),
    ("KeyboardInterrupt", "BaseException"),
    ("ModuleNotFoundError", "ImportError"),
    ("NotADirectoryError", "OSError"),
    ("NotImplementedError", "RuntimeError"),
    ("OverflowError", "ArithmeticError"),
    ("PermissionError", "OSError"),
    ("ProcessLookupError", "OSError"),
    ("PythonFinalizationError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("SSLCertVerificationError", "SSLError"),
    ("SSLCertVerificationError", "ValueError"),
    ("SSLError", "OSError"),
    ("SendfileNotAvailableError", "RuntimeError"),
    ("SystemExit", "BaseException"),
    ("TabError", "IndentationError"),
    ("TimeoutError", "OSError"),
    ("TimeoutExpired", "SubprocessError"),
    ("URLError", "OSError"),
    ("UnboundLocalError", "NameError"),
    ("UnicodeDecodeError", "UnicodeError"),
    ("UnicodeEncodeError", "UnicodeError"),
    ("UnicodeError", "ValueError"),
    ("UnicodeTranslateError", "UnicodeError"),
    ("UnsupportedOperation", "OSError"),
    ("UnsupportedOperation", "ValueError"),
    ("ZeroDivisionError", "ArithmeticError"),
    (THREAD_CANCELLATION, "CancelledError"),
    (THREAD_CANCELLATION, "Error"),
    ("gaierror", "OSError"),
    ("herror", "OSError"),
];

/// What waiting for a cancelled future of `concurrent.futures` raises: an ordinary exception, which has the name of
/// asyncio's.
pub(super) const THREAD_CANCELLATION: &str = "futures.CancelledError";

/// The exceptions of the standard library that derive from `Exception` alone.
const PLAIN: &[&str] = &[
    "AssertionError",
    "AttributeError",
    "BufferError",
    "EOFError",
    "Error",
    "HTTPException",
    "ImportError",
    "LimitOverrunError",
    "LookupError",
    "MemoryError",
    "NameError",
    "OSError",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "ReferenceError",
    "RuntimeError",
    "StopAsyncIteration",
    "StopIteration",
    "SubprocessError",
    "SyntaxError",
    "SystemError",
    "TypeError",
    "ValueError",
];

/// Classes are followed upwards through so many others.
const DEEPEST: usize = 12;

/// The exception classes of the program, as seen from one file.
#[derive(Clone, Copy)]
pub(super) struct Hierarchy<'i> {
    pub(super) classes: &'i Classes,
    /// The file whose handlers are meant, where that is one.
    pub(super) file: Option<usize>,
}

impl Hierarchy<'_> {
    /// Whether an exception called `raised` is one of the class `kind`, or `None` where that cannot be told: a library's
    /// own classes are not looked at.
    fn is_one_of(&self, raised: &str, kind: &str, depth: usize) -> Option<bool> {
        let kind = canonical(kind);
        if canonical(raised) == kind || kind == "BaseException" {
            return Some(true);
        }
        let depth = depth.checked_sub(1)?;
        let own = self.classes.called(raised);
        if !own.is_empty() {
            let meant = self.file.map_or_else(|| self.classes.called(kind).to_vec(), |file| self.classes.meant(file, kind));
            return agreed(own.iter().map(|class| {
                if meant.contains(class) {
                    return Some(true);
                }
                // `class TimeoutError(asyncio.TimeoutError)`: the other one is not of the program.
                let is_base = |base| if base == raised { is_known_one_of(base, kind, depth) } else { self.is_one_of(base, kind, depth) };
                any(self.classes.names_of_bases(*class).map(is_base))
            }));
        }
        is_known_one_of(raised, kind, depth)
    }
}

/// The same of an exception that the program does not define.
fn is_known_one_of(raised: &str, kind: &str, depth: usize) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    let raised = canonical(raised);
    let mut bases = BASES.iter().filter(|(name, _)| *name == raised).map(|(_, base)| *base).peekable();
    if bases.peek().is_some() {
        return any(bases.map(|base| if base == kind { Some(true) } else { is_known_one_of(base, kind, depth) }));
    }
    match (PLAIN.contains(&raised), kind) {
        // A library's own exception is most likely a failure.
        (_, "Exception") => Some(raised != "BaseException" && raised != "object"),
        (true, _) => Some(false),
        (false, _) if matches!(raised, "BaseException" | "object") => Some(false),
        (false, _) => None,
    }
}

/// The one name of a class that has several.
fn canonical(name: &str) -> &str {
    match name {
        "EnvironmentError" | "IOError" | "WindowsError" => "OSError",
        name => name,
    }
}

/// Whether any holds, or `None` where none does and some are not known.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for one in all {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(false)
}

/// What all say, or `None` where they do not agree.
fn agreed(mut all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let first = all.next()??;
    all.all(|one| one == Some(first)).then_some(first)
}

/// The exceptions that a handler, or a `suppress`, is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExceptionSet<'e> {
    /// Whether no class is named, so that all are taken.
    is_bare: bool,
    /// The last names of the classes.
    names: BTreeSet<Name>,
    /// Names that may stand for several classes.
    constants: Vec<&'e ExprName>,
    /// Whether there may be others.
    is_open: bool,
}

impl<'e> ExceptionSet<'e> {
    /// What an `except` with this behind it takes.
    pub(crate) fn of(kind: Option<&'e Expr>) -> Self {
        let mut set = ExceptionSet { is_bare: kind.is_none(), ..ExceptionSet::default() };
        if let Some(kind) = kind {
            set.add(kind);
        }
        set
    }

    /// What a handler takes.
    pub(super) fn of_handler(handler: &'e ExceptHandlerExceptHandler) -> Self {
        Self::of(handler.type_.as_deref())
    }

    /// What a `suppress` in a `with` takes.
    pub(super) fn of_suppress(item: &'e WithItem) -> Option<Self> {
        let call = item.context_expr.as_call_expr().filter(|call| last_name(&call.func).is_some_and(|name| name == "suppress"))?;
        Some(Self::of_arguments(call))
    }

    /// What a call takes that is given classes, like `suppress`.
    pub(super) fn of_arguments(call: &'e ExprCall) -> Self {
        let mut set = ExceptionSet::default();
        call.arguments.args.iter().for_each(|kind| set.add(kind));
        set
    }

    fn add(&mut self, kind: &'e Expr) {
        match kind {
            Expr::Tuple(kinds) => kinds.elts.iter().for_each(|kind| self.add(kind)),
            Expr::Starred(starred) => self.add(&starred.value),
            Expr::Name(name) if !is_class_name(&name.id) => self.constants.push(name),
            Expr::Attribute(old) if matches!((last_name(&old.value), old.attr.as_str()), (Some(_), "error" | "timeout")) => {
                let is_of_system = last_name(&old.value).is_some_and(|module| matches!(module.as_str(), "os" | "select" | "socket"));
                self.is_open |= !is_of_system;
                self.names
                    .extend(is_of_system.then(|| Name::new_static(if old.attr.as_str() == "error" { "OSError" } else { "TimeoutError" })));
            }
            kind => match last_name(kind).filter(|name| is_class_name(name)) {
                Some(name) => drop(self.names.insert(name.clone())),
                None => self.is_open = true,
            },
        }
    }

    /// The same with what the names of several classes stand for in `module`: `NETWORK = (OSError, EOFError)`.
    pub(super) fn resolved(mut self, module: &Module<'_>) -> Self {
        for constant in std::mem::take(&mut self.constants) {
            let value = module.with_value(constant, |_, value| {
                let set = ExceptionSet::of(Some(value));
                (set.names, set.is_open || !set.constants.is_empty())
            });
            match value {
                Some((names, is_open)) => {
                    self.names.extend(names);
                    self.is_open |= is_open;
                }
                None => self.is_open = true,
            }
        }
        self
    }

    /// Whether everything is taken, cancellation included.
    pub(super) fn is_all(&self) -> bool {
        self.is_bare || self.names.contains("BaseException")
    }

    /// Whether a cancellation may be taken, as far as names tell.
    pub(super) fn may_take_cancellation(&self) -> bool {
        self.is_all() || self.is_open() || self.names("CancelledError")
    }

    /// Whether every failure is taken.
    pub(crate) fn is_broad(&self) -> bool {
        self.is_all() || self.names.contains("Exception")
    }

    /// Whether it may take more than the classes that it names.
    pub(super) fn is_open(&self) -> bool {
        self.is_open || !self.constants.is_empty()
    }

    /// Whether this very class is named.
    pub(super) fn names(&self, class: &str) -> bool {
        self.names.contains(class)
    }

    /// Whether groups of exceptions are named.
    pub(super) fn names_groups(&self) -> bool {
        self.names.iter().any(|name| name.ends_with("ExceptionGroup"))
    }

    /// Whether nothing is taken but what ends a coroutine from outside, which is no failure of it.
    pub(crate) fn is_ending(&self) -> bool {
        let is_ending = |name: &Name| matches!(name.as_str(), "CancelledError" | "GeneratorExit" | "KeyboardInterrupt" | "SystemExit");
        !self.is_bare && !self.is_open() && !self.names.is_empty() && self.names.iter().all(is_ending)
    }

    /// Whether a failure of the connection to something outside is taken: `OSError` and most of its kind, and what a
    /// library calls so (`ConnectionClosed`, `ClientError`, `HTTPException`). That the time is over is less than that.
    pub(super) fn is_about_connections(&self) -> bool {
        const SYSTEM: [&str; 10] = [
            "BrokenPipeError",
            "ConnectionAbortedError",
            "ConnectionRefusedError",
            "ConnectionResetError",
            "EOFError",
            "IncompleteReadError",
            "OSError",
            "SSLError",
            "URLError",
            "gaierror",
        ];
        const SOURCES: [&str; 8] = ["client", "connect", "connection", "disconnected", "http", "network", "request", "transport"];
        const ENDS: [&str; 6] = ["error", "exception", "closed", "failure", "lost", "timeout"];
        let is_so = |name: &Name| {
            let lower = name.to_lowercase();
            let is_of_source = || {
                let source = ENDS.iter().find_map(|end| lower.strip_suffix(end));
                source.is_some_and(|source| SOURCES.iter().any(|one| source.ends_with(one)))
            };
            SYSTEM.contains(&canonical(name)) || lower.ends_with("disconnected") || is_of_source()
        };
        self.names.iter().any(is_so)
    }

    /// Whether an exception called `raised` is taken, or `None` where that cannot be told.
    pub(super) fn takes(&self, raised: &str, hierarchy: Hierarchy<'_>) -> Option<bool> {
        if self.is_bare {
            return Some(true);
        }
        let named = self.names.iter().map(|kind| hierarchy.is_one_of(raised, kind, DEEPEST));
        any(named.chain(self.is_open().then_some(None)))
    }

    /// Whether it may be taken.
    pub(super) fn may_take(&self, raised: &str, hierarchy: Hierarchy<'_>) -> bool {
        self.takes(raised, hierarchy) != Some(false)
    }
}

/// The classes that the handlers around some code are for, those around the calls of its function included: what is
/// raised of them is dealt with there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Taken(BTreeSet<Name>);

impl Taken {
    /// What more handlers are for is not told apart: each set is a question of its own.
    const MOST: usize = 4;

    /// No handler at all.
    pub(super) const NOTHING: Self = Taken(BTreeSet::new());

    /// The same with one more handler around, or more `suppress`.
    pub(super) fn and<'e>(&self, sets: impl Iterator<Item = &'e ExceptionSet<'e>>) -> Self {
        let nearest: BTreeSet<Name> = sets.flat_map(|set| set.names.iter().cloned()).collect();
        let further = self.0.difference(&nearest).cloned().collect::<Vec<_>>();
        Taken(nearest.into_iter().chain(further).take(Self::MOST).collect())
    }

    /// Whether an exception called `raised` is surely one of them.
    pub(super) fn has(&self, raised: &str, hierarchy: Hierarchy<'_>) -> bool {
        self.0.iter().any(|kind| hierarchy.is_one_of(raised, kind, DEEPEST) == Some(true))
    }
}

/// The name of the class that a `raise` statement raises, where it is written down; what begins in lower case is an
/// exception that was caught.
pub(super) fn raised_class(statement: &StmtRaise) -> Option<&Name> {
    let exception = statement.exc.as_deref()?;
    let class = exception.as_call_expr().map_or(exception, |call| &call.func);
    last_name(class).filter(|name| name.starts_with(char::is_uppercase))
}

/// Whether a name is that of one class, and not of several, like `ERRORS`.
fn is_class_name(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    matches!(name, "gaierror" | "herror") || name.starts_with(char::is_uppercase) && name.chars().any(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use super::{BASES, Classes, DEEPEST, Hierarchy, PLAIN};

    fn is_one_of(raised: &str, kind: &str) -> Option<bool> {
        Hierarchy { classes: &Classes::new(&[]), file: None }.is_one_of(raised, kind, DEEPEST)
    }

    #[test]
    fn the_hierarchy_is_pythons() {
        for (raised, kind) in [
            ("ConnectionResetError", "OSError"),
            ("ConnectionResetError", "IOError"),
            ("FileNotFoundError", "EnvironmentError"),
            ("TimeoutError", "OSError"),
            ("KeyError", "LookupError"),
            ("UnicodeDecodeError", "ValueError"),
            ("CancelledError", "BaseException"),
            ("ExceptionGroup", "Exception"),
            ("ClientError", "Exception"),
        ] {
            assert_eq!(is_one_of(raised, kind), Some(true), "{raised} is a {kind}");
        }
        for (raised, kind) in [
            ("OSError", "ConnectionError"),
            ("KeyError", "IndexError"),
            ("CancelledError", "Exception"),
            ("KeyboardInterrupt", "Exception"),
            ("ValueError", "OSError"),
            ("BaseException", "Exception"),
            ("OSError", "ClientError"),
        ] {
            assert_eq!(is_one_of(raised, kind), Some(false), "{raised} is no {kind}");
        }
        assert_eq!(is_one_of("ClientConnectorError", "ClientError"), None);
        assert_eq!(is_one_of("ClientOSError", "OSError"), None);
    }

    #[test]
    fn each_base_is_known() {
        let is_known = |base: &str| base == "BaseException" || PLAIN.contains(&base) || BASES.iter().any(|(name, _)| *name == base);
        for (name, base) in BASES {
            assert!(is_known(base), "`{base}`, the base of `{name}`");
        }
        assert!(PLAIN.is_sorted() && BASES.is_sorted());
    }
}
