//! When and how often: stamps before a message, columns left blank, repetitions that daemons and reports count.

use crate::assembly::open::Open;
use crate::kind::Kind;
use crate::lines::prefix;
use crate::stamp::{self, Stamp};

/// What a record tells of times.
pub(crate) struct Times {
    pub(crate) count: u64,
    pub(crate) first: Option<Stamp>,
    pub(crate) last: Option<Stamp>,
}

pattern!(REPEATED, r"message repeated (\d+) times: \[");
// Ray shows once what several of its processes have written.
pattern!(ELSEWHERE, r"\[repeated (\d+)x across cluster\]");
pattern!(OCCURRED, r"(?:First occurred|First seen): *(?P<when>.*?) *\((?P<count>[\d,.]+) (?:occurrences|times|events)\)");
pattern!(LAST_LOGGED, r"(?:Last logged|Last seen): *(?P<when>.*)");
pattern!(NODES, r"^\S+\.py(?:::\S.*)?$");
pattern!(WARNINGS, r"^\S+: (\d+) warnings?$");
pattern!(
    HEAD,
    r"\b(?:WARN(?:ING)?|ERROR|CRITICAL)\b.*\b(?:asyncio|py\.warnings)\W*$|\b(?:asyncio|py\.warnings)\b.*\b(?:WARN(?:ING)?|ERROR|CRITICAL)\W*$"
);
pattern!(
    PROCESS,
    r"(?:^|[\s\[(/:])(?P<pid>(?:[A-Za-z_][\w.-]*[\[(]\d+[\])])|(?:ForkPool|Spawn|Fork)\w*-\d+(?::\d+)?|Main(?:Process|Thread)|\(\d{2,7}\)|\[\d{2,7}\]|[a-z][\w-]*\[\w+\.\d+\])"
);

/// The times of a record.
pub(crate) fn of(open: &Open) -> Times {
    let prefix_text = open.prefix_text();
    let inner = open.stamps.iter().map(|found| found.stamp.clone());
    let own = prefix::best_stamp(open.origin.stamp.clone().into_iter().chain(inner));
    let stamp = own.or_else(|| above(open)).or_else(|| head_above(open));
    let mut times =
        Times { count: open.origin.count.unwrap_or(1), first: open.origin.first.clone().or_else(|| stamp.clone()), last: stamp };
    let repeated = REPEATED.as_ref().and_then(|repeated| repeated.captures(prefix_text));
    let repeated = repeated.or_else(|| ELSEWHERE.as_ref().and_then(|elsewhere| elsewhere.captures(open.rest())));
    if let Some(count) = repeated.and_then(|found| found[1].parse().ok()) {
        times.count = count;
    }
    if open.message.kind == Kind::CoroutineNeverAwaited {
        times.count = times.count.max(listed(open));
    }
    if let Some((count, stamp)) = &open.again {
        times.count += count;
        times.last = stamp.clone().or(times.last);
    }
    card(open, &mut times);
    times
}

/// A column for the time that is left blank repeats the time above, as rich does it.
fn above(open: &Open) -> Option<Stamp> {
    let head = open.prefix_text();
    let column = head.len() - head.trim_start_matches(' ').len();
    if column < 8 || head.trim().is_empty() {
        return None;
    }
    open.before
        .iter()
        .find_map(|line| stamp::at_start(line).filter(|found| found.start <= 1 && found.end <= column + 1).map(|found| found.stamp))
}

/// A formatter that begins the text in a line of its own leaves a head above it: a time, a level, a logger.
fn head_above(open: &Open) -> Option<Stamp> {
    let above = open.before.first().filter(|_| open.message.start == 0 && !open.origin.is_item)?;
    let found = stamp::at_start(above)?;
    let rest = above[found.end..].trim();
    let is_head = HEAD.as_ref().is_some_and(|head| head.is_match(rest)) && rest.split_whitespace().count() <= 5;
    is_head.then_some(found.stamp)
}

/// pytest lists the tests that raised a warning in the lines above it.
fn listed(open: &Open) -> u64 {
    let mut count = 0;
    for line in &open.before {
        let line = line.trim_end();
        // What a collector puts before each line stands before these as well.
        let outer = open.prefix_text().len().min(line.len());
        let bare = if open.head.get(..outer).is_some_and(|head| stamp::find_all(head).is_empty()) {
            line
        } else {
            stamp::at_start(line).map_or(line, |found| line[found.end..].trim_start())
        };
        if let Some(found) = WARNINGS.as_ref().and_then(|warnings| warnings.captures(bare)) {
            count += found[1].parse().unwrap_or(1);
        } else if NODES.as_ref().is_some_and(|nodes| nodes.is_match(bare)) {
            count += 1;
        } else {
            break;
        }
    }
    count
}

/// The block that Home Assistant shows above a message, and others like it.
fn card(open: &Open, times: &mut Times) {
    for line in open.before.iter().take(8) {
        if let Some(found) = OCCURRED.as_ref().and_then(|occurred| occurred.captures(line)) {
            let digits: String = found["count"].chars().filter(char::is_ascii_digit).collect();
            times.count = digits.parse().unwrap_or(times.count);
            times.first = stamp::parse(&found["when"]).or_else(|| times.first.take());
        } else if let Some(found) = LAST_LOGGED.as_ref().and_then(|logged| logged.captures(line)) {
            times.last = stamp::parse(&found["when"]).or_else(|| times.last.take());
        }
    }
    if times.last.is_none() {
        times.last = times.first.clone();
    }
}

/// Names of processes and threads in the head of a line.
pub(crate) fn processes(head: &str) -> Vec<String> {
    let Some(process) = PROCESS.as_ref() else { return Vec::new() };
    let names = process.captures_iter(head).map(|found| found["pid"].trim_matches(['(', ')', '[', ']']).to_owned());
    names.filter(|name| name != "MainThread").collect()
}
