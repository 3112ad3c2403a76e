use super::RULE;
use crate::rules::testing::{apply_fixes, files, findings, messages, run};

#[test]
fn docker_publishes_nothing_on_the_network_of_the_host() {
    let said = |mode: &str| {
        let text =
            format!("services: {{ db: {{ image: 'postgres:17', {mode}ports: ['5432:5432'] }} }}\n");
        messages(&RULE, &text).len()
    };
    assert_eq!(said("network_mode: host, "), 0);
    assert_eq!((said(""), said("network_mode: bridge, ")), (1, 1));
}

#[test]
fn loopback_and_unpublished_ports_are_silent() {
    for ports in [
        "[\"127.0.0.1:5432:5432\"]",
        "[]",
        "[{ target: 5432, published: 5432, host_ip: 127.0.0.1 }]",
    ] {
        assert!(
            messages(&RULE, &format!("services: {{ db: {{ image: postgres, ports: {ports} }} }}"))
                .is_empty()
        );
    }
    assert_eq!(messages(&RULE, "services: { db: { image: postgres, ports: [5432] } }").len(), 1);
}

#[test]
fn every_kind_of_store_and_every_form_of_a_port_counts() {
    for (image, port) in [
        ("postgres:17", 5432),
        ("mysql:8.4", 3306),
        ("mongo:8.0", 27017),
        ("redis:8", 6379),
        ("memcached:1.6", 11211),
        ("rabbitmq:4", 5672),
        ("apache/kafka:4.0.0", 9092),
        ("elasticsearch:9.0.0", 9200),
    ] {
        let text = format!("services: {{d: {{image: '{image}', ports: ['{port}:{port}']}}}}");
        assert_eq!(messages(&RULE, &text).len(), 1, "{image}");
        let text = text.replace("['", "['127.0.0.1:");
        assert!(messages(&RULE, &text).is_empty(), "{image}");
    }
    for (port, count) in [
        ("'0.0.0.0:5432:5432'", 1),
        ("'[::]:5432:5432'", 1),
        ("'15432:5432'", 1),
        ("{target: 5432, published: 5432}", 1),
        ("{target: 5432, published: '5432', host_ip: 0.0.0.0}", 1),
        ("'[::1]:5432:5432'", 0),
        ("'10.0.0.5:5432:5432'", 0),
    ] {
        let text = format!("services: {{d: {{image: 'postgres:17', ports: [{port}]}}}}");
        assert_eq!(messages(&RULE, &text).len(), count, "{port}");
    }
    assert!(messages(&RULE, "services: {d: {image: 'postgres:17', expose: [5432]}}").is_empty());
    let dev =
        "# file: compose.dev.yaml\nservices: {d: {image: 'postgres:17', ports: ['5432:5432']}}";
    assert_eq!(findings(&RULE, dev)[0].severity.name(), "info");
}

#[test]
fn there_is_no_fix_that_cuts_off_callers_from_outside() {
    let text = |caller: &str| {
        format!(
            "# file: compose.yaml\nservices:\n  registry: {{image: 'nacos/nacos-server:v2.4.0', ports: ['8848:8848']}}\n  db: {{image: 'mysql:8.4', ports: ['3306:3306']}}\n# file: k8s/web.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: NACOS, value: '{caller}'}}]}}]}}\n"
        )
    };
    let found = |caller: &str| findings(&RULE, &text(caller)).remove(0);
    let called = found("http://192.168.3.101:8848");
    assert!(called.fixes.is_empty(), "the cluster may need the database too");
    let own = "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: 'mysql:8.4'}]}}}\n";
    let with_own = format!("{}{own}", text("http://192.168.3.101:8848"));
    let with_own = findings(&RULE, &with_own).remove(0);
    assert_eq!(with_own.fixes[0].edits.len(), 1, "that of the database, which the cluster runs");
    assert_eq!(with_own.fixes[0].title, "Publish only on 127.0.0.1, apart from `registry`");
    let said: Vec<&str> = called.related.iter().map(|it| it.message.as_str()).collect();
    let caller = "container `web` of Pod `web` calls port 8848 of `registry` here";
    assert!(said.contains(&caller), "{said:?}");
    assert!(called.help.is_some_and(|it| it.contains("`DOCKER-USER`")));
    for other in ["http://registry:8848", "http://127.0.0.1:8848", "http://192.168.3.101:9"] {
        let free = found(other);
        assert_eq!((free.fixes[0].edits.len(), free.help), (2, None), "{other}");
    }
    let handed_out = |host: &str| {
        let text = format!(
            "services: {{mq: {{image: 'apache/kafka:4.0.0', ports: ['9094:9094'], environment: {{KAFKA_ADVERTISED_LISTENERS: 'EXTERNAL://{host}:9094'}}}}}}\n"
        );
        findings(&RULE, &text).remove(0).fixes.len()
    };
    assert_eq!(handed_out("kafka.acme.example"), 0);
    assert_eq!(handed_out("localhost"), 1);
}

#[test]
fn a_store_that_lets_anybody_in_is_left_to_its_own_rule() {
    let text = "services: { db: { image: 'postgres:17', ports: ['5432:5432'], environment: { POSTGRES_HOST_AUTH_METHOD: trust } } }";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn the_console_of_a_store_is_silent() {
    let text = "services: { mq: { image: 'rabbitmq:4-management', ports: ['15672:15672'] } }";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn a_port_is_no_console_by_its_number_alone() {
    let found = |image: &str| {
        let text = format!("services: {{ s: {{ image: '{image}', ports: ['8080:8080'] }} }}");
        messages(&RULE, &text).len()
    };
    assert_eq!(found("cockroachdb/cockroach:v25.1.0"), 0);
    assert_eq!(found("semitechnologies/weaviate:1.30.0"), 1);
}

#[test]
fn stores_for_development_are_not_counted_with_others() {
    let db = "services: { db: { image: 'postgres:17', ports: ['5432:5432'] } }\n";
    let text = format!("# file: compose.yaml\n{db}# file: compose.dev.yaml\n{db}");
    let found = crate::rules::testing::findings(&RULE, &text);
    assert_eq!(found[0].message, "`db` (PostgreSQL) is published on every address of the host");
    assert_eq!((found.len(), found[0].fixes[0].edits.len()), (1, 1));
    let text = format!("# file: compose.prod.yaml\n{db}# file: compose.full.yaml\n{db}");
    assert_eq!(crate::rules::testing::findings(&RULE, &text)[0].fixes[0].edits.len(), 2);
}

#[test]
fn a_proxy_that_hands_the_port_on_is_named_and_closed() {
    let found = |port: &str| {
        let text = format!(
            "services:\n  temporal: {{ image: 'temporalio/auto-setup:1.28', ports: ['7237:7233'] }}\n  proxy: {{ image: 'nginx:1.29', depends_on: [temporal], ports: ['{port}'] }}\n"
        );
        crate::rules::testing::findings(&RULE, &text).remove(0)
    };
    let open = found("7233:7233");
    assert!(open.related.iter().any(|it| it.message == "`proxy` hands the same port on"));
    assert_eq!(open.fixes[0].edits.len(), 2);
    assert_eq!(found("80:80").fixes[0].edits.len(), 1);
    assert_eq!(found("127.0.0.1:7233:7233").fixes[0].edits.len(), 1);
}

#[test]
fn a_stack_gets_no_loopback_address() {
    let compose = "services: { db: { image: 'postgres:17', ports: ['5432:5432'] } }";
    let fixes = |path: &str| {
        let text = format!("# file: {path}\n{compose}\n");
        crate::rules::testing::findings(&RULE, &text)[0].fixes.len()
    };
    assert_eq!((fixes("compose.yaml"), fixes("docker-stack.yaml")), (1, 0));
}

#[test]
fn the_ports_of_one_store_are_one_finding() {
    let text =
        "services: { es: { image: 'elasticsearch:9.0.0', ports: ['9200:9200', '9300:9300'] } }";
    let found = crate::rules::testing::findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].related.len(), found[0].fixes[0].edits.len()), (1, 2));
}

#[test]
fn an_unpublished_port_is_asked_of_compose() {
    let text = "services: { db: { image: 'postgres:17', ports: [5432] } }";
    let found = crate::rules::testing::findings(&RULE, text);
    assert_eq!(found[0].check, ["docker compose port db 5432"]);
}

/// Returns the texts that the fix of the first finding writes.
fn written(text: &str) -> Vec<String> {
    let found = crate::rules::testing::findings(&RULE, text);
    let mut edits: Vec<_> = found[0].fixes[0].edits.iter().collect();
    edits.sort_by_key(|it| it.span);
    edits.iter().map(|it| it.text.trim().to_owned()).collect()
}

#[test]
fn the_fix_takes_every_form_and_the_console_too() {
    let random = "services: { db: { image: 'postgres:17', ports: ['5432'] } }";
    assert_eq!(written(random), ["'127.0.0.1::5432'"]);
    let long = "services:\n  db:\n    image: postgres:17\n    ports:\n      - target: 5432\n        published: 5432\n";
    assert_eq!(written(long), ["host_ip: 127.0.0.1"]);
    let mq = "services: { mq: { image: 'rabbitmq:4', ports: ['5672:5672', '15672:15672'] } }";
    assert_eq!(written(mq).len(), 2);
    let db = "services: { db: { image: 'postgres:17', ports: ['5432:5432'] } }\n";
    assert_eq!(
        written(&format!("# file: compose.small.yaml\n{db}# file: compose.yaml\n{db}")).len(),
        2
    );
}

#[test]
fn the_port_of_the_store_itself_leads() {
    let text =
        "services: { c: { image: 'consul:1.15', ports: ['8600:53', '8300:8300', '8500:8500'] } }";
    let found = crate::rules::testing::findings(&RULE, text);
    assert_eq!(found[0].check, ["ss -ltn 'sport = :8500'"]);
    assert!(found[0].related.iter().any(|it| it.message == "so is port 8600"));
}

#[test]
fn an_env_file_for_all_services_sets_no_password_of_this_one() {
    let mq = |name: &str| {
        format!(
            "# file: shared.env\n{name}=x\n# file: compose.yaml\nservices: {{ mq: {{ image: 'nats:2.10', env_file: shared.env, ports: ['4222:4222'] }} }}\n"
        )
    };
    let says = |name: &str| messages(&RULE, &mq(name))[0].contains("asks nobody");
    assert!(says("MYSQL_PASSWORD"));
    assert!(!says("NATS_PASSWORD"));
}

#[test]
fn the_stores_of_one_file_are_one_finding() {
    let text = "services: { db: { image: 'postgres:17', ports: ['5432:5432'] }, cache: { image: 'redis:8', ports: ['6379:6379'] } }";
    let found = crate::rules::testing::findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "`cache` (Redis) and `db` (PostgreSQL) are published on every address of the host; `cache` asks nobody for a password"
    );
    assert_eq!(found[0].fixes[0].edits.len(), 2);
}

#[test]
fn a_variant_of_a_store_in_another_file_is_a_related_place() {
    let db = "services: { db: { image: 'postgres:17', ports: ['5432:5432'] } }\n";
    let text = format!("# file: compose.small.yaml\n{db}# file: compose.yaml\n{db}");
    let found = crate::rules::testing::findings(&RULE, &text);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.ends_with("(the same in `compose.small.yaml`)"),
        "{}",
        found[0].message
    );
    let other = "services: { db: { image: 'mysql:9', ports: ['3306:3306'] } }\n";
    let text = format!("# file: compose.small.yaml\n{other}# file: compose.yaml\n{db}");
    assert_eq!(messages(&RULE, &text).len(), 2);
}

#[test]
fn every_port_of_a_store_counts_but_its_console() {
    let text = "services: { s: { image: 'opensearchproject/opensearch:2', ports: ['9201:9201', '9001:9001'] } }";
    let found = crate::rules::testing::findings(&RULE, text);
    assert_eq!(found[0].fixes[0].edits.len(), 2);
    assert_eq!(found[0].related[0].message, "so is port 9001, a console or metrics");
    let mounted = "services: { c: { image: 'redis:8', ports: ['6379:6379'], volumes: ['./redis.conf:/etc/redis.conf'] } }";
    assert_eq!(messages(&RULE, mounted), ["`c` (Redis) is published on every address of the host"]);
}

#[test]
fn a_port_on_which_nothing_listens_does_not_lead() {
    let found = |cache: &str| {
        let text = format!(
            "services:\n  cache: {{image: 'redis:8', {cache}}}\n  db: {{image: 'mysql:9', ports: ['3306:3306'], environment: {{MYSQL_ROOT_PASSWORD: '${{P:?}}'}}}}\n"
        );
        crate::rules::testing::findings(&RULE, &text).remove(0)
    };
    let elsewhere = found("ports: ['6379:6399']");
    assert!(elsewhere.message.contains("`db`"), "{}", elsewhere.message);
    let cache = elsewhere.related.iter().find(|it| it.message.contains("`cache`")).unwrap();
    assert!(cache.message.contains("listens on another port than 6399 by default"));
    for cache in ["ports: ['6379:6379']", "ports: ['6379:6399'], command: redis-server --port 6399"]
    {
        assert!(found(cache).message.starts_with("`cache`"), "{cache}");
    }
}

#[test]
fn a_password_that_everybody_tries_first_is_part_of_the_finding() {
    let found = |password: &str, more: &str| {
        messages(
            &RULE,
            &format!(
                "services:\n  db: {{image: 'mysql:8.4', restart: always, environment: {{MYSQL_ROOT_PASSWORD: {password}}}, ports: ['3306:3306']}}\n{more}"
            ),
        )
    };
    let store = "`db` (MySQL) is published on every address of the host";
    assert_eq!(found("root", ""), [format!("{store}, with a password that everybody tries first")]);
    assert_eq!(found("hV9kq2Zr7LmX", ""), [store]);
    let cache = "  mem: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: hV9kq2Zr7LmX}, ports: ['5432:5432']}\n";
    assert!(found("root", cache)[0].ends_with("; `db` has a password that everybody tries first"));
}

#[test]
fn a_fix_replaces_the_address_of_all_interfaces() {
    for (written, fixed) in [
        ("'0.0.0.0:5432:5432'", "'127.0.0.1:5432:5432'"),
        ("0.0.0.0:5432:5432", "\"127.0.0.1:5432:5432\""),
        ("'[::]:5432:5432'", "'[::1]:5432:5432'"),
        (
            "{target: 5432, published: 5432, host_ip: 0.0.0.0}",
            "{target: 5432, published: 5432, host_ip: 127.0.0.1}",
        ),
        (
            "{target: 5432, published: 5432, host_ip: '::'}",
            "{target: 5432, published: 5432, host_ip: '::1'}",
        ),
    ] {
        let text =
            |port: &str| format!("services: {{db: {{image: 'postgres:17', ports: [{port}]}}}}\n");
        let before = files(&text(written));
        let report = run(&RULE, &before);
        assert_eq!(report.findings.len(), 1, "{written}");
        let after = apply_fixes(&before, &report);
        assert_eq!(&*after[0].text, text(fixed));
        assert!(run(&RULE, &after).findings.is_empty(), "{written}");
    }
}

#[test]
fn a_range_and_an_image_that_is_built_on_a_store_count() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count("services: {db: {image: 'postgres:17', ports: ['5430-5432:5430-5432']}}\n"),
        1
    );
    assert_eq!(
        count(
            "# file: compose.yaml\nservices: {db: {build: ., ports: ['5432:5432']}}\n# file: Dockerfile\nFROM postgres:17\n"
        ),
        1
    );
    assert_eq!(
        count(
            "# file: compose.yaml\nservices: {db: {build: ., ports: ['127.0.0.1:5432:5432']}}\n# file: Dockerfile\nFROM postgres:17\n"
        ),
        0
    );
}

#[test]
fn an_address_that_only_a_variable_knows_is_not_every_one() {
    let count = |port: &str| {
        let text = format!("services: {{ db: {{ image: 'redis:7', ports: ['{port}'] }} }}\n");
        messages(&RULE, &text).len()
    };
    assert_eq!(count("${TAILSCALE_IP}:6379:6379"), 0);
    assert_eq!(count("${PORT}:6379"), 1);
    assert_eq!(count("${ADDRESS:-0.0.0.0}:6379:6379"), 1);
}

#[test]
fn a_common_port_and_folder_give_no_store_away() {
    let text = "services: { app: { image: 'acme/app:1', ports: ['8000:8000'], volumes: ['d:/data'] } }\nvolumes: { d: }\n";
    assert!(messages(&RULE, text).is_empty());
}
