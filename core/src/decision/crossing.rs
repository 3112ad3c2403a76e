//! What becomes of each key of a Compose service on its way to Kubernetes, whether by hand or by a
//! converter.

use crate::facts::Facts;
use crate::model::compose::{MountKind, Service};
use crate::report::{Crossing, Role};

/// Fate and advice for keys that need no look at their value: one a line, since a table of strings
/// would weigh more than its words.
const KEYS: &str = "
image carried `containers[].image`
container_name lost Pods have generated names; a Service gives a stable one.
build lost Build and push in a pipeline; Kubernetes only pulls images.
command changed `args`: Compose's `command` replaces the image's CMD, as `args` does.
entrypoint changed `command`: Compose's `entrypoint` replaces the image's ENTRYPOINT, as `command` does.
environment changed `env` for plain values, a Secret for credentials; every value as a string.
env_file changed A ConfigMap or Secret with `envFrom`.
ports changed A Service for others in the cluster; an Ingress or Gateway route for the world.
expose changed A Service port.
networks lost Every Pod reaches every other; a NetworkPolicy takes that back.
depends_on lost Retries in the client, a readiness probe on the dependency, an init container only to wait.
healthcheck changed A readiness probe for traffic; a liveness probe only for what a restart cures; a startup probe for `start_period`.
restart changed Deployments always restart; a one-shot task becomes a Job.
deploy changed `replicas`, `resources` and the strategy have their own fields; `placement` becomes affinity or node selectors.
scale changed `spec.replicas`
labels carried Labels and annotations of the Pod template.
secrets changed A Secret as a volume; the path `/run/secrets/NAME` must be set as `mountPath`.
configs changed A ConfigMap as a volume.
hostname lost A Service's name; `hostname` with a headless Service for a StatefulSet.
links lost A Service of that name.
external_links lost A Service of type ExternalName.
extra_hosts changed `hostAliases`
network_mode lost Containers of one Pod share a network; `hostNetwork` ties Pods to nodes.
profiles lost Another overlay or another values file.
extends lost Overlays, or a chart's helpers.
develop lost Stays with Compose: it is for development.
logging lost The node's log collection; bounded by the kubelet.
stop_grace_period changed `terminationGracePeriodSeconds`, 30 by default where Compose waits 10.
mem_limit changed `resources.limits.memory`, with a request beside it.
cpus changed `resources.limits.cpu`, or better a request alone.
user changed `securityContext.runAsUser`
working_dir changed `workingDir`
privileged changed `securityContext.privileged`
cap_add changed `securityContext.capabilities.add`
read_only changed `securityContext.readOnlyRootFilesystem`, with an emptyDir for what is written.
tmpfs changed An emptyDir, with `medium: Memory` if it must not touch a disk.
shm_size changed An emptyDir with `medium: Memory` at `/dev/shm`.
pre_start changed A Job or hook for what runs once; an init container runs once for every Pod.
init lost An init such as tini in the image, or `shareProcessNamespace`.
ulimits lost The node's settings.
sysctls changed `securityContext.sysctls`, where the cluster allows it.
devices changed A device plugin's resource, such as `nvidia.com/gpu`.
";

pub fn table(facts: &Facts<'_>) -> Vec<Crossing> {
    let services = || facts.services().iter().filter(|it| it.role != Role::Development);
    let mut rows = Vec::with_capacity(services().map(|it| it.model.keys.len()).sum());
    let mut advised: Vec<(&str, Option<Advice>)> = Vec::new();
    for service in services() {
        for key in &service.model.keys {
            let (name, span) = (key.name.as_str(), Some(key.name.span));
            let mut row = |(key, fate, instead): Advice| {
                let service = service.model.name.value.clone();
                rows.push(Crossing { service, key, fate, instead, span });
            };
            if name == "volumes" {
                mounts(service.model, &mut row);
            } else {
                // Services of one project have the same keys.
                let known = advised.iter().find(|it| it.0 == name).copied();
                let (_, advice) = known.unwrap_or_else(|| {
                    advised.push((name, advice(name)));
                    advised[advised.len() - 1]
                });
                if let Some(advice) = advice {
                    row(advice);
                }
            }
        }
    }
    rows
}

/// A key, its fate and what to do instead.
type Advice = (&'static str, &'static str, &'static str);

fn advice(name: &str) -> Option<Advice> {
    memchr::memchr_iter(b'\n', KEYS.as_bytes()).find_map(|at| {
        let line = &KEYS[at + 1..];
        let (fate, rest) = line.strip_prefix(name)?.strip_prefix(' ')?.split_once(' ')?;
        Some((&line[..name.len()], fate, rest.split('\n').next()?))
    })
}

/// One row for each kind of mount that a service has.
fn mounts(service: &Service, row: &mut dyn FnMut(Advice)) {
    let has = |kind: MountKind| service.volumes.iter().any(|it| it.kind == kind);
    if has(MountKind::Bind) {
        row((
            "volumes",
            "lost",
            "Files of the host do not follow a Pod: sources belong in the image, configuration in a ConfigMap.",
        ));
    }
    if has(MountKind::Volume) || has(MountKind::Cluster) {
        row((
            "volumes",
            "changed",
            "A PersistentVolumeClaim; one that several Pods share needs ReadWriteMany, or a StatefulSet with one each.",
        ));
    }
    if has(MountKind::Anonymous) {
        row(("volumes", "lost", "An emptyDir, empty again for every new Pod."));
    }
    if has(MountKind::Tmpfs) {
        row(("volumes", "changed", "An emptyDir with `medium: Memory`."));
    }
}
