//! The lines of a traceback, one at a time.

use std::sync::LazyLock;

use regex::Regex;

use super::Raised;
use crate::pattern;
use crate::repr::Place;

/// What a line says of a frame.
pub(crate) enum Frame {
    Whole(Place),
    /// It begins as a frame does, and ends before the line's number or in it.
    Cut,
    None,
}

pattern!(BEGUN, r#"^\s*(?:> )?File "[^"]*(?:"(?:,(?: l(?:i(?:n(?:e(?: \d*)?)?)?)?)?)?)?$"#);
pattern!(BOXED, r"^[\s│|]*(?P<path>(?:[/~.<]|[A-Za-z]:\\)?[^\s│:][^│:]*):(?P<line>\d+) in (?P<function>[^\s│|]+)\s*[│|]?\s*$");
pattern!(IPYTHON, r"^\s*(?:File )?(?P<path>[~/.<]\S*?|[A-Za-z]:\\\S+?):(?P<line>\d+)(?:, in |\s+in )(?P<function>[\w.<>]+)");
pattern!(CELL, r"^\s*(?P<path>Cell In\[\d+\]), line (?P<line>\d+)(?:, in (?P<function>[\w.<>]+))?");
pattern!(
    INSTALLED,
    r"(?i)[/\\](?:site|dist)-packages[/\\]|[/\\]lib(?:64)?[/\\](?:python|pypy)\d[\d.]*t?[/\\]|[/\\][^/\\]*python[^/\\]*[/\\](?:Lib|app_packages)[/\\]|^<frozen |\.pyx$|\.pxi$|^(?:asyncio|concurrent[/\\]futures)[/\\]|[/\\]python\d+\.zip[/\\]"
);

/// Whether a path is neither in the standard library nor in an installed package.
pub(crate) fn is_users(path: &str) -> bool {
    INSTALLED.as_ref().is_some_and(|installed| !installed.is_match(path))
}

part!(HEADER, "Traceback (most recent call last)");
part!(FILE, "File \"");

/// Whether a line begins a traceback.
pub(crate) fn is_header(line: &str) -> bool {
    HEADER.find(line.as_bytes()).is_some()
}

/// Whether a line has the form of a frame of Python's own tracebacks.
pub(crate) fn is_python(line: &str) -> bool {
    python(line).is_some()
}

fn has_file(line: &str) -> bool {
    FILE.find(line.as_bytes()).is_some()
}

/// A frame of Python's own tracebacks: `File "PATH", line NUMBER, in FUNCTION`, where the function may be missing.
fn python(line: &str) -> Option<Place> {
    let line = line.trim_start();
    let (path, rest) = line.strip_prefix("> ").unwrap_or(line).strip_prefix("File \"")?.split_once('"')?;
    let rest = rest.strip_prefix(", line")?;
    let rest = rest.strip_prefix("no").unwrap_or(rest).strip_prefix(' ')?.trim_end();
    let (number, rest) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    let function = if rest.is_empty() { None } else { Some(rest.strip_prefix(", in ")?) };
    Place::new(path, number, function).filter(|_| !path.is_empty())
}

/// Reads a line that may be a frame; inside of a box, rich's form counts too.
pub(crate) fn read(line: &str, in_box: bool) -> Frame {
    if has_file(line) {
        if let Some(place) = python(line) {
            return Frame::Whole(place);
        }
        return if BEGUN.as_ref().is_some_and(|begun| begun.is_match(line)) { Frame::Cut } else { Frame::None };
    }
    let rich = in_box && line.contains(" in ");
    let other = line.contains(", in ") || line.contains("Cell In[");
    let found = (if rich { place(&BOXED, line) } else { None })
        .or_else(|| if other { place(&CELL, line).or_else(|| place(&IPYTHON, line)) } else { None });
    found.map_or(Frame::None, Frame::Whole)
}

fn place(pattern: &LazyLock<Option<Regex>>, line: &str) -> Option<Place> {
    let found = pattern.as_ref()?.captures(line)?;
    Place::new(found["path"].trim(), &found["line"], found.name("function").map(|function| function.as_str()))
}

/// Reads the line that ends a traceback: the type, and what it says.
pub(crate) fn exception(line: &str) -> Option<Raised> {
    let line = line.trim_end();
    let (kind, rest) = line.split_at(name_end(line)?);
    let message = match rest.strip_prefix(':') {
        Some("") => None,
        Some(rest) => Some(rest.strip_prefix(' ')?.to_owned()),
        None if rest.is_empty() => None,
        None => return None,
    };
    let kind = kind.trim_end_matches('.').to_owned();
    let last = kind.rsplit('.').next().unwrap_or_default();
    // A lower-case word with a colon is prose or the next line of a log.
    let is_type = last.starts_with(|sign: char| sign.is_uppercase() || sign == '_') || kind.contains('.');
    is_type.then(|| Raised { kind, message, exceptions: Vec::new() })
}

/// Where the dotted name ends that a line begins with; in it may be a function: `f.<locals>.Own`.
fn name_end(line: &str) -> Option<usize> {
    let is_part = |sign: char| pattern::is_of_name(sign) || sign == '.';
    let run = |text: &str| text.find(|sign| !is_part(sign)).unwrap_or(text.len());
    let mut end = run(line);
    if !line.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_') {
        return None;
    }
    while let Some(inner) = line[end..].strip_prefix("<locals>.").filter(|_| line[..end].ends_with('.')) {
        let length = run(inner);
        if length == 0 {
            break;
        }
        end = line.len() - inner.len() + length;
    }
    Some(end)
}

/// Whether a line is an exception whose name ends as such names do, which hardly another line does.
pub(crate) fn is_exception(line: &str) -> bool {
    let ends = ["Error", "Exception", "Warning", "Group", "Exit", "Interrupt"];
    exception(line).is_some_and(|raised| ends.iter().any(|end| raised.kind.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::{exception, is_users};

    #[test]
    fn installed_code_is_told_from_the_users() {
        for path in [
            "/usr/local/lib/python3.12/asyncio/tasks.py",
            "/opt/venv/lib/python3.12/site-packages/uvicorn/x.py",
            "C:\\Users\\svc\\AppData\\Local\\Programs\\Python\\Python312\\Lib\\asyncio\\events.py",
            "C:\\Program Files\\WindowsApps\\PythonSoftwareFoundation.Python.3.11_3.11.9_x64__qbz\\Lib\\asyncio\\base_events.py",
            "/usr/lib/python3/dist-packages/x.py",
            "<frozen importlib._bootstrap>",
            "uvloop/loop.pyx",
        ] {
            assert!(!is_users(path), "{path}");
        }
        for path in ["/srv/app/feeds.py", "main.py", "C:\\Bots\\lib\\feeds.py", "/home/python/app/x.py", "<stdin>", "/srv/asyncio/x.py"] {
            assert!(is_users(path), "{path}");
        }
    }

    #[test]
    fn exceptions_are_told_from_prose() {
        assert_eq!(exception("feeds.ParseError: feed 'x': y").unwrap().message.as_deref(), Some("feed 'x': y"));
        assert_eq!(exception("asyncio.exceptions.CancelledError").unwrap().kind, "asyncio.exceptions.CancelledError");
        assert!(exception("starting: 3 feeds").is_none());
        assert!(exception("INFO poller").is_none());
    }
}
