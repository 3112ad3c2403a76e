//! Targets: what one command puts onto one platform, found among the files of a project and built.
//!
//! A kustomization that no other kustomization uses is a target. A chart that is not vendored into
//! another chart is a target with its own values, and another one with each further values file beside it.
//! [`Request`]s describe further targets, or describe these more exactly.

mod cache;
mod charts;
mod lines;
mod manifests;
mod overlays;
mod request;
mod unbuilt;

pub use cache::Cache;
pub use charts::{chart_folders, is_further_values_file};
pub use request::{Assignment, Recipe, Release, Request};

use super::kustomize::{self, SourceFile, Unmatched};
use super::origin::Text;
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

/// Returns the position of an environment among those that may count: production first, then what is for no
/// environment in particular.
pub fn environment_rank(environment: Option<Environment>) -> usize {
    match environment {
        Some(Environment::Production) => 0,
        None => 1,
        Some(Environment::Staging) => 2,
        Some(Environment::Test) => 3,
        Some(Environment::Development) => 4,
    }
}

/// One target, built as far as it can be.
#[derive(Debug)]
pub struct Target {
    /// The folder, with the values file of a chart that is rendered with another one than its own.
    pub name: String,
    pub kind: TargetKind,
    /// The values files of a chart beside its own, as paths or as what describes them names them.
    pub values: Vec<String>,
    pub environment: Option<Environment>,
    /// Whether somebody states the environment in the configuration.
    pub states_environment: bool,
    /// Path of the kustomization's or the chart's folder; empty for the root of the project.
    pub folder: String,
    /// The namespace of objects that name none, where what deploys the target says one.
    pub namespace: Option<Spanned<String>>,
    /// The documents as they reach the cluster. Their spans point at the sources.
    pub trees: Vec<Tree>,
    /// The documents of a chart as its templates print them, each with its place.
    printed: Vec<(Text, Span)>,
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

/// Cause for which a part of a target could not be built.
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
    /// A template that renders to something else than YAML: Helm refuses the whole chart.
    InvalidYaml,
    /// A plugin that would decrypt Secrets, such as KSOPS, and makes nothing else.
    Secrets,
    /// A file that a generator of ConfigMaps or Secrets reads, which is often not committed.
    GeneratorInput,
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
    /// The places of each line: the one that a person would change first, and what is behind it.
    pub lines: Vec<Vec<Span>>,
}

impl Target {
    /// Returns a target that is still to be built.
    fn new(kind: TargetKind, folder: &str) -> Target {
        Target {
            name: folder_name(folder),
            kind,
            values: Vec::new(),
            environment: environment_of(folder),
            states_environment: false,
            folder: folder.to_owned(),
            namespace: None,
            trees: Vec::new(),
            printed: Vec::new(),
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
        self.states_environment = request.is_exclusive && request.environment.is_some();
        self.namespace.clone_from(&request.namespace);
        self.reasons.extend(request.reasons.iter().cloned());
        self
    }

    /// Returns the documents as text: those of a chart as its templates print them, those of an
    /// overlay in block style.
    pub fn manifests(&self) -> Vec<Manifest> {
        if self.kind == TargetKind::Chart {
            let manifest = |(text, source): &(Text, Span)| Manifest {
                text: text.as_str().to_owned(),
                source: *source,
                lines: lines::of_text(text),
            };
            return self.printed.iter().map(manifest).collect();
        }
        let roots = self.trees.iter().flat_map(Tree::roots);
        let manifest = |root: syntax::Node<'_>| {
            let text = kustomize::print_node(root)?;
            let lines = lines::of_tree(&text, root);
            Some(Manifest { text, source: root.span(), lines })
        };
        roots.filter_map(manifest).collect()
    }
}

/// Builds the targets that are found among the files of a project and those that are asked for, sorted by
/// name. A request for what is found anyway stands in its place. Without the feature `targets` they are found
/// and named as not built; nothing then refers to the builders, and the linker leaves them out.
pub fn build(files: &[SourceFile<'_>], requests: &[Request]) -> Vec<Arc<Target>> {
    build_with(files, requests, None, &mut Cache::default(), &|target| target)
}

/// Builds the targets of a project, but for those that were built from the same inputs before. `kubernetes` is
/// the release that charts are rendered for, where nobody names another one; `read` is what the caller makes
/// of a target. Without the feature `targets` they are found and named as not built;
/// nothing then refers to the builders, and the linker leaves them out.
pub fn build_with<T: AsRef<Target>>(
    files: &[SourceFile<'_>],
    requests: &[Request],
    kubernetes: Option<&str>,
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
    targets.extend(charts::targets(files, &folders, requests, kubernetes, cache, read));
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
mod tests;
