use super::*;
use crate::Workspace;

#[test]
fn an_object_keeps_the_kind_that_its_file_says() {
    let mut workspace = Workspace::default();
    workspace.set("base/web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'acme/web:1'}]}\n");
    workspace.set("base/kustomization.yaml", "resources: [web.yaml]\n");
    let patch = "patches: [{target: {name: web}, patch: '[{op: replace, path: /kind, value: DaemonSet}]'}]\n";
    workspace.set("daemon/kustomization.yaml", format!("resources: [../base]\n{patch}"));
    workspace.set("tracing/kustomization.yaml", "resources: [../base]\nnamespace: tracing\n");
    let options = Options { select: vec!["PLM606".into()], ..Options::default() };
    let report = workspace.analysis(&Config::default()).report(&options);
    let messages: Vec<&str> = report.findings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(messages, ["container `web` of Deployment `web` requests no memory and no CPU"]);
}

#[test]
fn charts_are_rendered_for_the_release_that_the_cluster_runs() {
    let mut workspace = Workspace::default();
    workspace.set("chart/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {minor: 'on {{ .Capabilities.KubeVersion.Minor }}'}\n";
    workspace.set("chart/templates/a.yaml", template);
    let mut minor = |settings: &str| {
        workspace.set("plimsoll.yaml", settings);
        let analysis = workspace.analysis(&Config::default());
        analysis.targets()[0].target.manifests()[0].text.clone()
    };
    assert!(minor("kubernetes: 1.30").contains("on 30"));
    assert!(minor("kubernetes: v1.24.1").contains("on 24"), "an edit is seen");
    assert!(minor("role: production").contains("on 36"), "what Helm assumes");
}

#[test]
fn a_rule_in_preview_runs_where_the_configuration_asks_for_it() {
    let rule = rules::find("PLM101").expect("a rule");
    let preview = Rule { is_preview: true, ..*rule };
    let wants = |settings: &str, rule: &Rule| {
        let mut workspace = Workspace::default();
        workspace.set("plimsoll.yaml", settings);
        workspace.analysis(&Config::default()).wants(&Options::default(), rule)
    };
    assert!(wants("preview: true", &preview) && wants("preview: true", rule));
    assert!(!wants("preview: false", &preview) && wants("preview: false", rule));
    assert!(!wants("role: production", &preview));
}

#[test]
fn a_snapshot_outlives_the_files_and_may_change_threads() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    let mut workspace = Workspace::default();
    workspace.set("compose.yaml", "services: {web: {image: nginx}}\n");
    let analysis = workspace.analysis(&Config::default());
    is_send_and_sync(&analysis);
    workspace.set("compose.yaml", "services: {other: {image: 'redis:7'}}\n");
    drop(workspace);
    assert_eq!(analysis.facts().services()[0].name, "web");
    let report = analysis.report(&Options::default());
    assert!(report.findings.iter().any(|it| it.subject == "service web"));
}
