//! Manifests that are written again, and what only looks like it.

use super::decide;
use super::sums::{deployment, facts};
use crate::report::{Fit, Platform, QuestionId, Signal};

#[test]
fn near_identical_deployments_are_copies() {
    let one = |name: &str, more: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {name}-space, labels: {{app: {name}}}}}\nspec:\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
             serviceAccountName: {name}\n      containers:\n        - name: {name}\n          image: acme/{name}:1.2.3\n          \
             ports: [{{name: http, containerPort: 8080}}]\n          env: [{{name: CONFIG, value: /etc/{name}/config}}{more}]\n          \
             readinessProbe: {{httpGet: {{path: /ready, port: http}}}}\n"
        )
    };
    let texts: Vec<(String, String)> = (0..30)
        .map(|at| {
            (
                format!("k8s/app-{at}.yaml"),
                one(&format!("app-{at}"), if at == 7 { ", {name: MODE, value: fast}" } else { "" }),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let alike = facts(&decide(&files), QuestionId::Packaging, &[Signal::CopiedWorkloads]);
    assert_eq!(alike.len(), 1, "{alike:?}");
    let fact = &alike[0];
    assert!(
        fact.starts_with("30 workloads are alike but for names, images and namespaces"),
        "{fact}"
    );
    assert!(fact.contains("`k8s/app-0.yaml`") && fact.contains("% of"), "{fact}");
    // The number of fields is not what makes manifests alike.
    let other = |at: usize| {
        one(&format!("app-{at}"), "")
            .replace("CONFIG", &format!("KEY_{at}"))
            .replace("8080", &format!("80{at}"))
            .replace("/ready", &format!("/ready{at}"))
            .replace("name: http", &format!("name: p{at}"))
            .replace("port: http", &format!("port: p{at}"))
            .replace("/config", &format!("/file{at}"))
            .replace(
                "serviceAccountName",
                [
                    "hostname",
                    "subdomain",
                    "schedulerName",
                    "priorityClassName",
                    "runtimeClassName",
                    "nodeName",
                    "restartPolicy",
                    "dnsPolicy",
                ][at % 8],
            )
    };
    let texts: Vec<(String, String)> =
        (10..18).map(|at| (format!("k8s/app-{at}.yaml"), other(at))).collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert!(facts(&decide(&files), QuestionId::Packaging, &[Signal::CopiedWorkloads]).is_empty());
}

#[test]
fn patches_of_overlays_are_no_copies() {
    let patch = |replicas: u32| {
        let env: String =
            (0..20).map(|at| format!("            - {{name: KEY_{at}, value: v{at}}}\n")).collect();
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  template:\n    spec:\n      containers:\n        \
             - name: main\n          env:\n{env}"
        )
    };
    let overlay = "resources: [../../base]\npatches: [{path: patch.yaml}]\n";
    let older =
        "resources: ['https://example.com/base?ref=v1']\npatchesStrategicMerge: [patch.yaml]\n";
    for overlay in [overlay, older] {
        let decision = decide(&[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", &deployment("web", "", "{}")),
            ("overlays/dev/kustomization.yaml", overlay),
            ("overlays/dev/patch.yaml", &patch(1)),
            ("overlays/prod/kustomization.yaml", overlay),
            ("overlays/prod/patch.yaml", &patch(2)),
        ]);
        let copied = facts(&decision, QuestionId::Packaging, &[Signal::CopiedEnvironments]);
        assert!(copied.is_empty(), "{copied:?}");
    }
}

#[test]
fn one_line_for_another_environment_settles_no_other_platform() {
    let blog = "services:\n  ghost: {image: 'ghost:5.89.0', restart: always, volumes: ['content:/var/lib/ghost/content']}\n  db: {image: 'mysql:8.4.2', restart: always, volumes: ['data:/var/lib/mysql']}\nvolumes: {content: {}, data: {}}\n";
    let over = |name: &str| {
        let text = format!(
            "services: {{ghost: {{environment: {{url: 'https://{name}.example.com'}}}}}}\n"
        );
        (format!("compose.{name}.yaml"), text)
    };
    let overrides = ["staging", "test", "prod"].map(over);
    let mut files = vec![("compose.yaml", blog)];
    let alone = decide(&files);
    files.extend(overrides.iter().map(|it| (&*it.0, &*it.1)));
    let several = decide(&files);
    for decision in [alone, several] {
        assert_eq!((decision.outcome.platform, decision.fit), (Platform::Compose, Fit::Fits));
        let seen = facts(&decision, QuestionId::TeamsAndEnvironments, &[Signal::ManyEnvironments]);
        assert!(seen.is_empty(), "{seen:?}");
    }
}

#[test]
fn overlays_of_one_small_workload_settle_no_other_platform() {
    let relay = deployment("relay", "", "{requests: {cpu: 35m, memory: 128Mi}}");
    let overlay = "resources: [../../base]\n";
    let mut files = vec![
        ("deploy/base/kustomization.yaml", "resources: [relay.yaml]\n"),
        ("deploy/base/relay.yaml", &*relay),
        ("deploy/overlays/prod/kustomization.yaml", overlay),
    ];
    let one = decide(&files);
    files.push(("deploy/overlays/staging/kustomization.yaml", overlay));
    files.push(("deploy/overlays/test/kustomization.yaml", overlay));
    let three = decide(&files);
    assert_eq!(one.outcome.platform, three.outcome.platform);
    assert_eq!(one.outcome.so_far, three.outcome.so_far);
}

#[test]
fn a_variant_that_does_not_count_takes_no_container_names() {
    let service = |name: &str, container: &str| {
        format!("  {name}: {{image: 'acme/{name}:1.2.3', container_name: {container}}}\n")
    };
    let first = format!("services:\n{}{}", service("web", "web"), service("api", "api"));
    // It cannot run beside the first one.
    let second = format!("services:\n{}{}", service("site", "web"), service("jobs", "worker"));
    let third = |container: &str| format!("services:\n{}", service("queue", container));
    let with = |third: &str| {
        decide(&[("compose.yaml", &first), ("compose.a.yaml", &second), ("compose.b.yaml", third)])
            .counted
    };
    assert!(with(&third("worker")).starts_with("3 Compose services"), "{}", with(&third("worker")));
    assert!(with(&third("api")).starts_with("2 Compose services"), "{}", with(&third("api")));
}
