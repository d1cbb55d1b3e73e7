//! An object of JSON over several lines, behind what a logger puts before the first of them or a collector before each.

use memchr::memmem;
use serde_json::Value;

use super::unwrap;
use crate::assembly::LookBack;
use crate::container::{Item, fields};
use crate::lines::{self, prefix::Prefix};
use crate::message;

/// Lines at most above and below the message.
const MOST: usize = 400;

pattern!(MEMBER, r#"^(?P<head>[^{"]*?)(?P<indent>[ \t]+)"[^"]{1,80}": ?["\[]"#);

/// Such an object, up to the line that was read last.
pub(super) struct Spread {
    /// What stands before every line.
    prefix: Prefix,
    /// What stands before the object.
    head: String,
    /// How far its members are indented.
    indent: usize,
    text: String,
    /// The lines from that of the message on.
    lines: Vec<String>,
}

/// What a line is to an object.
pub(super) enum Step {
    Other,
    Taken,
    Whole(Vec<Item>),
    /// The object goes on no more, and these lines were none of it.
    Lost(Vec<String>),
}

impl Spread {
    /// An object of which a message stands in this line, where the lines above are its beginning.
    pub(super) fn begin(line: &[u8], before: &impl LookBack) -> Option<Self> {
        memmem::find(line, b"\": ").and_then(|_| message::find_trigger(line))?;
        let line = lines::text(line);
        let found = MEMBER.as_ref()?.captures(&line)?;
        let prefix = Prefix::of(&found["head"]);
        let mut indent = found["indent"].len();
        let mut members = vec![line[found["head"].len()..].to_owned()];
        for above in before.lines(MOST) {
            let Some(text) = prefix.strip(&above) else { continue };
            let inside = text.trim();
            let own = text.len() - text.trim_start().len();
            let is_outer = own < indent;
            if is_outer && inside.ends_with('{') && !inside.starts_with('"') {
                let head = format!("{}{}", &above[..above.len() - text.len()], text.trim_end().trim_end_matches('{'));
                members.reverse();
                return Some(Self { prefix, head, indent, text: format!("{{\n{}", members.join("\n")), lines: vec![line] });
            }
            if is_outer && !(inside.starts_with('"') && inside.ends_with(['{', '['])) {
                return None;
            }
            indent = indent.min(own);
            members.push(text.to_owned());
        }
        None
    }

    /// Takes the next line.
    pub(super) fn go_on(&mut self, line: &[u8]) -> Step {
        let line = lines::text(line);
        let Some(text) = self.prefix.strip(&line) else { return Step::Other };
        let is_end = text.len() - text.trim_start().len() < self.indent;
        let goes_on = self.lines.len() < MOST && (!is_end || text.trim_start().starts_with('}'));
        self.text.push('\n');
        self.text.push_str(if is_end { "}" } else { text });
        self.lines.push(line);
        if !goes_on {
            return self.lose();
        }
        if !is_end {
            return Step::Taken;
        }
        match serde_json::from_str::<Value>(&self.text) {
            Ok(value) => Step::Whole(fields::items(&value, &unwrap::outer(&self.head))),
            Err(_) => self.lose(),
        }
    }

    /// The lines that were waiting for the end.
    pub(super) fn rest(self) -> Vec<String> {
        self.lines
    }

    fn lose(&mut self) -> Step {
        Step::Lost(std::mem::take(&mut self.lines))
    }
}
