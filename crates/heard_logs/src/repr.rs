//! The reprs of tasks, futures, handles and generators, which say what asyncio lost.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::lines::escapes;

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The path as written.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The function, where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

impl Place {
    pub(crate) fn new(path: &str, line: &str, function: Option<&str>) -> Option<Self> {
        Some(Self { path: path.to_owned(), line: line.parse().ok()?, function: function.map(str::to_owned) })
    }
}

/// What a repr says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    /// The class of the object.
    pub(crate) class: String,
    /// The name of the coroutine, or of the callback.
    pub(crate) name: Option<String>,
    /// Whether it has a coroutine, which makes it a task.
    pub(crate) has_coroutine: bool,
    pub(crate) defined_at: Option<Place>,
    pub(crate) created_at: Option<Place>,
    pub(crate) exception: Option<(String, Option<String>)>,
    pub(crate) task: Option<String>,
}

pattern!(CLASS, r"^<?([A-Za-z_][\w.]*)");
pattern!(
    CORO,
    r"\bcoro=(?:<<(?P<odd>[^>]*)>|<(?:coroutine object |async_generator object )?(?P<name>(?:[^\s(<>]|<(?:locals|lambda|genexpr)>)+))"
);
part!(DEFINED, "defined at ");
part!(CREATED, "created at ");
pattern!(EXCEPTION, r"\bexception=<?(?P<type>[A-Za-z_][\w.]*)(?P<open>\()?");
pattern!(TASK, r"\bname=(?:'(?P<one>[^']*)'|(?P<two>\S+))");
pattern!(FUNCTION, r"^<(?:function|bound method|built-in method|method) (?P<name>(?:[^\s<>]|<(?:locals|lambda)>)+)");
pattern!(CALL, r"^(?P<name>(?:[\w.]|<(?:locals|lambda)>)+)(?:\(|$|\s+at\s|\s+created\s)");
pattern!(AT, r" at (?P<path>\S.*?):(?P<line>\d+)(?: created at |>|$)");
pattern!(GENERATOR, r"<async_generator object (?P<name>.+?) at 0x");

/// The first place behind these words: a path, a colon and a number, and then the repr goes on or ends.
fn place(words: &Finder<'_>, text: &str) -> Option<Place> {
    words.find_iter(text.as_bytes()).find_map(|at| {
        let rest = &text[at + words.needle().len()..];
        let rest = &rest[..rest.find('>').map_or(rest.len(), |end| end + 1)];
        rest.match_indices(':').filter(|(colon, _)| *colon > 0).find_map(|(colon, _)| {
            let behind = &rest[colon + 1..];
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            let ends = behind[digits..].chars().next().is_none_or(|sign| matches!(sign, '>' | ',') || sign.is_whitespace());
            Place::new(&rest[..colon], &behind[..digits], None).filter(|_| ends)
        })
    })
}

fn name(pattern: &LazyLock<Option<Regex>>, text: &str) -> Option<String> {
    pattern.as_ref()?.captures(text).map(|found| found["name"].to_owned())
}

/// What the repr of a task or a future says.
pub(crate) fn describe(text: &str) -> Described {
    let mut told = Described::default();
    if let Some(found) = CLASS.as_ref().and_then(|class| class.captures(text)) {
        found[1].clone_into(&mut told.class);
    }
    if let Some(found) = CORO.as_ref().and_then(|coro| coro.captures(text)) {
        told.has_coroutine = true;
        told.name = match (found.name("odd"), found.name("name")) {
            (Some(odd), _) if odd.as_str().contains(" without __name__") => Some(format!("<{}>", odd.as_str())),
            (Some(odd), _) => Some(odd.as_str().to_owned()),
            (_, Some(name)) => Some(name.as_str().to_owned()),
            _ => None,
        };
    } else {
        told.has_coroutine = text.contains(" coro=");
    }
    // A cut repr ends in the middle of the path, which is then no place.
    let own = text.find(" wait_for=").map_or(text, |end| &text[..end]);
    told.defined_at = place(&DEFINED, own);
    told.created_at = place(&CREATED, text);
    told.task = TASK
        .as_ref()
        .and_then(|task| task.captures(text))
        .and_then(|found| found.name("one").or_else(|| found.name("two")).map(|name| name.as_str().to_owned()));
    told.exception = EXCEPTION.as_ref().and_then(|exception| exception.captures(text)).map(|found| {
        let message = found.name("open").and_then(|open| first_argument(&text[open.end()..]));
        (found["type"].to_owned(), message)
    });
    told
}

/// The first argument of an exception's repr, if it is a text.
fn first_argument(rest: &str) -> Option<String> {
    let open = rest.find(['\'', '"']).filter(|at| *at == 0)?;
    let close = escapes::closing(rest, open)?;
    Some(escapes::unescape(&rest[open + 1..close]))
}

/// The name of the callback in `<Handle NAME(…) at PATH:LINE created at …>` or what stands inside of it.
pub(crate) fn describe_handle(text: &str) -> Described {
    let mut told = Described { created_at: place(&CREATED, text), ..Described::default() };
    let mut inside = text.trim();
    for class in ["<Handle ", "<TimerHandle "] {
        if let Some(rest) = inside.strip_prefix(class) {
            inside = rest.strip_prefix("when=").map_or(rest, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
        }
    }
    inside = inside.strip_prefix("cancelled ").unwrap_or(inside);
    if let Some(call) = inside.strip_prefix("functools.partial(") {
        // tornado looks so at what became of a coroutine that a callback has started.
        if let Some(task) = call.find(", <Task ").filter(|_| call.contains("_discard_future_result")) {
            return describe(&call[task + 2..]);
        }
        inside = call;
    }
    let bare = inside.strip_suffix('>').filter(|_| !inside.contains("<function")).unwrap_or(inside);
    told.name = name(&FUNCTION, inside)
        .or_else(|| name(&CALL, bare))
        .filter(|name| name != "cancelled" && !name.starts_with("<Task") && !name.ends_with("null_wrapper"));
    told.defined_at = AT.as_ref().and_then(|at| at.captures_iter(inside).last()).and_then(|found| {
        Place::new(&found["path"], &found["line"], None).filter(|place| !place.path.starts_with("0x") && !place.path.contains('>'))
    });
    told
}

/// The name of the generator in `<async_generator object NAME at 0x…>`.
pub(crate) fn generator_name(text: &str) -> Option<String> {
    GENERATOR.as_ref()?.captures(text).map(|found| found["name"].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{describe, describe_handle};

    #[test]
    fn reprs_of_tasks_are_read() {
        let told = describe(
            "<Task finished name='Task-2' coro=<Feed.fetch() done, defined at C:\\My Bots\\feeds.py:20> exception=ParseError(\"feed 'n': x\") created at /a/b.py:7>",
        );
        assert_eq!(told.name.as_deref(), Some("Feed.fetch"));
        assert_eq!(told.defined_at.unwrap().path, "C:\\My Bots\\feeds.py");
        assert_eq!(told.created_at.unwrap().line, 7);
        assert_eq!(told.exception, Some(("ParseError".to_owned(), Some("feed 'n': x".to_owned()))));
        assert_eq!(told.task.as_deref(), Some("Task-2"));
        let told = describe("<Task pending coro=<main.<locals>.run() running at /a.py:3> wait_for=<Future pending cb=[f() at /b.py:4]>>");
        assert_eq!((told.name.as_deref(), told.defined_at), (Some("main.<locals>.run"), None));
        let told = describe("<Task finished coro=<<async_generator_athrow without __name__>()> exception=RuntimeError('x')>");
        assert_eq!(told.name.as_deref(), Some("<async_generator_athrow without __name__>"));
        let told = describe("<Future finished exception=KeyError(1,)>");
        assert_eq!((told.class.as_str(), told.has_coroutine), ("Future", false));
    }

    #[test]
    fn reprs_of_handles_are_read() {
        for (text, name, line) in [
            ("<Handle expire(<stock.Ledger...x7ffff6984f50>, 9) at /srv/app/stock.py:55>", Some("expire"), Some(55)),
            ("<Handle weigh(0) at /srv/app/stock.py:36 created at /srv/app/main.py:28>", Some("weigh"), Some(36)),
            ("<TimerHandle on_tick>", Some("on_tick"), None),
            ("<function on_tick at 0x7ffff699b380>", Some("on_tick"), None),
            ("<Handle main.<locals>.<lambda>() at /a.py:3>", Some("main.<locals>.<lambda>"), Some(3)),
            ("<Handle cancelled>", None, None),
            ("functools.partial(<function wrap.<locals>.null_wrapper at 0x7ffff728b3b0>)", None, None),
            ("functools.partial(<function ring at 0x7ffff728b3b0>, 3)", Some("ring"), None),
            (
                "functools.partial(<bound method Loop._discard_future_result of <Loop>>, <Task coro=<load() done, defined at /a.py:4>>)",
                Some("load"),
                Some(4),
            ),
            ("Store.on_saved(<Task finishe...={'saved': 7}>)", Some("Store.on_saved"), None),
            ("<TimerHandle when=12.5 tick() at /a b.py:3>", Some("tick"), Some(3)),
        ] {
            let told = describe_handle(text);
            assert_eq!((told.name.as_deref(), told.defined_at.map(|place| place.line)), (name, line), "{text}");
        }
    }
}
