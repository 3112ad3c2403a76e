use crate::edit::Yaml;
use crate::facts::{
    Caller, Callers, Facts, Image, KubeHost, KubeService, Mention, Part, READY_ADDRESSES, Service,
    Together, Unit, Workload, in_shell, probe_of_healthcheck,
};
use crate::knowledge::env::{is_browser_facing, is_own_address_key};
use crate::knowledge::families::Certainty;
use crate::model::IntOrStr;
use crate::model::kubernetes::{Container, ProbeHandler, ServicePort, WorkloadKind};
use crate::report::{Edit, Findings, Fix, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use std::cell::OnceCell;

rule! {
    /// A Service sends traffic to a container that has no readiness probe.
    ///
    /// ## Why it hurts
    /// Without a readiness probe, a Pod counts as ready as soon as its containers are running. In
    /// every rollout and after every restart, requests reach a program that is not listening yet,
    /// while the old Pods are already gone.
    ///
    /// ## What helps
    /// A `readinessProbe` on the port that the Service sends traffic to: ideally an HTTP path that
    /// answers only when the program can serve, or at least a `tcpSocket`.
    ///
    /// ## How to troubleshoot
    /// Watch the EndpointSlices of the Service during a rollout: `conditions.ready` of a new Pod is `true` before its logs
    /// say that it is listening.
    ///
    /// ## When to ignore
    /// Where the program accepts connections as soon as its process runs, or where every client is
    /// known to try again.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web # <- Service `web` sends traffic to container `web` of Deployment `web`, which has no readinessProbe
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports: [{ containerPort: 8080 }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports: [{ containerPort: 8080 }]
    ///           readinessProbe:
    ///             httpGet: { path: /ready, port: 8080 }
    /// ```
    PLM110 "missing-readiness-probe" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Manifests without any readiness probe are one oversight.
    let mut together: IndexMap<Together<'_>, Vec<Unprobed<'_, '_>>> = IndexMap::new();
    let callers: OnceCell<Callers<'_, '_>> = OnceCell::new();
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (at, (unit, container)) in workload.containers().enumerate() {
            if unit.part == Part::Init
                || container.readiness.is_some()
                || facts.is_guessed(container.place.span)
            {
                continue;
            }
            let routed = facts.routed_port(workload, container).or_else(|| {
                let callers = callers.get_or_init(|| facts.callers());
                facts.port_behind(workload, container, &|it| hides_unready_server(it, callers))
            });
            let Some((service, port)) = routed else { continue };
            let unprobed = Unprobed { workload, at, unit, container, service, port };
            let is_accepted = facts.stands_alone(container.span(), &|selector| RULE.is(selector));
            if is_accepted || container.startup.is_some() {
                report(facts, &[unprobed], out);
            } else {
                together.entry(facts.started_with(unit)).or_default().push(unprobed);
            }
        }
    }
    for mut all in together.into_values() {
        // A bare Pod is seldom what runs in production.
        all.sort_by_key(|it| it.workload.kind() == WorkloadKind::Pod);
        report(facts, &all, out);
    }
}

/// Whether other workloads reach Pods by the name of a headless Service, which leaves out those that are not ready.
fn hides_unready_server(service: &KubeService<'_>, callers: &Callers<'_, '_>) -> bool {
    let is_client = |it: &Caller<'_, '_>| matches!(it, Caller::Client { .. });
    service.model.is_headless()
        && !service.model.publish_not_ready_addresses.is_some_and(|it| it.value)
        && callers.get(&service.index).is_some_and(|it| it.iter().any(is_client))
}

/// A container without a readiness probe, and what sends traffic to it.
struct Unprobed<'f, 'a> {
    workload: &'f Workload<'a>,
    /// The index of the container among those of the workload.
    at: usize,
    unit: &'f Unit<'a>,
    container: &'a Container,
    service: &'f KubeService<'a>,
    port: &'a ServicePort,
}

fn report(facts: &Facts, all: &[Unprobed<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let name = first.service.name;
    let (leads, through) = match first.service.model.is_headless() {
        true => ("leads its clients", "leads to"),
        false => ("sends traffic", "sends traffic through"),
    };
    let finding = out.at(
        &first.container.span(),
        format!("Service `{name}` {leads} to {}, which has no readinessProbe", first.unit.label),
    );
    finding
        .also(&first.port.span(), format!("Service `{name}` {through} this port"))
        .check(format!(
            "kubectl get endpointslices{} -l kubernetes.io/service-name={name} {READY_ADDRESSES} -w",
            first.workload.namespace_flag(),
            name = in_shell(name)
        ));
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| {
            let what = format!("{}, behind Service `{}`", it.unit.label, it.service.name);
            (it.container.span(), format!("{what}, has none either"))
        })
        .collect();
    finding.stands_for(&others).cause("no readiness probe");
    if first.container.startup.is_some() {
        finding
            .severity(Severity::Info)
            .cause("a startup probe alone")
            .why("The startup probe keeps traffic away until the program has started. After that nothing does: a Pod that is overloaded or hangs gets its share of the requests until its container ends.");
    }
    let is_bare =
        matches!(first.workload.kind(), WorkloadKind::Pod | WorkloadKind::ReplicationController);
    if is_bare && first.container.startup.is_none() {
        finding.why("Without a readiness probe, a Pod counts as ready as soon as its containers are running. After every start and restart, requests reach a program that is not listening yet.");
    }
    if all.iter().any(|it| facts.hides_unready_peers(it.workload)) {
        finding.help("Add a `readinessProbe` on the port that the Service sends traffic to. The replicas of a StatefulSet find each other by name only once they are ready, unless its headless Service sets `publishNotReadyAddresses: true`: set that first where they have to meet in order to start.");
    }
    if facts.unit_role(first.unit) == Role::Development {
        finding.severity(Severity::Info);
    }
    if let Some((it, service, mention)) = all.iter().find_map(|it| {
        let (service, mention) = own_service(facts, it.workload, it.unit)?;
        Some((it, service, mention))
    }) {
        let (unit, name) = (it.unit.name, service.name);
        finding
            .also(&mention.span, format!("`{unit}` names Service `{name}`, which leads to itself"))
            .help(format!(
                "Add a `readinessProbe` on the port that the Service sends traffic to. The fix leaves `{unit}` out: it names Service `{name}`, which leads to itself and answers only once the Pod is ready. Where the program asks itself or its peers there in order to start, it never would. Set `publishNotReadyAddresses: true` on that Service first."
            ));
    }
    let edit = |it: &Unprobed<'_, '_>| {
        if own_service(facts, it.workload, it.unit).is_some() {
            return None;
        }
        let probe = probe_for(facts, it.workload, it.at, own_port(it))?;
        facts.insert_entry(&it.container.place, "readinessProbe", &probe)
    };
    // A fix that leaves out the container that is reported mends something else.
    if edit(first).is_none() {
        return;
    }
    let mut edits: Vec<Edit> = all.iter().filter_map(edit).collect();
    edits.sort_by_key(|it| it.span);
    edits.dedup_by(|a, b| a.span == b.span);
    if !edits.is_empty() {
        // Findings of one cause are mended together where their fixes have one title.
        finding.fix(Fix::r#unsafe("Add a readiness probe", edits));
    }
}

/// Returns a Service that a container names, apart from the address that it announces, and that selects its own Pods
/// once they are ready: a probe may keep the container from starting at all. An example is the quorum of Kafka:
/// `KAFKA_CONTROLLER_QUORUM_VOTERS=1@kafka:9093`, asked before the broker opens its port.
fn own_service<'f, 'a>(
    facts: &'f Facts<'a>,
    workload: &Workload<'a>,
    unit: &'f Unit<'a>,
) -> Option<(&'f KubeService<'a>, &'f Mention<'a>)> {
    let home = workload.object.file;
    let dialled = facts.mentions(unit).iter().filter(|mention| {
        mention.key.is_none_or(|it| !is_own_address_key(it) && !is_browser_facing(it))
    });
    let own = facts.services_for(workload);
    let mut named = dialled.filter_map(|mention| {
        let KubeHost::Service(named) = facts.kube_host(home, workload.namespace, mention.host)
        else {
            return None;
        };
        let service = *own.iter().find(|it| it.index == named.index)?;
        let hides = !service.model.publish_not_ready_addresses.is_some_and(|it| it.value);
        hides.then_some((service, mention))
    });
    named.next()
}

/// Returns the port of the Service that leads to the main port of the program, where there is one: a console
/// answers before the queue behind it does.
fn own_port<'a>(unprobed: &Unprobed<'_, 'a>) -> &'a ServicePort {
    let Some(family) = unprobed.unit.family().filter(|it| it.is_data_store()) else {
        return unprobed.port;
    };
    let leads_to = |port: &ServicePort, number: u16| {
        let Some(target) = port.target() else { return false };
        match &target.value {
            IntOrStr::Int(it) => *it == i64::from(number),
            IntOrStr::Str(_) => unprobed.container.ports.iter().any(|listed| {
                listed.is(&target.value)
                    && listed
                        .container_port
                        .as_ref()
                        .is_some_and(|it| it.value == i64::from(number))
            }),
        }
    };
    let ports = &unprobed.service.model.ports;
    let own =
        family.ports().iter().find_map(|number| ports.iter().find(|it| leads_to(it, *number)));
    own.unwrap_or(unprobed.port)
}

/// Builds a readiness probe: from the Compose healthcheck, else from the liveness probe at shorter intervals,
/// else from the health page of a server that is known, else from the port alone. `None` where Compose has
/// the program listen on other ports: the probe would never succeed.
fn probe_for(
    facts: &Facts,
    workload: &Workload<'_>,
    unit: usize,
    port: &ServicePort,
) -> Option<Yaml<'static>> {
    let container = workload.container(unit);
    let counterpart = facts.counterpart_of_container(workload.index, unit);
    let service = counterpart.map(|pair| facts.pair(pair).0);
    let health = service.and_then(|service| {
        let check = service.model.healthcheck.as_deref().filter(|it| !it.disabled)?;
        let sets = |name: &str| workload.units[unit].var(name).is_some();
        probe_of_healthcheck(service, check, container, &sets)
    });
    if health.is_some() {
        return health;
    }
    if let Some((key, handler)) = container.liveness.as_ref().and_then(|it| handler(&it.handler)) {
        let sooner =
            [(key, handler), ("periodSeconds", Yaml::int(5)), ("failureThreshold", Yaml::int(2))];
        return Some(Yaml::map(sooner));
    }
    // Which port an exporter listens on has changed between versions, and its tag names none.
    let image = workload.units[unit].image.as_ref();
    let is_moving = |it: &Image<'_>| it.major.is_none() && it.repository.contains("exporter");
    if image.is_some_and(is_moving) {
        return None;
    }
    let target = port.target().map(|it| it.value).unwrap_or(IntOrStr::Int(80));
    if service.is_some_and(|it| listens_elsewhere(it, workload, &target)) {
        return None;
    }
    if let Some((path, port)) = health_page(&workload.units[unit], &target) {
        let page = Yaml::map([("path", Yaml::str(path)), ("port", port)]);
        return Some(Yaml::map([("httpGet", page)]));
    }
    if !is_known_to_listen(facts, workload, unit, service, &target) {
        return None;
    }
    if let Some(question) = question_of_family(&workload.units[unit]) {
        return Some(question);
    }
    let socket = Yaml::map([("port", port_value(&target))]);
    Some(Yaml::map([("tcpSocket", socket)]))
}

/// Returns the path and the port at which a server that is known says whether it can serve. The cluster ports
/// of Consul may be bound to the loopback address, where no probe reaches them.
///
/// Sources: Consul documentation, "Status HTTP API" and "Ports"; vLLM documentation, "Using Kubernetes".
fn health_page(unit: &Unit<'_>, port: &IntOrStr) -> Option<(&'static str, Yaml<'static>)> {
    match unit.family()?.id {
        "consul" => Some(("/v1/status/leader", Yaml::int(8500))),
        "vllm" => Some(("/health", port_value(port))),
        _ => None,
    }
}

/// Clients that ask a server whether it is ready, and need little themselves.
const LIGHT_CLIENTS: &[&str] = &[
    "pg_isready",
    "mysqladmin",
    "healthcheck.sh",
    "mongosh",
    "redis-cli",
    "REDISCLI_AUTH=",
    "valkey-cli",
    "keydb-cli",
];

/// Returns the probe that asks a data store with its own client, where its image starts it as it is: an open port
/// says less.
fn question_of_family(unit: &Unit<'_>) -> Option<Yaml<'static>> {
    let shell = unit.ready_shell()?;
    let is_light = LIGHT_CLIENTS.iter().any(|it| shell.starts_with(it));
    let is_own = unit.image.as_ref().is_some_and(|it| it.certainty == Certainty::Certain);
    // The server may want a password that the client does not send.
    let has_password = unit.env.iter().any(|it| it.name.ends_with("PASSWORD"));
    let sends_none = shell.contains("-cli ping") && !shell.contains("AUTH") && has_password;
    if !is_light || !is_own || sends_none || !unit.start.is_empty() {
        return None;
    }
    let words = vec!["sh".to_owned(), "-c".to_owned(), shell.to_owned()];
    let command = Yaml::map([("command", Yaml::words(words))]);
    Some(Yaml::map([("exec", command), ("timeoutSeconds", Yaml::int(5))]))
}

/// Whether Compose names the ports of the same program, and not this one.
fn listens_elsewhere(service: &Service<'_>, workload: &Workload<'_>, port: &IntOrStr) -> bool {
    let ports = service.container_ports();
    let number = match port {
        IntOrStr::Int(number) => Some(*number),
        IntOrStr::Str(name) => {
            let mut listed = workload.running().flat_map(|(_, container)| &container.ports);
            let named = listed.find(|it| it.name.as_ref().is_some_and(|own| own.value == *name));
            named.and_then(|it| it.container_port.as_ref()).map(|it| it.value)
        }
    };
    number.is_some_and(|number| {
        !ports.is_empty()
            && ports.iter().all(|port| i64::from(port.value) != number)
            && !workload.passes_port(&number.to_string())
    })
}

/// Whether anything but the Service says that a program listens on a port: its container lists it, its image or
/// its settings are known for it, or Compose names it.
fn is_known_to_listen<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    unit: usize,
    service: Option<&Service<'a>>,
    port: &IntOrStr,
) -> bool {
    if workload.container(unit).ports.iter().any(|it| it.is(port)) {
        return true;
    }
    let Some(number) = port.as_int().and_then(|it| u16::try_from(it).ok()) else { return false };
    facts.own_ports(&workload.units[unit]).contains(&number)
        || workload.passes_port(&number.to_string())
        || service.is_some_and(|it| it.container_ports().iter().any(|it| it.value == number))
}

fn port_value(port: &IntOrStr) -> Yaml<'static> {
    match port {
        IntOrStr::Int(it) => Yaml::int(*it),
        IntOrStr::Str(it) => Yaml::str(it.to_string()),
    }
}

/// Returns a probe handler as YAML, or `None` if it sets a host, a scheme or headers.
fn handler(handler: &ProbeHandler) -> Option<(&'static str, Yaml<'static>)> {
    match handler {
        ProbeHandler::Http {
            path, port: Some(port), host: None, scheme: None, headers, ..
        } if headers.is_empty() => {
            let path = path.as_ref().map_or("/", |it| it.as_str());
            let fields = [("path", Yaml::str(path.to_owned())), ("port", port_value(&port.value))];
            Some(("httpGet", Yaml::map(fields)))
        }
        ProbeHandler::Tcp { port: Some(port), host: None, .. } => {
            Some(("tcpSocket", Yaml::map([("port", port_value(&port.value))])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
