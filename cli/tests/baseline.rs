//! The baseline, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::command::{found, run};
use support::{BINARY, folder};

const MOUNT: &str = "    volumes: ['/home/ann/data:/data']\n";

fn service(name: &str, more: &str) -> String {
    format!("  {name}:\n    image: acme/{name}:1.4.2\n{more}")
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

const PATHS: [&str; 3] = ["check", "--select", "PLM309,PLM606"];

fn with_baseline<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["check", "--select", "PLM309,PLM606", "--fail-on", "warning"][..], more].concat()
}

#[test]
fn a_baseline_keeps_what_was_there_and_shows_what_is_new() {
    for in_repository in [true, false] {
        let compose = |services: &[String]| format!("services:\n{}", services.concat());
        let (db, web) = (service("db", MOUNT), service("web", MOUNT));
        let root = folder(&[("shop/compose.yaml", &compose(&[db.clone(), web.clone()]))]);
        if in_repository {
            fs::create_dir_all(root.path().join(".git")).unwrap();
        }
        let shop = root.path().join("shop");
        let file = shop.join("compose.yaml");
        let check = with_baseline(&["--baseline", "accepted.json"]);
        assert_eq!(run(&shop, &with_baseline(&[])).code, 1);
        let write = run(&shop, &with_baseline(&["--write-baseline", "accepted.json"]));
        assert_eq!((write.code, write.out.as_str()), (0, ""), "{}", write.err);
        let green = run(&shop, &check);
        assert_eq!(green.code, 0, "{}{}", green.out, green.err);
        assert!(green.out.contains("; 2 in the baseline") && green.err.is_empty(), "{}", green.out);

        let cache = service("cache", "");
        fs::write(&file, compose(&[cache.clone(), db.clone(), web.clone()])).unwrap();
        assert_eq!(found(&shop, &check), [], "a neighbour changes nothing");
        let other = service("api", "    volumes: ['/home/bob/x:/data']\n");
        fs::write(&file, compose(&[other.clone(), cache.clone(), db, web.clone()])).unwrap();
        assert_eq!(found(&shop, &check), pairs(&[("PLM309", "service api")]));

        fs::write(&file, compose(&[cache, service("db", ""), web])).unwrap();
        let mended = run(&shop, &check);
        assert_eq!(mended.code, 0, "{}", mended.out);
        let stale =
            "accepted.json: PLM309 of service db at `services.db.volumes[/home/ann/data:/data]`";
        assert!(mended.err.contains(stale), "{}", mended.err);
        let above = with_baseline(&["--baseline", "shop/accepted.json", "shop"]);
        let above = run(root.path(), &above);
        assert_eq!(above.code, 0, "{}{}", above.out, above.err);
        assert!(above.out.contains("; 1 in the baseline") && above.err.contains("service db"));
        let absolute = with_baseline(&["--baseline", "accepted.json", file.to_str().unwrap()]);
        assert_eq!(found(&shop, &absolute), []);

        let prune = run(&shop, &[&check[..], &["--prune"]].concat());
        assert_eq!((prune.code, prune.err.as_str()), (0, ""));
        let left = fs::read_to_string(shop.join("accepted.json")).unwrap();
        assert!(left.contains("service web") && !left.contains("service db"), "{left}");
        assert_eq!(run(&shop, &check).err, "");
    }
}

#[test]
fn a_baseline_knows_every_place_of_a_finding() {
    let compose = |names: &[&str]| {
        let services = names.iter().map(|it| format!("  {it}: {{image: nginx}}\n"));
        format!("services:\n{}", services.collect::<String>())
    };
    let root = folder(&[("compose.yaml", &compose(&["a", "b"]))]);
    let at = root.path();
    assert_eq!(run(at, &["check", "--write-baseline", "base.json"]).code, 0);
    let check = ["check", "--baseline", "base.json", "--select", "PLM801,PLM802"];
    let again = run(at, &check);
    assert!(again.out.starts_with("no findings") && again.err.is_empty(), "{}", again.out);
    fs::write(at.join("compose.yaml"), compose(&["0", "a", "b"])).unwrap();
    let new = pairs(&[("PLM802", "service 0"), ("PLM801", "service 0")]);
    assert_eq!(found(at, &check), new);
}

#[cfg(unix)]
#[test]
fn a_baseline_may_come_from_a_pipe() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[("compose.yaml", &compose)]);
    let at = root.path();
    assert_eq!(run(at, &with_baseline(&["--write-baseline", "base.json"])).code, 0);
    let script = format!("'{BINARY}' check --select PLM309 --baseline <(cat base.json)");
    let output = Command::new("bash").args(["-c", &script]).current_dir(at).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    assert!(out.unwrap().contains("; 1 in the baseline"), "{err:?}");
    let zero = run(at, &["check", "--baseline", "/dev/zero"]);
    assert!(zero.code == 2 && zero.err.contains("this is not a regular file"), "{}", zero.err);
}

#[test]
fn an_entry_is_stale_only_where_its_rule_looked_at_its_file() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[("a/compose.yaml", &compose), ("b/compose.yaml", &compose)]);
    let at = root.path();
    assert_eq!(run(at, &with_baseline(&["--write-baseline", "base.json"])).code, 0);
    fs::write(at.join("b/compose.yaml"), "services: {}\n").unwrap();
    let with =
        |arguments: &[&str]| run(at, &[&["check", "--baseline", "base.json"], arguments].concat());
    assert_eq!(with(&["--select", "PLM309", "a"]).err, "", "b was not checked");
    assert_eq!(with(&["--select", "PLM001"]).err, "", "the rule did not run");
    assert!(with(&["--select", "PLM309"]).err.contains("in b/compose.yaml is no longer found"));
    fs::remove_file(at.join("b/compose.yaml")).unwrap();
    assert!(with(&["--select", "PLM309", "a"]).err.contains("in b/compose.yaml"), "b is gone");
    fs::write(at.join("base.json"), "{}").unwrap();
    let broken = with(&[]);
    assert!(broken.code == 2 && broken.err.contains("base.json: this is not a baseline"));
}

#[test]
fn a_new_object_is_told_from_those_that_one_finding_stands_for() {
    let pod = |name: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: {name}\n          image: acme/{name}:1.4.2\n"
        )
    };
    let all = |names: &[&str]| names.iter().map(|it| pod(it)).collect::<String>();
    let root = folder(&[("app.yaml", &all(&["b", "c"]))]);
    let at = root.path();
    assert_eq!(found(at, &PATHS).len(), 1, "one cause is one finding");
    assert_eq!(run(at, &with_baseline(&["--write-baseline", "base.json"])).code, 0);
    let check = with_baseline(&["--baseline", "base.json"]);
    assert_eq!(found(at, &check), []);
    fs::write(at.join("app.yaml"), all(&["a", "b", "c", "d"])).unwrap();
    let new = found(at, &check);
    assert!(
        new.iter().all(|(_, subject)| subject.starts_with("Deployment a")
            || subject.starts_with("Deployment d")),
        "{new:?}"
    );
    assert!(!new.is_empty());
    assert_eq!(run(at, &check).err, "", "nothing is stale");
}

#[test]
fn fingerprints_do_not_depend_on_how_the_command_is_called() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[("shop/compose.yaml", &compose), (".git/HEAD", "")]);
    let shop = root.path().join("shop");
    let print = |from: &Path, path: &str| {
        let run = run(from, &["check", "--select", "PLM309", "--format", "sarif", path]);
        let log: Value = serde_json::from_str(&run.out).unwrap();
        log["runs"][0]["results"][0]["partialFingerprints"].clone()
    };
    let first = print(&shop, ".");
    assert!(first["plimsollFinding/v2"].is_string());
    for (from, path) in [
        (root.path(), "."),
        (root.path(), "shop/compose.yaml"),
        (&shop, ".."),
        (&shop, shop.to_str().unwrap()),
    ] {
        assert_eq!(print(from, path), first, "{path}");
    }
}

#[test]
fn a_baseline_goes_into_a_file() {
    let root = folder(&[("compose.yaml", &format!("services:\n{}", service("web", MOUNT)))]);
    let refused = run(root.path(), &["check", "--write-baseline", "-"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("a baseline goes into a file"), "{}", refused.err);
    assert!(!root.path().join("-").exists());
}

#[cfg(unix)]
#[test]
fn nothing_is_offered_to_be_dropped_from_a_pipe() {
    let root = folder(&[("compose.yaml", &format!("services:\n{}", service("web", MOUNT)))]);
    let entry = r#"{"rule":"PLM309","path":"compose.yaml","object":"service gone","key":"a"}"#;
    fs::write(root.path().join("b.json"), format!(r#"{{"version":1,"entries":[{entry}]}}"#))
        .unwrap();
    let with_pipe = |more: &str| {
        let command = format!("cat b.json | '{BINARY}' check --baseline /dev/fd/0 {more}");
        let output = Command::new("sh").args(["-c", &command]).current_dir(root.path()).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    let said = with_pipe("");
    assert!(said.contains("service gone at `a` in compose.yaml is no longer found\n"), "{said}");
    let said = with_pipe("--prune");
    assert!(said.contains("this is a pipe, which `--prune` cannot write to"), "{said}");
    let said = run(root.path(), &["check", "--baseline", "b.json"]).err;
    assert!(said.contains("is no longer found; `--prune` drops it from the baseline"), "{said}");
}
