use crate::facts::{Facts, KubeHost, KubeService, Part, Unit, Workload};
use crate::knowledge::starts::wait_of;
use crate::model::IntOrStr;
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A container names a Service with a port that the Service does not have.
    ///
    /// ## Why it hurts
    /// A Service accepts connections on its own ports only. Nothing listens on any other port of its
    /// address, so each connection waits until it times out, although the name resolves and the Pods
    /// behind it are ready. Mostly the port is that of another listener or the container's own.
    ///
    /// ## What helps
    /// Use a port that the Service lists under `ports`, or add the port to the Service.
    ///
    /// ## How to troubleshoot
    /// `kubectl get service NAME` lists the ports. `nc -vz NAME PORT` in the container shows whether one
    /// of them answers.
    ///
    /// ## When to ignore
    /// Where something outside of these files adds the port to the Service.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: kafka }
    /// spec:
    ///   selector: { app: kafka }
    ///   ports: [{ name: broker, port: 9092 }]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: worker }
    /// spec:
    ///   containers:
    ///     - name: worker
    ///       image: acme/worker:1
    ///       env:
    ///         - name: KAFKA_BROKERS
    ///           value: kafka:29092 # <- `KAFKA_BROKERS` names Service `kafka` with port 29092, but the Service has only port `broker` (9092)
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: kafka }
    /// spec:
    ///   selector: { app: kafka }
    ///   ports: [{ name: broker, port: 9092 }]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: worker }
    /// spec:
    ///   containers:
    ///     - name: worker
    ///       image: acme/worker:1
    ///       env:
    ///         - name: KAFKA_BROKERS
    ///           value: kafka:9092
    /// ```
    PLM424 "service-port-unknown" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

/// A Service and a port, as a container names them.
struct Dialled<'m> {
    /// `DB_URL` in backticks, or "the start command".
    place: String,
    host: &'m str,
    port: u16,
    /// The port, as precisely as the text allows.
    span: Span,
    /// Whether the span is the number alone.
    is_exact: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    // Containers that share a ConfigMap share its mistakes.
    let mut reported: FxHashSet<(Span, &str)> = FxHashSet::default();
    for workload in facts.workloads() {
        let home = workload.object.file;
        for unit in &workload.units {
            for dialled in dialled(facts, unit) {
                let meant = facts.kube_host(home, workload.namespace, dialled.host);
                let KubeHost::Service(service) = meant else { continue };
                if has_port(facts, service, dialled.port)
                    || !reported.insert((dialled.span, service.name))
                {
                    continue;
                }
                report(facts, out, workload, unit, service, &dialled);
            }
        }
    }
}

/// Returns every Service host that a container names together with a port.
fn dialled<'m, 'a>(facts: &Facts<'a>, unit: &'m Unit<'a>) -> Vec<Dialled<'m>> {
    let mut found: Vec<Dialled<'_>> = Vec::new();
    for mention in facts.peers(unit) {
        let Some((port, span)) = mention.written_port(unit) else { continue };
        found.push(Dialled {
            place: mention.place().to_string(),
            host: mention.host,
            port,
            span,
            is_exact: facts.unquoted(&span) == port.to_string(),
        });
    }
    if unit.part == Part::Init {
        for command in &unit.start.commands {
            for target in wait_of(command).into_iter().flat_map(|it| it.targets) {
                let Some(port) = target.port else { continue };
                let span = unit.start.span_of(target.word);
                let is_known = found.iter().any(|it| it.host == target.host && it.port == port);
                if !is_known {
                    let place = "the start command".to_owned();
                    found.push(Dialled { place, host: target.host, port, span, is_exact: false });
                }
            }
        }
    }
    found
}

/// Whether a connection to this port of the Service may succeed.
fn has_port(facts: &Facts<'_>, service: &KubeService<'_>, port: u16) -> bool {
    let model = service.model;
    // A port that cannot be read may be this one.
    let is_unclear = model.ports.iter().any(|it| it.port.is_none());
    if model.is_external_name() || model.ports.is_empty() || is_unclear || service.offers(port) {
        return true;
    }
    if !model.is_headless() {
        return false;
    }
    // The name of a headless Service resolves to its Pods, on which any port may be open.
    let number = IntOrStr::Int(i64::from(port));
    let pods = facts.selected(service);
    pods.is_empty()
        || pods.iter().any(|it| {
            let listed = it.running().any(|(_, container)| !container.ports.is_empty());
            !listed
                || it.lists_port(&number)
                || it.passes_port(&port.to_string())
                || it.running().any(|(unit, _)| facts.own_ports(unit).contains(&port))
        })
}

fn report<'a>(
    facts: &Facts<'a>,
    out: &mut Findings,
    workload: &Workload<'a>,
    unit: &Unit<'a>,
    service: &KubeService<'a>,
    dialled: &Dialled<'_>,
) {
    let (name, port) = (service.name, dialled.port);
    let ports = &service.model.ports;
    let listed: Vec<String> = ports.iter().map(|it| it.label()).collect();
    let word = if listed.len() == 1 { "port" } else { "ports" };
    let finding = out.at(
        &dialled.span,
        format!(
            "{} names Service `{name}` with port {port}, but the Service has only {word} {}",
            dialled.place,
            listed.join(", ")
        ),
    );
    let place = service.model.ports_place.map_or(service.span(), |it| it.span);
    finding.also(&place, format!("the ports of Service `{name}`")).check(facts.connect(
        unit,
        dialled.host,
        ports.first().map_or(port, number_or(port)),
    ));
    // A patch shows a part of the ports only, and of several Services of this name another may be meant.
    let home = workload.object.file;
    let is_whole = service.object.api_version.is_some()
        && service.model.selector.is_some()
        && facts.services_named(home, name).count() == 1;
    if !is_whole {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
    let [only] = ports.as_slice() else { return };
    let Some(number) = only.port.filter(|_| dialled.is_exact) else { return };
    let edit = facts.replace_scalar(&dialled.span, &number.value.to_string());
    let title = format!("Use port {}", number.value);
    // Where the port is the container's own, there is no doubt about which listener is meant.
    let is_target = only.target().is_some_and(|it| it.value == IntOrStr::Int(i64::from(port)));
    let is_safe = is_whole && is_target && facts.written(&dialled.span) == port.to_string();
    finding.fix(if is_safe { Fix::safe(title, [edit]) } else { Fix::r#unsafe(title, [edit]) });
}

/// Returns the number of a port of a Service, or another one where it has none.
fn number_or(other: u16) -> impl Fn(&crate::model::kubernetes::ServicePort) -> u16 {
    move |port| port.port.and_then(|it| u16::try_from(it.value).ok()).unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::{Safety, Severity};
    use crate::rules::testing::{findings, messages};

    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: kafka}\nspec: {selector: {app: kafka}, ports: [{port: 9092, targetPort: 29092}]}\n";

    fn pod(container: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: worker}}\nspec: {{containers: [{{name: worker, image: a, {container}}}]}}\n"
        )
    }

    fn count(container: &str) -> usize {
        messages(&RULE, &format!("{SERVICE}{}", pod(container))).len()
    }

    #[test]
    fn variables_and_arguments_are_read() {
        assert_eq!(count("env: [{name: BROKERS, value: 'kafka:29092'}]"), 1);
        assert_eq!(count("env: [{name: BROKERS, value: 'kafka.default.svc:29092,kafka:9092'}]"), 1);
        assert_eq!(count("args: ['--brokers=kafka:29092']"), 1);
        let pair = "env: [{name: KAFKA_HOST, value: kafka}, {name: KAFKA_PORT, value: '29092'}]";
        assert_eq!(count(pair), 1);
        assert_eq!(count("env: [{name: BROKERS, value: 'kafka:9092'}]"), 0);
        assert_eq!(count("env: [{name: BROKERS, value: kafka}]"), 0);
    }

    #[test]
    fn a_port_by_name_and_other_hosts_are_silent() {
        assert_eq!(count("env: [{name: URL, value: 'http://kafka:broker/'}]"), 0);
        assert_eq!(count("env: [{name: URL, value: 'http://other:80/'}]"), 0);
        assert_eq!(count("env: [{name: KAFKA_ADVERTISED_LISTENERS, value: 'A://kafka:1'}]"), 0);
    }

    #[test]
    fn an_init_container_may_wait_for_a_wrong_port() {
        let text = format!(
            "{SERVICE}---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: x}}\nspec: {{schedule: '@daily', jobTemplate: {{spec: {{template: {{spec: {{initContainers: [{{name: w, image: b, command: [sh, -c, 'until nc -z kafka 29092; do sleep 1; done']}}], containers: [{{name: c, image: c}}]}}}}}}}}}}\n"
        );
        assert_eq!(
            messages(&RULE, &text),
            [
                "the start command names Service `kafka` with port 29092, but the Service has only port 9092"
            ]
        );
    }

    #[test]
    fn a_headless_service_is_silent_where_its_pods_listen() {
        let headless = "apiVersion: v1\nkind: Service\nmetadata: {name: kafka}\nspec: {clusterIP: None, selector: {app: kafka}, ports: [{port: 9092}]}\n";
        let kafka = |ports: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: kafka, labels: {{app: kafka}}}}\nspec: {{containers: [{{name: kafka, image: k, ports: {ports}}}]}}\n"
            )
        };
        let client = pod("env: [{name: BROKERS, value: 'kafka:29092'}]");
        let with = |ports: &str| messages(&RULE, &format!("{headless}{}{client}", kafka(ports)));
        assert_eq!(with("[{containerPort: 29092}]").len(), 0);
        assert_eq!(with("[]").len(), 0, "the Pods may listen anywhere");
        assert_eq!(with("[{containerPort: 9092}]").len(), 1);
        assert_eq!(messages(&RULE, &format!("{headless}{client}")).len(), 0, "no Pods");
    }

    #[test]
    fn external_names_and_services_without_ports_are_silent() {
        let client = pod("env: [{name: BROKERS, value: 'kafka:29092'}]");
        for spec in ["{type: ExternalName, externalName: x.example.com, ports: [{port: 1}]}", "{}"]
        {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: kafka}}\nspec: {spec}\n{client}"
            );
            assert!(messages(&RULE, &text).is_empty(), "{spec}");
        }
    }

    #[test]
    fn only_a_whole_service_makes_an_error() {
        let client = pod("env: [{name: BROKERS, value: 'kafka:29092'}]");
        let whole = findings(&RULE, &format!("{SERVICE}{client}"));
        assert_eq!(whole[0].severity, Severity::Error);
        assert_eq!(whole[0].fixes[0].safety, Safety::Safe, "29092 is the container's own port");
        let patch = SERVICE.replace("selector: {app: kafka}, ", "");
        let patched = findings(&RULE, &format!("{patch}{client}"));
        assert_eq!(patched[0].severity, Severity::Warning);
        assert_eq!(patched[0].fixes[0].safety, Safety::Unsafe);
        let two = SERVICE.replace("ports: [", "ports: [{name: http, port: 80}, ");
        assert!(findings(&RULE, &format!("{two}{client}"))[0].fixes.is_empty());
    }

    #[test]
    fn a_shared_config_map_is_reported_once() {
        let text = format!(
            "{SERVICE}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{BROKERS: 'kafka:29092'}}\n{}{}",
            pod("envFrom: [{configMapRef: {name: c}}]"),
            pod("envFrom: [{configMapRef: {name: c}}]").replace("name: worker}", "name: other}")
        );
        assert_eq!(messages(&RULE, &text).len(), 1);
    }
}
