use super::RULE;
use crate::rules::testing::{apply_fixes, files, findings, messages, run};

fn env(entry: &str) -> Vec<&'static str> {
    let text = format!("services: {{web: {{image: 'acme/web:1', environment: {{{entry}}}}}}}");
    findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
}

#[test]
fn placeholders_variables_and_lookalikes_are_silent() {
    for fine in [
        "DB_PASSWORD: '${DB_PASSWORD}'",
        "DB_PASSWORD: changeme",
        "DB_PASSWORD: ''",
        "DB_PASSWORD_FILE: /run/secrets/db",
        "PASSWORD_MIN_LENGTH: '12'",
        "POSTGRES_HOST_AUTH_METHOD: trust",
        "TOKEN_URL: https://login.acme.example/token",
    ] {
        assert_eq!(env(fine), [""; 0], "{fine}");
    }
}

#[test]
fn the_help_is_for_the_side_that_the_credential_is_on() {
    let pod = |entry: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: p, image: 'acme/web:1', {entry}}}]}}\n"
        );
        findings(&RULE, &text)[0].help.clone().unwrap_or_default()
    };
    let variable = pod("env: [{name: DB_PASSWORD, value: hV9kq2Zr7LmX}]");
    assert!(variable.contains("secretKeyRef") && !variable.contains(".env"));
    assert!(pod("args: [--password=hV9kq2Zr7LmX]").contains("`$(NAME)` in `args`"));
    let compose =
        "services: {web: {image: 'acme/web:1', environment: {DB_PASSWORD: hV9kq2Zr7LmX}}}";
    let help = findings(&RULE, compose)[0].help.clone().unwrap_or_default();
    assert!(!help.contains("secretKeyRef"));
}

#[test]
fn urls_carry_credentials_too() {
    assert_eq!(env("DATABASE_URL: 'postgres://web:hV9kq2Zr7LmX@db/web'"), ["warning"]);
    assert_eq!(env("POSTGRES_PASSWORD: postgres"), ["info"]);
    assert_eq!(env("DATASOURCEPASSWORD: hV9kq2Zr7LmX"), ["warning"]);
    assert_eq!(env("DATASOURCE: 'web:hV9kq2Zr7LmX@db:5432/web'"), ["warning"]);
}

#[test]
fn tokens_and_private_keys_are_known_by_their_form() {
    for value in [
        "X: ghp_0123456789abcdefghij0123456789abcdef",
        "API_KEY: 9f86d081884c7d659a2feaa0c55ad015",
        "X: \"-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEA7bq\"",
    ] {
        assert_eq!(env(value), ["warning"], "{value}");
    }
    let list = "services: {web: {image: 'acme/web:1', environment: [DB_PASSWORD=hV9kq2Zr7LmX]}}";
    assert_eq!(messages(&RULE, list).len(), 1);
    let pod = |value: &str| {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: a, env: [{{name: DB_PASSWORD, {value}}}]}}]}}\n"
            ),
        )
    };
    assert_eq!(
        pod("value: hV9kq2Zr7LmX"),
        ["`DB_PASSWORD` of container `web` of Pod `web` is in plain text in the file"]
    );
    assert!(pod("valueFrom: {secretKeyRef: {name: db, key: password}}").is_empty());
}

/// Returns the messages for a Compose service.
fn service(body: &str) -> Vec<String> {
    messages(&RULE, &format!("services: {{web: {{image: 'acme/web:1', {body}}}}}\n"))
}

#[test]
fn arguments_are_read_in_shell_and_exec_form() {
    for (body, argument) in [
        ("command: redis-server --requirepass hV9kq2Zr7LmX", "`--requirepass`"),
        ("command: [redis-server, --requirepass, hV9kq2Zr7LmX]", "`--requirepass`"),
        ("command: [--db-password=hV9kq2Zr7LmX]", "`--db-password`"),
        (
            "entrypoint: ['java', '-Dspring.datasource.password=hV9kq2Zr7LmX', -jar, a.jar]",
            "`-Dspring.datasource.password`",
        ),
        ("command: sh -c 'PGPASSWORD=hV9kq2Zr7LmX psql -h db'", "`PGPASSWORD`"),
        ("command: mysql -uroot -phV9kq2Zr7LmX shop", "`-p`"),
        ("command: redis-cli -a hV9kq2Zr7LmX ping", "`-a`"),
    ] {
        let expected = format!("argument {argument} of service `web` is in plain text in the file");
        assert_eq!(service(body), [expected], "{body}");
    }
    assert_eq!(
        service("command: [migrate, 'postgres://web:hV9kq2Zr7LmX@db/web', up]"),
        ["an argument of service `web` is in plain text in the file"]
    );
    for fine in [
        "command: 'redis-server --requirepass ${CACHE_PASSWORD}'",
        "command: 'redis-server --requirepass ${CACHE_PASSWORD:-hV9kq2Zr7LmX}'",
        "command: [sh, -c, 'redis-server --requirepass \"$$CACHE_PASSWORD\"']",
        "command: [--password-file, /run/secrets/db]",
        "command: [--tls-secret, webhook-server-certificate]",
        "command: mkdir -p hV9kq2Zr7LmX",
        "command: serve --port 8080 --user web",
    ] {
        assert!(service(fine).is_empty(), "{fine}: {:?}", service(fine));
    }
}

#[test]
fn labels_and_build_arguments_of_a_service_are_read() {
    for (body, what) in [
        ("labels: {acme.db-password: hV9kq2Zr7LmX}", "label `acme.db-password`"),
        ("labels: [acme.db-password=hV9kq2Zr7LmX]", "label `acme.db-password`"),
        ("deploy: {labels: {acme.db-password: hV9kq2Zr7LmX}}", "label `acme.db-password`"),
        ("annotations: {acme.db-password: hV9kq2Zr7LmX}", "annotation `acme.db-password`"),
        (
            "build: {context: ., args: {NPM_PASSWORD: hV9kq2Zr7LmX}}",
            "build argument `NPM_PASSWORD`",
        ),
        ("build: {context: ., labels: {db-password: hV9kq2Zr7LmX}}", "label `db-password`"),
    ] {
        let expected = format!("{what} of service `web` is in plain text in the file");
        assert_eq!(service(body), [expected], "{body}");
    }
    for fine in [
        "labels: {acme.db-password: '${DB_PASSWORD}'}",
        "labels: {traefik.http.routers.web.rule: 'Host(`web.example.com`)'}",
        "build: {context: ., args: [NPM_TOKEN]}",
        "build: {context: ., args: {NPM_TOKEN: '${NPM_TOKEN:-hV9kq2Zr7LmXhV9kq2Zr7LmX}'}}",
    ] {
        assert!(service(fine).is_empty(), "{fine}");
    }
}

#[test]
fn arguments_labels_and_annotations_of_objects_are_read() {
    let pod = |meta: &str, container: &str| {
        messages(
            &RULE,
            &format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{metadata: {{{meta}}}, spec: {{containers: [{{name: web, image: 'acme/web:1', {container}}}]}}}}}}\n"
            ),
        )
    };
    assert_eq!(
        pod("annotations: {acme.example/db-password: hV9kq2Zr7LmX}", ""),
        ["annotation `acme.example/db-password` of Deployment `web` is in plain text in the file"]
    );
    assert_eq!(
        pod("labels: {db-password: hV9kq2Zr7LmX}", ""),
        ["label `db-password` of Deployment `web` is in plain text in the file"]
    );
    assert_eq!(
        pod("", "args: [--db-password, hV9kq2Zr7LmX]"),
        [
            "argument `--db-password` of container `web` of Deployment `web` is in plain text in the file"
        ]
    );
    assert!(pod("annotations: {checksum/secret: 9f86d081884c7d659a2feaa0c55ad015}", "").is_empty());
    assert!(pod("", "args: ['--db-password=$(DB_PASSWORD)']").is_empty());
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, annotations: {NAME}}\nspec: {}\n";
    let secret =
        ingress.replace("NAME", "nginx.ingress.kubernetes.io/auth-secret: monitoring-basic-auth");
    assert!(messages(&RULE, &secret).is_empty());
    let token =
        ingress.replace("NAME", "acme.example/webhook: ghp_0123456789abcdefghij0123456789abcdef");
    assert_eq!(messages(&RULE, &token).len(), 1);
}

#[test]
fn a_key_to_something_outside_is_a_warning_in_development_too() {
    let severities = |entries: &str| {
        let text = format!(
            "# file: compose.dev.yaml\nservices: {{web: {{image: 'acme/web:1', environment: {{{entries}}}}}}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    assert_eq!(severities("X: ghp_0123456789abcdefghij0123456789abcdef"), ["warning"]);
    let pair = "STORAGE_ACCESS_KEY: 1fa09a8ea885313fa5fe21c00759ce7d, STORAGE_SECRET_KEY: 91582681dd770f6e0a95c8513fee18f9";
    let at = |host: &str| format!("{pair}, STORAGE_ENDPOINT: '{host}'");
    let outside = at("https://71fea314.r2.cloudflarestorage.com");
    assert_eq!(severities(&outside), ["warning"; 2]);
    for entries in [
        at("http://minio:9000"),
        at("http://localhost:9000"),
        at("http://s3.shop.internal"),
        at("http://10.0.0.7:9000"),
        pair.to_owned(),
        outside.replace("STORAGE_ENDPOINT", "MAIL_ENDPOINT"),
    ] {
        assert_eq!(severities(&entries), ["info"; 2], "{entries}");
    }
    let alone = outside.replace("STORAGE_ACCESS_KEY", "MAIL_ACCESS_KEY");
    assert_eq!(severities(&alone), ["info"; 2]);
}

#[test]
fn development_is_an_info() {
    let text = "# file: compose.dev.yaml\nservices: {c: {image: 'redis:8', command: redis-server --requirepass hV9kq2Zr7LmX}}\n";
    let found = findings(&RULE, text);
    assert_eq!(found.iter().map(|it| it.severity.name()).collect::<Vec<_>>(), ["info"]);
}

#[test]
fn a_password_that_repeats_a_name_beside_it_is_an_info() {
    for weak in [
        "DB_USER: shopkeeper, DB_PASSWORD: shopkeeper",
        "POSTGRES_DB: orders7, POSTGRES_PASSWORD: orders7",
        "DB_PASSWORD: web",
    ] {
        assert_eq!(env(weak), ["info"], "{weak}");
    }
    assert_eq!(env("DB_USER: shopkeeper, DB_PASSWORD: hV9kq2Zr7LmX"), ["warning"]);
}

#[test]
fn a_weak_password_names_the_port_that_lets_everybody_in() {
    let found = |path: &str, image: &str, ports: &str| {
        let text = format!(
            "# file: {path}\nservices:\n  db: {{image: '{image}', environment: {{MYSQL_ROOT_PASSWORD: root}}, ports: [{ports}]}}\n"
        );
        findings(&RULE, &text).remove(0)
    };
    let open = found("compose.yaml", "mysql:8.4", "'3306:3306'");
    assert_eq!(open.severity.name(), "info", "PLM412 warns about the port");
    assert!(open.message.ends_with("port 3306 is published on every address"), "{open:?}");
    for (path, image, ports) in [
        ("compose.yaml", "mysql:8.4", ""),
        ("compose.yaml", "mysql:8.4", "'127.0.0.1:3306:3306'"),
        ("compose.yaml", "mysql:8.4", "'33060:33060'"),
        ("compose.yaml", "acme/web:1", "'3306:3306'"),
        ("compose.dev.yaml", "mysql:8.4", "'3306:3306'"),
    ] {
        let other = found(path, image, ports);
        let says_port = other.message.contains("published");
        assert_eq!(other.severity.name(), "info", "{path} {image} {ports}");
        assert_eq!(says_port, path == "compose.dev.yaml", "{path} {image} {ports}");
    }
    let both = "services:\n  a: {image: 'acme/web:1', environment: {DB_PASSWORD: root}}\n  db: {image: 'mysql:8.4', environment: {MYSQL_ROOT_PASSWORD: root}, ports: ['3306:3306']}\n";
    let both = findings(&RULE, both);
    assert_eq!((both.len(), both[0].severity.name()), (1, "info"));
    assert!(both[0].message.starts_with("`MYSQL_ROOT_PASSWORD`"), "{}", both[0].message);
}

#[test]
fn the_ends_of_a_connection_are_one_finding() {
    let text = "services:\n  web: {image: 'acme/web:1', environment: {DATABASE_URL: 'postgres://web:hV9kq2Zr7LmX@db/web'}}\n  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: hV9kq2Zr7LmX}}\n";
    let found = findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].related.len(), 1);
    let other = text.replace("POSTGRES_PASSWORD: hV9kq2Zr7LmX", "POSTGRES_PASSWORD: Xm7Lr2Zq9kVh");
    assert_eq!(findings(&RULE, &other).len(), 2);
    let accepted = text.replace("  db:", "  # plimsoll: ignore PLM502 - a test database\n  db:");
    assert_eq!(findings(&RULE, &accepted).len(), 1);
}

#[test]
fn what_a_template_prints_is_said_at_its_value() {
    let text = "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\nmaps_api_key: 9f86d081884c7d659a2feaa0c55ad015\n# file: web/templates/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: acme/web:1\n      env:\n        - name: MAPS_API_KEY\n          value: \"{{ .Values.maps_api_key }}\"\n";
    let found = findings(&RULE, text);
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert!(finding.check[0].ends_with("-G maps_api_key -- web/values.yaml"), "{finding:?}");
    assert_eq!(finding.subject, "Pod web, container web");
}

#[test]
fn an_env_file_that_defines_the_name_is_pointed_at() {
    let text = "# file: compose.yaml\nservices: {db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: hV9kq2Zr7LmX}}}\n# file: .env\nPOSTGRES_PASSWORD=other\n";
    let found = findings(&RULE, text);
    assert!(found[0].related.iter().any(|it| it.message.contains("defined here already")));
    assert!(found[0].help.as_ref().is_some_and(|it| it.contains("${POSTGRES_PASSWORD:?}")));
}

#[test]
fn a_cluster_for_development_is_an_info() {
    let severity = |path: &str| {
        let text = format!(
            "# file: {path}\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: DB_PASSWORD, value: hV9kq2Zr7LmX}}]}}]}}\n"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(severity("k8s/overlays/dev/web.yaml"), "info");
    assert_eq!(severity("k8s/web.yaml"), "warning");
}

#[test]
fn a_default_is_in_the_file_too() {
    let found = |password: &str, ports: &str, env: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{db: {{image: 'postgres:17', ports: {ports}, environment: {{POSTGRES_PASSWORD: '{password}'}}}}}}\n# file: .env\n{env}\n"
        );
        findings(&RULE, &text)
    };
    let strong = &found("${DB_PASSWORD:-hV9kq2Zr7LmX}", "[]", "A=b")[0];
    assert_eq!(
        strong.message,
        "`POSTGRES_PASSWORD` of service `db` falls back to a credential in plain text"
    );
    assert_eq!(strong.severity.name(), "warning");
    assert_eq!(found("${DB_PASSWORD:-hV9kq2Zr7LmX}", "[]", "DB_PASSWORD=").len(), 1);
    assert_eq!(
        env("DATABASE_URL: '${DATABASE_URL:-postgres://web:hV9kq2Zr7LmX@db/web}'"),
        ["warning"]
    );
    let open = &found("${DB_PASSWORD:-postgres}", "['5432:5432']", "A=b")[0];
    assert!(open.message.ends_with("falls back to a password that everybody tries first, and port 5432 is published on every address"));
    assert_eq!(open.severity.name(), "info", "PLM412 warns of it");
    assert_eq!(found("${DB_PASSWORD:-postgres}", "[]", "A=b")[0].severity.name(), "info");
    for (password, env) in [
        ("${DB_PASSWORD:-hV9kq2Zr7LmX}", "DB_PASSWORD=other"),
        ("${DB_PASSWORD-hV9kq2Zr7LmX}", "DB_PASSWORD="),
        ("${DB_PASSWORD:-changeme}", "A=b"),
        ("${DB_PASSWORD:-}", "A=b"),
        ("${DB_PASSWORD:?hV9kq2Zr7LmX}", "A=b"),
    ] {
        assert!(found(password, "[]", env).is_empty(), "{password} {env}");
    }
}

#[test]
fn the_fix_of_a_default_asks_for_the_variable() {
    let before = files(
        "services:\n  web:\n    image: acme/web:1\n    environment:\n      DATABASE_URL: postgres://web:${DB_PASSWORD:-hV9kq2Zr7LmX}@db/web\n",
    );
    let after = apply_fixes(&before, &run(&RULE, &before));
    assert!(after[0].text.contains("web:${DB_PASSWORD:?}@db/web"), "{}", after[0].text);
}

#[test]
fn init_containers_and_jobs_are_read() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', env: [{name: DB_PASSWORD, value: 'S3cr3t-Vq91xz'}]}]}}}}}\n"
        ),
        1
    );
    assert_eq!(
        count(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: c, image: 'a/b:1', env: [{name: DB_PASSWORD, value: 'S3cr3t-Vq91xz'}]}], containers: [{name: d, image: 'a/b:1'}]}}}\n"
        ),
        1
    );
    assert_eq!(
        count(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', env: [{name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}]}]}}}}}\n"
        ),
        0
    );
}
