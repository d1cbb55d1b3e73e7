//! The text in which lines are searched: most lines are never looked at one by one.

use std::io::{self, Read};
use std::ops::Range;

use super::parts::Parts;
use crate::assembly::LookBack;
use crate::lines;
use crate::message;

/// Bytes that are read at once: what fits into the processor's cache is counted and searched there.
const BLOCK: usize = 256 << 10;
/// Room before the text of a block, for the beginning of the line that goes on in it.
const ROOM: usize = 16 << 10;
/// Text is read to places that begin a line of the processor's cache. The system copies it there from pages of memory,
/// and where it had to shift it by a few bytes, that took up to three times as long.
const ALIGN: usize = 64;
/// Less than this is put behind what is there, so that at least as much can be looked back at: a column that is left
/// blank was filled in that far above.
const BACK: usize = 64 << 10;
/// A longer line is not kept as a whole.
const LONGEST: usize = 4 << 20;
/// What is kept of such a line around a message.
const AROUND: usize = 256 << 10;

/// A piece of a stream, with room before it.
#[derive(Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    /// Where the text begins and ends.
    start: usize,
    end: usize,
    /// How many lines end in it and where the last one does, if that was counted.
    counted: Option<(u64, usize)>,
}

impl Block {
    /// Reads a piece of a source, in place of what was in the block; none at its end.
    pub(crate) fn read(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.clear();
        let length = loop {
            match source.read(&mut self.bytes[self.start..self.start + BLOCK]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += length;
        Ok(length)
    }

    /// Counts the lines, for which whoever reads ahead has time.
    pub(crate) fn count(&mut self) {
        let last = memchr::memrchr(b'\n', self.text()).map_or(self.start, |at| self.start + at + 1);
        self.counted = Some((count(self.text()), last));
    }

    fn clear(&mut self) {
        if self.bytes.len() < ROOM + ALIGN + BLOCK {
            self.bytes.resize(ROOM + ALIGN + BLOCK, 0);
        }
        self.start = ROOM + self.bytes[ROOM..].as_ptr().align_offset(ALIGN).min(ALIGN);
        (self.end, self.counted) = (self.start, None);
    }

    fn text(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn append(&mut self, text: &[u8]) {
        let end = self.end + text.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[self.end..end].copy_from_slice(text);
        (self.end, self.counted) = (end, None);
    }

    /// Puts the beginning of a line before the text, for which there must be room.
    fn prepend(&mut self, text: &[u8]) {
        let start = self.start - text.len();
        self.bytes[start..self.start].copy_from_slice(text);
        self.start = start;
    }
}

fn count(text: &[u8]) -> u64 {
    bytecount::count(text, b'\n') as u64
}

/// The block that is searched, and the one before it.
#[derive(Default)]
pub(crate) struct Blocks {
    block: Block,
    before: Block,
    /// What comes next.
    cursor: usize,
    /// The number of the line at the cursor, from 0.
    number: u64,
    /// Up to where lines were counted.
    counted: usize,
    /// Up to where there are whole lines.
    end: usize,
    reported: u64,
    parts: Parts,
}

/// What stands before a line: in its block, and in the one before.
pub(crate) struct Before<'a>(&'a [u8], &'a [u8]);

impl LookBack for Before<'_> {
    fn lines(&self, most: usize) -> Vec<String> {
        let texts = [self.0, self.1].into_iter().filter(|text| !text.is_empty());
        let lines = texts.flat_map(|text| text.strip_suffix(b"\n").unwrap_or(text).rsplit(|byte| *byte == b'\n'));
        lines.take(most).map(|line| lines::after_return(&lines::text(line)).into_owned()).collect()
    }
}

impl Blocks {
    /// Blocks of a file whose lines may be parts of others.
    pub(crate) fn with(parts: Parts) -> Self {
        Self { parts, ..Self::default() }
    }

    /// Goes on with a block, and gives back one that can be filled anew.
    pub(crate) fn take(&mut self, fresh: Block) -> Block {
        if fresh.text().len() < BACK || self.rest() > ROOM {
            self.extend(fresh.text());
            return fresh;
        }
        self.go_on(fresh)
    }

    /// Goes on with a text.
    pub(crate) fn extend(&mut self, text: &[u8]) {
        for text in text.chunks(BLOCK) {
            if self.rest() > ROOM || self.block.text().len() + text.len() <= BLOCK {
                if self.block.bytes.is_empty() {
                    self.block.clear();
                    (self.cursor, self.counted, self.end) = (self.block.start, self.block.start, self.block.start);
                }
                self.block.append(text);
            } else {
                let mut fresh = std::mem::take(&mut self.before);
                fresh.clear();
                fresh.append(text);
                self.go_on(fresh);
            }
        }
    }

    fn go_on(&mut self, mut fresh: Block) -> Block {
        self.count_to(self.cursor);
        fresh.prepend(&self.block.bytes[self.cursor..self.block.end]);
        self.block.end = self.cursor;
        (self.cursor, self.counted, self.end) = (fresh.start, fresh.start, fresh.start);
        std::mem::replace(&mut self.before, std::mem::replace(&mut self.block, fresh))
    }

    /// How much has been neither searched nor given up.
    fn rest(&self) -> usize {
        self.block.end - self.cursor
    }

    /// Another file begins: its lines are counted from 1.
    pub(crate) fn restart_lines(&mut self) {
        self.count_to(self.block.end);
        self.reported = 0;
        self.number = 0;
    }

    /// Whole lines are searched; at the end of the stream the last one too, which may have no end.
    pub(crate) fn begin(&mut self, is_end: bool) {
        let fresh = &self.block.bytes[self.cursor..self.block.end];
        self.end = memchr::memrchr(b'\n', fresh).map_or(self.cursor, |at| self.cursor + at + 1);
        if is_end {
            self.end = self.block.end;
        }
        // A line that is too long is searched piece by piece.
        if self.end == self.cursor && self.block.end - self.cursor > LONGEST {
            self.end = self.block.end;
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
            let text = &self.block.bytes[start..self.end];
            let hit = message::find_trigger(text);
            let Some(hit) = self.parts.find(&text[..hit.unwrap_or(text.len())]).or(hit) else {
                self.cursor = self.end;
                return None;
            };
            found = start + hit;
            start = memchr::memrchr(b'\n', &self.block.bytes[start..found]).map_or(start, |at| start + at + 1);
        }
        let length = memchr::memchr(b'\n', &self.block.bytes[found..self.end]);
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
            let whole = self.block.counted.filter(|(_, last)| self.counted == self.block.start && to >= *last);
            self.number += whole.map_or_else(|| count(&self.block.bytes[self.counted..to]), |(lines, _)| lines);
            self.counted = to;
        }
    }

    /// The bytes of a line, and what stands before it.
    pub(crate) fn line(&self, range: &Range<usize>) -> (&[u8], Before<'_>) {
        (&self.block.bytes[range.clone()], Before(&self.block.bytes[self.block.start..range.start], self.before.text()))
    }

    /// How many lines have ended since the last time.
    pub(crate) fn count_lines(&mut self) -> u64 {
        self.count_to(self.end.max(self.counted));
        let new = self.number - self.reported;
        self.reported = self.number;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::{BACK, BLOCK, Block, Blocks};
    use crate::assembly::LookBack as _;

    /// The lines that are looked at, with their numbers and what stands before them, and how many lines there are.
    fn found(text: &str, pieces: &[usize], counts: bool) -> (Vec<(u64, String, Vec<String>)>, u64) {
        let mut blocks = Blocks::default();
        let mut found = Vec::new();
        let mut rest = text.as_bytes();
        let mut lines = 0;
        for piece in pieces.iter().copied().chain(std::iter::repeat(usize::MAX)) {
            let (mut now, later) = rest.split_at(piece.min(rest.len()));
            rest = later;
            while !now.is_empty() {
                let mut block = Block::default();
                block.read(&mut now).unwrap();
                if counts {
                    block.count();
                }
                blocks.take(block);
                blocks.begin(rest.is_empty() && now.is_empty());
                while let Some((number, range)) = blocks.next(false) {
                    let (line, before) = blocks.line(&range);
                    found.push((number, String::from_utf8(line.to_vec()).unwrap(), before.lines(2)));
                }
                lines += blocks.count_lines();
            }
            if rest.is_empty() {
                return (found, lines);
            }
        }
        unreachable!()
    }

    #[test]
    fn lines_are_found_wherever_the_text_is_cut() {
        let filler = |count: usize| (0..count).map(|at| format!("line {at} of a service that is well\n")).collect::<Vec<_>>().concat();
        let text = format!("{}a was never awaited\n{}b was never awaited", filler(20_000), filler(9_000));
        let expected = [
            (20_001, "a was never awaited", ["line 19999 of a service that is well", "line 19998 of a service that is well"]),
            (29_002, "b was never awaited", ["line 8999 of a service that is well", "line 8998 of a service that is well"]),
        ];
        let expected: Vec<(u64, String, Vec<String>)> =
            expected.map(|(number, line, before)| (number, line.to_owned(), before.map(str::to_owned).to_vec())).to_vec();
        let at = text.find("a was").unwrap();
        for pieces in [&[][..], &[at + 7, 3, BACK, 5], &[BLOCK, at - BLOCK + 1], &[1, 1, 1, BACK - 1, BLOCK + 1], &[at, 10, 10]] {
            for counts in [false, true] {
                assert_eq!(found(&text, pieces, counts), (expected.clone(), 29_001), "{pieces:?}");
            }
        }
    }
}
