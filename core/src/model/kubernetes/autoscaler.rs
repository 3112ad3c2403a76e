//! Autoscalers, which change the replicas or the requests of workloads.

use super::Quantity;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

/// The kind of an autoscaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AutoscalerKind {
    /// HorizontalPodAutoscaler, any version.
    Horizontal,
    /// KEDA.
    ScaledObject,
    /// KEDA. Creates Jobs and has no target.
    ScaledJob,
    /// VerticalPodAutoscaler. Changes requests, not replicas.
    Vertical,
}

/// An autoscaler.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoscaler {
    pub kind: AutoscalerKind,
    pub target: Option<TargetRef>,
    pub min: Option<Spanned<i64>>,
    pub max: Option<Spanned<i64>>,
    pub metrics: Vec<Metric>,
    /// The types of KEDA triggers.
    pub triggers: Vec<Str>,
    /// VPA: `Off`, `Initial`, `Recreate`, `Auto`, `InPlaceOrRecreate`.
    pub update_mode: Option<Str>,
    pub place: Option<Place>,
}

impl Autoscaler {
    /// Whether the autoscaler changes the number of replicas of its target.
    pub fn scales_replicas(&self) -> bool {
        matches!(self.kind, AutoscalerKind::Horizontal | AutoscalerKind::ScaledObject)
    }

    /// Whether the autoscaler may run more than one replica of its target.
    pub fn adds_replicas(&self) -> bool {
        self.scales_replicas() && self.maximum().is_none_or(|most| most > 1)
    }

    /// Returns the maximum number of replicas. It is required in an HPA; the default of KEDA is 100.
    pub fn maximum(&self) -> Option<i64> {
        match self.kind {
            AutoscalerKind::ScaledObject | AutoscalerKind::ScaledJob => {
                Some(self.max.map_or(100, |it| it.value))
            }
            AutoscalerKind::Horizontal => self.max.map(|it| it.value),
            AutoscalerKind::Vertical => None,
        }
    }

    /// Returns the minimum number of replicas. The default is 1 for an HPA and 0 for KEDA.
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
    /// The default of KEDA is a Deployment.
    pub kind: Option<Str>,
    pub name: Option<Str>,
    pub place: Place,
}

/// A metric of an HPA, or a trigger of KEDA.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub source: MetricSource,
    /// `cpu`, `memory`, or the name of the metric of another source.
    pub name: Option<Str>,
    /// The container of a `ContainerResource` metric.
    pub container: Option<Str>,
    /// `Utilization`, `AverageValue`, `Value`.
    pub target_type: Option<Str>,
    pub utilization: Option<Spanned<i64>>,
    pub value: Option<Spanned<Quantity>>,
    /// The same as written, which the API server may refuse.
    pub written: Option<Str>,
    pub span: Span,
}

impl Metric {
    fn read_amount(&mut self, reader: &mut Reader, node: Node<'_>) {
        self.written = reader.str(node);
        let raw = self.written.as_ref();
        self.value = raw.and_then(|it| Some(Spanned::new(Quantity::parse(it)?, it.span)));
    }

    /// Whether the target is a share of the request, not an amount.
    pub fn is_utilization(&self) -> bool {
        matches!(self.source, MetricSource::Resource | MetricSource::ContainerResource)
            && (self.utilization.is_some()
                || self.target_type.as_ref().is_some_and(|it| it.as_str() == "Utilization"))
    }
}

/// The source of a metric.
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

pub(crate) fn read_hpa(reader: &mut Reader, spec: Node<'_>) -> Autoscaler {
    let mut it = new_autoscaler(reader, AutoscalerKind::Horizontal, spec);
    reader.each(spec, "HorizontalPodAutoscalerSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "scaleTargetRef" => it.target = read_target(reader, value),
            "minReplicas" => reader.read(value, &mut it.min),
            "maxReplicas" => reader.read(value, &mut it.max),
            "metrics" => it.metrics = reader.list(value, read_metric),
            "targetCPUUtilizationPercentage" => {
                it.metrics.push(Metric {
                    source: MetricSource::Resource,
                    name: Some(Str::new("cpu".into(), entry.key.span())),
                    container: None,
                    target_type: None,
                    utilization: reader.int(value),
                    value: None,
                    written: None,
                    span: entry.span(),
                });
            }
            _ => return false,
        }
        true
    });
    it
}

/// KEDA's ScaledObject or ScaledJob.
pub(crate) fn read_keda(reader: &mut Reader, kind: AutoscalerKind, spec: Node<'_>) -> Autoscaler {
    let mut it = new_autoscaler(reader, kind, spec);
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "scaleTargetRef" => it.target = read_target(reader, value),
            "minReplicaCount" => reader.read(value, &mut it.min),
            "maxReplicaCount" => reader.read(value, &mut it.max),
            "triggers" => {
                it.metrics = reader.list(value, read_trigger);
                it.triggers =
                    reader.list(value, |reader, it| it.get("type").and_then(|it| reader.str(it)));
            }
            _ => {}
        }
        true
    });
    it
}

pub(crate) fn read_vpa(reader: &mut Reader, spec: Node<'_>) -> Autoscaler {
    let mut it = new_autoscaler(reader, AutoscalerKind::Vertical, spec);
    it.target = spec.get("targetRef").and_then(|it| read_target(reader, it));
    it.update_mode = spec.at(&["updatePolicy", "updateMode"]).and_then(|it| reader.str(it));
    it
}

fn new_autoscaler(reader: &Reader, kind: AutoscalerKind, spec: Node<'_>) -> Autoscaler {
    Autoscaler {
        kind,
        target: None,
        min: None,
        max: None,
        metrics: Vec::new(),
        triggers: Vec::new(),
        update_mode: None,
        place: spec.is_mapping().then(|| reader.place(spec)),
    }
}

fn read_target(reader: &mut Reader, node: Node<'_>) -> Option<TargetRef> {
    if node.is_null() {
        return None;
    }
    let mut it = TargetRef { api_version: None, kind: None, name: None, place: reader.place(node) };
    reader.each(node, "", |reader, key, entry| {
        match key {
            "apiVersion" => reader.read(entry.value, &mut it.api_version),
            "kind" => reader.read(entry.value, &mut it.kind),
            "name" => reader.read(entry.value, &mut it.name),
            _ => {}
        }
        true
    });
    Some(it)
}

fn read_metric(reader: &mut Reader, node: Node<'_>) -> Option<Metric> {
    let mut it = Metric {
        source: MetricSource::Unknown,
        name: None,
        container: None,
        target_type: None,
        utilization: None,
        value: None,
        written: None,
        span: node.span(),
    };
    reader.each(node, "MetricSpec", |reader, key, entry| {
        let source = match key {
            "type" => return true,
            "resource" => MetricSource::Resource,
            "containerResource" => MetricSource::ContainerResource,
            "pods" => MetricSource::Pods,
            "object" => MetricSource::Object,
            "external" => MetricSource::External,
            _ => return false,
        };
        it.source = source;
        reader.each(entry.value, "", |reader, key, entry| {
            let value = entry.value;
            match key {
                "name" => reader.read(value, &mut it.name),
                "container" => reader.read(value, &mut it.container),
                "metric" => it.name = value.get("name").and_then(|it| reader.str(it)),
                "target" => reader.each(value, "MetricTarget", |reader, key, entry| {
                    match key {
                        "type" => reader.read(entry.value, &mut it.target_type),
                        "averageUtilization" => reader.read(entry.value, &mut it.utilization),
                        "averageValue" | "value" => it.read_amount(reader, entry.value),
                        _ => return false,
                    }
                    true
                }),
                // autoscaling/v2beta1
                "targetAverageUtilization" => reader.read(value, &mut it.utilization),
                "targetAverageValue" => it.read_amount(reader, value),
                _ => {}
            }
            true
        });
        true
    });
    Some(it)
}

/// Reads a KEDA trigger. `cpu` and `memory` are resource metrics of the HPA that KEDA creates.
fn read_trigger(reader: &mut Reader, node: Node<'_>) -> Option<Metric> {
    let name = node.get("type").and_then(|it| reader.str(it));
    let resource = name.as_ref().is_some_and(|it| matches!(it.as_str(), "cpu" | "memory"));
    // `metricType` replaced `metadata.type`.
    let target_type = node
        .get("metricType")
        .or_else(|| node.at(&["metadata", "type"]))
        .and_then(|it| reader.str(it));
    Some(Metric {
        source: if resource { MetricSource::Resource } else { MetricSource::Trigger },
        name,
        container: node.at(&["metadata", "containerName"]).and_then(|it| reader.str(it)),
        target_type,
        utilization: None,
        value: None,
        written: None,
        span: node.span(),
    })
}
