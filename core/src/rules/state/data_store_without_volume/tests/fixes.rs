//! What is offered to mend a store without a volume.

use super::super::RULE;
use crate::edit::apply::apply;
use crate::rules::testing::{files, findings, run};

#[test]
fn a_dump_comes_before_a_volume_is_moved() {
    let help = |path: &str| {
        let text = format!(
            "services: {{db: {{image: 'postgres:17', volumes: ['vol:{path}']}}}}\nvolumes: {{vol: {{}}}}\n"
        );
        findings(&RULE, &text)[0].help.clone().unwrap_or_default()
    };
    let help = help("/var/lib/postgres/data");
    assert!(help.contains("exec -T db pg_dumpall -U postgres > dump.sql"), "{help}");
}

#[test]
fn a_new_volume_is_empty_so_a_dump_comes_first() {
    let help = |image: &str, variables: &str| {
        let text =
            format!("services: {{db: {{image: '{image}', environment: {{{variables}}}}}}}\n");
        findings(&RULE, &text)[0].help.clone().unwrap_or_default()
    };
    for (image, variables, command) in [
        ("postgres:17", "", "pg_dumpall -U postgres > dump.sql"),
        ("postgres:17", "POSTGRES_USER: shop", "pg_dumpall -U shop > dump.sql"),
        (
            "postgres:17",
            "POSTGRES_USER: '${DB_USER}'",
            "sh -c 'pg_dumpall -U \"$POSTGRES_USER\"' > dump.sql",
        ),
        (
            "mysql:8.4",
            "MYSQL_ROOT_PASSWORD: '${P:?}'",
            "sh -c 'mysqldump --all-databases -uroot -p\"$MYSQL_ROOT_PASSWORD\"' > dump.sql",
        ),
        ("mongo:7", "", "mongodump --archive > dump.archive"),
    ] {
        let help = help(image, variables);
        let wanted = format!("`docker compose exec -T db {command}`");
        assert!(help.contains(&wanted), "{image}: {help}");
    }
    for (image, variables) in [("mysql:8.4", ""), ("elasticsearch:8.15.0", "")] {
        assert!(!help(image, variables).contains("dump"), "{image}");
    }
}

#[test]
fn the_fix_knows_whether_there_are_volumes() {
    for top in ["", "volumes:\n  other:\n", "volumes:\n  other:\n    driver: local\n"] {
        let before = files(&format!("services:\n  db:\n    image: mysql:8\n{top}"));
        let report = run(&RULE, &before);
        let (after, applied) = apply(&before, &report, true);
        assert_eq!(applied, 1, "{top}");
        assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
        assert!(after[0].text.contains("\n  db-data:"), "{}", after[0].text);
    }
}

#[test]
fn a_fix_mends_every_store_and_fixes_the_host_name_where_it_matters() {
    let text = "services:\n  queue:\n    image: rabbitmq:4.0\n  db:\n    image: mysql:8.4\n";
    let sources = files(text);
    let report = run(&RULE, &sources);
    assert_eq!(report.findings.len(), 1);
    let fixed = crate::rules::testing::apply_fixes(&sources, &report);
    assert_eq!(
        &*fixed[0].text,
        "services:\n  queue:\n    image: rabbitmq:4.0\n    volumes:\n      - queue-data:/var/lib/rabbitmq\n    hostname: queue\n  db:\n    image: mysql:8.4\n    volumes:\n      - db-data:/var/lib/mysql\nvolumes:\n  db-data: {}\n  queue-data: {}\n"
    );
}

#[test]
fn an_anonymous_volume_gets_a_name() {
    let text = "services:\n  db:\n    image: mysql:8.4\n    volumes:\n      - /var/lib/mysql\n";
    let sources = files(text);
    let report = run(&RULE, &sources);
    let fixed = crate::rules::testing::apply_fixes(&sources, &report);
    assert_eq!(
        &*fixed[0].text,
        "services:\n  db:\n    image: mysql:8.4\n    volumes:\n      - db-data:/var/lib/mysql\nvolumes:\n  db-data: {}\n"
    );
}
