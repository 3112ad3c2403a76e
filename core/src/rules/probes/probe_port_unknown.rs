use super::{note_in_development, probes};
use crate::facts::{Facts, KubeService, Site, Unit, Workload, listed_ports};
use crate::model::IntOrStr;
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::Spanned;

rule! {
    /// A probe uses a port that its container does not list.
    ///
    /// ## Why it hurts
    /// A port name that the container does not have can never be resolved: the probe fails from the
    /// first second, and a liveness probe restarts the container forever. A number that is not
    /// listed is usually the old port.
    ///
    /// ## What helps
    /// Use the name or number of one of the container's own ports.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` shows "Readiness probe failed" with the address that was probed.
    ///
    /// ## When to ignore
    /// Where the program is known to listen on the number: the list of ports is for people only.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       ports: [{ name: http, containerPort: 8080 }]
    ///       readinessProbe:
    ///         httpGet:
    ///           path: /ready
    ///           port: web # <- the `readinessProbe` of container `web` of Pod `web` uses port `web`, but the container lists only `http` (8080)
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       ports: [{ name: http, containerPort: 8080 }]
    ///       readinessProbe:
    ///         httpGet:
    ///           path: /ready
    ///           port: http
    /// ```
    PLM605 "probe-port-unknown" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            let mut first: Option<&mut Finding> = None;
            for (field, probe) in probes(container) {
                let Some(port) = probe.handler.port() else { continue };
                let named = port.value.as_str().is_some();
                let listed = container.ports.iter().any(|it| it.is(&port.value));
                // Containers of a Pod share its network, so a number may be a sidecar's port.
                let in_pod = !named && workload.lists_port(&port.value);
                // Two probes that agree on a number mean a separate port for health checks.
                let agreed = !named
                    && probes(container).any(|(other_field, other)| {
                        let other_port = other.handler.port();
                        other_field != field && other_port.is_some_and(|it| it.value == port.value)
                    });
                // Listing ports is optional: where none is listed, any number may be right.
                let unlisted = !named && container.ports.is_empty();
                // What is filled in later may be any port.
                let is_open = port.value.as_str().is_some_and(|it| it.contains('$'))
                    || !named && container.ports.iter().any(|it| it.container_port.is_none());
                if listed || in_pod || is_open {
                    continue;
                }
                if agreed || unlisted {
                    let known = known_to_listen_elsewhere(facts, workload, unit, port);
                    // Whoever lists the other ports and agrees on this one means a port for health checks.
                    if let Some(known) = known.filter(|_| unlisted) {
                        if let Some(finding) = &mut first {
                            finding.also(&port.span, format!("the `{field}` does too"));
                        } else {
                            first =
                                Some(report_elsewhere(workload, unit, field, port, &known, out));
                        }
                    }
                    continue;
                }
                let ports = listed_ports(container);
                let severity = if named { Severity::Error } else { Severity::Warning };
                if let Some(finding) = &mut first {
                    let words = format!("the `{field}` uses port `{}`", port.value);
                    finding.also(&port.span, words).severity = finding.severity.min(severity);
                    continue;
                }
                let finding = out.at(
                    &port.span,
                    format!(
                        "the `{field}` of {} uses port `{}`, but the container lists {ports}",
                        unit.label, port.value
                    ),
                );
                finding.severity(severity).check(workload.events());
                if named {
                    finding.why("A port name that the container does not have can never be resolved: the probe fails from the first second, and a liveness probe restarts the container for ever.");
                } else {
                    finding.confidence(Confidence::Likely).why("A number that the container does not list is usually the port of an older version. If nothing listens there, the probe fails from the first second, and a liveness probe restarts the container for ever.");
                }
                first = Some(finding);
            }
            if let Some(finding) = first {
                note_in_development(facts, unit, finding);
            }
        }
    }
}

/// A port on which a container listens by its settings, and to which a Service leads.
struct Known<'f, 'a> {
    port: u16,
    service: &'f KubeService<'a>,
}

/// Returns where a container listens, if its settings and a Service agree on that, and nothing but its probes
/// names their port.
fn known_to_listen_elsewhere<'f, 'a>(
    facts: &'f Facts<'a>,
    workload: &Workload<'a>,
    unit: &Unit<'a>,
    port: &Spanned<IntOrStr>,
) -> Option<Known<'f, 'a>> {
    let number = u16::try_from(port.value.as_int()?).ok()?;
    // A program in the background may listen beside the one that the settings are for.
    let is_alone = workload.running().count() == 1
        && !workload.gets_injected_containers()
        && !unit.start.has_background();
    let own = facts.own_ports(unit);
    let in_compose = || {
        let Site::Container(at, container) = unit.site else { return false };
        let pair = facts.counterpart_of_container(at, container);
        pair.is_some_and(|it| {
            facts.pair(it).0.container_ports().iter().any(|it| it.value == number)
        })
    };
    if !is_alone
        || own.contains(&number)
        || workload.passes_port(&number.to_string())
        || unit.family().is_some()
        || in_compose()
    {
        return None;
    }
    let services = facts.services_for(workload);
    let targets = |service: &KubeService<'_>| -> Vec<i64> {
        let ports = service.model.ports.iter();
        ports.filter_map(|it| it.target()?.value.as_int()).collect()
    };
    if services.iter().any(|it| targets(it).contains(&i64::from(number))) {
        return None;
    }
    let meets = |service: &&'f KubeService<'a>| {
        let targets = targets(service);
        let port = own.iter().find(|it| targets.contains(&i64::from(**it)))?;
        Some(Known { port: *port, service })
    };
    services.iter().find_map(meets)
}

/// Reports a probe of a port that nothing else names.
fn report_elsewhere<'o>(
    workload: &Workload<'_>,
    unit: &Unit<'_>,
    field: &str,
    port: &Spanned<IntOrStr>,
    known: &Known<'_, '_>,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let Known { port: listens, service } = known;
    let finding = out.at(
        &port.span,
        format!(
            "the `{field}` of {} uses port `{}`, which nothing else names: it listens on {listens}, as Service `{}` says too",
            unit.label, port.value, service.name
        ),
    );
    finding
        .confidence(Confidence::Likely)
        .why("If nothing listens on the port of a probe, the probe fails from the first second: no traffic arrives, and a liveness probe restarts the container for ever.")
        .also(&service.span(), format!("Service `{}` leads to port {listens}", service.name))
        .check(workload.events());
    finding
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::findings;

    fn probe(port: &str, ports: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, ports: {ports}, livenessProbe: {{tcpSocket: {{port: {port}}}}}}}]}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn a_number_is_suspicious_only_beside_listed_ports() {
        assert_eq!(probe("9000", "[{containerPort: 8080}]"), ["warning"]);
        assert_eq!(probe("9000", "[]"), [""; 0]);
        assert_eq!(probe("8080", "[{containerPort: 8080}]"), [""; 0]);
        assert_eq!(probe("http", "[]"), ["error"]);
    }

    #[test]
    fn a_container_is_one_finding_and_a_test_a_note() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, ports: [{containerPort: 80}], \
                    livenessProbe: {tcpSocket: {port: 90}}, readinessProbe: {tcpSocket: {port: 91}}}]}\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
        assert!(found[0].check[0].starts_with("kubectl describe pods a"), "{:?}", found[0].check);
        let found = findings(&RULE, &format!("# file: k8s/tests/a.yaml\n{text}"));
        assert_eq!(found[0].severity, Severity::Info);
    }

    #[test]
    fn a_port_that_only_the_probes_name_is_none_where_the_server_listens() {
        let found = |env: &str, target: &str, more: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{app: a}}}}\nspec: {{containers: [{{name: a, image: acme/a, env: [{env}], livenessProbe: {{httpGet: {{port: 8888}}}}, readinessProbe: {{httpGet: {{port: 8888}}}}}}{more}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{selector: {{app: a}}, ports: [{{port: 80, targetPort: {target}}}]}}\n"
            );
            findings(&RULE, &text)
        };
        let port = "{name: SERVER_PORT, value: '3001'}";
        let all = found(port, "3001", "");
        assert_eq!((all.len(), all[0].severity), (1, Severity::Warning));
        let said = "uses port `8888`, which nothing else names: it listens on 3001, as Service `a` says too";
        assert!(all[0].message.contains(said), "{}", all[0].message);
        assert!(found("", "3001", "").is_empty(), "the Service alone may be wrong");
        assert!(found(port, "8888", "").is_empty());
        let both = format!("{port}], command: [sh, -c, 'serve & collect & wait'], args: [");
        assert!(found(&both, "3001", "").is_empty(), "the other program may listen on 8888");
        assert!(found(port, "9090", "").is_empty(), "the two disagree");
        let health = "{name: SERVER_PORT, value: '3001'}, {name: HEALTH, value: '8888'}";
        assert!(found(health, "3001", "").is_empty());
        assert!(found(port, "3001", ", {name: b, image: acme/b}").is_empty(), "a sidecar's port");
        let listed = format!("{port}], ports: [{{containerPort: 3001}}");
        assert!(found(&listed, "3001", "").is_empty(), "a port for health checks");
    }

    #[test]
    fn two_probes_that_agree_on_a_port_are_silent() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, ports: [{containerPort: 80}], \
                    livenessProbe: {httpGet: {port: 9000}}, readinessProbe: {httpGet: {port: 9000}}}]}\n";
        assert!(findings(&RULE, text).is_empty());
    }

    #[test]
    fn every_handler_is_read_and_a_sidecar_may_listen() {
        for handler in ["httpGet: {port: 9000}", "tcpSocket: {port: 9000}", "grpc: {port: 9000}"] {
            for field in ["readinessProbe", "livenessProbe", "startupProbe"] {
                let count = |sidecar: &str| {
                    let text = format!(
                        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{initContainers: [{{name: s, image: s, {sidecar}}}], containers: [{{name: a, image: a, ports: [{{containerPort: 80}}], {field}: {{{handler}}}}}]}}\n"
                    );
                    findings(&RULE, &text).len()
                };
                let listens = "restartPolicy: Always, ports: [{containerPort: 9000}]";
                assert_eq!(count(""), 1, "{field} {handler}");
                assert_eq!(count(listens), 0, "{field} {handler}");
            }
        }
    }
}
