use super::{check_span, dependency, is_too_eager};
use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A liveness probe makes the same check as the readiness probe, with no more patience.
    ///
    /// ## Why it hurts
    /// Readiness takes a Pod that cannot answer out of the Service until it can again. A liveness probe
    /// with the same check and the same budget restarts it at that very moment: a slow database or a
    /// burst of traffic turns into restarts of all replicas, which makes both worse.
    ///
    /// ## What helps
    /// Let the liveness probe ask only whether the process itself is stuck, or give it several times
    /// the budget of the readiness probe (`failureThreshold`). Without a failure that only a restart
    /// cures, leave it out.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod POD` shows `Liveness probe failed` and `Killing` under Events, and
    /// `kubectl get pods` a growing number of restarts under load.
    ///
    /// ## When to ignore
    /// Where a restart is known to cure what makes the check fail.
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
    ///         failureThreshold: 3
    ///       livenessProbe:
    ///         httpGet:
    ///           path: /ready # <- the liveness probe of container `web` of Pod `web` makes the same check as its readiness probe and restarts it after 30 s, no later than readiness gives up
    ///           port: 8080
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
    ///       livenessProbe:
    ///         httpGet: { path: /ready, port: 8080 }
    ///         failureThreshold: 12
    /// ```
    PLM603 "liveness-same-as-readiness" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let (Some(liveness), Some(readiness)) = (&container.liveness, &container.readiness)
            else {
                continue;
            };
            let is_patient = liveness.budget() > readiness.budget();
            // A liveness probe without any patience is worth a finding of its own.
            if is_patient || !liveness.handler.same_as(&readiness.handler) || is_too_eager(liveness)
            {
                continue;
            }
            // Where the check includes other servers, PLM625 says what is wrong with it.
            if dependency(facts, workload, unit, liveness).is_some() {
                continue;
            }
            let of = &unit.label;
            let budget = liveness.budget();
            let message = format!(
                "the liveness probe of {of} makes the same check as its readiness probe and restarts it after {budget} s, no later than readiness gives up"
            );
            out.at(&check_span(liveness), message)
                .also(&check_span(readiness), "the same check for readiness")
                .check(workload.events());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(readiness: &str, liveness: &str) -> usize {
        let text = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [{{name: a, image: a, readinessProbe: {{{readiness}}}, livenessProbe: {{{liveness}}}}}]}}}}}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_same_check_with_the_same_or_less_patience() {
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}"), 1);
        assert_eq!(count("exec: {command: [ok]}", "exec: {command: [ok]}"), 1);
        let patient = "tcpSocket: {port: 80}, failureThreshold: 5";
        assert_eq!(count(patient, "tcpSocket: {port: 80}"), 1);
    }

    #[test]
    fn another_check_or_more_patience_is_silent() {
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 81}"), 0);
        assert_eq!(count("httpGet: {port: 80, path: /a}", "httpGet: {port: 80, path: /b}"), 0);
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}, failureThreshold: 9"), 0);
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}, periodSeconds: 30"), 0);
        assert_eq!(count("", "tcpSocket: {port: 80}"), 0);
    }

    #[test]
    fn an_eager_liveness_probe_is_left_to_its_own_rule() {
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}, failureThreshold: 1"), 0);
    }

    #[test]
    fn probes_that_share_an_anchor_are_the_same() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a\n    readinessProbe: &probe\n      tcpSocket: {port: 80}\n    livenessProbe: *probe\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }
}
