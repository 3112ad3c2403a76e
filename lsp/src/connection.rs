//! The connection to the client: messages from one stream to the service, and its answers to another. A message
//! that cannot be read, and a handler that panics, cost one answer and never the connection.

use crate::frames::{Broken, Frames};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, SinkExt, StreamExt, poll};
use serde_json::Value;
use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use tokio::sync::mpsc::{Receiver, channel};
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp_server::{ClientSocket, LanguageServer, LspService};
use tower_service::Service;

/// Maximum number of messages that wait to be handled, before the client has to wait.
const QUEUE: usize = 100;

type Answer = Pin<Box<dyn Future<Output = Option<Response>> + Send>>;

/// Event that the main loop handles.
enum Event {
    Received(Option<Result<Value, Broken>>),
    Answered(Option<Response>),
    Asks(Request),
}

/// Kind of a message.
#[derive(Debug)]
enum Message {
    Request(Request),
    Response(Response),
    Wrong(Response),
}

/// Serves until the client sends `exit` or closes its end.
pub async fn serve<S: LanguageServer>(
    mut service: LspService<S>,
    socket: ClientSocket,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) {
    let mut received = listen(input);
    let (sender, writer) = speak(output);
    let (mut asks, mut answers) = socket.split();
    let mut running: FuturesUnordered<Answer> = FuturesUnordered::new();
    let mut asks_ended = false;
    loop {
        let event = poll_fn(|context| {
            if let Poll::Ready(Some(answer)) = running.poll_next_unpin(context) {
                return Poll::Ready(Event::Answered(answer));
            }
            if !asks_ended {
                match asks.poll_next_unpin(context) {
                    Poll::Ready(Some(request)) => return Poll::Ready(Event::Asks(request)),
                    Poll::Ready(None) => asks_ended = true,
                    Poll::Pending => {}
                }
            }
            received.poll_recv(context).map(Event::Received)
        });
        match event.await {
            Event::Answered(answer) => send(&sender, answer.map(|it| serde_json::to_vec(&it))),
            Event::Asks(request) => send(&sender, Some(serde_json::to_vec(&request))),
            Event::Received(None) => break,
            Event::Received(Some(message)) => match sorted(message) {
                Message::Wrong(answer) => send(&sender, Some(serde_json::to_vec(&answer))),
                Message::Response(response) => {
                    let _ = answers.send(response).await;
                }
                Message::Request(request) => {
                    let is_exit = request.method() == "exit";
                    if poll_fn(|context| service.poll_ready(context)).await.is_err() {
                        break;
                    }
                    let mut answer = answer(&mut service, request);
                    // A handler changes the state before it awaits anything, so that changes keep their order.
                    match poll!(&mut answer) {
                        Poll::Ready(answer) => {
                            send(&sender, answer.map(|it| serde_json::to_vec(&it)));
                        }
                        Poll::Pending => running.push(answer),
                    }
                    if is_exit {
                        break;
                    }
                }
            },
        }
    }
    drop(sender);
    let _ = writer.join();
}

/// Calls the service.
fn answer<S: LanguageServer>(service: &mut LspService<S>, request: Request) -> Answer {
    let id = request.id().cloned();
    let answer = AssertUnwindSafe(service.call(request)).catch_unwind();
    Box::pin(async move {
        match answer.await {
            Ok(Ok(answer)) => answer,
            // The server has been told to exit.
            Ok(Err(_)) => None,
            Err(_) => id.map(|id| Response::from_error(id, Error::internal_error())),
        }
    })
}

/// Reads messages on a thread of its own, since a read of standard input cannot be given up.
fn listen(input: impl Read + Send + 'static) -> Receiver<Result<Value, Broken>> {
    let (sender, receiver) = channel(QUEUE);
    thread::spawn(move || {
        let mut frames = Frames::new(input);
        while let Ok(Some(message)) = frames.next() {
            if sender.blocking_send(message).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Writes messages on a thread of its own.
fn speak(
    mut output: impl Write + Send + 'static,
) -> (mpsc::Sender<Vec<u8>>, thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    let writer = thread::spawn(move || {
        for body in receiver {
            let header = format!("Content-Length: {}\r\n\r\n", body.len());
            let written =
                output.write_all(header.as_bytes()).and_then(|()| output.write_all(&body));
            if written.and_then(|()| output.flush()).is_err() {
                break;
            }
        }
    });
    (sender, writer)
}

fn send(sender: &mpsc::Sender<Vec<u8>>, body: Option<serde_json::Result<Vec<u8>>>) {
    if let Some(Ok(body)) = body {
        // Where the client has closed its end, the end of the input follows.
        let _ = sender.send(body);
    }
}

/// Sorts a message into a request (or notification) or a response, and prepares the error for anything else.
fn sorted(message: Result<Value, Broken>) -> Message {
    let wrong = |id: Id, error: Error| Message::Wrong(Response::from_error(id, error));
    let invalid = |id: Id, said: &str| {
        wrong(id, Error { message: said.to_owned().into(), ..Error::invalid_request() })
    };
    let mut message = match message {
        Ok(Value::Object(message)) => message,
        Ok(Value::Array(_)) => return invalid(Id::Null, "batches are not supported"),
        Ok(_) => return invalid(Id::Null, "a message must be a JSON object"),
        Err(Broken::Unreadable) => return wrong(Id::Null, Error::parse_error()),
        Err(Broken::TooLarge) => return invalid(Id::Null, "the message is too large"),
    };
    let id = message.get("id").map(|id| serde_json::from_value::<Id>(id.clone()));
    let known_id = || id.as_ref().and_then(|id| id.as_ref().ok().cloned()).unwrap_or_default();
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return invalid(known_id(), "`jsonrpc` must be \"2.0\"");
    }
    if let Some(Err(_)) = id {
        return invalid(Id::Null, "`id` must be a number or a string");
    }
    match message.remove("method") {
        Some(Value::String(method)) => {
            let mut request = Request::build(method);
            if let Some(params) = message.remove("params") {
                request = request.params(params);
            }
            if let Some(Ok(id)) = id {
                request = request.id(id);
            }
            Message::Request(request.finish())
        }
        Some(_) => invalid(known_id(), "`method` must be a string"),
        None => match serde_json::from_value(Value::Object(message)) {
            Ok(response) => Message::Response(response),
            Err(_) => wrong(known_id(), Error::new(ErrorCode::InvalidRequest)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Returns the code and the id of the answer to a malformed message.
    fn refused(message: Result<Value, Broken>) -> (i64, Id) {
        match sorted(message) {
            Message::Wrong(answer) => (answer.error().unwrap().code.code(), answer.id().clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn malformed_messages_are_refused_with_the_protocols_error() {
        assert_eq!(refused(Err(Broken::Unreadable)), (-32700, Id::Null));
        for wrong in [
            json!([{ "jsonrpc": "2.0", "method": "a" }]),
            json!(1),
            json!({ "method": "a" }),
            json!({ "jsonrpc": "2.0" }),
            json!({ "jsonrpc": "2.0", "method": 1 }),
            json!({ "jsonrpc": "2.0", "method": "a", "id": {} }),
        ] {
            assert_eq!(refused(Ok(wrong.clone())), (-32600, Id::Null), "{wrong}");
        }
        let with_id = json!({ "jsonrpc": "1.0", "id": 7, "method": "a" });
        assert_eq!(refused(Ok(with_id)), (-32600, Id::Number(7)));
    }

    #[test]
    fn requests_and_responses_are_told_apart() {
        let request = json!({ "jsonrpc": "2.0", "id": "a", "method": "hover", "params": [1] });
        let Message::Request(request) = sorted(Ok(request)) else { panic!("not a request") };
        assert_eq!((request.method(), request.params()), ("hover", Some(&json!([1]))));
        let response = json!({ "jsonrpc": "2.0", "id": 1, "result": null });
        assert!(matches!(sorted(Ok(response)), Message::Response(_)));
    }
}
