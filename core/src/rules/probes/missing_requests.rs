use crate::facts::{Facts, Part};
use crate::report::Findings;
use crate::rules::rule;

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
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web # <- container `web` of Deployment `web` requests no memory and no CPU
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
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (unit, container) in workload.running().filter(|it| it.0.part == Part::Main) {
            let given = |name: &str| facts.has_request(workload, container, name);
            let what = match (given("memory"), given("cpu")) {
                (true, true) => continue,
                (false, false) => "no memory and no CPU",
                (false, true) => "no memory",
                (true, false) => "no CPU",
            };
            let place = container.resources.as_ref().map_or(container.span(), |it| it.place.span);
            let place = if place.is_empty() { container.span() } else { place };
            let finding = out.at(&place, format!("{} requests {what}", unit.label));
            // The resources may be those of a values file.
            if place.file != container.span().file {
                finding.subject(facts.subject_at(container.span()));
                finding.also(&container.span(), "the container gets them here");
            }
            if let Some(empty) = facts.empty_value_behind(workload, container, "resources") {
                finding.also(&empty, "this value is empty");
            }
            finding.check(format!("kubectl top pods --containers{}", workload.namespace_flag()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

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

    /// Returns the texts of the related places of a chart's one finding, and its subject.
    fn related(values: &str, resources: &str) -> (Vec<String>, String) {
        let template = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: web\n      image: a\n{resources}"
        );
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\n{values}# file: c/templates/a.yaml\n{template}"
        );
        let files = [values.to_owned(), template];
        let finding = findings(&RULE, &text).remove(0);
        let written = |span: &crate::text::Span| {
            let is_here = |text: &&String| text.len() >= span.end as usize;
            // The related places are a key of the values or a name in the template.
            let mut found = files.iter().filter(is_here).map(|text| &text[span.range()]);
            found.find(|text| ["resources", "web"].contains(text)).unwrap_or_default().to_owned()
        };
        let related = finding.related.iter().map(|it| written(&it.span)).collect();
        (related, finding.subject)
    }

    #[test]
    fn the_place_in_a_values_file_is_shown() {
        let with = "      {{- with .Values.resources }}\n      resources: {{ toYaml . | nindent 8 }}\n      {{- end }}\n";
        assert_eq!(related("resources: {}\n", with).0, ["resources"]);
        assert_eq!(related("resources:\n", with).0, ["resources"]);
        let (places, subject) = related("resources: {limits: {cpu: 1}}\n", with);
        assert_eq!((places[0].as_str(), subject.as_str()), ("web", "Pod a, container web"));
    }

    #[test]
    fn jobs_end_and_are_left_alone() {
        let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n";
        assert!(messages(&RULE, job).is_empty());
    }
}
