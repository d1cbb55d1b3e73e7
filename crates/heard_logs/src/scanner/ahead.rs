//! A thread that reads and counts, while another one searches what was read before.

use std::io::{self, Read};
use std::sync::mpsc;
use std::thread;

use super::blocks::Block;

/// Blocks at most that wait for being searched.
const MOST_WAITING: usize = 4;

/// Reads to the end of a source. `take` is given each block, in order, and gives back one that can be filled anew.
///
/// # Errors
/// What the source says; what was read before was taken.
pub(super) fn read(source: &mut (impl Read + Send), mut take: impl FnMut(Block) -> Block) -> io::Result<()> {
    let (full, filled) = mpsc::sync_channel::<Block>(MOST_WAITING);
    let (empty, free) = mpsc::channel::<Block>();
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            loop {
                let mut block = free.try_recv().unwrap_or_default();
                if block.read(source)? == 0 {
                    return Ok(());
                }
                block.count();
                if full.send(block).is_err() {
                    return Ok(());
                }
            }
        });
        for block in filled {
            // Where nothing more is read, nobody takes it.
            let _ = empty.send(take(block));
        }
        reader.join().unwrap_or_else(|_| Err(io::Error::other("the thread that reads it has failed")))
    })
}
