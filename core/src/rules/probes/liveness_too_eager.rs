use super::{is_too_eager, note_in_development, patience_span};
use crate::facts::Facts;
use crate::model::kubernetes::ProbeHandler;
use crate::report::Findings;
use crate::rules::rule;

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
    /// ## When to ignore
    /// Where a server that hangs must be replaced within seconds, and a needless restart costs nothing.
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

/// Seconds without an answer that a liveness probe should let pass.
const PATIENT: i64 = 30;

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let Some(liveness) = container.liveness.as_deref().filter(|it| is_too_eager(it)) else {
                continue;
            };
            let of = &unit.label;
            let is_short = liveness.budget() <= super::EAGER;
            let message = if is_short {
                let budget = liveness.budget();
                format!("the liveness probe of {of} restarts it after {budget} s without an answer")
            } else {
                format!(
                    "the liveness probe of {of} restarts it after a single answer that takes longer than 1 s"
                )
            };
            let finding = out.at(&patience_span(liveness), message);
            finding.check(workload.events());
            finding.cause(if is_short { "gives up within seconds" } else { "one slow answer" });
            if liveness.failures() > 1 {
                let failures = liveness.failures();
                finding.help(format!(
                    "Let `periodSeconds` × `failureThreshold` be 30 s or more: with a threshold of {failures}, `periodSeconds: {}`.",
                    (PATIENT + failures - 1) / failures
                ));
            }
            if let ProbeHandler::Tcp { .. } = &liveness.handler {
                finding.why("A busy node or a full accept queue keeps a healthy process from taking connections for seconds. A probe that gives up within ten seconds restarts it, and every restart loses requests and warm caches.");
            }
            note_in_development(facts, unit, finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

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
    fn the_advice_keeps_the_threshold_and_containers_are_one_finding() {
        let pod = |name: &str, probe: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: a, image: a, livenessProbe: {{httpGet: {{port: 1}}, {probe}}}}}]}}\n"
            )
        };
        let three = "periodSeconds: 3, failureThreshold: 3";
        let found = findings(&RULE, &format!("{}{}", pod("a", three), pod("b", three)));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.ends_with("after 9 s without an answer (and 1 more like it)"));
        assert!(found[0].help.as_deref().is_some_and(|it| it.contains("`periodSeconds: 10`")));
        let once = findings(&RULE, &pod("a", "failureThreshold: 1"));
        assert!(once[0].help.is_none());
    }

    #[test]
    fn commands_do_not_name_a_release_that_nobody_has() {
        let chart = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/templates/a.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: '{{ .Release.Name }}-web'}\nspec:\n  selector: {matchLabels: &labels {app: web, instance: '{{ .Release.Name }}'}}\n  template:\n    metadata: {labels: *labels}\n    spec: {containers: [{name: web, image: 'a:1', livenessProbe: {tcpSocket: {port: 1}, periodSeconds: 3}}]}\n";
        let found = findings(&RULE, chart);
        assert_eq!(found[0].check, ["kubectl describe pods -l app=web | grep Unhealthy"]);
    }

    #[test]
    fn only_liveness_probes_restart() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, readinessProbe: {tcpSocket: {port: 1}, failureThreshold: 1}}]}\n";
        assert!(messages(&RULE, text).is_empty());
    }
}
