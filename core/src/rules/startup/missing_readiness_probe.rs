use crate::edit::Yaml;
use crate::facts::{
    Facts, Image, KubeHost, KubeService, Mention, Part, Service, Together, Unit, Workload,
    probe_of_healthcheck,
};
use crate::knowledge::env::{is_browser_facing, is_own_address_key};
use crate::model::IntOrStr;
use crate::model::kubernetes::{Container, ProbeHandler, ServicePort, WorkloadKind};
use crate::report::{Edit, Findings, Fix, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;

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
    /// During a rollout, `kubectl get endpointslices -w` lists new Pods before their logs say that
    /// they are listening.
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
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (at, (unit, container)) in workload.containers().enumerate() {
            if unit.part == Part::Init
                || container.readiness.is_some()
                || facts.is_guessed(container.place.span)
            {
                continue;
            }
            let Some((service, port)) = facts.routed_port(workload, container) else { continue };
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
    let finding = out.at(
        &first.container.span(),
        format!(
            "Service `{name}` sends traffic to {}, which has no readinessProbe",
            first.unit.label
        ),
    );
    finding
        .also(&first.port.span(), format!("Service `{name}` sends traffic through this port"))
        .check(format!(
            "kubectl get endpointslices{} -l kubernetes.io/service-name={name} -w",
            first.workload.namespace_flag(),
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
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn sides(service: &str, kind: &str, container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, {service}}}\n---\napiVersion: x/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n        - name: web\n          image: a/b:1\n{container}"
        )
        .replace("x/v1", if kind == "Job" { "batch/v1" } else { "apps/v1" })
    }

    #[test]
    fn jobs_headless_services_and_other_ports_are_silent() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        assert_eq!(messages(&RULE, &sides(ports, "Deployment", "")).len(), 1);
        assert_eq!(messages(&RULE, &sides(ports, "Job", "")).len(), 0);
        assert_eq!(messages(&RULE, &sides("clusterIP: None", "StatefulSet", "")).len(), 0);
        let headless = format!("clusterIP: None, {ports}");
        assert_eq!(messages(&RULE, &sides(&headless, "StatefulSet", "")).len(), 0);
        let sidecar = "        - name: proxy\n          image: a/p:1\n          ports: [{containerPort: 8080}]\n          readinessProbe: {tcpSocket: {port: 8080}}\n";
        assert_eq!(messages(&RULE, &sides(ports, "Deployment", sidecar)).len(), 0);
        let udp = "ports: [{port: 53, protocol: UDP}]";
        assert_eq!(messages(&RULE, &sides(udp, "Deployment", "")).len(), 0);
    }

    #[test]
    fn a_startup_probe_keeps_traffic_away_at_first() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let starts = "          startupProbe: {httpGet: {path: /up, port: 8080}}\n          livenessProbe: {httpGet: {path: /live, port: 8080}}\n";
        let found = findings(&RULE, &sides(ports, "Deployment", starts)).remove(0);
        assert_eq!(found.severity.name(), "info");
        let why = found.why.unwrap_or_default();
        assert!(why.contains("overloaded or hangs"), "{why}");
        assert_eq!(found.fixes.len(), 1);
        let ready = format!("{starts}          readinessProbe: {{tcpSocket: {{port: 8080}}}}\n");
        assert!(messages(&RULE, &sides(ports, "Deployment", &ready)).is_empty());
        let plain = findings(&RULE, &sides(ports, "Deployment", ""));
        assert_eq!((plain[0].severity.name(), plain[0].why.clone()), ("warning", None));
    }

    #[test]
    fn the_fix_uses_the_best_check_available() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let fix = |text: &str| findings(&RULE, text)[0].fixes[0].edits[0].text.clone();
        let listed = "          ports: [{containerPort: 8080}]\n";
        assert!(fix(&sides(ports, "Deployment", listed)).contains("tcpSocket:"));
        let unlisted = findings(&RULE, &sides(ports, "Deployment", ""));
        assert!(unlisted[0].fixes.is_empty(), "whether it listens there is not known");
        let live = "          livenessProbe: {httpGet: {path: /live, port: 8080}}\n";
        let text = fix(&sides(ports, "Deployment", live));
        assert!(text.contains("path: /live") && text.contains("periodSeconds: 5"), "{text}");
        let compose = "# file: compose.yaml\nservices: {web: {image: 'a/b:1', healthcheck: {test: 'curl -f http://localhost:8080/up'}}}\n# file: k.yaml\n";
        let text = fix(&format!("{compose}{}", sides(ports, "Deployment", "")));
        assert!(text.contains("path: /up"), "{text}");
    }

    #[test]
    fn a_check_that_means_nothing_in_the_cluster_is_not_taken_over() {
        let fix = |test: &str, env: &str| {
            let compose = format!(
                "# file: .env\nOWNER=shop\n# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', healthcheck: {{test: '{test}'}}}}}}\n# file: k.yaml\n"
            );
            let ports = "ports: [{port: 80, targetPort: 8080}]";
            let text = format!("{compose}{}", sides(ports, "Deployment", env));
            let fixes = &findings(&RULE, &text)[0].fixes;
            fixes.first().map_or_else(String::new, |it| it.edits[0].text.clone())
        };
        let set = "          env: [{name: OWNER, value: web}]\n";
        assert!(fix("ready -U web", "").contains("ready -U web"));
        assert!(fix("ready -U $$OWNER", set).contains("$OWNER"));
        for (test, env) in [("ready -U ${OWNER}", set), ("ready -U $$OWNER", "")] {
            assert_eq!(fix(test, env), "", "{test}");
            let listed = format!("{env}          ports: [{{containerPort: 8080}}]\n");
            let fix = fix(test, &listed);
            assert!(fix.contains("tcpSocket") && !fix.contains("ready -U"), "{fix}");
        }
    }

    #[test]
    fn a_port_on_which_the_program_does_not_listen_is_not_probed() {
        let fixes = |port: u16| {
            let compose = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', ports: ['4000:{port}']}}}}\n# file: k.yaml\n"
            );
            let ports = "ports: [{port: 80, targetPort: 8080}]";
            let text = format!("{compose}{}", sides(ports, "Deployment", ""));
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(fixes(8080), 1);
        assert_eq!(fixes(1080), 0);
    }

    #[test]
    fn a_port_that_a_variable_sets_is_probed() {
        let fixes = |env: &str| {
            let compose = "# file: compose.yaml\nservices: {web: {image: 'a/b:1', ports: ['4000:9555']}}\n# file: k.yaml\n";
            let ports = "ports: [{port: 80, targetPort: 8080}]";
            let container = format!("          env: [{{name: {env}}}]\n");
            let text = format!("{compose}{}", sides(ports, "Deployment", &container));
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(fixes("AD_PORT, value: '8080'"), 1);
        assert_eq!(fixes("CART_ADDR, value: 'cart:8080'"), 0, "the port of another one");
    }

    #[test]
    fn a_queue_is_probed_where_it_serves_and_not_at_its_console() {
        let ports = "ports: [{port: 15672, name: console}, {port: 5672, name: amqp}]";
        let text = sides(ports, "Deployment", "").replace("a/b:1", "rabbitmq:4.1-management");
        let fix = findings(&RULE, &text)[0].fixes[0].edits[0].text.clone();
        assert!(fix.contains("port: 5672"), "{fix}");
        let console = "ports: [{port: 15672}]";
        let text = sides(console, "Deployment", "").replace("a/b:1", "rabbitmq:4.1-management");
        let fix = findings(&RULE, &text)[0].fixes[0].edits[0].text.clone();
        assert!(fix.contains("port: 15672"), "{fix}");
    }

    #[test]
    fn an_exporter_whose_version_is_open_is_not_probed_on_its_port() {
        let ports = "ports: [{port: 80, targetPort: 9090}]";
        let fixes = |image: &str| {
            let listed = "          ports: [{containerPort: 9090}]\n";
            let text = sides(ports, "Deployment", listed).replace("a/b:1", image);
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(fixes("acme/rabbitmq-exporter"), 0);
        assert_eq!(fixes("acme/rabbitmq-exporter:1.0.0"), 1);
    }

    #[test]
    fn a_known_server_is_asked_at_its_health_page() {
        let ports = "ports: [{port: 8300}, {port: 8500}]";
        let fix = |image: &str| {
            let text = sides(ports, "Deployment", "").replace("a/b:1", image);
            findings(&RULE, &text)[0].fixes[0].edits[0].text.clone()
        };
        let consul = fix("hashicorp/consul:1.20");
        assert!(consul.contains("/v1/status/leader") && consul.contains("8500"), "{consul}");
        let vllm = fix("vllm/vllm-openai:v0.10.0");
        assert!(vllm.contains("/health") && vllm.contains("8300"), "{vllm}");
    }

    #[test]
    fn peers_that_meet_before_they_are_ready_are_thought_of() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let set = sides(ports, "StatefulSet", "")
            .replace("spec:\n  template", "spec:\n  serviceName: peers\n  replicas: 3\n  template");
        let headless = |more: &str| {
            format!(
                "{set}---\napiVersion: v1\nkind: Service\nmetadata: {{name: peers}}\nspec: {{clusterIP: None, {more}selector: {{app: web}}}}\n"
            )
        };
        assert!(findings(&RULE, &headless(""))[0].help.is_some());
        assert!(findings(&RULE, &headless("publishNotReadyAddresses: true, "))[0].help.is_none());
        assert!(findings(&RULE, &sides(ports, "Deployment", ""))[0].help.is_none());
    }

    #[test]
    fn a_program_that_asks_itself_through_its_service_gets_no_probe() {
        let found = |env: &str, service: &str| {
            let container = format!("          ports: [{{containerPort: 8080}}]\n{env}");
            let text = sides("ports: [{port: 80, targetPort: 8080}]", "Deployment", &container);
            let text = format!("{}{service}", text.replace("name: web}", "name: kafka}"));
            findings(&RULE, &text).remove(0)
        };
        let env = |name: &str, value: &str| {
            format!("          env: [{{name: {name}, value: '{value}'}}]\n")
        };
        let asks = [
            env("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@kafka:9093"),
            env("CLUSTER_PEERS", "kafka:7946"),
            "          args: ['--join=kafka:7946']\n".to_owned(),
        ];
        for asks in asks {
            let found = found(&asks, "");
            assert!(found.fixes.is_empty(), "{asks}");
            assert!(found.help.is_some_and(|it| it.contains("publishNotReadyAddresses")), "{asks}");
        }
        let other = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n";
        for fine in [
            String::new(),
            env("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://kafka:9092"),
            env("DB_HOST", "db"),
        ] {
            let found = found(&fine, other);
            assert_eq!((found.fixes.len(), found.help), (1, None), "{fine}");
        }
    }

    #[test]
    fn the_others_get_their_probes_without_the_one_that_asks_itself() {
        let set = |name: &str, env: &str| {
            sides(
                "ports: [{port: 80, targetPort: 8080}]",
                "Deployment",
                "          ports: [{containerPort: 8080}]\n",
            )
            .replace("name: web", &format!("name: {name}"))
            .replace("app: web", &format!("app: {name}"))
                + env
        };
        let env = "          env: [{name: QUORUM_VOTERS, value: '1@kafka:9093'}]\n";
        let text = format!("{}---\n{}", set("api", ""), set("kafka", env));
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].fixes[0].edits.len()), (1, 1));
    }

    #[test]
    fn a_patch_that_only_sets_a_limit_is_not_the_place() {
        let app = sides("ports: [{port: 80}]", "Deployment", "");
        let text = format!(
            "# file: k/app.yaml\n{app}\n# file: k/kustomization.yaml\nresources: [app.yaml]\npatches: [{{path: patch.yaml}}]\n# file: k/patch.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: web, resources: {{limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
        );
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].span.file.index()), (1, 0));
    }

    #[test]
    fn one_oversight_is_one_finding() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let one = sides(ports, "Deployment", "          ports: [{containerPort: 8080}]\n");
        let two = format!("{one}\n---\n{}", one.replace("web", "api"));
        let found = findings(&RULE, &two);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("(and 1 more like it)"), "{}", found[0].message);
        assert_eq!(found[0].fixes[0].edits.len(), 2);
    }
}
