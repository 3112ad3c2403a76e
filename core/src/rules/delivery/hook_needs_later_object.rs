use crate::facts::{Facts, Hook, HookTool, Named, Phase, Workload, argocd_hook, helm_hook};
use crate::model::kubernetes::Object;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A hook that runs before the release needs an object that only the release creates.
    ///
    /// ## Why it hurts
    /// Helm and Argo CD wait for the hook before they apply anything else. The hook's Pod waits for its
    /// ConfigMap, Secret, service account or claim, which comes later: the first installation stands
    /// still until it times out. On a cluster that has the objects already nobody notices.
    ///
    /// ## What helps
    /// Make the object a hook of the same time with a smaller weight or wave, give the hook an object of
    /// its own, or run the hook after the release.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` of the hook shows `FailedMount`, `CreateContainerConfigError` or
    /// "serviceaccount not found".
    ///
    /// ## When to ignore
    /// Where something else creates the object in each cluster, before the first installation.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web-config }
    /// data: { DATABASE_HOST: db }
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations: { argocd.argoproj.io/hook: PreSync }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers:
    ///         - name: migrate
    ///           image: acme/web:1
    ///           envFrom:
    ///             - configMapRef: { name: web-config } # <- Job `migrate` runs before the sync and needs ConfigMap `web-config`, which is only created after it
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: web-config
    ///   annotations:
    ///     argocd.argoproj.io/hook: PreSync
    ///     argocd.argoproj.io/sync-wave: "-1"
    /// data: { DATABASE_HOST: db }
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata:
    ///   name: migrate
    ///   annotations: { argocd.argoproj.io/hook: PreSync }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers:
    ///         - name: migrate
    ///           image: acme/web:1
    ///           envFrom:
    ///             - configMapRef: { name: web-config }
    /// ```
    PLM912 "hook-needs-later-object" {
        since: "0.1.0", on: Delivery, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let meta = &workload.object.meta;
        // Helm reads only its own annotation, Argo CD its own first.
        let hooks = [helm_hook(meta), argocd_hook(meta)];
        if let Some(hook) = hooks
            .iter()
            .flatten()
            .find(|hook| is_first(hook, facts.app_of(workload.object).is_some()))
        {
            for (kind, name) in workload.needs() {
                needed(facts, workload, hook, kind, name, out);
            }
        }
    }
}

/// Whether a hook runs before anything of the release exists. Argo CD knows no upgrades, only syncs.
fn is_first(hook: &Hook<'_>, is_synced: bool) -> bool {
    match hook.tool {
        HookTool::ArgoCd => hook.has_event("PreSync"),
        HookTool::Helm => {
            hook.has_event("pre-install") || is_synced && hook.has_event("pre-upgrade")
        }
    }
}

fn needed(
    facts: &Facts<'_>,
    workload: &Workload<'_>,
    hook: &Hook<'_>,
    kind: Named,
    name: &crate::model::Str,
    out: &mut Findings,
) {
    if kind == Named::PriorityClass {
        return;
    }
    let here = facts.all_named(kind, workload.object.file, workload.namespace, name);
    let Some(first) = here.first() else { return };
    if !here.iter().all(|object| is_later(object, hook)) {
        return;
    }
    let before = match hook.tool {
        HookTool::ArgoCd => "before the sync",
        HookTool::Helm => "before the release is installed",
    };
    out.at(
        &name.span,
        format!(
            "{} runs {before} and needs {} `{name}`, which is only created after it",
            workload.label,
            kind.name()
        ),
    )
    .also(&first.name_span(), "created with the rest")
    .also(&hook.events.span, "the hook")
    .check(format!("kubectl describe {}{}", workload.reference(), workload.namespace_flag()));
}

/// Whether an object is created after a hook of the first phase.
fn is_later(object: &Object, hook: &Hook<'_>) -> bool {
    let own = match hook.tool {
        HookTool::Helm => helm_hook(&object.meta),
        HookTool::ArgoCd => argocd_hook(&object.meta).or_else(|| helm_hook(&object.meta)),
    };
    match own {
        None => true,
        Some(own) => match own.phase() {
            Some(Phase::Before) => own.weight > hook.weight,
            Some(Phase::Main | Phase::After) => true,
            // Something else creates it: a test, a deletion, `Skip`.
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn set(object: &str, hook: &str, pod: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "{object}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: m, annotations: {{{hook}}}}}\nspec: {{template: {{spec: {{{pod}}}}}}}\n"
            ),
        )
    }

    const POD: &str = "serviceAccountName: m, containers: [{name: m, image: a, envFrom: [{secretRef: {name: m}}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: m}}]";

    fn object(kind: &str, meta: &str) -> String {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: m{meta}}}\n")
    }

    #[test]
    fn every_kind_of_needed_object_counts() {
        for kind in ["Secret", "ServiceAccount", "PersistentVolumeClaim"] {
            assert_eq!(
                set(&object(kind, ""), "argocd.argoproj.io/hook: PreSync", POD).len(),
                1,
                "{kind}"
            );
            assert_eq!(
                set(&object(kind, ""), "helm.sh/hook: 'pre-install,pre-upgrade'", POD).len(),
                1
            );
        }
    }

    #[test]
    fn every_way_to_need_an_object_counts() {
        let needs = |kind: &str, pod: &str| {
            set(&object(kind, ""), "argocd.argoproj.io/hook: PreSync", pod).len()
        };
        for (kind, pod) in [
            (
                "ConfigMap",
                "containers: [{name: m, image: a, envFrom: [{configMapRef: {name: m}}]}]",
            ),
            (
                "ConfigMap",
                "containers: [{name: m, image: a, env: [{name: X, valueFrom: {configMapKeyRef: {name: m, key: a}}}]}]",
            ),
            (
                "ConfigMap",
                "containers: [{name: m, image: a}], volumes: [{name: v, configMap: {name: m}}]",
            ),
            (
                "ConfigMap",
                "containers: [{name: m, image: a}], volumes: [{name: v, projected: {sources: [{configMap: {name: m}}]}}]",
            ),
            (
                "ConfigMap",
                "containers: [{name: m, image: a}], initContainers: [{name: i, image: a, envFrom: [{configMapRef: {name: m}}]}]",
            ),
            ("Secret", "containers: [{name: m, image: a}], imagePullSecrets: [{name: m}]"),
            (
                "Secret",
                "containers: [{name: m, image: a}], volumes: [{name: v, secret: {secretName: m}}]",
            ),
        ] {
            assert_eq!(needs(kind, pod), 1, "{kind} {pod}");
        }
        assert_eq!(needs("ConfigMap", "containers: [{name: m, image: a}]"), 0);
    }

    #[test]
    fn hooks_that_run_when_the_object_exists_are_silent() {
        for hook in [
            "helm.sh/hook: pre-upgrade",
            "helm.sh/hook: post-install",
            "argocd.argoproj.io/hook: PostSync",
            "a: b",
        ] {
            assert!(set(&object("Secret", ""), hook, POD).is_empty(), "{hook}");
        }
    }

    #[test]
    fn earlier_hooks_bring_the_object() {
        let secret = |weight: &str| {
            object(
                "Secret",
                &format!(
                    ", annotations: {{helm.sh/hook: pre-install, helm.sh/hook-weight: '{weight}'}}"
                ),
            )
        };
        let hook = "helm.sh/hook: pre-install, helm.sh/hook-weight: '0'";
        assert!(set(&secret("-5"), hook, POD).is_empty());
        assert!(
            set(&secret("0"), hook, POD).is_empty(),
            "Secrets come before Jobs of the same weight"
        );
        assert_eq!(set(&secret("5"), hook, POD).len(), 1);
    }

    #[test]
    fn what_is_optional_or_not_here_is_silent() {
        let optional =
            "containers: [{name: m, image: a, envFrom: [{secretRef: {name: m, optional: true}}]}]";
        assert!(
            set(&object("Secret", ""), "argocd.argoproj.io/hook: PreSync", optional).is_empty()
        );
        assert!(
            set(
                &object("Secret", "").replace("name: m", "name: other"),
                "argocd.argoproj.io/hook: PreSync",
                POD
            )
            .is_empty()
        );
    }
}
