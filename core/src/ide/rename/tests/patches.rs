//! What renaming changes in the patches of overlays, wherever their texts are written.

use super::targets::{OVERLAY, store};
use super::*;

/// A ConfigMap with a key in a base, and an overlay that changes its value.
fn with_patch(kustomization: &str, patch: &str) -> String {
    format!(
        "=== base/kustomization.yaml
resources: [map.yaml, app.yaml]
=== base/map.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{le<>vel: info}}
=== base/app.yaml
apiVersion: v1
kind: Pod
metadata: {{name: app}}
spec:
  containers:
    - name: app
      image: acme/app:1
      env: [{{name: LEVEL, valueFrom: {{configMapKeyRef: {{name: settings, key: level}}}}}}]
=== dev/kustomization.yaml
resources: [../base]
namePrefix: dev-
{kustomization}
=== dev/patch.yaml
{patch}
"
    )
}

const MAP_PATCH: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {level: debug}";
const OPERATIONS: &str = "[{op: replace, path: /data/level, value: debug}]";
const TARGET: &str = "target: {kind: ConfigMap, name: settings}";

/// Renames the key of the ConfigMap, and returns the changed lines of the overlay.
#[track_caller]
fn renamed_in_overlay(kustomization: &str, patch: &str, new: &str) -> Vec<String> {
    let changed = renamed(&with_patch(kustomization, patch), new);
    assert!(changed[0].contains("configMapKeyRef"), "{changed:?}");
    assert!(changed[1].ends_with(": info}"), "{changed:?}");
    changed[2..].to_vec()
}

#[test]
fn a_key_changes_in_a_patch_of_its_own_file() {
    let merged = renamed_in_overlay("patches: [{path: patch.yaml}]", MAP_PATCH, "depth");
    assert_eq!(merged, ["data: {depth: debug}"]);
    let kustomization = format!("patches: [{{path: patch.yaml, {TARGET}}}]");
    let operations = renamed_in_overlay(&kustomization, OPERATIONS, "depth");
    assert_eq!(operations, ["[{op: replace, path: /data/depth, value: debug}]"]);
    let other = OPERATIONS.replace("level", "other");
    assert_eq!(renamed_in_overlay(&kustomization, &other, "depth"), [""; 0]);
}

#[test]
fn a_key_changes_in_a_patch_within_the_kustomization() {
    let kustomization = |patch: &str| format!("patches:\n  - {TARGET}\n    patch: {patch}");
    let operations = kustomization(&format!("'{OPERATIONS}'"));
    assert_eq!(
        renamed_in_overlay(&operations, "a: 1", "depth"),
        ["patch: '[{op: replace, path: /data/depth, value: debug}]'"]
    );
    let json = r#"'[{"op": "test", "path": "/data/level", "value": "info"}, {"op": "replace", "path": "/data/level", "value": "debug"}]'"#;
    assert_eq!(
        renamed_in_overlay(&kustomization(json), "a: 1", "5"),
        [format!("patch: {json}").replace("level", "5")]
    );
    let literal =
        kustomization("|-\n      - op: replace\n        path: /data/level\n        value: debug");
    assert_eq!(renamed_in_overlay(&literal, "a: 1", "5"), ["path: /data/5"]);
    let merged = kustomization(&format!("|\n      {}", MAP_PATCH.replace('\n', "\n      ")));
    assert_eq!(renamed_in_overlay(&merged, "a: 1", "5"), ["data: {\"5\": debug}"]);
    let quoted = "\"{kind: ConfigMap, metadata: {name: settings}, data: { level: debug}}\"";
    assert_eq!(
        renamed_in_overlay(&kustomization(quoted), "a: 1", "5"),
        ["patch: \"{kind: ConfigMap, metadata: {name: settings}, data: { '5': debug}}\""]
    );
}

#[test]
fn a_key_in_a_patch_that_cannot_be_followed_is_refused() {
    let escaped = OPERATIONS.replace("level", "lev\\x65l");
    let folded = "patches:\n  - target: {kind: ConfigMap, name: settings}\n    patch: >-\n      [{op: replace, path: /data/level, value: debug}]";
    for (kustomization, patch) in [
        ("patches: [{path: patch.yaml, target: {kind: ConfigMap}}]".to_owned(), OPERATIONS),
        (format!("patches: [{{patch: \"{escaped}\", {TARGET}}}]"), "a: 1"),
        (folded.to_owned(), "a: 1"),
    ] {
        let reason = refused(&with_patch(&kustomization, patch), "depth");
        assert!(reason.starts_with("The patch at dev/kustomization.yaml:"), "{reason}");
        assert!(reason.contains("names the key `level`"), "{reason}");
    }
}

#[test]
fn an_object_changes_in_a_patch_within_the_kustomization() {
    let literal =
        "patches:\n  - patch: |-\n      # ü\n      kind: Deployment\n      metadata: {name: web}";
    let text = OVERLAY.replace("patches: [path: patch.yaml]", literal);
    assert_eq!(renamed(&text, "site")[2..], ["metadata: {name: site}"]);
    assert_eq!(renamed(&text, "5")[2..], ["metadata: {name: \"5\"}"]);
    let quoted =
        "patches: [patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}']";
    let text = OVERLAY.replace("patches: [path: patch.yaml]", quoted);
    assert_eq!(renamed(&text, "site")[2..], [quoted.replace("web", "site")]);
}

#[test]
fn a_patch_with_escapes_is_refused() {
    let inline =
        r#"patches: [patch: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: w\x65b}}"]"#;
    assert_eq!(
        refused(&OVERLAY.replace("patches: [path: patch.yaml]", inline), "site"),
        "The patch at prod/kustomization.yaml:3 names the Deployment `web` in a text that cannot be changed from here."
    );
}

#[test]
fn a_service_changes_in_the_values_of_operations() {
    let overlay = "=== dev/kustomization.yaml
resources: [../base]
patches: [{path: patch.yaml, target: {kind: Pod, name: web}}]
=== dev/patch.yaml
- {op: replace, path: /spec/containers/0/env/0/value, value: 'http://db:80'}
";
    assert_eq!(
        renamed(&format!("{}{overlay}", store("", "other")), "store"),
        [
            "metadata: {name: store}",
            "- {op: replace, path: /spec/containers/0/env/0/value, value: 'http://store:80'}",
        ]
    );
}
