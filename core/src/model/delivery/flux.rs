//! What Flux deploys: Kustomizations and HelmReleases as requests for targets.

use super::requests::Ask;
use super::{Project, generate::clean};
use crate::build::kustomize::{self, Edits, Value};
use crate::build::{
    Assignment, Cause, KUSTOMIZATION_FILES, Reason, Recipe, Release, Request, environment_of,
};
use crate::model::kubernetes::{
    Body, FluxKustomization, HelmRelease, Object, SourceRef, ValuesReference, find,
};
use crate::model::read::Str;
use crate::report::Environment;
use crate::text::{Span, Spanned, join_path};

/// Returns what an object of Flux asks for; `objects` are all objects of the project.
pub fn flux_ask(project: &Project<'_>, object: &Object, objects: &[&Object]) -> Option<Ask> {
    let name = object.name()?;
    let environment = environment(project, object);
    let mut reasons = Vec::new();
    let (folder, recipe) = match &object.body {
        Body::FluxKustomization(kustomization) => {
            kustomization_recipe(project, object, kustomization, &mut reasons)
        }
        Body::HelmRelease(release) => {
            release_recipe(project, object, release, objects, &mut reasons)
        }
        _ => return None,
    }
    .unzip();
    let request = folder.zip(recipe).map(|(folder, recipe)| Request {
        name: Some(name.to_string()),
        environment,
        span: Some(name.span),
        namespace: release_namespace(object).map(owned),
        reasons: std::mem::take(&mut reasons),
        ..Request::new(&folder, recipe)
    });
    if request.is_none() && reasons.is_empty() {
        return None;
    }
    Some(Ask { name: name.to_string(), span: name.span, app: None, environment, request, reasons })
}

/// Returns the namespace that Helm installs a release into; `None` for another object.
fn release_namespace(object: &Object) -> Option<&Str> {
    match &object.body {
        Body::HelmRelease(release) => {
            release.target_namespace.as_ref().or(object.meta.namespace.as_ref())
        }
        _ => None,
    }
}

fn environment(project: &Project<'_>, object: &Object) -> Option<Environment> {
    let path = match &object.body {
        Body::FluxKustomization(kustomization) => kustomization.path.as_ref(),
        Body::HelmRelease(release) => release.target_namespace.as_ref(),
        _ => None,
    };
    let names = [object.name(), path, object.meta.namespace.as_ref()];
    let names = names.into_iter().flatten().map(|name| name.as_str());
    names.chain([project.path_of(object.file)]).find_map(environment_of)
}

fn reason(span: Span, message: String) -> Reason {
    Reason { message, span, is_refused: false, cause: Cause::Other }
}

fn owned(text: &Str) -> Spanned<String> {
    Spanned::new(text.to_string(), text.span)
}

/// Whether a source is a repository of files, which may be the project itself. An artifact that something
/// makes in the cluster is not looked into.
fn is_followed(source: &SourceRef) -> bool {
    let kind = source.kind.as_ref().map_or("GitRepository", |kind| kind.as_str());
    matches!(kind, "GitRepository" | "Bucket")
}

/// Returns the folder of a path in a source. Only a repository of files has the folders of a project.
fn folder_in(
    project: &Project<'_>,
    object: &Object,
    source: &SourceRef,
    path: &str,
) -> Option<String> {
    is_followed(source).then(|| project.folder(path, object.file)).flatten()
}

fn source_words(source: &SourceRef) -> String {
    match (&source.kind, &source.name) {
        (Some(kind), Some(name)) => format!("{kind} `{name}`"),
        (None, Some(name)) => format!("`{name}`"),
        (_, None) => "its source".to_owned(),
    }
}

fn kustomization_recipe(
    project: &Project<'_>,
    object: &Object,
    kustomization: &FluxKustomization,
    reasons: &mut Vec<Reason>,
) -> Option<(String, Recipe)> {
    let path = kustomization.path.as_ref();
    let span = path.map_or(object.name_span(), |path| path.span);
    let text = path.map_or("", |path| path.as_str());
    let folder = folder_in(project, object, &kustomization.source, text);
    let Some(folder) = folder else {
        let source = source_words(&kustomization.source);
        let message = match is_followed(&kustomization.source) {
            true => format!("`{text}` of {source} is not in the project"),
            false => format!("{source} is not followed"),
        };
        reasons.push(reason(span, message));
        return None;
    };
    if let Some(name) = kustomization.substitute_from.first() {
        let message = "the variables of `substituteFrom` are not replaced".to_owned();
        reasons.push(reason(name.span, message));
    }
    if let Some((name, _)) = kustomization.substitute.first() {
        let message = "the variables of `postBuild` are not replaced".to_owned();
        reasons.push(reason(name.span, message));
    }
    if KUSTOMIZATION_FILES.iter().any(|name| project.has_file(&join_path(&folder, name))) {
        return Some((folder, Recipe::Kustomization(edits(kustomization))));
    }
    // An object without a namespace lands wherever it is applied.
    let others = Edits { namespace: None, ..edits(kustomization) };
    if !others.is_empty() {
        let message =
            "the folder has no kustomization, so the changes to it are not made".to_owned();
        reasons.push(reason(span, message));
    }
    // Without a kustomization, Flux applies every manifest below the folder.
    let is_manifest = |path: &&str| path.ends_with(".yaml") || path.ends_with(".yml");
    let files = project.files_below(&folder).filter(is_manifest);
    let files = files.map(|path| join_path(&folder, path)).collect();
    Some((folder, Recipe::Manifests { files }))
}

fn edits(kustomization: &FluxKustomization) -> Edits {
    Edits {
        name_prefix: kustomization.name_prefix.as_ref().map(owned),
        name_suffix: kustomization.name_suffix.as_ref().map(owned),
        namespace: kustomization.target_namespace.as_ref().map(owned),
        images: kustomization.images.iter().filter_map(image).collect(),
        components: kustomization.components.iter().map(owned).collect(),
        patches: kustomization.patches.clone(),
        ..Edits::default()
    }
}

/// Returns an entry of `images` as `kustomize edit set image` takes it.
fn image(entry: &Value) -> Option<Spanned<String>> {
    let name = entry.str_at(&["name"])?;
    let mut text = format!("{name}={}", entry.str_at(&["newName"]).unwrap_or(name));
    if let Some(tag) = entry.str_at(&["newTag"]) {
        text.push(':');
        text.push_str(tag);
    }
    if let Some(digest) = entry.str_at(&["digest"]) {
        text.push('@');
        text.push_str(digest);
    }
    Some(Spanned::new(text, entry.span))
}

fn release_recipe(
    project: &Project<'_>,
    object: &Object,
    release: &HelmRelease,
    objects: &[&Object],
    reasons: &mut Vec<Reason>,
) -> Option<(String, Recipe)> {
    let source = source_words(&release.source);
    let Some(chart) = &release.chart else {
        let name = release.source.name.as_ref().or(object.name());
        let span = name.map_or(object.name_span(), |name| name.span);
        reasons.push(reason(span, format!("{source}, which has the chart, is not followed")));
        return None;
    };
    let folder = folder_in(project, object, &release.source, chart)
        .filter(|folder| project.has_file(&join_path(folder, "Chart.yaml")));
    let Some(folder) = folder else {
        reasons.push(reason(
            chart.span,
            format!("the chart `{chart}` of {source} is not in the project"),
        ));
        return None;
    };
    let name = object.name()?;
    let prefix = release.target_namespace.as_ref().map(|namespace| format!("{namespace}-"));
    let namespace = release_namespace(object);
    let mut made = Release {
        name: Some(match &release.release_name {
            Some(name) => name.to_string(),
            None => format!("{}{name}", prefix.unwrap_or_default()),
        }),
        namespace: namespace.map(ToString::to_string),
        replaces_own_values: true,
        ignores_missing_files: release.ignores_missing_values_files,
        ..Release::default()
    };
    for file in &release.values_files {
        // The path starts at the root of the source.
        let roots = project.roots_of(object.file).into_iter();
        let mut paths: Vec<String> = roots.map(|root| join_path(root, clean(file))).collect();
        let found = paths.iter().position(|path| project.has_file(path)).unwrap_or(0);
        made.values_files.push(Spanned::new(paths.swap_remove(found), file.span));
    }
    for from in &release.values_from {
        add_values(from, object, objects, &mut made, reasons);
    }
    if let Some(values) = &release.values {
        made.values.push(Spanned::new(kustomize::print(values), values.span));
    }
    Some((folder, Recipe::Chart(made)))
}

/// Adds the values of a ConfigMap or a Secret of the project.
fn add_values(
    from: &ValuesReference,
    object: &Object,
    objects: &[&Object],
    release: &mut Release,
    reasons: &mut Vec<Reason>,
) {
    let Some(name) = &from.name else { return };
    let key = from.values_key.as_ref().map_or("values.yaml", |key| key.as_str());
    let is_here = |other: &&&Object| {
        other.name().is_some_and(|own| own.value == name.value)
            && other.namespace() == object.namespace()
    };
    let text = objects.iter().filter(is_here).find_map(|other| match &other.body {
        Body::ConfigMap(config) => find(&config.data, key),
        Body::Secret(secret) => find(&secret.string_data, key),
        _ => None,
    });
    match (text, &from.target_path) {
        (Some(text), Some(path)) => release.set.push(Assignment {
            text: format!("{path}={text}"),
            span: Some(text.span),
            is_string: false,
        }),
        (Some(text), None) => release.values.push(owned(text)),
        (None, _) if from.is_optional => {}
        (None, _) => {
            reasons
                .push(reason(name.span, format!("the values in `{name}` are not in the project")));
        }
    }
}
