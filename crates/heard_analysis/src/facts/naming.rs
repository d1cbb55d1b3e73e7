//! What names say: the one vocabulary for logs, for what deals with failures, for what ends something, for locks and
//! for time limits. It is asked where no type tells, and where a library need not be installed.

use ruff_python_ast::{Expr, ExprCall};

use super::body::last_name;

/// The methods of loggers that write, or ask whether to.
const LOG_METHODS: [&str; 14] = [
    "critical",
    "debug",
    "error",
    "exception",
    "fatal",
    "info",
    "isEnabledFor",
    "log",
    "msg",
    "notice",
    "success",
    "trace",
    "warn",
    "warning",
];

/// What gives a logger, or the same logger with more to say.
const LOGGER_MAKERS: [&str; 6] = ["bind", "getChild", "getLogger", "get_logger", "opt", "with_fields"];

/// Words that end like `log` and mean something else.
const NO_LOGS: [&str; 13] =
    ["analog", "backlog", "blog", "catalog", "changelog", "clog", "dialog", "epilog", "prolog", "travelog", "vlog", "weblog", "worklog"];

/// Words that say of a function that it ends something, wherever they stand in its name, and whether one whose name
/// begins with it does nothing else: `remove_user` may be the work, `close_socket` is clean-up.
const ENDINGS: [(&str, bool); 30] = [
    ("abort", false),
    ("aclose", true),
    ("aexit", false),
    ("cancel", true),
    ("cleanup", true),
    ("close", true),
    ("closed", false),
    ("deinit", false),
    ("disconnect", true),
    ("dispose", false),
    ("drain", false),
    ("end", false),
    ("exit", false),
    ("finalize", false),
    ("finish", false),
    ("join", false),
    ("kill", true),
    ("lifespan", false),
    ("quit", false),
    ("release", true),
    ("remove", false),
    ("shutdown", true),
    ("stop", true),
    ("teardown", false),
    ("terminate", true),
    ("unload", false),
    ("unsubscribe", true),
    ("clean up", true),
    ("shut down", true),
    ("tear down", false),
];

/// The words of a name in lower case, with blanks between them: `tear down` for `tearDown` and `_tear_down`.
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut was_small = false;
    for character in name.chars() {
        if character == '_' || (character.is_uppercase() && was_small) {
            words.push(' ');
        }
        if character != '_' {
            words.extend(character.to_lowercase());
        }
        was_small = character.is_lowercase() || character.is_ascii_digit();
    }
    words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a function's name says that it ends something.
pub(super) fn ends_something(name: &str) -> bool {
    let words = format!(" {} ", words(name));
    ENDINGS.iter().any(|(ending, _)| words.contains(&format!(" {ending} ")))
}

/// Whether a function's name says that it is there to end something, and does nothing else.
pub(super) fn is_cleanup(name: &str) -> bool {
    let words = words(name);
    let words = words.strip_prefix("async ").unwrap_or(&words);
    begins_with(words, "wait closed") || ENDINGS.iter().any(|(ending, is_all)| *is_all && begins_with(words, ending))
}

/// More words that a function's name begins with which gives something back or puts it out of use.
const RELEASES: [&str; 19] = [
    "abort",
    "checkin",
    "deregister",
    "detach",
    "discard",
    "dispose",
    "drop",
    "free",
    "invalidate",
    "restore",
    "revert",
    "rmtree",
    "rollback",
    "teardown",
    "undo",
    "unlink",
    "unlock",
    "unmount",
    "unregister",
];

/// Pairs of words with which the name of such a function begins.
const RELEASES_BY_TWO: [&str; 6] = ["check in", "give back", "put back", "return to", "roll back", "tear down"];

/// Whether a function's name says that it gives something back, ends it or puts it out of use.
pub(super) fn releases(name: &str) -> bool {
    let words = words(name);
    is_cleanup(name)
        || words.split(' ').next().is_some_and(|first| RELEASES.contains(&first))
        || RELEASES_BY_TWO.iter().any(|pair| begins_with(&words, pair))
}

/// Whether a function's name says that it ends something, or gives it back, and that this is a thing of the program and no
/// business: `close`, `drop_connection`, and neither `release_payment` nor `cancel_order`.
pub(super) fn only_ends(name: &str) -> bool {
    const THINGS: [&str; 35] = [
        "all",
        "and",
        "callback",
        "cb",
        "channel",
        "channels",
        "client",
        "connection",
        "connections",
        "coroutine",
        "db",
        "driver",
        "file",
        "handle",
        "listener",
        "listeners",
        "loop",
        "now",
        "nowait",
        "pool",
        "reader",
        "sequence",
        "server",
        "session",
        "sessions",
        "socket",
        "stream",
        "task",
        "tasks",
        "transport",
        "wait",
        "watcher",
        "websocket",
        "writer",
        "ws",
    ];
    let words = words(name);
    let mut words = words.split(' ').filter(|word| *word != "async");
    let first = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.collect();
    let ends = |words: &str| is_cleanup(words) || RELEASES.contains(&words) || RELEASES_BY_TWO.contains(&words);
    match rest.as_slice() {
        [second, rest @ ..] if ends(&format!("{first} {second}")) && !ends(first) => rest.iter().all(|word| THINGS.contains(word)),
        rest => ends(first) && rest.iter().all(|word| THINGS.contains(word) || ends(word)),
    }
}

/// Whether a name says that what it stands for is a future: `self._closed_future`, `waiter`.
pub(super) fn is_future(name: &str) -> bool {
    let words = words(name);
    words.split(' ').next_back().is_some_and(|last| matches!(last, "closed" | "fut" | "future" | "promise" | "waiter"))
}

/// Whether a function's name says that its work helps, and that nothing depends on it.
pub(super) fn is_extra(name: &str) -> bool {
    const EXTRAS: [&str; 7] = ["best effort", "heartbeat", "keep alive", "keepalive", "ping", "prewarm", "warm up"];
    let words = format!(" {} ", words(name));
    EXTRAS.iter().any(|extra| words.contains(&format!(" {extra} ")))
}

/// Whether a function's name says that its work shows something for a while, or takes it away again: who talks in a chat
/// is not hurt where it stays out.
pub(super) fn is_decoration(name: &str) -> bool {
    const DECORATIONS: [&str; 6] = ["chat action", "delayed delete", "delete after", "progress bar", "spinner", "typing"];
    let words = format!(" {}", words(name));
    DECORATIONS.iter().any(|decoration| words.ends_with(&format!(" {decoration}")))
}

/// Whether words begin with others.
fn begins_with(words: &str, start: &str) -> bool {
    words.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a function's name, in lower case, says that it deals with failures.
pub(super) fn speaks_of_failure(name: &str) -> bool {
    ["exception", "error", "warn", "critical", "fatal", "fail", "print_exc", "excepthook"].iter().any(|word| name.contains(word))
}

/// Whether a call writes to a log.
pub(super) fn is_log(call: &ExprCall) -> bool {
    call.func.is_attribute_expr() && is_log_method(&call.func)
}

/// Whether an expression is what writes to a log, one or the other: `log.warning if is_new else log.debug`.
pub(super) fn is_log_method(function: &Expr) -> bool {
    match function {
        Expr::Attribute(method) => LOG_METHODS.contains(&method.attr.as_str()) && is_logger(&method.value),
        Expr::If(either) => is_log_method(&either.body) && is_log_method(&either.orelse),
        _ => false,
    }
}

/// Whether a call writes to a log by what a class has taken from a logger for its own: `Cache._debug("added %r", key)`.
pub(super) fn is_own_debug_log(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else { return false };
    let is_own = method
        .value
        .as_name_expr()
        .is_some_and(|owner| matches!(owner.id.as_str(), "self" | "cls") || owner.id.starts_with(char::is_uppercase));
    is_own && method.attr.as_str() == "_debug" && call.arguments.args.first().is_some_and(Expr::is_string_literal_expr)
}

/// Whether a call writes to a log what only debugging shows.
pub(super) fn is_debug_log(call: &ExprCall) -> bool {
    is_log(call) && last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "debug" | "trace"))
}

/// Whether a call counts or measures something: `requests_counter.inc()`, `self._metrics.observe(…)`.
pub(super) fn is_metric(call: &ExprCall) -> bool {
    const METHODS: [&str; 12] =
        ["add", "count", "dec", "decrement", "gauge", "inc", "incr", "increment", "observe", "record", "set", "timing"];
    const METRICS: [&str; 7] = ["counter", "gauge", "histogram", "metric", "metrics", "stats", "statsd"];
    let Expr::Attribute(method) = &*call.func else { return false };
    METHODS.contains(&method.attr.as_str())
        && last_name(&method.value).is_some_and(|name| words(name).split(' ').any(|word| METRICS.contains(&word)))
}

/// Whether a call logs a failure at a level that is shown.
pub(crate) fn is_failure_log(call: &ExprCall) -> bool {
    is_log(call) && last_name(&call.func).is_some_and(|name| speaks_of_failure(name.as_str()))
}

/// Whether a function's name says that it tells somebody something.
pub(crate) fn tells(name: &str) -> bool {
    const WORDS: [&str; 7] = ["announce", "notice", "notify", "reply", "respond", "send", "tell"];
    // Somebody waits for an alert.
    const NO_NOTES: [&str; 5] = ["alert", "error", "exception", "failure", "report"];
    let words = words(name);
    let has = |some: &[&str]| words.split(' ').any(|word| some.contains(&word));
    has(&WORDS) && !has(&NO_NOTES)
}

/// Whether a call does nothing but tell somebody.
pub(super) fn only_tells(call: &ExprCall) -> bool {
    is_log(call) || last_name(&call.func).is_some_and(|name| matches!(name.as_str(), "print" | "print_exc"))
}

fn is_logger(expression: &Expr) -> bool {
    match expression {
        // `logging.getLogger("a").error(…)`, `log.bind(user=1).error(…)`.
        Expr::Call(call) => last_name(&call.func).is_some_and(|name| LOGGER_MAKERS.contains(&name.as_str())),
        expression => last_name(expression).is_some_and(|name| {
            let words = words(name);
            let last = words.rsplit(' ').next().unwrap_or_default();
            let last = last.strip_suffix('s').unwrap_or(last);
            let ends_so = ["log", "logger", "logging"].iter().any(|end| last.ends_with(end));
            ends_so && !NO_LOGS.contains(&last) && !last.ends_with("blogger") && !last.ends_with("blogging")
        }),
    }
}

/// Whether an event loop is called so.
pub(super) fn is_loop(name: &str) -> bool {
    matches!(words(name).as_str(), "loop" | "event loop" | "ev loop" | "io loop" | "ioloop" | "main loop" | "running loop")
}

/// Whether a lock is called so.
pub(super) fn is_lock(name: &str) -> bool {
    contains_any(name, &["lock", "mutex", "cond", "sem"])
}

/// Whether a context manager cancels what waits in it after some time.
pub(super) fn is_time_limit(manager: &Expr) -> bool {
    name_of_manager(manager).is_some_and(|name| contains_any(name, &["move_on", "fail_", "cancel", "timeout", "scope", "limit"]))
}

/// Whether a context manager ends what runs in it.
pub(super) fn is_task_scope(manager: &Expr) -> bool {
    name_of_manager(manager).is_some_and(|name| contains_any(name, &["group", "nursery", "scope", "stack", "closing"]))
}

fn name_of_manager(manager: &Expr) -> Option<&str> {
    let name = manager.as_call_expr().map_or(last_name(manager), |call| last_name(&call.func));
    name.map(ruff_python_ast::name::Name::as_str)
}

fn contains_any(name: &str, words: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    words.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{ends_something, is_cleanup, is_lock, words};

    #[test]
    fn names_fall_into_words() {
        assert_eq!(words("_tear_down"), "tear down");
        assert_eq!(words("asyncTearDown"), "async tear down");
        assert_eq!(words("HTTPServer2Close"), "httpserver2 close");
        assert_eq!(words("__aexit__"), "aexit");
        assert_eq!(words("_"), "");
    }

    #[test]
    fn endings_are_words() {
        for name in ["close", "_shutdown", "on_stop", "asyncTearDown", "clean_up_all", "removeUser", "wait_closed"] {
            assert!(ends_something(name), "{name}");
        }
        for name in ["send", "stopwatch", "joint", "calendar", "enclose", "weekend"] {
            assert!(!ends_something(name), "{name}");
        }
        for name in ["close", "_stop_all", "async_release", "closeAll", "shut_down", "wait_closed"] {
            assert!(is_cleanup(name), "{name}");
        }
        for name in ["remove_user", "closest", "on_close", "join_room", "finish_order"] {
            assert!(!is_cleanup(name), "{name}");
        }
        assert!(is_lock("_write_lock"));
    }
}
