//! A list in a JSON document, with one item a line.

use std::fmt;
use std::io;

use serde::Serialize;

/// Items that are written already.
#[derive(Default)]
pub(super) struct Items(Vec<String>);

impl Items {
    pub(super) fn add(&mut self, item: &impl Serialize) -> io::Result<()> {
        self.0.push(serde_json::to_string(item)?);
        Ok(())
    }
}

impl fmt::Display for Items {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("[]");
        }
        write!(formatter, "[\n{}\n]", self.0.join(",\n"))
    }
}
