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
