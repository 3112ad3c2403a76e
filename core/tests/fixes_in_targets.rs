//! Fixes of findings in charts and overlays: they edit the source, and are offered only where building
//! again shows that the finding goes and nothing else changes.

#![allow(clippy::unwrap_used)]

use plimsoll_core::edit::apply::apply;
use plimsoll_core::{File, Options, Report, Workspace, analyze};

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

/// A Deployment whose one container has this memory limit.
fn deployment(name: &str, memory: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  selector:\n    \
         matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    \
         spec:\n      containers:\n        - name: {name}\n          image: acme/web:1.0.0\n          \
         resources:\n            limits:\n              memory: {memory}\n"
    )
}

fn files(files: &[(&str, &str)]) -> Vec<File> {
    let mut files: Vec<File> = files.iter().map(|(path, text)| File::new(path, *text)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn check(files: &[File]) -> Report {
    let options = Options { select: vec!["PLM611".to_owned()], ..Options::default() };
    analyze(files, &options)
}

/// Applies the one fix of the one finding, and returns the file that it edits.
#[track_caller]
fn fixed(all: &[(&str, &str)]) -> (String, String) {
    let before = files(all);
    let report = check(&before);
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert_eq!(report.findings[0].fixes.len(), 1, "{:?}", report.findings);
    let (after, applied) = apply(&before, &report, true);
    assert_eq!(applied, 1);
    assert_eq!(check(&after).findings, [], "the fix settles the finding");
    let changed: Vec<&File> =
        after.iter().zip(&before).filter(|(new, old)| new != old).map(|(new, _)| new).collect();
    let [changed] = changed.as_slice() else { panic!("the fix edits {} files", changed.len()) };
    (changed.path.to_string(), changed.text.to_string())
}

#[track_caller]
fn is_refused(all: &[(&str, &str)]) {
    let report = check(&files(all));
    assert!(!report.findings.is_empty());
    for finding in &report.findings {
        assert_eq!(finding.fixes, [], "{finding:?}");
    }
}

#[test]
fn a_literal_in_a_template_is_fixed_there() {
    let template = format!("{{{{- if true }}}}\n{}{{{{- end }}}}\n", deployment("web", "1GB"));
    let (path, text) = fixed(&[("shop/Chart.yaml", CHART), ("shop/templates/web.yaml", &template)]);
    assert_eq!(path, "shop/templates/web.yaml");
    assert_eq!(text, template.replace("1GB", "1G"));
}

#[test]
fn a_printed_value_is_fixed_in_the_values_file() {
    let template = deployment("web", "{{ .Values.memory }}");
    let values = "# How much it may take.\nmemory: 1GB\n";
    let project = [
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", values),
        ("shop/templates/web.yaml", template.as_str()),
    ];
    let expected = ("shop/values.yaml".to_owned(), values.replace("1GB", "1G"));
    assert_eq!(fixed(&project), expected);
    // In quotes, on both sides.
    let template = deployment("web", "{{ .Values.memory | quote }}");
    let values = "memory: \"1GB\"\n";
    let project = [
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", values),
        ("shop/templates/web.yaml", template.as_str()),
    ];
    assert_eq!(fixed(&project), ("shop/values.yaml".to_owned(), "memory: \"1G\"\n".to_owned()));
}

#[test]
fn a_block_of_values_is_fixed_in_the_values_file() {
    let template = deployment("web", "x").replace(
        "resources:\n            limits:\n              memory: x",
        "resources:\n            {{- toYaml .Values.resources | nindent 12 }}",
    );
    let values = "resources:\n  limits:\n    memory: 1GB\n";
    let project = [
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", values),
        ("shop/templates/web.yaml", template.as_str()),
    ];
    assert_eq!(fixed(&project), ("shop/values.yaml".to_owned(), values.replace("1GB", "1G")));
}

#[test]
fn one_fix_mends_the_same_thing_in_several_targets() {
    let folder = |name: &str| {
        [
            (format!("k8s/{name}/kustomization.yaml"), "resources: [all.yaml]\n".to_owned()),
            (
                format!("k8s/{name}/all.yaml"),
                format!(
                    "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n  ports: [{{port: 80}}]\n---\n{}          ports: [{{containerPort: 80}}]\n",
                    deployment(name, "1G")
                ),
            ),
        ]
    };
    let edits = |names: &[&str]| {
        let all: Vec<(String, String)> = names.iter().flat_map(|name| folder(name)).collect();
        let all: Vec<(&str, &str)> = all.iter().map(|it| (&*it.0, &*it.1)).collect();
        let options = Options { select: vec!["PLM110".to_owned()], ..Options::default() };
        let report = analyze(&files(&all), &options);
        assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
        assert_eq!(report.findings[0].fixes.len(), 1, "{:?}", report.findings);
        report.findings[0].fixes[0].edits.len()
    };
    assert_eq!(edits(&["web"]), 1);
    assert_eq!(edits(&["web", "api"]), 2);
}

#[test]
fn a_value_of_two_objects_is_not_fixed() {
    let template =
        ["web", "worker"].map(|name| deployment(name, "{{ .Values.memory }}")).join("---\n");
    is_refused(&[
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", "memory: 1GB\n"),
        ("shop/templates/all.yaml", &template),
    ]);
}

#[test]
fn a_helper_of_two_objects_is_not_fixed_and_that_of_one_is() {
    let helper = "{{- define \"limits\" }}\nmemory: 1GB\n{{- end }}\n";
    let using = |name| {
        deployment(name, "x").replace(
            "limits:\n              memory: x",
            "limits:\n              {{- include \"limits\" . | nindent 14 }}",
        )
    };
    let both = format!("{}---\n{}", using("web"), using("worker"));
    let chart = ("shop/Chart.yaml", CHART);
    let helpers = ("shop/templates/_helpers.tpl", helper);
    is_refused(&[chart, helpers, ("shop/templates/all.yaml", &both)]);
    let (path, text) = fixed(&[chart, helpers, ("shop/templates/web.yaml", &using("web"))]);
    assert_eq!(path, "shop/templates/_helpers.tpl");
    assert_eq!(text, helper.replace("1GB", "1G"));
}

#[test]
fn an_action_is_not_replaced_by_what_it_should_print() {
    // The value is put together: no place holds it.
    let template = deployment("web", "{{ printf \"%dGB\" 1 }}");
    is_refused(&[("shop/Chart.yaml", CHART), ("shop/templates/web.yaml", &template)]);
}

#[test]
fn a_base_is_fixed_where_all_its_overlays_agree() {
    let base = deployment("web", "1GB");
    let overlay = "resources:\n  - ../../base\n";
    let limit = |memory: &str| {
        format!(
            "{overlay}patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      \
             metadata:\n        name: web\n      spec:\n        template:\n          spec:\n            \
             containers:\n              - name: web\n                resources:\n                  \
             limits:\n                    memory: {memory}\n"
        )
    };
    let project = |dev: &str, prod: &str| {
        vec![
            ("base/kustomization.yaml".to_owned(), "resources:\n  - web.yaml\n".to_owned()),
            ("base/web.yaml".to_owned(), base.clone()),
            ("overlays/dev/kustomization.yaml".to_owned(), dev.to_owned()),
            ("overlays/prod/kustomization.yaml".to_owned(), prod.to_owned()),
        ]
    };
    type Check<'a> = &'a dyn Fn(&[(&str, &str)]);
    let run = |all: Vec<(String, String)>, check: Check<'_>| {
        let all: Vec<(&str, &str)> = all.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
        check(&all);
    };
    run(project(overlay, overlay), &|all| {
        let report = analyze(&files(all), &Options::default());
        let finding = report.findings.iter().find(|it| it.code == "PLM611").unwrap();
        assert_eq!(finding.targets.len(), 2);
        assert_eq!(fixed(all), ("base/web.yaml".to_owned(), base.replace("1GB", "1G")));
    });
    // One overlay has another limit, which stays what it is.
    run(project(&limit("2G"), overlay), &|all| {
        assert_eq!(fixed(all).0, "base/web.yaml");
    });
    // The wrong limit stands in the overlay's patch.
    run(project(&limit("2GB"), &limit("1G")), &|all| {
        let (path, text) = fixed(all);
        assert_eq!(path, "overlays/dev/kustomization.yaml");
        assert_eq!(text, limit("2G"));
    });
}

#[test]
fn a_fix_that_changes_another_object_is_not_offered() {
    // The base is built twice, so that the edit would change two Deployments of one target.
    is_refused(&[
        ("base/kustomization.yaml", "resources:\n  - web.yaml\n"),
        ("base/web.yaml", &deployment("web", "1GB")),
        ("a/kustomization.yaml", "namePrefix: a-\nresources:\n  - ../base\n"),
        ("b/kustomization.yaml", "namePrefix: b-\nresources:\n  - ../base\n"),
        ("all/kustomization.yaml", "resources:\n  - ../a\n  - ../b\n"),
    ]);
}

#[test]
fn fixes_in_targets_can_be_tried_later() {
    let template = deployment("web", "1GB");
    let project = files(&[("shop/Chart.yaml", CHART), ("shop/templates/web.yaml", &template)]);
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    let mut workspace = Workspace::default();
    project.iter().for_each(|file| workspace.set_file(file.clone()));
    let analysis = workspace.analysis(&options.config);
    let report = analysis.report(&options);
    assert!(report.findings.iter().all(|it| it.fixes.is_empty()));
    let finding = report.findings.iter().find(|it| it.code == "PLM611").unwrap();
    assert_eq!(analysis.tried_fixes(finding).len(), 1);
}

#[test]
fn a_fix_is_tried_where_an_application_deploys_its_own_folder() {
    let app = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec:\n  source: {repoURL: 'https://example.com/shop', path: k8s}\n  destination: {namespace: shop}\n";
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
    let (path, text) = fixed(&[
        ("a/other.yaml", other),
        ("b/other.yaml", other),
        ("k8s/app.yaml", app),
        ("k8s/web.yaml", &deployment("web", "1GB")),
    ]);
    assert_eq!(path, "k8s/web.yaml");
    assert!(text.ends_with("memory: 1G\n"), "{text}");
}
