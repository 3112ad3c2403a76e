use crate::facts::{Facts, has_sync_option, hook, in_shell};
use crate::model::kubernetes::WorkloadKind;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A migration Job keeps its name, so the next release cannot apply it.
    ///
    /// ## Why it hurts
    /// A Job's Pod template cannot be changed. `kubectl apply` with the next image fails with
    /// "field is immutable", and if the manifest is unchanged, nothing runs at all: the release
    /// goes out without its migration.
    ///
    /// ## What helps
    /// Make the Job a Helm or Argo CD hook (both delete the old Job before the next one), use
    /// `generateName` with `kubectl create`, or let the Job delete itself with
    /// `ttlSecondsAfterFinished`.
    ///
    /// ## How to troubleshoot
    /// `kubectl get job` shows the age of the Job: if it is older than the last release, the
    /// migration did not run.
    ///
    /// ## When to ignore
    /// Where the pipeline deletes the Job before it applies the next one.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate # <- Job `migrate` keeps its name and stays after it completes, so applying it with a new image fails
    /// spec:
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
    /// metadata:
    ///   name: migrate
    ///   annotations: { argocd.argoproj.io/hook: PreSync }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ```
    PLM207 "migration-job-immutable" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| it.kind() == WorkloadKind::Job) {
        let meta = &workload.object.meta;
        let Some(name) = &meta.name else { continue };
        let replaced = has_sync_option(meta, "Replace=true") || has_sync_option(meta, "Force=true");
        let gone = workload.model.job.ttl_seconds_after_finished.is_some();
        if hook(meta).is_some() || replaced || gone || !facts.workload_migrates(workload) {
            continue;
        }
        out.at(
            &name.span,
            format!(
                "{} keeps its name and stays after it completes, so applying it with a new image fails",
                workload.label
            ),
        )
        .check(format!("kubectl get job{} {name}", workload.namespace_flag(), name = in_shell(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn jobs_that_are_deleted_or_get_a_new_name_are_silent() {
        let job = |meta: &str, spec: &str| {
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{{meta}}}\nspec: {{{spec}template: {{spec: {{containers: [{{name: m, image: a, args: [flyway, migrate]}}]}}}}}}\n"
            )
        };
        assert_eq!(messages(&RULE, &job("name: m", "")).len(), 1);
        assert!(messages(&RULE, &job("generateName: m-", "")).is_empty());
        assert!(messages(&RULE, &job("name: m", "ttlSecondsAfterFinished: 60, ")).is_empty());
        for hook in [
            "helm.sh/hook: pre-upgrade",
            "helm.sh/hook: pre-upgrade, helm.sh/hook-delete-policy: before-hook-creation",
            "argocd.argoproj.io/hook: PreSync",
            "argocd.argoproj.io/sync-options: 'Replace=true'",
        ] {
            let meta = format!("name: m, annotations: {{{hook}}}");
            assert!(messages(&RULE, &job(&meta, "")).is_empty(), "{hook}");
        }
        let other = job("name: warm", "").replace("flyway, migrate", "node, warm-cache.js");
        assert!(messages(&RULE, &other).is_empty(), "no migration");
    }
}
