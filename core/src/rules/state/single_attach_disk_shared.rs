use crate::facts::{Facts, Workload, in_shell};
use crate::knowledge::disks::single_attach_disk;
use crate::model::Str;
use crate::model::kubernetes::{Body, Claim, Object, VolumeSource, WorkloadKind, is_true};
use crate::report::Findings;
use crate::rules::rule;
use rustc_hash::FxHashMap;

rule! {
    /// Several replicas write to a disk that attaches to one node at a time.
    ///
    /// ## Why it hurts
    /// A cloud's block disk is attached to one node. A replica on any other node stays in
    /// `ContainerCreating` with a "Multi-Attach error", whatever access mode the claim asks for.
    /// Replicas on the same node overwrite each other's files.
    ///
    /// ## What helps
    /// A StatefulSet with `volumeClaimTemplates`, where each Pod has its own disk; a shared file system
    /// (EFS, Azure Files, Filestore, NFS) with `ReadWriteMany`; or one replica.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` of a waiting Pod shows `FailedAttachVolume`.
    ///
    /// ## When to ignore
    /// Where something that the files do not show keeps all replicas on one node.
    ///
    /// ## Bad
    /// ```yaml
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
    ///           gcePersistentDisk: { pdName: uploads } # <- Deployment `web` runs 3 replicas on volume `uploads`, a Google persistent disk, which only one node can write
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 1
    ///   strategy: { type: Recreate }
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
    ///           gcePersistentDisk: { pdName: uploads }
    /// ```
    PLM719 "single-attach-disk-shared" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

/// The objects that say what disk is behind a claim, by their names.
#[derive(Default)]
struct Storage<'a> {
    classes: FxHashMap<&'a str, Vec<&'a Object>>,
    volumes: FxHashMap<&'a str, Vec<&'a Object>>,
}

/// A disk, and the place that says so.
struct Disk<'a> {
    name: &'static str,
    said_by: &'a Str,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut storage = Storage::default();
    for object in facts.objects() {
        let Some(name) = object.name() else { continue };
        match &object.body {
            Body::StorageClass(_) => storage.classes.entry(name).or_default().push(object),
            Body::PersistentVolume(_) => storage.volumes.entry(name).or_default().push(object),
            _ => {}
        }
    }
    for workload in facts.workloads() {
        let Some(many) = workload.copies.many() else { continue };
        for volume in &workload.model.template.spec.volumes {
            let Some(name) = &volume.name else { continue };
            let (span, disk, read_only) = match &volume.source {
                VolumeSource::Disk { source, read_only } => {
                    let Some(disk) = single_attach_disk(source) else { continue };
                    (source.span, Disk { name: disk, said_by: source }, is_true(*read_only))
                }
                VolumeSource::Claim { name: Some(claim), read_only } => {
                    let Some(disk) = disk_of_claim(facts, &storage, workload, claim) else {
                        continue;
                    };
                    (claim.span, disk, is_true(*read_only))
                }
                _ => continue,
            };
            if read_only || !is_written(workload, name) || stays_on_one_node(workload) {
                continue;
            }
            let article = if disk.name.starts_with(['A', 'O']) { "an" } else { "a" };
            let finding = out.at(
                &span,
                format!(
                    "{} runs {} on volume `{name}`, {article} {}, which only one node can write",
                    workload.label,
                    facts.workload_replica_words(workload),
                    disk.name
                ),
            );
            finding.also(&many, "more than one replica is requested here");
            if disk.said_by.span != span {
                finding.also(&disk.said_by.span, format!("the disk is {article} {}", disk.name));
            }
            finding.check(format!(
                "kubectl get pods{} -o wide | grep {}",
                workload.namespace_flag(),
                in_shell(workload.name)
            ));
        }
    }
}

/// Returns the single-attach disk behind a claim. PLM701 reports the claims whose own access mode says that
/// only one node can mount them.
fn disk_of_claim<'a>(
    facts: &Facts<'a>,
    storage: &Storage<'a>,
    workload: &Workload<'a>,
    name: &str,
) -> Option<Disk<'a>> {
    let home = workload.object.file;
    let claim: &Claim = facts.claim(workload, name)?;
    let is_block = claim.volume_mode.as_ref().is_some_and(|it| it.as_str() == "Block");
    // Many nodes may read a disk that was filled before.
    let reads = claim.access_modes.iter().all(|it| it.as_str() == "ReadOnlyMany");
    if claim.single_node() || is_block || (reads && !claim.access_modes.is_empty()) {
        return None;
    }
    let nearest = |objects: Option<&Vec<&'a Object>>| {
        objects.into_iter().flatten().copied().find(|it| facts.together(home, it.file))
    };
    if let Some(volume) = claim.volume_name.as_ref() {
        let object = nearest(storage.volumes.get(volume.as_str()))?;
        let Body::PersistentVolume(volume) = &object.body else { return None };
        let said_by = volume.driver.as_ref().or(volume.source.as_ref())?;
        return Some(Disk { name: single_attach_disk(said_by)?, said_by });
    }
    let class = claim.storage_class.as_ref()?;
    let object = nearest(storage.classes.get(class.as_str()))?;
    let Body::StorageClass(class) = &object.body else { return None };
    let said_by = class.provisioner.as_ref()?;
    Some(Disk { name: single_attach_disk(said_by)?, said_by })
}

/// Whether all replicas run on one node, where they can share the disk.
fn stays_on_one_node(workload: &Workload<'_>) -> bool {
    let has_affinity = workload.model.template.spec.affinity.pod.is_some();
    let daemon = workload.kind() == WorkloadKind::DaemonSet;
    workload.is_on_one_node() || (has_affinity && !daemon)
}

fn is_written(workload: &Workload<'_>, volume: &smol_str::SmolStr) -> bool {
    workload.containers().any(|(_, container)| {
        container.mounts.iter().any(|it| it.is_of(volume) && !is_true(it.read_only))
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn web(kind: &str, spec: &str, volume: &str, mount: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  {spec}\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: a, volumeMounts: [{{name: d, mountPath: /d{mount}}}]}}], volumes: [{{name: d, {volume}}}]}}\n"
        )
    }

    fn inline(volume: &str) -> usize {
        messages(&RULE, &web("Deployment", "replicas: 2", volume, "")).len()
    }

    #[test]
    fn disks_written_into_the_pod() {
        assert_eq!(inline("gcePersistentDisk: {pdName: x}"), 1);
        assert_eq!(inline("awsElasticBlockStore: {volumeID: x, readOnly: false}"), 1);
        assert_eq!(inline("azureDisk: {diskName: x, diskURI: y}"), 1);
        assert_eq!(inline("azureFile: {shareName: x}"), 0);
        assert_eq!(inline("emptyDir: {}"), 0);
    }

    #[test]
    fn reading_one_replica_and_templates_are_silent() {
        assert_eq!(inline("gcePersistentDisk: {pdName: x, readOnly: true}"), 0);
        let disk = "gcePersistentDisk: {pdName: x}";
        assert!(
            messages(&RULE, &web("Deployment", "replicas: 2", disk, ", readOnly: true")).is_empty()
        );
        assert!(messages(&RULE, &web("Deployment", "replicas: 1", disk, "")).is_empty());
        let template = web(
            "StatefulSet",
            "replicas: 3\n  volumeClaimTemplates: [{metadata: {name: d}, spec: {accessModes: [ReadWriteOnce], storageClassName: fast}}]",
            "emptyDir: {}",
            "",
        );
        assert!(messages(&RULE, &format!("{template}{}", class("ebs.csi.aws.com"))).is_empty());
    }

    fn class(provisioner: &str) -> String {
        format!(
            "---\napiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: fast}}\nprovisioner: {provisioner}\n"
        )
    }

    fn claimed(claim: &str, more: &str) -> Vec<String> {
        let pod = web("Deployment", "replicas: 2", "persistentVolumeClaim: {claimName: d}", "");
        messages(
            &RULE,
            &format!(
                "{pod}---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: d}}\nspec: {{{claim}}}\n{more}"
            ),
        )
    }

    #[test]
    fn a_claim_cannot_ask_for_more_than_the_driver_gives() {
        let many = "accessModes: [ReadWriteMany], storageClassName: fast";
        assert_eq!(
            claimed(many, &class("ebs.csi.aws.com")),
            [
                "Deployment `web` runs 2 replicas on volume `d`, an Amazon EBS volume, which only one node can write"
            ]
        );
        assert!(claimed(many, &class("efs.csi.aws.com")).is_empty());
        assert!(claimed(many, "").is_empty(), "the class is not in the project");
        let once = "accessModes: [ReadWriteOnce], storageClassName: fast";
        assert!(claimed(once, &class("ebs.csi.aws.com")).is_empty(), "PLM701 reports it");
        let read = "accessModes: [ReadOnlyMany], storageClassName: fast";
        assert!(claimed(read, &class("pd.csi.storage.gke.io")).is_empty());
        let block = "accessModes: [ReadWriteMany], volumeMode: Block, storageClassName: fast";
        assert!(claimed(block, &class("ebs.csi.aws.com")).is_empty());
    }

    #[test]
    fn a_claim_may_name_its_volume() {
        let volume = |source: &str| {
            format!(
                "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: v}}\nspec: {{accessModes: [ReadWriteMany], {source}}}\n"
            )
        };
        let claim = "accessModes: [ReadWriteMany], volumeName: v";
        assert_eq!(
            claimed(claim, &volume("csi: {driver: disk.csi.azure.com, volumeHandle: x}")).len(),
            1
        );
        assert_eq!(claimed(claim, &volume("gcePersistentDisk: {pdName: x}")).len(), 1);
        assert_eq!(claimed(claim, &volume("nfs: {server: x, path: /}")).len(), 0);
    }
}
