//! Targets: what one command puts onto one platform, found among the files of a project and built.
//!
//! A kustomization that no other kustomization uses is a target. A chart that is not vendored into
//! another chart is a target with its own values, and another one with each further values file beside it.

mod charts;
mod overlays;
mod unbuilt;

use super::kustomize::{self, SourceFile};
use crate::report::{Environment, TargetKind};
use crate::syntax::{self, Tree};
use crate::text::{FileId, Span};
use rustc_hash::FxHashMap;

/// Returns the environment that a word of a path names.
fn environment_of_word(word: &str) -> Option<Environment> {
    match word {
        "prod" | "production" | "prd" | "live" => Some(Environment::Production),
        "staging" | "stage" | "stg" | "preprod" | "uat" => Some(Environment::Staging),
        "test" | "tests" | "testing" | "e2e" | "ci" | "qa" => Some(Environment::Test),
        "dev" | "development" | "local" | "minikube" | "kind" => Some(Environment::Development),
        _ => None,
    }
}

/// Returns the environment of the last path segment that names one.
fn environment_of(path: &str) -> Option<Environment> {
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
    /// The documents as they reach the cluster. Their spans point at the sources.
    pub trees: Vec<Tree>,
    /// The documents of a chart as its templates print them.
    manifests: Vec<Manifest>,
    /// The place behind a span: the value that an action of a template printed; `None` for an action
    /// that printed several values.
    pub behind: FxHashMap<Span, Option<Span>>,
    /// Why the target is not built in full; empty for one that is.
    pub reasons: Vec<Reason>,
    /// Whether there is anything to look at.
    pub is_built: bool,
    /// The files that were built into the target, which say nothing by themselves.
    pub sources: Vec<FileId>,
}

/// Why a target, or a part of it, is not built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub message: String,
    pub span: Span,
    /// Whether the real tool refuses too; otherwise it would need something that is not at hand.
    pub is_refused: bool,
}

/// A document as it reaches the cluster, and the place that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub text: String,
    pub source: Span,
}

impl Target {
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

/// Finds and builds the targets of a project, sorted by name. Without the feature `targets` they are found
/// and named as not built; nothing then refers to the builders, and the linker leaves them out.
pub fn build(files: &[SourceFile<'_>]) -> Vec<Target> {
    if !cfg!(feature = "targets") {
        return unbuilt::targets(files);
    }
    let charts = charts::folders(files);
    let mut targets = overlays::targets(files, &charts);
    for folder in &charts {
        targets.extend(charts::targets(files, folder));
    }
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    targets
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
    use crate::syntax::parse;
    use std::sync::Arc;

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

        fn targets(&self) -> Vec<Target> {
            let files: Vec<SourceFile<'_>> = self
                .0
                .iter()
                .enumerate()
                .map(|(at, (path, text, tree))| SourceFile {
                    id: FileId(u32::try_from(at).unwrap()),
                    path,
                    text,
                    tree: Some(tree),
                    bytes: None,
                })
                .collect();
            build(&files)
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
        assert_eq!(project.written(production.behind[&replicas.span()].unwrap()), "3");
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
