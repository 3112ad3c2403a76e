//! Targets: what one command puts onto one platform, found among the files of a project and built.
//!
//! A kustomization that no other kustomization uses is a target. A chart that is not vendored into
//! another chart is a target with its own values, and another one with each further values file beside it.
//! [`Request`]s describe further targets, or describe these more exactly.

mod cache;
mod charts;
mod manifests;
mod overlays;
mod request;
mod unbuilt;

pub use cache::Cache;
pub use charts::{chart_folders, is_further_values_file};
pub use request::{Assignment, Recipe, Release, Request};

use super::kustomize::{self, SourceFile, Unmatched};
use crate::report::{Environment, TargetKind};
use crate::syntax::{self, Tree};
use crate::text::{FileId, Span, Spanned, join_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Returns the environment that a word of a path names.
pub fn environment_of_word(word: &str) -> Option<Environment> {
    match word {
        "prod" | "production" | "prd" | "live" => Some(Environment::Production),
        "staging" | "stage" | "stg" | "preprod" | "uat" => Some(Environment::Staging),
        "test" | "tests" | "testing" | "e2e" | "ci" | "qa" => Some(Environment::Test),
        "dev" | "development" | "local" | "minikube" | "kind" => Some(Environment::Development),
        _ => None,
    }
}

/// Returns the environment of the last path segment that names one.
pub fn environment_of(path: &str) -> Option<Environment> {
    path.rsplit('/').find_map(|segment| {
        let lower = segment.to_ascii_lowercase();
        let mut words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.find_map(environment_of_word)
    })
}

/// One target, built as far as it can be.
#[derive(Debug)]
pub struct Target {
    /// The folder, with the values file of a chart that is rendered with another one than its own.
    pub name: String,
    pub kind: TargetKind,
    pub environment: Option<Environment>,
    /// Path of the kustomization's or the chart's folder; empty for the root of the project.
    pub folder: String,
    /// The namespace of objects that name none, where what deploys the target says one.
    pub namespace: Option<Spanned<String>>,
    /// The documents as they reach the cluster. Their spans point at the sources.
    pub trees: Vec<Tree>,
    /// The documents of a chart as its templates print them.
    manifests: Vec<Manifest>,
    /// The places behind a span: the values that an action of a template printed, or the value that a patch
    /// or an `images` entry replaced. Empty where they differ from one printing to the next.
    pub behind: FxHashMap<Span, Vec<Span>>,
    /// Why the target is not built in full; empty for one that is.
    pub reasons: Vec<Reason>,
    /// The entries of kustomizations that match nothing.
    pub unmatched: Vec<Unmatched>,
    /// Whether there is anything to look at.
    pub is_built: bool,
    /// The files that were built into the target, which say nothing by themselves.
    pub sources: Vec<FileId>,
}

/// Notes what is behind a place.
fn note_behind(all: &mut FxHashMap<Span, Vec<Span>>, at: Span, behind: Vec<Span>) {
    match all.entry(at) {
        Entry::Vacant(entry) => {
            entry.insert(behind);
        }
        Entry::Occupied(mut entry) if *entry.get() != behind => entry.get_mut().clear(),
        Entry::Occupied(_) => {}
    }
}

/// What would have to be there, or to change, for a part of a target to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// A subchart that is not in `charts/`.
    MissingDependency,
    /// A base, component or file that would be fetched.
    Remote,
    /// Values that the chart's author refuses: `required`, `fail` or `values.schema.json`.
    Values,
    /// A project that is larger than a build may be, or a template that never ends.
    Limit,
    /// A mistake that the real tool refuses too, or what only the real tool can do.
    #[default]
    Other,
}

/// Why a target, or a part of it, is not built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub message: String,
    pub span: Span,
    /// Whether the real tool refuses too; otherwise it would need something that is not at hand.
    pub is_refused: bool,
    pub cause: Cause,
}

/// A document as it reaches the cluster, and the place that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub text: String,
    pub source: Span,
}

impl Target {
    /// Returns a target that is still to be built.
    fn new(kind: TargetKind, folder: &str) -> Target {
        Target {
            name: folder_name(folder),
            kind,
            environment: environment_of(folder),
            folder: folder.to_owned(),
            namespace: None,
            trees: Vec::new(),
            manifests: Vec::new(),
            behind: FxHashMap::default(),
            reasons: Vec::new(),
            unmatched: Vec::new(),
            is_built: false,
            sources: Vec::new(),
        }
    }

    /// Returns a target of which nothing can be built.
    pub fn unbuilt(name: String, environment: Option<Environment>, reasons: Vec<Reason>) -> Target {
        Target { name, environment, reasons, ..Target::new(TargetKind::Application, "") }
    }

    /// Gives the target the name and the environment that a request has for it.
    fn described_by(mut self, request: &Request) -> Target {
        if let Some(name) = &request.name {
            self.name.clone_from(name);
        }
        self.environment = request.environment.or(self.environment);
        self.namespace.clone_from(&request.namespace);
        self.reasons.extend(request.reasons.iter().cloned());
        self
    }

    /// Returns the documents as text: those of a chart as its templates print them, those of an
    /// overlay in block style.
    pub fn manifests(&self) -> Vec<Manifest> {
        if self.kind == TargetKind::Chart {
            return self.manifests.clone();
        }
        let roots = self.trees.iter().flat_map(Tree::roots);
        let manifest = |root: syntax::Node<'_>| {
            Some(Manifest { text: kustomize::print_node(root)?, source: root.span() })
        };
        roots.filter_map(manifest).collect()
    }
}

/// Builds the targets that are found among the files of a project and those that are asked for, sorted by
/// name. A request for what is found anyway stands in its place. Without the feature `targets` they are found
/// and named as not built; nothing then refers to the builders, and the linker leaves them out.
pub fn build(files: &[SourceFile<'_>], requests: &[Request]) -> Vec<Arc<Target>> {
    build_with(files, requests, &mut Cache::default(), &|target| target)
}

/// Builds the targets of a project, but for those that were built from the same inputs before. `read` is
/// what the caller makes of a target. Without the feature `targets` they are found and named as not built;
/// nothing then refers to the builders, and the linker leaves them out.
pub fn build_with<T: AsRef<Target>>(
    files: &[SourceFile<'_>],
    requests: &[Request],
    cache: &mut Cache<T>,
    read: &dyn Fn(Target) -> T,
) -> Vec<Arc<T>> {
    if !cfg!(feature = "targets") {
        return unbuilt::targets(files).into_iter().map(|target| Arc::new(read(target))).collect();
    }
    let own = files.iter().filter(|file| !file.is_neighbour);
    let mut folders = chart_folders(own.map(|file| file.path));
    let mut targets = overlays::targets(files, &folders, requests, cache, read);
    // A chart that an overlay renders is no target by itself.
    let in_overlays: FxHashSet<FileId> =
        targets.iter().flat_map(|it| it.as_ref().as_ref().sources.iter().copied()).collect();
    let of_overlays = files.iter().filter(|file| in_overlays.contains(&file.id));
    let of_overlays: FxHashSet<&str> = of_overlays.map(|file| file.path).collect();
    folders.retain(|folder| !of_overlays.contains(join_path(folder, "Chart.yaml").as_str()));
    targets.extend(charts::targets(files, &folders, requests, cache, read));
    targets.extend(manifests::targets(files, requests, cache, read));
    targets.sort_by(|a, b| a.as_ref().as_ref().name.cmp(&b.as_ref().as_ref().name));
    targets
}

impl AsRef<Target> for Target {
    fn as_ref(&self) -> &Target {
        self
    }
}

/// Whether a path lies in a folder or is that folder.
fn is_inside(path: &str, folder: &str) -> bool {
    if path.starts_with(['/', '\\']) || path.starts_with("../") {
        return path
            .strip_prefix(folder)
            .is_some_and(|rest| !folder.is_empty() && rest.starts_with('/'));
    }
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the name of a folder, which is `.` for the root of the project.
fn folder_name(folder: &str) -> String {
    if folder.is_empty() { ".".to_owned() } else { folder.to_owned() }
}

/// Returns the path of a file as seen from a folder that holds it.
fn relative<'p>(path: &'p str, folder: &str) -> &'p str {
    path.strip_prefix(folder).map_or(path, |rest| rest.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
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
            let now = build_with(&files, &[], &mut cache, &|target| target);
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
        let project = Project::new(&[
            ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n"),
            ("chart/templates/web.yaml", "a: {{ required \"a value is wanted\" .Values.a }}\n"),
        ]);
        let targets = project.targets();
        assert!(!targets[0].is_built);
        assert!(targets[0].reasons[0].message.contains("a value is wanted"));
        assert_eq!(targets[0].reasons[0].span.file, FileId(1));
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
}
