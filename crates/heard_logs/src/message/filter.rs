//! Passes over text in which no part of a message can begin: twice as fast as the search for the parts themselves.
//!
//! Each part has four bytes, its key, of which the filter knows the lower halves. A table for each of the four says which
//! keys may have a byte with this half at that place, eight groups of keys as eight bits; the tables are looked up for 32
//! bytes at once, and where a bit is set in all four, a key may stand.

use std::sync::LazyLock;

use fearless_simd::prelude::*;
use fearless_simd::{Level, Simd, dispatch, u8x32};

/// Bytes that are looked at together.
pub(super) const BLOCK: usize = 64;
/// Bytes that must be there: a key that begins at the end of a block ends behind it.
const NEEDED: usize = BLOCK + KEY - 1;
const KEY: usize = 4;

/// A key of every part of a message, and its group. Which bytes are a key and which keys are in one group was chosen by
/// how rarely logs, documents and sources of programs pass the filter.
const KEYS: [(&[u8; KEY], u8); 15] = [
    (b" nev", 1),
    (b"aite", 2),
    (b"eWar", 2),
    (b"stro", 6),
    (b"n ca", 5),
    (b"hron", 3),
    (b"nclo", 7),
    (b"Exec", 4),
    (b"d_cb", 0),
    (b"Fata", 3),
    (b"hiel", 4),
    (b"g ca", 5),
    (b"kgro", 6),
    (b"ncio", 7),
    (b"ct\":", 6),
];

/// Two times the same 16 bytes, since the lookup knows no more than 16.
type Tables = [[u8; 32]; KEY];

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = [[0; 32]; KEY];
    for (key, group) in KEYS {
        for (table, byte) in tables.iter_mut().zip(key) {
            let half = usize::from(byte & 15);
            table[half] |= 1 << group;
            table[half + 16] |= 1 << group;
        }
    }
    tables
});

static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// The first block from here on in which a key may begin.
pub(super) fn next(text: &[u8], from: usize) -> Option<usize> {
    let (tables, rest) = (&*TABLES, text.get(from..)?);
    let found = dispatch!(*LEVEL, simd => search(simd, rest, tables))?;
    Some(from + found)
}

/// Up to where blocks from the beginning of the text are looked at.
pub(super) fn end(text: &[u8]) -> usize {
    (text.len() + BLOCK).saturating_sub(NEEDED) / BLOCK * BLOCK
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "what is not a part of the function for a processor is not compiled for it")]
fn search<S: Simd>(simd: S, text: &[u8], tables: &Tables) -> Option<usize> {
    let [first, second, third, fourth] = tables;
    let tables = [load(simd, first), load(simd, second), load(simd, third), load(simd, fourth)];
    let mut at = 0;
    while let Some(bytes) = text.get(at..at + NEEDED) {
        let first = keys(simd, &tables, bytes, 0);
        let second = keys(simd, &tables, bytes, BLOCK / 2);
        if (first | second).simd_ne(u8x32::splat(simd, 0)).any_true() {
            return Some(at);
        }
        at += BLOCK;
    }
    None
}

/// Which groups of keys may begin at each of 32 bytes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "what is not a part of the function for a processor is not compiled for it")]
fn keys<S: Simd>(simd: S, tables: &[u8x32<S>; KEY], bytes: &[u8], at: usize) -> u8x32<S> {
    let half = u8x32::splat(simd, 15);
    let first = tables[0].swizzle_dyn_within_blocks(load(simd, &bytes[at..]) & half);
    let second = tables[1].swizzle_dyn_within_blocks(load(simd, &bytes[at + 1..]) & half);
    let third = tables[2].swizzle_dyn_within_blocks(load(simd, &bytes[at + 2..]) & half);
    let fourth = tables[3].swizzle_dyn_within_blocks(load(simd, &bytes[at + 3..]) & half);
    first & second & (third & fourth)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "what is not a part of the function for a processor is not compiled for it")]
fn load<S: Simd>(simd: S, bytes: &[u8]) -> u8x32<S> {
    u8x32::from_slice(simd, &bytes[..32])
}

#[cfg(test)]
mod tests {
    use super::super::{LONGEST_TRIGGER, PLAIN, TRIGGERS, find_trigger};
    use super::KEYS;

    #[test]
    fn every_part_has_its_key() {
        for (part, (key, _)) in TRIGGERS.iter().zip(KEYS) {
            assert!(part.as_bytes().windows(4).any(|bytes| bytes == key) && part.len() < LONGEST_TRIGGER, "{part}");
        }
    }

    #[test]
    fn no_part_is_missed_wherever_it_stands() {
        let filler = "2025-03-11 09:15:02 order paid, n was closed; g called Ex\u{e9}c \u{fc}ber \"ct\": 3, hrone kgr syncio\n".repeat(9);
        for part in TRIGGERS {
            for at in (0..filler.len()).filter(|at| filler.is_char_boundary(*at)) {
                for end in [at, (at + 40).min(filler.len()), filler.len()] {
                    let end = (end..=filler.len()).find(|end| filler.is_char_boundary(*end)).unwrap();
                    let text = format!("{}{part}{}", &filler[..at], &filler[at..end]);
                    let plain = PLAIN.as_ref().unwrap().find(text.as_bytes()).map(|found| found.start());
                    assert_eq!(find_trigger(text.as_bytes()), plain, "{part} at {at} of {end}");
                }
            }
        }
        assert_eq!(find_trigger(filler.as_bytes()), None);
    }
}
