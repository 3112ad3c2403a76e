use crate::edit::Yaml;
use crate::facts::Facts;
use crate::model::kubernetes::{Operator, Requirement};
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
    /// ## When to ignore
    /// Never: the API server refuses the object.
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
        for requirement in selector.expressions.iter().filter(|it| !it.matches(&template.labels)) {
            // An operator that does not exist is another mistake.
            let Some(says) = words(requirement) else { continue };
            let finding = out.at(
                &requirement.span,
                format!(
                    "the labels of the Pod template of {} do not meet `{says}`, which its selector requires",
                    workload.label
                ),
            );
            if let Some(labels) = &template.labels_place {
                finding.also(&labels.span, "the labels of the Pod template");
            }
        }
    }
}

/// Returns a requirement as `kubectl` writes it; `None` for an operator that does not exist.
fn words(requirement: &Requirement) -> Option<String> {
    let key = &requirement.key;
    let values: Vec<&str> = requirement.values.iter().map(|it| it.as_str()).collect();
    let values = values.join(",");
    Some(match requirement.operator {
        Operator::In => format!("{key} in ({values})"),
        Operator::NotIn => format!("{key} notin ({values})"),
        Operator::Exists => key.to_string(),
        Operator::DoesNotExist => format!("!{key}"),
        Operator::Unknown => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Safety;
    use crate::rules::testing::{findings, messages};

    fn workload(kind: &str, selector: &str, labels: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{selector: {selector}, template: {{metadata: {{labels: {labels}}}, spec: {{containers: [{{name: c, image: a}}]}}}}}}\n"
        )
    }

    #[test]
    fn every_kind_with_a_selector_of_its_own_counts() {
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"] {
            let count = |labels: &str| {
                messages(&RULE, &workload(kind, "{matchLabels: {app: a}}", labels)).len()
            };
            assert_eq!((count("{app: b}"), count("{app: a}")), (1, 0), "{kind}");
            assert_eq!(count("{app: a, tier: x}"), 0, "{kind}");
        }
        let rollout = workload("Rollout", "{matchLabels: {app: a}}", "{app: b}")
            .replace("apps/v1", "argoproj.io/v1alpha1");
        assert_eq!(messages(&RULE, &rollout).len(), 1);
        // The selector of a ReplicationController is a plain map.
        let old =
            workload("ReplicationController", "{app: a}", "{app: b}").replace("apps/v1", "v1");
        assert_eq!(messages(&RULE, &old).len(), 1);
    }

    #[test]
    fn a_label_that_is_missing_is_added_and_another_one_is_read_first() {
        let fix = |labels: &str| {
            let text = workload("Deployment", "{matchLabels: {app: a, tier: x}}", labels);
            let found = findings(&RULE, &text);
            assert_eq!(found.len(), 1, "{labels}");
            found[0].fixes[0].safety
        };
        assert_eq!(fix("{app: a}"), Safety::Safe);
        assert_eq!(fix("{app: a, tier: y}"), Safety::Unsafe);
        let none = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: a}}, template: {spec: {containers: [{name: c, image: a}]}}}\n";
        assert_eq!(messages(&RULE, none).len(), 1);
    }

    #[test]
    fn a_patch_that_no_kustomization_lists_is_no_object() {
        let found = |base: &str| {
            messages(
                &RULE,
                &format!(
                    "# file: base/kustomization.yaml\nresources: [web.yaml]\n# file: base/web.yaml\n{base}# file: dev/kustomization.yaml\nresources: [../base]\n# file: dev/patch.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, template: {{spec: {{containers: [{{name: c, env: [{{name: A, value: b}}]}}]}}}}}}\n"
                ),
            )
        };
        let web = workload("Deployment", "{matchLabels: {app: web}}", "{app: web}");
        assert!(found(&web).is_empty());
        let other = web.replace("name: web", "name: api");
        assert_eq!(found(&other).len(), 1, "nothing else is called like it");
        let set = workload("StatefulSet", "{matchLabels: {app: web}}", "{app: web}");
        assert_eq!(found(&set).len(), 1, "another kind of the same name");
    }

    #[test]
    fn expressions_are_requirements_too() {
        let found = |expression: &str| {
            let selector = format!("{{matchExpressions: [{expression}]}}");
            messages(&RULE, &workload("Deployment", &selector, "{app: b}"))
        };
        assert_eq!(
            found("{key: app, operator: In, values: [a, c]}"),
            [
                "the labels of the Pod template of Deployment `web` do not meet `app in (a,c)`, which its selector requires"
            ]
        );
        assert_eq!(found("{key: tier, operator: Exists}").len(), 1);
        assert_eq!(found("{key: app, operator: DoesNotExist}").len(), 1);
        assert_eq!(found("{key: app, operator: NotIn, values: [b]}").len(), 1);
        for fine in [
            "{key: app, operator: In, values: [a, b]}",
            "{key: app, operator: Exists}",
            "{key: tier, operator: DoesNotExist}",
            "{key: app, operator: NotIn, values: [a]}",
            "{key: app, operator: Matches, values: [a]}",
        ] {
            assert!(found(fine).is_empty(), "{fine}");
        }
    }
}
