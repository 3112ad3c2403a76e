//! Code actions through real pipes.

use crate::support::{Server, folder, open, uri};
use serde_json::{Value, json};

const APP: &str = "services:
  db:
    image: postgres:16
    healthcheck: {test: pg_isready}
  cache:
    image: redis:7
    healthcheck: {test: redis-cli ping}
  app:
    image: shop:1
    depends_on: [db]
  worker:
    image: shop:1
    depends_on: [cache]
";

#[test]
fn actions_are_made_when_somebody_chooses_them() {
    let root = folder(&[]);
    let path = root.path().join("compose.yaml");
    let resolve = json!({ "textDocument": { "codeAction": { "resolveSupport": { "properties": ["edit"] } } } });
    let mut server = Server::start_for_commands(root.path(), resolve);
    server.notify("textDocument/didOpen", open(&path, 1, APP));
    let mut actions = |line: u32, context: Value| -> Vec<Value> {
        let at = json!({ "line": line, "character": 0 });
        let params = json!({
            "textDocument": { "uri": uri(&path) }, "range": { "start": at, "end": at }, "context": context
        });
        let answer = server.request("textDocument/codeAction", params);
        answer.as_array().cloned().unwrap_or_default()
    };
    let titles = |actions: &[Value]| -> Vec<String> {
        actions.iter().map(|it| it["title"].as_str().unwrap().to_owned()).collect()
    };
    // The cursor is at the start of the line, far from the finding.
    let near = actions(9, json!({ "diagnostics": [] }));
    let mut unique = titles(&near);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), near.len(), "{unique:?}");
    let preferred = near.iter().filter(|it| it["isPreferred"] == true).count();
    assert_eq!(preferred, 1, "{near:?}");
    let diagnostic = near[0]["diagnostics"][0].clone();
    let far = actions(0, json!({ "diagnostics": [diagnostic] }));
    assert!(titles(&far).contains(&near[0]["title"].as_str().unwrap().to_owned()));

    let rule =
        near.iter().find(|it| it["title"].as_str().unwrap().starts_with("Fix all of PLM101"));
    let rule = rule.unwrap().clone();
    assert_eq!(rule["edit"], Value::Null, "it is made later");
    let all = actions(0, json!({ "diagnostics": [], "only": ["source.fixAll.plimsoll"] }));
    let [all] = all.as_slice() else { panic!("{all:?}") };
    let explain =
        near.iter().find(|it| it["title"].as_str().unwrap().starts_with("Explain PLM101"));
    let command = explain.unwrap()["command"].clone();
    for action in [rule, all.clone()] {
        let resolved = server.request("codeAction/resolve", action);
        let edits = resolved["edit"]["changes"][uri(&path)].to_string();
        assert_eq!(edits.matches("condition: service_healthy").count(), 2, "{resolved}");
    }
    let call = json!({ "command": command["command"], "arguments": command["arguments"] });
    let page = server.request("workspace/executeCommand", call);
    assert!(page.as_str().unwrap().starts_with("# PLM101"), "{page}");
}
