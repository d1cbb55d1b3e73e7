//! The journal's export format, and the verbose one: fields of an entry, one a line.

use serde_json::{Map, Value};

use crate::stamp;

/// Bytes of one field at most.
const MOST_FIELD: usize = 4 << 20;

/// What stands before the further lines of a message in the verbose format.
const BEHIND: &str = "            ";

fn is_name(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}

/// Cuts a stream of the journal into entries.
#[derive(Default)]
pub(crate) struct Journal {
    rest: Vec<u8>,
    entry: Map<String, Value>,
    begins: u64,
    line: u64,
}

impl Journal {
    /// Takes more text, and gives the entries that it ends, with the lines where they begin.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut Vec<(u64, Value)>) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &rest[at..]) {
            let line = &rest[at..at + length];
            // A name alone is followed by the length of a value in which there are line breaks.
            if is_name(line) {
                let Some(size) = rest.get(at + length + 1..at + length + 9) else { break };
                let size = size.iter().rev().fold(0_usize, |size, byte| (size << 8) | usize::from(*byte));
                let value = at + length + 9;
                if size > MOST_FIELD {
                    // No length: what looks like a name is a line of a broken file.
                    self.line += 1;
                    at += length + 1;
                    continue;
                }
                let Some(bytes) = rest.get(value..value + size).filter(|_| rest.len() > value + size) else { break };
                self.field(&String::from_utf8_lossy(line), bytes);
                self.line += 1 + memchr::memchr_iter(b'\n', bytes).count() as u64;
                at = value + size + 1;
                continue;
            }
            self.line(line, out);
            at += length + 1;
        }
        self.rest = rest[at..].to_vec();
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<(u64, Value)>) {
        let rest = std::mem::take(&mut self.rest);
        self.line(&rest, out);
        self.end(out);
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<(u64, Value)>) {
        self.line += 1;
        let text = crate::lines::text(line);
        let trimmed = text.trim();
        let is_header = text.ends_with(']') && text.contains(" [s=");
        if text.is_empty() || is_header {
            self.end(out);
        }
        if is_header {
            let micros = stamp::find_all(&text).first().map(|found| found.stamp.to_string());
            self.entry.extend(micros.map(|stamp| ("timestamp".to_owned(), Value::String(stamp))));
            self.begins = self.line;
        } else if let Some((name, value)) =
            trimmed.split_once('=').filter(|(name, _)| !text.starts_with(BEHIND) && is_name(name.as_bytes()))
        {
            if self.entry.is_empty() {
                self.begins = self.line;
            }
            self.field(name, value.as_bytes());
        } else if let Some(Value::String(message)) = self.entry.get_mut("MESSAGE").filter(|_| !text.is_empty()) {
            message.push('\n');
            message.push_str(text.strip_prefix(BEHIND).unwrap_or(&text));
        }
    }

    fn field(&mut self, name: &str, value: &[u8]) {
        let text: Vec<String> = value.split(|byte| *byte == b'\n').map(crate::lines::text).collect();
        self.entry.insert(name.to_owned(), Value::String(text.join("\n")));
    }

    fn end(&mut self, out: &mut Vec<(u64, Value)>) {
        let entry = std::mem::take(&mut self.entry);
        if entry.contains_key("MESSAGE") {
            out.push((self.begins, Value::Object(entry)));
        }
    }
}
