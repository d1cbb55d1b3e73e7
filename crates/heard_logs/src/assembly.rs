//! Records of several lines put together, although collectors put prefixes before every line and streams are mixed.
//!
//! A record begins with a message of the catalogue. The lines that must follow it (`future: <…>`, a traceback) are
//! known, so the first of them tells what stands before every line of its stream: no format has to be configured.

pub(crate) mod class;
mod fold;
pub(crate) mod joined;
pub(crate) mod open;

use std::rc::Rc;

use self::class::Class;
use self::open::{Open, Taken};
use crate::lines::prefix::Prefix;
use crate::message::{self, Message};
use crate::stamp::{self, Stamp};

/// What a container says of a line: an object of JSON, an entry of the journal, a row of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The stream that it belongs to; empty for plain text.
    pub(crate) stream: String,
    pub(crate) stamp: Option<Stamp>,
    /// The level and the logger, where they are fields.
    pub(crate) level: Option<String>,
    pub(crate) logger: Option<String>,
    /// Whether it is a field of something else than a record of a log: a chat, an issue.
    pub(crate) is_quote: bool,
    /// Process, host, pod: whatever tells who wrote it.
    pub(crate) writers: Vec<String>,
    /// How often it has happened and when first, for those who count.
    pub(crate) count: Option<u64>,
    pub(crate) first: Option<Stamp>,
    /// Whether the text comes from a container at all.
    pub(crate) is_item: bool,
    /// Whether the item has one line only, so that a record may be spread over several.
    pub(crate) is_single: bool,
}

/// A line of text on its way into a record.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) file: Rc<str>,
    pub(crate) text: String,
    pub(crate) number: u64,
    pub(crate) origin: Rc<Origin>,
    /// Whether a record may begin here: not in the middle of an item.
    pub(crate) is_first: bool,
}

/// What came before a line, for what is told there only.
pub(crate) trait LookBack {
    /// The last lines before, the nearest first.
    fn lines(&self, most: usize) -> Vec<String>;
}

/// Nothing came before.
pub(crate) struct Nothing;

impl LookBack for Nothing {
    fn lines(&self, _: usize) -> Vec<String> {
        Vec::new()
    }
}

/// Records at most that are open at the same time.
const MOST_OPEN: usize = 64;
/// Prefixes at most that are remembered.
const MOST_PREFIXES: usize = 64;

// What a daemon of syslog writes instead of a line that is the same as the last one.
pattern!(REPEATED, r"\b(?:last|previous|above) message (?:was )?repeated (?P<count>\d{1,9}) times?\b");

/// Puts lines together to records.
#[derive(Default)]
pub(crate) struct Assembler {
    open: Vec<Open>,
    /// Prefixes that whole streams have, learned from records.
    prefixes: Vec<Prefix>,
    /// A line at whose end a message is broken, and what came before it.
    broken: Option<(Line, Kept)>,
}

/// The lines before a line, kept for when it is looked at.
struct Kept(Vec<String>);

impl LookBack for Kept {
    fn lines(&self, most: usize) -> Vec<String> {
        self.0.iter().take(most).cloned().collect()
    }
}

impl Assembler {
    /// Whether the next lines may belong to a record.
    pub(crate) fn is_hungry(&self) -> bool {
        !self.open.is_empty() || self.broken.is_some()
    }

    /// Takes the next line, and gives the records that it ends. Whether the line belongs to a record.
    pub(crate) fn line(&mut self, line: &Line, before: &impl LookBack, done: &mut Vec<Open>) -> bool {
        if let Some((begun, kept)) = self.broken.take() {
            let start = message::broken(&begun.text).unwrap_or(&begun.text);
            // Before a column that is left blank may stand what a collector puts before each line.
            let rest = line.text.trim();
            let rests = [rest, rest.rsplit_once("        ").map_or(rest, |(_, rest)| rest.trim_start())];
            let whole = rests.iter().map(|rest| format!("{start} {rest}")).find_map(|text| Some((message::find(&text)?, text)));
            if let Some((found, text)) = whole {
                self.whole(&Line { text, ..begun.clone() }, Some(found), &kept, done);
                if let Some(open) = self.open.last_mut() {
                    open.fold_as(&begun.text);
                }
                return true;
            }
            self.whole(&begun, None, &kept, done);
        }
        let found = message::find(&line.text);
        if found.is_none() && message::broken(&line.text).is_some() {
            self.broken = Some((line.clone(), Kept(before.lines(300))));
            return true;
        }
        self.whole(line, found, before, done)
    }

    /// Takes a line, and the message that was found in it.
    fn whole(&mut self, line: &Line, found: Option<Message>, before: &impl LookBack, done: &mut Vec<Open>) -> bool {
        if found.is_none() && self.is_again(line) {
            return true;
        }
        let found = found.filter(|found| !class::is_no_record(&line.text, found));
        match found.filter(|found| !self.is_inside(line, found)) {
            Some(found) => {
                self.begin(line, found, before, done);
                true
            }
            None => self.go_on(line, done),
        }
    }

    /// Whether the line says how often the one before it was repeated, which is a record of one line.
    fn is_again(&mut self, line: &Line) -> bool {
        let is_near = line.text.contains("repeated ");
        let Some(found) = REPEATED.as_ref().filter(|_| is_near).and_then(|repeated| repeated.captures(&line.text)) else { return false };
        let is_last = |open: &&mut Open| open.number + 1 == line.number && open.file == line.file && open.is_of_stream(line);
        let Some(open) = self.open.last_mut().filter(is_last) else { return false };
        let stamp = stamp::find_all(&line.text).into_iter().next().map(|found| found.stamp);
        open.again = found["count"].parse().ok().map(|count| (count, stamp));
        true
    }

    /// The lines that follow were left out: whatever is open has ended.
    pub(crate) fn gap(&mut self, done: &mut Vec<Open>) {
        if let Some((line, kept)) = self.broken.take() {
            self.whole(&line, None, &kept, done);
        }
        for open in self.open.drain(..) {
            learn(&mut self.prefixes, &open);
            done.push(open);
        }
    }

    /// Whether the message is a part of the traceback of a record that is open, as where a warning is raised.
    fn is_inside(&self, line: &Line, found: &Message) -> bool {
        let inner = |open: &&Open| open.is_in_traceback() && open.strip(line).is_some_and(|text| text.starts_with([' ', '│', '|']));
        // A column of numbers is filled up with blanks, and then the next record begins with them.
        let head = words(&line.text[..found.start]);
        let is_head = |open: &Open| !head.is_empty() && words(open.prefix_text()) == head;
        found.place.is_none() && self.open.iter().any(|open| inner(&open) && !is_head(open))
    }

    fn begin(&mut self, line: &Line, found: Message, before: &impl LookBack, done: &mut Vec<Open>) {
        let head = &line.text[..found.start];
        let ended: Vec<usize> = (0..self.open.len()).filter(|at| self.open[*at].ends_before(line, head)).collect();
        for at in ended.into_iter().rev() {
            self.close(at, done);
        }
        let mut open = Open::new(line, found, before);
        // The longest of the known prefixes that this line has too.
        let known = self.prefixes.iter().filter(|prefix| line.origin.stream.is_empty() && prefix.begins(head));
        open.assume(known.max_by_key(|prefix| prefix.weight()).cloned());
        self.open.push(open);
        if self.open.len() > MOST_OPEN {
            self.close(0, done);
        }
    }

    fn go_on(&mut self, line: &Line, done: &mut Vec<Open>) -> bool {
        // The one whose prefix is longest, and of those the one that was opened last.
        let mut order: Vec<usize> = (0..self.open.len()).filter(|at| self.open[*at].is_of_stream(line)).collect();
        order.sort_by_key(|at| std::cmp::Reverse((self.open[*at].weight(), *at)));
        let class = Class::of(&line.text);
        let mut ended = Vec::new();
        let mut is_taken = false;
        for at in order {
            match self.open[at].take(line, class) {
                Taken::Yes => {
                    is_taken = true;
                    break;
                }
                Taken::No => {}
                Taken::Ends => ended.push(at),
            }
        }
        ended.sort_unstable();
        for at in ended.into_iter().rev() {
            self.close(at, done);
        }
        is_taken
    }

    fn close(&mut self, at: usize, done: &mut Vec<Open>) {
        let open = self.open.remove(at);
        learn(&mut self.prefixes, &open);
        done.push(open);
    }
}

/// A head without its blanks and numbers.
fn words(head: &str) -> String {
    head.chars().filter(|sign| !sign.is_ascii_digit() && !sign.is_whitespace()).collect()
}

fn learn(prefixes: &mut Vec<Prefix>, open: &Open) {
    let Some(prefix) = open.learned().filter(|prefix| !prefix.is_empty() && !prefix.is_layout()) else { return };
    if !prefixes.contains(prefix) && prefixes.len() < MOST_PREFIXES {
        prefixes.push(prefix.clone());
    }
}
