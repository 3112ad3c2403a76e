use crate::facts::{Facts, in_shell};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A service with several replicas claims something that only one container can have.
    ///
    /// ## Why it hurts
    /// A container name or a host port can belong to one container only. `docker compose up`
    /// rejects the name immediately; with the port, the first replica starts and the second one
    /// fails with "port is already allocated".
    ///
    /// ## What helps
    /// Remove `container_name`. Instead of the host port, use a reverse proxy in front of the
    /// replicas, or a range with one port for each of them.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps -a` shows replicas that were created but never started.
    ///
    /// ## When to ignore
    /// Where another file of the same call sets the number of replicas to one.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     container_name: web # <- service `web` asks for 3 replicas, but only one container can be named `web`
    ///     ports: ["8080:80"] # <- service `web` asks for 3 replicas, but only one container can have port 8080 of the host
    ///     deploy: { replicas: 3 }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     ports: ["8080-8082:80"]
    ///     deploy: { replicas: 3 }
    /// ```
    PLM709 "single-host-replicas" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let Some(many) = service.unit.copies.many() else { continue };
        if facts.is_for_swarm(service) {
            continue;
        }
        let (name, replicas) = (service.name, service.model.replicas());
        let asks = format!("service `{name}` asks for {replicas} replicas, but only");
        if let Some(container) = &service.model.container_name {
            out.at(&container.span, format!("{asks} one container can be named `{container}`"))
                .also(&many, "the replicas are requested here")
                .check(facts.compose(service, &format!("ps -a {}", in_shell(name))));
        }
        for port in &service.model.ports {
            let Some(published) = port.published else { continue };
            let (first, last) = published.value;
            let free = i64::from(last) - i64::from(first) + 1;
            if first == 0 || free >= replicas {
                continue;
            }
            let message = if first == last {
                format!("{asks} one container can have port {first} of the host")
            } else {
                format!("{asks} {free} ports of the host are published: {first}-{last}")
            };
            out.at(&port.span, message)
                .also(&many, "the replicas are requested here")
                .check(facts.compose(service, &format!("ps -a {}", in_shell(name))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(body: &str, more: &str) -> usize {
        messages(&RULE, &format!("services:\n  a: {{ image: 'a:1', {body} }}\n{more}")).len()
    }

    #[test]
    fn scale_counts_like_replicas() {
        assert_eq!(count("scale: 2, ports: ['80:80']", ""), 1);
        assert_eq!(count("scale: 4, ports: ['8080-8082:80']", ""), 1);
        assert_eq!(count("scale: 2, container_name: web", ""), 1);
    }

    #[test]
    fn one_replica_ranges_free_ports_and_swarm_are_silent() {
        assert_eq!(count("ports: ['80:80'], container_name: web", ""), 0);
        assert_eq!(count("scale: 3, ports: ['8080-8082:80']", ""), 0);
        assert_eq!(count("scale: 3, ports: ['80']", ""), 0);
        assert_eq!(
            count("deploy: { replicas: 2, placement: { constraints: [a] } }, ports: ['80:80']", ""),
            0
        );
        let overlay = "networks: { n: { driver: overlay } }\n";
        assert_eq!(count("deploy: { replicas: 2 }, networks: [n], ports: ['80:80']", overlay), 0);
        let stack = "# file: docker-stack.yml\nservices: { a: { image: 'a:1', ports: ['80:80'], deploy: { replicas: 2 } } }\n";
        assert!(messages(&RULE, stack).is_empty());
    }

    #[test]
    fn ports_in_the_long_syntax_and_with_an_address() {
        for (ports, found) in [
            ("{target: 80, published: 80}", 1),
            ("{target: 80, published: '8080-8081'}", 0),
            ("{target: 80}", 0),
            ("'127.0.0.1:80:80'", 1),
            ("'80:80/udp'", 1),
        ] {
            let body = format!("deploy: {{ replicas: 2 }}, ports: [{ports}]");
            assert_eq!(count(&body, ""), found, "{ports}");
        }
    }
}
