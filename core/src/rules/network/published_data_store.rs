use crate::facts::{Facts, Service};
use crate::model::Str;
use crate::model::compose::Port;
use crate::report::{Edit, Findings, Fix, Role, Severity};
use crate::rules::rule;

rule! {
    /// A database, cache or queue is published on every address of the host.
    ///
    /// ## Why it hurts
    /// Docker's own firewall rules take precedence over the host's: a published port can be reached
    /// from the internet even where `ufw` denies it. Services of the same project reach the store
    /// by name, without any published port.
    ///
    /// ## What helps
    /// Publish the port on `127.0.0.1` for tools on the host, or do not publish it at all.
    ///
    /// ## How to troubleshoot
    /// `ss -ltn` on the host shows `0.0.0.0:PORT`; from another machine, `nc -vz HOST PORT`
    /// connects.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     ports:
    ///       - "5432:5432" # <- `db` (PostgreSQL) is published on every address of the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     ports:
    ///       - "127.0.0.1:5432:5432"
    /// ```
    PLM412 "published-data-store" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// Ports of web consoles and metrics, which ask for a login or expose no data.
const CONSOLES: &[u16] = &[15672, 15692, 8222, 9001, 7474, 8080, 8091, 5540];

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let Some(family) = service.unit.family().filter(|it| it.is_data_store()) else { continue };
        // A store that lets anybody in is one finding, PLM813, with the published port in it.
        if service.role != Role::Development && facts.open_door(&service.unit).is_some() {
            continue;
        }
        let is_open = |port: &&Port| {
            let everywhere = |it: &Str| matches!(it.as_str(), "0.0.0.0" | "::" | "[::]");
            port.host_ip.as_ref().is_none_or(everywhere)
                && family.ports().contains(&port.target)
                && !CONSOLES.contains(&port.target)
        };
        let (accepted, open): (Vec<&Port>, Vec<&Port>) = service
            .model
            .ports
            .iter()
            .filter(is_open)
            .partition(|port| facts.is_accepted(port.span, &|selector| RULE.is(selector)));
        for port in accepted {
            report(facts, service, family.name, &[port], out);
        }
        report(facts, service, family.name, &open, out);
    }
}

/// Reports the open ports of one store together.
fn report(
    facts: &Facts<'_>,
    service: &Service<'_>,
    family: &str,
    ports: &[&Port],
    out: &mut Findings,
) {
    let Some((first, others)) = ports.split_first() else { return };
    let service = &facts.services()[service.index];
    let name = service.name;
    let message = format!("`{name}` ({family}) is published on every address of the host");
    let finding = out.at(&first.span, message);
    if service.role == Role::Development {
        finding.severity(Severity::Info);
    }
    // Without a number of its own, the host port is another one after each start.
    finding.check(match first.published {
        Some(it) => format!("ss -ltn 'sport = :{}'", it.value.0),
        None => facts.compose(service, &format!("port {name} {}", first.target.value)),
    });
    for port in others {
        finding.also(&port.span, format!("so is port {}", port.target.value));
    }
    // `docker stack deploy` ignores the address.
    if facts.is_for_swarm(service) {
        return;
    }
    let is_short =
        |port: &&&Port| port.short_form && port.host_ip.is_none() && port.published.is_some();
    let edit = |port: &&Port| {
        let bare = facts.written(&port.span).trim_matches(['"', '\'']);
        facts.replace_scalar(&port.span, &format!("127.0.0.1:{bare}"))
    };
    let edits: Vec<Edit> = ports.iter().filter(is_short).map(edit).collect();
    finding.fix(Fix::r#unsafe("Publish only on 127.0.0.1", edits));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn loopback_and_unpublished_ports_are_silent() {
        for ports in [
            "[\"127.0.0.1:5432:5432\"]",
            "[]",
            "[{ target: 5432, published: 5432, host_ip: 127.0.0.1 }]",
        ] {
            assert!(
                messages(
                    &RULE,
                    &format!("services: {{ db: {{ image: postgres, ports: {ports} }} }}")
                )
                .is_empty()
            );
        }
        assert_eq!(
            messages(&RULE, "services: { db: { image: postgres, ports: [5432] } }").len(),
            1
        );
    }

    #[test]
    fn a_store_that_lets_anybody_in_is_left_to_its_own_rule() {
        let text = "services: { db: { image: 'postgres:17', ports: ['5432:5432'], environment: { POSTGRES_HOST_AUTH_METHOD: trust } } }";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn the_console_of_a_store_is_silent() {
        let text = "services: { mq: { image: 'rabbitmq:4-management', ports: ['15672:15672'] } }";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn a_stack_gets_no_loopback_address() {
        let compose = "services: { db: { image: 'postgres:17', ports: ['5432:5432'] } }";
        let fixes = |path: &str| {
            let text = format!("# file: {path}\n{compose}\n");
            crate::rules::testing::findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!((fixes("compose.yaml"), fixes("docker-stack.yaml")), (1, 0));
    }

    #[test]
    fn the_ports_of_one_store_are_one_finding() {
        let text =
            "services: { es: { image: 'elasticsearch:9.0.0', ports: ['9200:9200', '9300:9300'] } }";
        let found = crate::rules::testing::findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].related.len(), found[0].fixes[0].edits.len()), (1, 2));
    }

    #[test]
    fn an_unpublished_port_is_asked_of_compose() {
        let text = "services: { db: { image: 'postgres:17', ports: [5432] } }";
        let found = crate::rules::testing::findings(&RULE, text);
        assert_eq!(found[0].check, ["docker compose port db 5432"]);
    }
}
