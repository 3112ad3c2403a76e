//! Reads Pod templates and Pod specs.

use crate::model::kubernetes::pod::{SecurityOf, read_security};
use crate::model::kubernetes::read::container::{read_container, read_requirements};
use crate::model::kubernetes::read::meta::read_meta;
use crate::model::kubernetes::read::scalar::string_pairs;
use crate::model::kubernetes::selector::{read_requirement, read_selector};
use crate::model::kubernetes::volume::read_volume;
use crate::model::kubernetes::{
    Affinity, AffinityTerm, HostAlias, NodeTerm, PodSpec, PodTemplate, Toleration, TopologySpread,
};
use crate::model::read::{Reader, Str};
use crate::syntax::Node;

pub(crate) fn read_template(reader: &mut Reader, node: Node<'_>) -> PodTemplate {
    let mut it = PodTemplate {
        place: node.is_mapping().then(|| reader.place(node)),
        ..PodTemplate::default()
    };
    reader.each(node, "PodTemplateSpec", |reader, key, entry| {
        match key {
            "metadata" => it.meta = read_meta(reader, entry.value),
            "spec" => it.spec = read_pod_spec(reader, entry.value),
            _ => return false,
        }
        true
    });
    it
}

pub(crate) fn read_pod_spec(reader: &mut Reader, node: Node<'_>) -> PodSpec {
    let mut it =
        PodSpec { place: node.is_mapping().then(|| reader.place(node)), ..PodSpec::default() };
    reader.each(node, "PodSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "containers" => {
                it.containers = reader.list(value, read_container);
                it.containers_place = Some(reader.place(value));
            }
            "initContainers" => it.init_containers = reader.list(value, read_container),
            "ephemeralContainers" => it.ephemeral_containers = reader.list(value, read_container),
            "volumes" => {
                it.volumes = reader.list(value, read_volume);
                it.volumes_place = Some(reader.place(value));
            }
            "hostNetwork" => reader.read(value, &mut it.host_network),
            "hostPID" => reader.read(value, &mut it.host_pid),
            "hostIPC" => reader.read(value, &mut it.host_ipc),
            "shareProcessNamespace" => reader.read(value, &mut it.share_process_namespace),
            "hostname" => reader.read(value, &mut it.hostname),
            "subdomain" => reader.read(value, &mut it.subdomain),
            "nodeName" => reader.read(value, &mut it.node_name),
            "nodeSelector" => it.node_selector = string_pairs(reader, value),
            "affinity" => it.affinity = read_affinity(reader, value),
            "tolerations" => it.tolerations = reader.list(value, read_toleration),
            "topologySpreadConstraints" => {
                it.topology_spread = reader.list(value, read_spread);
            }
            "serviceAccountName" => reader.read(value, &mut it.service_account_name),
            // The old name of the same field.
            "serviceAccount" => {
                if it.service_account_name.is_none() {
                    reader.read(value, &mut it.service_account_name);
                }
            }
            "automountServiceAccountToken" => {
                reader.read(value, &mut it.automount_service_account_token);
            }
            "terminationGracePeriodSeconds" => {
                reader.read(value, &mut it.termination_grace_period_seconds);
            }
            "activeDeadlineSeconds" => reader.read(value, &mut it.active_deadline_seconds),
            "enableServiceLinks" => reader.read(value, &mut it.enable_service_links),
            "restartPolicy" => reader.read(value, &mut it.restart_policy),
            "imagePullSecrets" => it.image_pull_secrets = read_names(reader, value),
            "hostAliases" => it.host_aliases = reader.list(value, read_host_alias),
            "dnsPolicy" => reader.read(value, &mut it.dns_policy),
            "priorityClassName" => reader.read(value, &mut it.priority_class_name),
            "runtimeClassName" => reader.read(value, &mut it.runtime_class_name),
            "schedulerName" => reader.read(value, &mut it.scheduler_name),
            "securityContext" => it.security = read_security(reader, value, SecurityOf::Pod),
            "resources" => it.resources = read_requirements(reader, value),
            _ => return false,
        }
        true
    });
    it
}

/// Reads a list of `name: x`.
pub(crate) fn read_names(reader: &mut Reader, node: Node<'_>) -> Vec<Str> {
    reader.list(node, |reader, it| {
        let mut name = None;
        reader.each(it, "LocalObjectReference", |reader, key, entry| {
            if key == "name" {
                reader.read(entry.value, &mut name);
            }
            true
        });
        name
    })
}

fn read_affinity(reader: &mut Reader, node: Node<'_>) -> Affinity {
    let mut it = Affinity::default();
    reader.each(node, "Affinity", |reader, key, entry| {
        let value = entry.value;
        let set = (!value.is_null()).then(|| entry.span());
        match key {
            "nodeAffinity" => {
                it.node = set;
                it.node_terms = read_node_terms(reader, value);
            }
            "podAffinity" => it.pod = set,
            "podAntiAffinity" => {
                it.anti = set;
                it.anti_terms = read_anti_terms(reader, value);
            }
            _ => return false,
        }
        true
    });
    it
}

fn read_node_terms(reader: &mut Reader, node: Node<'_>) -> Vec<NodeTerm> {
    let mut all = Vec::new();
    reader.each(node, "NodeAffinity", |reader, key, entry| {
        match key {
            "requiredDuringSchedulingIgnoredDuringExecution" => {
                reader.each(entry.value, "NodeSelector", |reader, key, entry| {
                    if key == "nodeSelectorTerms" {
                        all.extend(reader.list(entry.value, |reader, it| {
                            Some(read_node_term(reader, it, true))
                        }));
                    }
                    key == "nodeSelectorTerms"
                });
            }
            "preferredDuringSchedulingIgnoredDuringExecution" => {
                all.extend(reader.list(entry.value, |reader, it| {
                    it.get("preference").map(|it| read_node_term(reader, it, false))
                }));
            }
            _ => return false,
        }
        true
    });
    all
}

fn read_node_term(reader: &mut Reader, node: Node<'_>, required: bool) -> NodeTerm {
    let mut term = NodeTerm { required, labels: Vec::new(), fields: Vec::new(), span: node.span() };
    reader.each(node, "NodeSelectorTerm", |reader, key, entry| {
        match key {
            "matchExpressions" => term.labels = reader.list(entry.value, read_requirement),
            "matchFields" => term.fields = reader.list(entry.value, read_requirement),
            _ => return false,
        }
        true
    });
    term
}

fn read_anti_terms(reader: &mut Reader, node: Node<'_>) -> Vec<AffinityTerm> {
    let mut all = Vec::new();
    reader.each(node, "PodAntiAffinity", |reader, key, entry| {
        match key {
            "requiredDuringSchedulingIgnoredDuringExecution" => {
                all.extend(
                    reader.list(entry.value, |reader, it| Some(read_term(reader, it, true))),
                );
            }
            "preferredDuringSchedulingIgnoredDuringExecution" => {
                all.extend(reader.list(entry.value, |reader, it| {
                    it.get("podAffinityTerm").map(|it| read_term(reader, it, false))
                }));
            }
            _ => return false,
        }
        true
    });
    all
}

fn read_term(reader: &mut Reader, node: Node<'_>, required: bool) -> AffinityTerm {
    let mut term = AffinityTerm {
        required,
        topology_key: None,
        selector: None,
        match_label_keys: Vec::new(),
        span: node.span(),
    };
    reader.each(node, "PodAffinityTerm", |reader, key, entry| {
        match key {
            "topologyKey" => reader.read(entry.value, &mut term.topology_key),
            "labelSelector" => term.selector = read_selector(reader, entry.value),
            "matchLabelKeys" => reader.read(entry.value, &mut term.match_label_keys),
            _ => return false,
        }
        true
    });
    term
}

fn read_toleration(reader: &mut Reader, node: Node<'_>) -> Option<Toleration> {
    let mut it = Toleration { span: node.span(), ..Toleration::default() };
    reader.each(node, "Toleration", |reader, key, entry| {
        let value = entry.value;
        match key {
            "key" => reader.read(value, &mut it.key),
            "operator" => reader.read(value, &mut it.operator),
            "value" => reader.read(value, &mut it.value),
            "effect" => reader.read(value, &mut it.effect),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_spread(reader: &mut Reader, node: Node<'_>) -> Option<TopologySpread> {
    let mut it = TopologySpread { span: node.span(), ..TopologySpread::default() };
    reader.each(node, "TopologySpreadConstraint", |reader, key, entry| {
        let value = entry.value;
        match key {
            "topologyKey" => reader.read(value, &mut it.topology_key),
            "maxSkew" => reader.read(value, &mut it.max_skew),
            "whenUnsatisfiable" => reader.read(value, &mut it.when_unsatisfiable),
            "minDomains" => reader.read(value, &mut it.min_domains),
            "labelSelector" => it.selector = read_selector(reader, value),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_host_alias(reader: &mut Reader, node: Node<'_>) -> Option<HostAlias> {
    let mut it = HostAlias::default();
    reader.each(node, "HostAlias", |reader, key, entry| {
        match key {
            "ip" => reader.read(entry.value, &mut it.ip),
            "hostnames" => reader.read(entry.value, &mut it.hostnames),
            _ => return false,
        }
        true
    });
    Some(it)
}
