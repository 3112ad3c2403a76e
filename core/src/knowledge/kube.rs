//! Kubernetes itself: API versions that are gone or going, and what runs on every node.
//!
//! Source: Kubernetes documentation, "Deprecated API Migration Guide" and "Deprecation Policy"; for
//! other projects' APIs, the release notes named in the row.

use crate::words::{is_among, lines, split_once, words};

/// An API version that is or will be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldApi {
    /// The release that no longer serves it; `None` while it is only deprecated.
    pub removed_in: Option<&'static str>,
    pub deprecated_in: &'static str,
    /// What to write instead; empty when the kind is gone for good.
    pub replacement: &'static str,
    /// What else must change with it.
    pub note: &'static str,
}

/// The versions, the release that deprecated each and the one that removed it, what takes its place,
/// and the kinds; behind the bar what else must change.
const OLD: &str = "\
extensions/v1beta1 1.9 1.16 apps/v1: Deployment DaemonSet ReplicaSet | `spec.selector` is required and cannot be changed later
apps/v1beta1 1.9 1.16 apps/v1: Deployment StatefulSet ReplicaSet | `spec.selector` is required and cannot be changed later
apps/v1beta2 1.9 1.16 apps/v1: Deployment StatefulSet DaemonSet ReplicaSet | `spec.selector` is required and cannot be changed later
extensions/v1beta1 1.9 1.16 networking.k8s.io/v1: NetworkPolicy
extensions/v1beta1 1.10 1.16 -: PodSecurityPolicy | Pod Security Admission takes its place: label the namespace
policy/v1beta1 1.21 1.25 -: PodSecurityPolicy | Pod Security Admission takes its place: label the namespace
extensions/v1beta1 1.14 1.22 networking.k8s.io/v1: Ingress | `backend.serviceName` and `servicePort` became `backend.service`, and `pathType` is required
networking.k8s.io/v1beta1 1.19 1.22 networking.k8s.io/v1: Ingress | `backend.serviceName` and `servicePort` became `backend.service`, and `pathType` is required
networking.k8s.io/v1beta1 1.19 1.22 networking.k8s.io/v1: IngressClass
apiextensions.k8s.io/v1beta1 1.16 1.22 apiextensions.k8s.io/v1: CustomResourceDefinition | each version needs a structural schema
apiregistration.k8s.io/v1beta1 1.19 1.22 apiregistration.k8s.io/v1: APIService
admissionregistration.k8s.io/v1beta1 1.16 1.22 admissionregistration.k8s.io/v1: MutatingWebhookConfiguration ValidatingWebhookConfiguration | `sideEffects` and `admissionReviewVersions` are required
rbac.authorization.k8s.io/v1beta1 1.17 1.22 rbac.authorization.k8s.io/v1: ClusterRole ClusterRoleBinding Role RoleBinding
scheduling.k8s.io/v1beta1 1.14 1.22 scheduling.k8s.io/v1: PriorityClass
storage.k8s.io/v1beta1 1.19 1.22 storage.k8s.io/v1: StorageClass VolumeAttachment CSIDriver
storage.k8s.io/v1beta1 1.17 1.22 storage.k8s.io/v1: CSINode
storage.k8s.io/v1beta1 1.24 1.27 storage.k8s.io/v1: CSIStorageCapacity
coordination.k8s.io/v1beta1 1.19 1.22 coordination.k8s.io/v1: Lease
certificates.k8s.io/v1beta1 1.19 1.22 certificates.k8s.io/v1: CertificateSigningRequest
batch/v1beta1 1.21 1.25 batch/v1: CronJob
batch/v2alpha1 1.8 1.21 batch/v1: CronJob
discovery.k8s.io/v1beta1 1.21 1.25 discovery.k8s.io/v1: EndpointSlice
events.k8s.io/v1beta1 1.22 1.25 events.k8s.io/v1: Event
policy/v1beta1 1.21 1.25 policy/v1: PodDisruptionBudget | an empty selector now selects all Pods of the namespace, not none
node.k8s.io/v1beta1 1.22 1.25 node.k8s.io/v1: RuntimeClass
autoscaling/v2beta1 1.22 1.25 autoscaling/v2: HorizontalPodAutoscaler | a metric's target moved below `target`
autoscaling/v2beta2 1.23 1.26 autoscaling/v2: HorizontalPodAutoscaler | a metric's target moved below `target`
flowcontrol.apiserver.k8s.io/v1beta1 1.23 1.26 flowcontrol.apiserver.k8s.io/v1: FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta2 1.26 1.29 flowcontrol.apiserver.k8s.io/v1: FlowSchema PriorityLevelConfiguration
flowcontrol.apiserver.k8s.io/v1beta3 1.29 1.32 flowcontrol.apiserver.k8s.io/v1: FlowSchema PriorityLevelConfiguration
v1 1.33 - discovery.k8s.io/v1: Endpoints | the kind is called EndpointSlice there
";

/// Whether an object's API version is removed or deprecated.
#[must_use]
pub fn old_api(api_version: &str, kind: &str) -> Option<OldApi> {
    // Of the stable ones, which do not end in `beta1` or the like, only the Endpoints are old.
    let stage = api_version.trim_end_matches(|it: char| it.is_ascii_digit());
    if !stage.ends_with('a') && kind != "Endpoints" {
        return None;
    }
    lines(OLD).find_map(|line| {
        let rest = line.strip_prefix(api_version)?.strip_prefix(' ')?;
        let (versions, rest) = split_once(rest, ": ")?;
        let (kinds, note) = split_once(rest, " | ").unwrap_or((rest, ""));
        let mut words = versions.split(' ');
        let deprecated_in = words.next()?;
        let removed_in = words.next().filter(|it| *it != "-");
        let replacement = words.next().filter(|it| *it != "-").unwrap_or_default();
        is_among(kinds, kind).then_some(OldApi { removed_in, deprecated_in, replacement, note })
    })
}

/// Names that agents on every node have: they need the host's file system and network.
const AGENTS: &str = "node-exporter node_exporter fluent-bit fluentd fluentbit promtail alloy \
    filebeat metricbeat datadog-agent vector otel-collector-agent cadvisor kube-proxy \
    calico-node cilium cilium-agent kube-flannel weave-net aws-node csi-node ebs-csi-node \
    efs-csi-node longhorn-manager nvidia-device-plugin gpu-operator falco kured \
    node-problem-detector node-local-dns nodelocaldns speaker multus ovs-node velero node-agent \
    trivy-node-collector kubelet kubevirt rook-ceph-osd openebs-ndm spire-agent tetragon \
    sysdig-agent newrelic-infrastructure dynatrace nfd-worker kube-vip metallb-speaker \
    local-path-provisioner hostpath-provisioner nfs-provisioner";

/// Whether an image's last part or an object's name is that of a known agent on the nodes.
#[must_use]
pub fn is_node_agent(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    words(AGENTS).any(|it| {
        name.strip_suffix(it).is_some_and(|before| before.is_empty() || before.ends_with('-'))
            || name.strip_prefix(it).is_some_and(|after| is_among("-ds -daemonset -agent", after))
    })
}

/// Repositories of controllers that take traffic from outside, and so listen on the host.
const INGRESS_CONTROLLERS: &str = "registry.k8s.io/ingress-nginx/controller \
    k8s.gcr.io/ingress-nginx/controller nginx/nginx-ingress traefik \
    haproxytech/kubernetes-ingress kong/kubernetes-ingress-controller kong envoyproxy/envoy \
    envoyproxy/gateway ghcr.io/projectcontour/contour quay.io/jcmoraisjr/haproxy-ingress \
    caddy/ingress istio/proxyv2 docker.io/istio/proxyv2 apache/apisix quay.io/cilium/cilium \
    rancher/klipper-lb datawire/aes docker.io/emissaryingress/emissary";

/// Whether a normalised repository is that of an ingress controller or an edge proxy.
#[must_use]
pub fn is_ingress_controller(repository: &str) -> bool {
    is_among(INGRESS_CONTROLLERS, repository)
}

/// Namespaces that belong to the cluster, not to an application.
#[must_use]
pub fn is_system_namespace(namespace: &str) -> bool {
    const SYSTEM: &str = "kube-system kube-public kube-node-lease ingress-nginx cert-manager \
        monitoring longhorn-system metallb-system calico-system istio-system argocd flux-system \
        tigera-operator local-path-storage";
    is_among(SYSTEM, namespace)
}

/// Host paths that do no harm when mounted read-only.
#[must_use]
pub fn is_harmless_host_path(path: &str) -> bool {
    const HARMLESS: &str = "/etc/localtime /etc/timezone /usr/share/zoneinfo /etc/machine-id \
        /etc/ssl/certs /etc/pki /etc/os-release /usr/share/ca-certificates /etc/ca-certificates \
        /dev/shm /dev/net/tun /dev/fuse /dev/dri";
    is_among(HARMLESS, path.trim_end_matches('/'))
}

/// Whether a path is the socket of a container runtime.
#[must_use]
pub fn is_runtime_socket(path: &str) -> bool {
    const SOCKETS: &str = "/var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock \
        /var/run/containerd/containerd.sock /run/podman/podman.sock /var/run/crio/crio.sock \
        /run/crio/crio.sock //var/run/docker.sock";
    is_among(SOCKETS, path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_old_apis() {
        let cron = old_api("batch/v1beta1", "CronJob").expect("in the table");
        assert_eq!((cron.removed_in, cron.replacement), (Some("1.25"), "batch/v1"));
        assert!(
            old_api("extensions/v1beta1", "Ingress").is_some_and(|it| it.note.contains("pathType"))
        );
        assert!(old_api("v1", "Endpoints").is_some_and(|it| it.removed_in.is_none()));
        for (api, kind) in [
            ("batch/v1", "CronJob"),
            ("apps/v1", "Deployment"),
            ("batch/v1beta1", "Job"),
            ("v1", "Service"),
        ] {
            assert_eq!(old_api(api, kind), None, "{api} {kind}");
        }
    }

    #[test]
    fn every_row_is_listed_once_and_removed_after_it_was_deprecated() {
        let minor = |it: &str| {
            it.split_once('.').and_then(|it| it.1.parse::<u32>().ok()).expect("a version")
        };
        let mut seen = Vec::new();
        for line in OLD.lines() {
            let (head, rest) = line.split_once(": ").expect(line);
            let (api, _) = head.split_once(' ').expect(line);
            assert_eq!(head.split(' ').count(), 4, "{line}");
            for kind in rest.split(" | ").next().expect(line).split(' ') {
                assert!(!seen.contains(&(api, kind)), "{line}");
                seen.push((api, kind));
                let row = old_api(api, kind).expect(line);
                assert!(
                    row.removed_in.is_none_or(|it| minor(it) > minor(row.deprecated_in)),
                    "{row:?}"
                );
            }
        }
        assert!(seen.len() > 40);
    }

    #[test]
    fn knows_agents_and_edges() {
        assert!(
            is_node_agent("quay.io/prometheus/node-exporter")
                && is_node_agent("my-fluent-bit")
                && is_node_agent("kube-flannel-ds")
        );
        assert!(!is_node_agent("web") && !is_node_agent("vectorize") && !is_node_agent("exporter"));
        assert!(
            is_ingress_controller("registry.k8s.io/ingress-nginx/controller")
                && !is_ingress_controller("nginx")
        );
        assert!(
            is_runtime_socket("/var/run/docker.sock") && !is_runtime_socket("/var/run/app.sock")
        );
        assert!(is_harmless_host_path("/etc/localtime") && !is_harmless_host_path("/etc"));
    }
}
