//! Targets: what one command puts onto one platform, found among the files of a project and built.
//!
//! A kustomization that no other kustomization uses is a target. A chart that is nobody's vendored
//! subchart is a target with its own values, and another one with each further values file beside it.

use super::helm::{
    self, Chart, ChartFile, Content, Hook, Layer, ReleaseOptions, Rendered, RenderedTemplate,
    TemplateKind,
};
use super::kustomize::{self, SourceFile, Sources};
use super::origin::Text;
use crate::report::{Environment, TargetKind};
use crate::syntax::{self, Tree};
use crate::text::{FileId, Span, folder_of, join_path, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Maximum number of values files for which one chart is rendered, besides its own.
const MAX_VALUES_FILES: usize = 8;

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

/// Finds and builds the targets of a project, sorted by name.
pub fn build(files: &[SourceFile<'_>]) -> Vec<Target> {
    let charts = chart_folders(files);
    let mut targets = kustomizations(files, &charts);
    for folder in &charts {
        targets.extend(chart_targets(files, folder));
    }
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    targets
}

/// Builds every kustomization that no other one uses.
fn kustomizations(files: &[SourceFile<'_>], charts: &[&str]) -> Vec<Target> {
    let sources = Sources::new(files.iter().copied());
    let in_chart = |folder: &str| {
        let parts = ["templates", "crds", "charts"];
        charts
            .iter()
            .any(|chart| parts.iter().any(|part| is_inside(folder, &join_path(chart, part))))
    };
    let roots = root_folders(files, sources.kustomization_folders());
    let roots = roots.into_iter().filter(|folder| !in_chart(folder));
    let mut builder = kustomize::Builder::new(&sources);
    let mut targets = Vec::new();
    for folder in roots {
        let mut built = builder.build(folder);
        let reason = |reason: kustomize::Reason| Reason {
            message: reason.message,
            span: reason.span,
            is_refused: reason.kind == kustomize::ReasonKind::Refused,
        };
        let reasons: Vec<Reason> = built.reasons.into_iter().map(reason).collect();
        add_named_files(&sources, &mut built.read);
        targets.push(Target {
            name: folder_name(folder),
            kind: TargetKind::Kustomization,
            environment: environment_of(folder),
            folder: folder.to_owned(),
            is_built: !built.objects.is_empty(),
            trees: vec![kustomize::tree(&built.objects)],
            manifests: Vec::new(),
            behind: FxHashMap::default(),
            reasons,
            sources: built.read,
        });
    }
    targets
}

/// Adds the files that the kustomizations among `read` name anywhere, which belong to the target even
/// where it could not be built.
fn add_named_files(sources: &Sources<'_>, read: &mut Vec<FileId>) {
    let mut named = Vec::new();
    for file in read.iter().filter_map(|id| sources.by_id(*id)) {
        if !kustomize::is_kustomization(file.path) {
            continue;
        }
        let folder = folder_of(file.path);
        let texts = file.tree.into_iter().flat_map(Tree::nodes).filter_map(syntax::Node::as_str);
        // What is no path of a file is simply not found.
        let paths =
            texts.filter(|text| !text.contains(['\n', ' '])).map(|text| join_path(folder, text));
        named.extend(paths.filter_map(|path| Some(sources.file(&path)?.id)));
    }
    read.extend(named);
    read.sort_unstable();
    read.dedup();
}

/// Returns the kustomizations to build, sorted: those that no other one uses, and one of each circle that
/// is used by nobody else. A component is never built alone.
fn root_folders<'s>(files: &[SourceFile<'_>], folders: Vec<&'s str>) -> Vec<&'s str> {
    let mut uses: FxHashMap<String, Vec<String>> = FxHashMap::default();
    let mut reached: FxHashSet<String> = FxHashSet::default();
    for file in files.iter().filter(|file| kustomize::is_kustomization(file.path)) {
        let Some(root) = file.tree.and_then(|tree| tree.roots().next()) else { continue };
        let folder = folder_of(file.path);
        if root.get("kind").and_then(syntax::Node::as_str) == Some("Component") {
            reached.insert(folder.to_owned());
        }
        for key in ["resources", "bases", "components"] {
            let entries = root.get(key).into_iter().flat_map(syntax::Node::items);
            let named = entries.filter_map(|entry| Some(join_path(folder, entry.as_str()?)));
            uses.entry(folder.to_owned()).or_default().extend(named.filter(|it| it != folder));
        }
    }
    let used: FxHashSet<&str> = uses.values().flatten().map(String::as_str).collect();
    let (others, mut roots): (Vec<&str>, Vec<&str>) =
        folders.into_iter().partition(|folder| used.contains(folder));
    roots.retain(|folder| !reached.contains(*folder));
    roots.iter().for_each(|root| reach(root, &uses, &mut reached));
    for folder in others {
        // Whatever no root leads to is part of a circle.
        if !reached.contains(folder) {
            roots.push(folder);
            reach(folder, &uses, &mut reached);
        }
    }
    roots.sort_unstable();
    roots
}

/// Adds everything that a kustomization uses, directly or through others.
fn reach(root: &str, uses: &FxHashMap<String, Vec<String>>, reached: &mut FxHashSet<String>) {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if reached.insert(folder.clone()) {
            open.extend(uses.get(&folder).into_iter().flatten().cloned());
        }
    }
}

/// Returns the folders of charts that are not vendored into another chart.
fn chart_folders<'s>(files: &[SourceFile<'s>]) -> Vec<&'s str> {
    let mut folders: Vec<&str> = files
        .iter()
        .filter(|file| name_of(file.path) == "Chart.yaml")
        .map(|file| folder_of(file.path))
        .collect();
    folders.sort_unstable();
    let all = folders.clone();
    folders.retain(|folder| {
        let is_vendored = |chart: &&str| is_inside(folder, &join_path(chart, "charts"));
        !all.iter().any(|chart| chart != folder && is_vendored(chart))
    });
    folders
}

/// Whether a file of a chart's folder is one that Helm reads as such. Other manifests there are read for
/// themselves.
fn is_part_of_chart(path: &str) -> bool {
    let is_file = matches!(path, "Chart.yaml" | "Chart.lock" | "requirements.yaml" | "values.yaml");
    let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    is_file
        || !is_yaml
        || is_further_values_file(path, "")
        || ["templates/", "crds/", "charts/"].iter().any(|folder| path.starts_with(folder))
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

fn folder_name(folder: &str) -> String {
    if folder.is_empty() { ".".to_owned() } else { folder.to_owned() }
}

/// Renders a chart with its own values and with each further values file beside it.
fn chart_targets(files: &[SourceFile<'_>], folder: &str) -> Vec<Target> {
    let own: Vec<&SourceFile<'_>> =
        files.iter().filter(|file| is_inside(file.path, folder)).collect();
    let chart_files: Vec<ChartFile> = own.iter().map(|file| chart_file(file, folder)).collect();
    let blank = |name: String, environment| Target {
        name,
        kind: TargetKind::Chart,
        environment,
        folder: folder.to_owned(),
        trees: Vec::new(),
        manifests: Vec::new(),
        behind: FxHashMap::default(),
        reasons: Vec::new(),
        is_built: false,
        sources: own
            .iter()
            .filter(|file| is_part_of_chart(relative(file.path, folder)))
            .map(|file| file.id)
            .collect(),
    };
    let chart_span = own.iter().find(|file| file.path == join_path(folder, "Chart.yaml"));
    let chart_span = Span::new(chart_span.map_or(FileId(0), |file| file.id), 0, 0);
    let chart = match Chart::load(&chart_files) {
        Ok(chart) => chart,
        Err(failure) => {
            let mut target = blank(folder_name(folder), environment_of(folder));
            target
                .reasons
                .push(refused(failure.to_string(), failure.place().unwrap_or(chart_span)));
            return vec![target];
        }
    };
    if chart.is_library() {
        return Vec::new();
    }
    let mut further: Vec<&&SourceFile<'_>> =
        own.iter().filter(|file| is_further_values_file(file.path, folder)).collect();
    // Where there are too many, those for production are the last to be left out.
    let rank = |file: &&&SourceFile<'_>| {
        environment_of(relative(file.path, folder)).map_or(Environment::ALL.len(), |it| it as usize)
    };
    further.sort_by_key(|file| (rank(file), file.path));
    let left_out = further.split_off(further.len().min(MAX_VALUES_FILES));
    let mut own_values = blank(folder_name(folder), environment_of(folder));
    render_into(&mut own_values, &chart, Vec::new(), chart_span);
    if let Some(first) = left_out.first() {
        own_values.reasons.push(Reason {
            message: format!(
                "the chart is not rendered with `{}` and {} others: at most {MAX_VALUES_FILES} values files are tried",
                first.path,
                left_out.len() - 1
            ),
            span: Span::new(first.id, 0, 0),
            is_refused: false,
        });
    }
    let mut targets = vec![own_values];
    for file in further {
        let name = format!("{} ({})", folder_name(folder), relative(file.path, folder));
        let environment = environment_of(relative(file.path, folder));
        let mut target = blank(name, environment);
        let text = Text::written(&**file.text, Span::new(file.id, 0, file.text.len()));
        render_into(&mut target, &chart, vec![Layer::File(Arc::new(text))], chart_span);
        targets.push(target);
    }
    targets
}

fn chart_file(file: &SourceFile<'_>, folder: &str) -> ChartFile {
    let content = match file.bytes {
        Some(bytes) => Content::Archive(bytes.into()),
        None => Content::Text(Arc::clone(file.text)),
    };
    ChartFile { path: relative(file.path, folder).to_owned(), file: file.id, content }
}

/// Returns the path of a file as seen from a folder that holds it.
fn relative<'p>(path: &'p str, folder: &str) -> &'p str {
    path.strip_prefix(folder).map_or(path, |rest| rest.trim_start_matches('/'))
}

/// Whether a file of a chart holds values for one more environment: `values-prod.yaml`,
/// `prod.values.yaml`, `values/prod.yaml`.
fn is_further_values_file(path: &str, folder: &str) -> bool {
    let path = relative(path, folder);
    let (place, name) = (folder_of(path), name_of(path));
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else {
        return false;
    };
    match place {
        "" => {
            let apart = |rest: &str| rest.starts_with(['-', '.', '_']) && rest.len() > 1;
            let before = |rest: &str| rest.ends_with(['-', '.', '_']) && rest.len() > 1;
            stem.strip_prefix("values").is_some_and(apart)
                || stem.strip_suffix("values").is_some_and(before)
        }
        "values" | "environments" | "envs" => true,
        _ => false,
    }
}

fn refused(message: String, span: Span) -> Reason {
    Reason { message, span, is_refused: true }
}

/// Renders a chart and reads what came out.
fn render_into(target: &mut Target, chart: &Chart, values: Vec<Layer>, chart_span: Span) {
    let options = ReleaseOptions { values, ..ReleaseOptions::default() };
    let Rendered { templates, problems, .. } = helm::render(chart, &options);
    for problem in problems {
        let is_refused = problem.kind != helm::ProblemKind::MissingDependency;
        let span = problem.span.unwrap_or(chart_span);
        target.reasons.push(Reason { message: problem.message, span, is_refused });
    }
    for template in templates {
        for document in &template.documents {
            let place = template.text.locate(document.range.clone());
            target.manifests.push(Manifest {
                text: template.text.as_str()[document.range.clone()].to_owned(),
                source: place.map_or(chart_span, |place| place.span),
            });
        }
        if template.kind == TemplateKind::Crd {
            continue;
        }
        let tree = placed_tree(&template, target, chart_span);
        target.trees.push(tree);
    }
    target.is_built = target.trees.iter().any(|tree| !tree.is_empty());
}

/// Parses rendered text and gives every node the place of its source.
fn placed_tree(template: &RenderedTemplate, target: &mut Target, chart_span: Span) -> Tree {
    let text = &template.text;
    let (mut tree, problems) = syntax::parse(FileId(0), &text.as_str().into(), None);
    // A test runs only when somebody asks for it, and is no workload of the release.
    let tests: Vec<usize> = template
        .documents
        .iter()
        .filter(|document| document.hooks.contains(&Hook::Test))
        .map(|document| document.range.start)
        .collect();
    tree.documents.retain(|document| !tests.contains(&(document.span.start as usize)));
    // Text that the renderer made itself belongs to the template that surrounds it.
    let fallback = text.pieces().first().map_or(chart_span, |piece| piece.from);
    let place = |span: Span| text.locate(span.range());
    for problem in problems {
        let span = place(problem.span).map_or(fallback, |place| place.span);
        target.reasons.push(refused(
            format!("what the template renders is not valid YAML: {}", problem.message),
            span,
        ));
    }
    let behind = &mut target.behind;
    tree.map_spans(&mut |span| {
        let Some(place) = place(span) else { return fallback };
        if let Some(via) = place.via {
            let known = behind.entry(place.span).or_insert(Some(via));
            if *known != Some(via) {
                *known = None;
            }
        }
        place.span
    });
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
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
