use crate::facts::{Facts, is_below};
use crate::model::compose::MountKind;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// Compose keeps a path in a volume, but in the cluster its content is lost with the container.
    ///
    /// ## Why it hurts
    /// A container's file system is discarded at every restart and rollout. What Compose kept for
    /// years is gone after the first one.
    ///
    /// ## What helps
    /// Mount a PersistentVolumeClaim at the same path, or an emptyDir if the content may be lost.
    ///
    /// ## How to troubleshoot
    /// Write a file there, delete the Pod, and check whether the file is still there in the next
    /// one.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   wiki:
    ///     image: ghcr.io/acme/wiki:3
    ///     volumes:
    ///       - pages:/var/lib/wiki # <- Compose keeps `/var/lib/wiki` of `wiki` in volume `pages`, but container `wiki` of Deployment `wiki` has nothing mounted there
    /// volumes: { pages: {} }
    /// ```
    /// ```yaml file=k8s/wiki.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec: { containers: [{ name: wiki, image: "ghcr.io/acme/wiki:3" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   wiki:
    ///     image: ghcr.io/acme/wiki:3
    ///     volumes:
    ///       - pages:/var/lib/wiki
    /// volumes: { pages: {} }
    /// ```
    /// ```yaml file=k8s/wiki.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec:
    ///       containers:
    ///         - name: wiki
    ///           image: ghcr.io/acme/wiki:3
    ///           volumeMounts: [{ name: pages, mountPath: /var/lib/wiki }]
    ///       volumes: [{ name: pages, persistentVolumeClaim: { claimName: wiki } }]
    /// ```
    PLM310 "writable-path-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let container = workload.container(pair.unit);
        for mount in
            service.model.volumes.iter().filter(|it| it.kind == MountKind::Volume && !it.read_only)
        {
            let target = mount.target.as_str();
            let mut paths = container.mounts.iter().filter_map(|it| it.mount_path.as_ref());
            // A mount of a folder above or below the path may hold the data.
            if paths.any(|it| is_below(target, it) || is_below(it, target)) {
                continue;
            }
            let volume = mount.source.as_ref().map_or("", |it| it.as_str());
            let finding = out.at(
                &mount.span,
                format!(
                    "Compose keeps `{target}` of `{}` in volume `{volume}`, but {} has nothing mounted there",
                    service.name,
                    unit.label
                ),
            );
            finding
                .also(
                    &container.span(),
                    format!("{} is the counterpart, matched by {}", unit.label, pair.why.says()),
                )
                .check(workload.exec(unit, &format!("df {target}")));
            if service.role == Role::Development {
                finding.severity(Severity::Info);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_by_whole_components() {
        assert!(is_below("/data/db", "/data/"));
        assert!(is_below("/data", "/data"));
        assert!(!is_below("/database", "/data"));
    }
}
