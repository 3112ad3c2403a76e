use crate::facts::{Facts, Workload, in_shell};
use crate::model::IntOrStr;
use crate::model::kubernetes::{AffinityTerm, WorkloadKind};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;

rule! {
    /// A rolling update starts a Pod that finds no node, because each node may run only one.
    ///
    /// ## Why it hurts
    /// With required anti-affinity by host, every Pod needs a node of its own, and a rolling update
    /// runs one Pod more than there are replicas. On a cluster with as many nodes as replicas, the new
    /// Pod stays `Pending`. If no old Pod may go before it is ready, the rollout hangs until somebody
    /// adds a node.
    ///
    /// ## What helps
    /// Let one old Pod go first (`maxSurge: 0` with `maxUnavailable: 1`), keep old and new Pods apart
    /// in the rule (`matchLabelKeys: [pod-template-hash]`), or prefer different nodes and do not
    /// require them.
    ///
    /// ## How to troubleshoot
    /// `kubectl rollout status` waits for ever, and `kubectl describe pod` of the new Pod says "didn't
    /// match pod anti-affinity rules".
    ///
    /// ## When to ignore
    /// Where the cluster always has a spare node, or an autoscaler of nodes adds one.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       affinity:
    ///         podAntiAffinity:
    ///           requiredDuringSchedulingIgnoredDuringExecution:
    ///             - topologyKey: kubernetes.io/hostname # <- a rollout of Deployment `web` needs 4 nodes and hangs on fewer: each of its 3 replicas must have its own node, and none may go before a new one is ready
    ///               labelSelector: { matchLabels: { app: web } }
    ///       containers: [{ name: web, image: "acme/web:1" }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   strategy:
    ///     rollingUpdate: { maxSurge: 0, maxUnavailable: 1 }
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       affinity:
    ///         podAntiAffinity:
    ///           requiredDuringSchedulingIgnoredDuringExecution:
    ///             - topologyKey: kubernetes.io/hostname
    ///               labelSelector: { matchLabels: { app: web } }
    ///       containers: [{ name: web, image: "acme/web:1" }]
    /// ```
    PLM717 "rollout-cannot-place" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| it.kind() == WorkloadKind::Deployment) {
        let model = workload.model;
        let terms = &model.template.spec.affinity.anti_terms;
        let Some(term) = terms.iter().find(|it| keeps_apart(workload, it)) else { continue };
        let Some((_, replicas)) = facts.replica_range(workload).filter(|it| it.1 > 0) else {
            continue;
        };
        let Some((surge, unavailable)) = rolling(workload, replicas) else { continue };
        if surge == 0 {
            continue;
        }
        let (label, nodes) = (&workload.label, replicas + surge);
        let each = match replicas {
            1 => "its replica".to_owned(),
            _ => format!("each of its {replicas} replicas"),
        };
        let message = if unavailable == 0 {
            format!(
                "a rollout of {label} needs {nodes} nodes and hangs on fewer: {each} must have its own node, and none may go before a new one is ready"
            )
        } else {
            format!(
                "a rollout of {label} starts Pods for {nodes} nodes: {each} must have its own node, so the new ones wait for old ones to go"
            )
        };
        let span = term.topology_key.as_ref().map_or(term.span, |it| it.span);
        let finding = out.at(&span, message);
        finding.confidence(Confidence::Likely).check(format!(
            "kubectl rollout status{} deploy/{} --timeout=60s",
            workload.namespace_flag(),
            in_shell(workload.name)
        ));
        if unavailable > 0 {
            // The rollout gets on with the nodes that the old Pods leave.
            finding.severity(Severity::Info);
        }
        if let Some(written) = model.replicas {
            finding.also(&written.span, "the number of replicas is set here");
        }
        let strategy = model.strategy.as_ref().and_then(|it| it.rolling_place);
        if let Some(place) = strategy {
            finding.also(&place.span, "the rolling update is set here");
        }
    }
}

/// Whether a term keeps every two Pods of the workload on different nodes, old ones and new ones.
fn keeps_apart(workload: &Workload<'_>, term: &AffinityTerm) -> bool {
    let by_host =
        term.topology_key.as_ref().is_some_and(|it| it.as_str() == "kubernetes.io/hostname");
    let by_hash = |key: &crate::model::Str| key.as_str() == "pod-template-hash";
    let own = &workload.model.template.meta.labels;
    term.required
        && by_host
        && !term.match_label_keys.iter().any(by_hash)
        && term.selector.as_ref().is_some_and(|it| it.matches(own))
}

/// Returns how many Pods a rolling update adds and how many it may take away, out of `replicas`; `None`
/// for `Recreate` and where a number cannot be read.
fn rolling(workload: &Workload<'_>, replicas: i64) -> Option<(i64, i64)> {
    let strategy = workload.model.strategy.as_ref();
    let kind = strategy.and_then(|it| it.kind.as_ref()).map_or("RollingUpdate", |it| it.as_str());
    if kind != "RollingUpdate" {
        return None;
    }
    let surge = strategy.and_then(|it| it.max_surge.as_ref()).map(|it| &it.value);
    let unavailable = strategy.and_then(|it| it.max_unavailable.as_ref()).map(|it| &it.value);
    // A share of the replicas is rounded up for the surge and down for the others.
    let surge = share(surge, replicas, 99)?;
    let unavailable = share(unavailable, replicas, 0)?;
    Some((surge, unavailable))
}

/// Returns a number of Pods out of `replicas`, by default a quarter.
fn share(value: Option<&IntOrStr>, replicas: i64, rounding: i64) -> Option<i64> {
    let percent = match value {
        None => 25,
        Some(IntOrStr::Int(number)) => return Some(*number),
        Some(IntOrStr::Str(text)) => text.strip_suffix('%')?.trim().parse().ok()?,
    };
    Some(replicas.checked_mul(percent)?.checked_add(rounding)? / 100)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    fn web(kind: &str, spec: &str, term: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  {spec}selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: a}}], affinity: {{podAntiAffinity: {{{term}}}}}}}\n"
        )
    }

    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]";

    fn severity(spec: &str) -> Option<Severity> {
        let found = findings(&RULE, &web("Deployment", &format!("{spec}\n  "), REQUIRED));
        found.first().map(|it| it.severity)
    }

    #[test]
    fn the_defaults_hang_with_up_to_three_replicas() {
        for replicas in ["replicas: 1", "replicas: 2", "replicas: 3", "paused: false"] {
            assert_eq!(severity(replicas), Some(Severity::Warning), "{replicas}");
        }
        // A quarter of four may go first.
        assert_eq!(severity("replicas: 4"), Some(Severity::Info));
        assert_eq!(severity("replicas: 0"), None);
        let none = "replicas: 6\n  strategy: {rollingUpdate: {maxUnavailable: 0}}";
        assert_eq!(severity(none), Some(Severity::Warning));
        let share = "replicas: 6\n  strategy: {rollingUpdate: {maxUnavailable: 10%, maxSurge: 1}}";
        assert_eq!(severity(share), Some(Severity::Warning), "a tenth of six is rounded down");
    }

    #[test]
    fn no_surge_and_recreate_are_silent() {
        let strategy = |text: &str| severity(&format!("replicas: 3\n  strategy: {text}"));
        assert_eq!(strategy("{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"), None);
        assert_eq!(strategy("{rollingUpdate: {maxSurge: 0%, maxUnavailable: 50%}}"), None);
        assert_eq!(strategy("{type: Recreate}"), None);
        assert_eq!(
            strategy("{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}"),
            Some(Severity::Warning)
        );
    }

    #[test]
    fn other_kinds_and_other_terms_are_silent() {
        let count =
            |kind: &str, term: &str| messages(&RULE, &web(kind, "replicas: 3\n  ", term)).len();
        assert_eq!(count("Deployment", REQUIRED), 1);
        assert_eq!(count("StatefulSet", REQUIRED), 0);
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}]";
        assert_eq!(count("Deployment", preferred), 0);
        for (from, to) in [
            ("kubernetes.io/hostname", "topology.kubernetes.io/zone"),
            ("{app: web}", "{app: other}"),
            ("topologyKey:", "matchLabelKeys: [pod-template-hash], topologyKey:"),
        ] {
            assert_eq!(count("Deployment", &REQUIRED.replace(from, to)), 0, "{to}");
        }
        let expression = REQUIRED.replace(
            "{matchLabels: {app: web}}",
            "{matchExpressions: [{key: app, operator: In, values: [web]}]}",
        );
        assert_eq!(count("Deployment", &expression), 1);
    }

    #[test]
    fn an_autoscaler_decides_how_many_there_are() {
        let text = format!(
            "{}---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: web}}, minReplicas: 2, maxReplicas: 3}}\n",
            web("Deployment", "", REQUIRED)
        );
        assert!(messages(&RULE, &text)[0].contains("needs 4 nodes"));
    }
}
