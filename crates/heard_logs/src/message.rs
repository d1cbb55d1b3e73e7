//! The catalogue: what asyncio, tornado, aiohttp, `concurrent.futures` and the interpreter say of what is lost.

mod filter;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use aho_corasick::packed::{self, Searcher};
use memchr::memmem::Finder;
use regex::{Captures, Regex};

use crate::kind::Kind;
use crate::pattern::compile;
use crate::repr::Place;

/// Parts of all messages. A line without one of them is of no interest, and most lines are not looked at.
pub(crate) const TRIGGERS: [&str; 15] = [
    "exception was never",
    "never awaited",
    "RuntimeWarning: corou",
    "destroyed but it is pending",
    "xception in callback ",
    "hronous generator ",
    "nclosed ",
    "Executing <",
    "_connected_cb",
    "Fatal error: protocol",
    "shielded future",
    "calling callback for <",
    "kground task '",
    "asyncio",
    "\"verdict\":",
];

/// The longest of them has fewer bytes.
const LONGEST_TRIGGER: usize = 32;

static PACKED: LazyLock<Option<Searcher>> = LazyLock::new(|| packed::Config::new().builder().extend(TRIGGERS).build());
/// For processors that have no instructions for the packed one.
static PLAIN: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(TRIGGERS).ok());

/// Where the first part of a message stands.
pub(crate) fn find_trigger(text: &[u8]) -> Option<usize> {
    let Some(packed) = PACKED.as_ref() else { return PLAIN.as_ref()?.find(text).map(|found| found.start()) };
    let mut from = 0;
    while let Some(block) = filter::next(text, from) {
        let around = &text[block.saturating_sub(LONGEST_TRIGGER)..text.len().min(block + filter::BLOCK + LONGEST_TRIGGER)];
        if let Some(found) = packed.find(around) {
            return Some(block.saturating_sub(LONGEST_TRIGGER) + found.start());
        }
        from = block + filter::BLOCK;
    }
    // What is too short for the filter, or the end of it.
    let rest = filter::end(text).saturating_sub(LONGEST_TRIGGER);
    packed.find(&text[rest..]).map(|found| rest + found.start())
}

/// A message that was found in a line.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// What it is of; a detail line may tell more exactly.
    pub(crate) kind: Kind,
    /// Where the message begins in the line: behind all prefixes.
    pub(crate) start: usize,
    /// Where its fixed words end.
    pub(crate) end: usize,
    /// The class, the callback, the coroutine or what is not closed.
    pub(crate) subject: Option<String>,
    /// The place that a warning names.
    pub(crate) place: Option<Place>,
    /// Whether the class that asyncio names decides the kind, unless a repr tells more.
    pub(crate) by_class: bool,
}

/// Makes a message of what a form has found in a text.
type Read = fn(&Captures<'_>, &str) -> Option<Message>;

struct Form {
    /// A part of the text that must be there, which is faster to look for.
    part: Finder<'static>,
    pattern: Regex,
    read: Read,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms: [(&str, &str, Read); 14] = [
        ("never awaited", r"coroutine (?:method '(?P<method>[^']+)' of )?'(?P<name>[^']+)' was never awaited", never_awaited),
        ("never retrieved", r"(?P<name>[A-Za-z_][\w.]*)(?: <[^>]*>+)? exception was never retrieved", retrieved),
        ("in shielded future", r"(?P<name>[A-Za-z_][\w.]*) exception in shielded future", retrieved),
        ("but it is pending", r"(?P<name>[A-Za-z_][\w.]*) was destroyed but it is pending!?", |found, _| plain(found, Kind::TaskDestroyed)),
        ("xception in callback ", r"Exception in callback (?P<name>.+)", |found, _| plain(found, Kind::CallbackRaised)),
        (
            "asynchronous gen",
            r"an error occurred during closing of asynchronous generator(?P<name> <async_generator object .+?>(?: |$))?",
            |found, _| plain(found, Kind::AsyncgenFailed),
        ),
        ("shutdown", r"unhandled exception during asyncio\.run\(\) shutdown", |found, _| plain(found, Kind::ShutdownFailed)),
        ("nclosed ", r"Unclosed (?P<name>client session|connector|connection|client response|response)\b", |found, _| {
            plain(found, Kind::Unclosed)
        }),
        ("nclosed ", r"(?:[^\s:]+:\d+: )?ResourceWarning: unclosed (?P<name>transport|event loop)\b.*", |found, _| {
            plain(found, Kind::Unclosed)
        }),
        ("Executing <", r"Executing (?P<name><.*>) took \d+\.\d+ seconds", |found, _| plain(found, Kind::SlowCallback)),
        ("client_connected_cb", r"Unhandled exception in client_connected_cb", |found, _| plain(found, Kind::ProtocolFailed)),
        ("Fatal error: protocol", r"Fatal error: protocol\.\w+\(\) call failed\.?", |found, _| plain(found, Kind::ProtocolFailed)),
        ("exception calling callback", r"exception calling callback for (?P<name><.*>)", |found, _| plain(found, Kind::CallbackRaised)),
        ("background task '", r"Unhandled exception in internal background task '(?P<name>[^']+)'\.?", background),
    ];
    forms.into_iter().filter_map(|(part, pattern, read)| Some(Form { part: Finder::new(part), pattern: compile(pattern)?, read })).collect()
});

/// Finds the first message in a line.
pub(crate) fn find(line: &str) -> Option<Message> {
    find_trigger(line.as_bytes())?;
    let likely = FORMS.iter().filter(|form| form.part.find(line.as_bytes()).is_some());
    let found = likely.filter_map(|form| (form.read)(&form.pattern.captures(line)?, line));
    found.min_by_key(|message| message.start)
}

// The beginning of a message at the end of a line that a narrow console has broken, perhaps with a column at its right.
pattern!(
    BROKEN,
    r"^(?P<text>.*(?:RuntimeWarning: coroutine|coroutine '[^']+'(?: was(?: never)?)?|[A-Z_]\w* exception was(?: never)?|was destroyed(?: but(?: it(?: is)?)?)?))\s*(?:\s[\w.]+:\d+\s*)?$"
);

part!(EXCEPTION_WAS, "exception was");
part!(COROUTINE, "coroutine '");
part!(WARNED, "RuntimeWarning: coroutine");
part!(DESTROYED, "was destroyed");

/// The part of the line that goes on in the next one, if a message is broken there.
pub(crate) fn broken(line: &str) -> Option<&str> {
    let is_near = [&EXCEPTION_WAS, &COROUTINE, &WARNED, &DESTROYED].iter().any(|part| part.find(line.as_bytes()).is_some());
    let found = BROKEN.as_ref().filter(|_| is_near)?.captures(line)?;
    Some(line[..found.name("text")?.end()].trim_end())
}

fn plain(found: &Captures<'_>, kind: Kind) -> Option<Message> {
    let whole = found.get(0)?;
    let subject = found.name("name").map(|name| name.as_str().trim().to_owned());
    // What a callback is called has no fixed end; all of the rest is looked at later.
    let end = if kind == Kind::CallbackRaised { found.name("name")?.start() } else { whole.end() };
    Some(Message { kind, start: whole.start(), end, subject, place: None, by_class: false })
}

fn retrieved(found: &Captures<'_>, _: &str) -> Option<Message> {
    let class = &found["name"];
    let kind = if class.contains("Gathering") {
        Kind::GatherFailed
    } else if class.contains("Task") {
        Kind::TaskFailed
    } else {
        Kind::FutureFailed
    };
    Some(Message { by_class: true, ..plain(found, kind)? })
}

fn background(found: &Captures<'_>, _: &str) -> Option<Message> {
    plain(found, Kind::TaskFailed)
}

/// `PATH:LINE: RuntimeWarning: ` before the message. A path may have blanks in it.
fn never_awaited(found: &Captures<'_>, line: &str) -> Option<Message> {
    let mut message = plain(found, Kind::CoroutineNeverAwaited)?;
    let Some(before) = line[..message.start].strip_suffix("RuntimeWarning: ") else { return Some(message) };
    // Twisted names the module of the class.
    let before = before.strip_suffix("builtins.").unwrap_or(before);
    message.start = before.len();
    let Some(before) = before.strip_suffix(": ") else { return Some(message) };
    let Some((path_end, number)) =
        before.rsplit_once(':').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty())
    else {
        return Some(message);
    };
    let start = path_start(path_end);
    let path = &path_end[start..];
    message.start = start;
    message.place = Place::new(path, number, None).filter(|place| place.path != "sys" && !place.path.is_empty());
    Some(message)
}

/// Where the path begins that this text ends with.
fn path_start(text: &str) -> usize {
    let is_border =
        |at: usize| at == 0 || text[..at].ends_with([' ', ':', '=', '[', ']', '(', ')', '|', '>', '\t', '"', '\'', '│', '-', ';', ',']);
    let is_rooted = |at: usize| {
        let rest = &text[at..];
        rest.starts_with('/')
            || rest.starts_with("~/")
            || rest.starts_with("./")
            || rest.as_bytes().get(1..3).is_some_and(|colon| colon == b":\\" || colon == b":/")
                && rest.starts_with(|sign: char| sign.is_ascii_alphabetic())
    };
    // A root with no sign in between that ends a prefix.
    let ends_prefix = |rest: &str| {
        rest.contains("] ") || rest.contains(" - ") || rest.contains(" | ") || rest.get(2..).is_some_and(|rest| rest.contains(':'))
    };
    let rooted = text.char_indices().map(|(at, _)| at).find(|at| is_border(*at) && is_rooted(*at) && !ends_prefix(&text[*at..]));
    rooted.unwrap_or_else(|| {
        if text.ends_with('>') {
            return text.rfind('<').unwrap_or(0);
        }
        text.rfind([' ', ':', '=', '[', ']', '(', '|', '>', '\t', '"', ';', ',']).map_or(0, |at| at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::kind::Kind;

    #[test]
    fn messages_are_found_behind_prefixes() {
        for (line, kind, start, subject) in [
            ("ERROR:asyncio:Task exception was never retrieved", Kind::TaskFailed, 14, "Task"),
            (
                "x - ERROR - Future <tornado.concurrent.Future object at 0x7f> exception was never retrieved: Traceback",
                Kind::FutureFailed,
                12,
                "Future",
            ),
            ("_GatheringFuture exception was never retrieved", Kind::GatherFailed, 0, "_GatheringFuture"),
            ("E Task was destroyed but it is pending!", Kind::TaskDestroyed, 2, "Task"),
            ("Executing <Task x> took 1.005 seconds", Kind::SlowCallback, 0, "<Task x>"),
        ] {
            let message = find(line).unwrap();
            assert_eq!((message.kind, message.start, message.subject.as_deref()), (kind, start, Some(subject)), "{line}");
        }
        assert!(find("Task exception policy: retry").is_none());
    }

    #[test]
    fn warnings_name_a_place() {
        for (line, path, start) in [
            ("/srv/app/main.py:19: ", Some("/srv/app/main.py"), 0),
            ("WARNING:py.warnings:/srv/app/main.py:19: ", Some("/srv/app/main.py"), 20),
            ("[x: WARNING/ForkPoolWorker-1] /srv/jobs.py:36: ", Some("/srv/jobs.py"), 30),
            ("W C:\\My Bots\\x.py:36: ", Some("C:\\My Bots\\x.py"), 2),
            ("12:01:02 /Users/John Doe/x.py:36: ", Some("/Users/John Doe/x.py"), 9),
            ("W main.py:36: ", Some("main.py"), 2),
            ("[x#warn] /srv/main.py:36: builtins.", Some("/srv/main.py"), 9),
            ("<stdin>:1: ", Some("<stdin>"), 0),
            ("sys:1: ", None, 0),
            ("Mar 11 01:02:10 PM  ", None, 20),
        ] {
            let message = find(&format!("{line}RuntimeWarning: coroutine 'a.<locals>.b' was never awaited")).unwrap();
            assert_eq!((message.place.map(|place| place.path).as_deref(), message.start), (path, start), "{line}");
            assert_eq!(message.subject.as_deref(), Some("a.<locals>.b"));
        }
    }
}
