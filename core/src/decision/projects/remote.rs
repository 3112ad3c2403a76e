//! What a GitOps controller applies from elsewhere, beside what is shown.

use super::{decide, facts_on};
use crate::decision::tests::decide_with;
use crate::report::{Answer, CheckState, Decision, Fit, Platform, QuestionId};

/// Returns an Application of a chart that is kept in a registry.
fn application(name: &str, namespace: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  project: default\n  \
         source: {{repoURL: https://charts.acme.example, chart: {name}, targetRevision: 1.2.3}}\n  \
         destination: {{server: https://kubernetes.default.svc, namespace: {namespace}}}\n"
    )
}

const ECHO: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: echo}\nspec:\n  selector: {matchLabels: {app: echo}}\n  template:\n    metadata: {labels: {app: echo}}\n    spec: {containers: [{name: echo, image: 'acme/echo:1.0', resources: {requests: {cpu: 10m, memory: 16Mi}}}]}\n";

fn answers(decision: &Decision) -> Vec<Answer> {
    decision.questions.iter().take(4).map(|it| it.answer).collect()
}

#[test]
fn a_small_workload_beside_remote_charts_rules_nothing_out() {
    let names = ["kafka", "orders", "payments", "search"];
    let apps: Vec<(String, String)> =
        names.iter().map(|it| (format!("{it}.yaml"), application(it, it))).collect();
    let mut files: Vec<(&str, &str)> = apps.iter().map(|it| (&*it.0, &*it.1)).collect();
    let without = decide(&files);
    files.push(("echo.yaml", ECHO));
    let with = decide(&files);
    for decision in [&without, &with] {
        assert_eq!((decision.outcome.platform, decision.fit), (Platform::Either, Fit::Open));
        assert_eq!(answers(decision), [Answer::Unknown; 4]);
    }
    assert_eq!(
        with.reasons[0].text,
        "Application `kafka` and 3 more apply manifests that are not among these files: the chart `kafka` of https://charts.acme.example is not in the project."
    );
    assert!(with.steps[0].text.starts_with(
        "Add to these files the manifests that Application `kafka` applies: the chart"
    ));
    let facts = facts_on(&with, QuestionId::OneServer);
    assert!(facts.starts_with("of what is shown, "), "{facts}");
}

#[test]
fn a_release_of_a_remote_chart_is_unread_too() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: cache, namespace: shop}\nspec:\n  chart: {spec: {chart: redis, sourceRef: {kind: HelmRepository, name: bitnami}}}\n";
    let decision = decide(&[("cache.yaml", release), ("echo.yaml", ECHO)]);
    assert_eq!(decision.outcome.platform, Platform::Either);
    assert_eq!(
        decision.reasons[0].text,
        "HelmRelease `cache` applies manifests that are not among these files: the chart `redis` of HelmRepository `bitnami` is not in the project."
    );
    let elsewhere = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: shop, namespace: flux-system}\nspec: {path: ./elsewhere, sourceRef: {kind: GitRepository, name: other}, prune: true, interval: 5m}\n";
    let decision = decide(&[("shop.yaml", elsewhere), ("echo.yaml", ECHO)]);
    assert_eq!(decision.outcome.platform, Platform::Either);
    let first = &decision.reasons[0].text;
    assert!(
        first
            .starts_with("Kustomization `shop` applies manifests that are not among these files: "),
        "{first}"
    );
}

#[test]
fn an_add_on_of_the_cluster_runs_nothing_of_the_application() {
    let apps = ["ingress-nginx", "cert-manager"].map(|it| application(it, it));
    let monitoring = application("kube-prometheus-stack", "monitoring");
    let decision = decide(&[
        ("ingress.yaml", &apps[0]),
        ("certificates.yaml", &apps[1]),
        ("monitoring.yaml", &monitoring),
        ("echo.yaml", ECHO),
    ]);
    assert_eq!(answers(&decision), [Answer::Yes, Answer::No, Answer::No, Answer::No]);
    assert_eq!((decision.outcome.platform, decision.fit), (Platform::Compose, Fit::OverBuilt));
}

#[test]
fn an_application_of_a_folder_of_the_project_hides_nothing() {
    let own = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: echo, namespace: argocd}\nspec:\n  project: default\n  source: {repoURL: https://git.acme.example/echo.git, path: k8s, targetRevision: main}\n  destination: {server: https://kubernetes.default.svc, namespace: echo}\n";
    let decision = decide(&[("app.yaml", own), ("k8s/echo.yaml", ECHO)]);
    assert_eq!(answers(&decision), [Answer::Yes, Answer::No, Answer::No, Answer::No]);
}

#[test]
fn what_is_applied_from_elsewhere_passes_no_checklist() {
    let compose = "services: {echo: {image: 'acme/echo:1.0', restart: always}}\n";
    let app = application("kafka", "kafka");
    let files = [("kafka.yaml", &*app), ("echo.yaml", ECHO), ("compose.yaml", compose)];
    let crossing = decide_with(&files, Default::default()).checklists.crossing;
    let passing = crossing.iter().filter(|it| it.state == CheckState::Pass).count();
    assert_eq!(passing, 0, "{crossing:?}");
}
