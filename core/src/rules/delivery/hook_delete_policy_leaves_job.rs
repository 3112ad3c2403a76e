use crate::facts::{Facts, Hook, HookTool, Workload, argocd_hook, helm_hook, in_shell};
use crate::model::kubernetes::WorkloadKind;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A hook Job with a fixed name is left behind by its delete policy, so the next run collides with it.
    ///
    /// ## Why it hurts
    /// With only `hook-succeeded` a Job that failed stays, and the next release stops with "already
    /// exists" or with an immutable field, exactly when a failed migration has to be repeated. With only
    /// `hook-failed` every Job that succeeded stays in the way.
    ///
    /// ## What helps
    /// Add `before-hook-creation` (Argo CD: `BeforeHookCreation`) to the policy, or leave the annotation
    /// out: both tools then delete the old Job before they create the next one.
    ///
    /// ## How to troubleshoot
    /// `kubectl get jobs` shows the Job of the last run; `helm history` or `argocd app get` the error.
    ///
    /// ## When to ignore
    /// Where a step of the pipeline deletes the old Job before each release.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations:
    ///     helm.sh/hook: pre-upgrade
    ///     helm.sh/hook-delete-policy: hook-succeeded # <- Job `migrate` stays when it fails, and the next release cannot create it again
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1" }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations:
    ///     helm.sh/hook: pre-upgrade
    ///     helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1" }]
    /// ```
    PLM904 "hook-delete-policy-leaves-job" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        if !matches!(workload.kind(), WorkloadKind::Job | WorkloadKind::Pod) {
            continue;
        }
        let meta = &workload.object.meta;
        // The name of a `generateName` is new each time, and a Job with a lifetime goes by itself.
        let goes = workload.model.job.ttl_seconds_after_finished.is_some();
        if meta.name.is_none() || goes {
            continue;
        }
        for hook in [helm_hook(meta), argocd_hook(meta)].into_iter().flatten() {
            left_behind(facts, workload, &hook, out);
        }
    }
}

fn left_behind(facts: &Facts<'_>, workload: &Workload<'_>, hook: &Hook<'_>, out: &mut Findings) {
    let Some(policy) = hook.delete_policy else { return };
    // A hook that no release repeats collides with nothing.
    let repeats = match hook.tool {
        HookTool::ArgoCd => hook.phase().is_some() || hook.has_event("SyncFail"),
        HookTool::Helm => {
            hook.events().any(|it| !matches!(it, "pre-install" | "post-install" | "test"))
        }
    };
    let (before, succeeded, failed) = match hook.tool {
        HookTool::Helm => ("before-hook-creation", "hook-succeeded", "hook-failed"),
        HookTool::ArgoCd => ("BeforeHookCreation", "HookSucceeded", "HookFailed"),
    };
    // Argo CD joins its own annotation with that of Helm.
    let same = |a: &str, b: &str| {
        let letters = |word: &str| word.replace('-', "").to_ascii_lowercase();
        letters(a) == letters(b)
    };
    let has = |wanted: &str| hook.policies().any(|policy| same(policy, wanted));
    let stays = match (has(before), has(succeeded), has(failed)) {
        (false, true, false) => "when it fails",
        (false, false, true) => "when it succeeds",
        _ => return,
    };
    if !repeats {
        return;
    }
    let next = match hook.tool {
        HookTool::Helm => "the next release",
        HookTool::ArgoCd => "the next sync",
    };
    let value = format!("{before},{}", policy.value);
    out.at(
        &policy.span,
        format!("{} stays {stays}, and {next} cannot create it again", workload.label),
    )
    .check(format!("kubectl get job{} {}", workload.namespace_flag(), in_shell(workload.name)))
    .fix(Fix::safe(
        format!("Delete the old {} first", workload.kind().name()),
        vec![facts.replace_scalar(&policy.span, &value)],
    ));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn job(meta: &str, spec: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{{meta}}}\nspec: {{{spec}template: {{spec: {{containers: [{{name: m, image: a}}]}}}}}}\n"
            ),
        )
    }

    fn helm(policy: &str) -> Vec<String> {
        job(
            &format!(
                "name: m, annotations: {{helm.sh/hook: 'pre-install,pre-upgrade', helm.sh/hook-delete-policy: '{policy}'}}"
            ),
            "",
        )
    }

    #[test]
    fn half_policies_leave_a_job() {
        assert_eq!(helm("hook-succeeded").len(), 1);
        assert!(helm("hook-failed")[0].contains("when it succeeds"));
        let argo = "name: m, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded}";
        assert!(job(argo, "")[0].ends_with("the next sync cannot create it again"));
        let failed = argo.replace("HookSucceeded", "HookFailed");
        assert!(job(&failed, "")[0].contains("stays when it succeeds"));
        let pod = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{{argo}}}\nspec: {{containers: [{{name: m, image: a}}]}}\n"
        );
        assert_eq!(messages(&RULE, &pod).len(), 1, "a Pod is a hook too");
    }

    #[test]
    fn whole_policies_are_silent() {
        assert!(helm("before-hook-creation").is_empty());
        assert!(helm("before-hook-creation, hook-succeeded").is_empty());
        assert!(helm("hook-succeeded,hook-failed").is_empty());
        assert!(job("name: m, annotations: {helm.sh/hook: pre-upgrade}", "").is_empty());
        let joined = "name: m, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded, helm.sh/hook-delete-policy: before-hook-creation}";
        assert!(job(joined, "").is_empty());
    }

    #[test]
    fn names_that_change_and_jobs_that_go_are_silent() {
        let annotations = "annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded}";
        assert!(job(&format!("generateName: m-, {annotations}"), "").is_empty());
        assert!(
            job(&format!("name: m, {annotations}"), "ttlSecondsAfterFinished: 60, ").is_empty()
        );
        let once = "name: m, annotations: {helm.sh/hook: post-install, helm.sh/hook-delete-policy: hook-succeeded}";
        assert!(job(once, "").is_empty(), "an installation happens once");
    }
}
