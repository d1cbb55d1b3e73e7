//! Hashes as Ruby prints them, which are JSON but for their arrows: by Fluent Bit in one line, by Logstash over many.

use serde_json::Value;

/// The value of such a hash; what stands behind it is left out.
pub(crate) fn parse(text: &str) -> Option<Value> {
    if !text.contains("=>") {
        return None;
    }
    let end = text.rfind('}')? + 1;
    serde_json::from_str(&json(&text[..end])).ok()
}

/// The same as JSON: arrows are colons, and what is no number is a text.
fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '"' => string(rest, &mut out),
            '=' if rest.starts_with("=>") => {
                out.push(':');
                2
            }
            '[' if index(rest) > 0 => index(rest),
            sign if sign.is_ascii_alphanumeric() || matches!(sign, '-' | '#' | '<') => bare(rest, &mut out),
            sign => {
                out.push(sign);
                sign.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// How long the number is that Logstash writes before an element of a list: `[0] "x"`.
fn index(text: &str) -> usize {
    let behind = text[1..].trim_start_matches(|sign: char| sign.is_ascii_digit());
    let is_index =
        behind.len() + 1 < text.len() && behind.strip_prefix("] ").is_some_and(|next| !next.trim_start().starts_with([',', ']', '}']));
    if is_index { text.len() - behind.len() + 2 } else { 0 }
}

/// A text, in which Ruby escapes what would be code.
fn string(text: &str, out: &mut String) -> usize {
    out.push('"');
    let mut signs = text.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => {
                out.push('"');
                return at + 1;
            }
            '\\' => match signs.next() {
                Some((_, 'e')) => out.push_str("\\u001b"),
                Some((_, 'a' | 'v')) | None => {}
                Some((_, escaped @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u'))) => out.extend(['\\', escaped]),
                Some((_, other)) => out.push(other),
            },
            sign if sign.is_control() => {}
            sign => out.push(sign),
        }
    }
    text.len()
}

/// A number or a word of JSON as it is, and anything else, such as a time, as a text.
fn bare(text: &str, out: &mut String) -> usize {
    let end = text.find([',', '\n', '}', ']', '"']).or_else(|| text.find("=>")).unwrap_or(text.len());
    let word = text[..end].trim_end();
    match word {
        "nil" => out.push_str("null"),
        word if serde_json::from_str::<Value>(word).is_ok() => out.push_str(word),
        word => out.push_str(&Value::String(word.to_owned()).to_string()),
    }
    end
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn hashes_are_read() {
        let text = "{\n    \"@timestamp\" => 2025-03-11T09:15:02.123Z,\n       \"message\" => \"a => \\\"b\\\"\\n\\#{c}\\e[0m\",\n  \"tags\" => [\n    [0] \"x\"\n  ],\n  \"n\"=>1, \"none\" => nil\n}";
        let expected = "{\"@timestamp\":\"2025-03-11T09:15:02.123Z\",\"message\":\"a => \\\"b\\\"\\n#{c}\\u001b[0m\",\"tags\":[\"x\"],\"n\":1,\"none\":null}";
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<serde_json::Value>(expected).unwrap());
        assert!(parse("{\"a\": 1}").is_none());
    }
}
