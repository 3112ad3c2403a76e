//! Charts as targets: with their own values, and with each further values file beside them.

use super::cache::{Cache, Inputs, Key, Variant};
use super::{
    Cause, Reason, Recipe, Release, Request, Target, environment_of, is_inside, note_behind,
    relative,
};
use crate::build::helm::{
    self, Chart, ChartFile, Hook, KnownTemplates, Layer, ReleaseOptions, Rendered,
    RenderedTemplate, TemplateKind, failure::FailureKind,
};
use crate::build::kustomize::SourceFile;
use crate::build::origin::Text;
use crate::report::{Environment, TargetKind};
use crate::syntax::{ProblemKind, Tree};
use crate::text::{FileId, Span, Spanned, folder_of, join_path, name_of};
use std::cell::OnceCell;
use std::sync::Arc;

/// Maximum number of values files for which one chart is rendered, besides its own.
pub(super) const MAX_VALUES_FILES: usize = 8;

/// The word that stands for a value that a chart wants and nobody gives. It reads as a variable, of which nobody knows
/// the value.
const STAND_IN: &str = "$REQUIRED_VALUE";

/// Returns the folders of charts that are not vendored into another chart, by the paths of all files.
pub fn chart_folders<'s>(paths: impl Iterator<Item = &'s str>) -> Vec<&'s str> {
    let mut folders: Vec<&str> =
        paths.filter(|path| name_of(path) == "Chart.yaml").map(folder_of).collect();
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
pub(super) fn is_part_of_chart(path: &str) -> bool {
    let is_file = matches!(path, "Chart.yaml" | "Chart.lock" | "requirements.yaml" | "values.yaml");
    let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    is_file
        || !is_yaml
        || is_further_values_file(path, "")
        || ["templates/", "crds/", "charts/"].iter().any(|folder| path.starts_with(folder))
}

/// Renders each chart with its own values and with each further values file beside it, and whatever is
/// asked for.
pub(super) fn targets<T>(
    files: &[SourceFile<'_>],
    folders: &[&str],
    requests: &[Request],
    kubernetes: Option<&str>,
    cache: &mut Cache<T>,
    read: &dyn Fn(Target) -> T,
) -> Vec<Arc<T>> {
    let mut folders: Vec<(&str, bool)> = folders.iter().map(|folder| (*folder, true)).collect();
    // A request may name a chart that is vendored into another one.
    for request in requests.iter().filter(|request| request.kind() == TargetKind::Chart) {
        if !folders.iter().any(|(folder, _)| *folder == request.folder) {
            folders.push((&request.folder, false));
        }
    }
    let mut targets = Vec::new();
    for (folder, is_found) in folders {
        let source = Source::new(files, folder, kubernetes, cache.take_templates(folder));
        let key = |variant| Key { kind: TargetKind::Chart, folder: folder.to_owned(), variant };
        let found = if is_found { source.found() } else { Vec::new() };
        for found in found {
            let path = found.values_file.map(|file| file.path);
            if requests.iter().any(|request| request.replaces_chart(folder, path)) {
                continue;
            }
            let variant = path.map_or(Variant::Found, |path| Variant::WithValues(path.to_owned()));
            let inputs = Inputs::new(None, kubernetes, source.own.iter().copied());
            targets
                .extend(cache.get(key(variant), inputs, || source.render_found(&found).map(read)));
        }
        for (number, request) in requests.iter().enumerate() {
            let Recipe::Chart(release) = &request.recipe else { continue };
            if request.folder != folder {
                continue;
            }
            let named = release.values_files.iter();
            let named = named.filter_map(|path| files.iter().find(|it| it.path == path.value));
            let inputs =
                Inputs::new(Some(request), kubernetes, source.own.iter().copied().chain(named));
            let build = || match source.has_chart_file() {
                true => source.requested(request, release),
                false => request.nothing_there("chart"),
            };
            let key = key(Variant::Requested(number));
            targets.extend(cache.get(key, inputs, || build().map(read)));
        }
        cache.put_templates(folder, source.templates);
    }
    targets
}

/// A chart of the project.
struct Source<'f, 's> {
    files: &'f [SourceFile<'s>],
    folder: &'f str,
    /// The release of Kubernetes that the chart is rendered for, where nobody names another one.
    kubernetes: Option<&'f str>,
    /// The files below the chart's folder.
    own: Vec<&'f SourceFile<'s>>,
    /// The chart, loaded once something is rendered.
    chart: OnceCell<helm::failure::Result<Chart>>,
    /// The templates that were parsed before.
    templates: KnownTemplates,
    /// The place that stands for the chart as a whole.
    span: Span,
}

/// What a chart that was found is rendered with.
struct Found<'f, 's> {
    values_file: Option<&'f SourceFile<'s>>,
    /// Further values files that are not tried.
    left_out: Vec<&'f SourceFile<'s>>,
}

impl<'f, 's> Source<'f, 's> {
    fn new(
        files: &'f [SourceFile<'s>],
        folder: &'f str,
        kubernetes: Option<&'f str>,
        templates: KnownTemplates,
    ) -> Source<'f, 's> {
        let own: Vec<_> = files.iter().filter(|file| is_inside(file.path, folder)).collect();
        let chart_yaml = own.iter().find(|file| file.path == join_path(folder, "Chart.yaml"));
        let span = Span::new(chart_yaml.map_or(FileId(0), |file| file.id), 0, 0);
        Source { files, folder, kubernetes, own, chart: OnceCell::new(), templates, span }
    }

    fn chart(&self) -> &helm::failure::Result<Chart> {
        self.chart.get_or_init(|| {
            let files: Vec<ChartFile> =
                self.own.iter().map(|file| file.in_chart(self.folder)).collect();
            Chart::load(&files)
        })
    }

    fn has_chart_file(&self) -> bool {
        self.own.iter().any(|file| file.path == join_path(self.folder, "Chart.yaml"))
    }

    /// Returns a target that is still to be rendered.
    fn blank(&self) -> Target {
        let own = self.own.iter().filter(|it| is_part_of_chart(relative(it.path, self.folder)));
        let sources = own.map(|file| file.id).collect();
        Target { sources, ..Target::new(TargetKind::Chart, self.folder) }
    }

    /// Returns what the chart is rendered with where nobody says so.
    fn found(&self) -> Vec<Found<'f, 's>> {
        let mut further = self.own.clone();
        further.retain(|file| is_further_values_file(file.path, self.folder));
        // Where there are too many, those for production are the last to be left out.
        let rank = |file: &&SourceFile<'_>| {
            let environment = environment_of(relative(file.path, self.folder));
            environment.map_or(Environment::ALL.len(), |environment| environment as usize)
        };
        further.sort_by_key(|file| (rank(file), file.path));
        let left_out = further.split_off(further.len().min(MAX_VALUES_FILES));
        let with = |file| Found { values_file: Some(file), left_out: Vec::new() };
        let mut all = vec![Found { values_file: None, left_out }];
        all.extend(further.into_iter().map(with));
        all
    }

    /// Renders the chart as it was found. A chart that cannot be loaded says why once.
    fn render_found(&self, variant: &Found<'_, '_>) -> Option<Target> {
        if variant.values_file.is_some() && self.chart().is_err() {
            return None;
        }
        let mut target = self.blank();
        let mut values = Vec::new();
        if let Some(file) = variant.values_file {
            let path = relative(file.path, self.folder);
            target.name = format!("{} ({path})", target.name);
            target.values = vec![path.to_owned()];
            target.environment = environment_of(path);
            values.push(values_layer(file));
        }
        if let Some(first) = variant.left_out.first() {
            let message = format!(
                "the chart is not rendered with `{}` and {} others: at most {MAX_VALUES_FILES} values files are tried",
                first.path,
                variant.left_out.len() - 1
            );
            let span = Span::new(first.id, 0, 0);
            target.reasons.push(Reason { message, span, is_refused: false, cause: Cause::Other });
        }
        let kube_version = self.kubernetes.map(str::to_owned);
        self.render(
            target,
            &ReleaseOptions { values, kube_version, ..ReleaseOptions::default() },
            false,
        )
    }

    /// Renders a chart again that stopped because it wants a value, with another one in its place: the rest of the
    /// chart has more to say. Where there are further values files, one of them may bring the value.
    fn fill_in(&self, chart: &Chart, options: &ReleaseOptions, rendered: &mut Rendered) {
        let is_refused =
            |it: &&mut helm::Problem| it.kind == helm::ProblemKind::Stopped(FailureKind::Refused);
        let Some(stopped) = rendered.problems.iter_mut().find(is_refused) else { return };
        if !options.values.is_empty()
            || self.own.iter().any(|file| is_further_values_file(file.path, self.folder))
        {
            return;
        }
        let filled = ReleaseOptions { stand_in: Some(STAND_IN), ..options.clone() };
        let again = helm::render_again(chart, &filled, &self.templates);
        if !again.templates.is_empty() {
            stopped
                .message
                .push_str(&format!("; the rest is checked with `{STAND_IN}` in its place"));
            rendered.templates = again.templates;
        }
    }

    /// Renders the chart as somebody asks for it.
    fn requested(&self, request: &Request, release: &Release) -> Option<Target> {
        let mut target = self.blank();
        let mut options = ReleaseOptions {
            kube_version: release.kube_version.clone().or(self.kubernetes.map(str::to_owned)),
            api_versions: release.api_versions.clone(),
            ..ReleaseOptions::default()
        };
        options.replaces_own_values =
            release.replaces_own_values && !release.values_files.is_empty();
        if let Some(name) = &release.name {
            options.name.clone_from(name);
        }
        if let Some(namespace) = &release.namespace {
            options.namespace.clone_from(namespace);
        }
        let mut named = Vec::new();
        for path in &release.values_files {
            match self.files.iter().find(|file| file.path == path.value) {
                Some(file) => {
                    options.values.push(values_layer(file));
                    target.sources.push(file.id);
                    named.push(relative(file.path, self.folder));
                }
                None if release.ignores_missing_files => {}
                None => {
                    let span = request.span.map_or(self.span, |_| path.span);
                    target.reasons.push(missing_values_file(path, span));
                }
            }
        }
        target.sources.sort_unstable();
        target.sources.dedup();
        if let Some(environment) = named.iter().rev().find_map(|path| environment_of(path)) {
            target.environment = Some(environment);
        }
        if !named.is_empty() {
            target.name = format!("{} ({})", target.name, named.join(", "));
            target.values = named.iter().map(|it| (*it).to_owned()).collect();
        }
        let texts = release.values.iter().map(|text| inline_layer(text, self.files));
        options.values.extend(texts);
        options.values.extend(release.set.iter().map(|assignment| Layer::Set {
            assignments: assignment.text.clone(),
            strings: assignment.is_string,
            place: assignment.span,
        }));
        self.render(target.described_by(request), &options, release.skips_crds)
    }

    /// Renders the chart into a target. A library chart is none.
    fn render(
        &self,
        mut target: Target,
        options: &ReleaseOptions,
        skips_crds: bool,
    ) -> Option<Target> {
        match self.chart() {
            Err(failure) => {
                let span = failure.place().unwrap_or(self.span);
                target.reasons.push(refused(failure.to_string(), span));
            }
            Ok(chart) if chart.is_library() => return None,
            Ok(chart) => {
                let mut rendered = helm::render_again(chart, options, &self.templates);
                self.fill_in(chart, options, &mut rendered);
                rendered.templates.retain(|it| !(skips_crds && it.kind == TemplateKind::Crd));
                read_rendered(&mut target, rendered, self.span);
                add_undecoded(&mut target, chart, self.span);
            }
        }
        Some(target)
    }
}

fn missing_values_file(path: &str, span: Span) -> Reason {
    let is_outside = path.starts_with("..") || path.starts_with(['/', '\\']);
    let message = match is_outside {
        true => format!("the values file `{path}` lies outside of the project"),
        false => format!("there is no values file `{path}`"),
    };
    Reason { message, span, is_refused: !is_outside, cause: Cause::Other }
}

fn values_layer(file: &SourceFile<'_>) -> Layer {
    let text = Text::written(&**file.text, Span::new(file.id, 0, file.text.len()));
    Layer::File(Arc::new(text))
}

/// Returns values that are written inside another file. Lines that stand there as they are have their own
/// places.
fn inline_layer(values: &Spanned<String>, files: &[SourceFile<'_>]) -> Layer {
    let file = files.iter().find(|file| file.id == values.span.file);
    let written = file.and_then(|file| file.text.get(values.span.range())).unwrap_or_default();
    let mut text = Text::new();
    let mut at = 0;
    for line in values.value.split_inclusive('\n') {
        let content = line.trim();
        let found = written.get(at..).and_then(|rest| rest.find(content));
        match found.filter(|_| !content.is_empty()) {
            Some(found) => {
                let indent = line.len() - line.trim_start().len();
                let start = values.span.start as usize + at + found;
                let span = Span::new(values.span.file, start, start + content.len());
                text.push_placed(&line[..indent], values.span, false, None);
                text.push_placed(content, span, true, None);
                text.push_placed(&line[indent + content.len()..], values.span, false, None);
                at += found + content.len();
            }
            None => text.push_placed(line, values.span, false, None),
        }
    }
    Layer::File(Arc::new(text))
}

/// Whether a file of a chart holds values for one more environment: `values-prod.yaml`,
/// `prod.values.yaml`, `values/prod.yaml`.
pub fn is_further_values_file(path: &str, folder: &str) -> bool {
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
    Reason { message, span, is_refused: true, cause: Cause::Other }
}

/// Reads what a chart was rendered to.
fn read_rendered(target: &mut Target, rendered: Rendered, chart_span: Span) {
    let Rendered { templates, problems, .. } = rendered;
    for problem in problems {
        let span = problem.span.unwrap_or(chart_span);
        let cause = cause(problem.kind);
        let is_refused = cause != Cause::MissingDependency;
        target.reasons.push(Reason { message: problem.message, span, is_refused, cause });
    }
    for template in templates {
        for document in &template.documents {
            let place = template.text.locate(document.range.clone());
            let source = place.map_or(chart_span, |place| place.span);
            target.printed.push((template.text.slice(document.range.clone()), source));
        }
        if template.kind == TemplateKind::Crd {
            continue;
        }
        let tree = placed_tree(template, target, chart_span);
        target.trees.push(tree);
    }
    target.is_built = target.trees.iter().any(|tree| !tree.is_empty());
}

/// Adds a reason for each template whose bytes are not UTF-8: Helm prints them as they are, and here they
/// are replaced.
fn add_undecoded(target: &mut Target, chart: &Chart, chart_span: Span) {
    for template in &chart.templates {
        if let Some(at) = template.text.as_str().find(char::REPLACEMENT_CHARACTER) {
            let end = at + char::REPLACEMENT_CHARACTER.len_utf8();
            let place = template.text.locate(at..end);
            target.reasons.push(Reason {
                message: format!("`{}` is not UTF-8 and cannot be read in full", template.path),
                span: place.map_or(chart_span, |place| place.span),
                is_refused: false,
                cause: Cause::Other,
            });
        }
    }
}

fn cause(kind: helm::ProblemKind) -> Cause {
    match kind {
        helm::ProblemKind::MissingDependency => Cause::MissingDependency,
        helm::ProblemKind::Schema => Cause::Values,
        helm::ProblemKind::Stopped(FailureKind::Refused) => Cause::Values,
        helm::ProblemKind::Stopped(FailureKind::Limit) => Cause::Limit,
        helm::ProblemKind::Stopped(FailureKind::Parse | FailureKind::Execution) => Cause::Other,
    }
}

/// Parses rendered text and gives every node the place of its source.
fn placed_tree(template: RenderedTemplate, target: &mut Target, chart_span: Span) -> Tree {
    let RenderedTemplate { text, mut tree, yaml_problems: problems, documents, .. } = template;
    // A test runs only when somebody asks for it, and is not a workload of the release.
    let tests: Vec<usize> = documents
        .iter()
        .filter(|document| document.hooks.contains(&Hook::Test))
        .map(|document| document.range.start)
        .collect();
    // What a repair makes of a document reaches no cluster.
    tree.documents.retain(|document| {
        !tests.contains(&(document.span.start as usize)) && !document.is_repaired()
    });
    // Text that the renderer made itself belongs to the template that surrounds it.
    let fallback = text.pieces().first().map_or(chart_span, |piece| piece.from);
    let place = |span: Span| text.locate(span.range());
    for problem in problems {
        let span = place(problem.span).map_or(fallback, |place| place.span);
        let message = format!("what the template renders is not valid YAML: {}", problem.message);
        let cause = match problem.kind {
            ProblemKind::Syntax | ProblemKind::UnknownAnchor => Cause::InvalidYaml,
            ProblemKind::DuplicateKey | ProblemKind::Limit | ProblemKind::Config => Cause::Other,
        };
        target.reasons.push(Reason { cause, ..refused(message, span) });
    }
    let behind = &mut target.behind;
    tree.map_spans(&mut |span| {
        let Some(place) = place(span) else { return fallback };
        let values = text.behind(span.range());
        if !values.is_empty() {
            note_behind(behind, place.span, values);
        }
        place.span
    });
    tree
}
