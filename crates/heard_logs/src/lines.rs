//! From the bytes of a line to the text that a program wrote: encodings, colours, and quoting undone.

pub(crate) mod escapes;
pub(crate) mod prefix;

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;

use crate::assembly::class;
use crate::message;

// Colours and other control sequences of terminals, strings for them (as Buildkite writes its times), and how syslog
// daemons and `cat -v` spell their first byte.
pattern!(CONTROL, r"(?:\x1b|#033|\^\[)(?:\[[0-9;?]*[ -/]*[@-~]|[\]_PX^][^\x07\x1b]*(?:\x07|\x1b\\))");

// What runners of builds put before a line to have it shown in a colour.
pattern!(MARK, r"##\[(?:error|warning|debug|command|section|group|notice)\]");

/// The text of a line. Bytes that are not UTF-8 are read as Windows-1252, which knows every byte.
pub(crate) fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mut text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => decode_mixed(bytes),
    };
    if text.contains('\0') {
        text.retain(|sign| sign != '\0');
    }
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    without_entities(without_marks(without_control(text)))
}

fn without_marks(text: String) -> String {
    match MARK.as_ref().filter(|_| text.contains("##[")).map(|mark| mark.replace(&text, "")) {
        Some(Cow::Owned(plain)) => plain,
        _ => text,
    }
}

/// A console in a browser escapes what is no letter.
fn without_entities(text: String) -> String {
    if !text.contains('&') {
        return text;
    }
    if !text.contains("&lt;") && !text.contains("&gt;") && !text.contains("&#x27;") && !text.contains("&#39;") && !text.contains("&quot;") {
        return text;
    }
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&#x27;", "'").replace("&#39;", "'").replace("&amp;", "&")
}

/// UTF-8 where it is UTF-8, and single bytes in between: one wrong byte does not change the rest of a line.
fn decode_mixed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let (rest, _) = WINDOWS_1252.decode_without_bom_handling(chunk.invalid());
        text.push_str(&rest);
    }
    text
}

fn without_control(text: String) -> String {
    if memchr::memchr3(0x1b, b'#', b'^', text.as_bytes()).is_none() {
        return text;
    }
    let has_control = text.contains('\u{1b}') || text.contains("#033[") || text.contains("^[[");
    match CONTROL.as_ref().filter(|_| has_control).map(|control| control.replace_all(&text, "")) {
        Some(Cow::Owned(plain)) => plain,
        _ => text,
    }
}

/// What stands behind the last carriage return: a progress bar is drawn over, not written before a message. What stands
/// behind a message is a part of what it says.
pub(crate) fn after_return(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let parts: Vec<&str> = text.split('\r').collect();
    let told = parts.iter().rposition(|part| message::find(part).is_some());
    match told.filter(|at| *at + 1 < parts.len()) {
        // Where lines are parted so, as Lambda does it, the mark of Unicode for that stays.
        Some(at) => {
            let sign = if parts[at + 1..].iter().any(|part| class::begins(part)) { "\u{2028}" } else { " " };
            Cow::Owned(parts[at..].join(sign).trim_end().to_owned())
        }
        None => Cow::Borrowed(parts.into_iter().rfind(|part| !part.trim().is_empty()).unwrap_or("")),
    }
}

#[cfg(test)]
mod tests {
    use super::{after_return, text};

    #[test]
    fn no_message_is_drawn_over() {
        for (line, shown) in [
            ("\r 40%|####\rTask exception was never retrieved", "Task exception was never retrieved"),
            ("x: Task exception was never retrieved: 'a\rb'", "x: Task exception was never retrieved: 'a b'"),
            ("Task was destroyed but it is pending!\rtask: <Task x>", "Task was destroyed but it is pending!\u{2028}task: <Task x>"),
            ("10%\r20%\r", "20%"),
        ] {
            assert_eq!(after_return(line), shown);
        }
    }

    #[test]
    fn any_bytes_are_text() {
        assert_eq!(text(b"\x1b[31mERROR\x1b[0m asyncio\r"), "ERROR asyncio");
        assert_eq!(text(b"\x1b_bk;t=1741680902123\x07ERROR asyncio"), "ERROR asyncio");
        assert_eq!(text(b"2025-03-11T08:10:02.1234567Z ##[error]  File"), "2025-03-11T08:10:02.1234567Z   File");
        assert_eq!(text(b"#033[31mERROR#033[0m asyncio"), "ERROR asyncio");
        assert_eq!(text("\u{feff}feed 'süd'".as_bytes()), "feed 'süd'");
        assert_eq!(text(b"&lt;Task name=&#39;a&#39;&gt; &amp;amp; R&D"), "<Task name='a'> &amp; R&D");
        assert_eq!(text(b"\0\0\0feed 's\xfcd' \xc3\xbc"), "feed 'süd' ü");
    }
}
