//! From the bytes of a file to UTF-8 whose lines end with a line feed.

use std::borrow::Cow;

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

/// How a file is written, told by its first bytes.
pub(super) struct Coding {
    decoder: Option<Decoder>,
    /// Whether lines end with a carriage return alone.
    has_returns: bool,
    is_after_return: bool,
}

impl Coding {
    pub(super) fn of(start: &[u8]) -> Self {
        let text = wide(start).map_or(Cow::Borrowed(start), |mut decoder| Cow::Owned(decode(&mut decoder, start)));
        Self { decoder: wide(start), has_returns: has_returns(&text), is_after_return: false }
    }

    /// Whether the bytes are the text already.
    pub(super) fn is_plain(&self) -> bool {
        self.decoder.is_none() && !self.has_returns
    }

    /// The text of more bytes.
    pub(super) fn text<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut text = match &mut self.decoder {
            Some(decoder) => Cow::Owned(decode(decoder, bytes)),
            None => Cow::Borrowed(bytes),
        };
        if self.has_returns {
            let is_after = &mut self.is_after_return;
            text.to_mut().retain(|byte| {
                let is_second = *is_after && *byte == b'\n';
                *is_after = *byte == b'\r';
                !is_second
            });
            text.to_mut().iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        text
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8]) -> Vec<u8> {
    let mut text = vec![0; decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16)];
    let (_, _, written, _) = decoder.decode_to_utf8(bytes, &mut text, false);
    text.truncate(written);
    text
}

/// Whether carriage returns alone end the lines. One line feed may stand at the end of such a file.
fn has_returns(text: &[u8]) -> bool {
    let feeds = memchr::memchr_iter(b'\n', text).take(2).count();
    let returns = memchr::memchr_iter(b'\r', text).filter(|at| text.get(at + 1) != Some(&b'\n')).take(2).count();
    feeds <= 1 && returns >= 2
}

/// A decoder for text of two bytes a sign, told by its mark or by the zeros in it.
fn wide(start: &[u8]) -> Option<Decoder> {
    let zeros = |odd: usize| start.iter().skip(odd).step_by(2).take(400).filter(|byte| **byte == 0).count();
    let enough = start.len().min(800) / 2 / 10 * 7;
    match start {
        [0xff, 0xfe, ..] => Some(UTF_16LE.new_decoder_with_bom_removal()),
        [0xfe, 0xff, ..] => Some(UTF_16BE.new_decoder_with_bom_removal()),
        [_, 0, _, 0, ..] if zeros(1) > enough && zeros(0) == 0 => Some(UTF_16LE.new_decoder_without_bom_handling()),
        [0, _, 0, _, ..] if zeros(0) > enough && zeros(1) == 0 => Some(UTF_16BE.new_decoder_without_bom_handling()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Coding;

    #[test]
    fn lines_end_with_feeds() {
        for (bytes, expected) in [
            (b"a\rb\rc\r\n".to_vec(), "a\nb\nc\n"),
            (b"a\r\nb\r\n".to_vec(), "a\r\nb\r\n"),
            (b"10%\r20%\na\nb\n".to_vec(), "10%\r20%\na\nb\n"),
            ("a\rb\rc\r".encode_utf16().flat_map(u16::to_le_bytes).collect(), "a\nb\nc\n"),
        ] {
            for step in [1, 2, 100] {
                let mut coding = Coding::of(&bytes);
                let text: Vec<u8> = bytes.chunks(step).flat_map(|chunk| coding.text(chunk).into_owned()).collect();
                assert_eq!(String::from_utf8(text).unwrap(), expected);
            }
        }
    }
}
