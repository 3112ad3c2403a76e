use super::RULE;
use crate::report::Safety;
use crate::rules::testing::findings;

/// Returns the message of each finding and whether its fix is safe.
fn found(text: &str) -> Vec<(String, bool)> {
    findings(&RULE, text)
        .into_iter()
        .map(|it| (it.message, it.fixes[0].safety == Safety::Safe))
        .collect()
}

fn variable(value: &str) -> Vec<(String, bool)> {
    found(&format!("services:\n  web:\n    image: web:1\n    environment:\n      X: {value}\n"))
}

#[test]
fn compose_passes_numbers_on_in_another_form() {
    for (written, read) in [
        ("1.10", "1.1"),
        ("0755", "493"),
        ("022", "18"),
        ("1e3", "1000"),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("2026-01-02", "2026-01-02 00:00:00 +0000 UTC"),
    ] {
        let message = format!("Compose reads the unquoted `{written}` of `X` as `{read}`");
        assert_eq!(variable(written), [(message, false)]);
    }
    for fine in ["'1.10'", "\"0755\"", "10", "1.5", "true", "True", "web", "1.2.3", "~", "''"] {
        assert!(variable(fine).is_empty(), "{fine}");
    }
    let list = "services: {web: {image: 'web:1', environment: [X=1.10, Y=no]}}";
    assert!(found(list).is_empty(), "the items of a list are strings");
    let inherited = "# file: compose.yaml\nservices: {web: {build: {context: ., args: [X]}}}\n# file: .env\nX=1.10\n";
    assert!(found(inherited).is_empty());
    assert!(variable("${X:-1.10}").is_empty());
}

#[test]
fn words_and_base_60_are_read_as_written_by_compose_alone() {
    for written in ["no", "on", "yes", "Off", "n", "12:30"] {
        let all = variable(written);
        assert_eq!(all.len(), 1, "{written}");
        assert!(all[0].1, "quotes keep what Compose makes of it");
    }
    let service = |key: &str| found(&format!("services:\n  a:\n    image: a:1\n    {key}\n"));
    assert_eq!(service("ports: [22:22]").len(), 1);
    assert_eq!(service("ports: ['22:22']").len(), 0);
    assert_eq!(service("ports: [8080:80]").len(), 0, "80 is not a digit of base 60");
    assert_eq!(service("user: 33:33").len(), 1);
    assert_eq!(service("restart: no").len(), 1);
    assert_eq!(service("restart: \"no\"").len(), 0);
    assert_eq!(service("restart: always").len(), 0);
    assert_eq!(service("labels: {version: 1.10}").len(), 1);
}

#[test]
fn a_word_that_only_compose_reads_is_a_hint() {
    let compose = "# file: compose.yaml\nservices: {a: {image: a:1, environment: {X: yes}}}\n";
    let beside = "# file: k8s/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n";
    let severity = |text: &str| findings(&RULE, text)[0].severity.name();
    assert_eq!(severity(compose), "hint");
    assert_eq!(severity(&format!("{compose}{beside}")), "warning");
    assert_eq!(severity(&compose.replace("yes", "1.10")), "warning");
}

#[test]
fn a_colon_in_a_list_does_not_end_the_name() {
    let list =
        |item: &str| found(&format!("services: {{a: {{image: 'a:1', environment: [{item}]}}}}\n"));
    let all = list("'TZ:${TZ:-UTC}'");
    assert_eq!(
        all[0].0,
        "Compose takes all of `TZ:${TZ:-UTC}` for the name of a variable without a value; in a list, `=` ends the name"
    );
    for fine in ["TZ=UTC", "TZ", "'URL=http://a'"] {
        assert!(list(fine).is_empty(), "{fine}");
    }
}

#[test]
fn kubernetes_refuses_what_is_not_a_string() {
    let map = |data: &str| {
        found(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{data}}}\n"
        ))
    };
    for bad in ["a: no", "a: on", "a: 0755", "a: 1e3", "a: 1.10", "a: true", "a: 1_000"] {
        let all = map(bad);
        assert_eq!(all.len(), 1, "{bad}");
        assert!(all[0].1 && all[0].0.contains(" of `a`"), "{bad}: {}", all[0].0);
    }
    for fine in ["a: 'no'", "a: 22:22", "a: 1.2.3", "a: web", "a: ", "a: 2026-01-02"] {
        assert!(map(fine).is_empty(), "{fine}");
    }
    let all = map("on: x");
    assert_eq!(all[0].0, "Kubernetes stores the unquoted key `on` as `true`");
    assert!(!all[0].1, "a Pod may read the key `true` today");
}

#[test]
fn labels_and_arguments_are_strings_too() {
    let pod = |labels: &str, args: &str| {
        found(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{{labels}}}}}\nspec: {{containers: [{{name: a, image: a, args: [{args}]}}]}}\n"
        ))
        .len()
    };
    assert_eq!(pod("version: 1.10", ""), 1);
    assert_eq!(pod("version: 'v1'", "--port, 8080"), 1);
    assert_eq!(pod("version: v1.10", "--port, '8080', --port=80"), 0);
}

#[test]
fn kustomize_takes_words_for_strings_and_numbers_for_numbers() {
    let map = |data: &str| {
        let text = format!(
            "# file: kustomization.yaml\nresources: [c.yaml]\n# file: c.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{data}}}\n"
        );
        findings(&RULE, &text).len()
    };
    assert_eq!(map("a: no"), 0);
    assert_eq!(map("on: x"), 0);
    assert_eq!(map("a: 1.10"), 1);
}

/// Returns what is found in a chart that prints a value into the tag of an image and into a variable.
fn chart(value: &str, image: &str, variable: &str) -> Vec<String> {
    let text = format!(
        "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\ntag: {value}\n# file: web/templates/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - name: web\n      image: \"{image}\"\n      env:\n        - name: X\n          value: {variable}\n"
    );
    findings(&RULE, &text).into_iter().map(|it| it.message).collect()
}

#[test]
fn helm_prints_numbers_in_its_own_form() {
    let tag = "acme/web:{{ .Values.tag }}";
    assert_eq!(
        chart("1.10", tag, "x"),
        ["Helm prints the unquoted `1.10` of `tag` as `1.1`: the image becomes `acme/web:1.1`"]
    );
    assert_eq!(
        chart("20240101", tag, "x"),
        [
            "Helm prints the unquoted `20240101` of `tag` as `2.0240101e+07`: the image becomes `acme/web:2.0240101e+07`"
        ]
    );
    assert_eq!(
        chart("1.20", "acme/web:1", "{{ .Values.tag | quote }}"),
        ["Helm prints the unquoted `1.20` of `tag` as `1.2`: `X` becomes `1.2`"]
    );
    assert_eq!(
        chart("no", "acme/web:1", "{{ .Values.tag | quote }}"),
        ["Helm prints the unquoted `no` of `tag` as `false`: `X` becomes `false`"]
    );
    assert_eq!(chart("1.10", "acme/web:{{ .Values.tag }}-alpine", "x").len(), 1);
    for fine in ["'1.10'", "\"20240101\"", "1.5", "27", "1.10.2", "v1.10", "true"] {
        assert!(chart(fine, tag, "{{ .Values.tag | quote }}").is_empty(), "{fine}");
    }
}

#[test]
fn numbers_and_variables_belong_to_others() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: a, env: [{name: X, value: no}]}]\n  volumes: [{name: v, configMap: {name: c, defaultMode: 0755}}]\n";
    assert!(found(text).is_empty(), "PLM510 reports the variable, and the mode is a number");
}
