//! Kustomizations that make no sense, and such as would grow without end.

use super::*;

#[test]
fn a_chain_of_many_kustomizations_ends() {
    let mut files: Vec<(String, Arc<str>)> = (0..500)
        .map(|at| {
            let text = format!("resources: [../k{}]\n", at + 1);
            (format!("k{at}/kustomization.yaml"), text.into())
        })
        .collect();
    files.push(("k500/kustomization.yaml".to_owned(), "resources: []\n".into()));
    let sources = sources(&files);
    let built = Builder::new(&sources).build("k0");
    assert_eq!(built.reasons.len(), 1);
    assert_eq!(built.reasons[0].kind, ReasonKind::Limit);
}

/// Builds a kustomization with one resource.
fn build_with(kustomization: &str, resource: &str) -> Built {
    build_within(200_000, kustomization, resource)
}

/// Builds a kustomization with one resource and a budget of `nodes`.
fn build_within(nodes: usize, kustomization: &str, resource: &str) -> Built {
    let files: [(&str, Arc<str>); 2] =
        [("kustomization.yaml", kustomization.into()), ("r.yaml", resource.into())];
    let sources = sources(&files);
    let mut builder = Builder::new(&sources);
    builder.budget = super::super::value::Budget::new(nodes);
    builder.build("")
}

#[test]
fn bases_that_double_run_out_of_budget() {
    let mut files: Vec<(String, Arc<str>)> = Vec::new();
    for level in 0..40 {
        for side in ["a", "b"] {
            let base = match level {
                0 => "../r.yaml".to_owned(),
                _ => format!("../a{0}, ../b{0}", level - 1),
            };
            let text = format!("namePrefix: {side}-\nresources: [{base}]\n");
            files.push((format!("{side}{level}/kustomization.yaml"), text.into()));
        }
    }
    files.push(("r.yaml".to_owned(), "apiVersion: v1\nkind: Foo\nmetadata: {name: a}\n".into()));
    let sources = sources(&files);
    let mut builder = Builder::new(&sources);
    builder.budget = super::super::value::Budget::new(10_000);
    let built = builder.build("a39");
    assert!(built.reasons.iter().any(|it| it.kind == ReasonKind::Limit));
}

#[test]
fn aliases_that_double_run_out_of_budget() {
    let mut resource = "apiVersion: v1\nkind: Foo\nmetadata: {name: a}\na0: &a0 x\n".to_owned();
    for level in 1..60 {
        let before = level - 1;
        resource += &format!("a{level}: &a{level} [*a{before}, *a{before}]\n");
    }
    let built = build_with("resources: [r.yaml]\n", &resource);
    assert!(built.objects.is_empty());
    assert_eq!(built.reasons[0].kind, ReasonKind::Limit);
}

#[test]
fn copies_that_double_run_out_of_budget() {
    let copies = "    - {op: copy, from: /x, path: /x/y}\n".repeat(60);
    let patch = format!("resources: [r.yaml]\npatches:\n- target: {{}}\n  patch: |-\n{copies}");
    let built = build_with(&patch, "apiVersion: v1\nkind: Foo\nmetadata: {name: a}\nx: {}\n");
    assert_eq!(built.reasons[0].kind, ReasonKind::Limit);
}

#[test]
fn paths_without_end_make_no_value_that_is_too_deep() {
    let path = vec!["a"; 10_000].join(".");
    let pointer = "/a".repeat(10_000);
    let text = format!(
        "resources: [r.yaml]
replacements:
- source: {{kind: Foo}}
  targets: [{{select: {{kind: Foo}}, fieldPaths: [{path}], options: {{create: true}}}}]
patches:
- target: {{kind: Foo}}
  patch: |-
    - {{op: add, path: {pointer}, value: 1}}
labels:
- pairs: {{a: b}}
  fields: [{{path: x{pointer}, create: true}}]
"
    );
    let built = build_with(&text, "apiVersion: v1\nkind: Foo\nmetadata: {name: a}\n");
    assert!(built.objects[0].value.depth() <= super::super::value::MAX_DEPTH);
}

#[test]
fn long_lists_are_merged_in_one_pass() {
    let items = |from: usize| -> String {
        (from..from + 20_000).map(|at| format!("        - {{name: E{at}, value: v}}\n")).collect()
    };
    let object = |items: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: c\n      env:\n{items}"
        )
    };
    let patch: String =
        object(&items(10_000)).lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("resources: [r.yaml]\npatches:\n- patch: |-\n{patch}");
    let built = build_within(1_000_000, &text, &object(&items(0)));
    let path = super::super::paths::parse("spec.containers.0.env");
    let env = super::super::paths::find(&built.objects[0].value, &path).unwrap();
    assert_eq!(env.items().len(), 30_000);
}

#[test]
fn odd_kustomizations_are_no_reason_to_fail() {
    for text in [
        "",
        "a",
        "[]",
        "resources: x",
        "resources: {a: b}",
        "resources: [[], {}, ~]",
        "patches: [~, [], x, {patch: [a]}, {patch: '', path: ''}, {patch: '{'}]",
        "patchesJson6902: [{}, {target: []}, {target: {}, patch: '[{\"op\": \"x\"}]'}]",
        "patchesStrategicMerge: [~, {a: b}, 'x: [', '\n- a']",
        "configMapGenerator: [~, {}, {name: []}, {name: x, files: [~, =], literals: [~, '=']}]",
        "images: [~, {}, {name: '('}, {name: a, newTag: []}]",
        "replicas: [~, {name: a}]",
        "labels: [~, {pairs: x}, {pairs: {a: {}}}]",
        "commonLabels: []",
        "namespace: []",
        "namePrefix: {}",
        "vars: [~, {name: x}, {name: [], objref: x}]",
        "replacements: [~, {}, {source: x, targets: y}, {source: {}, targets: [~, {}]}]",
        "components: [~, .]",
        "resources: [., .., ../..]",
        "generators: [~, '\n']",
        "transformers: [~, '\n', 'a\nb']",
        "openapi: {path: []}",
        "configurations: [~, r.yaml]",
        "crds: [r.yaml]",
        "sortOptions: {order: legacy, legacySortOptions: x}",
        "buildMetadata: [originAnnotations, managedByLabel, transformerAnnotations, x]",
    ] {
        let text = format!("{text}\n");
        let both = format!("resources: [r.yaml]\n{text}");
        for text in [text.as_str(), &both] {
            let built =
                build_with(text, "apiVersion: v1\nkind: Foo\nmetadata: {name: a, labels: []}\n");
            assert!(built.objects.len() <= 2);
            let _ = tree(&built.objects);
        }
    }
}

#[test]
fn many_entries_over_many_nodes_are_not_tried() {
    let images: String = (0..20_000).map(|at| format!("- {{name: i{at}}}\n")).collect();
    let list = "x, ".repeat(50_000);
    let built = build_with(
        &format!("resources: [r.yaml]\nimages:\n{images}"),
        &format!("apiVersion: v1\nkind: Foo\nmetadata: {{name: a}}\nlist: [{list}]\n"),
    );
    assert_eq!(built.reasons[0].kind, ReasonKind::Limit);
}
