use crate::facts::{Facts, OverlayGap, TypeConflict, UndefinedValue, in_shell};
use crate::model::chart::{Chart, ValuesFile};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// Some environments set a value that has no default, or set it with another type.
    ///
    /// ## Why it hurts
    /// The environment that does not set the value gets nothing where the others get something, and
    /// nobody sees that before it is deployed there, which is often production. With another type the
    /// templates take another way: the string `"false"` is true.
    ///
    /// ## What helps
    /// Give the value a default in `values.yaml`, so that an environment sets it only to differ, or
    /// set it in every environment. Write the same type everywhere.
    ///
    /// ## How to troubleshoot
    /// Compare `helm template . --values FILE` for two of the values files.
    ///
    /// ## When to ignore
    /// Where an environment does without the setting on purpose, and the program copes with its absence.
    ///
    /// ## Bad
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// debug: false
    /// ```
    /// ```yaml file=values-staging.yaml
    /// smtpHost: mail.staging.example # <- `values-staging.yaml` sets `smtpHost` and `values-prod.yaml` does not, and `values.yaml` has no default
    /// ```
    /// ```yaml file=values-prod.yaml
    /// debug: "false" # <- `debug` is a string in `values-prod.yaml` and a boolean in `values.yaml`
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: shop
    /// data:
    ///   SMTP_HOST: {{ .Values.smtpHost }}
    ///   DEBUG: "{{ .Values.debug }}"
    /// ```
    ///
    /// ## Good
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// debug: false
    /// smtpHost: mail.example
    /// ```
    /// ```yaml file=values-staging.yaml
    /// smtpHost: mail.staging.example
    /// ```
    /// ```yaml file=values-prod.yaml
    /// debug: false
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: shop
    /// data:
    ///   SMTP_HOST: {{ .Values.smtpHost }}
    ///   DEBUG: "{{ .Values.debug }}"
    /// ```
    PLM909 "environments-disagree" {
        since: "0.1.0", on: Delivery, severity: Warning, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for chart in facts.charts() {
        for value in facts.undefined_values(chart).iter().filter(|value| !value.set.is_empty()) {
            report_missing(chart, value, out);
        }
        for conflict in facts.type_conflicts(chart) {
            report_type(chart, &conflict, out);
        }
    }
    facts.overlay_gaps().iter().for_each(|gap| report_gap(gap, out));
}

fn report_missing(chart: &Chart, value: &UndefinedValue<'_>, out: &mut Findings) {
    let Some((_, first)) = value.set.first() else { return };
    let names = |files: &[&ValuesFile]| {
        let names: Vec<String> = files.iter().map(|file| format!("`{}`", file.name)).collect();
        names.join(", ")
    };
    let setters: Vec<&ValuesFile> = value.set.iter().map(|(file, _)| *file).collect();
    let (sets, do_not) = (
        if setters.len() == 1 { "sets" } else { "set" },
        if value.not_set.len() == 1 { "does not" } else { "do not" },
    );
    let message = format!(
        "{} {sets} `{}` and {} {do_not}, and `values.yaml` has no default",
        names(&setters),
        value.absent,
        names(&value.not_set),
    );
    let finding = out.at(&first.key, message);
    finding.subject(format!("chart {}", chart.label()));
    finding.also(&value.span, "read here");
}

fn report_type(chart: &Chart, conflict: &TypeConflict<'_>, out: &mut Findings) {
    let TypeConflict { path, usual, here } = conflict;
    let message = format!(
        "`{path}` is {} in `{}` and {} in `{}`",
        here.1.kind.name(),
        here.0.name,
        usual.1.kind.name(),
        usual.0.name,
    );
    let finding = out.at(&here.1.key, message);
    finding.subject(format!("chart {}", chart.label()));
    finding.also(&usual.1.key, "the other type");
}

fn report_gap(gap: &OverlayGap<'_>, out: &mut Findings) {
    let OverlayGap { key, owner, missing, present } = gap;
    let Some((_, first)) = present.first() else { return };
    let names: Vec<String> = present.iter().map(|(name, _)| format!("`{name}`")).collect();
    let message = format!(
        "overlays {} set `{key}` and `{missing}` does not, and the base has no default",
        names.join(", "),
    );
    let finding = out.at(first, message);
    finding.subject(owner.clone());
    for (name, span) in present.iter().skip(1).filter(|(_, span)| span != first) {
        finding.also(span, format!("set in `{name}`"));
    }
    finding.check(format!("kubectl kustomize {}", in_shell(missing)));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(values: &str, one: &str, two: &str, template: &str) -> usize {
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\n{values}\n# file: c/values-dev.yaml\n{one}\n# file: c/values-prod.yaml\n{two}\n# file: c/templates/a.yaml\n{template}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_value_without_default_is_set_everywhere_or_nowhere() {
        assert_eq!(count("x: 1", "a: 1", "b: 1", "{{ .Values.a }}"), 1);
        assert_eq!(count("x: 1", "a: 1", "a: 2", "{{ .Values.a }}"), 0);
        assert_eq!(count("a: 0", "a: 1", "b: 1", "{{ .Values.a }}"), 0, "a default");
        assert_eq!(count("x: 1", "a: 1", "b: 1", "{{ .Values.a | default 0 }}"), 0, "covered");
        assert_eq!(count("x: 1", "a: 1", "b: 1", "{{ if .Values.a }}y{{ end }}"), 0, "optional");
        assert_eq!(count("x: 1", "a: 1", "b: 1", "x: y"), 0, "nobody reads it");
        assert_eq!(count("x: 1", "a: {b: 1}", "a: {c: 1}", "{{ .Values.a.b }}"), 1);
    }

    const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - {name: web, image: acme/web:1, env: [{name: A, value: a}]}\n";

    /// A base with an overlay for each environment, and the literals that each generates.
    fn overlays(overlays: &[(&str, &str)]) -> Vec<String> {
        let mut text = format!(
            "# file: base/kustomization.yaml\nresources: [app.yaml]\n# file: base/app.yaml\n{BASE}"
        );
        for (name, literals) in overlays {
            text += &format!(
                "# file: overlays/{name}/kustomization.yaml\nresources: [../../base]\nconfigMapGenerator: [{{name: web, literals: [{literals}]}}]\n"
            );
        }
        messages(&RULE, &text)
    }

    #[test]
    fn one_overlay_of_several_lacks_a_setting() {
        let all = "A=1, B=2";
        assert_eq!(
            overlays(&[("dev", all), ("prod", "A=1"), ("staging", all)]),
            [
                "overlays `overlays/dev`, `overlays/staging` set `B` and `overlays/prod` does not, and the base has no default"
            ],
        );
        assert!(overlays(&[("dev", all), ("prod", "A=1")]).is_empty(), "one of two");
        assert!(
            overlays(&[("dev", all), ("prod", "A=1"), ("staging", "A=1")]).is_empty(),
            "dev alone"
        );
        assert!(overlays(&[("dev", all), ("prod", all), ("staging", all)]).is_empty());
    }

    #[test]
    fn types_differ_where_templates_tell_them_apart() {
        assert_eq!(count("a: true", "a: false", "a: 'false'", "{{ .Values.a }}"), 1);
        assert_eq!(count("a: [x]", "a: {x: y}", "a: [z]", "{{ toYaml .Values.a }}"), 1);
        assert_eq!(count("a: {b: 1}", "a: text", "a: {b: 2}", "{{ .Values.a.b }}"), 1);
        assert_eq!(count("x: 1", "a: true", "a: [1]", "{{ toYaml .Values.a }}"), 1);
        for (usual, here) in [("80", "'80'"), ("''", "{b: 1}"), ("{}", "[x]"), ("", "true")] {
            let (usual, here) = (format!("a: {usual}"), format!("a: {here}"));
            assert_eq!(count(&usual, &here, &usual, "{{ .Values.a }}"), 0, "{usual} {here}");
        }
    }
}
