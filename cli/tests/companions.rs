//! A Compose file that is named alone is read with the files that it names, as far as they lie in the project.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::{BINARY, folder};

const COMPOSE: &str = "include: [db.yaml, ../outside/cache.yaml]
services:
  web:
    extends: {file: common/base.yaml, service: base}
    env_file: [web.env, {path: more.env, required: false}]
    build: {context: web}
    configs: [c]
configs: {c: {file: app.env}}
secrets: {s: {file: /etc/hostname}, t: {file: '${X}.env'}}
";

const PROJECT: &[(&str, &str)] = &[
    ("shop/.git/HEAD", "ref: refs/heads/main\n"),
    ("shop/compose.yaml", COMPOSE),
    ("shop/db.yaml", "services: {db: {image: 'postgres:17', env_file: db.env}}\n"),
    ("shop/db.env", "POSTGRES_DB=shop\n"),
    ("shop/common/base.yaml", "services: {base: {environment: {A: b}}}\n"),
    ("shop/web.env", "PORT=80\n"),
    ("shop/more.env", "B=c\n"),
    ("shop/web/Dockerfile", "FROM nginx:1.29\n"),
    ("shop/app.env", "C=d\n"),
    ("shop/other.yaml", "services: {x: {image: 'x:1', image: 'y:1'}}\n"),
    ("outside/cache.yaml", "services: {cache: {image: 'redis:8'}}\n"),
];

fn call(root: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).current_dir(root).args(arguments).output().unwrap()
}

fn report(root: &Path, arguments: &[&str]) -> Value {
    let output = call(root, &[&["check", "--format", "json"], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn paths(report: &Value) -> Vec<&str> {
    report["files"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect()
}

fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect()
}

#[test]
fn the_files_that_a_compose_file_names_are_read_inside_of_the_project_only() {
    let root = folder(PROJECT);
    let report = report(&root.path().join("shop"), &["compose.yaml"]);
    let expected = [
        "app.env",
        "common/base.yaml",
        "compose.yaml",
        "db.env",
        "db.yaml",
        "more.env",
        "web.env",
        "web/Dockerfile",
    ];
    assert_eq!(paths(&report), expected);
    let found = codes(&report);
    assert!(!found.contains(&"PLM520") && !found.contains(&"PLM507"), "{found:?}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_project_is_listed_and_not_read() {
    let root = folder(PROJECT);
    let shop = root.path().join("shop");
    let listed = || {
        let output = call(&shop, &["check", "--show-files", "compose.yaml"]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!listed().contains("not read"), "{}", listed());
    fs::remove_file(shop.join("web.env")).unwrap();
    fs::write(root.path().join("outside/secret"), "PORT=80\n").unwrap();
    std::os::unix::fs::symlink("../outside/secret", shop.join("web.env")).unwrap();
    assert!(listed().contains("web.env: not read: "), "{}", listed());
}

#[test]
fn an_overlay_is_read_with_its_bases_inside_of_the_project_only() {
    let web = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
    let root = folder(&[
        ("shop/.git/HEAD", "ref: refs/heads/main\n"),
        ("shop/base/kustomization.yaml", "resources: [web.yaml, ../../outside]\n"),
        ("shop/base/web.yaml", web),
        ("shop/overlays/prod/kustomization.yaml", "resources: [../../base]\nnamePrefix: p-\n"),
        ("outside/kustomization.yaml", "resources: [web.yaml]\n"),
        ("outside/web.yaml", web),
    ]);
    let shop = root.path().join("shop");
    let files = ["base/kustomization.yaml", "base/web.yaml", "overlays/prod/kustomization.yaml"];
    for path in ["overlays/prod", "overlays", "overlays/prod/kustomization.yaml"] {
        let report = report(&shop, &[path]);
        assert_eq!(paths(&report), files, "{path}");
        assert!(!codes(&report).contains(&"PLM916"), "{path}: {report}");
    }
    let report = report(&shop.join("overlays/prod"), &[]);
    let files = ["../../base/kustomization.yaml", "../../base/web.yaml", "kustomization.yaml"];
    assert_eq!(paths(&report), files);
    fs::write(shop.join("base/kustomization.yaml"), "resources: [web.yaml]\n").unwrap();
    for (folder, arguments) in [
        (".", ["render", "overlays"]),
        ("overlays", ["render", "prod"]),
        ("overlays/prod", ["render", "."]),
    ] {
        let output = call(&shop.join(folder), &arguments);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("name: p-web"), "{folder}: {output:?}");
    }
}

#[test]
fn a_file_above_a_kustomization_is_read_after_its_key_too() {
    let generator = "configMapGenerator: [{ name: seed, files: [init.sql=../../seed.sql] }]\n";
    let root = folder(&[
        ("shop/.git/HEAD", "ref: refs/heads/main\n"),
        ("shop/seed.sql", "SELECT 1;\n"),
        ("shop/deploy/k8s/kustomization.yaml", generator),
    ]);
    let shop = root.path().join("shop");
    let rendered = call(&shop, &["render", "deploy/k8s"]);
    assert!(String::from_utf8_lossy(&rendered.stdout).contains("SELECT 1;"), "{rendered:?}");
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_out_of_the_project() {
    let root = folder(PROJECT);
    let shop = root.path().join("shop");
    fs::remove_file(shop.join("db.yaml")).unwrap();
    std::os::unix::fs::symlink("../outside/cache.yaml", shop.join("db.yaml")).unwrap();
    assert!(!paths(&report(&shop, &["compose.yaml"])).contains(&"db.yaml"));
}

#[test]
fn a_file_that_is_named_and_missing_is_said_where_its_folder_is_read() {
    let root = folder(PROJECT);
    let shop = root.path().join("shop");
    fs::remove_file(shop.join("common/base.yaml")).unwrap();
    fs::remove_file(shop.join("web.env")).unwrap();
    for arguments in [&["compose.yaml"][..], &["."]] {
        let report = report(&shop, arguments);
        let found = codes(&report);
        assert!(found.contains(&"PLM520"), "{arguments:?}: {found:?}");
        assert!(found.contains(&"PLM507"), "{arguments:?}: {found:?}");
    }
}

#[test]
fn a_single_text_says_nothing_about_the_files_that_it_names() {
    let root = folder(&[("empty/.keep", "")]);
    fs::write(root.path().join("in.yaml"), COMPOSE.replace(", ../outside/cache.yaml", "")).unwrap();
    let input = fs::File::open(root.path().join("in.yaml")).unwrap();
    let output = Command::new(BINARY)
        .current_dir(root.path().join("empty"))
        .args(["check", "--format", "json", "-"])
        .stdin(input)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = codes(&report);
    assert!(!found.contains(&"PLM520"), "{found:?}");
}

#[test]
fn fixes_change_the_named_file_alone() {
    let compose =
        "include: [db.yaml]\nservices:\n  web:\n    image: nginx:1.29\n    enviroment: {A: b}\n";
    let db = "services:\n  db:\n    image: postgres:17\n    enviroment: {A: b}\n";
    let root = folder(&[("compose.yaml", compose), ("db.yaml", db)]);
    let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
    let output = call(root.path(), &["fix", "--select", "PLM808", "compose.yaml"]);
    assert!(read("compose.yaml").contains("environment: {A: b}"), "{output:?}");
    assert_eq!(read("db.yaml"), db);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("db.yaml: left unchanged because only another file names it"), "{said}");
    call(root.path(), &["fix", "--select", "PLM808", "compose.yaml", "db.yaml"]);
    assert!(read("db.yaml").contains("environment: {A: b}"));
}
