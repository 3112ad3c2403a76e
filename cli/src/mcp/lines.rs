//! Standard input and output of the server, a message on each line.
//!
//! The library passes over a line that is no JSON, and its client would wait for an answer for ever. JSON-RPC asks for
//! one, so it is given here.

use rmcp::RoleServer;
use rmcp::model::ErrorData;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::{AsyncRwTransport, DEFAULT_MAX_LINE_LENGTH};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf, Stdin, Stdout};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The connection to the client.
pub struct Lines {
    inner: AsyncRwTransport<RoleServer, Watched<Stdin>, Stdout>,
    /// Why lines cannot be understood.
    broken: UnboundedReceiver<String>,
    /// The answer that is being sent. Whoever waits for a message may stop waiting, and the answer has to be whole.
    answer: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
}

impl Lines {
    pub fn new() -> Lines {
        let (sender, broken) = unbounded_channel();
        let input = Watched { inner: tokio::io::stdin(), check: Check::new(sender) };
        Lines {
            inner: AsyncRwTransport::new_server(input, tokio::io::stdout()),
            broken,
            answer: None,
        }
    }

    fn refuse(&mut self, reason: String) {
        let error =
            TxJsonRpcMessage::<RoleServer>::error(ErrorData::parse_error(reason, None), None);
        self.answer = Some(Box::pin(self.inner.send(error)));
    }
}

impl Transport<RoleServer> for Lines {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(answer) = &mut self.answer {
                // A client that reads no more gets no answer either.
                let _ = answer.as_mut().await;
                self.answer = None;
            }
            let message = tokio::select! {
                biased;
                Some(reason) = self.broken.recv() => {
                    self.refuse(reason);
                    continue;
                }
                message = self.inner.receive() => message,
            };
            // The last line may be broken too.
            match (message, self.broken.try_recv()) {
                (None, Ok(reason)) => self.refuse(reason),
                (message, Ok(reason)) => {
                    self.refuse(reason);
                    return message;
                }
                (message, Err(_)) => return message,
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.inner.close().await
    }
}

/// A stream whose lines are looked at while they are read.
struct Watched<R> {
    inner: R,
    check: Check,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        self.check.read(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

/// The line that is being read, and where broken ones are told to.
struct Check {
    line: Vec<u8>,
    is_long: bool,
    broken: UnboundedSender<String>,
}

impl Check {
    fn new(broken: UnboundedSender<String>) -> Check {
        Check { line: Vec::new(), is_long: false, broken }
    }

    fn read(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.is_long |= self.line.len() + part.len() > DEFAULT_MAX_LINE_LENGTH;
            match self.is_long {
                true => self.line.clear(),
                false => self.line.extend_from_slice(part),
            }
            if part.ends_with(b"\n") {
                if let Some(reason) = self.mistake() {
                    // Nobody listens any more where the connection is closed.
                    let _ = self.broken.send(reason);
                }
                self.line.clear();
                self.is_long = false;
            }
        }
    }

    /// Returns why the line cannot be understood.
    fn mistake(&self) -> Option<String> {
        if self.is_long {
            let most = DEFAULT_MAX_LINE_LENGTH >> 20;
            return Some(format!("Parse error: a message has at most {most} MiB"));
        }
        let line = self.line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&self.line);
        if line.trim_ascii().is_empty() {
            return None;
        }
        let error = serde_json::from_slice::<serde_json::Value>(line).err()?;
        Some(format!("Parse error: this line is no JSON: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is said about a stream that arrives in these parts.
    fn said(parts: &[&[u8]]) -> Vec<String> {
        let (sender, mut broken) = unbounded_channel();
        let mut check = Check::new(sender);
        parts.iter().for_each(|part| check.read(part));
        std::iter::from_fn(|| broken.try_recv().ok()).collect()
    }

    #[test]
    fn only_whole_lines_are_judged() {
        assert_eq!(said(&[b"{\"a\"", b": 1}\n\r\n", b"\xef\xbb\xbf[]\r\n{\"b\""]), [""; 0]);
        let broken = said(&[b"{\"a\": 1}\n{", b"\n1\n", b"no\n"]);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].contains("no JSON"), "{broken:?}");
    }

    #[test]
    fn a_line_beyond_the_limit_is_said_once() {
        let half = vec![b' '; DEFAULT_MAX_LINE_LENGTH / 2 + 1];
        let broken = said(&[&half, &half, &half, b"\n{}\n"]);
        assert_eq!(broken, ["Parse error: a message has at most 16 MiB"]);
    }
}
