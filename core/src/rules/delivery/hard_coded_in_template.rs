use crate::facts::Facts;
use crate::model::Str;
use crate::model::chart::Chart;
use crate::model::kubernetes::{Body, Object};
use crate::report::{Findings, TargetKind};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A template fixes a namespace, image tag, replica count or host that environments would set.
    ///
    /// ## Why it hurts
    /// The chart has values files for its environments, but what stands in a template is the same in
    /// all of them: a new version reaches staging and production together, and the host of one
    /// environment answers in another.
    ///
    /// ## What helps
    /// Move the literal into `values.yaml` and read it from there; the values files of the
    /// environments then change it. The namespace is `.Release.Namespace`, or left out.
    ///
    /// ## How to troubleshoot
    /// `helm template . --values values-prod.yaml` prints the same literal for each values file.
    ///
    /// ## When to ignore
    /// Where the literal is meant to be the same everywhere, such as the tag of a helper image.
    ///
    /// ## Bad
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// logLevel: info
    /// ```
    /// ```yaml file=values-prod.yaml
    /// logLevel: warn
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: shop
    ///   namespace: shop-prod # <- the namespace `shop-prod` is the same in every environment of chart `shop`
    /// spec:
    ///   replicas: 3 # <- the number of replicas, 3, is the same in every environment of chart `shop`
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: acme/shop:1.4.2 # <- the image tag `1.4.2` is the same in every environment of chart `shop`
    ///           args: ["--log-level={{ .Values.logLevel }}"]
    /// ```
    ///
    /// ## Good
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// replicas: 1
    /// tag: 1.4.2
    /// ```
    /// ```yaml file=values-prod.yaml
    /// replicas: 3
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: shop
    ///   namespace: {{ .Release.Namespace }}
    /// spec:
    ///   replicas: {{ .Values.replicas }}
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: shop
    ///           image: "acme/shop:{{ .Values.tag }}"
    /// ```
    PLM907 "hard-coded-in-template" {
        since: "0.1.0", on: Delivery, severity: Info, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for chart in facts.charts().iter().filter(|chart| !chart.further.is_empty()) {
        let mut reported = FxHashSet::default();
        let targets = facts.all_targets().iter().filter(|built| {
            built.target.kind == TargetKind::Chart && built.target.folder == chart.folder
        });
        for object in targets.flat_map(|built| &built.objects) {
            for (span, what) in literals(facts, chart, object) {
                if reported.insert(span) {
                    let chart = chart.label();
                    let message =
                        format!("{what} is the same in every environment of chart `{chart}`");
                    out.at(&span, message);
                }
            }
        }
    }
}

/// Returns the literals of an object that stand in a template, and what they are.
fn literals(facts: &Facts, chart: &Chart, object: &Object) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    let literal = |span: Span, value: &str| is_literal(facts, chart, span, value);
    if let Some(namespace) = object.meta.namespace.as_ref().filter(|it| literal(it.span, it))
        // Kubernetes' own namespaces are the same in every cluster.
        && !namespace.starts_with("kube-")
    {
        found.push((namespace.span, format!("the namespace `{}`", namespace.as_str())));
    }
    if let Body::Routes(routes) = &object.body {
        let hosts = routes.hosts.iter().filter(|host| literal(host.span, host));
        found.extend(hosts.map(|host| (host.span, format!("the host `{}`", host.as_str()))));
    }
    let Some(workload) = object.workload() else { return found };
    // One replica is often a fact about the program and no setting.
    if let Some(replicas) = workload
        .replicas
        .as_ref()
        .filter(|it| it.value > 1 && literal(it.span, &it.value.to_string()))
    {
        found.push((replicas.span, format!("the number of replicas, {},", replicas.value)));
    }
    let images = workload.template.spec.containers.iter().filter_map(|it| it.image.as_ref());
    for image in images {
        if let Some(tag) = literal_tag(facts, chart, image) {
            found.push((image.span, format!("the image tag `{tag}`")));
        }
    }
    found
}

/// Whether a place lies in a template of the chart.
fn is_in_template(facts: &Facts, chart: &Chart, span: Span) -> bool {
    let path = facts.file(span.file).path();
    let rest = path.strip_prefix(chart.folder.as_str()).map(|rest| rest.trim_start_matches('/'));
    rest.is_some_and(|rest| rest.starts_with("templates/"))
}

/// Whether a value is written in a template as it is.
fn is_literal(facts: &Facts, chart: &Chart, span: Span, value: &str) -> bool {
    let written = facts.unquoted(&span);
    written == value && is_in_template(facts, chart, span)
}

/// Returns the tag of an image that a template writes as it is, whether or not an action prints the name.
fn literal_tag<'f>(facts: &Facts<'f>, chart: &Chart, image: &Str) -> Option<&'f str> {
    let written = facts.unquoted(&image.span);
    let tail = written.rsplit("}}").next().unwrap_or(written);
    let (before, tag) = tail.rsplit_once(':')?;
    let is_tag = !tag.is_empty()
        && !before.ends_with("@sha256")
        && tag.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
        && image.ends_with(tail);
    (is_tag && is_in_template(facts, chart, image.span)).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[track_caller]
    fn found(template: &str) -> Vec<String> {
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\na: x\n# file: c/values-prod.yaml\na: y\n# file: c/templates/a.yaml\n{template}\n"
        );
        messages(&RULE, &text)
    }

    fn workload(fields: &str, image: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n  {fields}\n  template:\n    spec:\n      containers:\n        - name: a\n          image: {image}\n"
        )
    }

    #[test]
    fn each_kind_of_literal_is_found_once_for_all_environments() {
        assert_eq!(found(&workload("replicas: 2", "a")).len(), 1);
        assert_eq!(found(&workload("replicas: 1", "a:1")).len(), 1);
        assert_eq!(found(&workload("paused: false", "\"{{ .Values.a }}:1.2\"")).len(), 1);
        let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: b}\nspec:\n  rules:\n    - host: shop.example\n";
        assert_eq!(found(ingress).len(), 2);
    }

    #[test]
    fn routes_of_a_gateway_and_jobs_have_literals_too() {
        let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec:\n  hostnames: [shop.example]\n  rules: [{backendRefs: [{name: a, port: 80}]}]\n";
        assert_eq!(
            found(route),
            ["the host `shop.example` is the same in every environment of chart `c`"]
        );
        assert!(found(&route.replace("shop.example", "\"{{ .Values.a }}\"")).is_empty());
        let job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec:\n  schedule: '0 1 * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n            - name: m\n              image: acme/b:1\n";
        assert_eq!(found(job), ["the image tag `1` is the same in every environment of chart `c`"]);
    }

    #[test]
    fn what_comes_from_values_or_is_the_same_everywhere_is_not_found() {
        for image in ["a", "\"a:{{ .Values.a }}\"", "{{ .Values.a }}", "localhost:5000/a"] {
            assert!(found(&workload("replicas: 1", image)).is_empty(), "{image}");
        }
        let system =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: kube-system}\n";
        assert!(found(system).is_empty());
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\na: x\n# file: c/templates/a.yaml\n{}",
            workload("replicas: 3", "a:1")
        );
        assert!(messages(&RULE, &text).is_empty(), "a chart without environments");
    }
}
