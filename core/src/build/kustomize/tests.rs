//! Where the parts of built objects come from, and what hostile projects do. That the objects are the
//! right ones is tested in `tests/kustomize_cases.rs`.

mod charts;
mod hostile;

use super::*;

/// Returns files with their paths and texts as sources.
fn sources<'s, P: AsRef<str>>(files: &'s [(P, Arc<str>)]) -> Sources<'s> {
    Sources::new(files.iter().zip(0..).map(|((path, text), at)| SourceFile {
        id: FileId(at),
        path: path.as_ref(),
        text,
        tree: None,
        bytes: None,
        is_neighbour: false,
    }))
}

struct Project {
    files: Vec<(String, Arc<str>)>,
}

impl Project {
    /// Files of the form `--- PATH`, then the text.
    fn new(text: &str) -> Project {
        let parts = text.split("--- ").skip(1).map(|part| part.split_once('\n').unwrap());
        Project { files: parts.map(|(path, text)| (path.to_owned(), text.into())).collect() }
    }

    fn sources(&self) -> Sources<'_> {
        sources(&self.files)
    }

    fn build(&self, folder: &str) -> Built {
        Builder::new(&self.sources()).build(folder)
    }

    /// Returns the text at a span, behind its file's path.
    fn at(&self, span: Span) -> String {
        let (path, text) = &self.files[span.file.index()];
        format!("{path}: {}", &text[span.range()])
    }

    /// Returns where the value at a path of keys and positions in the object of a kind comes from.
    fn place(&self, built: &Built, kind: &str, path: &str) -> String {
        let object = built.objects.iter().find(|it| it.value.str_at(&["kind"]) == Some(kind));
        let steps = super::paths::parse(path);
        self.at(super::paths::find(&object.unwrap().value, &steps).unwrap().span)
    }

    /// Returns the reasons, each behind the text that it is about.
    fn reasons(&self, built: &Built) -> Vec<String> {
        built.reasons.iter().map(|it| format!("{}: {}", self.at(it.span), it.message)).collect()
    }
}

#[test]
fn every_part_points_at_what_a_person_would_change() {
    let project = Project::new(
        "\
--- base/kustomization.yaml
resources: [web.yaml]
--- base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - {name: web, image: 'web:1', command: [serve]}
--- over/kustomization.yaml
resources: [../base]
namespace: shop
namePrefix: my-
commonLabels: {team: blue}
images: [{name: web, newTag: '2'}]
replicas: [{name: web, count: 3}]
configMapGenerator:
- name: settings
  literals: [MODE=fast]
  envs: [vars.env]
patches:
- path: patch.yaml
- target: {kind: Deployment}
  patch: |-
    # comment
    - op: add
      path: /spec/minReadySeconds
      value: 30
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}

    spec: {paused: true}
replacements:
- source: {kind: ConfigMap, name: settings, fieldPath: data.MODE}
  targets:
  - select: {kind: Deployment}
    fieldPaths: [spec.mode]
    options: {create: true}
--- over/patch.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: web
        env: [{name: FROM, value: patch}]
--- over/vars.env
# comment
  LEVEL=debug
",
    );
    let built = project.build("over");
    assert_eq!(project.reasons(&built), [""; 0]);
    let container = "spec.template.spec.containers.0";
    for (kind, path, expected) in [
        ("Deployment", "metadata.name", "base/web.yaml: web"),
        ("Deployment", "metadata.namespace", "over/kustomization.yaml: shop"),
        ("Deployment", "metadata.labels.team", "over/kustomization.yaml: blue"),
        ("Deployment", "spec.selector.matchLabels.team", "over/kustomization.yaml: blue"),
        ("Deployment", "spec.replicas", "over/kustomization.yaml: 3"),
        ("Deployment", "spec.minReadySeconds", "over/kustomization.yaml: 30"),
        ("Deployment", "spec.paused", "over/kustomization.yaml: true"),
        ("Deployment", "spec.mode", "over/kustomization.yaml: MODE=fast"),
        ("ConfigMap", "metadata.name", "over/kustomization.yaml: settings"),
        ("ConfigMap", "data.MODE", "over/kustomization.yaml: MODE=fast"),
        ("ConfigMap", "data.LEVEL", "over/vars.env: LEVEL=debug"),
    ] {
        assert_eq!(project.place(&built, kind, path), expected, "{path}");
    }
    for (key, expected) in [
        ("image", "over/kustomization.yaml: '2'"),
        ("command.0", "base/web.yaml: serve"),
        ("env.0.value", "over/patch.yaml: patch"),
    ] {
        let path = format!("{container}.{key}");
        assert_eq!(project.place(&built, "Deployment", &path), expected, "{path}");
    }
    let read: Vec<&str> =
        built.read.iter().map(|id| project.files[id.index()].0.as_str()).collect();
    assert_eq!(
        read,
        [
            "base/kustomization.yaml",
            "base/web.yaml",
            "over/kustomization.yaml",
            "over/patch.yaml",
            "over/vars.env"
        ]
    );
}

#[test]
fn the_tree_of_the_objects_has_their_spans() {
    let project = Project::new(
        "\
--- kustomization.yaml
resources: [r.yaml]
--- r.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: []}
",
    );
    let built = project.build("");
    let tree = tree(&built.objects);
    let root = tree.roots().next().unwrap();
    assert_eq!(project.at(root.at(&["metadata", "name"]).unwrap().span()), "r.yaml: web");
    assert_eq!(project.at(root.entry("spec").unwrap().key.span()), "r.yaml: spec");
    assert_eq!(tree.documents[0].span.file, FileId(1));
}

#[test]
fn what_is_not_built_is_named_and_the_rest_stays() {
    let project = Project::new(
        "\
--- a/kustomization.yaml
resources:
- https://example.com/all.yaml
- github.com/org/repo//base?ref=v1
- ../../outside
- /etc/passwd
- r.yaml
components: [../../../c]
helmCharts:
- name: chart
transformers:
- |-
  apiVersion: example.com/v1
  kind: Mine
  metadata: {name: x}
configMapGenerator:
- {name: c, files: [../../secret]}
--- a/r.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
",
    );
    let built = project.build("a");
    assert_eq!(built.objects.len(), 2);
    let kinds: Vec<ReasonKind> = built.reasons.iter().map(|it| it.kind).collect();
    let remote = kinds.iter().filter(|kind| **kind == ReasonKind::Remote).count();
    let not_built = kinds.iter().filter(|kind| **kind == ReasonKind::NotBuilt).count();
    assert_eq!((kinds.len(), remote, not_built), (8, 2, 6));
    assert_eq!(
        project.reasons(&built),
        [
            "a/kustomization.yaml: https://example.com/all.yaml: the remote resource `https://example.com/all.yaml` is not fetched",
            "a/kustomization.yaml: github.com/org/repo//base?ref=v1: the remote resource `github.com/org/repo//base?ref=v1` is not fetched",
            "a/kustomization.yaml: ../../outside: `../../outside` lies outside of the project",
            "a/kustomization.yaml: /etc/passwd: `/etc/passwd` lies outside of the project",
            "a/kustomization.yaml: ../../secret: `../../secret` lies outside of the project",
            "a/kustomization.yaml: name: chart: the chart `chart` is not in the project",
            "a/kustomization.yaml: ../../../c: `../../../c` lies outside of the project",
            "a/kustomization.yaml: apiVersion: example.com/v1\n  kind: Mine\n  metadata: {name: x}: the transformer `Mine` is not run",
        ]
    );
}

#[test]
fn shared_bases_are_built_once_and_circles_end() {
    let project = Project::new(
        "\
--- a/kustomization.yaml
resources: [../b, ../base]
--- b/kustomization.yaml
resources: [../a]
--- c/kustomization.yaml
resources: [../base]
namePrefix: c-
--- d/kustomization.yaml
resources: [../base]
--- base/kustomization.yaml
resources: [r.yaml]
--- base/r.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
",
    );
    let sources = project.sources();
    let mut builder = Builder::new(&sources);
    for (folder, name, reasons) in
        [("a", "web", 1), ("b", "web", 1), ("c", "c-web", 0), ("d", "web", 0), ("a", "web", 1)]
    {
        let built = builder.build(folder);
        let names: Vec<_> =
            built.objects.iter().map(|it| it.value.str_at(&["metadata", "name"])).collect();
        assert_eq!(names, [Some(name)], "{folder}");
        assert_eq!(built.reasons.len(), reasons, "{folder}: {:?}", built.reasons);
    }
    assert!(builder.open.is_empty());
}

#[test]
fn components_that_lead_to_themselves_end() {
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents: ";
    let text = format!(
        "--- a/kustomization.yaml\nresources: [r.yaml]\ncomponents: [../c]\n\
         --- a/r.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\n\
         --- c/kustomization.yaml\n{component}[../d]\n\
         --- d/kustomization.yaml\n{component}[../c]\n"
    );
    let project = Project::new(&text);
    let built = project.build("a");
    assert_eq!(built.objects.len(), 1);
    assert_eq!(project.reasons(&built), ["d/kustomization.yaml: ../c: `c` leads back to itself"]);
}

#[test]
fn no_path_leads_out_of_the_project() {
    for path in ["../../x.yaml", "../../../etc/passwd", "/etc/passwd", "a/../../../x.yaml"] {
        for entry in [
            format!("resources: ['{path}']\n"),
            format!("components: ['{path}']\n"),
            format!("patches: [{{path: '{path}'}}]\n"),
            format!("configMapGenerator: [{{name: c, files: ['{path}']}}]\n"),
            format!("configurations: ['{path}']\n"),
            format!("openapi: {{path: '{path}'}}\n"),
        ] {
            let text = format!("--- a/kustomization.yaml\n{entry}");
            let project = Project::new(&text);
            let built = project.build("a");
            let reasons = project.reasons(&built);
            assert!(
                reasons.iter().any(|it| it.ends_with("lies outside of the project")),
                "{entry}: {reasons:?}"
            );
        }
    }
}

#[test]
fn what_is_no_mapping_is_named() {
    for (kustomization, reason) in [
        ("- a.yaml\n", "`a/kustomization.yaml` has to be a mapping of fields"),
        ("some words\n", "`a/kustomization.yaml` has to be a mapping of fields"),
        ("# nothing\n", "`a/kustomization.yaml` is empty"),
        (
            "resources: [{path: x}]\n",
            "this entry of `resources` has to be the path of a file or folder",
        ),
        ("patches: [web.yaml]\n", "this entry of `patches` names no patch"),
        ("patches: [{patch: web.yaml}]\n", "this `patch` is plain text"),
    ] {
        let text = format!("--- a/kustomization.yaml\n{kustomization}");
        let project = Project::new(&text);
        let built = project.build("a");
        let reasons = project.reasons(&built);
        assert!(reasons.iter().any(|it| it.contains(reason)), "{kustomization}: {reasons:?}");
    }
}

#[test]
fn a_kustomization_that_cannot_be_read_makes_nothing() {
    let pod = "--- a/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    let count = |entry: &str| {
        let text = format!(
            "--- a/kustomization.yaml\nresources: [pod.yaml]\n{entry}\n--- b/kustomization.yaml\nresources: [../a]\n{pod}"
        );
        let built = Project::new(&text).build("b");
        (built.objects.len(), built.is_malformed)
    };
    assert_eq!(count(""), (1, false));
    // kubectl: cannot unmarshal string into Go struct field Kustomization.patches of type types.Patch
    assert!(count("patches: [web.yaml]").1);
    assert!(count("images: {name: a}").1);
    assert!(!count("patches: [{path: gone.yaml}]").1);
}
