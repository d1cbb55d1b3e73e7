//! Places in a text, as the editor counts them.
//!
//! Lines count from 0; what is counted in a line, the two sides agree on at the start: bytes of UTF-8, units of
//! UTF-16, or characters. No position can be wrong: beyond the end of a line or of the text it is that end, and inside
//! of a character it is its start.

use std::borrow::Cow;

use lsp_types::{Position, PositionEncodingKind, Range};

/// What is counted in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

impl Encoding {
    /// The one to take of those that the editor offers. UTF-16 is what every editor knows; the others need no counting.
    pub(super) fn chosen(offered: Option<&[PositionEncodingKind]>) -> Self {
        let offers = |kind: &PositionEncodingKind| offered.is_some_and(|offered| offered.contains(kind));
        if offers(&PositionEncodingKind::UTF8) {
            Encoding::Utf8
        } else if offers(&PositionEncodingKind::UTF32) && !offers(&PositionEncodingKind::UTF16) {
            Encoding::Utf32
        } else {
            Encoding::Utf16
        }
    }

    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Encoding::Utf8 => character.len_utf8(),
            Encoding::Utf16 => character.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }

    /// The byte in `line` behind so many units.
    fn byte_in(self, line: &str, units: usize) -> usize {
        let mut seen = 0;
        for (at, character) in line.char_indices() {
            seen += self.width(character);
            if seen > units {
                return at;
            }
        }
        line.len()
    }

    fn units(self, text: &str) -> usize {
        match self {
            Encoding::Utf8 => text.len(),
            _ => text.chars().map(|character| self.width(character)).sum(),
        }
    }
}

/// The lines of a text.
pub(super) struct Lines<'t> {
    text: Cow<'t, str>,
    /// Where each begins.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: impl Into<Cow<'t, str>>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let is_end = |at: usize| bytes[at] == b'\n' || (bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes).filter(|at| is_end(*at));
        let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
        Lines { text, starts }
    }

    /// A line, counted from 0, without its end.
    fn line(&self, line: usize) -> &str {
        let Some(start) = self.starts.get(line) else { return "" };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    /// The byte that stands at a position.
    pub(super) fn offset(&self, position: Position, encoding: Encoding) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line) else { return self.text.len() };
        start + encoding.byte_in(self.line(line), position.character as usize)
    }

    /// The bytes between two positions, in whichever order they come.
    pub(super) fn offsets(&self, range: Range, encoding: Encoding) -> std::ops::Range<usize> {
        let (start, end) = (self.offset(range.start, encoding), self.offset(range.end, encoding));
        start.min(end)..start.max(end)
    }

    /// The line and the column in characters, both counted from 1, of a byte.
    pub(super) fn place_of_byte(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = self.text.get(self.starts[line]..offset).unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }

    /// All of the text.
    pub(super) fn whole(&self) -> Range {
        let end = Position { line: u32::try_from(self.starts.len()).unwrap_or(u32::MAX), character: 0 };
        Range { start: Position::default(), end }
    }

    /// A line, counted from 1, without its end.
    pub(super) fn text_of(&self, line: usize) -> &str {
        self.line(line.saturating_sub(1))
    }

    /// The line and the column in characters, both counted from 1, of a position.
    pub(super) fn place(&self, position: Position, encoding: Encoding) -> (usize, usize) {
        let line = (position.line as usize).min(self.starts.len() - 1);
        let text = self.line(line);
        let before = if position.line as usize > line { text } else { &text[..encoding.byte_in(text, position.character as usize)] };
        (line + 1, before.chars().count() + 1)
    }

    /// The position of a line and of a column in characters, both counted from 1.
    pub(super) fn position(&self, line: usize, column: usize, encoding: Encoding) -> Position {
        let line = line.saturating_sub(1);
        let text = self.line(line);
        let before = &text[..Encoding::Utf32.byte_in(text, column.saturating_sub(1))];
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Position { line: number(line), character: number(encoding.units(before)) }
    }

    /// The range of a stretch between two such places.
    pub(super) fn range(&self, start: (usize, usize), end: (usize, usize), encoding: Encoding) -> Range {
        Range { start: self.position(start.0, start.1, encoding), end: self.position(end.0, end.1, encoding) }
    }
}

#[cfg(test)]
mod tests {
    use lsp_types::{Position, PositionEncodingKind, Range};

    use super::{Encoding, Lines};

    const TEXT: &str = "a = \"😀é\"\r\nb\rc\n";

    #[test]
    fn every_position_is_somewhere() {
        let lines = Lines::new(TEXT);
        let at = |line, character, encoding| lines.offset(Position { line, character }, encoding);
        assert_eq!(at(0, 5, Encoding::Utf16), 5);
        assert_eq!(at(0, 6, Encoding::Utf16), 5, "inside of a pair");
        assert_eq!(at(0, 7, Encoding::Utf16), 9);
        assert_eq!(at(0, 8, Encoding::Utf16), 11);
        assert_eq!(at(0, 6, Encoding::Utf32), 9);
        assert_eq!(at(0, 10, Encoding::Utf8), 9, "inside of a character");
        assert_eq!(at(0, 99, Encoding::Utf16), 12, "the end of the line");
        assert_eq!(at(1, 0, Encoding::Utf16), 14);
        assert_eq!(at(2, 0, Encoding::Utf16), 16);
        assert_eq!(at(3, 0, Encoding::Utf16), TEXT.len());
        assert_eq!(at(9, 9, Encoding::Utf16), TEXT.len());
        let backwards = Range { start: Position { line: 2, character: 0 }, end: Position { line: 1, character: 1 } };
        assert_eq!(lines.offsets(backwards, Encoding::Utf8), 15..16);
    }

    #[test]
    fn places_are_counted_as_agreed() {
        let lines = Lines::new(TEXT);
        for (encoding, character) in [(Encoding::Utf8, 11), (Encoding::Utf16, 8), (Encoding::Utf32, 7)] {
            assert_eq!(lines.position(1, 8, encoding), Position { line: 0, character });
        }
        assert_eq!(lines.position(3, 2, Encoding::Utf16), Position { line: 2, character: 1 });
    }

    #[test]
    fn what_needs_no_counting_is_preferred() {
        let [utf8, utf16, utf32] = [PositionEncodingKind::UTF8, PositionEncodingKind::UTF16, PositionEncodingKind::UTF32];
        assert_eq!(Encoding::chosen(None), Encoding::Utf16);
        assert_eq!(Encoding::chosen(Some(&[utf16.clone(), utf8])), Encoding::Utf8);
        assert_eq!(Encoding::chosen(Some(std::slice::from_ref(&utf32))), Encoding::Utf32);
        assert_eq!(Encoding::chosen(Some(&[utf32, utf16])), Encoding::Utf16);
    }
}
