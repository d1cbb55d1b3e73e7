//! Records that a formatter or a collector has written as one line.

use super::class;
use crate::lines::escapes;

pattern!(TAG, r"<(?i:br|p|/p|/?div|/?li|lf|cr|crlf|nl|newline) ?/?>\s?$");
/// What Unicode has for the end of a line, which formatters take since collectors do not part there.
const ENDS: [char; 3] = ['\u{2028}', '\u{2029}', '\u{85}'];
pattern!(IN_FRAME, r#"(File "[^"]+", line \d+, in \S+)[ \t]+"#);

/// The lines behind the message, if the rest of its line holds them.
///
/// What stands for a line break is found between the message and the first part that must follow it.
pub(crate) fn lines(rest: &str) -> Option<Vec<String>> {
    let sign = sign(rest)?.trim();
    if rest.contains(ENDS) {
        return Some(rest.split(ENDS).map(str::to_owned).collect());
    }
    if sign.is_empty() || sign == "," || sign == ":" || sign == "." || sign.len() > 8 {
        return Some(by_anchors(rest));
    }
    if sign == "\\n" || sign == "\\\\n" {
        let text = if sign == "\\\\n" { escapes::unescape(rest) } else { rest.to_owned() };
        return Some(escapes::unescape(&text).split('\n').map(str::to_owned).collect());
    }
    Some(escapes::split_joined(rest, sign))
}

/// What stands before the parts that must follow: the shortest that is not blank, since what a callback is called or
/// the end of a line stands there too.
fn sign(rest: &str) -> Option<&str> {
    let mut best: Option<&str> = None;
    let mut from = 0;
    while let Some((at, _)) = class::anchor(&rest[from..]) {
        let before = &rest[from..from + at];
        let tag = TAG.as_ref().and_then(|tag| tag.find(before)).map(|tag| tag.as_str());
        let sign = if let Some(tag) = tag {
            tag
        } else if from == 0 && before.len() <= 12 {
            before
        } else {
            &before[before.rfind(['>', ')']).map_or(0, |end| end + 1)..]
        };
        let is_better = best.is_none_or(|best| best.trim().is_empty() || !sign.trim().is_empty() && sign.len() < best.len());
        best = if is_better { Some(sign) } else { best };
        from += at + rest[from + at..].chars().next().map_or(1, char::len_utf8);
    }
    best
}

/// Only blanks stand for line breaks: each part that can be told begins a line.
fn by_anchors(rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut text = rest;
    while let Some((at, _)) = class::anchor(text) {
        if at > 0 {
            lines.push(text[..at].trim().to_owned());
        }
        let length = text[at..].chars().next().map_or(1, char::len_utf8);
        let next = class::anchor(&text[at + length..]).map_or(text.len(), |(next, _)| at + length + next);
        // `Traceback` is found in `+ Exception Group Traceback` again.
        let part = text[at..next].trim_end();
        match IN_FRAME.as_ref().map(|frame| frame.replace(part.trim_start(), "$1\n    ")).filter(|_| part.contains("File \"")) {
            Some(parted) => lines.extend(parted.split('\n').flat_map(with_exception)),
            None => lines.push(part.to_owned()),
        }
        text = &text[next..];
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

/// The source of the last frame, and behind it the exception.
fn with_exception(line: &str) -> Vec<String> {
    pattern!(
        EXCEPTION,
        r"^(?P<source>.*?[)\]\w~^]) (?P<exception>(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Group|Timeout|Failed|Refused)\b(?:: .*)?)$"
    );
    if let Some(found) = EXCEPTION.as_ref().filter(|_| line.starts_with("    ")).and_then(|exception| exception.captures(line)) {
        return vec![found["source"].to_owned(), found["exception"].to_owned()];
    }
    vec![if line.starts_with("File ") { format!("  {line}") } else { line.to_owned() }]
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn the_sign_for_a_line_break_is_found() {
        let expected =
            ["", "future: <Task x>", "Traceback (most recent call last):", "  File \"/a.py\", line 1, in f", "    g()", "KeyError: 'x'"];
        for sign in [" ⏎ ", "#012", "\\n", " | ", "<br>", "<br/>", "<LF>", "%0A", "\\x0a", "\\u000a", "\u{2028}", " \\\\ "] {
            let text: String = expected.join(sign);
            assert_eq!(lines(&text).unwrap(), expected, "{sign}");
        }
        let text = " future: <Task x> Traceback (most recent call last): File \"/a.py\", line 1, in f raise KeyError(\"x\") KeyError: 'x'";
        assert_eq!(
            lines(text).unwrap(),
            [
                "future: <Task x>",
                "Traceback (most recent call last):",
                "  File \"/a.py\", line 1, in f",
                "    raise KeyError(\"x\")",
                "KeyError: 'x'"
            ]
        );
        assert!(lines(" what it means").is_none());
    }
}
