use crate::facts::{Facts, Workload, in_shell};
use crate::model::IntOrStr;
use crate::model::kubernetes::{Body, DisruptionBudget, Object};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// A replicated server has no disruption budget, or one that never allows a disruption.
    ///
    /// ## Why it hurts
    /// Without a PodDisruptionBudget, node drains may take down all replicas at the same time. With
    /// a budget that allows no disruption, a node that runs such a Pod can never be drained:
    /// cluster upgrades hang until somebody deletes the budget.
    ///
    /// ## What helps
    /// `maxUnavailable: 1` is nearly always right, even when the number of replicas changes later.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pdb` shows under `ALLOWED DISRUPTIONS` how many Pods may be evicted right now.
    ///
    /// ## When to ignore
    /// Where maintenance may stop the service for a moment.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: { name: web }
    /// spec:
    ///   minAvailable: 2 # <- PodDisruptionBudget `web` never allows a disruption: Deployment `web` has 2 replicas, and 2 must stay available
    ///   selector: { matchLabels: { app: web } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "ghcr.io/acme/web:1.4.2", ports: [{ containerPort: 80 }] }] }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: api }
    /// spec:
    ///   replicas: 3 # <- Deployment `api` has 3 replicas and no PodDisruptionBudget: node drains may take down all of them at once
    ///   selector: { matchLabels: { app: api } }
    ///   template:
    ///     metadata: { labels: { app: api } }
    ///     spec: { containers: [{ name: api, image: "ghcr.io/acme/api:1.4.2", ports: [{ containerPort: 80 }] }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: { name: web }
    /// spec:
    ///   maxUnavailable: 1
    ///   selector: { matchLabels: { app: web } }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "ghcr.io/acme/web:1.4.2", ports: [{ containerPort: 80 }] }] }
    /// ```
    PLM712 "no-disruption-budget" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut covered: FxHashSet<usize> = FxHashSet::default();
    for object in facts.objects() {
        if let Body::DisruptionBudget(budget) = &object.body {
            let workloads = match &budget.selector {
                Some(selector) => facts.workloads_covered(object, selector),
                None => Vec::new(),
            };
            never_allows(facts, object, budget, &workloads, out);
            covered.extend(workloads.iter().map(|it| it.index));
        }
    }
    for workload in facts.workloads().iter().filter(|it| it.is_server_like()) {
        let Some(many) = workload.copies.many() else { continue };
        // No budget can protect a workload that an autoscaler may scale down to one replica.
        let always = facts.replica_range(workload).is_some_and(|it| it.0 > 1);
        let serves =
            !workload.services.is_empty() || workload.running().any(|it| !it.1.ports.is_empty());
        if !always
            || !serves
            || covered.contains(&workload.index)
            || workload.model.workload_ref.is_some()
        {
            continue;
        }
        out.at(
            &many,
            format!(
                "{} has {} and no PodDisruptionBudget: node drains may take down all of them at once",
                workload.label,
                facts.workload_replica_words(workload)
            ),
        )
        .also(&workload.object.name_span(), "no PodDisruptionBudget selects its Pods")
        .cause("no budget")
        .check(format!("kubectl get pdb{}", workload.namespace_flag()));
    }
}

/// Reports a budget that allows no disruption even while every replica is healthy.
fn never_allows(
    facts: &Facts<'_>,
    object: &Object,
    budget: &DisruptionBudget,
    covered: &[&Workload<'_>],
    out: &mut Findings,
) {
    let name = object.name().map_or("", |it| it.as_str());
    let Some(first) = covered.first() else { return };
    let check = format!("kubectl get pdb{} {name}", first.namespace_flag(), name = in_shell(name));
    let says = |why: &str| format!("PodDisruptionBudget `{name}` never allows a disruption: {why}");
    if let Some(max) = &budget.max_unavailable {
        if is_zero(&max.value) {
            let message = says("it allows no Pod to be unavailable");
            out.at(&max.span, message).severity(Severity::Error).check(check);
        }
        return;
    }
    let Some(min) = &budget.min_available else { return };
    if matches!(&min.value, IntOrStr::Str(it) if it == "100%") {
        let message = says("all of its Pods must stay available");
        out.at(&min.span, message).severity(Severity::Error).check(check);
        return;
    }
    let mut most = 0;
    for workload in covered {
        match facts.replica_range(workload) {
            Some((_, max)) if workload.is_server_like() => most += max,
            _ => return,
        }
    }
    let Some(kept) = kept(&min.value, most).filter(|it| *it >= most && most > 0) else { return };
    let whose = match covered {
        [one] => one.label.clone(),
        _ => "the set of workloads that it selects".to_owned(),
    };
    let replicas = if most == 1 { "1 replica".to_owned() } else { format!("{most} replicas") };
    let word = if facts.autoscalers(first).next().is_some() { "at most " } else { "" };
    let written = covered.iter().find_map(|it| it.model.replicas);
    let message = says(&format!("{whose} has {word}{replicas}, and {kept} must stay available"));
    let finding = out.at(&min.span, message).severity(Severity::Error).check(check);
    match written {
        Some(it) => {
            finding.also(&it.span, "the number of replicas is set here");
        }
        None => {
            // A number that the file does not set may still be set from outside.
            finding.confidence(Confidence::Likely);
        }
    }
}

fn is_zero(value: &IntOrStr) -> bool {
    match value {
        IntOrStr::Int(it) => *it == 0,
        IntOrStr::Str(it) => it == "0" || it == "0%",
    }
}

/// Returns how many of `of` Pods must stay available; a percentage is rounded up.
fn kept(value: &IntOrStr, of: i64) -> Option<i64> {
    match value {
        IntOrStr::Int(it) => Some(*it),
        IntOrStr::Str(it) => {
            let share: i64 = it.strip_suffix('%')?.trim().parse().ok()?;
            Some(of.checked_mul(share)?.checked_add(99)? / 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn project(budget: &str, replicas: &str, more: &str) -> Vec<String> {
        let budget = if budget.is_empty() {
            String::new()
        } else {
            format!(
                "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: web }}\n\
                 spec: {{ {budget}, selector: {{ matchLabels: {{ app: web }} }} }}\n---\n"
            )
        };
        messages(
            &RULE,
            &format!(
                "{budget}apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web }}\nspec:\n  {replicas}\n  template:\n    \
                 metadata: {{ labels: {{ app: web }} }}\n    \
                 spec: {{ containers: [{{ name: web, image: 'a:1', ports: [{{ containerPort: 80 }}] }}] }}\n{more}"
            ),
        )
    }

    #[test]
    fn budgets_that_allow_nothing() {
        for (budget, replicas) in [
            ("maxUnavailable: 0", "replicas: 3"),
            ("maxUnavailable: 0%", "replicas: 3"),
            ("minAvailable: 100%", "replicas: 3"),
            ("minAvailable: 3", "replicas: 3"),
            ("minAvailable: 1", "replicas: 1"),
            ("minAvailable: 50%", "replicas: 1"),
            ("minAvailable: 1", ""),
        ] {
            assert_eq!(project(budget, replicas, "").len(), 1, "{budget} {replicas}");
        }
    }

    #[test]
    fn budgets_that_allow_something_are_silent() {
        for (budget, replicas) in [
            ("maxUnavailable: 1", "replicas: 3"),
            ("maxUnavailable: 10%", "replicas: 1"),
            ("minAvailable: 50%", "replicas: 2"),
            ("minAvailable: 2", "replicas: 3"),
            ("minAvailable: 1", "replicas: 0"),
        ] {
            assert!(project(budget, replicas, "").is_empty(), "{budget} {replicas}");
        }
    }

    #[test]
    fn both_bounds_of_an_autoscaler_count() {
        let hpa = |min: u8, max: u8| {
            format!(
                "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: web }}\n\
                 spec: {{ scaleTargetRef: {{ kind: Deployment, name: web }}, minReplicas: {min}, maxReplicas: {max} }}\n"
            )
        };
        assert!(project("minAvailable: 2", "", &hpa(2, 4)).is_empty());
        assert_eq!(project("minAvailable: 4", "", &hpa(2, 4)).len(), 1);
        assert!(
            project("", "", &hpa(1, 4)).is_empty(),
            "the autoscaler may scale down to one replica"
        );
        assert_eq!(project("", "", &hpa(2, 4)).len(), 1);
    }

    #[test]
    fn one_replica_needs_no_budget() {
        assert!(project("", "replicas: 1", "").is_empty());
        assert_eq!(project("", "replicas: 2", "").len(), 1);
    }

    #[test]
    fn a_budget_may_select_by_an_expression() {
        let budget = |value: &str| {
            format!(
                "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: web }}\nspec: {{ maxUnavailable: 1, selector: {{ matchExpressions: [{{ key: app, operator: In, values: [{value}] }}] }} }}\n"
            )
        };
        assert!(project("", "replicas: 2", &budget("web")).is_empty());
        assert_eq!(project("", "replicas: 2", &budget("api")).len(), 1);
    }
}
