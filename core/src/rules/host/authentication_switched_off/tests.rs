use super::RULE;
use crate::rules::testing::findings;

fn severities(text: &str) -> Vec<&'static str> {
    findings(&RULE, text).iter().map(|it| it.severity.name()).collect()
}

/// Returns the severities of what is found in a service that is brought back after a reboot.
fn service(body: &str) -> Vec<&'static str> {
    severities(&format!("services: {{a: {{restart: always, {body}}}}}\n"))
}

#[test]
fn variables_and_options_that_let_anybody_in() {
    for body in [
        "image: 'bitnami/redis:latest', environment: [ALLOW_EMPTY_PASSWORD=yes]",
        "image: 'postgres:17', environment: {POSTGRES_HOST_AUTH_METHOD: trust}",
        "image: 'elasticsearch:8.17.0', environment: {xpack.security.enabled: 'false'}",
        "image: 'elasticsearch:8.17.0', environment: [xpack.security.enabled=false]",
        "image: 'elasticsearch:8.17.0', command: elasticsearch -E xpack.security.enabled=false",
        "image: 'elasticsearch:8.17.0', command: [-Expack.security.enabled=false]",
        "image: 'mongo:8', command: --noauth",
        "image: 'redis:7', entrypoint: redis-server --protected-mode no",
        "image: 'redis:7', command: sh -c 'redis-server --protected-mode no'",
        "image: 'mysql:8.4', environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}",
        "image: 'grafana/grafana:11.4.0', environment: {GF_AUTH_ANONYMOUS_ENABLED: 'true', GF_AUTH_ANONYMOUS_ORG_ROLE: Admin}",
        "image: 'redis:7', command: [redis-server, --protected-mode, 'no']",
        "image: 'acme/postgres:17', environment: {POSTGRES_HOST_AUTH_METHOD: trust}",
        "image: 'datalust/seq:2025.2', environment: {SEQ_FIRSTRUN_NOAUTHENTICATION: 'true'}",
    ] {
        assert_eq!(service(body), ["warning"], "{body}");
    }
}

#[test]
fn a_published_door_can_be_left_to_the_machine_itself() {
    let edits = |rest: &str| -> Vec<String> {
        let text = format!("services: {{db: {{{TRUST}, ports: ['5432:5432']}}{rest}}}\n");
        let found = findings(&RULE, &text);
        found[0].fixes.iter().flat_map(|it| &it.edits).map(|it| it.text.clone()).collect()
    };
    assert_eq!(edits(""), ["'127.0.0.1:5432:5432'"]);
    let caller = ", app: {image: 'acme/app:1', environment: {DB: 'postgres://app@host.docker.internal:5432/app'}}";
    assert_eq!(edits(caller), [""; 0]);
}

#[test]
fn a_password_or_a_half_thrown_switch_is_silent() {
    for body in [
        "image: 'mysql:8.4', environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes', MYSQL_ROOT_PASSWORD: '${PW}'}",
        "image: 'bitnami/redis:latest', environment: [ALLOW_EMPTY_PASSWORD=yes, REDIS_PASSWORD=x]",
        "image: 'redis:7', command: [redis-server, --protected-mode, 'no', --requirepass, x]",
        "image: 'grafana/grafana:11.4.0', environment: {GF_AUTH_ANONYMOUS_ORG_ROLE: Admin}",
        "image: 'postgres:17', environment: {POSTGRES_HOST_AUTH_METHOD: scram-sha-256}",
        "image: 'mysql:8.4', environment: {MYSQL_ALLOW_EMPTY_PASSWORD: '${EMPTY:-}'}",
        "image: 'acme/web:1', environment: {POSTGRES_HOST_AUTH_METHOD: trust}",
    ] {
        assert_eq!(service(body), [""; 0], "{body}");
    }
}

#[test]
fn one_store_in_several_files_is_one_finding() {
    let file = |path: &str, ports: &str| {
        format!("# file: {path}\nservices: {{db: {{{TRUST}, ports: [{ports}]}}}}\n")
    };
    let text = format!("{}{}", file("compose.yaml", ""), file("compose.full.yaml", "'5432:5432'"));
    let found = findings(&RULE, &text);
    assert_eq!((found.len(), found[0].severity.name()), (1, "error"));
    let open = "`POSTGRES_HOST_AUTH_METHOD=trust` lets anybody into PostgreSQL (service `db`), and port 5432 is published on every address of the host";
    assert_eq!(found[0].message, open, "the file that publishes the port leads");
    let same = "the same setting, where only other containers reach it";
    assert!(found[0].related.iter().any(|it| it.message == same));
    let third = format!("{text}{}", file("compose.more.yaml", "'5432:5432'"));
    let found = findings(&RULE, &third);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("(the same in `compose.more.yaml`)"));
}

#[test]
fn what_is_published_on_one_side_is_not_said_of_the_other() {
    let text = "# file: compose.yaml\nservices: {search: {image: 'elasticsearch:8.17.0', restart: always, ports: ['9200:9200'], environment: {xpack.security.enabled: 'false'}}}\n# file: k8s/search.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: search}\nspec: {containers: [{name: search, image: 'elasticsearch:8.17.0', env: [{name: xpack.security.enabled, value: 'false'}]}]}\n";
    let found = findings(&RULE, text);
    let all: Vec<_> = found.iter().map(|it| it.severity.name()).collect();
    assert_eq!(all, ["error", "warning"]);
    assert!(!found[1].message.contains("published"), "{}", found[1].message);
}

#[test]
fn a_version_that_is_open_without_the_setting_is_closed_by_it() {
    let found = |major: u8| {
        let text = format!(
            "services: {{search: {{image: 'elasticsearch:{major}.17.0', environment: [xpack.security.enabled=false]}}}}\n"
        );
        findings(&RULE, &text).remove(0)
    };
    let help = |major: u8| found(major).help.unwrap_or_default();
    assert!(help(7).starts_with("Set `xpack.security.enabled` to `true`"), "{}", help(7));
    assert!(help(8).starts_with("Remove the setting"), "{}", help(8));
    assert_eq!(found(8).check, ["docker compose exec search curl -s localhost:9200/_cat/indices"]);
}

#[test]
fn a_store_is_asked_without_a_password() {
    let asks = |body: &str| {
        let found = findings(&RULE, &format!("services: {{db: {{{body}}}}}\n"));
        found[0].check[0].replace("docker compose exec db ", "")
    };
    assert_eq!(
        asks(&TRUST.replace('}', ", POSTGRES_USER: shop}")),
        r#"sh -c 'psql -h "$(hostname -i)" -U shop -d postgres -c \\du'"#
    );
    let empty = "environment: {MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: 'yes'}";
    assert!(asks(&format!("image: 'mariadb:11.4', {empty}")).starts_with("mariadb "));
}

#[test]
fn what_nothing_brings_back_and_nothing_publishes_is_a_note() {
    let project = |restart: &str| {
        severities(&format!(
            "services: {{db: {{{TRUST}}}, web: {{image: 'a/b:1', restart: '{restart}'}}}}\n"
        ))
    };
    assert_eq!(project("no"), ["info"]);
    assert_eq!(project("unless-stopped"), ["warning"]);
}

#[test]
fn a_random_host_port_is_asked_of_compose() {
    let text = format!("services: {{db: {{{TRUST}, ports: [5432]}}}}\n");
    assert!(findings(&RULE, &text)[0].check[0].ends_with("port db 5432"));
}

const TRUST: &str = "image: 'postgres:17', environment: {POSTGRES_HOST_AUTH_METHOD: trust}";

#[test]
fn published_is_an_error_and_loopback_is_silent() {
    for (ports, expected) in [
        ("['5432:5432']", "error"),
        ("['0.0.0.0:15432:5432']", "error"),
        ("[{target: 5432, published: 5432}]", "error"),
        ("['[::]:5432:5432']", "error"),
        ("['9187:9187']", "warning"),
        ("[]", "warning"),
    ] {
        assert_eq!(service(&format!("{TRUST}, ports: {ports}")), [expected], "{ports}");
    }
    assert_eq!(service(&format!("{TRUST}, ports: ['127.0.0.1:5432:5432']")), [""; 0]);
    let traefik = "image: 'traefik:3.3', command: [--api.insecure=true]";
    assert_eq!(service(&format!("{traefik}, ports: ['80:80']")), ["warning"]);
    assert_eq!(service(&format!("{traefik}, ports: ['8080:8080']")), ["error"]);
}

#[test]
fn a_setting_from_another_file_counts() {
    let compose = "# file: compose.yaml\nservices: {db: {image: 'postgres:17', restart: always, env_file: db.env}}\n# file: db.env\nPOSTGRES_HOST_AUTH_METHOD=";
    assert_eq!(severities(&format!("{compose}trust\n")), ["warning"]);
    assert!(severities(&format!("{compose}scram-sha-256\n")).is_empty());
    let pod = |method: &str| {
        severities(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: 'postgres:17', envFrom: [{{configMapRef: {{name: c}}}}]}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{POSTGRES_HOST_AUTH_METHOD: {method}}}\n"
        ))
    };
    assert_eq!(pod("trust"), ["warning"]);
    assert!(pod("md5").is_empty());
}

#[test]
fn a_store_that_anybody_outside_may_enter_has_one_code() {
    let text = format!("services: {{db: {{restart: always, {TRUST}, ports: ['5432:5432']}}}}\n");
    let all = crate::analyze(&crate::rules::testing::files(&text), &crate::Options::default());
    let codes: Vec<_> = all.findings.iter().map(|it| it.code).collect();
    assert!(codes.contains(&"PLM813") && !codes.contains(&"PLM412"), "{codes:?}");
    let closed = text.replace("POSTGRES_HOST_AUTH_METHOD: trust", "POSTGRES_PASSWORD_FILE: /x");
    let all = crate::analyze(&crate::rules::testing::files(&closed), &crate::Options::default());
    let codes: Vec<_> = all.findings.iter().map(|it| it.code).collect();
    assert!(!codes.contains(&"PLM813") && codes.contains(&"PLM412"), "{codes:?}");
}

#[test]
fn development_is_silent() {
    assert!(
        severities(&format!("# file: compose.dev.yaml\nservices: {{a: {{{TRUST}}}}}\n")).is_empty()
    );
}

fn deployed(service: &str, more: &str) -> Vec<&'static str> {
    severities(&format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: db}}\nspec: {{selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: db, image: 'postgres:17', env: [{{name: POSTGRES_HOST_AUTH_METHOD, value: trust}}]}}]}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{{service} selector: {{app: db}}, ports: [{{port: 5432}}]}}\n{more}"
    ))
}

#[test]
fn what_is_routed_from_outside_is_an_error_in_the_cluster_too() {
    assert_eq!(deployed("", ""), ["warning"]);
    assert_eq!(deployed("type: LoadBalancer,", ""), ["error"]);
    assert_eq!(deployed("type: NodePort,", ""), ["error"]);
    let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: db}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: db, port: {number: 5432}}}}]}}]}\n";
    assert_eq!(deployed("", ingress), ["error"]);
}

#[test]
fn the_command_asks_in_the_namespace_that_the_file_makes() {
    let command = |before: &str| {
        let text = format!(
            "{before}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: 'redis:7', command: [redis-server, --protected-mode, 'no']}}]}}\n"
        );
        findings(&RULE, &text)[0].check[0].clone()
    };
    let namespace =
        |name: &str| format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n");
    let service = |namespace: &str| {
        format!(
            "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: web, namespace: {namespace}}}\n"
        )
    };
    assert!(command("").starts_with("kubectl exec pod/db "));
    let one = format!("{}{}", namespace("shop"), service("shop"));
    assert!(command(&one).starts_with("kubectl exec -n shop pod/db "));
    for several in [
        format!("{}{}", namespace("shop"), namespace("other")),
        format!("{}{}", namespace("shop"), service("other")),
        service("shop"),
    ] {
        assert!(command(&several).starts_with("kubectl exec pod/db "), "{several}");
    }
}

#[test]
fn a_console_follows_its_store() {
    let project = |dashboards: &str, store: &str| {
        format!(
            "services:\n  search: {{image: 'opensearchproject/opensearch:2.9.0', restart: always, environment: ['plugins.security.disabled={store}']}}\n  ui: {{image: 'opensearchproject/opensearch-dashboards:2.9.0', restart: always, environment: [DISABLE_SECURITY_DASHBOARDS_PLUGIN=true]{dashboards}}}\n"
        )
    };
    let found = findings(&RULE, &project("", "true"));
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
    assert!(found[0].message.starts_with("`plugins.security.disabled=true`"));
    let published = project(", ports: ['5601:5601']", "true");
    assert_eq!(severities(&published), ["warning", "error"]);
    assert_eq!(severities(&project("", "false")), ["warning"]);
}

#[test]
fn a_store_without_a_port_lets_nobody_in() {
    for command in ["postgres -c listen_addresses=''", "[postgres, -c, listen_addresses=]"] {
        assert_eq!(service(&format!("{TRUST}, command: {command}")), [""; 0], "{command}");
    }
    let all = format!("{TRUST}, command: \"postgres -c listen_addresses='*'\"");
    assert_eq!(service(&all), ["warning"]);
}
