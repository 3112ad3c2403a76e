use crate::facts::{Facts, nearest};
use crate::model::delivery::application_set;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A template of an ApplicationSet uses a parameter that its generators do not yield.
    ///
    /// ## Why it hurts
    /// Without `missingkey=error` nothing complains. The plain template keeps the braces, and a Go template
    /// prints `<no value>`: the Application gets a folder, a namespace or a project of that name and
    /// fails later, or deploys to the wrong place.
    ///
    /// ## What helps
    /// Correct the name, or add the parameter to every element. Switch on `goTemplate: true` with
    /// `goTemplateOptions: ["missingkey=error"]`, so that Argo CD refuses the set and keeps the
    /// Applications that it has.
    ///
    /// ## How to troubleshoot
    /// `argocd appset generate FILE` prints the Applications that a set makes.
    ///
    /// ## When to ignore
    /// Where a plugin yields the parameter: what it answers is not in the files.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: ApplicationSet
    /// metadata: { name: shop }
    /// spec:
    ///   generators:
    ///     - list:
    ///         elements:
    ///           - { env: staging }
    ///           - { env: prod }
    ///   template:
    ///     metadata: { name: "shop-{{env}}" }
    ///     spec:
    ///       project: shop
    ///       source: { repoURL: "https://git.example.com/shop.git", path: "deploy/{{env}}" }
    ///       destination: { server: "https://kubernetes.default.svc", namespace: "{{namespace}}" } # <- no generator of ApplicationSet `shop` yields `namespace`, so the braces stay
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: ApplicationSet
    /// metadata: { name: shop }
    /// spec:
    ///   generators:
    ///     - list:
    ///         elements:
    ///           - { env: staging }
    ///           - { env: prod }
    ///   template:
    ///     metadata: { name: "shop-{{env}}" }
    ///     spec:
    ///       project: shop
    ///       source: { repoURL: "https://git.example.com/shop.git", path: "deploy/{{env}}" }
    ///       destination: { server: "https://kubernetes.default.svc", namespace: "shop-{{env}}" }
    /// ```
    PLM921 "unresolved-placeholder" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for (object, expansion) in facts.app_sets() {
        let Some(set) = application_set(object) else { continue };
        // Argo CD itself says so.
        if set.refuses_missing_keys() {
            continue;
        }
        let effect = match set.go_template {
            true => "it becomes `<no value>`",
            false => "the braces stay",
        };
        for missing in &expansion.missing {
            let (name, label) = (&missing.name, object.label());
            let message = match missing.element {
                None => format!("no generator of {label} yields `{name}`, so {effect}"),
                Some(_) => {
                    format!("an element of {label} has no `{name}`, so {effect} in its Application")
                }
            };
            let finding = out.at(&missing.span, message);
            if let Some(element) = missing.element {
                finding.also(&element, "the element without the parameter");
            }
            if let Some(near) = nearest(name, expansion.known.iter().map(String::as_str)) {
                let written = facts.written(&missing.span);
                if written.matches(name.as_str()).count() == 1 {
                    finding.fix(Fix::r#unsafe(
                        format!("Use `{near}`"),
                        vec![facts.replace(&missing.span, &written.replace(name.as_str(), near))],
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn set(options: &str, generators: &str, namespace: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: s}}\nspec:\n  {options}\n  generators: [{generators}]\n  template:\n    metadata: {{name: a}}\n    spec: {{source: {{repoURL: r, path: p}}, destination: {{namespace: '{namespace}'}}}}\n"
            ),
        )
    }

    const LIST: &str = "{list: {elements: [{a: x, values: {b: y}}]}}";

    #[test]
    fn both_kinds_of_templates_are_read() {
        assert_eq!(set("goTemplate: false", LIST, "{{c}}").len(), 1);
        assert!(set("goTemplate: true", LIST, "{{.c}}")[0].contains("<no value>"));
        for fine in ["{{a}}", "{{ values.b }}"] {
            assert!(set("goTemplate: false", LIST, fine).is_empty(), "{fine}");
        }
        for fine in
            ["{{.a}}", "{{ .values.b }}", "{{ .c | default \"x\" }}", "{{ if .c }}x{{ end }}"]
        {
            assert!(set("goTemplate: true", LIST, fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn one_element_may_lack_a_parameter() {
        let list = "{list: {elements: [{a: x, c: y}, {a: z}]}}";
        assert_eq!(
            set("goTemplate: false", list, "{{c}}"),
            ["an element of ApplicationSet `s` has no `c`, so the braces stay in its Application"]
        );
    }

    #[test]
    fn missing_keys_that_are_refused_are_silent() {
        assert!(
            set("goTemplate: true\n  goTemplateOptions: ['missingkey=error']", LIST, "{{.c}}")
                .is_empty()
        );
    }

    #[test]
    fn generators_that_ask_elsewhere_may_yield_anything() {
        for generator in [
            "{clusters: {}}",
            "{pullRequest: {}}",
            "{plugin: {}}",
            "{matrix: {generators: [{clusters: {}}, {list: {elements: [{a: x}]}}]}}",
        ] {
            assert!(set("goTemplate: false", generator, "{{c}}").is_empty(), "{generator}");
        }
    }
}
