use crate::facts::{Facts, hook_words, migration_in};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A `postStart` hook migrates the database.
    ///
    /// ## Why it hurts
    /// `postStart` runs alongside the program's own start, in no guaranteed order, in every Pod. It
    /// may run twice, and if it fails, the container is killed and started again.
    ///
    /// ## What helps
    /// A Job that the release waits for, or a Helm (`pre-upgrade`) or Argo CD (`PreSync`) hook.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` shows `FailedPostStartHook` events; the output of the hook itself is
    /// not kept anywhere.
    ///
    /// ## When to ignore
    /// Where the command changes no schema, and only its name says so.
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
    ///           exec: # <- the `postStart` hook of container `web` of Pod `web` runs `django migrate` while the program starts
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
                    "the `postStart` hook of {} runs `{tool}` while the program starts",
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

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn hook(lifecycle: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: web, image: 'a/b:1', lifecycle: {{{lifecycle}}}}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_command_counts_with_or_without_a_shell() {
        assert_eq!(hook("postStart: {exec: {command: [alembic, upgrade, head]}}"), 1);
        let shell = "postStart: {exec: {command: [sh, -c, 'cd /app && python manage.py migrate']}}";
        assert_eq!(hook(shell), 1);
    }

    #[test]
    fn other_hooks_and_commands_are_silent() {
        for lifecycle in [
            "postStart: {exec: {command: [alembic, current]}}",
            "postStart: {exec: {command: [sh, -c, 'echo started']}}",
            "postStart: {httpGet: {path: /migrate, port: 80}}",
            "preStop: {exec: {command: [alembic, upgrade, head]}}",
        ] {
            assert_eq!(hook(lifecycle), 0, "{lifecycle}");
        }
    }

    #[test]
    fn a_stateful_set_counts_and_a_hook_that_only_looks_does_not() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', lifecycle: {postStart: {exec: {command: [alembic, upgrade, head]}}}}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', lifecycle: {postStart: {exec: {command: [alembic, current]}}}}]}}}\n"
            ),
            0
        );
    }
}
