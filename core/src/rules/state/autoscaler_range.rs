use crate::facts::{Facts, Workload, in_shell};
use crate::model::IntOrStr;
use crate::model::kubernetes::{Autoscaler, AutoscalerKind, Body, DisruptionBudget, Object};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;

rule! {
    /// An autoscaler has bounds that leave it no room, or shares its workload with another one.
    ///
    /// ## Why it hurts
    /// A minimum above the maximum is rejected. A minimum equal to the maximum never scales. A
    /// minimum that a disruption budget requires in full blocks every node drain while traffic is
    /// low. Two autoscalers on one workload overwrite each other's number of replicas, or stop
    /// because they see each other.
    ///
    /// ## What helps
    /// One autoscaler per workload, with a minimum that carries quiet hours and the loss of one
    /// Pod, and a maximum that the cluster has room for.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe hpa` shows under `Conditions` why the autoscaler does not scale.
    ///
    /// ## When to ignore
    /// Where the bounds are equal for a while to hold the number of replicas.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   minReplicas: 4
    ///   maxReplicas: 3 # <- HorizontalPodAutoscaler `web` has a maximum of 3, below its minimum of 4
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   minReplicas: 2
    ///   maxReplicas: 6
    /// ```
    PLM715 "autoscaler-range" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for object in facts.objects() {
        match &object.body {
            Body::Autoscaler(scaler) => bounds(object, scaler, out),
            Body::DisruptionBudget(budget) => required_pods(facts, object, budget, out),
            _ => {}
        }
    }
    for workload in facts.workloads() {
        rivals(facts, workload, out);
    }
}

fn bounds(object: &Object, scaler: &Autoscaler, out: &mut Findings) {
    let (Some(low), Some(high)) = (scaler.min, scaler.max) else { return };
    let label = object.label();
    let (min, max) = (low.value, high.value);
    if !scaler.scales_replicas() || min < max {
        return;
    }
    let before = out.count();
    if min > max {
        out.at(&high.span, format!("{label} has a maximum of {max}, below its minimum of {min}"))
            .severity(Severity::Error)
            .also(&low.span, "the minimum is set here");
    } else {
        out.at(&high.span, format!("{label} never scales: its minimum and maximum are both {max}"))
            .also(&low.span, "the minimum is set here");
    }
    let name = object.name().map_or("", |it| it.as_str());
    for finding in out.since(before) {
        let resource = match scaler.kind {
            AutoscalerKind::ScaledObject => "scaledobject",
            _ => "hpa",
        };
        finding.check(format!(
            "kubectl get {resource} -n {} {name}",
            in_shell(object.namespace()),
            resource = in_shell(resource),
            name = in_shell(name)
        ));
    }
}

/// Reports two autoscalers of one workload. Copies for other environments are not applied together.
fn rivals(facts: &Facts<'_>, workload: &Workload<'_>, out: &mut Findings) {
    let Some((first, others)) = workload.autoscalers.split_first() else { return };
    let first = facts.objects()[*first];
    for other in others {
        let other = facts.objects()[*other];
        let same = other.kind.value == first.kind.value
            && other.name().map(|it| &it.value) == first.name().map(|it| &it.value);
        let meet = facts.together(first.file, other.file)
            && facts.same_environment(first.file, other.file);
        if same || !meet {
            continue;
        }
        let finding = out.at(
            &other.name_span(),
            format!("{} and {} both scale {}", first.label(), other.label(), workload.label),
        );
        finding.why("Two autoscalers on one workload overwrite each other's number of replicas, or stop because they see each other.").help("Keep one autoscaler. With the metrics of both, it takes the largest number of replicas that any of them asks for.");
        finding.also(&first.name_span(), "the other autoscaler").check(format!(
            "kubectl describe hpa{} {} {}",
            workload.namespace_flag(),
            in_shell(first.name().map_or("", |it| it.as_str())),
            in_shell(other.name().map_or("", |it| it.as_str()))
        ));
        // Two files may be alternatives, of which only one is applied.
        if first.file == other.file {
            finding.severity(Severity::Error);
        } else {
            finding.confidence(Confidence::Likely);
            if !facts.is_built(other.file) {
                finding.severity(Severity::Info).why("The two autoscalers are in files of their own. Where both files are applied, they overwrite each other's number of replicas, or stop because they see each other.");
            }
        }
    }
}

/// Reports a disruption budget that requires all Pods of the autoscaler's minimum.
fn required_pods(
    facts: &Facts<'_>,
    object: &Object,
    budget: &DisruptionBudget,
    out: &mut Findings,
) {
    let (Some(selector), Some(min)) = (&budget.selector, &budget.min_available) else { return };
    let IntOrStr::Int(kept) = min.value else { return };
    for workload in facts.workloads_covered(object, selector) {
        let Some(scaler) = facts.autoscalers(workload).next() else { continue };
        let (Some(low), Some(max)) = (scaler.minimum(), scaler.maximum()) else { continue };
        if low < 1 || !(low..max).contains(&kept) {
            continue;
        }
        let span = scaler
            .min
            .map_or_else(|| scaler.max.map_or(object.name_span(), |it| it.span), |it| it.span);
        out.at(
            &span,
            format!(
                "{} may scale down to {low}, and {} keeps {kept} available: at that point no node can be drained",
                workload.label,
                object.label()
            ),
        )
        .also(&min.span, "the budget is set here")
        .check(format!(
            "kubectl get pdb{} {}",
            workload.namespace_flag(),
            in_shell(object.name().map_or("", |it| it.as_str()))
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn hpa(name: &str, bounds: &str) -> String {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: {name} }}\n\
             spec: {{ scaleTargetRef: {{ kind: Deployment, name: web }}, {bounds} }}\n---\n"
        )
    }

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n\
                       spec: { template: { metadata: { labels: { app: web } }, spec: { containers: [{ name: web, image: 'a:1' }] } } }\n---\n";

    #[test]
    fn equal_bounds_never_scale() {
        let found = findings(&RULE, &hpa("a", "minReplicas: 3, maxReplicas: 3"));
        assert_eq!(found[0].severity.name(), "warning");
        assert!(messages(&RULE, &hpa("a", "maxReplicas: 3")).is_empty());
    }

    #[test]
    fn two_autoscalers_of_one_workload_are_rivals() {
        let range = "minReplicas: 2, maxReplicas: 3";
        let text = format!("{WEB}{}{}", hpa("a", range), hpa("b", range));
        assert!(messages(&RULE, &text)[0].contains("both scale Deployment `web`"));
        let text = format!(
            "# file: base/a.yaml\n{WEB}{}# file: staging/b.yaml\n{}",
            hpa("a", range),
            hpa("b", range)
        );
        assert!(messages(&RULE, &text).is_empty(), "another environment");
        let text = format!(
            "# file: k8s/app/a.yaml\n{WEB}{}# file: k8s/scaling/b.yaml\n{}",
            hpa("a", range),
            hpa("b", range)
        );
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"), "another folder");
    }

    #[test]
    fn the_minimum_must_leave_a_budget_room() {
        let budget = |spec: &str| {
            format!(
                "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: web }}\n\
                 spec: {{ {spec}, selector: {{ matchLabels: {{ app: web }} }} }}\n"
            )
        };
        let count = |bounds: &str, spec: &str| {
            messages(&RULE, &format!("{WEB}{}{}", hpa("a", bounds), budget(spec))).len()
        };
        assert_eq!(count("maxReplicas: 3", "minAvailable: 1"), 1);
        assert_eq!(count("minReplicas: 2, maxReplicas: 3", "minAvailable: 1"), 0);
        assert_eq!(count("maxReplicas: 3", "maxUnavailable: 1"), 0);
    }

    #[test]
    fn keda_has_bounds_too() {
        let keda = |bounds: &str| {
            let text = format!(
                "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{ name: a }}\nspec: {{ scaleTargetRef: {{ name: web }}, {bounds} }}\n---\n"
            );
            findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(keda("minReplicaCount: 5, maxReplicaCount: 3"), ["error"]);
        assert_eq!(keda("minReplicaCount: 3, maxReplicaCount: 3"), ["warning"]);
        assert!(keda("minReplicaCount: 0, maxReplicaCount: 3").is_empty());
        let beside = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: { name: k }\nspec: { scaleTargetRef: { name: web }, maxReplicaCount: 3 }\n";
        let text = format!("{WEB}{}{beside}", hpa("a", "minReplicas: 2, maxReplicas: 3"));
        assert_eq!(messages(&RULE, &text).len(), 1);
    }
}
