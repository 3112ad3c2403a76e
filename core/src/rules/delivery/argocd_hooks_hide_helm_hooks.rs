use crate::facts::{Facts, Hook, argocd_hook, helm_hook};
use crate::model::BuiltTarget;
use crate::model::kubernetes::Object;
use crate::report::{Confidence, Findings, TargetKind};
use crate::rules::rule;

rule! {
    /// Under Argo CD the Helm hooks of a chart do not run, or run at other times than Helm runs them.
    ///
    /// ## Why it hurts
    /// Argo CD renders a chart and applies the result; it does not install it. At one object it reads its own
    /// annotation and never Helm's. Its documentation goes further and says that one Argo CD hook in a chart makes
    /// it ignore all Helm hooks, so that a migration Job becomes an ordinary object; current versions decide
    /// object by object. Without any, `pre-install` and `pre-upgrade` both become `PreSync`: what was meant for the
    /// first installation runs again with every sync, beside the upgrade's own hook.
    ///
    /// ## What helps
    /// Use one kind of hook in a chart. For Argo CD write `argocd.argoproj.io/hook` at every hook, and make
    /// each one safe to run again.
    ///
    /// ## How to troubleshoot
    /// `argocd app get NAME` lists the hooks of the last sync with their phases.
    ///
    /// ## When to ignore
    /// Where the chart is only ever installed with Helm.
    ///
    /// ## Bad
    /// ```yaml file=chart/Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=chart/templates/jobs.yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations: { "helm.sh/hook": pre-upgrade } # <- the Helm hook of Job `migrate` may not run under Argo CD, because Job `smoke` is an Argo CD hook
    /// spec: { template: { spec: { restartPolicy: Never, containers: [{ name: migrate, image: "acme/web:1" }] } } }
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: smoke
    ///   annotations: { argocd.argoproj.io/hook: PostSync }
    /// spec: { template: { spec: { restartPolicy: Never, containers: [{ name: smoke, image: "acme/smoke:1" }] } } }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=chart/Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=chart/templates/jobs.yaml
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations: { argocd.argoproj.io/hook: PreSync }
    /// spec: { template: { spec: { restartPolicy: Never, containers: [{ name: migrate, image: "acme/web:1" }] } } }
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: smoke
    ///   annotations: { argocd.argoproj.io/hook: PostSync }
    /// spec: { template: { spec: { restartPolicy: Never, containers: [{ name: smoke, image: "acme/smoke:1" }] } } }
    /// ```
    PLM913 "argocd-hooks-hide-helm-hooks" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for target in facts.targets().filter(|target| target.target.kind == TargetKind::Chart) {
        let own = target.objects.iter().find(|object| argocd_hook(&object.meta).is_some());
        let helm: Vec<(&Object, Hook<'_>)> = target
            .objects
            .iter()
            .filter(|object| argocd_hook(&object.meta).is_none())
            .filter_map(|object| Some((object, helm_hook(&object.meta)?)))
            .filter(|(_, hook)| hook.phase().is_some())
            .collect();
        target.objects.iter().for_each(|object| overruled(object, out));
        match own {
            Some(own) => hidden(own, &helm, out),
            None => both_run(target, &helm, out),
        }
    }
}

/// Reports an object that Helm and Argo CD run at different times.
fn overruled(object: &Object, out: &mut Findings) {
    let (Some(helm), Some(own)) = (helm_hook(&object.meta), argocd_hook(&object.meta)) else {
        return;
    };
    let (Some(before), Some(after)) = (helm.phase(), own.phase()) else { return };
    if before == after {
        return;
    }
    out.at(
        &helm.events.span,
        format!(
            "{} is `{}` for Helm, but Argo CD reads only its own annotation, `{}`",
            object.label(),
            helm.events,
            own.events
        ),
    )
    .also(&own.events.span, "what Argo CD reads");
}

fn hidden(own: &Object, helm: &[(&Object, Hook<'_>)], out: &mut Findings) {
    for (object, hook) in helm {
        out.at(
            &hook.events.span,
            format!(
                "the Helm hook of {} may not run under Argo CD, because {} is an Argo CD hook",
                object.label(),
                own.label()
            ),
        )
        .confidence(Confidence::Possible)
        .also(&own.name_span(), "the Argo CD hook");
    }
}

/// Reports a hook of the installation and another one of the upgrade, which Argo CD cannot tell apart.
fn both_run(target: &BuiltTarget, helm: &[(&Object, Hook<'_>)], out: &mut Findings) {
    let Some(app) = target.app() else { return };
    for (install, upgrade, phase) in
        [("pre-install", "pre-upgrade", "PreSync"), ("post-install", "post-upgrade", "PostSync")]
    {
        let only = |event: &str, other: &str| {
            helm.iter().find(|(object, hook)| {
                object.workload().is_some() && hook.has_event(event) && !hook.has_event(other)
            })
        };
        let (Some((first, hook)), Some((second, _))) =
            (only(install, upgrade), only(upgrade, install))
        else {
            continue;
        };
        out.at(
            &hook.events.span,
            format!(
                "{} is meant for the installation and {} for upgrades, but Argo CD runs both as {phase} with every sync",
                first.label(),
                second.label()
            ),
        )
        .also(&second.name_span(), "the hook of the upgrade")
        .check(format!("argocd app get {}", app.argument()));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn chart(jobs: &[(&str, &str)], app: &str) -> Vec<String> {
        let mut text = "# file: chart/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: chart/templates/jobs.yaml\n".to_owned();
        for (name, annotations) in jobs {
            text.push_str(&format!("---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, annotations: {{{annotations}}}}}\nspec: {{template: {{spec: {{containers: [{{name: m, image: a}}]}}}}}}\n"));
        }
        text.push_str(app);
        messages(&RULE, &text)
    }

    const APP: &str = "# file: app.yaml\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec: {source: {repoURL: r, path: chart}, destination: {namespace: shop}}\n";

    #[test]
    fn an_object_with_both_annotations_means_to_have_both() {
        let both = "helm.sh/hook: pre-upgrade, argocd.argoproj.io/hook: PreSync";
        assert!(chart(&[("a", both)], APP).is_empty());
        assert_eq!(chart(&[("a", both), ("b", "helm.sh/hook: post-upgrade")], "").len(), 1);
        let different = "helm.sh/hook: pre-upgrade, argocd.argoproj.io/hook: PostSync";
        let found = chart(&[("a", different)], "");
        assert_eq!(
            found,
            [
                "Job `a` is `pre-upgrade` for Helm, but Argo CD reads only its own annotation, `PostSync`"
            ]
        );
    }

    #[test]
    fn installation_and_upgrade_are_one_thing_to_argo_cd() {
        let jobs =
            [("init", "helm.sh/hook: pre-install"), ("migrate", "helm.sh/hook: pre-upgrade")];
        let found = chart(&jobs, APP);
        assert!(found[0].contains("runs both as PreSync"), "{found:?}");
        assert!(chart(&jobs, "").is_empty(), "Helm tells them apart");
        let after =
            [("init", "helm.sh/hook: post-install"), ("warm", "helm.sh/hook: post-upgrade")];
        assert!(chart(&after, APP)[0].contains("runs both as PostSync"));
        let one = [("migrate", "helm.sh/hook: 'pre-install,pre-upgrade'")];
        assert!(chart(&one, APP).is_empty());
    }
}
