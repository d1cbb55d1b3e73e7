//! The buffer in which lines are searched: most lines are never looked at one by one.

use std::ops::Range;

use crate::assembly::LookBack;
use crate::lines;
use crate::message;

/// Bytes that are read at once: what fits into the processor's cache is counted and searched there.
const BLOCK: usize = 256 << 10;
/// Bytes at least that are kept of what was searched already: a column that is left blank was filled in that far above.
const BACK: usize = 64 << 10;
/// A longer line is not kept as a whole.
const LONGEST: usize = 4 << 20;
/// What is kept of such a line around a message.
const AROUND: usize = 256 << 10;

/// The buffer.
#[derive(Default)]
pub(crate) struct Blocks {
    buffer: Vec<u8>,
    /// How much of the buffer is text.
    filled: usize,
    /// What comes next.
    cursor: usize,
    /// The number of the line at the cursor, from 0.
    number: u64,
    /// Up to where lines were counted.
    counted: usize,
    end: usize,
    reported: u64,
}

/// What stands in the buffer before a line.
pub(crate) struct Before<'a>(&'a [u8]);

impl LookBack for Before<'_> {
    fn lines(&self, most: usize) -> Vec<String> {
        let text = self.0.strip_suffix(b"\n").unwrap_or(self.0);
        text.rsplit(|byte| *byte == b'\n').take(most).map(lines::text).collect()
    }
}

impl Blocks {
    /// Room for more text, at the end of the buffer.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        // What is searched goes to the front, except for a little that is looked back at.
        let keep = self.cursor.saturating_sub(BACK);
        if keep > 0 {
            self.buffer.copy_within(keep..self.filled, 0);
            self.filled -= keep;
            self.cursor -= keep;
            self.counted -= keep;
        }
        if self.buffer.len() < self.filled + BLOCK {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        &mut self.buffer[self.filled..]
    }

    pub(crate) fn commit(&mut self, length: usize) {
        self.filled += length;
    }

    pub(crate) fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let length = space.len().min(bytes.len());
            space[..length].copy_from_slice(&bytes[..length]);
            self.commit(length);
            bytes = &bytes[length..];
        }
    }

    /// Another file begins: its lines are counted from 1.
    pub(crate) fn restart_lines(&mut self) {
        self.count_to(self.filled);
        self.reported = 0;
        self.number = 0;
    }

    /// Whole lines are searched; at the end of the stream the last one too, which may have no end.
    pub(crate) fn begin(&mut self, is_end: bool) {
        let fresh = &self.buffer[self.cursor..self.filled];
        self.end = memchr::memrchr(b'\n', fresh).map_or(self.cursor, |at| self.cursor + at + 1);
        if is_end {
            self.end = self.filled;
        }
        // A line that is too long is searched piece by piece.
        if self.end == self.cursor && self.filled - self.cursor > LONGEST {
            self.end = self.filled;
        }
    }

    /// The next line that is to be looked at: the next one at all, or the next with a part of a message.
    pub(crate) fn next(&mut self, any: bool) -> Option<(u64, Range<usize>)> {
        if self.cursor >= self.end {
            return None;
        }
        let mut start = self.cursor;
        let mut found = start;
        if !any {
            let text = &self.buffer[start..self.end];
            let Some(hit) = message::find_trigger(text) else {
                self.cursor = self.end;
                return None;
            };
            found = start + hit;
            start = memchr::memrchr(b'\n', &self.buffer[start..found]).map_or(start, |at| start + at + 1);
        }
        let length = memchr::memchr(b'\n', &self.buffer[found..self.end]);
        let mut end = length.map_or(self.end, |at| found + at);
        self.count_to(start);
        let number = self.number + 1;
        self.cursor = (end + 1).min(self.end);
        if end - start > LONGEST {
            start = start.max(found.saturating_sub(AROUND / 4));
            end = end.min(found + AROUND);
        }
        Some((number, start..end))
    }

    fn count_to(&mut self, to: usize) {
        if to > self.counted {
            self.number += memchr::memchr_iter(b'\n', &self.buffer[self.counted..to]).count() as u64;
            self.counted = to;
        }
    }

    /// The bytes of a line, and what stands before it.
    pub(crate) fn line(&self, range: &Range<usize>) -> (&[u8], Before<'_>) {
        (&self.buffer[range.clone()], Before(&self.buffer[..range.start]))
    }

    /// How many lines have ended since the last time.
    pub(crate) fn count_lines(&mut self) -> u64 {
        self.count_to(self.end.max(self.counted));
        let new = self.number - self.reported;
        self.reported = self.number;
        new
    }
}
