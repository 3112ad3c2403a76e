use crate::facts::{Facts, Named, Phase, Workload, hook, sync_wave};
use crate::model::Str;
use crate::model::kubernetes::{Body, Meta, Object, WorkloadKind};
use crate::report::Findings;
use crate::rules::rule;
use rustc_hash::FxHashMap;

rule! {
    /// Sync waves apply a workload before an object that it cannot start without.
    ///
    /// ## Why it hurts
    /// Argo CD applies the objects of one wave and waits until they are healthy before it goes on. A
    /// workload whose ConfigMap, Secret, service account, claim or Namespace belongs to a later wave never
    /// becomes healthy, so the later wave never comes: the first sync hangs for ever.
    ///
    /// ## What helps
    /// Give what is needed a smaller wave than the workload, or none at all where the workload has a positive
    /// one. Within a wave Argo CD applies Namespaces, configuration and storage first.
    ///
    /// ## How to troubleshoot
    /// `argocd app get NAME` shows the sync as running and the workload as progressing;
    /// `kubectl describe pod` names the missing object.
    ///
    /// ## When to ignore
    /// Where the object is there before the first sync, created by hand or by another Application.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: web-config
    ///   annotations: { argocd.argoproj.io/sync-wave: "2" }
    /// data: { MODE: fast }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: web
    ///   annotations: { argocd.argoproj.io/sync-wave: "1" } # <- Deployment `web` is applied in wave 1, before ConfigMap `web-config` in wave 2, which it needs to start
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    ///           envFrom: [{ configMapRef: { name: web-config } }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: web-config
    ///   annotations: { argocd.argoproj.io/sync-wave: "0" }
    /// data: { MODE: fast }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: web
    ///   annotations: { argocd.argoproj.io/sync-wave: "1" }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    ///           envFrom: [{ configMapRef: { name: web-config } }]
    /// ```
    PLM915 "sync-wave-order" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut namespaces: FxHashMap<&str, Vec<&Object>> = FxHashMap::default();
    for object in facts.objects().iter().filter(|it| matches!(it.body, Body::Namespace)) {
        if let Some(name) = object.name() {
            namespaces.entry(name.as_str()).or_default().push(object);
        }
    }
    for workload in facts.workloads() {
        // A CronJob is healthy as soon as it is there. Hooks have a phase of their own.
        if workload.kind() == WorkloadKind::CronJob || hook(&workload.object.meta).is_some() {
            continue;
        }
        for (kind, name) in workload.needs() {
            if kind != Named::PriorityClass {
                let (home, namespace) = (workload.object.file, workload.namespace);
                let here = facts.all_named(kind, home, namespace, name);
                needed(workload, kind.name(), name, &here, out);
            }
        }
        if let Some(namespace) = &workload.object.meta.namespace {
            let is_near = |object: &&&Object| facts.together(workload.object.file, object.file);
            let named = namespaces.get(namespace.as_str()).into_iter().flatten();
            let here: Vec<&Object> = named.filter(is_near).copied().collect();
            needed(workload, "Namespace", namespace, &here, out);
        }
    }
}

fn needed(workload: &Workload<'_>, kind: &str, name: &Str, all: &[&Object], out: &mut Findings) {
    let own = wave_of(&workload.object.meta);
    let later = |object: &&&Object| match hook(&object.meta).and_then(|hook| hook.phase()) {
        Some(Phase::Before) => false,
        Some(Phase::Main) | None => wave_of(&object.meta) > own,
        Some(Phase::After) => sync_wave(&object.meta).is_some(),
    };
    let Some(first) = all.first().filter(|_| all.iter().all(|object| later(&object))) else {
        return;
    };
    let wave = wave_of(&first.meta);
    let written = sync_wave(&workload.object.meta).or_else(|| sync_wave(&first.meta));
    let Some((_, place)) = written else { return };
    let mut finding_place = place.span;
    if sync_wave(&workload.object.meta).is_none() {
        finding_place = name.span;
    }
    out.at(
        &finding_place,
        format!(
            "{} is applied in wave {own}, before {kind} `{name}` in wave {wave}, which it needs to start",
            workload.label
        ),
    )
    .also(&first.name_span(), "applied later")
    .check(format!("kubectl describe {}{}", workload.reference(), workload.namespace_flag()));
}

/// Returns the wave of an object, which is 0 where none is written.
fn wave_of(meta: &Meta) -> i64 {
    sync_wave(meta).map_or(0, |(wave, _)| wave)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn set(kind: &str, object: &str, workload: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: {kind}\nmetadata: {{name: c{object}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: c{workload}}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{serviceAccountName: c, containers: [{{name: web, image: a, envFrom: [{{secretRef: {{name: c}}}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: c}}}}]}}\n"
            ),
        )
    }

    fn wave(number: i64) -> String {
        format!(", annotations: {{argocd.argoproj.io/sync-wave: '{number}'}}")
    }

    #[test]
    fn whatever_a_workload_needs_comes_first() {
        for kind in ["Secret", "ServiceAccount", "PersistentVolumeClaim", "Namespace"] {
            assert_eq!(set(kind, &wave(3), "").len(), 1, "{kind}");
            assert_eq!(set(kind, "", &wave(-1)).len(), 1, "{kind}");
        }
    }

    #[test]
    fn the_same_and_earlier_waves_are_silent() {
        for kind in ["Secret", "ServiceAccount", "PersistentVolumeClaim", "Namespace"] {
            assert!(set(kind, "", "").is_empty());
            assert!(set(kind, &wave(1), &wave(1)).is_empty());
            assert!(set(kind, &wave(-1), "").is_empty());
            let before = ", annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '5'}";
            assert!(set(kind, before, &wave(1)).is_empty());
        }
    }

    #[test]
    fn cron_jobs_do_not_hold_a_wave() {
        let cron = "apiVersion: v1\nkind: Secret\nmetadata: {name: c, annotations: {argocd.argoproj.io/sync-wave: '3'}}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec: {schedule: '0 1 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: web, image: a, envFrom: [{secretRef: {name: c}}]}]}}}}}\n";
        assert!(messages(&RULE, cron).is_empty());
    }
}
