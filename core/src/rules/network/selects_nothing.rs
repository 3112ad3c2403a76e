use crate::facts::{Facts, MANY, Workload, in_shell, namespace_option};
use crate::model::Str;
use crate::model::kubernetes::{Body, Monitor, MonitorKind, Object, Selector};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Findings, Fix};
use crate::rules::rule;
use crate::text::{FileId, folder_of};

rule! {
    /// A NetworkPolicy, disruption budget, monitor or object of Istio selects nothing.
    ///
    /// ## Why it hurts
    /// The object is accepted and does nothing: the NetworkPolicy protects no Pod, the budget lets
    /// all Pods be evicted at once, the monitor collects no metrics. Nothing reports the mistake.
    ///
    /// ## What helps
    /// Select labels of the Pod template (for a ServiceMonitor, labels of the Service) in the same
    /// namespace.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pods -l KEY=VALUE` in the object's namespace lists what it selects.
    ///
    /// ## When to ignore
    /// Where something outside of these files creates what is selected.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: { name: web }
    /// spec:
    ///   minAvailable: 1
    ///   selector:
    ///     matchLabels: { app: webs } # <- PodDisruptionBudget `web` selects no Pods: Deployment `web` has `app: web`, not `webs`
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: { name: web }
    /// spec:
    ///   minAvailable: 1
    ///   selector:
    ///     matchLabels: { app: web }
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM422 "selects-nothing" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for object in facts.objects() {
        match &object.body {
            Body::NetworkPolicy(it) => pods(facts, out, object, it.pod_selector.as_ref(), &[]),
            Body::DisruptionBudget(it) => pods(facts, out, object, it.selector.as_ref(), &[]),
            Body::DestinationRule(it) => {
                pods(facts, out, object, it.workload_selector.as_ref(), &[]);
            }
            Body::ServiceEntry(it) => pods(facts, out, object, it.workload_selector.as_ref(), &[]),
            Body::Monitor(it) if it.any_namespace => {}
            Body::Monitor(it) if it.kind == MonitorKind::Pod => {
                pods(facts, out, object, it.selector.as_ref(), &it.namespaces);
            }
            Body::Monitor(it) => services(facts, out, object, it),
            _ => {}
        }
    }
}

/// Maximum number of namespaces that a message names.
const MAX_NAMES: usize = 3;

/// Returns the namespaces in which a selector looks: those that are named, else the object's own.
fn searched<'o>(object: &'o Object, named: &'o [Str]) -> Vec<&'o str> {
    match named {
        [] => vec![object.namespace()],
        _ => named.iter().map(|it| it.as_str()).collect(),
    }
}

/// Adds the unknown namespace of objects that name none: they may land in the ones that are searched.
fn or_unknown<'n>(namespaces: &'n [&'n str]) -> impl Iterator<Item = &'n str> {
    namespaces.iter().copied().chain(std::iter::once("default"))
}

/// Whether an object selects something in its own namespace, and names none: it may land in any.
fn may_land_anywhere(object: &Object, named: &[Str]) -> bool {
    named.is_empty() && object.meta.namespace.is_none()
}

fn pods(
    facts: &Facts,
    out: &mut Findings,
    object: &Object,
    selector: Option<&Selector>,
    named: &[Str],
) {
    let Some(selector) = selector.filter(|it| !it.is_empty()) else { return };
    let namespaces = searched(object, named);
    // A workload beside the object that names no namespace is applied to that of the object.
    let folder = |file: FileId| folder_of(facts.file(file).path());
    let beside = |it: &&Workload<'_>| {
        it.object.meta.namespace.is_none() && folder(it.object.file) == folder(object.file)
    };
    let unset = facts.workloads_in(object.file, "default").filter(beside).count();
    let within = || namespaces.iter().flat_map(|it| facts.workloads_in(object.file, it));
    let is_unset = unset > 0 && !namespaces.contains(&"default");
    let here = || {
        let unset = facts.workloads_in(object.file, "default").filter(beside);
        within().chain(unset.filter(|_| is_unset))
    };
    let anywhere = || facts.workloads_around(object).any(|it| is_selected(selector, it));
    let selects = or_unknown(&namespaces)
        .any(|it| facts.workloads_matching(it, selector).next().is_some())
        || (may_land_anywhere(object, named) && anywhere());
    if here().next().is_none() || selects || may_come(facts, object, selector) {
        return;
    }
    // One build may leave out what the policy is for, and the sources and the other builds have.
    if facts.is_selected_anywhere(object, selector) {
        return;
    }
    let labels = || here().map(|it| (&it.model.template.meta.labels, it.label.clone()));
    let near = near_miss(selector, labels());
    let is_elsewhere = within().next().is_none();
    report(out_of(facts, object, named), out, selector, ("Pods", is_elsewhere), near);
}

fn services(facts: &Facts, out: &mut Findings, object: &Object, monitor: &Monitor) {
    let Some(selector) = monitor.selector.as_ref().filter(|it| !it.is_empty()) else { return };
    let namespaces = searched(object, &monitor.namespaces);
    let here = || namespaces.iter().flat_map(|it| facts.services_in(object.file, it));
    let selects = or_unknown(&namespaces)
        .any(|it| facts.services_matching(Some(it), selector).next().is_some());
    if selects || may_come(facts, object, selector) {
        return;
    }
    if may_land_anywhere(object, &monitor.namespaces)
        && facts.services_matching(None, selector).next().is_some()
    {
        return;
    }
    let explicit = |it: &Object| it.meta.namespace.clone();
    let matching = facts.services_matching(None, selector).min_by_key(|it| it.index);
    let mut together = facts.services_matching(None, selector);
    let elsewhere = together.find(|it| facts.together(object.file, it.object.file));
    let elsewhere = elsewhere.and_then(|it| Some((it, explicit(it.object)?)));
    let looked: Vec<Str> = match monitor.namespaces.as_slice() {
        [] => explicit(object).into_iter().collect(),
        named => named.to_vec(),
    };
    if let (Some((service, there)), Some(first)) = (elsewhere, looked.first()) {
        let names: Vec<&str> = looked.iter().map(|it| it.as_str()).collect();
        let (place, word) = match (monitor.namespaces.len(), names.len()) {
            (0, _) => (selector.place.span, "namespace"),
            (_, 1) => (first.span, "namespace"),
            _ => (first.span, "namespaces"),
        };
        out.at(
            &place,
            format!(
                "{} looks only in {word} {}, but Service `{}` is in `{there}`",
                object.label(),
                first_named(&names, MAX_NAMES),
                service.name
            ),
        )
        .also(&service.span(), format!("Service `{}`", service.name))
        .help(format!("Add `namespaceSelector: {{ matchNames: [{there}] }}`."));
        return;
    }
    if here().next().is_none() || matching.is_some() {
        return;
    }
    let labels = || here().map(|it| (&it.object.meta.labels, format!("Service `{}`", it.name)));
    let near = near_miss(selector, labels());
    let of = out_of(facts, object, &monitor.namespaces);
    report(of, out, selector, ("Services", false), near);
}

fn is_selected(selector: &Selector, workload: &Workload<'_>) -> bool {
    selector.matches(&workload.model.template.meta.labels)
}

/// Whether a chart or an operator may create what is selected, which these files then do not show.
fn may_come(facts: &Facts, object: &Object, selector: &Selector) -> bool {
    facts.services_from_elsewhere(object.file)
        || selector.match_labels.iter().any(|(key, value)| {
            facts.operator_may_make(object.file, value)
                || key.contains("cnpg.io")
                || key.contains("strimzi.io")
        })
}

/// What would be selected if one of its labels had another value.
struct Near<'n> {
    label: String,
    key: &'n Str,
    value: &'n Str,
    actual: &'n Str,
}

/// Returns the only candidate that has all labels of the selector but one, which has another value.
fn near_miss<'n>(
    selector: &'n Selector,
    candidates: impl Iterator<Item = (&'n Vec<(Str, Str)>, String)>,
) -> Option<Near<'n>> {
    let mut found: Option<Near<'n>> = None;
    for (labels, label) in candidates.take(MANY) {
        let value_of = |key: &Str| labels.iter().find(|it| it.0.value == key.value).map(|it| &it.1);
        let mut missing = selector
            .match_labels
            .iter()
            .filter(|it| value_of(&it.0).is_none_or(|at| at.value != it.1.value));
        let (Some((key, value)), None) = (missing.next(), missing.next()) else { continue };
        let Some(actual) = value_of(key) else { continue };
        // For a selector with one label, every other value would be near, so it must be a typo.
        let typo = crate::facts::nearest(value, std::iter::once(actual.as_str())).is_some();
        if selector.match_labels.len() == 1 && !typo {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(Near { label, key, value, actual });
    }
    found
}

/// Returns an object with the namespaces in which it looks: those that it names, else its own, where it has one.
fn out_of<'f, 'a>(
    facts: &'f Facts<'a>,
    object: &'f Object,
    named: &'f [Str],
) -> (&'f Facts<'a>, &'f Object, Vec<&'f Str>) {
    let namespaces = match named {
        [] => object.meta.namespace.iter().collect(),
        _ => named.iter().collect(),
    };
    (facts, object, namespaces)
}

fn report(
    (facts, object, namespaces): (&Facts, &Object, Vec<&Str>),
    out: &mut Findings,
    selector: &Selector,
    (what, is_elsewhere): (&str, bool),
    near: Option<Near<'_>>,
) {
    let subject = object.label();
    let labels: Vec<String> =
        selector.match_labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let finding = match near {
        Some(near) => {
            let finding = out.at(
                &near.value.span,
                format!(
                    "{subject} selects no {what}: {} has `{}: {}`, not `{}`",
                    near.label, near.key, near.actual, near.value
                ),
            );
            let edit = facts.replace_scalar(&near.value.span, near.actual.as_str());
            finding
                .also(&near.actual.span, format!("{} has this label", near.label))
                .fix(Fix::r#unsafe(format!("Select `{}: {}`", near.key, near.actual), [edit]));
            finding
        }
        None => {
            let finding = out.at(
                &selector.place.span,
                match namespaces.as_slice() {
                    _ if is_elsewhere => {
                        format!("{subject} selects none of the {what} in these files")
                    }
                    [] => format!("{subject} selects none of the {what} in these files"),
                    [one] => format!("{subject} selects no {what} in namespace `{one}`"),
                    several => {
                        let names: Vec<&str> = several.iter().map(|it| it.as_str()).collect();
                        let names = first_named(&names, MAX_NAMES);
                        format!("{subject} selects no {what} in namespaces {names}")
                    }
                },
            );
            finding.confidence(Confidence::Likely);
            finding
        }
    };
    if !labels.is_empty() {
        let option = match namespaces.as_slice() {
            [] => String::new(),
            [one] => namespace_option(Some(one)),
            _ => " -A".to_owned(),
        };
        finding.check(format!(
            "kubectl get {}{option} -l {}",
            in_shell(&what.to_ascii_lowercase()),
            in_shell(&labels.join(","))
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    const WEB: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web, tier: front}}\nspec: {containers: [{name: c, image: a}]}\n";

    fn policy(selector: &str, more: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {{podSelector: {selector}}}\n{more}"
            ),
        )
    }

    #[test]
    fn an_empty_selector_and_a_project_without_workloads_are_silent() {
        assert_eq!(policy("{matchLabels: {app: api}}", WEB).len(), 1);
        assert!(policy("{matchLabels: {app: web}}", WEB).is_empty());
        assert!(policy("{}", WEB).is_empty());
        assert!(policy("{matchLabels: {app: api}}", "").is_empty());
        assert!(
            policy("{matchExpressions: [{key: app, operator: In, values: [web]}]}", WEB).is_empty()
        );
        let near = policy("{matchLabels: {app: web, tier: back}}", WEB);
        assert!(near[0].contains("`tier: front`, not `back`"), "{near:?}");
    }

    #[test]
    fn every_kind_of_object_counts() {
        let count = |kind: &str, spec: &str| {
            let api = match kind {
                "PodMonitor" => "monitoring.coreos.com/v1",
                "NetworkPolicy" => "networking.k8s.io/v1",
                _ => "policy/v1",
            };
            let text = format!(
                "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: p, namespace: shop}}\nspec: {{{spec}}}\n{WEB}"
            );
            messages(&RULE, &text).len()
        };
        for (kind, key) in [
            ("PodMonitor", "selector"),
            ("PodDisruptionBudget", "minAvailable: 1, selector"),
            ("NetworkPolicy", "podSelector"),
        ] {
            for (app, found) in [("api", 1), ("web", 0)] {
                let labels = format!("{key}: {{matchLabels: {{app: {app}}}}}");
                assert_eq!(count(kind, &labels), found, "{kind} {app}");
                let expression = format!(
                    "{key}: {{matchExpressions: [{{key: app, operator: In, values: [{app}]}}]}}"
                );
                assert_eq!(count(kind, &expression), found, "{kind} {app}");
            }
        }
    }

    #[test]
    fn objects_of_istio_select_pods_of_their_namespace() {
        let of = |kind: &str, selector: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: p, namespace: shop}}\nspec: {{{selector}}}\n{WEB}"
                ),
            )
            .len()
        };
        let rule = |app: &str| {
            of("DestinationRule", &format!("workloadSelector: {{matchLabels: {{app: {app}}}}}"))
        };
        let entry = |app: &str| {
            of("ServiceEntry", &format!("workloadSelector: {{labels: {{app: {app}}}}}"))
        };
        assert_eq!((rule("web"), rule("api")), (0, 1));
        assert_eq!((entry("web"), entry("api")), (0, 1));
        assert_eq!(of("DestinationRule", "host: web"), 0);
    }

    #[test]
    fn an_unset_namespace_may_be_any_and_is_not_named() {
        let of = |namespace: &str, label: &str| {
            format!(
                "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: p{namespace}}}\nspec: {{minAvailable: 1, selector: {{matchLabels: {{app: {label}}}}}}}\n"
            )
        };
        let unset = WEB.replace("namespace: shop, ", "").replace("app: web", "app: api");
        let both = format!("{WEB}{unset}");
        assert!(messages(&RULE, &format!("{}{both}", of("", "web"))).is_empty());
        assert!(messages(&RULE, &format!("{}{both}", of(", namespace: shop", "api"))).is_empty());
        assert_eq!(
            messages(&RULE, &format!("{}{both}", of("", "other-thing"))),
            ["PodDisruptionBudget `p` selects none of the Pods in these files"]
        );
    }

    #[test]
    fn a_workload_beside_it_without_a_namespace_may_be_meant() {
        let count = |folder: &str, label: &str| {
            let pod = WEB.replace("namespace: shop, ", "");
            messages(
                &RULE,
                &format!(
                    "# file: k/policy.yaml\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {{podSelector: {{matchLabels: {{app: {label}}}}}}}\n# file: {folder}/pod.yaml\n{pod}"
                ),
            )
        };
        assert_eq!(
            count("k", "api-production"),
            ["NetworkPolicy `p` selects none of the Pods in these files"]
        );
        assert!(count("k", "web").is_empty());
        assert!(count("k/other", "api-production").is_empty(), "it may be applied elsewhere");
    }

    #[test]
    fn the_namespaces_that_a_monitor_names_are_the_ones_that_are_named() {
        let found = |selector: &str| {
            let text = format!(
                "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{name: m, namespace: monitoring}}\nspec: {{selector: {{matchLabels: {{app: other-thing}}}}{selector}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop, labels: {{app: web}}}}\nspec: {{ports: [{{port: 80}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: m, namespace: monitoring, labels: {{app: m}}}}\nspec: {{ports: [{{port: 80}}]}}\n"
            );
            let found = crate::rules::testing::findings(&RULE, &text).remove(0);
            (found.message, found.check[0].clone())
        };
        let own = found("");
        assert!(own.0.ends_with("selects no Services in namespace `monitoring`"), "{own:?}");
        assert_eq!(own.1, "kubectl get services -n monitoring -l app=other-thing");
        let named = found(", namespaceSelector: {matchNames: [shop]}");
        assert!(named.0.ends_with("selects no Services in namespace `shop`"), "{named:?}");
        assert_eq!(named.1, "kubectl get services -n shop -l app=other-thing");
        let several = found(", namespaceSelector: {matchNames: [shop, shop-b]}");
        assert!(several.0.ends_with("in namespaces `shop`, `shop-b`"), "{several:?}");
        assert_eq!(several.1, "kubectl get services -A -l app=other-thing");
    }

    #[test]
    fn a_service_monitor_looks_at_services_of_its_namespace() {
        // Somebody may also have named another namespace.
        let monitor = |namespace: &str, selector: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{name: m, namespace: {namespace}}}\nspec: {{selector: {{matchLabels: {{app: web}}}}{selector}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop, labels: {{app: web}}}}\nspec: {{ports: [{{port: 80}}]}}\n"
                ),
            )
        };
        assert!(monitor("shop", "").is_empty());
        assert!(monitor("monitoring", "")[0].contains("looks only in namespace `monitoring`"));
        assert!(monitor("monitoring", ", namespaceSelector: {any: true}").is_empty());
        assert!(monitor("monitoring", ", namespaceSelector: {matchNames: [shop]}").is_empty());
        let other = monitor("shop", ", namespaceSelector: {matchNames: [shop-production]}");
        assert_eq!(
            other,
            [
                "ServiceMonitor `m` looks only in namespace `shop-production`, but Service `web` is in `shop`"
            ]
        );
    }
}
