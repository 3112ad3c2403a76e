//! What Argo CD deploys: the Applications that stand in the files, and those that ApplicationSets make
//! of their templates as far as the files tell.

mod flux;
mod generate;
mod placeholders;
mod repositories;
mod requests;
mod values;

pub use flux::flux_ask;
pub use repositories::of_url;
pub use requests::{Ask, SourceKind, ValueFile, asks, environment, source_folder, value_file};
pub use values::{Defeated, defeated_values};

use super::FileModel;
use super::kubernetes::{
    Application, ApplicationSet, Body, Generator, GeneratorSource, Meta, Object, find,
    read_application, read_meta,
};
use super::read::{Reader, Str};
use crate::build::kustomize::{Field, Map, Value};
use crate::build::{Cause, Reason};
use crate::syntax::TreeBuilder;
use crate::text::{FileId, Span, folder_of, in_shell};
use generate::Generation;
use placeholders::{Parameters, actions, field_of, fill_value, lay_over, lookup};
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A controller that applies to a cluster what Git holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    ArgoCd,
    Flux,
}

/// Returns the GitOps controller that an object tells what to deploy. Argo Rollouts and Argo Workflows share the
/// group of Argo CD.
pub fn controller_of(object: &Object) -> Option<Controller> {
    match &object.body {
        Body::Application(_) | Body::ApplicationSet(_) | Body::AppProject(_) => {
            Some(Controller::ArgoCd)
        }
        _ if object.group().ends_with("fluxcd.io") => Some(Controller::Flux),
        _ => None,
    }
}

/// An Application as Argo CD sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// The name, or the beginning of one that the cluster completes (`generateName`); empty where neither is written.
    pub name: String,
    /// Whether nobody knows the name before the Application is created.
    pub is_unnamed: bool,
    /// The namespace of the Application itself.
    pub namespace: Option<String>,
    /// The name of the Application, or of the template that it is made from.
    pub span: Span,
    pub application: Application,
    /// What an ApplicationSet makes the Application from; `None` for one that stands in the files.
    pub made: Option<Made>,
    /// The file that it stands in, or its ApplicationSet.
    pub file: FileId,
}

impl App {
    /// Returns the kind and the name for a message.
    pub fn label(&self) -> String {
        match self.name.as_str() {
            "" => "the unnamed Application".to_owned(),
            name => format!("Application `{name}`"),
        }
    }

    /// Returns what a target that the Application deploys is called.
    pub fn title(&self) -> String {
        if self.name.is_empty() { "unnamed".to_owned() } else { self.name.clone() }
    }

    /// Returns the name as a word of a command.
    pub fn argument(&self) -> String {
        if self.is_unnamed { "NAME".to_owned() } else { in_shell(&self.name) }
    }
}

/// How an ApplicationSet makes an Application.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The name of the ApplicationSet.
    pub set: String,
    pub set_span: Span,
    /// The element that the parameters come from.
    pub element: Span,
    /// Whether the files tell all of the parameters.
    pub is_whole: bool,
}

/// A parameter that a template of an ApplicationSet uses and that its generators do not yield.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingParameter {
    pub name: String,
    /// The text of the template that uses the parameter.
    pub span: Span,
    /// The element that lacks the parameter; `None` where no element has it.
    pub element: Option<Span>,
}

/// What an ApplicationSet makes.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    pub apps: Vec<App>,
    pub missing: Vec<MissingParameter>,
    /// The names of the parameters at the top level.
    pub known: Vec<String>,
    /// What the files do not tell.
    pub reasons: Vec<Reason>,
}

/// A cluster that the files declare for Argo CD.
#[derive(Debug)]
pub(super) struct Cluster {
    pub name: String,
    pub server: String,
    pub labels: Map,
    pub span: Span,
}

/// The files of a project as Argo CD finds them in its repository.
#[derive(Debug)]
pub struct Project<'p> {
    files: &'p [Arc<FileModel>],
    paths: BTreeSet<&'p str>,
    folders: BTreeSet<&'p str>,
    clusters: Vec<Cluster>,
    /// The repositories that the files name, and whether a path in them is one of the project.
    repositories: BTreeMap<String, bool>,
}

impl<'p> Project<'p> {
    pub fn new(files: &'p [Arc<FileModel>]) -> Project<'p> {
        let mut project = Project {
            files,
            paths: files.iter().map(|file| file.path()).collect(),
            folders: BTreeSet::new(),
            clusters: Vec::new(),
            repositories: BTreeMap::new(),
        };
        for path in &project.paths {
            let mut folder = folder_of(path);
            while !folder.is_empty() && project.folders.insert(folder) {
                folder = folder_of(folder);
            }
        }
        let objects = files.iter().flat_map(|file| &file.objects);
        project.clusters = objects.clone().filter_map(cluster).collect();
        let named: Vec<(String, bool)> =
            objects.flat_map(|object| repositories::named_by(&project, object)).collect();
        for (url, is_here) in named {
            *project.repositories.entry(url).or_default() |= is_here;
        }
        project
    }

    /// Whether a path in a repository may be one of this project. A path of its own tells by itself: it is there or
    /// not. The root of a repository, or all of its folders, are everywhere: there the repository has to be the only
    /// one, or one of those with another path that is here.
    fn may_hold(&self, url: Option<&Str>, path: &str) -> bool {
        let Some(url) = url.filter(|it| !has_placeholder(it)) else { return true };
        let is_only = || self.repositories.len() < 2;
        let is_here = || self.repositories.get(&repositories::of_url(url)).copied();
        !repositories::is_everywhere(path) || is_only() || is_here().unwrap_or(false)
    }

    /// Returns the path of a file. The files may be a part of those that were handed over, by their ids.
    fn path_of(&self, file: FileId) -> &'p str {
        let at = self.files.binary_search_by_key(&file, |it| it.id);
        at.map_or("", |at| self.files[at].path())
    }

    pub fn has_file(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether a path is that of a folder; the empty path is the root.
    pub fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path)
    }

    /// Returns the folders below another one by their paths from there.
    fn folders_below<'r>(&'r self, root: &'r str) -> impl Iterator<Item = &'p str> + 'r {
        self.folders.iter().filter_map(move |path| below(path, root))
    }

    /// Returns the files below a folder by their paths from there.
    fn files_below<'r>(&'r self, root: &'r str) -> impl Iterator<Item = &'p str> + 'r {
        self.paths.iter().filter_map(move |path| below(path, root))
    }

    /// Returns the paths of the folders directly in a folder.
    pub fn folders_in(&self, folder: &str) -> Vec<String> {
        let inner = self.folders.iter().filter(|path| folder_of(path) == folder);
        inner.map(|path| (*path).to_owned()).collect()
    }

    /// Returns the names of the files directly in a folder.
    pub fn files_in(&self, folder: &str) -> Vec<String> {
        let inner = self.paths.iter().filter(|path| folder_of(path) == folder);
        inner.map(|path| crate::text::name_of(path).to_owned()).collect()
    }

    /// Returns the first document of a file.
    fn content(&self, path: &str) -> Option<Value> {
        let file = self.files.iter().find(|file| file.path() == path)?;
        Value::of(file.tree.roots().next()?)
    }

    /// Returns the folders that a repository of a file may start from: the root of the project first, then
    /// the folders that hold the file, since a project may consist of several repositories.
    fn roots_of(&self, file: FileId) -> Vec<&'p str> {
        let path = self.path_of(file);
        let ends = path.match_indices('/').map(|(at, _)| at);
        std::iter::once(0).chain(ends).map(|end| &path[..end]).collect()
    }

    /// Returns the folder that a path of a repository means, for an object of a file.
    pub fn folder(&self, path: &str, file: FileId) -> Option<String> {
        let path = generate::clean(path);
        let full = |root: &str| crate::text::join_path(root, path);
        let roots = self.roots_of(file);
        roots.into_iter().map(full).find(|folder| self.has_folder(folder))
    }
}

fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    if root.is_empty() { Some(path) } else { path.strip_prefix(root)?.strip_prefix('/') }
}

/// Reads a Secret that declares a cluster.
fn cluster(object: &Object) -> Option<Cluster> {
    let Body::Secret(secret) = &object.body else { return None };
    let kind = object.meta.label("argocd.argoproj.io/secret-type")?;
    let text = |key: &str| find(&secret.string_data, key).map(ToString::to_string);
    if kind.as_str() != "cluster" {
        return None;
    }
    let field = |(key, value): &(Str, Str)| {
        let text = Value::string(value.value.clone(), value.span);
        (key.value.clone(), Field { key: key.span, value: text })
    };
    Some(Cluster {
        name: text("name")?,
        server: text("server")?,
        labels: object.meta.labels.iter().map(field).collect(),
        span: object.name_span(),
    })
}

/// Returns the Application that an object is.
pub fn application(object: &Object) -> Option<App> {
    let Body::Application(application) = &object.body else { return None };
    let name = object.name();
    let known = name.or(object.meta.generate_name.as_ref());
    Some(App {
        name: known.map(ToString::to_string).unwrap_or_default(),
        is_unnamed: name.is_none(),
        namespace: object.meta.namespace.as_ref().map(ToString::to_string),
        span: object.name_span(),
        application: (**application).clone(),
        made: None,
        file: object.file,
    })
}

/// Makes the Applications of an ApplicationSet.
pub fn expand(project: &Project<'_>, object: &Object) -> Expansion {
    let Body::ApplicationSet(set) = &object.body else { return Expansion::default() };
    let Some(template) = &set.template else { return Expansion::default() };
    let mut generation = Generation {
        project,
        roots: project.roots_of(object.file),
        go: set.go_template,
        reasons: Vec::new(),
    };
    let sets = generation.all(&set.generators);
    let mut expansion = Expansion { reasons: generation.reasons, ..Expansion::default() };
    let mut lacking: Vec<(String, Span, Span)> = Vec::new();
    for parameters in &sets {
        let mut own = template.clone();
        if let Some(over) = &parameters.template {
            lay_over(&mut own, over);
        }
        if parameters.is_whole {
            let lacks = unfilled(&own, parameters, set.go_template);
            lacking.extend(lacks.into_iter().map(|(name, span)| (name, span, parameters.span)));
        }
        let filled = fill_value(&own, parameters, set.go_template, &mut Vec::new());
        expansion.apps.extend(made(&filled, object, parameters));
    }
    let mut known: Vec<String> =
        sets.iter().flat_map(|set| set.values.keys().map(ToString::to_string)).collect();
    known.sort_unstable();
    known.dedup();
    expansion.known = known;
    let is_whole =
        !sets.is_empty() && sets.iter().all(|set| set.is_whole) && all_known(&set.generators);
    expansion.missing = if is_whole { missing(lacking, sets.len()) } else { Vec::new() };
    if let Some(patch) = &set.template_patch {
        expansion.reasons.push(Reason {
            message: "`templatePatch` is not applied".to_owned(),
            span: patch.span,
            is_refused: false,
            cause: Cause::Other,
        });
    }
    expansion
}

/// Whether generators yield nothing that is not in the files: the labels of a cluster are not.
fn all_known(generators: &[Generator]) -> bool {
    generators.iter().all(|generator| match &generator.source {
        GeneratorSource::List { has_text, .. } => !has_text,
        GeneratorSource::Git(_) => true,
        GeneratorSource::Matrix(inner) | GeneratorSource::Merge { generators: inner, .. } => {
            all_known(inner)
        }
        GeneratorSource::Clusters { .. } | GeneratorSource::Outside(_) => false,
    })
}

/// Returns the names in a template that the parameters do not have, each with the text that uses it.
/// Actions that do more than name a field may do without it.
fn unfilled(template: &Value, parameters: &Parameters, go: bool) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let mut open = vec![template];
    while let Some(value) = open.pop() {
        open.extend(value.items());
        open.extend(
            value.as_map().into_iter().flat_map(|map| map.values().map(|field| &field.value)),
        );
        let Some(text) = value.as_str() else { continue };
        for (_, action) in actions(text) {
            let name = if go { field_of(action).map(|field| field.0) } else { Some(action) };
            let Some(name) = name else { continue };
            if lookup(&parameters.values, name).is_none() && !parameters.values.contains_key(name) {
                found.push((name.to_owned(), value.span));
            }
        }
    }
    found.sort_by_key(|(_, span)| *span);
    found.dedup();
    found
}

/// Sorts out the names that no parameter set has from those that some lack.
fn missing(lacking: Vec<(String, Span, Span)>, sets: usize) -> Vec<MissingParameter> {
    let mut missing: Vec<MissingParameter> = Vec::new();
    let mut seen = FxHashSet::default();
    for (name, span, element) in &lacking {
        let count = lacking.iter().filter(|it| it.0 == *name && it.1 == *span).count();
        let element = (count < sets).then_some(*element);
        if seen.insert((name, span, element)) {
            missing.push(MissingParameter { name: name.clone(), span: *span, element });
        }
    }
    missing
}

/// Reads the Application that a filled-in template is.
fn made(filled: &Value, object: &Object, parameters: &Parameters) -> Option<App> {
    let mut builder = TreeBuilder::new(Arc::from(""));
    let root = filled.push(&mut builder);
    let tree = builder.finish_with_root(root, object.file);
    let root = tree.roots().next()?;
    let mut reader = Reader::new();
    let meta: Meta = read_meta(&mut reader, root.get("metadata")?);
    let application = read_application(&mut reader, root.get("spec")?);
    let name = meta.name?;
    Some(App {
        name: name.to_string(),
        is_unnamed: false,
        namespace: object.meta.namespace.as_ref().map(ToString::to_string),
        span: name.span,
        application,
        made: Some(Made {
            set: object.name().map(ToString::to_string).unwrap_or_default(),
            set_span: object.name_span(),
            element: parameters.span,
            is_whole: parameters.is_whole,
        }),
        file: object.file,
    })
}

/// Whether a text still has a placeholder of an ApplicationSet.
pub fn has_placeholder(text: &str) -> bool {
    text.contains("{{")
}

/// Returns the options of an ApplicationSet, if an object is one.
pub fn application_set(object: &Object) -> Option<&ApplicationSet> {
    match &object.body {
        Body::ApplicationSet(set) => Some(set),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
