//! Text inside text: a `bytes` or `str` repr, a quoted value, and lines that were joined into one.

/// The text of a Python or JSON literal's inside.
pub(crate) fn unescape(inside: &str) -> String {
    let mut bytes: Vec<u8> = Vec::with_capacity(inside.len());
    let mut signs = inside.chars();
    let mut surrogate: Option<u32> = None;
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            push(&mut bytes, sign);
            continue;
        }
        match signs.next() {
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('r') => bytes.push(b'\r'),
            Some('b' | 'f' | 'a' | 'v') => {}
            Some('x') => bytes.extend(hex(&mut signs, 2).and_then(|code| u8::try_from(code).ok())),
            Some('u') => match hex(&mut signs, 4) {
                Some(high @ 0xd800..0xdc00) => surrogate = Some(high),
                Some(low @ 0xdc00..0xe000) => {
                    let pair = surrogate.take().map(|high| 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                    push(&mut bytes, pair.and_then(char::from_u32).unwrap_or('\u{fffd}'));
                }
                code => push(&mut bytes, code.and_then(char::from_u32).unwrap_or('\u{fffd}')),
            },
            Some(other @ ('\\' | '\'' | '"' | '/')) => push(&mut bytes, other),
            Some(other) => {
                bytes.push(b'\\');
                push(&mut bytes, other);
            }
            None => bytes.push(b'\\'),
        }
    }
    super::text(&bytes)
}

fn push(bytes: &mut Vec<u8>, sign: char) {
    bytes.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
}

fn hex(signs: &mut std::str::Chars<'_>, count: usize) -> Option<u32> {
    let digits: String = signs.clone().take(count).collect();
    let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == count)?;
    *signs = signs.clone().as_str().get(count..)?.chars();
    Some(code)
}

/// Where a quoted literal that begins at this quote ends: the place of the closing quote.
pub(crate) fn closing(text: &str, open: usize) -> Option<usize> {
    let quote = *text.as_bytes().get(open)?;
    let mut at = open + 1;
    while let Some(byte) = text.as_bytes().get(at) {
        match *byte {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// A line whose end is the repr of what a child wrote: what stands before, and the child's lines.
///
/// A `str` counts only with the line's end in it, since anything may stand in quotes.
pub(crate) fn child_output(line: &str) -> Option<(&str, Vec<String>)> {
    let trimmed = line.trim_end();
    let last = trimmed.as_bytes().last().copied().filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let mut from = 0;
    while let Some(open) = trimmed.get(from..)?.bytes().position(|byte| byte == last).map(|at| at + from) {
        let before = &trimmed[..open];
        let is_bytes = before.ends_with('b') && !before[..before.len() - 1].ends_with(|sign: char| sign.is_alphanumeric());
        let prefix = if is_bytes { &before[..before.len() - 1] } else { before };
        let stands_alone = prefix.is_empty() || prefix.ends_with([' ', ':', '=', '(', '[', '|', '>', '\t']);
        if stands_alone && closing(trimmed, open) == Some(trimmed.len() - 1) {
            let inside = &trimmed[open + 1..trimmed.len() - 1];
            // The text of a record as a repr, behind the logger.
            let is_told = || prefix.trim_end_matches([' ', ':', '|', '=', '-', ']', ')']).ends_with("asyncio") && inside.contains("\\n");
            if !is_bytes && !inside.ends_with("\\n") && !is_told() {
                return None;
            }
            let text = unescape(inside);
            return Some((prefix, text.trim_end_matches('\n').split('\n').map(str::to_owned).collect()));
        }
        from = open + 1;
    }
    None
}

/// The lines of a record that was written as one line: `sign` is what stands for the line breaks.
///
/// At most one blank on each side belongs to the sign, since the blanks behind are the indentation.
pub(crate) fn split_joined(text: &str, sign: &str) -> Vec<String> {
    let parts = text.matches(sign).count();
    let blank_before = text.matches(&format!(" {sign}")).count() == parts;
    let blank_after = text.matches(&format!("{sign} ")).count() + usize::from(text.ends_with(sign)) == parts;
    // The drawing of a group has the same bars: one behind nothing but blanks belongs to the line.
    let mut lines: Vec<String> = Vec::new();
    for part in text.split(sign) {
        let is_first = lines.len() < 2;
        let drawn =
            lines.last_mut().filter(|last| sign == "|" && !is_first && !last.is_empty() && last.trim().is_empty() && part.starts_with(' '));
        match drawn {
            Some(last) => *last = format!("{last}{sign}{part}"),
            None => lines.push(part.to_owned()),
        }
    }
    lines
        .iter()
        .map(|line| {
            let line = if blank_before { line.strip_suffix(' ').unwrap_or(line) } else { line.as_str() };
            let line = if blank_after { line.strip_prefix(' ').unwrap_or(line) } else { line };
            line.to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{child_output, split_joined, unescape};

    #[test]
    fn literals_are_undone() {
        assert_eq!(unescape(r"a\n\x1b[31mb\x1b[0m \'c\' \u00fc \xc3\xbc \ud83d\ude00"), "a\nb 'c' ü ü 😀");
        assert_eq!(unescape(r"C:\\Bots\d \"), r"C:\Bots\d \");
    }

    #[test]
    fn the_output_of_a_child_is_found() {
        let (before, lines) = child_output(r#"INFO b'future: <Task name=\'x\' exception=E("y")>\n'"#).unwrap();
        assert_eq!((before, lines), ("INFO ", vec![r#"future: <Task name='x' exception=E("y")>"#.to_owned()]));
        assert_eq!(child_output(r"child: 'one\ntwo\n'").unwrap().1, ["one", "two"]);
        assert_eq!(child_output(r"ERROR asyncio: 'one\ntwo'").unwrap().1, ["one", "two"]);
        assert!(child_output(r"INFO bot: 'one\ntwo'").is_none());
        assert!(child_output("said 'hello'").is_none());
        assert!(child_output("KeyError: 'cup'").is_none());
    }

    #[test]
    fn joined_lines_keep_their_indentation() {
        assert_eq!(split_joined("a ⏎   File ⏎ b", "⏎"), ["a", "  File", "b"]);
        assert_eq!(split_joined("a#012  File#012b", "#012"), ["a", "  File", "b"]);
    }
}
