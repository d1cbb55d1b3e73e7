//! Lines that have to be seen one by one: broken by a terminal, with the newest first, or with something around each.

use super::coat::Coat;
use super::sniff::Layout;
use crate::assembly::class::{self, Class};
use crate::event;

/// Bytes of one line at most.
const MOST_LINE: usize = 1 << 20;

/// Cuts a stream into lines, and puts together what a terminal has broken.
pub(crate) struct Odd {
    layout: Layout,
    rest: Vec<u8>,
    line: Vec<u8>,
    number: u64,
    begins: u64,
}

impl Odd {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, rest: Vec::new(), line: Vec::new(), number: 0, begins: 0 }
    }

    /// Takes more text, and gives the lines that it ends, with their numbers.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<(u64, Vec<u8>)>) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &rest[at..]) {
            self.line(&rest[at..at + length], out);
            at += length + 1;
        }
        self.rest = rest[at..].to_vec();
        if self.rest.len() > MOST_LINE {
            let rest = std::mem::take(&mut self.rest);
            self.line(&rest, out);
        }
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<(u64, Vec<u8>)>) {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            self.line(&rest, out);
        }
        if !self.line.is_empty() {
            out.push((self.begins, std::mem::take(&mut self.line)));
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<(u64, Vec<u8>)>) {
        self.number += 1;
        if self.layout.coat == Coat::None {
            self.whole(line, out);
            return;
        }
        for line in self.layout.coat.take_off(&crate::lines::text(line)) {
            self.whole(line.as_bytes(), out);
        }
    }

    /// Whether the next line is none of what was read last. A message may be the rest of a line, but not of one of its own.
    fn is_whole_before(&self, next: &str) -> bool {
        let is_no_head = |text: &str| event::has_message(text) || Class::of(text) == Class::Detail || class::is_sentence(text);
        class::begins(next) || event::begins_with_message(next) && is_no_head(&crate::lines::text(&self.line))
    }

    fn whole(&mut self, line: &[u8], out: &mut Vec<(u64, Vec<u8>)>) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A line that has just the width is whole, as the next one shows.
        if !self.line.is_empty() && self.is_whole_before(&crate::lines::text(line)) {
            out.push((self.begins, std::mem::take(&mut self.line)));
        }
        if self.line.is_empty() {
            self.begins = self.number;
        }
        self.line.extend_from_slice(line);
        let is_full = self.layout.width.is_some_and(|width| String::from_utf8_lossy(line).chars().count() >= width);
        if !is_full || self.line.len() > MOST_LINE {
            out.push((self.begins, std::mem::take(&mut self.line)));
        }
    }
}
