mod counterparts;
mod fates;
mod fragments;

use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::{Case, ROWS, row};
use crate::model::FileModel;
use crate::model::compose::known_keys;
use crate::report::{Crossing, Fate};
use crate::text::FileId;
use crate::{File, Options, analyze};
use std::collections::BTreeSet;

/// Returns the crossing table of a project with these paths and texts.
fn rows(files: &[(&str, &str)]) -> Vec<Crossing> {
    let files: Vec<File> = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
    analyze(&files, &Options::default()).decision().crossing
}

/// Returns the table of one service with these keys, as lines of block style.
fn service(keys: &str) -> Vec<Crossing> {
    let lines: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    let rest = "volumes: {data: {}}\nnetworks: {back: {}}\nsecrets: {token: {file: ./token}}\n\
                configs: {site: {content: 'a: 1'}}\n";
    let text = format!(
        "services:\n  web:\n    restart: always\n{lines}  db: {{image: 'postgres:17'}}\n{rest}"
    );
    let all = rows(&[("compose.yaml", &text)]);
    let own = all.into_iter().filter(|row| row.service == "web" && row.key != "restart");
    own.collect()
}

/// Returns the only row of the one key that a service writes besides its image.
fn one(keys: &str) -> Crossing {
    let mut all = service(keys);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// Checks that the core's own reader accepts a fragment: every key is known and every value has its type.
#[track_caller]
fn check_yaml(text: &str) {
    for document in text.split("---\n") {
        let whole = match document.starts_with("apiVersion:") {
            true => document.to_owned(),
            false => format!("apiVersion: apps/v1\nkind: Deployment\n{document}"),
        };
        let model = FileModel::read(FileId(0), File::new("a.yaml", whole.as_str()), None);
        assert_eq!(model.objects.len(), 1, "{whole}");
        let object = &model.objects[0];
        assert!(object.unknown.is_empty(), "{:?}\n{whole}", object.unknown);
        assert!(object.wrong.is_empty(), "{:?}\n{whole}", object.wrong);
    }
}

/// Returns the keys of `deploy` and of the mappings in it, with their paths.
fn deploy_keys(path: &str, object: &str, keys: &mut BTreeSet<String>) {
    for key in known_keys(object) {
        let path = format!("{path}.{key}");
        let inner = if key == "rollback_config" { "update_config" } else { key };
        match known_keys(inner).is_empty() {
            true => {
                keys.insert(path);
            }
            false => deploy_keys(&path, inner, keys),
        }
    }
}

#[test]
fn every_key_of_the_schema_has_a_row_and_every_row_a_key() {
    let mut keys: BTreeSet<String> = known_keys("service").into_iter().map(str::to_owned).collect();
    assert!(keys.len() > 80, "the schema of a service has {} keys", keys.len());
    assert!(keys.remove("deploy"), "`deploy` has a row for each of its own keys");
    deploy_keys("deploy", "deploy", &mut keys);
    let with_row: BTreeSet<String> = ROWS.iter().map(|row| row.key.name().to_owned()).collect();
    let without_row: Vec<_> = keys.difference(&with_row).collect();
    let without_key: Vec<_> = with_row.difference(&keys).collect();
    assert!(without_row.is_empty(), "keys without a row: {without_row:?}");
    assert!(without_key.is_empty(), "rows without a key: {without_key:?}");
    let has_row =
        |key: &String| Key::from_name(key).and_then(|key| row(key, Case::Other)).is_some();
    assert!(keys.iter().all(has_row));
}

/// A service with every key that has a fragment, and the file that holds its variables.
const EVERYTHING: &str = include_str!("../../../tests/crossing/compose.yaml");

const WITHOUT_FRAGMENT: &[&str] = &["restart", "deploy.resources.limits.pids"];

#[test]
fn every_fragment_is_valid() {
    let all = rows(&[
        ("compose.yaml", EVERYTHING),
        ("web.env", "LEVEL=info\nAPI_TOKEN=abcdefghijklmnopqrstu\n"),
    ]);
    assert!(all.len() > 60, "{}", all.len());
    for row in &all {
        let lost = row.fate == Fate::Lost;
        if row.yaml.is_empty() {
            let expected = lost || WITHOUT_FRAGMENT.contains(&row.key.as_str());
            assert!(expected, "no fragment for `{}` ({})", row.key, row.instead);
        } else {
            check_yaml(&row.yaml);
        }
    }
    let text: String = all.iter().map(|row| row.yaml.as_str()).collect();
    assert!(!text.contains("hunter2") && !text.contains("abcdefghij"), "a credential is repeated");
}

#[test]
fn each_key_says_what_the_converters_make_of_it() {
    let begins = |text: Option<&str>, with: &str| text.is_some_and(|it| it.starts_with(with));
    let check = one("healthcheck: {test: [CMD, 'true']}");
    assert!(begins(check.kompose, "A liveness probe"), "{:?}", check.kompose);
    assert!(begins(check.bridge, "A liveness probe"), "{:?}", check.bridge);
    let named = one("user: node");
    assert_eq!(named.kompose, None, "its table does not have the key");
    assert!(named.bridge.is_some_and(|it| it.contains("refuses")), "{:?}", named.bridge);
    assert!(begins(one("depends_on: [db]").bridge, "Nothing"));
}
