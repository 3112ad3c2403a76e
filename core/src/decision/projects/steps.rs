//! The next steps: each names something of the project, and asks for what fits it.

use super::{decide, plain};
use crate::report::{CheckItem, CheckState, Decision, Role, Today};
use crate::{Config, File, Workspace};

/// Returns the steps, each as "subject: text".
fn steps(decision: &Decision) -> Vec<String> {
    decision.steps.iter().map(|it| format!("{}: {}", it.subject, it.text)).collect()
}

#[test]
fn every_step_but_the_open_answer_has_a_place() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', ports: ['80:80']}\n  db: {image: 'postgres:17.2', volumes: ['pg:/var/lib/postgresql/data']}\nvolumes: {pg: {}}\n";
    let cluster = plain("web");
    for files in [
        vec![("compose.yaml", compose)],
        vec![("compose.yaml", compose), ("k8s/web.yaml", &*cluster)],
    ] {
        let decision = decide(&files);
        assert!(!decision.steps.is_empty());
        for step in &decision.steps {
            let is_answer = step.text.contains("answer `");
            assert!(step.span.is_some() || is_answer, "{step:?}");
        }
        // Who watches the server is in no file, so that no step could name it.
        let all = steps(&decision).join("\n");
        assert!(!all.contains("monitor outside"), "{all}");
    }
}

#[test]
fn a_step_says_once_what_to_use() {
    let job = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: report}\nspec: {schedule: '0 4 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: report, image: 'acme/report:1.2.3'}]}}}}}\n";
    let all = steps(&decide(&[("k8s/report.yaml", job)]));
    let own = all.iter().find(|it| it.contains("batch/v1beta1")).expect("a step");
    assert_eq!(own.matches("`batch/v1`").count(), 1, "{own}");
    assert!(own.ends_with("; use `batch/v1`."), "{own}");
}

#[test]
fn what_a_bind_mount_brings_decides_what_takes_its_place() {
    let step = |volumes: &str, more: &str| {
        let compose =
            format!("services:\n  app: {{image: 'acme/app:1.2.3', volumes: [{volumes}]{more}}}\n");
        let cluster = plain("other");
        let mut config = Config::default();
        config.answers.set("downtime", "none").unwrap();
        let files = [("compose.yaml", &*compose), ("k8s/other.yaml", &*cluster)];
        let decision = super::decide_with(&files, config);
        steps(&decision).into_iter().find(|it| it.contains("`/srv/")).unwrap_or_default()
    };
    // <https://kubernetes.io/docs/concepts/storage/persistent-volumes/>
    let data = step("'./uploads:/srv/uploads'", "");
    assert!(
        data.starts_with("service `app`: Give it a PersistentVolumeClaim at `/srv/uploads`"),
        "{data}"
    );
    // <https://kubernetes.io/docs/concepts/configuration/configmap/>
    for config in ["'./app.yml:/srv/app.yml'", "'./settings:/srv/settings:ro'"] {
        assert!(step(config, "").contains("as a ConfigMap"), "{}", step(config, ""));
    }
    let import = step("'./realm:/srv/data/import'", "");
    assert!(import.contains("as a ConfigMap"), "{import}");
    let code = step("'./src:/srv/src'", ", build: .");
    assert!(code.contains("into the image"), "{code}");
    // Lost data comes first.
    let both = step("'./app.yml:/srv/app.yml', './uploads:/srv/uploads'", "");
    assert!(both.contains("PersistentVolumeClaim"), "{both}");
    assert_eq!(step("'/proc:/srv/proc'", ""), "");
}

#[test]
fn a_database_on_a_folder_of_the_host_gets_a_claim() {
    let compose =
        "services:\n  db: {image: 'mysql:8.4', volumes: ['/usr/local/mysql:/var/lib/mysql']}\n";
    let mut config = Config::default();
    config.answers.set("downtime", "none").unwrap();
    let decision = super::decide_with(&[("compose.yaml", compose)], config);
    let all = steps(&decision).join("\n");
    assert!(all.contains("Give it a PersistentVolumeClaim at `/var/lib/mysql`"), "{all}");
    assert!(!all.contains("Build"), "{all}");
}

#[test]
fn the_number_of_a_port_is_no_proof_of_tls() {
    let edge = |more: &str| {
        let text = format!(
            "services: {{edge: {{image: 'nginx:1.27.3', restart: always, ports: ['8443:8443']{more}}}}}\n"
        );
        let decision = decide(&[("compose.yaml", &text)]);
        let mut items = decision.checklists.server.iter();
        items.find(|it| it.item == CheckItem::TlsEdge).unwrap().clone()
    };
    let bare = edge("");
    assert_eq!(bare.state, CheckState::CannotSee, "{bare:?}");
    assert!(bare.seen.contains("`edge` publishes a port on which TLS is usual"), "{bare:?}");
    for proof in [
        ", volumes: ['./certs:/etc/nginx/certs:ro']",
        ", secrets: [tls_cert]",
        ", command: [server, '--tls-cert=/run/edge.pem']",
    ] {
        assert_eq!(edge(proof).state, CheckState::Pass, "{proof}");
    }
    let declared = "services: {edge: {image: 'acme/edge:1.2.3', restart: always, ports: [{target: 4000, published: '4000', app_protocol: https}]}}\n";
    let decision = decide(&[("compose.yaml", declared)]);
    let mut items = decision.checklists.server.iter();
    let item = items.find(|it| it.item == CheckItem::TlsEdge).unwrap();
    assert_eq!(item.state, CheckState::Pass, "{item:?}");
}

#[test]
fn a_stack_of_images_that_were_built_here_is_tried_out() {
    let role = |path: &str| {
        let mut workspace = Workspace::default();
        let text = "services: {master: {image: 'acme/store:local', deploy: {replicas: 3}}}\n";
        workspace.set_file(File::new(path, text));
        workspace.set_file(File::new("k8s/web.yaml", plain("web")));
        workspace.analysis(&Config::default()).facts().services()[0].role
    };
    assert_eq!(role("docker/swarm-etcd.yml"), Role::Development);
    assert_eq!(role("docker/prod-swarm.yml"), Role::Production);
    let decision = decide(&[
        ("docker/swarm-etcd.yml", "services: {master: {image: 'acme/store:local'}}\n"),
        ("k8s/web.yaml", &plain("web")),
    ]);
    assert_eq!(decision.today, Today::Kubernetes);
}

/// Returns the first words of each step, without its subject.
fn texts(decision: &Decision) -> Vec<&str> {
    decision.steps.iter().map(|it| it.text.as_str()).collect()
}

#[test]
fn what_loses_data_comes_first_and_hygiene_last() {
    let compose = "services:\n  web: {image: 'acme/web:latest', ports: ['80:80'], environment: {TOKEN: x}}\n  db: {image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}\nvolumes: {pg: {}}\n";
    let mut config = Config::default();
    config.answers.set("downtime", "hours").unwrap();
    let decision = super::decide_with(&[("compose.yaml", compose)], config);
    let all = texts(&decision);
    let at = |words: &str| {
        let found = all.iter().position(|it| it.contains(words));
        found.unwrap_or_else(|| panic!("{words}: {all:?}"))
    };
    let order = [at("backup of `pg`"), at("terminates TLS"), at("restart"), at("healthcheck")];
    assert!(order.is_sorted(), "{all:?}");
}

#[test]
fn the_crossing_starts_with_state_then_what_stops_it_then_secrets() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', environment: {MODE: prod}, volumes: ['pages:/srv/pages']}\nvolumes: {pages: {}}\n";
    let cluster = format!(
        "{}---\n{}",
        plain("web").replace(
            "image: 'acme/web:1.2.3'",
            "image: 'acme/web:1.2.3', env: [{name: API_PASSWORD, value: 'k9Xw2vQz7Lm4'}]"
        ),
        super::service("web"),
    );
    let policy = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: wbe, port: {number: 80}}}}]}}]}\n";
    let mut config = Config::default();
    config.answers.set("downtime", "none").unwrap();
    let files =
        [("compose.yaml", compose), ("k8s/web.yaml", &*cluster), ("k8s/ingress.yaml", policy)];
    let decision = super::decide_with(&files, config);
    let all = texts(&decision);
    let at = |words: &str| all.iter().position(|it| it.contains(words));
    let order = [at("`wbe`"), at("`/srv/pages`"), at("plain text"), at("readiness")];
    assert!(order.iter().all(Option::is_some), "{all:?}");
    assert!(order.is_sorted(), "{all:?}");
}

#[test]
fn no_step_is_about_an_item_that_passes() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', ports: ['80:80']}\n  db: {image: 'postgres:17.2', volumes: ['pg:/var/lib/postgresql/data']}\n  copy: {image: 'restic/restic:0.17.3', restart: always}\nvolumes: {pg: {}}\n";
    let decision = decide(&[("compose.yaml", compose)]);
    let passed = decision.checklists.server.iter().filter(|it| it.state == CheckState::Pass);
    let own: Vec<_> = passed.flat_map(|it| it.findings.iter().map(|finding| finding.1)).collect();
    assert!(decision.steps.iter().all(|it| it.span.is_none_or(|span| !own.contains(&span))));
    // What `copy` copies is not known, so that nobody can say that nothing copies the data.
    let all = texts(&decision).join("\n");
    assert!(!all.contains("Add a backup"), "{all}");
}

#[test]
fn the_file_of_a_database_is_copied_before_other_files() {
    let compose = "services:\n  dns: {image: 'coredns/coredns:1.12.0', volumes: ['zones:/zones']}\n  app: {image: 'acme/app:1.2.3', environment: {DATABASE: sqlite}, volumes: ['sqldata:/srv/data']}\nvolumes: {zones: {}, sqldata: {}}\n";
    let all = steps(&decide(&[("compose.yaml", compose)])).join("\n");
    assert!(all.contains("Add a backup of `sqldata`"), "{all}");
}

#[test]
fn a_folder_with_files_of_the_project_is_configuration() {
    let compose =
        "services:\n  app: {image: 'acme/app:1.2.3', volumes: ['./components:/components']}\n";
    let mut config = Config::default();
    config.answers.set("downtime", "none").unwrap();
    let cluster = plain("other");
    let step = |more: Option<(&str, &str)>| {
        let mut files = vec![("deploy/compose.yaml", compose), ("k8s/other.yaml", &*cluster)];
        files.extend(more);
        let decision = super::decide_with(&files, config.clone());
        let all = steps(&decision);
        all.into_iter().find(|it| it.contains("`/components`")).unwrap_or_default()
    };
    let held = step(Some(("deploy/components/queue.yaml", "spec: {type: queue}\n")));
    assert!(held.contains("as a ConfigMap"), "{held}");
}
