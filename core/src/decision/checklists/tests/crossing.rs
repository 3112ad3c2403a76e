//! What containers dial on the way to a cluster, and what they keep.

use super::{decide, item_of, seen};
use crate::report::{CheckItem, CheckState};

#[test]
fn an_order_alone_dials_nobody() {
    // <https://docs.docker.com/reference/compose-file/services/#depends_on>: it controls the order of startup.
    let with = |worker: &str| {
        let text = format!(
            "services:\n  api: {{image: 'acme/api:1.2.3', ports: ['80:80']}}\n  worker: {{image: 'acme/worker:1.2.3', {worker}}}\n  db: {{image: 'postgres:17.2'}}\n"
        );
        seen(&text, CheckItem::ServiceDiscovery)
    };
    let named = "1 of 1 client names in its configuration what it dials";
    let names_store = "depends_on: [api, db], environment: {DB_URL: 'postgres://db:5432/a'}";
    assert_eq!(with(names_store), (CheckState::Pass, named.to_owned()));
    let (state, words) = with("depends_on: [api]");
    assert_eq!(
        (state, words.as_str()),
        (CheckState::CannotSee, "no container names a host that it dials")
    );
    // Nobody waits for a database without talking to it.
    let (state, words) = with("depends_on: [db]");
    assert_eq!(state, CheckState::CannotSee);
    assert!(words.starts_with("0 of 1 client"), "{words}");
}

#[test]
fn a_file_in_the_container_names_what_it_dials() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3'}\n  edge: {image: 'acme/edge:1.2.3', depends_on: [api], volumes: ['./edge.yaml:/etc/edge.yaml:ro']}\n";
    let with = |file: &str| {
        let files = [("deploy/compose.yaml", compose), ("deploy/edge.yaml", file)];
        item_of(&decide(&files), CheckItem::ServiceDiscovery).seen
    };
    let named = "1 of 1 client names in its configuration what it dials";
    assert_eq!(with("upstreams: [{url: 'http://api:8080'}]\n"), named);
    assert_eq!(with("upstreams: [{name: api}]\n"), "no container names a host that it dials");
}

#[test]
fn a_collector_that_watches_a_database_names_it_and_is_none() {
    // <https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/postgresqlreceiver>
    let config = "receivers: {postgresql: {endpoint: 'db:5432', databases: [shop]}}\n";
    let compose = "services:\n  db: {image: 'postgres:17.2', volumes: ['pg:/var/lib/postgresql/data']}\n  collector: {image: 'otel/opentelemetry-collector-contrib:0.135.0', volumes: ['./collector.yaml:/etc/otelcol-contrib/config.yaml'], environment: {POSTGRES_PASSWORD: x}}\nvolumes: {pg: {}}\n";
    let decision = decide(&[("compose.yaml", compose), ("collector.yaml", config)]);
    let discovery = item_of(&decision, CheckItem::ServiceDiscovery).seen;
    assert_eq!(discovery, "1 of 1 client names in its configuration what it dials");
    let data = item_of(&decision, CheckItem::PersistentData).seen;
    assert_eq!(data, "1 of 1 data store keeps its data on a volume");
}

#[test]
fn an_anonymous_volume_within_the_sources_is_no_data() {
    let with = |volumes: &str| {
        let text = format!(
            "services: {{app: {{image: 'acme/app:1.2.3', volumes: [{volumes}]}}, web: {{image: 'acme/web:1.2.3'}}}}\n"
        );
        seen(&text, CheckItem::HiddenState).1
    };
    let kept = with("'.:/srv/app', '/srv/app/node_modules'");
    assert!(kept.starts_with("no known data store"), "{kept}");
    let hidden = with("/srv/app/uploads");
    assert!(hidden.contains("missing: `app`"), "{hidden}");
}

#[test]
fn what_another_host_answers_is_named_too() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', environment: {SQL_HOST: db}, depends_on: [db]}\n  db: {image: 'postgres:17.2'}\n";
    let with = |host: &str| {
        let cluster = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1.2.3', env: [{{name: SQL_HOST, value: {host}}}]}}]}}\n"
        );
        let decision = decide(&[("compose.yaml", compose), ("k8s/web.yaml", &cluster)]);
        item_of(&decision, CheckItem::ServiceDiscovery).state
    };
    assert_eq!(with("SQLH-DB-19"), CheckState::Pass);
    // The name of the Compose service reaches nobody in the cluster.
    assert_ne!(with("db"), CheckState::Pass);
}
