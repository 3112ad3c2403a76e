use crate::facts::{Facts, Service};
use crate::knowledge::families::Class;
use crate::model::compose::Port;
use crate::report::{Confidence, Findings, Role};
use crate::rules::rule;

rule! {
    /// A server publishes plain HTTP to the world, with nothing in sight that speaks TLS.
    ///
    /// ## Why it hurts
    /// Passwords and session cookies travel in plain text, and every network in between can change
    /// what arrives. Browsers disable features and warn their users.
    ///
    /// ## What helps
    /// A reverse proxy that obtains certificates by itself (as Caddy and Traefik do) as the only
    /// service that publishes ports, or a tunnel. If something outside these files provides TLS,
    /// publish on loopback.
    ///
    /// ## How to troubleshoot
    /// `curl -I http://HOST` answers with content instead of a redirect to `https`.
    ///
    /// ## When to ignore
    /// Where something outside of these files terminates TLS, such as a load balancer or a CDN, or only you can
    /// reach the network.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always
    ///     ports:
    ///       - "80:80" # <- service `web` publishes port 80 to the world, but nothing in these files speaks TLS
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always
    ///   edge:
    ///     image: caddy:2.10
    ///     restart: always
    ///     ports: ["80:80", "443:443"]
    /// ```
    PLM804 "plain-http-edge" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for at in 0..facts.projects().len() {
        let all = facts.services_of(at);
        let mut open: Vec<(&Service<'_>, &Port)> = all
            .iter()
            .filter_map(|it| Some((it, it.model.ports.iter().find(|port| is_open(it, port))?)))
            .collect();
        // What people are to come in through leads: a proxy, or port 80.
        open.sort_by_key(|(service, port)| (!is_proxy(service), number(port) != 80));
        let Some(((service, port), others)) = open.split_first() else { continue };
        if all.iter().any(|it| it.role == Role::Development || it.brings_tls()) {
            continue;
        }
        let number = number(port);
        let finding = out.at(
            &port.span,
            format!(
                "service `{}` publishes port {number} to the world, but nothing in these files speaks TLS",
                service.name
            ),
        );
        finding
            .confidence(Confidence::Possible)
            .cause_in_this_run(format!("{} {number}", service.name))
            .gathers("ports without TLS")
            .check(format!("ss -ltn 'sport = :{number}'"));
        for (other, port) in others {
            let how = if is_proxy(service) {
                format!("past `{}`", service.name)
            } else {
                "too".to_owned()
            };
            let message = format!("`{}` publishes port {} {how}", other.name, self::number(port));
            finding.also(&port.span, message);
        }
    }
}

/// Whether a service hands requests on to others.
fn is_proxy(service: &Service<'_>) -> bool {
    let family = service.unit.family();
    family.is_some_and(|it| matches!(it.class, Class::Proxy | Class::WebServer))
}

/// Returns the first number under which a port is published.
fn number(port: &Port) -> u16 {
    port.published.map_or(port.target.value, |it| it.value.0)
}

/// Whether a port is published on every address and serves plain HTTP: port 80, or a port that
/// applications in production usually listen on.
fn is_open(service: &Service<'_>, port: &Port) -> bool {
    let open = port
        .host_ip
        .as_ref()
        .is_none_or(|it| matches!(it.as_str(), "" | "0.0.0.0" | "::" | "[::]"));
    let web = matches!(
        port.target.value,
        80 | 3000 | 4000 | 5000 | 5601 | 8000 | 8080 | 8081 | 8888 | 9000
    );
    let data = service.unit.family().is_some_and(|it| it.is_data_store());
    let eighty = port.published.is_some_and(|it| it.value == (80, 80));
    let running = service.model.restart.as_ref().is_some_and(|it| it.value != "no");
    let wanted = (service.role == Role::Production || running) && (eighty || web);
    open && wanted && !data && !service.has_profile() && port.protocol == "tcp"
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn count(body: &str, more: &str) -> usize {
        let text =
            format!("services:\n  web: {{ image: 'acme/web:1', restart: always, {body} }}\n{more}");
        messages(&RULE, &text).len()
    }

    #[test]
    fn port_80_and_application_ports_in_production() {
        assert_eq!(count("ports: ['80:8080']", ""), 1);
        assert_eq!(count("ports: ['3000:3000'], mem_limit: 1g", ""), 1);
        assert_eq!(count("ports: ['80:80', '8080:80']", ""), 1, "one finding per project");
        assert_eq!(count("ports: ['9000:9000']", ""), 1, "what restarts runs on a server");
        assert_eq!(count("ports: ['9443:9443']", ""), 0);
    }

    #[test]
    fn the_long_form_says_the_same() {
        for (port, found) in [
            ("{ target: 80, published: 80 }", 1),
            ("{ target: 3000, published: '3000' }", 1),
            ("{ target: 80, published: 80, host_ip: 0.0.0.0 }", 1),
            ("{ target: 80, published: 80, host_ip: 127.0.0.1 }", 0),
            ("'[::1]:80:80'", 0),
            ("'80:80/udp'", 0),
        ] {
            assert_eq!(count(&format!("ports: [{port}]"), ""), found, "{port}");
        }
        let prod =
            "# file: compose.prod.yaml\nservices: { a: { image: 'a:1', ports: ['80:80'] } }\n";
        assert_eq!(messages(&RULE, prod).len(), 1, "a file for production");
    }

    #[test]
    fn of_several_services_the_one_that_people_come_in_through_leads() {
        let said = |ports: &str| {
            let text = format!(
                "services:\n  api: {{ image: 'acme/api:1', restart: always, ports: ['3000:3000'] }}\n  web: {{ {ports} }}\n"
            );
            let mut found = findings(&RULE, &text);
            assert_eq!(found.len(), 1, "{ports}");
            let found = found.remove(0);
            let related: Vec<String> = found.related.iter().map(|it| it.message.clone()).collect();
            (found.message.split(" to the world").next().map(str::to_owned), related)
        };
        assert_eq!(
            said("image: 'nginx:1.29', restart: always, ports: ['8000:80']"),
            (
                Some("service `web` publishes port 8000".to_owned()),
                vec!["`api` publishes port 3000 past `web`".to_owned()]
            )
        );
        assert_eq!(
            said("image: 'acme/web:1', restart: always, ports: ['80:8080']"),
            (
                Some("service `web` publishes port 80".to_owned()),
                vec!["`api` publishes port 3000 too".to_owned()]
            )
        );
        assert_eq!(
            said("image: 'nginx:1.29', restart: always, ports: ['127.0.0.1:80:80']"),
            (Some("service `api` publishes port 3000".to_owned()), Vec::new())
        );
    }

    #[test]
    fn every_edge_that_speaks_tls_counts() {
        for edge in [
            "image: 'caddy:2.10', ports: ['80:80', '443:443']",
            "image: 'traefik:v3.3', ports: ['80:80', '443:443']",
            "image: 'nginx:1.29', ports: ['443:443'], volumes: ['./certs:/etc/nginx/certs']",
            "image: 'cloudflare/cloudflared:2025.1.0'",
        ] {
            let edge = format!("  edge: {{ {edge} }}\n");
            assert_eq!(count("ports: ['3000:3000']", &edge), 0, "{edge}");
        }
        let plain = "  edge: { image: 'nginx:1.29', ports: ['80:80'] }\n";
        assert_eq!(count("ports: ['3000:3000']", plain), 1);
    }

    #[test]
    fn loopback_tls_and_other_roles_are_silent() {
        assert_eq!(count("ports: ['127.0.0.1:80:80']", ""), 0);
        assert_eq!(count("ports: ['80:80', '443:443']", ""), 0);
        assert_eq!(count("ports: ['80:80'], volumes: ['./certs:/etc/nginx/certs']", ""), 0);
        assert_eq!(count("ports: ['80:80'], labels: { traefik.enable: 'true' }", ""), 0);
        assert_eq!(
            count("ports: ['80:80']", "  tunnel: { image: 'cloudflare/cloudflared:2025.1.0' }\n"),
            0
        );
        let dev = "# file: compose.dev.yaml\nservices: { a: { image: 'a:1', restart: always, ports: ['80:80'] } }\n";
        assert!(messages(&RULE, dev).is_empty());
        let bare = "services: { a: { image: 'a:1', ports: ['80:80'] } }\n";
        assert!(messages(&RULE, bare).is_empty(), "nothing shows that this runs on a server");
    }
}
