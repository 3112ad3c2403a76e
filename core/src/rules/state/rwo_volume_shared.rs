use crate::facts::{Facts, Workload};
use crate::model::kubernetes::{self, VolumeSource, WorkloadKind};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// Several replicas mount a claim that only one node can mount.
    ///
    /// ## Why it hurts
    /// Replicas on a different node from the first one stay in `ContainerCreating` with a
    /// "Multi-Attach error". With `ReadWriteOncePod`, no replica but the first one starts. Replicas
    /// on the same node overwrite each other's files.
    ///
    /// ## What helps
    /// A StatefulSet with `volumeClaimTemplates`, where each Pod has its own volume; or a claim
    /// with `ReadWriteMany`, if both the storage and the program support it; or one replica.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` shows `FailedAttachVolume` for the waiting Pod.
    ///
    /// ## When to ignore
    /// On a cluster with a single node that will stay one: all Pods of a node may share a volume that
    /// is `ReadWriteOnce`, if the program can.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: { name: uploads }
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   resources: { requests: { storage: 10Gi } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           volumeMounts: [{ name: uploads, mountPath: /srv/uploads }]
    ///       volumes:
    ///         - name: uploads
    ///           persistentVolumeClaim: { claimName: uploads } # <- Deployment `web` runs 3 replicas on claim `uploads`, which is ReadWriteOnce: only one node can mount it
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: { name: uploads }
    /// spec:
    ///   accessModes: [ReadWriteMany]
    ///   resources: { requests: { storage: 10Gi } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           volumeMounts: [{ name: uploads, mountPath: /srv/uploads }]
    ///       volumes:
    ///         - name: uploads
    ///           persistentVolumeClaim: { claimName: uploads }
    /// ```
    PLM701 "rwo-volume-shared" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let daemon = workload.kind() == WorkloadKind::DaemonSet;
        let Some(many) = workload.copies.many().filter(|_| !daemon) else { continue };
        for volume in &workload.model.template.spec.volumes {
            let VolumeSource::Claim { name: Some(name), read_only } = &volume.source else {
                continue;
            };
            let Some(claim) = facts.claim(workload, name).filter(|it| it.single_node()) else {
                continue;
            };
            let mode = if claim.access_modes.iter().any(|it| it.value == "ReadWriteOnce") {
                "ReadWriteOnce"
            } else {
                "ReadWriteOncePod"
            };
            let together = workload.is_on_one_node() || has_pod_affinity(workload);
            let written = volume.name.as_ref().is_some_and(|it| is_written(workload, it));
            let read_only = kubernetes::is_true(*read_only) || !written;
            if read_only || (together && mode == "ReadWriteOnce") {
                continue;
            }
            let what = if mode == "ReadWriteOnce" { "node" } else { "Pod" };
            let finding = out.at(
                &name.span,
                format!(
                    "{} runs {} on claim `{name}`, which is {mode}: only one {what} can mount it",
                    workload.label,
                    facts.workload_replica_words(workload)
                ),
            );
            finding.also(&many, "more than one replica is requested here");
            if let Some(mode) = claim.access_modes.first() {
                finding.also(&mode.span, format!("claim `{name}` has this access mode"));
            }
            finding.check(workload.pods("get pods", "-o wide"));
        }
    }
}

/// Whether Pod affinity may bring all replicas to one node, where they can share the volume.
fn has_pod_affinity(workload: &Workload<'_>) -> bool {
    workload.model.template.spec.affinity.pod.is_some()
}

fn is_written(workload: &Workload<'_>, volume: &smol_str::SmolStr) -> bool {
    workload.containers().any(|(_, container)| {
        container.mounts.iter().any(|it| it.is_of(volume) && !kubernetes::is_true(it.read_only))
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn project(kind: &str, replicas: u8, mode: &str, mount: &str, spec: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{ name: d }}\n\
                 spec: {{ accessModes: [{mode}] }}\n---\napiVersion: apps/v1\nkind: {kind}\n\
                 metadata: {{ name: web }}\nspec:\n  replicas: {replicas}\n  template:\n    spec:\n      {spec}\n      \
                 containers: [{{ name: web, image: 'a:1', volumeMounts: [{{ name: d, mountPath: /d, {mount} }}] }}]\n      \
                 volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n"
            ),
        )
    }

    #[test]
    fn every_replicated_kind_that_names_a_claim_counts() {
        for kind in ["Deployment", "StatefulSet", "ReplicaSet"] {
            assert_eq!(project(kind, 2, "ReadWriteOnce", "", "").len(), 1, "{kind}");
        }
        assert_eq!(project("Deployment", 2, "ReadWriteOncePod", "", "nodeName: a").len(), 1);
    }

    #[test]
    fn one_replica_other_modes_readers_and_one_node_are_silent() {
        assert!(project("Deployment", 1, "ReadWriteOnce", "", "").is_empty());
        assert!(project("Deployment", 2, "ReadWriteMany", "", "").is_empty());
        assert!(project("Deployment", 2, "ReadWriteOnce", "readOnly: true", "").is_empty());
        assert!(project("Deployment", 2, "ReadWriteOnce", "", "nodeName: a").is_empty());
        let selector = "nodeSelector: { kubernetes.io/hostname: a }";
        assert!(project("Deployment", 2, "ReadWriteOnce", "", selector).is_empty());
    }

    #[test]
    fn a_claim_template_and_an_unknown_claim_are_silent() {
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: db }\nspec:\n  replicas: 3\n  \
                    template: { spec: { containers: [{ name: db, image: 'a:1', volumeMounts: [{ name: d, mountPath: /d }] }] } }\n  \
                    volumeClaimTemplates: [{ metadata: { name: d }, spec: { accessModes: [ReadWriteOnce] } }]\n";
        assert!(messages(&RULE, text).is_empty());
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  replicas: 2\n  template:\n    spec:\n      \
                    containers: [{ name: web, image: 'a:1', volumeMounts: [{ name: d, mountPath: /d }] }]\n      \
                    volumes: [{ name: d, persistentVolumeClaim: { claimName: elsewhere } }]\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn autoscalers_rollouts_and_claims_that_are_only_read() {
        let text = |api: &str, kind: &str, claim: &str, more: &str| {
            format!(
                "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{{more}template: {{spec: {{containers: [{{name: web, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: d{claim}}}}}]}}}}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: d}}\nspec: {{accessModes: [ReadWriteOnce]}}\n"
            )
        };
        let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}\n";
        let keda = "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\nspec: {scaleTargetRef: {name: web}, maxReplicaCount: 5}\n";
        let one = text("apps/v1", "Deployment", "", "");
        assert!(messages(&RULE, &one).is_empty());
        assert_eq!(messages(&RULE, &format!("{one}{hpa}")).len(), 1);
        assert_eq!(messages(&RULE, &format!("{one}{keda}")).len(), 1);
        let rollout = text("argoproj.io/v1alpha1", "Rollout", "", "replicas: 2, ");
        assert_eq!(messages(&RULE, &rollout).len(), 1);
        let read = text("apps/v1", "Deployment", ", readOnly: true", "replicas: 2, ");
        assert!(messages(&RULE, &read).is_empty());
    }
}
