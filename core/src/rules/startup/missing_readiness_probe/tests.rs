use super::RULE;
use crate::rules::testing::{findings, messages};

fn sides(service: &str, kind: &str, container: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, {service}}}\n---\napiVersion: x/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n        - name: web\n          image: a/b:1\n{container}"
    )
    .replace("x/v1", if kind == "Job" { "batch/v1" } else { "apps/v1" })
}

#[test]
fn jobs_headless_services_and_other_ports_are_silent() {
    let ports = "ports: [{port: 80, targetPort: 8080}]";
    assert_eq!(messages(&RULE, &sides(ports, "Deployment", "")).len(), 1);
    assert_eq!(messages(&RULE, &sides(ports, "Job", "")).len(), 0);
    assert_eq!(messages(&RULE, &sides("clusterIP: None", "StatefulSet", "")).len(), 0);
    let headless = format!("clusterIP: None, {ports}");
    assert_eq!(messages(&RULE, &sides(&headless, "StatefulSet", "")).len(), 0);
    let sidecar = "        - name: proxy\n          image: a/p:1\n          ports: [{containerPort: 8080}]\n          readinessProbe: {tcpSocket: {port: 8080}}\n";
    assert_eq!(messages(&RULE, &sides(ports, "Deployment", sidecar)).len(), 0);
    let udp = "ports: [{port: 53, protocol: UDP}]";
    assert_eq!(messages(&RULE, &sides(udp, "Deployment", "")).len(), 0);
}

#[test]
fn every_kind_and_every_way_to_name_the_port_counts() {
    let listed = "          ports: [{name: http, containerPort: 8080}]\n";
    let probe = "          readinessProbe: {tcpSocket: {port: http}}\n";
    for ports in [
        "ports: [{port: 80, targetPort: http}]",
        "ports: [{port: 80, targetPort: 8080}]",
        "ports: [{port: 8080}]",
    ] {
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
            assert_eq!(messages(&RULE, &sides(ports, kind, listed)).len(), 1, "{kind} {ports}");
            let probed = format!("{listed}{probe}");
            assert!(messages(&RULE, &sides(ports, kind, &probed)).is_empty(), "{kind}");
        }
    }
    let rollout = sides("ports: [{port: 8080}]", "Rollout", listed)
        .replace("apps/v1", "argoproj.io/v1alpha1");
    assert_eq!(messages(&RULE, &rollout).len(), 1);
    let cron = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec: {schedule: '* * * * *', jobTemplate: {spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: a}]}}}}}\n";
    assert!(messages(&RULE, cron).is_empty());
}

#[test]
fn a_sidecar_that_serves_needs_a_probe_of_its_own() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {initContainers: [{name: proxy, image: p, restartPolicy: Always, ports: [{containerPort: 8080}]}], containers: [{name: a, image: a, ports: [{containerPort: 9}]}]}\n";
    let found = messages(&RULE, text);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("`proxy`"), "{found:?}");
}

#[test]
fn a_startup_probe_keeps_traffic_away_at_first() {
    let ports = "ports: [{port: 80, targetPort: 8080}]";
    let starts = "          startupProbe: {httpGet: {path: /up, port: 8080}}\n          livenessProbe: {httpGet: {path: /live, port: 8080}}\n";
    let found = findings(&RULE, &sides(ports, "Deployment", starts)).remove(0);
    assert_eq!(found.severity.name(), "info");
    let why = found.why.unwrap_or_default();
    assert!(why.contains("overloaded or hangs"), "{why}");
    assert_eq!(found.fixes.len(), 1);
    let ready = format!("{starts}          readinessProbe: {{tcpSocket: {{port: 8080}}}}\n");
    assert!(messages(&RULE, &sides(ports, "Deployment", &ready)).is_empty());
    let plain = findings(&RULE, &sides(ports, "Deployment", ""));
    assert_eq!((plain[0].severity.name(), plain[0].why.clone()), ("warning", None));
}

#[test]
fn the_fix_uses_the_best_check_available() {
    let ports = "ports: [{port: 80, targetPort: 8080}]";
    let fix = |text: &str| findings(&RULE, text)[0].fixes[0].edits[0].text.clone();
    let listed = "          ports: [{containerPort: 8080}]\n";
    assert!(fix(&sides(ports, "Deployment", listed)).contains("tcpSocket:"));
    let unlisted = findings(&RULE, &sides(ports, "Deployment", ""));
    assert!(unlisted[0].fixes.is_empty(), "whether it listens there is not known");
    let live = "          livenessProbe: {httpGet: {path: /live, port: 8080}}\n";
    let text = fix(&sides(ports, "Deployment", live));
    assert!(text.contains("path: /live") && text.contains("periodSeconds: 5"), "{text}");
    let compose = "# file: compose.yaml\nservices: {web: {image: 'a/b:1', healthcheck: {test: 'curl -f http://localhost:8080/up'}}}\n# file: k.yaml\n";
    let text = fix(&format!("{compose}{}", sides(ports, "Deployment", "")));
    assert!(text.contains("path: /up"), "{text}");
}

#[test]
fn a_check_that_means_nothing_in_the_cluster_is_not_taken_over() {
    let fix = |test: &str, env: &str| {
        let compose = format!(
            "# file: .env\nOWNER=shop\n# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', healthcheck: {{test: '{test}'}}}}}}\n# file: k.yaml\n"
        );
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let text = format!("{compose}{}", sides(ports, "Deployment", env));
        let fixes = &findings(&RULE, &text)[0].fixes;
        fixes.first().map_or_else(String::new, |it| it.edits[0].text.clone())
    };
    let set = "          env: [{name: OWNER, value: web}]\n";
    assert!(fix("ready -U web", "").contains("ready -U web"));
    assert!(fix("ready -U $$OWNER", set).contains("$OWNER"));
    for (test, env) in [("ready -U ${OWNER}", set), ("ready -U $$OWNER", "")] {
        assert_eq!(fix(test, env), "", "{test}");
        let listed = format!("{env}          ports: [{{containerPort: 8080}}]\n");
        let fix = fix(test, &listed);
        assert!(fix.contains("tcpSocket") && !fix.contains("ready -U"), "{fix}");
    }
}

#[test]
fn a_port_on_which_the_program_does_not_listen_is_not_probed() {
    let fixes = |port: u16| {
        let compose = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', ports: ['4000:{port}']}}}}\n# file: k.yaml\n"
        );
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let text = format!("{compose}{}", sides(ports, "Deployment", ""));
        findings(&RULE, &text)[0].fixes.len()
    };
    assert_eq!(fixes(8080), 1);
    assert_eq!(fixes(1080), 0);
}

#[test]
fn a_port_that_a_variable_sets_is_probed() {
    let fixes = |env: &str| {
        let compose = "# file: compose.yaml\nservices: {web: {image: 'a/b:1', ports: ['4000:9555']}}\n# file: k.yaml\n";
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let container = format!("          env: [{{name: {env}}}]\n");
        let text = format!("{compose}{}", sides(ports, "Deployment", &container));
        findings(&RULE, &text)[0].fixes.len()
    };
    assert_eq!(fixes("AD_PORT, value: '8080'"), 1);
    assert_eq!(fixes("CART_ADDR, value: 'cart:8080'"), 0, "the port of another one");
}

#[test]
fn a_queue_is_probed_where_it_serves_and_not_at_its_console() {
    let ports = "ports: [{port: 15672, name: console}, {port: 5672, name: amqp}]";
    let text = sides(ports, "Deployment", "").replace("a/b:1", "rabbitmq:4.1-management");
    let fix = findings(&RULE, &text)[0].fixes[0].edits[0].text.clone();
    assert!(fix.contains("port: 5672"), "{fix}");
    let console = "ports: [{port: 15672}]";
    let text = sides(console, "Deployment", "").replace("a/b:1", "rabbitmq:4.1-management");
    let fix = findings(&RULE, &text)[0].fixes[0].edits[0].text.clone();
    assert!(fix.contains("port: 15672"), "{fix}");
}

#[test]
fn an_exporter_whose_version_is_open_is_not_probed_on_its_port() {
    let ports = "ports: [{port: 80, targetPort: 9090}]";
    let fixes = |image: &str| {
        let listed = "          ports: [{containerPort: 9090}]\n";
        let text = sides(ports, "Deployment", listed).replace("a/b:1", image);
        findings(&RULE, &text)[0].fixes.len()
    };
    assert_eq!(fixes("acme/rabbitmq-exporter"), 0);
    assert_eq!(fixes("acme/rabbitmq-exporter:1.0.0"), 1);
}

#[test]
fn a_known_server_is_asked_at_its_health_page() {
    let ports = "ports: [{port: 8300}, {port: 8500}]";
    let fix = |image: &str| {
        let text = sides(ports, "Deployment", "").replace("a/b:1", image);
        findings(&RULE, &text)[0].fixes[0].edits[0].text.clone()
    };
    let consul = fix("hashicorp/consul:1.20");
    assert!(consul.contains("/v1/status/leader") && consul.contains("8500"), "{consul}");
    let vllm = fix("vllm/vllm-openai:v0.10.0");
    assert!(vllm.contains("/health") && vllm.contains("8300"), "{vllm}");
}

#[test]
fn peers_that_meet_before_they_are_ready_are_thought_of() {
    let ports = "ports: [{port: 80, targetPort: 8080}]";
    let set = sides(ports, "StatefulSet", "")
        .replace("spec:\n  template", "spec:\n  serviceName: peers\n  replicas: 3\n  template");
    let headless = |more: &str| {
        format!(
            "{set}---\napiVersion: v1\nkind: Service\nmetadata: {{name: peers}}\nspec: {{clusterIP: None, {more}selector: {{app: web}}}}\n"
        )
    };
    assert!(findings(&RULE, &headless(""))[0].help.is_some());
    assert!(findings(&RULE, &headless("publishNotReadyAddresses: true, "))[0].help.is_none());
    assert!(findings(&RULE, &sides(ports, "Deployment", ""))[0].help.is_none());
}

#[test]
fn a_patch_that_only_sets_a_limit_is_not_the_place() {
    let app = sides("ports: [{port: 80}]", "Deployment", "");
    let text = format!(
        "# file: k/app.yaml\n{app}\n# file: k/kustomization.yaml\nresources: [app.yaml]\npatches: [{{path: patch.yaml}}]\n# file: k/patch.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: web, resources: {{limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
    );
    let found = findings(&RULE, &text);
    assert_eq!((found.len(), found[0].span.file.index()), (1, 0));
}

#[test]
fn one_oversight_is_one_finding() {
    let ports = "ports: [{port: 80, targetPort: 8080}]";
    let one = sides(ports, "Deployment", "          ports: [{containerPort: 8080}]\n");
    let two = format!("{one}\n---\n{}", one.replace("web", "api"));
    let found = findings(&RULE, &two);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("(and 1 more like it)"), "{}", found[0].message);
    assert_eq!(found[0].fixes[0].edits.len(), 2);
}

#[test]
fn a_program_that_asks_itself_through_its_service_gets_no_probe() {
    let found = |env: &str, service: &str| {
        let container = format!("          ports: [{{containerPort: 8080}}]\n{env}");
        let text = sides("ports: [{port: 80, targetPort: 8080}]", "Deployment", &container);
        let text = format!("{}{service}", text.replace("name: web}", "name: kafka}"));
        findings(&RULE, &text).remove(0)
    };
    let env =
        |name: &str, value: &str| format!("          env: [{{name: {name}, value: '{value}'}}]\n");
    let asks = [
        env("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@kafka:9093"),
        env("CLUSTER_PEERS", "kafka:7946"),
        "          args: ['--join=kafka:7946']\n".to_owned(),
    ];
    for asks in asks {
        let found = found(&asks, "");
        assert!(found.fixes.is_empty(), "{asks}");
        assert!(found.help.is_some_and(|it| it.contains("publishNotReadyAddresses")), "{asks}");
    }
    let other = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n";
    for fine in [
        String::new(),
        env("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://kafka:9092"),
        env("DB_HOST", "db"),
    ] {
        let found = found(&fine, other);
        assert_eq!((found.fixes.len(), found.help), (1, None), "{fine}");
    }
}

#[test]
fn the_others_get_their_probes_without_the_one_that_asks_itself() {
    let set = |name: &str, env: &str| {
        sides(
            "ports: [{port: 80, targetPort: 8080}]",
            "Deployment",
            "          ports: [{containerPort: 8080}]\n",
        )
        .replace("name: web", &format!("name: {name}"))
        .replace("app: web", &format!("app: {name}"))
            + env
    };
    let env = "          env: [{name: QUORUM_VOTERS, value: '1@kafka:9093'}]\n";
    let text = format!("{}---\n{}", set("api", ""), set("kafka", env));
    let found = findings(&RULE, &text);
    assert_eq!((found.len(), found[0].fixes[0].edits.len()), (1, 1));
}

#[test]
fn a_headless_service_leaves_out_what_is_not_ready() {
    let found = |service: &str, client: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{clusterIP: None, selector: {{app: db}}, ports: [{{port: 5432}}]{service}}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec: {{serviceName: db, selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: db, image: 'postgres:17', ports: [{{containerPort: 5432}}]}}]}}}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: DB_HOST, value: {client}}}]}}]}}\n"
        );
        findings(&RULE, &text).into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    assert_eq!(
        found("", "db"),
        [
            "Service `db` leads its clients to container `db` of StatefulSet `db`, which has no readinessProbe"
        ]
    );
    assert_eq!(found("", "db-0.db").len(), 1, "a Pod of the set");
    assert!(found("", "db-x.db").is_empty() && found("", "other-0.db").is_empty());
    assert!(found("", "other").is_empty(), "nobody reaches the Pods by the name of the Service");
    assert!(found(", publishNotReadyAddresses: true", "db").is_empty());
}

#[test]
fn a_data_store_is_asked_with_its_own_client() {
    let fix = |container: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{selector: {{app: db}}, ports: [{{port: 5432}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: db, labels: {{app: db}}}}\nspec:\n  containers:\n    - name: db\n      {container}\n      ports: [{{containerPort: 5432}}]\n"
        );
        findings(&RULE, &text)[0].fixes[0].edits[0].text.clone()
    };
    let asked = fix("image: postgres:17");
    assert!(asked.contains("pg_isready") && asked.contains("timeoutSeconds: 5"), "{asked}");
    let other = fix("image: postgres:17\n      args: [-c, config_file=/etc/postgresql.conf]");
    assert!(other.contains("tcpSocket"), "{other}");
    assert!(fix("image: acme/shop:1").contains("tcpSocket"));
}

#[test]
fn the_items_of_a_list_are_read() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count(
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: 'a/b:1', ports: [{containerPort: 80}]}]}}}}\n"
        ),
        1
    );
}
