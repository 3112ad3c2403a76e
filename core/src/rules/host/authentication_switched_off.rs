use crate::facts::{Facts, OpenDoor, Reach, Site, Unit};
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashMap;

rule! {
    /// A data store or a console is told to let anybody in.
    ///
    /// ## Why it hurts
    /// Whoever reaches the port is an administrator: another container that was broken into, a page in a
    /// browser on the same machine, or, where the port is published, everybody. Open data stores are found
    /// within hours, and emptied.
    ///
    /// ## What helps
    /// Remove the setting and give a password from a secret. Where there is no other way, publish nothing,
    /// and leave only the clients on its network.
    ///
    /// ## How to troubleshoot
    /// Connect without a password from another container of the same network.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     environment:
    ///       POSTGRES_HOST_AUTH_METHOD: trust # <- `POSTGRES_HOST_AUTH_METHOD=trust` lets anybody into PostgreSQL (service `db`)
    ///   search:
    ///     image: elasticsearch:8.17.0
    ///     ports: ["9200:9200"]
    ///     environment:
    ///       - xpack.security.enabled=false # <- `xpack.security.enabled=false` lets anybody into Elasticsearch (service `search`), and port 9200 is published on every address of the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     environment:
    ///       POSTGRES_PASSWORD_FILE: /run/secrets/db
    /// ```
    PLM813 "authentication-switched-off" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let wanted = facts.units().filter(|it| facts.unit_role(it) != Role::Development);
    let doors: Vec<_> = wanted.filter_map(|it| Some((it, facts.open_door(it)?))).collect();
    // The published ports of each cause: what is only open inside one file may be published in another.
    let mut published: FxHashMap<(usize, String), (Span, u16)> = FxHashMap::default();
    for (unit, door) in &doors {
        if let Reach::Published(span, port) = &door.reach {
            let key = (facts.part_of(unit.name.span.file), cause(door));
            published.entry(key).or_insert((*span, *port));
        }
    }
    for (unit, door) in doors {
        let OpenDoor { written, program, .. } = &door;
        let opens = format!("`{written}` lets anybody into {program} ({})", unit.label);
        let message = match &door.reach {
            Reach::Loopback => continue,
            Reach::Inside => opens,
            Reach::Published(_, port) => {
                format!("{opens}, and port {port} is published on every address of the host")
            }
            Reach::Routed(_, words) => format!("{opens}, and {words}"),
        };
        let finding = out.at(&door.span, message);
        match &door.reach {
            Reach::Published(span, port) => {
                finding.severity(Severity::Error).also(span, "this publishes it");
                finding.check(show_port(facts, unit, *span, *port));
            }
            Reach::Routed(span, _) => {
                finding.severity(Severity::Error).also(span, "this opens it to the outside");
            }
            Reach::Inside => {
                let key = (facts.part_of(unit.name.span.file), cause(&door));
                if let Some((span, port)) = published.get(&key) {
                    let path = facts.file(span.file).path();
                    finding.also(span, format!("port {port} is published in `{path}`"));
                }
            }
            Reach::Loopback => {}
        }
        if let Site::Container(..) = unit.site {
            finding.help(
                "Remove the setting and give a password from a Secret. Where there is no other way, let a \
                 NetworkPolicy leave only the clients a way to it.",
            );
        }
        // Variants of a file, and both sides, open the same store.
        finding.cause(cause(&door));
        if !door.is_certain {
            finding.confidence(Confidence::Likely);
        }
        let shows = match door.variable {
            Some(name) => format!("printenv {name}"),
            None => "cat /proc/1/cmdline".to_owned(),
        };
        finding.check(facts.exec(unit, &shows));
    }
}

/// Returns what variants of a file have in common.
fn cause(door: &OpenDoor) -> String {
    format!("{} {}", door.written, door.program)
}

/// Returns the command that shows where a port is published. Without a number of its own, the host port is
/// another one after each start.
fn show_port<'a>(facts: &Facts<'a>, unit: &Unit<'a>, span: Span, port: u16) -> String {
    let service = facts.service_of(unit);
    let is_random = service.filter(|service| {
        service.model.ports.iter().any(|it| it.span == span && it.published.is_none())
    });
    match is_random {
        Some(service) => facts.compose(service, &format!("port {} {port}", service.name)),
        None => format!("ss -ltn 'sport = :{port}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn severities(text: &str) -> Vec<&'static str> {
        findings(&RULE, text).iter().map(|it| it.severity.name()).collect()
    }

    fn service(body: &str) -> Vec<&'static str> {
        severities(&format!("services: {{a: {{{body}}}}}\n"))
    }

    #[test]
    fn variables_and_options_that_let_anybody_in() {
        for body in [
            "image: 'bitnami/redis:latest', environment: [ALLOW_EMPTY_PASSWORD=yes]",
            "image: 'postgres:17', environment: {POSTGRES_HOST_AUTH_METHOD: trust}",
            "image: 'elasticsearch:8.17.0', environment: {xpack.security.enabled: 'false'}",
            "image: 'mongo:8', command: --noauth",
            "image: 'mysql:8.4', environment: {MYSQL_ALLOW_EMPTY_PASSWORD: 'yes'}",
            "image: 'grafana/grafana:11.4.0', environment: {GF_AUTH_ANONYMOUS_ENABLED: 'true', GF_AUTH_ANONYMOUS_ORG_ROLE: Admin}",
            "image: 'redis:7', command: [redis-server, --protected-mode, 'no']",
            "image: 'acme/postgres:17', environment: {POSTGRES_HOST_AUTH_METHOD: trust}",
        ] {
            assert_eq!(service(body), ["warning"], "{body}");
        }
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
        let text =
            format!("{}{}", file("compose.yaml", ""), file("compose.full.yaml", "'5432:5432'"));
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "error"));
        let published = "port 5432 is published in `compose.full.yaml`";
        assert!(found[0].related.iter().any(|it| it.message == published));
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
    fn development_is_silent() {
        assert!(
            severities(&format!("# file: compose.dev.yaml\nservices: {{a: {{{TRUST}}}}}\n"))
                .is_empty()
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
}
