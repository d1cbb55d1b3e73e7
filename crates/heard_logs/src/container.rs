//! What collectors pack lines into: objects of JSON, entries of the journal, rows of tables.

pub(crate) mod arrows;
pub(crate) mod coat;
pub(crate) mod document;
pub(crate) mod drawn;
pub(crate) mod exceptions;
pub(crate) mod fields;
pub(crate) mod journal;
pub(crate) mod literal;
pub(crate) mod odd;
pub(crate) mod order;
pub(crate) mod own;
pub(crate) mod pairs;
pub(crate) mod sniff;
pub(crate) mod table;
pub(crate) mod teamcity;

use crate::assembly::Origin;

/// What one entry of a container holds.
#[derive(Debug)]
pub(crate) enum Item {
    /// Text that a program wrote, and what is told of it.
    Text { origin: Origin, lines: Vec<String> },
    /// A record of our own runtime.
    Own(Box<own::Own>),
}
