//! Kubernetes itself: API versions that are gone or going, and what runs on every node.
//!
//! Source: Kubernetes documentation, "Deprecated API Migration Guide" and "Deprecation Policy"; for
//! other projects' APIs, the release notes named in the row.

/// An API version that is or will be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldApi {
    pub api_version: &'static str,
    pub kind: &'static str,
    /// The release that no longer serves it; `None` while it is only deprecated.
    pub removed_in: Option<&'static str>,
    pub deprecated_in: &'static str,
    /// What to write instead; empty when the kind is gone for good.
    pub replacement: &'static str,
    /// What else must change with it.
    pub note: &'static str,
}

const fn gone(
    api_version: &'static str,
    kind: &'static str,
    removed: &'static str,
    deprecated: &'static str,
    replacement: &'static str,
) -> OldApi {
    OldApi {
        api_version,
        kind,
        removed_in: Some(removed),
        deprecated_in: deprecated,
        replacement,
        note: "",
    }
}

const fn noted(row: OldApi, note: &'static str) -> OldApi {
    OldApi { note, ..row }
}

const SELECTOR: &str = "`spec.selector` is required and cannot be changed later";
const INGRESS: &str =
    "`backend.serviceName` and `servicePort` became `backend.service`, and `pathType` is required";
const POD_SECURITY: &str = "Pod Security Admission takes its place: label the namespace";
const AUTOSCALING: &str = "a metric's target moved below `target`";

const OLD: &[OldApi] = &[
    noted(gone("extensions/v1beta1", "Deployment", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta1", "Deployment", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta2", "Deployment", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta1", "StatefulSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta2", "StatefulSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("extensions/v1beta1", "DaemonSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta2", "DaemonSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("extensions/v1beta1", "ReplicaSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta1", "ReplicaSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    noted(gone("apps/v1beta2", "ReplicaSet", "1.16", "1.9", "apps/v1"), SELECTOR),
    gone("extensions/v1beta1", "NetworkPolicy", "1.16", "1.9", "networking.k8s.io/v1"),
    noted(gone("extensions/v1beta1", "PodSecurityPolicy", "1.16", "1.10", ""), POD_SECURITY),
    noted(gone("policy/v1beta1", "PodSecurityPolicy", "1.25", "1.21", ""), POD_SECURITY),
    noted(gone("extensions/v1beta1", "Ingress", "1.22", "1.14", "networking.k8s.io/v1"), INGRESS),
    noted(
        gone("networking.k8s.io/v1beta1", "Ingress", "1.22", "1.19", "networking.k8s.io/v1"),
        INGRESS,
    ),
    gone("networking.k8s.io/v1beta1", "IngressClass", "1.22", "1.19", "networking.k8s.io/v1"),
    noted(
        gone(
            "apiextensions.k8s.io/v1beta1",
            "CustomResourceDefinition",
            "1.22",
            "1.16",
            "apiextensions.k8s.io/v1",
        ),
        "each version needs a structural schema",
    ),
    gone(
        "apiregistration.k8s.io/v1beta1",
        "APIService",
        "1.22",
        "1.19",
        "apiregistration.k8s.io/v1",
    ),
    noted(
        gone(
            "admissionregistration.k8s.io/v1beta1",
            "MutatingWebhookConfiguration",
            "1.22",
            "1.16",
            "admissionregistration.k8s.io/v1",
        ),
        "`sideEffects` and `admissionReviewVersions` are required",
    ),
    noted(
        gone(
            "admissionregistration.k8s.io/v1beta1",
            "ValidatingWebhookConfiguration",
            "1.22",
            "1.16",
            "admissionregistration.k8s.io/v1",
        ),
        "`sideEffects` and `admissionReviewVersions` are required",
    ),
    gone(
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRole",
        "1.22",
        "1.17",
        "rbac.authorization.k8s.io/v1",
    ),
    gone(
        "rbac.authorization.k8s.io/v1beta1",
        "ClusterRoleBinding",
        "1.22",
        "1.17",
        "rbac.authorization.k8s.io/v1",
    ),
    gone(
        "rbac.authorization.k8s.io/v1beta1",
        "Role",
        "1.22",
        "1.17",
        "rbac.authorization.k8s.io/v1",
    ),
    gone(
        "rbac.authorization.k8s.io/v1beta1",
        "RoleBinding",
        "1.22",
        "1.17",
        "rbac.authorization.k8s.io/v1",
    ),
    gone("scheduling.k8s.io/v1beta1", "PriorityClass", "1.22", "1.14", "scheduling.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "StorageClass", "1.22", "1.19", "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "VolumeAttachment", "1.22", "1.19", "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSIDriver", "1.22", "1.19", "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSINode", "1.22", "1.17", "storage.k8s.io/v1"),
    gone("storage.k8s.io/v1beta1", "CSIStorageCapacity", "1.27", "1.24", "storage.k8s.io/v1"),
    gone("coordination.k8s.io/v1beta1", "Lease", "1.22", "1.19", "coordination.k8s.io/v1"),
    gone(
        "certificates.k8s.io/v1beta1",
        "CertificateSigningRequest",
        "1.22",
        "1.19",
        "certificates.k8s.io/v1",
    ),
    gone("batch/v1beta1", "CronJob", "1.25", "1.21", "batch/v1"),
    gone("batch/v2alpha1", "CronJob", "1.21", "1.8", "batch/v1"),
    gone("discovery.k8s.io/v1beta1", "EndpointSlice", "1.25", "1.21", "discovery.k8s.io/v1"),
    gone("events.k8s.io/v1beta1", "Event", "1.25", "1.22", "events.k8s.io/v1"),
    noted(
        gone("policy/v1beta1", "PodDisruptionBudget", "1.25", "1.21", "policy/v1"),
        "an empty selector now selects all Pods of the namespace, not none",
    ),
    gone("node.k8s.io/v1beta1", "RuntimeClass", "1.25", "1.22", "node.k8s.io/v1"),
    noted(
        gone("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.25", "1.22", "autoscaling/v2"),
        AUTOSCALING,
    ),
    noted(
        gone("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.26", "1.23", "autoscaling/v2"),
        AUTOSCALING,
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "FlowSchema",
        "1.26",
        "1.23",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta1",
        "PriorityLevelConfiguration",
        "1.26",
        "1.23",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "FlowSchema",
        "1.29",
        "1.26",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta2",
        "PriorityLevelConfiguration",
        "1.29",
        "1.26",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "FlowSchema",
        "1.32",
        "1.29",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    gone(
        "flowcontrol.apiserver.k8s.io/v1beta3",
        "PriorityLevelConfiguration",
        "1.32",
        "1.29",
        "flowcontrol.apiserver.k8s.io/v1",
    ),
    OldApi {
        api_version: "v1",
        kind: "Endpoints",
        removed_in: None,
        deprecated_in: "1.33",
        replacement: "discovery.k8s.io/v1",
        note: "the kind is called EndpointSlice there",
    },
];

/// Whether an object's API version is removed or deprecated.
#[must_use]
pub fn old_api(api_version: &str, kind: &str) -> Option<&'static OldApi> {
    OLD.iter().find(|it| it.api_version == api_version && it.kind == kind)
}

/// Names that agents on every node have: they need the host's file system and network.
const AGENTS: &[&str] = &[
    "node-exporter",
    "node_exporter",
    "fluent-bit",
    "fluentd",
    "fluentbit",
    "promtail",
    "alloy",
    "filebeat",
    "metricbeat",
    "datadog-agent",
    "vector",
    "otel-collector-agent",
    "cadvisor",
    "kube-proxy",
    "calico-node",
    "cilium",
    "cilium-agent",
    "kube-flannel",
    "weave-net",
    "aws-node",
    "csi-node",
    "ebs-csi-node",
    "efs-csi-node",
    "longhorn-manager",
    "nvidia-device-plugin",
    "gpu-operator",
    "falco",
    "kured",
    "node-problem-detector",
    "node-local-dns",
    "nodelocaldns",
    "speaker",
    "multus",
    "ovs-node",
    "velero",
    "node-agent",
    "trivy-node-collector",
    "kubelet",
    "kubevirt",
    "rook-ceph-osd",
    "openebs-ndm",
    "spire-agent",
    "tetragon",
    "sysdig-agent",
    "newrelic-infrastructure",
    "dynatrace",
    "nfd-worker",
    "kube-vip",
    "metallb-speaker",
    "local-path-provisioner",
    "hostpath-provisioner",
    "nfs-provisioner",
];

/// Whether an image's last part or an object's name is that of a known agent on the nodes.
#[must_use]
pub fn is_node_agent(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    AGENTS.iter().any(|it| {
        name == *it
            || name.strip_suffix(it).is_some_and(|before| before.ends_with('-'))
            || name
                .strip_prefix(it)
                .is_some_and(|after| matches!(after, "-ds" | "-daemonset" | "-agent"))
    })
}

/// Repositories of controllers that take traffic from outside, and so listen on the host.
const INGRESS_CONTROLLERS: &[&str] = &[
    "registry.k8s.io/ingress-nginx/controller",
    "k8s.gcr.io/ingress-nginx/controller",
    "nginx/nginx-ingress",
    "traefik",
    "haproxytech/kubernetes-ingress",
    "kong/kubernetes-ingress-controller",
    "kong",
    "envoyproxy/envoy",
    "envoyproxy/gateway",
    "ghcr.io/projectcontour/contour",
    "quay.io/jcmoraisjr/haproxy-ingress",
    "caddy/ingress",
    "istio/proxyv2",
    "docker.io/istio/proxyv2",
    "apache/apisix",
    "quay.io/cilium/cilium",
    "rancher/klipper-lb",
    "datawire/aes",
    "docker.io/emissaryingress/emissary",
];

/// Whether a normalised repository is that of an ingress controller or an edge proxy.
#[must_use]
pub fn is_ingress_controller(repository: &str) -> bool {
    INGRESS_CONTROLLERS.contains(&repository)
}

/// Namespaces that belong to the cluster, not to an application.
#[must_use]
pub fn is_system_namespace(namespace: &str) -> bool {
    matches!(
        namespace,
        "kube-system"
            | "kube-public"
            | "kube-node-lease"
            | "ingress-nginx"
            | "cert-manager"
            | "monitoring"
            | "longhorn-system"
            | "metallb-system"
            | "calico-system"
            | "istio-system"
            | "argocd"
            | "flux-system"
            | "tigera-operator"
            | "local-path-storage"
    )
}

/// Host paths that do no harm when mounted read-only.
#[must_use]
pub fn is_harmless_host_path(path: &str) -> bool {
    matches!(
        path.trim_end_matches('/'),
        "/etc/localtime"
            | "/etc/timezone"
            | "/usr/share/zoneinfo"
            | "/etc/machine-id"
            | "/etc/ssl/certs"
            | "/etc/pki"
            | "/etc/os-release"
            | "/usr/share/ca-certificates"
            | "/etc/ca-certificates"
            | "/dev/shm"
            | "/dev/net/tun"
            | "/dev/fuse"
            | "/dev/dri"
    )
}

/// Whether a path is the socket of a container runtime.
#[must_use]
pub fn is_runtime_socket(path: &str) -> bool {
    matches!(
        path.trim_end_matches('/'),
        "/var/run/docker.sock"
            | "/run/docker.sock"
            | "/run/containerd/containerd.sock"
            | "/var/run/containerd/containerd.sock"
            | "/run/podman/podman.sock"
            | "/var/run/crio/crio.sock"
            | "/run/crio/crio.sock"
            | "//var/run/docker.sock"
    )
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
        for (at, row) in OLD.iter().enumerate() {
            assert!(
                !OLD[at + 1..]
                    .iter()
                    .any(|it| it.api_version == row.api_version && it.kind == row.kind),
                "{row:?}"
            );
            assert!(
                row.removed_in.is_none_or(|it| minor(it) > minor(row.deprecated_in)),
                "{row:?}"
            );
        }
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
