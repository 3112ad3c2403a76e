//! Messages cut from a stream of bytes: headers with a length, then JSON. A stream that is out of step gets into
//! step again at the next header.

use serde_json::Value;
use std::io::{self, ErrorKind, Read};

/// Maximum number of bytes of a message. A document may have 10 MB, which escapes make longer.
const MAX_MESSAGE: usize = 64 << 20;

/// Maximum number of bytes of headers.
const MAX_HEADERS: usize = 4096;

const LENGTH: &[u8] = b"content-length:";

/// Why a part of the stream is not a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// Bytes without a header, or a message that is not JSON.
    Unreadable,
    TooLarge,
}

#[derive(Debug)]
pub struct Frames<R> {
    source: R,
    /// Bytes that were received and not used yet.
    buffer: Vec<u8>,
}

impl<R: Read> Frames<R> {
    pub fn new(source: R) -> Frames<R> {
        Frames { source, buffer: Vec::new() }
    }

    /// Returns the next message; `None` at the end of the stream.
    pub fn next(&mut self) -> io::Result<Option<Result<Value, Broken>>> {
        loop {
            let Some(header) = find_header(&self.buffer) else {
                if let Some(garbage) = self.drop_garbage() {
                    return Ok(Some(Err(garbage)));
                }
                if !self.receive()? {
                    return Ok(None);
                }
                continue;
            };
            if !is_header_block(&self.buffer[..header]) {
                self.buffer.drain(..header);
                return Ok(Some(Err(Broken::Unreadable)));
            }
            let Some(end) = end_of_headers(&self.buffer, header) else {
                if self.buffer.len() - header > MAX_HEADERS {
                    self.buffer.drain(..header + LENGTH.len());
                    return Ok(Some(Err(Broken::Unreadable)));
                }
                if !self.receive()? {
                    return Ok(None);
                }
                continue;
            };
            let length = length(&self.buffer[header + LENGTH.len()..]);
            self.buffer.drain(..end);
            return match length {
                None => Ok(Some(Err(Broken::Unreadable))),
                Some(length) if length > MAX_MESSAGE => Ok(Some(Err(Broken::TooLarge))),
                Some(length) => self.body(length),
            };
        }
    }

    fn body(&mut self, length: usize) -> io::Result<Option<Result<Value, Broken>>> {
        while self.buffer.len() < length {
            if !self.receive()? {
                return Ok(None);
            }
        }
        if let Some(message) = read(&self.buffer[..length]) {
            self.buffer.drain(..length);
            return Ok(Some(Ok(message)));
        }
        // A length that is too large takes in the next header, which cannot stand inside of JSON.
        let header = find_header(&self.buffer[..length]);
        let own = header.unwrap_or(length);
        let message = header.and_then(|at| read(&self.buffer[..at]));
        self.buffer.drain(..own);
        Ok(Some(message.ok_or(Broken::Unreadable)))
    }

    /// Receives more bytes, and returns whether there are any.
    fn receive(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 << 10];
        loop {
            match self.source.read(&mut chunk) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.buffer.extend_from_slice(&chunk[..count]);
                    return Ok(true);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops what has been received where it cannot be the beginning of headers.
    fn drop_garbage(&mut self) -> Option<Broken> {
        let lines = self.buffer.iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1);
        if !is_header_block(&self.buffer[..lines]) {
            self.buffer.drain(..lines);
        } else if self.buffer.len() > MAX_HEADERS {
            // The name of the next header may have arrived in part.
            self.buffer.drain(..self.buffer.len() - LENGTH.len());
        } else {
            return None;
        }
        Some(Broken::Unreadable)
    }
}

/// Returns where the header with the length begins, which may be written in any case and stand behind garbage. Its
/// value must have arrived at least in part, since the words alone may stand in a text.
fn find_header(bytes: &[u8]) -> Option<usize> {
    let is_header = |at: &usize| {
        let rest = &bytes[*at..];
        rest.len() > LENGTH.len() && rest[..LENGTH.len()].eq_ignore_ascii_case(LENGTH) && {
            let value = &rest[LENGTH.len()..];
            let line = value.iter().position(|it| *it == b'\n').map_or(value, |end| &value[..end]);
            line.len() < 64 && !line.contains(&b'"')
        }
    };
    (0..bytes.len()).filter(|at| bytes[*at].eq_ignore_ascii_case(&b'c')).find(is_header)
}

/// Whether bytes consist of whole lines that are other headers, or are empty.
fn is_header_block(bytes: &[u8]) -> bool {
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|it| it.is_ascii_alphanumeric() || *it == b'-')
    };
    let is_header = |line: &[u8]| match line.iter().position(|it| *it == b':') {
        Some(colon) => is_name(&line[..colon]),
        None => line.iter().all(|it| it.is_ascii_whitespace()),
    };
    (bytes.is_empty() || bytes.ends_with(b"\n")) && bytes.split(|it| *it == b'\n').all(is_header)
}

/// Returns where the empty line behind a header ends.
fn end_of_headers(bytes: &[u8], from: usize) -> Option<usize> {
    let mut line_start = from;
    for at in from..bytes.len() {
        if bytes[at] == b'\n' {
            if bytes[line_start..at].iter().all(|it| *it == b'\r') {
                return Some(at + 1);
            }
            line_start = at + 1;
        }
    }
    None
}

/// Returns the number at the beginning of the value of a header.
fn length(value: &[u8]) -> Option<usize> {
    let line = value.split(|it| *it == b'\n').next()?;
    str::from_utf8(line).ok()?.trim().parse().ok()
}

/// Reads JSON. Bytes that are not UTF-8 and surrogates without a partner, which an editor may have in its text,
/// become U+FFFD.
fn read(bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(message) = serde_json::from_str(&text) {
        return Some(message);
    }
    serde_json::from_str(&with_whole_surrogates(&text)).ok()
}

/// Replaces the escapes of surrogates without a partner.
fn with_whole_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), unit(rest.get(6..).unwrap_or_default())) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push_str("\\uFFFD");
                rest = &rest[6..];
                continue;
            }
            // An escaped backslash does not start another escape.
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// Returns the UTF-16 unit of an escape at the beginning of a text.
fn unit(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A stream that hands over a few bytes at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(3).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn all(stream: &str) -> Vec<Result<Value, Broken>> {
        let read_all = |source: &mut dyn Read| {
            let mut frames = Frames::new(source);
            std::iter::from_fn(|| frames.next().unwrap()).collect::<Vec<_>>()
        };
        let whole = read_all(&mut stream.as_bytes());
        assert_eq!(read_all(&mut Slow(stream.as_bytes())), whole, "in small pieces: {stream}");
        whole
    }

    #[test]
    fn headers_may_be_in_any_case_and_have_company() {
        let stream = "X-Other: 1\r\ncontent-length: 2\r\nContent-Type: a/b; charset=x\r\n\r\n{}";
        assert_eq!(all(stream), [Ok(json!({}))]);
        assert_eq!(all(&(frame("1") + &frame("2"))), [Ok(json!(1)), Ok(json!(2))]);
    }

    #[test]
    fn a_broken_message_costs_itself_alone() {
        let next = frame("2");
        for broken in [
            frame("{\"a\":"),
            "Content-Length: x\r\n\r\n".to_owned(),
            "Content-Length: 99999999999\r\n\r\n".to_owned(),
            "garbage\r\n".to_owned(),
            "Content-Length: 3\r\n\r\n{\"a\": 1, \"b\": \"longer\"}".to_owned(),
        ] {
            let read = all(&format!("{broken}{next}"));
            assert_eq!(read.last(), Some(&Ok(json!(2))), "{broken}");
            assert!(read[0].is_err(), "{broken}: {read:?}");
        }
    }

    #[test]
    fn a_length_that_takes_in_the_next_header_is_corrected() {
        let stream =
            format!("Content-Length: 30\r\n\r\n{{\"a\": 1}}{}", frame("{\"b\": 22222222}"));
        assert_eq!(all(&stream), [Ok(json!({ "a": 1 })), Ok(json!({ "b": 22_222_222 }))]);
    }

    #[test]
    fn surrogates_without_a_partner_are_replaced() {
        let text = r#"{"a": "\ud83c\udfb5 \ud83c \udfb5x \\ud83c \n"}"#;
        let expected = json!({ "a": "🎵 \u{FFFD} \u{FFFD}x \\ud83c \n" });
        assert_eq!(all(&frame(text)), [Ok(expected)]);
    }
}
