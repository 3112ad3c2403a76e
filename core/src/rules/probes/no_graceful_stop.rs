use crate::facts::{Facts, Workload};
use crate::report::Findings;
use crate::rules::rule;
use crate::text::Span;

/// The seconds that every node and load balancer needs to learn that a Pod has left its Service. A program
/// that is told to stop at once still gets new connections for about that long.
const SETTLE_SECONDS: i64 = 5;

rule! {
    /// A workload behind a Service is killed before its connections are drained.
    ///
    /// ## Why it hurts
    /// When a Pod is deleted, its removal from the Service and the signal to its process happen at the
    /// same time. Requests still arrive for some seconds. With a grace period of a few seconds and no
    /// `preStop` hook the process is gone before they end, and every rollout loses some. A data store that
    /// is killed at once has to repair its files at the next start.
    ///
    /// ## What helps
    /// Keep the default `terminationGracePeriodSeconds` of 30 or more, and let a `preStop` hook sleep
    /// for the few seconds that load balancers need.
    ///
    /// ## How to troubleshoot
    /// `kubectl get deployment NAME -o jsonpath='{..terminationGracePeriodSeconds}'` shows what is set in the
    /// cluster.
    /// In a test environment, send requests all the time during a rollout and count those that fail.
    ///
    /// ## When to ignore
    /// Where clients try again, or the connections are short and losing a few of them costs nothing.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec: { selector: { app: web }, ports: [{ port: 80 }] }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       terminationGracePeriodSeconds: 0 # <- Deployment `web` is behind Service `web`, and its Pods are killed at once when they are stopped
    ///       containers: [{ name: web, image: "acme/web:1" }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec: { selector: { app: web }, ports: [{ port: 80 }] }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       terminationGracePeriodSeconds: 30
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    ///           lifecycle: { preStop: { sleep: { seconds: 5 } } }
    /// ```
    PLM618 "no-graceful-stop" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let Some(grace) = workload.model.template.spec.termination_grace_period_seconds else {
            continue;
        };
        let Some(service) = workload.services.first().map(|it| &facts.kube_services()[*it]) else {
            if grace.value == 0 {
                killed_store(workload, grace.span, out);
            }
            continue;
        };
        let has_hook = workload.running().any(|(_, it)| it.pre_stop.is_some());
        let behind = format!("{} is behind Service `{}`", workload.label, service.name);
        let message = match grace.value {
            0 => format!("{behind}, and its Pods are killed at once when they are stopped"),
            seconds if !has_hook && seconds < SETTLE_SECONDS => format!(
                "{behind}, and its Pods are killed {seconds} s after they are told to stop, while requests still arrive"
            ),
            _ => continue,
        };
        let flag = workload.namespace_flag();
        out.at(&grace.span, message)
            .also(&service.span(), "this Service sends the requests")
            .check(format!(
                "kubectl get{flag} {} -o jsonpath='{{..terminationGracePeriodSeconds}}'",
                workload.reference()
            ));
    }
}

/// Reports a data store that is killed at once, whether the files show a Service in front of it or not.
fn killed_store(workload: &Workload<'_>, grace: Span, out: &mut Findings) {
    let mut running = workload.running().map(|it| it.0);
    let Some(family) = running.find_map(|it| it.stored().or_else(|| it.only_set_up())) else {
        return;
    };
    let (label, flag) = (&workload.label, workload.namespace_flag());
    out.at(&grace, format!("{label} runs {}, and its Pods are killed at once when they are stopped", family.name))
        .why("A store that is killed does not write what it has in memory, does not hand over to another replica, and has to repair its files at the next start.")
        .help("Leave `terminationGracePeriodSeconds` out, or give the store the time that it needs to stop.")
        .check(format!(
            "kubectl get{flag} {} -o jsonpath='{{..terminationGracePeriodSeconds}}'",
            workload.reference()
        ));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn count(pod: &str, container: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{selector: {{app: a}}, ports: [{{port: 80}}]}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: a}}\nspec: {{selector: {{matchLabels: {{app: a}}}}, template: {{metadata: {{labels: {{app: a}}}}, spec: {{{pod} containers: [{{name: a, image: a, {container}}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_grace_period_in_which_requests_still_arrive() {
        assert_eq!(count("terminationGracePeriodSeconds: 2,", ""), 1);
        assert_eq!(count("terminationGracePeriodSeconds: 5,", ""), 0);
        let hook = "lifecycle: {preStop: {sleep: {seconds: 1}}}";
        assert_eq!(count("terminationGracePeriodSeconds: 2,", hook), 0);
        // A Pod that is stopped leaves its Services at once, whatever its readiness probe says.
        let readiness = "readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 10}";
        assert_eq!(count("terminationGracePeriodSeconds: 10,", readiness), 0);
    }

    #[test]
    fn the_command_changes_nothing() {
        let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {app: a}, ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: a, image: a}]}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert!(found[0].check.iter().all(|command| command.starts_with("kubectl get ")));
    }

    #[test]
    fn zero_is_told_even_with_a_hook_and_the_default_never() {
        let hook = "lifecycle: {preStop: {sleep: {seconds: 5}}}";
        assert_eq!(count("terminationGracePeriodSeconds: 0,", hook), 1);
        assert_eq!(count("", ""), 0);
    }

    #[test]
    fn a_store_is_stopped_without_a_service_too() {
        let found = |image: &str, grace: u8| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{terminationGracePeriodSeconds: {grace}, containers: [{{name: a, image: '{image}'}}]}}\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            found("postgres:17", 0),
            ["Pod `a` runs PostgreSQL, and its Pods are killed at once when they are stopped"]
        );
        assert!(found("postgres:17", 2).is_empty());
        assert!(found("acme/web:1", 0).is_empty());
    }

    #[test]
    fn nothing_is_drained_without_a_service() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: a, image: a}]}\n";
        assert!(messages(&RULE, text).is_empty());
    }
}
