//! Charts as targets: with their own values, and with each further values file beside them.

use super::{Manifest, Reason, Target, environment_of, folder_name, is_inside, relative};
use crate::build::helm::{
    self, Chart, ChartFile, Content, Hook, Layer, ReleaseOptions, Rendered, RenderedTemplate,
    TemplateKind,
};
use crate::build::kustomize::SourceFile;
use crate::build::origin::Text;
use crate::report::{Environment, TargetKind};
use crate::syntax::{self, Tree};
use crate::text::{FileId, Span, folder_of, join_path, name_of};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Maximum number of values files for which one chart is rendered, besides its own.
pub(super) const MAX_VALUES_FILES: usize = 8;

/// Returns the folders of charts that are not vendored into another chart.
pub(super) fn folders<'s>(files: &[SourceFile<'s>]) -> Vec<&'s str> {
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
pub(super) fn is_part_of_chart(path: &str) -> bool {
    let is_file = matches!(path, "Chart.yaml" | "Chart.lock" | "requirements.yaml" | "values.yaml");
    let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    is_file
        || !is_yaml
        || is_further_values_file(path, "")
        || ["templates/", "crds/", "charts/"].iter().any(|folder| path.starts_with(folder))
}

/// Renders a chart with its own values and with each further values file beside it.
pub(super) fn targets(files: &[SourceFile<'_>], folder: &str) -> Vec<Target> {
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

/// Whether a file of a chart holds values for one more environment: `values-prod.yaml`,
/// `prod.values.yaml`, `values/prod.yaml`.
pub(super) fn is_further_values_file(path: &str, folder: &str) -> bool {
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
    // A test runs only when somebody asks for it, and is not a workload of the release.
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
