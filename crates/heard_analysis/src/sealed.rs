//! Bytes that one process leaves for the next, behind a checksum that says whose they are.
//!
//! Nobody else reads them, and another build of heard throws them away. So there is no version of their form to count.

use xxhash_rust::xxh3::Xxh3;

use crate::system::Stamp;

/// The checksum comes first.
const SEAL: usize = size_of::<u128>();

/// The checksum of what a program has written.
pub(crate) fn seal<'a>(program: Stamp, written: impl IntoIterator<Item = &'a [u8]>) -> [u8; SEAL] {
    let mut hash = Xxh3::new();
    hash.update(&program.0.to_le_bytes());
    for part in written {
        hash.update(part);
    }
    hash.digest128().to_le_bytes()
}

/// What stands behind the checksum; nothing where another program has written it, or it is damaged.
pub(crate) fn open(program: Stamp, bytes: &[u8]) -> Option<&[u8]> {
    let (checksum, written) = bytes.split_at_checked(SEAL)?;
    (checksum == seal(program, [written])).then_some(written)
}
