use crate::edit::Yaml;
use crate::facts::Facts;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A workload's selector does not match its own Pod template.
    ///
    /// ## Why it hurts
    /// The API server rejects the object with "`selector` does not match template `labels`". The
    /// rest of the manifests are applied, and this workload silently stays at its old version.
    ///
    /// ## What helps
    /// Give the Pod template every label that the selector names.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` shows the error.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector:
    ///     matchLabels: { app: web } # <- the Pod template of Deployment `web` does not have the label `app: web`, which its selector requires
    ///   template:
    ///     metadata:
    ///       labels: { app: website }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector:
    ///     matchLabels: { app: web }
    ///   template:
    ///     metadata:
    ///       labels: { app: web }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM423 "template-labels-mismatch" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let Some(selector) = &workload.model.selector else { continue };
        let template = &workload.model.template.meta;
        if workload.model.template.place.is_none() {
            continue;
        }
        for (key, value) in &selector.match_labels {
            let actual = template.label(key);
            if actual.is_some_and(|it| it.value == value.value) {
                continue;
            }
            let label = &workload.label;
            let finding = out.at(
                &key.span.to(value.span),
                format!("the Pod template of {label} does not have the label `{key}: {value}`, which its selector requires"),
            );
            let edit = match (actual, &template.labels_place) {
                (Some(actual), _) => {
                    finding.also(&actual.span, "the Pod template has this label instead");
                    Some(facts.replace_scalar(&actual.span, value))
                }
                (None, Some(labels)) => {
                    finding.also(&labels.span, "the labels of the Pod template");
                    facts.insert_entry(labels, key, &Yaml::str(value.as_str()))
                }
                (None, None) => None,
            };
            let title = format!("Label the Pod template `{key}: {value}`");
            // A Service may select the label that the template has.
            finding.maybe_fix(edit.map(|edit| match actual {
                Some(_) => Fix::r#unsafe(title, [edit]),
                None => Fix::safe(title, [edit]),
            }));
        }
    }
}
