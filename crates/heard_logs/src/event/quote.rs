//! Whether a message is quoted: by a bot, a grep, documentation, a chat. Who speaks of a failure has none.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::assembly::class;
use crate::assembly::open::Open;
use crate::kind::Kind;
use crate::lines::prefix::Prefix;
use crate::stamp;

// The name of a file has a letter in it, and an address with a port has none.
pattern!(
    GREP,
    r#"(?:^|[\s"'(])[^\s:"']*[A-Za-z][^\s:"']*\.(?:log|txt|out|err|stderr|json|jsonl|ndjson|gz|bz2|xz|zst|md|rst|csv|html?|\d+)(?::\d+:|-\d+-|:)\S|\S:\d+:\d{4}-\d\d-\d\d|^\d+[:-]\d{4}-\d\d-\d\d"#
);
pattern!(GREP_END, r"(?:^|\s)[^\s:]+\.(?:log|txt|out|err|stderr|json|jsonl|ndjson|gz|md|rst|csv|html?)(?:[:-]\d+)?[:-]\s*$|^\d+[:-]\s*$");
pattern!(LEVEL, r"(?i)\b(debug|info|notice|trace|warn(?:ing)?|error|err|critical|fatal)\b");
pattern!(LOGGER, r#"(?:^|[\s\[(:|=<"./{-])(?:asyncio|py\.warnings|tornado|concurrent\.futures|uvloop)\b"#);
pattern!(TROUBLE, r"(?i)error|exception|unhandled|uncaught|asyncio|callback|caught|\bjob\b|\bloop\b|handler|failed|failure");
pattern!(BEHIND, r"^(?:\S+\.py:\d+\s*$|[A-Za-z_][\w.]*=)");
pattern!(SOURCE, r"^[^\s:]*/[^\s:]*\.\w{1,5}:\d+:|(?:^|\s|:)(?:#+|//)\s*$");
pattern!(AFTER_LEVEL, r"(?i)\b(?:warn(?:ing)?|error|err|critical|fatal)\b\W*(?:\S*\W\s+)??(?P<name>[A-Za-z_][\w.-]*)\W*$");
pattern!(NAME, r"^[A-Za-z_][\w-]*(?:\.[\w-]+)+$|^[a-z_][a-z0-9_]{2,}$");

pattern!(CHAT, r"(?:^|[\s\[(,])\d{1,2}:\d\d(?: ?[AaPp][Mm])?[\]),]?\s*[-,–]?\s*<?[A-Za-z@]|<[a-z@][\w-]*>\s*$");
pattern!(COMMENT, r"^\s*(?:#+|//+|\*) [A-Za-z]");
pattern!(FIELD, r"(?:^|[\s,;{])(?P<key>[A-Za-z_@][\w.-]*)=$");

const QUOTES: [char; 10] = ['\'', '"', '`', '“', '”', '‘', '«', '»', '„', '*'];

/// Whether the message of this record is quoted.
pub(crate) fn is_quoted(open: &Open) -> bool {
    if open.origin.is_quote {
        return true;
    }
    let head = open.prefix_text();
    if is_handler(open) {
        return false;
    }
    // A field of a table that begins with the message.
    let head =
        head.strip_suffix('"').filter(|before| before.ends_with([',', ';', '\t']) && before.matches('"').count() % 2 == 0).unwrap_or(head);
    if matches(&GREP, head)
        || matches(&GREP_END, head) && !open.prefix_has(head)
        || matches(&CHAT, head) && !matches(&LEVEL, head) && !head.contains("</")
        || matches(&SOURCE, head) && !matches(&LEVEL, head) && !head.contains("asyncio/")
        || is_commented(open, head)
        || is_other_field(head)
        || in_quotes(head)
        || is_marked(open, head)
    {
        return true;
    }
    speaks_behind(open) || speaks_before(open, head) || is_at_rest(open, head) || is_bare(open, head) || is_alone(open, head)
}

fn matches(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// The dictionary that a handler of the loop was given and has printed, in one line or an entry a line.
fn is_handler(open: &Open) -> bool {
    let head = open.prefix_text();
    let behind = open.head[open.message.start..].trim_end();
    // So far in, an entry is one in a source.
    if head.len() - head.trim_start().len() > 4 {
        return false;
    }
    ['\'', '"'].iter().any(|quote| {
        let is_entry = head.ends_with(&format!("'message': {quote}"));
        // A text that is too long for the line goes on in the next one.
        let ends = || [",", "}", ""].iter().any(|end| behind.ends_with(&format!("{quote}{end}")));
        is_entry && (ends() || behind.contains(&format!("{quote}, '")))
    })
}

/// A comment in a source, or a row of a table in a document; neither has a level or a time.
fn is_commented(open: &Open, head: &str) -> bool {
    let is_row = head.starts_with('|') && open.rest().trim_start().starts_with('|') && open.rest().trim_end().ends_with('|');
    (is_row || matches(&COMMENT, head)) && !open.has_prefix() && !matches(&LEVEL, head) && stamp::find_all(head).is_empty()
}

fn in_quotes(head: &str) -> bool {
    let end = head.trim_end();
    // With blanks on both sides it parts fields.
    let is_sign = head.ends_with(" » ");
    if end.ends_with(QUOTES) && !is_sign || head.matches('"').count() % 2 == 1 || head.matches('`').count() % 2 == 1 {
        return true;
    }
    // An apostrophe opens a quote only where a word may begin.
    let opens = |at: usize| at == 0 || head[..at].ends_with([' ', '(', '[', '=', ':', '<']);
    head.rfind('\'').is_some_and(|at| opens(at) && head[at + 1..].chars().next().is_some_and(|sign| !sign.is_whitespace()))
}

/// A value of a pair whose key is no name for the text of a record.
fn is_other_field(head: &str) -> bool {
    const TEXTS: [&str; 9] = ["msg", "message", "event", "text", "log", "line", "MESSAGE", "_raw", "error"];
    FIELD.as_ref().and_then(|field| field.captures(head)).is_some_and(|found| !TEXTS.contains(&&found["key"]))
}

/// Signs of documents: a list, a heading, a block of code, a line quoted from another letter.
fn is_marked(open: &Open, head: &str) -> bool {
    let mark = head.trim();
    if matches!(mark, ">" | ">>" | "*" | "-" | "#" | "##" | "###" | "//" | "$" | "•" | "--") {
        return true;
    }
    let is_indented = mark.is_empty();
    let above = open.before.iter().find(|line| !line.trim().is_empty()).map_or("", |line| line.trim_end());
    is_indented
        && (above.trim_start().starts_with("```")
            || above.ends_with("::")
            || !head.is_empty() && above.ends_with(':') && !class::is_start(above))
}

/// Prose, or the end of a quote, behind the message.
fn speaks_behind(open: &Open) -> bool {
    if matches!(open.message.kind, Kind::CallbackRaised | Kind::AsyncgenFailed) {
        return false;
    }
    let rest = open.rest();
    let text = rest.trim_start();
    if text.starts_with(QUOTES) || text.starts_with(['?', '=', ')', '/']) || rest.starts_with(|sign: char| sign.is_alphanumeric()) {
        return true;
    }
    // The source of the line stands there where a formatter joins the two lines of a warning.
    if open.message.kind == Kind::CoroutineNeverAwaited && (rest.starts_with("  ") || text.contains('(')) {
        return false;
    }
    if open.is_joined || class::anchor(text).is_some() {
        return false;
    }
    // What formatters put behind a text: a place, pairs, brackets, a level or a logger.
    let end = text.trim_start_matches(['.', '!']).trim();
    let first = end.split_whitespace().next().unwrap_or_default();
    let is_known = end.is_empty()
        || end.starts_with(['(', '[', '{', ':', ',', '|', ';', '<', '\\', '│', ']', '}', '-', '–', '—', '→'])
        || matches(&BEHIND, end);
    !is_known && !matches(&LOGGER, first) && !matches(&LEVEL, first)
}

/// What stands before the message, without its times.
fn layout<'a>(open: &'a Open, head: &str) -> Cow<'a, Prefix> {
    if head.len() == open.prefix_text().len() { Cow::Borrowed(&open.layout) } else { Cow::Owned(Prefix::of(head)) }
}

/// Prose before the message: words that are no name of a logger, a host or a level.
fn speaks_before(open: &Open, head: &str) -> bool {
    let bare = layout(open, head).identity().replace('\u{1}', "|");
    let lead = bare.trim_end();
    let has_colon = lead.ends_with(':');
    let lead = lead.trim_end_matches(':');
    let tail = lead.rfind([']', '|', '>', ')', ':', '=', '\t', '}']).map_or(lead, |at| &lead[at + 1..]);
    let tail = tail.rsplit(" - ").next().unwrap_or(tail).trim();
    let words: Vec<&str> = tail.split_whitespace().collect();
    let is_prose = |word: &&&str| {
        word.chars().all(|sign| sign.is_ascii_alphabetic() || matches!(sign, '\'' | ','))
            && word.chars().skip(1).all(|sign| !sign.is_uppercase())
    };
    let is_name = |word: &str| {
        matches(&LEVEL, word)
            || matches(&LOGGER, word)
            || word.starts_with("Main")
            || matches!(word, "warnings" | "stderr" | "stdout" | "F" | "P")
    };
    let prose = words.iter().filter(is_prose).filter(|word| !is_name(word)).count();
    if prose < 2 || words.iter().rev().take(2).any(|word| !is_prose(&word)) && !has_colon {
        return false;
    }
    if open.prefix_has(tail) {
        return false;
    }
    // `Error doing job: …` is what a handler of the loop says; `asyncio unhandled: …` too.
    !(has_colon && matches(&TROUBLE, tail) && !is_calm(open, head))
}

/// Whether the level that is nearest to the message is one that asyncio never uses for it.
fn is_calm(open: &Open, head: &str) -> bool {
    let calm = |level: &str| matches!(level.to_ascii_lowercase().as_str(), "debug" | "info" | "notice" | "trace");
    let near = LEVEL.as_ref().and_then(|level| level.find_iter(head).last()).map(|level| level.as_str());
    near.or(open.origin.level.as_deref()).is_some_and(calm)
}

/// A message at a level that asyncio does not use is a quote, unless the level is the collector's, which gives one
/// to all that a program writes.
fn is_at_rest(open: &Open, head: &str) -> bool {
    if !is_calm(open, head) || matches(&LOGGER, head) || open.origin.logger.as_deref().is_some_and(|logger| matches(&LOGGER, logger)) {
        return false;
    }
    if open.has_prefix() {
        let level = LEVEL.as_ref().and_then(|level| level.find_iter(head).last()).map_or("", |level| level.as_str());
        return !open.prefix_has(level);
    }
    if open.message.kind == Kind::CoroutineNeverAwaited && open.message.place.is_some() {
        return false;
    }
    if open.origin.is_item {
        return open.origin.logger.is_some() && !(open.origin.is_single && open.is_confirmed);
    }
    let after = LEVEL.as_ref().and_then(|level| level.find_iter(head).last()).map_or("", |level| &head[level.end()..]);
    let has_logger = after.split([' ', ':', '[', ']', '|', '(', ')', '\t']).any(|word| matches(&NAME, word));
    has_logger || !open.is_confirmed
}

/// A bare line without what must follow it is a title or a quote; at the end of a file it is a record that was cut.
fn is_bare(open: &Open, head: &str) -> bool {
    let needs_more = !matches!(open.message.kind, Kind::CoroutineNeverAwaited | Kind::SlowCallback | Kind::Unclosed);
    needs_more && head.trim().is_empty() && !open.is_confirmed && !open.origin.is_item && open.is_followed()
}

/// A logger of the program says the words of asyncio, and nothing follows that asyncio adds.
fn is_alone(open: &Open, head: &str) -> bool {
    let needs_more = !matches!(open.message.kind, Kind::CoroutineNeverAwaited | Kind::SlowCallback | Kind::Unclosed | Kind::CallbackRaised);
    if !needs_more || open.is_confirmed || !open.origin.is_item && !open.is_followed() {
        return false;
    }
    let bare = layout(open, head).identity().replace('\u{1}', "|");
    let in_head = AFTER_LEVEL.as_ref().and_then(|after| after.captures(&bare)).map(|found| found["name"].to_owned());
    let is_logger = |name: &String| {
        !matches(&LOGGER, name)
            && !matches(&TROUBLE, name)
            && !matches(&LEVEL, name)
            && !matches!(name.as_str(), "root" | "main" | "__main__")
            && !name.starts_with("Main")
    };
    // `Error doing job: …` is what a handler says whose logger is a field.
    let in_field = open.origin.logger.clone().filter(|_| !matches(&TROUBLE, head));
    in_head.or(in_field).filter(is_logger).is_some_and(|name| !open.prefix_has(&name))
}
