use crate::facts::{Facts, hook};
use crate::model::kubernetes::WorkloadKind;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A Job that Argo CD manages deletes itself, so Argo CD creates and runs it again.
    ///
    /// ## Why it hurts
    /// `ttlSecondsAfterFinished` removes the Job some time after it has finished. For Argo CD an object of
    /// the repository is missing then: the Application is OutOfSync, and with the next sync, which self-healing
    /// starts at once, the Job runs a second time. A migration or a notification is repeated
    /// for ever.
    ///
    /// ## What helps
    /// Make the Job a hook (`argocd.argoproj.io/hook: Sync` or `PreSync`), which runs once with each sync and
    /// may go, or leave the lifetime out.
    ///
    /// ## How to troubleshoot
    /// `argocd app get NAME` lists the Job as missing; `kubectl get events` shows it being created again.
    ///
    /// ## When to ignore
    /// Where the Job may run again at any time without harm, and nobody minds an Application that is
    /// OutOfSync.
    ///
    /// ## Bad
    /// ```yaml file=argocd/shop.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=deploy/seed.yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: { name: seed }
    /// spec:
    ///   ttlSecondsAfterFinished: 300 # <- Job `seed` deletes itself after 300 s, so Argo CD finds it missing and runs it again
    ///   template: { spec: { restartPolicy: Never, containers: [{ name: seed, image: "acme/seed:1" }] } }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=argocd/shop.yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Application
    /// metadata: { name: shop }
    /// spec:
    ///   source: { repoURL: "https://git.example.com/shop.git", path: deploy }
    ///   destination: { server: "https://kubernetes.default.svc", namespace: shop }
    /// ```
    /// ```yaml file=deploy/seed.yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: seed
    ///   annotations: { argocd.argoproj.io/hook: Sync }
    /// spec:
    ///   ttlSecondsAfterFinished: 300
    ///   template: { spec: { restartPolicy: Never, containers: [{ name: seed, image: "acme/seed:1" }] } }
    /// ```
    PLM914 "job-ttl-under-argocd" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| it.kind() == WorkloadKind::Job) {
        let Some(ttl) = workload.model.job.ttl_seconds_after_finished else { continue };
        if hook(&workload.object.meta).is_some() {
            continue;
        }
        let Some(app) = facts.app_of(workload.object) else { continue };
        out.at(
            &ttl.span,
            format!(
                "{} deletes itself after {} s, so Argo CD finds it missing and runs it again",
                workload.label, ttl.value
            ),
        )
        .also(&app.span, "the Application that deploys the Job")
        .check(format!("argocd app get {}", app.argument()));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn project(object: &str, app: bool) -> Vec<String> {
        let app = if app {
            "# file: app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec: {source: {repoURL: r, path: deploy}, destination: {namespace: shop}}\n"
        } else {
            ""
        };
        messages(&RULE, &format!("# file: deploy/a.yaml\n{object}\n{app}"))
    }

    const SPEC: &str =
        "{ttlSecondsAfterFinished: 60, template: {spec: {containers: [{name: m, image: a}]}}}";

    #[test]
    fn only_jobs_of_an_application_count() {
        let job = format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j}}\nspec: {SPEC}");
        assert_eq!(project(&job, true).len(), 1);
        assert!(project(&job, false).is_empty());
        assert!(project(&job.replace("ttlSecondsAfterFinished: 60, ", ""), true).is_empty());
    }

    #[test]
    fn a_job_of_a_chart_counts_too() {
        let chart = |template: &str| {
            messages(
                &RULE,
                &format!(
                    "# file: app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: shop}}\nspec: {{source: {{repoURL: r, path: chart}}, destination: {{namespace: shop}}}}\n# file: chart/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: chart/templates/j.yaml\n{template}\n"
                ),
            )
            .len()
        };
        let job = |meta: &str| {
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: \"{{{{ .Release.Name }}}}\"{meta}}}\nspec: {SPEC}"
            )
        };
        assert_eq!(chart(&job("")), 1);
        assert_eq!(chart(&job(", annotations: {argocd.argoproj.io/hook: Sync}")), 0);
    }

    #[test]
    fn hooks_and_cron_jobs_are_silent() {
        for annotation in ["argocd.argoproj.io/hook: Sync", "helm.sh/hook: post-install"] {
            let job = format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: j, annotations: {{{annotation}}}}}\nspec: {SPEC}"
            );
            assert!(project(&job, true).is_empty(), "{annotation}");
        }
        let cron = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: j}}\nspec: {{schedule: '0 1 * * *', jobTemplate: {{spec: {SPEC}}}}}"
        );
        assert!(project(&cron, true).is_empty());
    }
}
