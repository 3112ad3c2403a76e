//! A built target, read: its objects, and which object each place belongs to.

use super::FileModel;
use super::kubernetes::{self, Object};
use crate::build::{self, Request, SourceFile, Target};
use crate::syntax::{Node, Tree};
use crate::text::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A target with the objects that it puts onto the cluster.
#[derive(Debug)]
pub struct BuiltTarget {
    pub target: Target,
    pub objects: Vec<Object>,
    /// The object of each place; `None` where several objects share a place, as those of a helper do.
    owners: FxHashMap<Span, Option<usize>>,
    sources: FxHashSet<FileId>,
}

impl BuiltTarget {
    fn new(target: Target) -> BuiltTarget {
        let mut built = BuiltTarget {
            objects: Vec::new(),
            owners: FxHashMap::default(),
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

    /// Returns the object that a place belongs to, if it belongs to one alone.
    pub fn owner(&self, span: Span) -> Option<&Object> {
        let owner = self.owners.get(&span).copied().flatten()?;
        self.objects.get(owner)
    }
}

/// Notes the places of all nodes of an object.
fn claim(owners: &mut FxHashMap<Span, Option<usize>>, tree: &Tree, object: &Object, index: usize) {
    let mut open: Vec<Node<'_>> = vec![tree.node(object.node)];
    // Aliases can lead to one node many times.
    let mut seen = FxHashSet::default();
    while let Some(node) = open.pop() {
        if !seen.insert(node.resolve().id()) {
            continue;
        }
        let mut own = |span: Span| {
            let owner = owners.entry(span).or_insert(Some(index));
            if *owner != Some(index) {
                *owner = None;
            }
        };
        own(node.span());
        for entry in node.entries() {
            own(entry.key.span());
            open.push(entry.value);
        }
        open.extend(node.items());
    }
}

impl AsRef<Target> for BuiltTarget {
    fn as_ref(&self) -> &Target {
        &self.target
    }
}

/// Targets that were built before, by what they were built from.
pub type TargetCache = build::Cache<BuiltTarget>;

/// Builds and reads the targets of a project, and those that are asked for.
pub fn targets(
    files: &[Arc<FileModel>],
    requests: &[Request],
    cache: &mut TargetCache,
) -> Vec<Arc<BuiltTarget>> {
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
    cache.start(&sources);
    let built = build::build_with(&sources, requests, cache, &BuiltTarget::new);
    cache.finish();
    built
}
