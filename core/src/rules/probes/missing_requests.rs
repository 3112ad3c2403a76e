use crate::facts::{Facts, Together, Unit, Workload};
use crate::model::kubernetes::{Container, WorkloadKind};
use crate::report::{Findings, Role, Severity};
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
    /// `kubectl describe node` shows what each Pod of the node requests; `kubectl top pods --containers` over a
    /// day shows what they use.
    ///
    /// ## When to ignore
    /// For Pods that may be evicted first and slowed down without harm.
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
    // Manifests without any requests are one oversight.
    let mut together: IndexMap<(Together<'_>, bool), Vec<Bare<'_, '_>>> = IndexMap::new();
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (unit, container) in workload.running() {
            if facts.is_guessed(container.place.span) || facts.takes_resources_away(container) {
                continue;
            }
            let given = |name: &str| facts.has_request(workload, container, name);
            let what = match (given("memory"), given("cpu")) {
                (true, true) => continue,
                (false, false) => "no memory and no CPU",
                (false, true) => "no memory",
                (true, false) => "no CPU",
            };
            let resources = container.resources.as_ref().map(|it| it.place.span);
            let place = resources.filter(|it| !it.is_empty()).or(container.null_resources);
            let place = place.unwrap_or_else(|| name_key(facts, container.span()));
            let default = default_behind(facts, workload, container);
            let bare = Bare { workload, unit, container, what, place, default };
            if facts.stands_alone(place, &|selector| RULE.is(selector)) {
                report(facts, &[bare], out);
            } else {
                let key = (facts.started_with(unit), default.is_some());
                together.entry(key).or_default().push(bare);
            }
        }
    }
    for mut all in together.into_values() {
        // A bare Pod is seldom what runs in production, and memory counts for more than CPU.
        all.sort_by_key(|it| (it.workload.kind() == WorkloadKind::Pod, it.what == "no CPU"));
        report(facts, &all, out);
    }
}

/// The columns that show what the containers of a Pod request; a Pod that requests nothing has the quality of service
/// `BestEffort`.
const REQUESTS: &str = "-o custom-columns='POD:.metadata.name,QOS:.status.qosClass,REQUESTS:.spec.containers[*].resources.requests'";

/// A container that requests too little.
struct Bare<'f, 'a> {
    workload: &'f Workload<'a>,
    unit: &'f Unit<'a>,
    container: &'a Container,
    what: &'static str,
    place: Span,
    /// The `resources: {}` of the chart's `values.yaml`, which leaves the choice to who installs the chart.
    default: Option<Span>,
}

/// Returns the empty map in a chart's `values.yaml` that a container gets as its resources.
fn default_behind(facts: &Facts, workload: &Workload<'_>, container: &Container) -> Option<Span> {
    let is_empty_map = |it: &Span| facts.written(it).trim() == "{}";
    let printed =
        || container.resources_elsewhere().filter(|it| facts.chart_folder(it.file).is_some());
    let left_out = facts.empty_value_behind(workload, container, "resources");
    left_out.or_else(printed).filter(is_empty_map)
}

/// Returns the key `name` in front of the name of a container, whose value PLM110 marks.
fn name_key(facts: &Facts, name: Span) -> Span {
    let before = facts.file(name.file).text().get(..name.start as usize).unwrap_or_default();
    let key = before.trim_end().strip_suffix(':').map_or("", str::trim_end);
    match key.strip_suffix("name") {
        Some(rest) => Span::new(name.file, rest.len(), key.len()),
        None => name,
    }
}

fn report(facts: &Facts, all: &[Bare<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| {
            let either = if it.what == first.what { " either" } else { "" };
            (it.place, format!("{} requests {}{either}", it.unit.label, it.what))
        })
        .collect();
    let message = format!("{} requests {}", first.unit.label, first.what);
    let finding = out.at(&first.place, message);
    let place = first.container.span();
    // The resources may be those of a values file.
    if first.container.resources_elsewhere() == Some(first.place) {
        finding.subject(facts.subject_at(place));
        finding.also(&place, "the container gets them here");
    }
    let empty = facts.empty_value_behind(first.workload, first.container, "resources");
    if let Some(empty) = empty.or(first.default) {
        finding.also(&empty, "this value is empty");
    }
    finding.check(first.workload.pods("get pods", REQUESTS)).stands_for(&others).cause("requests");
    match first.what {
        "no CPU" => {
            finding.why("The scheduler counts the container as needing no CPU, and fills the node. Under load the container gets whatever CPU is left, which may be next to none.");
        }
        "no memory" => {
            finding.why("The scheduler counts the container as needing no memory, and fills the node. When memory runs out, Pods that use more than they request are evicted first.");
        }
        _ => {}
    }
    if first.default.is_some() {
        // Each chart has its own owner.
        let chart = facts.chart_folder(first.container.span().file).unwrap_or_default();
        finding
            .severity(Severity::Info)
            .cause_in_this_run(format!("requests by default in {chart}"))
            .gathers("requests by default")
            .help("The chart leaves the resources to whoever installs it. Set them in the values of each installation, near what the container uses on an ordinary day.");
    }
    if facts.unit_role(first.unit) == Role::Development {
        finding.severity(Severity::Info);
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

    #[test]
    fn the_command_shows_what_is_requested() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: a}]}}}\n";
        let check = findings(&RULE, text)[0].check[0].clone();
        assert!(check.starts_with("kubectl get pods -l app=a -o custom-columns="), "{check}");
        assert!(check.contains("resources.requests"), "{check}");
    }

    /// Returns the texts of the related places of a chart's one finding, and its subject.
    #[test]
    fn resources_that_are_null_are_the_place() {
        let place = |resources: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: a\n{resources}"
            );
            let found = findings(&RULE, &text).remove(0);
            assert_eq!(found.subject, "Pod a, container a");
            text[found.span.range()].to_owned()
        };
        assert_eq!(place("      resources: null\n"), "null");
        assert_eq!(place("      resources:\n"), "resources");
        assert_eq!(place("      resources: {}\n"), "{}");
        assert_eq!(place(""), "name");
    }

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
            found
                .find(|text| ["resources", "{}", "web"].contains(text))
                .unwrap_or_default()
                .to_owned()
        };
        let related = finding.related.iter().map(|it| written(&it.span)).collect();
        (related, finding.subject)
    }

    #[test]
    fn the_place_in_a_values_file_is_shown() {
        let with = "      {{- with .Values.resources }}\n      resources: {{ toYaml . | nindent 8 }}\n      {{- end }}\n";
        assert_eq!(related("resources: {}\n", with).0, ["{}"]);
        assert_eq!(related("resources:\n", with).0, ["resources"]);
        let (places, subject) = related("resources: {limits: {cpu: 1}}\n", with);
        assert_eq!((places[0].as_str(), subject.as_str()), ("web", "Pod a, container web"));
    }

    #[test]
    fn an_empty_default_of_a_chart_is_worth_a_note() {
        let chart = |folder: &str, values: &str| {
            format!(
                "# file: {folder}/Chart.yaml\napiVersion: v2\nname: {folder}\nversion: 1.0.0\n# file: {folder}/values.yaml\n{values}# file: {folder}/templates/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {folder}}}\nspec:\n  containers:\n    - name: web\n      image: a\n      {{{{- with .Values.resources }}}}\n      resources: {{{{ toYaml . | nindent 8 }}}}\n      {{{{- end }}}}\n"
            )
        };
        let severities = |text: &str| {
            findings(&RULE, text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(severities(&chart("a", "resources: {}\n")), ["info"]);
        assert_eq!(severities(&chart("a", "resources:\n")), ["warning"]);
        let two = format!("{}{}", chart("a", "resources: {}\n"), chart("b", "resources: {}\n"));
        assert_eq!(severities(&two), ["info", "info"]);
    }

    #[test]
    fn a_placeholder_stands_for_the_name_of_a_release() {
        let text = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/templates/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}-a'}\nspec: {containers: [{name: web, image: a}]}\n";
        assert_eq!(
            messages(&RULE, text),
            ["container `web` of Pod `RELEASE-a` requests no memory and no CPU"]
        );
    }

    #[test]
    fn a_bare_pod_does_not_lead() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: sample}\nspec: {containers: [{name: web, image: a}]}\n";
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: web, image: a}]}}}\n";
        assert_eq!(
            messages(&RULE, &format!("{pod}---\n{deployment}")),
            [
                "container `web` of Deployment `shop` requests no memory and no CPU (and 1 more like it)"
            ]
        );
    }

    #[test]
    fn what_a_repair_takes_for_a_container_is_silent() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: db}\nspec:\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec:\n      containers:\n      - name: db\n        image: a/db:1\n      volumeMounts:\n      - name: data\n        mountPath: /data\n";
        assert_eq!(
            messages(&RULE, text),
            ["container `db` of Deployment `db` requests no memory and no CPU"]
        );
    }

    #[test]
    fn what_lacks_memory_and_what_lacks_both_are_one_oversight() {
        let pod = |name: &str, requests: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: a, resources: {{requests: {{{requests}}}}}}}]}}\n---\n"
            )
        };
        let text = format!("{}{}{}", pod("a", "memory: 1Mi"), pod("b", ""), pod("c", "cpu: 1"));
        assert_eq!(
            messages(&RULE, &text),
            ["container `c` of Pod `b` requests no memory and no CPU (and 2 more like it)"]
        );
    }

    #[test]
    fn jobs_end_and_are_left_alone() {
        let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n";
        assert!(messages(&RULE, job).is_empty());
    }

    #[test]
    fn one_oversight_is_one_finding_and_development_an_info() {
        let pod = |name: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: a}}]}}\n---\n"
            )
        };
        let three = format!("{}{}{}", pod("a"), pod("b"), pod("c"));
        assert_eq!(
            messages(&RULE, &three),
            ["container `c` of Pod `a` requests no memory and no CPU (and 2 more like it)"]
        );
        let apart = format!("# file: a/a.yaml\n{}# file: b/b.yaml\n{}", pod("a"), pod("b"));
        assert_eq!(messages(&RULE, &apart).len(), 2);
        let second = "{name: b}\nspec: {containers: [{name: c, image: a}]}";
        let said = format!("{second} # plimsoll: ignore PLM606 -- a test");
        let accepted = three.replacen(second, &said, 1);
        assert_eq!(
            messages(&RULE, &accepted),
            ["container `c` of Pod `a` requests no memory and no CPU (and 1 more like it)"]
        );
        let found = findings(&RULE, &format!("# file: k8s/e2e/a.yaml\n{}", pod("a")));
        assert_eq!(found[0].severity.name(), "info");
    }

    #[test]
    fn whatever_a_range_of_the_namespace_gives_counts() {
        let count = |namespace: &str, limits: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: a}}]}}\n---\napiVersion: v1\nkind: LimitRange\nmetadata: {{name: r, namespace: {namespace}}}\nspec: {{limits: [{{{limits}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        let both = "{cpu: 1, memory: 1Mi}";
        // Without a default request, the default, the maximum or the minimum is the request.
        for given in ["defaultRequest", "default", "max", "min"] {
            assert_eq!(count("shop", &format!("type: Container, {given}: {both}")), 0, "{given}");
            assert_eq!(count("other", &format!("type: Container, {given}: {both}")), 1, "{given}");
        }
        assert_eq!(count("shop", "type: Container, defaultRequest: {memory: 1Mi}"), 1);
        assert_eq!(count("shop", &format!("type: Pod, max: {both}")), 1);
    }

    #[test]
    fn what_a_pod_requests_as_a_whole_counts() {
        let count = |resources: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{resources: {{{resources}}}, containers: [{{name: a, image: a}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count("requests: {cpu: 1, memory: 1Gi}"), 0);
        assert_eq!(count("requests: {cpu: 1}"), 1);
    }

    #[test]
    fn an_overlay_for_development_may_take_requests_away() {
        let count = |overlay: &str, resources: &str| {
            let text = format!(
                "# file: base/kustomization.yaml\nresources: [d.yaml]\n# file: base/d.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: bot}}\nspec:\n  selector: {{matchLabels: {{app: bot}}}}\n  template:\n    metadata: {{labels: {{app: bot}}}}\n    spec: {{containers: [{{name: bot, image: 'acme/bot:1'{resources}}}]}}\n# file: prod/kustomization.yaml\nresources: [../base]\n# file: {overlay}/kustomization.yaml\nresources: [../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - op: remove\n      path: /spec/template/spec/containers/0/resources\n"
            );
            messages(&RULE, &text).len()
        };
        let resources = ", resources: {requests: {cpu: 1, memory: 1Gi}}";
        assert_eq!(count("local", resources), 0);
        assert_eq!(count("staging", resources), 1);
        assert_eq!(count("local", ""), 1, "the base sets none either");
    }

    #[test]
    fn an_overlay_for_development_may_take_the_requests_of_a_sidecar_away() {
        let count = |resources: &str| {
            let text = format!(
                "# file: base/kustomization.yaml\nresources: [d.yaml]\n# file: base/d.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: bot}}\nspec:\n  selector: {{matchLabels: {{app: bot}}}}\n  template:\n    metadata: {{labels: {{app: bot}}}}\n    spec:\n      initContainers: [{{name: agent, image: 'acme/agent:1', restartPolicy: Always{resources}}}]\n      containers: [{{name: bot, image: 'acme/bot:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}}}}}]\n# file: prod/kustomization.yaml\nresources: [../base]\n# file: local/kustomization.yaml\nresources: [../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - op: remove\n      path: /spec/template/spec/initContainers/0/resources\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count(", resources: {requests: {cpu: 1, memory: 1Gi}}"), 0);
        assert_eq!(count(""), 1, "the base sets none either");
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

    #[test]
    fn daemons_and_stateful_sets_are_read_and_jobs_are_not() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            0
        );
    }
}
