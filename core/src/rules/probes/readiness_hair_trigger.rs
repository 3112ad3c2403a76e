use super::{check_span, slow_program};
use crate::facts::{Facts, READY_ADDRESSES};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A readiness probe takes the Pod out of its Service at the first slow answer.
    ///
    /// ## Why it hurts
    /// With a period and a timeout of one second and a threshold of one failure, each answer that takes
    /// longer than a second takes the Pod out of the Service. Under load all replicas are slow at once,
    /// and then there is none left to answer.
    ///
    /// ## What helps
    /// Allow at least two or three failures, and a timeout that a busy server can keep.
    ///
    /// ## How to troubleshoot
    /// Watch the EndpointSlices of the Service: `conditions.ready` of its addresses turns to `false` and back.
    ///
    /// ## When to ignore
    /// Where the answers never take long, and another replica takes over at once.
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
    ///       readinessProbe:
    ///         httpGet: { path: /ready, port: 8080 }
    ///         periodSeconds: 1
    ///         failureThreshold: 1 # <- the readiness probe of container `web` of Pod `web` takes it out of service after one answer that takes longer than 1 s
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
    ///       readinessProbe:
    ///         httpGet: { path: /ready, port: 8080 }
    ///         periodSeconds: 5
    ///         failureThreshold: 3
    /// ```
    PLM626 "readiness-hair-trigger" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let Some(probe) = container.readiness.as_deref() else { continue };
            let of = &unit.label;
            let flag = workload.namespace_flag();
            let watch = format!("kubectl get endpointslices{flag} {READY_ADDRESSES} -w");
            if probe.period() == 1 && probe.timeout() == 1 && probe.failures() == 1 {
                let place = probe.failure_threshold.map_or(check_span(probe), |it| it.span);
                let message = format!(
                    "the readiness probe of {of} takes it out of service after one answer that takes longer than 1 s"
                );
                out.at(&place, message).check(watch);
            } else if let (Some(timeout), Some(program)) =
                (probe.timeout_seconds.filter(|it| it.value == 1), slow_program(probe))
            {
                let message = format!(
                    "the readiness probe of {of} starts `{program}`, which takes longer than its timeout of 1 s on a busy node"
                );
                out.at(&timeout.span, message).check(watch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(probe: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {probe}}}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn one_second_one_failure() {
        let probe = |times: &str| format!("readinessProbe: {{tcpSocket: {{port: 1}}, {times}}}");
        assert_eq!(count(&probe("periodSeconds: 1, failureThreshold: 1")), 1);
        assert_eq!(count(&probe("periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1")), 1);
        assert_eq!(count(&probe("periodSeconds: 1")), 0);
        assert_eq!(count(&probe("periodSeconds: 2, failureThreshold: 1")), 0);
        assert_eq!(count("livenessProbe: {tcpSocket: {port: 1}, periodSeconds: 1}"), 0);
    }

    #[test]
    fn a_written_timeout_below_what_a_program_needs() {
        let exec = |times: &str| {
            format!("readinessProbe: {{exec: {{command: [python, check.py]}}{times}}}")
        };
        assert_eq!(count(&exec(", timeoutSeconds: 1")), 1);
        assert_eq!(count(&exec(", timeoutSeconds: 5")), 0);
        // Without a written timeout this is PLM623.
        assert_eq!(count(&exec("")), 0);
    }
}
