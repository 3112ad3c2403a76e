//! Objects that limit or watch Pods: disruption budgets, network policies, monitors, quotas.

use super::quantity::read_resources;
use super::selector::read_selector;
use super::{Resource, Selector, is_true};
use crate::model::read::{IntOrStr, Place, Reader, Str};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct DisruptionBudget {
    pub selector: Option<Selector>,
    pub min_available: Option<Spanned<IntOrStr>>,
    pub max_unavailable: Option<Spanned<IntOrStr>>,
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct NetworkPolicy {
    /// An empty selector selects every Pod of the namespace.
    pub pod_selector: Option<Selector>,
    pub policy_types: Vec<Str>,
    /// `None` if there is no such key. Without rules, nothing is allowed.
    pub ingress: Option<PolicyRules>,
    pub egress: Option<PolicyRules>,
    pub place: Option<Place>,
}

/// `ingress` or `egress` of a NetworkPolicy.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyRules {
    pub rules: Vec<PolicyRule>,
    /// The key.
    pub span: Span,
}

/// A rule of a NetworkPolicy, which allows what matches one of the peers and one of the ports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyRule {
    /// `from` or `to`; empty for everybody.
    pub peers: Vec<PolicyPeer>,
    /// Empty for all ports.
    pub ports: Vec<PolicyPort>,
    pub span: Span,
}

/// An item of `from` or `to`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyPeer {
    pub pod_selector: Option<Selector>,
    /// Without one, the Pods are those of the policy's own namespace.
    pub namespace_selector: Option<Selector>,
    /// `ipBlock.cidr`
    pub cidr: Option<Str>,
    /// `ipBlock.except`
    pub except: Vec<Str>,
}

/// An item of `ports`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyPort {
    /// `None` for `TCP`.
    pub protocol: Option<Str>,
    /// `None` for all ports of the protocol.
    pub port: Option<Spanned<IntOrStr>>,
    pub end_port: Option<Spanned<i64>>,
}

impl NetworkPolicy {
    /// Whether the policy limits what its Pods receive.
    pub fn limits_ingress(&self) -> bool {
        self.policy_types.is_empty() || self.has_type("Ingress")
    }

    /// Whether the policy limits what its Pods send.
    pub fn limits_egress(&self) -> bool {
        self.has_type("Egress") || (self.policy_types.is_empty() && self.egress.is_some())
    }

    fn has_type(&self, name: &str) -> bool {
        self.policy_types.iter().any(|it| it.as_str() == name)
    }
}

impl PolicyRule {
    /// Whether one of the ports is this one: `number`, or `name` where the policy names ports.
    pub fn allows_port(&self, protocol: &str, number: i64, name: Option<&str>) -> bool {
        self.ports.is_empty()
            || self.ports.iter().any(|it| {
                let own = it.protocol.as_ref().map_or("TCP", |it| it.as_str());
                let is_port = match it.port.as_ref().map(|it| &it.value) {
                    None => true,
                    Some(IntOrStr::Int(low)) => {
                        let high = it.end_port.map_or(*low, |it| it.value);
                        (*low..=high).contains(&number)
                    }
                    Some(IntOrStr::Str(own)) => name == Some(own.as_str()),
                };
                own == protocol && is_port
            })
    }
}

/// The kind of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MonitorKind {
    /// Selects Services.
    #[default]
    Service,
    /// Selects Pods.
    Pod,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Monitor {
    pub kind: MonitorKind,
    pub selector: Option<Selector>,
    /// The namespaces that the monitor watches; empty for its own.
    pub namespaces: Vec<Str>,
    /// `namespaceSelector.any: true`
    pub any_namespace: bool,
    /// The port names of the endpoints.
    pub ports: Vec<Str>,
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct LimitRange {
    pub items: Vec<LimitRangeItem>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct LimitRangeItem {
    /// `Container`, `Pod`, `PersistentVolumeClaim`
    pub kind: Option<Str>,
    /// The limits of a container that has none.
    pub default: Vec<Resource>,
    /// The requests of a container that has none.
    pub default_request: Vec<Resource>,
    pub min: Vec<Resource>,
    pub max: Vec<Resource>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceQuota {
    pub hard: Vec<Resource>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct PriorityClass {
    pub value: Option<Spanned<i64>>,
}

pub(crate) fn read_budget(reader: &mut Reader, spec: Node<'_>) -> DisruptionBudget {
    let mut it = DisruptionBudget {
        place: spec.is_mapping().then(|| reader.place(spec)),
        ..DisruptionBudget::default()
    };
    reader.each(spec, "PodDisruptionBudgetSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "selector" => it.selector = read_selector(reader, value),
            "minAvailable" => reader.read(value, &mut it.min_available),
            "maxUnavailable" => reader.read(value, &mut it.max_unavailable),
            _ => return false,
        }
        true
    });
    it
}

pub(crate) fn read_network_policy(reader: &mut Reader, spec: Node<'_>) -> NetworkPolicy {
    let mut it = NetworkPolicy {
        place: spec.is_mapping().then(|| reader.place(spec)),
        ..NetworkPolicy::default()
    };
    reader.each(spec, "NetworkPolicySpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "podSelector" => it.pod_selector = read_selector(reader, value),
            "policyTypes" => reader.read(value, &mut it.policy_types),
            "ingress" => {
                let rules =
                    reader.list(value, |reader, rule| read_policy_rule(reader, rule, "from"));
                it.ingress = Some(PolicyRules { rules, span: entry.key.span() });
            }
            "egress" => {
                let rules = reader.list(value, |reader, rule| read_policy_rule(reader, rule, "to"));
                it.egress = Some(PolicyRules { rules, span: entry.key.span() });
            }
            _ => return false,
        }
        true
    });
    it
}

fn read_policy_rule(reader: &mut Reader, node: Node<'_>, peers: &str) -> Option<PolicyRule> {
    let mut it = PolicyRule { span: node.span(), ..PolicyRule::default() };
    reader.each(node, "", |reader, key, entry| {
        if key == peers {
            it.peers = reader.list(entry.value, read_policy_peer);
        } else if key == "ports" {
            it.ports = reader.list(entry.value, read_policy_port);
        }
        true
    });
    Some(it)
}

fn read_policy_peer(reader: &mut Reader, node: Node<'_>) -> Option<PolicyPeer> {
    let mut it = PolicyPeer::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "podSelector" => it.pod_selector = read_selector(reader, value),
            "namespaceSelector" => it.namespace_selector = read_selector(reader, value),
            "ipBlock" => {
                it.cidr = value.get("cidr").and_then(|cidr| reader.str(cidr));
                if let Some(except) = value.get("except") {
                    reader.read(except, &mut it.except);
                }
            }
            _ => {}
        }
        true
    });
    Some(it)
}

fn read_policy_port(reader: &mut Reader, node: Node<'_>) -> Option<PolicyPort> {
    let mut it = PolicyPort::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "protocol" => reader.read(value, &mut it.protocol),
            "port" => reader.read(value, &mut it.port),
            "endPort" => reader.read(value, &mut it.end_port),
            _ => {}
        }
        true
    });
    Some(it)
}

pub(crate) fn read_monitor(reader: &mut Reader, kind: MonitorKind, spec: Node<'_>) -> Monitor {
    let mut it = Monitor {
        kind,
        place: spec.is_mapping().then(|| reader.place(spec)),
        ..Monitor::default()
    };
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "selector" => it.selector = read_selector(reader, value),
            "namespaceSelector" => {
                it.any_namespace = is_true(value.get("any").and_then(|any| reader.bool(any)));
                if let Some(names) = value.get("matchNames") {
                    reader.read(names, &mut it.namespaces);
                }
            }
            "endpoints" | "podMetricsEndpoints" => {
                it.ports =
                    reader.list(value, |reader, it| it.get("port").and_then(|it| reader.str(it)));
            }
            _ => {}
        }
        true
    });
    it
}

pub(crate) fn read_limit_range(reader: &mut Reader, spec: Node<'_>) -> LimitRange {
    let limits = spec.get("limits");
    LimitRange { items: limits.map(|it| reader.list(it, read_limit)).unwrap_or_default() }
}

fn read_limit(reader: &mut Reader, node: Node<'_>) -> Option<LimitRangeItem> {
    let mut it = LimitRangeItem { span: node.span(), ..LimitRangeItem::default() };
    reader.each(node, "LimitRangeItem", |reader, key, entry| {
        let value = entry.value;
        match key {
            "type" => reader.read(value, &mut it.kind),
            "default" => it.default = read_resources(reader, value),
            "defaultRequest" => it.default_request = read_resources(reader, value),
            "min" => it.min = read_resources(reader, value),
            "max" => it.max = read_resources(reader, value),
            _ => return false,
        }
        true
    });
    Some(it)
}

pub(crate) fn read_quota(reader: &mut Reader, spec: Node<'_>) -> ResourceQuota {
    let hard = spec.get("hard");
    ResourceQuota { hard: hard.map(|it| read_resources(reader, it)).unwrap_or_default() }
}
