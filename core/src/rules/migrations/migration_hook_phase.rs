use crate::facts::{Facts, HookTool, Phase, hook, in_shell};
use crate::report::{Confidence, Findings};
use crate::rules::rule;

rule! {
    /// A migration hook runs after the application that needs the new schema has started.
    ///
    /// ## Why it hurts
    /// `post-install`, `post-upgrade` and `PostSync` hooks run when everything else is applied, Argo CD's
    /// even when everything is healthy. Until then the new code works on the old schema: it fails its
    /// readiness probe, the release never gets healthy, and the hook that would help never runs.
    ///
    /// ## What helps
    /// Migrate before: `pre-upgrade` and, where the database is there already, `pre-install`; `PreSync`
    /// with Argo CD. Where the same chart brings the database, use `post-install,pre-upgrade`.
    ///
    /// ## How to troubleshoot
    /// `kubectl get job,pod --sort-by=.metadata.creationTimestamp` shows that the Pods are older than
    /// the migration.
    ///
    /// ## When to ignore
    /// Where the migration only removes what the new code no longer reads, which has to happen after
    /// the rollout.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations:
    ///     helm.sh/hook: post-install,post-upgrade # <- Job `migrate` migrates after the rollout, when Deployment `web` already runs on the old schema
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations:
    ///     helm.sh/hook: pre-install,pre-upgrade
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM208 "migration-hook-phase" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for job in facts.workloads().iter().filter(|it| it.kind().is_job()) {
        let Some(hook) = hook(&job.object.meta) else { continue };
        let is_after = |event: &str| matches!(event, "post-install" | "post-upgrade" | "PostSync");
        if hook.phase() != Some(Phase::After) || !hook.events().all(is_after) {
            continue;
        }
        if !facts.workload_migrates(job) {
            continue;
        }
        let apps = facts.apps_on_schema_of(job);
        let Some(app) = apps.iter().find(|it| !facts.awaits(it, job)) else { continue };
        let finding = out.at(
            &hook.events.span,
            format!(
                "{} migrates after the rollout, when {} already runs on the old schema",
                job.label, app.label
            ),
        );
        finding
            .confidence(Confidence::Likely)
            .also(&app.span(), format!("{} starts before", app.label))
            .check(format!(
                "kubectl get job,pod{} --sort-by=.metadata.creationTimestamp | grep -e {} -e {}",
                job.namespace_flag(),
                job.reference(),
                in_shell(app.name)
            ));
        if hook.tool == HookTool::Helm && !hook.has_event("post-upgrade") {
            finding.help("Add `pre-upgrade`: as written, only the first release migrates.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn project(annotation: &str, job: &str, app: &str) -> usize {
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: m, annotations: {{{annotation}}}}}\nspec: {{template: {{spec: {{containers: [{{name: m, image: 'acme/web:1', args: [{job}]}}]}}}}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'acme/web:1'}}]{app}}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn only_hooks_after_the_rollout_are_late() {
        let events =
            |events: &str| project(&format!("helm.sh/hook: '{events}'"), "flyway, migrate", "");
        assert_eq!(events("post-install,post-upgrade"), 1);
        assert_eq!(events("post-upgrade"), 1);
        assert_eq!(events("pre-install,pre-upgrade"), 0);
        assert_eq!(events("post-install, pre-upgrade"), 0);
        assert_eq!(events("test"), 0);
        let argo = |phase: &str| {
            project(&format!("argocd.argoproj.io/hook: {phase}"), "flyway, migrate", "")
        };
        assert_eq!((argo("PostSync"), argo("PreSync"), argo("Sync")), (1, 0, 0));
    }

    #[test]
    fn other_jobs_and_applications_that_wait_are_silent() {
        let hook = "helm.sh/hook: post-upgrade";
        assert_eq!(project(hook, "node, warm-cache.js", ""), 0);
        let waits =
            ", initContainers: [{name: w, image: 'groundnuty/k8s-wait-for:v2.0', args: [job, m]}]";
        assert_eq!(project(hook, "flyway, migrate", waits), 0);
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: m, annotations: {helm.sh/hook: post-upgrade}}\nspec: {template: {spec: {containers: [{name: m, image: a, args: [flyway, migrate]}]}}}\n";
        assert!(messages(&RULE, text).is_empty(), "no application");
    }
}
