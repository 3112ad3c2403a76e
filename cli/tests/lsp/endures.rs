//! What a long day does to the server: thousands of edits, files that go while they are open, and thousands of open
//! files.

use crate::support::{Server, folder, open, uri};
use crate::{ONCE, TWICE, codes, of};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const COMPOSE: &str = "services:
  db:
    image: postgres:16 # 🎵
    volumes: [data:/var/lib/postgresql/data]
  web:
    image: acme/web:1
    ports: ['8080:80']
    environment:
      DB_HOST: db
      TAG: ${TAG}
    depends_on: [db]
volumes:
  data: {}
";

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: acme/web:1
          env:
            - {name: API, value: 'http://api:80'}
            - {name: LEVEL, valueFrom: {configMapKeyRef: {name: settings, key: level}}}
";

const API: &str = "apiVersion: v1
kind: Service
metadata: {name: api}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: info, note: '🎵'}
";

const CHART_TEMPLATE: &str = "apiVersion: v1
kind: Pod
metadata: {name: worker}
spec:
  containers:
    - name: worker
      image: {{ .Values.image }}
";

fn project() -> [(&'static str, &'static str); 9] {
    [
        (".env", "TAG=1\n"),
        ("compose.yaml", COMPOSE),
        ("base/kustomization.yaml", "resources:\n  - web.yaml\n  - api.yaml\n"),
        ("base/web.yaml", WEB),
        ("base/api.yaml", API),
        ("prod/kustomization.yaml", "resources:\n  - ../base\nnamePrefix: prod-\n"),
        ("chart/Chart.yaml", "apiVersion: v2\nname: worker\nversion: 1.0.0\n"),
        ("chart/values.yaml", "image: acme/worker:1\n"),
        ("chart/templates/pod.yaml", CHART_TEMPLATE),
    ]
}

/// A xorshift generator (Marsaglia 2003), which gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

/// A client that pulls diagnostics, so that it gets them for exactly the text that it has.
fn pulling() -> Value {
    json!({
        "textDocument": { "diagnostic": {} },
        "workspace": { "diagnostics": { "refreshSupport": true } },
    })
}

/// Somebody who edits all files of a project in an editor that counts in UTF-16.
struct Typist {
    root: PathBuf,
    server: Server,
    random: Random,
    texts: BTreeMap<String, String>,
    version: i64,
}

impl Typist {
    fn new(root: &Path, texts: BTreeMap<String, String>, seed: u64) -> Typist {
        let mut server = Server::start(root, pulling());
        for (name, text) in &texts {
            server.notify("textDocument/didOpen", open(&root.join(name), 1, text));
        }
        Typist { root: root.to_owned(), server, random: Random(seed), texts, version: 1 }
    }

    /// Types letters, deletes letters or lines, copies lines, or puts a word of another file into this one.
    fn edit(&mut self) -> String {
        let names: Vec<String> = self.texts.keys().cloned().collect();
        let name = names[self.random.below(names.len())].clone();
        let other = self.texts[&names[self.random.below(names.len())]].clone();
        let text = self.texts[&name].clone();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let line = self.random.below(lines.len());
        let start: usize = lines[..line].iter().map(|it| it.len()).sum();
        let length = lines.get(line).map_or(0, |it| it.trim_end_matches('\n').len());
        let letter = text.floor_char_boundary(start + self.random.below(length + 1));
        let next = text.ceil_char_boundary((letter + 1).min(start + length).max(letter));
        let whole = start..lines.get(line).map_or(start, |it| start + it.len());
        let (range, new) = match self.random.below(7) {
            0 => (letter..letter, "x".to_owned()),
            1 => (letter..next, String::new()),
            2 => (whole, String::new()),
            3 => (start..start, text[whole].to_owned()),
            4 => {
                let words: Vec<&str> = other.split_whitespace().collect();
                let word = words.get(self.random.below(words.len())).copied().unwrap_or("web");
                let space =
                    text[start..start + length].rfind(' ').map_or(start, |it| start + it + 1);
                (space..start + length, word.to_owned())
            }
            5 => {
                let count = other.lines().count();
                let line = other.lines().nth(self.random.below(count)).unwrap_or_default();
                (start..start, format!("{line}\n"))
            }
            _ => (letter..letter, "🎶".to_owned()),
        };
        self.replace(&name, range, &new);
        name
    }

    fn replace(&mut self, name: &str, range: std::ops::Range<usize>, new: &str) {
        let text = &self.texts[name];
        let position = |at: usize| {
            let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
            let character = text[start..at].encode_utf16().count();
            json!({ "line": text[..at].matches('\n').count(), "character": character })
        };
        self.version += 1;
        let change = json!({
            "textDocument": { "uri": uri(&self.root.join(name)), "version": self.version },
            "contentChanges": [{
                "range": { "start": position(range.start), "end": position(range.end) },
                "text": new,
            }],
        });
        self.server.notify("textDocument/didChange", change);
        let mut text = text.clone();
        text.replace_range(range, new);
        self.texts.insert(name.to_owned(), text);
    }

    /// Closes a file without saving, and opens it again with what is on disk.
    fn reopen(&mut self, name: &str) {
        let path = self.root.join(name);
        self.server
            .notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }));
        let text = fs::read_to_string(&path).unwrap();
        self.version += 1;
        self.server.notify("textDocument/didOpen", open(&path, self.version, &text));
        self.texts.insert(name.to_owned(), text);
    }

    /// Returns what is found in each file, sorted.
    fn found(&mut self) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        for name in self.texts.keys() {
            let address = uri(&self.root.join(name));
            let params = json!({ "textDocument": { "uri": address } });
            let report = self.server.request("textDocument/diagnostic", params);
            let items = report["items"].as_array().unwrap();
            let mut items: Vec<String> = items.iter().map(Value::to_string).collect();
            items.sort();
            found.insert(name.clone(), items);
        }
        found
    }
}

/// Types edits and compares with a server that has just been started, after about every 30th. Texts that do not parse
/// are begun anew before that: what is read of them depends on where they were edited.
fn type_and_compare(edits: usize, seed: u64) {
    let root = folder(&project());
    let texts = project().map(|(name, text)| (name.to_owned(), text.to_owned()));
    let mut typist = Typist::new(root.path(), texts.into_iter().collect(), seed);
    let mut compared = 0;
    for edit in 1..=edits {
        let name = typist.edit();
        match typist.random.below(30) {
            0 => typist.reopen(&name),
            // Somebody asks while the text is being analysed.
            1 => {
                let params = json!({
                    "textDocument": { "uri": uri(&typist.root.join(&name)) },
                    "position": { "line": typist.random.below(20), "character": typist.random.below(30) },
                });
                typist.server.request("textDocument/completion", params);
            }
            _ => {}
        }
        if typist.random.below(30) == 0 || edit == edits {
            let found = typist.found().into_iter();
            let broken = found.filter(|(_, it)| it.iter().any(|it| it.contains("PLM001")));
            broken.for_each(|(name, _)| typist.reopen(&name));
            let mut fresh = Typist::new(root.path(), typist.texts.clone(), 1);
            let (found, expected) = (typist.found(), fresh.found());
            assert_eq!(found, expected, "edit {edit}, seed {seed}: {:#?}", typist.texts);
            compared += 1;
        }
    }
    // In the end, everything is as in the beginning.
    for name in project().map(|(name, _)| name) {
        typist.reopen(name);
    }
    let mut fresh = Typist::new(root.path(), typist.texts.clone(), 1);
    assert_eq!(typist.found(), fresh.found(), "after all edits, seed {seed}");
    assert!(compared * 60 > edits, "only {compared} comparisons");
    assert_eq!(typist.server.stop(), Some(0));
}

#[test]
fn hundreds_of_edits_leave_what_a_fresh_server_finds() {
    type_and_compare(300, 20_261_130);
}

/// The number of edits is `PLIMSOLL_EDITS`, and the seed `PLIMSOLL_SEED`.
#[test]
#[ignore = "takes minutes: `cargo xtask oracle edits` runs it"]
fn thousands_of_edits_leave_what_a_fresh_server_finds() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |it| it.parse().expect("a number"))
    };
    let edits = usize::try_from(number("PLIMSOLL_EDITS", 10_000)).unwrap();
    type_and_compare(edits, number("PLIMSOLL_SEED", 7));
}

fn event(path: &Path, kind: u8) -> Value {
    json!({ "changes": [{ "uri": uri(path), "type": kind }] })
}

#[test]
fn a_folder_that_is_deleted_while_its_file_is_open_leaves_what_is_typed() {
    let watching =
        json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let root = folder(&[("compose.yaml", ONCE), ("shop/compose.yaml", TWICE)]);
    let path = root.path().join("shop/compose.yaml");
    let mut server = Server::start(root.path(), watching);
    server.notify("textDocument/didOpen", open(&path, 1, TWICE));
    server.diagnostics("those of the open file", |it| it["version"] == 1);
    fs::remove_dir_all(root.path().join("shop")).unwrap();
    server.notify("workspace/didChangeWatchedFiles", event(&root.path().join("shop"), 3));
    let change = json!({
        "textDocument": { "uri": uri(&path), "version": 2 },
        "contentChanges": [{ "text": format!("{TWICE}  b: {{image: z}}\n") }],
    });
    server.notify("textDocument/didChange", change);
    let typed = server.diagnostics("those of what is typed", |it| it["version"] == 2);
    assert!(codes(&typed).contains(&"PLM002"), "{typed}");
    let params = json!({ "textDocument": { "uri": uri(&path) } });
    let symbols = server.request("textDocument/documentSymbol", params.clone());
    assert!(symbols.to_string().contains("\"b\""), "{symbols}");
    server.published.clear();
    server.notify("textDocument/didClose", params);
    let gone = server.diagnostics("those of the closed file", of(&path));
    assert!(codes(&gone).is_empty(), "{gone}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_folder_that_is_renamed_while_its_file_is_open_is_found_under_its_new_name() {
    let root = folder(&[("shop/compose.yaml", TWICE)]);
    let (old, new) = (root.path().join("shop"), root.path().join("store"));
    let (from, to) = (old.join("compose.yaml"), new.join("compose.yaml"));
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&from, 1, TWICE));
    server.diagnostics("those of the open file", |it| it["version"] == 1);
    fs::rename(&old, &new).unwrap();
    // As an editor does: it closes the document, opens it under its new name, and says what happened.
    server.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&from) } }));
    server.notify("textDocument/didOpen", open(&to, 5, TWICE));
    let renamed = json!({ "files": [{ "oldUri": uri(&old), "newUri": uri(&new) }] });
    server.published.clear();
    server.notify("workspace/didRenameFiles", renamed);
    let moved = server.diagnostics("those of the new name", |it| it["version"] == 5);
    assert!(codes(&moved).contains(&"PLM002"), "{moved}");
    let gone = server.diagnostics("those of the old name", of(&from));
    assert!(codes(&gone).is_empty(), "{gone}");
    let found = server.request("workspace/symbol", json!({ "query": "a" }));
    let places: Vec<&Value> =
        found.as_array().unwrap().iter().map(|it| &it["location"]["uri"]).collect();
    assert_eq!(places, [uri(&to).as_str()]);
    assert_eq!(server.stop(), Some(0));
}

#[test]
#[ignore = "takes a minute: `cargo xtask oracle edits` runs it"]
fn five_thousand_files_can_be_open() {
    let text = |at: usize| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s{at}}}\nspec: {{selector: {{app: a{at}}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let names: Vec<String> = (0..5_000).map(|at| format!("k{}/s{at}.yaml", at % 50)).collect();
    let texts: Vec<String> = (0..5_000).map(text).collect();
    let files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let root = folder(&files);
    let mut server = Server::start(root.path(), json!({}));
    let path = |at: usize| root.path().join(&names[at]);
    let opened: Vec<Value> = (0..names.len())
        .map(|at| {
            let params = open(&path(at), 1, &texts[at]);
            json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params })
        })
        .collect();
    server.burst(&opened);
    let last = names.len() - 1;
    let change = json!({
        "textDocument": { "uri": uri(&path(last)), "version": 2 },
        "contentChanges": [{ "text": format!("{}kind: Service\n", texts[last]) }],
    });
    let start = Instant::now();
    server.notify("textDocument/didChange", change);
    let found = server.diagnostics("those of the last file", |it| {
        it["version"] == 2 && it["uri"] == uri(&path(last)).as_str()
    });
    assert!(codes(&found).contains(&"PLM002"), "{found}");
    println!("diagnostics of 5,000 open files after {:?}", start.elapsed());
    server.drain(Duration::from_secs(1));
    let start = Instant::now();
    let symbols = server.request("workspace/symbol", json!({ "query": "s4999" }));
    assert_eq!(symbols[0]["name"], "Service/s4999");
    println!("a symbol among them after {:?}", start.elapsed());
    assert_eq!(server.stop(), Some(0));
}
