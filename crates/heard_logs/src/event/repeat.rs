//! One record that is shown twice: pytest prints a test's log when it is written, and again when the test has failed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::assembly::open::Open;

// How pytest writes the logger and the place.
pattern!(PYTEST, r"\basyncio:\w+\.py:\d+ $");
/// Records at most that are remembered.
const MOST: usize = 20_000;

/// What was shown, and in which sections.
#[derive(Default)]
pub(crate) struct Repeats {
    seen: HashMap<u64, HashMap<String, u64>>,
}

impl Repeats {
    /// Whether the record was shown in another section already, as often as in this one.
    pub(crate) fn is_repeat(&mut self, open: &Open) -> bool {
        let head = open.prefix_text();
        if !PYTEST.as_ref().is_some_and(|pytest| pytest.is_match(head)) || self.seen.len() >= MOST {
            return false;
        }
        let mut hash = DefaultHasher::new();
        open.head[open.message.start..].hash(&mut hash);
        let end = open.lines.iter().position(|line| line.trim().is_empty() || line.starts_with("---")).unwrap_or(open.lines.len());
        open.lines[..end.min(3)].hash(&mut hash);
        let layouts = self.seen.entry(hash.finish()).or_default();
        let section = open.before.iter().find(|line| line.contains("- Captured log ") || line.contains("- live log "));
        let layout = match section {
            Some(line) if line.contains("- Captured log ") => "captured".to_owned(),
            Some(_) => "live".to_owned(),
            None => open.layout.identity(),
        };
        let elsewhere = layouts.iter().filter(|(other, _)| **other != layout).map(|(_, count)| *count).max().unwrap_or(0);
        let here = layouts.entry(layout).or_default();
        *here += 1;
        *here <= elsewhere
    }
}
