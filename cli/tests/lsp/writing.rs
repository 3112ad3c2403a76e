//! What helps while somebody writes: completions, hints and lenses through real pipes.

use crate::support::{Server, folder, open, uri};
use serde_json::{Value, json};

const COMPOSE: &str = "services:
  db:
    image: acme/db:${TAG}
    healthcheck: {test: [CMD, ok], interval: 10s}
  web:
    image: acme/web:1
    depends_on:
      db:
        condition: 
";

const CLUSTER: &str = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: 'acme/web:1'}]}
";

fn labels(items: &Value) -> Vec<&str> {
    items.as_array().unwrap().iter().map(|it| it["label"].as_str().unwrap()).collect()
}

#[test]
fn completions_come_while_the_line_is_broken() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 1, COMPOSE));
    let document = json!({ "uri": uri(&path), "version": 2 });
    let complete = |server: &mut Server, line: u32, character: u32| {
        let place = json!({ "line": line, "character": character });
        let params = json!({ "textDocument": document, "position": place });
        server.request("textDocument/completion", params)
    };
    let conditions = complete(&mut server, 8, 19);
    assert_eq!(labels(&conditions)[0], "service_healthy");
    let start = json!({ "line": 6, "character": 0 });
    let end = json!({ "line": 9, "character": 0 });
    let broken = json!({ "range": { "start": start, "end": end }, "text": "    depends_on: [d" });
    let changed = json!({ "textDocument": document, "contentChanges": [broken] });
    server.notify("textDocument/didChange", changed);
    let services = complete(&mut server, 6, 18);
    assert_eq!(labels(&services), ["db"]);
    let edit = &services[0]["textEdit"];
    assert_eq!(edit["newText"], "db");
    assert_eq!(edit["range"]["start"], json!({ "line": 6, "character": 17 }));
}

#[test]
fn hints_and_lenses_stand_beside_the_text() {
    let root = folder(&[(".env", "TAG=1.2\n"), ("k8s/web.yaml", CLUSTER)]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start_for_commands(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 1, COMPOSE));
    let document = json!({ "uri": uri(&path) });
    let start = json!({ "line": 0, "character": 0 });
    let all = json!({ "start": start, "end": { "line": 99, "character": 0 } });
    let params = json!({ "textDocument": document, "range": all });
    let hints = server.request("textDocument/inlayHint", params);
    assert_eq!(labels(&hints), ["→ 1.2", "unhealthy after 30 s without a success"]);
    assert_eq!(hints[0]["position"], json!({ "line": 2, "character": 25 }));
    let lenses = server.request("textDocument/codeLens", json!({ "textDocument": document }));
    let commands: Vec<&Value> =
        lenses.as_array().unwrap().iter().map(|it| &it["command"]).collect();
    assert_eq!(commands[0]["command"], "plimsoll.showDecision");
    assert_eq!(commands[1]["title"], "Pod/web in k8s/web.yaml");
    assert_eq!(commands[1]["arguments"][0], uri(&root.path().join("k8s/web.yaml")).as_str());
}

#[test]
fn a_client_without_commands_is_sent_to_the_counterpart() {
    let root = folder(&[("k8s/web.yaml", CLUSTER)]);
    let path = root.path().join("compose.yaml");
    let shows = json!({ "window": { "showDocument": { "support": true } } });
    let mut server = Server::start(root.path(), shows);
    server.notify("textDocument/didOpen", open(&path, 1, COMPOSE));
    let document = json!({ "uri": uri(&path) });
    let lenses = server.request("textDocument/codeLens", json!({ "textDocument": document }));
    let [counterpart] = lenses.as_array().unwrap().as_slice() else { panic!("{lenses}") };
    server.request("workspace/executeCommand", counterpart["command"].clone());
    let is_shown = |it: &Value| it["method"] == "window/showDocument";
    server.wait("the place", |it| it.asked.iter().any(is_shown));
    let shown = server.asked.iter().find(|it| is_shown(it)).unwrap();
    assert_eq!(shown["params"]["uri"], uri(&root.path().join("k8s/web.yaml")));
}
