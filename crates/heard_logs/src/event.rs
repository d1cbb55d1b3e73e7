//! From a record to an event: what was lost, where it was defined, made and raised, and when.

pub(crate) mod puzzle;
pub(crate) mod quote;
pub(crate) mod repeat;
pub(crate) mod times;

use crate::assembly::class::Class;
use crate::assembly::open::Open;
use crate::kind::Kind;
use crate::repr::{self, Described, Place};
use crate::stamp::Stamp;
use crate::traceback::{self, Raised, Traceback, frame};

/// One record that was understood.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: Kind,
    pub(crate) rule: Option<String>,
    pub(crate) coroutine: Option<String>,
    pub(crate) defined_at: Option<Place>,
    pub(crate) exception: Option<Raised>,
    pub(crate) raised_at: Option<Place>,
    pub(crate) born_at: Option<Place>,
    /// What is not closed.
    pub(crate) what: Option<String>,
    pub(crate) count: u64,
    pub(crate) first: Option<Stamp>,
    pub(crate) last: Option<Stamp>,
    pub(crate) writers: Vec<String>,
    /// The line of the message, from 1.
    pub(crate) line: u64,
    pub(crate) text: String,
    /// Whether the record has all its parts.
    pub(crate) is_whole: bool,
}

/// Bytes at most of an example.
const MOST_EXAMPLE: usize = 16 << 10;

/// What a record was.
pub(crate) enum Reading {
    Event(Box<Event>),
    /// Somebody speaks of the message.
    Quote,
}

/// Whether a text has a message of the catalogue in it.
pub(crate) fn has_message(text: &str) -> bool {
    crate::message::find(text).is_some()
}

/// Whether a text begins with a message of the catalogue.
pub(crate) fn begins_with_message(text: &str) -> bool {
    crate::message::find(text).is_some_and(|found| found.start == 0)
}

/// Reads a record.
pub(crate) fn read(open: &Open) -> Reading {
    if quote::is_quoted(open) {
        return Reading::Quote;
    }
    let details = details(open);
    let created = created(open);
    let told = described(open, &details);
    let traceback = Some(traceback(open)).filter(|traceback| !is_of_cause(open, &told, traceback)).unwrap_or_else(cut);
    let kind = kind(open, &told);
    let message = &open.message;
    let subject = message.subject.as_deref();
    let coroutine = match kind {
        Kind::CoroutineNeverAwaited => subject.map(str::to_owned),
        Kind::AsyncgenFailed => {
            let text = format!("{} {}", open.head, details.join(" "));
            repr::generator_name(&text)
        }
        Kind::TaskFailed if !message.by_class && message.kind == Kind::TaskFailed => subject.map(str::to_owned),
        Kind::Unclosed | Kind::ProtocolFailed => None,
        _ => told.name.clone(),
    };
    let exception = exception(kind, &told, &traceback, open);
    let raised_at = match kind {
        Kind::CoroutineNeverAwaited => message.place.clone().or_else(|| raised_before(open)),
        _ if kind.has_traceback() => traceback.raised_at(),
        _ => None,
    };
    let born_at = created
        .as_deref()
        .and_then(traceback::innermost_of_user)
        .or_else(|| told.created_at.clone().filter(|place| frame::is_users(&place.path)));
    let times = times::of(open);
    Reading::Event(Box::new(Event {
        kind,
        rule: None,
        coroutine,
        defined_at: told.defined_at.clone(),
        is_whole: !traceback.is_cut && (exception.is_some() || !kind.has_traceback()),
        exception,
        raised_at,
        born_at,
        what: subject.filter(|_| kind == Kind::Unclosed).map(unclosed),
        count: times.count,
        first: times.first,
        last: times.last,
        writers: writers(open),
        line: open.number,
        text: example(open),
    }))
}

/// A session and its connector are the same thing that nobody closed.
fn unclosed(subject: &str) -> String {
    match subject {
        "connector" => "client session".to_owned(),
        "response" => "client response".to_owned(),
        other => other.to_owned(),
    }
}

fn kind(open: &Open, told: &Described) -> Kind {
    let named = open.message.kind;
    if !open.message.by_class {
        return named;
    }
    if told.has_coroutine {
        Kind::TaskFailed
    } else if told.class.contains("Gathering") {
        Kind::GatherFailed
    } else if told.class.is_empty() || told.class == "None" {
        named
    } else if told.class.contains("Task") {
        Kind::TaskFailed
    } else {
        Kind::FutureFailed
    }
}

/// The lines behind a message, with what each of them is.
fn classed(open: &Open) -> impl Iterator<Item = (&String, Class)> {
    open.lines.iter().zip(open.classes.iter().copied())
}

/// The lines `future: <…>` and so on, each with what a narrow console has broken off.
fn details(open: &Open) -> Vec<String> {
    let mut details: Vec<String> = Vec::new();
    let mut is_open = false;
    for (line, class) in classed(open) {
        match class {
            Class::Detail => {
                details.push(line.trim().to_owned());
                is_open = true;
            }
            Class::Other | Class::Indented if is_open && !line.contains('─') => {
                let Some(last) = details.last_mut() else { continue };
                if last.ends_with('>') && last.matches('<').count() <= last.matches('>').count() {
                    is_open = false;
                    continue;
                }
                // A padded line was broken at a blank, a full one anywhere.
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => is_open = false,
        }
    }
    details
}

/// What the repr says that describes best, in the details, in the line of the message or in a handler's dictionary.
fn described(open: &Open, details: &[String]) -> Described {
    let of = |names: &[&str]| {
        details.iter().find_map(|detail| {
            let (name, value) = detail.split_once(':')?;
            names.contains(&name).then(|| value.trim().to_owned())
        })
    };
    let entries = entries(open);
    let inline = |names: &[&str]| {
        names.iter().find_map(|name| {
            let found = entries.find(&format!("'{name}': "))?;
            Some(entries[found + name.len() + 4..].to_owned())
        })
    };
    // Handlers of the loop put the object behind the message: `… (<Task pending …>)`.
    let behind = || {
        let repr = open.rest().trim_start().strip_prefix('(').filter(|rest| rest.starts_with('<'))?;
        Some(repr.trim_end().trim_end_matches(')').to_owned())
    };
    match open.message.kind {
        Kind::CallbackRaised => {
            let source = of(&["handle"]).or_else(|| inline(&["handle"])).filter(|handle| handle != "<Handle cancelled>");
            let from_head = open.message.subject.as_deref().map(repr::describe_handle).unwrap_or_default();
            match source.map(|source| repr::describe_handle(&source)) {
                Some(told) if told.name.is_some() || from_head.name.is_none() => Described {
                    defined_at: told.defined_at.clone().or(from_head.defined_at),
                    created_at: told.created_at.clone().or(from_head.created_at),
                    ..told
                },
                _ => from_head,
            }
        }
        Kind::SlowCallback => {
            let subject = open.message.subject.as_deref().unwrap_or_default();
            if subject.contains("Handle ") { repr::describe_handle(subject) } else { repr::describe(subject) }
        }
        _ => {
            let source = of(&["future", "task"]).or_else(|| inline(&["future", "task"])).or_else(behind);
            source.map(|source| repr::describe(&source)).unwrap_or_default()
        }
    }
}

/// What stands beside the message in the dictionary that an exception handler was given. Where an entry is a line of its
/// own, they are in the order of their names, so some stand above.
fn entries(open: &Open) -> String {
    let mut entries = open.rest().to_owned();
    let is_alone = open.prefix_text().trim_start_matches([' ', '{']).starts_with("'message': ");
    if is_alone && !open.prefix_text().starts_with('{') {
        for line in &open.before {
            entries.push('\n');
            entries.push_str(line);
            if line.starts_with('{') {
                break;
            }
        }
    } else if is_alone {
        for line in open.lines.iter().take_while(|line| line.starts_with(" '")) {
            entries.push('\n');
            entries.push_str(line);
        }
    }
    entries
}

/// The frames of where it was made, in debug mode.
fn created(open: &Open) -> Option<Vec<Place>> {
    let start = open.classes.iter().position(|class| *class == Class::Created)?;
    let mut frames = Vec::new();
    for (line, class) in classed(open).skip(start + 1) {
        match frame::read(line, false) {
            frame::Frame::Whole(place) => frames.push(place),
            _ if class == Class::Indented => {}
            _ => break,
        }
    }
    Some(frames)
}

fn traceback(open: &Open) -> Traceback {
    let lines: Vec<&str> = open.lines.iter().map(String::as_str).collect();
    let first = |wanted: Class| open.classes.iter().position(|class| *class == wanted);
    let frame = || first(Class::Frame).filter(|frame| first(Class::Created).is_none_or(|created| created > *frame));
    let start = first(Class::Header).or_else(frame);
    start.map(|start| traceback::parse(&lines[start..])).unwrap_or_default()
}

/// Whether a record was cut behind the traceback of a cause, before that of the exception that its repr names.
fn is_of_cause(open: &Open, told: &Described, traceback: &Traceback) -> bool {
    let (Some((named, _)), Some(raised)) = (&told.exception, &traceback.exception) else { return false };
    let end = open.lines.iter().rev().map(|line| line.trim_end()).find(|line| !line.is_empty()).unwrap_or_default();
    let is_cut = ["...", "…", "truncated)", "truncated]", "[cut]"].iter().any(|mark| end.ends_with(mark)) || traceback::is_chain(end);
    is_cut && last(named) != last(&raised.kind)
}

fn cut() -> Traceback {
    Traceback { is_cut: true, ..Traceback::default() }
}

/// The exception of the traceback, else of the line behind the repr, else of the repr.
fn exception(kind: Kind, told: &Described, traceback: &Traceback, open: &Open) -> Option<Raised> {
    if !kind.has_traceback() {
        return None;
    }
    let from_repr = told.exception.clone().map(|(kind, message)| Raised { kind, message, exceptions: Vec::new() });
    let alone = || {
        let expected = &from_repr.as_ref()?.kind;
        let mut raised = classed(open).filter(|(_, class)| *class == Class::Other).filter_map(|(line, _)| frame::exception(line));
        raised.find(|raised| last(&raised.kind) == last(expected))
    };
    // Where escapes stand for the line breaks, those in the source of a frame cannot be told from them.
    let is_other = |raised: &Raised| open.is_joined && from_repr.as_ref().is_some_and(|told| last(&told.kind) != last(&raised.kind));
    let raised = traceback.exception.clone().filter(|raised| !is_other(raised) || alone().is_none());
    let first = || open.lines.first().filter(|line| frame::is_exception(line) && from_repr.is_none());
    raised
        .or_else(alone)
        .or_else(|| from_repr.clone())
        .or_else(|| first().and_then(|line| frame::exception(line)))
        .or_else(|| handler_exception(open))
}

fn last(kind: &str) -> &str {
    kind.rsplit('.').next().unwrap_or(kind)
}

/// `'exception': ValueError('x')` in the dictionary that an exception handler was given.
fn handler_exception(open: &Open) -> Option<Raised> {
    let entries = entries(open);
    let value = &entries[entries.find("'exception': ")? + 13..];
    let kind: String = value.chars().take_while(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '.')).collect();
    (!kind.is_empty() && kind != "None").then(|| Raised { kind, message: None, exceptions: Vec::new() })
}

/// Where a warning was raised as an exception, the frames stand before it.
fn raised_before(open: &Open) -> Option<Place> {
    // The line above is the source of a frame then, and no exception that ends another traceback.
    let above = open.before.first().map(|line| Class::of(line));
    if !matches!(above, Some(Class::Frame | Class::Indented)) {
        return None;
    }
    let frames: Vec<Place> = open
        .before
        .iter()
        .take_while(|line| !frame::is_header(line))
        .filter_map(|line| match frame::read(line, false) {
            frame::Frame::Whole(place) => Some(place),
            _ => None,
        })
        .collect();
    let is_traceback = open.before.iter().any(|line| frame::is_header(line)) && open.head.contains("RuntimeWarning: ");
    frames.into_iter().filter(|_| is_traceback).find(|place| frame::is_users(&place.path))
}

fn writers(open: &Open) -> Vec<String> {
    let mut writers = open.origin.writers.clone();
    writers.extend(times::processes(open.prefix_text()));
    writers.retain(|writer| !writer.is_empty());
    writers.sort();
    writers.dedup();
    writers
}

fn example(open: &Open) -> String {
    let mut text = open.head.clone();
    if !open.is_joined {
        let end = open.lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |at| at + 1);
        for line in &open.lines[..end] {
            text.push('\n');
            text.push_str(line);
        }
    }
    if text.len() > MOST_EXAMPLE {
        let mut end = MOST_EXAMPLE;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(" [cut]");
    }
    text
}
