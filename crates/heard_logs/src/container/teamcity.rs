//! Service messages, by which builds tell `TeamCity` what happens: `##teamcity[testStdErr name='x' out='a|nb']`.

use crate::assembly::Origin;
use crate::container::Item;
use crate::lines;
use crate::lines::prefix::{self, Prefix};
use crate::stamp;

const BEGIN: &str = "##teamcity[";
/// Attributes with a text, in the order in which they are read.
const TEXTS: [&str; 7] = ["text", "errorDetails", "out", "message", "details", "description", "value"];

/// The text of the message that this line is, whatever stands before it.
pub(crate) fn item(line: &str) -> Option<Item> {
    let start = line.find(BEGIN)?;
    let attributes = attributes(&line[start + BEGIN.len()..]);
    let value = |name: &str| attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let texts: Vec<&str> = TEXTS.iter().filter_map(|name| value(name)).collect();
    let lines: Vec<String> =
        texts.iter().flat_map(|text| text.trim_end_matches(['\n', '\r']).split('\n')).map(|line| lines::text(line.as_bytes())).collect();
    let before = &line[..start];
    let times = stamp::find_all(before).into_iter().map(|found| found.stamp).chain(value("timestamp").and_then(stamp::parse));
    let origin = Origin {
        stream: format!("{}\u{1}{}", Prefix::of(before).identity(), value("flowId").unwrap_or_default()),
        stamp: prefix::best_stamp(times),
        is_item: true,
        is_single: lines.len() == 1,
        ..Origin::default()
    };
    (!lines.is_empty()).then_some(Item::Text { origin, lines })
}

/// The attributes; a single one may have no name.
fn attributes(text: &str) -> Vec<(&str, String)> {
    let mut attributes = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('\'') {
        let name = rest[..open].trim_end_matches('=').rsplit(' ').next().unwrap_or_default();
        let name = if rest[..open].ends_with('=') { name } else { "text" };
        let (value, end) = value(&rest[open + 1..]);
        attributes.push((name, value));
        rest = &rest[open + 1 + end..];
        // What stands behind the message is none of its attributes.
        if !rest.starts_with(' ') {
            break;
        }
    }
    attributes
}

/// The value up to its quote, without the escapes, and where what follows it begins.
fn value(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\'' => return (value, at + 1),
            '|' => match signs.next().map(|(_, sign)| sign) {
                Some('n' | 'l' | 'p') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('x') => value.push('\u{85}'),
                Some('0') => {
                    let code = signs.as_str().strip_prefix('x').and_then(|code| u32::from_str_radix(code.get(..4)?, 16).ok());
                    value.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                    signs.by_ref().take(if code.is_some() { 5 } else { 0 }).for_each(drop);
                }
                // A message that is cut ends anywhere.
                None => {}
                Some(other) => value.push(other),
            },
            sign => value.push(sign),
        }
    }
    (value, text.len())
}

#[cfg(test)]
mod tests {
    use super::{Item, item};

    #[test]
    fn escapes_are_undone() {
        for (text, expected) in [
            ("##teamcity[testStdErr name='a' out='a |'b|'|n  c |[1|] || |0x00fc|n' flowId='7']", vec!["a 'b'", "  c [1] | \u{fc}"]),
            ("[09:15:02] ##teamcity[message text='a' errorDetails='b|r|nc' status='ERROR'] d='e'", vec!["a", "b", "c"]),
            ("##teamcity[progressMessage 'a']", vec!["a"]),
            ("##teamcity[testStdOut name='x' out='cut |", vec!["cut "]),
        ] {
            let Some(Item::Text { lines, .. }) = item(text) else { panic!("{text}") };
            assert_eq!(lines, expected, "{text}");
        }
        assert!(item("##teamcity[testStarted name='a']").is_none() && item("a").is_none());
    }
}
