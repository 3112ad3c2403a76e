use crate::facts::{Facts, Service, in_shell};
use crate::knowledge::kube::{is_node_agent, wants_host_network};
use crate::knowledge::net::is_docker_host;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A service needs programs on its host, or runs on the host's own network.
    ///
    /// ## Why it hurts
    /// The program that the service needs then runs outside the project, and somebody else starts
    /// and updates it. That works on this one machine; on a second host, or in a cluster, nothing
    /// answers at the same address. On the host's own network, service names do not resolve either,
    /// and published ports are ignored.
    ///
    /// ## What helps
    /// Run the other program as a service of the project and use its name. Publish ports instead of
    /// using `network_mode: host`.
    ///
    /// ## How to troubleshoot
    /// `ss -ltnp` on the host shows which programs listen outside of containers.
    ///
    /// ## When to ignore
    /// On a single machine that will stay one, for a program that cannot run in a container.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DB_URL: postgres://app@host.docker.internal:5432/app # <- `web` needs something that runs on its host: `DB_URL` names `host.docker.internal`
    ///   agent:
    ///     image: ghcr.io/acme/agent:1.4.2
    ///     network_mode: host # <- `agent` runs on the network of its host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DB_URL: postgres://app@db:5432/app
    ///   db:
    ///     image: postgres:17
    /// ```
    PLM411 "host-gateway" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let name = service.name;
        if let Some(mode) = service.model.network_mode.as_ref().filter(|it| it.as_str() == "host") {
            // Agents exist to watch their host.
            let program = service.unit.program();
            let is_meant = is_node_agent(program)
                || is_node_agent(name)
                || wants_host_network(program)
                || works_on_networks(service);
            let key = service.model.key("network_mode").map_or(mode.span, |it| it.name.span);
            let place = if mode.span.file == key.file { mode.span } else { key };
            on_host_network(facts, out, service, place, is_meant);
        }
        let peers = facts.peers(&service.unit);
        if let Some(mention) = peers.iter().find(|it| is_docker_host(it.host)) {
            report(
                out,
                service,
                mention.span,
                format!(
                    "`{name}` needs something that runs on its host: {} names `{}`",
                    mention.place(),
                    mention.host
                ),
                false,
            );
        } else if let Some(entry) = service
            .model
            .extra_hosts
            .iter()
            .find(|entry| entry.value.as_ref().is_some_and(|it| it.as_str() == "host-gateway"))
        {
            report(
                out,
                service,
                entry.span,
                format!(
                    "`{name}` is set up to reach programs on its host under the name `{}`",
                    entry.key
                ),
                true,
            );
        }
    }
}

/// Whether a service is given the right to work on networks or on single packets, as a scanner or a VPN is: on a network
/// of its own it would see nothing but that.
///
/// Source: capabilities(7), `CAP_NET_ADMIN` and `CAP_NET_RAW`.
fn works_on_networks(service: &Service<'_>) -> bool {
    service.model.cap_add.iter().any(|it| {
        let name = it.to_ascii_uppercase();
        matches!(name.strip_prefix("CAP_").unwrap_or(&name), "NET_ADMIN" | "NET_RAW")
    })
}

/// Reports a service without a network of its own.
fn on_host_network(
    facts: &Facts,
    out: &mut Findings,
    service: &Service<'_>,
    place: Span,
    is_meant: bool,
) {
    let name = service.name;
    let finding = out.at(&place, format!("`{name}` runs on the network of its host"));
    if is_meant || service.role == Role::Development {
        finding.severity(Severity::Info);
    }
    let service = &facts.services()[service.index];
    let ps = facts.compose(service, &format!("ps -q {}", in_shell(name)));
    finding
        .why(
            "Every port on which the program listens is open on the host, past the list in `ports`, and is taken \
             for everything else there, a second copy included. The program reaches what listens only on the \
             host's `127.0.0.1`, and the names of other services do not resolve.",
        )
        .help(format!(
            "Give `{name}` a network of the project, and publish the ports that clients need. Where the \
             program has to see the host's network, as for discovery by multicast, say that in a comment."
        ))
        .check(format!("docker inspect -f '{{{{.HostConfig.NetworkMode}}}}' $({ps})"));
}

fn report(out: &mut Findings, service: &Service<'_>, span: Span, message: String, mild: bool) {
    let finding = out.at(&span, message);
    if mild || service.role == Role::Development {
        finding.severity(Severity::Info);
    }
    finding.check("ss -ltnp");
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn each_way_to_the_host_is_reported_once() {
        let web = |more: &str| {
            messages(&RULE, &format!("services: {{web: {{image: 'a/b:1', {more}}}}}\n")).len()
        };
        assert_eq!(
            web("environment: {A: 'http://172.17.0.1:80', B: 'http://host.docker.internal'}"),
            1
        );
        assert_eq!(web("extra_hosts: ['host.docker.internal:host-gateway']"), 1);
        for way in [
            "environment: {A: 'http://host.docker.internal:80'}",
            "environment: ['A_HOST=host.docker.internal']",
            "environment: {A: 'http://172.17.0.1:80'}",
            "command: [serve, --api, 'http://host.docker.internal:80']",
            "network_mode: host",
        ] {
            assert_eq!(web(way), 1, "{way}");
            let dev =
                format!("# file: compose.dev.yaml\nservices: {{web: {{image: 'a/b:1', {way}}}}}\n");
            assert_eq!(findings(&RULE, &dev)[0].severity, Severity::Info, "{way}");
        }
        assert_eq!(web("network_mode: bridge"), 0);
        assert_eq!(web("environment: {A: 'http://api:80'}"), 0);
    }

    #[test]
    fn development_and_agents_are_milder() {
        let dev = "# file: compose.override.yaml\nservices: {web: {image: 'a/b:1', network_mode: host}}\n";
        assert_eq!(findings(&RULE, dev)[0].severity, Severity::Info);
        let agent = "services: {m: {image: 'prom/node-exporter:v1', network_mode: host}}\n";
        assert_eq!(findings(&RULE, agent)[0].severity, Severity::Info);
        let plex = "services: {m: {image: 'linuxserver/plex:1', network_mode: host}}\n";
        assert_eq!(findings(&RULE, plex)[0].severity, Severity::Info);
        let scanner = |capability: &str| {
            let text = format!(
                "services: {{m: {{image: 'a/b:1', network_mode: host, cap_add: [{capability}]}}}}\n"
            );
            findings(&RULE, &text)[0].severity
        };
        for capability in ["NET_RAW", "NET_ADMIN", "cap_net_raw"] {
            assert_eq!(scanner(capability), Severity::Info, "{capability}");
        }
        assert_eq!(scanner("SYS_TIME"), Severity::Warning);
        let web = "services: {m: {image: 'a/b:1', network_mode: host}}\n";
        assert_eq!(
            findings(&RULE, web)[0].check,
            ["docker inspect -f '{{.HostConfig.NetworkMode}}' $(docker compose ps -q m)"]
        );
        assert_eq!(findings(&RULE, web)[0].severity, Severity::Warning);
    }
}
