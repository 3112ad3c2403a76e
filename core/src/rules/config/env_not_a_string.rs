use crate::edit::quote_scalar;
use crate::facts::{Facts, in_shell};
use crate::model::kubernetes::{EnvValue, ScalarType};
use crate::report::{Findings, Fix};
use crate::rules::rule;
use crate::syntax::Scalar;

rule! {
    /// An environment variable of a container is written as a number or boolean instead of a
    /// string.
    ///
    /// ## Why it hurts
    /// The API server refuses the whole object: "cannot unmarshal bool into Go struct field
    /// EnvVar.value of type string". Compose silently accepts the same value.
    ///
    /// ## What helps
    /// Put the value in quotes.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=client -f FILE` shows the error.
    ///
    /// ## When to ignore
    /// Never: the API server refuses the object.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       env:
    ///         - name: PORT
    ///           value: 8080 # <- the value of `PORT` is a number, but Kubernetes accepts only strings
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       env:
    ///         - name: PORT
    ///           value: "8080"
    /// ```
    PLM510 "env-not-a-string" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

/// What happens to a number; the page of the rule says it of a boolean.
const NOT_A_NUMBER: &str = "The API server refuses the whole object: \"cannot unmarshal number into Go struct field EnvVar.value of type string\". Compose silently accepts the same value.";

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (_, container) in workload.containers() {
            for var in &container.env {
                // Kubernetes treats null as an absent value.
                let EnvValue::NotAString(value, kind @ (ScalarType::Bool | ScalarType::Number)) =
                    &var.value
                else {
                    continue;
                };
                let text = facts.file(value.span.file).text();
                let written = text.get(value.span.range()).unwrap_or_default();
                let is_word = Scalar::yaml_1_1_bool(value).is_some();
                if is_word && facts.is_kustomized(workload.object.file) {
                    continue;
                }
                let mut quoted = quote_scalar(written);
                if quoted == written {
                    quoted = format!("\"{written}\"");
                }
                let edit = facts.replace(&value.span, &quoted);
                let finding = out.at(
                    &value.span,
                    format!(
                        "the value of `{}` is {}, but Kubernetes accepts only strings",
                        var.name,
                        kind.name()
                    ),
                );
                finding
                    .check(format!(
                        "kubectl apply --dry-run=client -f {}",
                        in_shell(facts.file(value.span.file).path())
                    ))
                    .fix(Fix::safe("Put the value in quotes", [edit]));
                if *kind == ScalarType::Number {
                    finding.why(NOT_A_NUMBER);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn strings_are_silent_whatever_they_look_like() {
        let value = |value: &str| {
            messages(&RULE, &format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: a\n      env:\n        - name: X\n          value: {value}\n")).len()
        };
        for bad in ["true", "no", "on", "1", "-1", "1.5", ".5", "0755", "0x1F", "1e3", "1_000"] {
            assert_eq!(value(bad), 1, "{bad}");
        }
        // The API server takes null as no value.
        for fine in
            ["\"true\"", "'1'", "web", "1.2.3", "22:22", "|\n            1", "", "null", "~"]
        {
            assert_eq!(value(fine), 0, "{fine}");
        }
    }

    #[test]
    fn the_reason_quotes_what_the_server_says_of_the_type() {
        let why = |value: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, env: [{{name: X, value: {value}}}]}}]}}\n"
            );
            findings(&RULE, &text)[0].why.clone().unwrap_or_default()
        };
        assert!(why("3000").contains("cannot unmarshal number"));
        assert_eq!(why("true"), "");
    }

    #[test]
    fn kustomize_puts_words_in_quotes() {
        let value = |value: &str| {
            messages(&RULE, &format!("# file: kustomization.yaml\nresources: [a.yaml]\n# file: a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, env: [{{name: X, value: {value}}}]}}]}}\n")).len()
        };
        assert_eq!(value("no"), 0);
        assert_eq!(value("true"), 1);
    }

    #[test]
    fn init_containers_and_cron_jobs_are_read() {
        let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: i, env: [{name: X, value: 1}]}], containers: [{name: a, image: a}]}}}}}\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }
}
