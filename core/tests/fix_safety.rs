//! Which fixes are safe: those after which a configuration that works cannot stop working. What adds a
//! condition, a probe or a limit is not, unless everything that it depends on is understood.
#![allow(clippy::unwrap_used)]

use plimsoll_core::report::Safety;
use plimsoll_core::{File, Options, analyze};

/// Returns the safety of the first fix of a rule, or `None` if it offers no fix.
#[track_caller]
fn safety(code: &str, path: &str, text: &str) -> Option<Safety> {
    let options = Options { select: vec![code.to_owned()], ..Options::default() };
    let report = analyze(&[File::new(path, text)], &options);
    assert!(!report.findings.is_empty(), "{code} finds nothing in\n{text}");
    report.findings[0].fixes.first().map(|it| it.safety)
}

#[track_caller]
fn compose(code: &str, services: &str) -> Option<Safety> {
    safety(code, "compose.yaml", &format!("services:\n{services}"))
}

const APP: &str = "  app: {image: 'acme/app:1', depends_on: [db]}\n";

#[test]
fn waiting_for_a_store_that_is_understood_is_safe() {
    let db = "  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: x}}\n";
    assert_eq!(compose("PLM101", &format!("{APP}{db}")), Some(Safety::Safe));
    let own = "  db: {image: 'postgres:17', environment: {PGPORT: 5433}}\n";
    assert_eq!(compose("PLM101", &format!("{APP}{own}")), Some(Safety::Unsafe));
}

#[test]
fn waiting_for_a_check_that_may_never_pass_is_not_safe() {
    let check = "healthcheck: {test: curl -f http://localhost/ready}";
    let api = format!("  db: {{image: 'acme/api:1', {check}}}\n");
    assert_eq!(compose("PLM101", &format!("{APP}{api}")), Some(Safety::Unsafe));
    // Somebody waits for the check already, so that it passes.
    let other = "  job: {image: 'acme/job:1', depends_on: {db: {condition: service_healthy}}}\n";
    assert_eq!(compose("PLM101", &format!("{APP}{api}{other}")), Some(Safety::Safe));
}

#[test]
fn there_is_no_fix_where_the_ready_check_would_fail() {
    let secret = "  db: {image: 'redis:8', command: sh -c 'redis-server --requirepass $$(cat /run/secrets/p)'}\n";
    assert_eq!(compose("PLM101", &format!("{APP}{secret}")), None);
    let kafka = "  db: {image: 'apache/kafka:4.0.0', environment: {KAFKA_LISTENERS: 'PLAINTEXT://db:9092'}}\n";
    assert_eq!(compose("PLM101", &format!("{APP}{kafka}")), None);
}

#[test]
fn conditions_and_limits_are_read_first() {
    let log = "  app: {image: 'acme/app:1', restart: always}\n";
    assert_eq!(compose("PLM803", log), Some(Safety::Unsafe));
    let talk = "  app:\n    image: acme/app:1\n    environment: {DB_HOST: db}\n  db: {image: 'postgres:17'}\n";
    assert_eq!(compose("PLM104", talk), Some(Safety::Unsafe));
    let task = "  migrate: {image: 'acme/app:1', command: alembic upgrade head}\n  app: {image: 'acme/app:1'}\n";
    assert_eq!(compose("PLM206", task), Some(Safety::Unsafe));
    let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: dump}\nspec:\n  schedule: '0 * * * *'\n  jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: 'postgres:17', command: [pg_dump]}]}}}}\n";
    assert_eq!(safety("PLM716", "cron.yaml", cron), Some(Safety::Unsafe));
}

#[test]
fn a_restart_policy_is_safe_only_for_a_server_as_its_image_starts_it() {
    assert_eq!(compose("PLM802", "  db: {image: 'postgres:17'}\n"), Some(Safety::Safe));
    let own = "  app: {image: 'acme/app:1', ports: ['80:80']}\n";
    assert_eq!(compose("PLM802", own), Some(Safety::Unsafe));
}

#[test]
fn what_the_platform_refuses_may_be_corrected() {
    assert_eq!(
        compose("PLM808", "  app: {image: 'a:1', enviroment: {A: b}}\n"),
        Some(Safety::Safe)
    );
    let typo = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1', readynessProbe: {tcpSocket: {port: 1}}}]}\n";
    // Servers that drop the key run the Pod; the probe may never pass.
    assert_eq!(safety("PLM808", "pod.yaml", typo), Some(Safety::Unsafe));
}
