//! Values of JSON that are spread over many lines, or many in one line: an export as one array, objects one after the
//! other. Read value by value, however large the whole is.

use serde_json::Value;

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
}

impl Document {
    /// Takes more text, and gives the values that it ends, with the lines where they begin.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<(u64, Value)>) {
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
        if self.depth > self.level && !self.skips {
            self.value.extend_from_slice(&bytes[from.min(bytes.len())..]);
            if self.value.len() > MOST_VALUE {
                self.open_up(out);
            }
        }
    }

    fn end(&mut self, out: &mut Vec<(u64, Value)>) {
        if !self.skips
            && let Ok(value) = serde_json::from_slice(&self.value)
        {
            out.push((self.begins, value));
        }
        self.skips = false;
        self.value.clear();
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
            return;
        };
        let line = self.begins.saturating_sub(1) + memchr::memchr_iter(b'\n', &value[..start]).count() as u64;
        *self = Self { line, ..Self::default() };
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
        }
    }
}
