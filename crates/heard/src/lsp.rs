//! `heard lsp`: the language server.
//!
//! Three threads read, write and decide; none of them ever computes, so that the server answers whatever it is asked
//! at once, if only with "later". A fourth one, the analyst, has the programs, and does one thing at a time; what
//! changes meanwhile stops it. What it finds is what `heard check` finds, since it is found by the same analysis with
//! the same settings.

mod actions;
mod analyst;
mod atlas;
mod capabilities;
mod diagnostic;
mod document;
mod fates;
mod position;
mod progress;
mod question;
mod room;
mod server;
mod task;
mod uri;
mod wire;
mod workspace;

use std::io;

use camino::Utf8PathBuf;

use crate::exit::Exit;

/// Serves an editor on standard input and output until it ends. With `caches`, what was read is kept for the next start.
pub(crate) fn run(caches: bool) -> io::Result<Exit> {
    let cwd = Utf8PathBuf::from_path_buf(std::env::current_dir()?).unwrap_or_else(|_| Utf8PathBuf::from("/"));
    let (incoming, outgoing) = (wire::read()?, wire::write()?);
    Ok(server::serve(&incoming, outgoing, &cwd, caches))
}
