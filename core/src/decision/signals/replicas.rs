//! Whether many replicas, controlled rollouts or autoscaling are needed.

use super::{No, Replicas, Signals, Yes};
use crate::decision::system::System;
use crate::model::IntOrStr;
use crate::model::kubernetes::{
    AutoscalerKind, Body, Object, RouteRule, Strategy, WeightedBackend, WorkloadKind,
};
use crate::report::Signal;
use crate::text::{Span, Spanned};
use rustc_hash::FxHashSet;

/// From this number of replicas on, nobody places them by hand.
const MANY: i64 = 10;

pub fn add(signals: &mut Signals, system: &System<'_>) {
    add_replicated(signals, system);
    let scaling = system.counted.objects.iter().filter(|it| system.scales_out(it));
    let autoscalers: Vec<(String, Span)> = scaling.map(|it| (it.label(), it.name_span())).collect();
    let words =
        ["adapts the number of replicas to the load", "adapt the number of replicas to the load"];
    signals.places(Signal::Autoscaler, Replicas, &autoscalers, words);
    let vertical = system.objects_where(
        |body| matches!(body, Body::Autoscaler(it) if it.kind == AutoscalerKind::Vertical),
    );
    let words = ["adapts the size of Pods", "adapt the size of Pods"];
    signals.places(Signal::VerticalAutoscaler, Replicas, &vertical, words);
    add_rollouts(signals, system);
}

/// Adds that nothing scales, where everything is shown.
pub fn add_absence(signals: &mut Signals, system: &System<'_>) {
    let is_shown = !system.hides_workloads() && system.runs_everything_once();
    if !signals.any(Replicas, Yes) && is_shown {
        let counted = &system.counted;
        let has_replicas = counted.workloads.iter().any(|it| it.kind().has_replicas());
        let only_jobs = counted.workloads.iter().all(|it| it.kind().is_job());
        let is_one = has_replicas || !counted.services.is_empty() || counted.workloads.is_empty();
        let fact = if is_one {
            "everything runs as one replica, and nothing scales with the load"
        } else if only_jobs {
            "nothing but Jobs runs, and nothing scales with the load"
        } else {
            "what stays up runs once on each node, and nothing scales with the load"
        };
        signals.add(Signal::NothingScales, Replicas, No, fact, None);
    }
}

/// Adds what runs more than once.
fn add_replicated(signals: &mut Signals, system: &System<'_>) {
    // Whether an autoscaler may leave one replica of something.
    let mut starts_at_one = false;
    // The label, the place, the most replicas, and the same in words.
    let mut found: Vec<(String, Span, i64, String)> = Vec::new();
    for workload in &system.counted.workloads {
        if let Some(span) = workload.copies.many()
            && workload.kind().has_replicas()
        {
            let (least, most) = system.facts.replica_range(workload).unwrap_or((2, 2));
            starts_at_one |= least < 2;
            let words = system.facts.workload_replica_words(workload);
            let mut scalers = system.facts.autoscalers(workload);
            let stated = scalers.find_map(|it| it.max.as_ref().filter(|max| max.value == most));
            let span = stated.map_or(span, |it| it.span);
            found.push((workload.label.clone(), span, most, words));
        }
    }
    let names: FxHashSet<&str> = system.counted.workloads.iter().map(|it| it.name).collect();
    for service in &system.counted.services {
        if let Some(span) = service.unit.copies.many()
            && !names.contains(service.name)
        {
            let words = system.facts.replica_words(&service.unit);
            found.push((service.unit.label.clone(), span, service.model.replicas(), words));
        }
    }
    let Some(most) = found.iter().max_by_key(|it| it.2) else { return };
    let fact = format!("{} runs as {}", most.0, most.3);
    if most.2 >= MANY {
        signals.add(Signal::ManyReplicas, Replicas, Yes, fact, Some(most.1));
    } else if found.len() == 1 {
        signals.add(Signal::FewReplicas, Replicas, Yes, fact, Some(most.1));
    }
    if found.len() > 1 {
        let places: Vec<(String, Span)> =
            found.into_iter().map(|it| (format!("{} ({})", it.0, it.3), it.1)).collect();
        let words = match starts_at_one {
            true => ["may run as more than one replica", "may run as more than one replica"],
            false => ["runs as more than one replica", "run as more than one replica"],
        };
        signals.places(Signal::SeveralReplicated, Replicas, &places, words);
    }
}

/// Adds how new versions replace old ones, where that is not the default.
fn add_rollouts(signals: &mut Signals, system: &System<'_>) {
    let mut rollouts = Vec::new();
    let mut progressive = Vec::new();
    for workload in &system.counted.workloads {
        if workload.kind() == WorkloadKind::Rollout {
            progressive.push((workload.label.clone(), workload.span()));
        } else if let Some(strategy) = &workload.model.strategy
            && is_chosen(workload.kind(), strategy)
            && !stops_first(workload.kind(), strategy)
        {
            rollouts.push((workload.label.clone(), strategy.place.span));
        }
    }
    for service in &system.counted.services {
        let update = service.model.deploy.as_ref().and_then(|deploy| deploy.update_config.as_ref());
        rollouts.extend(update.map(|update| (service.unit.label.clone(), update.span)));
    }
    let words = ["releases step by step", "release step by step"];
    signals.places(Signal::ProgressiveDelivery, Replicas, &progressive, words);
    let splitting = system.counted.objects.iter().filter(|object| splits_traffic(system, object));
    let splitting: Vec<(String, Span)> =
        splitting.map(|object| (object.label(), object.name_span())).collect();
    let words = ["splits traffic between versions", "split traffic between versions"];
    signals.places(Signal::ProgressiveDelivery, Replicas, &splitting, words);
    let words = ["configures how a new version rolls out", "configure how a new version rolls out"];
    signals.places(Signal::ControlledRollout, Replicas, &rollouts, words);
}

/// Whether an object shares the requests for one address out between several versions, or releases step by step:
/// a route with weights, an Ingress for a canary, a TrafficSplit of a mesh, a Canary of Flagger.
///
/// Sources: <https://istio.io/latest/docs/tasks/traffic-management/traffic-shifting/>,
/// <https://gateway-api.sigs.k8s.io/guides/traffic-splitting/>,
/// <https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary>,
/// <https://linkerd.io/2-edge/features/traffic-split/> and
/// <https://docs.flagger.app/usage/how-it-works>.
fn splits_traffic(system: &System<'_>, object: &Object) -> bool {
    match (&object.body, object.group(), object.kind.as_str()) {
        (Body::Routes(routes), _, _) => {
            let for_canary = object.meta.annotation("nginx.ingress.kubernetes.io/canary");
            for_canary.is_some_and(|it| it.as_str() == "true") || routes.rules.iter().any(is_split)
        }
        (Body::Other, "split.smi-spec.io", "TrafficSplit") => shares_out(system, object),
        (Body::Other, "flagger.app", "Canary") => true,
        _ => false,
    }
}

/// Whether a TrafficSplit sends requests to more than one of its backends. A weight is a quantity, such as `900m`:
/// <https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-split/v1alpha2/traffic-split.md>.
fn shares_out(system: &System<'_>, object: &Object) -> bool {
    let root = system.facts.file(object.file).tree.mapping_at(object.span);
    let Some(backends) = root.and_then(|it| it.get("spec")?.get("backends")) else { return true };
    let weights = backends.items().filter_map(|it| it.get("weight")?.as_str());
    let above_zero = weights.filter(|it| it.contains(|digit| matches!(digit, '1'..='9')));
    above_zero.count() > 1
}

/// Whether a rule shares its requests out between several destinations by weight.
fn is_split(rule: &RouteRule) -> bool {
    let first = rule.destinations.first();
    let differs = |it: &WeightedBackend| {
        let to = |it: &WeightedBackend| {
            (it.host.value.clone(), it.subset.as_ref().map(|it| it.value.clone()))
        };
        first.is_some_and(|first| to(first) != to(it))
    };
    rule.destinations.iter().any(differs) && rule.destinations.iter().any(|it| it.weight.is_some())
}

/// Whether a rolling update differs from the defaults of its kind:
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment>,
/// <https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/> and
/// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#rolling-updates>.
fn is_chosen(kind: WorkloadKind, strategy: &Strategy) -> bool {
    let (surge, unavailable) = match kind {
        WorkloadKind::Deployment | WorkloadKind::Rollout => {
            (IntOrStr::Str("25%".into()), IntOrStr::Str("25%".into()))
        }
        // Other kinds than DaemonSets have no surge.
        WorkloadKind::DaemonSet
        | WorkloadKind::StatefulSet
        | WorkloadKind::ReplicaSet
        | WorkloadKind::ReplicationController
        | WorkloadKind::Job
        | WorkloadKind::CronJob
        | WorkloadKind::Pod => (IntOrStr::Int(0), IntOrStr::Int(1)),
    };
    let differs = |it: &Option<Spanned<IntOrStr>>, default: &IntOrStr| {
        it.as_ref().is_some_and(|it| it.value != *default)
    };
    // What Deployments had in their first version is often written out still.
    // Source: <https://v1-15.docs.kubernetes.io/docs/reference/generated/kubernetes-api/v1.15/#rollingupdatedeployment-v1beta1-extensions>
    let is_one =
        |it: &Option<Spanned<IntOrStr>>| it.as_ref().is_some_and(|it| it.value == IntOrStr::Int(1));
    let is_old_default = kind == WorkloadKind::Deployment
        && is_one(&strategy.max_surge)
        && is_one(&strategy.max_unavailable);
    if is_old_default {
        return false;
    }
    strategy.partition.is_some_and(|it| it.value != 0)
        || differs(&strategy.max_surge, &surge)
        || differs(&strategy.max_unavailable, &unavailable)
}

/// Whether all Pods of a Deployment may stop before the first new one starts, which is what `Recreate` does.
fn stops_first(kind: WorkloadKind, strategy: &Strategy) -> bool {
    let is = |it: &Option<Spanned<IntOrStr>>, wanted: &[IntOrStr]| {
        it.as_ref().is_some_and(|it| wanted.contains(&it.value))
    };
    kind == WorkloadKind::Deployment
        && is(&strategy.max_surge, &[IntOrStr::Int(0), IntOrStr::Str("0%".into())])
        && is(&strategy.max_unavailable, &[IntOrStr::Str("100%".into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;
    use crate::model::FileModel;
    use crate::text::FileId;

    /// Returns whether the rolling update of a workload with these fields is a choice that keeps it running.
    fn chosen(kind: &str, fields: &str) -> bool {
        let field = if kind == "Deployment" { "strategy" } else { "updateStrategy" };
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{{field}: {{type: RollingUpdate, rollingUpdate: {{{fields}}}}}}}\n"
        );
        let model = FileModel::read(FileId(0), File::new("a.yaml", text.as_str()), None);
        let workload = model.objects[0].workload().expect("a workload");
        let strategy = workload.strategy.as_ref().expect("a strategy");
        is_chosen(workload.kind, strategy) && !stops_first(workload.kind, strategy)
    }

    #[test]
    fn defaults_that_are_written_out_are_no_choice() {
        for (kind, fields) in [
            ("Deployment", "maxSurge: 25%, maxUnavailable: 25%"),
            ("Deployment", "maxSurge: 1, maxUnavailable: 1"),
            ("DaemonSet", "maxSurge: 0, maxUnavailable: 1"),
            ("StatefulSet", "partition: 0"),
            ("StatefulSet", "maxUnavailable: 1"),
            ("Deployment", "maxSurge: 0, maxUnavailable: 100%"),
        ] {
            assert!(!chosen(kind, fields), "{kind} {fields}");
        }
        for (kind, fields) in [
            ("Deployment", "maxSurge: 1, maxUnavailable: 0"),
            ("DaemonSet", "maxUnavailable: 25%"),
            ("DaemonSet", "maxSurge: 1"),
            ("StatefulSet", "partition: 2"),
        ] {
            assert!(chosen(kind, fields), "{kind} {fields}");
        }
    }
}
