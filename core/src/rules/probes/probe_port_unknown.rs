use super::probes;
use crate::facts::{Facts, listed_ports};
use crate::report::{Confidence, Findings, Severity};
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
                let finding = out.at(
                    &port.span,
                    format!(
                        "the `{field}` of {} uses port `{}`, but the container lists {ports}",
                        unit.label, port.value
                    ),
                );
                if named {
                    finding.severity(Severity::Error);
                } else {
                    finding.confidence(Confidence::Likely);
                }
                finding.check(format!(
                    "kubectl describe{} {}",
                    workload.namespace_flag(),
                    workload.reference()
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
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
    fn two_probes_that_agree_on_a_port_are_silent() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, ports: [{containerPort: 80}], \
                    livenessProbe: {httpGet: {port: 9000}}, readinessProbe: {httpGet: {port: 9000}}}]}\n";
        assert!(findings(&RULE, text).is_empty());
    }
}
