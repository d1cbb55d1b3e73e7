//! Values of JSON that are spread over many lines, or many in one line: an export as one array, objects one after the
//! other. Read value by value, however large the whole is; what stands between values are lines of text.

use serde_json::Value;

use super::arrows;
use crate::message;

/// Bytes of one value at most; of a larger one the elements of the array in it are read.
const MOST_VALUE: usize = 8 << 20;

/// Cuts a stream of JSON into values.
#[derive(Default)]
pub(crate) struct Document {
    value: Vec<u8>,
    depth: usize,
    /// The depth at which values are cut out: 1 inside of a top-level array.
    level: usize,
    in_string: bool,
    is_escaped: bool,
    /// The line where the value begins.
    begins: u64,
    line: u64,
    /// Whether the value is too large and is left out.
    skips: bool,
    /// The line that stands between values, as far as it was read.
    between: Vec<u8>,
    /// A bracket at the end of what was read: what follows tells whether a value begins there.
    held: Vec<u8>,
    /// What of values that are damaged, cut off or too large may be a message, and the line where each begins.
    damaged: Vec<(u64, String)>,
}

/// Damaged values at most that are kept at once.
const MOST_DAMAGED: usize = 1000;
/// Bytes of a line between values at most.
const MOST_LINE: usize = 1 << 20;

impl Document {
    /// Takes more text, and gives the values that it ends, with the lines where they begin.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<(u64, Value)>) {
        let joined = [std::mem::take(&mut self.held).as_slice(), bytes].concat();
        let bytes = joined.as_slice();
        let mut from = 0;
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if self.in_string {
                let end = if self.is_escaped { Some(0) } else { memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) };
                let Some(skip) = end else { break };
                at += skip;
                match bytes[at] {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => self.line += 1,
                }
                at += 1;
                continue;
            }
            if self.depth == 0 && matches!(byte, b'{' | b'[') && bytes[at + 1..].iter().all(u8::is_ascii_whitespace) {
                self.held = bytes[at..].to_vec();
                return;
            }
            if self.depth == 0 && !self.begins_here(&bytes[at..]) {
                self.text(byte, out);
                from = at + 1;
                at += 1;
                continue;
            }
            match byte {
                b'\n' => self.line += 1,
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    if self.depth == 0 && byte == b'[' {
                        self.level = 1;
                    }
                    if self.depth == self.level && (byte == b'{' || self.level == 1) {
                        self.value.clear();
                        self.skips = false;
                        self.begins = self.line + 1;
                        from = at;
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == self.level && (self.level == 0 || byte == b'}' || byte == b']') {
                        self.value.extend_from_slice(&bytes[from..=at]);
                        from = at + 1;
                        self.end(out);
                    } else if self.depth < self.level {
                        self.level = 0;
                        self.value.clear();
                        from = at + 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if self.skips {
            self.damage(&bytes[from.min(bytes.len())..]);
        } else if self.depth > self.level {
            self.value.extend_from_slice(&bytes[from.min(bytes.len())..]);
            if self.value.len() > MOST_VALUE {
                self.open_up(out);
            }
        }
    }

    /// Whether a value begins here, which a program's own lines do not: `[2025-03-11] {x}`.
    fn begins_here(&self, bytes: &[u8]) -> bool {
        // Both may look at much, and are asked of few signs.
        let next = || bytes[1..].iter().find(|byte| !byte.is_ascii_whitespace());
        let is_first = || self.between.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b',');
        match bytes[0] {
            b'{' => is_first() || next() == Some(&b'"'),
            b'[' => is_first() && matches!(next(), Some(b'{' | b'[' | b'"' | b']')),
            _ => false,
        }
    }

    /// Takes a sign of a line that stands between values.
    fn text(&mut self, byte: u8, out: &mut Vec<(u64, Value)>) {
        if byte != b'\n' {
            if self.between.len() < MOST_LINE {
                self.between.push(byte);
            }
            return;
        }
        self.line += 1;
        self.end_of_text(out);
    }

    /// Gives the line that stands between values, if there is more in it than what parts them.
    fn end_of_text(&mut self, out: &mut Vec<(u64, Value)>) {
        let text = std::mem::take(&mut self.between);
        if text.iter().any(u8::is_ascii_alphanumeric) {
            out.push((self.line, Value::String(crate::lines::text(&text))));
        }
    }

    fn end(&mut self, out: &mut Vec<(u64, Value)>) {
        let value = std::mem::take(&mut self.value);
        if !self.skips {
            match serde_json::from_slice(&value).ok().or_else(|| arrows::parse(&String::from_utf8_lossy(&value))) {
                Some(value) => out.push((self.begins, value)),
                None => self.damage(&value),
            }
        }
        self.skips = false;
    }

    /// The stream has ended, perhaps in the middle of a value.
    pub(crate) fn finish(&mut self, out: &mut Vec<(u64, Value)>) {
        self.end_of_text(out);
        let value = std::mem::take(&mut self.value);
        self.damage(&value);
    }

    /// Keeps what stands around each message in a value that cannot be read.
    fn damage(&mut self, value: &[u8]) {
        let mut from = 0;
        while let Some(at) = message::find_trigger(&value[from..]).map(|at| from + at).filter(|_| self.damaged.len() < MOST_DAMAGED) {
            let start = memchr::memrchr(b'\n', &value[from..at]).map_or(from, |found| from + found + 1).max(at.saturating_sub(200));
            let end = memchr::memchr(b'\n', &value[at..]).map_or(value.len(), |found| at + found).min(at + 800);
            let text = crate::lines::text(&value[start..end]);
            if message::find(&text).is_some() {
                let line = self.begins + memchr::memchr_iter(b'\n', &value[..at]).count() as u64;
                self.damaged.push((line, text));
            }
            from = end;
        }
    }

    /// What could not be read since the last time.
    pub(crate) fn take_damaged(&mut self) -> Vec<(u64, String)> {
        std::mem::take(&mut self.damaged)
    }

    /// The value is too large: goes on with the elements of the first array of objects in it.
    fn open_up(&mut self, out: &mut Vec<(u64, Value)>) {
        let value = std::mem::take(&mut self.value);
        let start = memchr::memchr_iter(b'[', &value).find(|at| {
            let next = value[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
            matches!(next, Some(b'{' | b'['))
        });
        let Some(start) = start.filter(|_| self.level == 0) else {
            self.skips = true;
            self.damage(&value);
            return;
        };
        let line = self.begins.saturating_sub(1) + memchr::memchr_iter(b'\n', &value[..start]).count() as u64;
        *self = Self { line, damaged: std::mem::take(&mut self.damaged), ..Self::default() };
        self.feed(&value[start..], out);
    }
}

#[cfg(test)]
mod tests {
    use super::Document;

    fn values(text: &str, step: usize) -> Vec<String> {
        let mut document = Document::default();
        let mut out = Vec::new();
        for chunk in text.as_bytes().chunks(step) {
            document.feed(chunk, &mut out);
        }
        out.into_iter().map(|(line, value)| format!("{line} {value}")).collect()
    }

    #[test]
    fn values_are_cut_out_wherever_the_text_is_cut() {
        for step in [1, 3, 1000] {
            assert_eq!(values("[\n {\"a\": \"}\\\"\"},\n {\"b\": [1]}\n]", step), ["2 {\"a\":\"}\\\"\"}", "3 {\"b\":[1]}"]);
            assert_eq!(values("{\n\"a\": [1, 2]}\n{\"b\": {}}\n", step), ["1 {\"a\":[1,2]}", "3 {\"b\":{}}"]);
            assert_eq!(values("[[1, \"x\"], [2, \"y\"]]", step), ["1 [1,\"x\"]", "1 [2,\"y\"]"]);
            assert_eq!(
                values("{\n\"a\": 1}\n[09:15] it's \"x {y}\n  z\n{\"b\": 2}\n", step),
                ["1 {\"a\":1}", "3 \"[09:15] it's \\\"x {y}\"", "4 \"  z\"", "5 {\"b\":2}"]
            );
        }
    }
}
