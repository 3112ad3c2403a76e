use crate::facts::{Facts, Together, Unit, Workload};
use crate::model::kubernetes::Container;
use crate::report::Findings;
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;

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
    /// ## When to ignore
    /// Where the owners of the cluster decided to run without memory limits and watch the nodes.
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
    // Manifests without any limits are one decision.
    let mut together: IndexMap<Together<'_>, Vec<Unlimited<'_, '_>>> = IndexMap::new();
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        if facts.is_limited_from_outside(workload, "memory") {
            continue;
        }
        for (unit, container) in workload.running() {
            let is_limited =
                container.resources.as_ref().is_some_and(|it| it.limit("memory").is_some());
            let is_unclear =
                facts.is_guessed(container.place.span) || facts.takes_resources_away(container);
            if !is_limited && !is_unclear {
                let unlimited = Unlimited { workload, unit, container };
                if facts.stands_alone(container.span(), &|selector| RULE.is(selector)) {
                    report(facts, &[unlimited], out);
                } else {
                    together.entry(facts.started_with(unit)).or_default().push(unlimited);
                }
            }
        }
    }
    together.values().for_each(|all| report(facts, all, out));
}

/// A container without a memory limit.
struct Unlimited<'f, 'a> {
    workload: &'f Workload<'a>,
    unit: &'f Unit<'a>,
    container: &'a Container,
}

fn report(facts: &Facts, all: &[Unlimited<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| (it.container.span(), format!("{} has no memory limit either", it.unit.label)))
        .collect();
    let message = format!("{} has no memory limit", first.unit.label);
    let finding = out.at(&first.container.span(), message);
    finding.check(first.workload.pods("top pod", "--containers"));
    if let Some(place) = first.container.resources_elsewhere() {
        finding.also(&place, "the resources are set here");
    }
    if let Some(empty) = facts.empty_value_behind(first.workload, first.container, "resources") {
        finding.also(&empty, "this value is empty");
    }
    finding.stands_for(&others).cause("no memory limit");
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn what_a_repair_takes_for_a_container_is_silent() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers:\n    - name: web\n      image: a/web:1\n    - name: db\n      image: a/db:1\n    volumeMounts:\n    - name: data\n      mountPath: /data\n";
        assert_eq!(messages(&RULE, text), ["container `web` of Pod `db` has no memory limit"]);
    }

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

    #[test]
    fn a_range_without_a_limit_and_a_request_are_no_limit() {
        let count = |container: &str, limits: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: a, {container}}}]}}\n---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: r, namespace: shop}}\nspec: {{limits: [{{type: Container, {limits}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count("", "defaultRequest: {memory: 1Mi}"), 1);
        assert_eq!(count("", "default: {cpu: 1}"), 1);
        assert_eq!(count("resources: {requests: {memory: 1Gi}}", "default: {cpu: 1}"), 1);
        assert_eq!(count("resources: {limits: {memory: 1Gi}}", "default: {cpu: 1}"), 0);
        assert_eq!(count("", "max: {memory: 1Gi}"), 0, "the maximum is the default limit");
    }

    #[test]
    fn a_native_sidecar_counts_and_an_init_container_does_not() {
        let with = |policy: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{initContainers: [{{name: s, image: 'acme/agent:1'{policy}}}], containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with(", restartPolicy: Always"), 1);
        assert_eq!(with(""), 0);
    }
}
