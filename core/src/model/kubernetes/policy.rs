//! What limits or watches Pods from beside: budgets, network policies, monitors, quotas.

use super::{Resource, Selector};
use crate::model::read::{IntOrStr, Place, Str};
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
    /// An empty one selects every Pod of the namespace.
    pub pod_selector: Option<Selector>,
    pub policy_types: Vec<Str>,
    /// Whether `ingress` and `egress` are written, and how many rules each has.
    pub ingress: Option<usize>,
    pub egress: Option<usize>,
    pub place: Option<Place>,
}

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
    /// The namespaces it looks in: empty means its own.
    pub namespaces: Vec<Str>,
    /// `namespaceSelector.any: true`
    pub any_namespace: bool,
    /// The port names of its endpoints.
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
    /// The limits that a container without them gets.
    pub default: Vec<Resource>,
    /// The requests that a container without them gets.
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
