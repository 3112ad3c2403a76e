use super::RULE;
use crate::rules::testing::{findings, messages};

#[test]
fn the_family_of_a_store_comes_from_its_dockerfile_and_from_its_name() {
    let built = |dockerfile: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'a/w:1', depends_on: [db]}}, db: {{build: ./db}}}}\n# file: db/Dockerfile\n{dockerfile}\n"
        );
        findings(&RULE, &text).len()
    };
    assert_eq!(built("FROM node:22 AS build\nFROM postgres:17"), 1);
    assert_eq!(built("FROM postgres:17 AS dump\nFROM node:22"), 0);
    let named = |image: &str| {
        let text = format!(
            "services: {{web: {{image: 'a/w:1', depends_on: [db]}}, db: {{image: '{image}'}}}}\n"
        );
        findings(&RULE, &text).len()
    };
    for image in
        ["acme/postgres:17", "registry.corp/team/postgres-custom:17", "acme/redis-server:7"]
    {
        assert_eq!(named(image), 1, "{image}");
    }
    assert_eq!(named("acme/postgres-exporter:1"), 0);
}

#[test]
fn all_that_start_before_one_service_are_one_finding() {
    let client = |name: &str| format!("  {name}: {{image: 'a/b:1', depends_on: [db]}}\n");
    let text =
        format!("services:\n{}{}  db: {{image: 'postgres:17'}}\n", client("web"), client("job"));
    let found = findings(&RULE, &text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "`job`, `web` may start before `db` can answer");
    // Both dependents wait, and the store gets its check.
    assert_eq!(found[0].fixes[0].edits.len(), 3);
}

#[test]
fn dependents_that_share_their_dependencies_through_an_anchor_are_all_named() {
    let text = "services:\n  web: {image: 'a/b:1', depends_on: &needs [db]}\n  job: {image: 'a/c:1', depends_on: *needs}\n  db: {image: 'postgres:17'}\n";
    let found = findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "`job`, `web` may start before `db` can answer");
    // The shared list is written anew once, and the store gets its check.
    assert_eq!(found[0].fixes[0].edits.len(), 2);
}

#[test]
fn every_class_of_store_counts_in_either_form() {
    let short = "depends_on: [s]";
    let long = "depends_on: {s: {condition: service_started}}";
    let bare = "depends_on: {s: {required: true}}";
    let count = |form: &str, store: &str| {
        let text = format!("services:\n  web: {{image: 'a/b:1', {form}}}\n  s: {{{store}}}\n");
        messages(&RULE, &text).len()
    };
    for image in [
        "postgres:17",
        "mysql:8.4",
        "mongo:8.0",
        "redis:8.2",
        "memcached:1.6",
        "rabbitmq:4",
        "apache/kafka:4.0.0",
        "nats:2.10",
        "elasticsearch:9.0.0",
        "opensearchproject/opensearch:2.19.1",
    ] {
        for form in [short, long, bare] {
            assert_eq!(count(form, &format!("image: '{image}'")), 1, "{image} {form}");
        }
        let waits = "depends_on: {s: {condition: service_healthy}}";
        assert_eq!(count(waits, &format!("image: '{image}'")), 0, "{image}");
    }
    let checked = "image: 'a/api:1', healthcheck: {test: [CMD, ready]}";
    assert_eq!(count(short, checked), 1, "any service with a healthcheck");
    assert_eq!(count(short, "image: 'a/api:1'"), 0);
    assert_eq!(count(short, "image: 'a/api:1', healthcheck: {disable: true}"), 0);
}

#[test]
fn a_seed_is_waited_for_by_nobody_s_mistake() {
    let text = "services:\n  web: {image: 'a/b:1', depends_on: [seed]}\n  seed: {image: 'postgres:17', command: psql -h db -f /seed.sql}\n";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn services_without_a_check_are_one_cause() {
    let text = "services:\n  a: {image: 'a/b:1', depends_on: [db-a]}\n  c: {image: 'c/d:1', depends_on: [db-c, cache]}\n  db-a: {image: 'postgres:17'}\n  db-c: {image: 'postgres:17'}\n  cache: {image: 'redis:8.2'}\n";
    let found = findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "`a` may start before `db-a` can answer (and 2 more like it)");
    let places: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
    assert!(places.contains(&"`c` may start before `db-c` can answer"), "{places:?}");
    assert!(places.contains(&"`c` may start before `cache` can answer"), "{places:?}");
    // All three get their checks, and both dependents wait.
    assert_eq!((found[0].fixes.len(), found[0].fixes[0].edits.len()), (1, 5));
}

#[test]
fn a_cache_does_not_lead_over_a_database() {
    let text = "services:\n  web: {image: 'a/b:1', depends_on: [cache, db]}\n  cache: {image: 'redis:8.2'}\n  db: {image: 'postgres:17'}\n";
    assert_eq!(
        messages(&RULE, text),
        ["`web` may start before `db` can answer (and 1 more like it)"]
    );
}

#[test]
fn a_dependent_that_is_restarted_until_it_succeeds_is_worth_a_note() {
    let found = |more: &str| {
        let text = format!(
            "services:\n  web: {{image: 'a/b:1', depends_on: [db], {more}}}\n  db: {{image: 'postgres:17'}}\n"
        );
        findings(&RULE, &text).remove(0)
    };
    for policy in ["always", "unless-stopped", "on-failure"] {
        let found = found(&format!("restart: {policy}"));
        assert_eq!(found.severity.name(), "info", "{policy}");
        assert!(found.why.is_some_and(|it| it.contains("until the dependency answers")));
    }
    for policy in ["restart: 'no'", "restart: 'on-failure:3'", "tty: true"] {
        assert_eq!(found(policy).severity.name(), "warning", "{policy}");
    }
}

#[test]
fn a_switch_for_retries_makes_it_a_note() {
    let severity = |value: &str| {
        let text = format!(
            "services:\n  web: {{image: 'a/b:1', depends_on: [db], environment: {{RetryMigrations: '{value}'}}}}\n  db: {{image: 'postgres:17'}}\n"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(severity("true"), "info");
    assert_eq!(severity("false"), "warning");
}

#[test]
fn a_log_collector_buffers_what_it_cannot_hand_on_yet() {
    let severity = |logs: &str, driver: &str| {
        let text = format!(
            "services:\n  logs: {{image: 'a/logs:1', depends_on: [db], {logs}}}\n  db: {{image: 'elasticsearch:9.2'}}\n  web: {{image: 'a/web:1', logging: {{{driver}}}}}\n"
        );
        let found = findings(&RULE, &text);
        found[0].severity.name()
    };
    let to_port = "driver: fluentd, options: {fluentd-address: 'localhost:5170'}";
    assert_eq!(severity("ports: ['24224:24224']", ""), "info");
    assert_eq!(severity("expose: ['24224']", ""), "info");
    assert_eq!(severity("ports: ['5170:9000']", to_port), "info");
    for (logs, driver) in [
        ("ports: ['8080:8080']", ""),
        ("ports: ['5171:9000']", to_port),
        ("ports: ['5170:9000']", "driver: json-file"),
        ("tty: true", "driver: fluentd"),
    ] {
        assert_eq!(severity(logs, driver), "warning", "{logs}: {driver}");
    }
}

#[test]
fn what_the_sidecar_connects_to_is_not_waited_for() {
    let project = |env: &str| {
        let text = format!(
            "services:\n  basket: {{image: 'a/basket:1', depends_on: [redis]{env}}}\n  basket-dapr: {{image: 'daprio/daprd:1.14.4', network_mode: 'service:basket'}}\n  redis: {{image: 'redis:8.2'}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(project(""), 0);
    assert_eq!(project(", environment: {REDIS_URL: 'redis://redis:6379'}"), 1);
    let database = "services:\n  basket: {image: 'a/basket:1', depends_on: [db]}\n  basket-dapr: {image: 'daprio/daprd:1.14.4', network_mode: 'service:basket'}\n  db: {image: 'postgres:17'}\n";
    assert_eq!(messages(&RULE, database).len(), 1, "a driver of its own connects to it");
}

#[test]
fn checks_that_nobody_waits_for_are_one_cause_in_all_files() {
    let check = "healthcheck: {test: [CMD, ready]}";
    let file = format!(
        "services:\n  a: {{image: 'a/b:1', depends_on: [x, y]}}\n  x: {{image: 'a/x:1', {check}}}\n  y: {{image: 'a/y:1', {check}}}\n"
    );
    let text = format!("# file: compose.yaml\n{file}# file: compose-all.yaml\n{file}");
    let found = findings(&RULE, &text);
    assert_eq!(
        found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(),
        ["`a` may start before `x` can answer (and 3 more like it, also in `compose-all.yaml`)"]
    );
    let first = &found[0].fixes[0];
    assert!(first.edits[0].text.matches("service_healthy").count() == 2, "{first:?}");
}

#[test]
fn a_dependent_that_tries_again_or_is_for_development_is_worth_a_note() {
    let severity =
        |text: &str| findings(&RULE, text).iter().map(|it| it.severity.name()).collect::<Vec<_>>();
    let db = "  db: {image: 'postgres:17'}\n";
    let proxy = format!("services:\n  web: {{image: 'nginx:1.29', depends_on: [db]}}\n{db}");
    assert_eq!(severity(&proxy), ["info"]);
    let built = format!(
        "# file: compose.yaml\nservices:\n  web: {{build: ./web, depends_on: [db]}}\n{db}# file: web/Dockerfile\nFROM node:22 AS build\nFROM nginx:1.29\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n"
    );
    assert_eq!(severity(&built), ["info"]);
    let app = format!(
        "# file: compose.dev.yaml\nservices:\n  web: {{image: 'a/b:1', depends_on: [db]}}\n{db}"
    );
    assert_eq!(severity(&app), ["info"]);
}

#[test]
fn a_check_that_never_passes_is_not_waited_for() {
    let text = "services:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17', healthcheck: {test: [CMD, curl, -f, localhost]}}\n";
    let found = findings(&RULE, text);
    assert!(found.is_empty());
}

#[test]
fn who_starts_nothing_at_once_is_silent() {
    let db = "  db: {image: 'postgres:17'}\n";
    for body in [
        "image: 'a/b:1', command: [tini, --, sleep, infinity]",
        "image: 'a/b:1', command: bash, tty: true",
        "image: 'a/b:1', entrypoint: [crond, -f]",
        "image: 'temporalio/admin-tools:1.28', tty: true",
    ] {
        let text = format!("services:\n  shell: {{{body}, depends_on: [db]}}\n{db}");
        assert!(messages(&RULE, &text).is_empty(), "{body}");
    }
    let text = format!(
        "# file: compose.yaml\nservices:\n  clean: {{build: ., depends_on: [db]}}\n{db}# file: Dockerfile\nFROM acme/base\nENTRYPOINT [\"crond\"]\nCMD [\"-f\"]\n"
    );
    assert!(messages(&RULE, &text).is_empty());
    let runs = "image: 'a/b:1', command: bash /start.sh";
    let text = format!("services:\n  web: {{{runs}, depends_on: [db]}}\n{db}");
    assert_eq!(messages(&RULE, &text).len(), 1);
}

#[test]
fn an_image_is_known_by_the_arguments_of_its_build() {
    let text = "# file: compose.yaml\nservices:\n  temporal: {build: {context: ., args: ['BASE=auto-setup:${VERSION}']}, depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: Dockerfile\nARG BASE\nFROM temporalio/${BASE}\nUSER temporal\n";
    assert!(messages(&RULE, text).is_empty());
    assert_eq!(messages(&RULE, &text.replace("auto-setup", "server")).len(), 1);
}

#[test]
fn a_mounted_script_decides_and_one_that_is_not_here_may_wait() {
    let text = "# file: compose.yaml\nservices:\n  web: {image: 'a/b:1', entrypoint: /start.sh, volumes: ['./start.sh:/start.sh'], depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    let found = findings(&RULE, text);
    assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
    assert_eq!(found[0].confidence, crate::report::Confidence::Likely);
    let config = text.replace("entrypoint: /start.sh", "command: serve --config /start.sh.conf");
    assert_eq!(findings(&RULE, &config)[0].severity.name(), "warning");
}

#[test]
fn swarm_ignores_the_order() {
    let text = "# file: docker-stack.yml\nservices:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    assert!(messages(&RULE, text).is_empty());
    let overlay = text
        .replace("docker-stack", "compose")
        .replace("services:", "networks: {default: {driver: overlay}}\nservices:");
    assert!(messages(&RULE, &overlay).is_empty());
    // `docker stack deploy` refuses a map, so that the file is for Compose after all.
    let map = text.replace("[db]", "{db: {condition: service_started}}");
    assert_eq!(messages(&RULE, &map).len(), 1);
    assert_eq!(messages(&RULE, &text.replace("docker-stack", "compose")).len(), 1);
}

#[test]
fn a_gate_on_an_image_of_an_open_version_is_read_first() {
    use crate::report::Safety;
    let safety = |image: &str| {
        let text =
            format!("services:\n  web: {{image: 'a/b:1', depends_on: [db]}}\n  db: {{{image}}}\n");
        findings(&RULE, &text)[0].fixes[0].safety
    };
    assert_eq!(safety("image: 'mongo:8.0'"), Safety::Safe);
    assert_eq!(safety("image: mongo"), Safety::Unsafe);
    assert_eq!(safety("image: 'mysql:8.4', platform: linux/amd64"), Safety::Unsafe);
}

#[test]
fn drivers_that_wait_make_it_a_note() {
    let text = "services:\n  web: {image: 'a/b:1', depends_on: [db]}\n  seed: {image: 'mongo:8.0', command: mongoimport --host db, depends_on: [db]}\n  db: {image: 'mongo:8.0'}\n";
    let found = findings(&RULE, text);
    let all: Vec<_> = found.iter().map(|it| (it.message.as_str(), it.severity.name())).collect();
    assert_eq!(
        all,
        [
            ("`web` may start before `db` can answer", "info"),
            ("`seed` may start before `db` can answer", "warning")
        ]
    );
}

#[test]
fn who_starts_late_anyway_is_silent() {
    let chain = "services:\n  tests: {image: 'a/b:1', depends_on: [queue, shop]}\n  shop: {image: 'a/shop:1', depends_on: {queue: {condition: service_healthy}}}\n  queue: {image: 'rabbitmq:4', healthcheck: {test: [CMD, ready]}}\n";
    assert!(messages(&RULE, chain).is_empty());
    let idle = "services:\n  shell: {image: 'a/b:1', command: tail -f /dev/null, depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    assert!(messages(&RULE, idle).is_empty());
    let setup = "services:\n  temporal: {image: 'temporalio/auto-setup:1.28', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    assert!(messages(&RULE, setup).is_empty());
    let built = "# file: compose.yaml\nservices:\n  web: {build: ., depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: Dockerfile\nFROM acme/base\nENTRYPOINT [\"/wait-for-it.sh\", \"db:5432\", \"--\", \"./web\"]\n";
    assert!(messages(&RULE, built).is_empty());
    let setup = "# file: compose.yaml\nservices:\n  temporal: {build: ., image: own-setup, depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: Dockerfile\nFROM temporalio/auto-setup:1.28\nCOPY start.sh /\n";
    assert!(messages(&RULE, setup).is_empty());
    let prepared = "services:\n  web: {image: 'a/b:1', depends_on: {cache: {condition: service_started}, init: {condition: service_completed_successfully}}}\n  cache: {image: 'redis:8.2'}\n  init: {image: 'a/init:1'}\n";
    assert!(messages(&RULE, prepared).is_empty());
}

#[test]
fn a_test_override_decides_nothing_about_the_main_file() {
    let text = "# file: compose.yaml\nservices:\n  web: {image: 'a/b:1', command: [wait-for-it, 'db:5432'], depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: compose.override.test.yaml\nservices:\n  web: {command: ./web}\n";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn who_waits_by_itself_and_what_runs_once_are_silent() {
    let waits = "services:\n  web: {image: 'a/b:1', command: [wait-for-it, 'db:5432'], depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    assert!(messages(&RULE, waits).is_empty());
    let task = "services:\n  web: {image: 'a/b:1', depends_on: [migrate]}\n  migrate: {image: 'postgres:17', command: ./migrate.sh}\n";
    assert!(messages(&RULE, task).is_empty());
}

#[test]
fn commands_name_the_files_that_compose_does_not_find() {
    let text = "# file: deploy/shop.yaml\nservices:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    assert_eq!(
        findings(&RULE, text)[0].check[0],
        "docker compose -f deploy/shop.yaml ps -a db web"
    );
}

#[test]
fn a_check_that_gives_up_early_gets_time_to_start() {
    let edits = |image: &str, test: &str, check: &str| {
        let text = format!(
            "services:\n  web: {{image: 'a/b:1', depends_on: [db]}}\n  db:\n    image: '{image}'\n    healthcheck:\n      test: {test}\n{check}"
        );
        let found = findings(&RULE, &text);
        let fix = found.first().and_then(|it| it.fixes.first()).expect("a fix");
        fix.edits.iter().map(|it| it.text.clone()).collect::<String>()
    };
    let app = |check: &str| edits("acme/api:1", "[CMD, curl, -f, 'http://localhost:8080/']", check);
    let hasty = "      interval: 3s\n      retries: 5\n";
    assert!(app(hasty).contains("start_period: 120s"));
    assert!(app("      timeout: 5s\n").contains("start_period: 120s"));
    for patient in ["      start_period: 2m\n", "      interval: 10s\n      retries: 12\n"] {
        assert!(!app(patient).contains("start_period"), "{patient}");
    }
    let written = app("      interval: 3s\n      start_period: 5s\n");
    assert!(!written.contains("start_period"), "what is written stays: {written}");
    let mysql = "[CMD, mysqladmin, ping, -h, 127.0.0.1]";
    assert!(edits("mysql:8.4", mysql, hasty).contains("start_period: 60s"));
    let redis = edits("redis:7.4", "[CMD, redis-cli, ping]", hasty);
    assert!(!redis.contains("start_period"), "a cache is up at once: {redis}");
}

#[test]
fn files_that_are_extended_or_included_are_read() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count(
            "# file: compose.yaml\nservices: {web: {image: 'a/web:1', depends_on: [db]}, db: {extends: {file: base.yaml, service: db}}}\n# file: base.yaml\nservices: {db: {image: 'postgres:17'}}\n"
        ),
        1
    );
    assert_eq!(
        count(
            "# file: compose.yaml\ninclude: [db.yaml]\nservices: {web: {image: 'a/web:1', depends_on: [db]}}\n# file: db.yaml\nservices: {db: {image: 'postgres:17'}}\n"
        ),
        1
    );
    assert_eq!(
        count(
            "# file: compose.yaml\ninclude: [db.yaml]\nservices: {web: {image: 'a/web:1', depends_on: {db: {condition: service_healthy}}}}\n# file: db.yaml\nservices: {db: {image: 'postgres:17', healthcheck: {test: [CMD, pg_isready]}}}\n"
        ),
        0
    );
}

#[test]
fn a_healthcheck_of_the_image_is_one_to_wait_for() {
    let project = |on: &str, dockerfile: &str| {
        let text = format!(
            "# file: compose.yaml\nservices:\n  web: {{image: 'acme/web:1', depends_on: [api]}}\n  api: {{{on}}}\n# file: api/Dockerfile\n{dockerfile}"
        );
        let found = findings(&RULE, &text);
        found.first().map(|it| {
            let edits: String =
                it.fixes.iter().flat_map(|it| &it.edits).map(|it| &*it.text).collect();
            (it.severity.name(), it.related[0].message.clone(), edits)
        })
    };
    let check = "HEALTHCHECK CMD curl -f http://localhost/\n";
    let base = "FROM ghcr.io/acme/base:1\n";
    let wait = "{ api: { condition: service_healthy } }".to_owned();
    let waits = |message: &str| Some(("warning", message.to_owned(), wait.clone()));
    assert_eq!(
        project("build: api", &format!("{base}{check}")),
        waits("`api` has a healthcheck to wait for")
    );
    assert_eq!(
        project("image: 'gitlab/gitlab-ce:17.1.0-ce.0'", base),
        waits("the image of `api` has a healthcheck to wait for")
    );
    // Docker takes the healthcheck of the base image, and what it is is not known.
    assert_eq!(project("build: api", base), None);
    assert_eq!(project("build: api", &format!("{base}{check}HEALTHCHECK NONE\n")), None);
    assert_eq!(
        project("build: api, healthcheck: {disable: true}", &format!("{base}{check}")),
        None
    );
    // Nobody needs a mail catcher at once.
    assert_eq!(project("image: 'axllent/mailpit:v1.20'", base), None);
}

#[test]
fn the_healthcheck_of_a_store_in_its_dockerfile_is_kept() {
    let text = "# file: compose.yaml\nservices:\n  web: {image: 'acme/web:1', depends_on: [db]}\n  db: {build: db}\n# file: db/Dockerfile\nFROM postgres:17\nHEALTHCHECK CMD pg_isready -U shop\n";
    let found = findings(&RULE, text);
    let edits: Vec<&str> =
        found[0].fixes.iter().flat_map(|it| &it.edits).map(|it| &*it.text).collect();
    assert_eq!(edits, ["{ db: { condition: service_healthy } }"]);
}
