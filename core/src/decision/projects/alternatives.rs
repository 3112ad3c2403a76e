//! Files of which one is run, or that reach no cluster.

use super::{decide, plain};
use crate::report::CheckItem;

#[test]
fn variants_with_the_same_container_are_alternatives() {
    let file = |third: &str, container: &str| {
        format!(
            "services:\n  app: {{image: 'acme/app:1.2.3', container_name: app, restart: always}}\n  \
             {third}: {{image: 'acme/{third}:1.2.3', container_name: {container}, restart: always}}\n  \
             {third}-more: {{image: 'acme/{third}-more:1.2.3', restart: always}}\n"
        )
    };
    let counted = |second: &str| {
        decide(&[("compose.yaml", &file("api", "api")), ("docker-compose.full.yml", second)])
            .counted
    };
    assert!(counted(&file("web", "web")).starts_with("3 Compose services"));
    let apart = file("web", "web").replace(
        "app: {image: 'acme/app:1.2.3', container_name: app",
        "front: {image: 'acme/front:1.2.3'",
    );
    assert!(counted(&apart).starts_with("6 Compose services"), "{}", counted(&apart));
}

#[test]
fn the_file_for_production_counts_before_the_one_by_default() {
    let local = "services: {app: {build: ., restart: always, ports: ['8080:8080']}}\n";
    let served = "services: {app: {image: 'acme/app:1.2.3', restart: always, ports: ['127.0.0.1:8080:8080']}}\n";
    let counted = |name: &str| decide(&[("docker-compose.yml", local), (name, served)]).counted;
    assert!(counted("docker-compose.prod.yml").ends_with("counted from `docker-compose.prod.yml`"));
    assert!(!counted("docker-compose.other.yml").contains("docker-compose.other.yml"));
}

#[test]
fn what_no_kustomization_names_and_what_a_developer_runs_is_no_object() {
    let bot = plain("bot");
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: bot}\nspec: {rules: [{backendRefs: [{name: bot, port: 80}]}]}\n";
    let stay = |listed: &str, more: (&str, &str)| {
        let kustomization = format!("resources: [bot.yaml{listed}]\n");
        decide(&[("base/kustomization.yaml", &kustomization), ("base/bot.yaml", &bot), more])
            .cost
            .stay
            .text
    };
    let aside = stay("", ("base/route.yaml", route));
    assert!(aside.starts_with("1 object of 1 kind"), "{aside}");
    let named = stay(", route.yaml", ("base/route.yaml", route));
    assert!(named.starts_with("2 objects of 2 kinds"), "{named}");
    let skaffold = "apiVersion: skaffold/v2beta5\nkind: Config\nmetadata: {name: bot}\nbuild: {artifacts: [{image: acme/bot}]}\n";
    let beside = decide(&[("k8s/bot.yaml", &*bot), ("skaffold.yaml", skaffold)]).cost.stay.text;
    assert!(beside.starts_with("1 object of 1 kind"), "{beside}");
}

#[test]
fn a_step_names_all_that_have_the_same_fault() {
    let names = ["a", "b", "c", "d", "e"];
    let text = |names: &[&str]| names.iter().map(|it| plain(it)).collect::<Vec<_>>().join("---\n");
    let said = |names: &[&str]| {
        let steps = decide(&[("k8s/all.yaml", &text(names))]).steps;
        steps.into_iter().map(|it| it.text).collect::<Vec<_>>().join("\n")
    };
    assert!(said(&names).contains("; the same for `b`, `c`, `d` and 1 more."), "{}", said(&names));
    assert!(!said(&names[..1]).contains("the same for"), "{}", said(&names[..1]));
}

#[test]
fn several_gpus_are_told_with_the_load() {
    let with = |count: u8| {
        let text = format!(
            "services: {{app: {{image: 'acme/app:1.2.3', restart: always, deploy: {{resources: {{reservations: {{cpus: '4', memory: 16G, devices: [{{driver: nvidia, count: {count}, capabilities: [gpu]}}]}}}}}}}}}}\n"
        );
        let reasons = decide(&[("compose.yaml", &text)]).reasons;
        reasons.into_iter().map(|it| it.text).collect::<Vec<_>>().join("\n")
    };
    assert!(with(4).contains("The server needs 4 GPUs as well."), "{}", with(4));
    assert!(!with(1).contains("GPU"), "{}", with(1));
}

#[test]
fn no_job_is_as_wide_as_one_and_as_tall_as_another() {
    let job = |name: &str, cpu: u8, memory: u8| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: 'acme/{name}:1.2.3', resources: {{requests: {{cpu: {cpu}, memory: {memory}Gi}}}}}}]}}}}}}\n"
        )
    };
    let said = |tall: u8| {
        let text = format!("{}---\n{}", job("wide", 12, 1), job("other", 1, tall));
        super::facts_on(&decide(&[("jobs.yaml", &text)]), crate::report::QuestionId::OneServer)
    };
    let two = said(50);
    assert!(two.contains("the one with the most CPUs adds 12 CPUs"), "{two}");
    assert!(two.contains("the one with the most memory 50 GiB of memory"), "{two}");
    let one = said(1);
    assert!(one.contains("the largest of 2 Jobs adds 12 CPUs and 1 GiB of memory"), "{one}");
    assert!(!two.contains("single replica"), "{two}");
}

#[test]
fn an_empty_folder_settles_nothing() {
    let empty = decide(&[("notes.yaml", "just: text\n")]);
    assert!(empty.ask.is_empty() && empty.flips.is_empty(), "{:?}", empty.ask);
    let some =
        decide(&[("compose.yaml", "services: {a: {image: 'acme/a:1.2.3', restart: always}}\n")]);
    assert!(!some.ask.is_empty());
}

#[test]
fn what_nothing_copies_is_a_step_beside_a_cluster_too() {
    let compose = |more: &str| {
        format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', restart: always}}\n  db: {{image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}}\n{more}volumes: {{pg: {{}}}}\n"
        )
    };
    let said = |more: &str| {
        let mut config = crate::config::Config::default();
        config.answers.set("multi-node", "yes").unwrap();
        let files = [("compose.yaml", &*compose(more)), ("k8s/web.yaml", &*plain("web"))];
        let decision = super::decide_with(&files, config);
        assert!(decision.checklists.server.iter().any(|it| it.item == CheckItem::Backups));
        decision.steps.into_iter().map(|it| it.text).collect::<Vec<_>>().join("\n")
    };
    assert!(said("").contains("Add a backup of `pg`"), "{}", said(""));
    let copied = said(
        "  dump: {image: 'prodrigestivill/postgres-backup-local:17', restart: always, environment: {POSTGRES_HOST: db}}\n",
    );
    assert!(!copied.contains("Add a backup"), "{copied}");
}

#[test]
fn what_an_autoscaler_may_leave_at_one_replica_may_run_as_several() {
    let scaled = |name: &str, least: u8| {
        format!(
            "{}---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec: {{minReplicas: {least}, maxReplicas: 4, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}}}\n",
            plain(name)
        )
    };
    let said = |least: u8| {
        let text = format!("{}---\n{}", scaled("a", least), scaled("b", least));
        let decision = decide(&[("k8s/all.yaml", &text)]);
        super::facts_on(&decision, crate::report::QuestionId::ReplicasAndRollouts)
    };
    assert!(said(1).contains("may run as more than one replica"), "{}", said(1));
    assert!(!said(2).contains("may run"), "{}", said(2));
}

#[test]
fn a_swarm_is_not_told_that_a_single_server_is_documented() {
    let text = "services: {app: {image: 'acme/app:1.2.3', deploy: {replicas: 2}}}\n";
    let myth = |answer: &str| {
        let mut config = crate::config::Config::default();
        config.answers.set("multi-node", answer).unwrap();
        let myth = super::decide_with(&[("docker-stack.yml", text)], config).myth;
        myth.is_some_and(|it| it.contains("single server"))
    };
    assert!(!myth("yes"));
    let plain = decide(&[(
        "compose.yaml",
        "services: {app: {image: 'acme/app:1.2.3', restart: always}}\n",
    )]);
    assert!(plain.myth.is_some_and(|it| it.contains("single server")), "{:?}", plain.myth);
}

#[test]
fn gpus_are_those_of_a_server_where_the_verdict_is_about_one() {
    let text = "services: {app: {image: 'acme/app:1.2.3', restart: always, deploy: {resources: {reservations: {cpus: '4', memory: 16G, devices: [{driver: nvidia, count: 4, capabilities: [gpu]}]}}}}}\n";
    let with = |answer: &str| {
        let mut config = crate::Config::default();
        config.answers.set("one-server", "yes").unwrap();
        config.answers.set("multi-node", answer).unwrap();
        let reasons = super::decide_with(&[("compose.yaml", text)], config).reasons;
        reasons.into_iter().map(|it| it.text).collect::<Vec<_>>().join("\n")
    };
    assert!(!with("yes").contains("The server needs"), "{}", with("yes"));
    assert!(with("no").contains("The server needs 4 GPUs as well."), "{}", with("no"));
}
