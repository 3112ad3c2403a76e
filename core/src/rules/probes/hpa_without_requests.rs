use crate::facts::Facts;
use crate::model::kubernetes::Body;
use crate::report::Findings;
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
    ///     - type: Resource # <- HorizontalPodAutoscaler `web` scales by cpu utilization, but container `web` of Deployment `web` requests no cpu
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
            for metric in scaler.metrics.iter().filter(|it| it.is_utilization()) {
                let Some(resource) = &metric.name else { continue };
                let lacks = workload.running().find(|(unit, container)| {
                    let meant =
                        metric.container.as_ref().is_none_or(|it| it.value == unit.name.value);
                    meant && !facts.has_request(workload, container, resource)
                });
                if let Some((unit, container)) = lacks {
                    let name = object.name().map_or("", |it| it.as_str());
                    out.at(
                        &metric.span,
                        format!(
                            "{} `{name}` scales by {resource} utilization, but {} requests no {resource}",
                            object.kind, unit.label
                        ),
                    )
                    .also(&container.span(), "a request belongs here")
                    .check(format!("kubectl describe hpa{} {name}", workload.namespace_flag()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

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
