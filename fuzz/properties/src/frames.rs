//! The language server reads any stream to its end.

use serde_json::Value;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// A session as an editor has it, a message a line.
pub fn session() -> &'static str {
    include_str!("session.jsonl")
}

/// The output of the server, kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nothing panics while it writes").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Serves a stream: each line as a message with a header, or the bytes as they are where they begin with a header.
/// Every answer must be a message, and none of them may say that the server failed.
pub fn every_message_has_an_answer(bytes: &[u8]) {
    // A server that is told of a folder reads it.
    let may_read =
        |word: &str| bytes.windows(word.len()).any(|it| it.eq_ignore_ascii_case(word.as_bytes()));
    if may_read("file:") || may_read("rootPath") {
        return;
    }
    let mut input = Vec::new();
    if bytes.starts_with(b"Content-Length") {
        input.extend_from_slice(bytes);
    } else {
        for line in bytes.split(|it| *it == b'\n') {
            input.extend_from_slice(format!("Content-Length: {}\r\n\r\n", line.len()).as_bytes());
            input.extend_from_slice(line);
        }
    }
    let kept = Kept::default();
    let served = plimsoll_lsp::serve_streams(io::Cursor::new(input), kept.clone());
    assert!(served.is_ok(), "{served:?}");
    let output = kept.0.lock().expect("nothing panics while it writes").clone();
    let mut rest = &output[..];
    while !rest.is_empty() {
        let (message, after) = message(rest).expect("a message with a header");
        let code = &message["error"]["code"];
        assert_ne!(code.as_i64(), Some(-32603), "the server failed: {message}");
        rest = after;
    }
}

/// Takes a message from the beginning of a stream.
fn message(stream: &[u8]) -> Option<(Value, &[u8])> {
    let end = stream.windows(4).position(|it| it == b"\r\n\r\n")?;
    let header = str::from_utf8(&stream[..end]).ok()?;
    let length: usize = header.strip_prefix("Content-Length: ")?.parse().ok()?;
    let body = stream.get(end + 4..end + 4 + length)?;
    Some((serde_json::from_slice(body).ok()?, &stream[end + 4 + length..]))
}
