//! Charts and overlays through the real binary: what is printed, and where findings stand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use support::{BINARY, folder};

const TEMPLATE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: {{ .Values.image }}
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:latest}]}
";

fn plimsoll(root: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).current_dir(root).args(arguments).output().unwrap()
}

fn out(root: &Path, arguments: &[&str]) -> String {
    String::from_utf8(plimsoll(root, arguments).stdout).unwrap()
}

fn findings(root: &Path, code: &str) -> Vec<Value> {
    let text = out(root, &["check", ".", "--select", code, "--format", "json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    report["findings"].as_array().unwrap().clone()
}

fn chart() -> tempfile::TempDir {
    folder(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("chart/values.yaml", "replicas: 1\nimage: nginx:1.27\n"),
        ("chart/values-prod.yaml", "replicas: 3\nimage: nginx:latest\n"),
        ("chart/templates/web.yaml", TEMPLATE),
    ])
}

fn overlays() -> tempfile::TempDir {
    folder(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", DEPLOYMENT),
        (
            "overlays/production/kustomization.yaml",
            "namespace: shop\nresources: [../../base]\nimages: [{name: nginx, newTag: '1.27'}]\n",
        ),
        ("overlays/staging/kustomization.yaml", "nameSuffix: -staging\nresources: [../../base]\n"),
    ])
}

#[test]
fn a_chart_is_printed_as_rendered_with_each_values_file() {
    let root = chart();
    let list = out(root.path(), &["render", "--list"]);
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("production") && list.contains("chart (values-prod.yaml)"), "{list}");
    let list = out(root.path(), &["render", "--list", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let production = serde_json::json!({
        "name": "chart (values-prod.yaml)", "kind": "chart", "environment": "production", "built": true
    });
    assert_eq!((list.as_array().unwrap().len(), &list[1]), (2, &production), "{list}");
    let text = out(root.path(), &["render", "--target", "chart (values-prod.yaml)"]);
    assert!(text.starts_with("---\n# source: chart/templates/web.yaml:1\n"), "{text}");
    assert!(text.contains("name: release-name-web") && text.contains("replicas: 3"), "{text}");
}

#[test]
fn a_finding_in_a_chart_points_at_the_value_and_at_the_template() {
    let root = chart();
    let found = findings(root.path(), "PLM801");
    assert_eq!(found.len(), 1, "only the production values have a moving tag: {found:?}");
    let finding = &found[0];
    assert_eq!(finding["path"], "chart/values-prod.yaml");
    assert_eq!(finding["range"]["start"]["line"], 2);
    assert_eq!(finding["targets"], serde_json::json!(["chart (values-prod.yaml)"]));
    assert_eq!(finding["related"][0]["path"], "chart/templates/web.yaml");
    assert_eq!(finding["related"][0]["range"]["start"]["line"], 13);
    assert_eq!(finding["fixes"], serde_json::json!([]));
}

#[test]
fn overlays_are_read_as_built_and_their_bases_are_not_read_alone() {
    let root = overlays();
    let found = findings(root.path(), "PLM801");
    assert_eq!(found.len(), 1, "production pins the tag: {found:?}");
    assert_eq!(found[0]["path"], "base/web.yaml");
    assert_eq!(found[0]["targets"], serde_json::json!(["overlays/staging"]));
    assert_eq!(found[0]["subject"], "Deployment web-staging, container web");
    let text = out(root.path(), &["render", "--target", "overlays/production"]);
    assert!(text.contains("namespace: shop") && text.contains("image: nginx:1.27"), "{text}");
}

#[test]
fn what_several_overlays_share_is_one_finding_that_names_them() {
    let root = overlays();
    let found = findings(root.path(), "PLM606");
    assert_eq!(found.len(), 1, "{found:?}");
    let both = serde_json::json!(["overlays/production", "overlays/staging"]);
    assert_eq!(found[0]["targets"], both);
    let text = out(root.path(), &["check", ".", "--select", "PLM606"]);
    assert!(text.contains("in     overlays/production, overlays/staging"), "{text}");
    assert!(text.contains("and 2 targets"), "{text}");
}

#[test]
fn a_chart_that_wants_a_value_says_so_and_hides_nothing_else() {
    let template =
        "kind: ConfigMap\nmetadata: {name: {{ required \"edge wants a name\" .Values.name }}}\n";
    let root = folder(&[
        ("edge/Chart.yaml", "apiVersion: v2\nname: edge\nversion: 1.0.0\n"),
        ("edge/templates/a.yaml", template),
        ("compose.yaml", "services: {web: {image: 'nginx:latest'}}\n"),
    ]);
    let found = findings(root.path(), "PLM005,PLM801");
    let at: Vec<_> = found
        .iter()
        .map(|it| (it["code"].as_str().unwrap(), it["path"].as_str().unwrap()))
        .collect();
    assert_eq!(at, [("PLM801", "compose.yaml"), ("PLM005", "edge/templates/a.yaml")]);
    assert!(found[1]["message"].as_str().unwrap().contains("edge wants a name"));
    let text = out(root.path(), &["check", ".", "--min-severity", "error"]);
    assert!(
        text.contains("and 2 targets; 1 chart not rendered in full: edge, edge wants a name"),
        "{text}"
    );
    assert_eq!(plimsoll(root.path(), &["render"]).status.code(), Some(2));
}

#[test]
fn a_path_out_of_the_project_is_said_and_never_read() {
    let root = folder(&[
        ("secret/outside.yaml", DEPLOYMENT),
        ("project/kustomization.yaml", "resources: [../secret/outside.yaml, /etc/hostname]\n"),
    ]);
    let project = root.path().join("project");
    let found = findings(&project, "PLM005");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(out(&project, &["render"]).is_empty());
}

#[test]
fn comments_suppress_findings_in_templates_and_overlays() {
    let template = |comment: &str| {
        TEMPLATE.replace("          image:", &format!("          {comment}\n          image:"))
    };
    for comment in
        ["# plimsoll: ignore PLM801 -- mirrored", "{{- /* plimsoll: ignore PLM801 -- mirrored */}}"]
    {
        let root = folder(&[
            ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
            ("chart/values.yaml", "replicas: 1\nimage: nginx:latest\n"),
            ("chart/templates/web.yaml", &template(comment)),
        ]);
        assert!(findings(root.path(), "PLM801").is_empty(), "{comment}");
        let loud = template("# nothing to suppress");
        std::fs::write(root.path().join("chart/templates/web.yaml"), loud).unwrap();
        assert_eq!(findings(root.path(), "PLM801").len(), 1);
    }
}

#[test]
fn what_cannot_be_rendered_is_a_failure_with_the_reason() {
    for (path, text, reason) in [
        ("compose.yaml", "services: {web: {image: 'web:1'}}\n", "`docker compose config` prints"),
        ("other.yaml", "a: 1\n", "nothing to deploy"),
    ] {
        let root = folder(&[(path, text)]);
        let output = plimsoll(root.path(), &["render"]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(reason), "{path}");
    }
}

#[test]
fn every_target_is_listed_and_a_folder_of_manifests_prints_its_documents() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let root = folder(&[
        ("compose.yaml", "services: {web: {image: 'web:1'}}\n"),
        ("compose.prod.yaml", "services: {web: {restart: always}}\n"),
        ("k8s/web.yaml", service),
        ("overlay/kustomization.yaml", "resources: [db.yaml]\n"),
        ("overlay/db.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: db}\n"),
    ]);
    let listed = plimsoll(root.path(), &["render", "--list"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let words: Vec<Vec<&str>> = listed.lines().map(|it| it.split_whitespace().collect()).collect();
    let expected = [
        vec!["compose", "compose.yaml"],
        vec!["compose", "production", "compose.yaml", "+", "compose.prod.yaml"],
        vec!["manifests", "k8s"],
        vec!["kustomization", "overlay"],
    ];
    assert_eq!(words, expected);
    let printed = plimsoll(root.path(), &["render", "--target", "k8s"]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(printed, format!("---\n# source: k8s/web.yaml:1\n{service}"));
    let report = plimsoll(root.path(), &["check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let kinds: Vec<&str> = report["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["compose", "compose", "manifests", "kustomization"]);
}

#[test]
fn a_path_that_is_a_chart_means_that_chart_with_what_is_given() {
    let root = chart();
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    write("live.yaml", "replicas: 5\nimage: nginx:1.28\n");
    write("more.yaml", "replicas: 6\n");
    let plain = out(root.path(), &["render", "chart"]);
    assert!(plain.contains("name: release-name-web") && plain.contains("replicas: 1"), "{plain}");
    assert_eq!(plain.matches("kind: Deployment").count(), 1, "only its own values: {plain}");
    let files = ["--values", "live.yaml", "--values", "more.yaml"];
    let given = [&["render", "chart", "--release", "shop"], &files[..]].concat();
    let text = out(root.path(), &given);
    assert!(text.contains("name: shop-web") && text.contains("replicas: 6"), "{text}");
    assert!(text.contains("image: nginx:1.28"), "{text}");
    let text = out(root.path(), &[&given[..], &["--set", "replicas=7,image=a:1"]].concat());
    assert!(text.contains("replicas: 7") && text.contains("image: a:1"), "{text}");
    let inside = out(&root.path().join("chart"), &["render", "--values", "../live.yaml"]);
    assert!(inside.contains("replicas: 5"), "{inside}");
}

#[test]
fn a_namespace_reaches_the_chart_and_what_is_wrong_is_said() {
    let root = folder(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("chart/templates/a.yaml", "kind: A\nmetadata: {namespace: '{{ .Release.Namespace }}'}\n"),
        ("other/a.yaml", "a: 1\n"),
    ]);
    let namespace =
        |arguments: &[&str]| out(root.path(), &[&["render", "chart"], arguments].concat());
    assert!(namespace(&[]).contains("namespace: 'default'"));
    assert!(namespace(&["--namespace", "web"]).contains("namespace: 'web'"));
    for (arguments, words) in [
        (&["render", "other", "--set", "a=1"][..], "name its folder as PATH"),
        (&["render", "chart", "--values", "none.yaml"], "none.yaml"),
        (&["render", "chart", "--set", "a"], "key \"a\" has no value"),
    ] {
        let output = plimsoll(root.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_path_that_is_an_overlay_means_that_overlay_with_the_bases_beside_it() {
    let root = overlays();
    let text = out(root.path(), &["render", "overlays/production"]);
    assert!(text.contains("namespace: shop") && text.contains("image: nginx:1.27"), "{text}");
    assert!(!text.contains("web-staging"), "{text}");
    let base = out(root.path(), &["render", "base"]);
    assert!(base.contains("image: nginx:latest"), "a base can be asked for: {base}");
    std::fs::create_dir(root.path().join(".git")).unwrap();
    let inside = out(&root.path().join("overlays/staging"), &["render"]);
    assert!(inside.contains("# source: ../../base/web.yaml"), "{inside}");
    assert!(inside.contains("name: web-staging"), "{inside}");
}

#[test]
fn a_base_outside_of_the_repository_is_not_read() {
    let root = overlays();
    std::fs::create_dir(root.path().join("overlays/.git")).unwrap();
    let output = plimsoll(root.path(), &["render", "overlays/production"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`../../base`"), "{said}");
}

#[test]
fn configured_targets_are_the_only_ones_of_their_folder() {
    let root = chart();
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).unwrap();
    write(
        "plimsoll.yaml",
        "targets:\n- chart: chart\n  name: live\n  environment: production\n  values: [live.yaml]\n  set: {image: 'nginx:latest'}\n  release: shop\n",
    );
    write("live.yaml", "replicas: 5\n");
    let list = out(root.path(), &["render", "--list"]);
    assert_eq!(list, "chart         production   live\n");
    let text = out(root.path(), &["render", "--target", "live"]);
    assert!(text.contains("name: shop-web") && text.contains("replicas: 5"), "{text}");
    let found = findings(root.path(), "PLM801");
    assert_eq!(found[0]["targets"], serde_json::json!(["live"]));
    assert_eq!(found[0]["related"][0]["path"], "plimsoll.yaml");
    assert_eq!(found[0]["related"][0]["range"]["start"]["line"], 6);
    write("plimsoll.yaml", "targets:\n- chart: charts\n- chart: chart\n  values: [dead.yaml]\n");
    let wrong = plimsoll(root.path(), &["check", "--min-severity", "error"]);
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8(wrong.stderr).unwrap();
    for expected in [
        "plimsoll.yaml:2:10: there is no `Chart.yaml` in `charts`",
        "plimsoll.yaml:4:12: there is no values file `dead.yaml`",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}
