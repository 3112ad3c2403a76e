use crate::facts::{Facts, Part, Unit, in_shell};
use crate::model::kubernetes::WorkloadKind;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A migration runs in several Pods, or in a workload that never ends.
    ///
    /// ## Why it hurts
    /// A Job with `parallelism` or `completions` above 1 migrates that many times. A Deployment
    /// that only migrates is started again after every success, forever.
    ///
    /// ## What helps
    /// One Job with one completion and no parallelism.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pods` shows several Pods for the Job, or one in CrashLoopBackOff with exit code
    /// 0.
    ///
    /// ## When to ignore
    /// Where each of the Pods migrates another database.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: { name: migrate }
    /// spec:
    ///   completions: 3 # <- Job `migrate` runs its migration 3 times
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: { name: migrate }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ```
    PLM204 "migration-job-parallel" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let mut running = workload.units.iter().filter(|it| it.part == Part::Main).peekable();
        // Only a command proves a migration: a name alone can mean anything.
        let only_migrates = |unit: &Unit<'_>| {
            facts
                .migration_of(unit)
                .is_some_and(|migration| !migration.then_serves && !migration.by_switch)
        };
        let Some(first) = running.peek().copied() else { continue };
        if !running.all(only_migrates) {
            continue;
        }
        let label = &workload.label;
        match workload.kind() {
            WorkloadKind::Job | WorkloadKind::CronJob => {
                let fields = [workload.model.job.completions, workload.model.job.parallelism];
                if let Some(many) = fields.into_iter().flatten().find(|it| it.value > 1) {
                    out.at(&many.span, format!("{label} runs its migration {} times", many.value))
                        .check(format!(
                            "kubectl get pods{} -l job-name={}",
                            workload.namespace_flag(),
                            in_shell(workload.name)
                        ));
                }
            }
            WorkloadKind::Pod => {}
            kind => {
                out.at(
                    &workload.object.kind.span,
                    format!(
                        "{label} only migrates, but a {} starts its container again after every success",
                        kind.name()
                    ),
                )
                .also(&first.start.span.unwrap_or(first.name.span), "this is all that it runs")
                .check(workload.pods("get pods", ""));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn job(spec: &str, container: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: m}}\nspec: {{{spec}template: {{spec: {{containers: [{{name: m, {container}}}]}}}}}}\n"
            ),
        )
    }

    #[test]
    fn several_runs_at_once_or_in_turn_are_reported() {
        let migrates = "image: a, args: [flyway, migrate]";
        let found = job("parallelism: 2, ", migrates);
        assert_eq!(found, ["Job `m` runs its migration 2 times"]);
        assert_eq!(job("completions: 3, parallelism: 1, ", migrates).len(), 1);
        let image = "image: 'flyway/flyway:11', args: [migrate]";
        assert_eq!(job("completions: 3, ", image).len(), 1, "its entrypoint is the tool");
        for once in ["", "parallelism: 1, completions: 1, ", "parallelism: 0, "] {
            assert!(job(once, migrates).is_empty(), "{once}");
        }
        assert!(job("parallelism: 4, ", "image: a, args: [render, --all]").is_empty());
        let cron = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: m}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {parallelism: 3, template: {spec: {containers: [{name: m, image: a, args: [flyway, migrate]}]}}}}}\n";
        assert_eq!(messages(&RULE, cron).len(), 1);
    }

    #[test]
    fn every_kind_that_starts_its_container_again_counts() {
        let of = |kind: &str, more: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: m}}\nspec: {{template: {{spec: {{containers: [{{name: m, image: a, args: [flyway, migrate]}}{more}]}}}}}}\n"
                ),
            )
            .len()
        };
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
            assert_eq!(of(kind, ""), 1, "{kind}");
            assert_eq!(of(kind, ", {name: web, image: b}"), 0, "{kind} with a server beside it");
        }
    }

    #[test]
    fn a_deployment_that_only_migrates_never_completes() {
        let text = |args: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: m}}\nspec: {{template: {{spec: {{containers: [{{name: m, image: a, args: {args}}}]}}}}}}\n"
            )
        };
        assert_eq!(
            messages(&RULE, &text("[flyway, migrate]")),
            [
                "Deployment `m` only migrates, but a Deployment starts its container again after every success"
            ]
        );
        assert!(messages(&RULE, &text("[flyway, info]")).is_empty());
    }
}
