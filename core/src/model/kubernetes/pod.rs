//! The Pod template and the Pod spec.

use super::{Container, Meta, Requirement, Resources, Selector, Volume};
use crate::model::read::{IntOrStr, Place, Reader, Str};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

/// The Pod template of a workload, or the Pod itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PodTemplate {
    /// The metadata of the Pods, with the labels that selectors match.
    pub meta: Meta,
    pub spec: PodSpec,
    /// `None` if there is no template.
    pub place: Option<Place>,
}

/// The spec of a Pod.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PodSpec {
    pub containers: Vec<Container>,
    pub init_containers: Vec<Container>,
    pub ephemeral_containers: Vec<Container>,
    pub volumes: Vec<Volume>,
    pub host_network: Option<Spanned<bool>>,
    pub host_pid: Option<Spanned<bool>>,
    pub host_ipc: Option<Spanned<bool>>,
    pub share_process_namespace: Option<Spanned<bool>>,
    pub hostname: Option<Str>,
    pub subdomain: Option<Str>,
    pub node_name: Option<Str>,
    pub node_selector: Vec<(Str, Str)>,
    pub affinity: Affinity,
    pub tolerations: Vec<Toleration>,
    pub topology_spread: Vec<TopologySpread>,
    pub service_account_name: Option<Str>,
    pub automount_service_account_token: Option<Spanned<bool>>,
    pub termination_grace_period_seconds: Option<Spanned<i64>>,
    pub active_deadline_seconds: Option<Spanned<i64>>,
    pub enable_service_links: Option<Spanned<bool>>,
    pub restart_policy: Option<Str>,
    /// The names of the Secrets.
    pub image_pull_secrets: Vec<Str>,
    pub host_aliases: Vec<HostAlias>,
    pub dns_policy: Option<Str>,
    pub priority_class_name: Option<Str>,
    pub runtime_class_name: Option<Str>,
    pub scheduler_name: Option<Str>,
    pub security: Option<SecurityContext>,
    /// `resources` of the whole Pod, since Kubernetes 1.32.
    pub resources: Option<Resources>,
    /// `None` if there is no `spec`.
    pub place: Option<Place>,
    /// The place of `volumes`, for a fix that adds one.
    pub volumes_place: Option<Place>,
    pub containers_place: Option<Place>,
}

impl PodSpec {
    /// Returns all containers: init, regular and ephemeral ones.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers.iter().chain(&self.containers).chain(&self.ephemeral_containers)
    }

    pub fn volume(&self, name: &str) -> Option<&Volume> {
        let named = |volume: &&Volume| volume.name.as_ref().is_some_and(|own| own.as_str() == name);
        self.volumes.iter().find(named)
    }
}

/// `affinity`: the spans of its parts, and the terms of two of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Affinity {
    pub node: Option<Span>,
    pub pod: Option<Span>,
    pub anti: Option<Span>,
    /// The terms of `nodeAffinity`, required and preferred. A node has to meet one of the required terms.
    pub node_terms: Vec<NodeTerm>,
    /// The terms of `podAntiAffinity`, required and preferred.
    pub anti_terms: Vec<AffinityTerm>,
}

/// A term of `nodeAffinity`. A node meets it by meeting every requirement.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeTerm {
    pub required: bool,
    /// Requirements on the labels of the node. `Gt` and `Lt`, which label selectors lack, are read as unknown
    /// operators.
    pub labels: Vec<Requirement>,
    /// Requirements on the fields of the node, of which only `metadata.name` is allowed.
    pub fields: Vec<Requirement>,
    pub span: Span,
}

/// A term of `podAntiAffinity`.
#[derive(Debug, Clone, PartialEq)]
pub struct AffinityTerm {
    pub required: bool,
    pub topology_key: Option<Str>,
    pub selector: Option<Selector>,
    /// Labels whose values on the new Pod are added to the selector.
    pub match_label_keys: Vec<Str>,
    pub span: Span,
}

/// An item of `tolerations`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Toleration {
    pub key: Option<Str>,
    pub operator: Option<Str>,
    pub value: Option<Str>,
    pub effect: Option<Str>,
    pub span: Span,
}

/// An item of `topologySpreadConstraints`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TopologySpread {
    pub topology_key: Option<Str>,
    pub max_skew: Option<Spanned<i64>>,
    pub when_unsatisfiable: Option<Str>,
    /// Number of domains below which the least loaded one counts as empty.
    pub min_domains: Option<Spanned<i64>>,
    pub selector: Option<Selector>,
    pub span: Span,
}

/// An item of `hostAliases`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostAlias {
    pub ip: Option<Str>,
    pub hostnames: Vec<Str>,
}

/// The `securityContext` of a Pod or of a container; each has only some of the fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SecurityContext {
    pub run_as_user: Option<Spanned<i64>>,
    pub run_as_group: Option<Spanned<i64>>,
    pub run_as_non_root: Option<Spanned<bool>>,
    pub fs_group: Option<Spanned<i64>>,
    pub privileged: Option<Spanned<bool>>,
    pub allow_privilege_escalation: Option<Spanned<bool>>,
    pub read_only_root_filesystem: Option<Spanned<bool>>,
    pub capabilities_add: Vec<Str>,
    pub capabilities_drop: Vec<Str>,
    /// `RuntimeDefault`, `Localhost`, `Unconfined`.
    pub seccomp: Option<Str>,
    pub apparmor: Option<Str>,
    pub place: Place,
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContainerPort {
    pub name: Option<Str>,
    pub container_port: Option<Spanned<i64>>,
    /// `None` for `TCP`.
    pub protocol: Option<Str>,
    pub host_port: Option<Spanned<i64>>,
    pub host_ip: Option<Str>,
    pub place: Place,
}

impl ContainerPort {
    /// Whether the number or name in a Service's `targetPort` or in a probe refers to this port.
    pub fn is(&self, port: &IntOrStr) -> bool {
        match port {
            IntOrStr::Int(it) => self.container_port.is_some_and(|port| port.value == *it),
            IntOrStr::Str(it) => self.name.as_ref().is_some_and(|name| name.value == *it),
        }
    }
}

/// The object that a `securityContext` belongs to. Each has fields that the other lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecurityOf {
    Pod,
    Container,
}

pub(crate) fn read_security(
    reader: &mut Reader,
    node: Node<'_>,
    of: SecurityOf,
) -> Option<SecurityContext> {
    if node.is_null() {
        return None;
    }
    let (of_pod, owner) = match of {
        SecurityOf::Pod => (true, "PodSecurityContext"),
        SecurityOf::Container => (false, "SecurityContext"),
    };
    let mut it = SecurityContext { place: reader.place(node), ..SecurityContext::default() };
    reader.each(node, owner, |reader, key, entry| {
        let value = entry.value;
        match key {
            "runAsUser" => reader.read(value, &mut it.run_as_user),
            "runAsGroup" => reader.read(value, &mut it.run_as_group),
            "runAsNonRoot" => reader.read(value, &mut it.run_as_non_root),
            "seccompProfile" => it.seccomp = value.get("type").and_then(|it| reader.str(it)),
            "appArmorProfile" => it.apparmor = value.get("type").and_then(|it| reader.str(it)),
            "fsGroup" if of_pod => reader.read(value, &mut it.fs_group),
            "privileged" if !of_pod => reader.read(value, &mut it.privileged),
            "allowPrivilegeEscalation" if !of_pod => {
                reader.read(value, &mut it.allow_privilege_escalation);
            }
            "readOnlyRootFilesystem" if !of_pod => {
                reader.read(value, &mut it.read_only_root_filesystem);
            }
            "capabilities" if !of_pod => {
                reader.each(value, "Capabilities", |reader, key, entry| {
                    match key {
                        "add" => reader.read(entry.value, &mut it.capabilities_add),
                        "drop" => reader.read(entry.value, &mut it.capabilities_drop),
                        _ => return false,
                    }
                    true
                });
            }
            _ => return false,
        }
        true
    });
    Some(it)
}

pub(crate) fn read_container_port(reader: &mut Reader, node: Node<'_>) -> Option<ContainerPort> {
    let mut it = ContainerPort { place: reader.place(node), ..ContainerPort::default() };
    reader.each(node, "ContainerPort", |reader, key, entry| {
        let value = entry.value;
        match key {
            "name" => reader.read(value, &mut it.name),
            "containerPort" => reader.read(value, &mut it.container_port),
            "protocol" => reader.read(value, &mut it.protocol),
            "hostPort" => reader.read(value, &mut it.host_port),
            "hostIP" => reader.read(value, &mut it.host_ip),
            _ => return false,
        }
        true
    });
    Some(it)
}
