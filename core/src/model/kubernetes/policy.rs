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
    /// The number of rules of `ingress` and of `egress`, if written.
    pub ingress: Option<usize>,
    pub egress: Option<usize>,
    pub place: Option<Place>,
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
            "ingress" => it.ingress = Some(value.items().len()),
            "egress" => it.egress = Some(value.items().len()),
            _ => return false,
        }
        true
    });
    it
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
