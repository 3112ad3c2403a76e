//! What changes replicas or requests by itself.

use super::Quantity;
use crate::model::read::{Place, Str};
use crate::text::{Span, Spanned};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AutoscalerKind {
    /// HorizontalPodAutoscaler, any version.
    Horizontal,
    /// KEDA
    ScaledObject,
    /// KEDA: makes Jobs and has no target.
    ScaledJob,
    /// Changes requests, not replicas.
    Vertical,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Autoscaler {
    pub kind: AutoscalerKind,
    pub target: Option<TargetRef>,
    pub min: Option<Spanned<i64>>,
    pub max: Option<Spanned<i64>>,
    pub metrics: Vec<Metric>,
    /// KEDA triggers by their type.
    pub triggers: Vec<Str>,
    /// VPA: `Off`, `Initial`, `Recreate`, `Auto`, `InPlaceOrRecreate`.
    pub update_mode: Option<Str>,
    pub place: Option<Place>,
}

impl Autoscaler {
    /// Changes the number of replicas of its target.
    pub fn scales_replicas(&self) -> bool {
        matches!(self.kind, AutoscalerKind::Horizontal | AutoscalerKind::ScaledObject)
    }

    /// The most replicas: an HPA must say; KEDA's default is 100.
    pub fn maximum(&self) -> Option<i64> {
        match self.kind {
            AutoscalerKind::ScaledObject | AutoscalerKind::ScaledJob => {
                Some(self.max.map_or(100, |it| it.value))
            }
            AutoscalerKind::Horizontal => self.max.map(|it| it.value),
            AutoscalerKind::Vertical => None,
        }
    }

    /// The fewest replicas: 1 for an HPA, 0 for KEDA where none is written.
    pub fn minimum(&self) -> Option<i64> {
        match self.kind {
            AutoscalerKind::ScaledObject | AutoscalerKind::ScaledJob => {
                Some(self.min.map_or(0, |it| it.value))
            }
            AutoscalerKind::Horizontal => Some(self.min.map_or(1, |it| it.value)),
            AutoscalerKind::Vertical => None,
        }
    }
}

/// `scaleTargetRef`, `targetRef`
#[derive(Debug, Clone, PartialEq)]
pub struct TargetRef {
    pub api_version: Option<Str>,
    /// KEDA takes a Deployment where none is written.
    pub kind: Option<Str>,
    pub name: Option<Str>,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub source: MetricSource,
    /// `cpu`, `memory`; of another source its metric's name.
    pub name: Option<Str>,
    /// `ContainerResource` looks at one container only.
    pub container: Option<Str>,
    /// `Utilization`, `AverageValue`, `Value`.
    pub target_type: Option<Str>,
    pub utilization: Option<Spanned<i64>>,
    pub value: Option<Spanned<Quantity>>,
    pub span: Span,
}

impl Metric {
    /// Needs a request to compare with: a resource's share, not its amount.
    pub fn is_utilization(&self) -> bool {
        matches!(self.source, MetricSource::Resource | MetricSource::ContainerResource)
            && (self.utilization.is_some()
                || self.target_type.as_ref().is_some_and(|it| it.as_str() == "Utilization"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricSource {
    Resource,
    ContainerResource,
    Pods,
    Object,
    External,
    /// A KEDA trigger.
    Trigger,
    Unknown,
}
