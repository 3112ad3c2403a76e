//! Applications as requests for targets: what has to be built, and what cannot be.

use super::generate::clean;
use super::{App, Project, has_placeholder};
use crate::build::kustomize::{self, Edits};
use crate::build::{
    Assignment, Cause, KUSTOMIZATION_FILES, Reason, Recipe, Release, Request, environment_of,
};
use crate::model::kubernetes::{
    ApplicationSource, DirectoryOptions, HelmOptions, KustomizeOptions,
};
use crate::model::read::Str;
use crate::report::Environment;
use crate::text::glob::{is_pattern, matches};
use crate::text::{FileId, Span, Spanned, join_path, name_of};
use std::sync::Arc;

/// What an object of Argo CD or Flux asks for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The name of the Application.
    pub name: String,
    pub span: Span,
    /// The Application; `None` for objects of Flux and for a whole ApplicationSet.
    pub app: Option<Arc<App>>,
    pub environment: Option<Environment>,
    /// What can be built of it.
    pub request: Option<Request>,
    /// Why there is nothing to build.
    pub reasons: Vec<Reason>,
}

/// Where a source of an Application leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceKind {
    Chart,
    Kustomization,
    Manifests,
}

/// Returns what an Application asks for: one request for each source that can be built.
pub fn asks(project: &Project<'_>, app: App) -> Vec<Ask> {
    let app = Arc::new(app);
    let environment = environment(project, &app);
    let mut asks = Vec::new();
    let mut reasons = Vec::new();
    for source in &app.application.sources {
        match request(project, &app, source) {
            Ok((mut request, mut own)) => {
                request.environment = environment;
                request.reasons.append(&mut own);
                request.reasons.append(&mut reasons);
                asks.push(Ask {
                    name: app.title(),
                    span: app.span,
                    app: Some(Arc::clone(&app)),
                    environment,
                    request: Some(request),
                    reasons: Vec::new(),
                });
            }
            Err(reason) => reasons.extend(reason),
        }
    }
    let last = asks.last_mut().and_then(|ask| ask.request.as_mut());
    match last {
        Some(last) => last.reasons.append(&mut reasons),
        None if reasons.is_empty() => {}
        None => asks.push(Ask {
            name: app.title(),
            span: app.span,
            app: Some(Arc::clone(&app)),
            environment,
            request: None,
            reasons,
        }),
    }
    asks
}

/// Returns the environment that the names around an Application say, the nearest ones first.
pub fn environment(project: &Project<'_>, app: &App) -> Option<Environment> {
    let application = &app.application;
    let destination = &application.destination;
    let mut names: Vec<&str> = vec![&app.name];
    names.extend(
        [&destination.namespace, &destination.name].into_iter().flatten().map(|it| it.as_str()),
    );
    for source in &application.sources {
        names.extend(source.path.as_ref().map(|path| path.as_str()));
        let files = source.helm.iter().flat_map(|helm| &helm.value_files);
        names.extend(files.map(|file| file.as_str()));
    }
    names.extend(application.project.as_ref().map(|project| project.as_str()));
    names.push(project.path_of(app.file));
    names.into_iter().filter(|name| !has_placeholder(name)).find_map(environment_of)
}

/// Returns the folder of a source in the project, and what it holds.
pub fn source_folder(
    project: &Project<'_>,
    file: FileId,
    source: &ApplicationSource,
) -> Option<(String, SourceKind)> {
    let path = source.path.as_ref().filter(|_| source.chart.is_none())?;
    if has_placeholder(path) || !project.may_hold(source.repo_url.as_ref(), path) {
        return None;
    }
    let folder = project.folder(path, file)?;
    let has = |name: &str| project.has_file(&join_path(&folder, name));
    let is_kustomization = KUSTOMIZATION_FILES.iter().any(|name| has(name));
    let kind = if has("Chart.yaml") {
        SourceKind::Chart
    } else if is_kustomization && source.directory.is_none() {
        SourceKind::Kustomization
    } else {
        SourceKind::Manifests
    };
    Some((folder, kind))
}

/// Returns the request that a source is, with what it lacks; an error says why there is no request, if
/// anything has to be said.
fn request(
    project: &Project<'_>,
    app: &App,
    source: &ApplicationSource,
) -> Result<(Request, Vec<Reason>), Option<Reason>> {
    let said = |span: Span, message: String| Reason {
        message,
        span,
        is_refused: false,
        cause: Cause::Other,
    };
    let of = |text: &Option<Str>| text.as_ref().map_or("a repository".into(), ToString::to_string);
    if let Some(chart) = &source.chart {
        let message =
            format!("the chart `{chart}` of {} is not in the project", of(&source.repo_url));
        return Err(Some(said(chart.span, message)));
    }
    let Some(path) = &source.path else {
        // A source that only lends its files to others.
        return Err(None);
    };
    if source.has_plugin {
        return Err(Some(said(path.span, "a plugin makes the manifests".to_owned())));
    }
    if has_placeholder(path) {
        let message = format!("the files do not tell which folder `{path}` is");
        return Err(Some(said(path.span, message)));
    }
    if !project.may_hold(source.repo_url.as_ref(), path) {
        let message =
            format!("the files do not tell whether {} is this project", of(&source.repo_url));
        return Err(Some(said(path.span, message)));
    }
    let Some((folder, kind)) = source_folder(project, app.file, source) else {
        let message = format!("`{path}` of {} is not in the project", of(&source.repo_url));
        return Err(Some(said(path.span, message)));
    };
    let mut reasons = Vec::new();
    let recipe = match kind {
        SourceKind::Chart => {
            let helm = source.helm.clone().unwrap_or_default();
            Recipe::Chart(release(project, app, &folder, &helm, &mut reasons))
        }
        SourceKind::Kustomization => {
            let edits = source.kustomize.as_ref().map(edits);
            Recipe::Kustomization(edits.unwrap_or_default())
        }
        SourceKind::Manifests => {
            let options = source.directory.clone().unwrap_or_default();
            Recipe::Manifests { files: manifests(project, &folder, &options) }
        }
    };
    let mut request = Request::new(&folder, recipe);
    request.name = Some(app.title());
    request.span = Some(app.span);
    let namespace = app.application.destination.namespace.as_ref();
    let is_known = |name: &&Str| !name.is_empty() && !has_placeholder(name);
    request.namespace = namespace.filter(is_known).map(owned);
    Ok((request, reasons))
}

fn owned(text: &Str) -> Spanned<String> {
    Spanned::new(text.to_string(), text.span)
}

/// A values file of an Application, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueFile {
    /// Its path in the project.
    Path(String),
    /// A path in the project that no file has.
    Missing(String),
    /// A `$name` that no source has.
    UnknownReference(String),
    /// Something that the files cannot tell: a URL, a secret, a placeholder, another repository.
    Unknown,
}

/// Returns the file that an entry of `valueFiles` means: relative to the chart, from the root of the
/// repository, or in the repository of another source.
pub fn value_file(project: &Project<'_>, app: &App, folder: &str, entry: &str) -> ValueFile {
    if has_placeholder(entry) || entry.contains("://") || is_pattern(entry) {
        return ValueFile::Unknown;
    }
    let candidates: Vec<String> = if let Some(rest) = entry.strip_prefix('$') {
        let Some((name, path)) = rest.split_once('/') else { return ValueFile::Unknown };
        let Some(source) = app.application.referenced(name) else {
            return ValueFile::UnknownReference(name.to_owned());
        };
        let base = source.path.as_ref().map_or("", |path| clean(path));
        let roots = project.roots_of(app.file);
        let from = |root: &&str| join_path(root, path);
        // The path starts at the root of the repository, whatever the source's own path is.
        let mut paths: Vec<String> = roots.iter().map(from).collect();
        if !base.is_empty() {
            paths.extend(roots.iter().map(|root| join_path(&join_path(root, base), path)));
        }
        if !paths.iter().any(|path| project.has_file(path)) {
            // The other repository need not be part of the project.
            return ValueFile::Unknown;
        }
        paths
    } else if let Some(rest) = entry.strip_prefix('/') {
        project.roots_of(app.file).iter().map(|root| join_path(root, rest)).collect()
    } else {
        vec![join_path(folder, entry)]
    };
    if let Some(path) = candidates.iter().find(|path| project.has_file(path)) {
        return ValueFile::Path(path.clone());
    }
    candidates.into_iter().next().map_or(ValueFile::Unknown, ValueFile::Missing)
}

/// Returns what a chart is rendered with. Of the values, those of files come first and parameters win.
fn release(
    project: &Project<'_>,
    app: &App,
    folder: &str,
    helm: &HelmOptions,
    reasons: &mut Vec<Reason>,
) -> Release {
    let namespace = helm.namespace.as_ref().or(app.application.destination.namespace.as_ref());
    let mut release = Release {
        name: Some(helm.release_name.as_ref().map_or(app.title(), ToString::to_string)),
        namespace: namespace.filter(|name| !name.is_empty()).map(ToString::to_string),
        ignores_missing_files: helm.ignores_missing_value_files,
        kube_version: helm.kube_version.as_ref().map(ToString::to_string),
        api_versions: helm.api_versions.iter().map(ToString::to_string).collect(),
        skips_crds: helm.skips_crds,
        ..Release::default()
    };
    for entry in &helm.value_files {
        match value_file(project, app, folder, entry) {
            ValueFile::Path(path) | ValueFile::Missing(path) => {
                release.values_files.push(Spanned::new(path, entry.span));
            }
            ValueFile::UnknownReference(_) | ValueFile::Unknown => {
                let message = format!("the values of `{entry}` are not in the project");
                reasons.push(Reason {
                    message,
                    span: entry.span,
                    is_refused: false,
                    cause: Cause::Other,
                });
            }
        }
    }
    match (&helm.values_object, &helm.values) {
        (Some(object), _) => {
            release.values.push(Spanned::new(kustomize::print(object), object.span));
        }
        (None, Some(text)) => release.values.push(owned(text)),
        (None, None) => {}
    }
    for parameter in &helm.parameters {
        // A comma would start the next assignment.
        let value = parameter.value.replace("\\,", ",").replace(',', "\\,");
        release.set.push(Assignment {
            text: format!("{}={value}", parameter.name),
            span: Some(parameter.value.span),
            is_string: parameter.is_string,
        });
    }
    if let Some(file) = helm.file_parameters.first() {
        let message = "`fileParameters` are not read".to_owned();
        reasons.push(Reason { message, span: file.span, is_refused: false, cause: Cause::Other });
    }
    release
}

fn edits(options: &KustomizeOptions) -> Edits {
    let pairs = |pairs: &[(Str, Str)]| pairs.iter().map(|(a, b)| (owned(a), owned(b))).collect();
    Edits {
        name_prefix: options.name_prefix.as_ref().map(owned),
        name_suffix: options.name_suffix.as_ref().map(owned),
        namespace: options.namespace.as_ref().map(owned),
        images: options.images.iter().map(owned).collect(),
        replicas: pairs(&options.replicas),
        common_labels: pairs(&options.common_labels),
        labels_without_selectors: options.labels_without_selectors,
        labels_include_templates: options.labels_include_templates,
        common_annotations: pairs(&options.common_annotations),
        components: options.components.iter().map(owned).collect(),
        patches: options.patches.clone(),
    }
}

/// Returns the manifests of a folder that Argo CD applies.
fn manifests(project: &Project<'_>, folder: &str, options: &DirectoryOptions) -> Vec<String> {
    let hits = |pattern: &Option<Str>, path: &str| {
        pattern
            .as_ref()
            .map(|it| matches(it, path) || (!it.contains('/') && matches(it, name_of(path))))
    };
    let chosen = |path: &&str| {
        let is_manifest = [".yaml", ".yml", ".json"].iter().any(|ending| path.ends_with(ending));
        is_manifest
            && (options.recurse || !path.contains('/'))
            && hits(&options.include, path).unwrap_or(true)
            && !hits(&options.exclude, path).unwrap_or(false)
    };
    project.files_below(folder).filter(chosen).map(|path| join_path(folder, path)).collect()
}
