use super::{check_span, is_too_eager};
use crate::facts::Facts;
use crate::model::kubernetes::Probe;
use crate::report::Findings;
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A liveness probe restarts the container after a pause of a few seconds.
    ///
    /// ## Why it hurts
    /// A garbage collection, a full disk queue or a busy node stops a healthy process for seconds. A
    /// probe that gives up within ten seconds, or after a single answer that took longer than one
    /// second, restarts it, and every restart loses requests and warm caches.
    ///
    /// ## What helps
    /// Let `periodSeconds` × `failureThreshold` be 30 s or more, and allow more than one failure.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod POD` shows `Liveness probe failed` under Events, often with
    /// `context deadline exceeded`.
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
    ///         tcpSocket: { port: 8080 }
    ///         periodSeconds: 2
    ///         failureThreshold: 3 # <- the liveness probe of container `web` of Pod `web` restarts it after 6 s without an answer
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
    ///         tcpSocket: { port: 8080 }
    ///         periodSeconds: 10
    ///         failureThreshold: 3
    /// ```
    PLM604 "liveness-too-eager" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let Some(liveness) = container.liveness.as_deref().filter(|it| is_too_eager(it)) else {
                continue;
            };
            let of = &unit.label;
            let message = if liveness.budget() <= super::EAGER {
                let budget = liveness.budget();
                format!("the liveness probe of {of} restarts it after {budget} s without an answer")
            } else {
                format!(
                    "the liveness probe of {of} restarts it after a single answer that takes longer than 1 s"
                )
            };
            out.at(&value_to_change(liveness), message).check(workload.events());
        }
    }
}

/// Returns the place of the setting that makes the probe eager.
fn value_to_change(probe: &Probe) -> Span {
    let settings = [probe.failure_threshold, probe.period_seconds, probe.timeout_seconds];
    settings.into_iter().flatten().next().map_or_else(|| check_span(probe), |it| it.span)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(probe: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, livenessProbe: {{tcpSocket: {{port: 1}}, {probe}}}}}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn ten_seconds_or_one_slow_answer() {
        assert_eq!(count("periodSeconds: 5, failureThreshold: 2"), 1);
        assert_eq!(count("failureThreshold: 1"), 1);
        assert_eq!(count("failureThreshold: 1, periodSeconds: 60"), 1);
        assert_eq!(count("failureThreshold: 1, periodSeconds: 60, timeoutSeconds: 1"), 1);
    }

    #[test]
    fn patience_in_any_form_is_silent() {
        assert_eq!(count(""), 0);
        assert_eq!(count("periodSeconds: 5"), 0);
        assert_eq!(count("failureThreshold: 1, periodSeconds: 60, timeoutSeconds: 10"), 0);
    }

    #[test]
    fn only_liveness_probes_restart() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, readinessProbe: {tcpSocket: {port: 1}, failureThreshold: 1}}]}\n";
        assert!(messages(&RULE, text).is_empty());
    }
}
