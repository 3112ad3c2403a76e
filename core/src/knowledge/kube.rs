//! Kubernetes itself: API versions that are removed or deprecated, and what belongs to the cluster
//! rather than to an application.
//!
//! Sources: Kubernetes documentation, "Deprecated API Migration Guide" and "Deprecation Policy";
//! for agents and controllers, each project's own manifests.

use super::data::{entries, words};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// An API version that is or will be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldApi {
    /// The release that no longer serves it; `None` while it is only deprecated.
    pub removed_in: Option<&'static str>,
    pub deprecated_in: &'static str,
    /// The API version to write instead; empty when the kind has no replacement.
    pub replacement: &'static str,
    /// What else must change with it; empty when nothing must.
    pub note: &'static str,
}

/// The old API versions by API version and kind.
static OLD_APIS: LazyLock<FxHashMap<(&str, &str), OldApi>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/old_apis.txt"));
    let rows = rows.map(|row| read_row(row).expect("internal error: a malformed row"));
    rows.flat_map(|(version, kinds, old)| kinds.split(' ').map(move |it| ((version, it), old)))
        .collect()
});

/// Reads `VERSION DEPRECATED REMOVED REPLACEMENT: KINDS | NOTE` into the version, the kinds and
/// what is known of them.
fn read_row(row: &'static str) -> Option<(&'static str, &'static str, OldApi)> {
    let (head, rest) = row.split_once(": ")?;
    let (kinds, note) = rest.split_once(" | ").unwrap_or((rest, ""));
    let [version, deprecated_in, removed_in, replacement] =
        head.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let unless_dash = |word: &'static str| (word != "-").then_some(word);
    let old = OldApi {
        removed_in: unless_dash(removed_in),
        deprecated_in,
        replacement: unless_dash(replacement).unwrap_or_default(),
        note,
    };
    Some((version, kinds, old))
}

/// Returns what is known of an object's API version if that is removed or deprecated.
#[must_use]
pub fn old_api(api_version: &str, kind: &str) -> Option<OldApi> {
    OLD_APIS.get(&(api_version, kind)).copied()
}

/// The kinds that people write by hand, by the API version that serves them. A kind that has moved is in the old
/// versions as well.
const SERVED: &[(&str, &[&str])] = &[
    (
        "v1",
        &[
            "ConfigMap",
            "Namespace",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    ("apps/v1", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch/v1", &["CronJob", "Job"]),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"]),
    ("policy/v1", &["PodDisruptionBudget"]),
    ("networking.k8s.io/v1", &["Ingress", "IngressClass", "NetworkPolicy"]),
    ("rbac.authorization.k8s.io/v1", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("storage.k8s.io/v1", &["StorageClass"]),
];

/// Returns the API version that serves a kind, where another group of Kubernetes' own is written that has never
/// had it: `v1` for a Deployment. Groups of others may have a kind of the same name.
#[must_use]
pub fn never_existed(api_version: &str, kind: &str) -> Option<&'static str> {
    let group = |version: &str| version.rsplit_once('/').map_or("", |it| it.0).to_owned();
    let own = group(api_version);
    let is_built_in = own == "extensions" || SERVED.iter().any(|(it, _)| group(it) == own);
    let (right, _) = SERVED.iter().find(|(_, kinds)| kinds.contains(&kind))?;
    let was_there = old_api(api_version, kind).is_some() || group(right) == own;
    (is_built_in && !was_there && !api_version.is_empty()).then_some(*right)
}

static CLUSTER_KINDS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/cluster_kinds.txt")));

/// Whether objects of this kind live outside of namespaces.
#[must_use]
pub fn is_cluster_wide(kind: &str) -> bool {
    CLUSTER_KINDS.contains(kind)
}

static NODE_AGENTS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/node_agents.txt")));

/// Whether the last part of an image's repository or an object's name is that of a known node
/// agent, perhaps with a prefix (`my-fluent-bit`) or with a suffix for its kind
/// (`kube-flannel-ds`).
#[must_use]
pub fn is_node_agent(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut ends =
        std::iter::once(name).chain(name.match_indices('-').map(|(at, _)| &name[at + 1..]));
    let mut stems = ["-ds", "-daemonset", "-agent"].iter().filter_map(|it| name.strip_suffix(it));
    ends.any(|end| NODE_AGENTS.contains(end)) || stems.any(|stem| NODE_AGENTS.contains(stem))
}

static HOST_NETWORK_IMAGES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/host_network_images.txt")));

/// Whether the makers of an image tell people to run it on the network of the host. The name is the last part
/// of the repository.
#[must_use]
pub fn wants_host_network(program: &str) -> bool {
    HOST_NETWORK_IMAGES.contains(program)
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
const SYSTEM_NAMESPACES: &[&str] = &[
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "ingress-nginx",
    "cert-manager",
    "monitoring",
    "longhorn-system",
    "metallb-system",
    "calico-system",
    "istio-system",
    "argocd",
    "flux-system",
    "tigera-operator",
    "local-path-storage",
];

/// Whether a namespace belongs to the cluster, not to an application.
#[must_use]
pub fn is_system_namespace(namespace: &str) -> bool {
    SYSTEM_NAMESPACES.contains(&namespace)
}

/// Host paths that do no harm when mounted read-only.
const HARMLESS_HOST_PATHS: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/etc/machine-id",
    "/etc/ssl/certs",
    "/etc/pki",
    "/etc/os-release",
    "/usr/share/ca-certificates",
    "/etc/ca-certificates",
    "/dev/shm",
    "/dev/net/tun",
    "/dev/fuse",
    "/dev/dri",
];

/// Whether a host path does no harm when mounted read-only.
#[must_use]
pub fn is_harmless_host_path(path: &str) -> bool {
    HARMLESS_HOST_PATHS.contains(&path.trim_end_matches('/'))
}

/// Sockets of container runtimes; Docker Desktop on Windows is reached with two slashes.
const RUNTIME_SOCKETS: &[&str] = &[
    "/var/run/docker.sock",
    "//var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/var/run/crio/crio.sock",
    "/run/crio/crio.sock",
];

/// Whether a path is the socket of a container runtime.
#[must_use]
pub fn is_runtime_socket(path: &str) -> bool {
    RUNTIME_SOCKETS.contains(&path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_apis_say_what_replaces_them() {
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
    fn a_group_that_never_had_a_kind_is_told_from_one_that_did() {
        assert_eq!(never_existed("v1", "Deployment"), Some("apps/v1"));
        assert_eq!(never_existed("apps/v1", "Service"), Some("v1"));
        assert_eq!(never_existed("apps/v1", "Ingress"), Some("networking.k8s.io/v1"));
        for (version, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1beta1", "Deployment"),
            ("extensions/v1beta1", "Ingress"),
            ("autoscaling/v1", "HorizontalPodAutoscaler"),
            ("serving.knative.dev/v1", "Service"),
            ("batch.volcano.sh/v1alpha1", "Job"),
            ("v1", "Widget"),
            ("", "Deployment"),
        ] {
            assert_eq!(never_existed(version, kind), None, "{version} {kind}");
        }
    }

    #[test]
    fn every_old_api_is_listed_once_and_removed_after_its_deprecation() {
        let minor = |release: &str| -> u32 {
            release.split_once('.').and_then(|(_, minor)| minor.parse().ok()).expect("a release")
        };
        let mut seen = Vec::new();
        for row in entries(include_str!("data/old_apis.txt")) {
            let (version, kinds, old) = read_row(row).expect(row);
            assert!(old.removed_in.is_none_or(|it| minor(it) > minor(old.deprecated_in)), "{row}");
            for kind in kinds.split(' ') {
                assert!(!seen.contains(&(version, kind)), "{row}");
                seen.push((version, kind));
            }
        }
        assert!(seen.len() > 40);
    }

    #[test]
    fn agents_edges_and_host_paths_are_known() {
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
