//! What it costs small projects to stay and to move.

use super::decide;
use super::sums::{cron_job, deployment, join};
use crate::config::Config;
use crate::decision::tests::decide_with;
use crate::report::QuestionId;

#[test]
fn a_swarm_that_is_not_needed_is_counted_as_a_swarm() {
    let text = "services:\n  web:\n    image: acme/web:1.2.3\n    deploy:\n      placement: {constraints: [node.role == manager]}\n      \
                resources: {limits: {cpus: '1', memory: 1g}}\n";
    let mut config = Config::default();
    config.answers.downtime = Some(crate::config::Downtime::Hours);
    config.answers.questions.insert(QuestionId::ReplicasAndRollouts, false);
    config.answers.questions.insert(QuestionId::MultiNode, false);
    let decision = decide_with(&[("docker-stack.yml", text)], config);
    assert_eq!(decision.fit, crate::report::Fit::OverBuilt, "{decision:?}");
    let operated = &decision.reasons[0].text;
    assert_eq!(
        operated,
        "You operate 1 service in Swarm mode, written in 6 lines, and nothing in it needs more than one machine."
    );
    assert!(decision.cost.stay.text.contains("the nodes of a swarm"), "{:?}", decision.cost);
}

#[test]
fn a_workload_that_compose_runs_in_another_form_is_written() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always}\n  api: {image: 'acme/api:1.2.3', restart: always}\n";
    let (web, api) = (deployment("web", "", "{}"), deployment("api", "", "{}"));
    let full = join(&[web.clone(), api]);
    let files = [("compose.yaml", compose), ("full.yaml", &*full), ("quickstart.yaml", &*web)];
    let text = decide(&files).cost.go.text;
    assert!(text.starts_with("to Compose alone: no service to write"), "{text}");
}

#[test]
fn a_move_builds_only_what_is_not_there() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always}\n  worker: {image: 'acme/worker:1.2.3', restart: always}\n";
    let cluster = join(&[
        deployment("web", "", "{}"),
        deployment("search", "", "{}"),
        cron_job("dump", "", "{}"),
    ]);
    let decision = decide(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]);
    let text = &decision.cost.go.text;
    assert!(text.starts_with("to Compose alone: 1 service to write"), "{text}");
    assert!(text.contains("1 CronJob to give up or to build outside Compose"), "{text}");
    assert_eq!((decision.cost.go.objects, decision.cost.go.lines), (1, None));
    let alone = decide(&[("k8s/all.yaml", &cluster)]);
    assert!(alone.cost.go.text.starts_with("2 services to write"), "{}", alone.cost.go.text);
}

#[test]
fn jobs_and_routes_become_services_of_compose() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: 'acme/migrate:1.2.3'}]}}}\n";
    let route = |name: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{rules: [{{host: {name}.example.com, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    };
    let web = deployment("web", "", "{}");
    let both = join(&[web.clone(), job.to_owned(), route("shop"), route("blog")]);
    let text = decide(&[("k8s/all.yaml", &both)]).cost.go.text;
    assert!(
        text.starts_with(
            "3 services to write, one of them a reverse proxy, nothing that Compose lacks"
        ),
        "{text}"
    );
    let proxy = deployment("edge", "", "{}").replace("acme/edge:1.2.3", "traefik:v3.3.3");
    assert!(proxy.contains("traefik:"), "{proxy}");
    let behind = join(&[web, proxy, route("shop")]);
    let text = decide(&[("k8s/all.yaml", &behind)]).cost.go.text;
    assert!(text.starts_with("2 services to write, nothing that Compose lacks"), "{text}");
}

#[test]
fn a_cluster_for_compose_takes_what_the_services_use() {
    let text = "services:\n  web: {image: 'acme/web:1.2.3', ports: ['80:80'], volumes: ['data:/data'], depends_on: {migrate: {condition: service_completed_successfully}}}\n  \
                migrate: {image: 'acme/web:1.2.3', command: ./migrate, ports: ['81:81']}\nvolumes: {data: {}, unused: {}}\n";
    let decision = decide(&[("compose.yaml", text)]);
    assert_eq!(
        decision.cost.go.text,
        "about 4 objects to write (1 Deployment or StatefulSet, 1 Job, 1 Service, 1 PersistentVolumeClaim), and a cluster to run and upgrade"
    );
    let built = decide(&[("compose.yaml", "services: {web: {build: ., ports: ['80:80']}}\n")]);
    assert!(
        built.cost.go.text.contains("a registry for the images that are built here"),
        "{}",
        built.cost.go.text
    );
}

#[test]
fn custom_resources_are_what_compose_lacks() {
    // <https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/>
    let monitor = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}\n";
    let with = |more: &str| {
        let text = join(&[deployment("web", "", "{}"), more.to_owned()]);
        decide(&[("k8s/all.yaml", &text)]).cost.go.text
    };
    assert!(with(monitor).contains("1 custom resource to give up"), "{}", with(monitor));
    let lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: web}\n";
    assert!(with(lease).contains("nothing that Compose lacks"), "{}", with(lease));
}

#[test]
fn a_web_server_in_front_of_others_is_the_proxy() {
    let route = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n";
    let cluster = join(&[deployment("web", "", "{}"), route.to_owned()]);
    let with = |edge: &str| {
        let compose =
            format!("services:\n  web: {{image: 'acme/web:1.2.3', restart: always}}\n{edge}");
        decide(&[("compose.yaml", &compose), ("k8s/all.yaml", &cluster)]).cost.go.text
    };
    assert!(with("").contains("1 service to write, a reverse proxy"), "{}", with(""));
    let edge =
        "  edge: {image: 'nginx:1.27.3', restart: always, ports: ['80:80'], depends_on: [web]}\n";
    assert!(with(edge).contains("no service to write"), "{}", with(edge));
}
