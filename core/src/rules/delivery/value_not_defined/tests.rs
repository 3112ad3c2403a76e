use super::RULE;
use crate::report::Severity;
use crate::rules::testing::{check_rule, findings, messages};

/// A chart with a values file and one template.
fn chart(values: &str, template: &str) -> String {
    format!(
        "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\n{values}# file: c/templates/a.yaml\n{template}\n"
    )
}

#[track_caller]
fn undefined(values: &str, template: &str) -> Vec<String> {
    let messages = messages(&RULE, &chart(values, template));
    messages.iter().map(|it| it.split('`').nth(1).unwrap().to_owned()).collect()
}

const SILENT: [&str; 0] = [];

#[test]
fn values_that_nobody_defines_are_reported_once() {
    let template = "a: {{ .Values.a }}\nb: {{ .Values.a }}\nc: {{ .Values.b.c }}";
    assert_eq!(undefined("x: 1\n", template), [".Values.a", ".Values.b.c"]);
    assert_eq!(undefined("a: 1\nb: {c: null}\n", template), SILENT);
    assert_eq!(undefined("a: 1\nb: {}\n", template), [".Values.b.c"]);
    assert_eq!(undefined("a: 1\nb:\n", template), [".Values.b.c"]);
}

#[test]
fn the_value_of_the_guard_is_meant() {
    let template = "{{ if .Values.spreadConstraints }}{{ .Values.spreadConstraint }}{{ end }}";
    let found = messages(&RULE, &chart("spreadConstrain: 1\n", template));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("did you mean `.Values.spreadConstraints`?"), "{found:?}");
}

#[test]
fn the_command_prints_the_notes() {
    let found = |file: &str| {
        let text = chart("x: 1\n", "a: 1");
        findings(&RULE, &format!("{text}# file: c/templates/{file}\n{{{{ .Values.a }}}}\n"))
    };
    assert_eq!(found("NOTES.txt")[0].check, ["helm install c c --dry-run=client"]);
    assert_eq!(found("b.yaml")[0].check, ["helm template c -s templates/b.yaml"]);
}

#[test]
fn the_command_opens_the_blocks_around_the_place() {
    let command = |values: &str, template: &str| {
        findings(&RULE, &chart(values, template))[0].check[0].clone()
    };
    let template = "{{ if .Values.cosi.enabled }}{{ if eq .Values.cosi.mode \"s3\" }}a: {{ .Values.x }}{{ end }}{{ end }}";
    assert_eq!(
        command("cosi: {enabled: false, mode: gcs}\n", template),
        "helm template c -s templates/a.yaml --set cosi.enabled=true --set cosi.mode=s3"
    );
    assert_eq!(
        command("cosi: {enabled: true, mode: s3}\n", template),
        "helm template c -s templates/a.yaml"
    );
    let template = "{{ if or (eq .Values.env \"prod\") (eq .Values.env \"preprod\") }}a: {{ .Values.x }}{{ end }}";
    assert_eq!(
        command("env: dev\n", template),
        "helm template c -s templates/a.yaml --set env=prod"
    );
    let with = chart("a: 1\n", "b: {{ .Values.b }}").replace(
        "version: 1.0.0\n",
        "version: 1.0.0\ndependencies:\n  - {name: redis, version: 1.x.x, repository: 'https://charts.example'}\n",
    );
    assert_eq!(
        findings(&RULE, &with)[0].check,
        ["helm dependency build c && helm template c -s templates/a.yaml"]
    );
}

#[test]
fn what_one_switch_brings_is_one_finding() {
    let values = "analytics: {enabled: false}\n";
    let reads = "a: {{ .Values.analytics.id }}\nb: {{ .Values.analytics.tag }}\n";
    let template = format!("{{{{ if .Values.analytics.enabled }}}}\n{reads}{{{{ end }}}}");
    let found = messages(&RULE, &chart(values, &template));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("(and 1 more like it)"), "{found:?}");
    assert_eq!(messages(&RULE, &chart(values, reads)).len(), 2, "no switch");
}

#[test]
fn a_value_that_goes_with_another_choice_is_silent() {
    let template = "{{ if eq .Values.logs.type \"existingClaim\" }}claim: {{ .Values.logs.claimName }}{{ end }}";
    assert_eq!(undefined("logs: {type: hostPath}\n", template), SILENT);
    assert_eq!(undefined("logs: {type: existingClaim}\n", template), [".Values.logs.claimName"]);
    let either = template.replace(
        "if eq .Values.logs.type \"existingClaim\"",
        "if or (eq .Values.logs.type \"existingClaim\") .Values.always",
    );
    assert_eq!(
        undefined("logs: {type: hostPath}\nalways: true\n", &either),
        [".Values.logs.claimName"]
    );
    let other = "{{ if eq .Values.mode \"x\" }}a: {{ .Values.logs.claimName }}{{ end }}";
    assert_eq!(undefined("mode: y\nlogs: {a: 1}\n", other), [".Values.logs.claimName"]);
}

#[test]
fn a_field_with_a_default_is_a_hint() {
    let severity = |template: &str| findings(&RULE, &chart("x: 1\n", template))[0].severity;
    assert_eq!(severity("spec:\n  replicas: {{ .Values.replicas }}"), Severity::Hint);
    assert_eq!(severity("spec:\n  image: {{ .Values.replicas }}"), Severity::Warning);
}

#[test]
fn a_renamed_value_is_proposed_and_a_misspelt_one_is_mended() {
    let found =
        findings(&RULE, &chart("service: {port: 80}\n", "a: {{ .Values.service.externalPort }}"));
    assert!(found[0].message.ends_with("did you mean `.Values.service.port`?"));
    assert!(found[0].fixes.is_empty(), "it may be another port");
    let found = findings(&RULE, &chart("service: {port: 80}\n", "a: {{ .Values.service.prot }}"));
    assert_eq!(found[0].fixes[0].edits[0].text, "port");
}

#[test]
fn the_notes_of_a_chart_are_one_finding() {
    let text = chart("x: 1\n", "a: 1");
    let notes = "# file: c/templates/NOTES.txt\n{{ .Values.a }} {{ .Values.b }}\n";
    assert_eq!(messages(&RULE, &format!("{text}{notes}")).len(), 1);
    assert_eq!(undefined("x: 1\n", "a: {{ .Values.a }}\nb: {{ .Values.b }}").len(), 2);
}

#[test]
fn what_is_rendered_is_set_to_a_text() {
    let command =
        |template: &str| findings(&RULE, &chart("spread: ''\n", template))[0].check[0].clone();
    assert_eq!(
        command("{{ if .Values.spread }}a: {{ tpl .Values.spred . }}{{ end }}"),
        "helm template c -s templates/a.yaml --set-string spread=a"
    );
    assert_eq!(
        command("{{ if .Values.spread }}a: {{ .Values.spred }}{{ end }}"),
        "helm template c -s templates/a.yaml --set spread=true"
    );
}

#[test]
fn the_dot_of_a_block_is_told_from_the_context() {
    let template = "{{ with .Values.hpa.behavior }}x: {{ .Values.hpa.min }}{{ end }}";
    let found = messages(&RULE, &chart("hpa: {behavior: {}, min: 1}\n", template));
    assert_eq!(
        found,
        [
            "`.Values.hpa.min` is looked up in `.Values.hpa.behavior`, to which this block sets the dot: rendering fails as soon as that value is set"
        ]
    );
}

#[test]
fn the_value_of_a_block_is_the_dot() {
    let template = "{{ with .Values.hpa.behavior }}x: {{ toYaml .Values.hpa.behavior }}{{ end }}\n{{ with .Values.hpa.other }}y: {{ toYaml .Values.hpa.other }}{{ end }}";
    let found = findings(&RULE, &chart("hpa: {behavior: {}, other: {}}\n", template));
    assert_eq!(found.len(), 1, "one slip");
    assert_eq!(found[0].fixes[0].edits[0].text, ".");
    assert_eq!(found[0].check, ["helm template c -s templates/a.yaml --set hpa.behavior.any=true"]);
    let template = "{{ range .Values.list }}x: {{ .Values.list }}{{ end }}";
    assert!(findings(&RULE, &chart("list: []\n", template)).len() <= 1);
}

#[test]
fn the_notes_of_another_choice_are_printed() {
    let text = chart("service: {type: ClusterIP}\n", "a: 1");
    let notes = "# file: c/templates/NOTES.txt\n{{ if contains \"LoadBalancer\" .Values.service.type }}{{ .Values.service.external }}{{ end }}\n";
    let found = findings(&RULE, &format!("{text}{notes}"));
    assert_eq!(
        found[0].check,
        ["helm install c c --dry-run=client --set service.type=LoadBalancer"]
    );
    assert!(found[0].why.as_ref().unwrap().starts_with("Helm prints the notes"));
}

#[test]
fn defaults_and_tests_cover_a_value() {
    for template in [
        "{{ .Values.a | default 1 }}",
        "{{ default 1 .Values.a }}",
        "{{ if .Values.a }}{{ .Values.a }}{{ end }}",
        "{{ with .Values.a }}{{ .b }}{{ end }}",
        "{{ if hasKey .Values \"a\" }}{{ .Values.a }}{{ end }}",
        "{{ required \"give a\" .Values.a }}",
        "{{ coalesce .Values.a .Values.x }}",
        "{{ dig \"a\" 1 .Values }}",
        "{{ range .Values.a }}{{ . }}{{ end }}",
        "{{ (.Values.a).b }}",
        "{{ ternary 1 2 (empty .Values.a) }}{{ .Values.a }}",
        "{{ if eq .Values.a \"x\" }}y{{ end }}",
        "{{ if and .Values.a .Values.a.b }}{{ .Values.a.b }}{{ end }}",
    ] {
        assert_eq!(undefined("x: 1\n", template), SILENT, "{template}");
    }
}

#[test]
fn a_default_does_not_cover_a_parent_that_is_missing() {
    assert_eq!(undefined("x: 1\n", "{{ .Values.a.b | default 1 }}"), [".Values.a.b"]);
    assert_eq!(undefined("x: 1\n", "{{ if .Values.a.b }}y{{ end }}"), [".Values.a.b"]);
    assert_eq!(undefined("a: {}\n", "{{ if .Values.a.b }}y{{ end }}"), SILENT);
}

#[test]
fn contexts_are_followed_into_helpers() {
    let helper = "{{ define \"h\" }}{{ .a.b }}{{ end }}{{ include \"h\" (dict \"a\" .Values.x) }}";
    assert_eq!(undefined("x: {c: 1}\n", helper), [".Values.x.b"]);
    assert_eq!(undefined("x: {b: 1}\n", helper), SILENT);
}

#[test]
fn others_define_values_too() {
    // Subcharts and what is shared with them.
    let text = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n  - {name: redis, alias: cache, version: 1.x.x, repository: 'https://charts.example'}\n# file: c/values.yaml\nx: 1\n# file: c/templates/a.yaml\na: {{ .Values.cache.port }}\nb: {{ .Values.global.name }}\n";
    check_rule(&RULE, text);
    // The schema asks for the value.
    let schema = "# file: c/values.schema.json\n{\"required\": [\"a\"]}\n";
    assert!(messages(&RULE, &(chart("x: 1\n", "{{ .Values.a }}") + schema)).is_empty());
    // Each environment sets the value.
    let prod = "# file: c/values-prod.yaml\na: 1\n";
    assert!(messages(&RULE, &(chart("x: 1\n", "{{ .Values.a }}") + prod)).is_empty());
    // A library chart reads the values of others.
    let library = chart("x: 1\n", "{{ .Values.a }}");
    let library = library.replace("version: 1.0.0", "version: 1.0.0\ntype: library");
    assert!(messages(&RULE, &library).is_empty());
    // The chart that depends on this one gives the value.
    let parent = "# file: p/Chart.yaml\napiVersion: v2\nname: p\nversion: 1.0.0\ndependencies:\n  - {name: c, version: 1.0.0, repository: 'file://../c'}\n# file: p/values.yaml\nc: {a: 1}\n";
    assert!(messages(&RULE, &(chart("x: 1\n", "{{ .Values.a }}") + parent)).is_empty());
}

#[test]
fn a_value_that_is_commented_out_is_documented() {
    assert_eq!(undefined("x: 1\n#  a: 1\n", "{{ .Values.a }}"), SILENT);
    assert_eq!(undefined("x: 1\n# a word about a\n", "{{ .Values.a }}"), [".Values.a"]);
    // The comment stands among the values that it belongs to.
    let below = "{{ .Values.y.a }}";
    assert_eq!(undefined("y:\n  b: 1\n  # a: 1\nx: 1\n", below), SILENT);
    assert_eq!(undefined("x:\n  b: 1\n  # a: 1\ny:\n  b: 1\n", below), [".Values.y.a"]);
}

#[test]
fn a_chart_without_values_is_reported_once() {
    let text = "# file: Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: templates/a.yaml\na: {{ .Values.a }}\nb: {{ .Values.b }}\n";
    assert_eq!(
        messages(&RULE, text),
        ["the template reads `.Values.a`, but the chart has no `values.yaml`"]
    );
}
