//! The reader as its users meet it: logs in, incidents out.
//!
//! `records.rs` has what programs have written. `collectors.rs` packs it as collectors, hosted services and terminals
//! do, and the answer must stay the same; `parts.rs` cuts it into parts, `damage.rs` damages it, and `files.rs` packs it.

mod collectors;
mod damage;
mod files;
mod parts;
mod quotes;
mod records;

use heard_logs::{Partial, Report, Scanner, Window};

/// What is read of a text.
fn read(text: &[u8]) -> Partial {
    let mut scanner = Scanner::new("a.log", Window::default());
    scanner.feed(text);
    scanner.finish()
}

/// The incidents of a text in short: kind, coroutine, exception, the line where it was raised, and how often.
fn incidents(text: &[u8]) -> Vec<String> {
    let mut all: Vec<String> = Report::of(&read(text))
        .incidents
        .iter()
        .map(|entry| {
            let exception = entry.exception.as_ref().map_or("-", |raised| &raised.kind);
            let line = entry.raised_at.as_ref().map_or("-".to_owned(), |spot| spot.line.to_string());
            format!("{} {} {exception} {line} x{}", entry.kind, entry.coroutine.as_deref().unwrap_or("-"), entry.count)
        })
        .collect();
    all.sort();
    all
}
