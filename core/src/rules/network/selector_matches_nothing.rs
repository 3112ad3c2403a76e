use crate::facts::{Facts, KubeService, MANY, Workload, in_shell, namespace_option, nearest};
use crate::model::Str;
use crate::model::kubernetes::{Object, Selector};
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// A Service selects no Pods.
    ///
    /// ## Why it hurts
    /// The Service exists and its name resolves, but every connection to it is refused or times
    /// out, because it has no endpoints. Nothing else reports the mistake: the Pods run and their
    /// probes pass.
    ///
    /// ## What helps
    /// Select only labels that the Pod template has, in the same namespace.
    ///
    /// ## How to troubleshoot
    /// `kubectl get endpointslices -l kubernetes.io/service-name=NAME` shows no addresses.
    ///
    /// ## When to ignore
    /// Where something outside of these files creates the Pods: an operator, or another repository.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector:
    ///     app: web
    ///     tier: front # <- Service `web` selects no Pods: Deployment `web` has `tier: frontend`, not `front`
    ///   ports: [{ port: 80 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web, tier: frontend } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector:
    ///     app: web
    ///     tier: frontend
    ///   ports: [{ port: 80 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web, tier: frontend } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM404 "selector-matches-nothing" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let splits: Vec<&Object> =
        facts.objects().iter().copied().filter(|it| it.group() == "split.smi-spec.io").collect();
    for service in
        facts.kube_services().iter().filter(|it| it.selects.is_empty() && !it.selects_elsewhere)
    {
        let Some(selector) = service.model.selector.as_ref().filter(|it| !it.is_empty()) else {
            continue;
        };
        if let Some(workload) = in_another_namespace(facts, service, selector) {
            report_namespace(service, selector, workload, out);
            continue;
        }
        let mut here = facts.workloads_around(service.object);
        let is_alone = here.next().is_none();
        if service.model.is_external_name() || is_alone || is_split(facts, service, &splits) {
            continue;
        }
        // Controllers set some labels on running Pods, so the other labels decide.
        let all = &selector.match_labels;
        let all_others = |workload: &&Workload<'_>| {
            let template = &workload.model.template.meta;
            all.iter()
                .filter(|it| !is_set_at_run_time(&it.0))
                .all(|(key, value)| template.label(key).is_some_and(|it| it.value == value.value))
        };
        let mut here = facts.workloads_around(service.object);
        if all.iter().any(|it| is_set_at_run_time(&it.0)) && here.any(|it| all_others(&it)) {
            continue;
        }
        let before = out.count();
        let name = service.name;
        let is_small = facts.workloads().len() <= MANY;
        let around = || facts.workloads_around(service.object);
        let near = if is_small { near_miss(service, around()) } else { None };
        match near {
            Some(near) => report_near_miss(facts, service, near, out),
            None => report_no_match(facts, service, out),
        }
        let flag = namespace_option(service.object.meta.namespace.as_ref());
        for finding in out.since(before) {
            finding.check(format!(
                "kubectl get endpointslices{flag} -l kubernetes.io/service-name={}",
                in_shell(name)
            ));
        }
    }
}

/// Returns a workload whose Pods a Service would select if they were in its namespace. Both namespaces have to be
/// written: an object without one may land in any.
fn in_another_namespace<'f, 'a>(
    facts: &'f Facts<'a>,
    service: &KubeService<'a>,
    selector: &Selector,
) -> Option<&'f Workload<'a>> {
    let own = service.object.meta.namespace.as_ref()?;
    let is_there = |it: &&Workload<'a>| {
        let there = it.object.meta.namespace.as_ref();
        there.is_some_and(|there| there.value != own.value)
            && facts.together(service.object.file, it.object.file)
            && selector.matches(&it.model.template.meta.labels)
    };
    let known = facts.workloads().iter().take(MANY);
    known.filter(|it| !it.kind().is_job()).find(is_there)
}

/// Reports a Service whose Pods are in another namespace.
fn report_namespace(
    service: &KubeService<'_>,
    selector: &Selector,
    workload: &Workload<'_>,
    out: &mut Findings,
) {
    let (name, own, there) = (service.name, service.namespace, workload.namespace);
    let message = format!(
        "Service `{name}` in namespace `{own}` selects no Pods: {}, whose Pods have its labels, is in namespace `{there}`",
        workload.label
    );
    let place = service.object.meta.namespace.as_ref().map_or(selector.place.span, |it| it.span);
    let finding = out.at(&place, message);
    if let Some(namespace) = &workload.object.meta.namespace {
        finding.also(&namespace.span, format!("{} is in this namespace", workload.label));
    }
    finding
        .confidence(Confidence::Likely)
        .why("A selector matches Pods in the namespace of its Service only, so the Service has no endpoints and refuses every connection.")
        .help(format!("Put both into one namespace. Clients in another namespace then reach the Service as `{name}.{there}`."))
        .check(format!(
            "kubectl get endpointslices -n {} -l kubernetes.io/service-name={}",
            in_shell(own),
            in_shell(name)
        ));
}

/// Reports a Service that one label keeps from the Pods of a workload.
fn report_near_miss(
    facts: &Facts<'_>,
    service: &KubeService<'_>,
    (workload, key, value): (&Workload<'_>, &Str, &Str),
    out: &mut Findings,
) {
    let name = service.name;
    let actual = workload.model.template.meta.label(key);
    let place = service
        .model
        .selector
        .iter()
        .flat_map(|it| &it.match_labels)
        .find(|it| it.0.value == key.value)
        .map_or(key.span, |it| it.0.span.to(it.1.span));
    let label = &workload.label;
    let message = match actual {
        Some(actual) => {
            format!(
                "Service `{name}` selects no Pods: {label} has `{key}: {actual}`, not `{value}`"
            )
        }
        None => format!("Service `{name}` selects no Pods: {label} has no label `{key}`"),
    };
    let finding = out.at(&place, message).severity(Severity::Error);
    if let Some(actual) = actual {
        let edit = facts.replace_scalar(&value.span, actual);
        // Pods that these files do not show may have the labels that are selected now.
        finding
            .also(&actual.span, format!("the Pod template of {label} has this label"))
            .fix(Fix::r#unsafe(format!("Select `{key}: {actual}`"), [edit]));
    } else {
        finding.also(&workload.span(), format!("{label} is defined here"));
    }
}

/// Reports a Service whose labels no Pod of its namespace has, unless no Pods lie there at all.
fn report_no_match(facts: &Facts<'_>, service: &KubeService<'_>, out: &mut Findings) {
    let Some(selector) = &service.model.selector else { return };
    let name = service.name;
    let (home, namespace) = (service.object.file, service.namespace);
    let is_lonely = facts.workloads_in(home, namespace).next().is_none();
    if is_lonely {
        return;
    }
    let labels: Vec<String> =
        selector.match_labels.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
    let within = match &service.object.meta.namespace {
        Some(namespace) => format!(" in namespace `{namespace}`"),
        None => String::new(),
    };
    // Pods that these files do not show, such as an operator's, may have the labels.
    let finding = out.at(
        &selector.place.span,
        format!(
            "Service `{name}` selects none of the Pods in these files: no Pod{within} has {}",
            labels.join(", ")
        ),
    );
    finding.confidence(Confidence::Likely);
    if facts.workloads().len() <= MANY
        && !facts.workloads().iter().any(|it| is_akin(facts, service, it))
    {
        finding.severity(Severity::Info).help(format!(
            "No Pod of the project has labels like these: if they come from elsewhere, such as a chart \
             that is installed by itself, `{name}` selects them there."
        ));
    }
}

/// Whether a workload of the application, in any namespace, has one of the selected labels with a value that
/// is like the selected one.
fn is_akin(facts: &Facts<'_>, service: &KubeService<'_>, workload: &Workload<'_>) -> bool {
    let selector = service.model.selector.iter().flat_map(|it| &it.match_labels);
    let labels = &workload.model.template.meta;
    facts.same_part(service.object.file, workload.object.file)
        && selector.filter(|it| !is_set_at_run_time(&it.0)).any(|(key, wanted)| {
            labels.label(key).is_some_and(|it| {
                let (wanted, actual) = (wanted.as_str(), it.as_str());
                wanted.contains(actual)
                    || actual.contains(wanted)
                    || nearest(wanted, std::iter::once(actual)).is_some()
            })
        })
}

/// Whether a TrafficSplit sends what arrives at a Service to other Services, so that it needs no Pods.
fn is_split(facts: &Facts<'_>, service: &KubeService<'_>, splits: &[&Object]) -> bool {
    splits.iter().any(|it| {
        facts.same_part(it.file, service.object.file)
            && facts.written(&it.span).contains(service.name)
    })
}

/// Whether controllers put the label on running Pods: Patroni and other operators mark the leader,
/// and StatefulSets mark every Pod.
fn is_set_at_run_time(key: &str) -> bool {
    let known = matches!(
        key,
        "role"
            | "spilo-role"
            | "redis-role"
            | "statefulset.kubernetes.io/pod-name"
            | "apps.kubernetes.io/pod-index"
            | "controller-revision-hash"
            | "pod-template-hash"
            | "rollouts-pod-template-hash"
    );
    known || ["/role", "/instanceRole", "/podRole"].iter().any(|end| key.ends_with(end))
}

/// Returns the only workload that lacks a single label of the selector, with the label's key and
/// the value that the Service selects. For a selector with one label, only a workload with the
/// Service's own name counts.
fn near_miss<'f, 'a>(
    service: &KubeService<'a>,
    workloads: impl Iterator<Item = &'f Workload<'a>>,
) -> Option<(&'f Workload<'a>, &'a Str, &'a Str)> {
    let selector = service.model.selector.as_ref()?;
    let mut found = None;
    for workload in workloads {
        let labels = &workload.model.template.meta;
        let mut missing = selector
            .match_labels
            .iter()
            .filter(|(key, value)| labels.label(key).is_none_or(|it| it.value != value.value));
        let Some((key, value)) = missing.next() else { continue };
        let alone = selector.match_labels.len() == 1;
        if missing.next().is_some() || (alone && workload.name != service.name) {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some((workload, key, value));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn what_is_split_needs_no_pods_and_other_namespaces_have_unknown_ones() {
        let text = project("{app: x}", "{app: y}").replace("name: db, labels", "name: app, labels");
        assert_eq!(messages(&RULE, &text).len(), 1);
        let split = "# file: a/split.yaml\napiVersion: split.smi-spec.io/v1alpha1\nkind: TrafficSplit\nmetadata: {name: s}\nspec: {service: db, backends: [{service: db-v1, weight: 1}]}\n";
        assert!(messages(&RULE, &format!("{text}{split}")).is_empty());
        let other = text.replace("metadata: {name: db}", "metadata: {name: db, namespace: other}");
        assert!(messages(&RULE, &other).is_empty(), "no Pods are known there");
    }

    #[test]
    fn an_unset_namespace_may_be_any_and_is_not_named() {
        let text = |of_service: &str, of_pod: &str, label: &str| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: db{of_service}}}\nspec: {{selector: {{app: x}}, ports: [{{port: 1}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a{of_pod}, labels: {{app: {label}}}}}\nspec: {{containers: [{{name: a, image: x:1}}]}}\n"
            )
        };
        let shop = ", namespace: shop";
        assert!(messages(&RULE, &text("", shop, "x")).is_empty());
        assert!(messages(&RULE, &text(shop, "", "x")).is_empty());
        assert!(messages(&RULE, &text("", "", "y"))[0].ends_with("no Pod has `app: x`"));
        assert!(messages(&RULE, &text(shop, shop, "y"))[0].contains("in namespace `shop`"));
    }

    #[test]
    fn a_workload_in_another_namespace_is_not_selected() {
        let text = |of_service: &str, of_pod: &str| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: fs{of_service}}}\nspec: {{selector: {{app: fs}}, ports: [{{port: 80}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: fs{of_pod}, labels: {{app: fs}}}}\nspec: {{containers: [{{name: fs, image: x:1}}]}}\n"
            )
        };
        assert_eq!(
            messages(&RULE, &text(", namespace: fs-ns", ", namespace: fs")),
            [
                "Service `fs` in namespace `fs-ns` selects no Pods: Pod `fs`, whose Pods have its labels, is in namespace `fs`"
            ]
        );
        assert!(messages(&RULE, &text(", namespace: fs", ", namespace: fs")).is_empty());
        assert!(messages(&RULE, &text("", ", namespace: fs")).is_empty());
        assert!(messages(&RULE, &text(", namespace: fs", "")).is_empty());
    }

    fn project(selector: &str, labels: &str) -> String {
        format!(
            "# file: a/service.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{selector: {selector}, ports: [{{port: 1}}]}}\n\
             # file: a/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: db, labels: {labels}}}\nspec: {{containers: [{{name: db, image: x:1}}]}}\n"
        )
    }

    #[test]
    fn labels_of_running_pods_and_projects_without_workloads_are_silent() {
        assert!(messages(&RULE, &project("{app: db, role: primary}", "{app: db}")).is_empty());
        assert!(
            messages(
                &RULE,
                "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}}\n"
            )
            .is_empty()
        );
        let external = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {type: ExternalName, externalName: db.example}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n";
        assert!(messages(&RULE, external).is_empty());
        for selector in ["", "selector: {}, "] {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{{selector}ports: [{{port: 1}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{app: a}}}}\nspec: {{containers: [{{name: a, image: a}}]}}\n"
            );
            assert!(messages(&RULE, &text).is_empty(), "its endpoints are written elsewhere");
        }
    }

    #[test]
    fn the_near_miss_is_mended() {
        let found = findings(&RULE, &project("{app: dbb}", "{app: db}"));
        assert_eq!(
            found[0].message,
            "Service `db` selects no Pods: Pod `db` has `app: db`, not `dbb`"
        );
        assert_eq!(found[0].fixes[0].edits[0].text, "db");
        let lacks = messages(&RULE, &project("{app: db, tier: x}", "{app: db}"));
        assert_eq!(lacks, ["Service `db` selects no Pods: Pod `db` has no label `tier`"]);
    }

    #[test]
    fn a_near_miss_is_an_error() {
        let severity =
            |selector: &str| findings(&RULE, &project(selector, "{app: db}"))[0].severity.name();
        assert_eq!(severity("{app: dbb}"), "error");
        assert_eq!(severity("{app: db-primary, tier: x}"), "warning");
        assert_eq!(severity("{app: cache, tier: x}"), "info", "the Pods may come from elsewhere");
    }

    #[test]
    fn pods_of_another_set_of_manifests_do_not_count() {
        let text = "\
# file: one/all.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
# file: two/all.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: x:1}]}
";
        assert!(messages(&RULE, text).is_empty());
    }
}
