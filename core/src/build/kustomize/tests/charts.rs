//! Charts that kustomizations render.

use super::*;

const CHART: &str = "\
--- app/charts/web/Chart.yaml
apiVersion: v2
name: web
version: 1.0.0
--- app/charts/web/values.yaml
replicas: 1
image: nginx
list: [a, b]
deep: {x: 1, w: text}
--- app/charts/web/crds/crd.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com}
--- app/charts/web/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  namespace: {{ .Release.Namespace }}
spec:
  replicas: {{ .Values.replicas }}
  image: {{ .Values.image }}
  args: {{ toJson .Values.list }}
  x: {{ .Values.deep.x | quote }}
  w: {{ .Values.deep.w | quote }}
\n---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}
--- app/live.yaml
replicas: 5
deep: {x: 2}
--- app/more.yaml
image: more:1
";

/// The objects of a kustomization with the chart above, one a line, as the real tool builds them with
/// `--enable-helm`.
fn with_chart(kustomization: &str, further: &str, folder: &str) -> Vec<String> {
    let text = format!("{CHART}--- app/kustomization.yaml\n{kustomization}\n{further}");
    let project = Project::new(text.leak());
    let built = project.build(folder);
    assert_eq!(project.reasons(&built), [""; 0]);
    let line = |object: &BuiltObject| {
        let text = |path: &[&str]| object.value.str_at(path).unwrap_or("-").to_owned();
        let parts = [
            text(&["metadata", "name"]),
            text(&["metadata", "namespace"]),
            text(&["spec", "replicas"]),
            text(&["spec", "image"]),
            text(&["spec", "x"]),
            text(&["spec", "w"]),
        ];
        parts.join(" ")
    };
    let mut lines: Vec<String> = built.objects.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn charts_of_the_project_are_rendered() {
    let full = "\
namePrefix: p-
helmCharts:
- name: web
  releaseName: shop
  namespace: web
  valuesFile: live.yaml
  valuesInline: {replicas: 7, deep: {w: '0123'}}
  includeCRDs: true
  additionalValuesFiles: [more.yaml]
";
    let objects = with_chart(full, "", "app");
    assert_eq!(
        objects,
        [
            "p-shop-config - - - - -",
            "p-shop-web web 7 more:1 2 0123",
            "things.example.com - - - - -"
        ]
    );
    let merge = |how: &str| {
        let text = format!(
            "helmCharts: [{{name: web, releaseName: shop, valuesFile: live.yaml, valuesMerge: {how}, valuesInline: {{replicas: 7, image: inline}}}}]"
        );
        with_chart(&text, "", "app").pop().unwrap()
    };
    assert_eq!(merge("merge"), "shop-web default 5 inline 2 text");
    assert_eq!(merge("override"), "shop-web default 7 inline 2 text");
    assert_eq!(merge("replace"), "shop-web default 7 inline 1 text");
}

/// As Kustomize 5.8.1 does: a chart without a namespace is released into that of the nearest kustomization,
/// and what a chart makes stays where the chart puts it.
#[test]
fn charts_are_released_into_the_namespace_of_their_kustomization() {
    let over = "--- a/kustomization.yaml\nresources: [../app]\nnamespace: one\n--- b/kustomization.yaml\nresources: [../app]\nnamespace: two\n--- both/kustomization.yaml\nresources: [../a, ../b]\n";
    let chart = "helmCharts: [{name: web, releaseName: shop}]";
    let names = |kustomization: &str, folder: &str| -> Vec<String> {
        let objects = with_chart(kustomization, over, folder);
        objects.iter().map(|it| it.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    assert_eq!(names(chart, "app"), ["shop-config -", "shop-web default"]);
    assert_eq!(names(chart, "a"), ["shop-config -", "shop-web one"]);
    assert_eq!(names(chart, "b"), ["shop-config -", "shop-web two"]);
    let own = format!("namespace: own\n{chart}");
    assert_eq!(names(&own, "app"), ["shop-config -", "shop-web own"]);
    assert_eq!(names(&own, "a"), ["shop-config -", "shop-web own"]);
}

#[test]
fn what_a_chart_makes_points_at_the_chart_and_at_the_values() {
    let text = format!(
        "{CHART}--- app/kustomization.yaml\nhelmCharts: [{{name: web, releaseName: shop}}]\nreplicas: [{{name: shop-web, count: 4}}]\n"
    );
    let project = Project::new(text.leak());
    let built = project.build("app");
    let place = |path: &str| project.place(&built, "Deployment", path);
    assert_eq!(place("spec.image"), "app/charts/web/templates/web.yaml: .Values.image");
    assert_eq!(place("spec.replicas"), "app/kustomization.yaml: 4");
    assert!(built.read.len() >= 5, "the chart belongs to the target: {:?}", built.read);
}
