use crate::facts::{Facts, Part};
use crate::report::Findings;
use crate::rules::rule;

/// The default of `terminationGracePeriodSeconds`.
const DEFAULT_GRACE: i64 = 30;

rule! {
    /// Compose gives a service more time to stop than the cluster does.
    ///
    /// ## Why it hurts
    /// Somebody found out how long the service needs to finish its work, and wrote it down as
    /// `stop_grace_period`. In the cluster the Pod is killed after `terminationGracePeriodSeconds`, 30 s
    /// if nothing is written: jobs are cut off and databases recover at every rollout.
    ///
    /// ## What helps
    /// Set `terminationGracePeriodSeconds` to at least the same time.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pods` shows the Pod as `Terminating` for exactly the grace period when the process
    /// is killed, and for less when it ends by itself.
    ///
    /// ## When to ignore
    /// Where the time in Compose is a guess, and the process is known to end within the shorter one.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   worker:
    ///     image: ghcr.io/acme/worker:1
    ///     stop_grace_period: 2m
    /// ```
    /// ```yaml file=k8s/worker.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: worker }
    /// spec:
    ///   selector: { matchLabels: { app: worker } }
    ///   template:
    ///     metadata: { labels: { app: worker } }
    ///     spec:
    ///       containers:
    ///         - name: worker # <- Compose gives `worker` 120 s to stop, but Pods of Deployment `worker` are killed after the default of 30 s
    ///           image: ghcr.io/acme/worker:1
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   worker:
    ///     image: ghcr.io/acme/worker:1
    ///     stop_grace_period: 2m
    /// ```
    /// ```yaml file=k8s/worker.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: worker }
    /// spec:
    ///   selector: { matchLabels: { app: worker } }
    ///   template:
    ///     metadata: { labels: { app: worker } }
    ///     spec:
    ///       terminationGracePeriodSeconds: 120
    ///       containers:
    ///         - name: worker
    ///           image: ghcr.io/acme/worker:1
    /// ```
    PLM622 "stop-budget-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let Some(wanted) = service.model.stop_grace_period else { continue };
        let grace = workload.model.template.spec.termination_grace_period_seconds;
        let given = grace.map_or(DEFAULT_GRACE, |it| it.value);
        let seconds = i64::try_from(wanted.value.as_secs()).unwrap_or(i64::MAX);
        if seconds <= given || unit.part == Part::Init {
            continue;
        }
        let after = if grace.is_some() { "after" } else { "after the default of" };
        let place = grace.map_or(workload.container(pair.unit).span(), |it| it.span);
        let message = format!(
            "Compose gives `{}` {seconds} s to stop, but Pods of {} are killed {after} {given} s",
            service.name, workload.label
        );
        out.at(&place, message)
            .also(&wanted.span, format!("the time that `{}` has in Compose", service.name))
            .check(format!(
                "kubectl get{} {} -o jsonpath='{{.spec.template.spec.terminationGracePeriodSeconds}}'",
                workload.namespace_flag(),
                workload.reference()
            ));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(compose: &str, pod: &str) -> usize {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {compose}}}}}\n# file: k.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{{pod} containers: [{{name: web, image: 'acme/web:1'}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_written_and_the_default_grace_period_count() {
        assert_eq!(count("stop_grace_period: 31s", ""), 1);
        assert_eq!(count("stop_grace_period: 1m30s", "terminationGracePeriodSeconds: 60,"), 1);
    }

    #[test]
    fn as_much_or_more_time_and_no_wish_are_silent() {
        assert_eq!(count("stop_grace_period: 30s", ""), 0);
        assert_eq!(count("stop_grace_period: 1m", "terminationGracePeriodSeconds: 60,"), 0);
        assert_eq!(count("", "terminationGracePeriodSeconds: 1,"), 0);
    }
}
