//! Messages on standard input and output.
//!
//! An editor, or something between it and the server, may send what is no message. That is answered, and the next
//! message is looked for: only the end of the input ends the reading. Nothing here waits for anything else, so an
//! editor that does not read for a while may still write.

use std::io::{self, BufRead, Read, Write};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::{ErrorCode, Message, RequestId, Response, ResponseError};
use serde_json::Value;

/// No message is longer. What claims to be is not waited for.
const LONGEST: usize = 1 << 30;

/// The name of the header that says how long a message is.
const LENGTH: &[u8] = b"content-length:";

/// What came in.
pub(super) enum Incoming {
    Message(Message),
    /// Something that is no message, and what to answer.
    Unreadable(Unreadable),
}

/// Why something is no message.
pub(super) struct Unreadable {
    code: ErrorCode,
    message: String,
    /// The number of the request, where it has one.
    id: Value,
}

impl Unreadable {
    /// The answer, in which the number may be null, as no `Response` can have it.
    pub(super) fn answer(&self) -> Value {
        let error = ResponseError { code: self.code as i32, message: self.message.clone(), data: None };
        serde_json::json!({ "jsonrpc": "2.0", "id": self.id, "error": error })
    }
}

/// What goes out.
pub(super) enum Outgoing {
    Message(Message),
    /// The answer to what is no message.
    Raw(Value),
    /// All before this is written: say so.
    Flushed(Sender<()>),
}

/// Starts to read standard input. The channel is closed where the input ends.
pub(super) fn read() -> io::Result<Receiver<Incoming>> {
    let (sender, receiver) = unbounded();
    let work = move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(incoming)) = next(&mut input) {
            if sender.send(incoming).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("heard: input".to_owned()).spawn(work)?;
    Ok(receiver)
}

/// Starts to write to standard output.
pub(super) fn write() -> io::Result<Sender<Outgoing>> {
    let (sender, receiver) = unbounded();
    let work = move || {
        let mut output = io::stdout().lock();
        for outgoing in receiver {
            let written = match outgoing {
                Outgoing::Message(message) => message.write(&mut output),
                Outgoing::Raw(value) => {
                    let text = value.to_string();
                    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| output.flush())
                }
                Outgoing::Flushed(done) => {
                    // Who waited may have given up.
                    let _ = done.send(());
                    Ok(())
                }
            };
            if written.is_err() {
                // Nobody reads any more; the end of the input will tell.
                return;
            }
        }
    };
    thread::Builder::new().name("heard: output".to_owned()).spawn(work)?;
    Ok(sender)
}

/// The next message, or `None` at the end of the input.
fn next(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let mut length = None;
    let mut line = Vec::new();
    let mut is_header = false;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let header = line.trim_ascii();
        match (header.is_empty(), is_header) {
            (true, true) => break,
            (true, false) => {}
            // The header may stand behind what is left of something unreadable.
            (false, _) => {
                is_header = true;
                length = length_in(header).or(length);
            }
        }
    }
    let Some(length) = length.filter(|length| *length <= LONGEST) else {
        let message = "there is no header `Content-Length` with the length of the message".to_owned();
        return Ok(Some(Incoming::Unreadable(Unreadable { code: ErrorCode::ParseError, message, id: Value::Null })));
    };
    let mut body = Vec::new();
    if input.take(length as u64).read_to_end(&mut body)? < length {
        return Ok(None);
    }
    Ok(Some(parsed(body).map_or_else(Incoming::Unreadable, Incoming::Message)))
}

/// The length that a line of the header gives.
fn length_in(line: &[u8]) -> Option<usize> {
    let at = line.windows(LENGTH.len()).rposition(|part| part.eq_ignore_ascii_case(LENGTH))?;
    std::str::from_utf8(&line[at + LENGTH.len()..]).ok()?.trim().parse().ok()
}

fn parsed(body: Vec<u8>) -> Result<Message, Unreadable> {
    let text = String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    if let Ok(message) = serde_json::from_str(&text) {
        return Ok(message);
    }
    // A buffer may hold half of a surrogate pair, which no text in Rust can: it is replaced, as by other readers.
    let text = without_lone_surrogates(&text);
    let value: Value = serde_json::from_str(&text).map_err(|error| Unreadable {
        code: ErrorCode::ParseError,
        message: format!("this is not JSON: {error}"),
        id: Value::Null,
    })?;
    let id = value.get("id").cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| Unreadable {
        code: ErrorCode::InvalidRequest,
        message: "this is neither a request nor a notification nor an answer of JSON-RPC".to_owned(),
        id,
    })
}

/// The text with `\ufffd` for each escape of half a surrogate pair.
fn without_lone_surrogates(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        whole.push_str(&rest[..at]);
        rest = &rest[at..];
        let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
        let length = match unit(rest) {
            Some(0xd800..0xdc00) if matches!(rest.get(6..).and_then(unit), Some(0xdc00..0xe000)) => 12,
            Some(0xd800..0xe000) => {
                whole.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        whole.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    whole.push_str(rest);
    whole
}

/// The answer that a request fails, and why.
pub(super) fn failure(id: RequestId, code: ErrorCode, message: impl Into<String>) -> Response {
    Response::new_err(id, code as i32, message.into())
}

#[cfg(test)]
mod tests {
    use super::{Incoming, next, without_lone_surrogates};

    /// The methods of the messages in an input; `!` for what is none.
    fn methods(mut input: &[u8]) -> Vec<String> {
        let mut methods = Vec::new();
        while let Some(incoming) = next(&mut input).unwrap() {
            methods.push(match incoming {
                Incoming::Message(lsp_server::Message::Notification(notification)) => notification.method,
                Incoming::Message(_) => "?".to_owned(),
                Incoming::Unreadable(_) => "!".to_owned(),
            });
        }
        methods
    }

    #[test]
    fn reading_goes_on_behind_what_is_no_message() {
        let good = "Content-Length: 27\r\n\r\n{\"jsonrpc\":\"2\",\"method\":\"m\"}";
        let good = good.replace("27", &good.split("\r\n\r\n").nth(1).unwrap().len().to_string());
        for (bad, said) in [
            ("Content-Length: 5\r\n\r\n{nope", "!"),
            ("Content-Length: 2\r\n\r\n42", "!"),
            ("Content-Length: 0\r\n\r\n", "!"),
            ("no header at all\r\n", ""),
            ("Content-Length: many\r\n\r\n{\"method\":\"lost\"}", "!"),
            ("Content-Length: 99999999999999\r\n\r\n", "!"),
        ] {
            let expected: Vec<&str> = ["m"].into_iter().chain([said].into_iter().filter(|said| !said.is_empty())).chain(["m"]).collect();
            assert_eq!(methods(format!("{good}{bad}{good}").as_bytes()), expected, "{bad}");
        }
        assert_eq!(methods(good.replace("Content-Length", "content-length").as_bytes()), ["m"]);
        assert_eq!(methods(&good.as_bytes()[..good.len() - 1]), Vec::<String>::new());
    }

    #[test]
    fn half_of_a_pair_is_replaced() {
        assert_eq!(without_lone_surrogates(r"a\ud83d\ude00b"), r"a\ud83d\ude00b");
        assert_eq!(without_lone_surrogates(r"\ud83d"), r"\ufffd");
        assert_eq!(without_lone_surrogates(r"\ude00\ud83d\n"), r"\ufffd\ufffd\n");
        assert_eq!(without_lone_surrogates(r"\\ud83d \é"), r"\\ud83d \é");
        assert_eq!(without_lone_surrogates("\\"), "\\");
    }
}
