//! The analyser: it follows every awaitable of a Python program from its birth to where its outcome
//! is read, and reports those that nobody reads.
//!
//! Data flows one way: source → facts → rules → findings. The crate does no I/O of its own (files
//! are read through the [`system::System`] that it is given) and cannot fail: broken Python is
//! input, and what could not be done is a [`Notice`] beside the findings.

mod audit;
mod check;
mod declared;
mod edit;
mod engine;
mod facts;
mod finding;
pub mod limits;
mod program;
pub mod rules;
mod stubs;
mod suppress;
mod workers;

pub use audit::{Awaitable, Fate, Kind};
pub use check::{Report, Request, check};
pub use declared::UnknownName;
pub use edit::{Edit, Fix};
pub use finding::{Finding, Level, Notice, Position, Span, Step};
pub use program::{Declared, Environment, EnvironmentError, Program, Settings};
pub use rules::Rule;

/// The interface through which the analyser sees files, and two ready implementations of it.
pub mod system {
    pub use ruff_db::file_revision::FileRevision;
    pub use ruff_db::system::walk_directory::WalkDirectoryBuilder;
    pub use ruff_db::system::{
        CommandExecutor, DirectoryEntry, FileType, InMemorySystem, Metadata, OsSystem, System, SystemPath, SystemPathBuf,
        SystemVirtualPath, WhichResult, WritableSystem,
    };
    pub use ruff_notebook::{Notebook, NotebookError};
}
