use super::charts::{MAX_VALUES_FILES, is_further_values_file};
use super::*;
use crate::build::kustomize::Edits;
use crate::syntax::parse;

struct Project(Vec<(String, Arc<str>, Tree)>);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let files = files.iter().enumerate().map(|(at, (path, text))| {
            let text: Arc<str> = (*text).into();
            let id = FileId(u32::try_from(at).unwrap());
            ((*path).to_owned(), Arc::clone(&text), parse(id, &text, None).0)
        });
        Project(files.collect())
    }

    fn targets(&self) -> Vec<Arc<Target>> {
        self.targets_with(&[])
    }

    fn targets_with(&self, requests: &[Request]) -> Vec<Arc<Target>> {
        build(&self.files(), requests)
    }

    fn files(&self) -> Vec<SourceFile<'_>> {
        let files = self.0.iter().zip(0..).map(|((path, text, tree), at)| SourceFile {
            id: FileId(at),
            path,
            text,
            tree: Some(tree),
            bytes: None,
            is_neighbour: false,
        });
        files.collect()
    }

    fn add(&mut self, path: &str, text: &str) {
        let id = FileId(u32::try_from(self.0.len()).unwrap());
        let text: Arc<str> = text.into();
        self.0.push((path.to_owned(), Arc::clone(&text), parse(id, &text, None).0));
    }

    fn edit(&mut self, path: &str, text: &str) {
        let at = self.0.iter().position(|file| file.0 == path).unwrap();
        let text: Arc<str> = text.into();
        let (tree, _) = parse(FileId(u32::try_from(at).unwrap()), &text, None);
        self.0[at] = (path.to_owned(), text, tree);
    }

    fn written(&self, span: Span) -> &str {
        &self.0[span.file.index()].1[span.range()]
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n";

#[test]
fn only_kustomizations_that_nobody_uses_are_targets() {
    let project = Project::new(&[
        ("k/base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("k/base/web.yaml", DEPLOYMENT),
        ("k/overlays/prod/kustomization.yaml", "resources: [../../base]\nnamePrefix: p-\n"),
        ("k/overlays/staging/kustomization.yaml", "resources: [../../base]\n"),
    ]);
    let targets = project.targets();
    let named: Vec<_> = targets
        .iter()
        .map(|it| (it.name.as_str(), it.environment.map(Environment::name)))
        .collect();
    let expected =
        [("k/overlays/prod", Some("production")), ("k/overlays/staging", Some("staging"))];
    assert_eq!(named, expected);
    let name = targets[0].trees[0].roots().next().unwrap().at(&["metadata", "name"]).unwrap();
    assert_eq!(name.as_str(), Some("p-web"));
    assert_eq!(targets[0].sources.len(), 3);
}

#[test]
fn a_chart_is_a_target_for_each_values_file_and_knows_where_a_value_came_from() {
    let template =
        "kind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {{ .Values.replicas }}\n";
    let project = Project::new(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("chart/values.yaml", "replicas: 1\n"),
        ("chart/values-prod.yaml", "replicas: 3\n"),
        ("chart/templates/web.yaml", template),
    ]);
    let targets = project.targets();
    let names: Vec<_> = targets.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["chart", "chart (values-prod.yaml)"]);
    let production = &targets[1];
    assert_eq!(production.environment, Some(Environment::Production));
    let root = production.trees[0].roots().next().unwrap();
    let replicas = root.at(&["spec", "replicas"]).unwrap();
    assert_eq!(replicas.as_str(), Some("3"));
    assert_eq!(project.written(replicas.span()), ".Values.replicas");
    assert_eq!(project.written(production.behind[&replicas.span()][0]), "3");
}

fn chart_with_values() -> Project {
    Project::new(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("chart/values.yaml", "replicas: 1\n"),
        ("chart/values-prod.yaml", "replicas: 3\n"),
        (
            "chart/templates/web.yaml",
            "kind: Deployment\nmetadata: {name: '{{ .Release.Name }}', namespace: {{ .Release.Namespace }}}\nspec:\n  replicas: {{ .Values.replicas }}\n",
        ),
        ("live.yaml", "a:\n  values: |\n    other: x\n    replicas: 9\n"),
    ])
}

fn names(targets: &[Arc<Target>]) -> Vec<&str> {
    targets.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn a_request_stands_in_the_place_of_what_was_found() {
    let project = chart_with_values();
    let spanned = |text: &str| Spanned::new(text.to_owned(), Span::default());
    let release = Release {
        values_files: vec![spanned("chart/values.yaml"), spanned("chart/values-prod.yaml")],
        name: Some("shop".to_owned()),
        namespace: Some("web".to_owned()),
        set: vec![Assignment { text: "replicas=7".to_owned(), span: None, is_string: false }],
        ..Release::default()
    };
    let mut request = Request::new("chart", Recipe::Chart(release));
    request.name = Some("live".to_owned());
    let targets = project.targets_with(std::slice::from_ref(&request));
    assert_eq!(names(&targets), ["chart", "live"]);
    assert_eq!(targets[1].environment, Some(Environment::Production));
    let root = targets[1].trees[0].roots().next().unwrap();
    let text = |path: &[&str]| root.at(path).and_then(syntax::Node::as_str);
    assert_eq!(text(&["metadata", "name"]), Some("shop"));
    assert_eq!(text(&["metadata", "namespace"]), Some("web"));
    assert_eq!(text(&["spec", "replicas"]), Some("7"));
    request.is_exclusive = true;
    assert_eq!(names(&project.targets_with(&[request])), ["live"]);
}

#[test]
fn values_inside_another_file_have_their_own_places() {
    let project = chart_with_values();
    let (_, text, tree) = &project.0[4];
    let written = tree.roots().next().unwrap().at(&["a", "values"]).unwrap();
    let values = Spanned::new(written.as_str().unwrap().to_owned(), written.span());
    let release = Release { values: vec![values], ..Release::default() };
    let targets = project.targets_with(&[Request::new("chart", Recipe::Chart(release))]);
    assert_eq!(names(&targets), ["chart", "chart (values-prod.yaml)"]);
    let root = targets[0].trees[0].roots().next().unwrap();
    let replicas = root.at(&["spec", "replicas"]).unwrap();
    assert_eq!(replicas.as_str(), Some("9"));
    let behind = targets[0].behind[&replicas.span()][0];
    assert_eq!(behind.range(), text.find('9').unwrap()..text.find('9').unwrap() + 1);
}

#[test]
fn a_values_file_that_is_not_there_is_a_reason() {
    let project = chart_with_values();
    let place = Span::new(FileId(4), 0, 1);
    let release = Release {
        values_files: ["chart/none.yaml", "../out.yaml"]
            .map(|path| Spanned::new(path.to_owned(), place))
            .to_vec(),
        ..Release::default()
    };
    let mut request = Request::new("chart", Recipe::Chart(release));
    let targets = project.targets_with(std::slice::from_ref(&request));
    let asked = targets.iter().find(|it| !it.reasons.is_empty()).unwrap();
    let reasons: Vec<_> =
        asked.reasons.iter().map(|it| (it.message.as_str(), it.is_refused)).collect();
    let expected = [
        ("there is no values file `chart/none.yaml`", true),
        ("the values file `../out.yaml` lies outside of the project", false),
    ];
    assert_eq!(reasons, expected);
    let Recipe::Chart(release) = &mut request.recipe else { unreachable!() };
    release.ignores_missing_files = true;
    let targets = project.targets_with(&[request]);
    assert!(targets.iter().all(|it| it.reasons.is_empty()));
}

#[test]
fn a_kustomization_is_built_with_edits_even_where_another_one_uses_it() {
    let project = Project::new(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", DEPLOYMENT),
        ("prod/kustomization.yaml", "resources: [../base]\n"),
        ("plain/web.yaml", DEPLOYMENT),
    ]);
    let prefix = |text: &str| {
        let name_prefix = Some(Spanned::new(text.to_owned(), Span::default()));
        Recipe::Kustomization(Edits { name_prefix, ..Edits::default() })
    };
    let manifests = Request::new("plain", Recipe::Manifests { files: Vec::new() });
    let requests =
        [Request::new("base", prefix("a-")), Request::new("prod", prefix("b-")), manifests];
    let targets = project.targets_with(&requests);
    let name = |target: &Arc<Target>| {
        let name = target.trees[0].roots().next().unwrap().at(&["metadata", "name"]).unwrap();
        name.as_str().unwrap().to_owned()
    };
    assert_eq!(names(&targets), ["base", "plain", "prod"]);
    assert_eq!(targets.iter().map(name).collect::<Vec<_>>(), ["a-web", "web", "b-web"]);
}

#[test]
fn only_what_an_edit_touches_is_built_again() {
    let mut project = Project::new(&[
        ("a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
        ("a/values-prod.yaml", "x: 1\n"),
        ("a/templates/web.yaml", DEPLOYMENT),
        ("b/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n"),
        ("b/templates/web.yaml", DEPLOYMENT),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", DEPLOYMENT),
        ("one/kustomization.yaml", "resources: [../base]\n"),
        ("two/kustomization.yaml", "resources: [../base, own.yaml]\n"),
    ]);
    let mut cache = Cache::<Target>::default();
    let mut before: Vec<Arc<Target>> = Vec::new();
    let mut built_again = |project: &Project| -> Vec<String> {
        let files = project.files();
        cache.start(&files);
        let now = build_with(&files, &[], None, &mut cache, &|target| target);
        cache.finish();
        let is_new = |it: &&Arc<Target>| !before.iter().any(|old| Arc::ptr_eq(old, it));
        let new = now.iter().filter(is_new).map(|it| it.name.clone()).collect();
        before = now;
        new
    };
    let all = ["a", "a (values-prod.yaml)", "b", "one", "two"];
    assert_eq!(built_again(&project), all);
    assert_eq!(built_again(&project), [""; 0]);
    project.edit("a/templates/web.yaml", "kind: A\n");
    assert_eq!(built_again(&project), ["a", "a (values-prod.yaml)"]);
    project.edit("base/web.yaml", "kind: B\nmetadata: {name: b}\n");
    assert_eq!(built_again(&project), ["one", "two"]);
    project.edit("one/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n");
    assert_eq!(built_again(&project), ["one"]);
    project.add("two/own.yaml", DEPLOYMENT);
    assert_eq!(built_again(&project), ["one", "two"], "a file came that may have been missed");
}

#[test]
fn a_chart_that_an_overlay_renders_is_no_target_by_itself() {
    let project = Project::new(&[
        ("app/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("app/charts/web/templates/web.yaml", DEPLOYMENT),
        ("app/kustomization.yaml", "helmCharts: [{name: web}]\n"),
    ]);
    assert_eq!(names(&project.targets()), ["app"]);
    assert!(project.targets()[0].is_built);
}

#[test]
fn a_failing_template_is_the_reason_of_its_target() {
    for (template, is_built) in [
        ("a: {{ fail \"a value is wanted\" }}\n", false),
        // With a value in the place of the missing one, the rest is there to look at.
        ("a: {{ required \"a value is wanted\" .Values.a }}\n", true),
    ] {
        let project = Project::new(&[
            ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
            ("chart/templates/web.yaml", template),
        ]);
        let targets = project.targets();
        assert_eq!(targets[0].is_built, is_built, "{template}");
        assert!(targets[0].reasons[0].message.contains("a value is wanted"));
        assert_eq!(targets[0].reasons[0].span.file, FileId(1));
    }
}

#[test]
fn a_circle_is_a_target_that_says_so() {
    let project = Project::new(&[
        ("a/kustomization.yaml", "resources: [../b]\n"),
        ("b/kustomization.yaml", "resources: [../a]\n"),
        ("c/kustomization.yaml", "resources: [web.yaml]\n"),
        ("c/web.yaml", DEPLOYMENT),
    ]);
    let targets = project.targets();
    let names: Vec<_> = targets.iter().map(|it| (it.name.as_str(), it.is_built)).collect();
    assert_eq!(names, [("a", false), ("c", true)]);
    assert!(!targets[0].reasons.is_empty());
}

#[test]
fn a_chart_has_only_the_files_that_helm_reads() {
    let project = Project::new(&[
        ("Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
        ("templates/web.yaml", DEPLOYMENT),
        ("k8s/web.yaml", DEPLOYMENT),
        ("overlay/kustomization.yaml", "resources: [web.yaml]\n"),
        ("overlay/web.yaml", DEPLOYMENT),
    ]);
    let targets = project.targets();
    let names: Vec<_> = targets.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, [".", "overlay"]);
    assert_eq!(targets[0].sources, [FileId(0), FileId(1)]);
}

#[test]
fn production_is_the_last_to_be_left_out() {
    let mut files = vec![
        ("c/Chart.yaml".to_owned(), "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("c/templates/web.yaml".to_owned(), DEPLOYMENT),
        ("c/values-prod.yaml".to_owned(), "a: 1\n"),
    ];
    files.extend((0..MAX_VALUES_FILES).map(|at| (format!("c/values-{at}.yaml"), "a: 1\n")));
    let files: Vec<(&str, &str)> = files.iter().map(|it| (it.0.as_str(), it.1)).collect();
    let targets = Project::new(&files).targets();
    assert_eq!(targets.len(), 1 + MAX_VALUES_FILES);
    assert!(targets.iter().any(|it| it.name == "c (values-prod.yaml)"));
    assert!(targets[0].reasons[0].message.contains("values-7.yaml"));
}

#[test]
fn values_files_are_known_by_name_and_place() {
    for path in
        ["c/values-prod.yaml", "c/values.staging.yml", "c/dev-values.yaml", "c/values/qa.yaml"]
    {
        assert!(is_further_values_file(path, "c"), "{path}");
    }
    for path in
        ["c/values.yaml", "c/Chart.yaml", "c/templates/values-x.yaml", "c/x/values-prod.yaml"]
    {
        assert!(!is_further_values_file(path, "c"), "{path}");
    }
}

/// Returns the places of a line of a target's first document as `path:line`.
fn places_of(project: &Project, target: &Target, line: &str) -> Vec<String> {
    let manifests = target.manifests();
    let manifest = &manifests[0];
    let at = manifest.text.lines().position(|it| it.trim() == line);
    let at = at.unwrap_or_else(|| panic!("`{line}` is not in\n{}", manifest.text));
    let place = |span: &Span| {
        let (path, text, _) = &project.0[span.file.index()];
        format!("{path}:{}", text[..span.range().start].matches('\n').count() + 1)
    };
    manifest.lines[at].iter().map(place).collect()
}

#[test]
fn a_line_of_a_chart_leads_to_its_template_and_to_the_value_behind_it() {
    let template = "kind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n  {{- with .Values.labels }}\n  labels: {{- toYaml . | nindent 4 }}\n  {{- end }}\n";
    let project = Project::new(&[
        ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n"),
        ("web/values.yaml", "name: settings\nlabels:\n  tier: front\n"),
        ("web/templates/config.yaml", template),
    ]);
    let target = &project.targets()[0];
    let of = |line: &str| places_of(&project, target, line);
    assert_eq!(of("kind: ConfigMap"), ["web/templates/config.yaml:1"]);
    assert_eq!(of("name: settings"), ["web/templates/config.yaml:3", "web/values.yaml:1"]);
    assert_eq!(of("tier: front"), ["web/values.yaml:3", "web/templates/config.yaml:5"]);
}

#[test]
fn a_line_of_an_overlay_leads_to_its_patch_and_to_the_key_in_the_base() {
    let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  paused: false\n";
    let patch =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n";
    let project = Project::new(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", base),
        ("prod/kustomization.yaml", "resources: [../base]\npatches: [{path: more.yaml}]\n"),
        ("prod/more.yaml", patch),
    ]);
    let targets = project.targets();
    let of = |line: &str| places_of(&project, &targets[0], line);
    assert_eq!(of("replicas: 3"), ["prod/more.yaml:4", "base/web.yaml:6"]);
    assert_eq!(of("paused: false"), ["base/web.yaml:7", "base/web.yaml:7"]);
}
