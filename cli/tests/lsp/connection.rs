//! The connection: malformed messages, foreign documents, and the end of the client.

use crate::support::{self, Server, folder, open, uri};
use crate::{TWICE, codes};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

fn frame(body: &str) -> Vec<u8> {
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn undecodable_messages_are_refused_and_the_server_goes_on() {
    let cases: [(&[u8], i64); 7] = [
        (&frame("{\"jsonrpc\": \"2.0\", \"method\":"), -32700),
        (&frame("[{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"shutdown\"}]"), -32600),
        (&frame("{\"method\": \"initialized\", \"params\": {}}"), -32600),
        (b"Content-Length: many\r\n\r\n", -32700),
        (b"Content-Length: 9999999999\r\n\r\n", -32600),
        (b"Content-Length: 4\r\n\r\n{\"jsonrpc\": \"2.0\", \"method\": \"initialized\"}", -32700),
        (b"not a header at all\r\n\r\n", -32700),
    ];
    let root = folder(&[("compose.yaml", TWICE)]);
    let path = root.path().join("compose.yaml");
    for (at, (bytes, code)) in cases.into_iter().enumerate() {
        let mut server = Server::start(root.path(), json!({}));
        server.send_bytes(bytes);
        server.notify("textDocument/didOpen", open(&path, 7, TWICE));
        server.diagnostics("those of the opened file", |it| it["version"] == 7);
        server.wait("the refusal", |it| !it.refused.is_empty());
        let refused = &server.refused[0];
        assert_eq!(refused["error"]["code"], code, "case {at}: {refused}");
        assert_eq!(refused["id"], Value::Null, "case {at}");
        assert_eq!(server.stop(), Some(0), "case {at}");
    }
}

#[test]
fn headers_in_any_case_and_lone_surrogates_are_read() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    let mut message = json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": open(&path, 3, TWICE) });
    let text = format!("{TWICE}    # MARK\n");
    message["params"]["textDocument"]["text"] = text.into();
    let body = message.to_string().replace("MARK", "\\ud83c \\udfb5 \\ud83c\\udfb5");
    let header =
        format!("X-Other: 1\r\ncontent-length: {}\r\ncontent-type: a/b\r\n\r\n", body.len());
    server.send_bytes(&[header.as_bytes(), body.as_bytes()].concat());
    let found = server.diagnostics("those of the opened file", |it| it["version"] == 3);
    assert!(codes(&found).contains(&"PLM002"), "{found}");
    assert_eq!(server.refused, [Value::Null; 0]);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn exit_without_shutdown_and_a_closed_input_end_the_server() {
    let root = folder(&[]);
    let mut server = Server::start(root.path(), json!({}));
    server.notify("exit", Value::Null);
    assert_eq!(server.ended(), Some(1));
    for (is_orderly, code) in [(false, 1), (true, 0)] {
        let mut server = Server::start(root.path(), json!({}));
        if is_orderly {
            server.request("shutdown", Value::Null);
        }
        server.close_input();
        assert_eq!(server.ended(), Some(code));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_server_ends_with_its_client() {
    let mut client = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let root = folder(&[]);
    let mut params = support::initialize(root.path(), json!({}));
    params["processId"] = client.id().into();
    let (mut server, _) = Server::start_with(params);
    server.request("workspace/symbol", json!({ "query": "" }));
    assert!(server.running());
    client.kill().unwrap();
    client.wait().unwrap();
    assert_eq!(server.ended(), Some(1));
}

#[test]
fn documents_of_other_schemes_are_left_alone() {
    let root = folder(&[]);
    let mut server = Server::start(root.path(), json!({}));
    let mut document = open(&root.path().join("compose.yaml"), 5, TWICE);
    for (uri, language) in [
        ("git:/w/compose.yaml?ref", "yaml"),
        ("file:///w/notes.md", "markdown"),
        ("untitled:Untitled-2", "plaintext"),
    ] {
        document["textDocument"]["uri"] = uri.into();
        document["textDocument"]["languageId"] = language.into();
        server.notify("textDocument/didOpen", document.clone());
        let asked = json!({ "textDocument": { "uri": uri } });
        let symbols = server.request("textDocument/documentSymbol", asked);
        assert_eq!(symbols, Value::Null, "{uri} is not known to the server");
    }
    document["textDocument"]["uri"] = "untitled:Untitled-1".into();
    document["textDocument"]["languageId"] = "dockercompose".into();
    server.notify("textDocument/didOpen", document);
    let untitled = server.diagnostics("those of the untitled document", |it| it["version"] == 5);
    assert_eq!(untitled["uri"], "untitled:Untitled-1");
    assert!(codes(&untitled).contains(&"PLM002"), "{untitled}");
    server.settle();
    assert!(server.published.iter().all(|it| it["uri"] == "untitled:Untitled-1"));
}

/// Every edit is made behind the one before, by positions that only hold if all were applied.
#[test]
fn two_thousand_ranges_in_one_change_are_applied_in_order() {
    for (encoding, width) in [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)] {
        let root = folder(&[]);
        let path = root.path().join("compose.yaml");
        let general = json!({ "general": { "positionEncodings": [encoding] } });
        let mut server = Server::start(root.path(), general);
        let filler = "# filler line of a document that is not small\n".repeat(4000);
        server.notify("textDocument/didOpen", open(&path, 1, &format!("🎵a: 1\n{filler}")));
        let insert = |line: usize, character: usize, text: &str| {
            let at = json!({ "line": line, "character": character });
            json!({ "range": { "start": at, "end": at }, "text": text })
        };
        let mut changes: Vec<Value> = (0..2000).map(|it| insert(0, it * width, "🎵")).collect();
        changes.push(insert(1, 0, "b: 1\nb: 2\n"));
        let change = json!({
            "textDocument": { "uri": uri(&path), "version": 2 }, "contentChanges": changes
        });
        server.notify("textDocument/didChange", change);
        let found = server.diagnostics("those of the second version", |it| it["version"] == 2);
        assert!(codes(&found).contains(&"PLM002"), "{found}");
    }
}
