//! What a person answers, and what would change the outcome.

use super::{compose, decide, deployment, facts_on, plain};
use crate::config::Config;
use crate::decision::tests::decide_with;
use crate::report::{Answer, AnsweredBy, Decision, Fit, Platform, QuestionId, Signal, Worth};

fn answered(files: &[(&str, &str)], answers: &[(&str, &str)]) -> Decision {
    let mut config = Config::default();
    for (key, value) in answers {
        config.answers.set(key, value).unwrap();
    }
    decide_with(files, config)
}

fn question(decision: &Decision, id: QuestionId) -> (Answer, AnsweredBy) {
    let question = decision.questions.iter().find(|it| it.id == id).unwrap();
    (question.answer, question.by)
}

fn sized(name: &str, cpus: &str) -> String {
    plain(name).replace(
        ":1.2.3'}",
        &format!(":1.2.3', resources: {{requests: {{cpu: {cpus}, memory: 1Gi}}}}}}"),
    )
}

const REQUIRED: &str = "      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}\n";

#[test]
fn several_nodes_by_a_person_mean_a_cluster() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let decision = answered(&[("compose.yaml", &text)], &[("multi-node", "yes")]);
    assert_eq!((decision.outcome.platform, decision.fit), (Platform::Kubernetes, Fit::Outgrown));
    assert_eq!(question(&decision, QuestionId::OneServer), (Answer::No, AnsweredBy::Person));
    assert_eq!(question(&decision, QuestionId::MultiNode), (Answer::Yes, AnsweredBy::Person));
    assert!(decision.reasons[0].text.starts_with("You answered"), "{:?}", decision.reasons);
    let both = [("multi-node", "yes"), ("one-server", "yes")];
    let decision = answered(&[("compose.yaml", &text)], &both);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
    assert_eq!(question(&decision, QuestionId::OneServer), (Answer::Yes, AnsweredBy::Person));
}

#[test]
fn a_direct_answer_is_evidence_of_the_person() {
    for id in QuestionId::ALL {
        for (value, answer) in [("yes", Answer::Yes), ("no", Answer::No)] {
            let decision = answered(&[("web.yaml", &plain("web"))], &[(id.name(), value)]);
            assert_eq!(question(&decision, id), (answer, AnsweredBy::Person), "{id}");
            let question = decision.questions.iter().find(|it| it.id == id).unwrap();
            let own = question.evidence.iter().find(|it| it.signal == Signal::DirectAnswer);
            assert!(own.is_some_and(|it| it.fact.contains(&format!("`{id}={value}`"))), "{id}");
        }
    }
}

#[test]
fn tolerated_downtime_decides_unless_the_size_says_otherwise() {
    let web = deployment("web", ["", "  replicas: 2\n", REQUIRED]);
    let hours = [("downtime", "hours")];
    let decision = answered(&[("web.yaml", &web)], &hours);
    assert_eq!(question(&decision, QuestionId::OneServer), (Answer::Yes, AnsweredBy::Person));
    assert_eq!(question(&decision, QuestionId::MultiNode), (Answer::No, AnsweredBy::Person));
    let decision = answered(&[("web.yaml", &sized("web", "2000"))], &hours);
    assert_eq!(question(&decision, QuestionId::OneServer).0, Answer::No);
}

#[test]
fn only_a_person_can_rule_out_what_the_load_asks_for() {
    let large = sized("web", "2000");
    let decision = answered(&[("web.yaml", &large)], &[("multi-node", "no")]);
    assert!(decision.verdict.contains("contradict each other"), "{}", decision.verdict);
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let decision = answered(&[("compose.yaml", &text)], &[("one-server", "no")]);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
    assert_eq!(question(&decision, QuestionId::MultiNode), (Answer::Yes, AnsweredBy::Person));
}

#[test]
fn a_restore_within_minutes_has_its_conditions() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let said = |time: &str| {
        let decision = answered(&[("compose.yaml", &text)], &[("downtime", time)]);
        facts_on(&decision, QuestionId::OneServer)
    };
    assert!(said("minutes").contains("a restore that is practised"), "{}", said("minutes"));
    assert!(said("hours").contains("can be restored in that time"), "{}", said("hours"));
}

#[test]
fn audits_on_compose_have_a_sentence_of_their_own() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let decision = answered(&[("compose.yaml", &text)], &[("audit", "yes")]);
    assert_eq!(question(&decision, QuestionId::ReplicasAndRollouts).0, Answer::No);
    let outcome = decision.outcome;
    assert_eq!(outcome.platform, Platform::Compose);
    assert_eq!((outcome.argocd, outcome.flux), (Worth::No, Worth::No));
    let said = decision.reasons.iter().any(|it| {
        it.text.contains("regulated")
            && it.text.contains("main branch")
            && it.text.contains("sign tags")
    });
    assert!(said, "{:?}", decision.reasons);
    assert!(decision.reasons[1].text.starts_with("You answered `audit=yes`"));
    let cluster = answered(&[("web.yaml", &plain("web"))], &[("audit", "yes")]);
    assert_eq!(cluster.outcome.argocd, Worth::WorthIt);
    let gitops = cluster.questions.iter().find(|it| it.id == QuestionId::Gitops).unwrap();
    assert!(gitops.evidence.iter().any(|it| it.because.contains("reports or reverts")));
}

#[test]
fn what_would_change_the_outcome_is_tried() {
    let web = deployment("web", ["", "  replicas: 2\n", REQUIRED]);
    let decision = decide(&[("web.yaml", &web)]);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
    let facts: Vec<&str> = decision.flips.iter().map(|it| &*it.fact).collect();
    assert!(
        facts.iter().any(|it| it.starts_with("without this: Deployment `web` must")),
        "{facts:?}"
    );
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let decision = answered(&[("compose.yaml", &text)], &[("multi-node", "yes")]);
    let facts: Vec<&str> = decision.flips.iter().map(|it| &*it.fact).collect();
    assert!(facts.contains(&"`--answer multi-node=no`"), "{facts:?}");
    let decision = decide(&[("compose.yaml", &text)]);
    let spread = decision.flips.iter().find(|it| it.fact.contains("different nodes"));
    assert_eq!(spread.map(|it| it.to), Some(Platform::Kubernetes), "{:?}", decision.flips);
}

#[test]
fn reasons_begin_with_what_supports_the_verdict() {
    // The sum of the requests is known and speaks for one server.
    let web = sized("web", "100m").replace("spec:\n  selector", "spec:\n  replicas: 2\n  selector");
    let decision =
        answered(&[("web.yaml", &web)], &[("replicas-and-rollouts", "yes"), ("teams", "4")]);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
    let first: Vec<&str> = decision.reasons.iter().take(2).map(|it| &*it.text).collect();
    assert!(first.iter().all(|it| it.starts_with("You answered")), "{:?}", decision.reasons);
    assert!(decision.reasons[2].text.contains("states CPUs"), "{:?}", decision.reasons);
}

#[test]
fn what_speaks_against_the_verdict_says_so() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let decision = answered(&[("compose.yaml", &text)], &[("multi-node", "yes")]);
    let against = |it: &&crate::report::Statement| it.text.starts_with("Against it: ");
    assert!(decision.reasons[0].text.starts_with("You answered"), "{:?}", decision.reasons);
    let rest = &decision.reasons[1..];
    assert!(!rest.is_empty() && rest.iter().all(|it| against(&it)), "{:?}", decision.reasons);
    // Nothing leans: one demand can be met on both platforms.
    let sized = sized("web", "100m");
    let open = answered(&[("web.yaml", &sized)], &[("replicas-and-rollouts", "yes")]);
    assert_eq!(open.outcome.so_far, Platform::Either);
    assert!(!open.reasons.iter().any(|it| against(&it)), "{:?}", open.reasons);
}

#[test]
fn two_questions_with_different_results_are_asked() {
    let tolerant = "      tolerations: [{\"key\": dedicated, operator: Exists}]\n      containers:";
    let web = sized("web", "100m").replace("      containers:", tolerant);
    let decision = decide(&[("web.yaml", &web)]);
    let asked: Vec<(&str, &str)> =
        decision.ask.iter().map(|it| (&*it.answer, &*it.changes)).collect();
    // What the files lean to comes first.
    let expected =
        [("multi-node=no", "settles on Compose"), ("multi-node=yes", "settles on Kubernetes")];
    assert_eq!(asked, expected);
}

#[test]
fn a_question_that_an_answer_settles_is_not_asked_again() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let asked = |answers: &[(&str, &str)]| -> Vec<(String, String)> {
        let decision = answered(&[("compose.yaml", &text)], answers);
        decision.ask.into_iter().map(|it| (it.answer, it.changes)).collect()
    };
    let expected = ("downtime=none".to_owned(), "Kubernetes instead of Compose".to_owned());
    assert!(asked(&[]).contains(&expected), "{:?}", asked(&[]));
    let asked = asked(&[("downtime", "minutes")]);
    let again = ["downtime", "one-server", "multi-node"];
    assert!(!asked.iter().any(|it| again.iter().any(|key| it.0.starts_with(key))), "{asked:?}");
}

#[test]
fn each_answer_is_one_reason() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let starts = |answers: &[(&str, &str)]| -> Vec<String> {
        let decision = answered(&[("compose.yaml", &text)], answers);
        let said = decision.reasons.iter().filter(|it| it.text.starts_with("You answered"));
        said.map(|it| it.text.split('`').nth(1).unwrap().to_owned()).collect()
    };
    assert_eq!(starts(&[("multi-node", "yes")]), ["multi-node=yes"]);
    let both = [("replicas-and-rollouts", "yes"), ("teams-and-environments", "yes")];
    let expected = ["replicas-and-rollouts=yes", "teams-and-environments=yes"];
    assert_eq!(starts(&both), expected);
}

#[test]
fn two_answers_are_offered_where_neither_settles_what_the_files_lean_to() {
    // Nine workloads of unknown size: nobody knows whether one server or one team is enough.
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let manifests: String = names.iter().map(|name| format!("---\n{}", plain(name))).collect();
    let decision = decide(&[("k8s/all.yaml", &manifests)]);
    assert_eq!(decision.outcome.platform, Platform::Either);
    let asked: Vec<(&str, &str)> =
        decision.ask.iter().map(|it| (&*it.answer, &*it.changes)).collect();
    assert_eq!(asked[0].0, "downtime=minutes");
    assert!(asked[0].1.starts_with("with `--answer teams=1`, settles on"), "{asked:?}");
    assert_eq!(asked[1].0, "downtime=none");
    let both = [("downtime", "minutes"), ("teams", "1")];
    let settled = answered(&[("k8s/all.yaml", &manifests)], &both);
    assert_eq!(settled.outcome.platform, Platform::Compose);
    // After the first answer, the second alone settles it.
    let half = answered(&[("k8s/all.yaml", &manifests)], &both[..1]);
    assert_eq!(half.ask[0].answer, "teams=1");
}

#[test]
fn the_first_screen_says_nothing_twice() {
    let decision = decide(&[("k8s/web.yaml", &plain("web"))]);
    let changes = decision.ask.iter().map(|it| &*it.changes);
    for changes in changes {
        assert!(decision.steps.iter().all(|it| !it.text.contains(changes)), "{changes}");
    }
}

/// Returns the decision on three Cassandras that must keep apart, with these answers.
fn cassandra(answers: &[(&str, &str)]) -> Decision {
    let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: cassandra}\nspec:\n  replicas: 3\n  serviceName: cassandra\n  selector: {matchLabels: {app: cassandra}}\n  template:\n    metadata: {labels: {app: cassandra}}\n    spec:\n      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: cassandra}}}]}}\n      containers: [{name: main, image: 'cassandra:5.0', resources: {requests: {cpu: 12, memory: 48Gi}}}]\n";
    let mut config = Config::default();
    for (key, value) in answers {
        config.answers.set(key, value).unwrap();
    }
    super::decide_with(&[("cassandra.yaml", text)], config)
}

#[test]
fn what_cannot_run_on_one_node_is_told_to_who_rules_out_several() {
    let decision = cassandra(&[("downtime", "hours")]);
    assert_eq!(
        decision.reasons[1].text,
        "As written, StatefulSet `cassandra` would leave Pods pending on one node: its required anti-affinity has to go before a move to one server."
    );
    // Where the cluster fits, nobody has to take it apart.
    assert!(decision.steps.iter().all(|it| !it.text.contains("Remove")), "{:?}", decision.steps);
    assert!(decision.verdict.starts_with("A larger server is enough"), "{}", decision.verdict);
    let unanswered = cassandra(&[]);
    assert!(unanswered.reasons.iter().all(|it| !it.text.starts_with("As written")));
}

#[test]
fn a_placement_that_one_node_cannot_meet_is_told_too() {
    let stack = "services: {api: {image: 'acme/api:1.2.3', deploy: {replicas: 4, placement: {max_replicas_per_node: 2}}}}\n";
    let mut config = Config::default();
    config.answers.set("multi-node", "no").unwrap();
    let decision = super::decide_with(&[("docker-stack.yml", stack)], config);
    let said = "As written, service `api` would leave tasks pending on one node: its placement has to go before a move to one server.";
    assert_eq!(decision.reasons[1].text, said);
}

#[test]
fn hints_of_a_cluster_alone_lean_to_no_server() {
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n";
    let web = super::deployment("web", ["", "  replicas: 2\n", ""]).replace(
        "image: 'acme/web:1.2.3'",
        "image: 'acme/web:1.2.3', resources: {requests: {cpu: 1, memory: 1Gi}}",
    );
    let decision = super::decide(&[("web.yaml", &web), ("budget.yaml", budget)]);
    assert_eq!(decision.outcome.so_far, Platform::Either);
    assert!(decision.verdict.contains("points to a cluster"), "{}", decision.verdict);
    assert!(decision.scenario.because.ends_with("is open"), "{}", decision.scenario.because);
}

#[test]
fn what_would_change_the_outcome_is_near_and_has_numbers() {
    let decision = cassandra(&[("downtime", "hours")]);
    let facts: Vec<&str> = decision.flips.iter().map(|it| &*it.fact).collect();
    assert!(facts.iter().all(|it| !it.contains("GPU")), "{facts:?}");
    let web = sized("web", "7");
    let decision = decide(&[("web.yaml", &web)]);
    let facts: Vec<&str> = decision.flips.iter().map(|it| &*it.fact).collect();
    let beyond =
        facts.iter().position(|it| it.starts_with("requests above ") && it.ends_with(", now 7"));
    assert!(beyond.is_some(), "{facts:?}");
    assert!(facts[0].contains("different nodes"), "{facts:?}");
    assert!(decision.flips.iter().any(|it| it.to == Platform::Either), "{:?}", decision.flips);
}

#[test]
fn a_load_beyond_the_server_stays_beyond_it_whatever_else_is_asked() {
    let text = "services: {app: {image: 'acme/app:1.2.3', restart: always, deploy: {resources: {reservations: {cpus: '40', memory: 100G}}}}}\n";
    let with = |text: &str| {
        let mut config = Config::default();
        config.answers.set("teams", "3").unwrap();
        decide_with(&[("compose.yaml", text)], config)
    };
    let large = with(text);
    assert_eq!((large.outcome.platform, large.fit), (Platform::Either, Fit::Outgrown));
    assert_eq!(with(&text.replace("'40', memory: 100G", "'4', memory: 10G")).fit, Fit::Fits);
}

#[test]
fn patience_makes_no_server_larger_and_no_autoscaler_needless() {
    let cluster = |most: u8| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n    \
             spec: {{containers: [{{name: a, image: 'acme/a:1.2.3', resources: {{requests: {{cpu: '2', memory: 2Gi}}}}}}]}}\n---\n\
             apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: a}}, minReplicas: 3, maxReplicas: {most}}}\n"
        )
    };
    let with = |most: u8| {
        let mut config = Config::default();
        config.answers.set("downtime", "minutes").unwrap();
        decide_with(&[("a.yaml", &cluster(most))], config)
    };
    let large = with(12);
    assert!(large.verdict.starts_with("A larger server is enough"), "{}", large.verdict);
    assert!(large.verdict.contains("without the autoscaler"), "{}", large.verdict);
    assert!(large.reasons.iter().any(|it| it.text.contains("one with 32 CPUs")), "{large:?}");
    assert!(with(6).verdict.starts_with("One server is enough"), "{}", with(6).verdict);
}

#[test]
fn a_limit_is_not_what_is_requested_now() {
    let text = "services: {app: {image: 'acme/app:1.2.3', restart: always, deploy: {resources: {limits: {cpus: '8', memory: 8G}, reservations: {cpus: '1', memory: 1G}}}}}\n";
    let decision = decide_with(&[("compose.yaml", text)], Config::default());
    let said = decision.would_change.join("\n");
    assert!(said.contains("now 1 (limits: 8)"), "{said}");
    let without = text.replace("limits: {cpus: '8', memory: 8G}, ", "");
    let decision = decide_with(&[("compose.yaml", &without)], Config::default());
    assert!(decision.would_change.join("\n").contains("CPUs, now 1:"), "{decision:?}");
}

#[test]
fn one_answer_is_one_reason() {
    let text =
        "services: {app: {image: 'acme/app:1.2.3', restart: always, deploy: {replicas: 2}}}\n";
    let mut config = Config::default();
    config.answers.set("audit", "yes").unwrap();
    let decision = decide_with(&[("docker-stack.yml", text)], config);
    let about = decision.reasons.iter().filter(|it| it.text.contains("`audit=yes`"));
    assert_eq!(about.count(), 1, "{:?}", decision.reasons);
}

#[test]
fn a_larger_server_is_enough_only_where_there_is_one() {
    let with = |most: u32| {
        let web = super::deployment("web", ["", "", ""]).replace(
            "image: 'acme/web:1.2.3'",
            "image: 'acme/web:1.2.3', resources: {requests: {cpu: 4, memory: 8Gi}}",
        );
        let scaler = format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{minReplicas: 1, maxReplicas: {most}, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}\n"
        );
        let mut config = Config::default();
        config.answers.set("one-server", "yes").unwrap();
        decide_with(&[("web.yaml", &web), ("scale.yaml", &scaler)], config)
    };
    let (some, none) = (with(8), with(5000));
    assert!(some.verdict.contains("larger server"), "{}", some.verdict);
    assert!(!none.verdict.contains("larger server"), "{}", none.verdict);
    let evidence = none.questions.iter().flat_map(|it| &it.evidence);
    let facts: Vec<&str> = evidence.map(|it| &*it.fact).collect();
    assert!(facts.iter().any(|it| it.ends_with(", and no single server holds it")), "{facts:?}");
}
