use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A values file sets a value that no template reads.
    ///
    /// ## Why it hurts
    /// Whoever sets the value believes that it does something. Often it did, before a template was
    /// renamed; sometimes the name is misspelt, and the setting that was meant keeps its default.
    ///
    /// ## What helps
    /// Remove the value, or correct its name. If a template should read it, let it.
    ///
    /// ## How to troubleshoot
    /// `helm template . --set KEY=something-else` prints the same with and without the value.
    ///
    /// ## When to ignore
    /// Where another tool, or a library chart that is not among the files, reads the value.
    ///
    /// ## Bad
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// replicas: 2
    /// ```
    /// ```yaml file=values-prod.yaml
    /// replica: 5 # <- no template reads `replica`; did you mean `replicas`?
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: shop
    /// spec:
    ///   replicas: {{ .Values.replicas }}
    /// ```
    ///
    /// ## Good
    /// ```yaml file=Chart.yaml
    /// apiVersion: v2
    /// name: shop
    /// version: 1.0.0
    /// ```
    /// ```yaml file=values.yaml
    /// replicas: 2
    /// ```
    /// ```yaml file=values-prod.yaml
    /// replicas: 5
    /// ```
    /// ```yaml file=templates/app.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: shop
    /// spec:
    ///   replicas: {{ .Values.replicas }}
    /// ```
    PLM906 "value-not-used" {
        since: "0.1.0", on: Delivery, severity: Hint, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for chart in facts.charts() {
        for unused in facts.unused_values(chart) {
            let near = unused.near.map(|near| format!("; did you mean `{near}`?"));
            let near = near.unwrap_or_default();
            let message = format!("no template reads `{}`{near}", unused.path);
            let finding = out.at(&unused.value.key, message);
            finding.subject(format!("chart {}, {}", chart.label(), unused.file.name));
            finding.unnecessary = true;
            let others = unused.others.iter().map(|it| (it.key, "the same value".to_owned()));
            finding.stands_for(&others.collect::<Vec<_>>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[track_caller]
    fn unused(values: &str, template: &str) -> Vec<String> {
        unused_in("", values, template)
    }

    #[track_caller]
    fn unused_in(metadata: &str, values: &str, template: &str) -> Vec<String> {
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n{metadata}# file: c/values.yaml\n{values}# file: c/templates/a.yaml\nused: {{{{ .Values.used }}}}\n{template}\n"
        );
        let messages = messages(&RULE, &text);
        messages.iter().map(|it| it.split('`').nth(1).unwrap().to_owned()).collect()
    }

    const SILENT: [&str; 0] = [];

    #[test]
    fn the_topmost_value_is_reported() {
        let values = "used: 1\na:\n  b: 1\n  c: {d: 1, e: 2}\nf: {g: 1}\n";
        assert_eq!(unused(values, "{{ .Values.a.b }}"), ["a.c", "f"]);
        assert_eq!(unused(values, "{{ .Values.a.c.d }}"), ["a.b", "a.c.e", "f"]);
        // A comment is no template.
        assert_eq!(unused("used: 1\na: 1\n", "{{/* .Values.a */}}"), ["a"]);
        // A test of the parent reads nothing below it.
        assert_eq!(unused("used: 1\na: {b: 1}\n", "{{ if .Values.a }}x{{ end }}"), ["a.b"]);
    }

    #[test]
    fn every_values_file_with_the_value_is_named() {
        let file = |name: &str, values: &str| format!("# file: c/{name}\n{values}");
        let text = format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n{}{}{}# file: c/templates/a.yaml\nused: {{{{ .Values.used }}}}\n",
            file("values.yaml", "used: 1\n"),
            file("values-dev.yaml", "usd: 2\n"),
            file("values-prod.yaml", "usd: 3\nother: 1\n"),
        );
        let found = findings(&RULE, &text);
        let said: Vec<(&str, usize)> =
            found.iter().map(|it| (it.message_for_one(), it.more)).collect();
        assert_eq!(
            said,
            [
                ("no template reads `usd`; did you mean `used`?", 1),
                ("no template reads `other`", 0)
            ]
        );
    }

    #[test]
    fn whole_parts_are_read_in_many_ways() {
        for template in [
            "{{ toYaml .Values.a }}",
            "{{ range $k, $v := .Values.a }}{{ $k }}{{ end }}",
            "{{ .Values.a | toJson | quote }}",
            "{{ index .Values \"a\" \"b\" }}{{ .Values.a.c }}",
            "{{ get .Values.a \"b\" }}{{ $.Values.a.c }}",
            "{{ $x := .Values.a }}{{ $x.b }}{{ $x.c }}",
            "{{ with .Values.a }}{{ .b }}{{ .c }}{{ end }}",
            "{{ define \"h\" }}{{ .b }}{{ .c }}{{ end }}{{ include \"h\" .Values.a }}",
            "{{ define \"h\" }}{{ toYaml .v }}{{ end }}{{ include \"h\" (dict \"v\" .Values.a) }}",
            "{{ index .Values.a .Values.used }}",
            "{{ $all := merge (dict) .Values.a }}",
            "{{ tpl (toYaml .Values.a) . }}",
            "{{ include (printf \"%s\" .Values.used) . }}",
            "{{ toYaml .Values }}",
        ] {
            assert_eq!(unused("used: 1\na: {b: 1, c: 2}\n", template), SILENT, "{template}");
        }
    }

    #[test]
    fn a_template_that_a_dependency_may_define_reads_all() {
        let template = "{{ include \"not.in.the.project\" . }}";
        let dependencies = "dependencies:\n  - {name: common, version: 1.x.x, repository: 'https://charts.example'}\n";
        let values = "used: 1\na: 1\n";
        assert_eq!(unused_in(dependencies, values, template), SILENT);
        assert_eq!(unused(values, template), ["a"], "it is defined nowhere");
        let parent = "# file: Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n";
        let vendored = format!(
            "{parent}# file: charts/c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: charts/c/values.yaml\n{values}# file: charts/c/templates/a.yaml\n{{{{ .Values.used }}}}{template}\n"
        );
        assert_eq!(messages(&RULE, &vendored), [""; 0]);
    }

    #[test]
    fn notes_and_texts_read_values() {
        let notes = "# file: c/templates/NOTES.txt\n{{ .Values.a }}\n";
        assert_eq!(unused("used: 1\na: 1\n", notes), SILENT);
        let text = "used: '{{ .Values.a }}'\na: 1\nb: 1\n";
        assert_eq!(unused(text, "{{ tpl .Values.used . }}"), ["b"]);
        let file = "{{ tpl (.Files.Get \"files/x\") . }}\n# file: c/files/x\n{{ .Values.a }}\n";
        assert_eq!(unused("used: 1\na: 1\n", file), SILENT);
        let readme = "{{ tpl (.Files.Get \"files/x\") . }}\n# file: c/README.md\n{{ .Values.a }}\n";
        assert_eq!(unused("used: 1\na: 1\n", readme), ["a"]);
    }

    #[test]
    fn values_of_subcharts_are_theirs() {
        let dependencies = "dependencies:\n  - {name: redis, version: 1.x.x, repository: 'https://charts.example', condition: cache.enabled}\n  - {name: db, alias: store, version: 1.x.x, repository: 'https://charts.example'}\n";
        let values = "used: 1\nredis: {a: 1}\nstore: {a: 1}\nglobal: {a: 1}\ntags: {a: true}\ncache: {enabled: true}\n";
        assert_eq!(unused_in(dependencies, values, ""), SILENT);
        let vendored =
            "# file: c/charts/redis/Chart.yaml\napiVersion: v2\nname: redis\nversion: 1.0.0\n";
        assert_eq!(unused("used: 1\nredis: {a: 1}\n", vendored), SILENT);
    }

    #[test]
    fn anchors_and_library_charts_are_left_alone() {
        assert_eq!(unused("common: &common {a: 1}\nused: *common\n", ""), SILENT);
        assert_eq!(unused_in("type: library\n", "used: 1\na: 1\n", ""), SILENT);
    }
}
