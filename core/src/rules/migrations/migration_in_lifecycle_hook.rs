use crate::facts::{Facts, hook_words, migration_in};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A `postStart` hook migrates the database.
    ///
    /// ## Why it hurts
    /// `postStart` runs beside the program's own start, with no order between them, in every Pod. It
    /// may run twice, and if it fails the container is killed and started again.
    ///
    /// ## What helps
    /// A Job that the release awaits, or a hook of Helm (`pre-upgrade`) or Argo CD (`PreSync`).
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` shows `FailedPostStartHook` events; the hook's own output is nowhere.
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
    ///       lifecycle:
    ///         postStart:
    ///           exec: # <- the `postStart` hook of container `web` of Pod `web` runs `django migrate` beside the program's start
    ///             command: ["python", "manage.py", "migrate"]
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
    ///       lifecycle:
    ///         postStart:
    ///           exec:
    ///             command: ["touch", "/tmp/started"]
    /// ```
    PLM203 "migration-in-lifecycle-hook" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            let Some(hook) = &container.post_start else { continue };
            let Some(tool) = hook_words(&hook.handler).and_then(migration_in) else { continue };
            out.at(
                &hook.place.span,
                format!(
                    "the `postStart` hook of {} runs `{tool}` beside the program's start",
                    unit.label
                ),
            )
            .check(format!(
                "kubectl describe{} {}",
                workload.namespace_flag(),
                workload.reference()
            ));
        }
    }
}
