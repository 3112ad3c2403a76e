use crate::facts::{Facts, Part};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A container can use all the memory of its node.
    ///
    /// ## Why it hurts
    /// A memory leak in the container takes down other Pods on the node before the container itself
    /// is stopped. This is a trade-off, not a rule without exceptions: some teams run without
    /// limits on purpose and watch memory closely.
    ///
    /// ## What helps
    /// A memory limit somewhat above the highest use that was measured.
    ///
    /// ## How to troubleshoot
    /// `kubectl top pods --containers` shows the current use; after a kill, `kubectl describe pod`
    /// says `OOMKilled`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web # <- container `web` of Pod `web` has no memory limit
    ///       image: acme/web:1
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       resources: { limits: { memory: 256Mi } }
    /// ```
    PLM607 "missing-memory-limit" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        if facts.is_limited_from_outside(workload, "memory") {
            continue;
        }
        for (unit, container) in workload.running().filter(|it| it.0.part == Part::Main) {
            if container.resources.as_ref().is_none_or(|it| it.limit("memory").is_none()) {
                let message = format!("{} has no memory limit", unit.label);
                let finding = out.at(&container.span(), message);
                finding
                    .check(format!("kubectl top pods --containers{}", workload.namespace_flag()));
                if let Some(place) = container.resources_elsewhere() {
                    finding.also(&place, "the resources are set here");
                }
                if let Some(empty) = facts.empty_value_behind(workload, container, "resources") {
                    finding.also(&empty, "this value is empty");
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
    fn a_default_of_the_namespace_is_a_limit() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {containers: [{name: a, image: a}]}\n---\n";
        let range = |namespace: &str| {
            format!(
                "{pod}apiVersion: v1\nkind: LimitRange\nmetadata: {{name: r, namespace: {namespace}}}\nspec: {{limits: [{{type: Container, default: {{memory: 1Gi}}}}]}}\n"
            )
        };
        assert!(messages(&RULE, &range("shop")).is_empty());
        assert_eq!(messages(&RULE, &range("other")).len(), 1);
    }
}
