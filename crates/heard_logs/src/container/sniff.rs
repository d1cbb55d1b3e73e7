//! Which container a file is, told by its beginning.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::bytes::Regex;
use serde_json::Value;

use super::coat::Coat;
use super::drawn::Drawn;
use super::fields;
use super::order::Order;
use super::table;
use crate::assembly::Origin;
use crate::assembly::class;

/// How a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Lines of text, or one object of JSON a line.
    Lines,
    /// Values of JSON that are not one a line, or lines of JSON with the newest first.
    Document,
    Journal,
    /// Tables with columns, rulers and frames.
    Drawn,
    /// Lines that are read one by one: the newest come first, a terminal has broken them, or something is around each.
    Odd(Layout),
    Table {
        delimiter: u8,
        has_header: bool,
    },
}

/// What is odd about the lines of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The width at which all longer lines were broken.
    pub(crate) width: Option<usize>,
    /// Whether the newest come first.
    pub(crate) is_turned: bool,
    /// What is around every line.
    pub(crate) coat: Coat,
}

static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)(?:^|[,;\t"@_])(?:message|msg|log|text|line|raw|body|event|content|textpayload|logmessage|logentry)(?:_s)?(?:[,;\t"\r]|$)"#,
    )
    .ok()
});
static JOURNAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^__CURSOR=|^__REALTIME_TIMESTAMP=[0-9]|(?-u:^(?:\w{3} )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \S+ \[s=)").ok()
});

/// Tells the shape from the first bytes of a file.
pub(crate) fn shape(start: &[u8]) -> Shape {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    let text = text.trim_ascii_start();
    if JOURNAL.as_ref().is_some_and(|journal| journal.find(&text[..text.len().min(4096)]).is_some_and(|found| found.start() < 1200)) {
        return Shape::Journal;
    }
    match text.first() {
        Some(b'[') => {
            let next = text[1..].iter().find(|byte| !byte.is_ascii_whitespace());
            let first_line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
            if matches!(next, Some(b'{' | b'[')) && !first_line.starts_with(b"[[")
                || first_line.starts_with(b"[[\"")
                || first_line.starts_with(b"[[{")
            {
                return Shape::Document;
            }
            layout(text).map_or(Shape::Lines, Shape::Odd)
        }
        // What Python prints is no JSON, however much it looks like it.
        Some(b'{') if text.starts_with(b"{'") => Shape::Lines,
        Some(b'{') => object(text),
        _ if is_behind_text(text) => Shape::Document,
        _ if Drawn::is_table(start, |name| NAMES.as_ref().is_some_and(|names| names.is_match(name.as_bytes()))) => Shape::Drawn,
        _ => match delimiter(text).map(|delimiter| (delimiter, true)).or_else(|| table::without_header(text).map(|found| (found, false))) {
            Some((delimiter, has_header)) => Shape::Table { delimiter, has_header },
            None => layout(text).map_or(Shape::Lines, Shape::Odd),
        },
    }
}

/// Whether there is little but values of JSON over many lines, although some lines of text come first.
fn is_behind_text(text: &[u8]) -> bool {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
    let begins = lines.windows(2).filter(|pair| pair[0].trim_ascii_end() == b"{" && pair[1].trim_ascii_start().starts_with(b"\"")).count();
    let is_other = |line: &&&[u8]| !matches!(line[0], b' ' | b'\t' | b'{' | b'}');
    begins >= 2 && lines.iter().filter(is_other).count() <= begins
}

/// Objects: one a line in the order of time are lines, everything else is a document.
fn object(text: &[u8]) -> Shape {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
    let whole = if lines.len() > 1 && !text.ends_with(b"\n") { &lines[..lines.len() - 1] } else { &lines[..] };
    let values: Vec<Option<Value>> = whole.iter().take(400).map(|line| serde_json::from_slice(line).ok()).collect();
    let is_object = |value: &Option<Value>| value.as_ref().is_some_and(Value::is_object);
    if !values.first().is_some_and(is_object) {
        let begins = whole.first().is_some_and(|line| line.trim_ascii() == b"{" || line.len() > 60_000 || lines.len() == 1);
        return if begins || whole.first().is_some_and(|line| line.ends_with(b",") || line.ends_with(b"[") || line.ends_with(b"{")) {
            Shape::Document
        } else {
            Shape::Lines
        };
    }
    // The journal writes what has colours in it as a list of bytes, in which no word can be searched.
    if lines.len() == 1 || values.iter().flatten().any(|value| value.get("__REALTIME_TIMESTAMP").is_some()) {
        return Shape::Document;
    }
    let mut order = Order::default();
    let mut out = Vec::new();
    for value in values.iter().flatten() {
        for item in fields::items(value, &Origin::default()) {
            order.push(out.len() as u64, item, &mut out);
        }
    }
    let mut turned = Vec::new();
    order.finish(&mut turned);
    let is_turned = order.is_reversed();
    if is_turned && values.iter().all(is_object) { Shape::Document } else { Shape::Lines }
}

fn layout(text: &[u8]) -> Option<Layout> {
    let lines: Vec<String> = text.split(|byte| *byte == b'\n').take(600).map(crate::lines::text).collect();
    let lines = &lines[..lines.len().saturating_sub(1)];
    let coat = Coat::of(lines);
    let lines: Vec<String> = lines.iter().flat_map(|line| coat.take_off(line)).collect();
    let lengths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    // No longer line, many different ones that fill the width to the last sign, and behind each of them the rest of a
    // line: that is no accident.
    let is_full = |at: &usize| lengths[*at] == longest && !lines[*at].ends_with(' ') && !class::is_sentence(&lines[*at]);
    let full: Vec<usize> = (0..lengths.len()).filter(is_full).collect();
    let is_rest = |at: &&usize| lines.get(**at + 1).is_none_or(|next| !class::begins(next) && !next.is_empty());
    // Of many, one may have just the width.
    let accidents = (full.len() / 20).max(usize::from(full.len() >= 5));
    // Records of one kind have the same length too; they begin or end alike, and what is broken does not.
    let sides = |take: fn(&str) -> String| full.iter().map(|at| take(&lines[*at])).collect::<HashSet<String>>().len();
    let begins = sides(|line| line.chars().take(60).filter(|sign| !sign.is_ascii_digit()).collect());
    let ends = sides(|line| line.chars().rev().take(12).filter(|sign| !sign.is_ascii_digit()).collect());
    let different = begins.min(ends);
    // What has just the width may come again with other numbers.
    let no_rests: Vec<&usize> = full.iter().filter(|at| !is_rest(at)).collect();
    let bare = |at: &&usize| lines[**at].chars().filter(|sign| !sign.is_ascii_digit()).collect::<String>();
    let are_accidents = no_rests.len() * 4 <= full.len() && no_rests.iter().map(bare).collect::<HashSet<String>>().len() <= accidents;
    let is_common = full.len() * 100 >= lines.len() * 4;
    let width = ((60..400).contains(&longest) && different >= 3 && is_common && are_accidents).then_some(longest);
    let times: Vec<i64> = lines.iter().filter_map(|line| crate::stamp::at_start(line)).map(|found| found.stamp.micros()).collect();
    let down = times.windows(2).filter(|pair| pair[0] > pair[1]).count();
    let up = times.windows(2).filter(|pair| pair[0] < pair[1]).count();
    let is_turned = down >= 4 && down > 4 * up;
    (width.is_some() || is_turned || coat != Coat::None).then_some(Layout { width, is_turned, coat })
}

fn delimiter(text: &[u8]) -> Option<u8> {
    let header = text.split(|byte| *byte == b'\n').next()?;
    if header.len() > 2000 || !NAMES.as_ref()?.is_match(header) || header.iter().any(u8::is_ascii_digit) && header.len() > 400 {
        return None;
    }
    let plain = header.iter().all(|byte| byte.is_ascii_alphanumeric() || b" _-.@\",;\t\r/()[]".contains(byte));
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, header).count();
    let best = [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| count(*delimiter))?;
    let second = text.split(|byte| *byte == b'\n').nth(1).unwrap_or_default();
    // The first field of a row may go over several lines.
    let is_same = memchr::memchr_iter(best, second).count() >= count(best).min(1) || second.starts_with(b"\"");
    (plain && count(best) >= 1 && is_same && !header.contains(&b':')).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::{Shape, shape};

    #[test]
    fn shapes_are_told_by_the_beginning() {
        for (text, expected) in [
            ("2025-03-11 INFO x\n", Shape::Lines),
            ("[2025-03-11 09:15:02] x\n", Shape::Lines),
            ("[ { \"a\": 1 } ]", Shape::Document),
            ("{\"a\": 1}\n{\"a\": 2}\n", Shape::Lines),
            ("{\"ts\": 1741680905, \"msg\": \"b\"}\n{\"ts\": 1741680902, \"msg\": \"a\"}\n", Shape::Document),
            ("{\n \"a\": 1}", Shape::Document),
            ("a.py:3: UserWarning: x\n  f()\n{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", Shape::Document),
            ("{'a': 1,\n 'b': 2}\n", Shape::Lines),
            ("{\"events\": [{\"message\": \"x\"}]}", Shape::Document),
            ("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1\nMESSAGE=x\n\n", Shape::Journal),
            ("@timestamp,@message\n2025-03-11 09:15:02.123,x\n", Shape::Table { delimiter: b',', has_header: true }),
            ("_raw,_time\n\"a\nb\",2025-03-11 09:15:02\n", Shape::Table { delimiter: b',', has_header: true }),
            ("Date\tHost\tMessage\n1\t2\t3\n", Shape::Table { delimiter: b'\t', has_header: true }),
            (
                "x.py,INFO,2025-03-11 09:15:02,a,\nx.py,ERROR,2025-03-11 09:15:02,\"a\nb\",\"c\nd\"\nx.py,INFO,2025-03-11 09:15:02,b,\n",
                Shape::Table { delimiter: b',', has_header: false },
            ),
            ("a, b and the message\nnothing\n", Shape::Lines),
            ("", Shape::Lines),
        ] {
            assert_eq!(shape(text.as_bytes()), expected, "{text}");
        }
    }
}
