use super::note_in_development;
use crate::facts::Facts;
use crate::model::kubernetes::Body;
use crate::report::{Finding, Findings};
use crate::rules::rule;

rule! {
    /// An autoscaler scales by the utilization of a resource that its target does not request.
    ///
    /// ## Why it hurts
    /// Utilization is a share of the request, and a share of nothing cannot be computed. The
    /// autoscaler reports `FailedGetResourceMetric` and never scales, which is noticed at the first
    /// peak.
    ///
    /// ## What helps
    /// Request that resource in every container of the Pod, or use a target of type `AverageValue`.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe hpa` shows `<unknown>` as the current value.
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
                let finding = out.at(
                    &metric.span,
                    format!(
                        "{} `{name}` scales by {resource} utilization, but {} requests no {resource}",
                        object.kind, unit.label
                    ),
                );
                finding
                    .also(&container.span(), "a request belongs here")
                    .check(format!("kubectl describe hpa{} {name}", workload.namespace_flag()));
                note_in_development(facts, unit, finding);
                first = Some(finding);
            }
        }
    }
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
}
