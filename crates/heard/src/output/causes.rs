//! Findings that one change mends, told together.

use std::collections::HashMap;

use heard_analysis::Finding;

use super::Results;

/// A finding, and those of the same cause behind it.
pub(super) struct Group<'f> {
    pub(super) first: &'f Finding,
    pub(super) others: Vec<&'f Finding>,
}

/// The findings by their causes, in the order of the first of each. Those at different levels, or of which some are in
/// the baseline, are not told together.
pub(super) fn groups<'f>(results: &'f Results) -> Vec<Group<'f>> {
    let mut groups: Vec<Group<'f>> = Vec::new();
    let mut known = HashMap::new();
    for finding in &results.findings {
        let key = finding.cause.as_deref().map(|cause| (finding.rule, finding.level, results.marks.of(finding), cause));
        if let Some(place) = key.and_then(|key| known.get(&key).copied()) {
            let group: &mut Group<'f> = &mut groups[place];
            group.others.push(finding);
            continue;
        }
        known.extend(key.map(|key| (key, groups.len())));
        groups.push(Group { first: finding, others: Vec::new() });
    }
    groups
}
