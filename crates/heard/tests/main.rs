//! The program as its users meet it: command lines and trees of files, in; what is printed and the
//! exit code, out.
//!
//! Scenarios are Markdown files in `cli`; see `scenario.rs` for how they are written. What Markdown
//! cannot say (signals, odd file names, enormous files) is in the other modules.

mod adverse;
mod cached;
mod changes;
mod editor;
mod enormous;
mod follow;
mod formats;
mod moving;
mod recorded;
mod scenario;
mod schema;
mod shells;
mod tree;
mod watching;
