//! A built target, read: its objects, and which object each place belongs to.

use super::FileModel;
use super::kubernetes::{self, Container, Object};
use crate::build::{self, SourceFile, Target};
use crate::syntax::{Node, Tree};
use crate::text::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::sync::{Arc, OnceLock};

/// A target with the objects that it puts onto the cluster.
#[derive(Debug)]
pub struct BuiltTarget {
    pub target: Target,
    pub objects: Vec<Object>,
    /// The owner of each place; `None` where several objects share a place, as those of a helper do.
    owners: FxHashMap<Span, Option<Owner>>,
    /// The same places in order, for what lies within one of them.
    places: OnceLock<Vec<OwnedPlace>>,
    sources: FxHashSet<FileId>,
}

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
    fn new(target: Target) -> BuiltTarget {
        let mut built = BuiltTarget {
            objects: Vec::new(),
            owners: FxHashMap::default(),
            places: OnceLock::new(),
            sources: target.sources.iter().copied().collect(),
            target,
        };
        for tree in &built.target.trees {
            let (objects, _) = kubernetes::objects(tree);
            for object in objects {
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

    /// Whether two targets are built from a common file, as the overlays of one base are: variants of
    /// one application, which are not deployed together.
    pub fn is_variant_of(&self, other: &BuiltTarget) -> bool {
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

    fn owner_around(&self, span: Span) -> Option<Owner> {
        let places = self.places.get_or_init(|| owned_places(&self.owners));
        let after =
            places.partition_point(|it| (it.span.file, it.span.start) <= (span.file, span.start));
        let outwards = std::iter::successors(after.checked_sub(1), |at: &usize| places[*at].outer);
        let mut around = outwards.map(|at| &places[at]);
        around.find(|it| it.span.contains(span))?.owner
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

/// Builds and reads the targets of a project.
pub fn targets(files: &[Arc<FileModel>]) -> Vec<BuiltTarget> {
    let mut sources: Vec<SourceFile<'_>> = files
        .iter()
        .map(|file| SourceFile {
            id: file.id,
            path: &file.file.path,
            text: &file.file.text,
            tree: (!file.tree.is_empty()).then_some(&file.tree),
            bytes: file.file.bytes.as_deref(),
        })
        .collect();
    // The report must not depend on the order in which files were handed over.
    sources.sort_by_key(|source| source.path);
    build::build(&sources).into_iter().map(BuiltTarget::new).collect()
}
