//! Where names lead to, other names for them, links and symbols, through real pipes and in every encoding.

use crate::support::{self, Server, folder, open, uri};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Names stand behind an emoji, which counts 4, 2 or 1 in UTF-8, UTF-16 and UTF-32.
const COMPOSE: &str = "services:
  db: {labels: {x: '🎵'}, image: 'postgres:17'}
  web:
    image: acme/web:1
    build: {context: ., dockerfile: web.Dockerfile}
    env_file: [{path: web.env}, {path: 'missing.env', required: false}]
    environment: {GREETING: '🎵', DB_HOST: db}
    depends_on: {db: {condition: service_started}}
";

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web-api}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: acme/web:1
          env:
            - {name: API, value: 'http://web-api:80'}
";

const ENCODINGS: [&str; 3] = ["utf-8", "utf-16", "utf-32"];

/// Returns the number of units of a text in an encoding.
fn length(text: &str, encoding: &str) -> usize {
    match encoding {
        "utf-8" => text.len(),
        "utf-16" => text.encode_utf16().count(),
        _ => text.chars().count(),
    }
}

/// Returns the position of the only `needle` in a text, or of the `^` within it.
#[track_caller]
fn position(text: &str, needle: &str, encoding: &str) -> Value {
    let plain = needle.replace('^', "");
    assert_eq!(text.matches(&plain).count(), 1, "`{plain}` must be there once");
    let at = text.find(&plain).unwrap() + needle.find('^').unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    let line = text[..at].matches('\n').count();
    json!({ "line": line, "character": length(&text[start..at], encoding) })
}

/// Returns the byte of a position.
fn offset(text: &str, at: &Value, encoding: &str) -> usize {
    let (line, character) = (at["line"].as_u64().unwrap(), at["character"].as_u64().unwrap());
    let start: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
    let rest = &text[start..];
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    start + ends.find(|it| length(&rest[..*it], encoding) as u64 == character).unwrap()
}

/// A server in a folder, and a client that counts in an encoding.
struct Asked {
    root: tempfile::TempDir,
    server: Server,
    encoding: &'static str,
}

impl Asked {
    fn start(files: &[(&str, &str)], encoding: &'static str) -> Asked {
        let root = folder(files);
        let client = json!({
            "general": { "positionEncodings": [encoding] },
            "workspace": { "workspaceEdit": { "documentChanges": true } },
            "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } },
        });
        let (server, answer) = Server::start_with(support::initialize(root.path(), client));
        assert_eq!(answer["capabilities"]["positionEncoding"], encoding);
        Asked { root, server, encoding }
    }

    fn open(&mut self, name: &str, version: i64) {
        let path = self.root.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        self.server.notify("textDocument/didOpen", open(&path, version, &text));
    }

    fn uri(&self, name: &str) -> String {
        uri(&self.root.path().join(name))
    }

    /// Sends a request about the place of a needle in a file.
    #[track_caller]
    fn at(&mut self, method: &str, name: &str, needle: &str, more: Value) -> Value {
        let params = self.params(name, needle, more);
        self.server.request(method, params)
    }

    #[track_caller]
    fn params(&self, name: &str, needle: &str, more: Value) -> Value {
        let text = self.text(name);
        let mut params = json!({
            "textDocument": { "uri": self.uri(name) },
            "position": position(&text, needle, self.encoding),
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.root.path().join(name)).unwrap()
    }

    /// Describes locations as `path:line text`.
    fn places(&self, locations: &Value) -> Vec<String> {
        let place = |it: &Value| {
            let root = format!("{}/", uri(self.root.path()));
            let name = it["uri"].as_str().unwrap().trim_start_matches(&root).to_owned();
            let text = self.text(&name);
            let at = |at: &str| offset(&text, &it["range"][at], self.encoding);
            let line = it["range"]["start"]["line"].as_u64().unwrap() + 1;
            format!("{name}:{line} {}", &text[at("start")..at("end")])
        };
        locations.as_array().unwrap().iter().map(place).collect()
    }

    /// Applies an edit with versions to the texts on disk. Returns the changed texts and the versions.
    fn applied(&self, edit: &Value) -> BTreeMap<String, (String, Value)> {
        let mut changed = BTreeMap::new();
        for document in edit["documentChanges"].as_array().unwrap() {
            let address = document["textDocument"]["uri"].as_str().unwrap();
            let name = address.trim_start_matches(&format!("{}/", uri(self.root.path())));
            let old = self.text(name);
            let mut edits: Vec<(usize, usize, &str)> = Vec::new();
            for edit in document["edits"].as_array().unwrap() {
                let at = |at: &str| offset(&old, &edit["range"][at], self.encoding);
                edits.push((at("start"), at("end"), edit["newText"].as_str().unwrap()));
            }
            edits.sort_unstable();
            let mut new = old.clone();
            for (start, end, text) in edits.into_iter().rev() {
                new.replace_range(start..end, text);
            }
            changed.insert(name.to_owned(), (new, document["textDocument"]["version"].clone()));
        }
        changed
    }
}

fn both_sides() -> [(&'static str, &'static str); 5] {
    [
        ("compose.yaml", COMPOSE),
        ("web.env", "A=1\n"),
        ("web.Dockerfile", "FROM scratch\n"),
        ("k8s/service.yaml", SERVICE),
        ("k8s/web.yaml", WEB),
    ]
}

#[test]
fn names_lead_to_definitions_references_and_counterparts_in_every_encoding() {
    for encoding in ENCODINGS {
        let mut asked = Asked::start(&both_sides(), encoding);
        asked.open("compose.yaml", 1);
        asked.open("k8s/web.yaml", 1);
        let definition = "textDocument/definition";
        let host = asked.at(definition, "compose.yaml", "DB_HOST: ^db", json!({}));
        assert_eq!(asked.places(&host), ["compose.yaml:2 db"], "{encoding}");
        let host = asked.at(definition, "k8s/web.yaml", "//^web-api", json!({}));
        assert_eq!(asked.places(&host), ["k8s/service.yaml:3 web-api"], "{encoding}");
        let path = asked.at(definition, "compose.yaml", "path: ^web.env", json!({}));
        assert_eq!(asked.places(&path), ["web.env:1 "], "{encoding}");

        let with = |it: bool| json!({ "context": { "includeDeclaration": it } });
        let users =
            asked.at("textDocument/references", "compose.yaml", "^db: {labels", with(false));
        let expected = ["compose.yaml:7 db", "compose.yaml:8 db"];
        assert_eq!(asked.places(&users), expected, "{encoding}");
        let all = asked.at("textDocument/references", "compose.yaml", "^db: {labels", with(true));
        assert_eq!(asked.places(&all).len(), 3);
        let lit =
            asked.at("textDocument/documentHighlight", "compose.yaml", "HOST: ^db", json!({}));
        let kinds: Vec<i64> =
            lit.as_array().unwrap().iter().map(|it| it["kind"].as_i64().unwrap()).collect();
        assert_eq!(kinds, [3, 2, 2], "written once, read twice");

        let other = "textDocument/implementation";
        let there = asked.at(other, "compose.yaml", "^web:\n", json!({}));
        assert_eq!(asked.places(&there), ["k8s/web.yaml:10 web"], "{encoding}");
        let back = asked.at(other, "k8s/web.yaml", "image: ^acme", json!({}));
        assert_eq!(asked.places(&back), ["compose.yaml:3 web"], "{encoding}");
        assert_eq!(asked.server.stop(), Some(0));
    }
}

/// A host that Kubernetes resolves names a Service of the cluster, and one that Compose resolves a service.
#[test]
fn a_service_is_renamed_where_it_is_named_in_every_encoding() {
    for encoding in ENCODINGS {
        let mut asked = Asked::start(&both_sides(), encoding);
        asked.open("compose.yaml", 7);
        let rename = "textDocument/rename";
        let ready = asked.at("textDocument/prepareRename", "compose.yaml", "HOST: ^db", json!({}));
        assert_eq!(ready["placeholder"], "db");
        let edit = asked.at(rename, "compose.yaml", "HOST: ^db", json!({ "newName": "store" }));
        let changed = asked.applied(&edit);
        let expected = COMPOSE
            .replace("  db: {", "  store: {")
            .replace("DB_HOST: db", "DB_HOST: store")
            .replace("{db: {cond", "{store: {cond");
        assert_eq!(changed["compose.yaml"], (expected, json!(7)), "{encoding}");
        assert_eq!(changed.len(), 1);

        asked.open("k8s/web.yaml", 3);
        let edit = asked.at(rename, "k8s/web.yaml", "//^web-api", json!({ "newName": "front" }));
        let changed = asked.applied(&edit);
        let service = SERVICE.replace("web-api", "front");
        assert_eq!(changed["k8s/service.yaml"], (service, Value::Null), "{encoding}: not open");
        let web = WEB.replace("//web-api", "//front");
        assert_eq!(changed["k8s/web.yaml"], (web, json!(3)), "{encoding}");
        assert_eq!(changed.len(), 2);
    }
}

#[test]
fn a_refusal_says_why() {
    let mut asked = Asked::start(&both_sides(), "utf-16");
    asked.open("compose.yaml", 1);
    let mut refused = |method: &str, needle: &str, more: Value| {
        let params = asked.params("compose.yaml", needle, more);
        let id = asked.server.ask(method, params);
        asked.server.wait("the refusal", |it| it.refused.iter().any(|it| it["id"] == id));
        let answer = asked.server.refused.iter().find(|it| it["id"] == id).unwrap();
        answer["error"]["message"].as_str().unwrap().to_owned()
    };
    let taken = refused("textDocument/rename", "HOST: ^db", json!({ "newName": "web" }));
    assert_eq!(taken, "There is already a service `web` at compose.yaml:3.");
    let wrong = refused("textDocument/rename", "HOST: ^db", json!({ "newName": "a b" }));
    assert!(wrong.starts_with("`a b` is not a valid name for a service"), "{wrong}");
    // Nothing that has a name: no error, and nothing to do.
    let nothing = asked.at("textDocument/prepareRename", "compose.yaml", "services", json!({}));
    assert_eq!(nothing, Value::Null);
}

#[test]
fn a_key_is_renamed_in_the_base_the_overlay_and_where_it_is_read() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {note: '🎵', level: info}\n";
    let app = "apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
    - name: app
      image: acme/app:1
      env: [{name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}]
";
    let patch =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: debug}\n";
    let files = [
        ("base/kustomization.yaml", "resources: [map.yaml, app.yaml]\n"),
        ("base/map.yaml", map),
        ("base/app.yaml", app),
        ("dev/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n"),
        ("dev/patch.yaml", patch),
    ];
    let mut asked = Asked::start(&files, "utf-16");
    asked.open("base/map.yaml", 1);
    asked.open("dev/patch.yaml", 5);
    let edit = asked.at(
        "textDocument/rename",
        "base/map.yaml",
        "^level",
        json!({ "newName": "verbosity" }),
    );
    let changed = asked.applied(&edit);
    let expected = [
        ("base/app.yaml", app.replace("key: level", "key: verbosity"), Value::Null),
        ("base/map.yaml", map.replace("level", "verbosity"), json!(1)),
        ("dev/patch.yaml", patch.replace("level", "verbosity"), json!(5)),
    ];
    for (name, text, version) in &expected {
        assert_eq!(changed.get(*name), Some(&(text.clone(), version.clone())), "{name}");
    }
    assert_eq!(changed.len(), expected.len());
}

#[test]
fn links_lead_to_files_that_are_there_in_every_encoding() {
    let text = "services: {web: {labels: {x: '🎵'}, image: x, env_file: web.env, build: {dockerfile: no.Dockerfile}}}\n";
    for encoding in ENCODINGS {
        let mut asked = Asked::start(&[("compose.yaml", text), ("web.env", "A=1\n")], encoding);
        asked.open("compose.yaml", 1);
        let params = json!({ "textDocument": { "uri": asked.uri("compose.yaml") } });
        let links = asked.server.request("textDocument/documentLink", params);
        let [link] = links.as_array().unwrap().as_slice() else { panic!("{links}") };
        assert_eq!(link["target"], asked.uri("web.env"));
        assert_eq!(link["range"]["start"], position(text, "^web.env", encoding));
        assert_eq!(link["range"]["end"], position(text, "web.env^", encoding));
    }
}

#[test]
fn symbols_are_those_of_the_text_as_it_is() {
    for encoding in ENCODINGS {
        let mut asked = Asked::start(&both_sides(), encoding);
        asked.open("compose.yaml", 1);
        let document = json!({ "uri": asked.uri("compose.yaml"), "version": 2 });
        let text = "services:\n  '🎵': {image: x}\n  new: {image: 'acme/new:1'}\n";
        let change = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        asked.server.notify("textDocument/didChange", change);
        let params = json!({ "textDocument": document });
        let symbols = asked.server.request("textDocument/documentSymbol", params);
        let services = &symbols[0]["children"];
        assert_eq!(
            (&symbols[0]["name"], &services[1]["name"]),
            (&json!("services"), &json!("new"))
        );
        assert_eq!(services[1]["detail"], "acme/new:1");
        assert_eq!(services[0]["selectionRange"]["end"], position(text, "'🎵'^", encoding));

        let found = asked.server.request("workspace/symbol", json!({ "query": "web-api" }));
        let names: Vec<&Value> = found.as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert_eq!(names, ["Service/web-api"]);
        assert_eq!(found[0]["location"]["uri"], asked.uri("k8s/service.yaml"));
        let own = asked.server.request("workspace/symbol", json!({ "query": "new" }));
        assert_eq!(own[0]["name"], "new", "what was typed is found");
    }
}

#[test]
fn positions_beyond_the_end_and_unknown_documents_are_no_trouble() {
    let mut asked = Asked::start(&both_sides(), "utf-16");
    asked.open("compose.yaml", 1);
    let methods = [
        "definition",
        "references",
        "implementation",
        "documentHighlight",
        "prepareRename",
        "rename",
        "hover",
        "completion",
    ];
    for name in ["compose.yaml", "nowhere.yaml"] {
        for (line, character) in [(0, 4_000_000), (4_000_000, 0), (4_294_967_295_u32, u32::MAX)] {
            let params = json!({
                "textDocument": { "uri": asked.uri(name) },
                "position": { "line": line, "character": character },
                "context": { "includeDeclaration": true, "triggerKind": 1 },
                "newName": "x",
            });
            for method in methods {
                asked.server.request(&format!("textDocument/{method}"), params.clone());
            }
        }
        let params = json!({ "textDocument": { "uri": asked.uri(name) } });
        for method in ["documentLink", "documentSymbol", "foldingRange"] {
            asked.server.request(&format!("textDocument/{method}"), params.clone());
        }
    }
    assert!(asked.server.running());
    assert_eq!(asked.server.stop(), Some(0));
}

/// Asks for the hints of the whole document.
fn hints(server: &mut Server, path: &Path) -> usize {
    let range =
        json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let params = json!({ "textDocument": { "uri": uri(path) }, "range": range });
    server.request("textDocument/inlayHint", params).as_array().unwrap().len()
}

/// Returns how often the server had the client ask for hints and for lenses again.
fn times_refreshed(server: &Server) -> (usize, usize) {
    let count = |method| server.asked.iter().filter(|it| it["method"] == method).count();
    (count("workspace/inlayHint/refresh"), count("workspace/codeLens/refresh"))
}

#[test]
fn an_edit_elsewhere_has_the_client_ask_for_hints_again() {
    let root = folder(&[(".env", "TAG=1\n")]);
    let path = root.path().join("compose.yaml");
    let refresh = json!({ "refreshSupport": true });
    let client = json!({ "workspace": { "inlayHint": refresh, "codeLens": refresh } });
    let mut server = Server::start(root.path(), client);
    let text = "services: {db: {image: 'acme/db:${TAG}'}}\n";
    server.notify("textDocument/didOpen", open(&path, 1, text));
    server.wait("the requests after the first analysis", |it| times_refreshed(it) == (1, 1));
    std::fs::write(root.path().join(".env"), "TAG=2\n").unwrap();
    let change = json!({ "uri": uri(&root.path().join(".env")), "type": 2 });
    server.notify("workspace/didChangeWatchedFiles", json!({ "changes": [change] }));
    server.wait("the requests after the edit", |it| times_refreshed(it) == (2, 2));
}

#[test]
fn settings_switch_kinds_of_hints_and_lenses_off() {
    let text = "services:\n  db:\n    image: acme/db:${TAG}\n    healthcheck: {test: [CMD, ok], interval: 10s}\n";
    let root = folder(&[(".env", "TAG=1\n")]);
    let path = root.path().join("compose.yaml");
    let refresh = json!({ "refreshSupport": true });
    let client = json!({ "workspace": { "inlayHint": refresh, "codeLens": refresh } });
    let mut server = Server::start_for_commands(root.path(), client);
    server.notify("textDocument/didOpen", open(&path, 1, text));
    server.wait("the requests after the first analysis", |it| times_refreshed(it) == (1, 1));
    assert_eq!(hints(&mut server, &path), 2);
    let lenses = |server: &mut Server| {
        let params = json!({ "textDocument": { "uri": uri(&path) } });
        server.request("textDocument/codeLens", params).as_array().unwrap().len()
    };
    assert_eq!(lenses(&mut server), 1);
    let section = json!({
        "inlayHints": { "budgets": false, "budget": true }, "codeLens": { "verdict": false },
    });
    let changed = json!({ "settings": { "plimsoll": section } });
    server.notify("workspace/didChangeConfiguration", changed.clone());
    server.wait("the requests to ask again", |it| times_refreshed(it) == (2, 2));
    assert_eq!(hints(&mut server, &path), 1, "only the value");
    assert_eq!(lenses(&mut server), 0);
    server.notify("workspace/didChangeConfiguration", changed);
    hints(&mut server, &path);
    let shown = server.notified.iter().filter(|it| it["method"] == "window/showMessage");
    let said: Vec<String> = shown.map(|it| it["params"]["message"].to_string()).collect();
    let [said] = said.as_slice() else { panic!("said once: {said:?}") };
    assert!(said.contains("`budget` is not a known kind of `inlayHints`"), "{said}");
}
