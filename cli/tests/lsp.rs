//! The language server through the real binary and real pipes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "lsp/actions.rs"]
mod actions;
#[path = "lsp/connection.rs"]
mod connection;
#[path = "lsp/diagnostics.rs"]
mod diagnostics;
#[path = "lsp/disk.rs"]
mod disk;
#[path = "lsp/endures.rs"]
mod endures;
#[path = "lsp/navigation.rs"]
mod navigation;
#[path = "lsp/overlays.rs"]
mod overlays;
mod support;
#[path = "lsp/writing.rs"]
mod writing;

use serde_json::{Value, json};
use std::fs;
use support::{Server, folder, open, uri};

/// A mapping with a duplicate key, which every set of rules reports.
const TWICE: &str = "services:\n  a:\n    image: acme/x\n    image: acme/y\n";
const ONCE: &str = "services:\n  a:\n    image: acme/x\n";

fn codes(published: &Value) -> Vec<&str> {
    published["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect()
}

fn of(path: &std::path::Path) -> impl Fn(&Value) -> bool {
    let uri = uri(path);
    move |it| it["uri"] == uri.as_str()
}

#[test]
fn diagnostics_carry_everything_and_are_cleared() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    // Read from disk, before the file is opened.
    let first = server.diagnostics("the closed file's", of(&path));
    assert!(codes(&first).contains(&"PLM002"), "{first}");
    assert_eq!(first.get("version").unwrap_or(&Value::Null), &Value::Null);

    server.notify("textDocument/didOpen", open(&path, 1, TWICE));
    let opened = server.diagnostics("the opened file's", |it| it["version"] == 1);
    let found = opened["diagnostics"].as_array().unwrap();
    let twice = found.iter().find(|it| it["code"] == "PLM002").unwrap();
    assert_eq!(twice["source"], "plimsoll");
    assert_eq!(twice["severity"], 1);
    assert_eq!(twice["range"]["start"], json!({ "line": 3, "character": 4 }));
    assert_eq!(twice["range"]["end"], json!({ "line": 3, "character": 9 }));
    assert!(twice["codeDescription"]["href"].as_str().unwrap().contains("PLM002"));
    assert_eq!(twice["relatedInformation"][0]["location"]["range"]["start"]["line"], 2);

    let change = json!({
        "textDocument": { "uri": uri(&path), "version": 2 },
        "contentChanges": [{
            "range": { "start": { "line": 3, "character": 0 }, "end": { "line": 4, "character": 0 } },
            "text": ""
        }]
    });
    server.notify("textDocument/didChange", change);
    let mended = server.diagnostics("the mended file's", |it| it["version"] == 2);
    assert!(!codes(&mended).contains(&"PLM002"), "{mended}");

    // Closed without saving: the text on disk is analysed again.
    server.published.clear();
    server.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }));
    let closed = server.diagnostics("the closed file's", of(&path));
    assert!(codes(&closed).contains(&"PLM002"), "{closed}");
    assert_eq!(server.stop(), Some(0));
}

/// The same edit and the same finding after an emoji, in both position encodings.
#[test]
fn positions_follow_the_negotiated_encoding() {
    for (offered, start, end) in [("utf-8", 12, 13), ("utf-16", 10, 11)] {
        let root = folder(&[]);
        let path = root.path().join("compose.yaml");
        let general = json!({ "general": { "positionEncodings": [offered] } });
        let params = support::initialize(root.path(), general);
        let (mut server, answer) = Server::start_with(params);
        assert_eq!(answer["capabilities"]["positionEncoding"], offered);
        server.notify("textDocument/didOpen", open(&path, 1, "{\"🎵\": 1, b: 2}\n"));
        let edit = json!({
            "textDocument": { "uri": uri(&path), "version": 2 },
            "contentChanges": [{
                "range": {
                    "start": { "line": 0, "character": start },
                    "end": { "line": 0, "character": end }
                },
                "text": "c: 3, c"
            }]
        });
        server.notify("textDocument/didChange", edit);
        let found = server.diagnostics("the second version's", |it| it["version"] == 2);
        let twice = duplicate_keys(&found).next().unwrap();
        assert_eq!(twice["range"]["start"]["character"], start + 6, "{offered}");
    }
}

/// The diagnostics of PLM002, whatever other rules report for the same text.
fn duplicate_keys(published: &Value) -> impl Iterator<Item = &Value> {
    published["diagnostics"].as_array().unwrap().iter().filter(|it| it["code"] == "PLM002")
}

/// The edits of a burst must be applied in the order in which they were sent. Each edit inserts a
/// letter into a key, so that swapping two of them would result in a different key. Every key occurs
/// twice, so the findings name all keys that there are in the end.
#[test]
fn two_thousand_edits_in_one_burst_keep_their_order() {
    const KEYS: usize = 40;
    const EDITS: usize = 2000;
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    let mut keys: Vec<Vec<u8>> = (0..KEYS).map(|it| format!("{it:02}").into_bytes()).collect();
    let text: String = (0..KEYS).map(|it| format!("{it:02}: 1\n{it:02}: 2\n")).collect();
    server.notify("textDocument/didOpen", open(&path, 0, &text));
    let edits: Vec<Value> = (1..=EDITS)
        .map(|number| {
            let at = (number - 1) * KEYS / EDITS;
            let letter = b'a' + (number % 26) as u8;
            let start = number * 37 % keys[at].len();
            keys[at].insert(start, letter);
            let change = |line: usize| {
                let place = json!({ "line": line, "character": start });
                let text = char::from(letter).to_string();
                json!({ "range": { "start": place, "end": place }, "text": text })
            };
            json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
                "textDocument": { "uri": uri(&path), "version": number },
                "contentChanges": [change(at * 2), change(at * 2 + 1)]
            }})
        })
        .collect();
    server.burst(&edits);
    let newest = server.diagnostics("the newest version's", |it| it["version"] == EDITS);
    let found: Vec<&Value> = duplicate_keys(&newest).collect();
    assert_eq!(found.len(), KEYS);
    for (finding, key) in found.into_iter().zip(&keys) {
        let (message, key) = (finding["message"].as_str().unwrap(), str::from_utf8(key).unwrap());
        assert!(message.contains(key), "`{key}` is not in: {message}");
    }
    server.settle();
    let versions: Vec<i64> =
        server.published.iter().filter_map(|it| it["version"].as_i64()).collect();
    assert!(versions.is_sorted(), "an older version was published after a newer one: {versions:?}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn files_that_change_on_disk_are_analysed_again() {
    let root = folder(&[("compose.yaml", ONCE)]);
    let added = root.path().join("k8s/more.yaml");
    let mut server = Server::start(root.path(), json!({}));
    fs::create_dir(root.path().join("k8s")).unwrap();
    fs::write(&added, "a: 1\na: 2\n").unwrap();
    let event = |kind: i64| json!({ "changes": [{ "uri": uri(&added), "type": kind }] });
    server.notify("workspace/didChangeWatchedFiles", event(1));
    let found = server.diagnostics("the new file's", of(&added));
    assert_eq!(codes(&found), ["PLM002"]);
    server.published.clear();
    fs::remove_file(&added).unwrap();
    server.notify("workspace/didChangeWatchedFiles", event(3));
    let gone = server.diagnostics("the deleted file's", of(&added));
    assert!(codes(&gone).is_empty(), "{gone}");
}

#[test]
fn a_hover_explains_the_finding_under_the_cursor() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 7, TWICE));
    let mut hover = |line: u32| {
        let place = json!({ "line": line, "character": 6 });
        let document = json!({ "uri": uri(&path) });
        server.request("textDocument/hover", json!({ "textDocument": document, "position": place }))
    };
    // Asked at once: the answer waits for the analysis of the text just opened.
    let found = hover(3);
    let value = found["contents"]["value"].as_str().unwrap();
    assert!(value.contains("PLM002") && value.contains("Why it hurts"), "{value}");
    assert_eq!(found["range"]["start"], json!({ "line": 3, "character": 4 }));
    assert_eq!(hover(1), Value::Null);
}

#[test]
fn fixes_are_offered_as_edits_to_the_open_version() {
    let text = "services:\n  db:\n    image: postgres:16\n    healthcheck: {test: pg_isready}\n  \
                app:\n    image: shop:1\n    depends_on: [db]\n";
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    for versioned in [true, false] {
        let capabilities =
            json!({ "workspace": { "workspaceEdit": { "documentChanges": versioned } } });
        let mut server = Server::start(root.path(), capabilities);
        server.notify("textDocument/didOpen", open(&path, 7, text));
        let place = json!({ "line": 6, "character": 18 });
        let actions = server.request(
            "textDocument/codeAction",
            json!({
                "textDocument": { "uri": uri(&path) },
                "range": { "start": place, "end": place },
                "context": { "diagnostics": [] }
            }),
        );
        let waits = |it: &&Value| it["diagnostics"][0]["code"] == "PLM101";
        let action = actions.as_array().unwrap().iter().find(waits).unwrap();
        assert_eq!((&action["kind"], &action["isPreferred"]), (&"quickfix".into(), &true.into()));
        let edits = if versioned {
            let document = &action["edit"]["documentChanges"][0];
            assert_eq!(document["textDocument"], json!({ "uri": uri(&path), "version": 7 }));
            &document["edits"]
        } else {
            &action["edit"]["changes"][uri(&path)]
        };
        // Applying the edits as an editor would leaves nothing for the rule to report.
        let change = |it: &Value| json!({ "range": it["range"], "text": it["newText"] });
        let changes: Vec<Value> = edits.as_array().unwrap().iter().rev().map(change).collect();
        let change = json!({
            "textDocument": { "uri": uri(&path), "version": 8 }, "contentChanges": changes
        });
        server.notify("textDocument/didChange", change);
        let fixed = server.diagnostics("the fixed version's", |it| it["version"] == 8);
        assert!(!codes(&fixed).contains(&"PLM101"), "{fixed}");
    }
}

#[test]
fn a_command_returns_the_decision_on_the_project_of_a_file() {
    let root = folder(&[("compose.yaml", ONCE)]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    let command =
        |arguments: Value| json!({ "command": "plimsoll.decide", "arguments": arguments });
    for arguments in [json!([]), json!([uri(&path)])] {
        let decision = server.request("workspace/executeCommand", command(arguments));
        assert_eq!(decision["today"], "compose", "{decision}");
        assert_eq!(decision["questions"].as_array().unwrap().len(), 6);
    }
    let elsewhere = json!([uri(std::path::Path::new("/nowhere/compose.yaml"))]);
    assert_eq!(server.request("workspace/executeCommand", command(elsewhere)), Value::Null);
}

#[test]
fn the_clients_settings_apply() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 1, TWICE));
    server.diagnostics("the first", |it| codes(it).contains(&"PLM002"));
    server.published.clear();
    let settings = json!({ "settings": { "plimsoll": { "rules": { "PLM002": "off" } } } });
    server.notify("workspace/didChangeConfiguration", settings);
    server.diagnostics("those of the new settings", |it| !codes(it).contains(&"PLM002"));
}

/// A client that supports it is asked for its settings and to watch files. The server goes on when
/// the client never answers.
#[test]
fn a_silent_client_does_not_stop_the_server() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let capabilities = json!({ "workspace": {
        "configuration": true, "didChangeWatchedFiles": { "dynamicRegistration": true }
    }});
    let mut server = Server::start(root.path(), capabilities);
    server.notify("textDocument/didOpen", open(&path, 1, TWICE));
    server.diagnostics("the first", |it| it["version"] == 1);
    for method in ["workspace/configuration", "client/registerCapability"] {
        server.wait(method, |it| it.asked.iter().any(|asked| asked["method"] == method));
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn garbage_and_impossible_ranges_do_not_stop_the_server() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 1, "\u{0}{{{[\n\t- &a *a\n<<: *b"));
    server.notify("textDocument/didChange", json!({
        "textDocument": { "uri": uri(&path), "version": 2 },
        "contentChanges": [{
            "range": { "start": { "line": 99, "character": 99 }, "end": { "line": 0, "character": 0 } },
            "text": "x"
        }]
    }));
    server.notify("textDocument/didChange", json!({ "textDocument": 1 }));
    server.diagnostics("the second version's", |it| it["version"] == 2);
    assert!(server.running());
    assert_eq!(server.stop(), Some(0));
}
