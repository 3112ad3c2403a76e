use super::probes;
use crate::facts::Facts;
use crate::report::{Findings, Severity};
use crate::rules::rule;
use crate::text::Spanned;

rule! {
    /// A probe has timings that are refused or cannot work as intended.
    ///
    /// ## Why it hurts
    /// The API server refuses a liveness or startup probe whose `successThreshold` is not 1, and
    /// any value below its minimum. A timeout longer than the period is accepted, but a slow answer
    /// then delays the next probe, and the period is not kept.
    ///
    /// ## What helps
    /// Keep `timeoutSeconds` at or below `periodSeconds`, and set `successThreshold` only on
    /// readiness probes.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` shows the error.
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
    ///       livenessProbe:
    ///         tcpSocket: { port: 80 }
    ///         successThreshold: 2 # <- `successThreshold` of the `livenessProbe` of container `web` of Pod `web` must be 1
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
    ///       livenessProbe:
    ///         tcpSocket: { port: 80 }
    ///         periodSeconds: 10
    ///         timeoutSeconds: 3
    /// ```
    PLM617 "probe-timing-invalid" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            for (field, probe) in probes(container) {
                let of = format!("of the `{field}` of {}", unit.label);
                let refused = facts.dry_run(workload);
                let mut below = |name: &str, value: Option<Spanned<i64>>, least: i64| {
                    if let Some(it) = value.filter(|it| it.value < least) {
                        let message = format!("`{name}` {of} must be at least {least}");
                        out.at(&it.span, message).check(refused.clone());
                    }
                };
                below("initialDelaySeconds", probe.initial_delay_seconds, 0);
                below("periodSeconds", probe.period_seconds, 1);
                below("timeoutSeconds", probe.timeout_seconds, 1);
                below("failureThreshold", probe.failure_threshold, 1);
                below("successThreshold", probe.success_threshold, 1);
                let once = field != "readinessProbe";
                if let Some(it) = probe.success_threshold.filter(|it| once && it.value > 1) {
                    let message = format!("`successThreshold` {of} must be 1");
                    out.at(&it.span, message).check(facts.dry_run(workload));
                }
                if let Some(it) =
                    probe.timeout_seconds.filter(|it| it.value > probe.period().max(1))
                {
                    let finding = out.at(
                        &it.span,
                        format!(
                            "`timeoutSeconds` {of} is {}, longer than its period of {} s",
                            it.value,
                            probe.period()
                        ),
                    );
                    let question = format!("-o jsonpath='{{..{field}}}'");
                    finding
                        .severity(Severity::Info)
                        .check(workload.pods("get pods", &question))
                        .why("The kubelet waits for an answer before it probes again, so that the period stretches to the timeout: a server that hangs is noticed later than the period says.")
                        .cause(format!("timeout of {} s, period of {} s", it.value, probe.period()));
                    if let Some(period) = probe.period_seconds {
                        finding.also(&period.span, "the period");
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn probe(field: &str, times: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {field}: {{tcpSocket: {{port: 1}}, {times}}}}}]}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn minimums_and_the_default_period_count() {
        assert_eq!(probe("readinessProbe", "periodSeconds: 0"), ["error"]);
        assert_eq!(probe("readinessProbe", "timeoutSeconds: 30"), ["info"]);
        assert_eq!(probe("readinessProbe", "successThreshold: 3"), [""; 0]);
        assert_eq!(
            probe("startupProbe", "periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 30"),
            [""; 0]
        );
    }
}
