use super::probes;
use crate::facts::{Facts, listed_ports};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;

rule! {
    /// A probe asks a port that its container does not list.
    ///
    /// ## Why it hurts
    /// A name that no port of the container has can never be asked: the probe fails from the first
    /// second, and a liveness probe restarts the container for ever. A number that is not listed is
    /// mostly the old port.
    ///
    /// ## What helps
    /// Use the name or number of one of the container's own ports.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` shows "Readiness probe failed" with the address that was asked.
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
    ///           port: web # <- the `readinessProbe` of container `web` of Pod `web` asks port `web`, but the container lists only `http` (8080)
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
                // Container ports are informational: without any, a number says all there is to say.
                // A sidecar's port is the Pod's too, so a number listed beside is no mistake either.
                let beside = !named && workload.lists_port(&port.value);
                // Two probes that agree on a number mean it: a health port of its own.
                let agreed = !named
                    && probes(container)
                        .filter(|it| it.0 != field)
                        .any(|it| it.1.handler.port().is_some_and(|it| it.value == port.value));
                if listed || beside || agreed || (!named && container.ports.is_empty()) {
                    continue;
                }
                let ports = listed_ports(container);
                let finding = out.at(
                    &port.span,
                    format!(
                        "the `{field}` of {} asks port `{}`, but the container lists {ports}",
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
    fn a_number_is_suspicious_only_beside_others() {
        assert_eq!(probe("9000", "[{containerPort: 8080}]"), ["warning"]);
        assert_eq!(probe("9000", "[]"), [""; 0]);
        assert_eq!(probe("8080", "[{containerPort: 8080}]"), [""; 0]);
        assert_eq!(probe("http", "[]"), ["error"]);
    }

    #[test]
    fn two_probes_that_agree_mean_their_port() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, ports: [{containerPort: 80}], \
                    livenessProbe: {httpGet: {port: 9000}}, readinessProbe: {httpGet: {port: 9000}}}]}\n";
        assert!(findings(&RULE, text).is_empty());
    }
}
