//! `plimsoll compare` through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{BINARY, folder};

const COMPOSE: &str = "services:
  api:
    image: acme/api:1.4
    depends_on: [db]
    environment: {MODE: prod}
    ports: ['80:8080']
    healthcheck: {test: [CMD, curl, -f, 'http://localhost:8080/']}
    mem_limit: 512m
  db:
    image: postgres:17
";

const CLUSTER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: acme/api:1.5
          env: [{name: MODE, value: prod}]
          resources: {limits: {memory: 512Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: extra, namespace: shop}
spec:
  selector: {matchLabels: {app: extra}}
  template:
    metadata: {labels: {app: extra}}
    spec: {containers: [{name: extra, image: 'acme/extra:1'}]}
";

fn compare(root: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(BINARY);
    command.current_dir(root).arg("compare").args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn text_goes_service_by_service() {
    let root = folder(&[("compose.yaml", COMPOSE), ("k8s/api.yaml", CLUSTER)]);
    let (code, text) = compare(root.path(), &[]);
    assert_eq!(code, 0);
    for line in [
        "api: Deployment `shop/api` (matched by image and name)  k8s/api.yaml:10\n",
        "  drifted  image      `acme/api:1.4`; in the cluster: `acme/api:1.5`\n",
        "  same     env        1 of 1 variable\n",
        "  same     ports      Service `api` with port 8080\n",
        "  lost     health     `curl -f http://localhost:8080/`; in the cluster: no probe\n",
        "  same     resources  `limits.memory: 512Mi`\n",
        "  keys that nothing in a cluster reads: `depends_on`\n",
        "db: no counterpart",
        "Only in the cluster\n  Deployment `shop/extra`  k8s/api.yaml:",
        "2 services, 5 aspects compared: 3 same, 1 drifted, 1 lost\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn json_has_both_places_and_the_crossing() {
    let root = folder(&[("compose.yaml", COMPOSE), ("k8s/api.yaml", CLUSTER)]);
    let (_, text) = compare(root.path(), &["--format", "json"]);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["summary"]["drifted"], 1);
    let api = &value["services"][0];
    assert_eq!(api["counterpart"]["matchedBy"], "image and name");
    let image = &api["compared"][0];
    assert_eq!((&image["aspect"], &image["drift"]), (&"image".into(), &"drifted".into()));
    assert_eq!(image["range"]["start"]["line"], 3);
    assert_eq!(image["clusterPath"], "k8s/api.yaml");
    let crossing = api["crossing"].as_array().unwrap();
    let health = crossing.iter().find(|row| row["key"] == "healthcheck").unwrap();
    assert_eq!(health["counterpart"], "no probe in Deployment `shop/api`");
    assert!(health["yaml"].as_str().unwrap().contains("readinessProbe"));
    let notes = api["converters"].as_array().unwrap();
    assert!(notes.iter().any(|note| note["key"] == "depends_on"
        && note["bridge"].as_str().is_some_and(|it| it.starts_with("Nothing"))));
    assert_eq!(value["onlyInCluster"][0]["label"], "Deployment `shop/extra`");
    assert!(value["services"][1].get("counterpart").is_none());
}

#[test]
fn markdown_has_a_table_for_each_service() {
    let root = folder(&[("compose.yaml", COMPOSE), ("k8s/api.yaml", CLUSTER)]);
    let (_, text) = compare(root.path(), &["--format", "markdown"]);
    assert!(
        text.starts_with("# Compose and the cluster\n\n2 services, 5 aspects compared: 3 same, 1 drifted, 1 lost.\n"),
        "{text}"
    );
    assert!(
        text.contains("\n## `api`\n\nDeployment `shop/api`, matched by image and name.\n"),
        "{text}"
    );
    assert!(text.contains("| lost | health | "), "{text}");
}

#[test]
fn one_side_alone_is_said_and_is_no_failure() {
    let root = folder(&[("compose.yaml", COMPOSE)]);
    let (code, text) = compare(root.path(), &[]);
    assert_eq!(code, 0);
    assert_eq!(text, "There is nothing to compare: these files define no workload of a cluster.\n");
    assert_eq!(compare(root.path(), &["nowhere"]).0, 2);
}
