use super::note_in_development;
use crate::facts::{Facts, Workload, in_shell};
use crate::model::kubernetes::{Autoscaler, AutoscalerKind, Body, Object};
use crate::report::{Finding, Findings};
use crate::rules::rule;

rule! {
    /// An autoscaler scales by the utilization of a resource that its target does not request.
    ///
    /// ## Why it hurts
    /// Utilization is a share of the request, and a share of nothing cannot be computed. The
    /// autoscaler reports `FailedGetResourceMetric` and never scales, which is noticed at the first
    /// peak. An autoscaler without metrics scales by CPU utilization too: by 80 %.
    ///
    /// ## What helps
    /// Request that resource in every container of the Pod, or use a target of type `AverageValue`.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe hpa` shows `<unknown>` as the current value.
    ///
    /// ## When to ignore
    /// Where something in the cluster adds the requests when Pods are created, as a mutating webhook
    /// does.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   maxReplicas: 5
    ///   metrics:
    ///     - type: Resource # <- HorizontalPodAutoscaler `web` scales by CPU utilization, but container `web` of Deployment `web` requests no CPU
    ///       resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   maxReplicas: 5
    ///   metrics:
    ///     - type: Resource
    ///       resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    ///           resources: { requests: { cpu: 100m } }
    /// ```
    PLM612 "hpa-without-requests" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for object in workload.autoscalers.iter().map(|it| facts.objects()[*it]) {
            let Body::Autoscaler(scaler) = &object.body else { continue };
            if scales_by_default(scaler) {
                by_default(facts, workload, object, out);
                continue;
            }
            let mut first: Option<&mut Finding> = None;
            for metric in scaler.metrics.iter().filter(|it| it.is_utilization()) {
                let Some(resource) = &metric.name else { continue };
                let lacks = workload.running().find(|(unit, container)| {
                    let meant =
                        metric.container.as_ref().is_none_or(|it| it.value == unit.name.value);
                    meant && !facts.has_request(workload, container, resource)
                });
                let Some((unit, container)) = lacks else { continue };
                let resource = as_people_say(resource);
                if let Some(finding) = &mut first {
                    let words = format!("{} requests no {resource} either", unit.label);
                    finding.also(&metric.span, words);
                    continue;
                }
                let name = object.name().map_or("", |it| it.as_str());
                // KEDA makes an autoscaler of its own.
                let made_by = match scaler.kind {
                    AutoscalerKind::ScaledObject => "keda-hpa-",
                    _ => "",
                };
                let finding = out.at(
                    &metric.span,
                    format!(
                        "{} `{name}` scales by {resource} utilization, but {} requests no {resource}",
                        object.kind, unit.label
                    ),
                );
                finding.also(&container.span(), "a request belongs here").check(format!(
                    "kubectl describe hpa{} {made_by}{name}",
                    workload.namespace_flag(),
                    name = in_shell(name)
                ));
                note_in_development(facts, unit, finding);
                first = Some(finding);
            }
        }
    }
}

/// Whether an autoscaler names no metric, so that the API server gives it one: 80 % of the requested CPU.
///
/// Source: Kubernetes API reference, HorizontalPodAutoscalerSpec v2, `metrics`.
fn scales_by_default(scaler: &Autoscaler) -> bool {
    let is_whole = scaler.max.is_some();
    scaler.kind == AutoscalerKind::Horizontal && is_whole && scaler.metrics.is_empty()
}

/// Reports a target that requests no CPU, of an autoscaler without metrics.
fn by_default(facts: &Facts, workload: &Workload<'_>, object: &Object, out: &mut Findings) {
    let lacks = workload.running().find(|it| !facts.has_request(workload, it.1, "cpu"));
    let Some((unit, container)) = lacks else { return };
    let finding = out.at(
        &object.name_span(),
        format!(
            "{} has no metrics, so it scales by CPU utilization, but {} requests no CPU",
            object.label(),
            unit.label
        ),
    );
    let name = object.name().map_or("", |it| it.as_str());
    finding.also(&container.span(), "a request belongs here").check(format!(
        "kubectl describe hpa{} {name}",
        workload.namespace_flag(),
        name = in_shell(name)
    ));
    note_in_development(facts, unit, finding);
}

/// Returns a resource as people write it: CPU.
fn as_people_say(resource: &str) -> &str {
    if resource == "cpu" { "CPU" } else { resource }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn an_autoscaler_is_one_finding_and_a_test_a_note() {
        let metric = |name: &str| {
            format!(
                "{{type: Resource, resource: {{name: {name}, target: {{type: Utilization, averageUtilization: 70}}}}}}"
            )
        };
        let text = format!(
            "# file: k8s/e2e/a.yaml\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: a}}, maxReplicas: 3, metrics: [{}, {}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: a}}]}}}}}}\n",
            metric("cpu"),
            metric("memory")
        );
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].related.len()), (1, 2));
        assert_eq!(found[0].severity.name(), "info");
    }

    #[test]
    fn amounts_need_no_request_and_each_resource_its_own() {
        let set = |metric: &str, resources: &str| {
            messages(&RULE, &format!(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: a}}, maxReplicas: 3, metrics: [{{type: Resource, resource: {metric}}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: a, resources: {{{resources}}}}}]}}}}}}\n"
            )).len()
        };
        assert_eq!(set("{name: cpu, target: {type: AverageValue, averageValue: 1}}", ""), 0);
        assert_eq!(
            set(
                "{name: memory, target: {type: Utilization, averageUtilization: 70}}",
                "requests: {cpu: 1}"
            ),
            1
        );
        assert_eq!(
            set(
                "{name: memory, target: {type: Utilization, averageUtilization: 70}}",
                "limits: {memory: 1Gi}"
            ),
            0
        );
    }

    /// Returns what is found for an object that scales a Deployment whose container has these resources.
    fn scaled(scaler: &str, resources: &str) -> Vec<String> {
        let text = format!(
            "{scaler}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: a, resources: {{{resources}}}}}]}}}}}}\n"
        );
        messages(&RULE, &text)
    }

    #[test]
    fn every_way_to_ask_for_utilization() {
        for scaler in [
            "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 3, targetCPUUtilizationPercentage: 70}",
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 3, metrics: [{type: ContainerResource, containerResource: {name: cpu, container: a, target: {type: Utilization, averageUtilization: 70}}}]}",
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: a}, triggers: [{type: cpu, metricType: Utilization, metadata: {value: '60'}}]}",
        ] {
            assert_eq!(scaled(scaler, "").len(), 1, "{scaler}");
            assert!(scaled(scaler, "requests: {cpu: 1}").is_empty(), "{scaler}");
        }
    }

    #[test]
    fn an_autoscaler_without_metrics_scales_by_cpu() {
        let hpa = |more: &str| {
            format!(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: a}}{more}}}"
            )
        };
        let found = scaled(&hpa(", maxReplicas: 3"), "requests: {memory: 1Gi}");
        assert_eq!(
            found,
            [
                "HorizontalPodAutoscaler `a` has no metrics, so it scales by CPU utilization, but container `a` of Deployment `a` requests no CPU"
            ]
        );
        assert_eq!(scaled(&hpa(", maxReplicas: 3, metrics: []"), "").len(), 1);
        assert!(scaled(&hpa(", maxReplicas: 3"), "requests: {cpu: 1}").is_empty());
        assert!(scaled(&hpa(""), "").is_empty(), "a patch");
        let external = ", maxReplicas: 3, metrics: [{type: External, external: {metric: {name: q}, target: {type: AverageValue, averageValue: 5}}}]";
        assert!(scaled(&hpa(external), "").is_empty());
        let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: a}, maxReplicaCount: 3}";
        assert!(scaled(keda, "").is_empty());
    }
}
