//! Small whole projects, each with what the decision must say about it.

mod alternatives;
mod answers;
mod copies;
mod cost;
mod deployed;
mod forms;
mod inputs;
mod nodes;
mod releases;
mod remote;
mod signals;
mod steps;
mod sums;
mod tenants;
mod words;

use super::tests::decide_with;
use crate::config::Config;
use crate::report::{CheckState, Decision, Fit, Platform, QuestionId, ScenarioName, Today, Worth};

fn decide(files: &[(&str, &str)]) -> Decision {
    decide_with(files, Config::default())
}

/// Returns the facts that bear on a question, separated by semicolons.
fn facts_on(decision: &Decision, id: QuestionId) -> String {
    let question = decision.questions.iter().find(|it| it.id == id).unwrap();
    let facts: Vec<&str> = question.evidence.iter().map(|it| &*it.fact).collect();
    facts.join("; ")
}

/// Returns a Compose file of services with these names and images.
fn compose(services: &[(&str, &str)]) -> String {
    let lines = services.iter().map(|(name, image)| format!("  {name}: {{image: '{image}'}}\n"));
    format!("services:\n{}", lines.collect::<String>())
}

/// Returns a Deployment with further fields of its metadata, its spec and its Pods.
fn deployment(name: &str, [meta, spec, pods]: [&str; 3]) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}{meta}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n{spec}  \
         template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n{pods}      containers: [{{name: main, image: 'acme/{name}:1.2.3'}}]\n"
    )
}

fn plain(name: &str) -> String {
    deployment(name, ["", "", ""])
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n"
    )
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

#[test]
fn services_of_several_compose_variants_count_once() {
    let names = ["api", "web", "db", "cache", "queue", "mail", "search", "jobs"];
    let services: Vec<(&str, &str)> = names.iter().map(|name| (*name, "acme/app:1.2.3")).collect();
    let all = compose(&services);
    let most = compose(&services[..6]);
    let one = decide(&[("docker-compose.yml", &all)]);
    let several = decide(&[
        ("docker-compose.yml", &all),
        ("docker-compose-gpu.yml", &all),
        ("docker-compose-macos.yml", &most),
        ("docker-compose-https.yml", &all),
    ]);
    for decision in [one, several] {
        let facts = facts_on(&decision, QuestionId::TeamsAndEnvironments);
        assert_eq!(
            facts,
            "8 workloads are few enough for one team: `api`, `cache`, `db` and 5 more"
        );
    }
}

#[test]
fn the_production_variant_is_the_one_that_is_added_up() {
    let sized =
        |memory: &str| format!("services: {{web: {{image: 'a:1', mem_limit: {memory}}}}}\n");
    let (small, large) = (sized("2g"), sized("30g"));
    let decision = decide(&[
        ("docker-compose.yml", &large),
        ("docker-compose-production.yml", &small),
        ("docker-compose-gpu.yml", &large),
    ]);
    let facts = facts_on(&decision, QuestionId::OneServer);
    let said =
        "in Compose, 1 of 1 container states memory, and none states CPUs: at most 2 GiB of memory";
    assert!(facts.starts_with(said), "{facts}");
}

#[test]
fn an_image_in_several_variants_is_one_image_of_its_owner() {
    let images = [("a", "red/a:1"), ("b", "green/b:1"), ("c", "blue/c:1")];
    let text = compose(&images);
    let variants =
        decide(&[("docker-compose.yml", text.as_str()), ("docker-compose-gpu.yml", &text)]);
    let facts = facts_on(&variants, QuestionId::TeamsAndEnvironments);
    assert!(!facts.contains("owners"), "{facts}");
    let more = [("d", "red/d:1"), ("e", "green/e:1"), ("f", "blue/f:1")];
    let own = decide(&[("docker-compose.yml", &compose(&[images, more].concat()))]);
    let facts = facts_on(&own, QuestionId::TeamsAndEnvironments);
    assert!(facts.contains("your own images come from 3 different owners"), "{facts}");
}

#[test]
fn public_products_are_no_owners() {
    let text = compose(&[
        ("loki", "grafana/loki:3.0.0"),
        ("promtail", "grafana/promtail:3.0.0"),
        ("apm", "docker.elastic.co/apm/apm-server:8.1.0"),
        ("apm-2", "docker.elastic.co/apm/apm-tools:8.1.0"),
        ("blackbox", "prom/blackbox-exporter:v0.25.0"),
        ("pushgateway", "prom/pushgateway:v1.9.0"),
    ]);
    let decision = decide(&[("compose.yaml", &text)]);
    let facts = facts_on(&decision, QuestionId::TeamsAndEnvironments);
    assert!(!facts.contains("owners"), "{facts}");
}

#[test]
fn only_overlays_of_one_base_stand_for_environments() {
    let web = plain("web");
    let (base, overlay) = ("resources: [web.yaml]\n", "resources: [../../base]\n");
    let apart = decide(&[
        ("e2e/logs/kustomization.yaml", base),
        ("e2e/logs/web.yaml", &web),
        ("e2e/metrics/kustomization.yaml", base),
        ("e2e/metrics/web.yaml", &web),
        ("clusters/production/flux-system/kustomization.yaml", "resources: [sync.yaml]\n"),
        ("clusters/production/flux-system/sync.yaml", &service("sync")),
    ]);
    let of_one_base = decide(&[
        ("base/kustomization.yaml", base),
        ("base/web.yaml", &web),
        ("overlays/dev/kustomization.yaml", overlay),
        ("overlays/prod/kustomization.yaml", overlay),
    ]);
    let for_one_environment = decide(&[
        ("base/kustomization.yaml", base),
        ("base/web.yaml", &web),
        ("tests/plain/kustomization.yaml", overlay),
        ("tests/tls/kustomization.yaml", overlay),
    ]);
    for decision in [apart, for_one_environment] {
        let facts = facts_on(&decision, QuestionId::Packaging);
        assert!(!facts.contains("one source is built for"), "{facts}");
    }
    let facts = facts_on(&of_one_base, QuestionId::Packaging);
    assert!(facts.contains("one source is built for `production` and `development`"), "{facts}");
}

#[test]
fn what_was_not_built_passes_no_checklist() {
    let remote = "resources: ['https://example.com/shop/base?ref=v1']\n";
    let unbuilt = [("k8s/kustomization.yaml", remote)];
    let compose = ("compose.yaml", "services: {web: {image: 'acme/web:1.2.3'}}\n");
    let crossing = decide(&[unbuilt[0], compose]).checklists.crossing;
    let states = |state| crossing.iter().filter(|it| it.state == state).count();
    assert_eq!((states(CheckState::Pass), states(CheckState::NotApplicable)), (0, 0));
    let mut unseen = crossing.iter().filter(|it| it.state == CheckState::CannotSee);
    assert!(unseen.clone().count() > 0);
    assert!(unseen.all(|it| it.next.contains("not built")), "{crossing:?}");
    // A cluster alone has nothing that could cross, built or not.
    let alone = decide(&unbuilt).checklists.crossing;
    assert!(alone.iter().all(|it| it.state == CheckState::NotApplicable), "{alone:?}");
}

#[test]
fn an_item_that_does_not_apply_lists_no_findings() {
    let text = plain("web").replace(":1.2.3", ":latest");
    let decision = decide(&[("k8s/web.yaml", &text)]);
    for item in &decision.checklists.server {
        assert_eq!((item.state, item.findings.len()), (CheckState::NotApplicable, 0));
    }
}

#[test]
fn flux_in_use_needs_no_second_controller() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\nspec:\n  chart: {spec: {chart: shop, sourceRef: {kind: HelmRepository, name: shop}}}\n";
    let mut config = Config::default();
    config.answers.audit = Some(true);
    let decision = decide_with(&[("shop.yaml", release)], config);
    assert_eq!((decision.outcome.helm, decision.outcome.argocd), (Worth::InUse, Worth::No));
    let said = decision.reasons.iter().any(|it| it.text.contains("Flux"));
    assert!(said, "{:?}", decision.reasons);
}

#[test]
fn the_scenario_names_its_own_cause() {
    let spread = "      topologySpreadConstraints: [{maxSkew: 1, minDomains: 2, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]\n";
    let text = deployment("web", ["", "  replicas: 2\n", spread]);
    let decision = decide(&[("web.yaml", &text)]);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
    assert_eq!(decision.scenario.nearest, ScenarioName::GrowingSaas);
    let because =
        "Deployment `web` must spread its Pods across nodes; few teams work on the system";
    assert_eq!(decision.scenario.because, because);
}

#[test]
fn swarm_replicas_count_beside_a_cluster() {
    let stack = "services:\n  web: {image: 'acme/web:1.2.3', deploy: {replicas: 3, placement: {constraints: [node.role == worker]}}}\n";
    let decision = decide(&[("docker-stack.yml", stack), ("k8s/api.yaml", &plain("api"))]);
    assert_eq!(decision.today, Today::Both);
    let facts = facts_on(&decision, QuestionId::MultiNode);
    assert!(facts.contains("service `web` takes more than one node of a swarm"), "{facts}");
    let facts = facts_on(&decision, QuestionId::ReplicasAndRollouts);
    assert!(facts.contains("service `web` runs as 3 replicas"), "{facts}");
    let facts = facts_on(&decision, QuestionId::OneServer);
    assert!(!facts.contains("single replica"), "{facts}");
}

#[test]
fn one_form_of_an_application_is_operated() {
    let sized = plain("web").replace(
        "image: 'acme/web:1.2.3'",
        "image: 'acme/web:1.2.3', resources: {requests: {cpu: 100m, memory: 1Gi}}",
    );
    let (web, front) = (sized, service("web"));
    let dapr = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: state}\nspec: {type: state.redis, version: v1}\n";
    let decision = decide(&[
        ("chart/Chart.yaml", CHART),
        ("chart/templates/web.yaml", &web),
        ("chart/templates/service.yaml", &front),
        ("k8s/web.yaml", &web),
        ("k8s/service.yaml", &front),
        (
            "docker-compose.dev.yml",
            "services: {web: {image: 'acme/web:1.2.3', volumes: ['./dapr:/components']}}\n",
        ),
        ("dapr/state.yaml", dapr),
    ]);
    assert_eq!((decision.today, decision.fit), (Today::Kubernetes, Fit::OverBuilt));
    let operated = decision.reasons.iter().find(|it| it.text.starts_with("You operate")).unwrap();
    assert!(operated.text.starts_with("You operate 2 objects of 2 kinds"), "{operated:?}");
}

#[test]
fn forms_of_one_application_are_not_copies() {
    let web = plain("web");
    let forms = decide(&[
        ("chart/Chart.yaml", CHART),
        ("chart/templates/web.yaml", &web),
        ("k8s/web.yaml", &web),
        ("quickstart.yaml", &web),
    ]);
    let facts = facts_on(&forms, QuestionId::Packaging);
    assert_eq!(facts, "nothing is written again for another environment");
    let [red, blue] =
        ["red", "blue"].map(|it| deployment("web", [&format!(", namespace: {it}"), "", ""]));
    let spaces = decide(&[("red.yaml", &red), ("blue.yaml", &blue)]);
    let stages = decide(&[("dev/web.yaml", &web), ("prod/web.yaml", &web)]);
    for decision in [spaces, stages] {
        let facts = facts_on(&decision, QuestionId::Packaging);
        assert!(facts.contains("is written 2 times, once for each"), "{facts}");
    }
}

#[test]
fn overlays_of_one_base_are_not_copies_of_a_workload() {
    let overlay = "resources: [../../base]\n";
    let decision = decide(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", &plain("web")),
        ("overlays/dev/kustomization.yaml", overlay),
        ("overlays/prod/kustomization.yaml", overlay),
    ]);
    let facts = facts_on(&decision, QuestionId::Packaging);
    assert!(!facts.contains("is written"), "{facts}");
}

#[test]
fn amounts_that_nothing_states_are_left_out() {
    let text = "services: {web: {image: 'a:1', mem_limit: 128m}}\n";
    let facts = facts_on(&decide(&[("compose.yaml", text)]), QuestionId::OneServer);
    let said = "in Compose, 1 of 1 container states memory, and none states CPUs: at most 128 MiB of memory";
    assert!(facts.starts_with(said), "{facts}");
    let text = "services: {web: {image: 'a:1', mem_limit: 128m, cpus: 0.02}}\n";
    let facts = facts_on(&decide(&[("compose.yaml", text)]), QuestionId::OneServer);
    let said = "in Compose, 1 of 1 container states CPUs and memory: at most 0.02 CPU and at most 128 MiB of memory, at most half";
    assert!(facts.starts_with(said), "{facts}");
}

#[test]
fn next_steps_name_what_fails_on_the_side_that_is_there() {
    let decision = decide(&[("web.yaml", &deployment("web", ["", "  replicas: 2\n", ""]))]);
    let steps: Vec<(&str, &str)> =
        decision.steps.iter().map(|it| (it.subject.as_str(), it.text.as_str())).collect();
    assert_eq!(steps[0].0, "Deployment web, container main");
    assert!(steps[0].1.contains("`web`"), "{steps:?}");
    let texts: Vec<&str> = steps.iter().skip(1).map(|it| it.1).collect();
    let open = [
        "Find out how many replicas the peak load takes: Deployment `web` runs as 2 replicas.",
        "Settle what is open: answer `downtime`.",
    ];
    assert_eq!(texts, open);
}
