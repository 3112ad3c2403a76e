//! Volumes that are mounted beside the data.

use super::super::RULE;
use super::service;
use crate::rules::testing::{files, findings, run};

#[test]
fn the_version_decides_the_path() {
    for (image, path, found) in [
        ("postgres:17", "/var/lib/postgresql/data", None),
        ("postgres:17", "/var/lib/postgresql", Some("error")),
        ("postgres:18-alpine", "/var/lib/postgresql", None),
        ("postgres:18-alpine", "/var/lib/postgresql/data", Some("error")),
        ("postgres", "/var/lib/postgresql/data", Some("error")),
        ("postgres:latest", "/var/lib/postgresql", None),
        ("postgres:bookworm", "/var/lib/postgresql/data", None),
        ("mysql:8", "/var/lib/mysql", None),
        ("mysql:8", "/var/lib/mysq", Some("error")),
        ("mysql:8", "/backups", Some("warning")),
        ("mysql:8", "/var/lib/mysql-files", Some("warning")),
        ("mysql:8", "/docker-entrypoint-initdb.d", Some("info")),
        ("mongo:7", "/data/db", None),
        ("mongo:7", "/data", Some("error")),
        ("prom/prometheus:v3.1.0", "/prometheus", None),
        ("elasticsearch:8.15.0", "/usr/share/elasticsearch/data", None),
    ] {
        let body = format!("volumes: ['vol:{path}']");
        assert_eq!(service(image, &body), Vec::from_iter(found), "{image} {path}");
    }
}

#[test]
fn a_volume_beside_the_data_is_a_slip_in_development_too() {
    let found = |path: &str, image: &str, volume: &str, more: &str| {
        let text = format!(
            "# file: {path}\nservices: {{db: {{image: '{image}', volumes: ['{volume}']{more}}}}}\nvolumes: {{vol: {{}}}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    let old = "vol:/var/lib/postgresql/data";
    assert_eq!(found("compose.dev.yaml", "postgres:18", old, ""), ["warning"]);
    assert_eq!(found("compose.yaml", "postgres:18", old, ", profiles: [tools]"), ["error"]);
    assert_eq!(found("compose.dev.yaml", "mysql:8", "vol:/var/lib/mysq", ""), ["warning"]);
    for (volume, image) in [
        ("/var/lib/mysq", "mysql:8"),
        ("vol:/backups", "mysql:8"),
        (old, "postgres:17"),
        ("vol:/var/lib/postgresql", "postgres:18"),
    ] {
        assert!(found("compose.dev.yaml", image, volume, "").is_empty(), "{image} {volume}");
    }
}

#[test]
fn only_options_for_data_move_it() {
    let mounts = "volumes: [/var/lib/postgresql/data, './pki:/pki']";
    let tls =
        "command: [postgres, -c, ssl_cert_file=/pki/postgresql.pem, -c, ssl_ca_file=/pki/ca.pem]";
    assert_eq!(service("postgres:17", &format!("{tls}, {mounts}")), ["warning"]);
    let moved = "command: [postgres, -c, data_directory=/pki]";
    assert!(service("postgres:17", &format!("{moved}, {mounts}")).is_empty());
    let settings = "command: [postgres, -c, config_file=/etc/postgresql.conf]";
    assert!(service("postgres:17", &format!("{settings}, volumes: ['vol:/db']")).is_empty());
}

#[test]
fn other_volumes_do_not_hide_a_misplaced_one() {
    let certs = "'vol:/usr/share/elasticsearch/config/certs'";
    let wrong = "/var/lib/elasticsearch/data";
    let body = format!("volumes: [{certs}, {wrong}]");
    assert_eq!(service("elasticsearch:8.15.0", &body), ["error"]);
    let two = format!("volumes: [/data/a, {wrong}]");
    assert_eq!(service("elasticsearch:8.15.0", &two), ["warning"], "which one is meant?");
}

#[test]
fn an_anonymous_volume_at_the_wrong_path_is_the_slip() {
    let text = "services:\n  search:\n    image: elasticsearch:8.15.0\n    volumes:\n      - /var/lib/elasticsearch/data\n";
    let sources = files(text);
    let report = run(&RULE, &sources);
    assert_eq!(
        report.findings[0].message,
        "service `search` (Elasticsearch) keeps its data in `/usr/share/elasticsearch/data`, but an anonymous volume is mounted at `/var/lib/elasticsearch/data`"
    );
    let fixed = crate::rules::testing::apply_fixes(&sources, &report);
    assert!(
        fixed[0].text.contains("- search-data:/usr/share/elasticsearch/data\n"),
        "{}",
        fixed[0].text
    );
}

#[test]
fn a_misplaced_volume_leaves_the_data_where_the_image_puts_it() {
    let why = |image: &str, path: &str| {
        let text = format!(
            "services: {{db: {{image: '{image}', restart: always, volumes: ['vol:{path}']}}}}\nvolumes: {{vol: {{}}}}\n"
        );
        findings(&RULE, &text)[0].why.clone().unwrap_or_default()
    };
    let declared = why("postgres:12", "/data/db");
    assert!(declared.contains("without a name") && declared.contains("down"), "{declared}");
    let lost = why("elasticsearch:8.15.0", "/var/lib/elasticsearch/data");
    assert!(lost.contains("goes with its container"), "{lost}");
}

#[test]
fn the_volume_that_an_image_declares_hides_one_above_it() {
    let kafka = |body: &str| service("confluentinc/cp-kafka:7.9.0", body);
    assert_eq!(kafka("volumes: ['vol:/var/lib/kafka']"), ["error"]);
    assert!(kafka("volumes: ['vol:/var/lib/kafka/data']").is_empty());
    let moved = "environment: { KAFKA_LOG_DIRS: /var/lib/kafka/logs }";
    assert!(kafka(&format!("{moved}, volumes: ['vol:/var/lib/kafka']")).is_empty());
}
