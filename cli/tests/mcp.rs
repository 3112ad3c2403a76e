//! The server of the Model Context Protocol, through the real binary. `cargo xtask test agents` tries it with the
//! protocol's own client library as well.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use support::{BINARY, folder};

const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";
const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\ndata: { tag: {{ .Values.tag | quote }} }\n";

/// A client at the other end of two pipes.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    id: i64,
}

impl Client {
    fn start(root: &Path) -> Client {
        let mut child = Command::new(BINARY)
            .arg("mcp")
            .arg(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut client = Client { child, input, output, id: 0 };
        let hello = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" }
        });
        let told = client.request("initialize", &hello)["result"].clone();
        assert_eq!(told["serverInfo"]["name"], "plimsoll");
        assert!(told["instructions"].as_str().unwrap().contains("`check`"), "{told}");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Calls a tool, and returns its text and whether it failed.
    fn call(&mut self, tool: &str, arguments: &Value) -> (String, bool) {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.request("tools/call", &params);
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("{tool}: {answer}"));
        (text.to_owned(), result["isError"] == true)
    }

    /// Calls a tool that succeeds.
    fn ask(&mut self, tool: &str, arguments: &Value) -> String {
        let (text, is_error) = self.call(tool, arguments);
        assert!(!is_error, "{tool} {arguments}: {text}");
        text
    }

    /// Calls a tool that refuses, and returns the reason.
    fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        let (text, is_error) = self.call(tool, arguments);
        assert!(is_error, "{tool} {arguments}: {text}");
        text
    }
}

#[test]
fn four_tools_are_offered_and_none_of_them_writes() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let mut client = Client::start(root.path());
    let tools = client.request("tools/list", &json!({}))["result"]["tools"].clone();
    let mut names = Vec::new();
    for tool in tools.as_array().unwrap() {
        names.push(tool["name"].as_str().unwrap().to_owned());
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        for (name, property) in tool["inputSchema"]["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{name}: {tool}");
        }
    }
    names.sort();
    assert_eq!(names, ["check", "decide", "explain", "render"]);
    // A client that goes away ends the server.
    client.input = None;
    assert_eq!(client.child.wait().unwrap().code(), Some(0));
}

#[test]
fn check_answers_with_a_line_for_each_finding() {
    let root = folder(&[("a/compose.yaml", TWICE), ("b/compose.yaml", TWICE)]);
    let mut client = Client::start(root.path());
    let twice = json!({ "select": ["PLM002"] });
    let text = client.ask("check", &twice);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.starts_with("a/compose.yaml:4:5 PLM002 error"), "{text}");
    assert!(text.contains("\nsummary: 2 errors; 2 Compose projects refused: "), "{text}");
    let text = client.ask("check", &json!({ "select": ["PLM002"], "limit": 1 }));
    assert!(text.contains("\n1 more; narrow with"), "{text}");
    let text = client.ask("check", &json!({ "select": ["PLM002"], "only": ["b"] }));
    assert!(text.starts_with("b/compose.yaml:4:5") && text.contains("1 error"), "{text}");
    let text = client.ask("check", &json!({ "select": ["PLM002"], "paths": ["a"] }));
    assert!(!text.contains("b/compose.yaml"), "{text}");
    let text = client.ask("check", &json!({ "format": "json" }));
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["version"], 1);

    // Files change between two calls.
    fs::write(root.path().join("a/compose.yaml"), "services:\n  a:\n    image: x:1\n").unwrap();
    assert!(client.ask("check", &twice).contains("summary: 1 error"));
}

#[test]
fn a_line_that_is_no_json_is_answered_too() {
    let root = folder(&[("compose.yaml", TWICE)]);
    let mut client = Client::start(root.path());
    for broken in ["{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\":", "hello", "{\"a\": \"\\ud800\"}"]
    {
        writeln!(client.input.as_mut().unwrap(), "{broken}").unwrap();
        let mut line = String::new();
        client.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["error"]["code"], -32700, "{broken}: {answer}");
        assert!(answer.get("id").is_none_or(Value::is_null), "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("no JSON"), "{message}");
    }
    // An empty line is no message, and the server goes on.
    writeln!(client.input.as_mut().unwrap()).unwrap();
    assert!(client.ask("check", &json!({ "select": ["PLM002"] })).contains("PLM002"));
    // The last line before the end is answered as well.
    writeln!(client.input.as_mut().unwrap(), "bye").unwrap();
    client.input = None;
    let mut rest = String::new();
    client.output.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("-32700"), "{rest}");
    assert_eq!(client.child.wait().unwrap().code(), Some(0));
}

#[test]
fn wrong_arguments_are_refused_in_words() {
    let root = folder(&[("compose.yaml", TWICE), ("empty/notes.md", "hello\n")]);
    let mut client = Client::start(root.path());
    let reason = client.refused("check", &json!({ "select": ["PLM499"] }));
    assert!(reason.contains("`PLM499` is not a known rule"), "{reason}");
    let reason = client.refused("check", &json!({ "min_severity": "fatal" }));
    assert!(reason.contains("`fatal` is not a value of `min_severity`"), "{reason}");
    let reason = client.refused("check", &json!({ "paths": ["empty"] }));
    assert!(reason.contains("nothing to check here"), "{reason}");
    let reason = client.refused("check", &json!({ "path": "a" }));
    assert!(reason.contains("unknown field `path`"), "{reason}");
    let reason = client.refused("explain", &json!({ "rule": "selector-matches-nothin" }));
    assert!(reason.contains("did you mean `selector-matches-nothing`"), "{reason}");
    let reason = client.refused("decide", &json!({ "answers": { "downtime": "soon" } }));
    assert!(reason.contains("downtime"), "{reason}");
    assert!(client.ask("explain", &json!({ "rule": "PLM404" })).contains("## Why it hurts"));
    assert!(client.ask("explain", &json!({})).contains("PLM404"));
}

#[test]
fn decide_and_render_answer_as_the_command_does() {
    let root = folder(&[
        ("shop/compose.yaml", "services:\n  web:\n    image: nginx:1.27\n"),
        ("chart/Chart.yaml", CHART),
        ("chart/values.yaml", "tag: \"1\"\n"),
        ("chart/templates/config.yaml", TEMPLATE),
        ("prod.yaml", "tag: \"2\"\n"),
    ]);
    let mut client = Client::start(root.path());
    let text =
        client.ask("decide", &json!({ "paths": ["shop"], "answers": { "multi-node": "no" } }));
    assert!(text.contains("You answered `multi-node=no`"), "{text}");
    // Agents write numbers and flags as such.
    let answers = json!({ "teams": 3, "audit": true });
    let text = client.ask("decide", &json!({ "paths": ["shop"], "answers": answers }));
    assert!(text.contains("`teams=3`") || text.contains("`audit=true`"), "{text}");
    let with = json!({ "path": "chart", "values": ["prod.yaml"], "release": "live" });
    let text = client.ask("render", &with);
    assert!(text.contains("# source: chart/templates/config.yaml:1"), "{text}");
    assert!(text.contains("live") && text.contains("\"2\""), "{text}");
    assert!(client.ask("render", &json!({ "list": true })).contains("chart"));
    let reason = client.refused("render", &json!({ "targets": ["nothing"] }));
    assert!(reason.contains("`nothing` is not a target"), "{reason}");
}

#[test]
fn paths_outside_of_the_workspace_are_refused() {
    let home = folder(&[
        ("plimsoll.yaml", "rules: { PLM002: off }\n"),
        ("secret/compose.yaml", TWICE),
        ("base/kustomization.yaml", "resources: [secret.yaml]\n"),
        ("base/secret.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: outside }\n"),
        ("shop/compose.yaml", TWICE),
        ("shop/overlay/kustomization.yaml", "resources: [../../base]\n"),
    ]);
    let mut client = Client::start(&home.path().join("shop"));
    let absolute = home.path().join("secret").to_string_lossy().into_owned();
    for outside in ["..", "../secret", "overlay/../../secret/compose.yaml", absolute.as_str()] {
        for (tool, arguments) in [
            ("check", json!({ "paths": [outside] })),
            ("check", json!({ "only": [outside] })),
            ("decide", json!({ "paths": [outside] })),
            ("render", json!({ "path": outside })),
            ("render", json!({ "path": "overlay", "values": [outside] })),
        ] {
            let reason = client.refused(tool, &arguments);
            assert!(reason.contains("outside of the workspace"), "{tool}: {reason}");
            assert!(reason.contains(outside), "{reason}");
        }
    }
    // The configuration above the workspace switches the rule off, and is not read.
    assert!(client.ask("check", &json!({ "paths": ["compose.yaml"] })).contains("PLM002"));
    let text = client.ask("render", &json!({ "path": "overlay" }));
    assert!(text.contains("not built in full") && !text.contains("name: outside"), "{text}");
    // The repository reaches further than the workspace, which decides what a Compose file may name.
    fs::create_dir(home.path().join(".git")).unwrap();
    let names = "include: [../secret/compose.yaml, base.yaml]\nservices: {}\n";
    fs::write(home.path().join("shop/names.yaml"), names).unwrap();
    fs::write(home.path().join("shop/base.yaml"), TWICE).unwrap();
    let text = client.ask("check", &json!({ "paths": ["names.yaml"], "select": ["PLM002"] }));
    assert!(text.contains("base.yaml:4:5"), "{text}");
    assert!(text.contains("`../secret/compose.yaml` that `include` names was not found"), "{text}");
    assert_eq!(text.matches("secret").count(), 1, "only what the file says itself: {text}");
    let config = home.path().join("shop/plimsoll.yaml");
    fs::write(config, "extends: ../plimsoll.yaml\n").unwrap();
    let reason = client.refused("check", &json!({}));
    assert!(reason.contains("outside of the workspace"), "{reason}");
}

#[cfg(unix)]
#[test]
fn links_out_of_the_workspace_are_not_followed() {
    use std::os::unix::fs::symlink;

    let home = folder(&[
        ("secret/compose.yaml", TWICE),
        ("secret/.env", "TAG=secret-tag\n"),
        ("shop/app/notes.yaml", "x: 1\n"),
        ("shop/app/compose.yaml", "services:\n  a:\n    image: \"x:${TAG}\"\n"),
    ]);
    let shop = home.path().join("shop");
    symlink("../secret/compose.yaml", shop.join("compose.yaml")).unwrap();
    symlink("../secret", shop.join("linked")).unwrap();
    symlink("../../secret/.env", shop.join("app/.env")).unwrap();
    let mut client = Client::start(&shop);
    for path in ["compose.yaml", "linked", "linked/compose.yaml"] {
        let reason = client.refused("check", &json!({ "paths": [path] }));
        assert!(reason.contains("outside of the workspace"), "{reason}");
    }
    let text = client.ask("check", &json!({ "format": "json" }));
    let report: Value = serde_json::from_str(&text).unwrap();
    let paths: Vec<&str> =
        report["files"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["app/compose.yaml", "app/notes.yaml"]);
    assert!(!text.contains("secret-tag"), "{text}");
}
