use super::{note_in_development, probes};
use crate::facts::{Facts, listed_ports};
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;

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
                if listed || in_pod || agreed || unlisted {
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
    fn two_probes_that_agree_on_a_port_are_silent() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, ports: [{containerPort: 80}], \
                    livenessProbe: {httpGet: {port: 9000}}, readinessProbe: {httpGet: {port: 9000}}}]}\n";
        assert!(findings(&RULE, text).is_empty());
    }
}
