use crate::facts::{Facts, Part, Together, Unit, Workload};
use crate::report::Findings;
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;

rule! {
    /// A container does not say how much memory or CPU it needs.
    ///
    /// ## Why it hurts
    /// The scheduler counts the container as needing nothing, and fills the node. When memory runs
    /// out, Pods without requests are evicted first; under load they get whatever CPU is left.
    ///
    /// ## What helps
    /// Set requests near what the container uses on an ordinary day. A memory limit also sets the
    /// request, and a LimitRange can set defaults for a whole namespace.
    ///
    /// ## How to troubleshoot
    /// `kubectl top pods --containers` over a day shows the use; `kubectl describe node` shows what
    /// is requested.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web } # <- container `web` of Deployment `web` requests no memory and no CPU
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    /// ```
    ///
    /// ## Good
    /// ```yaml
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
    ///           resources: { requests: { cpu: 100m, memory: 128Mi } }
    /// ```
    PLM606 "missing-requests" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Manifests without any requests are one oversight.
    let mut together: IndexMap<(Together<'_>, &str), Vec<Bare<'_, '_>>> = IndexMap::new();
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (unit, container) in workload.running().filter(|it| it.0.part == Part::Main) {
            let given = |name: &str| facts.has_request(workload, container, name);
            let what = match (given("memory"), given("cpu")) {
                (true, true) => continue,
                (false, false) => "no memory and no CPU",
                (false, true) => "no memory",
                (true, false) => "no CPU",
            };
            let resources = container.resources.as_ref().map(|it| it.place.span);
            let place = resources.filter(|it| !it.is_empty()).unwrap_or(workload.span());
            let bare = Bare { workload, unit, what, place };
            if facts.is_accepted(place, &|selector| RULE.is(selector)) {
                report(&[bare], out);
            } else {
                together.entry((facts.started_with(unit), what)).or_default().push(bare);
            }
        }
    }
    together.values().for_each(|all| report(all, out));
}

/// A container that requests too little.
struct Bare<'f, 'a> {
    workload: &'f Workload<'a>,
    unit: &'f Unit<'a>,
    what: &'static str,
    place: Span,
}

fn report(all: &[Bare<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| (it.place, format!("{} requests {} either", it.unit.label, it.what)))
        .collect();
    out.at(&first.place, format!("{} requests {}", first.unit.label, first.what))
        .check(first.workload.pods("top pod", "--containers"))
        .stands_for(&others);
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(resources: &str, more: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, resources: {{{resources}}}}}]}}\n{more}"
            ),
        )
    }

    #[test]
    fn limits_and_ranges_give_requests() {
        assert_eq!(
            pod("requests: {memory: 1Mi}", ""),
            ["container `a` of Pod `a` requests no CPU"]
        );
        assert!(pod("limits: {memory: 1Mi, cpu: 1}", "").is_empty());
        let range = "---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: r}\nspec: {limits: [{type: Container, defaultRequest: {cpu: 1, memory: 1Mi}}]}\n";
        assert!(pod("", range).is_empty());
    }

    #[test]
    fn jobs_end_and_are_left_alone() {
        let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n";
        assert!(messages(&RULE, job).is_empty());
    }
}
