//! What an editor shows of targets: the values that overlays put in the place of others, and rendered documents whose
//! lines lead back to their sources. Besides, variables of `.env` files, which have a language of their own.

use crate::support::{Server, folder, open, uri};
use serde_json::{Value, json};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: '🎵', image: 'acme/web:1'}
";

fn files() -> [(&'static str, &'static str); 4] {
    [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\nreplicas: [{name: web, count: 5}]\nimages: [{name: acme/web, newTag: '2'}]\n",
        ),
        ("dev/kustomization.yaml", "resources: [../base]\n"),
    ]
}

#[test]
fn a_base_shows_what_overlays_make_of_its_values() {
    let root = folder(&files());
    let path = root.path().join("base/web.yaml");
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 1, WEB));
    let start = json!({ "line": 0, "character": 0 });
    let all = json!({ "start": start, "end": { "line": 99, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri(&path) }, "range": all });
    let hints = server.request("textDocument/inlayHint", params);
    let shown: Vec<(&str, &Value)> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["label"].as_str().unwrap(), &it["position"]))
        .collect();
    // In UTF-16 the emoji counts 2.
    let (replicas, image) =
        (json!({"line": 4, "character": 13}), json!({"line": 10, "character": 42}));
    assert_eq!(shown, [("→ 5 in prod", &replicas), ("→ acme/web:2 in prod", &image)]);
}

#[test]
fn the_lines_of_a_rendered_target_lead_to_their_sources() {
    let root = folder(&files());
    let path = root.path().join("base/web.yaml");
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&path, 1, WEB));
    let mut render = |more: Value| {
        let arguments = json!([uri(&path), "prod", more]);
        server.request(
            "workspace/executeCommand",
            json!({ "command": "plimsoll.render", "arguments": arguments }),
        )
    };
    let answer = render(json!(true));
    let text = answer["text"].as_str().unwrap();
    assert_eq!(render(Value::Null), text, "without places it is the text alone");
    let place = |line: &str| {
        let at = text.lines().position(|it| it.trim_start().starts_with(line)).unwrap();
        let place = &answer["places"][at];
        let file = place["uri"].as_str().unwrap().rsplit('/').take(2).collect::<Vec<_>>();
        (format!("{}/{}", file[1], file[0]), place["range"]["start"]["line"].as_u64().unwrap())
    };
    assert_eq!(place("kind: Deployment"), ("base/web.yaml".to_owned(), 1));
    assert_eq!(place("replicas: 5"), ("prod/kustomization.yaml".to_owned(), 1));
    assert_eq!(answer["places"].as_array().unwrap().len(), text.lines().count());
}

#[test]
fn a_variable_is_renamed_in_the_env_file_and_where_it_is_used() {
    let compose = "services: {web: {labels: {x: '🎵'}, image: 'acme/web:${TAG:-1}'}}\n";
    let root = folder(&[("compose.yaml", compose), (".env", "TAG=1\n")]);
    let (path, env) = (root.path().join("compose.yaml"), root.path().join(".env"));
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&env, 1, "TAG=1\n"));
    let params = json!({
        "textDocument": { "uri": uri(&env) }, "position": { "line": 0, "character": 1 }, "newName": "VERSION"
    });
    let edit = server.request("textDocument/rename", params);
    let start = |path| edit["changes"][uri(path)][0]["range"]["start"].clone();
    assert_eq!(start(&env), json!({ "line": 0, "character": 0 }));
    assert_eq!(start(&path), json!({ "line": 0, "character": 55 }));
    assert_eq!(edit["changes"].as_object().unwrap().len(), 2);
}
