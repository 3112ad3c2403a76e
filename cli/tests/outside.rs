//! Nothing outside of the project is read or written, whatever its files name and wherever links lead, and nothing
//! waits for a pipe.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use support::{BINARY, folder};

const TWICE: &str = "services:\n  a:\n    image: x:1\n    image: y:1\n";

const PROJECT: &[(&str, &str)] = &[
    (
        "compose.yaml",
        "include: [../outside/part.yaml]\nservices:\n  web:\n    build: {context: ., dockerfile: web.Dockerfile}\n    extends: {file: ../outside/part.yaml, service: part}\n    env_file: [../outside/secret.env, linked.env, lost.env]\n    command: [sh, /run.sh]\n    volumes: ['./run.sh:/run.sh']\n  own: {build: ../outside, image: 'postgres:${TAG}'}\nconfigs: {c: {file: ../outside/part.yaml}}\n",
    ),
    ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n"),
    (
        "chart/templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ .Values.a }}', f: '{{ .Files.Get \"notes.txt\" }}'}\n",
    ),
    (
        "overlay/kustomization.yaml",
        "resources: [../../outside, linked.yaml]\nconfigMapGenerator: [{name: a, files: [notes.txt, ../../outside/part.yaml]}]\n",
    ),
    ("Dockerfile", "FROM alpine\nCOPY entrypoint /\nENTRYPOINT [\"/entrypoint\"]\n"),
];

const OUTSIDE: &[(&str, &str)] = &[
    ("part.yaml", "services: {part: {image: 'postgres:canary', ports: ['5432:5432']}}\n"),
    ("secret.env", "TAG=canary\nPASSWORD=canary\n"),
    ("run.sh", "#!/bin/sh\nexport lost.env=canary\n"),
    ("Dockerfile", "FROM canary\nRUN canary\n"),
    ("values.yaml", "a: canary\n"),
    ("object.json", "{\"apiVersion\": \"v1\", \"kind\": \"Service\", \"kind\": \"canary\"}\n"),
    ("kustomization.yaml", "resources: [part.yaml]\n"),
    ("notes.txt", "canary\n"),
];

/// Links in the project to files beside it.
const LINKS: &[(&str, &str)] = &[
    ("linked.env", "secret.env"),
    (".env", "secret.env"),
    ("compose.override.yaml", "part.yaml"),
    ("web.Dockerfile", "Dockerfile"),
    ("run.sh", "run.sh"),
    ("entrypoint", "run.sh"),
    ("service.json", "object.json"),
    ("service.tmpl", "object.json"),
    (".gitignore", "notes.txt"),
    ("chart/values.yaml", "values.yaml"),
    ("chart/notes.txt", "notes.txt"),
    ("chart/templates/b.yaml", "part.yaml"),
    ("overlay/linked.yaml", "part.yaml"),
    ("overlay/notes.txt", "notes.txt"),
];

/// Returns a folder with a project, `shop`, and what lies beside it.
fn home() -> tempfile::TempDir {
    let below =
        |name: &'static str| move |it: &(&str, &'static str)| (format!("{name}/{}", it.0), it.1);
    let files: Vec<(String, &str)> =
        PROJECT.iter().map(below("shop")).chain(OUTSIDE.iter().map(below("outside"))).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let home = folder(&files);
    for (link, target) in LINKS {
        symlink(home.path().join("outside").join(target), home.path().join("shop").join(link))
            .unwrap();
    }
    symlink(home.path().join("outside"), home.path().join("shop/linked")).unwrap();
    symlink("/proc/self/environ", home.path().join("shop/environ.yaml")).unwrap();
    home
}

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn run(at: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(BINARY);
    command.current_dir(at).args(arguments).env("CANARY", "canary");
    let output = command.output().unwrap();
    let text = |it| String::from_utf8(it).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the command under `strace`, where there is one, and returns the files that it opened.
fn opened(at: &Path, arguments: &[&str]) -> Option<String> {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut trace = Command::new("strace");
    trace.args(["-f", "-y", "-e", "trace=open,openat,openat2", "-o"]).arg(log.path());
    trace.arg(BINARY).args(arguments).current_dir(at);
    trace.output().ok()?;
    // Where processes may not be traced, nothing is told.
    Some(fs::read_to_string(log.path()).unwrap()).filter(|it| it.contains("openat"))
}

#[test]
fn nothing_outside_of_the_project_is_read_or_written() {
    let home = home();
    let shop = home.path().join("shop");
    let outside = home.path().join("outside").canonicalize().unwrap();
    for arguments in [
        &["check"][..],
        &["check", "--all", "--format", "json", "--include", "map,decision"],
        &["check", "compose.yaml"],
        &["check", "compose.yaml", "overlay", "chart"],
        &["check", "--show-files"],
        &["decide", "--details"],
        &["compare"],
        &["render", "chart"],
        &["render", "overlay"],
        &["fix", "--unsafe"],
    ] {
        let Run { out, err, .. } = run(&shop, arguments);
        let said = format!("{out}{err}");
        assert!(!said.contains("canary"), "{arguments:?}: {said}");
        let Some(trace) = opened(&shop, arguments) else { continue };
        let path = format!("<{}", outside.display());
        let read: Vec<&str> =
            trace.lines().filter(|it| it.contains(&path) || it.contains("environ>")).collect();
        assert_eq!(read, [""; 0], "{arguments:?}");
    }
    for (name, text) in OUTSIDE {
        assert_eq!(fs::read_to_string(outside.join(name)).unwrap(), *text, "{name}");
    }
}

#[test]
fn links_out_of_the_project_are_listed_and_followed_where_they_are_named() {
    let home = home();
    let shop = home.path().join("shop");
    let check = run(&shop, &["check"]);
    assert!(check.out.contains("linked out of the project"), "{}", check.out);
    let cause = "compose.override.yaml: this symbolic link leads out of the project";
    assert!(check.err.contains(cause), "{}", check.err);
    let list = run(&shop, &["check", "--show-files"]).out;
    for name in ["environ.yaml", ".env", "compose.override.yaml", "web.Dockerfile"] {
        let line = format!("{name}: not read: linked out of the project\n");
        assert!(list.contains(&line), "{list}");
    }
    let named = run(&shop, &["check", "compose.override.yaml"]);
    assert!(named.out.contains("PLM412"), "{}", named.out);
    let linked = run(&shop, &["check", "linked"]);
    assert!(linked.out.contains("PLM412"), "{}", linked.out);
}

#[test]
fn a_configuration_that_is_a_link_out_of_the_project_is_refused() {
    let home = folder(&[("outside/x.yaml", "fail-on: never\n"), ("shop/app/compose.yaml", TWICE)]);
    let shop = home.path().join("shop");
    symlink("../outside/x.yaml", shop.join("plimsoll.yaml")).unwrap();
    for at in [&shop, &shop.join("app")] {
        let check = run(at, &["check"]);
        assert!(check.code == 2 && check.err.contains("--config FILE"), "{}", check.err);
    }
    assert_eq!(run(&shop, &["check", "--config", "../outside/x.yaml", "app"]).code, 0);
}

#[test]
fn nothing_waits_for_a_pipe() {
    let root = folder(&[("compose.yaml", TWICE), ("app/compose.yaml", TWICE)]);
    let pipes =
        [".gitignore", "app/.gitignore", "app/.env", "pipe", "plimsoll.json", "a.tmpl", "run.sh"];
    for pipe in pipes {
        let status = Command::new("mkfifo").arg(root.path().join(pipe)).status().unwrap();
        assert!(status.success());
    }
    let check = run(root.path(), &["check", "--format", "concise"]);
    assert_eq!(check.out.matches("PLM002").count(), 2, "{}", check.out);
    for name in ["./.gitignore", "./app/.gitignore", "./app/.env"] {
        let line = format!("{name}: this is not a regular file");
        assert!(check.err.contains(&line), "{line}: {}", check.err);
    }
    for option in ["--baseline", "--write-baseline"] {
        let refused = run(root.path(), &["check", option, "pipe"]);
        assert!(
            refused.code == 2 && refused.err.contains("pipe: this is not a regular file"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn an_env_file_that_is_linked_out_of_the_project_is_there() {
    let home = folder(&[
        ("shop/.git/HEAD", ""),
        (
            "shop/compose.yaml",
            "services:\n  web: {image: 'acme/web:1', env_file: [web.env, lost.env]}\n",
        ),
        ("ext/web.env", "A=1\n"),
    ]);
    let shop = home.path().join("shop");
    symlink("../ext/web.env", shop.join("web.env")).unwrap();
    for arguments in [&["check", "."][..], &["check", "compose.yaml"]] {
        let more = ["--select", "PLM507", "--format", "concise"];
        let said = run(&shop, &[arguments, &more].concat()).out;
        assert!(said.contains("`web` reads `lost.env`"), "{said}");
        assert!(!said.contains("`web.env`"), "{said}");
        assert!(said.contains("1 linked out of the project"), "{said}");
    }
}
