//! Pulled diagnostics, limits, progress, and mistakes in settings.

use crate::support::{Server, folder, open, uri};
use crate::{ONCE, TWICE, codes, of};
use serde_json::{Value, json};
use std::path::Path;

fn pulling() -> Value {
    json!({
        "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } }
    })
}

fn pull(server: &mut Server, path: &Path, previous: Value) -> Value {
    let params = json!({ "textDocument": { "uri": uri(path) }, "previousResultId": previous });
    server.request("textDocument/diagnostic", params)
}

#[test]
fn diagnostics_of_a_document_are_sent_once_for_each_result_id() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), pulling());
    server.notify("textDocument/didOpen", open(&path, 1, TWICE));
    let first = pull(&mut server, &path, Value::Null);
    assert_eq!(first["kind"], "full");
    assert!(first["items"].as_array().unwrap().iter().any(|it| it["code"] == "PLM002"));
    let again = pull(&mut server, &path, first["resultId"].clone());
    assert_eq!((&again["kind"], &again["resultId"]), (&"unchanged".into(), &first["resultId"]));
    let change = json!({
        "textDocument": { "uri": uri(&path), "version": 2 }, "contentChanges": [{ "text": ONCE }]
    });
    server.notify("textDocument/didChange", change);
    let mended = pull(&mut server, &path, first["resultId"].clone());
    assert_eq!(mended["kind"], "full");
    assert!(!mended["items"].as_array().unwrap().iter().any(|it| it["code"] == "PLM002"));
    server.settle();
    assert_eq!(server.published, [Value::Null; 0], "an open document is pulled, not pushed");
}

#[test]
fn diagnostics_of_the_workspace_come_when_there_are_new_ones() {
    let root = folder(&[("a/compose.yaml", TWICE), ("b/compose.yaml", ONCE)]);
    let b = root.path().join("b/compose.yaml");
    let mut server = Server::start(root.path(), pulling());
    let ask = |previous: &[Value]| json!({ "previousResultIds": previous });
    let first = server.request("workspace/diagnostic", ask(&[]));
    let items = first["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{first}");
    let has = |it: &Value| json!({ "uri": it["uri"], "value": it["resultId"] });
    let previous: Vec<Value> = items.iter().map(has).collect();
    // Nothing is new, so the answer waits.
    let id = server.ask("workspace/diagnostic", ask(&previous));
    server.settle();
    assert!(server.refused.is_empty(), "{:?}", server.refused);
    server.notify("textDocument/didOpen", open(&b, 1, TWICE));
    server.wait("the answer", |it| it.refused.iter().any(|answer| answer["id"] == id));
    let answer = &server.refused[0]["result"]["items"];
    assert_eq!(answer.as_array().unwrap().len(), 1, "{answer}");
    assert_eq!((&answer[0]["uri"], &answer[0]["version"]), (&uri(&b).into(), &1.into()));
}

#[test]
fn a_client_that_pulls_is_told_when_another_open_file_changed() {
    let base = "services:\n  web: {image: 'nginx:1.27'}\n";
    let root = folder(&[("compose.yaml", base)]);
    let (compose, env) = (root.path().join("compose.yaml"), root.path().join(".env"));
    let text = "services:\n  web:\n    image: web:${TAG}\n";
    let mut server = Server::start(root.path(), pulling());
    server.notify("textDocument/didOpen", open(&compose, 1, text));
    pull(&mut server, &compose, Value::Null);
    server.notify("textDocument/didOpen", open(&env, 1, "TAG=1.2.3\n"));
    server.wait("the refresh", |it| {
        it.asked.iter().any(|asked| asked["method"] == "workspace/diagnostic/refresh")
    });
}

#[test]
fn a_file_shows_its_worst_findings_and_how_many_more_there_are() {
    let keys: String = (0..700).map(|it| format!("k{it}: 1\nk{it}: 2\n")).collect();
    let root = folder(&[("app.yaml", &keys)]);
    let mut server = Server::start(root.path(), json!({}));
    let found = server.diagnostics("the only file's", of(&root.path().join("app.yaml")));
    let list = found["diagnostics"].as_array().unwrap();
    assert_eq!(list.len(), 501);
    let last = list.last().unwrap();
    assert_eq!(last["severity"], 3);
    assert!(last["message"].as_str().unwrap().starts_with("200 more findings"), "{last}");
}

#[test]
fn mistakes_in_the_settings_are_shown_once() {
    let root = folder(&[]);
    let mut server = Server::start(root.path(), json!({}));
    let settings = |it: Value| json!({ "settings": { "plimsoll": it } });
    for _ in 0..2 {
        let wrong = settings(json!({ "rules": "nope" }));
        server.notify("workspace/didChangeConfiguration", wrong);
    }
    let is_message = |it: &&Value| it["method"] == "window/showMessage";
    server.wait("the message", |it| it.notified.iter().any(|it| is_message(&it)));
    server.settle();
    let shown: Vec<&Value> = server.notified.iter().filter(is_message).collect();
    let [only] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!(only["params"]["type"], 2);
    assert!(only["params"]["message"].as_str().unwrap().contains("rules"), "{only}");
}

/// A folder with so many manifests that it takes seconds to read them, several times as long as the server waits before
/// it shows any progress.
fn large_folder() -> tempfile::TempDir {
    let large = folder(&[]);
    let manifest = |number: usize| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a{number}}}\nspec:\n  selector: {{matchLabels: {{app: a{number}}}}}\n  template:\n    metadata: {{labels: {{app: a{number}}}}}\n    spec: {{containers: [{{name: a, image: 'a:1'}}]}}\n"
        )
    };
    for file in 0..1000 {
        let manifests: Vec<String> = (file * 10..file * 10 + 10).map(manifest).collect();
        std::fs::write(large.path().join(format!("a{file}.yaml")), manifests.join("---\n"))
            .unwrap();
    }
    large
}

#[test]
fn the_progress_of_reading_a_large_folder_is_shown() {
    let large = large_folder();
    let shows = json!({ "window": { "workDoneProgress": true } });
    let mut server = Server::start(large.path(), shows);
    let is_end = |it: &Value| it["params"]["value"]["kind"] == "end";
    server.wait("the end of the progress", |it| it.notified.iter().any(is_end));
    let is_progress = |it: &&Value| it["method"] == "$/progress";
    let shown: Vec<&Value> = server.notified.iter().filter(is_progress).collect();
    let [begin, end] = shown.as_slice() else { panic!("{shown:?}") };
    let title = begin["params"]["value"]["title"].as_str().unwrap();
    assert_eq!(begin["params"]["value"]["kind"], "begin");
    assert!(title.starts_with("Plimsoll reads "), "{title}");
    let token = &begin["params"]["token"];
    assert_eq!(token, &end["params"]["token"]);
    let creates = |it: &Value| {
        it["method"] == "window/workDoneProgress/create" && it["params"]["token"] == *token
    };
    assert!(server.asked.iter().any(creates), "{:?}", server.asked);
}

#[test]
fn a_small_project_does_not_wait_for_a_large_one() {
    let large = large_folder();
    let small = folder(&[]);
    let path = small.path().join("compose.yaml");
    let mut params = crate::support::initialize(large.path(), json!({}));
    params["workspaceFolders"] = json!([
        { "uri": uri(large.path()), "name": "large" }, { "uri": uri(small.path()), "name": "small" }
    ]);
    params["capabilities"] = json!({ "window": { "workDoneProgress": true } });
    let (mut server, _) = Server::start_with(params);
    server.notify("textDocument/didOpen", open(&path, 1, TWICE));
    let found = server.diagnostics("those of the small project", |it| it["version"] == 1);
    assert!(codes(&found).contains(&"PLM002"));
    let prefix = uri(large.path());
    let is_large = |it: &Value| it["uri"].as_str().unwrap().starts_with(&prefix);
    assert!(!server.published.iter().any(is_large), "the large project was done first");
    server.wait("the findings of the large project", |it| it.published.iter().any(is_large));
}

#[test]
fn pushed_diagnostics_are_cleared_when_the_client_pulls_the_workspace() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), pulling());
    let sent = server.diagnostics("those of the closed file", of(&path));
    assert!(codes(&sent).contains(&"PLM002"), "{sent}");
    server.published.clear();
    let answer = server.request("workspace/diagnostic", json!({ "previousResultIds": [] }));
    assert_eq!(answer["items"][0]["uri"], uri(&path));
    let taken_back = server.diagnostics("the empty list", of(&path));
    assert!(codes(&taken_back).is_empty(), "{taken_back}");
}
