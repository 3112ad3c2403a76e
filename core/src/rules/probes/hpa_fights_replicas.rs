use crate::facts::Facts;
use crate::model::kubernetes::{Body, Object};
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// A manifest fixes the number of replicas that an autoscaler changes.
    ///
    /// ## Why it hurts
    /// Every `kubectl apply` sets the number back to what is written. A deployment in the middle of a
    /// busy hour takes away most of the Pods, and the autoscaler needs minutes to bring them back.
    ///
    /// ## What helps
    /// Leave `replicas` out. Before you do so for a workload that runs, tell the server that you no longer
    /// manage the field (`kubectl apply edit-last-applied`), or it falls back to one replica once.
    ///
    /// ## How to troubleshoot
    /// `kubectl get hpa -w` during a deployment shows the jump.
    ///
    /// ## When to ignore
    /// Where the number is for the first apply only, and nobody applies the manifest again.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: { name: web }
    /// spec:
    ///   scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
    ///   minReplicas: 3
    ///   maxReplicas: 10
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3 # <- every apply sets Deployment `web` back to 3 replicas, which HorizontalPodAutoscaler `web` changes
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
    ///   minReplicas: 3
    ///   maxReplicas: 10
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
    PLM613 "hpa-fights-replicas" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let Some(replicas) = workload.model.replicas else { continue };
        // Argo CD sets the number back all the time, which PLM903 says.
        if facts.app_of(workload.object).is_some() {
            continue;
        }
        let mut scalers = workload.autoscalers.iter().map(|at| facts.objects()[*at]);
        let scales =
            |object: &&Object| matches!(&object.body, Body::Autoscaler(it) if it.scales_replicas());
        let Some(scaler) = scalers.find(scales) else { continue };
        let message = format!(
            "every apply sets {} back to {replicas} replica{}, which {} changes",
            workload.label,
            if replicas.value == 1 { "" } else { "s" },
            scaler.label()
        );
        let finding = out.at(&replicas.span, message);
        finding.also(&scaler.name_span(), "the autoscaler").check(format!(
            "kubectl get{} {} -o jsonpath='{{.spec.replicas}}'",
            workload.namespace_flag(),
            workload.reference()
        ));
        let is_note = facts.workload_role(workload) == Role::Development;
        if is_note {
            finding.severity(Severity::Info);
        }
        finding.cause(format!("replicas beside an autoscaler, a note: {is_note}"));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(scaler: &str, replicas: &str) -> usize {
        messages(&RULE, &format!(
            "{scaler}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{{replicas}template: {{spec: {{containers: [{{name: a, image: a}}]}}}}}}\n"
        )).len()
    }

    #[test]
    fn one_habit_is_one_finding() {
        let app = |name: &str| {
            format!(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: {name}}}, maxReplicas: 3}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 2, template: {{spec: {{containers: [{{name: a, image: a}}]}}}}}}\n---\n"
            )
        };
        let found = messages(&RULE, &[app("web"), app("worker")].concat());
        assert!(found.len() == 1 && found[0].contains("and 1 more"), "{found:?}");
    }

    #[test]
    fn hpa_and_keda_own_replicas_and_vpa_does_not() {
        let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 3}";
        let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\nspec: {scaleTargetRef: {name: a}}";
        let vpa = "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: a}\nspec: {targetRef: {kind: Deployment, name: a}}";
        assert_eq!(count(hpa, "replicas: 2, "), 1);
        assert_eq!(count(keda, "replicas: 2, "), 1);
        assert_eq!(count(hpa, ""), 0);
        assert_eq!(count(vpa, "replicas: 2, "), 0);
    }
}
