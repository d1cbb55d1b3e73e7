//! The analyser: it follows every awaitable of a Python program from its birth to where its outcome
//! is read, and reports those that nobody reads.
//!
//! Data flows one way: source → facts → rules → findings. The crate does no I/O of its own (files
//! are read through the [`system::System`] that it is given) and cannot fail: broken Python is
//! input, and what could not be done is a [`Notice`] beside the findings.

mod audit;
mod cancellation;
mod check;
mod context;
mod declared;
mod edit;
mod environment;
mod facts;
mod finding;
pub mod limits;
mod mend;
mod outside;
mod panics;
mod program;
mod record;
mod resolve;
pub mod rules;
mod sealed;
mod session;
mod stubs;
mod suppress;
pub mod system;
mod tables;
mod workers;

pub use audit::{Awaitable, Fate, Kind};
pub use cancellation::Cancellation;
pub use check::{Report, Request, check};
pub use context::is_test_code;
pub use declared::UnknownName;
pub use edit::{Edit, Fix};
pub use environment::{Environment, EnvironmentError};
pub use finding::{Finding, Level, Notice, Position, Span, Step, Witness};
pub use mend::{FixStyle, Fixing, Migration, Target};
pub use program::{Declared, Program, Settings};
pub use record::{Record, Recorder};
pub use rules::Rule;
pub use session::{Basis, Change, Session};
pub use tables::Tables;

/// How the tables of the standard library are made from its stubs, for the tool that does it.
pub mod typeshed {
    pub use crate::resolve::{Described, pack};
}
