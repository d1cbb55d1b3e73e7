//! From the bytes of a Python file to its text, as Python itself does it.
//!
//! A byte order mark or a coding cookie (PEP 263) in the first two lines names the coding; without
//! them it is UTF-8. What Python would refuse is an error, and so are the few codings that Python
//! knows and we do not.

use encoding_rs::Encoding;

/// Why bytes are no Python source.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// A NUL, which the tokenizer refuses.
    #[error("contains null bytes, which Python refuses (the first in line {line})")]
    NullBytes {
        /// The line of the first one.
        line: usize,
    },
    /// Invalid UTF-8 in a file without a coding cookie.
    #[error("line {line} is not UTF-8 (byte 0x{byte:02x}), and the file declares no other coding")]
    NotUtf8 {
        /// The line of the first bad byte.
        line: usize,
        /// The first bad byte.
        byte: u8,
    },
    /// Bytes that the declared coding does not have.
    #[error("is not in the coding that it declares, `{coding}`")]
    NotInCoding {
        /// The coding, as the file writes it.
        coding: String,
    },
    /// A coding that we cannot read.
    #[error("declares the coding `{coding}`, which heard cannot read: save the file as UTF-8")]
    UnknownCoding {
        /// The coding, as the file writes it.
        coding: String,
    },
    /// A UTF-8 byte order mark, and a cookie that says otherwise.
    #[error("starts with a UTF-8 byte order mark but declares the coding `{coding}`, which Python refuses")]
    MarkAndCoding {
        /// The coding, as the file writes it.
        coding: String,
    },
}

/// How the text of a file is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coded {
    /// Whether the file begins with a UTF-8 byte order mark.
    mark: bool,
    coding: Coding,
}

/// The text of a Python file, without a byte order mark, and how it is written down.
pub(crate) fn decode(mut bytes: Vec<u8>) -> Result<(String, Coded), DecodeError> {
    refuse_null(&bytes)?;
    let mark = bytes.starts_with(MARK);
    if mark {
        bytes.drain(..MARK.len());
    }
    let Some(written) = cookie(&bytes) else {
        let text = utf8(bytes).map_err(|(bytes, offset)| DecodeError::NotUtf8 { line: line_of(&bytes, offset), byte: bytes[offset] })?;
        return Ok((text, Coded { mark, coding: Coding::Utf8 }));
    };
    let coding = Coding::find(&written);
    if mark && coding != Some(Coding::Utf8) {
        return Err(DecodeError::MarkAndCoding { coding: written });
    }
    match coding {
        None => Err(DecodeError::UnknownCoding { coding: written }),
        Some(coding) => {
            let text = coding.decode(bytes).ok_or(DecodeError::NotInCoding { coding: written })?;
            Ok((text, Coded { mark, coding }))
        }
    }
}

/// An error where there is a NUL, which no coding that is read here has for anything else.
pub(super) fn refuse_null(bytes: &[u8]) -> Result<(), DecodeError> {
    match memchr::memchr(0, bytes) {
        Some(offset) => Err(DecodeError::NullBytes { line: line_of(bytes, offset) }),
        None => Ok(()),
    }
}

/// The UTF-8 byte order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Coded {
    /// The bytes of a file with this text, if its coding has all characters.
    pub(crate) fn encode(self, text: &str) -> Option<Vec<u8>> {
        let mut bytes = if self.mark { MARK.to_vec() } else { Vec::new() };
        bytes.extend(self.coding.encode(text)?);
        // A cookie that was written in or taken out is another coding.
        (decode(bytes.clone()).ok()? == (text.to_owned(), self)).then_some(bytes)
    }
}

/// A coding that we can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Utf8,
    Ascii,
    /// Python's latin-1, in which every byte is the code point of the same number. The web's is
    /// another one: windows-1252.
    Latin1,
    /// Python's latin-5: the web's, windows-1254, has other characters where this has controls.
    Latin5,
    Other(&'static Encoding),
}

impl Coding {
    /// The coding that Python knows by this name.
    fn find(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        let is = |short: &str| name == short || name.strip_prefix(short).is_some_and(|rest| rest.starts_with('-'));
        if is("utf-8") {
            return Some(Coding::Utf8);
        }
        if ["latin-1", "iso-8859-1", "iso-latin-1"].into_iter().any(is) {
            return Some(Coding::Latin1);
        }
        let label = match name.as_str() {
            "utf8" | "u8" | "utf" | "utf8-ucs2" | "utf8-ucs4" | "cp65001" => return Some(Coding::Utf8),
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" | "iso646-us" => return Some(Coding::Ascii),
            "latin1" | "latin" | "l1" | "8859" | "cp819" | "iso8859" | "iso8859-1" => return Some(Coding::Latin1),
            "latin-5" | "latin5" | "l5" | "iso-8859-9" | "iso8859-9" => return Some(Coding::Latin5),
            "cp932" | "932" | "ms932" | "mskanji" | "shift-jis" | "sjis" | "s-jis" => "shift_jis",
            "cp936" | "936" | "ms936" => "gbk",
            "cp949" | "949" | "ms949" | "uhc" | "euckr" => "euc-kr",
            "cp950" | "950" | "ms950" | "big5-tw" => "big5",
            "eucjp" | "ujis" | "u-jis" => "euc-jp",
            "mac-roman" | "macroman" => "macintosh",
            "mac-cyrillic" => "x-mac-cyrillic",
            "latin9" | "latin-9" | "l9" | "iso8859-15" => "iso-8859-15",
            "latin2" | "latin-2" | "iso8859-2" => "iso-8859-2",
            "cyrillic" | "iso8859-5" => "iso-8859-5",
            name => name,
        };
        let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
        // The web reads these names as windows-1252 and the like, which Python does not; and no
        // file that starts with an ASCII cookie is UTF-16.
        let other = encoding == encoding_rs::WINDOWS_1252 && !matches!(label, "cp1252" | "windows-1252")
            || encoding == encoding_rs::WINDOWS_1254 && !matches!(label, "cp1254" | "windows-1254")
            || [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE, encoding_rs::X_USER_DEFINED].contains(&encoding);
        (!other).then_some(Coding::Other(encoding))
    }

    fn decode(self, bytes: Vec<u8>) -> Option<String> {
        match self {
            Coding::Utf8 => String::from_utf8(bytes).ok(),
            Coding::Ascii => bytes.is_ascii().then(|| String::from_utf8(bytes).ok())?,
            Coding::Latin1 => Some(bytes.into_iter().map(char::from).collect()),
            Coding::Latin5 => bytes
                .into_iter()
                .map(|byte| match byte {
                    0..=0x9f => Some(char::from(byte)),
                    _ => encoding_rs::WINDOWS_1254.decode_without_bom_handling(&[byte]).0.chars().next(),
                })
                .collect(),
            Coding::Other(encoding) => encoding.decode_without_bom_handling_and_without_replacement(&bytes).map(Into::into),
        }
    }

    fn encode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Coding::Utf8 => Some(text.as_bytes().to_vec()),
            Coding::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Coding::Latin1 => text.chars().map(|character| u8::try_from(character).ok()).collect(),
            Coding::Latin5 => {
                let of_character = |character: char| {
                    if character <= '\u{9f}' {
                        return u8::try_from(character).ok();
                    }
                    let mut text = [0; 4];
                    let (bytes, _, is_lossy) = encoding_rs::WINDOWS_1254.encode(character.encode_utf8(&mut text));
                    bytes.first().copied().filter(|_| !is_lossy)
                };
                text.chars().map(of_character).collect()
            }
            Coding::Other(encoding) => {
                let (bytes, _, is_lossy) = encoding.encode(text);
                (!is_lossy).then(|| bytes.into_owned())
            }
        }
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, (Vec<u8>, usize)> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        (error.into_bytes(), offset)
    })
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    lines(&bytes[..offset]).count().max(1)
}

/// The lines of a text, which end with `\n`, `\r` or both. One more follows a final line end.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            rest = None;
            return Some(text);
        };
        let ended = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = Some(&text[end + ended..]);
        Some(&text[..end])
    })
}

/// The coding cookie in one of the first two lines. Before it stand comments only.
fn cookie(bytes: &[u8]) -> Option<String> {
    for line in lines(bytes).take(2) {
        let line = line.trim_ascii_start();
        match line.split_first() {
            None => {}
            Some((b'#', comment)) => {
                if let Some(name) = cookie_in(comment) {
                    return Some(name);
                }
            }
            Some(_) => return None,
        }
    }
    None
}

/// What follows `coding:` or `coding=`.
fn cookie_in(comment: &[u8]) -> Option<String> {
    let key = b"coding";
    for start in 0..comment.len().saturating_sub(key.len()) {
        let Some([b':' | b'=', value @ ..]) = comment[start..].strip_prefix(key) else { continue };
        let value = value.trim_ascii_start();
        let length = value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)).count();
        if length > 0 {
            return String::from_utf8(value[..length].to_vec()).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, decode};

    fn text(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap().0
    }

    fn error(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap_err().to_string()
    }

    #[test]
    fn utf8_is_the_default_and_a_mark_is_dropped() {
        assert_eq!(text("x = 'é'\n".as_bytes()), "x = 'é'\n");
        assert_eq!(text(b"\xef\xbb\xbfx = 1\n"), "x = 1\n");
        assert_eq!(text(b"\xef\xbb\xbf# coding: utf_8\n"), "# coding: utf_8\n");
        assert_eq!(text(b""), "");
    }

    #[test]
    fn a_cookie_may_stand_in_the_first_two_lines() {
        assert_eq!(text(b"# -*- coding: latin-1 -*-\n\xe9"), "# -*- coding: latin-1 -*-\né");
        assert_eq!(
            text(b"#!/usr/bin/python\r# vim: set fileencoding=iso-8859-15 :\r\xa4"),
            "#!/usr/bin/python\r# vim: set fileencoding=iso-8859-15 :\r€"
        );
        assert_eq!(text(b"\n \t# coding:   cp1251\n\xe9"), "\n \t# coding:   cp1251\nй");
        assert_eq!(
            decode(b"x = 1\n# coding: latin-1\n\xe9".to_vec()),
            Err(DecodeError::NotUtf8 { line: 3, byte: 0xe9 }),
            "code stands before it"
        );
        assert_eq!(decode(b"#\n#\n# coding: latin-1\n\xe9".to_vec()), Err(DecodeError::NotUtf8 { line: 4, byte: 0xe9 }), "the third line");
    }

    #[test]
    fn the_names_are_those_of_python_not_of_the_web() {
        assert_eq!(text(b"#coding:latin1\n\x80"), "#coding:latin1\n\u{80}");
        assert_eq!(text(b"#coding:ISO-8859-1-unix\n\x9f"), "#coding:ISO-8859-1-unix\n\u{9f}");
        assert_eq!(text(b"#coding:latin5\n\x80\xfd"), "#coding:latin5\n\u{80}ı");
        assert_eq!(text(b"#coding:cp1252\n\x80"), "#coding:cp1252\n€");
        assert_eq!(text(b"#coding:shift_jis\n\x83\x65"), "#coding:shift_jis\nテ");
        assert_eq!(text(b"#coding:koi8_r\n\xc1"), "#coding:koi8_r\nа");
        assert_eq!(error(b"#coding:ascii\n\xe9"), "is not in the coding that it declares, `ascii`");
        assert_eq!(error(b"#coding:utf-8\n\xe9"), "is not in the coding that it declares, `utf-8`");
    }

    #[test]
    fn what_is_decoded_is_encoded_again() {
        let files: [&[u8]; 7] = [
            b"x = 1\r\n",
            "x = 'é'\n".as_bytes(),
            b"\xef\xbb\xbfx = 1\n",
            b"# coding: latin-1\n\xe9\x80",
            b"#coding:latin5\n\x80\xfd",
            b"#coding:cp1252\n\x80",
            b"#coding:shift_jis\n\x83\x65",
        ];
        for file in files {
            let (text, coded) = decode(file.to_vec()).unwrap();
            assert_eq!(coded.encode(&text).as_deref(), Some(file));
            assert_eq!(coded.encode(&format!("{text}€あ")).is_some(), file.starts_with(b"x") || file.starts_with(b"\xef"), "{text}");
            assert_eq!(coded.encode(&format!("# coding: koi8-r\n{text}€")), None, "another coding");
        }
    }

    #[test]
    fn what_python_refuses_is_an_error() {
        assert_eq!(error(b"x\0"), "contains null bytes, which Python refuses (the first in line 1)");
        assert_eq!(error(b"a\r\nb\n\xff"), "line 3 is not UTF-8 (byte 0xff), and the file declares no other coding");
        assert!(error(b"\xef\xbb\xbf#coding:latin-1\n").starts_with("starts with a UTF-8 byte order mark"));
        for coding in ["utf-16", "utf-7", "nonsense", "cp850", "x-user-defined", "iso-2022-kr"] {
            let text = format!("# coding: {coding}\n");
            assert_eq!(error(text.as_bytes()), format!("declares the coding `{coding}`, which heard cannot read: save the file as UTF-8"));
        }
    }
}
