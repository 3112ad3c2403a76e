use crate::facts::{
    Advertised, Broker, BrokerClient, BrokerClients, Facts, KubeHost, Service, Site, Unit,
    Workload, in_shell,
};
use crate::knowledge::advertised::Address;
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;

rule! {
    /// A broker advertises an address that its clients cannot reach.
    ///
    /// ## Why it hurts
    /// A client connects to a broker only to ask where the data is. The answer is the advertised address,
    /// and that is where all further connections go. With `localhost` in it every client is sent
    /// to itself: the first connection works, and then nothing does.
    ///
    /// ## What helps
    /// One listener for each side: one that advertises the service's name to other containers, and one
    /// that advertises `localhost` on a published port to programs on the host.
    ///
    /// ## How to troubleshoot
    /// `kcat -b HOST:PORT -L` in a client's container prints the addresses that the broker hands out.
    ///
    /// ## When to ignore
    /// Where those who connect have the name in their own `/etc/hosts`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   kafka:
    ///     image: apache/kafka:3.9.0
    ///     environment:
    ///       KAFKA_LISTENERS: PLAINTEXT://:9092
    ///       KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://localhost:9092 # <- `KAFKA_ADVERTISED_LISTENERS` of service `kafka` sends its clients to `localhost:9092`, which in service `web` is its own container
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       KAFKA_BROKERS: kafka:9092
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   kafka:
    ///     image: apache/kafka:3.9.0
    ///     ports: ["29092:29092"]
    ///     environment:
    ///       KAFKA_LISTENERS: PLAINTEXT://:9092,HOST://:29092
    ///       KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://kafka:9092,HOST://localhost:29092
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       KAFKA_BROKERS: kafka:9092
    /// ```
    PLM425 "advertised-address-unreachable" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut clients: Option<BrokerClients<'_>> = None;
    for unit in facts.units() {
        for broker in facts.brokers(unit) {
            let clients = clients.get_or_insert_with(|| facts.broker_clients());
            match unit.site {
                Site::Service(at) => {
                    in_compose(facts, out, &facts.services()[at], &broker, clients);
                }
                Site::Container(at, _) => {
                    in_cluster(facts, out, &facts.workloads()[at], unit, &broker, clients);
                }
            }
        }
    }
}

/// Renders `localhost:9092`.
fn written(address: &Address<'_>) -> String {
    match address.port {
        Some(port) => format!("`{}:{port}`", address.host),
        None => format!("`{}`", address.host),
    }
}

fn in_compose(
    facts: &Facts<'_>,
    out: &mut Findings,
    service: &Service<'_>,
    broker: &Broker<'_>,
    clients: &BrokerClients<'_>,
) {
    if service.network_namespace() == "host" {
        return;
    }
    let (label, setting) = (&service.unit.label, broker.setting);
    let clients = clients.of_services.get(&service.index).map_or(&[][..], Vec::as_slice);
    for advertised in broker.addresses.iter().filter(|it| it.address.is_loopback()) {
        let is_told = |it: &&BrokerClient<'_>| {
            broker.told(it.port).is_some_and(|told| told.span == advertised.span)
        };
        let mut told = clients.iter().filter(is_told);
        let Some(first) = told.next() else { continue };
        let finding = out.at(
            &advertised.span,
            format!(
                "`{setting}` of {label} sends its clients to {}, which in {} is its own container",
                written(&advertised.address),
                first.label
            ),
        );
        as_dialled(finding, advertised, first, told);
        finding.check(format!("docker compose logs --tail 50 {}", in_shell(service.name)));
        return;
    }
    if broker.is_loopback_only() {
        only_for_itself(facts, out, service, broker, clients);
    } else {
        unpublished(out, service, broker);
    }
    only_for_containers(facts, out, service, broker, clients);
}

/// Makes a finding an error, since a client of the project uses the address.
fn as_dialled<'c, 'f: 'c>(
    finding: &mut Finding,
    advertised: &Advertised<'_>,
    first: &'c BrokerClient<'f>,
    others: impl Iterator<Item = &'c BrokerClient<'f>>,
) {
    finding.also(&first.span, format!("{} connects here", first.label));
    for other in others {
        finding.also(&other.span, format!("so does {}", other.label));
    }
    if advertised.is_literal {
        finding.severity(Severity::Error);
    } else {
        finding.confidence(Confidence::Likely);
    }
}

/// Reports a broker that advertises only loopback addresses although others wait for it.
fn only_for_itself(
    facts: &Facts<'_>,
    out: &mut Findings,
    service: &Service<'_>,
    broker: &Broker<'_>,
    clients: &[BrokerClient<'_>],
) {
    let Some(wait) = facts.waiters(service).next().filter(|_| clients.is_empty()) else { return };
    let Some(advertised) = broker.addresses.first() else { return };
    out.at(
        &advertised.span,
        format!(
            "`{}` of {} advertises only {}, which no other container can reach, and `{}` depends on it",
            broker.setting,
            service.unit.label,
            written(&advertised.address),
            wait.from.name
        ),
    )
    .confidence(Confidence::Likely)
    .also(&wait.dependency.span, format!("`{}` depends on `{}`", wait.from.name, service.name))
    .check(format!("docker compose logs --tail 50 {}", in_shell(wait.from.name)));
}

/// Reports a listener for the host whose port is not published.
fn unpublished(out: &mut Findings, service: &Service<'_>, broker: &Broker<'_>) {
    for advertised in broker.addresses.iter().filter(|it| it.address.is_loopback()) {
        let (Some(port), Some(bound)) = (advertised.address.port, advertised.bound) else {
            continue;
        };
        let is_published = service.model.ports.iter().any(|it| {
            let outside = it.published.map(|it| it.value);
            let in_range = outside.is_some_and(|(low, high)| low <= port && port <= high);
            in_range && (it.target.value == bound || outside.is_some_and(|it| it.0 != it.1))
        });
        if is_published || checks_itself(service, bound) {
            continue;
        }
        let finding = out.at(
            &advertised.span,
            format!(
                "`{}` of {} advertises {} to programs on the host, but does not publish port {port}",
                broker.setting,
                service.unit.label,
                written(&advertised.address)
            ),
        );
        match service.model.ports.first() {
            Some(first) => finding.also(&first.span, "what is published instead"),
            None => finding.also(&service.span(), "no port is published"),
        };
        finding
            .help(format!("Publish `{port}:{bound}`, or remove this listener."))
            .check(format!("docker compose port {} {bound}", in_shell(service.name)));
    }
}

/// Whether the service's own health check uses the listener on a port.
fn checks_itself(service: &Service<'_>, port: u16) -> bool {
    let healthcheck = service.model.healthcheck.as_ref();
    let words = healthcheck.and_then(|it| it.test.as_ref()).map_or(&[][..], |it| &it.words);
    words.iter().any(|it| it.contains(&format!(":{port}")))
}

/// Reports a broker whose port is published for programs on the host, which cannot resolve the only name
/// that it advertises.
fn only_for_containers(
    facts: &Facts<'_>,
    out: &mut Findings,
    service: &Service<'_>,
    broker: &Broker<'_>,
    clients: &[BrokerClient<'_>],
) {
    let [only] = broker.addresses.as_slice() else { return };
    let is_own_name = service.hosts().any(|it| it == only.address.host);
    let port = service.model.ports.iter().find(|it| Some(it.target.value) == only.bound);
    // Another service may be a client by a file that is not seen.
    let is_alone = facts.siblings(service).iter().all(|it| {
        it.index == service.index || it.unit.family().is_some_and(|it| it.is_data_store())
    });
    let used = !clients.is_empty() || facts.waiters(service).next().is_some() || !is_alone;
    let Some(port) = port.filter(|_| is_own_name && only.is_literal && !used) else { return };
    out.at(
        &only.span,
        format!(
            "`{}` of {} sends clients to {}, a name that programs on the host, for which the port is published, cannot resolve",
            broker.setting,
            service.unit.label,
            written(&only.address)
        ),
    )
    .confidence(Confidence::Likely)
    .also(&port.span, "published for the host here")
    .check(format!("getent hosts {}", in_shell(only.address.host)));
}

fn in_cluster<'a>(
    facts: &Facts<'a>,
    out: &mut Findings,
    workload: &Workload<'a>,
    unit: &Unit<'a>,
    broker: &Broker<'_>,
    clients: &BrokerClients<'_>,
) {
    let services = facts.services_for(workload);
    for advertised in &broker.addresses {
        let Some(why) = why_unreachable(facts, workload, &advertised.address) else { continue };
        let mut told: Vec<&BrokerClient<'_>> = Vec::new();
        for service in &services {
            let own = clients.of_kube_services.get(&service.index).into_iter().flatten();
            told.extend(own.filter(|client| {
                let port = client.port.and_then(|port| service.target_number(workload, port));
                broker.told(port).is_some_and(|it| it.span == advertised.span)
            }));
        }
        // Only some of the listeners may be meant for clients within the cluster.
        let for_all = broker.addresses.len() == 1 && !services.is_empty();
        if told.is_empty() && !for_all {
            continue;
        }
        let finding = out.at(
            &advertised.span,
            format!(
                "`{}` of {} sends its clients to {}, {why}",
                broker.setting,
                unit.label,
                written(&advertised.address)
            ),
        );
        if let Some((first, others)) = told.split_first() {
            as_dialled(finding, advertised, first, others.iter().copied());
        } else if let Some(service) = services.first() {
            finding.confidence(Confidence::Likely).also(
                &service.span(),
                format!("Service `{}` leads to {}", service.name, workload.label),
            );
        }
        finding.check(workload.logs(unit, "--tail 50"));
    }
}

/// Returns why nobody reaches an address that a Pod advertises, as the end of the message.
fn why_unreachable(
    facts: &Facts<'_>,
    workload: &Workload<'_>,
    address: &Address<'_>,
) -> Option<String> {
    if address.is_loopback() {
        return Some("which for each of them is its own Pod".to_owned());
    }
    let meant = facts.kube_host(workload.object.file, workload.namespace, address.host);
    let (KubeHost::Service(service), Some(port)) = (meant, address.port) else { return None };
    let model = service.model;
    let any_port = model.is_headless() || model.is_external_name() || model.ports.is_empty();
    if any_port || service.offers(port) {
        return None;
    }
    let listed: Vec<String> = model.ports.iter().map(|it| it.label()).collect();
    let word = if listed.len() == 1 { "port" } else { "ports" };
    Some(format!("but Service `{}` has only {word} {}", service.name, listed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::{Confidence, Severity};
    use crate::rules::testing::{findings, messages};

    fn compose(kafka: &str, more: &str) -> String {
        format!("services:\n  kafka: {{image: 'apache/kafka:3.9.0', {kafka}}}\n{more}")
    }

    const WEB: &str = "  web: {image: 'a/web:1', environment: {BROKERS: 'kafka:9092'}}\n";

    fn env(listeners: &str, advertised: &str) -> String {
        format!(
            "environment: {{KAFKA_LISTENERS: '{listeners}', KAFKA_ADVERTISED_LISTENERS: '{advertised}'}}"
        )
    }

    #[test]
    fn the_listener_decides_what_a_client_is_told() {
        let both = "A://:9092,B://:29092";
        let told = |advertised: &str| {
            messages(
                &RULE,
                &compose(
                    &format!("{}, ports: ['9092:9092', '29092:29092']", env(both, advertised)),
                    WEB,
                ),
            )
            .len()
        };
        assert_eq!(told("A://localhost:9092,B://kafka:29092"), 1, "the client uses listener A");
        assert_eq!(told("A://kafka:9092,B://localhost:29092"), 0);
        let found = findings(&RULE, &compose(&env("A://:9092", "A://127.0.0.1:9092"), WEB));
        assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
    }

    #[test]
    fn a_default_that_may_be_overridden_is_no_error() {
        let text = compose(&env("A://:9092", "A://${KAFKA_HOST:-localhost}:9092"), WEB);
        let found = findings(&RULE, &text);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].confidence, Confidence::Likely);
    }

    #[test]
    fn a_service_that_depends_on_the_broker_is_a_client() {
        let waits = "  web: {image: 'a/web:1', depends_on: [kafka]}\n";
        let only = env("A://:9092", "A://localhost:9092");
        let found = findings(&RULE, &compose(&only, waits));
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert!(found[0].message.ends_with("and `web` depends on it"), "{}", found[0].message);
        let idle = "  web: {image: 'a/web:1'}\n";
        let published = format!("{only}, ports: ['9092:9092']");
        assert!(messages(&RULE, &compose(&published, idle)).is_empty(), "for the host only");
    }

    #[test]
    fn a_listener_for_the_host_needs_a_published_port() {
        let split = env("A://:9092,H://:29092", "A://kafka:9092,H://localhost:29092");
        let with = |ports: &str| messages(&RULE, &compose(&format!("{split}{ports}"), WEB));
        assert_eq!(
            with(", ports: ['9092:9092']"),
            [
                "`KAFKA_ADVERTISED_LISTENERS` of service `kafka` advertises `localhost:29092` to programs on the host, but does not publish port 29092"
            ]
        );
        assert!(with(", ports: ['29092:29092']").is_empty());
        assert!(with(", ports: ['29090-29099:29090-29099']").is_empty());
        assert_eq!(with(", ports: ['19092:29092']").len(), 1, "another port on the host");
        assert_eq!(with(", ports: ['29092']").len(), 1, "any port on the host");
        let check =
            ", healthcheck: {test: kafka-topics.sh --bootstrap-server localhost:29092 --list}";
        assert!(with(check).is_empty(), "for its own check");
        assert!(with(", network_mode: host").is_empty());
    }

    #[test]
    fn a_name_of_the_network_says_nothing_to_the_host() {
        let only = env("A://:9092", "A://kafka:9092");
        let with = |ports: &str, more: &str| {
            messages(&RULE, &compose(&format!("{only}{ports}"), more)).len()
        };
        assert_eq!(with(", ports: ['9092:9092']", ""), 1);
        assert_eq!(with("", ""), 0);
        assert_eq!(with(", ports: ['9092:9092']", WEB), 0);
        assert_eq!(with(", ports: ['9092:9092']", "  web: {image: 'a/web:1'}\n"), 0);
    }

    #[test]
    fn options_are_read_like_variables() {
        let redpanda = |advertised: &str| {
            format!(
                "services:\n  kafka: {{image: 'redpandadata/redpanda:v24.1.1', ports: ['19092:19092'], command: [redpanda, start, --kafka-addr, 'internal://0.0.0.0:9092,external://0.0.0.0:19092', --advertise-kafka-addr, '{advertised}']}}\n{WEB}"
            )
        };
        let text = redpanda("internal://localhost:9092,external://localhost:19092");
        assert_eq!(messages(&RULE, &text).len(), 1);
        let text = redpanda("internal://kafka:9092,external://localhost:19092");
        assert!(messages(&RULE, &text).is_empty());
    }

    fn cluster(advertised: &str, more: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: kafka}}\nspec: {{selector: {{app: kafka}}, ports: [{{port: 9092}}]}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: kafka}}\nspec: {{selector: {{matchLabels: {{app: kafka}}}}, template: {{metadata: {{labels: {{app: kafka}}}}, spec: {{containers: [{{name: kafka, image: 'apache/kafka:3.9.0', env: [{{name: KAFKA_ADVERTISED_LISTENERS, value: '{advertised}'}}]}}]}}}}}}\n{more}"
        )
    }

    #[test]
    fn in_a_cluster_every_client_of_the_service_is_told_the_address() {
        let client = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: a, env: [{name: BROKERS, value: 'kafka:9092'}]}]}\n";
        let severity = |advertised: &str, more: &str| {
            findings(&RULE, &cluster(advertised, more)).first().map(|it| it.severity)
        };
        assert_eq!(severity("A://localhost:9092", client), Some(Severity::Error));
        assert_eq!(severity("A://localhost:9092", ""), Some(Severity::Warning));
        assert_eq!(severity("A://kafka:9092", client), None);
        assert_eq!(severity("A://kafka:29092", client), Some(Severity::Error), "no such port");
        assert_eq!(severity("A://kafka:9092,B://localhost:29092", client), None);
        assert_eq!(severity("A://$(POD_IP):9092", client), None);
    }
}
