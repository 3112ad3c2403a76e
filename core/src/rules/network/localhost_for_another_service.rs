use crate::facts::{Facts, Mention, Reading, Service, Site, Unit, Workload};
use crate::knowledge::net;
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A container looks for another service on its own loopback address.
    ///
    /// ## Why it hurts
    /// Inside a container, `localhost` is the container itself (in Kubernetes, the Pod), not the
    /// host and not a neighbouring container. What worked while everything ran on one machine is
    /// refused immediately.
    ///
    /// ## What helps
    /// Use the other service's name and the port that its container listens on.
    ///
    /// ## How to troubleshoot
    /// The log shows "connection refused" for `127.0.0.1`. From inside the container,
    /// `nc -vz NAME PORT` shows that the name works.
    ///
    /// ## When to ignore
    /// Where something that these files do not show listens on the port in the same container or Pod.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_URL: postgres://app@localhost:5432/app # <- `DATABASE_URL` of service `web` points at its own container, but `db` listens on port 5432
    ///   db:
    ///     image: postgres:17
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_URL: postgres://app@db:5432/app
    ///   db:
    ///     image: postgres:17
    /// ```
    PLM401 "localhost-for-another-service" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

/// Another service that listens on the port.
struct Other {
    /// The name to use instead.
    name: String,
    span: Span,
    /// Whether its image is a data store that listens there by default.
    by_family: bool,
    /// Whether the port is the main one of its image, or listed in the files.
    main: bool,
    /// Whether the port is also published on the host, where a browser would find it.
    published: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    let receivers = facts.receivers();
    let mut told: FxHashSet<Span> = FxHashSet::default();
    let mut shared = Vec::new();
    for unit in facts.units().filter(|it| !on_host_network(facts, it)) {
        for mention in facts.peers(unit).iter().filter(|it| it.is_loopback()) {
            let reading = mention.key.map_or(Reading::Seen, |key| facts.reading(unit, key));
            let is_shared = receivers.get(&mention.host_span).is_some_and(|it| *it > 1);
            match reading {
                Reading::Seen => {}
                Reading::Unknown if is_shared => {
                    shared.push((unit, mention));
                    continue;
                }
                Reading::Unknown => {}
                Reading::Unlikely => continue,
            }
            if let Some(finding) = look_at(facts, unit, mention, out) {
                told.insert(finding.span);
            }
        }
    }
    // Many containers get all of a ConfigMap, and few of them read each variable.
    for (unit, mention) in shared {
        if told.contains(&mention.span) {
            continue;
        }
        let Some(finding) = look_at(facts, unit, mention, out) else { continue };
        finding.severity(Severity::Info).confidence(Confidence::Possible);
        told.insert(mention.span);
    }
}

/// Reports a container that names its own loopback address, where something else is meant.
fn look_at<'o>(
    facts: &Facts,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    out: &'o mut Findings,
) -> Option<&'o mut Finding> {
    let port = port_of(unit, mention)?;
    if facts.may_listen_beside(unit, port) {
        return None;
    }
    let others = match unit.site {
        Site::Service(at) => in_compose(facts, &facts.services()[at], port),
        Site::Container(at, _) => in_cluster(facts, &facts.workloads()[at], port),
    };
    report(facts, out, unit, mention, port, others)
}

fn report<'o>(
    facts: &Facts,
    out: &'o mut Findings,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    port: u16,
    others: Vec<Other>,
) -> Option<&'o mut Finding> {
    let place = mention.place();
    let map = mention.key.and_then(|key| facts.map_behind(unit, key));
    let owner = map.as_ref().unwrap_or(&unit.label);
    let inner = if unit.is_compose() { "container" } else { "Pod" };
    let key = mention.key.unwrap_or_default().to_ascii_lowercase();
    let named = |it: &Other| key.contains(&it.name.to_ascii_lowercase().replace('-', "_"));
    let Some(other) = others.iter().find(|it| named(it)).or_else(|| others.first()) else {
        // Only a data store's URL is certain to mean another container.
        let store = mention.scheme.and_then(net::default_port).is_some_and(|it| it > 1024);
        if let Some((compose, host)) = meant_in_compose(facts, unit, mention, port) {
            let finding = out.at(
                &mention.span,
                format!(
                    "{place} of {} points at its own {inner}, where nothing is known to listen on port {port}; in Compose it names `{host}`",
                    unit.label
                ),
            );
            finding.also(&compose.span, format!("Compose names `{host}` here"));
            finding.severity(Severity::Info).confidence(Confidence::Likely);
            return Some(finding);
        }
        if store && mention.key.is_some() && unit.family().is_none() {
            let finding = out.at(
                &mention.span,
                format!(
                    "{place} of {} points at its own {inner}, where nothing is known to listen on port {port}",
                    unit.label
                ),
            );
            finding.severity(Severity::Info).confidence(Confidence::Likely);
            return Some(finding);
        }
        return None;
    };
    // The program itself may listen on a port that the files do not mention.
    let unknown = facts.own_ports(unit).is_empty() && !other.by_family && !named(other);
    if unknown || others.len() > 1 && !named(other) && !other.by_family {
        return None;
    }
    let leads = match map.is_some() {
        true => "leads each Pod that reads it to itself".to_owned(),
        false => format!("points at its own {inner}"),
    };
    let finding = out.at(
        &mention.span,
        format!("{place} of {owner} {leads}, but `{}` listens on port {port}", other.name),
    );
    finding.also(&other.span, format!("`{}` is defined here", other.name));
    // Several variables of one container mean the same server.
    finding.cause(format!("{owner} instead of {} {port}", other.name));
    let web = mention.scheme.is_some_and(|it| matches!(it, "http" | "https" | "ws" | "wss"));
    if web && other.published {
        // The program may hand this URL to a browser, where it is correct.
        finding.severity(Severity::Info).confidence(Confidence::Possible);
    } else if !facts.shows_host(mention) {
        // Whoever starts the project may override this default.
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    } else if !other.by_family {
        finding.confidence(Confidence::Likely);
    }
    finding.check(facts.connect(unit, &other.name, port));
    Some(finding)
}

/// Returns the place where the same variable of the counterpart in Compose names another service, and its name, for a
/// container that says on which ports it listens, and not on this one.
fn meant_in_compose<'f, 'a>(
    facts: &'f Facts<'a>,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    port: u16,
) -> Option<(&'f Mention<'a>, &'a str)> {
    let Site::Container(workload, at) = unit.site else { return None };
    let (key, pair) = (mention.key?, facts.counterpart_of_container(workload, at)?);
    let (service, ..) = facts.pair(pair);
    let ports = facts.own_ports(unit);
    if ports.is_empty() || ports.contains(&port) {
        return None;
    }
    let there = facts.mentions(&service.unit).iter().find(|it| it.key == Some(key))?;
    let on = facts.compose_host(service, there.host).filter(|it| it.index != service.index)?;
    Some((there, on.name))
}

/// Returns the port that is meant: the one in the text, the default of its scheme, the value of
/// `DB_PORT` for `DB_HOST`, or the default of the service that the variable's name mentions.
fn port_of(unit: &Unit<'_>, mention: &Mention<'_>) -> Option<u16> {
    if let Some(port) = mention.effective_port() {
        return Some(port);
    }
    let key = mention.key?;
    let stem = ["HOSTNAME", "HOST", "ADDRESS", "ADDR", "SERVER"]
        .iter()
        .find_map(|it| key.strip_suffix(it))?;
    if let Some(port) = unit.value(&format!("{stem}PORT")) {
        return port.trim().parse().ok();
    }
    let word = stem.trim_end_matches('_').rsplit('_').next()?.to_ascii_lowercase();
    let scheme = if word == "pg" { "postgres" } else { word.as_str() };
    net::default_port(scheme).filter(|it| *it > 1024)
}

fn on_host_network(facts: &Facts, unit: &Unit<'_>) -> bool {
    match unit.site {
        Site::Service(at) => {
            let mode = facts.services()[at].model.network_mode.as_ref();
            mode.is_some_and(|it| it.as_str() == "host")
        }
        Site::Container(at, _) => {
            let spec = &facts.workloads()[at].model.template.spec;
            crate::model::kubernetes::is_true(spec.host_network)
        }
    }
}

fn in_compose(facts: &Facts, from: &Service<'_>, port: u16) -> Vec<Other> {
    let family = |service: &Service<'_>| service.unit.family().map(|it| it.id);
    let mut others = Vec::new();
    for it in facts.listening_on(&facts.services()[from.index], port) {
        // Two services of one family are members of one cluster, or one tests the other.
        let twin = family(it).is_some() && family(it) == family(from);
        if it.index == from.index || twin {
            continue;
        }
        others.push(Other {
            name: it.name.to_owned(),
            span: it.span(),
            by_family: is_store_port(&it.unit, port),
            main: it.model.ports.iter().any(|own| own.target.value == port)
                || it.unit.family().is_some_and(|family| family.ports().first() == Some(&port)),
            published: it
                .model
                .ports
                .iter()
                .filter_map(|own| own.published)
                .any(|range| range.value.0 <= port && port <= range.value.1),
        });
    }
    others.sort_by_key(|it| (!it.main, !it.by_family));
    others
}

fn in_cluster(facts: &Facts, from: &Workload<'_>, port: u16) -> Vec<Other> {
    let mut others = Vec::new();
    for service in facts.services_offering(from.object.file, from.namespace, port) {
        let selected = || service.selects.iter().map(|it| &facts.workloads()[*it]);
        if selected().any(|it| it.index == from.index) {
            continue;
        }
        let by_family = selected().any(|to| to.units.iter().any(|unit| is_store_port(unit, port)));
        others.push(Other {
            name: service.name.to_owned(),
            span: service.span(),
            by_family,
            main: true,
            published: false,
        });
    }
    others.sort_by_key(|it| !it.by_family);
    others
}

/// Whether the unit's image is a data store that listens on the port by default.
fn is_store_port(unit: &Unit<'_>, port: u16) -> bool {
    unit.family().is_some_and(|it| it.must_be_ready() && it.ports().contains(&port))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::{Confidence, Severity};
    use crate::rules::testing::{check_rule, findings, messages};

    fn web(more: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "services:\n  web: {{image: acme/web:1, {more}}}\n  db: {{image: postgres:17}}\n"
            ),
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
            web("healthcheck: {test: [CMD, pg_isready, -d, 'postgres://localhost:5432']}")
                .is_empty()
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
        let local =
            "ports: [{containerPort: 9000}], env: [{name: BROKERS, value: 'localhost:9092'}]";
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
}
