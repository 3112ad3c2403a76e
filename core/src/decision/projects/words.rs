//! What the report says beside the answers: the belief, the scenario, the fit and the next steps.

use super::{CHART, compose, decide, decide_with, deployment, facts_on, plain};
use crate::config::Config;
use crate::decision::beliefs::Belief;
use crate::report::{Answer, Decision, Fit, QuestionId, ScenarioName, Today};

fn with_answers(files: &[(&str, &str)], answers: &[(&str, &str)]) -> Decision {
    let mut config = Config::default();
    for (key, value) in answers {
        config.answers.set(key, value).unwrap();
    }
    decide_with(files, config)
}

fn steps(decision: &Decision) -> Vec<String> {
    decision.steps.iter().map(|it| format!("{}: {}", it.subject, it.text)).collect()
}

#[test]
fn the_belief_bears_on_the_outcome() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let web = plain("web");
    let (server, cluster) = ([("compose.yaml", text.as_str())], [("web.yaml", web.as_str())]);
    let nodes = ("multi-node", "yes");
    let sized =
        plain("web").replace(":1.2.3'}", ":1.2.3', resources: {requests: {cpu: 1, memory: 1Gi}}}");
    let cases = [
        (with_answers(&server, &[]), "only for development"),
        (with_answers(&server, &[nodes]), "converter"),
        (with_answers(&[("web.yaml", &sized)], &[]), "makes it highly available"),
        (with_answers(&cluster, &[nodes, ("packaging", "no")]), "needs Helm"),
        (with_answers(&cluster, &[nodes, ("packaging", "yes"), ("gitops", "no")]), "needs Argo CD"),
        // That a single replica is interrupted is a reason already.
        (with_answers(&cluster, &[]), "needs Helm"),
        (with_answers(&cluster, &[("replicas-and-rollouts", "yes")]), "More load"),
    ];
    for (decision, part) in cases {
        let myth = decision.myth.unwrap_or_default();
        assert!(myth.contains(part), "{myth:?} for {part}");
    }
}

#[test]
fn open_answers_are_not_called_few_teams() {
    let decision =
        with_answers(&[("compose.yaml", "services: {}\n")], &[("replicas-and-rollouts", "yes")]);
    assert!(!decision.scenario.because.contains("few teams"), "{:?}", decision.scenario);
    let decision =
        with_answers(&[("web.yaml", &plain("web"))], &[("replicas-and-rollouts", "yes")]);
    assert_eq!(decision.scenario.nearest, ScenarioName::GrowingSaas);
    assert!(decision.scenario.because.contains("few teams"));
}

#[test]
fn a_platform_fits_only_where_one_server_is_answered() {
    // One demand, nothing open, and nobody knows whether one server is enough.
    let decision =
        with_answers(&[("web.yaml", &plain("web"))], &[("replicas-and-rollouts", "yes")]);
    let server = decision.questions.iter().find(|it| it.id == QuestionId::OneServer).unwrap();
    assert_eq!((server.answer, decision.fit), (Answer::Unknown, Fit::Open));
}

#[test]
fn both_sides_are_for_production_only_where_both_say_so() {
    let text = compose(&[("api", "acme/api:1.2.3")]);
    let web = plain("api");
    let says = |path: &str| {
        let decision = decide(&[(path, &text), ("k8s/api.yaml", &web)]);
        assert_eq!(decision.today, Today::Both);
        decision.reasons.iter().any(|it| it.text.contains("Both sides look meant for production"))
    };
    assert!(!says("compose.yaml"));
    assert!(says("compose.prod.yaml"));
}

#[test]
fn steps_name_services_and_volumes() {
    let text = "services:\n  db:\n    image: postgres:16\n    restart: always\n    volumes: ['postgres_data:/var/lib/postgresql/data']\n  web:\n    image: acme/web:1.2.3\nvolumes: {postgres_data: {}}\n";
    let decision = decide(&[("compose.yaml", text)]);
    let steps = steps(&decision);
    assert!(steps.len() <= 5, "{steps:?}");
    let backup = "service db: Add a backup of `postgres_data`: nothing in compose.yaml copies it.";
    assert!(steps.iter().any(|it| it == backup), "{steps:#?}");
    assert!(
        steps.iter().any(|it| it.contains("missing: `web`") || it.contains("`web`")),
        "{steps:#?}"
    );
}

#[test]
fn an_open_question_is_a_step() {
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n";
    let web = deployment("web", ["", "", ""]);
    let decision = decide(&[("web.yaml", &web), ("budget.yaml", budget)]);
    let steps = steps(&decision);
    assert!(steps.iter().any(|it| it.contains("Settle what is open: answer `")), "{steps:?}");
    let asked: Vec<&str> = decision.ask.iter().map(|it| &*it.answer).collect();
    assert!(
        asked.iter().any(|it| it.starts_with("multi-node=") || it.starts_with("downtime=")),
        "{asked:?}"
    );
}

#[test]
fn the_environment_that_counts_is_named() {
    let web = plain("web");
    let decision = decide(&[("dev/web.yaml", &web), ("prod/web.yaml", &web)]);
    assert!(decision.counted.starts_with("1 workload of `production`"), "{}", decision.counted);
}

#[test]
fn what_is_counted_is_named_where_there_is_a_choice() {
    let web = plain("web").replace("  selector", "  replicas: 1\n  selector");
    let overlay =
        |count: u8| format!("resources: [../../base]\nreplicas: [{{name: web, count: {count}}}]\n");
    let (staging, production) = (overlay(2), overlay(4));
    let files = [
        ("k8s/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("k8s/base/web.yaml", &*web),
        ("k8s/overlays/prod/kustomization.yaml", &*production),
        ("k8s/overlays/staging/kustomization.yaml", &*staging),
    ];
    let counted = decide(&files).counted;
    assert_eq!(counted, "1 workload of `production`; counted from overlay `k8s/overlays/prod`");
    // Nothing was chosen.
    assert_eq!(decide(&files[..3]).counted, "1 workload");
    let base = compose(&[("api", "acme/api:1.2.3")]);
    let files = [
        ("compose.yaml", &*base),
        ("compose.prod.yaml", "services: {api: {restart: always}}\n"),
        ("compose.staging.yaml", "services: {api: {restart: always}}\n"),
    ];
    let counted = decide(&files).counted;
    let from = "; counted from `compose.yaml` with `compose.prod.yaml`";
    assert!(counted.starts_with("1 Compose service; ") && counted.ends_with(from), "{counted}");
    let loose = [("k8s/dev/web.yaml", &*web), ("k8s/prod/web.yaml", &*web)];
    let counted = decide(&loose).counted;
    assert!(counted.ends_with("; counted from `k8s/prod/web.yaml`"), "{counted}");
}

#[test]
fn a_belief_is_answered_in_one_line() {
    for belief in Belief::ALL {
        let answer = belief.answer();
        assert!(
            answer.len() <= 100 && answer.starts_with('"') && answer.ends_with('.'),
            "{answer}"
        );
    }
}

#[test]
fn what_leaves_the_platform_open_is_the_first_reason() {
    let size = ", resources: {requests: {cpu: 100m, memory: 1Gi}}}";
    let web = plain("web").replace(":1.2.3'}", &format!(":1.2.3'{size}"));
    let api = plain("api").replace(":1.2.3'}", &format!(":1.2.3'{size}"));
    let decision = decide(&[("web.yaml", &web), ("api.yaml", &api), ("db.yaml", &plain("db"))]);
    assert!(
        decision.reasons[0].text.starts_with("In the cluster, 2 of 3 containers"),
        "{:?}",
        decision.reasons
    );
}

#[test]
fn replicas_are_said_with_their_number() {
    let said = |counts: &[i64]| {
        let workloads: Vec<String> = counts
            .iter()
            .enumerate()
            .map(|(at, count)| {
                super::deployment(&format!("web{at}"), ["", &format!("  replicas: {count}\n"), ""])
            })
            .collect();
        let decision = super::decide(&[("k8s/all.yaml", &workloads.join("---\n"))]);
        let id = crate::report::QuestionId::ReplicasAndRollouts;
        let question = decision.questions.iter().find(|it| it.id == id).unwrap();
        let all = question.evidence.iter().map(|it| format!("{}: {}", it.fact, it.because));
        all.collect::<Vec<_>>().join("; ")
    };
    let five = said(&[5]);
    assert!(five.starts_with("Deployment `web0` runs as 5 replicas: "), "{five}");
    let fifty = said(&[50]);
    assert!(fifty.starts_with("Deployment `web0` runs as 50 replicas: "), "{fifty}");
    for words in [&five, &fifty] {
        assert!(!words.contains("two or three") && !words.contains("more than one"), "{words}");
    }
    let both = said(&[2, 5]);
    assert!(both.contains("`web0` (2 replicas) and Deployment `web1` (5 replicas)"), "{both}");
}

#[test]
fn the_verdict_names_the_demand_and_what_is_open() {
    let web = plain("web").replace(
        "image: 'acme/web:1.2.3'",
        "image: 'acme/web:1.2.3', resources: {requests: {cpu: 1, memory: 1Gi}}",
    );
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n";
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 12}\n";
    let decision = decide(&[("web.yaml", &web), ("budget.yaml", budget), ("hpa.yaml", scaler)]);
    assert_eq!(
        decision.verdict,
        "One server carries the load. Deployment `web` runs as up to 12 replicas. That speaks for a cluster. Still open: whether it must survive the loss of a machine."
    );
    // The number is that of the autoscaler, and so is the place.
    let reason = decision.reasons.iter().find(|it| it.text.contains("12 replicas")).unwrap();
    assert!(
        reason.span.is_some_and(|it| it.start as usize == scaler.find("12").unwrap()),
        "{reason:?}"
    );
}

#[test]
fn a_proxy_without_tls_is_where_to_end_it() {
    let compose = "services: {edge: {image: 'nginx:1.27.3', restart: always, ports: ['80:80']}}\n";
    let decision = decide(&[("compose.yaml", compose)]);
    let said = "Terminate TLS in `edge`, or in a proxy in front of it: `edge` answers on port 80 without TLS.";
    assert!(decision.steps.iter().any(|it| it.text == said), "{:?}", decision.steps);
}

#[test]
fn a_store_without_a_volume_keeps_nothing() {
    let store = |more: &str| {
        let text = format!("services: {{bus: {{image: 'apache/kafka:3.9.0'{more}}}}}\n");
        facts_on(&decide(&[("compose.yaml", &text)]), QuestionId::OneServer)
    };
    let (without, with) = (store(""), store(", volumes: ['log:/var/lib/kafka/data']"));
    assert!(without.contains("service `bus` runs once"), "{without}");
    assert!(with.contains("service `bus` keeps its data in one place"), "{with}");
}

#[test]
fn what_is_counted_is_named_with_its_kind() {
    let overlay = "resources: [../../base]\n";
    let web = plain("web");
    let decision = decide(&[
        ("k8s/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("k8s/base/web.yaml", &web),
        ("k8s/overlays/prod/kustomization.yaml", overlay),
        ("k8s/overlays/staging/kustomization.yaml", overlay),
    ]);
    assert!(
        decision.counted.ends_with("counted from overlay `k8s/overlays/prod`"),
        "{}",
        decision.counted
    );
    let decision = decide(&[
        ("charts/billing/Chart.yaml", CHART),
        ("charts/billing/templates/web.yaml", &web),
        ("charts/billing/values.yaml", "a: 1\n"),
        ("charts/billing/values-prod.yaml", "a: 2\n"),
        ("charts/billing/values-staging.yaml", "a: 3\n"),
    ]);
    let expected = "counted from chart `charts/billing` with `values-prod.yaml`";
    assert!(decision.counted.ends_with(expected), "{}", decision.counted);
}

#[test]
fn what_both_platforms_make_of_one_demand_is_said() {
    let web = plain("web");
    let with = |more: &str, spec: &str| {
        let web = deployment("web", ["", spec, ""]);
        let decision = with_answers(
            &[("web.yaml", &web), ("more.yaml", more)],
            &[("one-server", "yes"), ("multi-node", "no"), ("teams", "1")],
        );
        decision.verdict
    };
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 1, maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    let scaled = with(scaler, "");
    let expected = "Compose meets it without the autoscaler, so decide whether the number of replicas must follow the load.";
    assert!(scaled.ends_with(expected), "{scaled}");
    let many = with(&web.replace("web", "other"), "  replicas: 12\n");
    let expected = "Compose can run them, but starts and replaces so many on one machine by itself, so decide whether that is enough.";
    assert!(many.ends_with(expected), "{many}");
}
