use super::RULE;
use crate::report::{Confidence, Severity};
use crate::rules::testing::{check_rule, findings, messages};

fn web(more: &str) -> Vec<String> {
    messages(
        &RULE,
        &format!("services:\n  web: {{image: acme/web:1, {more}}}\n  db: {{image: postgres:17}}\n"),
    )
}

#[test]
fn the_port_may_come_from_another_variable_or_from_the_name() {
    assert_eq!(web("environment: {DB_HOST: localhost, DB_PORT: 5432}").len(), 1);
    assert_eq!(web("environment: {POSTGRES_HOST: 127.0.0.1}").len(), 1);
    assert_eq!(web("environment: {DB_HOST: localhost}").len(), 0);
    assert_eq!(web("command: [serve, --db, 'postgres://localhost/app']").len(), 1);
}

#[test]
fn every_loopback_address_and_every_place_is_read() {
    for place in [
        "environment: {DB_URL: 'postgres://127.0.0.1:5432/x'}",
        "environment: {DB_URL: 'postgres://[::1]:5432/x'}",
        "environment: ['DB_URL=postgres://localhost:5432/x']",
        "environment: {DB_HOST: '::1', DB_PORT: 5432}",
        "command: serve --db postgres://127.0.0.1:5432/x",
        "entrypoint: [serve, --db, 'postgres://localhost:5432/x']",
    ] {
        assert_eq!(web(place).len(), 1, "{place}");
        let named = place.replace("127.0.0.1", "db").replace("[::1]", "db");
        let named = named.replace("localhost", "db").replace("'::1'", "db");
        assert!(web(&named).is_empty(), "{named}");
    }
}

#[test]
fn probes_and_own_listeners_of_a_pod_are_silent() {
    let found = |container: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', {container}}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: redis}}\nspec: {{selector: {{app: redis}}, ports: [{{port: 6379}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: r, labels: {{app: redis}}}}\nspec: {{containers: [{{name: r, image: 'redis:8'}}]}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(found("args: ['--redis=redis://localhost:6379']"), 1);
    assert_eq!(found("command: [sh, -c, 'serve redis://127.0.0.1:6379']"), 1);
    for fine in [
        "livenessProbe: {exec: {command: [redis-cli, -u, 'redis://localhost:6379', ping]}}",
        "readinessProbe: {tcpSocket: {host: localhost, port: 6379}}",
        "env: [{name: HOST, value: 127.0.0.1}, {name: PORT, value: '6379'}]",
        "args: ['--listen=127.0.0.1:6379']",
    ] {
        assert_eq!(found(fine), 0, "{fine}");
    }
}

#[test]
fn own_addresses_browsers_and_own_ports_are_silent() {
    assert!(web("environment: {HOST: 127.0.0.1, PORT: 5432}").is_empty());
    assert!(web("environment: {NEXT_PUBLIC_API: 'http://localhost:5432'}").is_empty());
    assert!(web("environment: {DB: 'postgres://localhost/x'}, expose: [5432]").is_empty());
    assert!(web("network_mode: host, environment: {DB: 'postgres://localhost/x'}").is_empty());
    assert!(web("command: [serve, --bind, '127.0.0.1:5432']").is_empty());
    assert!(
        web("healthcheck: {test: [CMD, pg_isready, -d, 'postgres://localhost:5432']}").is_empty()
    );
}

#[test]
fn a_service_in_the_same_network_namespace_may_be_meant() {
    let text = "services:\n  web: {image: acme/web:1, environment: {D: 'postgres://localhost/x'}}\n  db: {image: postgres:17, network_mode: 'service:web'}\n";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn a_url_for_a_browser_is_only_possible() {
    let text = "services:\n  front: {image: acme/f:1, environment: {API_URL: 'http://localhost:8000'}}\n  api: {image: acme/a:1, ports: ['8000:8000']}\n";
    let found = findings(&RULE, text);
    assert_eq!(found[0].severity, Severity::Info);
    assert_eq!(found[0].confidence, Confidence::Possible);
}

#[test]
fn the_main_port_decides_between_two_and_a_default_may_be_overridden() {
    let text = "services:\n  web: {image: acme/w:1, environment: {S3: 's3x://localhost:9000'}}\n  login: {image: 'quay.io/keycloak/keycloak:25.0'}\n  store: {image: 'minio/minio:1'}\n";
    assert!(messages(&RULE, text)[0].contains("`store` listens"));
    let text = "services:\n  web: {image: acme/w:1, environment: {REDIS_HOST: '${H:-localhost}'}}\n  redis: {image: 'redis:8'}\n";
    assert_eq!(findings(&RULE, text)[0].severity, Severity::Warning);
}

#[test]
fn what_compose_names_in_the_same_variable_is_mentioned() {
    let found = |compose: &str, cluster: &str| {
        let text = format!(
            "# file: compose.yaml\nservices:\n  web: {{image: 'acme/web:1', environment: {{BROKERS: '{compose}'}}}}\n  kafka: {{image: 'apache/kafka:4.1.0'}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', {cluster}}}]}}\n"
        );
        findings(&RULE, &text)
    };
    let local = "ports: [{containerPort: 9000}], env: [{name: BROKERS, value: 'localhost:9092'}]";
    let said = found("kafka:29092", local);
    assert_eq!((said.len(), said[0].severity), (1, Severity::Info));
    assert!(said[0].message.ends_with("listen on port 9092; in Compose it names `kafka`"));
    for (compose, cluster) in [
        ("localhost:29092", local),
        ("elsewhere.acme.example:9092", local),
        ("kafka:29092", "env: [{name: BROKERS, value: 'localhost:9092'}]"),
        (
            "kafka:29092",
            "ports: [{containerPort: 9092}], env: [{name: BROKERS, value: 'localhost:9092'}]",
        ),
        (
            "kafka:29092",
            "ports: [{containerPort: 9000}], env: [{name: BROKERS, value: 'kafka:9092'}]",
        ),
    ] {
        let said = found(compose, cluster);
        let in_cluster = said.iter().filter(|it| it.subject.starts_with("Pod")).count();
        assert_eq!(in_cluster, 0, "{compose} {cluster}");
    }
}

#[test]
fn a_store_outside_of_the_project_is_only_mentioned() {
    let found = findings(
        &RULE,
        "services:\n  web: {image: acme/web:1, environment: {R: 'redis://localhost'}}\n",
    );
    assert_eq!(found[0].severity, Severity::Info);
}

#[test]
fn several_variables_for_one_server_are_one_finding() {
    let web = |second: &str| {
        let text = format!(
            "services:\n  web: {{image: 'acme/web:1', environment: {{REDIS_URL: 'redis://localhost:6379/0', {second}}}}}\n  redis: {{image: 'redis:8'}}\n  db: {{image: 'postgres:17'}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(web("CACHE_URL: 'redis://localhost:6379/1'"), 1);
    assert_eq!(web("DB_URL: 'postgres://localhost:5432/web'"), 2);
}

/// Returns what is said about two Deployments and a PostgreSQL that take one ConfigMap whole.
fn shared(data: &str, web_starts: &str) -> Vec<(&'static str, String)> {
    let deployment = |name: &str, image: &str, more: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: {name}, image: '{image}', envFrom: [{{configMapRef: {{name: env}}}}], ports: [{{containerPort: 80}}]{more}}}]}}}}}}\n"
        )
    };
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: env}}\ndata: {{{data}}}\n{}{}{}---\napiVersion: v1\nkind: Service\nmetadata: {{name: api}}\nspec: {{selector: {{app: api}}, ports: [{{port: 3000}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec: {{selector: {{matchLabels: {{app: api}}}}, template: {{metadata: {{labels: {{app: api}}}}, spec: {{containers: [{{name: api, image: 'acme/api:1', ports: [{{containerPort: 3000}}]}}]}}}}}}\n",
        deployment("db", "postgres:17", ""),
        deployment("web", "acme/web:1", web_starts),
        deployment("worker", "acme/worker:1", ""),
    );
    findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
}

#[test]
fn a_variable_of_a_shared_config_map_is_one_note() {
    let said = "`API_URL` of ConfigMap `env` leads each Pod that reads it to itself, but `api` listens on port 3000";
    let data = "API_URL: 'http://localhost:3000'";
    assert_eq!(shared(data, ""), [("info", said.to_owned())]);
    let reads = ", args: ['--api=$(API_URL)']";
    assert_eq!(shared(data, reads), [("error", said.to_owned())]);
}

#[test]
fn urls_of_pages_are_silent_in_the_cluster_too() {
    for key in
        ["API_ROOT_URL", "SHOP_FRONTEND_URL", "WIDGET_EMBED_PATH", "WIDGET_URL", "PUBLIC_API"]
    {
        assert!(shared(&format!("{key}: 'http://localhost:3000'"), "").is_empty(), "{key}");
    }
}

#[test]
fn the_containers_of_a_pod_share_loopback() {
    let pod = |sidecar: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - name: web\n      image: acme/web:1\n      env:\n        - name: REDIS_URL\n          value: redis://localhost:6379{sidecar}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: redis}}\nspec: {{selector: {{app: redis}}, ports: [{{port: 6379}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: r, labels: {{app: redis}}}}\nspec: {{containers: [{{name: r, image: 'redis:8'}}]}}\n"
        )
    };
    check_rule(
        &RULE,
        &pod(
            " # <- `REDIS_URL` of container `web` of Pod `web` points at its own Pod, but `redis` listens on port 6379",
        ),
    );
    check_rule(&RULE, &pod("\n    - name: cache\n      image: redis:8"));
    check_rule(&RULE, &pod("\n    - name: proxy\n      image: acme/proxy:1"));
}

#[test]
fn a_host_behind_an_option_of_the_start_command_is_read() {
    let with = |command: &str| {
        let text = format!(
            "services:\n  web: {{image: a/web:1, command: {command}}}\n  db: {{image: 'postgres:17'}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(with("serve --db-host localhost --db-port 5432"), 1);
    assert_eq!(with("[serve, '--db-host=127.0.0.1', '--db-port=5432']"), 1);
    assert_eq!(with("serve --host localhost --port 5432"), 0, "its own address");
    assert_eq!(with("serve --admin-host localhost --admin-port 5432"), 0, "its own address too");
    assert_eq!(with("serve --db-host localhost --db-port 6000"), 0);
    assert_eq!(with("serve --db-host db --db-port 5432"), 0);
}

#[test]
fn native_sidecars_share_loopback_and_jobs_are_read() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', env: [{name: REDIS_URL, value: 'redis://localhost:6379'}]}]}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {selector: {app: redis}, ports: [{port: 6379}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: redis, labels: {app: redis}}\nspec: {containers: [{name: r, image: 'redis:8'}]}\n"
        ),
        1
    );
    assert_eq!(
        count(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', env: [{name: REDIS_URL, value: 'redis://localhost:6379'}]}], initContainers: [{name: cache, image: 'redis:8', restartPolicy: Always}]}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {selector: {app: redis}, ports: [{port: 6379}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: redis, labels: {app: redis}}\nspec: {containers: [{name: r, image: 'redis:8'}]}\n"
        ),
        0
    );
    assert_eq!(
        count(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', env: [{name: REDIS_URL, value: 'redis://localhost:6379'}]}], initContainers: [{name: cache, image: 'redis:8'}]}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {selector: {app: redis}, ports: [{port: 6379}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: redis, labels: {app: redis}}\nspec: {containers: [{name: r, image: 'redis:8'}]}\n"
        ),
        1
    );
    assert_eq!(
        count(
            "# file: compose.yaml\nservices: {web: {image: 'a/b:1', env_file: web.env}, cache: {image: 'redis:8'}}\n# file: web.env\nREDIS_URL=redis://localhost:6379\n"
        ),
        1
    );
}
