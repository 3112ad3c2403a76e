//! What becomes of each key of a Compose service on the way to Kubernetes, whether a person or a
//! converter does the work.

use super::system::System;
use crate::model::compose::{MountKind, Service};
use crate::report::Fate::{self, Carried, Changed, Lost};
use crate::report::{Crossing, Role};
use rustc_hash::FxHashMap;

/// A key, its fate and what takes its place.
type Advice = (&'static str, Fate, &'static str);

/// The keys whose fate does not depend on their values.
///
/// Sources: <https://docs.docker.com/reference/compose-file/services/> and
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>.
#[rustfmt::skip]
const KEYS: &[Advice] = &[
    ("image", Carried, "`containers[].image`."),
    ("container_name", Lost, "Pods have generated names; a Service provides a stable one."),
    ("build", Lost, "Build and push the image in a pipeline: Kubernetes only pulls images."),
    ("command", Changed, "`args`: like `command` in Compose, it replaces the image's CMD."),
    ("entrypoint", Changed, "`command`: like `entrypoint` in Compose, it replaces the image's ENTRYPOINT."),
    ("environment", Changed, "`env` for plain values, a Secret for credentials; every value must be a string."),
    ("env_file", Changed, "A ConfigMap or Secret with `envFrom`."),
    ("ports", Changed, "A Service for clients inside the cluster; an Ingress or a Gateway route for clients outside."),
    ("expose", Changed, "A port of a Service."),
    ("networks", Lost, "Every Pod can reach every other Pod; a NetworkPolicy restricts that."),
    ("depends_on", Lost, "Retries in the client and a readiness probe on the dependency; an init container only where waiting is all that is needed."),
    ("healthcheck", Changed, "A readiness probe to hold back traffic; a liveness probe only for faults that a restart cures; a startup probe for `start_period`."),
    ("restart", Changed, "A Deployment always restarts its containers; a one-time task becomes a Job."),
    ("deploy", Changed, "`replicas`, `resources` and the update strategy have fields of their own; `placement` becomes affinity or a node selector."),
    ("scale", Changed, "`spec.replicas`."),
    ("labels", Carried, "Labels and annotations of the Pod template."),
    ("secrets", Changed, "A Secret mounted as a volume; set `mountPath` to keep the path `/run/secrets/NAME`."),
    ("configs", Changed, "A ConfigMap mounted as a volume."),
    ("hostname", Lost, "The name of a Service; in a StatefulSet with a headless Service, each Pod has a host name of its own."),
    ("links", Lost, "A Service of that name."),
    ("external_links", Lost, "A Service of type ExternalName."),
    ("extra_hosts", Changed, "`hostAliases`."),
    ("network_mode", Lost, "Containers of one Pod share a network; `hostNetwork` ties Pods to their nodes."),
    ("profiles", Lost, "Another overlay or another values file."),
    ("extends", Lost, "Overlays, or the helper templates of a chart."),
    ("develop", Lost, "Nothing: it stays in Compose, for development."),
    ("logging", Lost, "Log collection on the node; the kubelet bounds the size of the logs."),
    ("stop_grace_period", Changed, "`terminationGracePeriodSeconds`, 30 by default where Compose waits 10 seconds."),
    ("mem_limit", Changed, "`resources.limits.memory`, together with a request."),
    ("cpus", Changed, "`resources.limits.cpu`, or better a request without a limit."),
    ("user", Changed, "`securityContext.runAsUser`."),
    ("working_dir", Changed, "`workingDir`."),
    ("privileged", Changed, "`securityContext.privileged`."),
    ("cap_add", Changed, "`securityContext.capabilities.add`."),
    ("read_only", Changed, "`securityContext.readOnlyRootFilesystem`, with an emptyDir wherever the container writes."),
    ("tmpfs", Changed, "An emptyDir, with `medium: Memory` if the data must not touch a disk."),
    ("shm_size", Changed, "An emptyDir with `medium: Memory` at `/dev/shm`."),
    ("pre_start", Changed, "A Job or a hook for what must run once; an init container runs again in every Pod."),
    ("init", Lost, "An init process such as tini in the image, or `shareProcessNamespace`."),
    ("ulimits", Lost, "The settings of the node."),
    ("sysctls", Changed, "`securityContext.sysctls`, where the cluster allows them."),
    ("devices", Changed, "A resource of a device plugin, such as `nvidia.com/gpu`."),
];

const BIND_MOUNT: Advice = (
    "volumes",
    Lost,
    "Files of the host do not follow a Pod: sources belong in the image, configuration in a ConfigMap.",
);
const NAMED_VOLUME: Advice = (
    "volumes",
    Changed,
    "A PersistentVolumeClaim; if several Pods share it, it needs ReadWriteMany, or a StatefulSet gives each Pod a claim of its own.",
);
const ANONYMOUS_VOLUME: Advice =
    ("volumes", Lost, "An emptyDir, which is empty again in every new Pod.");
const TMPFS_MOUNT: Advice = ("volumes", Changed, "An emptyDir with `medium: Memory`.");

/// Returns the fate of every key of every service that is not for development alone.
pub fn table(system: &System<'_>) -> Vec<Crossing> {
    let advice: FxHashMap<&str, Advice> = KEYS.iter().map(|row| (row.0, *row)).collect();
    let mut rows = Vec::new();
    for service in system.services.iter().filter(|it| it.role != Role::Development) {
        for key in &service.model.keys {
            let of_key = match key.name.as_str() {
                "volumes" => mounts(service.model),
                name => advice.get(name).copied().into_iter().collect(),
            };
            rows.extend(of_key.into_iter().map(|(name, fate, instead)| Crossing {
                service: service.model.name.value.clone(),
                key: name.to_owned(),
                fate,
                instead: instead.to_owned(),
                counterpart: String::new(),
                yaml: String::new(),
                span: Some(key.name.span),
            }));
        }
    }
    rows
}

/// Returns one row for each kind of mount that a service has.
fn mounts(service: &Service) -> Vec<Advice> {
    let has = |kind: MountKind| service.volumes.iter().any(|mount| mount.kind == kind);
    let named = has(MountKind::Volume) || has(MountKind::Cluster);
    [
        (has(MountKind::Bind), BIND_MOUNT),
        (named, NAMED_VOLUME),
        (has(MountKind::Anonymous), ANONYMOUS_VOLUME),
        (has(MountKind::Tmpfs), TMPFS_MOUNT),
    ]
    .into_iter()
    .filter_map(|(present, advice)| present.then_some(advice))
    .collect()
}
