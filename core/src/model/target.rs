//! A built target, read: its objects, and which object each place belongs to.

use super::FileModel;
use super::delivery::{self, App, Ask, Project};
use super::kubernetes::{self, Body, Container, Object};
use crate::build::kustomize::is_kustomization;
use crate::build::{self, Cause, Reason, Request, SourceFile, Target};
use crate::knowledge::kube::is_cluster_wide;
use crate::syntax::{Node, Tree};
use crate::text::{self, FileId, Span, Spanned};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A target, and what deploys it.
#[derive(Debug)]
pub struct BuiltTarget {
    read: Arc<ReadTarget>,
    /// The object of Argo CD or Flux that deploys the target.
    pub delivered_by: Option<Delivered>,
}

impl Deref for BuiltTarget {
    type Target = ReadTarget;

    fn deref(&self) -> &ReadTarget {
        &self.read
    }
}

/// A target with the objects that it puts onto the cluster.
#[derive(Debug)]
pub struct ReadTarget {
    pub target: Target,
    pub objects: Vec<Object>,
    /// The owner of each place; `None` where several objects share a place, as those of a helper do.
    owners: FxHashMap<Span, Option<Owner>>,
    /// The same places in order, for what lies within one of them.
    places: OnceLock<Vec<OwnedPlace>>,
    sources: FxHashSet<FileId>,
}

/// An object of Argo CD or Flux that deploys a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    pub name: String,
    /// The name as it is written, in an ApplicationSet that of the template.
    pub span: Span,
    /// The Application; `None` for objects of Flux and for a whole ApplicationSet.
    pub app: Option<Arc<App>>,
}

/// Maximum number of levels of Applications that deploy Applications.
const MAX_LEVELS: usize = 4;

/// Maximum number of targets that are built for objects of Argo CD and Flux.
const MAX_DELIVERED: usize = 200;

/// What a place belongs to, by indices: an object, and the one container of it that has the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    object: usize,
    /// In the order of `all_containers`.
    container: Option<usize>,
}

#[derive(Debug)]
struct OwnedPlace {
    span: Span,
    owner: Option<Owner>,
    /// Index of the place around this one.
    outer: Option<usize>,
}

/// The keys of a Pod's lists of containers.
const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

impl BuiltTarget {
    /// Returns the Application that deploys the target.
    pub fn app(&self) -> Option<&App> {
        self.delivered_by.as_ref()?.app.as_deref()
    }
}

impl ReadTarget {
    fn new(target: Target) -> ReadTarget {
        let mut built = ReadTarget {
            objects: Vec::new(),
            owners: FxHashMap::default(),
            places: OnceLock::new(),
            sources: target.sources.iter().copied().collect(),
            target,
        };
        for tree in &built.target.trees {
            let (objects, _) = kubernetes::objects(tree);
            for mut object in objects {
                land(&mut object, built.target.namespace.as_ref());
                claim(&mut built.owners, tree, &object, built.objects.len());
                built.objects.push(object);
            }
        }
        built
    }

    /// Whether a file was built into this target.
    pub fn has_source(&self, file: FileId) -> bool {
        self.sources.contains(&file)
    }

    /// Whether the target was built with all its parts.
    pub fn is_whole(&self) -> bool {
        self.target.reasons.is_empty()
    }

    /// Whether the target was built with all its parts but for Secrets.
    pub fn lacks_only_secrets(&self) -> bool {
        self.target.reasons.iter().all(|it| it.cause == Cause::Secrets)
    }

    /// Whether nothing is missing but what Secrets and generated ConfigMaps hold, so that every other object is there.
    pub fn lacks_only_settings(&self) -> bool {
        let is_setting = |it: &Cause| matches!(it, Cause::Secrets | Cause::GeneratorInput);
        self.target.reasons.iter().all(|it| is_setting(&it.cause))
    }

    /// Whether two targets are built from a common file, as the overlays of one base are: variants of
    /// one application, which are not deployed together.
    pub fn is_variant_of(&self, other: &ReadTarget) -> bool {
        !self.sources.is_disjoint(&other.sources)
    }

    /// Returns the object that a place belongs to, and the container if it belongs to one alone. A place
    /// that is no node of an object belongs to the smallest one around it.
    pub fn owner(&self, span: Span) -> Option<(&Object, Option<&Container>)> {
        let owner = match self.owners.get(&span) {
            Some(owner) => *owner,
            None => self.owner_around(span),
        }?;
        let object = self.objects.get(owner.object)?;
        let spec = object.workload().map(|it| &it.template.spec);
        let container = spec.zip(owner.container);
        Some((object, container.and_then(|(spec, at)| spec.all_containers().nth(at))))
    }

    /// Returns the files that the target was built from.
    pub fn sources(&self) -> &FxHashSet<FileId> {
        &self.sources
    }

    /// Returns the files with places that belong to an object, each at least once.
    pub fn owned_files(&self) -> impl Iterator<Item = FileId> + '_ {
        self.owners.keys().map(|span| span.file)
    }

    fn owner_around(&self, span: Span) -> Option<Owner> {
        let places = self.places.get_or_init(|| owned_places(&self.owners));
        let after =
            places.partition_point(|it| (it.span.file, it.span.start) <= (span.file, span.start));
        let outwards = std::iter::successors(after.checked_sub(1), |at: &usize| places[*at].outer);
        let mut around = outwards.map(|at| &places[at]);
        around.find(|it| it.span.contains(span))?.owner
    }
}

/// Puts an object without a namespace into the one that it is deployed to. Argo CD sets the namespace of a
/// destination on such objects alone.
fn land(object: &mut Object, namespace: Option<&Spanned<String>>) {
    if object.meta.namespace.is_none() && !is_cluster_wide(&object.kind) {
        let namespace = namespace.map(|it| Spanned::new(it.value.as_str().into(), it.span));
        object.meta.namespace = namespace;
    }
}

/// Sorts places, an outer one before those within it.
fn owned_places(owners: &FxHashMap<Span, Option<Owner>>) -> Vec<OwnedPlace> {
    let mut spans: Vec<(Span, Option<Owner>)> =
        owners.iter().map(|(span, owner)| (*span, *owner)).collect();
    spans.sort_unstable_by_key(|(span, _)| (span.file, span.start, Reverse(span.end)));
    let mut places: Vec<OwnedPlace> = Vec::with_capacity(spans.len());
    for (span, owner) in spans {
        let mut outer = places.len().checked_sub(1);
        while let Some(at) = outer.filter(|at| !places[*at].span.contains(span)) {
            outer = places[at].outer;
        }
        places.push(OwnedPlace { span, owner, outer });
    }
    places
}

/// Notes the places of all nodes of an object.
fn claim(owners: &mut FxHashMap<Span, Option<Owner>>, tree: &Tree, object: &Object, index: usize) {
    let spec = object.workload().map(|it| &it.template.spec);
    let containers = spec.into_iter().flat_map(|spec| spec.all_containers().enumerate());
    let by_place: FxHashMap<(Span, &str), usize> =
        containers.map(|(at, it)| ((it.place.span, name_of(it)), at)).collect();
    let container_at = |node: Node<'_>| {
        let name = node.get("name").and_then(Node::as_str).unwrap_or_default();
        by_place.get(&(node.span(), name)).copied()
    };
    let mut open = vec![(tree.node(object.node), None)];
    // Aliases can lead to one node many times.
    let mut seen = FxHashSet::default();
    while let Some((node, container)) = open.pop() {
        if !seen.insert(node.resolve().id()) {
            continue;
        }
        let mut own = |span: Span| {
            let new = Owner { object: index, container };
            let known = owners.entry(span).or_insert(Some(new));
            *known = match *known {
                Some(old) if old.object != index => None,
                Some(old) if old != new => Some(Owner { container: None, ..new }),
                kept => kept,
            };
        };
        own(node.span());
        for entry in node.entries() {
            own(entry.key.span());
            let holds_containers = container.is_none()
                && entry.key.as_str().is_some_and(|key| CONTAINER_LISTS.contains(&key));
            match holds_containers {
                true => {
                    own(entry.value.span());
                    open.extend(entry.value.items().map(|item| (item, container_at(item))));
                }
                false => open.push((entry.value, container)),
            }
        }
        open.extend(node.items().map(|item| (item, container)));
    }
}

fn name_of(container: &Container) -> &str {
    container.name.as_ref().map_or("", |name| name.as_str())
}

impl AsRef<Target> for ReadTarget {
    fn as_ref(&self) -> &Target {
        &self.target
    }
}

/// Targets that were built before, by what they were built from.
pub type TargetCache = build::Cache<ReadTarget>;

/// Builds and reads the targets of a project: those that are found, those that are asked for, and those
/// that Argo CD and Flux deploy. `kubernetes` is the release that charts are rendered for, where nobody names
/// another one.
pub fn targets(
    files: &[Arc<FileModel>],
    requests: &[Request],
    kubernetes: Option<&str>,
    cache: &mut TargetCache,
) -> Vec<Arc<BuiltTarget>> {
    if requests.is_empty() && !files.iter().any(|file| asks_for_target(file)) {
        return Vec::new();
    }
    let mut sources: Vec<SourceFile<'_>> = files
        .iter()
        .map(|file| SourceFile {
            id: file.id,
            path: &file.file.path,
            text: &file.file.text,
            tree: (!file.tree.is_empty()).then_some(&file.tree),
            bytes: file.file.bytes.as_deref(),
            is_neighbour: file.is_neighbour,
        })
        .collect();
    // The report must not depend on the order in which files were handed over.
    sources.sort_by_key(|source| source.path);
    cache.start(&sources);
    let mut build = |requests: &[Request]| {
        build::build_with(&sources, requests, kubernetes, cache, &ReadTarget::new)
    };
    let mut built = build(requests);
    let project = Project::new(files);
    let mut asks: Vec<Ask> = Vec::new();
    for _ in 0..MAX_LEVELS {
        let further = further_asks(&project, files, &built, &asks);
        if further.is_empty() {
            break;
        }
        asks.extend(further);
        limit(&mut asks);
        name_apart(&mut asks);
        let asked = asks.iter().filter_map(|ask| ask.request.clone());
        let asked: Vec<Request> = requests.iter().cloned().chain(asked).collect();
        if asked.len() > requests.len() {
            built = build(&asked);
        }
    }
    cache.finish();
    deliver(built, asks)
}

/// Whether a file makes a target of something: a chart, a kustomization, or an object of Argo CD or Flux.
fn asks_for_target(file: &FileModel) -> bool {
    let is_delivery = |object: &Object| {
        matches!(
            object.body,
            Body::Application(_)
                | Body::ApplicationSet(_)
                | Body::FluxKustomization(_)
                | Body::HelmRelease(_)
        )
    };
    let is_built = || text::name_of(file.path()) == "Chart.yaml" || is_kustomization(file.path());
    !file.is_neighbour && (is_built() || file.objects.iter().any(is_delivery))
}

/// Returns what the objects of Argo CD and Flux ask for besides what is known.
fn further_asks(
    project: &Project<'_>,
    files: &[Arc<FileModel>],
    built: &[Arc<ReadTarget>],
    known: &[Ask],
) -> Vec<Ask> {
    let sources: FxHashSet<FileId> =
        built.iter().flat_map(|target| target.target.sources.iter().copied()).collect();
    let mut loose: Vec<&Arc<FileModel>> =
        files.iter().filter(|file| !sources.contains(&file.id)).collect();
    loose.sort_by_key(|file| file.path());
    let objects: Vec<&Object> = loose
        .iter()
        .flat_map(|file| &file.objects)
        .chain(built.iter().flat_map(|target| &target.objects))
        .collect();
    let mut seen: FxHashSet<(String, Span)> =
        known.iter().map(|ask| (ask.name.clone(), ask.span)).collect();
    let mut further = Vec::new();
    for object in &objects {
        let asks = match &object.body {
            Body::Application(_) => {
                let app = delivery::application(object);
                app.map(|app| delivery::asks(project, app)).unwrap_or_default()
            }
            Body::ApplicationSet(_) => set_asks(project, object),
            Body::FluxKustomization(_) | Body::HelmRelease(_) => {
                delivery::flux_ask(project, object, &objects).into_iter().collect()
            }
            _ => continue,
        };
        // Several sources of one Application have one name.
        let new = asks.into_iter().filter(|ask| !seen.contains(&(ask.name.clone(), ask.span)));
        let new: Vec<Ask> = new.collect();
        seen.extend(new.iter().map(|ask| (ask.name.clone(), ask.span)));
        further.extend(new);
    }
    further
}

/// Returns what the Applications of an ApplicationSet ask for, and what the files do not tell of them.
fn set_asks(project: &Project<'_>, set: &Object) -> Vec<Ask> {
    let expansion = delivery::expand(project, set);
    let mut asks: Vec<Ask> =
        expansion.apps.into_iter().flat_map(|app| delivery::asks(project, app)).collect();
    if let (Some(name), false) = (set.name(), expansion.reasons.is_empty()) {
        asks.push(Ask {
            name: name.to_string(),
            span: name.span,
            app: None,
            environment: None,
            request: None,
            reasons: expansion.reasons,
        });
    }
    asks
}

/// Leaves out the requests for which there are too many targets already.
fn limit(asks: &mut [Ask]) {
    for ask in asks.iter_mut().filter(|ask| ask.request.is_some()).skip(MAX_DELIVERED) {
        ask.request = None;
        ask.reasons.push(Reason {
            message: format!("at most {MAX_DELIVERED} Applications of a project are built"),
            span: ask.span,
            is_refused: false,
            cause: Cause::Other,
        });
    }
}

/// Gives requests of the same name different ones: the folder is added, and then a number.
fn name_apart(asks: &mut [Ask]) {
    let mut counts: FxHashMap<String, usize> = FxHashMap::default();
    for ask in asks.iter().filter(|ask| ask.request.is_some()) {
        *counts.entry(ask.name.clone()).or_default() += 1;
    }
    let mut taken: FxHashSet<String> = FxHashSet::default();
    for ask in asks {
        let Some(request) = &mut ask.request else { continue };
        let mut name = ask.name.clone();
        if counts.get(&name).is_some_and(|count| *count > 1) {
            name = format!("{name} ({})", request.folder);
        }
        let plain = name.clone();
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{plain} #{number}");
        }
        request.name = Some(name);
    }
}

/// Notes which object of Argo CD or Flux deploys each target, and adds what cannot be built.
fn deliver(built: Vec<Arc<ReadTarget>>, asks: Vec<Ask>) -> Vec<Arc<BuiltTarget>> {
    let new = |read| BuiltTarget { read, delivered_by: None };
    let mut built: Vec<BuiltTarget> = built.into_iter().map(new).collect();
    let by_name: FxHashMap<String, usize> =
        built.iter().enumerate().map(|(at, it)| (it.target.name.clone(), at)).collect();
    for ask in asks {
        let delivered = Delivered { name: ask.name.clone(), span: ask.span, app: ask.app };
        let name = ask.request.as_ref().and_then(|request| request.name.as_ref());
        if let Some(at) = name.and_then(|name| by_name.get(name)) {
            built[*at].delivered_by = Some(delivered);
            continue;
        }
        let mut reasons = ask.reasons;
        if ask.request.is_some() {
            let message = "the engine in use builds no targets".to_owned();
            reasons.push(Reason {
                message,
                span: ask.span,
                is_refused: false,
                cause: Cause::Other,
            });
        }
        let target = Target::unbuilt(ask.name, ask.environment, reasons);
        let read = Arc::new(ReadTarget::new(target));
        built.push(BuiltTarget { read, delivered_by: Some(delivered) });
    }
    built.sort_by(|a, b| a.target.name.cmp(&b.target.name));
    built.into_iter().map(Arc::new).collect()
}
