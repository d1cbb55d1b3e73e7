//! A record that is being put together.

use std::rc::Rc;

use super::class::{self, Class};
use super::fold::Fold;
use super::{Line, LookBack, Origin, joined};
use crate::lines::prefix::Prefix;
use crate::message::Message;
use crate::stamp::{self, Found, Stamp};
use crate::traceback::frame;

/// Lines at most that a record keeps.
const MOST_LINES: usize = 3000;
/// Bytes at most that a record keeps.
const MOST_BYTES: usize = 1 << 20;
/// Lines of others at most, one behind the other, that may stand in a record whose end was not seen.
const MOST_FOREIGN: u32 = 8;
/// Lines at most behind the exception, which may be its message or lead to the next exception of the chain.
const MOST_BEHIND: u32 = 40;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    No,
    /// It shows that the record has ended.
    Ends,
}

/// What a record was before its last line.
#[derive(Clone, Copy, Debug)]
struct Mark {
    phase: Phase,
    foreign: u32,
    behind: u32,
    bytes: usize,
    is_confirmed: bool,
    lines: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Details follow, or the traceback.
    Head,
    /// A repr goes on in the next line.
    Repr,
    /// The frames of where something was made.
    Created,
    Traceback,
    /// The exception was there.
    Done,
    /// It was said that another exception follows.
    Chain,
}

/// A record that is being put together.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) message: Message,
    /// The whole line of the message.
    pub(crate) head: String,
    /// The file of that line, and its number.
    pub(crate) file: Rc<str>,
    pub(crate) number: u64,
    pub(crate) origin: Rc<Origin>,
    /// The times before the message.
    pub(crate) stamps: Vec<Found>,
    /// What stands before the message, as a prefix.
    pub(crate) layout: Prefix,
    /// The lines behind it, without the prefix of the stream.
    pub(crate) lines: Vec<String>,
    /// What each of them is.
    pub(crate) classes: Vec<Class>,
    /// How often a daemon says that the line was repeated, and when.
    pub(crate) again: Option<(u64, Option<Stamp>)>,
    /// What came before, the nearest first, where that may tell something.
    pub(crate) before: Vec<String>,
    prefix: Option<Prefix>,
    /// Whether the prefix was seen in this record, and not only in others.
    is_proved: bool,
    phase: Phase,
    foreign: u32,
    behind: u32,
    bytes: usize,
    /// Whether something that must follow the message has followed.
    pub(crate) is_confirmed: bool,
    /// Whether the lines were joined into one.
    pub(crate) is_joined: bool,
    /// How the lines are wrapped, where a column of a console holds them.
    fold: Option<Fold<Mark>>,
}

impl Open {
    pub(crate) fn new(line: &Line, message: Message, before: &impl LookBack) -> Self {
        let head = &line.text[..message.start];
        let stamps = stamp::find_all(head);
        let layout = Prefix::with(head, &stamps);
        let bare = stamps.is_empty();
        // A column that is left blank was filled in far above.
        let is_column = head.starts_with("        ") && !head.trim().is_empty();
        // A test's log stands in a section, whose title says which.
        let is_test = head.contains("asyncio:") && head.contains(".py:");
        let is_warning = message.kind == crate::Kind::CoroutineNeverAwaited;
        let mut open = Self {
            head: line.text.clone(),
            file: Rc::clone(&line.file),
            number: line.number,
            origin: Rc::clone(&line.origin),
            again: None,
            stamps,
            layout,
            lines: Vec::new(),
            classes: Vec::new(),
            before: if bare || is_warning || is_test { before.lines(if is_column || is_test { 300 } else { 24 }) } else { Vec::new() },
            prefix: None,
            is_proved: false,
            phase: Phase::Head,
            foreign: 0,
            behind: 0,
            bytes: line.text.len(),
            is_confirmed: false,
            is_joined: false,
            fold: Fold::of(&line.text, &message),
            message,
        };
        if line.origin.is_item || head.starts_with("{'message': ") {
            open.prefix = Some(Prefix::of(""));
        }
        if let Some(lines) = joined::lines(&line.text[open.message.end..]) {
            open.is_joined = true;
            for text in lines.iter().skip_while(|text| text.trim().is_empty()) {
                let _ = open.accept(text.clone(), Class::of(text), true);
            }
        }
        open
    }

    /// The message was broken in this line, which shows the column.
    pub(crate) fn fold_as(&mut self, begun: &str) {
        self.fold = Fold::of(begun, &self.message);
    }

    /// The prefix that other records of this file have, and which this one has at least in its first line.
    pub(crate) fn assume(&mut self, prefix: Option<Prefix>) {
        self.prefix = self.prefix.take().or(prefix);
    }

    pub(crate) fn learned(&self) -> Option<&Prefix> {
        self.prefix.as_ref().filter(|_| self.is_proved)
    }

    /// Whether every line has a prefix that is more than layout.
    pub(crate) fn has_prefix(&self) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| !prefix.is_empty() && !prefix.is_layout())
    }

    /// Whether this text is a part of what stands before every line.
    pub(crate) fn prefix_has(&self, text: &str) -> bool {
        self.has_prefix() && self.prefix.as_ref().is_some_and(|prefix| prefix.identity().contains(text))
    }

    pub(crate) fn weight(&self) -> usize {
        self.prefix.as_ref().map_or(0, Prefix::weight)
    }

    /// Whether lines follow that are not of this record.
    pub(crate) fn is_followed(&self) -> bool {
        self.foreign > 0 || self.behind > 0
    }

    pub(crate) fn is_in_traceback(&self) -> bool {
        self.phase == Phase::Traceback
    }

    pub(crate) fn is_of_stream(&self, line: &Line) -> bool {
        self.origin.stream == line.origin.stream && self.origin.is_item == line.origin.is_item
    }

    /// Whether all that can follow has followed.
    pub(crate) fn is_complete(&self) -> bool {
        match self.phase {
            Phase::Done => true,
            Phase::Head => self.is_confirmed && !self.message.kind.has_traceback(),
            _ => false,
        }
    }

    /// The head before the message.
    pub(crate) fn prefix_text(&self) -> &str {
        &self.head[..self.message.start]
    }

    /// What stands behind the message in its line.
    pub(crate) fn rest(&self) -> &str {
        &self.head[self.message.end..]
    }

    /// The line without the prefix of this record's stream, if it has it.
    pub(crate) fn strip<'a>(&self, line: &'a Line) -> Option<&'a str> {
        self.prefix.as_ref()?.strip(&line.text)
    }

    /// Whether a message in a line with this head ends the record.
    pub(crate) fn ends_before(&self, line: &Line, head: &str) -> bool {
        if !self.is_of_stream(line) {
            return false;
        }
        match &self.prefix {
            Some(prefix) if !prefix.is_layout() => prefix.begins(head),
            _ => !self.has_prefix() && (self.prefix.is_some() || self.layout == Prefix::of(head)),
        }
    }

    /// Takes a line of the same stream, or does not.
    pub(crate) fn take(&mut self, line: &Line, class: Class) -> Taken {
        if self.is_joined && !self.message.kind.has_traceback() {
            return Taken::Ends;
        }
        if (!self.is_proved || self.prefix.is_none())
            && let Some(taken) = self.learn(line)
        {
            return taken;
        }
        // An exception without a traceback, right behind a head, is not prefixed where its formatter does not do so.
        if self.prefix.is_none() && self.is_just_begun() && frame::is_exception(&line.text) {
            self.prefix = Some(Prefix::of(""));
        }
        let Some(text) = self.strip(line) else { return self.pass() };
        let class = if text.len() == line.text.len() { class } else { Class::of(text) };
        let text = text.to_owned();
        let is_inner = !line.is_first || self.origin.is_item && self.origin.is_single;
        match self.fold.take() {
            Some(fold) => self.unfold(fold, text, class, is_inner),
            None => self.accept(text, class, is_inner),
        }
    }

    /// A line that goes on with the one before takes its place: what that one was for itself is undone.
    fn unfold(&mut self, mut fold: Fold<Mark>, text: String, class: Class, is_inner: bool) -> Taken {
        let whole = fold.go_on(&text, class);
        let taken = if let (Some(whole), Some(mark)) = (whole, fold.mark) {
            (self.phase, self.foreign, self.behind) = (mark.phase, mark.foreign, mark.behind);
            (self.bytes, self.is_confirmed) = (mark.bytes, mark.is_confirmed);
            self.lines.truncate(mark.lines);
            self.classes.truncate(mark.lines);
            let class = Class::of(&whole);
            self.accept(whole, class, is_inner)
        } else {
            fold.mark = Some(Mark {
                phase: self.phase,
                foreign: self.foreign,
                behind: self.behind,
                bytes: self.bytes,
                is_confirmed: self.is_confirmed,
                lines: self.lines.len(),
            });
            self.accept(text, class, is_inner)
        };
        self.fold = Some(fold);
        taken
    }

    /// The first line that must follow the message tells the prefix.
    fn learn(&mut self, line: &Line) -> Option<Taken> {
        let (at, is_detail) = class::anchor(&line.text)?;
        let before = &line.text[..at];
        let prefix = Prefix::of(before);
        let fits = prefix.is_empty() || prefix.is_layout() || prefix.begins(self.prefix_text());
        // A frame may have lost what stands before it, which is no prefix then.
        let is_begun = self.phase == Phase::Head || self.phase == Phase::Traceback && self.prefix.is_none();
        if !fits || !is_begun || !is_detail && !self.message.kind.has_traceback() && class::anchor(&line.text[at..]).is_none() {
            return None;
        }
        let text = line.text[at..].to_owned();
        let class = Class::of(&text);
        if class == Class::Frame && !prefix.is_empty() && !prefix.is_layout() {
            return None;
        }
        let old = (self.prefix.replace(prefix), self.is_proved);
        self.is_proved = true;
        let taken = self.accept(text, class, true);
        if taken != Taken::Yes {
            (self.prefix, self.is_proved) = old;
        }
        Some(taken)
    }

    fn pass(&mut self) -> Taken {
        self.foreign += 1;
        let most = if self.is_complete() { MOST_FOREIGN } else { 400 };
        if self.foreign > most { Taken::Ends } else { Taken::No }
    }

    /// `is_inner` where the line cannot begin a record of its own.
    fn accept(&mut self, text: String, class: Class, is_inner: bool) -> Taken {
        match self.judge(&text, class, is_inner) {
            Taken::Yes => {
                // However much others write in between, it has not ended where it goes on.
                self.foreign = 0;
                self.bytes += text.len();
                if self.lines.len() < MOST_LINES && self.bytes < MOST_BYTES {
                    self.lines.push(text);
                    self.classes.push(class);
                }
                Taken::Yes
            }
            Taken::No => {
                self.foreign += 1;
                if self.foreign > MOST_FOREIGN { Taken::Ends } else { Taken::No }
            }
            Taken::Ends => Taken::Ends,
        }
    }

    fn judge(&mut self, text: &str, class: Class, is_inner: bool) -> Taken {
        let has_traceback = self.message.kind.has_traceback();
        match (self.phase, class) {
            (Phase::Done, Class::Header | Class::Detail) => Taken::Ends,
            (Phase::Head | Phase::Repr | Phase::Created, Class::Detail) => {
                self.is_confirmed = true;
                self.phase = if is_balanced(text) { Phase::Head } else { Phase::Repr };
                Taken::Yes
            }
            (Phase::Head | Phase::Repr, Class::Created) => {
                self.is_confirmed = true;
                self.phase = Phase::Created;
                Taken::Yes
            }
            (_, Class::Header) if has_traceback || self.phase == Phase::Chain => {
                // Where others have written in between, it may be theirs.
                if self.foreign > 2 && !self.is_confirmed {
                    return Taken::Ends;
                }
                self.is_confirmed = true;
                self.phase = Phase::Traceback;
                Taken::Yes
            }
            (Phase::Created, Class::Frame | Class::Indented) | (Phase::Traceback, Class::Frame | Class::Indented | Class::Blank) => {
                Taken::Yes
            }
            // Some formatters have no header before the frames.
            (Phase::Head | Phase::Chain, Class::Frame) if has_traceback => {
                self.is_confirmed = true;
                self.phase = Phase::Traceback;
                Taken::Yes
            }
            (Phase::Repr, Class::Other | Class::Indented) => {
                if is_balanced_end(text) {
                    self.phase = Phase::Head;
                }
                Taken::Yes
            }
            (_, Class::Chain) if matches!(self.phase, Phase::Done | Phase::Traceback) => {
                self.phase = Phase::Chain;
                Taken::Yes
            }
            (Phase::Chain, Class::Blank | Class::Indented) => Taken::Yes,
            (_, Class::Start) if is_inner => self.other(text),
            (_, Class::Start) => {
                let may_go_on = !self.has_prefix() && !self.is_complete() && !self.origin.is_item && !self.is_joined;
                if may_go_on { Taken::No } else { Taken::Ends }
            }
            (Phase::Head, Class::Blank | Class::Indented) => {
                self.behind += 1;
                if self.behind > MOST_BEHIND { Taken::Ends } else { Taken::Yes }
            }
            (Phase::Done, _) => {
                self.behind += 1;
                if self.behind > MOST_BEHIND { Taken::Ends } else { Taken::Yes }
            }
            (_, Class::Other) => self.other(text),
            _ => Taken::No,
        }
    }

    fn other(&mut self, text: &str) -> Taken {
        let exception = frame::exception(text);
        match self.phase {
            Phase::Traceback => {
                if exception.is_some() {
                    self.phase = Phase::Done;
                }
                Taken::Yes
            }
            // An exception that was never raised has no traceback; only what the repr names is taken for it.
            Phase::Head if self.message.kind.has_traceback() && self.is_confirmed => match exception {
                Some(raised) if self.names(&raised.kind) => {
                    self.phase = Phase::Done;
                    Taken::Yes
                }
                _ => Taken::No,
            },
            // Behind a head that shows no repr.
            Phase::Head if self.message.kind.has_traceback() && self.is_just_begun() && frame::is_exception(text) => {
                self.is_confirmed = true;
                self.phase = Phase::Done;
                Taken::Yes
            }
            _ => Taken::No,
        }
    }

    /// Whether nothing has followed yet a message that a formatter has put behind a head.
    fn is_just_begun(&self) -> bool {
        (self.message.start > 0 || self.origin.is_item) && self.lines.is_empty() && self.foreign == 0 && self.behind == 0
    }

    /// Whether a repr above names an exception of this type.
    fn names(&self, kind: &str) -> bool {
        let last = kind.rsplit('.').next().unwrap_or(kind);
        self.lines.iter().any(|line| line.contains(&format!("exception={last}")) || line.contains(&format!("exception=<{last}")))
    }
}

/// Whether as many brackets close as open, leaving out arrows.
fn is_balanced(text: &str) -> bool {
    let opened = text.matches('<').count();
    let closed = text.matches('>').count() - text.matches("->").count().min(text.matches('>').count());
    let end = text.trim_end();
    opened <= closed || !text.contains('<') || end.ends_with(">>") || end.ends_with(")>")
}

fn is_balanced_end(text: &str) -> bool {
    let end = text.trim_end();
    end.ends_with('>') || end.ends_with("> [asyncio]") || end.contains("> [")
}
