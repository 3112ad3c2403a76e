//! What releases step by step, and what hints say about replicas and nodes.

use super::{decide, deployment, facts_on, plain};
use crate::report::{Answer, Decision, QuestionId};

fn answer(decision: &Decision, id: QuestionId) -> Answer {
    decision.questions.iter().find(|it| it.id == id).unwrap().answer
}

#[test]
fn traffic_that_is_split_between_versions_is_progressive_delivery() {
    let web = plain("web");
    let with = |object: &str| decide(&[("k8s/web.yaml", &web), ("k8s/split.yaml", object)]);
    let virtual_service = |route: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: web}}\nspec: {{hosts: [web], http: [{{route: [{route}]}}]}}\n"
        )
    };
    let gateway = |backends: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web}}\nspec: {{rules: [{{backendRefs: [{backends}]}}]}}\n"
        )
    };
    let ingress = |value: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, annotations: {{nginx.ingress.kubernetes.io/canary: '{value}'}}}}\nspec: {{rules: []}}\n"
        )
    };
    let canary = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: web}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    let split = "apiVersion: split.smi-spec.io/v1alpha2\nkind: TrafficSplit\nmetadata: {name: web}\nspec: {service: web, backends: [{service: web-1, weight: 90}, {service: web-2, weight: 10}]}\n";
    for object in [
        virtual_service(
            "{destination: {host: web, subset: v1}, weight: 75}, {destination: {host: web, subset: v2}, weight: 25}",
        ),
        gateway("{name: web-1, port: 80, weight: 9}, {name: web-2, port: 80, weight: 1}"),
        ingress("true"),
        canary.to_owned(),
        split.to_owned(),
    ] {
        let decision = with(&object);
        let facts = facts_on(&decision, QuestionId::ReplicasAndRollouts);
        assert!(facts.contains("splits traffic between versions"), "{object}: {facts}");
        assert_eq!(answer(&decision, QuestionId::ReplicasAndRollouts), Answer::Yes, "{object}");
    }
    for object in [
        virtual_service("{destination: {host: web}}"),
        virtual_service("{destination: {host: web}, weight: 100}"),
        gateway("{name: web, port: 80}, {name: api, port: 80}"),
        ingress("false"),
        split.replace("weight: 90", "weight: 1000m").replace("weight: 10}", "weight: 0}"),
    ] {
        let decision = with(&object);
        assert_eq!(answer(&decision, QuestionId::ReplicasAndRollouts), Answer::No, "{object}");
    }
}

/// Anti-affinity that keeps the Pods of `web` apart where that is possible.
const PREFERRED: &str = "      affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}]}}\n";

const BUDGET: &str = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n";

const AUTOSCALER: &str = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 1, maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";

#[test]
fn a_single_replica_spreads_nothing_and_no_budget_protects_it() {
    let web = |fields: &str| deployment("web", ["", fields, PREFERRED]);
    let decide = |web: &str, more: &[&str]| {
        let mut files = vec![("k8s/web.yaml".to_owned(), web)];
        files.extend(more.iter().enumerate().map(|(at, text)| (format!("k8s/{at}.yaml"), *text)));
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, *text)).collect();
        decide(&files)
    };
    let single = decide(&web(""), &[BUDGET]);
    let facts = facts_on(&single, QuestionId::MultiNode);
    assert!(!facts.contains("prefers to spread") && !facts.contains("drained"), "{facts}");
    assert!(facts.contains("a budget for a single replica guards nothing"), "{facts}");
    assert_eq!(answer(&single, QuestionId::MultiNode), Answer::No);
    // Several replicas, or an autoscaler that may add some, make both of them hints, which answer nothing.
    for decision in
        [decide(&web("  replicas: 2\n"), &[BUDGET]), decide(&web(""), &[BUDGET, AUTOSCALER])]
    {
        let facts = facts_on(&decision, QuestionId::MultiNode);
        assert!(facts.contains("prefers to spread") && facts.contains("drained"), "{facts}");
        assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::Unknown, "{facts}");
    }
    // A budget for Pods that are not there protects nothing; an operator may make some.
    let other = BUDGET.replace("app: web", "app: other");
    assert_eq!(answer(&decide(&plain("web"), &[&other]), QuestionId::MultiNode), Answer::No);
    let operated = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db}\nspec: {instances: 1}\n";
    let decision = decide(&plain("web"), &[&other, operated]);
    assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::Unknown);
}

#[test]
fn two_hints_together_ask_for_no_replicas() {
    let fields = "  replicas: 2\n  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n";
    let web = deployment("web", ["", fields, ""]);
    let decision = decide(&[("k8s/web.yaml", &web)]);
    let facts = facts_on(&decision, QuestionId::ReplicasAndRollouts);
    assert!(facts.contains("runs as 2 replicas") && facts.contains("rolls out"), "{facts}");
    assert_eq!(answer(&decision, QuestionId::ReplicasAndRollouts), Answer::Unknown);
}
