//! Files and folders that change outside of the editor, and folders inside of folders.

use crate::support::{self, Server, folder, open, uri};
use crate::{ONCE, TWICE, codes, of};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const APPS: &str = "a: 1\na: 2\n";

fn watching() -> Value {
    json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } })
}

fn event(path: &Path, kind: u8) -> Value {
    json!({ "changes": [{ "uri": uri(path), "type": kind }] })
}

#[test]
fn folders_that_are_created_renamed_and_deleted_are_seen() {
    let root = folder(&[("compose.yaml", ONCE)]);
    let path = |name: &str| root.path().join(name);
    let mut server = Server::start(root.path(), watching());
    server.wait("the watchers", |it| !it.asked.is_empty());
    let patterns = server.asked[0]["params"]["registrations"][0]["registerOptions"].to_string();
    assert!(patterns.contains("\"**/*\""), "folders match: {patterns}");

    // A watcher names the folder alone.
    fs::create_dir_all(path("k8s/base")).unwrap();
    fs::write(path("k8s/base/app.yaml"), APPS).unwrap();
    server.notify("workspace/didChangeWatchedFiles", event(&path("k8s"), 1));
    let found = server.diagnostics("those of the new folder", of(&path("k8s/base/app.yaml")));
    assert_eq!(codes(&found), ["PLM002"]);

    // So do the editor's own file operations.
    server.published.clear();
    fs::rename(path("k8s"), path("deploy")).unwrap();
    let renamed =
        json!({ "files": [{ "oldUri": uri(&path("k8s")), "newUri": uri(&path("deploy")) }] });
    server.notify("workspace/didRenameFiles", renamed);
    let old = server.diagnostics("those of the old name", of(&path("k8s/base/app.yaml")));
    assert!(codes(&old).is_empty(), "{old}");
    server.diagnostics("those of the new name", of(&path("deploy/base/app.yaml")));

    server.published.clear();
    fs::remove_dir_all(path("deploy")).unwrap();
    let deleted = json!({ "files": [{ "uri": uri(&path("deploy")) }] });
    server.notify("workspace/didDeleteFiles", deleted);
    let gone = server.diagnostics("those of the deleted folder", of(&path("deploy/base/app.yaml")));
    assert!(codes(&gone).is_empty(), "{gone}");

    server.published.clear();
    fs::create_dir(path("new")).unwrap();
    fs::write(path("new/app.yaml"), APPS).unwrap();
    let created = json!({ "files": [{ "uri": uri(&path("new")) }] });
    server.notify("workspace/didCreateFiles", created);
    server.diagnostics("those of the created folder", of(&path("new/app.yaml")));
}

#[test]
fn a_client_that_watches_nothing_is_up_to_date_after_opening_and_saving() {
    let root = folder(&[("compose.yaml", ONCE), ("k8s/app.yaml", "a: 1\n")]);
    let (compose, app) = (root.path().join("compose.yaml"), root.path().join("k8s/app.yaml"));
    let mut server = Server::start(root.path(), json!({}));
    server.notify("textDocument/didOpen", open(&compose, 1, ONCE));
    server.diagnostics("the first", |it| it["version"] == 1);
    server.settle();
    server.published.clear();
    fs::write(&app, "a: 1\na: 22\n").unwrap();
    let saved = json!({ "textDocument": { "uri": uri(&compose) } });
    server.notify("textDocument/didSave", saved);
    let found = server.diagnostics("those of the file that changed outside", of(&app));
    assert_eq!(codes(&found), ["PLM002"]);
    server.published.clear();
    fs::remove_file(&app).unwrap();
    server.notify("textDocument/didOpen", open(&root.path().join(".env"), 1, "A=1\n"));
    let gone = server.diagnostics("those of the file that was deleted outside", of(&app));
    assert!(codes(&gone).is_empty(), "{gone}");
}

#[test]
fn environment_files_in_the_editor_take_part() {
    let text = "services:\n  web:\n    image: web:${TAG}\n";
    let root = folder(&[("compose.yaml", text)]);
    let path = root.path().join("compose.yaml");
    let mut server = Server::start(root.path(), json!({}));
    let first = server.diagnostics("the first", of(&path));
    assert!(codes(&first).contains(&"PLM501"), "the variable is not set: {first}");
    let mut env = open(&root.path().join(".env"), 1, "TAG=1.2.3\n");
    env["textDocument"]["languageId"] = "properties".into();
    server.published.clear();
    server.notify("textDocument/didOpen", env);
    server.diagnostics("those with the variable", |it| {
        of(&path)(it) && !codes(it).contains(&"PLM501")
    });
}

#[test]
fn an_inner_folder_owns_its_files() {
    let root = folder(&[("compose.yaml", ONCE), ("inner/compose.yaml", TWICE)]);
    let inner = root.path().join("inner");
    let path = inner.join("compose.yaml");
    let mut params = support::initialize(root.path(), json!({}));
    params["workspaceFolders"] = json!([{ "uri": uri(root.path()), "name": "outer" }, { "uri": uri(&inner), "name": "inner" }]);
    let (mut server, _) = Server::start_with(params);
    // The buffer is in order, the disk is not.
    server.notify("textDocument/didOpen", open(&path, 4, ONCE));
    let opened = server.diagnostics("those of the buffer", |it| it["version"] == 4);
    assert!(!codes(&opened).contains(&"PLM002"), "{opened}");
    // An edit of the outer project does not bring the disk's findings back.
    let outer = root.path().join("compose.yaml");
    server.notify("textDocument/didOpen", open(&outer, 9, TWICE));
    server.diagnostics("those of the outer file", |it| it["version"] == 9);
    server.settle();
    let of_inner: Vec<&Value> = server.published.iter().filter(|it| of(&path)(it)).collect();
    let last = of_inner.last().unwrap();
    assert_eq!(last["version"], 4, "{of_inner:?}");
    // Without the inner folder, the file is the outer one's again.
    server.published.clear();
    let removed =
        json!({ "event": { "added": [], "removed": [{ "uri": uri(&inner), "name": "inner" }] } });
    server.notify("workspace/didChangeWorkspaceFolders", removed);
    server.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }));
    server.diagnostics("those of the disk", |it| of(&path)(it) && codes(it).contains(&"PLM002"));
}

#[test]
fn what_git_ignores_and_other_peoples_files_start_no_walk() {
    let root = folder(&[("compose.yaml", ONCE), (".gitignore", "/target\n")]);
    let path = |name: &str| root.path().join(name);
    let mut server = Server::start(root.path(), watching());
    server.diagnostics("the first", of(&path("compose.yaml")));
    // A file that only a walk would find.
    fs::write(path("late.yaml"), APPS).unwrap();
    for name in ["node_modules/a/b.yaml", ".git/config.yaml", "target/debug/x.yaml"] {
        let file = path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, APPS).unwrap();
        server.notify("workspace/didChangeWatchedFiles", event(&file, 1));
        server.notify("workspace/didChangeWatchedFiles", event(file.parent().unwrap(), 1));
    }
    server.notify("workspace/didChangeWatchedFiles", event(&path("main.rs"), 1));
    server.settle();
    assert!(!server.published.iter().any(|it| of(&path("late.yaml"))(it)), "somebody walked");
    server.notify("workspace/didChangeWatchedFiles", event(&path("late.yaml"), 1));
    server.diagnostics("those of the late file", of(&path("late.yaml")));
}

/// The editor keeps a deleted file open with the text that it had.
#[test]
fn a_file_that_is_deleted_or_renamed_while_it_is_open_is_gone_when_it_is_closed() {
    let root = folder(&[("k8s/app.yaml", APPS), ("k8s/other.yaml", APPS)]);
    let path = |name: &str| root.path().join(name);
    let mut server = Server::start(root.path(), watching());
    server.notify("textDocument/didOpen", open(&path("k8s/app.yaml"), 1, APPS));
    server.diagnostics("those of the open file", |it| it["version"] == 1);
    server.diagnostics("those of the closed file", of(&path("k8s/other.yaml")));
    server.published.clear();
    fs::rename(path("k8s"), path("deploy")).unwrap();
    server.notify("workspace/didChangeWatchedFiles", event(&path("k8s"), 3));
    server.notify("workspace/didChangeWatchedFiles", event(&path("deploy"), 1));
    let gone = server.diagnostics("those of the closed file", of(&path("k8s/other.yaml")));
    assert!(codes(&gone).is_empty(), "{gone}");
    server.diagnostics("those of the new name", of(&path("deploy/app.yaml")));
    assert!(
        !server.published.iter().any(|it| of(&path("k8s/app.yaml"))(it) && codes(it).is_empty())
    );
    let closed = json!({ "textDocument": { "uri": uri(&path("k8s/app.yaml")) } });
    server.notify("textDocument/didClose", closed);
    let gone = server.diagnostics("those of the old name", |it| {
        of(&path("k8s/app.yaml"))(it) && it.get("version").is_none()
    });
    assert!(codes(&gone).is_empty(), "{gone}");
    // The whole project goes.
    server.published.clear();
    fs::remove_dir_all(root.path().join("deploy")).unwrap();
    server.notify("workspace/didChangeWatchedFiles", event(&path("deploy"), 3));
    let gone = server.diagnostics("those of the deleted folder", of(&path("deploy/app.yaml")));
    assert!(codes(&gone).is_empty(), "{gone}");
    assert_eq!(server.stop(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_env_file_that_is_linked_out_of_the_project_is_there() {
    let compose = "services:\n  web:\n    image: acme/web:1\n    image: acme/web:1\n    env_file: [web.env]\n";
    let home =
        folder(&[("shop/.git/HEAD", ""), ("shop/compose.yaml", compose), ("ext/web.env", "A=1\n")]);
    let shop = home.path().join("shop");
    std::os::unix::fs::symlink("../ext/web.env", shop.join("web.env")).unwrap();
    let mut server = Server::start(&shop, json!({}));
    let first = server.diagnostics("the file's", of(&shop.join("compose.yaml")));
    assert!(codes(&first).contains(&"PLM002"), "{first}");
    assert!(!codes(&first).contains(&"PLM507"), "{first}");
}
