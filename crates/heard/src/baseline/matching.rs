//! Which findings are known: entries and findings, one to one.

use super::Entry;

/// The entry that each finding is known by, if there is one. Entries that are `met` already are taken.
///
/// The steps go from what is surely the same finding to what has moved. A finding in another place is the old one only
/// if the old place `is_gone`: else somebody has mended the old one, and this one is new.
pub(super) fn pairs(entries: &[Entry], met: &[bool], findings: &[Entry], is_gone: &mut dyn FnMut(&Entry) -> bool) -> Vec<Option<usize>> {
    let mut free: Vec<usize> = (0..entries.len()).filter(|index| !met[*index]).collect();
    let mut pairs = vec![None; findings.len()];
    let same = |entry: &Entry, finding: &Entry| entry.rule == finding.rule && entry.statement == finding.statement;
    let mut step = |agree: &mut dyn FnMut(&Entry, &Entry) -> bool| {
        for (finding, pair) in findings.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            let found = free.iter().position(|index| same(&entries[*index], finding) && agree(&entries[*index], finding));
            *pair = found.map(|at| free.remove(at));
        }
    };
    step(&mut |entry, finding| entry.path == finding.path && entry.symbol == finding.symbol && entry.ordinal == finding.ordinal);
    // One of several equal statements is gone, so the others are counted anew.
    step(&mut |entry, finding| entry.path == finding.path && entry.symbol == finding.symbol);
    // The function around it, or its class, has another name.
    step(&mut |entry, finding| entry.path == finding.path && is_gone(entry));
    // The function, or the whole file, has moved.
    step(&mut |entry, finding| entry.path != finding.path && entry.symbol == finding.symbol && is_gone(entry));
    step(&mut |entry, finding| last(&entry.symbol) == last(&finding.symbol) && is_gone(entry));
    pairs
}

fn last(symbol: &str) -> &str {
    symbol.rsplit('.').next().unwrap_or(symbol)
}

#[cfg(test)]
mod tests;
