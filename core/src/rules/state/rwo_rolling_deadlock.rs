use crate::facts::{Backing, Copies, Facts, Mounted, Workload};
use crate::model::IntOrStr;
use crate::model::kubernetes::{self, VolumeSource, WorkloadKind};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A rolling update starts the new Pod while the old one still holds the volume.
    ///
    /// ## Why it hurts
    /// The old Pod stops only when the new one is ready, but the new one cannot start on another
    /// node until the old one releases the volume. The update hangs until its deadline. If both run
    /// on the same node, they write the same files at the same time, which a database does not
    /// survive.
    ///
    /// ## What helps
    /// `strategy: { type: Recreate }`, which trades the hanging update for a short outage. Or a
    /// StatefulSet, which never starts a Pod before its predecessor is gone.
    ///
    /// ## How to troubleshoot
    /// `kubectl rollout status` does not return, and `kubectl describe pod` shows a "Multi-Attach
    /// error" for the new Pod.
    ///
    /// ## When to ignore
    /// On a cluster with a single node that will stay one, if the program can run twice on the same
    /// files for a moment.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: { name: data }
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   resources: { requests: { storage: 10Gi } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   replicas: 1
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec:
    ///       containers:
    ///         - name: wiki
    ///           image: ghcr.io/acme/wiki:3.2.0
    ///           volumeMounts: [{ name: data, mountPath: /data }]
    ///       volumes:
    ///         - name: data
    ///           persistentVolumeClaim: { claimName: data } # <- an update of Deployment `wiki` starts the new Pod while the old one still holds claim `data` (ReadWriteOnce)
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: { name: data }
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   resources: { requests: { storage: 10Gi } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   replicas: 1
    ///   strategy: { type: Recreate }
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec:
    ///       containers:
    ///         - name: wiki
    ///           image: ghcr.io/acme/wiki:3.2.0
    ///           volumeMounts: [{ name: data, mountPath: /data }]
    ///       volumes:
    ///         - name: data
    ///           persistentVolumeClaim: { claimName: data }
    /// ```
    PLM702 "rwo-rolling-deadlock" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let bindings = facts.bindings();
    let shared = held_by_replicas(facts);
    for workload in facts.workloads() {
        let scaled_to_zero = workload.model.replicas.is_some_and(|it| it.value == 0);
        let deployment = workload.kind() == WorkloadKind::Deployment;
        if !deployment
            || scaled_to_zero
            || workload.copies != Copies::Overlapping
            || stops_the_old_pod_first(workload)
        {
            continue;
        }
        let held = workload.model.template.spec.volumes.iter().find_map(|volume| {
            let VolumeSource::Claim { name: Some(name), read_only } = &volume.source else {
                return None;
            };
            let claim = facts.claim(workload, name).filter(|it| it.single_node())?;
            let used = volume.name.as_ref().is_some_and(|volume| {
                workload.containers().any(|it| it.1.mounts.iter().any(|mount| mount.is_of(volume)))
            });
            (used && !kubernetes::is_true(*read_only)).then_some((name, claim))
        });
        let Some((name, claim)) = held else { continue };
        // Where the replicas of another workload hold the claim too, no strategy helps, and PLM701 says so.
        let object = facts.claim_object(workload, name);
        if object.is_some_and(|it| shared.contains(&it.name_span())) {
            continue;
        }
        let once = claim.access_modes.iter().any(|it| it.value == "ReadWriteOnce");
        // Folders are not attached to a node, so nothing waits for their release.
        let volume = bindings.volume(facts, workload, name);
        let is_folder = volume.is_some_and(|it| {
            it.source.as_ref().is_some_and(|it| matches!(it.as_str(), "hostPath" | "local"))
        });
        if once && workload.is_on_one_node() || is_folder || is_of_store(facts, workload, name) {
            continue;
        }
        let finding = out.at(
            &name.span,
            format!(
                "an update of {} starts the new Pod while the old one still holds claim `{name}` ({})",
                workload.label,
                if once { "ReadWriteOnce" } else { "ReadWriteOncePod" }
            ),
        );
        if once {
            finding.confidence(Confidence::Likely);
        }
        if let Some(strategy) = &workload.model.strategy {
            finding.also(&strategy.place.span, "the update strategy is set here");
        }
        if let Some(mode) = claim.access_modes.first() {
            finding.also(&mode.span, format!("claim `{name}` has this access mode"));
        }
        finding
            .check(format!(
                "kubectl rollout status{} {}",
                workload.namespace_flag(),
                workload.reference()
            ))
            .maybe_fix(facts.stop_old_pod_first(workload));
    }
}

/// Whether an update may stop the only Pod before the new one is ready. A share of the replicas is rounded down,
/// so that only the whole of one Pod is one.
///
/// Source: Kubernetes documentation, "Deployments: Max Unavailable".
fn stops_the_old_pod_first(workload: &Workload<'_>) -> bool {
    let strategy = workload.model.strategy.as_ref();
    let unavailable = strategy.and_then(|it| it.max_unavailable.as_ref());
    unavailable.is_some_and(|it| match &it.value {
        IntOrStr::Int(count) => *count >= 1,
        IntOrStr::Str(share) => {
            let percent = share.trim().strip_suffix('%').and_then(|it| it.parse::<i64>().ok());
            percent.is_some_and(|it| it >= 100)
        }
    })
}

/// Whether a claim holds the data of a data store: PLM706 says of it what an update does.
fn is_of_store<'a>(facts: &Facts<'a>, workload: &Workload<'a>, claim: &str) -> bool {
    let mut stores =
        workload.units.iter().filter(|it| !workload.is_patch() && it.stored().is_some());
    stores.any(|unit| {
        let is_this = |it: &Mounted<'_>| match it.backing {
            Backing::Claim(name, _) => name.as_str() == claim,
            _ => false,
        };
        facts.mounted(unit).iter().any(is_this)
    })
}

/// Returns the claims that workloads with several replicas mount, by the places of their names.
fn held_by_replicas(facts: &Facts<'_>) -> FxHashSet<Span> {
    let many = facts.workloads().iter().filter(|it| it.copies.is_many());
    let held = many.flat_map(|workload| {
        let volumes = workload.model.template.spec.volumes.iter();
        volumes.filter_map(|volume| {
            let VolumeSource::Claim { name: Some(name), .. } = &volume.source else { return None };
            Some(facts.claim_object(workload, name)?.name_span())
        })
    });
    held.collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::edit::apply::apply;
    use crate::rules::testing::{files, messages, run};
    use crate::{Options, analyze};

    fn project(kind: &str, spec: &str, mode: &str) -> String {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{ name: d }}\n\
             spec: {{ accessModes: [{mode}] }}\n---\napiVersion: apps/v1\nkind: {kind}\n\
             metadata: {{ name: web }}\nspec:\n{spec}  template:\n    spec:\n      \
             containers: [{{ name: web, image: 'a:1', volumeMounts: [{{ name: d, mountPath: /d }}] }}]\n      \
             volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n"
        )
    }

    #[test]
    fn updates_without_overlap_are_silent() {
        let silent = |kind: &str, spec: &str, mode: &str| {
            assert!(messages(&RULE, &project(kind, spec, mode)).is_empty(), "{kind} {spec} {mode}");
        };
        silent("Deployment", "  strategy: { type: Recreate }\n", "ReadWriteOnce");
        silent("Deployment", "  strategy: { rollingUpdate: { maxSurge: 0 } }\n", "ReadWriteOnce");
        silent("Deployment", "", "ReadWriteMany");
        silent("Deployment", "  replicas: 0\n", "ReadWriteOnce");
        silent("Deployment", "  replicas: 2\n", "ReadWriteOnce");
        silent("StatefulSet", "", "ReadWriteOnce");
        // The old Pod may go before the new one is ready.
        for unavailable in ["1", "100%"] {
            let strategy = format!(
                "  replicas: 1\n  strategy: {{ rollingUpdate: {{ maxSurge: 1, maxUnavailable: {unavailable} }} }}\n"
            );
            silent("Deployment", &strategy, "ReadWriteOnce");
        }
    }

    #[test]
    fn a_folder_is_not_attached() {
        let count = |source: &str| {
            let claim = project("Deployment", "", "ReadWriteOnce")
                .replace("accessModes:", "volumeName: v, accessModes:");
            let volume = format!(
                "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{ name: v }}\nspec: {{ {source} }}\n"
            );
            messages(&RULE, &format!("{claim}{volume}")).len()
        };
        assert_eq!(count("hostPath: { path: /srv }"), 0);
        assert_eq!(count("local: { path: /srv }, nodeAffinity: { required: {} }"), 0);
        assert_eq!(count("csi: { driver: ebs.csi.aws.com }"), 1);
    }

    /// PLM706 reports the update of a database.
    #[test]
    fn the_update_of_a_database_is_told_once() {
        let codes = |image: &str| {
            let spec = "  selector: { matchLabels: { app: web } }\n";
            let text = project("Deployment", spec, "ReadWriteOnce").replace("a:1", image);
            let options =
                Options { select: vec!["PLM702".into(), "PLM706".into()], ..Options::default() };
            let report = analyze(&files(&text), &options);
            report.findings.iter().map(|it| it.code).collect::<Vec<_>>()
        };
        assert_eq!(codes("postgres:17"), ["PLM706"]);
        assert_eq!(codes("acme/wiki:3"), ["PLM702"]);
    }

    #[test]
    fn a_claim_that_replicas_hold_too_is_left_to_its_own_rule() {
        let worker = |replicas: u8| {
            format!(
                "{}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: worker }}\nspec:\n  replicas: {replicas}\n  strategy: {{ type: Recreate }}\n  template:\n    spec:\n      containers: [{{ name: w, image: 'a:1', volumeMounts: [{{ name: d, mountPath: /d }}] }}]\n      volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n",
                project("Deployment", "", "ReadWriteOnce")
            )
        };
        assert_eq!(messages(&RULE, &worker(1)).len(), 1);
        assert_eq!(messages(&RULE, &worker(3)).len(), 0);
    }

    #[test]
    fn the_fix_replaces_every_form_of_the_strategy() {
        for spec in [
            "",
            "  strategy: { type: RollingUpdate }\n",
            "  strategy:\n    type: RollingUpdate\n    rollingUpdate:\n      maxSurge: 1\n      maxUnavailable: 0\n",
            "  strategy:\n    rollingUpdate:\n      maxUnavailable: 50%\n",
        ] {
            let before = files(&project("Deployment", spec, "ReadWriteOnce"));
            let report = run(&RULE, &before);
            assert_eq!(report.findings.len(), 1, "{spec}");
            let (after, _) = apply(&before, &report, true);
            assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
            assert!(!after[0].text.contains("rollingUpdate"), "{}", after[0].text);
        }
    }

    #[test]
    fn a_claim_for_one_pod_counts_and_one_that_is_only_read_does_not() {
        assert_eq!(
            messages(&RULE, &project("Deployment", "", "ReadWriteOncePod")),
            [
                "an update of Deployment `web` starts the new Pod while the old one still holds claim `d` (ReadWriteOncePod)"
            ]
        );
        let read = project("Deployment", "", "ReadWriteOnce")
            .replace("claimName: d }", "claimName: d, readOnly: true }");
        assert!(messages(&RULE, &read).is_empty());
    }
}
