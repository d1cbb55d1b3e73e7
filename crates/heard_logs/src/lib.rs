//! Reads what asyncio said in logs of any shape, and groups it into incidents.
//!
//! ```text
//! bytes  →  lines, items  →  records  →  events  →  incidents
//! ```
//!
//! It knows nothing of the analyser. [`scan`] reads files, [`Scanner`] any stream; both give a [`Partial`], which
//! merges with others, and [`Report`] is the finished list.

#[macro_use]
mod pattern;

mod assembly;
mod container;
mod event;
mod histogram;
mod incident;
mod kind;
mod lines;
mod message;
mod partial;
mod report;
mod repr;
mod scanner;
pub mod source;
mod stamp;
mod traceback;
mod window;

pub use self::histogram::Histogram;
pub use self::incident::{Example, Incident, Key};
pub use self::kind::Kind;
pub use self::partial::{FileCount, NotPartial, Partial, Trouble};
pub use self::report::{Born, Certainty, Entry, File, NotUnderstood, Quoted, Report, Spot, fingerprints};
pub use self::repr::Place;
pub use self::scanner::Scanner;
pub use self::source::scan;
pub use self::stamp::{Stamp, parse as parse_stamp};
pub use self::traceback::Raised;
pub use self::window::Window;
