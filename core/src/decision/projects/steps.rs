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
        data.starts_with("service `app`: Give `app` a PersistentVolumeClaim at `/srv/uploads`"),
        "{data}"
    );
    // <https://kubernetes.io/docs/concepts/configuration/configmap/>
    for config in ["'./app.yml:/srv/app.yml'", "'./settings:/srv/settings:ro'"] {
        assert!(step(config, "").contains("as a ConfigMap"), "{}", step(config, ""));
    }
    let import = step("'./realm:/srv/data/import'", "");
    assert!(import.contains("as a ConfigMap"), "{import}");
    let code = step("'./src:/srv/src'", ", build: .");
    assert!(code.contains("into the image of `app`"), "{code}");
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
    assert!(all.contains("Give `db` a PersistentVolumeClaim at `/var/lib/mysql`"), "{all}");
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
    let order = [at("`wbe`"), at("`/srv/pages`"), at("backup of `pages`"), at("plain text")];
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

/// Returns a clean workload of a cluster: sized, and bound to nothing.
fn clean(kind: &str, name: &str, image: &str, [spec, container]: [&str; 2]) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n{spec}  \
         template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n        - name: {name}\n          image: '{image}'\n{container}          \
         resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 128Mi}}}}\n          \
         readinessProbe: {{tcpSocket: {{port: 80}}}}\n"
    )
}

const DISK: &str = "  serviceName: db\n  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]\n";
const MOUNT: &str = "          volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]\n          env: [{name: PGDATA, value: /var/lib/postgresql/data/pgdata}]\n";
const NIGHTLY: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {schedule: '0 3 * * *', concurrencyPolicy: Forbid, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: nightly, image: 'acme/nightly:1.2.3', resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 128Mi}}}]}}}}}\n";
const ROUTE: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {ingressClassName: nginx, tls: [{hosts: [shop.example.com], secretName: shop}], rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n";

/// Returns the steps for a small shop on a cluster, with further documents and these answers.
fn steps_of_shop(more: &[&str], answers: &[(&str, &str)]) -> Vec<String> {
    let web = clean("Deployment", "web", "acme/web:1.2.3", ["", ""]);
    let db = clean("StatefulSet", "db", "postgres:17.2", [DISK, MOUNT]);
    let all = [web, db, super::service("web"), super::service("db")];
    let more = more.iter().map(|it| (*it).to_owned());
    let text = all.into_iter().chain(more).collect::<Vec<_>>().join("---\n");
    let mut config = Config::default();
    for (key, value) in answers {
        config.answers.set(key, value).unwrap();
    }
    let decision = super::decide_with(&[("k8s/shop.yaml", &text)], config);
    assert_eq!(decision.today, Today::Kubernetes);
    texts(&decision).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_cluster_that_is_not_needed_has_the_steps_to_a_server() {
    let all = steps_of_shop(&[NIGHTLY, ROUTE], &[("downtime", "hours"), ("teams", "1")]);
    let expected = [
        "Restore a copy of the data of StatefulSet `db` on a server, which also tests the backup: the claim template `data` stays in the cluster.",
        "Write Deployment `web` and StatefulSet `db` as Compose services, with their healthchecks.",
        "Put a reverse proxy on the server in the place of Ingress `shop`.",
        "Run CronJob `nightly` from a timer on the server, such as cron: Compose has no schedule.",
        "Compare the hours that the cluster takes each month for Deployment `web` and 2 more workloads with those of one server and its backups.",
    ];
    assert_eq!(all, expected);
}

#[test]
fn a_cluster_that_is_needed_has_steps_about_what_it_lacks() {
    let answers = [("multi-node", "yes")];
    let all = steps_of_shop(&[], &answers).join("\n");
    let backup = "Add a backup of the data of StatefulSet `db`: nothing in these files copies the claim template `data`.";
    let second = "Run at least 2 replicas of Deployment `web`: a single one is down with its node.";
    assert!(all.contains(backup) && all.contains(second), "{all}");
    assert!(!all.contains("on a server") && !all.contains("Compose services"), "{all}");
    let dump = NIGHTLY.replace("nightly", "pg-backup");
    let all = steps_of_shop(&[&dump], &answers).join("\n");
    assert!(!all.contains("Add a backup") && all.contains(second), "{all}");
}

#[test]
fn a_schedule_of_velero_is_a_backup() {
    let with = |group: &str| {
        let schedule = format!(
            "apiVersion: {group}/v1\nkind: Schedule\nmetadata: {{name: daily, namespace: ops}}\nspec: {{schedule: '0 3 * * *'}}\n"
        );
        steps_of_shop(&[&schedule], &[("multi-node", "yes")]).join("\n")
    };
    for group in ["velero.io", "k8up.io"] {
        assert!(!with(group).contains("Add a backup"), "{group}");
    }
    assert!(with("calendar.example.com").contains("Add a backup of the data of StatefulSet `db`"));
}

#[test]
fn a_scheduler_gets_no_second_replica() {
    let with = |name: &str, command: &str| {
        let command = format!("          command: {command}\n");
        let text = clean("Deployment", name, "acme/app:1.2.3", ["", &command]);
        let mut config = Config::default();
        config.answers.set("multi-node", "yes").unwrap();
        texts(&super::decide_with(&[("k8s/app.yaml", &text)], config)).join("\n")
    };
    assert!(
        with("app", "[node, server.js]").contains("Run at least 2 replicas of Deployment `app`")
    );
    for (name, command) in [
        ("app", "[celery, -A, app, beat]"),
        ("app", "[node, scheduler.js]"),
        ("job-scheduler", "[node, main.js]"),
    ] {
        let said = with(name, command);
        assert!(!said.contains("at least 2 replicas"), "{name} {command}: {said}");
    }
}

#[test]
fn a_question_that_an_asked_answer_bears_on_is_no_step_of_its_own() {
    let steps = |spec: &str, size: &str| {
        let text = clean("Deployment", "web", "acme/web:1.2.3", [spec, ""]);
        let decision = decide(&[("k8s/all.yaml", &text.replace("cpu: 100m, memory: 128Mi", size))]);
        texts(&decision).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let (one, two) = ("  replicas: 1\n", "  replicas: 2\n");
    let asked = ["Settle what is open: answer `replicas-and-rollouts` or `downtime`."];
    assert_eq!(steps(two, "cpu: 100m, memory: 128Mi"), asked);
    let open =
        "Find out how many replicas the peak load takes: Deployment `web` runs as 2 replicas.";
    assert!(steps(two, "memory: 128Mi").iter().any(|it| it == open));
    let single = steps(one, "memory: 128Mi");
    assert!(single.iter().all(|it| !it.contains("Find out")), "{single:#?}");
}
